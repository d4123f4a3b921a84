#include "baseline/series.h"

#include <stdlib.h>

#include "baseline/repeats.h"
#include "baseline/sample.h"
#include "baseline/trace.h"

enum {
    AGAIN_S = 30,           /* a deviation that lasts is told again */
    STEADY_TIMES = 3,       /* frozen: so many times the longest steady time … */
    STEADY_PERIODS_MIN = 6, /* … and a number of periods [still_periods()] … */
    STEADY_PERIODS_MAX = 20,
    MIN_UNCHANGED = 5, /* … and so many values, where they come without a change */
    APART_PERIODS = 5, /* values further apart are no neighbours */
    PAUSE_MIN_S = 2,
    BLOCK = 100, /* values that the variance of changes is taken over */
    UNREST_TIMES = 5,
    RANGE_OF = 5, /* outside: so many of the last ones … */
    RANGE_MIN = 3,
    DRIFT_MIN = 24, /* sum of deviations: some 30 days between false ones at one value a second … */
    DRIFT_TIMES = 2, /* … and so many times what was learned */
    SLOPE_TIMES = 2
};

/* What was seen in a short time is not all: the learned range is made wider by what so many more
 * values of its kind would have added to it, and by at least a tenth. */
static const double values_to_come = 1e4;
static const double least_margin = 0.1;

/* Series of one source, server and client. When one stands still and the others do not, it is not
 * the plant that stands still, nor the connection. */
struct group {
    uint64_t key;
    int64_t last_ns, changed_ns;
    int64_t pause_ns;   /* nothing for longer than that: the connection was away */
    int64_t resumed_ns; /* when it came back last */
    uint32_t measuring; /* series of it that are judged */
};

/* What follows from the profile, beside what changes with every value. */
struct limits {
    double low, high; /* outside begins there */
    struct tw_ar1 model;
    double drift, slope, unrest, step;
    int64_t apart_ns, frozen_ns;
};

struct one {
    const struct tw_baseline_entry *entry;
    struct group *group;
    struct limits limits;
    struct tw_trace trace;
    struct tw_cusum cusum;
    struct tw_repeats copy;
    uint32_t unchanged; /* values since the last change */
    uint8_t outside;    /* the last ones, a bit each */
    uint32_t block;     /* neighbours in the present block */
    double squares;     /* of their changes */
    uint32_t on;        /* deviations that are underway, a bit each */
    int64_t told_ns[TW_DEVIATION_KINDS];
    /* Of the last value. */
    uint64_t packet, flow;
    bool is_tcp;
    enum tw_protocol protocol;
    struct tw_endpoint src, dst;
};

struct tw_series {
    const struct tw_baseline *baseline;
    tw_deviation_fn fn;
    void *user;
    struct tw_seed seed;
    struct one *list; /* one for each of the baseline */
    size_t n;
    struct tw_table *index; /* struct tw_series_key to its number */
    struct group *groups;
    size_t n_groups;
    struct tw_series_stats stats;
};

static bool is_judged(const struct tw_baseline_entry *e)
{
    return e->kind == TW_SERIES_ANALOG && e->profile.samples > 0;
}

static struct group *group_of(struct tw_series *s, const struct tw_series_name *name)
{
    struct tw_series_name place = *name;
    place.object = place.field = TW_STR_NONE;
    const uint64_t key = tw_series_key(s->seed, &place).place;
    size_t i = 0;
    while (i < s->n_groups && s->groups[i].key != key)
        i++;
    if (i == s->n_groups)
        s->groups[s->n_groups++].key = key;
    return &s->groups[i];
}

/* Values that follow each other are alike: phi says how many of them are worth one. The largest of
 * n independent ones is about sqrt(2 ln n) deviations off. */
static double margin_of(const struct tw_profile *p)
{
    const double phi = fmax(0, fmin(p->phi, 0.999));
    const double n = fmax(2, p->samples * (1 - phi) / (1 + phi));
    const double more = sqrt(2 * log(fmax(n, values_to_come))) - sqrt(2 * log(n));
    return fmax(least_margin * (p->max - p->min), more * p->deviation);
}

/* After how many values that are alike chance is out of the question (one in a million), by how
 * often two that follow each other were alike. */
static double still_periods(const struct tw_profile *p)
{
    const double alike = (p->samples - p->changes) / (p->samples + 1);
    const double n = alike > 0 && alike < 1 ? log(1e-6) / log(alike) : STEADY_PERIODS_MAX;
    return fmax(STEADY_PERIODS_MIN, fmin(STEADY_PERIODS_MAX, n));
}

static struct limits limits_of(const struct tw_profile *p)
{
    const double margin = margin_of(p);
    return (struct limits){.low = p->min - margin,
        .high = p->max + margin,
        .model = {p->phi, p->intercept, p->residual},
        .drift = fmax(DRIFT_MIN, DRIFT_TIMES * p->excursion),
        .slope = SLOPE_TIMES * p->slope_max,
        .unrest = p->unrest,
        .step = 2 * p->step_max,
        .apart_ns = tw_trace_ns(APART_PERIODS * p->period_s),
        .frozen_ns = tw_trace_ns(fmax(STEADY_TIMES * p->steady_s, still_periods(p) * p->period_s))};
}

/* The quickest of them says how long all may be silent. */
static void note_period(struct group *g, int64_t apart_ns)
{
    const int64_t least_ns = PAUSE_MIN_S * TW_NS_PER_S;
    const int64_t pause_ns = apart_ns > least_ns ? apart_ns : least_ns;
    if (g->measuring++ == 0 || pause_ns < g->pause_ns)
        g->pause_ns = pause_ns;
}

static void take_entry(struct tw_series *s, size_t i)
{
    const struct tw_baseline_entry *e = tw_baseline_at(s->baseline, i);
    const struct tw_series_key key = tw_series_key(s->seed, &e->name);
    struct one *o = &s->list[i];
    o->entry = e;
    if (!is_judged(e))
        return;
    o->limits = limits_of(&e->profile);
    o->group = group_of(s, &e->name);
    note_period(o->group, o->limits.apart_ns);
    *(size_t *)tw_table_put(s->index, &key, NULL) = i;
    s->stats.active += e->active;
}

struct tw_series *tw_series_new(const struct tw_baseline *baseline, tw_deviation_fn fn, void *user)
{
    struct tw_series *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->baseline = baseline;
    s->fn = fn;
    s->user = user;
    s->seed = tw_seed_random();
    s->n = s->stats.series = tw_baseline_count(baseline);
    s->stats.digest = tw_baseline_digest(baseline);
    s->list = calloc(s->n + 1, sizeof(*s->list));
    s->groups = calloc(s->n + 1, sizeof(*s->groups));
    s->index = tw_table_new(sizeof(struct tw_series_key), sizeof(size_t), s->n + 1, s->seed);
    if (s->list == NULL || s->groups == NULL || s->index == NULL) {
        tw_series_free(s);
        return NULL;
    }
    for (size_t i = 0; i < s->n; i++)
        take_entry(s, i);
    return s;
}

void tw_series_free(struct tw_series *s)
{
    if (s == NULL)
        return;
    tw_table_free(s->index);
    free(s->groups);
    free(s->list);
    free(s);
}

struct tw_series_stats tw_series_stats(const struct tw_series *s)
{
    return s->stats;
}

/* The event of a deviation. What was seen of the value itself stays with it, where it is there. */
static void tell(struct tw_series *s, struct one *o, const struct tw_event *seen,
    const struct tw_deviation *d, int64_t ts_ns)
{
    const struct tw_series_name *name = &o->entry->name;
    struct tw_event e = {0};
    if (seen != NULL)
        e = *seen;
    e.ts_ns = ts_ns;
    e.packet = o->packet;
    e.flow = o->flow;
    e.phase = seen != NULL ? seen->phase : 1;
    e.request_ts_ns = 0;
    e.request_packet = 0;
    e.action = TW_ACTION_DEVIATION;
    e.protocol = o->protocol;
    e.is_tcp = o->is_tcp;
    e.src = o->src;
    e.dst = o->dst;
    e.object = name->object;
    e.field = name->field;
    e.value = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = o->trace.last};
    e.opcua = NULL; /* a data change that passes has none of it */
    e.deviation = d;
    s->fn(s->user, &e);
}

static bool begins(struct tw_series *s, struct one *o, enum tw_deviation_kind kind, int64_t ts_ns)
{
    const uint32_t bit = 1u << kind;
    if ((o->on & bit) != 0 && ts_ns - o->told_ns[kind] < AGAIN_S * TW_NS_PER_S)
        return false;
    const bool is_new = (o->on & bit) == 0;
    s->stats.deviations += is_new;
    o->on |= bit;
    o->told_ns[kind] = ts_ns;
    if (o->entry->active)
        return true;
    s->stats.shadowed += is_new;
    return false;
}

static void ends(struct one *o, enum tw_deviation_kind kind)
{
    o->on &= ~(1u << kind);
}

static struct tw_deviation deviation(const struct one *o, enum tw_deviation_kind kind)
{
    const struct tw_profile *p = &o->entry->profile;
    return (struct tw_deviation){.kind = kind,
        .low = p->min,
        .high = p->max,
        .steady_ns = tw_trace_ns(p->steady_s),
        .samples = (uint64_t)fmin(p->samples, 1e15)};
}

/* Since when it stands still, as far as anybody saw. */
static int64_t still_since_ns(const struct one *o)
{
    const int64_t changed_ns = o->trace.changed_ns, resumed_ns = o->group->resumed_ns;
    return changed_ns > resumed_ns ? changed_ns : resumed_ns;
}

/* Did the others go on through most of the time that this one stands still? One that is alone has
 * nobody to be held against. */
static bool others_move(const struct one *o, int64_t limit_ns)
{
    return o->group->measuring == 1 ||
           o->group->changed_ns >= still_since_ns(o) + limit_ns - limit_ns / 3;
}

static void judge_frozen(
    struct tw_series *s, struct one *o, const struct tw_event *seen, int64_t ts_ns)
{
    const int64_t limit_ns = o->limits.frozen_ns;
    const int64_t frozen_ns = ts_ns - still_since_ns(o);
    if (frozen_ns < limit_ns || limit_ns == 0 || !others_move(o, limit_ns) ||
        !begins(s, o, TW_DEVIATION_FROZEN, ts_ns))
        return;
    struct tw_deviation d = deviation(o, TW_DEVIATION_FROZEN);
    d.frozen_ns = frozen_ns;
    tell(s, o, seen, &d, ts_ns);
}

static void judge_range(struct tw_series *s, struct one *o, const struct tw_event *seen)
{
    const bool out = o->trace.last < o->limits.low || o->trace.last > o->limits.high;
    o->outside = (uint8_t)(((unsigned)o->outside << 1 | out) & ((1u << RANGE_OF) - 1));
    if (o->outside == 0)
        ends(o, TW_DEVIATION_RANGE);
    if (!out || __builtin_popcount(o->outside) < RANGE_MIN ||
        !begins(s, o, TW_DEVIATION_RANGE, o->trace.last_ns))
        return;
    const struct tw_deviation d = deviation(o, TW_DEVIATION_RANGE);
    tell(s, o, seen, &d, o->trace.last_ns);
}

static void judge_drift(
    struct tw_series *s, struct one *o, const struct tw_event *seen, const struct tw_move *m)
{
    const double limit = o->limits.drift;
    const double off = tw_ar1_off(&o->limits.model, m->before, o->trace.last);
    const double sum = tw_cusum_add(&o->cusum, off);
    if (sum < limit / 2)
        ends(o, TW_DEVIATION_DRIFT);
    /* What grew for an hour need not shrink for another one. */
    o->cusum.up = o->cusum.up < 2 * limit ? o->cusum.up : 2 * limit;
    o->cusum.down = o->cusum.down < 2 * limit ? o->cusum.down : 2 * limit;
    if (sum < limit || !begins(s, o, TW_DEVIATION_DRIFT, o->trace.last_ns))
        return;
    struct tw_deviation d = deviation(o, TW_DEVIATION_DRIFT);
    d.drift = sum / limit;
    tell(s, o, seen, &d, o->trace.last_ns);
}

static void judge_slope(
    struct tw_series *s, struct one *o, const struct tw_event *seen, const struct tw_move *m)
{
    if (!m->has_slope || fabs(m->slope) <= o->limits.slope) {
        ends(o, TW_DEVIATION_SLOPE);
        return;
    }
    const double largest = o->entry->profile.slope_max;
    if (largest <= 0 || !begins(s, o, TW_DEVIATION_SLOPE, o->trace.last_ns))
        return;
    struct tw_deviation d = deviation(o, TW_DEVIATION_SLOPE);
    d.slope = m->slope / largest;
    tell(s, o, seen, &d, o->trace.last_ns);
}

static void judge_block(struct tw_series *s, struct one *o, const struct tw_event *seen)
{
    const double unrest = o->squares / BLOCK / o->limits.unrest;
    const bool smooth = unrest<1.0 / UNREST_TIMES, rough = unrest> UNREST_TIMES;
    const enum tw_deviation_kind kind = smooth ? TW_DEVIATION_SMOOTH : TW_DEVIATION_ROUGH;
    if (!smooth)
        ends(o, TW_DEVIATION_SMOOTH);
    if (!rough)
        ends(o, TW_DEVIATION_ROUGH);
    if (!(smooth || rough) || !begins(s, o, kind, o->trace.last_ns))
        return;
    struct tw_deviation d = deviation(o, kind);
    d.unrest = unrest;
    tell(s, o, seen, &d, o->trace.last_ns);
}

/* One wild value does not make a stretch rough: a change counts as at most the largest learned. One
 * that stands still is frozen, not smooth. */
static void judge_unrest(
    struct tw_series *s, struct one *o, const struct tw_event *seen, const struct tw_move *m)
{
    const double size = fabs(m->delta), delta = size < o->limits.step ? size : o->limits.step;
    if (!(o->limits.unrest > 0))
        return;
    if (o->unchanged >= MIN_UNCHANGED) {
        o->block = 0;
        o->squares = 0;
        return;
    }
    o->squares += delta * delta;
    if (++o->block < BLOCK)
        return;
    judge_block(s, o, seen);
    o->block = 0;
    o->squares = 0;
}

static void judge_copy(struct tw_series *s, struct one *o, const struct tw_event *seen)
{
    const uint32_t repeats = tw_repeats_add(&o->copy, o->trace.last);
    if (repeats == 0) {
        ends(o, TW_DEVIATION_REPEATED);
        return;
    }
    /* What repeated itself when it was learned may do so. */
    if (o->entry->profile.repeats > 0 || !begins(s, o, TW_DEVIATION_REPEATED, o->trace.last_ns))
        return;
    struct tw_deviation d = deviation(o, TW_DEVIATION_REPEATED);
    d.repeats = repeats;
    d.lag = o->copy.lag;
    tell(s, o, seen, &d, o->trace.last_ns);
}

/* Where a read is answered, the server is who gives the value. */
static void note_ends(struct one *o, const struct tw_event *e)
{
    const bool asked = o->entry->name.source == TW_SERIES_READ;
    o->packet = e->packet;
    if (o->flow == e->flow && o->flow != 0)
        return;
    o->flow = e->flow;
    o->is_tcp = e->is_tcp;
    o->protocol = e->protocol;
    o->src = asked ? e->dst : e->src;
    o->dst = asked ? e->src : e->dst;
}

static void note_group(struct group *g, int64_t ts_ns)
{
    if (ts_ns - g->last_ns > g->pause_ns)
        g->resumed_ns = ts_ns;
    g->last_ns = ts_ns;
}

static void judge(struct tw_series *s, struct one *o, const struct tw_event *e, double value)
{
    s->stats.values++;
    s->stats.seen += o->packet == 0;
    note_ends(o, e);
    const struct tw_event *seen = e->object.p != NULL ? e : NULL;
    const struct tw_move m = tw_trace_add(&o->trace, value, e->ts_ns, o->limits.apart_ns);
    note_group(o->group, e->ts_ns);
    /* What comes without a change did not come for a while: it may have moved meanwhile. */
    if (!m.joined && o->entry->name.source != TW_SERIES_NOTIFY)
        o->trace.changed_ns = e->ts_ns;
    if (m.changed || o->trace.n == 1) {
        o->group->changed_ns = e->ts_ns;
        o->unchanged = 0;
        ends(o, TW_DEVIATION_FROZEN);
    } else if (++o->unchanged >= MIN_UNCHANGED) {
        judge_frozen(s, o, seen, e->ts_ns);
    }
    judge_range(s, o, seen);
    judge_copy(s, o, seen);
    if (!m.joined)
        return;
    judge_slope(s, o, seen, &m);
    judge_drift(s, o, seen, &m);
    judge_unrest(s, o, seen, &m);
}

/* A hole in what a client is told, or a monitored item that is given up: silence says nothing. */
static void forgive(struct tw_series *s, const struct tw_event *e)
{
    for (size_t i = 0; i < s->n; i++) {
        struct one *o = &s->list[i];
        if (o->entry->name.source != TW_SERIES_NOTIFY || o->flow != e->flow)
            continue;
        if (e->action == TW_ACTION_GAP || tw_str_eq(e->object, o->entry->name.object))
            o->trace.changed_ns = e->ts_ns;
    }
}

void tw_series_event(struct tw_series *s, const struct tw_event *e)
{
    struct tw_sample sample;
    if (e->action == TW_ACTION_GAP ||
        (e->action == TW_ACTION_UNSUBSCRIBE && e->protocol == TW_PROTO_OPCUA))
        forgive(s, e);
    if (!tw_sample_of(e, &sample) || e->object.len == 0 || e->object_null)
        return;
    const struct tw_series_name name = tw_sample_name(e, &sample);
    const struct tw_series_key key = tw_series_key(s->seed, &name);
    const size_t *at = tw_table_peek(s->index, &key);
    if (e->facts != NULL && e->facts->note != NULL)
        e->facts->note->series = at != NULL ? (uint32_t)*at + 1 : 0;
    if (at != NULL)
        judge(s, &s->list[*at], e, sample.value);
}

void tw_series_pass(
    struct tw_series *s, const struct tw_event *e, const struct tw_session_facts *facts)
{
    double value;
    if (facts->note == NULL || facts->note->series == 0 || !tw_value_number(&e->value, &value) ||
        !isfinite(value))
        return;
    judge(s, &s->list[facts->note->series - 1], e, value);
}

void tw_series_pass_value(struct tw_series *s, const struct tw_event *message,
    const struct tw_plain_value *value, const struct tw_thing_note *note)
{
    double number;
    if (note->series != 0 && tw_plain_number(value, &number) && isfinite(number))
        judge(s, &s->list[note->series - 1], message, number);
}

void tw_series_tick(struct tw_series *s, int64_t now_ns)
{
    for (size_t i = 0; i < s->n; i++) {
        struct one *o = &s->list[i];
        if (o->group == NULL || o->entry->name.source != TW_SERIES_NOTIFY || o->packet == 0)
            continue;
        /* The client is still told of others. */
        const int64_t deadline_ns = still_since_ns(o) + o->limits.frozen_ns;
        if (now_ns >= deadline_ns && o->group->last_ns >= deadline_ns)
            judge_frozen(s, o, NULL, o->group->last_ns);
    }
}
