#include "protocol/pubsub/json.h"

#include "base/num.h"
#include "base/timefmt.h"

struct scan {
    struct tw_json r;
    struct tw_json_token t; /* the last one */
    struct tw_pubsub_json *out;
};

static bool next(struct scan *s)
{
    return tw_json_next(&s->r, &s->t) > TW_JSON_TOO_DEEP;
}

static struct tw_str keep(struct scan *s, const char *p, size_t len)
{
    struct tw_pubsub_json *o = s->out;
    if (len > sizeof(o->text) - o->text_len)
        return TW_STR_NONE;
    char *at = o->text + o->text_len;
    memcpy(at, p, len);
    o->text_len += len;
    return (struct tw_str){at, len};
}

/* A name or number as text; absent for anything else. */
static struct tw_str as_text(struct scan *s)
{
    char buffer[TW_MAX_IDENTITY];
    bool cut;
    switch (s->t.kind) {
    case TW_JSON_STRING:
        if (!s->t.escaped)
            return tw_utf8_cut(s->t.text, TW_MAX_IDENTITY);
        return keep(s, buffer, tw_json_unescape(s->t.text, buffer, sizeof(buffer), &cut));
    case TW_JSON_INT:
        return keep(s, buffer, tw_num_i64(buffer, s->t.i));
    case TW_JSON_UINT:
        return keep(s, buffer, tw_num_u64(buffer, s->t.u));
    default:
        return TW_STR_NONE;
    }
}

/* 64-bit numbers are strings in this encoding [UA6 5.4.2.3], and some write all numbers so. */
static bool as_u32(const struct scan *s, uint32_t *out)
{
    struct tw_number n;
    int64_t v = -1;
    if (s->t.kind == TW_JSON_INT)
        v = s->t.i;
    else if (s->t.kind == TW_JSON_STRING && tw_num_parse(s->t.text, &n) && n.is_integer)
        v = n.i;
    if (v < 0 || v > (int64_t)UINT32_MAX)
        return false;
    *out = (uint32_t)v;
    return true;
}

/* "ua-data" without its prefix. */
static struct tw_str without_prefix(struct tw_str s)
{
    return tw_str_starts(s, TW_STR("ua-")) ? (struct tw_str){s.p + 3, s.len - 3} : s;
}

static const char *dataset_type_of(struct tw_str type)
{
    static const char *const types[] = {"keyframe", "deltaframe", "event", "keepalive"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (tw_str_is(type, types[i]))
            return types[i];
    return NULL;
}

static void take_type(struct scan *s, struct tw_pubsub_info *to)
{
    const struct tw_str type = without_prefix(as_text(s));
    const char *of_dataset = dataset_type_of(type);
    if (of_dataset != NULL)
        to->dataset_type = of_dataset;
    else if (type.len > 0)
        to->message_type = type;
}

/* {MajorVersion, MinorVersion} */
static bool take_version(struct scan *s, struct tw_pubsub_info *to)
{
    struct tw_str key;
    if (s->t.kind != TW_JSON_OBJECT)
        return tw_json_skip(&s->r, &s->t);
    while (tw_json_member(&s->r, &s->t, &key)) {
        if (tw_str_is(key, "MajorVersion"))
            to->has_major = as_u32(s, &to->major);
        else if (tw_str_is(key, "MinorVersion"))
            to->has_minor = as_u32(s, &to->minor);
        if (!tw_json_skip(&s->r, &s->t))
            return false;
    }
    return s->t.kind == TW_JSON_OBJECT_END;
}

static void status_of_code(struct scan *s, uint32_t code, struct tw_pubsub_info *to)
{
    char text[TW_OPCUA_STATUS_TEXT];
    const struct tw_str name = tw_opcua_status_text(code, text);
    to->status = name.p == text ? keep(s, name.p, name.len) : name;
}

/* A StatusCode is a number, or an object with its Code and Symbol [UA6 5.4.2.12]. */
static bool take_status(struct scan *s, struct tw_pubsub_info *to)
{
    struct tw_str key;
    uint32_t code;
    if (as_u32(s, &code)) {
        status_of_code(s, code, to);
        return true;
    }
    to->status = as_text(s);
    if (s->t.kind != TW_JSON_OBJECT)
        return tw_json_skip(&s->r, &s->t);
    bool empty = true;
    while (tw_json_member(&s->r, &s->t, &key)) {
        empty = false;
        if (tw_str_is(key, "Code") && as_u32(s, &code))
            status_of_code(s, code, to);
        if (!tw_json_skip(&s->r, &s->t))
            return false;
    }
    if (empty)
        status_of_code(s, 0, to);
    return s->t.kind == TW_JSON_OBJECT_END;
}

static bool take_dimensions(struct scan *s, struct tw_pubsub_shape *to)
{
    uint32_t n = 0, d;
    if (s->t.kind != TW_JSON_ARRAY)
        return tw_json_skip(&s->r, &s->t);
    while (next(s) && s->t.kind != TW_JSON_ARRAY_END) {
        if (n < TW_PUBSUB_DIMENSIONS && as_u32(s, &d))
            to->dimensions[n] = d;
        n++;
        if (!tw_json_skip(&s->r, &s->t))
            return false;
    }
    return s->t.kind == TW_JSON_ARRAY_END;
}

/* FieldMetaData [UA14 6.2.3.2.4]; a ValueRank that was left out is taken for that of a scalar. */
static bool take_field(struct scan *s, struct tw_pubsub_field *to)
{
    struct tw_str key;
    uint32_t u;
    while (tw_json_member(&s->r, &s->t, &key)) {
        if (tw_str_is(key, "ArrayDimensions")) {
            if (!take_dimensions(s, &to->shape))
                return false;
            continue;
        }
        if (tw_str_is(key, "Name") && s->t.kind == TW_JSON_STRING)
            to->name = as_text(s);
        else if (tw_str_is(key, "BuiltInType") && as_u32(s, &u))
            to->shape.type = u < TW_UA_TYPES ? (uint8_t)u : 0;
        else if (tw_str_is(key, "MaxStringLength") && as_u32(s, &u))
            to->shape.max_length = u;
        else if (tw_str_is(key, "ValueRank") && s->t.kind == TW_JSON_INT)
            to->shape.rank =
                s->t.i > INT8_MAX || s->t.i < INT8_MIN ? 0 : tw_pubsub_rank((int32_t)s->t.i);
        if (!tw_json_skip(&s->r, &s->t))
            return false;
    }
    return s->t.kind == TW_JSON_OBJECT_END;
}

/* {…, "Fields": [{"Name": …}], "ConfigurationVersion": {…}} */
static bool take_fields(struct scan *s)
{
    struct tw_pubsub_json *o = s->out;
    struct tw_pubsub_field beyond;
    if (s->t.kind != TW_JSON_ARRAY)
        return tw_json_skip(&s->r, &s->t);
    while (next(s) && s->t.kind != TW_JSON_ARRAY_END) {
        const bool kept = o->head.n_fields < TW_PUBSUB_FIELDS;
        struct tw_pubsub_field *to = kept ? &o->fields[o->head.n_fields++] : &beyond;
        *to = (struct tw_pubsub_field){.name = TW_STR(""), .shape.rank = -1};
        if (s->t.kind == TW_JSON_OBJECT ? !take_field(s, to) : !tw_json_skip(&s->r, &s->t))
            return false;
    }
    return s->t.kind == TW_JSON_ARRAY_END;
}

static bool take_metadata(struct scan *s, struct tw_pubsub_info *to)
{
    struct tw_str key;
    if (s->t.kind != TW_JSON_OBJECT)
        return tw_json_skip(&s->r, &s->t);
    while (tw_json_member(&s->r, &s->t, &key)) {
        bool ok;
        if (tw_str_is(key, "Fields"))
            ok = take_fields(s);
        else if (tw_str_is(key, "ConfigurationVersion"))
            ok = take_version(s, to);
        else
            ok = tw_json_skip(&s->r, &s->t);
        if (!ok)
            return false;
    }
    return s->t.kind == TW_JSON_OBJECT_END;
}

/* A member that NetworkMessages and DataSetMessages may both have; it is left behind. */
static bool take_member(struct scan *s, struct tw_str key, struct tw_pubsub_info *to)
{
    int64_t ns;
    if (tw_str_is(key, "MessageType"))
        take_type(s, to);
    else if (tw_str_is(key, "PublisherId"))
        to->publisher_id = as_text(s);
    else if (tw_str_is(key, "WriterGroupName") || tw_str_is(key, "WriterGroupId"))
        to->writer_group = as_text(s);
    else if (tw_str_is(key, "DataSetWriterId"))
        to->data_set_writer = as_text(s);
    else if (tw_str_is(key, "DataSetWriterName"))
        to->writer_name = as_text(s);
    else if (tw_str_is(key, "SequenceNumber"))
        to->has_sequence = as_u32(s, &to->sequence);
    else if (tw_str_is(key, "MinorVersion"))
        to->has_minor = as_u32(s, &to->minor);
    else if (tw_str_is(key, "MetaDataVersion"))
        return take_version(s, to);
    else if (tw_str_is(key, "Status"))
        return take_status(s, to);
    else if (tw_str_is(key, "Timestamp") && s->t.kind == TW_JSON_STRING &&
             tw_time_parse(s->t.text, &ns))
        to->timestamp_ns = ns;
    return tw_json_skip(&s->r, &s->t);
}

/* The open object is a DataSetMessage. */
static bool take_message(struct scan *s, struct tw_pubsub_info *to)
{
    struct tw_str key;
    while (tw_json_member(&s->r, &s->t, &key))
        if (!take_member(s, key, to))
            return false;
    return s->t.kind == TW_JSON_OBJECT_END;
}

/* The last token is a DataSetMessage of the NetworkMessage. Headers that come behind it are added
 * in the end. */
static bool add_message(struct scan *s)
{
    struct tw_pubsub_json *o = s->out;
    struct tw_pubsub_info beyond, *to = &beyond;
    if (s->t.kind != TW_JSON_OBJECT)
        return tw_json_skip(&s->r, &s->t);
    if (o->n_messages < TW_PUBSUB_MESSAGES)
        to = &o->messages[o->n_messages];
    o->n_messages++;
    *to = (struct tw_pubsub_info){.encoding = "json"};
    return take_message(s, to);
}

static bool take_list(struct scan *s)
{
    s->out->depth = s->r.depth + 1;
    while (next(s) && s->t.kind != TW_JSON_ARRAY_END)
        if (!add_message(s))
            return false;
    return s->t.kind == TW_JSON_ARRAY_END;
}

static void take_network(struct scan *s)
{
    struct tw_str key;
    bool ok = true;
    while (ok && tw_json_member(&s->r, &s->t, &key)) {
        if (tw_str_is(key, "Messages"))
            ok = s->t.kind == TW_JSON_ARRAY ? take_list(s) : add_message(s);
        else if (tw_str_is(key, "MetaData"))
            ok = take_metadata(s, &s->out->head);
        else
            ok = take_member(s, key, &s->out->head);
    }
}

/* PubSubState [UA14 6.2.1]. */
static void name_state(struct tw_pubsub_info *head, uint32_t code)
{
    static const char *const states[] = {
        "Disabled", "Paused", "Operational", "Error", "PreOperational"};
    if (code < sizeof(states) / sizeof(states[0]))
        head->status = tw_str_of(states[code]);
}

/* The Status of a status message is no StatusCode. */
static void find_state(struct tw_str text, struct tw_pubsub_info *head)
{
    struct scan s = {.out = NULL};
    struct tw_str key;
    uint32_t code;
    tw_json_init(&s.r, text);
    if (!next(&s) || s.t.kind != TW_JSON_OBJECT)
        return;
    while (tw_json_member(&s.r, &s.t, &key)) {
        if (tw_str_is(key, "Status") && as_u32(&s, &code))
            name_state(head, code);
        if (!tw_json_skip(&s.r, &s.t))
            return;
    }
}

static void from_place(const struct tw_pubsub_place *place, struct tw_pubsub_info *head)
{
    if (head->message_type.p == NULL)
        head->message_type = place->message_type.p != NULL ? place->message_type : TW_STR("data");
    if (!place->by_topic)
        return;
    head->publisher_differs = head->publisher_id.p != NULL && head->publisher_id.len > 0 &&
                              memchr(head->publisher_id.p, '/', head->publisher_id.len) == NULL &&
                              !tw_str_eq(head->publisher_id, place->publisher);
    if (head->publisher_id.p == NULL)
        head->publisher_id = tw_utf8_cut(place->publisher, TW_MAX_IDENTITY);
    if (head->writer_group.p == NULL && place->writer_group.p != NULL)
        head->writer_group = tw_utf8_cut(place->writer_group, TW_MAX_IDENTITY);
    if (head->writer_name.p == NULL && place->writer.p != NULL)
        head->writer_name = tw_utf8_cut(place->writer, TW_MAX_IDENTITY);
}

static void inherit_str(struct tw_str *to, struct tw_str from)
{
    if (to->p == NULL)
        *to = from;
}

static void inherit(struct tw_pubsub_info *to, const struct tw_pubsub_info *head)
{
    inherit_str(&to->message_type, head->message_type);
    inherit_str(&to->publisher_id, head->publisher_id);
    inherit_str(&to->writer_group, head->writer_group);
    inherit_str(&to->writer_name, head->writer_name);
    inherit_str(&to->data_set_writer, head->data_set_writer);
    if (to->timestamp_ns == 0)
        to->timestamp_ns = head->timestamp_ns;
    to->publisher_differs = head->publisher_differs;
}

static void finish(struct tw_pubsub_json *o, uint64_t serial)
{
    const uint32_t n = o->n_messages < TW_PUBSUB_MESSAGES ? o->n_messages : TW_PUBSUB_MESSAGES;
    const uint64_t first = serial * TW_PUBSUB_SERIALS;
    for (uint32_t i = 0; i < n; i++) {
        inherit(&o->messages[i], &o->head);
        inherit_str(&o->messages[i].data_set_writer, o->messages[i].writer_name);
        o->messages[i].serial = first + 1 + i;
    }
    inherit_str(&o->head.data_set_writer, o->head.writer_name);
    if (o->n_messages == 1)
        o->head = o->messages[0];
    if (o->n_messages <= 1)
        o->depth = 0;
    else /* of several; each says which */
        o->head.data_set_writer = o->head.writer_name = TW_STR_NONE;
    o->head.serial = first;
}

bool tw_pubsub_json_says(const struct tw_json_token *t)
{
    return t->kind == TW_JSON_STRING && tw_str_starts(t->text, TW_STR("ua-"));
}

void tw_pubsub_json_read(struct tw_str text, const struct tw_pubsub_place *place, uint64_t serial,
    struct tw_pubsub_json *out)
{
    struct scan s = {.out = out};
    out->head = (struct tw_pubsub_info){.encoding = "json"};
    out->n_messages = out->depth = 0;
    out->head.fields = out->fields;
    out->text_len = 0;
    tw_json_init(&s.r, text);
    if (next(&s) && s.t.kind == TW_JSON_OBJECT)
        take_network(&s);
    else if (s.t.kind == TW_JSON_ARRAY)
        (void)take_list(&s);
    from_place(place, &out->head);
    if (tw_str_is(out->head.message_type, "status"))
        find_state(text, &out->head);
    out->head.declares = out->head.n_fields > 0;
    finish(out, serial);
}
