/* Which declared variable an event is about. Exact names come before patterns, patterns in the
 * order of the file. */

#include <math.h>

#include "base/topic.h"
#include "registry/model.h"

static const struct tw_variable *by_node(
    const struct tw_registry *r, struct tw_str node, const struct tw_entry *server)
{
    const struct tw_name_index *index = &r->exact_nodes;
    if (node.len == 0)
        return NULL;
    const struct tw_name_row *row = tw_name_index_find(index, node);
    for (; row != NULL && row < index->rows + index->n && tw_str_eq(row->text, node); row++) {
        if (r->variables[row->item].server == server)
            return &r->variables[row->item];
    }
    for (size_t i = 0; i < r->n_glob_nodes; i++) {
        const struct tw_variable *v = &r->variables[r->glob_nodes[i]];
        if (v->server == server && tw_str_glob(v->opcua_node, node))
            return v;
    }
    return NULL;
}

static void find_node(const struct tw_registry *r, const struct tw_event *event,
    const struct tw_entry *server, struct tw_decision *out)
{
    if (server == NULL)
        return;
    out->variable = by_node(r, event->object, server);
    if (out->variable == NULL && event->action == TW_ACTION_CALL && event->opcua != NULL)
        out->variable = by_node(r, event->opcua->object_id, server);
    /* A field inside a structure is not the value that the range is for. */
    out->is_part = event->field.len > 0;
}

enum fit { FIT_NONE, FIT_MESSAGE, FIT_PART, FIT_WHOLE, FIT_FIELD };

/* How well a variable on this topic fits: its field, the whole payload, a part of a payload that is
 * one variable, or only the message that carries it. */
static enum fit fit_of(const struct tw_variable *v, const struct tw_event *event)
{
    bool whole = v->field.len == 0;
    if (event->field.len > 0) {
        if (tw_str_eq(v->field, event->field))
            return FIT_FIELD;
        return v->field.p == NULL ? FIT_PART : FIT_NONE;
    }
    if (whole)
        return FIT_WHOLE;
    return event->action == TW_ACTION_PUBLISH ? FIT_MESSAGE : FIT_NONE;
}

static void take_better(const struct tw_variable *v, const struct tw_event *event, enum fit *best,
    struct tw_decision *out)
{
    enum fit fit = fit_of(v, event);
    if (fit <= *best)
        return;
    *best = fit;
    out->variable = v;
}

static void find_topic(
    const struct tw_registry *r, const struct tw_event *event, struct tw_decision *out)
{
    const struct tw_name_index *index = &r->exact_topics;
    const struct tw_name_row *row = tw_name_index_find(index, event->object);
    enum fit best = FIT_NONE;
    for (; row != NULL && row < index->rows + index->n && tw_str_eq(row->text, event->object);
         row++)
        take_better(&r->variables[row->item], event, &best, out);
    for (size_t i = 0; i < r->n_filter_topics && best < FIT_WHOLE; i++) {
        const struct tw_variable *v = &r->variables[r->filter_topics[i]];
        if (tw_topic_matches(v->topic, event->object))
            take_better(v, event, &best, out);
    }
    out->is_payload = best == FIT_WHOLE && event->value.kind != TW_VALUE_NONE;
    out->is_part = best == FIT_MESSAGE || best == FIT_PART;
}

/* Leaves are held against every one of them. */
enum { MAX_FIELDS = 32 };

static struct tw_topic_fields fields_of(const struct tw_registry *r, struct tw_str topic)
{
    static const struct tw_topic_fields others = {.known = true};
    const struct tw_name_index *index = &r->exact_topics;
    struct tw_topic_fields f = {.rows = tw_name_index_find(index, topic), .known = true};
    while (f.rows != NULL && f.rows + f.n < index->rows + index->n &&
           tw_str_eq(f.rows[f.n].text, topic)) {
        if (f.n == MAX_FIELDS || r->variables[f.rows[f.n].item].field.len == 0)
            return others;
        f.n++;
    }
    for (size_t i = 0; i < r->n_filter_topics; i++) {
        if (tw_topic_matches(r->variables[r->filter_topics[i]].topic, topic))
            return others;
    }
    return f;
}

struct tw_topic_fields tw_variable_fields(struct tw_registry *r, const struct tw_variable *v)
{
    struct tw_variable *own = &r->variables[v - r->variables];
    if (!own->fields.known)
        own->fields = fields_of(r, v->topic);
    return own->fields;
}

void tw_variable_find(const struct tw_registry *r, const struct tw_event *event,
    const struct tw_entry *server, struct tw_decision *out)
{
    if (event->object.len == 0 || event->object_null)
        return;
    if (event->protocol == TW_PROTO_OPCUA)
        find_node(r, event, server, out);
    else if (event->protocol == TW_PROTO_MQTT && !tw_topic_has_wildcard(event->object))
        find_topic(r, event, out);
}

static bool member(const struct tw_value *v, const char *name, double *out)
{
    for (uint32_t i = 0; i < v->n; i++) {
        if (tw_str_eq_nocase(v->items[i].name, tw_str_of(name)))
            return tw_value_number(&v->items[i], out) && isfinite(*out);
    }
    return false;
}

/* Which node a property belongs to is only said when somebody browses; servers name it after its
 * parent
 * ("Boiler.Temp-EURange"), and only such names are understood. */
static struct tw_str parent_of_range(struct tw_str node)
{
    static const char property[] = "EURange", separators[] = "-./|:_";
    const size_t len = sizeof(property) - 1;
    if (node.len <= len + 1 || memcmp(node.p + node.len - len, property, len) != 0 ||
        memchr(separators, node.p[node.len - len - 1], sizeof(separators) - 1) == NULL)
        return TW_STR_NONE;
    return (struct tw_str){node.p, node.len - len - 1};
}

void tw_variable_learn(
    struct tw_registry *r, const struct tw_event *event, const struct tw_entry *server)
{
    struct tw_range range = {.has_min = true, .has_max = true};
    if (event->value.kind != TW_VALUE_OBJECT || event->protocol != TW_PROTO_OPCUA ||
        (event->action != TW_ACTION_READ && event->action != TW_ACTION_NOTIFY) ||
        event->status_bad || server == NULL)
        return;
    struct tw_str node = parent_of_range(event->object);
    if (node.p == NULL || !member(&event->value, "Low", &range.min) ||
        !member(&event->value, "High", &range.max) || range.min >= range.max)
        return;
    const struct tw_name_index *index = &r->exact_nodes;
    const struct tw_name_row *row = tw_name_index_find(index, node);
    for (; row != NULL && row < index->rows + index->n && tw_str_eq(row->text, node); row++) {
        struct tw_variable *v = &r->variables[row->item];
        if (v->server != server)
            continue;
        r->learned += !v->learned.has_min;
        v->learned = range;
    }
}

void tw_variable_commands(
    const struct tw_registry *r, struct tw_str filter, struct tw_filter_facts *out)
{
    for (size_t i = 0; i < r->n_variables; i++) {
        const struct tw_variable *v = &r->variables[i];
        if (v->role != TW_ROLE_COMMAND || v->topic.p == NULL ||
            !tw_topic_overlaps(filter, v->topic))
            continue;
        if (out->commands++ == 0)
            out->first = v->id;
    }
}
