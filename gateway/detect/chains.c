#include <math.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "detect/conduct.h"
#include "detect/filter.h"
#include "detect/readers.h"

enum {
    WITHIN_S = 30, /* after its input an AI system acts on it */
    VALUES = 8,    /* numbers of the message that are remembered */
    PATH = 8,      /* AI systems behind each other */
    ROUND_S = 10,
    LEAST = 4,  /* messages of the first round that counts */
    GROWING = 5 /* messages in a row, each longer than the one before */
};

/* What another AI system put into an input last. */
struct given {
    int64_t ts_ns; /* 0: nothing so far */
    uint32_t by;
    enum tw_tier by_tier;
    struct tw_str by_id, variable; /* of the inventory */
    bool declared, granted;
    struct tw_message_id message;
    double values[VALUES];
    uint32_t n_values;
    uint32_t path[PATH]; /* AI systems before, the one that gave it last */
    uint32_t depth;
};

/* Messages that come back to who sent the first of them. */
struct loop {
    int64_t round_ns; /* when the present round began */
    uint32_t n[4];    /* messages of the present round, and of those before */
    uint64_t rounds;
    double rate_gain; /* the least of the last three rounds; 0: they did not all gain */
    uint64_t bytes[GROWING];
    uint32_t n_bytes;
    double size_gain;
    uint32_t with;
};

struct tw_chains {
    const struct tw_registry *registry;
    struct tw_readers *readers;
    struct given *given;
    struct loop *loops;
};

struct tw_chains *tw_chains_new(const struct tw_registry *registry, size_t n)
{
    struct tw_chains *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->registry = registry;
    c->readers = tw_readers_new(registry);
    c->given = calloc(n + 1, sizeof(*c->given));
    c->loops = calloc(n + 1, sizeof(*c->loops));
    if (c->readers != NULL && c->given != NULL && c->loops != NULL)
        return c;
    tw_chains_free(c);
    return NULL;
}

void tw_chains_free(struct tw_chains *c)
{
    if (c == NULL)
        return;
    tw_readers_free(c->readers);
    free(c->given);
    free(c->loops);
    free(c);
}

/* ---- what goes from one to another */

static bool is_recent(const struct given *g, int64_t now_ns)
{
    return g->ts_ns != 0 && now_ns - g->ts_ns <= WITHIN_S * TW_NS_PER_S;
}

static bool is_behind(const struct given *g, uint32_t ai)
{
    for (uint32_t i = 0; i < g->depth; i++) {
        if (g->path[i] == ai)
            return true;
    }
    return false;
}

static void begin(struct tw_chains *c, const struct tw_reader *r, const struct tw_event *e,
    const struct tw_facts *f)
{
    const struct given *before = &c->given[f->actor.ai - 1];
    struct given g = {.ts_ns = e->ts_ns,
        .by = f->actor.ai,
        .by_tier = f->actor.tier,
        .by_id = f->actor.id,
        .variable = r->variable,
        .granted = f->grant.allowed && !f->grant.default_open,
        .declared = f->variable.publisher_ok ||
                    tw_registry_orchestrates(c->registry, f->actor.ai - 1, r->ai - 1),
        .message = tw_message_of(e)};
    if (is_recent(before, e->ts_ns) && !is_behind(before, f->actor.ai)) {
        g.depth = before->depth < PATH - 1 ? before->depth : PATH - 1;
        memcpy(g.path, before->path, g.depth * sizeof(*g.path));
    }
    g.path[g.depth++] = f->actor.ai;
    c->given[r->ai - 1] = g;
}

static void add_value(struct given *g, const struct tw_event *e)
{
    double v;
    if (g->n_values < VALUES && tw_like_value(&e->value) == TW_LIKE_NUMBER &&
        tw_value_number(&e->value, &v))
        g->values[g->n_values++] = v;
}

/* ---- loops */

static double gain(const struct loop *l)
{
    double least = INFINITY;
    for (int i = 0; i < 3; i++)
        least = fmin(least, l->n[i + 1] > 0 ? (double)l->n[i] / l->n[i + 1] : 0);
    return l->n[3] >= LEAST ? least : 0;
}

static void turn(struct loop *l, int64_t now_ns)
{
    const int64_t round_ns = ROUND_S * TW_NS_PER_S;
    if (now_ns - l->round_ns < round_ns)
        return;
    /* A round without any ends what was growing. */
    const bool next = now_ns - l->round_ns < 2 * round_ns;
    l->rate_gain = next ? gain(l) : 0;
    for (int i = 3; i > 0; i--)
        l->n[i] = next ? l->n[i - 1] : 0;
    l->n[0] = 0;
    l->round_ns = now_ns;
}

static void weigh(struct loop *l, uint64_t bytes)
{
    const uint64_t last = l->n_bytes > 0 ? l->bytes[l->n_bytes - 1] : 0;
    if (bytes <= last)
        l->n_bytes = 0;
    if (l->n_bytes == GROWING) {
        memmove(l->bytes, l->bytes + 1, (GROWING - 1) * sizeof(*l->bytes));
        l->n_bytes--;
    }
    l->bytes[l->n_bytes++] = bytes;
    l->size_gain = l->n_bytes == GROWING && l->bytes[0] > 0
                       ? (double)l->bytes[GROWING - 1] / (double)l->bytes[0]
                       : 0;
}

/* The actor sends to one that what it was given last came from: once around. */
static bool close_loop(struct tw_chains *c, const struct tw_reader *r, const struct tw_event *e,
    const struct tw_facts *f)
{
    const struct given *before = &c->given[f->actor.ai - 1];
    struct loop *l = &c->loops[f->actor.ai - 1];
    if (!is_recent(before, e->ts_ns) || !is_behind(before, r->ai))
        return false;
    turn(l, e->ts_ns);
    l->n[0]++;
    l->rounds++;
    l->with = r->ai;
    if (e->mqtt != NULL && e->mqtt->has_payload)
        weigh(l, e->mqtt->payload_bytes);
    return true;
}

/* True when it went around. */
static bool pass_on(struct tw_chains *c, const struct tw_event *e, const struct tw_facts *f)
{
    const size_t first = tw_readers_first(c->readers, f);
    bool more = first < c->readers->n, around = false;
    for (size_t i = first; more; i++) {
        const struct tw_reader *r = &c->readers->list[i];
        struct given *g = &c->given[r->ai - 1];
        more = tw_readers_more(c->readers, i);
        if (r->ai == f->actor.ai)
            continue;
        const bool again = g->ts_ns == e->ts_ns && g->by == f->actor.ai &&
                           tw_message_eq(g->message, tw_message_of(e));
        if (!again) {
            around |= close_loop(c, r, e, f);
            begin(c, r, e, f);
        }
        add_value(g, e);
    }
    return around;
}

/* ---- what is done with it */

static bool is_act(const struct tw_event *e, const struct tw_facts *f)
{
    if (f->heartbeat.is_sign || f->variable.role == TW_ROLE_HEARTBEAT ||
        (f->variable.is_input && f->variable.role != TW_ROLE_COMMAND))
        return false;
    if (e->action == TW_ACTION_PUBLISH)
        return f->variable.role == TW_ROLE_COMMAND && e->value.kind != TW_VALUE_NONE;
    return e->action == TW_ACTION_WRITE || e->action == TW_ACTION_CALL ||
           e->action == TW_ACTION_TOOL;
}

/* Within a hundredth of the range, or of the value, of something that it was given. */
static bool follows(const struct given *g, const struct tw_event *e, const struct tw_range *range)
{
    double v;
    if (tw_like_value(&e->value) != TW_LIKE_NUMBER || !tw_value_number(&e->value, &v))
        return false;
    const double span = range->has_min && range->has_max ? range->max - range->min : fabs(v);
    for (uint32_t i = 0; i < g->n_values; i++) {
        if (fabs(g->values[i] - v) <= 0.01 * span)
            return true;
    }
    return false;
}

bool tw_chains_event(struct tw_chains *c, const struct tw_event *e, const struct tw_facts *facts,
    struct tw_conduct_facts *out)
{
    if (c->readers->n == 0 || facts->actor.ai == 0 || e->status_bad)
        return false;
    const bool sends = e->action == TW_ACTION_PUBLISH || e->action == TW_ACTION_WRITE;
    if (sends && facts->variable.is_input && pass_on(c, e, facts)) {
        const struct loop *l = &c->loops[facts->actor.ai - 1];
        out->loop_with = tw_registry_ai_system(c->registry, l->with - 1);
        out->loop_rounds = l->rounds;
        out->loop_rate_gain = l->rate_gain;
        out->loop_size_gain = l->size_gain;
        return true;
    }
    const struct given *g = &c->given[facts->actor.ai - 1];
    const int64_t at_ns = e->request_ts_ns != 0 ? e->request_ts_ns : e->ts_ns;
    if (!is_act(e, facts) || !is_recent(g, at_ns) || g->ts_ns > at_ns)
        return false;
    out->chain_by = g->by_id;
    out->chain_tier = g->by_tier;
    out->chain_variable = g->variable;
    out->chain_ns = at_ns - g->ts_ns;
    out->chain_depth = g->depth;
    out->chain_declared = g->declared;
    out->chain_granted = g->granted;
    out->chain_follows = follows(g, e, &facts->variable.range);
    return true;
}
