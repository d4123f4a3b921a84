/* Engineering facts that any client reads: which property belongs to which variable is said by
 * Browse and TranslateBrowsePathsToNodeIds, its value by a Read or a data change [UA8 5.3]. */

#include <math.h>
#include <stdlib.h>

#include "session/opcua.h"

enum {
    MAX_NODES = 16384,
    NODES_PER_SESSION = 4,
    UNIT_ROOM = 48,
    TYPE_ROOM = 96,
    STATES_ROOM = 256
};

/* Compared as bytes, so it has no padding. */
struct node_key {
    struct tw_opcua_server server;
    uint32_t zero;
    struct tw_text_key node;
};

struct learned {
    struct tw_learned facts; /* its text is in the rooms */
    bool is_property;        /* a property whose variable is not known yet: nothing to tell */
    char unit[UNIT_ROOM], type[TYPE_ROOM], states[STATES_ROOM];
};

struct property {
    struct node_key variable;
    enum tw_opcua_property_kind kind;
};

struct tw_opcua_learned {
    struct tw_seed seed;
    struct tw_table *nodes;      /* variable → learned */
    struct tw_table *properties; /* property node → property */
    uint32_t version;
};

struct tw_opcua_learned *tw_opcua_learned_new(size_t sessions)
{
    size_t n = sessions < MAX_NODES / NODES_PER_SESSION ? sessions * NODES_PER_SESSION : MAX_NODES;
    struct tw_opcua_learned *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return NULL;
    l->seed = tw_seed_random();
    l->nodes = tw_table_new(sizeof(struct node_key), sizeof(struct learned), n, l->seed);
    l->properties = tw_table_new(sizeof(struct node_key), sizeof(struct property), n, l->seed);
    if (l->nodes == NULL || l->properties == NULL) {
        tw_opcua_learned_free(l);
        return NULL;
    }
    return l;
}

void tw_opcua_learned_free(struct tw_opcua_learned *l)
{
    if (l == NULL)
        return;
    tw_table_free(l->nodes);
    tw_table_free(l->properties);
    free(l);
}

static struct node_key key_of(
    const struct tw_opcua_learned *l, const struct tw_event *event, struct tw_str node)
{
    return (struct node_key){
        .server = tw_opcua_server_of(event), .node = tw_text_key(l->seed, node)};
}

/* What is known of a node, from now on at least that it is there. */
static struct learned *learned_of(struct tw_opcua_learned *l, const struct node_key *key)
{
    bool created;
    struct learned *of = tw_table_put(l->nodes, key, &created);
    l->version += created;
    return of;
}

uint32_t tw_opcua_learned_version(const struct tw_opcua_learned *l)
{
    return l->version;
}

static struct tw_str keep(char *room, size_t size, struct tw_str text)
{
    struct tw_str cut = tw_utf8_cut(text, size);
    if (cut.len > 0)
        memmove(room, cut.p, cut.len);
    return (struct tw_str){room, cut.len};
}

static const struct tw_value *member(const struct tw_value *v, const char *name)
{
    for (uint32_t i = 0; v->kind == TW_VALUE_OBJECT && i < v->n; i++)
        if (tw_str_is(v->items[i].name, name))
            return &v->items[i];
    return NULL;
}

static bool range_of(const struct tw_value *v, double *low, double *high)
{
    const struct tw_value *l = member(v, "Low"), *h = member(v, "High");
    double from, to;
    if (l == NULL || h == NULL || !tw_value_number(l, &from) || !tw_value_number(h, &to) ||
        !isfinite(from) || !isfinite(to) || from >= to)
        return false;
    *low = from;
    *high = to;
    return true;
}

static bool take_range(struct learned *to, const struct tw_value *v)
{
    to->facts.has_range = range_of(v, &to->facts.low, &to->facts.high) || to->facts.has_range;
    return to->facts.has_range;
}

static bool take_instrument(struct learned *to, const struct tw_value *v)
{
    bool known = to->facts.has_instrument_range;
    to->facts.has_instrument_range =
        range_of(v, &to->facts.instrument_low, &to->facts.instrument_high) || known;
    return to->facts.has_instrument_range;
}

static bool take_unit(struct learned *to, const struct tw_value *v)
{
    const struct tw_value *name = member(v, "DisplayName");
    if (name == NULL || name->kind != TW_VALUE_STRING || member(v, "UnitId") == NULL)
        return false;
    to->facts.unit = keep(to->unit, sizeof(to->unit), name->s);
    return true;
}

static bool take_states(struct learned *to, const struct tw_value *v)
{
    size_t used = 0;
    if (v->kind != TW_VALUE_ARRAY || v->n == 0)
        return false;
    for (uint32_t i = 0; i < v->n; i++) {
        struct tw_str text = v->items[i].kind == TW_VALUE_STRING ? v->items[i].s : TW_STR("");
        if (text.len + 1 > sizeof(to->states) - used)
            break;
        if (i > 0)
            to->states[used++] = '|';
        if (text.len > 0)
            memcpy(to->states + used, text.p, text.len);
        used += text.len;
    }
    to->facts.states = (struct tw_str){to->states, used};
    return true;
}

static bool (*const takers[])(struct learned *to, const struct tw_value *v) = {
    [TW_UA_PROPERTY_EU_RANGE] = take_range,
    [TW_UA_PROPERTY_UNITS] = take_unit,
    [TW_UA_PROPERTY_INSTRUMENT_RANGE] = take_instrument,
    [TW_UA_PROPERTY_ENUM_STRINGS] = take_states,
};

/* What was read of the property before anyone said whose it is. */
static void move(struct learned *to, enum tw_opcua_property_kind kind, const struct learned *from)
{
    const struct tw_learned *f = &from->facts;
    if (kind == TW_UA_PROPERTY_EU_RANGE && f->has_range) {
        to->facts.has_range = true;
        to->facts.low = f->low;
        to->facts.high = f->high;
    } else if (kind == TW_UA_PROPERTY_INSTRUMENT_RANGE && f->has_range) {
        to->facts.has_instrument_range = true;
        to->facts.instrument_low = f->low;
        to->facts.instrument_high = f->high;
    } else if (kind == TW_UA_PROPERTY_UNITS && f->unit.p != NULL) {
        to->facts.unit = keep(to->unit, sizeof(to->unit), f->unit);
    }
}

static void tie(
    struct tw_opcua_learned *l, const struct tw_event *event, const struct tw_opcua_property *p)
{
    if (p->node.p == NULL || p->kind == TW_UA_PROPERTY_NONE)
        return;
    const struct node_key key = key_of(l, event, p->node);
    bool created;
    struct property *property = tw_table_put(l->properties, &key, &created);
    l->version += created;
    property->variable = key_of(l, event, event->object);
    property->kind = p->kind;
    struct learned *early = tw_table_peek(l->nodes, &key);
    if (early == NULL || !early->is_property)
        return;
    const struct learned copy = *early;
    tw_table_remove(l->nodes, early);
    l->version++;
    move(learned_of(l, &property->variable), p->kind, &copy);
}

/* [UA6 A.1], the types that values have on the wire. */
static struct tw_str type_name(struct tw_str node)
{
    static const char *const names[] = {NULL, "Boolean", "SByte", "Byte", "Int16", "UInt16",
        "Int32", "UInt32", "Int64", "UInt64", "Float", "Double", "String", "DateTime", "Guid",
        "ByteString", "XmlElement", "NodeId", "ExpandedNodeId", "StatusCode", "QualifiedName",
        "LocalizedText", "Structure", "DataValue", "BaseDataType", "DiagnosticInfo", "Number",
        "Integer", "UInteger", "Enumeration"};
    uint32_t id = 0;
    if (!tw_str_starts(node, TW_STR("i=")) || node.len < 3 || node.len > 4)
        return node;
    for (size_t i = 2; i < node.len; i++)
        id = id * 10 + (uint32_t)(node.p[i] - '0');
    return id > 0 && id < sizeof(names) / sizeof(names[0]) ? tw_str_of(names[id]) : node;
}

/* Attributes of the variable itself. */
static void learn_attribute(struct tw_opcua_learned *l, const struct tw_event *event)
{
    const struct tw_value *v = &event->value;
    const bool type = tw_str_is(event->opcua->attribute, "DataType");
    const bool access = tw_str_is(event->opcua->attribute, "AccessLevel");
    if (!(type && v->kind == TW_VALUE_STRING) && !(access && v->kind == TW_VALUE_UINT))
        return;
    const struct node_key key = key_of(l, event, event->object);
    struct learned *to = learned_of(l, &key);
    if (type) {
        to->facts.type = keep(to->type, sizeof(to->type), type_name(v->s));
    } else {
        to->facts.has_access = true;
        to->facts.access = (uint8_t)v->u;
    }
}

static void learn_value(struct tw_opcua_learned *l, const struct tw_event *event)
{
    const struct node_key key = key_of(l, event, event->object);
    const struct property *p = tw_table_find(l->properties, &key);
    if (p != NULL) {
        const struct node_key variable = p->variable;
        struct learned *to = learned_of(l, &variable);
        const bool had_range = to->facts.has_range;
        (void)takers[p->kind](to, &event->value);
        l->version += to->facts.has_range != had_range;
        return;
    }
    double low, high;
    bool range = range_of(&event->value, &low, &high);
    if (!range && member(&event->value, "UnitId") == NULL)
        return;
    struct learned *early = learned_of(l, &key);
    l->version += !early->is_property;
    early->is_property = true;
    (void)take_range(early, &event->value);
    (void)take_unit(early, &event->value);
}

static void learn(struct tw_opcua_learned *l, const struct tw_event *event)
{
    enum tw_value_kind kind = event->value.kind;
    bool reads = event->action == TW_ACTION_READ;
    if (event->status_bad || event->object.p == NULL)
        return;
    if (event->action == TW_ACTION_BROWSE) {
        for (uint32_t i = 0; i < event->opcua->n_properties; i++)
            tie(l, event, &event->opcua->properties[i]);
    } else if (reads && event->opcua->attribute.p != NULL &&
               !tw_str_is(event->opcua->attribute, "Value")) {
        learn_attribute(l, event);
    } else if ((reads || event->action == TW_ACTION_NOTIFY) &&
               (kind == TW_VALUE_OBJECT || kind == TW_VALUE_ARRAY)) {
        learn_value(l, event);
    }
}

void tw_opcua_learned_event(
    struct tw_opcua_learned *l, const struct tw_event *event, struct tw_session_facts *facts)
{
    static const uint32_t about_values = 1u << TW_ACTION_READ | 1u << TW_ACTION_WRITE |
                                         1u << TW_ACTION_NOTIFY | 1u << TW_ACTION_HISTORY_READ |
                                         1u << TW_ACTION_HISTORY_WRITE;
    learn(l, event);
    if (tw_table_size(l->nodes) == 0 || event->object.p == NULL ||
        (about_values & 1u << event->action) == 0)
        return;
    const struct node_key key = key_of(l, event, event->object);
    const struct learned *about = tw_table_find(l->nodes, &key);
    if (about != NULL && !about->is_property)
        facts->learned = &about->facts;
}

bool tw_opcua_learned_has_properties(const struct tw_opcua_learned *l)
{
    return tw_table_size(l->properties) > 0;
}

bool tw_opcua_learned_is_property(const struct tw_opcua_learned *l, const struct tw_event *event)
{
    if (tw_table_size(l->properties) == 0)
        return false;
    const struct node_key key = key_of(l, event, event->object);
    return tw_table_peek(l->properties, &key) != NULL;
}
