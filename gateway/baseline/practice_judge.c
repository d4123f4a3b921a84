#include "baseline/practice_judge.h"

#include <math.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "baseline/practice.h"

/* From when on it is known what is usual. */
#define LEAST_DAY_S 86400.0
#define LEAST_WEEKS_S (28 * 86400.0)
#define LEAST_ACTS 200
#define LEAST_STEPS 2000
#define LEAST_LEFT 500   /* steps that begin with the same command */
#define LEAST_HOURS 1000 /* acts that make a week */
#define LEAST_COMMANDS 200
#define LEAST_WINDOWS 36 /* three hours of acting */

#define RARE 1e-4         /* probability of a step */
#define RARE_HOUR 0.001   /* share of all acts, the hours beside it included */
#define QUIET_S 2592000.0 /* a month: how seldom a usual pace may be taken for another one */
#define SURE 2.0          /* times the largest excursion that was learned */
#define TIMES 3.0         /* times the 99.9th percentile of bytes */
#define LEAST_BYTES 1e6
#define LIMIT_Z 4.0 /* deviations between two shares */
#define LIMIT_TIMES 2.0

enum {
    SLOTS = 12, /* of an hour */
    SLOT_S = 300,
    AGAIN_S = 1800, /* what lasts is told again after so long */
    RECENT = 64,    /* commands to a target */
    LEAST_RECENT = 32
};

/* Bytes of about the last hour. */
struct volume {
    int64_t slots[SLOTS];
    double bytes[SLOTS];
};

/* The last commands to a target, the latest in bit 0. */
struct recent {
    uint64_t at_limit;
    unsigned n;
};

struct one {
    const struct tw_practice *p;
    struct tw_practice_trace trace;
    double left[TW_PRACTICE_CLASSES], steps; /* learned steps that begin with a class, and all */
    double acts;                             /* of `hours` */
    struct tw_pace pace;
    int64_t busy_ns; /* since its sum is above 0 */
    double busy;     /* acts since then */
    uint64_t history_packet;
    struct volume history, egress;
    struct recent recent[TW_PRACTICE_TARGETS];
    struct tw_practice_window window;
    unsigned in_a_row;
    int64_t told_ns[TW_DEPARTURE_KINDS]; /* 0: never */
};

struct tw_practices {
    struct tw_seed seed;
    tw_departure_fn fn;
    void *user;
    struct one *list; /* by id */
    size_t n;
    struct one *last; /* who acted last; NULL: nobody of them */
};

static void begin(struct one *o, const struct tw_practice *p)
{
    o->p = p;
    o->trace.before = -1;
    for (unsigned i = 0; i < TW_PRACTICE_CLASSES; i++) {
        for (unsigned k = 0; k < TW_PRACTICE_CLASSES; k++)
            o->left[i] += p->steps[i][k];
        o->steps += o->left[i];
    }
    for (unsigned i = 0; i < TW_PRACTICE_HOURS; i++)
        o->acts += p->hours[i];
}

struct tw_practices *tw_practices_new(
    const struct tw_baseline *baseline, tw_departure_fn fn, void *user)
{
    struct tw_practices *all = calloc(1, sizeof(*all));
    if (all == NULL)
        return NULL;
    const struct tw_practice *p = tw_baseline_systems(baseline, &all->n);
    all->seed = tw_seed_random();
    all->fn = fn;
    all->user = user;
    all->list = calloc(all->n + 1, sizeof(*all->list));
    if (all->list == NULL) {
        free(all);
        return NULL;
    }
    for (size_t i = 0; i < all->n; i++)
        begin(&all->list[i], &p[i]);
    return all;
}

void tw_practices_free(struct tw_practices *p)
{
    if (p == NULL)
        return;
    free(p->list);
    free(p);
}

static struct one *find(struct tw_practices *all, struct tw_str id)
{
    size_t low = 0, high = all->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int c = tw_str_cmp(all->list[middle].p->ai_system, id);
        if (c == 0)
            return &all->list[middle];
        if (c < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void tell(struct tw_practices *all, const struct tw_event *seen, const struct tw_facts *f,
    const struct tw_departure *d)
{
    struct tw_event e = *seen;
    e.action = TW_ACTION_DEVIATION;
    e.deviation = NULL;
    e.departure = d;
    all->fn(all->user, &e, f);
}

/* What lasts is told at times only. */
static bool is_due(struct one *o, enum tw_departure_kind kind, int64_t ts_ns)
{
    int64_t *told_ns = &o->told_ns[kind];
    if (*told_ns != 0 && ts_ns - *told_ns < AGAIN_S * TW_NS_PER_S)
        return false;
    *told_ns = ts_ns;
    return true;
}

static struct tw_str class_name(const struct tw_practice *p, int class)
{
    return class < (int)p->n_classes ? p->classes[class] : TW_STR("another command");
}

/* The first command to a target since judging began: which way it goes is not known, though it was
 * learned that it goes some way. */
static bool is_first(const struct tw_practice *p, struct tw_str name)
{
    static const struct tw_str set = {" set", 4},
                               ways[] = {{" up", 3}, {" down", 5}, {" again", 6}};
    if (name.len <= set.len || memcmp(name.p + name.len - set.len, set.p, set.len) != 0)
        return false;
    const size_t stem = name.len - set.len;
    for (size_t i = 0; i < p->n_classes; i++) {
        const struct tw_str c = p->classes[i];
        if (c.len <= stem || memcmp(c.p, name.p, stem) != 0)
            continue;
        for (size_t k = 0; k < sizeof(ways) / sizeof(ways[0]); k++) {
            if (tw_str_eq((struct tw_str){c.p + stem, c.len - stem}, ways[k]))
                return true;
        }
    }
    return false;
}

static void judge_step(
    struct tw_practices *all, struct one *o, const struct tw_event *e, const struct tw_facts *f)
{
    enum { PAUSE_S = 3600 }; /* after which a sequence begins anew */
    char room[TW_PRACTICE_NAME];
    const struct tw_practice *p = o->p;
    const struct tw_str name = tw_practice_class(&o->trace, all->seed, e, f, room);
    const int found = name.p == NULL ? -1 : tw_practice_find(p->classes, p->n_classes, name);
    const int class = found < 0 ? TW_PRACTICE_CLASSES - 1 : found, before = o->trace.before;
    const bool joined = before >= 0 && e->ts_ns - o->trace.before_ns < PAUSE_S * TW_NS_PER_S;
    o->trace.before = class;
    o->trace.before_ns = e->ts_ns;
    if (name.p != NULL && is_first(p, name)) {
        o->trace.before = -1;
        return;
    }
    if (!joined || o->steps < LEAST_STEPS || o->left[before] < LEAST_LEFT ||
        p->steps[before][class] >= RARE * o->left[before])
        return;
    const struct tw_departure d = {.kind = TW_DEPARTURE_SEQUENCE,
        .now = p->steps[before][class],
        .usual = o->left[before],
        .before = class_name(p, before),
        .after = name.p != NULL ? name : class_name(p, class),
        .samples = o->steps};
    tell(all, e, f, &d);
}

static void judge_pace(
    struct tw_practices *all, struct one *o, const struct tw_event *e, const struct tw_facts *f)
{
    const struct tw_practice *p = o->p;
    if (p->acts < LEAST_ACTS || p->seconds < LEAST_DAY_S)
        return;
    const double per_s = p->acts / p->seconds;
    const double sum = tw_pace_add(&o->pace, per_s, e->ts_ns);
    const double quiet = log(fmax(per_s * QUIET_S, 2)) / log(2);
    if (sum <= 1) {
        o->busy_ns = e->ts_ns;
        o->busy = 0;
    }
    o->busy++;
    if (sum <= fmax(quiet, SURE * p->excursion))
        return;
    o->pace.sum = 0;
    const double busy_s = fmax(1, (double)(e->ts_ns - o->busy_ns) / (double)TW_NS_PER_S);
    const struct tw_departure d = {.kind = TW_DEPARTURE_PACE,
        .now = 60 * o->busy / busy_s,
        .usual = 60 * per_s,
        .samples = p->acts};
    if (is_due(o, d.kind, e->ts_ns))
        tell(all, e, f, &d);
}

static void judge_hour(
    struct tw_practices *all, struct one *o, const struct tw_event *e, const struct tw_facts *f)
{
    const struct tw_practice *p = o->p;
    const unsigned hour = tw_practice_hour(e->ts_ns);
    if (o->acts < LEAST_HOURS || p->seconds < LEAST_WEEKS_S)
        return;
    const double near = (double)p->hours[hour] + p->hours[(hour + 1) % TW_PRACTICE_HOURS] +
                        p->hours[(hour + TW_PRACTICE_HOURS - 1) % TW_PRACTICE_HOURS];
    const struct tw_departure d = {.kind = TW_DEPARTURE_HOURS,
        .now = 100 * near / o->acts,
        .usual = 100 * 3.0 / TW_PRACTICE_HOURS,
        .samples = o->acts};
    if (near < RARE_HOUR * o->acts && is_due(o, d.kind, e->ts_ns))
        tell(all, e, f, &d);
}

/* Two shares, of what was learned and of the last commands [two-proportion z]. */
static double share_z(double n, double of, double learned, double of_learned)
{
    const double p = (n + learned) / (of + of_learned);
    const double v = p * (1 - p) * (1 / of + 1 / of_learned);
    return v > 0 ? (n / of - learned / of_learned) / sqrt(v) : 0;
}

static void judge_limit(
    struct tw_practices *all, struct one *o, const struct tw_event *e, const struct tw_facts *f)
{
    bool at_limit;
    size_t i = 0;
    if (!tw_practice_limit(e, f, &at_limit))
        return;
    while (i < o->p->n_targets && !tw_str_eq(o->p->targets[i].on, f->variable.id))
        i++;
    if (i == o->p->n_targets)
        return;
    const struct tw_practice_target *t = &o->p->targets[i];
    struct recent *r = &o->recent[i];
    r->at_limit = r->at_limit << 1 | at_limit;
    r->n += r->n < RECENT;
    const double n = (double)__builtin_popcountll(r->at_limit);
    if (!at_limit || r->n < LEAST_RECENT || t->commands < LEAST_COMMANDS ||
        t->at_limit > t->commands || n / r->n <= LIMIT_TIMES * t->at_limit / t->commands ||
        share_z(n, r->n, t->at_limit, t->commands) <= LIMIT_Z)
        return;
    const struct tw_departure d = {.kind = TW_DEPARTURE_LIMIT,
        .now = 100 * n / r->n,
        .usual = 100 * t->at_limit / t->commands,
        .samples = t->commands};
    tell(all, e, f, &d);
}

static double add_bytes(struct volume *v, double bytes, int64_t ts_ns)
{
    const int64_t number = ts_ns / (SLOT_S * TW_NS_PER_S);
    const size_t at = (size_t)((number % SLOTS + SLOTS) % SLOTS);
    double sum = 0;
    if (v->slots[at] != number)
        v->bytes[at] = 0;
    v->slots[at] = number;
    v->bytes[at] += bytes;
    for (size_t i = 0; i < SLOTS; i++)
        sum += number - v->slots[i] < SLOTS ? v->bytes[i] : 0;
    return sum;
}

static void judge_volume(struct tw_practices *all, struct one *o, const struct tw_event *e,
    const struct tw_facts *f, enum tw_departure_kind kind, double bytes)
{
    const bool egress = kind == TW_DEPARTURE_EGRESS;
    const struct tw_practice_volume *v = egress ? &o->p->egress : &o->p->history;
    const double sum = add_bytes(egress ? &o->egress : &o->history, bytes, e->ts_ns);
    const struct tw_departure d = {.kind = kind, .now = sum, .usual = v->q999, .samples = v->hours};
    if (o->p->seconds >= LEAST_DAY_S && sum > LEAST_BYTES && sum > TIMES * v->q999 &&
        is_due(o, kind, e->ts_ns))
        tell(all, e, f, &d);
}

static void judge_mix(struct tw_practices *all, struct one *o, const struct tw_event *e,
    const struct tw_facts *f, unsigned cell)
{
    struct tw_mix was;
    const struct tw_practice *p = o->p;
    const double limit = fmax(TW_MIX_LEAST_LIMIT, TW_MIX_MARGIN * p->divergence);
    if (p->windows < LEAST_WINDOWS)
        return;
    if (tw_practice_window_ends(&o->window, e->ts_ns, &was)) {
        const double d = tw_mix_divergence(&was, &p->mix);
        o->in_a_row = was.n > 0 && d > limit ? o->in_a_row + 1 : 0;
        const struct tw_mix_rise rise = tw_mix_rise(&was, &p->mix);
        const struct tw_departure told = {.kind = TW_DEPARTURE_ROUTINE,
            .now = d,
            .usual = limit,
            .action = rise.action,
            .on = rise.on,
            .share = rise.share,
            .share_usual = rise.usual,
            .samples = p->windows};
        if (o->in_a_row >= TW_MIX_IN_A_ROW)
            tell(all, e, f, &told);
    }
    o->window.mix.cells[cell]++;
    o->window.mix.n++;
}

void tw_practices_event(
    struct tw_practices *all, const struct tw_event *e, const struct tw_facts *f)
{
    struct tw_practice_deed deed;
    if (all->n == 0 || !tw_practice_deed_of(e, f, &deed))
        return;
    if (all->last == NULL || !tw_str_eq(all->last->p->ai_system, f->actor.id))
        all->last = find(all, f->actor.id);
    struct one *o = all->last;
    if (o == NULL)
        return;
    if (deed.cell < TW_MIX_CELLS)
        judge_mix(all, o, e, f, deed.cell);
    const double history = tw_practice_history(e, &o->history_packet);
    if (history > 0)
        judge_volume(all, o, e, f, TW_DEPARTURE_HISTORY, history);
    if (deed.egress > 0)
        judge_volume(all, o, e, f, TW_DEPARTURE_EGRESS, deed.egress);
    if (!deed.act)
        return;
    judge_step(all, o, e, f);
    judge_pace(all, o, e, f);
    judge_hour(all, o, e, f);
    judge_limit(all, o, e, f);
}
