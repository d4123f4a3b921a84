#include "detect/acts.h"

#include <stdlib.h>

struct tw_acts {
    struct tw_stops *stops;
    struct tw_inputs *inputs;
    struct tw_act_facts facts; /* of the last one */
};

struct tw_acts *tw_acts_new(const struct tw_registry *registry, const struct tw_pulse *pulse)
{
    struct tw_acts *a = calloc(1, sizeof(*a));
    if (a == NULL)
        return NULL;
    a->stops = tw_stops_new(registry, pulse);
    a->inputs = tw_inputs_new(registry, pulse);
    if (a->stops != NULL && a->inputs != NULL)
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
    free(a);
}

uint64_t tw_acts_epoch(const struct tw_acts *a)
{
    return tw_inputs_epoch(a->inputs);
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

bool tw_acts_event(struct tw_acts *a, const struct tw_event *e, struct tw_facts *facts)
{
    const bool stops = tw_stops_event(a->stops, e, facts),
               inputs = tw_inputs_event(a->inputs, e, facts);
    facts->act = NULL;
    if (!is_act(e, facts))
        return stops || inputs;
    a->facts = (struct tw_act_facts){.stopped_ns = 0};
    tw_stops_judge(a->stops, e, facts, &a->facts);
    tw_inputs_judge(a->inputs, e, facts, &a->facts);
    facts->act = &a->facts;
    return stops || inputs;
}
