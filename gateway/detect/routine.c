#include <math.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "baseline/mix.h"
#include "detect/conduct.h"

enum { LEARNED = 12 }; /* windows: an hour */

struct routine {
    uint64_t version; /* that it reported last; 0: none */
    int64_t begin_ns; /* of the window; 0: nothing is known */
    struct tw_mix now, usual;
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

/* ---- windows */

/* True where it was unlike what is usual, for the third time in a row or more. */
static bool judge(struct routine *r, struct tw_routine_facts *out)
{
    const double d = tw_mix_divergence(&r->now, &r->usual);
    r->in_a_row = d > r->limit ? r->in_a_row + 1 : 0;
    if (r->in_a_row < TW_MIX_IN_A_ROW)
        return false;
    const struct tw_mix_rise rise = tw_mix_rise(&r->now, &r->usual);
    *out = (struct tw_routine_facts){.windows = r->in_a_row,
        .divergence = round(d * 100) / 100,
        .limit = round(r->limit * 100) / 100,
        .action = rise.action,
        .on = rise.on,
        .share = rise.share,
        .usual = rise.usual};
    return true;
}

static bool close_window(struct tw_routines *all, struct routine *r, int64_t now_ns)
{
    const int64_t passed_ns = now_ns - r->begin_ns, window_ns = TW_MIX_WINDOW_S * TW_NS_PER_S;
    bool told = false;
    if (passed_ns < window_ns)
        return false;
    /* A pause, or a hole in the capture: it is not what it does all the time. */
    const bool whole = passed_ns < 2 * window_ns && all->pulse->hole_ns <= r->begin_ns;
    if (r->now.n < TW_MIX_LEAST || !whole) {
        r->in_a_row = 0;
    } else if (r->learned < LEARNED) {
        tw_mix_learn(&r->usual, &r->now, &r->limit);
        r->learned++;
    } else {
        told = judge(r, &all->facts);
    }
    r->now = (struct tw_mix){.n = 0};
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
        *r = (struct routine){.begin_ns = e->ts_ns, .limit = TW_MIX_LEAST_LIMIT};
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
    const unsigned cell = tw_mix_cell(e, facts);
    if (cell == TW_MIX_CELLS)
        return;
    facts->routine = close_window(all, r, e->ts_ns) ? &all->facts : NULL;
    r->now.cells[cell]++;
    r->now.n++;
}
