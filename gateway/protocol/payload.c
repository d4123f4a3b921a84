#include "protocol/payload.h"

#include "base/num.h"
#include "base/timefmt.h"
#include "event/secret.h"
#include "protocol/packed.h"
#include "protocol/payload_keys.h"
#include "protocol/payload_kind.h"
#include "protocol/payload_nature.h"
#include "protocol/pubsub/json.h"
#include "protocol/sparkplug/report.h"

static const char json[] = "json";
static const char type_number[] = "number", type_string[] = "string", type_boolean[] = "boolean";

/* A string value, unescaped into `scratch` where it has to be, cut to what an event keeps. */
static struct tw_value string_value(const struct tw_json_token *t, char *scratch)
{
    struct tw_value v = {.kind = TW_VALUE_STRING};
    if (t->escaped) {
        v.s.p = scratch;
        v.s.len = tw_json_unescape(t->text, scratch, TW_MAX_EVENT_STRING, &v.truncated);
    } else {
        v.s = tw_utf8_cut(t->text, TW_MAX_EVENT_STRING);
        v.truncated = v.s.len < t->text.len;
    }
    return v;
}

/* The value of a scalar token; false for any other. */
static bool scalar(
    const struct tw_json_token *t, char *scratch, struct tw_value *out, const char **out_type)
{
    switch (t->kind) {
    case TW_JSON_STRING:
        *out = string_value(t, scratch);
        *out_type = type_string;
        return true;
    case TW_JSON_INT:
        *out = (struct tw_value){.kind = TW_VALUE_INT, .i = t->i};
        *out_type = type_number;
        return true;
    case TW_JSON_UINT:
        *out = (struct tw_value){.kind = TW_VALUE_UINT, .u = t->u};
        *out_type = type_number;
        return true;
    case TW_JSON_DOUBLE:
        *out = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = t->d};
        *out_type = type_number;
        return true;
    case TW_JSON_BOOL:
        *out = (struct tw_value){.kind = TW_VALUE_BOOL, .b = t->b};
        *out_type = type_boolean;
        return true;
    case TW_JSON_NULL:
        *out = (struct tw_value){.kind = TW_VALUE_NULL};
        *out_type = NULL;
        return true;
    default:
        return false;
    }
}

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
    if (!scalar(&p->tape[0], p->scratch, &p->value, &p->type))
        return;
    if (p->type == type_number)
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
    p->value = string_value(&whole, p->scratch);
    p->type = type_string;
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

void tw_payload_read(struct tw_str topic, const struct tw_mqtt_info *mqtt, struct tw_str payload,
    struct tw_payload *out)
{
    tw_pubsub_place(topic, mqtt, &out->place);
    tw_sparkplug_place(topic, &out->sparkplug);
    out->format = json;
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
    const bool metrics = tw_sparkplug_has_metrics(out->sparkplug.kind);
    const bool uadp = out->place.encoding == TW_PUBSUB_UADP && !metrics;
    if (payload.len == 0)
        out->format = "empty";
    else if (metrics || uadp) {
        out->format = metrics ? "sparkplug" : "uadp";
        out->container = true;
    } else if (out->says > TW_PAYLOAD_SAYS_JSON)
        read_packed(out);
    else if (!starts_like_json(payload) || !read_json(out)) {
        out->truncated = false;
        read_other(mqtt, out);
    } else if (!out->container)
        read_scalar(out);
    else
        read_container(out);
    if (!out->container || metrics)
        out->place.encoding = TW_PUBSUB_NEITHER;
    if (out->sparkplug.is_old_state && !tw_sparkplug_is_state_text(payload))
        out->sparkplug.kind = TW_SPARKPLUG_NONE;
    /* What is wrong with it is said behind it, as of a container. */
    out->container |= out->sparkplug.kind >= TW_SPARKPLUG_STATE;
    if (out->value.kind > TW_VALUE_NULL && tw_secret_name(topic)) {
        out->value = (struct tw_value){.kind = TW_VALUE_STRING, .s = TW_REDACTED};
        out->type = type_string;
    }
}

/* What the other members of a DataValue say about its Value [UA6 5.4.2.18]. */
struct quality {
    unsigned depth; /* of the object; 0: none is open */
    bool has_value;
    uint32_t code;
    int64_t source_ts_ns, server_ts_ns;
};

/* Where a walk through a container stands: the pointer to the present value, and for every open
 * container how long its own pointer is. */
struct walk {
    const struct tw_payload *p;
    struct tw_json reader;
    unsigned at; /* next token on the tape */
    struct tw_event leaf;
    const struct tw_emit *out;
    tw_pass_fn pass; /* NULL: every leaf is emitted */
    unsigned n_leaves, depth;
    /* PubSub: the facts that leaves share, and those of each DataSetMessage. */
    struct tw_pubsub_json *pubsub;
    uint32_t n_messages;
    bool in_messages;
    struct quality quality;
    char status[TW_OPCUA_STATUS_TEXT];
    unsigned secret_depth; /* 0, or the depth at which a secret's name was seen, plus one */
    unsigned long_depth;   /* the same for a pointer that was cut */
    size_t path_len;
    uint16_t base[TW_MAX_JSON_DEPTH + 1];
    uint32_t index[TW_MAX_JSON_DEPTH + 1]; /* of the next element of an array */
    bool array[TW_MAX_JSON_DEPTH + 1];
    char path[TW_MAX_TOPIC];
    char scratch[TW_MAX_EVENT_STRING];
};

/* The next token; `spare` is for those that are not on the tape. */
static const struct tw_json_token *next_token(struct walk *w, struct tw_json_token *spare)
{
    if (w->p->n_tape > 0)
        return &w->p->tape[w->at++];
    tw_json_next(&w->reader, spare);
    return spare;
}

/* Append one reference token to the open container's pointer, "~" and "/" escaped [RFC 6901 3].
 * What is longer than a pointer may be is cut, and its leaves say so. */
static void set_step(struct walk *w, struct tw_str name)
{
    size_t len = w->base[w->depth];
    struct tw_str fits = tw_utf8_cut(name, (sizeof(w->path) - len) / 2);
    if (len < sizeof(w->path))
        w->path[len++] = '/';
    for (size_t i = 0; i < fits.len && len + 2 <= sizeof(w->path); i++) {
        char c = fits.p[i];
        if (c == '~' || c == '/') {
            w->path[len++] = '~';
            c = c == '~' ? '0' : '1';
        }
        w->path[len++] = c;
    }
    w->path_len = len;
    if (w->long_depth == 0 || w->long_depth > w->depth)
        w->long_depth = fits.len < name.len ? w->depth + 1 : 0;
}

/* Leaves of the Value get what is said about it; a status only where it is no good one. */
static void set_quality(struct walk *w, bool on)
{
    const struct quality none = {.depth = 0}, *q = on ? &w->quality : &none;
    w->leaf.source_ts_ns = q->source_ts_ns;
    w->leaf.server_ts_ns = q->server_ts_ns;
    w->leaf.status.s = q->code == 0 ? TW_STR_NONE : tw_opcua_status_text(q->code, w->status);
    w->leaf.status_code = q->code;
    w->leaf.status_bad = tw_opcua_is_bad(q->code);
}

static void take_quality(struct tw_str key, const struct tw_json_token *t, struct quality *out)
{
    int64_t ns;
    const bool is_code = tw_str_is(key, "Status") || tw_str_is(key, "StatusCode");
    if (tw_str_is(key, "Value"))
        out->has_value = true;
    else if (is_code && t->kind == TW_JSON_INT && t->i > 0 && t->i <= (int64_t)UINT32_MAX)
        out->code = (uint32_t)t->i;
    else if (t->kind == TW_JSON_STRING && tw_time_parse(t->text, &ns)) {
        if (tw_str_is(key, "SourceTimestamp"))
            out->source_ts_ns = ns;
        else if (tw_str_is(key, "ServerTimestamp"))
            out->server_ts_ns = ns;
    }
}

/* An object was opened in a PubSub message: is it a DataValue? Its members may come in any order,
 * so that one has to look ahead, but not far. A StatusCode is a number, or an object with its Code.
 */
static void look_for_quality(struct walk *w)
{
    enum { FAR = 32 };
    struct tw_json reader = w->reader;
    struct tw_json_token spare;
    struct tw_str key[2] = {TW_STR_NONE, TW_STR_NONE};
    struct quality q = {.depth = w->depth};
    unsigned depth = 1;
    for (unsigned i = 0; i < FAR && depth > 0; i++) {
        const struct tw_json_token *t = &spare;
        if (w->p->n_tape > 0)
            t = &w->p->tape[w->at + i];
        else
            tw_json_next(&reader, &spare);
        if (t->kind <= TW_JSON_TOO_DEEP)
            return;
        if (t->kind == TW_JSON_KEY && depth <= 2)
            key[depth - 1] = t->text;
        else if (depth == 1 || (depth == 2 && tw_str_is(key[1], "Code")))
            take_quality(key[0], t, &q);
        if (t->kind == TW_JSON_OBJECT || t->kind == TW_JSON_ARRAY)
            depth++;
        else if (t->kind == TW_JSON_OBJECT_END || t->kind == TW_JSON_ARRAY_END)
            depth--;
    }
    if (q.has_value && (q.code != 0 || q.source_ts_ns != 0 || q.server_ts_ns != 0))
        w->quality = q;
}

static void take_key(struct walk *w, const struct tw_json_token *t)
{
    struct tw_str name = t->text;
    if (t->escaped) {
        bool cut;
        name.len = tw_json_unescape(t->text, w->scratch, sizeof(w->scratch), &cut);
        name.p = w->scratch;
    }
    set_step(w, name);
    if (w->quality.depth != 0 && w->quality.depth == w->depth)
        set_quality(w, tw_str_is(name, "Value"));
    if (w->pubsub != NULL && w->depth == 1)
        w->in_messages = tw_str_is(name, "Messages");
    if (w->secret_depth == 0 || w->secret_depth > w->depth)
        w->secret_depth = tw_secret_name(name) ? w->depth + 1 : 0;
}

/* An element of an array has no key: its index is its name. */
static void take_index(struct walk *w)
{
    if (w->depth == 0 || !w->array[w->depth])
        return;
    char text[TW_NUM_TEXT];
    size_t len = tw_num_u64(text, w->index[w->depth]++);
    set_step(w, (struct tw_str){text, len});
}

static void enter(struct walk *w, bool array)
{
    take_index(w);
    w->depth++;
    w->base[w->depth] = (uint16_t)w->path_len;
    w->array[w->depth] = array;
    w->index[w->depth] = 0;
    if (w->pubsub != NULL && !array && w->quality.depth == 0)
        look_for_quality(w);
    if (w->pubsub != NULL && w->depth == w->pubsub->depth && !array && w->in_messages)
        w->leaf.pubsub = w->n_messages < TW_PUBSUB_MESSAGES ? &w->pubsub->messages[w->n_messages++]
                                                            : &w->pubsub->head;
}

static void leave(struct walk *w)
{
    if (w->pubsub != NULL && w->depth == w->pubsub->depth)
        w->leaf.pubsub = &w->pubsub->head;
    w->depth--;
    if (w->quality.depth > w->depth) {
        set_quality(w, false);
        w->quality.depth = 0;
    }
    if (w->secret_depth > w->depth)
        w->secret_depth = 0;
    if (w->long_depth > w->depth)
        w->long_depth = 0;
}

static void give_leaf(struct walk *w, const struct tw_json_token *t)
{
    take_index(w);
    w->n_leaves++;
    if (!scalar(t, w->scratch, &w->leaf.value, &w->leaf.type))
        return;
    if (w->secret_depth != 0 && t->kind != TW_JSON_NULL) {
        w->leaf.value = (struct tw_value){.kind = TW_VALUE_STRING, .s = TW_REDACTED};
        w->leaf.type = type_string;
    }
    w->leaf.truncated = w->leaf.value.truncated || w->long_depth != 0;
    w->leaf.field = (struct tw_str){w->path, w->path_len};
    if (w->pass == NULL || !w->pass(w->out->user, &w->leaf))
        tw_emit(w->out, &w->leaf);
}

static void expand_json(const struct tw_payload *p, const struct tw_event *message,
    struct tw_pubsub_json *pubsub, tw_pass_fn pass, const struct tw_emit *out)
{
    struct walk w;
    w.p = p;
    w.at = w.n_leaves = w.depth = w.secret_depth = w.long_depth = 0;
    if (tw_secret_name(message->object))
        w.secret_depth = 1;
    w.path_len = 0;
    w.pubsub = pubsub;
    w.n_messages = 0;
    w.quality.depth = 0;
    w.in_messages = pubsub != NULL && p->tape[0].kind == TW_JSON_ARRAY;
    w.leaf = *message;
    w.out = out;
    w.pass = pass;
    tw_json_init(&w.reader, p->text);
    while (w.n_leaves < TW_MAX_LEAVES) {
        struct tw_json_token spare;
        const struct tw_json_token *t = next_token(&w, &spare);
        switch (t->kind) {
        case TW_JSON_ERROR:
        case TW_JSON_END:
        case TW_JSON_TOO_DEEP:
            return;
        case TW_JSON_OBJECT:
        case TW_JSON_ARRAY:
            enter(&w, t->kind == TW_JSON_ARRAY);
            break;
        case TW_JSON_OBJECT_END:
        case TW_JSON_ARRAY_END:
            leave(&w);
            break;
        case TW_JSON_KEY:
            take_key(&w, t);
            break;
        default:
            give_leaf(&w, t);
        }
    }
}

/* The facts of UADP stand with each field; those of the whole message with the message. Kept out of
 * the way of ordinary messages, whose stack need not be as large. */
__attribute__((noinline)) static unsigned give_uadp(const struct tw_payload *p,
    const struct tw_event *message, bool itself, bool expand, const struct tw_emit *out)
{
    struct tw_event base = *message;
    const struct tw_cur bytes = tw_cur_str(p->text);
    /* The events of the fields are of the same message: what was told of it is still looked at. */
    struct tw_pubsub_text text;
    struct tw_uadp_discovery discovery;
    struct tw_pubsub_info info;
    if (itself) {
        tw_uadp_describe(bytes, &p->place, message->mqtt->serial, &text, &discovery, &info);
        if (message->truncated)
            info.bytes = TW_STR_NONE;
        base.pubsub = &info;
        tw_emit(out, &base);
    }
    /* Of what was cut the rest would seem malformed. */
    if (!expand || message->truncated)
        return 0;
    base.pubsub = NULL;
    const struct tw_uadp_report report = {
        .emit = out, .base = &base, .place = &p->place, .serial = message->mqtt->serial};
    return tw_uadp_report(&report, bytes) != TW_PUBSUB_NONE;
}

__attribute__((noinline)) static void give_json(const struct tw_payload *p,
    const struct tw_event *message, bool itself, bool expand, const struct tw_emit *out)
{
    struct tw_pubsub_json pubsub;
    struct tw_event base = *message;
    tw_pubsub_json_read(p->text, &p->place, message->mqtt->serial, &pubsub);
    base.pubsub = &pubsub.head;
    if (itself)
        tw_emit(out, &base);
    if (expand)
        expand_json(p, &base, &pubsub, NULL, out);
}

/* Metrics; or what a host says of itself, in JSON or text as any other message. */
__attribute__((noinline)) static unsigned give_sparkplug(const struct tw_payload *p,
    const struct tw_event *message, bool itself, bool expand, const struct tw_emit *out)
{
    const struct tw_cur bytes = tw_cur_str(p->text);
    const bool metrics = tw_sparkplug_has_metrics(p->sparkplug.kind);
    enum tw_sparkplug_anomaly wrong = TW_SPARKPLUG_OK;
    struct tw_sparkplug_info info;
    struct tw_event base = *message;
    base.sparkplug = p->sparkplug.kind == TW_SPARKPLUG_BAD ? NULL : &info;
    if (metrics)
        tw_sparkplug_describe(bytes, &p->sparkplug, message->mqtt->serial, &info);
    else
        wrong = tw_sparkplug_state(p->text, &p->sparkplug, message->mqtt->serial, &info);
    info.incomplete |= message->truncated;
    if (itself) {
        struct tw_event first = base;
        first.truncated |= info.cut;
        tw_emit(out, &first);
    }
    if (metrics)
        return expand ? tw_sparkplug_report(&base, bytes, out) : 0;
    if (expand && p->format == json && p->value.kind == TW_VALUE_NONE)
        expand_json(p, &base, NULL, NULL, out);
    return expand ? tw_sparkplug_give_anomaly(&base, wrong, out) : 0;
}

static unsigned give(const struct tw_payload *p, const struct tw_event *message, bool itself,
    bool expand, tw_pass_fn pass, const struct tw_emit *out)
{
    if (message->mqtt != NULL && p->sparkplug.kind != TW_SPARKPLUG_NONE)
        return give_sparkplug(p, message, itself, expand, out);
    if (message->mqtt != NULL && p->place.encoding == TW_PUBSUB_UADP)
        return give_uadp(p, message, itself, expand, out);
    if (message->mqtt != NULL && p->place.encoding == TW_PUBSUB_JSON) {
        give_json(p, message, itself, expand, out);
        return 0;
    }
    if (itself)
        tw_emit(out, message);
    if (expand && p->container)
        expand_json(p, message, NULL, pass, out);
    return 0;
}

unsigned tw_payload_give(const struct tw_payload *p, const struct tw_event *message, bool expand,
    tw_pass_fn pass, const struct tw_emit *out)
{
    return give(p, message, true, expand, pass, out);
}

void tw_payload_expand(
    const struct tw_payload *p, const struct tw_event *message, const struct tw_emit *out)
{
    (void)give(p, message, false, true, NULL, out);
}

void tw_payload_leaves(const struct tw_event *message, const struct tw_emit *out)
{
    if (message->mqtt == NULL || message->mqtt->payload.len == 0)
        return;
    struct tw_payload p;
    /* What is called a tool is no topic; its arguments are JSON. */
    const struct tw_str topic = message->action == TW_ACTION_TOOL ? TW_STR("") : message->object;
    tw_payload_read(topic, message->mqtt, message->mqtt->payload, &p);
    tw_payload_expand(&p, message, out);
}
