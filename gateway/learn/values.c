/* Values of nodes and of payload fields: ranges, types, periods, and what they seem to be for. */

#include "learn/model.h"

#include <math.h>
#include <stdlib.h>

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_letter(char c)
{
    return is_upper(c) || (c >= 'a' && c <= 'z');
}

/* Words end where letters end and at the humps of CamelCase. */
bool learn_has_word(struct tw_str name, const char *const *words)
{
    size_t from = 0;
    for (size_t i = 0; i <= name.len; i++) {
        const bool hump = i > from && i < name.len && is_upper(name.p[i]) &&
                          (!is_upper(name.p[i - 1]) ||
                              (i + 1 < name.len && name.p[i + 1] >= 'a' && name.p[i + 1] <= 'z'));
        if (i < name.len && is_letter(name.p[i]) && !hump)
            continue;
        for (const char *const *w = words; i > from && *w != NULL; w++) {
            if (tw_str_eq_nocase((struct tw_str){name.p + from, i - from}, tw_str_of(*w)))
                return true;
        }
        from = hump ? i : i + 1;
    }
    return false;
}

static bool is_model(const struct tw_event *e)
{
    return e->mqtt != NULL && tw_payload_kind_is_model(e->mqtt->payload_kind);
}

/* Is this the value of something that the plant calls a variable? */
static bool is_value(const struct tw_event *e)
{
    const enum tw_value_kind kind = e->value.kind;
    if (e->object.len == 0 || e->object_null || e->status_bad)
        return false;
    if (e->protocol == TW_PROTO_MQTT)
        return e->object.p[0] != '$' && (kind != TW_VALUE_NONE || is_model(e)) &&
               (e->action == TW_ACTION_PUBLISH || e->action == TW_ACTION_DELIVER) &&
               (e->sparkplug == NULL || e->sparkplug->kind != TW_SPARKPLUG_STATE);
    if (e->protocol != TW_PROTO_OPCUA || e->pubsub != NULL || e->field.len > 0 ||
        kind == TW_VALUE_NONE || kind == TW_VALUE_OBJECT || e->object.len < 2 ||
        e->object.p[1] == '=')
        return false;
    return (e->action == TW_ACTION_READ || e->action == TW_ACTION_WRITE ||
               e->action == TW_ACTION_NOTIFY) &&
           (e->opcua->attribute.p == NULL || tw_str_is(e->opcua->attribute, "Value"));
}

/* Births, data and commands of one Sparkplug metric come on topics that differ in one level. */
static struct tw_str topic_of(const struct tw_event *e, char *out, size_t size)
{
    const struct tw_sparkplug_info *s = e->sparkplug;
    if (s == NULL || s->group.len + s->edge_node.len + s->device.len + 16 > size)
        return e->object;
    const struct tw_str parts[] = {
        TW_STR("spBv1.0/"), s->group, TW_STR("/+/"), s->edge_node, TW_STR("/"), s->device};
    size_t len = 0;
    for (size_t i = 0; i < (s->device.len > 0 ? 6 : 4); i++) {
        memcpy(out + len, parts[i].p, parts[i].len);
        len += parts[i].len;
    }
    return (struct tw_str){out, len};
}

static struct learn_variable *variable_of(
    struct tw_learn *l, const struct tw_event *e, struct learn_server *server)
{
    bool is_new;
    char text[TW_MAX_TOPIC];
    struct learn_variable_key key;
    const struct tw_str object =
        e->protocol == TW_PROTO_MQTT ? topic_of(e, text, sizeof(text)) : e->object;
    memset(&key, 0, sizeof(key));
    key.object = tw_text_key(l->seed, object);
    key.field = tw_text_key(l->seed, e->field);
    key.server = e->protocol == TW_PROTO_OPCUA ? server : NULL;
    struct learn_variable *v =
        learn_row(l->variables, &key, TW_LEARN_VARIABLES, &l->no_variables, &is_new);
    if (v == NULL || !is_new)
        return v;
    l->variable_list[l->n_variables++] = v;
    v->protocol = e->protocol;
    v->server = e->protocol == TW_PROTO_OPCUA ? server : NULL;
    v->object = learn_keep(l, object);
    v->field = learn_keep(l, e->field);
    v->whole = e->protocol == TW_PROTO_MQTT && e->field.p == NULL;
    v->is_metric = e->sparkplug != NULL;
    v->stride = 1;
    return v;
}

const struct learn_variable *learn_variable_find(
    const struct tw_learn *l, const struct learn_server *server, struct tw_str node)
{
    struct learn_variable_key key;
    memset(&key, 0, sizeof(key));
    key.object = tw_text_key(l->seed, node);
    key.field = tw_text_key(l->seed, TW_STR_NONE);
    key.server = server;
    return tw_table_peek(l->variables, &key);
}

static void note_number(struct learn_variable *v, double d, bool is_write)
{
    if (!isfinite(d))
        return;
    if (v->numbers++ == 0) {
        v->min = v->max = d;
    } else {
        v->varies |= d != v->last;
        v->falls |= d < v->last;
        v->min = d < v->min ? d : v->min;
        v->max = d > v->max ? d : v->max;
        if (is_write && fabs(d - v->last) > v->step)
            v->step = fabs(d - v->last);
    }
    v->fractional |= d != floor(d);
    v->last = d;
}

static void note_value(struct learn_variable *v, const struct tw_value *value, bool is_write)
{
    double d;
    if (tw_value_number(value, &d)) {
        note_number(v, d, is_write);
    } else if (value->kind == TW_VALUE_ARRAY) {
        for (uint32_t i = 0; i < value->n; i++) {
            if (tw_value_number(&value->items[i], &d))
                note_number(v, d, false);
        }
        v->others += value->n == 0;
    } else if (value->kind == TW_VALUE_STRING) {
        v->texts++;
    } else if (value->kind == TW_VALUE_BOOL) {
        v->truths++;
    } else if (value->kind != TW_VALUE_NULL) {
        v->others++;
    }
}

/* What the server, or a birth, says of it. */
static void note_said(struct tw_learn *l, struct learn_variable *v, const struct tw_event *e)
{
    const struct tw_learned *said = e->facts != NULL ? e->facts->learned : NULL;
    if (v->type.p == NULL && e->type != NULL && e->value.kind != TW_VALUE_NULL)
        v->type = tw_str_of(e->type);
    if (said != NULL) {
        if (said->has_range) {
            v->has_range = true;
            v->low = said->low;
            v->high = said->high;
        }
        if (v->unit.p == NULL && said->unit.len > 0)
            v->unit = learn_keep(l, said->unit);
    }
    if (e->metric == NULL)
        return;
    if (e->metric->has_low && e->metric->has_high) {
        v->has_range = true;
        v->low = e->metric->low;
        v->high = e->metric->high;
    }
    if (v->unit.p == NULL && e->metric->unit.len > 0)
        v->unit = learn_keep(l, e->metric->unit);
}

static void keep_gap(struct learn_variable *v, int64_t gap_ns)
{
    if (++v->skipped < v->stride)
        return;
    v->skipped = 0;
    if (v->n_gaps == LEARN_GAPS) {
        for (uint32_t i = 0; i < LEARN_GAPS / 2; i++)
            v->gaps_ms[i] = v->gaps_ms[2 * i];
        v->n_gaps = LEARN_GAPS / 2;
        v->stride *= 2;
    }
    const int64_t ms = (gap_ns + TW_NS_PER_MS / 2) / TW_NS_PER_MS;
    v->gaps_ms[v->n_gaps++] = ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

/* Several clients may be told the same; the times between count on one flow. */
static void note_time(struct learn_variable *v, const struct tw_event *e)
{
    enum { OVER_S = 30 };
    if (e->action == TW_ACTION_READ || e->action == TW_ACTION_DELIVER)
        return;
    const int64_t at = e->source_ts_ns != 0 ? e->source_ts_ns : e->ts_ns;
    if (v->timed_flow != e->flow) {
        if (v->timed_flow != 0 && at - v->timed_ns < OVER_S * TW_NS_PER_S)
            return;
        v->timed_flow = e->flow;
    } else if (at > v->timed_ns) {
        keep_gap(v, at - v->timed_ns);
    }
    v->timed_ns = at;
}

static void note_publisher(struct learn_variable *v, struct learn_client *by)
{
    for (size_t i = 0; i < v->n_publishers; i++) {
        if (v->publishers[i] == by)
            return;
    }
    if (v->n_publishers == LEARN_NAMES)
        v->more_publishers = true;
    else
        v->publishers[v->n_publishers++] = by;
}

static bool is_sparkplug_command(const struct tw_event *e)
{
    return e->sparkplug != NULL &&
           (e->sparkplug->kind == TW_SPARKPLUG_NCMD || e->sparkplug->kind == TW_SPARKPLUG_DCMD);
}

/* A variable that the known inventory declares: only whether its range holds. */
static bool is_known(struct tw_learn *l, struct learn_variable *v, const struct tw_event *e)
{
    double d;
    const struct tw_variable_facts *f = &l->facts.variable;
    if (l->known == NULL || f->id.p == NULL)
        return false;
    if (v->known.p == NULL)
        v->known = learn_keep(l, f->id);
    if (f->is_value && !f->range_learned && tw_value_number(&e->value, &d) &&
        ((f->range.has_min && d < f->range.min) || (f->range.has_max && d > f->range.max))) {
        v->declared = f->range;
        v->outside++;
        note_number(v, d, false);
    }
    return true;
}

void learn_value(struct tw_learn *l, const struct tw_event *e, struct learn_client *by,
    struct learn_server *server)
{
    if (!is_value(e) || (e->protocol == TW_PROTO_OPCUA && server == NULL))
        return;
    struct learn_variable *v = variable_of(l, e, server);
    if (v == NULL || is_known(l, v, e))
        return;
    const bool write = e->action == TW_ACTION_WRITE || is_sparkplug_command(e);
    learn_count(&v->seen, e->ts_ns);
    v->writes += write;
    v->single |=
        e->value.kind == TW_VALUE_FLOAT || (e->value.kind == TW_VALUE_ARRAY && e->value.n > 0 &&
                                               e->value.items[0].kind == TW_VALUE_FLOAT);
    v->models += is_model(e);
    note_value(v, &e->value, write);
    note_said(l, v, e);
    note_time(v, e);
    if (by != NULL && e->action == TW_ACTION_PUBLISH && !write)
        note_publisher(v, by);
}

static int by_size(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* One digit where that is near enough, else two. */
static int64_t rounded_ms(int64_t ms)
{
    int64_t unit = 1;
    while (ms / unit >= 10)
        unit *= 10;
    const int64_t one = (ms + unit / 2) / unit * unit;
    const int64_t off = one > ms ? one - ms : ms - one;
    if (unit == 1 || off * 20 <= ms)
        return one;
    unit /= 10;
    return (ms + unit / 2) / unit * unit;
}

int64_t learn_period_ns(const struct learn_variable *v)
{
    enum { ENOUGH = 8 };
    uint32_t sorted[LEARN_GAPS];
    uint32_t near = 0;
    if (v->n_gaps < ENOUGH)
        return 0;
    memcpy(sorted, v->gaps_ms, v->n_gaps * sizeof(*sorted));
    qsort(sorted, v->n_gaps, sizeof(*sorted), by_size);
    const uint32_t median = sorted[v->n_gaps / 2];
    for (uint32_t i = 0; i < v->n_gaps; i++) {
        const uint32_t off = sorted[i] > median ? sorted[i] - median : median - sorted[i];
        near += (uint64_t)off * 4 <= median;
    }
    if (median == 0 || near * 5 < v->n_gaps * 4)
        return 0;
    return rounded_ms(median) * TW_NS_PER_MS;
}

bool learn_is_heartbeat(struct tw_str name)
{
    static const char *const words[] = {
        "heartbeat", "watchdog", "alive", "keepalive", "lifesign", NULL};
    return learn_has_word(name, words);
}

bool learn_is_safety(struct tw_str name)
{
    static const char *const latin[] = {"safety", "sis", "sil", "esd", "estop", "interlock",
        "interlocks", "bypass", "override", "trip", "emergency", NULL};
    static const char *const words[] = {"*急停*", "*联锁*", "*旁路*", "*切除*", "*安全*"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (tw_str_glob(tw_str_of(words[i]), name))
            return true;
    }
    return learn_has_word(name, latin);
}

static bool named(const struct learn_variable *v, const char *const *words)
{
    return (!v->is_metric && learn_has_word(v->object, words)) || learn_has_word(v->field, words);
}

/* What its name says goes before what was done with it. */
static enum tw_role role_of_name(const struct learn_variable *v)
{
    static const char *const recipe[] = {"recipe", "recipes", NULL};
    static const char *const note[] = {
        "note", "notes", "comment", "comments", "remark", "remarks", NULL};
    static const char *const command[] = {
        "cmd", "command", "commands", "set", "setpoint", "setpoints", "sp", NULL};
    if (learn_is_safety(v->object) || learn_is_safety(v->field))
        return TW_ROLE_SAFETY;
    if (learn_is_heartbeat(v->object) || learn_is_heartbeat(v->field))
        return TW_ROLE_HEARTBEAT;
    if (named(v, recipe))
        return TW_ROLE_RECIPE;
    if (v->texts > 0 && named(v, note))
        return TW_ROLE_NOTE;
    if (v->numbers + v->truths > 0 && named(v, command))
        return TW_ROLE_COMMAND;
    return TW_ROLE_NONE;
}

enum tw_role learn_role(const struct tw_learn *l, const struct learn_variable *v)
{
    const struct learn_topic *t =
        v->protocol == TW_PROTO_MQTT ? learn_topic_find(l, v->object) : NULL;
    if (t != NULL && learn_is_approval(t))
        return TW_ROLE_APPROVAL;
    if (v->models > 0)
        return TW_ROLE_MODEL;
    const enum tw_role role = role_of_name(v);
    if (role != TW_ROLE_NONE)
        return role;
    if (v->writes > 0)
        return TW_ROLE_COMMAND;
    return v->numbers > 0 ? TW_ROLE_MEASUREMENT : TW_ROLE_STATUS;
}
