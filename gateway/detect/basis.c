#include <math.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "detect/conduct.h"
#include "detect/filter.h"
#include "detect/readers.h"

enum {
    MAX_HABITS = 16384,
    PERIODS = 3,    /* an input that is silent for so many is missing */
    DEFAULT_S = 60, /* where no period is declared: since it came back */
    STEPS = 20      /* of an input's range that are told apart */
};

/* What an AI system was given of one of its inputs. */
struct slot {
    bool known;
    int64_t step; /* its value, coarsely */
};

struct agent {
    size_t n_inputs, n_known;
    int64_t limit_ns; /* the longest period of its inputs, PERIODS times; 0: some have none */
    int64_t arrived_ns[TW_PROTO_MQTT + 1]; /* when it connected last; 0: that was not seen */
    int64_t notified_ns; /* when a server told it of an input; later ones pass unseen [quiet.h] */
    int64_t fed_ns;      /* when it was given an input last; 0: never */
    int64_t blind_ns;    /* when something that it was given could not be read */
    bool hidden;         /* it talks where nobody can read */
    uint64_t state;      /* of all that is known of its inputs */
};

/* What an AI system does to a target while its inputs are alike. */
struct habit_key {
    struct tw_place_id target;
    uint64_t who, state;
};

struct habit {
    uint64_t n;
    double mean, m2;
};

struct tw_basis {
    const struct tw_pulse *pulse;
    struct tw_seed seed;
    struct tw_readers *readers;
    struct slot *slots; /* as the readers */
    struct agent *agents;
    size_t n;
    struct tw_table *habits;
};

static void count_inputs(struct tw_basis *b)
{
    for (size_t i = 0; i < b->readers->n; i++) {
        const struct tw_reader *r = &b->readers->list[i];
        struct agent *a = &b->agents[r->ai - 1];
        const bool comes = r->every_ns > 0 && r->every_ns <= INT64_MAX / PERIODS,
                   all = a->n_inputs == 0 || a->limit_ns > 0;
        const int64_t limit_ns = comes ? PERIODS * r->every_ns : 0;
        a->limit_ns = !comes || !all ? 0 : limit_ns > a->limit_ns ? limit_ns : a->limit_ns;
        a->n_inputs++;
    }
}

struct tw_basis *tw_basis_new(
    const struct tw_registry *registry, const struct tw_pulse *pulse, size_t n)
{
    struct tw_basis *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    b->pulse = pulse;
    b->seed = tw_seed_random();
    b->n = n;
    b->readers = tw_readers_new(registry);
    b->agents = calloc(n + 1, sizeof(*b->agents));
    b->slots = calloc(b->readers != NULL ? b->readers->n + 1 : 1, sizeof(*b->slots));
    b->habits = tw_table_new(sizeof(struct habit_key), sizeof(struct habit),
        b->readers != NULL && b->readers->n > 0 ? MAX_HABITS : 1, b->seed);
    if (b->readers == NULL || b->agents == NULL || b->slots == NULL || b->habits == NULL) {
        tw_basis_free(b);
        return NULL;
    }
    count_inputs(b);
    return b;
}

void tw_basis_free(struct tw_basis *b)
{
    if (b == NULL)
        return;
    tw_readers_free(b->readers);
    tw_table_free(b->habits);
    free(b->agents);
    free(b->slots);
    free(b);
}

/* Inputs may be others now: what they were is learned anew, when something came is not. */
void tw_basis_adopt(struct tw_basis *b, struct tw_basis *old, const struct tw_conduct_order *order)
{
    for (size_t i = 0; i < order->n; i++) {
        if (order->before[i] >= order->n_before)
            continue;
        const struct agent *was = &old->agents[order->before[i]];
        struct agent *a = &b->agents[i];
        memcpy(a->arrived_ns, was->arrived_ns, sizeof(a->arrived_ns));
        a->notified_ns = was->notified_ns;
        a->fed_ns = was->fed_ns;
        a->blind_ns = was->blind_ns;
        a->hidden = was->hidden;
    }
}

uint64_t tw_basis_evictions(const struct tw_basis *b)
{
    return tw_table_evictions(b->habits);
}

/* ---- what it is given */

static void watch(struct tw_basis *b, const struct tw_event *e, const struct tw_facts *f)
{
    const uint32_t ai = f->actor.ai != 0 ? f->actor.ai : f->target.ai;
    if (ai == 0)
        return;
    struct agent *a = &b->agents[ai - 1];
    if (e->encrypted || e->action == TW_ACTION_GAP)
        a->blind_ns = e->ts_ns;
    if (f->actor.ai != 0 && tw_message_is_hidden(e, f, &f->actor.id, 1))
        a->hidden = true;
    if (f->actor.ai != 0 && !e->status_bad &&
        (e->action == TW_ACTION_CONNECT || e->action == TW_ACTION_SESSION))
        a->arrived_ns[e->protocol] = e->ts_ns;
}

/* Steps of the range, or of the size where there is none. */
static bool step_of(const struct tw_event *e, const struct tw_variable_facts *v, int64_t *out)
{
    double d;
    if (e->value.kind == TW_VALUE_BOOL) {
        *out = e->value.b;
        return true;
    }
    if (tw_like_value(&e->value) != TW_LIKE_NUMBER || !tw_value_number(&e->value, &d))
        return false;
    const double span = v->range.max - v->range.min;
    const bool ranged = v->range.has_min && v->range.has_max && span > 0;
    const double steps = ranged   ? (d - v->range.min) / span * STEPS
                         : d == 0 ? 0
                                  : copysign(1000 + log(fabs(d)) * STEPS, d);
    if (!(fabs(steps) < 1e15))
        return false;
    *out = (int64_t)floor(steps);
    return true;
}

static uint64_t part_of(size_t i, int64_t step)
{
    return tw_hash_mix(tw_hash_mix(i + 1, (uint64_t)step), 0x9e3779b97f4a7c15u);
}

static void take(struct tw_basis *b, size_t i, const struct tw_event *e, const struct tw_facts *f)
{
    struct slot *s = &b->slots[i];
    struct agent *a = &b->agents[b->readers->list[i].ai - 1];
    int64_t step;
    a->fed_ns = e->ts_ns;
    if (e->action == TW_ACTION_NOTIFY)
        a->notified_ns = e->ts_ns;
    if (!f->variable.is_value || !step_of(e, &f->variable, &step))
        return;
    a->state ^= (s->known ? part_of(i, s->step) : 0) ^ part_of(i, step);
    a->n_known += !s->known;
    *s = (struct slot){true, step};
}

static bool is_given(const struct tw_event *e, const struct tw_facts *f, uint32_t ai)
{
    switch (e->action) {
    case TW_ACTION_PUBLISH:
        return true;
    case TW_ACTION_READ:
        return f->actor.ai == ai;
    case TW_ACTION_NOTIFY:
    case TW_ACTION_DELIVER:
        return f->target.ai == ai;
    default:
        return false;
    }
}

static void feed(struct tw_basis *b, const struct tw_event *e, const struct tw_facts *f)
{
    const size_t first = tw_readers_first(b->readers, f);
    bool more = first < b->readers->n && !e->status_bad;
    for (size_t i = first; more; i++) {
        const struct tw_reader *r = &b->readers->list[i];
        if (is_given(e, f, r->ai))
            take(b, i, e, f);
        more = tw_readers_more(b->readers, i);
    }
}

/* ---- what it does */

/* Nothing of its inputs reached it for too long, or since it came. */
static bool is_missing(const struct tw_basis *b, const struct agent *a, int64_t now_ns)
{
    const int64_t age_ns = now_ns - a->fed_ns, opcua_ns = a->arrived_ns[TW_PROTO_OPCUA],
                  mqtt_ns = a->arrived_ns[TW_PROTO_MQTT],
                  arrived_ns = opcua_ns > mqtt_ns ? opcua_ns : mqtt_ns;
    /* Its subscription goes on: what does not change is not told again. */
    const bool subscribed = a->notified_ns != 0 && a->notified_ns >= opcua_ns;
    if (a->n_inputs == 0 || a->hidden || subscribed)
        return false;
    if (a->fed_ns == 0)
        return arrived_ns != 0 && arrived_ns <= now_ns && a->blind_ns < arrived_ns &&
               b->pulse->hole_ns < arrived_ns;
    if (a->blind_ns >= a->fed_ns || b->pulse->hole_ns > a->fed_ns)
        return false;
    if (a->limit_ns > 0)
        return age_ns > a->limit_ns;
    return arrived_ns > a->fed_ns && age_ns > DEFAULT_S * TW_NS_PER_S;
}

/* As people read it. */
static double rounded(double v)
{
    enum { DIGITS = 5 };
    const double scale = v != 0 ? pow(10, DIGITS - 1 - floor(log10(fabs(v)))) : 1;
    const double scaled = round(v * scale);
    return isfinite(scaled) && isfinite(scale) ? scaled / scale : v;
}

static void judge_habit(struct tw_basis *b, const struct agent *a, const struct tw_event *e,
    const struct tw_facts *f, struct tw_conduct_facts *out)
{
    const struct tw_range *range = &f->variable.range;
    double v;
    bool created;
    /* Where notifications pass unseen, what its inputs are is not known. */
    if (a->n_known == 0 || a->notified_ns != 0 || !f->variable.is_value || e->status_bad ||
        tw_like_value(&e->value) != TW_LIKE_NUMBER || !tw_value_number(&e->value, &v))
        return;
    const struct habit_key key = {.target = tw_place_of(b->seed, e),
        .who = tw_hash(b->seed, f->actor.id.p, f->actor.id.len),
        .state = a->state};
    struct habit *h = tw_table_put(b->habits, &key, &created);
    const double span = range->has_min && range->has_max ? range->max - range->min : fabs(h->mean),
                 least = 0.01 * span, sigma = h->n > 1 ? sqrt(h->m2 / (double)(h->n - 1)) : 0,
                 unit = fmax(sigma, least);
    if (h->n > 0 && unit > 0) {
        out->habit_n = h->n;
        out->habit_mean = rounded(h->mean);
        out->habit_deviation = fabs(v - h->mean) / unit;
    }
    const double before = v - h->mean;
    h->mean += before / (double)++h->n;
    h->m2 += before * (v - h->mean);
}

static bool is_act(const struct tw_event *e, const struct tw_facts *f)
{
    if (f->actor.ai == 0 || f->heartbeat.is_sign || f->variable.role == TW_ROLE_HEARTBEAT)
        return false;
    if (e->action == TW_ACTION_PUBLISH)
        return f->variable.role == TW_ROLE_COMMAND && e->value.kind != TW_VALUE_NONE;
    return e->action == TW_ACTION_WRITE || e->action == TW_ACTION_CALL ||
           e->action == TW_ACTION_TOOL;
}

bool tw_basis_event(struct tw_basis *b, const struct tw_event *e, const struct tw_facts *facts,
    struct tw_conduct_facts *out)
{
    if (b->readers->n == 0)
        return false;
    watch(b, e, facts);
    feed(b, e, facts);
    if (!is_act(e, facts))
        return false;
    const struct agent *a = &b->agents[facts->actor.ai - 1];
    const int64_t at_ns = e->request_ts_ns != 0 ? e->request_ts_ns : e->ts_ns;
    out->has_basis = a->n_inputs > 0;
    out->basis_missing = is_missing(b, a, at_ns);
    out->basis_limit_ns = a->limit_ns;
    out->basis_ns = a->fed_ns != 0 ? at_ns - a->fed_ns : 0;
    judge_habit(b, a, e, facts, out);
    return true;
}
