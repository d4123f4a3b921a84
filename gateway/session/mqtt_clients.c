#include <stdlib.h>

#include "base/table.h"
#include "base/timefmt.h"
#include "session/mqtt.h"

/* Which connections a client id lives on. A server ends the older one when the same id connects
 * again [MQTT5 3.1.4]: that is a takeover. An id that lives at two addresses is a clone. */

#define TAKEOVER_NS (60 * TW_NS_PER_S)

enum { CONNECTIONS = 4, TAKEOVERS = 8 };

struct connection {
    uint64_t flow;
    struct tw_ip ip;
    int64_t ended_ns; /* when not live */
    bool used, live;
    bool taken;    /* ended, or about to end, because another one took over */
    bool finished; /* by the client's own DISCONNECT */
};

struct client {
    struct connection at[CONNECTIONS];
    int64_t takeovers[TAKEOVERS]; /* their times, a ring */
    unsigned n_takeovers;
};

struct tw_mqtt_clients {
    struct tw_table *clients;
    const struct tw_mqtt_names *names;
};

struct tw_mqtt_clients *tw_mqtt_clients_new(
    const struct tw_limits *limits, const struct tw_mqtt_names *names)
{
    struct tw_mqtt_clients *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->names = names;
    c->clients = tw_table_new(sizeof(struct tw_text_key), sizeof(struct client), limits->sessions,
        tw_mqtt_names_seed(names));
    if (c->clients == NULL) {
        free(c);
        return NULL;
    }
    tw_table_of_digests(c->clients);
    return c;
}

void tw_mqtt_clients_free(struct tw_mqtt_clients *c)
{
    if (c == NULL)
        return;
    tw_table_free(c->clients);
    free(c);
}

/* Client ids are unique per server: its address is part of the key. */
static struct tw_text_key key_of(
    const struct tw_mqtt_named *named, uint64_t at, const struct tw_endpoint *broker)
{
    struct tw_text_key key = named->client;
    key.a = tw_hash_mix(key.a, at);
    key.b = tw_hash_mix(key.b, at ^ broker->port);
    return key;
}

static struct connection *find(struct client *k, uint64_t flow)
{
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        if (k->at[i].used && k->at[i].flow == flow)
            return &k->at[i];
    }
    return NULL;
}

/* A free place, else that of the connection that ended first, else the first one. */
static struct connection *place(struct client *k)
{
    struct connection *best = NULL;
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct connection *n = &k->at[i];
        if (!n->used)
            return n;
        if (!n->live && (best == NULL || n->ended_ns < best->ended_ns))
            best = n;
    }
    return best != NULL ? best : &k->at[0];
}

static void note_takeover(struct client *k, struct connection *old, int64_t ts_ns)
{
    if (old->taken)
        return;
    old->taken = true;
    k->takeovers[k->n_takeovers++ % TAKEOVERS] = ts_ns;
}

/* A new connection under this id: what lives on another flow is taken over, as is what its server
 * ended between the CONNECT and its answer. */
static void on_connect(struct client *k, const struct tw_event *event)
{
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct connection *old = &k->at[i];
        if (!old->used || old->flow == event->flow || old->finished)
            continue;
        bool ended_by_it =
            !old->live && event->request_packet != 0 && old->ended_ns >= event->request_ts_ns;
        if (old->live || ended_by_it) {
            note_takeover(k, old, event->ts_ns);
            if (old->live)
                old->ended_ns = event->ts_ns;
            old->live = false;
        }
    }
    struct connection *n = find(k, event->flow);
    if (n == NULL)
        n = place(k);
    *n = (struct connection){.flow = event->flow, .used = true, .live = true};
    n->ip = event->src.ip;
}

static void on_disconnect(struct client *k, const struct tw_event *event)
{
    struct connection *n = find(k, event->flow);
    if (n == NULL)
        return;
    bool said = event->mqtt->packet != NULL;
    if (said && event->mqtt->has_reason && event->mqtt->reason == 0x8e)
        note_takeover(k, n, event->ts_ns);
    else if (said && tw_ip_eq(&event->src.ip, &n->ip) && n->live)
        n->finished = true;
    if (n->live)
        n->ended_ns = event->ts_ns;
    n->live = false;
}

static void write_facts(const struct client *k, const struct tw_event *event,
    const struct tw_ip *own, struct tw_session_facts *facts)
{
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        const struct connection *n = &k->at[i];
        if (!n->used || n->flow == event->flow || tw_ip_eq(&n->ip, own))
            continue;
        if (n->live || (n->taken && event->ts_ns - n->ended_ns < TAKEOVER_NS))
            facts->live_elsewhere = n->ip;
    }
    unsigned n = k->n_takeovers < TAKEOVERS ? k->n_takeovers : TAKEOVERS;
    for (unsigned i = 0; i < n; i++)
        facts->takeovers += event->ts_ns - k->takeovers[i] < TAKEOVER_NS;
}

static bool is_accepted(const struct tw_event *event)
{
    return event->action == TW_ACTION_CONNECT && !event->status.is_null && !event->status_bad;
}

/* Both ends may send a DISCONNECT, an AUTH or nonsense: the server's is the one under which the
 * flow is known. */
static struct client *search(const struct tw_mqtt_clients *c, const struct tw_event *event,
    const struct tw_mqtt_named *named)
{
    const struct tw_endpoint *ends[] = {&event->dst, &event->src};
    for (unsigned i = event->action == TW_ACTION_DELIVER; i < 2; i++) {
        const bool first = i == (event->action == TW_ACTION_DELIVER);
        const uint64_t at = first ? named->broker : tw_mqtt_names_address(c->names, &ends[i]->ip);
        const struct tw_text_key key = key_of(named, at, ends[i]);
        struct client *k = tw_table_find(c->clients, &key);
        if (k != NULL && find(k, event->flow) != NULL)
            return k;
    }
    return NULL;
}

/* A connection goes on under the id that it has. */
static struct client *client_of(
    const struct tw_mqtt_clients *c, const struct tw_event *event, struct tw_mqtt_named *named)
{
    struct tw_mqtt_kept *kept = &named->kept_client;
    const uint64_t since = tw_table_evictions(c->clients) + 1;
    if (kept->since == since) {
        struct client *k = tw_table_use(c->clients, kept->at);
        if (find(k, event->flow) != NULL)
            return k;
    }
    struct client *k = search(c, event, named);
    if (k != NULL)
        *kept = (struct tw_mqtt_kept){since, tw_table_index(c->clients, k)};
    return k;
}

/* Of who is connected under which names. */
static uint64_t identity_of(
    const struct tw_mqtt_clients *c, const struct client *k, const struct tw_event *event)
{
    const struct tw_text_key *key = tw_table_key(c->clients, k);
    const struct tw_str user = event->mqtt->username.s;
    return (user.len > 0
                   ? tw_hash_mix(key->a, tw_hash(tw_mqtt_names_seed(c->names), user.p, user.len))
                   : key->a) |
           1;
}

void tw_mqtt_clients_event(struct tw_mqtt_clients *c, const struct tw_event *event,
    struct tw_mqtt_named *named, struct tw_session_facts *facts)
{
    if (event->mqtt->client_id.s.len == 0)
        return;
    struct client *k;
    if (is_accepted(event)) {
        const struct tw_text_key key = key_of(named, named->broker, &event->dst);
        k = tw_table_put(c->clients, &key, NULL);
        on_connect(k, event);
    } else {
        k = client_of(c, event, named);
        if (k == NULL)
            return;
        if (event->action == TW_ACTION_DISCONNECT)
            on_disconnect(k, event);
    }
    if (event->action == TW_ACTION_DELIVER)
        facts->identity = identity_of(c, k, event);
    const struct connection *own = find(k, event->flow);
    write_facts(k, event, own != NULL ? &own->ip : &event->src.ip, facts);
}
