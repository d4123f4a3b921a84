#include "protocol/pubsub/raw.h"

#include "base/limits.h"
#include "protocol/pubsub/report.h"

enum { FIELD_BYTES = 32 * 1024, LENGTH = 4 };

static bool is_text(const struct tw_pubsub_shape *f)
{
    return f->type == TW_UA_STRING || f->type == TW_UA_BYTESTRING;
}

/* The bytes of each value; 0 when they differ. */
static size_t element_size(const struct tw_pubsub_shape *f)
{
    if (is_text(f))
        return f->max_length == 0 ? 0 : (size_t)LENGTH + f->max_length;
    return f->type == TW_UA_EXTENSIONOBJECT ? f->size : tw_opcua_fixed_size(f->type);
}

/* A structure's members have no names here: its bytes. */
static bool read_structure(struct tw_opcua_scratch *s, const struct tw_pubsub_shape *f,
    struct tw_cur *c, struct tw_value *out)
{
    struct tw_str bytes;
    if (f->size == 0 || !tw_cur_bytes(c, f->size, &bytes))
        return false;
    if (out == NULL)
        return true;
    *out = (struct tw_value){.kind = TW_VALUE_BYTES, .s = tw_opcua_clip(s, bytes)};
    out->truncated = out->s.len < bytes.len;
    return true;
}

static bool read_element(struct tw_opcua_scratch *s, const struct tw_pubsub_shape *f,
    struct tw_cur *c, struct tw_value *out)
{
    const size_t before = c->left;
    if (f->type == TW_UA_EXTENSIONOBJECT)
        return read_structure(s, f, c, out);
    if (f->type == 0 || f->type >= TW_UA_TYPES || !tw_opcua_value(s, c, f->type, out))
        return false;
    if (!is_text(f) || f->max_length == 0)
        return true;
    const size_t len = before - c->left - LENGTH;
    return len <= f->max_length && tw_cur_skip(c, f->max_length - len);
}

/* The number of elements of an array that has `rank` dimensions here, of which only the first may
 * be shorter than it may be: else its rows are padded one by one, which is not told. */
static bool read_lengths(
    const struct tw_pubsub_shape *f, struct tw_cur *c, uint64_t *out_n, uint64_t *out_most)
{
    *out_n = *out_most = 1;
    for (int i = 0; i < f->rank; i++) {
        const uint32_t most = f->dimensions[i];
        uint32_t n;
        if (!tw_cur_u32le(c, &n))
            return false;
        if (n == UINT32_MAX && f->rank == 1)
            n = 0; /* a null array */
        if ((most != 0 && n > most) || n > c->left || (i > 0 && most != 0 && n != most))
            return false;
        *out_n *= n;
        *out_most *= most == 0 ? n : most;
        if (*out_most > UINT16_MAX || *out_n > c->left)
            return false;
    }
    return true;
}

static bool read_elements(struct tw_opcua_scratch *s, const struct tw_pubsub_shape *f,
    struct tw_cur *c, uint32_t n, struct tw_value *out)
{
    uint32_t shown = 0;
    struct tw_value *items = out == NULL ? NULL : tw_opcua_elements(s, n, &shown);
    for (uint32_t i = 0; i < n; i++)
        if (!read_element(s, f, c, i < shown ? &items[i] : NULL))
            return false;
    if (out != NULL)
        *out = (struct tw_value){
            .kind = TW_VALUE_ARRAY, .n = shown, .items = items, .truncated = shown < n};
    return true;
}

/* `counted`: the lengths of several dimensions are an array of their own, with its length in front
 * [UA6 5.2.5]; some stacks leave that out. */
static bool read_array_as(struct tw_opcua_scratch *s, const struct tw_pubsub_shape *f, bool counted,
    struct tw_cur *c, struct tw_value *out)
{
    uint64_t n, most;
    uint32_t rank;
    if (counted && (!tw_cur_u32le(c, &rank) || rank != (uint32_t)f->rank))
        return false;
    if (!read_lengths(f, c, &n, &most) || !read_elements(s, f, c, (uint32_t)n, out))
        return false;
    return tw_cur_skip(c, (size_t)(most - n) * element_size(f));
}

static bool read_array(struct tw_opcua_scratch *s, const struct tw_pubsub_shape *f,
    struct tw_cur *c, struct tw_value *out)
{
    struct tw_cur counted = tw_cur_here(c);
    if (f->rank > 1 && read_array_as(s, f, true, &counted, out)) {
        *c = counted;
        return true;
    }
    return read_array_as(s, f, false, c, out);
}

static bool read_field(struct tw_opcua_scratch *s, const struct tw_pubsub_shape *f,
    struct tw_cur *c, struct tw_opcua_typed *out)
{
    struct tw_value *value = out == NULL ? NULL : &out->value;
    const bool is_array = f->rank > 0;
    if (f->rank == 0 || !(is_array ? read_array(s, f, c, value) : read_element(s, f, c, value)))
        return false;
    if (out != NULL)
        out->type = tw_opcua_type_name(f->type, is_array);
    return true;
}

/* Where a walk over the fields stands. */
struct walk {
    const struct tw_pubsub_layout *layout;
    struct tw_cur c;
    uint32_t left, at;
    bool delta;
};

static bool begin(
    struct walk *w, const struct tw_event *message, const struct tw_pubsub_layout *layout)
{
    uint16_t n;
    *w = (struct walk){.layout = layout,
        .c = tw_cur_str(message->pubsub->bytes),
        .left = layout->n,
        .delta = tw_str_is(tw_str_of(message->pubsub->dataset_type), "deltaframe")};
    if (!w->delta)
        return true;
    if (!tw_cur_u16le(&w->c, &n))
        return false;
    w->left = n;
    return true;
}

static bool next_field(struct walk *w, struct tw_opcua_scratch *s, struct tw_uadp_field *out)
{
    uint16_t index = (uint16_t)w->at;
    if (w->left == 0 || (w->delta && !tw_cur_u16le(&w->c, &index)) || index >= w->layout->n)
        return false;
    if (out != NULL)
        *out = (struct tw_uadp_field){.index = index, .v.has_value = true};
    if (!read_field(s, &w->layout->fields[index], &w->c, out == NULL ? NULL : &out->v.v))
        return false;
    w->left--;
    w->at++;
    return true;
}

/* How many fields there are that can be read, and whether that is all. */
static uint32_t count_fields(
    const struct tw_event *message, const struct tw_pubsub_layout *layout, bool *out_all)
{
    struct tw_opcua_scratch s = {0};
    struct walk w;
    *out_all = false;
    if (!begin(&w, message, layout))
        return 0;
    while (next_field(&w, &s, NULL)) {
    }
    *out_all = w.left == 0 && tw_uadp_is_padding(w.c);
    return *out_all || layout->sure ? w.at : 0;
}

static void give_fields(const struct tw_event *base, const struct tw_event *message,
    const struct tw_pubsub_layout *layout, uint32_t n, const struct tw_emit *out)
{
    _Alignas(16) uint8_t memory[FIELD_BYTES];
    struct tw_arena arena;
    struct tw_opcua_scratch s = {.arena = &arena};
    struct tw_uadp_field_text text;
    struct tw_uadp_field field;
    struct tw_event e;
    struct walk w;
    tw_arena_init(&arena, memory, sizeof(memory));
    if (!begin(&w, message, layout))
        return;
    while (w.at < n) {
        tw_opcua_scratch_reset(&s);
        if (!next_field(&w, &s, &field))
            return;
        tw_uadp_field_event(base, &field, &text, &e);
        e.truncated = s.truncated;
        tw_emit(out, &e);
    }
}

void tw_pubsub_raw(const struct tw_event *message, const struct tw_pubsub_layout *layout,
    const struct tw_emit *out)
{
    struct tw_pubsub_info info = *message->pubsub;
    struct tw_event base = *message;
    bool all;
    const uint32_t n = count_fields(message, layout, &all);
    info.bytes = TW_STR_NONE;
    info.carrier = false;
    if (all)
        info.message_bytes = 0;
    base.pubsub = &info;
    if (message->mqtt == NULL)
        base.truncated = !all;
    if (!message->pubsub->carrier)
        tw_emit(out, &base);
    base.truncated = false;
    give_fields(&base, message, layout, n, out);
}
