#include "protocol/payload.h"

#include "event/secret.h"
#include "protocol/packed.h"
#include "protocol/payload_json.h"
#include "protocol/payload_keys.h"
#include "protocol/payload_kind.h"
#include "protocol/payload_nature.h"
#include "protocol/sparkplug/report.h"

static bool is_scalar(enum tw_json_kind kind)
{
    return kind >= TW_JSON_STRING;
}

/* The context of a decision stands in a member "_ai" of the outermost object. */
static inline void look_for_decision(
    struct tw_payload *p, const struct tw_json *r, const struct tw_json_token *key)
{
    if (key->text.len == 3 && memcmp(key->text.p, "_ai", 3) == 0 && r->depth == 1)
        p->decision = (struct tw_str){r->text.p + r->at, r->text.len - r->at};
}

/* Read the whole text once: is it JSON, and which? Fills the tape. False when it is not. */
static bool read_json(struct tw_payload *p)
{
    struct tw_json r;
    struct tw_json_token beyond;
    struct tw_payload_keys keys;
    tw_json_init(&r, p->text);
    tw_payload_keys_init(&keys, p->text.len);
    unsigned n = 0, leaves = 0;
    enum tw_json_kind kind;
    do {
        struct tw_json_token *t = n < TW_PAYLOAD_TAPE ? &p->tape[n] : &beyond;
        kind = tw_json_next(&r, t);
        n++;
        leaves += is_scalar(kind);
        if (kind == TW_JSON_KEY) {
            tw_payload_keys_add(&keys, r.depth, t);
            look_for_decision(p, &r, t);
        } else if (kind == TW_JSON_OBJECT) {
            tw_payload_keys_open(&keys, r.depth);
        }
    } while (kind > TW_JSON_TOO_DEEP);
    if (kind == TW_JSON_ERROR)
        return false;
    p->truncated = kind == TW_JSON_TOO_DEEP || leaves > TW_MAX_LEAVES;
    if (kind == TW_JSON_TOO_DEEP)
        p->problem = TW_PROBLEM_JSON_TOO_DEEP;
    else if (leaves > TW_MAX_LEAVES)
        p->problem = TW_PROBLEM_TOO_MANY_LEAVES;
    else if (keys.doubt && tw_payload_keys_repeat(p->text))
        p->problem = TW_PROBLEM_DUPLICATE_KEY;
    p->n_tape = n <= TW_PAYLOAD_TAPE ? n : 0;
    p->container = !is_scalar(p->tape[0].kind);
    return true;
}

/* Text as people and simple devices write it: UTF-8 without control characters but white space. */
static bool is_text(struct tw_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b) ||
            c == 0x7f)
            return false;
    }
    return tw_utf8_valid(s);
}

/* Could the text be JSON at all? Spares most binary payloads the reader. */
static bool starts_like_json(struct tw_str s)
{
    size_t i = 0;
    while (i < s.len && (s.p[i] == ' ' || s.p[i] == '\n' || s.p[i] == '\r' || s.p[i] == '\t'))
        i++;
    return i < s.len && strchr("{[\"-0123456789tfn", s.p[i]) != NULL && s.p[i] != '\0';
}

static void read_scalar(struct tw_payload *p)
{
    if (!tw_payload_scalar(&p->tape[0], p->scratch, &p->value, &p->type))
        return;
    if (p->tape[0].kind >= TW_JSON_INT && p->tape[0].kind <= TW_JSON_DOUBLE)
        p->format = "number";
    p->truncated |= p->value.truncated;
}

/* Not JSON, though it was called so, or begins as nothing else does. */
static bool is_bad_json(const struct tw_payload *p)
{
    return p->says == TW_PAYLOAD_SAYS_JSON || tw_str_starts(p->text, TW_STR("{\"")) ||
           tw_str_starts(p->text, TW_STR("[{\""));
}

static void read_other(const struct tw_mqtt_info *mqtt, struct tw_payload *p)
{
    const uint64_t total =
        mqtt != NULL && mqtt->payload_bytes > p->text.len ? mqtt->payload_bytes : p->text.len;
    p->truncated = false;
    p->decision = TW_STR_NONE;
    if (is_bad_json(p))
        p->problem = TW_PROBLEM_BAD_JSON;
    if (!is_text(p->text)) {
        p->format = "binary";
        p->kind = tw_payload_kind_of(p->text, total);
        p->danger = tw_payload_danger_of(p->text, p->kind, &p->calls);
        if (tw_payload_kind_is_media(p->kind))
            p->origin = tw_payload_origin_of(p->text);
        return;
    }
    p->danger = tw_payload_danger_of(p->text, TW_PAYLOAD_UNKNOWN, &p->calls);
    const struct tw_json_token whole = {.kind = TW_JSON_STRING, .text = p->text};
    p->format = "text";
    p->value = tw_payload_string(&whole, p->scratch);
    p->type = "string";
    p->truncated |= p->value.truncated;
}

/* Does a member "MessageType" of the outermost object say that it is PubSub? It stands near the
 * beginning. */
static bool says_pubsub(const struct tw_payload *p)
{
    enum { NEAR = 24 };
    unsigned depth = 1;
    if (p->tape[0].kind != TW_JSON_OBJECT)
        return false;
    for (unsigned i = 1; i + 1 < NEAR && depth > 0; i++) {
        const struct tw_json_token *t = &p->tape[i];
        if (t->kind == TW_JSON_OBJECT || t->kind == TW_JSON_ARRAY)
            depth++;
        else if (t->kind == TW_JSON_OBJECT_END || t->kind == TW_JSON_ARRAY_END)
            depth--;
        else if (depth == 1 && t->kind == TW_JSON_KEY && tw_str_is(t->text, "MessageType"))
            return tw_pubsub_json_says(t + 1);
    }
    return false;
}

/* A whole JSON object or array. */
static void read_container(struct tw_payload *p)
{
    if (p->place.encoding != TW_PUBSUB_JSON && !says_pubsub(p)) {
        p->place.encoding = TW_PUBSUB_NEITHER;
        return;
    }
    p->place.encoding = TW_PUBSUB_JSON;
    p->format = "opcua-json";
}

/* A container like those before. What may be PubSub says so in its members. */
static bool read_shaped(struct tw_shapes *shapes, struct tw_str topic, struct tw_payload *p)
{
    if (p->place.encoding == TW_PUBSUB_JSON)
        return false;
    p->shape = tw_shapes_read(shapes, topic, p->text, p->tape);
    if (p->shape == NULL)
        return false;
    p->place.encoding = TW_PUBSUB_NEITHER;
    return true;
}

/* Only what would be read no other way the next time. */
static void learn_shape(struct tw_shapes *shapes, struct tw_str topic, const struct tw_payload *p)
{
    if (p->place.encoding == TW_PUBSUB_NEITHER && p->problem == TW_PROBLEM_NONE && !p->truncated &&
        p->decision.p == NULL && p->n_tape > 0)
        tw_shapes_learn(shapes, topic, p->text);
}

/* CBOR or MessagePack: counted, not decoded. */
static void read_packed(struct tw_payload *p)
{
    const bool is_cbor = p->says == TW_PAYLOAD_SAYS_CBOR;
    const struct tw_cur bytes = tw_cur_str(p->text);
    struct tw_packed packed;
    p->format = "binary";
    p->kind = is_cbor ? TW_PAYLOAD_CBOR : TW_PAYLOAD_MSGPACK;
    p->has_items = is_cbor ? tw_cbor_measure(bytes, &packed) : tw_msgpack_measure(bytes, &packed);
    p->items = packed.items;
    if (!p->has_items)
        p->problem = is_cbor ? TW_PROBLEM_BAD_CBOR : TW_PROBLEM_BAD_MSGPACK;
}

/* The media type without its parameters; +json, +cbor are endings of many. */
static enum tw_payload_says by_content_type(struct tw_str type)
{
    static const struct {
        const char *name;
        enum tw_payload_says says;
    } types[] = {
        {"application/json", TW_PAYLOAD_SAYS_JSON},
        {"text/json", TW_PAYLOAD_SAYS_JSON},
        {"application/json+gzip", TW_PAYLOAD_SAYS_JSON},
        {"application/cbor", TW_PAYLOAD_SAYS_CBOR},
        {"application/msgpack", TW_PAYLOAD_SAYS_MSGPACK},
        {"application/x-msgpack", TW_PAYLOAD_SAYS_MSGPACK},
        {"application/vnd.msgpack", TW_PAYLOAD_SAYS_MSGPACK},
    };
    const char *end = memchr(type.p, ';', type.len);
    if (end != NULL)
        type.len = (size_t)(end - type.p);
    while (type.len > 0 && type.p[type.len - 1] == ' ')
        type.len--;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (tw_str_eq_nocase(type, tw_str_of(types[i].name)))
            return types[i].says;
    const struct tw_str ending = {type.p + (type.len > 5 ? type.len - 5 : 0), 5};
    if (type.len > 5 && tw_str_eq_nocase(ending, TW_STR("+json")))
        return TW_PAYLOAD_SAYS_JSON;
    return type.len > 5 && tw_str_eq_nocase(ending, TW_STR("+cbor")) ? TW_PAYLOAD_SAYS_CBOR
                                                                     : TW_PAYLOAD_SAYS_NOTHING;
}

/* The last level of the topic is the name of a format, or ends in it: "line1/cbor", "line1.cbor".
 */
static enum tw_payload_says by_topic(struct tw_str topic)
{
    static const struct {
        struct tw_str name;
        enum tw_payload_says says;
    } names[] = {
        {{"cbor", 4}, TW_PAYLOAD_SAYS_CBOR},
        {{"msgpack", 7}, TW_PAYLOAD_SAYS_MSGPACK},
    };
    const char last = topic.len > 0 ? topic.p[topic.len - 1] : '\0';
    if (last != 'r' && last != 'k')
        return TW_PAYLOAD_SAYS_NOTHING;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct tw_str name = names[i].name;
        if (topic.len <= name.len || memcmp(topic.p + topic.len - name.len, name.p, name.len) != 0)
            continue;
        const char before = topic.p[topic.len - name.len - 1];
        if (before == '/' || before == '.')
            return names[i].says;
    }
    return TW_PAYLOAD_SAYS_NOTHING;
}

/* "Self-described CBOR" [RFC 8949 3.4.6] */
static bool is_marked_cbor(struct tw_str payload)
{
    return payload.len > 3 && memcmp(payload.p, "\xd9\xd9\xf7", 3) == 0;
}

static enum tw_payload_says what_is_said(
    struct tw_str topic, const struct tw_mqtt_info *mqtt, struct tw_str payload)
{
    if (mqtt != NULL && mqtt->content_type.len > 0) {
        const enum tw_payload_says says = by_content_type(mqtt->content_type);
        if (says != TW_PAYLOAD_SAYS_NOTHING)
            return says;
    }
    if (is_marked_cbor(payload))
        return TW_PAYLOAD_SAYS_CBOR;
    return by_topic(topic);
}

void tw_payload_read(struct tw_shapes *shapes, struct tw_str topic, const struct tw_mqtt_info *mqtt,
    struct tw_str payload, struct tw_payload *out)
{
    tw_pubsub_place(topic, mqtt, &out->place);
    tw_sparkplug_place(topic, &out->sparkplug);
    out->format = "json";
    out->value = (struct tw_value){.kind = TW_VALUE_NONE};
    out->type = NULL;
    out->container = out->truncated = out->has_items = false;
    out->says = what_is_said(topic, mqtt, payload);
    out->kind = TW_PAYLOAD_UNKNOWN;
    out->problem = TW_PROBLEM_NONE;
    out->danger = TW_DANGER_NONE;
    out->origin = TW_ORIGIN_NONE;
    out->calls = NULL;
    out->decision = TW_STR_NONE;
    out->text = payload;
    out->n_tape = 0;
    out->shape = NULL;
    const bool metrics = tw_sparkplug_has_metrics(out->sparkplug.kind);
    const bool uadp = out->place.encoding == TW_PUBSUB_UADP && !metrics;
    if (payload.len == 0)
        out->format = "empty";
    else if (metrics || uadp) {
        out->format = metrics ? "sparkplug" : "uadp";
        out->container = true;
    } else if (out->says > TW_PAYLOAD_SAYS_JSON)
        read_packed(out);
    else if (read_shaped(shapes, topic, out))
        out->container = true;
    else if (!starts_like_json(payload) || !read_json(out)) {
        out->truncated = false;
        read_other(mqtt, out);
    } else if (!out->container)
        read_scalar(out);
    else {
        read_container(out);
        learn_shape(shapes, topic, out);
    }
    if (!out->container || metrics)
        out->place.encoding = TW_PUBSUB_NEITHER;
    if (out->sparkplug.is_old_state && !tw_sparkplug_is_state_text(payload))
        out->sparkplug.kind = TW_SPARKPLUG_NONE;
    /* What is wrong with it is said behind it, as of a container. */
    out->container |= out->sparkplug.kind >= TW_SPARKPLUG_STATE;
    if (out->value.kind > TW_VALUE_NULL && tw_secret_name(topic)) {
        out->value = (struct tw_value){.kind = TW_VALUE_STRING, .s = TW_REDACTED};
        out->type = "string";
    }
}
