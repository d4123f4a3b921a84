#include "trial/made.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/timefmt.h"
#include "trial/made_row.h"

enum { CLIENT_PORT = 50000, OPCUA_PORT = 4840, MQTT_PORT = 1883, MAX_DEPTH = 8, MAX_NAME = 96 };

void tw_made_init(struct tw_made *m, int64_t ts_ns)
{
    *m = (struct tw_made){.event = {.ts_ns = ts_ns, .action = TW_ACTION_UNKNOWN, .is_tcp = true},
        .details = {.kind = TW_VALUE_OBJECT},
        .alarm = {.kind = TW_VALUE_OBJECT}};
}

static const struct tw_made_row *row_of(const char *name)
{
    for (size_t i = 0; i < tw_made_rows_count; i++) {
        if (strcmp(tw_made_rows[i].name, name) == 0)
            return &tw_made_rows[i];
    }
    return NULL;
}

bool tw_made_has(const struct tw_field *field)
{
    return row_of(field->name) != NULL;
}

static void *part_of(struct tw_made *m, enum tw_made_part part)
{
    void *const parts[TW_MADE_PARTS] = {[TW_MADE_EVENT] = &m->event,
        [TW_MADE_OPCUA] = &m->opcua,
        [TW_MADE_HISTORY] = &m->history,
        [TW_MADE_CERTIFICATE] = &m->certificate,
        [TW_MADE_DETAILS] = &m->details,
        [TW_MADE_MQTT] = &m->mqtt,
        [TW_MADE_MORE] = &m->more,
        [TW_MADE_CARRIER] = &m->carrier,
        [TW_MADE_TLS] = &m->tls,
        [TW_MADE_DECISION] = &m->decision,
        [TW_MADE_MCP] = &m->mcp,
        [TW_MADE_PUBSUB] = &m->pubsub,
        [TW_MADE_SPARKPLUG] = &m->sparkplug,
        [TW_MADE_METRIC] = &m->metric,
        [TW_MADE_FLOW] = &m->flow,
        [TW_MADE_SESSION] = &m->session,
        [TW_MADE_LEARNED] = &m->learned,
        [TW_MADE_DEVIATION] = &m->deviation};
    return parts[part];
}

/* ---- what was written */

struct tw_str tw_made_text(const struct tw_made_place *place, const struct tw_node *node)
{
    const struct tw_str mark = TW_STR("{n}");
    struct tw_str s = node->text;
    char digits[TW_NUM_TEXT];
    const char *at = memmem(s.p, s.len, mark.p, mark.len);
    const size_t n = tw_num_u64(digits, place->n);
    size_t marks = 0;
    for (const char *p = at; p != NULL; marks++)
        p = memmem(p + mark.len, s.len - (size_t)(p + mark.len - s.p), mark.p, mark.len);
    char *out = tw_blocks_alloc(place->blocks, s.len + marks * n + 1, 1);
    if (out == NULL)
        return TW_STR("");
    size_t len = 0;
    for (size_t i = 0; i < s.len;) {
        if (tw_str_starts((struct tw_str){s.p + i, s.len - i}, mark)) {
            memcpy(out + len, digits, n);
            len += n;
            i += mark.len;
        } else {
            out[len++] = s.p[i++];
        }
    }
    return (struct tw_str){out, len};
}

static void plain_value(struct tw_str text, struct tw_value *out)
{
    struct tw_number number;
    *out = (struct tw_value){.kind = TW_VALUE_STRING, .s = text};
    if (tw_str_is(text, "null") || tw_str_is(text, "~"))
        *out = (struct tw_value){.kind = TW_VALUE_NULL};
    else if (tw_str_is(text, "true") || tw_str_is(text, "false"))
        *out = (struct tw_value){.kind = TW_VALUE_BOOL, .b = tw_str_is(text, "true")};
    else if (tw_str_is(text, "NaN"))
        *out = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = __builtin_nan("")};
    else if (tw_str_is(text, "Infinity") || tw_str_is(text, "-Infinity"))
        *out = (struct tw_value){
            .kind = TW_VALUE_DOUBLE, .d = text.p[0] == '-' ? -__builtin_inf() : __builtin_inf()};
    else if (tw_num_parse(text, &number) && number.is_integer)
        *out = (struct tw_value){.kind = TW_VALUE_INT, .i = number.i};
    else if (tw_num_parse(text, &number))
        *out = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = number.d};
}

static bool value_of(const struct tw_made_place *place, const struct tw_node *node, unsigned depth,
    struct tw_value *out)
{
    struct tw_value *items;
    struct tw_number number;
    if (depth == MAX_DEPTH) {
        tw_yaml_error(place->yaml, place->diags, node, false, NULL, "this is nested too deeply");
        return false;
    }
    if (node->kind == TW_NODE_SCALAR) {
        struct tw_str text = tw_made_text(place, node);
        /* What {n} makes a number of is one. */
        if (!node->quoted || (text.len != node->text.len && tw_num_parse(text, &number)) ||
            tw_str_is(node->text, "{n}"))
            plain_value(text, out);
        else
            *out = (struct tw_value){.kind = TW_VALUE_STRING, .s = text};
        return true;
    }
    items = tw_blocks_alloc(place->blocks, node->n + 1, sizeof(*items));
    for (size_t i = 0; i < node->n; i++) {
        if (items == NULL || !value_of(place, &node->children[i], depth + 1, &items[i]))
            return false;
        items[i].name = node->children[i].key;
    }
    *out = (struct tw_value){.kind = node->kind == TW_NODE_LIST ? TW_VALUE_ARRAY : TW_VALUE_OBJECT,
        .n = (uint32_t)node->n,
        .items = items};
    return true;
}

bool tw_made_value(
    const struct tw_made_place *place, const struct tw_node *node, struct tw_value *out)
{
    return value_of(place, node, 0, out);
}

static bool wrong(const struct tw_made_cell *c, const struct tw_field *f, const char *wanted)
{
    const struct tw_str shown = tw_utf8_cut(c->node->text, 64);
    tw_yaml_error(c->place->yaml, c->place->diags, c->node, false, NULL,
        c->node->kind == TW_NODE_SCALAR ? "%s is %s, not \"%.*s\"" : "%s is %s", f->name, wanted,
        TW_STR_ARG(shown));
    return false;
}

static bool choice_of(struct tw_made_cell *c, const struct tw_field *f)
{
    for (const char *const *name = f->choices; *name != NULL; name++) {
        if (!tw_str_is(c->value.s, *name))
            continue;
        c->value.s = tw_str_of(*name);
        return true;
    }
    const struct tw_str shown = tw_utf8_cut(c->value.s, 64);
    tw_yaml_error(c->place->yaml, c->place->diags, c->node, false,
        tw_nearest(c->value.s, f->choices), "\"%.*s\" is no value of %s", TW_STR_ARG(shown),
        f->name);
    return false;
}

static bool number_of(struct tw_made_cell *c, const struct tw_field *f)
{
    struct tw_number number;
    int64_t ns;
    if (tw_num_parse(c->value.s, &number))
        c->value = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = number.d};
    else if (tw_duration_parse(c->value.s, &ns))
        c->value = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = (double)ns / 1e9};
    else
        return wrong(c, f, "a number");
    return true;
}

/* The scalar as the field's type says. */
static bool cell_of(const struct tw_made_place *place, const struct tw_node *node,
    const struct tw_field *f, struct tw_made_cell *c)
{
    *c = (struct tw_made_cell){.place = place, .node = node};
    if (f->type == TW_FIELD_VALUE || f->type == TW_FIELD_RANGE)
        return tw_made_value(place, node, &c->value);
    if (node->kind != TW_NODE_SCALAR)
        return wrong(c, f, "one word or number");
    c->value = (struct tw_value){.kind = TW_VALUE_STRING, .s = tw_made_text(place, node)};
    switch (f->type) {
    case TW_FIELD_NUMBER:
        return number_of(c, f);
    case TW_FIELD_ENUM:
        return choice_of(c, f);
    case TW_FIELD_IP:
        return tw_ip_parse(c->value.s, &c->ip) || wrong(c, f, "an address");
    case TW_FIELD_BOOL:
        if (!tw_str_is(c->value.s, "true") && !tw_str_is(c->value.s, "false"))
            return wrong(c, f, "true or false");
        c->value = (struct tw_value){.kind = TW_VALUE_BOOL, .b = tw_str_is(c->value.s, "true")};
        return true;
    default:
        return true;
    }
}

/* ---- writing it */

static void set_integer(void *at, size_t size, double d)
{
    const uint64_t v = d < 0 ? (uint64_t)(int64_t)d : (uint64_t)d;
    memcpy(at, &v, size); /* little-endian, as every machine that this runs on */
}

static void add_member(struct tw_value *object, struct tw_value *members, const char *name,
    const struct tw_value *value)
{
    if (object->n == TW_MADE_MEMBERS)
        return;
    members[object->n] = *value;
    members[object->n].name = tw_str_of(name);
    object->n++;
    object->items = members;
}

static void store(struct tw_made *m, const struct tw_made_row *row, const struct tw_made_cell *c)
{
    void *part = part_of(m, row->part), *at = (char *)part + row->offset;
    const struct tw_value *v = &c->value;
    switch (row->kind) {
    case TW_MADE_STR:
        *(struct tw_str *)at = v->s;
        break;
    case TW_MADE_MAYBE:
        *(struct tw_maybe *)at = (struct tw_maybe){.s = v->s};
        break;
    case TW_MADE_TEXT:
        *(const char **)at = v->s.p;
        break;
    case TW_MADE_FLAG:
        *(bool *)at = v->b;
        break;
    case TW_MADE_UINT:
        set_integer(at, row->size, v->d);
        break;
    case TW_MADE_DOUBLE:
        *(double *)at = v->d;
        break;
    case TW_MADE_IP:
        *(struct tw_ip *)at = c->ip;
        break;
    case TW_MADE_AGO:
        *(int64_t *)at = m->event.ts_ns - (int64_t)(v->d * 1e9);
        break;
    case TW_MADE_AHEAD:
        *(int64_t *)at = m->event.ts_ns + (int64_t)(v->d * 1e9);
        break;
    case TW_MADE_MOMENT:
        *(int64_t *)at = (int64_t)(v->d * 1e9);
        break;
    case TW_MADE_DETAIL:
        add_member(&m->details, m->members, row->member, v);
        break;
    case TW_MADE_ALARM:
        add_member(&m->alarm, m->alarm_members, row->member, v);
        break;
    case TW_MADE_OWN:
        row->set(m, c);
        break;
    }
    if (row->has != 0)
        *((bool *)part + (row->has - 1)) = true;
    m->parts |= 1u << row->part;
}

/* What has no row: a field that follows from others, or no field at all. */
static bool unknown(
    const struct tw_made_place *place, const struct tw_node *node, struct tw_str name)
{
    const char *names[512];
    size_t n = 0;
    if (tw_field_find(name) != NULL) {
        tw_yaml_error(place->yaml, place->diags, node, true, NULL,
            "%.*s follows from the inventory and from what happened before; it can not be written",
            TW_STR_ARG(name));
        return false;
    }
    for (size_t i = 0; i < tw_made_rows_count && n < 511; i++)
        names[n++] = tw_made_rows[i].name;
    names[n] = NULL;
    const struct tw_str shown = tw_utf8_cut(name, 64);
    tw_yaml_error(place->yaml, place->diags, node, true, tw_nearest(name, names),
        "there is no field \"%.*s\"", TW_STR_ARG(shown));
    return false;
}

static bool is_one_of(struct tw_str name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (tw_str_is(name, *names))
            return true;
    }
    return false;
}

static bool write_member(struct tw_made *m, const struct tw_made_place *place, const char *prefix,
    const struct tw_node *n)
{
    char name[MAX_NAME];
    struct tw_made_cell cell;
    const int len = snprintf(name, sizeof(name), "%s%.*s", prefix, TW_STR_ARG(n->key));
    if (len <= 0 || (size_t)len >= sizeof(name))
        return unknown(place, n, n->key);
    const struct tw_made_row *row = row_of(name);
    if (row == NULL && n->kind == TW_NODE_MAP) {
        bool ok = true;
        char inner[MAX_NAME + 2];
        snprintf(inner, sizeof(inner), "%s.", name);
        for (size_t i = 0; i < n->n; i++)
            ok = write_member(m, place, inner, &n->children[i]) && ok;
        return ok;
    }
    if (row == NULL)
        return unknown(place, n, (struct tw_str){name, (size_t)len});
    if (!cell_of(place, n, tw_field_find(tw_str_of(name)), &cell))
        return false;
    const size_t errors = place->diags->errors;
    store(m, row, &cell);
    return place->diags->errors == errors;
}

bool tw_made_write(struct tw_made *m, const struct tw_made_place *place, const struct tw_node *map,
    const char *const *others)
{
    bool ok = true;
    for (size_t i = 0; map != NULL && i < map->n; i++) {
        const struct tw_node *n = &map->children[i];
        if (tw_str_is(n->key, "payload"))
            m->payload = n;
        else if (!is_one_of(n->key, others))
            ok = write_member(m, place, "", n) && ok;
    }
    return ok;
}

/* ---- what goes without saying */

static const char *type_of(const struct tw_event *e)
{
    const bool json = e->protocol == TW_PROTO_MQTT;
    switch (e->value.kind) {
    case TW_VALUE_BOOL:
        return json ? "boolean" : "Boolean";
    case TW_VALUE_INT:
    case TW_VALUE_DOUBLE:
        return json ? "number" : "Double";
    case TW_VALUE_STRING:
        return json ? "string" : "String";
    default:
        return NULL;
    }
}

/* Numbers of OPC UA are Doubles unless a type says something else. */
static void type_value(struct tw_event *e)
{
    struct tw_value *v = &e->value;
    const bool typed = e->type != NULL;
    if (!typed)
        e->type = type_of(e);
    if (e->protocol != TW_PROTO_OPCUA || (v->kind != TW_VALUE_INT && v->kind != TW_VALUE_DOUBLE))
        return;
    if (v->kind == TW_VALUE_INT && (!typed || strcmp(e->type, "Double") == 0))
        *v = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = (double)v->i};
    if (strcmp(e->type, "Float") == 0)
        *v = (struct tw_value){
            .kind = TW_VALUE_FLOAT, .d = v->kind == TW_VALUE_INT ? (double)v->i : v->d};
}

/* Ends that talk to each other are one flow, in either direction. */
static uint64_t flow_of(const struct tw_event *e)
{
    uint64_t ends[2] = {e->src.port, e->dst.port};
    for (size_t i = 0; i < sizeof(e->src.ip.b); i++) {
        ends[0] = ends[0] * 257 + e->src.ip.b[i];
        ends[1] = ends[1] * 257 + e->dst.ip.b[i];
    }
    return (ends[0] + ends[1]) * 0x9e3779b97f4a7c15u | 1u;
}

static void connect_parts(struct tw_made *m)
{
    struct tw_event *e = &m->event;
    const uint32_t parts = m->parts;
#define HAS(part) ((parts & 1u << TW_MADE_##part) != 0)
    if (e->protocol == TW_PROTO_OPCUA) {
        e->opcua = &m->opcua;
        m->opcua.history = HAS(HISTORY) ? &m->history : NULL;
        m->opcua.certificate = HAS(CERTIFICATE) ? &m->certificate : NULL;
        m->opcua.details = HAS(DETAILS) ? &m->details : NULL;
        m->opcua.decision = HAS(DECISION) ? &m->decision : NULL;
    } else if (e->protocol == TW_PROTO_MQTT) {
        e->mqtt = &m->mqtt;
        m->mqtt.more = HAS(MORE) ? &m->more : NULL;
        m->mqtt.carrier = HAS(CARRIER) || HAS(TLS) ? &m->carrier : NULL;
        m->mqtt.decision = HAS(DECISION) ? &m->decision : NULL;
        m->mqtt.mcp = HAS(MCP) ? &m->mcp : NULL;
    }
    if (HAS(FLOW) || e->action == TW_ACTION_FLOW)
        e->flow_info = &m->flow;
    m->carrier.tls = m->flow.tls = HAS(TLS) ? &m->tls : NULL;
    e->pubsub = HAS(PUBSUB) ? &m->pubsub : NULL;
    e->sparkplug = HAS(SPARKPLUG) || HAS(METRIC) ? &m->sparkplug : NULL;
    e->metric = HAS(METRIC) ? &m->metric : NULL;
    m->session.learned = HAS(LEARNED) ? &m->learned : NULL;
    e->deviation = HAS(DEVIATION) ? &m->deviation : NULL;
    e->facts = &m->session;
#undef HAS
}

/* Equal for what is written alike. */
static uint64_t hash_of(const struct tw_node *n)
{
    uint64_t h = tw_hash_mix(tw_hash_stable(n->key.p, n->key.len), n->kind);
    h = tw_hash_mix(h, tw_hash_stable(n->text.p, n->text.len));
    for (size_t i = 0; n->kind != TW_NODE_SCALAR && i < n->n; i++)
        h = tw_hash_mix(h, hash_of(&n->children[i]));
    return h;
}

static uint64_t payload_hash(const struct tw_made *m)
{
    const struct tw_value *v = &m->event.value;
    double number = 0;
    if (m->payload != NULL)
        return hash_of(m->payload);
    if (v->kind == TW_VALUE_STRING)
        return tw_hash_stable(v->s.p, v->s.len);
    return tw_value_number(v, &number) ? tw_hash_stable(&number, sizeof(number)) : v->kind;
}

void tw_made_done(struct tw_made *m, uint64_t packet)
{
    struct tw_event *e = &m->event;
    const bool mqtt = e->protocol == TW_PROTO_MQTT;
    connect_parts(m);
    e->packet = packet;
    if (e->src.port == 0)
        e->src.port = CLIENT_PORT;
    if (e->dst.port == 0 && e->protocol != TW_PROTO_OTHER)
        e->dst.port = mqtt ? MQTT_PORT : OPCUA_PORT;
    e->flow = flow_of(e);
    m->mqtt.serial = m->opcua.serial = m->pubsub.serial = m->sparkplug.serial = packet;
    if (m->alarm.n > 0)
        e->value = m->alarm;
    type_value(e);
    if (!m->has_status_bad)
        e->status_bad = tw_str_starts(e->status.s, TW_STR("Bad")) || m->mqtt.reason >= 0x80;
    if (mqtt && (e->action == TW_ACTION_PUBLISH || e->action == TW_ACTION_DELIVER))
        m->mqtt.has_payload = m->mqtt.has_publish_flags = true;
    if (m->mqtt.has_payload && m->mqtt.payload_hash == 0)
        m->mqtt.payload_hash = payload_hash(m);
    if (m->opcua.attribute.p == NULL &&
        (e->action == TW_ACTION_READ || e->action == TW_ACTION_WRITE))
        m->opcua.attribute = TW_STR("Value");
    if (m->carrier.transport == NULL)
        m->carrier.transport = m->carrier.tls != NULL ? "tls" : "tcp";
}

/* ---- payloads */

struct leaves {
    struct tw_event event;
    const struct tw_made_place *place;
    void (*fn)(void *user, const struct tw_event *event);
    void *user;
    char pointer[512];
};

/* One level of a JSON Pointer [RFC6901 3]; its length before. */
static size_t push(struct leaves *l, struct tw_str name, size_t index)
{
    const size_t before = strlen(l->pointer);
    size_t n = before;
    char digits[TW_NUM_TEXT];
    if (name.p == NULL)
        name = (struct tw_str){digits, tw_num_u64(digits, index)};
    if (n + 2 * name.len + 2 > sizeof(l->pointer))
        return before;
    l->pointer[n++] = '/';
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.p[i];
        if (c == '~' || c == '/') {
            l->pointer[n++] = '~';
            l->pointer[n++] = c == '~' ? '0' : '1';
        } else {
            l->pointer[n++] = c;
        }
    }
    l->pointer[n] = '\0';
    return before;
}

static void emit_leaves(struct leaves *l, const struct tw_node *node, unsigned depth)
{
    if (node->kind == TW_NODE_SCALAR) {
        l->event.field = tw_str_of(l->pointer);
        if (!tw_made_value(l->place, node, &l->event.value))
            return;
        l->event.type = type_of(&l->event);
        l->fn(l->user, &l->event);
        return;
    }
    for (size_t i = 0; depth < MAX_DEPTH && i < node->n; i++) {
        const size_t before = push(l, node->children[i].key, i);
        emit_leaves(l, &node->children[i], depth + 1);
        l->pointer[before] = '\0';
    }
}

void tw_made_emit(const struct tw_made *m, const struct tw_made_place *place,
    void (*fn)(void *user, const struct tw_event *event), void *user)
{
    struct leaves l = {.event = m->event, .place = place, .fn = fn, .user = user};
    struct tw_mqtt_info mqtt = m->mqtt;
    if (m->payload == NULL) {
        fn(user, &m->event);
        return;
    }
    if (l.event.mqtt != NULL) {
        l.event.mqtt = &mqtt;
        mqtt.payload_format = mqtt.payload_format ? mqtt.payload_format : "json";
    }
    if (m->payload->kind == TW_NODE_SCALAR) {
        if (tw_made_value(place, m->payload, &l.event.value))
            l.event.type = type_of(&l.event);
        fn(user, &l.event);
        return;
    }
    fn(user, &l.event);
    emit_leaves(&l, m->payload, 0);
}
