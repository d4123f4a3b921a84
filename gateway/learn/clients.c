/* Who acts, where requests go, and what gives away an AI system. */

#include "learn/model.h"

static struct tw_str known_text(const struct tw_maybe *m)
{
    return m->is_null ? TW_STR_NONE : m->s;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* A run of hexadecimal digits of which some are letters and some are not. */
static bool has_random_run(struct tw_str s)
{
    enum { RUN = 8 };
    size_t run = 0, digits = 0;
    for (size_t i = 0; i <= s.len; i++) {
        if (i < s.len && is_hex(s.p[i])) {
            run++;
            digits += s.p[i] >= '0' && s.p[i] <= '9';
            continue;
        }
        if (run >= RUN && digits > 0 && digits < run)
            return true;
        run = digits = 0;
    }
    return false;
}

bool learn_made_up(struct tw_str client_id)
{
    /* What client libraries and brokers begin the ids with that they make up. */
    static const char *const prefixes[] = {
        "mqttjs_", "auto-", "mosq-", "mosq_", "paho", "nodered_"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (tw_str_starts(client_id, tw_str_of(prefixes[i])))
            return true;
    }
    return client_id.len == 0 || has_random_run(client_id);
}

static void place_key(
    struct learn_place_key *key, const struct tw_endpoint *at, enum tw_protocol protocol)
{
    memset(key, 0, sizeof(*key));
    key->ip.family = at->ip.family;
    memcpy(key->ip.b, at->ip.b, at->ip.family == 6 ? 16 : 4);
    if (at->ip.family == 0)
        memcpy(key->mac, at->mac, sizeof(key->mac));
    key->protocol = (uint8_t)protocol;
}

/* Nobody has a name before it was let in. */
static bool is_let_in(const struct tw_event *e)
{
    if (e->action != TW_ACTION_CONNECT && e->action != TW_ACTION_AUTHENTICATE &&
        e->action != TW_ACTION_SESSION)
        return true;
    return !e->status_bad && !e->status.is_null;
}

static struct tw_str uri_of(const struct tw_opcua_info *o)
{
    const struct tw_str uri = known_text(&o->application_uri);
    return uri.len > 0 ? uri : o->certificate_uri;
}

/* By what a client is told from others at its address. `*out_says`: does the event say who acts, or
 * do something at all? */
static struct tw_str name_of(const struct tw_event *e, bool *out_says)
{
    *out_says = true;
    if (e->action == TW_ACTION_FLOW)
        return TW_STR_NONE;
    if (e->mqtt != NULL) {
        const struct tw_str user = known_text(&e->mqtt->username);
        const struct tw_str id = known_text(&e->mqtt->client_id);
        return user.len > 0 ? user : learn_made_up(id) ? TW_STR_NONE : id;
    }
    if (e->opcua == NULL)
        return TW_STR_NONE;
    const struct tw_str uri = uri_of(e->opcua);
    *out_says = uri.len > 0 || (e->action != TW_ACTION_CONNECT && e->action != TW_ACTION_SECURE &&
                                   e->action != TW_ACTION_DISCOVER);
    return uri.len > 0 ? uri : TW_STR_NONE;
}

static void note_mqtt(struct tw_learn *l, struct learn_client *c, const struct tw_event *e)
{
    const struct tw_str id = known_text(&e->mqtt->client_id);
    if (!learn_made_up(id))
        learn_name(l, &c->client_ids, id);
    learn_name(l, &c->users, known_text(&e->mqtt->username));
    const struct tw_carrier *carrier = e->mqtt->carrier;
    const bool tls = carrier != NULL && carrier->tls != NULL;
    c->tls += tls;
    c->plain += !tls;
    if (e->action != TW_ACTION_CONNECT)
        return;
    c->connects++;
    c->made_up_ids += !e->mqtt->client_id.is_null && learn_made_up(id);
}

static void note_opcua(struct tw_learn *l, struct learn_client *c, const struct tw_event *e)
{
    const struct tw_opcua_info *o = e->opcua;
    learn_name(l, &c->uris, uri_of(o));
    learn_name(l, &c->applications, known_text(&o->application_name));
    learn_name(l, &c->users, known_text(&o->user));
    learn_name(l, &c->policies, known_text(&o->security_policy));
    /* Without security the certificate proves nothing, and may be another one tomorrow. */
    if (o->security_policy.s.len > 0 && !tw_str_is(o->security_policy.s, "None"))
        learn_name(l, &c->certificates, known_text(&o->certificate_sha256));
    c->connects += e->action == TW_ACTION_SESSION;
    c->encrypted += e->action == TW_ACTION_UNKNOWN;
}

static struct tw_str joined(struct tw_learn *l, struct tw_str a, struct tw_str b)
{
    char text[2 * TW_MAX_IDENTITY + 2];
    if (a.len > TW_MAX_IDENTITY || b.len > TW_MAX_IDENTITY || a.len == 0 || b.len == 0)
        return TW_STR_NONE;
    memcpy(text, a.p, a.len);
    text[a.len] = '/';
    memcpy(text + a.len + 1, b.p, b.len);
    return learn_keep(l, (struct tw_str){text, a.len + 1 + b.len});
}

/* What a client publishes as in Sparkplug. */
static void note_sparkplug(struct tw_learn *l, struct learn_client *c, const struct tw_event *e)
{
    const struct tw_sparkplug_info *s = e->sparkplug;
    if (e->action != TW_ACTION_PUBLISH || e->field.p != NULL)
        return;
    if (s->kind == TW_SPARKPLUG_STATE)
        learn_name(l, &c->hosts, s->host);
    if (s->kind == TW_SPARKPLUG_NBIRTH || s->kind == TW_SPARKPLUG_NDATA ||
        s->kind == TW_SPARKPLUG_DBIRTH || s->kind == TW_SPARKPLUG_DDATA) {
        if (c->sparkplug_nodes.n < LEARN_NAMES)
            learn_name(l, &c->sparkplug_nodes, joined(l, s->group, s->edge_node));
        learn_name(l, &c->sparkplug_devices, s->device);
    }
}

/* A connection that was answered, and any request that was not refused. */
static bool is_accepted(const struct tw_event *e)
{
    return e->action != TW_ACTION_SESSION && e->action != TW_ACTION_SECURE &&
           e->action != TW_ACTION_DISCOVER && !e->status_bad;
}

static void note(struct tw_learn *l, struct learn_client *c, const struct tw_event *e)
{
    learn_count(&c->seen, e->ts_ns);
    c->accepted += is_accepted(e);
    if (e->src.has_mac) {
        c->at.has_mac = true;
        memcpy(c->at.mac, e->src.mac, sizeof(c->at.mac));
    }
    if (e->action == TW_ACTION_FLOW)
        return;
    if (e->mqtt != NULL)
        note_mqtt(l, c, e);
    else if (e->opcua != NULL)
        note_opcua(l, c, e);
    if (e->sparkplug != NULL)
        note_sparkplug(l, c, e);
}

static void note_known(struct tw_learn *l, struct learn_client *c)
{
    if (l->known == NULL || l->facts.actor.kind == TW_ACTOR_UNREGISTERED)
        return;
    if (c->known.p == NULL) {
        c->known = learn_keep(l, l->facts.actor.id);
        c->known_ai = l->facts.actor.kind == TW_ACTOR_AI_SYSTEM;
    }
    if (l->facts.actor.identity == TW_IDENTITY_MISMATCH && c->mismatch.p == NULL)
        c->mismatch = learn_keep(l, l->facts.actor.mismatch);
}

struct learn_client *learn_client_of(struct tw_learn *l, const struct tw_event *e)
{
    bool is_new, says;
    struct learn_client_key key;
    if (!is_let_in(e)) {
        l->refused_connects++;
        return NULL;
    }
    const struct tw_str name = name_of(e, &says);
    if (!says)
        return NULL;
    memset(&key, 0, sizeof(key));
    key.name = tw_text_key(l->seed, name);
    place_key(&key.at, &e->src, e->protocol);
    struct learn_client *c = learn_row(l->clients, &key, TW_LEARN_CLIENTS, &l->no_clients, &is_new);
    if (c == NULL)
        return NULL;
    if (is_new) {
        l->client_list[l->n_clients++] = c;
        c->at.ip = key.at.ip;
        c->protocol = e->protocol;
        c->name = learn_keep(l, name);
    }
    note(l, c, e);
    note_known(l, c);
    return c;
}

static void add_port(struct learn_server *s, uint16_t port)
{
    for (size_t i = 0; i < s->n_ports; i++) {
        if (s->ports[i] == port)
            return;
    }
    if (s->n_ports < LEARN_PORTS && port != 0)
        s->ports[s->n_ports++] = port;
}

struct learn_server *learn_server_of(
    struct tw_learn *l, const struct tw_endpoint *at, enum tw_protocol protocol)
{
    bool is_new;
    struct learn_place_key key;
    place_key(&key, at, protocol);
    struct learn_server *s = learn_row(l->servers, &key, TW_LEARN_SERVERS, &l->no_servers, &is_new);
    if (s == NULL)
        return NULL;
    if (is_new) {
        l->server_list[l->n_servers++] = s;
        s->at.ip = key.ip;
        s->protocol = protocol;
    }
    if (at->has_mac) {
        s->at.has_mac = true;
        memcpy(s->at.mac, at->mac, sizeof(s->at.mac));
    }
    add_port(s, at->port);
    s->seen.n++;
    return s;
}

/* ---- signs */

static const char *const agents[] = {"ai", "agent", "agents", "llm", NULL};

static void names_of_agents(struct learn_client *c, const struct tw_event *e)
{
    static const char *const bridges[] = {
        "mcp", "llm", "gpt", "claude", "copilot", "langchain", "llama", NULL};
    static const char *const defaults[] = {"urn:example.org:FreeOpcUa:opcua-asyncio",
        "urn:freeopcua:client", "urn:gopcua:client", "urn:open62541.unconfigured.application",
        "Pure Python Client", "Pure Python Async Client", NULL};
    if (e->opcua != NULL) {
        const struct tw_opcua_info *o = e->opcua;
        const struct tw_str name = known_text(&o->application_name);
        c->signs[LEARN_SIGN_NAME] += learn_has_word(name, bridges);
        c->signs[LEARN_SIGN_TOPIC] += learn_has_word(name, agents);
        c->signs[LEARN_SIGN_LIBRARY] +=
            learn_is_one_of(name, defaults) ||
            learn_is_one_of(known_text(&o->application_uri), defaults) ||
            (tw_str_is(known_text(&o->product_uri), "NodeOPCUA-Client") &&
                tw_str_starts(known_text(&o->session_name), TW_STR("ClientSession")));
    } else if (e->mqtt != NULL) {
        const struct tw_str id = known_text(&e->mqtt->client_id);
        c->signs[LEARN_SIGN_NAME] += learn_has_word(id, bridges);
        c->signs[LEARN_SIGN_TOPIC] += learn_has_word(id, agents);
        c->signs[LEARN_SIGN_LIBRARY] += tw_str_starts(id, TW_STR("mqttjs_"));
    }
}

/* The tools of others are asked for by models; who offers tools is none. */
static bool asks_tools(const struct tw_event *e)
{
    static const char *const asking[] = {"initialize", "tools/list", "tools/call", NULL};
    if (e->mqtt == NULL || e->mqtt->mcp == NULL || e->field.p != NULL)
        return false;
    const struct tw_mcp_info *m = e->mqtt->mcp;
    return e->action == TW_ACTION_TOOL ||
           (e->action == TW_ACTION_PUBLISH && m->kind != NULL && strcmp(m->kind, "request") == 0 &&
               learn_is_one_of(m->method, asking));
}

/* A model looks at a node, then sets it; programs subscribe, or know what they set. */
static void read_then_write(struct learn_client *c, const struct tw_event *e)
{
    enum { SOON_NS = 10 * TW_NS_PER_MS };
    const uint64_t node = tw_hash_stable(e->object.p, e->object.len);
    if (e->action == TW_ACTION_READ) {
        c->last_read = node;
        c->last_read_ns = e->ts_ns;
    } else if (e->action == TW_ACTION_WRITE && c->last_read == node &&
               e->request_ts_ns - c->last_read_ns <= SOON_NS) {
        c->signs[LEARN_SIGN_READ_WRITE]++;
    }
}

/* Many requests for one thing each, browsing among them, within a second. */
static void sweep(struct learn_client *c, const struct tw_event *e)
{
    enum { REQUESTS = 20, BROWSES = 3 };
    if (e->ts_ns - c->burst_ns > TW_NS_PER_S) {
        c->burst_ns = e->ts_ns;
        c->burst_requests = c->burst_browses = c->burst_items = 0;
    }
    c->burst_items++;
    c->burst_browses += e->action == TW_ACTION_BROWSE;
    if (c->burst_packet == e->packet)
        return;
    c->burst_packet = e->packet;
    c->burst_requests++;
    if (c->burst_requests >= REQUESTS && c->burst_browses >= BROWSES &&
        c->burst_items < 2 * c->burst_requests) {
        c->signs[LEARN_SIGN_SWEEP]++;
        c->burst_requests = 0;
    }
}

void learn_signs(struct learn_client *c, const struct tw_event *e)
{
    if (e->action == TW_ACTION_SESSION ||
        (e->action == TW_ACTION_CONNECT && e->protocol == TW_PROTO_MQTT))
        names_of_agents(c, e);
    c->signs[LEARN_SIGN_MCP] += asks_tools(e);
    c->signs[LEARN_SIGN_CONTEXT] += e->field.p == NULL && tw_event_decision(e) != NULL;
    if (e->protocol == TW_PROTO_OPCUA && e->object.len > 0) {
        read_then_write(c, e);
        if (e->action == TW_ACTION_READ || e->action == TW_ACTION_BROWSE)
            sweep(c, e);
    }
    if (e->protocol != TW_PROTO_MQTT || e->field.p != NULL)
        return;
    c->signs[LEARN_SIGN_EVERYTHING] +=
        e->action == TW_ACTION_SUBSCRIBE && tw_str_is(e->object, "#");
    c->signs[LEARN_SIGN_TOPIC] +=
        e->action == TW_ACTION_PUBLISH && learn_has_word(e->object, agents);
    if (c->made_up_ids >= 3)
        c->signs[LEARN_SIGN_ONE_SHOT] = c->made_up_ids;
}

bool learn_is_ai(const struct learn_client *c)
{
    size_t weak = 0;
    if (c->known.p != NULL)
        return c->known_ai;
    for (size_t i = 0; i < LEARN_SIGNS; i++) {
        if (c->signs[i] > 0 && i < LEARN_STRONG)
            return true;
        weak += c->signs[i] > 0;
    }
    return weak >= 2;
}
