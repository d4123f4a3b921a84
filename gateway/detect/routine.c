#include <math.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "detect/conduct.h"

enum {
    WINDOW_S = 300,
    LEARNED = 12, /* windows: an hour */
    LEAST = 30,   /* acts of a window that say something */
    ROLES = TW_ROLE_MODEL + 1,
    CLASSES = ROLES + 3, /* without a variable: servers of OPC UA, brokers, and others */
    ACTIONS = 11,
    CELLS = ACTIONS * CLASSES
};

/* Up to this divergence it is the same behaviour; where windows differed more from each other while
 * they were learned, half as much again. */
#define LEAST_LIMIT 0.15
#define MARGIN 1.5

static const enum tw_action actions[ACTIONS] = {TW_ACTION_BROWSE, TW_ACTION_READ, TW_ACTION_WRITE,
    TW_ACTION_CALL, TW_ACTION_SUBSCRIBE, TW_ACTION_PUBLISH, TW_ACTION_HISTORY_READ,
    TW_ACTION_HISTORY_WRITE, TW_ACTION_MANAGE, TW_ACTION_TOOL, TW_ACTION_FLOW};

struct routine {
    uint64_t version; /* that it reported last; 0: none */
    int64_t begin_ns; /* of the window; 0: nothing is known */
    uint32_t n, now[CELLS];
    uint64_t n_usual, usual[CELLS];
    unsigned learned, in_a_row;
    double limit;
};

struct tw_routines {
    const struct tw_pulse *pulse;
    struct tw_seed seed;
    struct routine *of; /* each AI system */
    struct tw_routine_facts facts;
};

struct tw_routines *tw_routines_new(const struct tw_pulse *pulse, size_t n)
{
    struct tw_routines *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    r->pulse = pulse;
    r->seed = tw_seed_random();
    r->of = calloc(n + 1, sizeof(*r->of));
    if (r->of != NULL)
        return r;
    free(r);
    return NULL;
}

void tw_routines_free(struct tw_routines *r)
{
    if (r == NULL)
        return;
    free(r->of);
    free(r);
}

void tw_routines_adopt(
    struct tw_routines *r, const struct tw_routines *old, const struct tw_conduct_order *order)
{
    r->seed = old->seed;
    for (size_t i = 0; i < order->n; i++) {
        if (order->before[i] < order->n_before)
            r->of[i] = old->of[order->before[i]];
    }
}

/* ---- which act it is */

static unsigned class_of(const struct tw_facts *f)
{
    if (f->variable.id.p != NULL)
        return f->variable.role;
    return ROLES + (tw_str_is(f->target.kind, "opcua-server")     ? 0
                       : tw_str_is(f->target.kind, "mqtt-broker") ? 1
                                                                  : 2);
}

static const char *class_name(unsigned class)
{
    static const char *const others[] = {"servers of OPC UA", "brokers", "others"};
    return class == TW_ROLE_NONE ? "variables"
           : class < ROLES       ? tw_role_name((enum tw_role) class)
                                 : others[class - ROLES];
}

/* CELLS: it is none. Once for each message, and only its own. */
static unsigned cell_of(const struct tw_event *e, const struct tw_facts *f)
{
    const bool other = f->actor.identity == TW_IDENTITY_MISMATCH && f->actor.certain;
    if (e->field.len > 0 || e->phase != 0 || other)
        return CELLS;
    for (unsigned i = 0; i < ACTIONS; i++) {
        if (actions[i] == e->action)
            return i * CLASSES + class_of(f);
    }
    return CELLS;
}

/* ---- windows */

/* Jensen and Shannon's, in bits: 0 for equal shares, 1 where nothing is in common. */
static double divergence(const struct routine *r)
{
    double sum = 0;
    for (unsigned i = 0; i < CELLS; i++) {
        const double p = (double)r->now[i] / r->n, q = (double)r->usual[i] / (double)r->n_usual,
                     m = (p + q) / 2;
        sum += (p > 0 ? p * log2(p / m) : 0) + (q > 0 ? q * log2(q / m) : 0);
    }
    return sum / 2;
}

static void learn(struct routine *r)
{
    if (r->n_usual > 0)
        r->limit = fmax(r->limit, MARGIN * divergence(r));
    for (unsigned i = 0; i < CELLS; i++)
        r->usual[i] += r->now[i];
    r->n_usual += r->n;
    r->learned++;
}

/* What it does more of than it used to, most of all. */
static void explain(const struct routine *r, struct tw_routine_facts *out)
{
    unsigned most = 0;
    double rise = -1;
    for (unsigned i = 0; i < CELLS; i++) {
        const double share = 100.0 * r->now[i] / r->n,
                     usual = 100 * (double)r->usual[i] / (double)r->n_usual;
        if (share - usual <= rise)
            continue;
        rise = share - usual;
        most = i;
        out->share = round(share);
        out->usual = round(usual);
    }
    out->action = tw_action_name(actions[most / CLASSES]);
    out->on = class_name(most % CLASSES);
}

/* True where it was unlike what is usual, for the third time in a row or more. */
static bool judge(struct routine *r, struct tw_routine_facts *out)
{
    const double d = divergence(r);
    r->in_a_row = d > r->limit ? r->in_a_row + 1 : 0;
    if (r->in_a_row < TW_ROUTINE_WINDOWS)
        return false;
    *out = (struct tw_routine_facts){.windows = r->in_a_row,
        .divergence = round(d * 100) / 100,
        .limit = round(r->limit * 100) / 100};
    explain(r, out);
    return true;
}

static bool close_window(struct tw_routines *all, struct routine *r, int64_t now_ns)
{
    const int64_t passed_ns = now_ns - r->begin_ns, window_ns = WINDOW_S * TW_NS_PER_S;
    bool told = false;
    if (passed_ns < window_ns)
        return false;
    /* A pause, or a hole in the capture: it is not what it does all the time. */
    const bool whole = passed_ns < 2 * window_ns && all->pulse->hole_ns <= r->begin_ns;
    if (r->n < LEAST || !whole)
        r->in_a_row = 0;
    else if (r->learned < LEARNED)
        learn(r);
    else
        told = judge(r, &all->facts);
    memset(r->now, 0, sizeof(r->now));
    r->n = 0;
    r->begin_ns = now_ns;
    return told;
}

/* At first, after a change order, or with another version: what is usual is learned. */
static void begin_anew(
    struct tw_routines *all, struct routine *r, const struct tw_event *e, const struct tw_facts *f)
{
    const struct tw_str v = tw_version_plain(f->report.model_version);
    const uint64_t version = v.p != NULL ? tw_hash(all->seed, v.p, v.len) | 1 : r->version;
    const bool other = r->version != 0 && version != r->version;
    if (r->begin_ns == 0 || other)
        *r = (struct routine){.begin_ns = e->ts_ns, .limit = LEAST_LIMIT};
    r->version = version;
}

void tw_routines_event(struct tw_routines *all, const struct tw_event *e, struct tw_facts *facts)
{
    if (facts->actor.ai == 0)
        return;
    struct routine *r = &all->of[facts->actor.ai - 1];
    if (facts->change_open) {
        r->begin_ns = 0;
        return;
    }
    begin_anew(all, r, e, facts);
    const unsigned cell = cell_of(e, facts);
    if (cell == CELLS)
        return;
    facts->routine = close_window(all, r, e->ts_ns) ? &all->facts : NULL;
    r->now[cell]++;
    r->n++;
}
