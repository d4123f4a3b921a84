#include "pipeline/analyst.h"

#include <stdlib.h>
#include <time.h>

#include "base/timefmt.h"
#include "event/secret.h"
#include "event/value.h"
#include "protocol/payload.h"
#include "protocol/pubsub/raw.h"
#include "protocol/pubsub/report.h"

/* Reading the clock for every action would cost more than it tells. */
enum {
    TIMED_EVERY = 64,
    COSTS = 1024, /* actions by what judging them took, in steps of COST_NS; the last: or more */
    COST_NS = 16
};

/* The message that came last, when its leaves may pass. */
struct at_hand {
    bool is_plain; /* else they may not */
    enum tw_action action;
    uint64_t flow, serial;
    const struct tw_session_facts *session;
};

struct tw_analyst {
    struct tw_analyst_config config;
    struct at_hand at_hand;
    struct tw_sessions *sessions;
    struct tw_detect *detect;
    struct tw_series *series;       /* NULL without a baseline */
    struct tw_practices *practices; /* the same */
    struct tw_alerts *alerts;
    struct tw_facts facts, deviant;
    const struct tw_indicators *indicators; /* NULL: none */
    struct tw_recent *recent;               /* NULL: none come later */
    int64_t first_ns, last_ns;
    uint64_t costs[COSTS];
    struct tw_analyst_stats stats;
};

static void on_finding(void *user, const struct tw_finding *finding)
{
    struct tw_analyst *a = user;
    tw_alerts_finding(a->alerts, finding);
}

/* What a series says is judged by rules as if it had come in. */
static void on_deviation(void *user, const struct tw_event *event)
{
    struct tw_analyst *a = user;
    tw_registry_resolve(a->config.registry, event, &a->deviant);
    a->deviant.watching_ns = event->ts_ns - a->first_ns;
    tw_detect_event(a->detect, event, &a->deviant);
}

/* The same of what an AI system does: who acts and on what is known already. */
static void on_departure(void *user, const struct tw_event *event, const struct tw_facts *facts)
{
    struct tw_analyst *a = user;
    if (facts->change_open)
        return;
    a->deviant = *facts;
    tw_detect_event(a->detect, event, &a->deviant);
}

static bool make_detection(struct tw_analyst *a)
{
    const struct tw_analyst_config *c = &a->config;
    a->alerts = tw_alerts_new(&c->alerts, c->alert, c->alert_user);
    a->detect = tw_detect_new(c->rules, c->registry, on_finding, a);
    if (c->baseline != NULL) {
        a->series = tw_series_new(c->baseline, on_deviation, a);
        a->practices = tw_practices_new(c->baseline, on_departure, a);
    }
    return a->alerts != NULL && a->detect != NULL &&
           (c->baseline == NULL || (a->series != NULL && a->practices != NULL));
}

struct tw_analyst *tw_analyst_new(const struct tw_analyst_config *config)
{
    struct tw_analyst *a = calloc(1, sizeof(*a));
    if (a == NULL)
        return NULL;
    a->config = *config;
    const struct tw_session_readers readers = {.leaves = tw_payload_leaves,
        .raw = tw_pubsub_raw,
        .whole = tw_pubsub_whole,
        .prints_only = config->prints_only};
    a->sessions = tw_sessions_new(&config->limits, &readers);
    bool ok = a->sessions != NULL;
    if (ok && config->rules != NULL)
        ok = make_detection(a);
    if (ok && config->looks_back)
        ok = (a->recent = tw_recent_new()) != NULL;
    if (ok)
        return a;
    tw_analyst_free(a);
    return NULL;
}

void tw_analyst_free(struct tw_analyst *a)
{
    if (a == NULL)
        return;
    tw_series_free(a->series);
    tw_practices_free(a->practices);
    tw_recent_free(a->recent);
    tw_detect_free(a->detect);
    tw_alerts_free(a->alerts);
    tw_sessions_free(a->sessions);
    free(a);
}

struct tw_analyst_next {
    const struct tw_rules *rules;
    struct tw_registry *registry;
    struct tw_detect *detect; /* after the change: the one before */
    const struct tw_indicators *indicators;
};

struct tw_analyst_next *tw_analyst_next_new(
    struct tw_analyst *a, const struct tw_rules *rules, struct tw_registry *registry)
{
    struct tw_analyst_next *next = calloc(1, sizeof(*next));
    if (next == NULL)
        return NULL;
    next->rules = rules;
    next->registry = registry;
    next->indicators = a->indicators;
    next->detect = tw_detect_new(rules, registry, on_finding, a);
    if (next->detect != NULL)
        return next;
    free(next);
    return NULL;
}

/* NULL, too, where there are none in them: then no event is held against them. */
static const struct tw_indicators *some(const struct tw_indicators *indicators)
{
    return tw_indicators_count(indicators) > 0 ? indicators : NULL;
}

void tw_analyst_next_indicators(
    struct tw_analyst_next *next, const struct tw_indicators *indicators)
{
    next->indicators = some(indicators);
}

/* What indicators that have just come say of those who were here before. */
static void on_recent(
    void *user, const struct tw_event *event, const struct tw_indicator *indicator)
{
    struct tw_analyst *a = user;
    tw_registry_resolve(a->config.registry, event, &a->deviant);
    a->deviant.watching_ns = event->ts_ns - a->first_ns;
    a->deviant.indicator = indicator;
    tw_detect_event(a->detect, event, &a->deviant);
    a->deviant.indicator = NULL;
}

void tw_analyst_change(struct tw_analyst *a, struct tw_analyst_next *next)
{
    struct tw_detect *before = a->detect;
    if (next->registry != a->config.registry)
        tw_registry_adopt(next->registry, a->config.registry);
    tw_detect_adopt(next->detect, before);
    tw_alerts_reload(
        a->alerts, next->rules, tw_rules_digest(next->rules), tw_registry_digest(next->registry));
    a->detect = next->detect;
    next->detect = before;
    a->config.registry = next->registry;
    a->config.rules = next->rules;
    const struct tw_indicators *known = a->indicators;
    a->indicators = next->indicators;
    a->at_hand.is_plain = false;
    if (a->recent != NULL && a->indicators != NULL && a->indicators != known)
        tw_recent_look(a->recent, a->indicators, known, a->last_ns, on_recent, a);
    /* What was resolved last was said in the words of the inventory before. */
    a->facts = (struct tw_facts){.watching_ns = 0};
}

void tw_analyst_next_free(struct tw_analyst_next *next)
{
    if (next == NULL)
        return;
    tw_detect_free(next->detect);
    free(next);
}

static void count_all(struct tw_analyst_stats *s, const struct tw_event *event, unsigned n)
{
    s->events += n;
    s->by_action[event->action] += n;
    s->by_protocol[event->protocol] += n;
    s->malformed[event->protocol] += event->action == TW_ACTION_MALFORMED;
    s->encrypted += event->has_encrypted && event->encrypted ? n : 0;
}

static void count(struct tw_analyst_stats *s, const struct tw_event *event)
{
    count_all(s, event, 1 + event->alike);
}

/* An event whose value is a secret, without it. */
struct hidden {
    struct tw_event event;
    struct tw_opcua_info opcua;
    struct tw_value outputs;
};

static bool is_text(const struct tw_value *v)
{
    return v != NULL && v->kind >= TW_VALUE_STRING;
}

/* The name of a node says so only once session/ has found it (a notification has a handle). Numbers
 * and truths stay: rules judge them, and no password is one. Payloads hid theirs leaf by leaf. */
static const struct tw_event *hide_secret(const struct tw_event *e, struct hidden *h)
{
    const bool text = is_text(&e->value), outputs = e->opcua != NULL && is_text(e->opcua->outputs);
    if (e->protocol != TW_PROTO_OPCUA || !(text || outputs) || !tw_secret_name(e->object))
        return e;
    h->event = *e;
    h->outputs = (struct tw_value){.kind = TW_VALUE_STRING, .s = TW_REDACTED};
    if (text)
        h->event.value = h->outputs;
    if (outputs) {
        h->opcua = *e->opcua;
        h->opcua.outputs = &h->outputs;
        h->event.opcua = &h->opcua;
    }
    return &h->event;
}

/* Events like it have shown that there is nothing to judge. */
static bool is_quiet(
    struct tw_analyst *a, const struct tw_event *event, const struct tw_session_facts *facts)
{
    if (a->detect == NULL || a->config.learner != NULL || a->indicators != NULL ||
        !tw_detect_is_quiet(a->detect, event, facts))
        return false;
    tw_registry_pass(a->config.registry, event);
    if (a->series != NULL)
        tw_series_event(a->series, event);
    return true;
}

/* Programs that write numbers as texts into JSON mean numbers. Which texts, the inventory says:
 * those of what is measured, or commanded without a type of its own. */
static const struct tw_event *number_of_text(
    const struct tw_event *e, const struct tw_variable_facts *v, struct tw_event *copy)
{
    double number;
    const bool is_number =
        v->role == TW_ROLE_MEASUREMENT || (v->role == TW_ROLE_COMMAND && v->type.p == NULL);
    if (e->value.kind != TW_VALUE_STRING || e->protocol != TW_PROTO_MQTT || !v->is_value ||
        !is_number || !tw_value_as_number(&e->value, &number))
        return e;
    *copy = *e;
    copy->value = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = number};
    return copy;
}

static void judge(struct tw_analyst *a, const struct tw_event *event)
{
    struct tw_event copy;
    if (is_quiet(a, event, event->facts))
        return;
    tw_registry_resolve_next(a->config.registry, event, &a->facts);
    event = number_of_text(event, &a->facts.variable, &copy);
    if (a->config.learner != NULL)
        tw_learner_event(a->config.learner, event, &a->facts);
    if (a->detect == NULL)
        return;
    a->facts.watching_ns = event->ts_ns - a->first_ns;
    a->last_ns = event->ts_ns > a->last_ns ? event->ts_ns : a->last_ns;
    if (a->recent != NULL)
        tw_recent_event(a->recent, event);
    if (a->indicators != NULL)
        a->facts.indicator = tw_indicators_match(a->indicators, event);
    tw_detect_event(a->detect, event, &a->facts);
    if (a->series != NULL) {
        tw_series_event(a->series, event);
        tw_practices_event(a->practices, event, &a->facts);
    }
}

static int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * TW_NS_PER_S + t.tv_nsec;
}

/* An event as session/ completed it. */
static void completed(void *user, const struct tw_event *event)
{
    struct tw_analyst *a = user;
    struct hidden hidden;
    event = hide_secret(event, &hidden);
    count(&a->stats, event);
    if (a->config.event != NULL)
        a->config.event(a->config.event_user, event);
    if (a->detect == NULL && a->config.learner == NULL)
        return;
    if (a->stats.events % TIMED_EVERY != 0) {
        judge(a, event);
        return;
    }
    const int64_t begin_ns = clock_ns();
    judge(a, event);
    const uint64_t took_ns = (uint64_t)(clock_ns() - begin_ns);
    a->stats.judged_ns += TIMED_EVERY * took_ns;
    a->costs[took_ns / COST_NS < COSTS ? took_ns / COST_NS : COSTS - 1]++;
}

void tw_analyst_indicators(struct tw_analyst *a, const struct tw_indicators *indicators)
{
    a->indicators = some(indicators);
    a->at_hand.is_plain = false;
}

static bool is_of(const struct at_hand *m, const struct tw_event *leaf)
{
    return leaf->flow == m->flow && leaf->action == m->action && leaf->mqtt != NULL &&
           leaf->mqtt->serial == m->serial;
}

/* Once a message was judged: all that can be said of its leaves before they come. */
static void take_at_hand(struct tw_analyst *a, const struct tw_event *message)
{
    const struct tw_session_facts *session = tw_sessions_pass_leaf(a->sessions, message);
    a->at_hand.is_plain = session != NULL && a->detect != NULL && a->config.event == NULL &&
                          a->series == NULL && a->indicators == NULL &&
                          tw_registry_has_plain_leaves(a->config.registry, message) &&
                          tw_detect_passes_leaves(a->detect, message);
    if (!a->at_hand.is_plain)
        return;
    a->at_hand.action = message->action;
    a->at_hand.flow = message->flow;
    a->at_hand.serial = message->mqtt->serial;
    a->at_hand.session = session;
}

/* Of a message whose leaves are alike for all that session/ and rules know; others have names,
 * ranges or a status of their own. */
static bool is_mere_leaf(const struct tw_event *leaf)
{
    return leaf->sparkplug == NULL && leaf->metric == NULL && leaf->pubsub == NULL;
}

/* The message that it is of was judged just before, and `facts` are still about that. */
static bool pass_leaf(struct tw_analyst *a, const struct tw_event *leaf)
{
    if (!is_mere_leaf(leaf) || !is_of(&a->at_hand, leaf) ||
        (leaf->alike > 0 && tw_registry_declares_fields(a->config.registry)) ||
        tw_registry_is_declared(a->config.registry, leaf) ||
        !tw_detect_pass_leaf(a->detect, leaf, a->at_hand.session, &a->facts))
        return false;
    count(&a->stats, leaf);
    return true;
}

/* Its payload is looked at only when it does not pass. */
static bool pass_whole(struct tw_analyst *a, const struct tw_event *event)
{
    const struct tw_session_facts *facts = tw_sessions_pass(a->sessions, event);
    if (facts == NULL || !is_quiet(a, event, facts))
        return false;
    count(&a->stats, event);
    return true;
}

/* One that comes as an event although it is plain: who merges those of several workers asks last.
 */
static bool pass_read(struct tw_analyst *a, const struct tw_event *event)
{
    struct tw_plain_values values;
    return tw_plain_read(event, &values) && tw_analyst_pass_values(a, event, &values) == 1;
}

bool tw_analyst_pass(struct tw_analyst *a, const struct tw_event *event)
{
    if (event->field.p != NULL)
        return a->at_hand.is_plain && pass_leaf(a, event);
    if (a->detect == NULL || a->config.event != NULL)
        return false;
    if (event->action == TW_ACTION_DELIVER)
        return pass_whole(a, event);
    if (event->action == TW_ACTION_READ)
        return pass_read(a, event);
    const struct tw_session_facts *facts = tw_sessions_pass(a->sessions, event);
    if (facts == NULL || !tw_detect_pass(a->detect, event, facts))
        return false;
    tw_registry_pass(a->config.registry, event);
    count(&a->stats, event);
    if (a->series != NULL)
        tw_series_pass(a->series, event, facts);
    return true;
}

/* Those from `first` on, and at most `n`. */
static uint32_t pass_together(struct tw_analyst *a, const struct tw_event *message,
    const struct tw_plain_values *values, uint32_t first, uint32_t n)
{
    struct tw_thing_note *notes[TW_PLAIN_VALUES];
    const struct tw_plain_value *list = values->list + first;
    const struct tw_session_facts *facts =
        tw_sessions_pass_values(a->sessions, message, values, first, &n, notes);
    if (facts == NULL)
        return 0;
    n = tw_detect_pass_values(a->detect, message, facts, list, notes, n);
    tw_registry_pass_values(a->config.registry, message->ts_ns, list, n);
    count_all(&a->stats, message, n);
    if (a->series != NULL && n > 0)
        tw_series_pass_value(a->series, message, list, notes[0]);
    return n;
}

uint32_t tw_analyst_pass_values(
    struct tw_analyst *a, const struct tw_event *message, const struct tw_plain_values *values)
{
    if (a->detect == NULL || a->config.event != NULL)
        return 0;
    if (a->series == NULL)
        return pass_together(a, message, values, 0, values->n);
    if (message->action == TW_ACTION_READ)
        return 0;
    /* What one says of its series may be judged before the next. */
    uint32_t passed = 0;
    while (passed < values->n && pass_together(a, message, values, passed, 1) == 1)
        passed++;
    return passed;
}

void tw_analyst_expect(const struct tw_analyst *a, const struct tw_event *event)
{
    if (event->protocol != TW_PROTO_MQTT)
        return;
    tw_sessions_expect(a->sessions, event);
    if (event->action == TW_ACTION_PUBLISH && a->config.registry != NULL)
        tw_registry_expect(a->config.registry, event);
}

void tw_analyst_event(struct tw_analyst *a, struct tw_event *event)
{
    const struct tw_emit out = {completed, a};
    if (a->first_ns == 0)
        a->first_ns = event->ts_ns;
    if (a->config.registry != NULL)
        tw_registry_name_topic(a->config.registry, event);
    const bool is_leaf = event->field.p != NULL;
    if (!is_leaf || !is_of(&a->at_hand, event))
        a->at_hand.is_plain = false;
    tw_sessions_event(a->sessions, event, &out);
    if (!is_leaf && event->action == TW_ACTION_PUBLISH)
        take_at_hand(a, event);
}

void tw_analyst_begin(struct tw_analyst *a, int64_t since_ns)
{
    a->first_ns = since_ns;
}

void tw_analyst_whole(struct tw_analyst *a, const struct tw_event *event)
{
    a->at_hand.is_plain = false;
    completed(a, event);
}

void tw_analyst_tick(struct tw_analyst *a, int64_t now_ns)
{
    const struct tw_emit out = {completed, a};
    a->at_hand.is_plain = false;
    tw_sessions_tick(a->sessions, now_ns, &out);
    if (a->detect == NULL)
        return;
    a->last_ns = now_ns > a->last_ns ? now_ns : a->last_ns;
    tw_detect_tick(a->detect, now_ns);
    if (a->series != NULL)
        tw_series_tick(a->series, now_ns);
    tw_alerts_tick(a->alerts, now_ns);
}

void tw_analyst_finish(struct tw_analyst *a)
{
    const struct tw_emit out = {completed, a};
    tw_sessions_finish(a->sessions, &out);
    if (a->alerts != NULL)
        tw_alerts_finish(a->alerts);
}

/* What so much of all that was timed took at most. */
static uint64_t cost_of(const struct tw_analyst *a, unsigned percent)
{
    uint64_t all = 0, n = 0;
    for (unsigned i = 0; i < COSTS; i++)
        all += a->costs[i];
    for (unsigned i = 0; all > 0 && i < COSTS; i++) {
        n += a->costs[i];
        if (100 * n >= percent * all)
            return (i + 1) * COST_NS;
    }
    return 0;
}

struct tw_analyst_stats tw_analyst_stats(const struct tw_analyst *a)
{
    struct tw_analyst_stats s = a->stats;
    s.cost_median_ns = cost_of(a, 50);
    s.cost_99_ns = cost_of(a, 99);
    s.sessions = tw_sessions_stats(a->sessions);
    if (a->detect != NULL) {
        s.alerts = tw_alerts_stats(a->alerts);
        s.detect = tw_detect_stats(a->detect);
        if (a->series != NULL)
            s.series = tw_series_stats(a->series);
    }
    return s;
}

const struct tw_rules *tw_analyst_rules(const struct tw_analyst *a)
{
    return a->config.rules;
}

struct tw_registry *tw_analyst_registry(const struct tw_analyst *a)
{
    return a->config.registry;
}

struct tw_alerts *tw_analyst_alerts(struct tw_analyst *a)
{
    return a->alerts;
}
