#include <stdlib.h>

#include "base/num.h"
#include "base/timefmt.h"
#include "base/topic.h"
#include "detect/state.h"

enum {
    MAX_CHANGES = 512, /* announced ones, the newest */
    MAX_ADOPTED = 1024,
    MAX_TICKET = 64,
    DEFAULT_WINDOW_S = 86400
};

struct change {
    int64_t from_ns, to_ns;
    bool any_system, any_version;
    struct tw_text_key ai_system, version;
    char ticket[MAX_TICKET];
    uint16_t ticket_len;
};

struct pending {
    bool open;
    struct tw_message_id id;
    const struct tw_change_def *def;
    bool has_system, has_version;
    struct change change;
};

struct adopted_key {
    struct tw_text_key ai_system, version;
};

struct tw_changes {
    const struct tw_change_def *defs;
    size_t n_defs;
    struct tw_seed seed;
    struct change *declared;
    size_t n_declared;
    struct change announced[MAX_CHANGES];
    size_t n_announced, next;
    struct pending pending;
    bool hidden,
        seen; /* an announcer talks where nobody can read; a message was seen all the same */
    uint64_t epoch;
    int64_t epoch_from_ns, epoch_to_ns; /* nothing opens or closes in [from, to) */
    struct tw_table *adopted; /* versions first seen while their change was open → its ticket */
};

static struct tw_text_key version_key(const struct tw_changes *c, struct tw_str v)
{
    return tw_text_key(c->seed, tw_version_plain(v));
}

static bool key_eq(struct tw_text_key a, struct tw_text_key b)
{
    return a.a == b.a && a.b == b.b;
}

static void set_ticket(struct change *c, struct tw_str ticket)
{
    c->ticket_len = (uint16_t)tw_str_copy(c->ticket, sizeof(c->ticket), ticket);
}

static void declare(struct tw_changes *c)
{
    for (size_t i = 0; i < c->n_defs; i++) {
        const struct tw_change_def *def = &c->defs[i];
        if (def->topic.p != NULL)
            continue;
        struct change *change = &c->declared[c->n_declared++];
        change->from_ns = def->from_ns;
        change->to_ns = def->to_ns ? def->to_ns : INT64_MAX;
        change->any_system = def->ai_system_id.p == NULL;
        change->any_version = def->version.p == NULL;
        change->ai_system = tw_text_key(c->seed, def->ai_system_id);
        change->version = version_key(c, def->version);
        set_ticket(change, def->ticket);
    }
}

struct tw_changes *tw_changes_new(const struct tw_registry *registry)
{
    struct tw_changes *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->n_defs = tw_registry_changes(registry, &c->defs);
    c->seed = tw_seed_random();
    c->declared = calloc(c->n_defs + 1, sizeof(*c->declared));
    c->adopted = tw_table_new(
        sizeof(struct adopted_key), sizeof(struct change), c->n_defs ? MAX_ADOPTED : 1, c->seed);
    if (c->declared == NULL || c->adopted == NULL) {
        tw_changes_free(c);
        return NULL;
    }
    declare(c);
    return c;
}

void tw_changes_free(struct tw_changes *c)
{
    if (c == NULL)
        return;
    tw_table_free(c->adopted);
    free(c->declared);
    free(c);
}

/* The definition that announces on `topic`; NULL when there is none. */
static const struct tw_change_def *announcer(const struct tw_changes *c, struct tw_str topic)
{
    for (size_t i = 0; i < c->n_defs; i++) {
        if (c->defs[i].topic.p != NULL && tw_str_eq(c->defs[i].topic, topic))
            return &c->defs[i];
    }
    return NULL;
}

void tw_changes_adopt(struct tw_changes *c, struct tw_changes *old)
{
    struct tw_table *adopted = old->adopted;
    c->epoch = old->epoch + 1;
    if (c->n_defs == 0 || old->n_defs == 0)
        return;
    old->adopted = c->adopted;
    c->adopted = adopted;
    c->seed = old->seed;
    memset(c->declared, 0, c->n_declared * sizeof(*c->declared));
    c->n_declared = 0;
    declare(c);
    memcpy(c->announced, old->announced, sizeof(c->announced));
    c->n_announced = old->n_announced;
    c->next = old->next;
    c->hidden = old->hidden;
    c->seen = old->seen;
    c->pending = old->pending;
    if (c->pending.open)
        c->pending.def = announcer(c, old->pending.def->topic);
    c->pending.open = c->pending.open && c->pending.def != NULL;
}

static void flush(struct tw_changes *c)
{
    struct pending *p = &c->pending;
    if (!p->open)
        return;
    p->open = false;
    if ((p->def->ai_system.p && !p->has_system) || (p->def->to_version.p && !p->has_version))
        return;
    p->change.any_system = !p->has_system;
    p->change.any_version = !p->has_version;
    c->announced[c->next] = p->change;
    c->next = (c->next + 1) % MAX_CHANGES;
    c->n_announced += c->n_announced < MAX_CHANGES;
    c->epoch_to_ns = INT64_MIN;
}

void tw_changes_flush(struct tw_changes *c, int64_t now_ns)
{
    if (c->pending.change.from_ns < now_ns)
        flush(c);
}

static bool at(struct tw_str pointer, struct tw_str field)
{
    return pointer.p != NULL && tw_str_eq(pointer, field);
}

static void take_leaf(struct tw_changes *c, const struct tw_event *e)
{
    struct pending *p = &c->pending;
    char digits[TW_NUM_TEXT];
    struct tw_str text = e->value.kind == TW_VALUE_STRING ? e->value.s : TW_STR_NONE;
    double number = 0;
    bool is_number = tw_value_number(&e->value, &number);
    if (is_number && number - number == 0)
        text = (struct tw_str){digits, tw_num_double(digits, number)};
    if (at(p->def->ai_system, e->field) && text.p != NULL) {
        p->has_system = true;
        p->change.ai_system = tw_text_key(c->seed, text);
    } else if (at(p->def->to_version, e->field) && text.p != NULL) {
        p->has_version = true;
        p->change.version = version_key(c, text);
    } else if (at(p->def->ticket_at, e->field)) {
        set_ticket(&p->change, text);
    } else if (at(p->def->window_s, e->field) && is_number && number >= 0 && number < 1e9) {
        p->change.to_ns = p->change.from_ns + (int64_t)(number * (double)TW_NS_PER_S);
    }
}

static void learn(struct tw_changes *c, const struct tw_event *e, const struct tw_facts *facts)
{
    bool same = c->pending.open && tw_message_eq(c->pending.id, tw_message_of(e));
    if (same && e->field.p != NULL) {
        take_leaf(c, e);
        return;
    }
    flush(c);
    if (e->field.p != NULL || !tw_message_is_news(e))
        return;
    for (size_t i = 0; i < c->n_defs; i++) {
        const struct tw_change_def *def = &c->defs[i];
        if (def->topic.p == NULL || !tw_topic_matches(def->topic, e->object) ||
            !tw_message_sender_ok(e, facts, def->by, def->n_by))
            continue;
        c->seen = true;
        c->pending = (struct pending){.open = true,
            .id = tw_message_of(e),
            .def = def,
            .change = {.from_ns = e->ts_ns, .to_ns = e->ts_ns + DEFAULT_WINDOW_S * TW_NS_PER_S}};
        return;
    }
}

static bool is_open(const struct change *change, struct tw_text_key ai_system, int64_t now_ns)
{
    return (change->any_system || key_eq(change->ai_system, ai_system)) &&
           now_ns >= change->from_ns && now_ns <= change->to_ns;
}

/* The i-th change: declared ones, then announced ones. */
static const struct change *change_at(const struct tw_changes *c, size_t i)
{
    return i < c->n_declared ? &c->declared[i] : &c->announced[i - c->n_declared];
}

static bool is_any_open(const struct tw_changes *c, struct tw_str ai_system, int64_t now_ns)
{
    const struct tw_text_key key = tw_text_key(c->seed, ai_system);
    bool open = false;
    for (size_t i = 0; i < c->n_declared + c->n_announced && !open; i++)
        open = is_open(change_at(c, i), key, now_ns);
    return open;
}

/* Something flips at `at_ns`. */
static void bound(struct tw_changes *c, int64_t at_ns, int64_t now_ns)
{
    if (at_ns <= now_ns && at_ns > c->epoch_from_ns)
        c->epoch_from_ns = at_ns;
    else if (at_ns > now_ns && at_ns < c->epoch_to_ns)
        c->epoch_to_ns = at_ns;
}

uint64_t tw_changes_epoch(struct tw_changes *c, int64_t now_ns)
{
    if (c->pending.open)
        return 0;
    if (c->epoch != 0 && now_ns >= c->epoch_from_ns && now_ns < c->epoch_to_ns)
        return c->epoch;
    c->epoch_from_ns = INT64_MIN;
    c->epoch_to_ns = INT64_MAX;
    for (size_t i = 0; i < c->n_declared + c->n_announced; i++) {
        const struct change *change = change_at(c, i);
        bound(c, change->from_ns, now_ns);
        if (change->to_ns < INT64_MAX)
            bound(c, change->to_ns + 1, now_ns);
    }
    return ++c->epoch;
}

void tw_changes_event(struct tw_changes *c, const struct tw_event *e, struct tw_facts *facts)
{
    facts->change_open = false;
    if (c->n_defs == 0)
        return;
    learn(c, e, facts);
    for (size_t i = 0; i < c->n_defs && e->action == TW_ACTION_FLOW; i++)
        c->hidden |= tw_message_is_hidden(e, facts, c->defs[i].by, c->defs[i].n_by);
    if (c->n_declared + c->n_announced == 0)
        return;
    if (facts->actor.kind == TW_ACTOR_AI_SYSTEM)
        facts->change_open = is_any_open(c, facts->actor.id, e->ts_ns);
    if (facts->variable.ai_system.p != NULL)
        facts->change_open |= is_any_open(c, facts->variable.ai_system, e->ts_ns);
}

bool tw_changes_declare(struct tw_changes *c, struct tw_str ai_system, struct tw_str version,
    int64_t now_ns, struct tw_str *out_ticket)
{
    if (c->n_defs == 0)
        return false;
    const struct adopted_key key = {tw_text_key(c->seed, ai_system), version_key(c, version)};
    struct change *adopted = tw_table_find(c->adopted, &key);
    for (size_t i = 0; adopted == NULL && i < c->n_declared + c->n_announced; i++) {
        const struct change *change = change_at(c, i);
        bool created;
        if (!is_open(change, key.ai_system, now_ns) ||
            !(change->any_version || key_eq(change->version, key.version)))
            continue;
        adopted = tw_table_put(c->adopted, &key, &created);
        *adopted = *change;
    }
    if (adopted == NULL)
        return c->hidden && !c->seen;
    if (adopted->ticket_len > 0)
        *out_ticket = (struct tw_str){adopted->ticket, adopted->ticket_len};
    return true;
}
