#include <stdlib.h>

#include "base/topic.h"
#include "detect/state.h"

/* One declared sign of life, and its AI system as it gave the last one. */
struct watch {
    const struct tw_heartbeat_def *def;
    bool seen;                /* at all: before that nothing is missed */
    bool hidden;              /* its AI system went on where nobody can read */
    bool told;                /* of this silence */
    int64_t beat_ns, from_ns; /* silence counts from the latter, which is not before the former */
    int64_t act_ns;           /* when its AI system last did anything */
    uint64_t beat_packet, act_packet, flow;
    enum tw_protocol protocol;
    struct tw_endpoint src, dst;
    struct tw_actor_facts actor;
    struct tw_target_facts target;
};

/* Those of one AI system follow each other. */
struct owner {
    size_t first, n;
};

struct tw_heartbeats {
    const struct tw_pulse *pulse;
    struct watch *watches;
    size_t n;
    struct tw_table *owners; /* by where the id is written, which is the inventory's for all */
};

static size_t count(const struct tw_heartbeat_def *def)
{
    size_t n = 0;
    for (; def != NULL; def = def->next)
        n++;
    return n;
}

struct tw_heartbeats *tw_heartbeats_new(
    const struct tw_registry *registry, const struct tw_pulse *pulse)
{
    const struct tw_heartbeat_def *def = tw_registry_heartbeats(registry);
    const size_t n = count(def);
    struct tw_heartbeats *h = calloc(1, sizeof(*h));
    if (h == NULL)
        return NULL;
    h->pulse = pulse;
    h->watches = calloc(n + 1, sizeof(*h->watches));
    h->owners = tw_table_new(sizeof(const char *), sizeof(struct owner), n + 1, tw_seed_random());
    if (h->watches == NULL || h->owners == NULL) {
        tw_heartbeats_free(h);
        return NULL;
    }
    for (; def != NULL; def = def->next) {
        bool created;
        struct owner *o = tw_table_put(h->owners, &def->ai_system.p, &created);
        if (created)
            o->first = h->n;
        o->n++;
        h->watches[h->n++].def = def;
    }
    return h;
}

void tw_heartbeats_free(struct tw_heartbeats *h)
{
    if (h == NULL)
        return;
    tw_table_free(h->owners);
    free(h->watches);
    free(h);
}

static bool is_same(const struct tw_heartbeat_def *a, const struct tw_heartbeat_def *b)
{
    return tw_str_eq(a->ai_system, b->ai_system) && tw_str_eq(a->object, b->object) &&
           tw_str_eq(a->server, b->server);
}

void tw_heartbeats_adopt(
    struct tw_heartbeats *h, const struct tw_heartbeats *old, const struct tw_registry *registry)
{
    for (size_t i = 0; i < h->n; i++) {
        struct watch *w = &h->watches[i];
        const struct tw_heartbeat_def *def = w->def;
        for (size_t k = 0; k < old->n; k++) {
            if (!old->watches[k].seen || !is_same(def, old->watches[k].def))
                continue;
            *w = old->watches[k];
            w->def = def;
            tw_registry_renew(registry, &w->actor, &w->target);
            break;
        }
    }
}

static bool is_beat(const struct watch *w, const struct tw_event *e, const struct tw_facts *f)
{
    const struct tw_heartbeat_def *def = w->def;
    if (e->object.p == NULL || e->field.len > 0 || e->status_bad)
        return false;
    if (def->server.p == NULL)
        return e->protocol == TW_PROTO_MQTT && e->action == TW_ACTION_PUBLISH &&
               tw_topic_matches(def->object, e->object);
    return e->protocol == TW_PROTO_OPCUA && e->action == TW_ACTION_WRITE &&
           tw_str_eq(def->server, f->target.asset) && tw_str_eq(def->object, e->object);
}

/* Views that end with the event do not stay. */
static void take_beat(struct watch *w, const struct tw_event *e, const struct tw_facts *f)
{
    w->seen = true;
    w->hidden = w->told = false;
    w->beat_ns = w->from_ns = w->act_ns = e->ts_ns;
    w->beat_packet = w->act_packet = e->packet;
    w->flow = e->flow;
    w->protocol = e->protocol;
    w->src = e->src;
    w->dst = e->dst;
    w->actor = f->actor;
    w->actor.client_id = w->actor.application_uri = w->actor.user = TW_STR_NONE;
    w->actor.mismatch = TW_STR_NONE;
    w->target = f->target;
}

/* May the event have hidden a sign of life? */
static bool is_blind(struct watch *w, const struct tw_event *e, const struct tw_facts *f)
{
    if (tw_message_is_hidden(e, f, &w->def->ai_system, 1) &&
        tw_str_eq(f->target.asset, w->target.asset))
        w->hidden = true;
    return w->hidden || e->encrypted ||
           (e->action == TW_ACTION_GAP && tw_message_may_be_lost(e, 0));
}

static bool is_arrival(const struct tw_event *e)
{
    static const uint32_t actions = 1u << TW_ACTION_CONNECT | 1u << TW_ACTION_SECURE |
                                    1u << TW_ACTION_SESSION | 1u << TW_ACTION_AUTHENTICATE;
    return (actions & 1u << e->action) != 0;
}

/* Something that its AI system does; not what is said of a connection, or of a deadline. What was
 * lost, and was no message, is as little an act as it is when it is seen. */
static bool is_act(const struct tw_event *e)
{
    static const uint32_t others = 1u << TW_ACTION_FLOW | 1u << TW_ACTION_DISCONNECT |
                                   1u << TW_ACTION_MALFORMED | 1u << TW_ACTION_CONFLICT |
                                   1u << TW_ACTION_GAP;
    return (others & 1u << e->action) == 0 && e->phase == 0;
}

static int64_t from_ns(const struct tw_heartbeats *h, const struct watch *w)
{
    return w->from_ns > h->pulse->hole_ns ? w->from_ns : h->pulse->hole_ns;
}

static void overdue(const struct watch *w, int64_t now_ns, struct tw_heartbeat_facts *out)
{
    if (out->object.p != NULL)
        return;
    out->object = w->def->object;
    out->silent_ns = now_ns - w->beat_ns;
    out->limit_ns = w->def->limit_ns;
}

static void see(
    const struct tw_heartbeats *h, struct watch *w, const struct tw_event *e, struct tw_facts *f)
{
    if (is_beat(w, e, f)) {
        take_beat(w, e, f);
        f->heartbeat.is_sign = true;
        return;
    }
    if (!w->seen)
        return;
    if (is_blind(w, e, f)) {
        w->from_ns = e->ts_ns;
        return;
    }
    if (!is_act(e))
        return;
    /* It was away, and has as long as ever for the first one. */
    if (is_arrival(e) && e->ts_ns - w->act_ns > w->def->limit_ns)
        w->from_ns = e->ts_ns;
    w->act_ns = e->ts_ns;
    w->act_packet = e->packet;
    if (e->ts_ns - from_ns(h, w) > w->def->limit_ns)
        overdue(w, e->ts_ns, &f->heartbeat);
}

void tw_heartbeats_event(struct tw_heartbeats *h, const struct tw_event *e, struct tw_facts *facts)
{
    facts->heartbeat = (struct tw_heartbeat_facts){.silent_ns = 0};
    if (h->n == 0 || facts->actor.kind != TW_ACTOR_AI_SYSTEM)
        return;
    const struct owner *o = tw_table_peek(h->owners, &facts->actor.id.p);
    if (o == NULL || (facts->actor.identity == TW_IDENTITY_MISMATCH && facts->actor.certain))
        return;
    for (size_t i = o->first; i < o->first + o->n; i++)
        see(h, &h->watches[i], e, facts);
}

static void tell(const struct watch *w, int64_t ts_ns, tw_silence_fn fn, void *user)
{
    struct tw_facts facts = {.actor = w->actor, .target = w->target};
    const struct tw_event e = {.ts_ns = ts_ns,
        .packet = w->act_packet,
        .request_ts_ns = w->beat_ns,
        .request_packet = w->beat_packet,
        .phase = 1,
        .protocol = w->protocol,
        .action = TW_ACTION_SILENCE,
        .src = w->src,
        .dst = w->dst,
        .flow = w->flow,
        .object = w->def->object};
    overdue(w, ts_ns, &facts.heartbeat);
    fn(user, &e, &facts);
}

void tw_heartbeats_tick(struct tw_heartbeats *h, int64_t now_ns, tw_silence_fn fn, void *user)
{
    if (h->n == 0 || tw_pulse_is_silent(h->pulse, now_ns))
        return;
    for (size_t i = 0; i < h->n; i++) {
        struct watch *w = &h->watches[i];
        const int64_t limit_ns = w->def->limit_ns, from = from_ns(h, w);
        /* Whoever did nothing in the last third of it may have been stopped altogether. */
        if (!w->seen || w->hidden || w->told || now_ns - from <= limit_ns ||
            w->act_ns - from < limit_ns - limit_ns / 3)
            continue;
        w->told = true;
        tell(w, w->act_ns > from + limit_ns ? w->act_ns : from + limit_ns, fn, user);
    }
}
