#include "baseline/learner.h"

#include <stdlib.h>

#include "base/limits.h"
#include "baseline/repeats.h"
#include "baseline/sample.h"
#include "baseline/trace.h"

enum {
    HOLE_S = 60,       /* without any event: the capture saw nothing, or another one begins */
    FIRST_FIT = 64,    /* neighbours that the first model is made of */
    MIN_INTERVALS = 8, /* before that nobody knows what the period is */
    APART_PERIODS = 5  /* values further apart are no neighbours */
};

/* Mean and deviation, one by one [Welford]. */
struct mean {
    double n, mean, m2;
};

struct learned {
    struct tw_series_name name; /* its texts are those below */
    char object[TW_SERIES_OBJECT], field[TW_SERIES_FIELD], variable[TW_SERIES_VARIABLE];
    struct tw_trace trace;
    struct mean value, interval;
    double min, max, changes, rising, repeats, squares, neighbours;
    double step_max, slope_max, resolution;
    int64_t steady_ns;
    struct tw_pairs pairs;
    struct tw_ar1 model; /* of the values up to the last power of two */
    struct tw_cusum cusum;
    double excursion;
    struct tw_repeats copy;
};

struct tw_learner {
    struct tw_seed seed;
    struct tw_table *table;
    struct tw_practice_learner *practice;
    int64_t observed_ns;                /* without the holes */
    int64_t first_ns, last_ns, hole_ns; /* what lies before the hole joins nothing after it */
    struct tw_learner_stats stats;
};

struct tw_learner *tw_learner_new(size_t most)
{
    struct tw_learner *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return NULL;
    l->seed = tw_seed_random();
    l->table = tw_table_new(sizeof(struct tw_series_key), sizeof(struct learned), most, l->seed);
    l->practice = tw_practice_learner_new();
    if (l->table != NULL && l->practice != NULL)
        return l;
    tw_learner_free(l);
    return NULL;
}

void tw_learner_free(struct tw_learner *l)
{
    if (l == NULL)
        return;
    tw_table_free(l->table);
    tw_practice_learner_free(l->practice);
    free(l);
}

static void mean_add(struct mean *m, double x)
{
    const double d = x - m->mean;
    m->n++;
    m->mean += d / m->n;
    m->m2 += d * (x - m->mean);
}

static double mean_deviation(const struct mean *m)
{
    return m->n > 0 ? sqrt(m->m2 / m->n) : 0;
}

/* A name that the file can hold: text without control characters. */
static bool is_name(struct tw_str s, size_t max)
{
    for (size_t i = 0; i < s.len && i <= max; i++) {
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return false;
    }
    return s.len <= max && tw_utf8_valid(s);
}

static struct tw_str keep(char *to, size_t size, struct tw_str s)
{
    const size_t n = s.len < size ? s.len : size;
    if (n == 0)
        return TW_STR_NONE;
    memcpy(to, s.p, n);
    return (struct tw_str){to, n};
}

/* Entries do not move, so that texts may be pointed to. */
static void begin(struct learned *s, const struct tw_series_name *name)
{
    s->name = *name;
    s->name.object = keep(s->object, sizeof(s->object), name->object);
    s->name.field = keep(s->field, sizeof(s->field), name->field);
    s->name.variable = keep(s->variable, sizeof(s->variable), name->variable);
}

static int64_t apart_limit_ns(const struct learned *s)
{
    if (s->interval.n < MIN_INTERVALS)
        return INT64_MAX;
    return tw_trace_ns(fmax(0, APART_PERIODS * s->interval.mean));
}

/* The thresholds come from what the model of the values so far makes of those that follow. */
static void learn_drift(struct learned *s, const struct tw_move *m, double value)
{
    if (s->pairs.n >= FIRST_FIT) {
        const double off = tw_ar1_off(&s->model, m->before, value);
        s->excursion = fmax(s->excursion, tw_cusum_add(&s->cusum, off));
    }
    tw_pairs_add(&s->pairs, m->before, value);
    const uint64_t n = (uint64_t)s->pairs.n;
    if (n < FIRST_FIT || (n & (n - 1)) != 0)
        return;
    s->model = tw_pairs_fit(&s->pairs);
    s->cusum = (struct tw_cusum){.up = 0};
}

static void learn_change(struct learned *s, const struct tw_move *m)
{
    const double size = fabs(m->delta);
    s->neighbours++;
    s->squares += m->delta * m->delta;
    s->step_max = fmax(s->step_max, size);
    if (m->has_slope)
        s->slope_max = fmax(s->slope_max, fabs(m->slope));
}

static void learn(struct learned *s, double value, int64_t ts_ns)
{
    const struct tw_move m = tw_trace_add(&s->trace, value, ts_ns, apart_limit_ns(s));
    s->min = s->value.n > 0 ? fmin(s->min, value) : value;
    s->max = s->value.n > 0 ? fmax(s->max, value) : value;
    mean_add(&s->value, value);
    s->repeats += tw_repeats_add(&s->copy, value) > 0;
    if (s->trace.n == 1)
        return;
    mean_add(&s->interval, (double)m.apart_ns / (double)TW_NS_PER_S);
    if (m.steady_ns > s->steady_ns)
        s->steady_ns = m.steady_ns;
    if (m.changed) {
        s->changes++;
        s->rising += m.delta > 0;
        s->resolution = s->resolution > 0 ? fmin(s->resolution, fabs(m.delta)) : fabs(m.delta);
    }
    if (m.joined) {
        learn_change(s, &m);
        learn_drift(s, &m, value);
    }
}

static void note_time(struct tw_learner *l, int64_t ts_ns)
{
    if (l->first_ns == 0)
        l->first_ns = ts_ns;
    else if (ts_ns - l->last_ns > HOLE_S * TW_NS_PER_S)
        l->hole_ns = ts_ns;
    else if (ts_ns > l->last_ns)
        l->observed_ns += ts_ns - l->last_ns;
    if (ts_ns > l->last_ns)
        l->last_ns = ts_ns;
}

static double observed_s(const struct tw_learner *l)
{
    return (double)l->observed_ns / (double)TW_NS_PER_S;
}

void tw_learner_event(struct tw_learner *l, const struct tw_event *e, const struct tw_facts *facts)
{
    struct tw_sample sample;
    bool created;
    note_time(l, e->ts_ns);
    tw_practice_learner_event(l->practice, e, facts, observed_s(l), l->hole_ns);
    if (!tw_sample_of(e, &sample) || e->object.len == 0 || e->object_null)
        return;
    struct tw_series_name name = tw_sample_name(e, &sample);
    if (facts->variable.is_value)
        name.variable = tw_utf8_cut(facts->variable.id, TW_SERIES_VARIABLE);
    l->stats.values++;
    if (!is_name(name.object, TW_SERIES_OBJECT) || !is_name(name.field, TW_SERIES_FIELD)) {
        l->stats.unnamed++;
        return;
    }
    const struct tw_series_key key = tw_series_key(l->seed, &name);
    struct learned *s = tw_table_put(l->table, &key, &created);
    if (created)
        begin(s, &name);
    if (l->hole_ns > s->trace.last_ns)
        s->trace = (struct tw_trace){.n = 0};
    learn(s, sample.value, e->ts_ns);
}

static struct tw_profile profile_of(const struct learned *s)
{
    const struct tw_ar1 model = tw_pairs_fit(&s->pairs);
    return (struct tw_profile){.samples = s->value.n,
        .changes = s->changes,
        .rising = s->changes > 0 ? s->rising / s->changes : 0,
        .repeats = s->repeats,
        .min = s->min,
        .max = s->max,
        .mean = s->value.mean,
        .deviation = mean_deviation(&s->value),
        .phi = model.phi,
        .intercept = model.intercept,
        .residual = model.residual,
        .excursion = s->excursion,
        .unrest = s->neighbours > 0 ? s->squares / s->neighbours : 0,
        .step_max = s->step_max,
        .slope_max = s->slope_max,
        .resolution = s->resolution,
        .period_s = s->interval.mean,
        .period_deviation_s = mean_deviation(&s->interval),
        .steady_s = (double)s->steady_ns / (double)TW_NS_PER_S};
}

/* Values of the size of the largest numbers leave none to tell anything by. */
static bool is_finite(struct tw_profile *p)
{
    bool ok = true;
    for (size_t i = 0; i < tw_profile_numbers_count; i++) {
        double *at = tw_profile_at(p, i);
        if (isfinite(*at) && (*at >= 0 || tw_profile_numbers[i].below_zero))
            continue;
        *at = 0;
        ok = false;
    }
    return ok;
}

static int order(const void *a, const void *b)
{
    const struct tw_baseline_entry *x = a, *y = b;
    return tw_series_name_cmp(&x->name, &y->name);
}

/* Those with most values first; by name where they have as many, so that it is always the same. */
static int by_values(const void *a, const void *b)
{
    const struct tw_baseline_entry *x = a, *y = b;
    const double m = x->profile.samples, n = y->profile.samples;
    return m != n ? (m < n ? 1 : -1) : order(a, b);
}

void tw_learner_write(struct tw_learner *l, struct tw_text *out)
{
    size_t n = 0, n_systems = 0;
    struct tw_baseline_entry *entries = calloc(tw_table_size(l->table) + 1, sizeof(*entries));
    struct tw_practice *systems = tw_practice_learner_list(l->practice, observed_s(l), &n_systems);
    if (entries == NULL || systems == NULL) {
        out->failed = true;
        free(entries);
        free(systems);
        return;
    }
    l->stats.judged = 0;
    for (struct learned *s = tw_table_oldest(l->table); s != NULL;
         s = tw_table_newer(l->table, s)) {
        struct tw_baseline_entry *e = &entries[n++];
        e->name = s->name;
        e->profile = profile_of(s);
        const bool finite = is_finite(&e->profile);
        e->kind = tw_profile_kind(&e->profile);
        e->active = finite && tw_profile_is_active(&e->profile);
        l->stats.judged += e->active && e->kind == TW_SERIES_ANALOG;
    }
    const size_t room = tw_baseline_room(systems, n_systems);
    if (n > room) {
        qsort(entries, n, sizeof(*entries), by_values);
        l->stats.left_out = n - room;
        n = room;
    }
    qsort(entries, n, sizeof(*entries), order);
    const struct tw_baseline_content content = {
        l->first_ns, l->last_ns, entries, n, systems, n_systems};
    l->stats.systems = n_systems;
    tw_baseline_write(&content, out);
    free(entries);
    free(systems);
}

struct tw_learner_stats tw_learner_stats(const struct tw_learner *l)
{
    struct tw_learner_stats s = l->stats;
    s.series = tw_table_size(l->table);
    s.evictions = tw_table_evictions(l->table) + tw_practice_learner_evictions(l->practice);
    return s;
}
