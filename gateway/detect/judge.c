/* Every event, and what is known of it before rules are asked. */

#include "base/timefmt.h"
#include "detect/engine.h"

struct tw_text_key tw_detect_key(
    struct tw_detect *d, const struct tw_by *by, const struct tw_scene *scene)
{
    return tw_by_key(&d->key, d->seed, by, scene);
}

unsigned tw_detect_readable(struct tw_detect *d, const struct tw_scene *scene)
{
    struct tw_text_key key = tw_detect_key(d, &d->actor, scene);
    const struct tw_coverage *c = tw_table_peek(d->coverage, &key);
    return c == NULL || c->events == 0 ? 100
                                       : (unsigned)(100 * (c->events - c->unread) / c->events);
}

/* Of the message that the last event was of? Events that no message carries are each by themselves.
 */
static bool is_same_message(struct tw_last_message *m, const struct tw_event *e)
{
    uint64_t serial = e->mqtt != NULL ? e->mqtt->serial : 0;
    uint64_t session = e->opcua != NULL ? e->opcua->auth_token : 0;
    if (m->known && m->flow == e->flow && m->packet == e->packet && m->serial == serial &&
        m->session == session && m->action == e->action)
        return true;
    m->known = serial != 0 || session != 0;
    m->flow = e->flow;
    m->packet = e->packet;
    m->serial = serial;
    m->session = session;
    m->action = e->action;
    return false;
}

void tw_detect_ask(
    struct tw_detect *d, const struct tw_scene *scene, const struct tw_left *list, size_t n)
{
    struct tw_last_message *m = &d->message;
    for (size_t i = 0; i < n; i++) {
        const uint16_t rule = list[i].rule;
        if (m->done[rule] != m->number && !tw_detect_evaluate(d, &list[i], scene))
            m->done[rule] = m->number;
    }
}

/* How many rules there were to ask. */
static size_t ask_rules(struct tw_detect *d, const struct tw_scene *scene, bool again)
{
    struct tw_last_message *m = &d->message;
    const tw_like like = tw_like_of(scene);
    size_t n;
    const struct tw_left *list = tw_filter_rules_of(d->filter, like, scene, &n);
    if (!again) {
        const bool followed = tw_detect_follows(scene->facts);
        if (like != m->like || followed != m->followed)
            m->leaves_seen = m->leaves_dull = m->leaves_asked = 0;
        m->like = like;
        m->followed = followed;
        if (++m->number == 0) {
            memset(m->done, 0, d->rules->n * sizeof(*m->done));
            m->number = 1;
        }
    }
    tw_detect_ask(d, scene, list, n);
    return n;
}

static struct tw_coverage *coverage_of(struct tw_detect *d, const struct tw_scene *scene)
{
    const struct tw_str id = scene->facts->actor.id;
    struct tw_near_coverage *n = NULL;
    if (id.p != NULL && id.len > 0 && id.len <= TW_COVERAGE_ID &&
        tw_table_evictions(d->coverage) == 0) {
        /* The inventory has each id once: where it is written spreads them. */
        const uint64_t at = (uint64_t)(uintptr_t)id.p * 0x9e3779b97f4a7c15u;
        n = &d->near[(at >> 32) % TW_COVERAGE_NEAR];
        if (n->len == id.len && memcmp(n->id, id.p, id.len) == 0)
            return n->coverage;
    }
    const struct tw_text_key key = tw_detect_key(d, &d->actor, scene);
    struct tw_coverage *c = tw_table_put(d->coverage, &key, NULL);
    if (n != NULL) {
        n->coverage = c;
        n->len = (uint16_t)id.len;
        memcpy(n->id, id.p, id.len);
    }
    return c;
}

/* An event counts as unread when its body was encrypted, bytes of it were lost, or nobody could say
 * whether it was approved. */
static void note_coverage(struct tw_detect *d, const struct tw_scene *scene, bool again)
{
    const struct tw_event *e = scene->event;
    if (!again)
        d->message.coverage = coverage_of(d, scene);
    struct tw_coverage *c = d->message.coverage;
    c->events++;
    c->unread += e->encrypted || e->action == TW_ACTION_GAP ||
                 scene->facts->approval.state == TW_APPROVAL_UNKNOWN;
}

static struct tw_quiet_mark mark_of(struct tw_detect *d, const struct tw_event *event)
{
    return (struct tw_quiet_mark){.changes = tw_changes_epoch(d->changes, event->ts_ns),
        .learned = tw_registry_learned(d->registry),
        .acts = tw_acts_epoch(d->acts)};
}

bool tw_detect_follows(const struct tw_facts *f)
{
    return f->actor.kind != TW_ACTOR_ASSET || f->actor.ai != 0 || f->target.ai != 0 ||
           f->actor.trainer;
}

/* What is told is told by the server, and is of no matter unless it is text to an agent; for the
 * rest, who acts is. What agents are made of is followed wherever it shows. */
static bool may_be_quiet(const struct tw_event *event, const struct tw_facts *f)
{
    if (f->variable.label >= TW_LABEL_PROMPT)
        return false;
    if (event->action == TW_ACTION_NOTIFY)
        return f->target.ai == 0 || event->value.kind != TW_VALUE_STRING;
    return !tw_detect_follows(f) && !f->is_order;
}

void tw_detect_event(struct tw_detect *d, const struct tw_event *event, struct tw_facts *facts)
{
    const struct tw_scene scene = {event, facts};
    tw_quiet_end(d->quiet);
    d->message.plain = false;
    if (!d->started)
        d->first_ns = event->ts_ns;
    d->started = true;
    d->stats.events++;
    if (facts->watching_ns == 0)
        facts->watching_ns = event->ts_ns - d->first_ns;
    tw_pulse_event(&d->pulse, event->ts_ns);
    tw_approvals_event(d->approvals, event, facts);
    tw_changes_event(d->changes, event, facts);
    tw_reports_event(d->changes, event, facts);
    tw_heartbeats_event(d->heartbeats, event, facts);
    const bool lasts = tw_lasts_event(d->lasts, event, facts),
               acts = tw_acts_event(d->acts, event, facts),
               conduct = tw_conduct_event(d->conduct, event, facts);
    bool again = is_same_message(&d->message, event);
    if (!again)
        d->message.declared = facts->variable.id.p != NULL;
    note_coverage(d, &scene, again);
    if (ask_rules(d, &scene, again) == 0 && !lasts && !acts && !conduct &&
        may_be_quiet(event, facts)) {
        const struct tw_quiet_mark mark = mark_of(d, event);
        tw_quiet_note(d->quiet, event, event->facts, &mark, d->message.coverage);
    }
}

static void begin_quiet(
    struct tw_detect *d, const struct tw_event *event, const struct tw_session_facts *facts)
{
    if (tw_quiet_is_begun(d->quiet, facts))
        return;
    const struct tw_quiet_mark mark = mark_of(d, event);
    tw_quiet_begin(d->quiet, event, facts, &mark);
}

bool tw_detect_pass(
    struct tw_detect *d, const struct tw_event *event, const struct tw_session_facts *facts)
{
    begin_quiet(d, event, facts);
    struct tw_coverage *coverage = tw_quiet_find(d->quiet, event, facts);
    if (coverage == NULL)
        return false;
    d->stats.events++;
    coverage->events++;
    tw_pulse_event(&d->pulse, event->ts_ns);
    return true;
}

uint32_t tw_detect_pass_values(struct tw_detect *d, const struct tw_event *message,
    const struct tw_session_facts *facts, const struct tw_plain_value *values,
    struct tw_thing_note *const *notes, uint32_t n)
{
    struct tw_coverage *coverage;
    begin_quiet(d, message, facts);
    n = tw_quiet_find_values(d->quiet, values, notes, n, (void **)&coverage);
    if (n == 0)
        return 0;
    d->stats.events += n;
    coverage->events += n;
    tw_pulse_events(&d->pulse, message->ts_ns, n);
    return n;
}

bool tw_detect_is_quiet(
    struct tw_detect *d, const struct tw_event *event, const struct tw_session_facts *facts)
{
    if (facts == NULL || facts->note == NULL)
        return false;
    const struct tw_quiet_mark mark = mark_of(d, event);
    struct tw_coverage *coverage = tw_quiet_find_whole(d->quiet, event, facts, &mark);
    if (coverage == NULL)
        return false;
    tw_quiet_end(d->quiet);
    d->stats.events++;
    coverage->events++;
    tw_pulse_event(&d->pulse, event->ts_ns);
    return true;
}

static void on_silence(void *user, const struct tw_event *event, struct tw_facts *facts)
{
    struct tw_detect *d = user;
    const struct tw_scene scene = {event, facts};
    facts->watching_ns = event->ts_ns - d->first_ns;
    bool again = is_same_message(&d->message, event);
    (void)ask_rules(d, &scene, again);
}

void tw_detect_tick(struct tw_detect *d, int64_t now_ns)
{
    tw_quiet_end(d->quiet);
    tw_approvals_flush(d->approvals, now_ns);
    tw_changes_flush(d->changes, now_ns);
    tw_heartbeats_tick(d->heartbeats, now_ns, on_silence, d);
    tw_acts_tick(d->acts, now_ns, on_silence, d);
    for (size_t i = 0; d->n_absences > 0 && i < d->rules->n; i++) {
        if (d->memory[i].absences != NULL)
            tw_absences_tick(d->memory[i].absences, &d->pulse, now_ns, tw_detect_give, d);
    }
}
