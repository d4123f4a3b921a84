#include "registry/model.h"

#include <stddef.h>

#include "event/confidential.h"
#include "event/sparkplug.h"
#include "registry/schedule.h"

void tw_entry_facts(const struct tw_entry *e, struct tw_actor_facts *out)
{
    out->id = e->id;
    out->kind = e->is_ai ? TW_ACTOR_AI_SYSTEM : TW_ACTOR_ASSET;
    out->tier = e->tier;
    out->asset_kind = e->is_ai ? TW_STR_NONE : e->kind;
    out->technology = e->technology;
    out->has_may = e->has_may;
    out->security = e->security;
    out->mqtt_security = e->mqtt_security;
    out->has_min_confidence = e->has_min_confidence;
    out->min_confidence = e->min_confidence;
    out->max_input_age_ns = e->max_input_age_ns;
    out->quota_per_s = e->quota_per_s;
    out->history_per_s = e->history_per_s;
    out->egress_per_s = e->egress_per_s;
    out->ai = e->ai;
    out->trainer = e->trainer;
    out->model_name = e->model_name;
    out->model_version = e->model_version;
}

static void fill_actor(const struct tw_who_facts *who, const struct tw_entry *entry,
    const struct tw_event *event, bool is_client, struct tw_actor_facts *out)
{
    if (entry != NULL) {
        tw_entry_facts(entry, out);
        out->off_hours =
            entry->schedule != NULL && !tw_schedule_is_on(entry->schedule, event->ts_ns);
    }
    out->network = who->network;
    out->in_registered_only = who->in_registered_only;
    out->registered_address = who->registered_address;
    out->endpoint = event->src;
    if (entry == who->entry) {
        out->identity = who->identity;
        out->certain = who->certain;
        out->mismatch = who->mismatch;
    } else {
        out->identity = TW_IDENTITY_REGISTERED;
    }
    if (!is_client)
        return;
    if (event->mqtt != NULL) {
        out->client_id = tw_maybe_known(&event->mqtt->client_id);
        out->user = tw_maybe_known(&event->mqtt->username);
    } else if (event->opcua != NULL) {
        out->application_uri = tw_maybe_known(&event->opcua->application_uri);
        out->user = tw_maybe_known(&event->opcua->user);
    }
}

static void fill_target(const struct tw_entry *e, bool in_plant, const struct tw_event *event,
    struct tw_target_facts *out)
{
    out->importance = TW_IMPORTANCE_NORMAL;
    out->in_plant = in_plant;
    out->endpoint = event->dst;
    if (e == NULL)
        return;
    out->asset = e->id;
    out->ai = e->ai;
    out->kind = e->kind;
    out->importance = e->importance;
    out->min_security = e->min_security;
}

/* A Sparkplug command acts on the edge node; the broker only passes it on. */
static void fill_commanded(const struct tw_entry *e, struct tw_target_facts *out)
{
    if (e == NULL)
        return;
    out->asset = e->id;
    out->kind = e->kind;
    out->importance = e->importance;
}

/* Where the inventory says nothing: what the server says of this very node, else what was read of a
 * property that is named after it. */
static void fill_learned_range(
    const struct tw_variable *v, const struct tw_event *event, struct tw_variable_facts *out)
{
    const struct tw_learned *learned = event->facts == NULL ? NULL : event->facts->learned;
    if (learned != NULL && learned->has_range)
        out->range = (struct tw_range){
            .has_min = true, .has_max = true, .min = learned->low, .max = learned->high};
    else
        out->range = v->learned;
    out->range_learned = out->range.has_min;
}

static void fill_variable(const struct tw_decision *d, const struct tw_event *event,
    bool is_trusted, struct tw_variable_facts *out)
{
    const struct tw_variable *v = d->variable;
    if (v == NULL)
        return;
    out->id = v->id;
    out->role = v->role;
    out->normal = v->normal;
    out->command = v->command;
    out->is_input = v->is_input;
    out->label = v->label;
    out->ai_system = v->ai_system;
    out->is_followed = v->is_followed;
    out->is_stated = v->is_stated;
    out->is_payload = d->is_payload;
    /* Who may publish is a question to a publisher, not to the broker that passes it on. */
    if (event->action == TW_ACTION_PUBLISH || event->action == TW_ACTION_WRITE) {
        out->has_publishers = v->has_publishers;
        out->publisher_ok = v->has_publishers && d->is_publisher && is_trusted;
    }
    if (d->is_part)
        return;
    out->is_value = true;
    out->unit = v->unit;
    out->type = v->type;
    out->range = v->range;
    if (!v->range.has_min && !v->range.has_max)
        fill_learned_range(v, event, out);
    out->has_max_step = v->has_max_step;
    out->max_step = v->max_step;
    out->has_max_rate = v->has_max_rate;
    out->max_rate = v->max_rate;
    out->hold_off_ns = v->hold_off_ns;
}

/* Does the value go to where it may not be? Writing brings it in, rather. */
static bool leaves(
    const struct tw_registry *r, const struct tw_variable *v, const struct tw_event *event)
{
    static const uint32_t carrying = 1u << TW_ACTION_READ | 1u << TW_ACTION_HISTORY_READ |
                                     1u << TW_ACTION_NOTIFY | 1u << TW_ACTION_PUBLISH |
                                     1u << TW_ACTION_DELIVER;
    const struct tw_ip *to = tw_value_receiver(event);
    if (!v->is_zoned || (carrying & 1u << event->action) == 0 || event->status_bad ||
        to->family == 0)
        return false;
    for (size_t i = 0; i < v->n_zones; i++) {
        if (tw_cidrs_have(&v->zones[i]->cidrs, to))
            return false;
    }
    for (size_t i = 0; v->n_zones == 0 && i < r->n_networks; i++) {
        if (tw_cidrs_have(&r->networks[i].cidrs, to))
            return false;
    }
    return true;
}

static void fill_grant(const struct tw_decision *d, struct tw_grant_facts *out)
{
    out->allowed = d->allowed;
    out->default_open = d->default_open;
    if (d->grant == NULL)
        return;
    out->needs_approval = d->grant->needs_approval;
    out->has_max_step = d->grant->has_max_step;
    out->max_step = d->grant->max_step;
    out->has_rate = d->grant->has_rate;
    out->rate_per_s = d->grant->rate_per_s;
    out->rate_text = d->grant->rate_text;
    out->max_window_ns = d->grant->max_window_ns;
}

/* Who acts on what. */
static void fill_parties(
    const struct tw_parties *p, const struct tw_event *event, struct tw_facts *out)
{
    out->actor = (struct tw_actor_facts){0};
    out->target = (struct tw_target_facts){0};
    fill_actor(&p->who, p->entry, event, !p->from_server, &out->actor);
    fill_target(p->target, p->in_plant, event, &out->target);
    fill_commanded(p->commanded, &out->target);
}

static void names_of(const struct tw_event *event, struct tw_str out[TW_RESOLVED_NAMES])
{
    memset(out, 0, TW_RESOLVED_NAMES * sizeof(*out));
    if (event->mqtt != NULL) {
        out[0] = event->mqtt->client_id.s;
        out[1] = event->mqtt->username.s;
    } else if (event->opcua != NULL) {
        out[0] = event->opcua->application_uri.s;
        out[1] = event->opcua->user.s;
        out[2] = event->opcua->certificate_sha256.s;
    }
}

static bool same_place(const struct tw_endpoint *a, const struct tw_endpoint *b)
{
    return a->port == b->port && tw_ip_eq(&a->ip, &b->ip) && a->has_mac == b->has_mac &&
           memcmp(a->mac, b->mac, sizeof(a->mac)) == 0;
}

/* Of the message that was resolved last? Events that no message carries are each by themselves. */
static bool is_same_message(const struct tw_resolved *last, const struct tw_event *event)
{
    struct tw_str names[TW_RESOLVED_NAMES];
    if (!last->known || last->flow != event->flow || last->packet != event->packet ||
        last->action != event->action ||
        last->serial != (event->mqtt != NULL ? event->mqtt->serial : 0) ||
        last->session != (event->opcua != NULL ? event->opcua->auth_token : 0))
        return false;
    /* The same bytes at the same place: names are not copied within a message. */
    names_of(event, names);
    for (size_t i = 0; i < TW_RESOLVED_NAMES; i++) {
        if (last->names[i].p != names[i].p || last->names[i].len != names[i].len)
            return false;
    }
    return same_place(&last->src, &event->src) && same_place(&last->dst, &event->dst);
}

static void remember(struct tw_registry *r, const struct tw_event *event)
{
    struct tw_resolved *last = &r->last;
    last->flow = event->flow;
    last->packet = event->packet;
    last->action = event->action;
    last->serial = event->mqtt != NULL ? event->mqtt->serial : 0;
    last->session = event->opcua != NULL ? event->opcua->auth_token : 0;
    last->known = last->serial != 0 || last->session != 0;
    last->plain_leaves = false;
    last->fields = (struct tw_topic_fields){.n = 0};
    last->src = event->src;
    last->dst = event->dst;
    names_of(event, last->names);
    last->parties = tw_parties_of(r, event);
    last->entry = last->parties->entry;
    last->server = last->parties->server;
}

/* A topic without variables, reports and orders has none for its leaves; where variables are fields
 * of the payload, the others are as plain. The grant is that of the topic. */
static void note_leaves(
    struct tw_registry *r, const struct tw_event *event, const struct tw_decision *d)
{
    struct tw_resolved *last = &r->last;
    last->plain_leaves = event->protocol == TW_PROTO_MQTT && event->action == TW_ACTION_PUBLISH &&
                         d->report == NULL && !d->is_order;
    if (last->plain_leaves && d->variable != NULL) {
        last->fields = tw_variable_fields(r, d->variable);
        last->plain_leaves = last->fields.rows != NULL;
    }
}

/* Is the leaf one that a variable is declared for? */
bool tw_registry_is_declared(const struct tw_registry *r, const struct tw_event *leaf)
{
    const struct tw_topic_fields *f = &r->last.fields;
    for (size_t i = 0; i < f->n; i++) {
        if (tw_str_eq(r->variables[f->rows[i].item].field, leaf->field))
            return true;
    }
    return f->n > 0 && leaf->field.len == 0;
}

bool tw_registry_declares_fields(const struct tw_registry *r)
{
    return r->last.fields.n > 0;
}

/* Its own words, once a message: not what a broker passes on, not again with every leaf. */
static bool tells_decision(const struct tw_entry *actor, const struct tw_event *event)
{
    return actor != NULL && actor->is_ai && event->field.p == NULL &&
           event->action != TW_ACTION_DELIVER && tw_event_decision(event) != NULL;
}

static void fill_filter(
    const struct tw_registry *r, const struct tw_event *event, struct tw_filter_facts *out)
{
    if (event->protocol != TW_PROTO_MQTT)
        return;
    if (event->action == TW_ACTION_SUBSCRIBE)
        tw_variable_commands(r, event->object, out);
    else if (event->action == TW_ACTION_CONNECT && event->mqtt != NULL &&
             event->mqtt->will_topic.len > 0)
        tw_variable_commands(r, event->mqtt->will_topic, out);
}

static void fill_label(const struct tw_registry *r, const struct tw_variable *v,
    const struct tw_event *event, struct tw_variable_facts *out)
{
    const struct tw_entry *actor = r->last.entry;
    if (v == NULL)
        return;
    out->leaves = leaves(r, v, event);
    out->above_clearance = actor != NULL && actor->has_clearance && v->label >= TW_LABEL_RECIPE &&
                           (actor->clearance & 1u << v->label) == 0;
}

/* `kept`: actor and target in `facts` are still those of the event before. */
static void resolve(
    struct tw_registry *r, const struct tw_event *event, struct tw_facts *facts, bool kept)
{
    struct tw_resolved *last = &r->last;
    const bool again = is_same_message(last, event);
    if (!again)
        remember(r, event);
    tw_clock_event(&r->clock, event);
    /* Asked before all the facts are filled in, which then goes on while memory is waited for. */
    const bool plain =
        last->plain_leaves && event->field.p != NULL && !tw_registry_is_declared(r, event);
    const struct tw_decision *d = plain ? NULL : tw_parties_decide(r, last->parties, event);
    if (!again || !kept)
        fill_parties(last->parties, event, facts);
    memset(&facts->variable, 0, sizeof(*facts) - offsetof(struct tw_facts, variable));
    facts->clock_ahead_ns = tw_clock_ahead_ns(&r->clock);
    if (plain) {
        facts->grant = last->grant;
        return;
    }
    facts->is_order = d->is_order;
    tw_variable_learn(r, event, last->server);
    fill_filter(r, event, &facts->filter);
    fill_variable(d, event, !facts->actor.certain, &facts->variable);
    fill_label(r, d->variable, event, &facts->variable);
    fill_grant(d, &facts->grant);
    if (d->report != NULL)
        tw_report_fill(r, event, last->entry, d->report, &facts->report);
    else if (tells_decision(last->entry, event))
        tw_report_of_decision(r, event, last->entry, &facts->report);
    if (event->field.p != NULL)
        return;
    note_leaves(r, event, d);
    last->grant = facts->grant;
}

void tw_registry_resolve(
    struct tw_registry *r, const struct tw_event *event, struct tw_facts *facts)
{
    resolve(r, event, facts, false);
}

void tw_registry_resolve_next(
    struct tw_registry *r, const struct tw_event *event, struct tw_facts *facts)
{
    resolve(r, event, facts, true);
}

bool tw_registry_has_plain_leaves(const struct tw_registry *r, const struct tw_event *message)
{
    const struct tw_resolved *last = &r->last;
    return last->plain_leaves && message->mqtt != NULL && last->serial == message->mqtt->serial &&
           last->flow == message->flow && last->action == message->action;
}

void tw_registry_pass(struct tw_registry *r, const struct tw_event *event)
{
    tw_clock_event(&r->clock, event);
}

void tw_registry_pass_values(
    struct tw_registry *r, int64_t now_ns, const struct tw_plain_value *values, uint32_t n)
{
    tw_clock_values(&r->clock, now_ns, values, n);
}

uint64_t tw_registry_learned(const struct tw_registry *r)
{
    return r->learned;
}
