#include <stdlib.h>

#include "base/timefmt.h"
#include "detect/conduct.h"

enum {
    MAX_DEEDS = 65536,
    DEEDS_OF_ONE = 4096,
    LEARN_S = 300,
    NOVEL = 256, /* deeds that were new, to be compared with those of others */
    ALIKE_S = 60
};

/* Who did what to what. */
struct deed {
    uint64_t who, action;
    struct tw_text_key object;
};

struct agent {
    uint64_t who; /* 0: did nothing so far */
    int64_t first_ns;
    uint32_t n;
};

struct novel {
    int64_t ts_ns;
    struct deed deed;
    uint64_t model, value; /* value 0: none */
};

struct tw_deeds {
    struct tw_seed seed;
    struct tw_table *table;
    struct agent *agents;
    size_t n;
    struct novel novel[NOVEL];
    size_t next;
};

struct tw_deeds *tw_deeds_new(size_t n)
{
    struct tw_deeds *d = calloc(1, sizeof(*d));
    if (d == NULL)
        return NULL;
    d->seed = tw_seed_random();
    d->n = n;
    d->agents = calloc(n + 1, sizeof(*d->agents));
    d->table = tw_table_new(sizeof(struct deed), sizeof(uint64_t), n > 0 ? MAX_DEEDS : 1, d->seed);
    if (d->agents != NULL && d->table != NULL)
        return d;
    tw_deeds_free(d);
    return NULL;
}

void tw_deeds_free(struct tw_deeds *d)
{
    if (d == NULL)
        return;
    tw_table_free(d->table);
    free(d->agents);
    free(d);
}

void tw_deeds_adopt(struct tw_deeds *d, struct tw_deeds *old, const struct tw_conduct_order *order)
{
    struct tw_table *table = d->table;
    if (old->n == 0)
        return;
    d->seed = old->seed;
    d->table = old->table;
    old->table = table;
    memcpy(d->novel, old->novel, sizeof(d->novel));
    d->next = old->next;
    for (size_t i = 0; i < order->n; i++) {
        if (order->before[i] < order->n_before)
            d->agents[i] = old->agents[order->before[i]];
    }
}

/* What is done once for each message, and by the AI system itself. */
static bool is_deed(const struct tw_event *e, const struct tw_facts *f)
{
    static const uint32_t actions =
        1u << TW_ACTION_BROWSE | 1u << TW_ACTION_READ | 1u << TW_ACTION_WRITE |
        1u << TW_ACTION_CALL | 1u << TW_ACTION_SUBSCRIBE | 1u << TW_ACTION_PUBLISH |
        1u << TW_ACTION_HISTORY_READ | 1u << TW_ACTION_HISTORY_WRITE | 1u << TW_ACTION_MANAGE |
        1u << TW_ACTION_TOOL | 1u << TW_ACTION_FLOW;
    return f->actor.ai != 0 && (actions & 1u << e->action) != 0 && e->field.len == 0 &&
           e->phase == 0 && !(f->actor.identity == TW_IDENTITY_MISMATCH && f->actor.certain);
}

/* A flow goes to a host by its name, else to an address. */
static struct tw_text_key object_of(const struct tw_deeds *d, const struct tw_event *e)
{
    char text[TW_IP_TEXT];
    if (e->object.p != NULL || e->action != TW_ACTION_FLOW)
        return tw_node_key(d->seed, e->object);
    return tw_text_key(d->seed, (struct tw_str){text, tw_ip_text(text, &e->dst.ip)});
}

static bool is_alike(const struct novel *a, const struct novel *b)
{
    const bool object = memcmp(&a->deed.object, &b->deed.object, sizeof(a->deed.object)) == 0;
    return a->model == b->model && a->deed.action == b->deed.action &&
           b->ts_ns - a->ts_ns <= ALIKE_S * TW_NS_PER_S &&
           (object || (a->value != 0 && a->value == b->value));
}

/* How many AI systems of this model did it, or set something to this value. */
static uint32_t count_alike(struct tw_deeds *d, const struct novel *now)
{
    uint64_t who[NOVEL];
    uint32_t n = 0;
    d->novel[d->next++ % NOVEL] = *now;
    for (size_t i = 0; i < NOVEL; i++) {
        const struct novel *other = &d->novel[i];
        bool known = other->ts_ns == 0 || !is_alike(other, now);
        for (uint32_t k = 0; k < n && !known; k++)
            known = who[k] == other->deed.who;
        if (!known)
            who[n++] = other->deed.who;
    }
    return n;
}

static uint64_t model_of(const struct tw_deeds *d, const struct tw_actor_facts *a)
{
    return tw_hash_mix(tw_hash(d->seed, a->model_name.p, a->model_name.len),
        a->model_version.len > 0 ? tw_hash(d->seed, a->model_version.p, a->model_version.len) : 0);
}

bool tw_deeds_event(struct tw_deeds *d, const struct tw_event *e, const struct tw_facts *facts,
    struct tw_conduct_facts *out)
{
    bool created;
    if (!is_deed(e, facts))
        return false;
    struct agent *a = &d->agents[facts->actor.ai - 1];
    if (a->who == 0) {
        a->who = tw_hash(d->seed, facts->actor.id.p, facts->actor.id.len) | 1;
        a->first_ns = e->ts_ns;
    }
    const struct deed deed = {a->who, e->action, object_of(d, e)};
    out->known_ns = e->ts_ns - a->first_ns;
    if (tw_table_find(d->table, &deed) != NULL) {
        out->has_first = out->known_ns >= LEARN_S * TW_NS_PER_S;
        return true;
    }
    if (a->n == DEEDS_OF_ONE || tw_table_size(d->table) == MAX_DEEDS)
        return true;
    (void)tw_table_put(d->table, &deed, &created);
    a->n++;
    out->has_first = out->first = out->known_ns >= LEARN_S * TW_NS_PER_S;
    if (!out->first || facts->actor.model_name.p == NULL)
        return true;
    const bool has_value = e->value.kind > TW_VALUE_NULL;
    const struct novel now = {e->ts_ns, deed, model_of(d, &facts->actor),
        has_value ? tw_value_digest(d->seed, &e->value) : 0};
    out->alike = count_alike(d, &now);
    return true;
}
