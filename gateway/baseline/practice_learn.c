/* Learning what AI systems do all week. */

#include <math.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/table.h"
#include "base/timefmt.h"
#include "baseline/practice.h"

enum {
    FIRST_PACE = 64, /* acts that the first usual pace is made of */
    BINS = 512       /* of bytes within an hour, each 4 % wider than the one before */
};
#define BIN_WIDTH 0.04 /* in natural logarithms */

/* Bytes hour by hour: how often so many. */
struct volume {
    int64_t hour;
    double bytes, hours;
    uint32_t bins[BINS];
};

struct learned {
    struct tw_practice p; /* its texts are those below */
    char id[TW_PRACTICE_NAME], names[TW_PRACTICE_CLASSES][TW_PRACTICE_NAME],
        targets[TW_PRACTICE_TARGETS][TW_PRACTICE_NAME];
    struct tw_practice_trace trace;
    struct tw_pace pace;
    double per_s;
    uint64_t history_packet;
    struct volume history, egress;
    struct tw_practice_window window;
    double limit; /* of divergence, of windows so far */
};

struct tw_practice_learner {
    struct tw_seed seed;
    struct tw_table *systems;
};

struct tw_practice_learner *tw_practice_learner_new(void)
{
    struct tw_practice_learner *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return NULL;
    l->seed = tw_seed_random();
    l->systems =
        tw_table_new(sizeof(uint32_t), sizeof(struct learned), TW_BASELINE_MAX_SYSTEMS, l->seed);
    if (l->systems != NULL)
        return l;
    free(l);
    return NULL;
}

void tw_practice_learner_free(struct tw_practice_learner *l)
{
    if (l == NULL)
        return;
    tw_table_free(l->systems);
    free(l);
}

static struct tw_str keep(char *to, struct tw_str s)
{
    memcpy(to, s.p, s.len);
    return (struct tw_str){to, s.len};
}

/* NULL: its id is longer than any that the file holds. */
static struct learned *of(struct tw_practice_learner *l, const struct tw_facts *f)
{
    bool created;
    if (f->actor.id.p == NULL || f->actor.id.len > TW_PRACTICE_NAME)
        return NULL;
    struct learned *s = tw_table_put(l->systems, &f->actor.ai, &created);
    if (!created)
        return s;
    s->p.ai_system = keep(s->id, f->actor.id);
    s->trace.before = -1;
    return s;
}

static void learn_step(struct tw_practice_learner *l, struct learned *s, const struct tw_event *e,
    const struct tw_facts *f, int64_t hole_ns)
{
    char room[TW_PRACTICE_NAME];
    const struct tw_str name = tw_practice_class(&s->trace, l->seed, e, f, room);
    int class = name.p == NULL ? -1 : tw_practice_find(s->p.classes, s->p.n_classes, name);
    if (class < 0 && name.p != NULL && s->p.n_classes < TW_PRACTICE_CLASSES - 1) {
        class = (int)s->p.n_classes++;
        s->p.classes[class] = keep(s->names[class], name);
    }
    class = class < 0 ? TW_PRACTICE_CLASSES - 1 : class;
    if (s->trace.before >= 0 && s->trace.before_ns >= hole_ns)
        s->p.steps[s->trace.before][class]++;
    s->trace.before = class;
    s->trace.before_ns = e->ts_ns;
}

/* The threshold comes from what the pace so far makes of the acts that follow, as for drift. */
static void learn_pace(struct learned *s, int64_t ts_ns, double observed_s)
{
    if (s->per_s > 0)
        s->p.excursion = fmax(s->p.excursion, tw_pace_add(&s->pace, s->per_s, ts_ns));
    const uint64_t n = (uint64_t)++s->p.acts;
    if (n < FIRST_PACE || (n & (n - 1)) != 0 || observed_s < 1)
        return;
    s->per_s = s->p.acts / observed_s;
    s->pace = (struct tw_pace){.last_ns = ts_ns};
}

static void learn_limit(struct learned *s, const struct tw_event *e, const struct tw_facts *f)
{
    bool at_limit;
    size_t i = 0;
    if (!tw_practice_limit(e, f, &at_limit))
        return;
    while (i < s->p.n_targets && !tw_str_eq(s->p.targets[i].on, f->variable.id))
        i++;
    if (i == TW_PRACTICE_TARGETS)
        return;
    if (i == s->p.n_targets) {
        s->p.targets[i].on = keep(s->targets[i], f->variable.id);
        s->p.n_targets++;
    }
    s->p.targets[i].commands++;
    s->p.targets[i].at_limit += at_limit;
}

static void close_hour(struct volume *v)
{
    if (v->bytes <= 0)
        return;
    const double at = log(v->bytes) / BIN_WIDTH;
    v->bins[at < 0 ? 0 : at >= BINS ? BINS - 1 : (size_t)at]++;
    v->hours++;
    v->bytes = 0;
}

static void learn_volume(struct volume *v, double bytes, int64_t ts_ns)
{
    const int64_t hour = ts_ns / (3600 * TW_NS_PER_S);
    if (hour != v->hour)
        close_hour(v);
    v->hour = hour;
    v->bytes += bytes;
}

static void learn_mix(struct learned *s, unsigned cell, int64_t ts_ns, int64_t hole_ns)
{
    struct tw_mix was;
    const bool hole = s->window.begin_ns < hole_ns;
    if (tw_practice_window_ends(&s->window, ts_ns, &was) && was.n > 0 && !hole) {
        tw_mix_learn(&s->p.mix, &was, &s->limit);
        s->p.windows++;
    }
    s->window.mix.cells[cell]++;
    s->window.mix.n++;
}

void tw_practice_learner_event(struct tw_practice_learner *l, const struct tw_event *e,
    const struct tw_facts *f, double observed_s, int64_t hole_ns)
{
    struct tw_practice_deed deed;
    if (!tw_practice_deed_of(e, f, &deed))
        return;
    struct learned *s = of(l, f);
    if (s == NULL)
        return;
    if (deed.cell < TW_MIX_CELLS)
        learn_mix(s, deed.cell, e->ts_ns, hole_ns);
    const double history = tw_practice_history(e, &s->history_packet);
    if (history > 0)
        learn_volume(&s->history, history, e->ts_ns);
    if (deed.egress > 0)
        learn_volume(&s->egress, deed.egress, e->ts_ns);
    if (!deed.act)
        return;
    learn_step(l, s, e, f, hole_ns);
    learn_pace(s, e->ts_ns, observed_s);
    learn_limit(s, e, f);
    s->p.hours[tw_practice_hour(e->ts_ns)]++;
}

/* The upper end of the bin in which that percentile lies. */
static struct tw_practice_volume volume_of(struct volume *v)
{
    double before = 0;
    close_hour(v);
    const double rank = ceil(0.999 * v->hours);
    for (size_t i = 0; v->hours > 0 && i < BINS; i++) {
        before += v->bins[i];
        if (before >= rank)
            return (struct tw_practice_volume){
                .hours = v->hours, .q999 = ceil(exp((double)(i + 1) * BIN_WIDTH))};
    }
    return (struct tw_practice_volume){.hours = 0};
}

static int by_id(const void *a, const void *b)
{
    const struct tw_practice *x = a, *y = b;
    return tw_str_cmp(x->ai_system, y->ai_system);
}

struct tw_practice *tw_practice_learner_list(
    struct tw_practice_learner *l, double observed_s, size_t *out_n)
{
    size_t n = 0;
    struct tw_practice *list = calloc(tw_table_size(l->systems) + 1, sizeof(*list));
    if (list == NULL)
        return NULL;
    for (struct learned *s = tw_table_oldest(l->systems); s != NULL;
         s = tw_table_newer(l->systems, s)) {
        s->p.seconds = round(observed_s);
        s->p.history = volume_of(&s->history);
        s->p.egress = volume_of(&s->egress);
        s->p.divergence = s->limit / TW_MIX_MARGIN;
        list[n++] = s->p;
    }
    qsort(list, n, sizeof(*list), by_id);
    *out_n = n;
    return list;
}

uint64_t tw_practice_learner_evictions(const struct tw_practice_learner *l)
{
    return tw_table_evictions(l->systems);
}
