/* The JSON reader and the payload leaves. Properties: the reader ends; brackets balance; keys and
 * strings are UTF-8 before and after unescaping; leaves are the same with and without the tape. */

#include <assert.h>

#include "base/text.h"
#include "event/emit_json.h"
#include "protocol/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const struct tw_json_token *t, size_t room)
{
    char out[512];
    bool cut;
    room = room < sizeof(out) ? room : sizeof(out);
    assert(tw_utf8_valid(t->text));
    size_t n = tw_json_unescape(t->text, out, room, &cut);
    assert(n <= room && tw_utf8_valid((struct tw_str){out, n}));
    assert(cut || n <= t->text.len);
}

static bool read_all(struct tw_str text, unsigned *out_leaves)
{
    struct tw_json r;
    unsigned depth = 0, leaves = 0;
    tw_json_init(&r, text);
    for (size_t n = 0;; n++) {
        assert(n <= 2 * text.len + 1);
        struct tw_json_token t;
        tw_json_next(&r, &t);
        if (t.kind == TW_JSON_ERROR || t.kind == TW_JSON_TOO_DEEP)
            return false;
        if (t.kind == TW_JSON_END)
            break;
        if (t.kind == TW_JSON_OBJECT || t.kind == TW_JSON_ARRAY)
            depth++;
        else if (t.kind == TW_JSON_OBJECT_END || t.kind == TW_JSON_ARRAY_END)
            depth--;
        if (t.kind == TW_JSON_KEY || t.kind == TW_JSON_STRING)
            check_text(&t, text.len / 2);
        leaves += t.kind >= TW_JSON_STRING;
        assert(depth <= TW_MAX_JSON_DEPTH);
    }
    assert(depth == 0);
    *out_leaves = leaves;
    return true;
}

struct sink {
    struct tw_text text;
    unsigned n;
};

static void collect(void *user, const struct tw_event *event)
{
    struct sink *sink = user;
    sink->n++;
    assert(tw_utf8_valid(event->field));
    tw_event_json(&sink->text, event);
}

/* The third time it is read by its shape, if it has one; another text of the same beginning is not.
 */
static void check_shaped(const struct tw_event *message, struct tw_str text, struct tw_text *whole)
{
    static struct sink shaped;
    struct tw_shapes *shapes = tw_shapes_new();
    struct tw_payload p;
    assert(shapes != NULL);
    tw_text_clear(&shaped.text);
    for (unsigned i = 0; i < 3; i++)
        tw_payload_read(shapes, message->object, NULL, text, &p);
    const struct tw_emit out = {collect, &shaped};
    tw_payload_expand(&p, message, &out);
    assert(tw_str_eq(tw_text_str(&shaped.text), tw_text_str(whole)));
    const bool is_shaped = p.shape != NULL;
    text.len -= text.len > 0;
    tw_payload_read(shapes, message->object, NULL, text, &p);
    assert(!is_shaped || p.shape == NULL);
    tw_shapes_free(shapes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sink taped, untaped;
    struct tw_mqtt_info mqtt = {.serial = 1};
    const struct tw_event message = {.protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_PUBLISH,
        .mqtt = &mqtt,
        .object = TW_STR("t")};
    struct tw_str text = tw_str_bytes(data, size);
    struct tw_payload p;
    unsigned leaves = 0;
    taped.n = untaped.n = 0;
    tw_text_clear(&taped.text);
    tw_text_clear(&untaped.text);
    bool valid = read_all(text, &leaves);
    tw_payload_read(NULL, message.object, NULL, text, &p);
    assert(!valid || tw_str_is(tw_str_of(p.format), "json") ||
           tw_str_is(tw_str_of(p.format), "number"));
    const struct tw_emit a = {collect, &taped}, b = {collect, &untaped};
    tw_payload_expand(&p, &message, &a);
    p.n_tape = 0;
    tw_payload_expand(&p, &message, &b);
    assert(taped.n == untaped.n);
    assert(tw_str_eq(tw_text_str(&taped.text), tw_text_str(&untaped.text)));
    check_shaped(&message, text, &untaped.text);
    if (valid && p.container)
        assert(taped.n == (leaves < TW_MAX_LEAVES ? leaves : TW_MAX_LEAVES));
    return 0;
}
