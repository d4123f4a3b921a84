#include "detect/acts.h"

#include <stdlib.h>

#include "detect/filter.h"

struct tw_acts {
    struct tw_stops *stops;
    struct tw_inputs *inputs;
    struct tw_rivals *rivals;
    struct tw_courses *courses;
    struct tw_budgets *budgets;
    struct tw_standings *standings;
    struct tw_readbacks *readbacks;
    struct tw_seed seed;
    struct tw_act_facts facts; /* of the last one */
};

struct tw_acts *tw_acts_new(const struct tw_registry *registry, const struct tw_pulse *pulse)
{
    struct tw_acts *a = calloc(1, sizeof(*a));
    if (a == NULL)
        return NULL;
    a->stops = tw_stops_new(registry, pulse);
    a->inputs = tw_inputs_new(registry, pulse);
    a->rivals = tw_rivals_new(pulse);
    a->courses = tw_courses_new(pulse);
    a->budgets = tw_budgets_new();
    a->standings = tw_standings_new(registry, pulse);
    a->readbacks = a->standings == NULL ? NULL : tw_readbacks_new(registry, pulse, a->standings);
    a->seed = tw_seed_random();
    if (a->stops != NULL && a->inputs != NULL && a->rivals != NULL && a->courses != NULL &&
        a->budgets != NULL && a->readbacks != NULL)
        return a;
    tw_acts_free(a);
    return NULL;
}

void tw_acts_free(struct tw_acts *a)
{
    if (a == NULL)
        return;
    tw_stops_free(a->stops);
    tw_inputs_free(a->inputs);
    tw_rivals_free(a->rivals);
    tw_courses_free(a->courses);
    tw_budgets_free(a->budgets);
    tw_readbacks_free(a->readbacks);
    tw_standings_free(a->standings);
    free(a);
}

/* Budgets are of the inventory, and full again with another one; what is waited for is not waited
 * for any more. */
void tw_acts_adopt(
    struct tw_acts *a, struct tw_acts *old, const struct tw_registry *registry, bool same_registry)
{
    a->seed = old->seed;
    if (same_registry) {
        struct tw_budgets *fresh = a->budgets;
        a->budgets = old->budgets;
        old->budgets = fresh;
    }
    tw_standings_adopt(a->standings, old->standings, registry);
    tw_stops_adopt(a->stops, old->stops);
    tw_inputs_adopt(a->inputs, old->inputs);
    tw_rivals_adopt(a->rivals, old->rivals);
    tw_courses_adopt(a->courses, old->courses);
}

uint64_t tw_acts_epoch(const struct tw_acts *a)
{
    return tw_inputs_epoch(a->inputs);
}

uint64_t tw_acts_evictions(const struct tw_acts *a)
{
    return tw_rivals_evictions(a->rivals) + tw_courses_evictions(a->courses);
}

/* Of a message with many leaves, the ones that are commands. */
static bool is_act(const struct tw_event *e, const struct tw_facts *f)
{
    if (f->actor.kind != TW_ACTOR_AI_SYSTEM || f->heartbeat.is_sign ||
        f->variable.role == TW_ROLE_HEARTBEAT)
        return false;
    if (e->action == TW_ACTION_PUBLISH)
        return f->variable.role == TW_ROLE_COMMAND && e->value.kind != TW_VALUE_NONE;
    return e->action == TW_ACTION_WRITE || e->action == TW_ACTION_CALL ||
           e->action == TW_ACTION_TOOL;
}

static bool number_of(const struct tw_value *v, double *out)
{
    if (v->kind == TW_VALUE_BOOL)
        *out = v->b;
    return v->kind == TW_VALUE_BOOL ||
           (tw_like_value(v) == TW_LIKE_NUMBER && tw_value_number(v, out));
}

/* A declared command; what is written to nodes that nobody declared is taken for one. */
static bool is_command(const struct tw_event *e, const struct tw_facts *f)
{
    const struct tw_variable_facts *v = &f->variable;
    if (f->heartbeat.is_sign || e->object.p == NULL)
        return false;
    if (e->action == TW_ACTION_PUBLISH)
        return v->role == TW_ROLE_COMMAND && v->is_value;
    return e->action == TW_ACTION_WRITE && e->protocol == TW_PROTO_OPCUA &&
           tw_event_is_whole_value(e) && (v->role == TW_ROLE_COMMAND || v->id.p == NULL);
}

static bool command_of(const struct tw_acts *a, const struct tw_event *e, const struct tw_facts *f,
    struct tw_command *out)
{
    const struct tw_variable_facts *v = &f->variable;
    double value;
    if (!is_command(e, f) || e->value.kind == TW_VALUE_NONE || !number_of(&e->value, &value))
        return false;
    const bool ranged = v->range.has_min && v->range.has_max && v->range.max > v->range.min;
    *out = (struct tw_command){.target = tw_place_of(a->seed, e),
        .value = value,
        .low = v->range.min,
        .span = ranged ? v->range.max - v->range.min : 0,
        .is_quantity = e->value.kind != TW_VALUE_BOOL && (ranged || v->unit.p != NULL),
        .is_accepted = !e->status_bad && (e->action != TW_ACTION_WRITE || e->status.s.p != NULL),
        .ts_ns = e->ts_ns,
        .at_ns = e->request_ts_ns != 0 ? e->request_ts_ns : e->ts_ns};
    return true;
}

bool tw_acts_event(struct tw_acts *a, const struct tw_event *e, struct tw_facts *facts)
{
    const struct tw_standing *told;
    const bool stops = tw_stops_event(a->stops, e, facts),
               inputs = tw_inputs_event(a->inputs, e, facts),
               standings = tw_standings_event(a->standings, e, facts, &told);
    if (told != NULL)
        tw_readbacks_told(a->readbacks, facts->variable.id, told);
    struct tw_act_facts *act = is_act(e, facts) ? &a->facts : NULL;
    struct tw_command command;
    facts->act = act;
    if (act != NULL) {
        *act = (struct tw_act_facts){.stopped_ns = 0};
        tw_stops_judge(a->stops, e, facts, act);
        tw_inputs_judge(a->inputs, e, facts, act);
        /* Of a request that was lost nobody knows whether it was a sign of life. */
        if (e->object.p != NULL)
            tw_budgets_judge(a->budgets, e, facts, act);
        tw_permissives_judge(a->standings, e, facts, act);
    }
    if (command_of(a, e, facts, &command)) {
        tw_rivals_command(a->rivals, &command, facts, act);
        tw_courses_command(a->courses, &command, act);
        tw_readbacks_command(a->readbacks, &command, e, facts, act);
    }
    return stops || inputs || standings;
}

void tw_acts_tick(struct tw_acts *a, int64_t now_ns, tw_silence_fn fn, void *user)
{
    tw_readbacks_tick(a->readbacks, now_ns, fn, user);
}
