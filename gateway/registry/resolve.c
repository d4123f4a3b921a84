#include "registry/model.h"

static struct tw_str known(const struct tw_maybe *m)
{
    return m->is_null ? TW_STR_NONE : m->s;
}

/* Events that a server sends by itself: what their session says about the client is about the receiver. */
static bool is_from_server(const struct tw_event *event, const struct tw_place *src)
{
    static const uint32_t pushed =
        1u << TW_ACTION_NOTIFY | 1u << TW_ACTION_ALARM | 1u << TW_ACTION_DELIVER;
    if ((pushed & 1u << event->action) != 0)
        return true;
    return src->entry != NULL && src->is_server_port;
}

/* Only a name that the other side accepted counts: a mistyped password is no identity. */
static bool user_counts(const struct tw_event *event)
{
    bool asks = event->action == TW_ACTION_AUTHENTICATE || event->action == TW_ACTION_CONNECT;
    return !asks || (!event->status_bad && !event->status.is_null);
}

static void claim_names(struct tw_claim *c, const struct tw_event *event)
{
    if (event->opcua != NULL) {
        const struct tw_opcua_info *o = event->opcua;
        c->facts[TW_ID_URI] = known(&o->application_uri);
        c->facts[TW_ID_CERTIFICATE] = known(&o->certificate_sha256);
        c->certificate_uri = o->certificate_uri;
        if (user_counts(event))
            c->facts[TW_ID_OPCUA_USER] = known(&o->user);
    }
    if (event->mqtt != NULL) {
        c->facts[TW_ID_CLIENT_ID] = known(&event->mqtt->client_id);
        if (user_counts(event))
            c->facts[TW_ID_MQTT_USER] = known(&event->mqtt->username);
    }
}

/* Damage and gaps belong to a stream, not to what a client said. */
static bool has_names(const struct tw_event *event)
{
    static const uint32_t anonymous = 1u << TW_ACTION_FLOW | 1u << TW_ACTION_MALFORMED |
                                      1u << TW_ACTION_GAP | 1u << TW_ACTION_CONFLICT;
    return (anonymous & 1u << event->action) == 0;
}

static void fill_entry(const struct tw_entry *e, struct tw_actor_facts *out)
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
    out->model_name = e->model_name;
    out->model_version = e->model_version;
}

static void fill_actor(const struct tw_who_facts *who, const struct tw_entry *entry,
    const struct tw_event *event, bool is_client, struct tw_actor_facts *out)
{
    if (entry != NULL)
        fill_entry(entry, out);
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
        out->client_id = known(&event->mqtt->client_id);
        out->user = known(&event->mqtt->username);
    } else if (event->opcua != NULL) {
        out->application_uri = known(&event->opcua->application_uri);
        out->user = known(&event->opcua->user);
    }
}

static void fill_target(const struct tw_entry *e, const struct tw_place *at,
    const struct tw_event *event, struct tw_target_facts *out)
{
    out->importance = TW_IMPORTANCE_NORMAL;
    out->in_plant = at->in_plant;
    out->endpoint = event->dst;
    if (e == NULL)
        return;
    out->asset = e->id;
    out->kind = e->kind;
    out->importance = e->importance;
    out->min_security = e->min_security;
}

static void fill_variable(const struct tw_decision *d, const struct tw_event *event,
    bool is_trusted, struct tw_variable_facts *out)
{
    const struct tw_variable *v = d->variable;
    if (v == NULL)
        return;
    out->id = v->id;
    out->role = v->role;
    out->is_payload = d->is_payload;
    /* Who may publish is a question to a publisher, not to the broker that passes it on. */
    if (event->action == TW_ACTION_PUBLISH || event->action == TW_ACTION_WRITE) {
        out->has_publishers = v->has_publishers;
        out->publisher_ok = v->has_publishers && d->is_publisher && is_trusted;
    }
    if (d->is_part)
        return;
    out->unit = v->unit;
    out->type = v->type;
    out->range = v->range;
    out->has_max_step = v->has_max_step;
    out->max_step = v->max_step;
    out->has_max_rate = v->has_max_rate;
    out->max_rate = v->max_rate;
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
}

enum { CLIENT, SERVER }; /* the sides of a flow, for the cache of identities */

void tw_registry_resolve(
    struct tw_registry *r, const struct tw_event *event, struct tw_facts *facts)
{
    *facts = (struct tw_facts){0};
    const struct tw_place src = tw_who_at(r, &event->src, event->protocol);
    const struct tw_place dst = tw_who_at(r, &event->dst, event->protocol);
    const bool from_server = is_from_server(event, &src);
    struct tw_claim client, plain;
    tw_claim_address(&client, from_server ? &event->dst : &event->src);
    if (has_names(event))
        claim_names(&client, event);
    const struct tw_who_facts *named = tw_who_is(r, &client, event->flow, CLIENT), *who = named;
    if (from_server) {
        tw_claim_address(&plain, &event->src);
        who = tw_who_is(r, &plain, event->flow, SERVER);
    }
    /* A server is told by where it listens; a client by all that it is. */
    const struct tw_entry *entry = from_server && src.entry != NULL ? src.entry : who->entry;
    const struct tw_entry *server = from_server ? entry : dst.entry;
    const struct tw_entry *target = from_server ? named->entry : dst.entry;
    const struct tw_decision *d = tw_decide(r, event, entry, server);
    fill_actor(who, entry, event, !from_server, &facts->actor);
    fill_target(target, &dst, event, &facts->target);
    fill_variable(d, event, !facts->actor.certain, &facts->variable);
    fill_grant(d, &facts->grant);
    if (d->report != NULL)
        tw_report_fill(r, event, entry, d->report, &facts->report);
}
