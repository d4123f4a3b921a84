/* What an AI system says about itself: confidence, age of its inputs, model. */

#include "base/num.h"
#include "base/topic.h"
#include "registry/model.h"

const struct tw_report_def *tw_report_find(
    const struct tw_entry *actor, const struct tw_event *event)
{
    if (actor == NULL || event->action != TW_ACTION_PUBLISH || event->object.len == 0)
        return NULL;
    for (size_t i = 0; i < actor->n_reports; i++) {
        if (tw_topic_matches(actor->reports[i].topic, event->object))
            return &actor->reports[i];
    }
    return NULL;
}

/* A text; a number is written out into `buffer`. */
static struct tw_str text_of(const struct tw_value *v, char buffer[TW_NUM_TEXT])
{
    double number;
    if (v->kind == TW_VALUE_STRING)
        return v->s;
    if (v->kind == TW_VALUE_INT)
        return (struct tw_str){buffer, tw_num_i64(buffer, v->i)};
    if (v->kind != TW_VALUE_DOUBLE || !tw_value_number(v, &number) || number - number != 0)
        return TW_STR_NONE;
    return (struct tw_str){buffer, tw_num_double(buffer, number)};
}

static bool is_at(struct tw_str pointer, const struct tw_event *event)
{
    return pointer.p != NULL && tw_str_eq(pointer, event->field);
}

static struct tw_str stated_at(const struct tw_report_def *report, const struct tw_event *event)
{
    for (size_t i = 0; i < report->n_states; i++) {
        if (tw_str_eq(report->states[i].field, event->field))
            return report->states[i].variable;
    }
    return TW_STR_NONE;
}

/* Some say it in percent: what is above 1 can be nothing else. */
static double confidence_of(double stated)
{
    enum { PERCENT = 100 };
    return stated > 1 && stated <= PERCENT ? stated / PERCENT : stated;
}

void tw_report_fill(struct tw_registry *r, const struct tw_event *event,
    const struct tw_entry *actor, const struct tw_report_def *report, struct tw_report_facts *out)
{
    int64_t inputs_ns;
    out->is_report = true;
    if (event->field.len == 0)
        return;
    if (is_at(report->confidence, event) && tw_value_as_number(&event->value, &out->confidence)) {
        out->has_confidence = true;
        out->confidence = confidence_of(out->confidence);
    }
    if (is_at(report->inputs_ts, event) && tw_value_as_time(&event->value, &inputs_ns)) {
        out->has_inputs_age = true;
        out->inputs_age_ns = tw_clock_age_ns(&r->clock, event->ts_ns - inputs_ns);
    }
    if (is_at(report->model, event) && event->value.kind == TW_VALUE_STRING)
        out->model = event->value.s;
    if (is_at(report->object, event) && event->value.kind == TW_VALUE_STRING)
        out->object = event->value.s;
    if (is_at(report->value, event))
        out->value = &event->value;
    out->stated = stated_at(report, event);
    if (is_at(report->model_version, event)) {
        out->model_version = text_of(&event->value, r->version_text);
        /* Where no version is registered there is none to differ from. */
        out->version_declared =
            out->model_version.p != NULL &&
            (actor->model_version.p == NULL || tw_str_eq(out->model_version, actor->model_version));
    }
}

void tw_report_of_decision(struct tw_registry *r, const struct tw_event *event,
    const struct tw_entry *actor, struct tw_report_facts *out)
{
    const struct tw_decision_context *c = tw_event_decision(event);
    if (c == NULL)
        return;
    out->is_report = true;
    out->has_confidence = c->has_confidence;
    out->confidence = confidence_of(c->confidence);
    if (c->inputs_ts_ns != 0) {
        out->has_inputs_age = true;
        out->inputs_age_ns = tw_clock_age_ns(&r->clock, event->ts_ns - c->inputs_ts_ns);
    }
    out->model = c->model;
    out->model_version = c->model_version;
    out->version_declared =
        c->model_version.p != NULL &&
        (actor->model_version.p == NULL || tw_str_eq(c->model_version, actor->model_version));
}
