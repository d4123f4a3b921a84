#include <stdlib.h>

#include "detect/acts.h"
#include "event/sparkplug.h"

enum { MAX_STATUS = 48 };

/* What an AI system was given last of one of its inputs. */
struct input {
    struct tw_str ai_system, variable; /* of the inventory */
    bool is_poor;
    int64_t from_ns, seen_ns;
    size_t status_len;
    char status[MAX_STATUS];
};

/* Those of one variable follow each other. */
struct group {
    size_t first, n;
};

struct tw_inputs {
    const struct tw_pulse *pulse;
    struct input *list;
    size_t n, n_poor;
    struct tw_table *by_variable; /* by where its id is written */
    uint64_t epoch;
};

static int order(const void *a, const void *b)
{
    const struct input *x = a, *y = b;
    return tw_str_cmp(x->variable, y->variable);
}

static bool fill(struct tw_inputs *in, const struct tw_registry *registry)
{
    const struct tw_input_def *def;
    size_t n = 0;
    for (def = tw_registry_inputs(registry); def != NULL; def = def->next)
        n++;
    in->list = calloc(n + 1, sizeof(*in->list));
    in->by_variable =
        tw_table_new(sizeof(const char *), sizeof(struct group), n + 1, tw_seed_random());
    if (in->list == NULL || in->by_variable == NULL)
        return false;
    for (def = tw_registry_inputs(registry); def != NULL; def = def->next)
        in->list[in->n++] = (struct input){.ai_system = def->ai_system, .variable = def->variable};
    qsort(in->list, in->n, sizeof(*in->list), order);
    for (size_t i = 0; i < in->n; i++) {
        bool created;
        struct group *g = tw_table_put(in->by_variable, &in->list[i].variable.p, &created);
        if (created)
            g->first = i;
        g->n++;
    }
    return true;
}

struct tw_inputs *tw_inputs_new(const struct tw_registry *registry, const struct tw_pulse *pulse)
{
    struct tw_inputs *in = calloc(1, sizeof(*in));
    if (in == NULL)
        return NULL;
    in->pulse = pulse;
    if (fill(in, registry))
        return in;
    tw_inputs_free(in);
    return NULL;
}

void tw_inputs_free(struct tw_inputs *in)
{
    if (in == NULL)
        return;
    tw_table_free(in->by_variable);
    free(in->list);
    free(in);
}

void tw_inputs_adopt(struct tw_inputs *in, const struct tw_inputs *old)
{
    in->epoch = old->epoch + 1;
    for (size_t i = 0; i < in->n; i++) {
        struct input *input = &in->list[i];
        for (size_t k = 0; k < old->n && !input->is_poor; k++) {
            const struct input *was = &old->list[k];
            if (!was->is_poor || !tw_str_eq(input->ai_system, was->ai_system) ||
                !tw_str_eq(input->variable, was->variable))
                continue;
            const struct tw_str ai_system = input->ai_system, variable = input->variable;
            *input = *was;
            input->ai_system = ai_system;
            input->variable = variable;
            in->n_poor++;
        }
    }
}

uint64_t tw_inputs_epoch(const struct tw_inputs *in)
{
    return in->epoch;
}

/* ---- what an event says of the quality */

enum quality { NOT_TOLD, GOOD, POOR };

/* Refusals say something of the reader; these say something of the value [UA4 7.39, UA8 6.4]. */
static enum quality of_status(const struct tw_event *e, struct tw_str *out)
{
    static const char *const poor[] = {"Bad", "BadConfigurationError", "BadNotConnected",
        "BadDeviceFailure", "BadSensorFailure", "BadOutOfService", "BadNoCommunication",
        "BadCommunicationError", "BadWaitingForInitialData", "BadNoData", "BadDataUnavailable",
        "BadDataLost", "BadOutOfRange", "BadResourceUnavailable"};
    *out = e->status.s;
    if (e->status.s.p == NULL)
        return NOT_TOLD;
    if (e->status_code >> 30 == 1 || tw_str_starts(e->status.s, TW_STR("Uncertain")))
        return POOR;
    if (!e->status_bad)
        return GOOD;
    for (size_t i = 0; i < sizeof(poor) / sizeof(poor[0]); i++) {
        if (tw_str_is(e->status.s, poor[i]))
            return POOR;
    }
    return NOT_TOLD;
}

/* OPC DA quality as Sparkplug carries it: 0 is bad, 500 stale [SPB 6.4.13]. */
static enum quality of_message(const struct tw_event *e, struct tw_str *out)
{
    const struct tw_sparkplug_metric *m = e->metric;
    *out = TW_STR("stale");
    if (m != NULL && m->has_quality && m->quality == 500)
        return POOR;
    *out = TW_STR("bad");
    if (m != NULL && m->has_quality && m->quality >= 0 && m->quality < 64)
        return POOR;
    *out = TW_STR("null");
    if (e->value.kind == TW_VALUE_NULL || (m != NULL && m->is_null))
        return POOR;
    if (e->pubsub != NULL && e->status.s.p != NULL)
        return of_status(e, out);
    return e->value.kind == TW_VALUE_NONE ? NOT_TOLD : GOOD;
}

static enum quality quality_of(const struct tw_event *e, struct tw_str *out)
{
    if (e->protocol == TW_PROTO_MQTT)
        return of_message(e, out);
    return tw_event_is_whole_value(e) ? of_status(e, out) : NOT_TOLD;
}

/* ---- who was given it */

static bool is_given(const struct input *i, const struct tw_event *e, const struct tw_facts *f)
{
    switch (e->action) {
    case TW_ACTION_PUBLISH:
        return true;
    case TW_ACTION_READ:
        return f->actor.id.p == i->ai_system.p;
    case TW_ACTION_NOTIFY:
    case TW_ACTION_DELIVER:
        return f->target.asset.p == i->ai_system.p;
    default:
        return false;
    }
}

static void take(
    struct tw_inputs *in, struct input *i, const struct tw_event *e, struct tw_str poor)
{
    const bool is_poor = poor.p != NULL;
    i->seen_ns = e->ts_ns;
    if (is_poor == i->is_poor)
        return;
    i->is_poor = is_poor;
    i->from_ns = e->ts_ns;
    i->status_len = tw_str_copy(i->status, sizeof(i->status), poor);
    in->n_poor = is_poor ? in->n_poor + 1 : in->n_poor - 1;
    in->epoch += is_poor; /* its next values are looked at */
}

/* What was lost may have been a good value. */
static void forget(struct tw_inputs *in, const struct tw_facts *f)
{
    for (size_t i = 0; i < in->n; i++) {
        struct input *input = &in->list[i];
        if (!input->is_poor ||
            (input->ai_system.p != f->actor.id.p && input->ai_system.p != f->target.asset.p))
            continue;
        input->is_poor = false;
        in->n_poor--;
    }
}

bool tw_inputs_event(struct tw_inputs *in, const struct tw_event *e, const struct tw_facts *f)
{
    struct tw_str status;
    bool followed = false;
    if (e->action == TW_ACTION_GAP && in->n_poor > 0)
        forget(in, f);
    if (!f->variable.is_input || !f->variable.is_value)
        return false;
    const struct group *g = tw_table_peek(in->by_variable, &f->variable.id.p);
    const enum quality quality = quality_of(e, &status);
    for (size_t i = g == NULL ? 0 : g->first; g != NULL && i < g->first + g->n; i++) {
        struct input *input = &in->list[i];
        if (quality != NOT_TOLD && is_given(input, e, f))
            take(in, input, e, quality == POOR ? status : TW_STR_NONE);
        followed |= input->is_poor;
    }
    return followed;
}

void tw_inputs_judge(const struct tw_inputs *in, const struct tw_event *e, const struct tw_facts *f,
    struct tw_act_facts *out)
{
    const int64_t at_ns = e->request_ts_ns != 0 ? e->request_ts_ns : e->ts_ns;
    for (size_t i = 0; in->n_poor > 0 && i < in->n; i++) {
        const struct input *input = &in->list[i];
        if (!input->is_poor || input->ai_system.p != f->actor.id.p || input->from_ns > at_ns ||
            input->seen_ns < in->pulse->hole_ns)
            continue;
        if (out->input.p != NULL && out->input_ns >= at_ns - input->from_ns)
            continue;
        out->input = input->variable;
        out->status = (struct tw_str){input->status, input->status_len};
        out->input_ns = at_ns - input->from_ns;
    }
}
