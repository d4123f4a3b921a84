/* Values by themselves: built-in types, arrays of them, Variants, DataValues, and each structure
 * that is known. Properties: what is shown stays within the budget of an event; passing a value
 * over takes as many bytes as showing it, and finds nothing that showing does not find. */

#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "event/emit_json.h"
#include "protocol/opcua/layout.h"
#include "protocol/opcua/value.h"
#include "protocol/opcua/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum what { VALUE, ARRAY, VARIANT, VARIANTS, DATA_VALUE, STRUCTURE, EXTENSION, NODE, KINDS };

struct asked {
    enum what what;
    unsigned type;  /* VALUE, ARRAY */
    uint32_t known; /* STRUCTURE, EXTENSION: an encoding id */
    struct tw_str strings;
};

static uint32_t structure_at(uint8_t index)
{
    static uint32_t ids[256];
    static unsigned n;
    for (uint32_t id = 0; n == 0 || (id > 0 && id < 40000); id++)
        if (tw_opcua_structure(id) != NULL)
            ids[n++ % 256] = id;
    return ids[index % n];
}

/* The same place in the text for the same node, and none that is cut in a character. */
static bool node(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    struct tw_opcua_node read;
    if (!tw_opcua_expanded_node(c, &read))
        return false;
    uint64_t digest = tw_opcua_node_digest(&read);
    assert(digest == tw_opcua_node_digest(&read));
    if (out != NULL)
        tw_opcua_made(s, tw_opcua_node_text(s->arena, &read), out);
    return true;
}

static bool read_one(
    const struct asked *a, struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    uint32_t n;
    struct tw_opcua_typed typed = {0};
    struct tw_opcua_data_value data = {0};
    struct tw_opcua_extension e = {.type = {.kind = 'i', .id = a->known}, .encoding = 1};
    bool ok;
    switch (a->what) {
    case VALUE:
        return tw_opcua_value(s, c, a->type, out);
    case ARRAY:
        return tw_opcua_array(s, c, a->type, &n, out);
    case VARIANT:
        ok = tw_opcua_variant(s, c, out == NULL ? NULL : &typed);
        if (ok && out != NULL)
            *out = typed.value;
        assert(!ok || typed.dimensions == NULL || typed.dimensions->kind != TW_VALUE_NONE);
        return ok;
    case VARIANTS:
        return tw_opcua_variants(s, c, out);
    case DATA_VALUE:
        ok = tw_opcua_data_value(s, c, out == NULL ? NULL : &data);
        if (ok && out != NULL)
            *out = data.v.value;
        return ok;
    case STRUCTURE:
        return out == NULL || tw_opcua_show_layout(s, c, tw_opcua_structure(a->known), out);
    case EXTENSION:
        e.body = *c;
        if (out != NULL)
            tw_opcua_show_extension(s, &e, out);
        return true;
    default:
        return node(s, c, out);
    }
}

struct outcome {
    bool ok;
    size_t left;
    uint32_t anomalies;
};

static struct outcome read_all(
    const struct asked *a, struct tw_cur c, struct tw_value *out, struct tw_arena *arena)
{
    struct tw_opcua_scratch s = {.arena = arena, .strings = tw_cur_str(a->strings)};
    tw_opcua_scratch_reset(&s);
    bool ok = read_one(a, &s, &c, out);
    assert(s.depth == 0 && s.budget <= TW_OPCUA_EVENT_BYTES);
    return (struct outcome){ok, c.left, s.anomalies};
}

static void print(const struct tw_value *value)
{
    static struct tw_text text;
    tw_text_clear(&text);
    tw_value_json(&text, value);
    /* A byte may take six, and a small item a name. */
    assert(text.len <= 8 * TW_OPCUA_EVENT_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[TW_OPCUA_SCRATCH_BYTES] __attribute__((aligned(16)));
    struct tw_arena arena;
    struct tw_value value = {0};
    if (size < 3)
        return 0;
    struct asked a = {
        .what = (enum what)(data[0] % KINDS), .type = data[1] & 31, .known = structure_at(data[1])};
    size_t strings = data[2] < size - 3 ? data[2] : size - 3;
    a.strings = tw_str_bytes(data + 3, strings);
    const struct tw_cur c = tw_cur_of(data + 3 + strings, size - 3 - strings);
    tw_arena_init(&arena, memory, sizeof(memory));
    struct outcome shown = read_all(&a, c, &value, &arena);
    if (shown.ok)
        print(&value);
    if (a.what == STRUCTURE || a.what == EXTENSION)
        return 0;
    tw_arena_init(&arena, memory, sizeof(memory));
    struct outcome passed = read_all(&a, c, NULL, &arena);
    assert(arena.used == 0);
    assert(passed.ok == shown.ok && passed.left == shown.left);
    assert((passed.anomalies & ~shown.anomalies) == 0);
    return 0;
}
