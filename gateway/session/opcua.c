#include "session/opcua.h"

#include <stdlib.h>

#include "session/notes.h"

enum { TEXT_ROOM = 1280, ITEMS_PER_SESSION = 4, ROUTES = 4096 };

/* Tokens are unique to a server only. Compared as bytes. */
struct session_key {
    struct tw_opcua_server server;
    uint32_t zero;
    uint64_t token;
};

/* Text of a session: its strings point into `room`. */
struct text {
    size_t used;
    char room[TEXT_ROOM];
};

struct session {
    struct tw_maybe application_uri, application_name, product_uri, session_name, session;
    struct tw_maybe certificate_sha256;
    struct tw_str certificate_uri, server_uri;
    struct tw_maybe user;
    struct tw_str user_token; /* static */
    struct text text;
    char user_room[TW_MAX_IDENTITY];
    uint64_t identity; /* of what is said above: another one when it changes */
    bool live, closed, has_app;
    struct tw_ip client; /* where it is live */
    struct tw_text_key app;
};

/* What a connection is known by, for events that name no session. */
struct flow {
    struct session_key last; /* the session used last on it; token 0: none */
    struct tw_str application_uri;
    struct tw_maybe certificate_sha256;
    struct tw_str certificate_uri;
    size_t used;
    char room[TW_MAX_IDENTITY + 64];
};

/* The session that a flow used last, and where all stands that looking it up would find. Good as
 * long as none began or was activated, and nothing had to go. */
struct route {
    uint64_t flow, epoch;
    struct session_key key;
    uint32_t session, at, app; /* places in the tables of sessions, flows and applications */
};

/* The message whose session was looked up last: its other events have the same one. */
struct last {
    uint64_t flow, packet, request_packet, token;
    enum tw_action action;
    bool good;
    struct session *session; /* NULL: none */
    struct tw_ip elsewhere;
};

/* The message whose data changes pass now, as long as no other event comes between. */
struct passing {
    bool known;
    uint32_t subscription, generation;
    uint64_t flow, packet, request_packet, token, number;
    uint64_t identity; /* noted_under() */
};

struct tw_opcua_sessions {
    struct tw_table *sessions, *flows;
    struct tw_opcua_live *live;
    struct tw_opcua_items *items;
    struct tw_opcua_nodes *nodes;
    struct tw_opcua_learned *learned;
    struct tw_notes *notes; /* about nodes that are read */
    struct last last;
    struct passing passing;
    uint64_t identities, messages;
    struct route routes[ROUTES];
};

struct tw_opcua_server tw_opcua_server_of(const struct tw_event *event)
{
    bool server_acts = event->action == TW_ACTION_NOTIFY || event->action == TW_ACTION_ALARM;
    const struct tw_endpoint *at = server_acts ? &event->src : &event->dst;
    struct tw_opcua_server server = {.family = at->ip.family, .port = at->port};
    memcpy(server.ip, at->ip.b, at->ip.family == 6 ? 16 : 4);
    return server;
}

static const struct tw_ip *client_of(const struct tw_event *event)
{
    bool server_acts = event->action == TW_ACTION_NOTIFY || event->action == TW_ACTION_ALARM;
    return server_acts ? &event->dst.ip : &event->src.ip;
}

static void leave(struct tw_opcua_sessions *s, struct session *session)
{
    if (session->live && session->has_app)
        tw_opcua_live_remove(s->live, &session->app, &session->client);
    session->live = false;
}

static void evicted(void *user, const void *key, void *value)
{
    (void)key;
    leave(user, value);
}

struct tw_opcua_sessions *tw_opcua_sessions_new(const struct tw_limits *limits)
{
    struct tw_opcua_sessions *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    size_t n = limits->sessions;
    s->sessions =
        tw_table_new(sizeof(struct session_key), sizeof(struct session), n, tw_seed_random());
    s->flows = tw_table_new(sizeof(uint64_t), sizeof(struct flow), n, tw_seed_random());
    s->live = tw_opcua_live_new(n);
    s->items = tw_opcua_items_new(n * ITEMS_PER_SESSION);
    s->nodes = tw_opcua_nodes_new(n);
    s->learned = tw_opcua_learned_new(n);
    s->notes = tw_notes_new();
    if (s->sessions == NULL || s->flows == NULL || s->live == NULL || s->items == NULL ||
        s->nodes == NULL || s->learned == NULL || s->notes == NULL) {
        tw_opcua_sessions_free(s);
        return NULL;
    }
    tw_table_on_evict(s->sessions, evicted, s);
    return s;
}

void tw_opcua_sessions_free(struct tw_opcua_sessions *s)
{
    if (s == NULL)
        return;
    tw_table_free(s->sessions);
    tw_table_free(s->flows);
    tw_opcua_live_free(s->live);
    tw_opcua_items_free(s->items);
    tw_opcua_nodes_free(s->nodes);
    tw_opcua_learned_free(s->learned);
    tw_notes_free(s->notes);
    free(s);
}

static struct session_key key_of(const struct tw_event *event, uint64_t token)
{
    return (struct session_key){.server = tw_opcua_server_of(event), .token = token};
}

static struct tw_str keep(char *room, size_t size, size_t *used, struct tw_str text)
{
    if (text.p == NULL)
        return text;
    text = tw_utf8_cut(text, TW_MAX_IDENTITY);
    if (text.len > size - *used)
        return TW_STR_NONE;
    char *to = room + *used;
    if (text.len > 0)
        memcpy(to, text.p, text.len);
    *used += text.len;
    return (struct tw_str){to, text.len};
}

static struct tw_str keep_text(struct session *session, struct tw_str text)
{
    return keep(session->text.room, sizeof(session->text.room), &session->text.used, text);
}

static struct tw_maybe keep_maybe(struct session *session, struct tw_maybe from)
{
    struct tw_maybe to = {keep_text(session, from.s), from.is_null};
    if (from.s.p != NULL && to.s.p == NULL)
        to.is_null = true;
    return to;
}

/* It is used from this address: that is where its application is live. */
static void enter(
    struct tw_opcua_sessions *s, struct session *session, const struct tw_ip *ip, int64_t ts_ns)
{
    if (session->live && tw_ip_eq(&session->client, ip))
        return;
    leave(s, session);
    if (session->closed)
        return;
    session->client = *ip;
    session->live = true;
    if (session->has_app)
        tw_opcua_live_add(s->live, &session->app, ip, ts_ns);
}

static struct session *created(
    struct tw_opcua_sessions *s, const struct session_key *key, const struct tw_event *event)
{
    const struct tw_opcua_info *info = event->opcua;
    struct session *session = tw_table_put(s->sessions, key, NULL);
    leave(s, session);
    *session = (struct session){.identity = ++s->identities};
    session->application_uri = keep_maybe(session, info->application_uri);
    session->application_name = keep_maybe(session, info->application_name);
    session->product_uri = keep_maybe(session, info->product_uri);
    session->session_name = keep_maybe(session, info->session_name);
    session->session = keep_maybe(session, info->session);
    session->certificate_sha256 = keep_maybe(session, info->certificate_sha256);
    session->certificate_uri = keep_text(session, info->certificate_uri);
    session->server_uri = keep_text(session, info->server_uri);
    session->has_app = info->application_uri.s.len > 0;
    if (session->has_app)
        session->app = tw_opcua_live_key(s->live, info->application_uri.s);
    return session;
}

static void activated(
    struct tw_opcua_sessions *s, struct session *session, const struct tw_event *event)
{
    size_t used = 0;
    session->identity = ++s->identities;
    const struct tw_opcua_info *info = event->opcua;
    session->user.is_null = info->user.is_null;
    session->user.s = keep(session->user_room, sizeof(session->user_room), &used, info->user.s);
    static const char *const kinds[] = {"anonymous", "username", "certificate", "issued"};
    session->user_token = TW_STR_NONE;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (tw_str_is(info->user_token, kinds[i]))
            session->user_token = tw_str_of(kinds[i]);
}

static void unknown(struct tw_maybe *m)
{
    if (m->s.p == NULL)
        m->is_null = true;
}

/* There is a session, but its beginning was not seen, or can not be read. */
static void fill_unknown(struct tw_opcua_info *info)
{
    unknown(&info->application_uri);
    unknown(&info->application_name);
    unknown(&info->product_uri);
    unknown(&info->session_name);
    unknown(&info->user);
    unknown(&info->session);
}

/* What an event says itself stands: CreateSession names the application, ActivateSession the user.
 */
static void fill(
    const struct session *session, const struct tw_event *event, struct tw_opcua_info *info)
{
    if (event->action != TW_ACTION_SESSION) {
        info->application_uri = session->application_uri;
        info->application_name = session->application_name;
        info->product_uri = session->product_uri;
        info->session_name = session->session_name;
        info->session = session->session;
        info->certificate_sha256 = session->certificate_sha256;
        info->certificate_uri = session->certificate_uri;
        info->server_uri = session->server_uri;
        if (event->action != TW_ACTION_AUTHENTICATE) {
            info->user = session->user;
            info->user_token = session->user_token;
        }
    }
}

static void fill_from_flow(const struct flow *flow, struct tw_opcua_info *info)
{
    if (flow == NULL || flow->application_uri.p == NULL)
        return;
    info->application_uri = (struct tw_maybe){.s = flow->application_uri};
    info->certificate_sha256 = flow->certificate_sha256;
    info->certificate_uri = flow->certificate_uri;
}

/* The handshake's certificate says who is on this connection, also when nothing else can be read.
 */
static void secured(struct tw_opcua_sessions *s, const struct tw_event *event)
{
    const struct tw_opcua_info *info = event->opcua;
    if (info->certificate_uri.p == NULL || event->status_bad)
        return;
    struct flow *flow = tw_table_put(s->flows, &event->flow, NULL);
    flow->used = 0;
    flow->certificate_uri =
        keep(flow->room, sizeof(flow->room), &flow->used, info->certificate_uri);
    flow->application_uri = flow->certificate_uri;
    flow->certificate_sha256 = (struct tw_maybe){
        .s = keep(flow->room, sizeof(flow->room), &flow->used, info->certificate_sha256.s)};
}

/* The connection is over, and with it the session that used it, until it shows up on another. */
static void disconnected(struct tw_opcua_sessions *s, const struct tw_event *event)
{
    const struct flow *flow = tw_table_peek(s->flows, &event->flow);
    if (flow == NULL || flow->last.token == 0)
        return;
    struct session *session = tw_table_peek(s->sessions, &flow->last);
    if (session != NULL)
        leave(s, session);
}

static bool is_good(const struct tw_event *event)
{
    return event->status.s.p != NULL && !event->status_bad;
}

static bool changes_session(const struct tw_event *event)
{
    static const uint32_t changes =
        1u << TW_ACTION_SESSION | 1u << TW_ACTION_AUTHENTICATE | 1u << TW_ACTION_DISCONNECT;
    return (changes & 1u << event->action) != 0;
}

static uint64_t epoch_of(const struct tw_opcua_sessions *s)
{
    return 1 + s->identities + tw_table_evictions(s->sessions) + tw_table_evictions(s->flows) +
           tw_opcua_live_evictions(s->live);
}

static struct route *route_of(struct tw_opcua_sessions *s, uint64_t flow)
{
    return &s->routes[(flow * 0x9e3779b97f4a7c15u >> 32) % ROUTES];
}

/* All is marked as used that looking it up would mark. */
static struct session *by_route(
    struct tw_opcua_sessions *s, const struct tw_event *event, const struct route *route)
{
    const struct session_key key = key_of(event, event->opcua->auth_token);
    if (route->flow != event->flow || route->epoch != epoch_of(s) || changes_session(event) ||
        memcmp(&route->key, &key, sizeof(key)) != 0)
        return NULL;
    struct flow *flow = tw_table_use(s->flows, route->at);
    memcpy(&flow->last, &key, sizeof(key));
    return tw_table_use(s->sessions, route->session);
}

static struct session *session_of(
    struct tw_opcua_sessions *s, const struct tw_event *event, struct route *route)
{
    const struct tw_opcua_info *info = event->opcua;
    bool good = is_good(event);
    const struct session_key key = key_of(event, info->auth_token);
    struct session *session;
    if (event->action == TW_ACTION_SESSION)
        session = good ? created(s, &key, event) : NULL;
    else
        session = tw_table_find(s->sessions, &key);
    if (session == NULL)
        return NULL;
    if (event->action == TW_ACTION_AUTHENTICATE && good)
        activated(s, session, event);
    struct flow *flow = tw_table_put(s->flows, &event->flow, NULL);
    memcpy(&flow->last, &key, sizeof(key));
    *route = (struct route){.flow = event->flow,
        .key = key,
        .session = tw_table_index(s->sessions, session),
        .at = tw_table_index(s->flows, flow)};
    return session;
}

static bool is_same_message(const struct last *last, const struct tw_event *event)
{
    return last->session != NULL && last->flow == event->flow && last->packet == event->packet &&
           last->request_packet == event->request_packet &&
           last->token == event->opcua->auth_token && last->action == event->action &&
           last->good == is_good(event);
}

/* Of events that change no session. */
static void remember(
    struct tw_opcua_sessions *s, const struct tw_event *event, struct session *session)
{
    if (changes_session(event))
        return;
    s->last.flow = event->flow;
    s->last.packet = event->packet;
    s->last.request_packet = event->request_packet;
    s->last.token = event->opcua->auth_token;
    s->last.action = event->action;
    s->last.good = is_good(event);
    s->last.session = session;
}

/* The session that an event is of, used by it from now on; NULL: none that is known. Where else its
 * application is live stands in s->last.elsewhere. */
static struct session *used(struct tw_opcua_sessions *s, const struct tw_event *event)
{
    if (is_same_message(&s->last, event))
        return s->last.session;
    s->last.session = NULL;
    s->last.elsewhere.family = 0;
    struct route *route = route_of(s, event->flow);
    struct session *session = by_route(s, event, route);
    const bool routed = session != NULL;
    if (!routed)
        session = session_of(s, event, route);
    if (session == NULL)
        return NULL;
    const struct tw_ip *ip = client_of(event);
    if (event->action == TW_ACTION_DISCONNECT && is_good(event)) {
        leave(s, session);
        session->closed = true;
    } else if (is_good(event)) {
        enter(s, session, ip, event->ts_ns);
    }
    if (!routed) {
        route->app =
            session->has_app ? tw_opcua_live_app(s->live, &session->app) : TW_OPCUA_NOT_LIVE;
        /* Else the application may be live again by another session. */
        if (!session->has_app || route->app != TW_OPCUA_NOT_LIVE)
            route->epoch = epoch_of(s);
    }
    (void)tw_opcua_live_touch(s->live, route->app, ip, event->ts_ns, &s->last.elsewhere);
    remember(s, event, session);
    return session;
}

/* Of what is known about nodes: another one whenever that changed. */
static uint32_t version_of(const struct tw_opcua_sessions *s)
{
    return 1 + tw_opcua_nodes_version(s->nodes) + tw_opcua_learned_version(s->learned);
}

/* What is noted is good for one client, and as long as nothing new is known of nodes. */
static uint64_t noted_under(const struct tw_opcua_sessions *s, const struct session *session)
{
    return tw_hash_mix(session->identity, version_of(s)) | 1;
}

static void with_session(
    struct tw_opcua_sessions *s, struct tw_event *event, struct tw_session_facts *facts)
{
    struct tw_opcua_info *info = event->opcua;
    const struct session *session = used(s, event);
    if (session == NULL) {
        if (event->action != TW_ACTION_SESSION)
            fill_unknown(info);
        return;
    }
    facts->live_elsewhere = s->last.elsewhere;
    facts->identity = noted_under(s, session);
    if (!info->identity_resolved) /* else by the item before, whose info it shares */
        fill(session, event, info);
}

/* What is known of the node that the event is about. */
static void about_node(
    struct tw_opcua_sessions *s, struct tw_event *event, struct tw_session_facts *facts)
{
    tw_opcua_nodes_namespace(s->nodes, event);
    tw_opcua_learned_event(s->learned, event, facts);
}

/* May the value say something about a node? */
static bool teaches(const struct tw_opcua_item *item, const struct tw_event *event)
{
    return event->value.kind == TW_VALUE_OBJECT ||
           (event->value.kind == TW_VALUE_ARRAY && item->is_property);
}

static struct tw_thing_note *note_of(struct tw_opcua_sessions *s, const struct tw_event *event)
{
    const struct tw_opcua_info *info = event->opcua;
    return info->has_handle ? tw_opcua_items_note(s->items,
                                  tw_opcua_items_generation(s->items, event), info->client_handle)
                            : NULL;
}

/* Was the node's key taken where it was read? */
static bool is_keyed(const struct tw_event *event)
{
    const struct tw_node_key *node = &event->opcua->node;
    return (node->h[0] | node->h[1]) != 0;
}

/* Most notifications are about an item that is known already, and teach nothing about its node. */
static void about_item(
    struct tw_opcua_sessions *s, struct tw_event *event, struct tw_session_facts *facts)
{
    struct tw_opcua_item *item = tw_opcua_items_event(s->items, event);
    const uint32_t version = version_of(s);
    if (item == NULL || event->action != TW_ACTION_NOTIFY) {
        about_node(s, event, facts);
        if (event->action == TW_ACTION_READ && event->object.len > 0 && is_keyed(event))
            facts->note = tw_notes_of(s->notes, event->flow, &event->opcua->node);
        return;
    }
    if (item->version == version && !teaches(item, event)) {
        event->opcua->namespace_uri = (struct tw_str){item->namespace_uri, item->namespace_len};
        facts->learned = item->learned;
        if (!item->is_property)
            facts->note = note_of(s, event);
        return;
    }
    const char *node = event->object.p;
    about_node(s, event, facts);
    item->namespace_uri = event->opcua->namespace_uri.p;
    item->namespace_len = (uint32_t)event->opcua->namespace_uri.len;
    item->learned = facts->learned;
    item->is_property = tw_opcua_learned_is_property(s->learned, event);
    /* Neither when this very event taught something, nor a name that has to be made each time. */
    item->version = node == event->object.p ? version : 0;
}

/* Of the message before? */
static bool is_passing(const struct passing *p, const struct tw_event *event)
{
    const struct tw_opcua_info *info = event->opcua;
    return p->known && p->flow == event->flow && p->packet == event->packet &&
           p->request_packet == event->request_packet && p->token == info->auth_token &&
           p->subscription == info->subscription_id;
}

static bool begin_passing(struct tw_opcua_sessions *s, const struct tw_event *event)
{
    const struct tw_opcua_info *info = event->opcua;
    s->passing.known = false;
    if (event->action != TW_ACTION_NOTIFY || info->auth_token == 0 || !info->has_subscription ||
        !is_good(event))
        return false;
    const struct session *session = used(s, event);
    if (session == NULL || s->last.elsewhere.family != 0)
        return false;
    s->passing = (struct passing){.known = true,
        .subscription = info->subscription_id,
        .generation = tw_opcua_items_generation(s->items, event),
        .flow = event->flow,
        .packet = event->packet,
        .request_packet = event->request_packet,
        .token = info->auth_token,
        .number = ++s->messages,
        .identity = noted_under(s, session)};
    return true;
}

/* What is read says nothing about nodes, of nodes that have no other name. */
static bool begin_reads(
    struct tw_opcua_sessions *s, const struct tw_event *message, struct tw_session_facts *facts)
{
    s->passing.known = false;
    if (message->opcua->auth_token == 0 || tw_opcua_nodes_has_aliases(s->nodes))
        return false;
    const struct session *session = used(s, message);
    if (session == NULL || s->last.elsewhere.family != 0)
        return false;
    *facts =
        (struct tw_session_facts){.message = ++s->messages, .identity = noted_under(s, session)};
    return true;
}

static uint32_t notes_of_reads(struct tw_opcua_sessions *s, const struct tw_event *message,
    const struct tw_plain_values *values, uint32_t first, uint32_t n, struct tw_thing_note **notes)
{
    /* Names of states are learned from arrays. */
    const bool teach = tw_opcua_learned_has_properties(s->learned);
    for (uint32_t i = 0; i < n; i++)
        tw_notes_fetch(s->notes, message->flow, &values->of.nodes[first + i]);
    for (uint32_t i = 0; i < n; i++) {
        notes[i] = tw_notes_find(s->notes, message->flow, &values->of.nodes[first + i]);
        if (notes[i] == NULL || (teach && values->list[first + i].kind == TW_VALUE_ARRAY))
            return i;
    }
    return n;
}

bool tw_opcua_sessions_pass(
    struct tw_opcua_sessions *s, const struct tw_event *event, struct tw_session_facts *facts)
{
    if (event->opcua == NULL || event->object.p != NULL || !event->opcua->has_handle ||
        (!is_passing(&s->passing, event) && !begin_passing(s, event)))
        return false;
    facts->identity = s->passing.identity;
    facts->message = s->passing.number;
    facts->note = tw_opcua_items_note(s->items, s->passing.generation, event->opcua->client_handle);
    return facts->note != NULL;
}

uint32_t tw_opcua_sessions_pass_values(struct tw_opcua_sessions *s, const struct tw_event *message,
    const struct tw_plain_values *values, uint32_t first, uint32_t n, struct tw_thing_note **notes,
    struct tw_session_facts *facts)
{
    if (message->action == TW_ACTION_READ) {
        n = begin_reads(s, message, facts) ? notes_of_reads(s, message, values, first, n, notes)
                                           : 0;
    } else if (is_passing(&s->passing, message) || begin_passing(s, message)) {
        facts->identity = s->passing.identity;
        facts->message = s->passing.number;
        n = tw_opcua_items_notes(
            s->items, s->passing.generation, values->of.handles + first, n, notes);
    } else {
        return 0;
    }
    facts->note = n > 0 ? notes[0] : NULL;
    return n;
}

void tw_opcua_sessions_event(
    struct tw_opcua_sessions *s, struct tw_event *event, struct tw_session_facts *facts)
{
    struct tw_opcua_info *info = event->opcua;
    s->passing.known = false;
    if (info == NULL)
        return;
    if (event->action == TW_ACTION_SECURE)
        secured(s, event);
    if (info->auth_token != 0)
        with_session(s, event, facts);
    else if (event->action != TW_ACTION_SECURE && event->action != TW_ACTION_CONNECT)
        fill_from_flow(tw_table_peek(s->flows, &event->flow), info);
    /* Neither of whom nothing can be read, nor of whom only the answer was seen. */
    if ((event->encrypted && event->action != TW_ACTION_SECURE) || info->audit_entry_id.is_null)
        fill_unknown(info);
    if (event->action == TW_ACTION_DISCONNECT && info->auth_token == 0)
        disconnected(s, event);
    tw_opcua_nodes_resolve(s->nodes, event);
    about_item(s, event, facts);
    info->identity_resolved = true;
}

uint64_t tw_opcua_sessions_evicted(const struct tw_opcua_sessions *s)
{
    return tw_table_evictions(s->sessions) + tw_opcua_items_evicted(s->items);
}
