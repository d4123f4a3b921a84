#include <math.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "detect/acts.h"

enum {
    MAX_TARGETS = 4096,
    HISTORY = 32, /* commands that say what is usual … */
    LEAST = 8,    /* … and how many there have to be */
    STEPS = 10,
    KEPT = STEPS + 1, /* steps whose directions are kept */
    SLOTS = 6,        /* of an hour, for the share of commands at a limit */
    SLOT_S = 600,
    LEAST_DRIFT = 5 /* commands that make a drift */
};

/* Of the steps in one direction, added up beyond what is slack. */
struct drift {
    double sum;
    unsigned n;
};

struct slot {
    int64_t number;
    unsigned n, at_limit;
};

/* How the commands to one target go, whoever gives them. */
struct target {
    int64_t ts_ns;
    size_t n; /* accepted so far */
    double values[HISTORY];
    size_t n_steps;
    double steps[KEPT]; /* of more than a hundredth of the range */
    int direction;      /* of the last step: -1, 1; 0: there was none */
    unsigned same;      /* steps in it */
    double travel;      /* and how far they went, signed */
    struct drift up, down;
    struct slot slots[SLOTS];
};

struct tw_courses {
    const struct tw_pulse *pulse;
    struct tw_table *targets;
};

struct tw_courses *tw_courses_new(const struct tw_pulse *pulse)
{
    struct tw_courses *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->pulse = pulse;
    c->targets = tw_table_new(
        sizeof(struct tw_place_id), sizeof(struct target), MAX_TARGETS, tw_seed_random());
    if (c->targets != NULL)
        return c;
    free(c);
    return NULL;
}

void tw_courses_free(struct tw_courses *c)
{
    if (c == NULL)
        return;
    tw_table_free(c->targets);
    free(c);
}

void tw_courses_adopt(struct tw_courses *c, struct tw_courses *old)
{
    struct tw_table *targets = old->targets;
    old->targets = c->targets;
    c->targets = targets;
}

uint64_t tw_courses_evictions(const struct tw_courses *c)
{
    return tw_table_evictions(c->targets);
}

/* ---- a value in another unit, or with its point in another place */

static int order(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What mistakes make of a value: factor and offset. */
static const struct {
    double factor, offset;
    const char *name;
} slips[] = {
    {10, 0, "ten times"},
    {0.1, 0, "a tenth of"},
    {100, 0, "a hundred times"},
    {0.01, 0, "a hundredth of"},
    {1000, 0, "a thousand times"},
    {0.001, 0, "a thousandth of"},
    {60, 0, "minutes as seconds of"},
    {1.0 / 60, 0, "seconds as minutes of"},
    {3600, 0, "hours as seconds of"},
    {1.0 / 3600, 0, "seconds as hours of"},
    {1.8, 32, "degrees Fahrenheit of"},
    {1 / 1.8, -32 / 1.8, "degrees Celsius of"},
    {14.503774, 0, "psi of bar for"},
    {1 / 14.503774, 0, "bar of psi for"},
    {6.894757, 0, "kPa of psi for"},
    {1 / 6.894757, 0, "psi of kPa for"},
    {1000 / 453.59237, 0, "pounds of kilograms for"},
    {453.59237 / 1000, 0, "kilograms of pounds for"},
};

static const char *slip_of(double value, double usual)
{
    enum { PERCENT = 5 };
    for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
        const double wrong = usual * slips[i].factor + slips[i].offset;
        if (fabs(value - wrong) <= fabs(wrong) * PERCENT / 100)
            return slips[i].name;
    }
    return NULL;
}

/* Only what was steady has a unit: all commands so far are within a factor of two, and this one is
 * not. */
static void judge_unit(const struct target *t, const struct tw_command *c, struct tw_act_facts *out)
{
    double sorted[HISTORY];
    const size_t n = t->n < HISTORY ? t->n : HISTORY;
    if (n < LEAST || !c->is_quantity)
        return;
    memcpy(sorted, t->values, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), order);
    const double low = sorted[0], high = sorted[n - 1], usual = sorted[n / 2];
    const bool steady = low * high > 0 && fmax(fabs(low), fabs(high)) <= 2 * fabs(usual) &&
                        fmin(fabs(low), fabs(high)) * 2 >= fabs(usual);
    if (!steady || (c->value >= low / 1.5 && c->value <= high * 1.5))
        return;
    out->slip = slip_of(c->value, usual);
    out->usual = usual;
}

/* ---- directions */

static void add_drift(struct drift *d, double step)
{
    const double slack = 0.005, most = 0.1;
    d->sum += step - slack;
    d->n++;
    if (d->sum <= 0 || fabs(step) > most) /* a large step does not creep */
        *d = (struct drift){.n = 0};
}

/* `step` is a share of the range. */
static void add_step(struct target *t, double step)
{
    const int direction = step > 0 ? 1 : -1;
    if (direction != t->direction) {
        t->same = 0;
        t->travel = 0;
    }
    t->direction = direction;
    t->same++;
    t->travel += step;
    add_drift(&t->up, step);
    add_drift(&t->down, -step);
    if (fabs(step) > 0.01)
        t->steps[t->n_steps++ % KEPT] = step;
}

/* How many of the last steps went back. */
static void count_flips(const struct target *t, struct tw_act_facts *out)
{
    double sum = 0;
    out->flips = 0;
    if (t->n_steps < KEPT)
        return;
    for (size_t i = 1; i < KEPT; i++) {
        const double step = t->steps[(t->n_steps + i) % KEPT];
        const double before = t->steps[(t->n_steps + i - 1) % KEPT];
        out->flips += step * before < 0;
        sum += fabs(step);
    }
    out->swing = sum / STEPS;
}

/* ---- limits */

static void add_limit(struct target *t, const struct tw_command *c, bool at_limit)
{
    const int64_t number = c->ts_ns / (SLOT_S * TW_NS_PER_S);
    struct slot *s = &t->slots[number % SLOTS];
    if (s->number != number)
        *s = (struct slot){.number = number};
    s->n++;
    s->at_limit += at_limit;
}

static void judge_limit(
    const struct target *t, const struct tw_command *c, bool at_limit, struct tw_act_facts *out)
{
    const int64_t number = c->ts_ns / (SLOT_S * TW_NS_PER_S);
    unsigned n = 1, n_at = at_limit;
    for (size_t i = 0; i < SLOTS; i++) {
        const struct slot *s = &t->slots[i];
        if (number - s->number >= SLOTS)
            continue;
        n += s->n;
        n_at += s->at_limit;
    }
    out->commands = n;
    out->is_at_limit = at_limit;
    out->at_limit = (double)n_at / n;
}

/* ---- */

static bool is_at_limit(const struct tw_command *c)
{
    return c->span > 0 &&
           (c->value <= c->low + c->span / 100 || c->value >= c->low + c->span - c->span / 100);
}

void tw_courses_command(
    struct tw_courses *courses, const struct tw_command *c, struct tw_act_facts *out)
{
    bool created;
    struct target *t = tw_table_find(courses->targets, &c->target);
    if (t == NULL && !c->is_accepted)
        return;
    if (t == NULL)
        t = tw_table_put(courses->targets, &c->target, &created);
    if (t->ts_ns < courses->pulse->hole_ns)
        *t = (struct target){.ts_ns = 0};
    const bool at_limit = is_at_limit(c);
    if (out != NULL)
        judge_unit(t, c, out);
    if (out != NULL && c->span > 0)
        judge_limit(t, c, at_limit, out);
    if (!c->is_accepted)
        return;
    const double before = t->n > 0 ? t->values[(t->n - 1) % HISTORY] : c->value;
    t->ts_ns = c->ts_ns;
    t->values[t->n++ % HISTORY] = c->value;
    if (c->span > 0 && c->value != before)
        add_step(t, (c->value - before) / c->span);
    add_limit(t, c, at_limit);
    if (out == NULL || c->value == before)
        return;
    count_flips(t, out);
    out->same = t->same;
    out->travel = fabs(t->travel);
    out->drift =
        fmax(t->up.n >= LEAST_DRIFT ? t->up.sum : 0, t->down.n >= LEAST_DRIFT ? t->down.sum : 0);
}
