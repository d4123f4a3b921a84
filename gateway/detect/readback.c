#include <math.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "detect/acts.h"

enum {
    MAX_OBJECT = 256,
    SETTLE_S = 60, /* where none is declared */
    KNOWN_S = 600, /* what was told so long before a command still stands */
    MISSES = 5,    /* commands whose results are kept */
    WAYS = 3,
    HALVES = 10 /* half-waves of a swing */
};

/* The last command of an AI system to one variable, whose effect is waited for. */
struct wait {
    bool open;
    double wanted, before; /* commanded; what the other variable stood at */
    bool has_before, has_step;
    double step; /* from the command before */
    int64_t from_ns, due_ns;
    uint64_t packet, flow;
    enum tw_protocol protocol;
    struct tw_endpoint src, dst;
    struct tw_actor_facts actor;
    struct tw_target_facts target;
    struct tw_variable_facts variable;
    size_t object_len;
    char object[MAX_OBJECT];
};

/* What followed a variable's commands. */
struct loop {
    const struct tw_command_def *def;
    struct wait wait;
    unsigned judged, missed, turned; /* how many; bits of the last ones, newest lowest */
    bool has_command;
    double command; /* the last one of anybody */
    /* The difference to it: how it goes through zero. */
    bool has_error;
    double error, area;
    int64_t error_ns, half_ns;
    unsigned n_halves;
    double halves_s[HALVES];
};

struct tw_readbacks {
    const struct tw_pulse *pulse;
    const struct tw_standings *standings;
    struct loop *list;
    size_t n;
    struct tw_table *by_command; /* by where the id of the variable is written: index */
};

static bool fill(struct tw_readbacks *r, const struct tw_registry *registry)
{
    const struct tw_command_def *def;
    size_t n = 0;
    for (def = tw_registry_commands(registry); def != NULL; def = def->next)
        n += def->readback.p != NULL;
    r->list = calloc(n + 1, sizeof(*r->list));
    r->by_command = tw_table_new(sizeof(const char *), sizeof(size_t), n + 1, tw_seed_random());
    if (r->list == NULL || r->by_command == NULL)
        return false;
    for (def = tw_registry_commands(registry); def != NULL; def = def->next) {
        bool created;
        if (def->readback.p == NULL)
            continue;
        *(size_t *)tw_table_put(r->by_command, &def->variable.p, &created) = r->n;
        r->list[r->n++].def = def;
    }
    return true;
}

struct tw_readbacks *tw_readbacks_new(const struct tw_registry *registry,
    const struct tw_pulse *pulse, const struct tw_standings *standings)
{
    struct tw_readbacks *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    r->pulse = pulse;
    r->standings = standings;
    if (fill(r, registry))
        return r;
    tw_readbacks_free(r);
    return NULL;
}

void tw_readbacks_free(struct tw_readbacks *r)
{
    if (r == NULL)
        return;
    tw_table_free(r->by_command);
    free(r->list);
    free(r);
}

/* ---- commands */

static void begin(struct tw_readbacks *r, struct loop *l, const struct tw_command *c,
    const struct tw_event *e, const struct tw_facts *f)
{
    struct wait *w = &l->wait;
    const struct tw_standing *v = tw_standing_of(r->standings, l->def->readback);
    const int64_t settle_ns = l->def->settle_ns > 0 ? l->def->settle_ns : SETTLE_S * TW_NS_PER_S;
    *w = (struct wait){.open = true,
        .wanted = c->value,
        .has_step = l->has_command,
        .step = c->value - l->command,
        .from_ns = e->ts_ns,
        .due_ns = e->ts_ns + settle_ns,
        .packet = e->packet,
        .flow = e->flow,
        .protocol = e->protocol,
        .src = e->src,
        .dst = e->dst,
        .actor = f->actor,
        .target = f->target,
        .variable = f->variable};
    w->object_len = tw_str_copy(w->object, sizeof(w->object), e->object);
    /* Views that end with the event do not stay. */
    w->actor.client_id = w->actor.application_uri = w->actor.user = TW_STR_NONE;
    w->actor.mismatch = TW_STR_NONE;
    if (v == NULL || !v->is_number || e->ts_ns - v->seen_ns > KNOWN_S * TW_NS_PER_S)
        return;
    w->has_before = true;
    w->before = v->number;
}

/* How regular the half-waves are: mean over three times the deviation. */
static double regularity(const struct loop *l)
{
    double mean = 0, square = 0;
    for (size_t i = 0; i < HALVES; i++)
        mean += l->halves_s[i] / HALVES;
    for (size_t i = 0; i < HALVES; i++)
        square += (l->halves_s[i] - mean) * (l->halves_s[i] - mean) / HALVES;
    return square > 0 ? mean / (3 * sqrt(square)) : 1000;
}

void tw_readbacks_command(struct tw_readbacks *r, const struct tw_command *c,
    const struct tw_event *e, const struct tw_facts *f, struct tw_act_facts *out)
{
    const size_t *at = tw_table_peek(r->by_command, &f->variable.id.p);
    struct loop *l = at == NULL ? NULL : &r->list[*at];
    if (l == NULL)
        return;
    if (out != NULL && l->n_halves >= HALVES) {
        out->halves = l->n_halves;
        out->regularity = regularity(l);
    }
    if (!c->is_accepted)
        return;
    l->wait.open = false;
    if (out != NULL)
        begin(r, l, c, e, f);
    l->has_command = true;
    l->command = c->value;
}

/* ---- what comes back */

/* Its mean height, as of a sine, counts above a hundredth of the range. */
static void end_half(struct loop *l, int64_t now_ns)
{
    const double pi = 3.14159265358979323846;
    const double s = (double)(now_ns - l->half_ns) / (double)TW_NS_PER_S;
    const double height = s > 0 ? l->area * pi / (2 * s) : 0;
    if (height > l->def->span / 100)
        l->halves_s[l->n_halves++ % HALVES] = s;
    else
        l->n_halves = 0;
    l->area = 0;
    l->half_ns = now_ns;
}

static void follow(struct loop *l, double value, int64_t now_ns)
{
    const double error = l->command - value;
    if (!l->has_command || l->def->span <= 0)
        return;
    if (!l->has_error) {
        l->has_error = true;
        l->half_ns = now_ns;
    } else {
        l->area += fabs(l->error) * (double)(now_ns - l->error_ns) / (double)TW_NS_PER_S;
        if (l->error * error < 0)
            end_half(l, now_ns);
    }
    l->error = error;
    l->error_ns = now_ns;
}

void tw_readbacks_told(struct tw_readbacks *r, struct tw_str variable, const struct tw_standing *v)
{
    for (size_t i = 0; v->is_number && i < r->n; i++) {
        if (r->list[i].def->readback.p == variable.p)
            follow(&r->list[i], v->number, v->seen_ns);
    }
}

/* ---- when it is due */

static double tolerance(const struct loop *l)
{
    if (l->def->tolerance > 0)
        return l->def->tolerance;
    return l->def->span > 0 ? l->def->span / 100 : fabs(l->wait.wanted) / 100;
}

/* Without a declared time nobody knows when it should be there; then it is only asked whether it
 * has moved at all. */
static bool is_missed(const struct loop *l, double value)
{
    const struct wait *w = &l->wait;
    const double limit = tolerance(l), way = w->wanted - w->before;
    if (fabs(value - w->wanted) <= limit)
        return false;
    if (l->def->settle_ns > 0)
        return true;
    return w->has_before && fabs(way) > 5 * limit && (value - w->before) / way < 0.05;
}

static bool is_turned(const struct loop *l, const struct tw_standing *v)
{
    const struct wait *w = &l->wait;
    const double moved = v->number - w->before;
    return l->def->gain != 0 && w->has_before && w->has_step && w->step != 0 &&
           moved * w->step * l->def->gain < 0 && fabs(moved) > fmax(4 * v->noise, tolerance(l));
}

static unsigned count(unsigned bits, unsigned n)
{
    return (unsigned)__builtin_popcount(bits & ((1u << n) - 1));
}

static void tell(
    const struct loop *l, const struct tw_standing *v, int64_t ts_ns, tw_silence_fn fn, void *user)
{
    const struct wait *w = &l->wait;
    const struct tw_readback_facts readback = {.variable = l->def->readback,
        .value = v->number,
        .wanted = w->wanted,
        .before = w->before,
        .after_ns = ts_ns - w->from_ns,
        .is_missed = l->missed & 1,
        .is_turned = l->turned & 1,
        .missed = count(l->missed, MISSES),
        .turned = count(l->turned, WAYS)};
    struct tw_facts facts = {
        .actor = w->actor, .target = w->target, .variable = w->variable, .readback = &readback};
    const struct tw_event e = {.ts_ns = ts_ns,
        .packet = v->packet > w->packet ? v->packet : w->packet,
        .request_ts_ns = w->from_ns,
        .request_packet = w->packet,
        .phase = 1,
        .protocol = w->protocol,
        .action = TW_ACTION_SILENCE,
        .src = w->src,
        .dst = w->dst,
        .flow = w->flow,
        .object = {w->object, w->object_len}};
    fn(user, &e, &facts);
}

static void judge(struct tw_readbacks *r, struct loop *l, tw_silence_fn fn, void *user)
{
    const struct tw_standing *v = tw_standing_of(r->standings, l->def->readback);
    const struct wait *w = &l->wait;
    if (v == NULL || !v->is_number || v->is_local || r->pulse->hole_ns > w->from_ns ||
        w->due_ns - v->seen_ns > KNOWN_S * TW_NS_PER_S)
        return;
    const bool missed = is_missed(l, v->number), turned = is_turned(l, v);
    l->judged++;
    l->missed = l->missed << 1 | missed;
    l->turned = l->turned << 1 | turned;
    if (missed || turned)
        tell(l, v, w->due_ns, fn, user);
}

void tw_readbacks_tick(struct tw_readbacks *r, int64_t now_ns, tw_silence_fn fn, void *user)
{
    for (size_t i = 0; i < r->n; i++) {
        struct loop *l = &r->list[i];
        if (!l->wait.open || now_ns < l->wait.due_ns)
            continue;
        l->wait.open = false;
        judge(r, l, fn, user);
    }
}
