#pragma once
/* The steps by which a series is followed, the same for learning and for judging. Constant memory.
 * Inside baseline/. */

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/timefmt.h"

enum { TW_TRACE_SLOPE = 5 }; /* values that a slope is measured over */

/* Of seconds that are not below 0. */
static inline int64_t tw_trace_ns(double seconds)
{
    return (int64_t)(fmin(seconds, 1e9) * (double)TW_NS_PER_S);
}

struct tw_trace {
    uint64_t n;
    double last, ring[TW_TRACE_SLOPE];
    unsigned n_ring;
    int64_t last_ns;
    int64_t changed_ns; /* when the present value was there first */
};

/* What one more value is to the one before. */
struct tw_move {
    bool joined;   /* they follow each other: nothing is missing in between */
    bool changed;  /* another value */
    double delta;  /* joined */
    double before; /* the value before */
    bool has_slope;
    double slope; /* change over TW_TRACE_SLOPE values */
    int64_t apart_ns;
    int64_t steady_ns; /* how long the value before stayed, up to now */
};

static inline struct tw_move tw_trace_add(
    struct tw_trace *t, double value, int64_t ts_ns, int64_t apart_limit_ns)
{
    struct tw_move m = {.before = t->last, .apart_ns = ts_ns - t->last_ns};
    m.joined = t->n > 0 && m.apart_ns <= apart_limit_ns;
    m.changed = t->n > 0 && !(value == t->last);
    m.delta = value - t->last;
    m.steady_ns = t->n > 0 ? ts_ns - t->changed_ns : 0;
    if (!m.joined)
        t->n_ring = 0;
    double *slot = &t->ring[t->n % TW_TRACE_SLOPE];
    m.has_slope = t->n_ring == TW_TRACE_SLOPE;
    m.slope = value - *slot;
    *slot = value;
    t->n_ring += t->n_ring < TW_TRACE_SLOPE;
    if (t->n == 0 || m.changed)
        t->changed_ns = ts_ns;
    t->last = value;
    t->last_ns = ts_ns;
    t->n++;
    return m;
}

/* The next value from the one before, and how far it usually is off. */
struct tw_ar1 {
    double phi, intercept, residual;
};

/* Sums of neighbours (x before y), relative to a first value so that no digits are lost. */
struct tw_pairs {
    double n, origin, x, y, xx, yy, xy;
};

static inline void tw_pairs_add(struct tw_pairs *p, double before, double now)
{
    if (p->n == 0)
        p->origin = before;
    const double x = before - p->origin, y = now - p->origin;
    p->n++;
    p->x += x;
    p->y += y;
    p->xx += x * x;
    p->yy += y * y;
    p->xy += x * y;
}

/* Least squares. Where the values do not vary, the next one is their mean. */
static inline struct tw_ar1 tw_pairs_fit(const struct tw_pairs *p)
{
    if (p->n < 2)
        return (struct tw_ar1){.phi = 0, .intercept = p->origin};
    const double var = p->n * p->xx - p->x * p->x;
    double phi = var > 0 ? (p->n * p->xy - p->x * p->y) / var : 0;
    phi = phi > 1 ? 1 : phi < -1 ? -1 : phi;
    const double c = (p->y - phi * p->x) / p->n;
    const double rest = p->yy + phi * phi * p->xx + p->n * c * c - 2 * phi * p->xy - 2 * c * p->y +
                        2 * phi * c * p->x;
    return (struct tw_ar1){.phi = phi,
        .intercept = c + p->origin * (1 - phi),
        .residual = rest > 0 ? sqrt(rest / p->n) : 0};
}

/* How far `now` is off, in deviations; at most 4, so that one wild value is no drift. */
static inline double tw_ar1_off(const struct tw_ar1 *m, double before, double now)
{
    const double off = now - (m->intercept + m->phi * before);
    if (!(m->residual > 0))
        return 0;
    const double most = 4 * m->residual;
    return off > most ? 4 : off < -most ? -4 : off / m->residual;
}

/* Page's sums of what goes one way, less a quarter deviation a value: they stay small as long as
 * what is left is noise around zero. */
struct tw_cusum {
    double up, down;
};
static inline double tw_cusum_add(struct tw_cusum *c, double off)
{
    const double slack = 0.25;
    const double up = c->up + off - slack, down = c->down - off - slack;
    c->up = up > 0 ? up : 0;
    c->down = down > 0 ? down : 0;
    return c->up > c->down ? c->up : c->down;
}
