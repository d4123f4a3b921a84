#include "session/sparkplug_births.h"

#include <math.h>
#include <stdlib.h>

#include "base/limits.h"
#include "event/secret.h"

enum {
    UNIT_ROOM = 48,
    VALUE_BYTES = 16 * 1024 /* of the items of an array, TW_MAX_EVENT_ITEMS */
};

struct metric {
    uint64_t birth;
    uint32_t type;
    uint16_t name_len;
    bool name_cut;
    struct tw_learned learned; /* its text is in the rooms */
    char unit[UNIT_ROOM], name[TW_MAX_IDENTITY];
};

struct alias_key {
    struct tw_text_key node;
    uint64_t alias;
};

struct alias {
    uint64_t node_birth, birth;
    struct tw_text_key metric;
};

struct tw_sparkplug_births {
    struct tw_table *metrics, *aliases;
    struct tw_seed seed;
    uint64_t births;
    char field[TW_MAX_TOPIC];
    struct tw_arena arena;
    _Alignas(16) uint8_t memory[VALUE_BYTES];
};

struct tw_sparkplug_births *tw_sparkplug_births_new(size_t metrics, struct tw_seed seed)
{
    struct tw_sparkplug_births *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    b->seed = seed;
    tw_arena_init(&b->arena, b->memory, sizeof(b->memory));
    b->metrics = tw_table_new(sizeof(struct tw_text_key), sizeof(struct metric), metrics, seed);
    b->aliases = tw_table_new(sizeof(struct alias_key), sizeof(struct alias), metrics, seed);
    if (b->metrics != NULL && b->aliases != NULL)
        return b;
    tw_sparkplug_births_free(b);
    return NULL;
}

void tw_sparkplug_births_free(struct tw_sparkplug_births *b)
{
    if (b == NULL)
        return;
    tw_table_free(b->metrics);
    tw_table_free(b->aliases);
    free(b);
}

static uint64_t evictions(const struct tw_sparkplug_births *b)
{
    return tw_table_evictions(b->metrics) + tw_table_evictions(b->aliases);
}

void tw_sparkplug_births_begin(struct tw_sparkplug_births *b, struct tw_sparkplug_scope *scope)
{
    *scope = (struct tw_sparkplug_scope){
        .birth = ++b->births, .complete = true, .evictions = evictions(b)};
}

/* Can what is not there be said not to have been declared? */
static bool is_whole(const struct tw_sparkplug_births *b, const struct tw_sparkplug_scope *scope)
{
    return scope->birth != 0 && scope->complete && scope->evictions == evictions(b);
}

static struct tw_text_key key_of(
    const struct tw_sparkplug_births *b, const struct tw_sparkplug_owner *owner, struct tw_str name)
{
    struct tw_text_key key = tw_text_key(b->seed, name);
    key.a = tw_hash_mix(key.a, owner->scope_key.a);
    key.b = tw_hash_mix(key.b, owner->scope_key.b);
    return key;
}

/* Declared by the present birth, or NULL. */
static struct metric *metric_of(const struct tw_sparkplug_births *b,
    const struct tw_sparkplug_owner *owner, const struct tw_text_key *key)
{
    struct metric *m = owner->scope->birth == 0 ? NULL : tw_table_find(b->metrics, key);
    return m != NULL && m->birth == owner->scope->birth ? m : NULL;
}

static void keep_name(struct metric *m, struct tw_str name)
{
    const struct tw_str cut = tw_utf8_cut(name, sizeof(m->name));
    if (cut.len > 0)
        memcpy(m->name, cut.p, cut.len);
    m->name_len = (uint16_t)cut.len;
    m->name_cut = m->name_len < name.len;
}

static void keep_properties(struct metric *m, const struct tw_sparkplug_metric *from)
{
    const struct tw_str unit = tw_utf8_cut(from->unit, sizeof(m->unit));
    struct tw_learned *to = &m->learned;
    to->has_range = from->has_low && from->has_high && isfinite(from->low) &&
                    isfinite(from->high) && from->low < from->high;
    to->low = from->low;
    to->high = from->high;
    if (unit.len > 0) {
        memcpy(m->unit, unit.p, unit.len);
        to->unit = (struct tw_str){m->unit, unit.len};
    }
    to->type = tw_str_of(tw_sparkplug_type_name(m->type));
}

/* An alias that another metric of the living has is taken. */
static bool bind(struct tw_sparkplug_births *b, const struct tw_sparkplug_owner *owner,
    uint64_t number, const struct tw_text_key *metric)
{
    const struct alias_key key = {owner->node, number};
    bool created;
    struct alias *a = tw_table_put(b->aliases, &key, &created);
    const struct metric *other = created || a->node_birth != owner->node_birth
                                     ? NULL
                                     : tw_table_peek(b->metrics, &a->metric);
    const bool taken = other != NULL && other->birth == a->birth &&
                       memcmp(&a->metric, metric, sizeof(*metric)) != 0;
    *a = (struct alias){owner->node_birth, owner->scope->birth, *metric};
    return taken;
}

void tw_sparkplug_births_learn(
    struct tw_sparkplug_births *b, const struct tw_sparkplug_owner *owner, struct tw_event *event)
{
    struct tw_sparkplug_metric *from = event->metric;
    if (from->alias_unresolved)
        return;
    const struct tw_text_key key = key_of(b, owner, event->field);
    struct metric *m = tw_table_put(b->metrics, &key, NULL);
    *m = (struct metric){.birth = owner->scope->birth, .type = from->datatype};
    keep_name(m, event->field);
    keep_properties(m, from);
    if (from->has_alias)
        from->alias_taken = bind(b, owner, from->alias, &key);
}

/* The metric that an alias stands for in this scope. */
static struct metric *by_alias(
    const struct tw_sparkplug_births *b, const struct tw_sparkplug_owner *owner, uint64_t number)
{
    const struct alias_key key = {owner->node, number};
    const struct alias *a = owner->node_birth == 0 ? NULL : tw_table_find(b->aliases, &key);
    if (a == NULL || a->node_birth != owner->node_birth || a->birth != owner->scope->birth)
        return NULL;
    return metric_of(b, owner, &a->metric);
}

static void set_name(const struct metric *m, struct tw_event *event)
{
    event->field = (struct tw_str){m->name, m->name_len};
    event->truncated |= m->name_cut;
    event->metric->alias_unresolved = false;
    if (event->value.kind > TW_VALUE_NULL && tw_secret_name(event->field)) {
        event->value = (struct tw_value){.kind = TW_VALUE_STRING, .s = TW_REDACTED};
        event->type = tw_sparkplug_type_name(TW_SPARKPLUG_STRING);
    }
}

/* A metric of a template that is known by its alias alone: its name takes the alias's place. */
static void set_base(
    struct tw_sparkplug_births *b, const struct tw_sparkplug_owner *owner, struct tw_event *event)
{
    struct tw_sparkplug_metric *f = event->metric;
    const struct metric *m = by_alias(b, owner, f->base_alias);
    if (m == NULL || f->base_len > event->field.len)
        return;
    const struct tw_str rest =
        tw_utf8_cut((struct tw_str){event->field.p + f->base_len, event->field.len - f->base_len},
            sizeof(b->field) - m->name_len);
    memcpy(b->field, m->name, m->name_len);
    memcpy(b->field + m->name_len, rest.p, rest.len);
    event->truncated |= m->name_cut || rest.len < event->field.len - f->base_len;
    event->field = (struct tw_str){b->field, m->name_len + rest.len};
}

/* Messages of data need not repeat the datatype. */
static void set_type(struct tw_sparkplug_births *b, const struct metric *m, struct tw_event *event)
{
    struct tw_sparkplug_metric *f = event->metric;
    if (f->datatype != 0) {
        f->type_differs = m->type != 0 && f->datatype != m->type;
        return;
    }
    if (m->type == 0 || event->value.kind <= TW_VALUE_NULL || event->type != NULL)
        return;
    tw_arena_reset(&b->arena);
    f->type_differs = !tw_sparkplug_value(m->type, &event->value, &b->arena, &event->value);
    if (!f->type_differs)
        event->type = tw_sparkplug_type_name(m->type);
}

void tw_sparkplug_births_resolve(
    struct tw_sparkplug_births *b, const struct tw_sparkplug_owner *owner, struct tw_event *event)
{
    struct tw_sparkplug_metric *f = event->metric;
    const bool by_number = f->alias_unresolved;
    if (f->base_len > 0)
        set_base(b, owner, event);
    const struct tw_text_key key = key_of(b, owner, event->field);
    const struct metric *m = by_number ? by_alias(b, owner, f->alias) : metric_of(b, owner, &key);
    if (m == NULL) {
        const bool whole = is_whole(b, owner->scope);
        f->unknown_alias = whole && by_number;
        f->undeclared = whole && !by_number;
        return;
    }
    if (by_number)
        set_name(m, event);
    set_type(b, m, event);
}

const struct tw_learned *tw_sparkplug_births_learned(const struct tw_sparkplug_births *b,
    const struct tw_sparkplug_owner *owner, const struct tw_event *event)
{
    if (event->metric->alias_unresolved)
        return NULL;
    const struct tw_text_key key = key_of(b, owner, event->field);
    const struct metric *m = metric_of(b, owner, &key);
    return m == NULL ? NULL : &m->learned;
}
