#include "session/mcp.h"

#include <stdlib.h>

#include "base/table.h"

enum {
    MAX_CALLS = 256, /* that wait, or whose result was seen a moment ago */
    MAX_TOOLS = 4096,
    MAX_SERVERS = 1024,
    CALL_TEXT = TW_MCP_ARGUMENTS + 4096,
};

/* A call on its way: the event of its request, with all that it points to. */
struct call {
    int64_t deadline_ns;
    bool done; /* its result was seen: what comes again is the broker's copy */
    struct tw_event event;
    struct tw_tunnel tunnel;
    struct tw_mqtt_info mqtt;
    struct tw_mcp_info mcp;
    struct tw_decision_context decision;
    size_t text_len;
    char text[CALL_TEXT];
};

struct tool {
    uint8_t first[TW_MCP_DIGEST], last[TW_MCP_DIGEST];
};

struct server {
    uint64_t lists; /* that it answered with */
    bool cut;       /* one of them was longer than what is told apart */
};

struct tw_mcp_sessions {
    struct tw_table *calls, *tools, *servers;
    struct tw_seed seed;
    int64_t timeout_ns;
    struct tw_mcp_info info; /* of the message at hand */
    uint64_t serial, flow;
    struct tw_session_facts facts;
};

struct tw_mcp_sessions *tw_mcp_sessions_new(const struct tw_limits *limits)
{
    struct tw_mcp_sessions *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    const size_t key = sizeof(struct tw_text_key);
    s->seed = tw_seed_random();
    s->timeout_ns = limits->request_timeout_ns;
    s->calls = tw_table_new(key, sizeof(struct call), MAX_CALLS, s->seed);
    s->tools = tw_table_new(key, sizeof(struct tool), MAX_TOOLS, s->seed);
    s->servers = tw_table_new(key, sizeof(struct server), MAX_SERVERS, s->seed);
    if (s->calls != NULL && s->tools != NULL && s->servers != NULL)
        return s;
    tw_mcp_sessions_free(s);
    return NULL;
}

void tw_mcp_sessions_free(struct tw_mcp_sessions *s)
{
    if (s == NULL)
        return;
    tw_table_free(s->calls);
    tw_table_free(s->tools);
    tw_table_free(s->servers);
    free(s);
}

/* Two brokers may serve servers of the same name. */
static uint64_t broker_of(const struct tw_mcp_sessions *s, const struct tw_event *e)
{
    const struct tw_endpoint *at = e->action == TW_ACTION_DELIVER ? &e->src : &e->dst;
    return tw_hash_mix(tw_hash(s->seed, at->ip.b, at->ip.family == 6 ? 16 : 4), at->port);
}

static struct tw_text_key key_of(const struct tw_mcp_sessions *s, const struct tw_event *e,
    struct tw_str one, struct tw_str two, uint64_t kind)
{
    const struct tw_mcp_info *m = e->mqtt->mcp;
    const struct tw_str parts[] = {m->server_name, one, two};
    struct tw_text_key key = tw_text_key(s->seed, m->server_id);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const struct tw_text_key of_part = tw_text_key(s->seed, parts[i]);
        key.a = tw_hash_mix(key.a, of_part.a);
        key.b = tw_hash_mix(key.b, of_part.b);
    }
    key.a = tw_hash_mix(key.a, broker_of(s, e) ^ kind);
    return key;
}

static struct tw_text_key server_key(const struct tw_mcp_sessions *s, const struct tw_event *e)
{
    return key_of(s, e, TW_STR_NONE, TW_STR_NONE, 0);
}

static struct tw_text_key tool_key(
    const struct tw_mcp_sessions *s, const struct tw_event *e, struct tw_str name)
{
    return key_of(s, e, name, TW_STR_NONE, 1);
}

/* 7 and "7" are two ids [JSON-RPC 2.0 4]. */
static struct tw_text_key call_key(const struct tw_mcp_sessions *s, const struct tw_event *e)
{
    const struct tw_mcp_info *m = e->mqtt->mcp;
    return key_of(s, e, m->client_id, m->id, m->id_is_text ? 2 : 3);
}

/* ---- what servers declare */

static void learn_tools(struct tw_mcp_sessions *s, const struct tw_event *e)
{
    struct tw_mcp_info *m = &s->info;
    const struct tw_text_key of_server = server_key(s, e);
    struct server *server = tw_table_put(s->servers, &of_server, NULL);
    m->has_seen = server->lists > 0;
    server->cut |= m->tools_cut;
    /* The broker's copies say the same again; they are not the server's next list. */
    if (e->action == TW_ACTION_PUBLISH || server->lists == 0)
        server->lists++;
    for (uint32_t i = 0; i < m->n_tools; i++) {
        const struct tw_text_key key = tool_key(s, e, m->tools[i].name);
        bool created;
        struct tool *t = tw_table_put(s->tools, &key, &created);
        if (created)
            memcpy(t->first, m->tools[i].sha256, TW_MCP_DIGEST);
        else
            m->tools_changed += memcmp(t->last, m->tools[i].sha256, TW_MCP_DIGEST) != 0;
        memcpy(t->last, m->tools[i].sha256, TW_MCP_DIGEST);
        m->tools_added += created;
    }
}

/* Without a list there is nothing that a tool could differ from; nor is one unknown that may have
 * been forgotten. */
static void hold_against_list(struct tw_mcp_sessions *s, const struct tw_event *e)
{
    struct tw_mcp_info *m = &s->info;
    struct tw_text_key key = server_key(s, e);
    const struct server *server = tw_table_find(s->servers, &key);
    if (server == NULL)
        return;
    key = tool_key(s, e, m->tool);
    const struct tool *t = tw_table_find(s->tools, &key);
    if (t == NULL && (server->cut || tw_table_evictions(s->tools) > 0))
        return;
    m->has_declared = true;
    m->declared = m->has_digest = t != NULL;
    if (t == NULL)
        return;
    m->changed = memcmp(t->first, t->last, TW_MCP_DIGEST) != 0;
    memcpy(m->sha256, t->last, TW_MCP_DIGEST);
}

/* ---- calls */

static struct tw_str keep(struct call *c, struct tw_str s)
{
    if (s.p == NULL || s.len > sizeof(c->text) - c->text_len)
        return TW_STR_NONE;
    char *at = c->text + c->text_len;
    memcpy(at, s.p, s.len);
    c->text_len += s.len;
    return (struct tw_str){at, s.len};
}

static void keep_mcp(struct call *c, const struct tw_mcp_info *from, struct tw_str topic)
{
    c->mcp = *from;
    c->mcp.kind = NULL;
    c->mcp.topic = topic;
    struct tw_str *const texts[] = {&c->mcp.arguments, &c->mcp.tool, &c->mcp.topic, &c->mcp.id,
        &c->mcp.method, &c->mcp.client_id, &c->mcp.server_id, &c->mcp.server_name};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        *texts[i] = keep(c, *texts[i]);
}

/* Who called, and what it said about that; the message's own facts stay with the message. */
static void keep_mqtt(struct call *c, const struct tw_mqtt_info *from)
{
    c->mqtt = (struct tw_mqtt_info){.serial = from->serial, .version = from->version};
    c->mqtt.client_id = from->client_id;
    c->mqtt.username = from->username;
    c->mqtt.client_id.s = keep(c, from->client_id.s);
    c->mqtt.username.s = keep(c, from->username.s);
    c->mqtt.payload = c->mcp.arguments;
    c->mqtt.mcp = &c->mcp;
    if (from->decision == NULL)
        return;
    struct tw_str *texts[TW_DECISION_TEXTS];
    c->decision = *from->decision;
    tw_decision_texts(&c->decision, texts);
    for (size_t i = 0; i < TW_DECISION_TEXTS; i++)
        *texts[i] = keep(c, *texts[i]);
    c->mqtt.decision = &c->decision;
}

static void emit_call(
    struct tw_mcp_sessions *s, struct call *c, tw_expand_fn expand, const struct tw_emit *out)
{
    s->facts = (struct tw_session_facts){0};
    c->event.facts = &s->facts;
    tw_emit(out, &c->event);
    if (c->mqtt.payload.len > 0 && expand != NULL)
        expand(&c->event, out);
    c->done = true;
}

static void expire(struct tw_mcp_sessions *s, struct call *c, int64_t ts_ns, uint64_t packet,
    tw_expand_fn expand, const struct tw_emit *out)
{
    c->event.ts_ns = ts_ns;
    c->event.packet = packet;
    c->event.status = (struct tw_maybe){.is_null = true};
    emit_call(s, c, expand, out);
}

static bool is_call(const struct tw_mcp_info *m)
{
    return m->tool.p != NULL && m->client_id.len > 0;
}

/* A request that was seen from the client first; of what only the broker passes on, nobody knows
 * who sent it. */
static void begin_call(struct tw_mcp_sessions *s, const struct tw_event *e, struct call *c)
{
    *c = (struct call){.deadline_ns = e->ts_ns + s->timeout_ns, .event = *e};
    keep_mcp(c, &s->info, e->object);
    keep_mqtt(c, e->mqtt);
    if (e->action == TW_ACTION_DELIVER)
        c->mqtt.client_id = c->mqtt.username = (struct tw_maybe){.is_null = true};
    struct tw_event *call = &c->event;
    if (e->tunnel != NULL) {
        c->tunnel = *e->tunnel;
        call->tunnel = &c->tunnel;
    }
    call->action = TW_ACTION_TOOL;
    call->object = c->mcp.tool;
    call->object_null = false;
    call->field = TW_STR_NONE;
    call->value = (struct tw_value){.kind = TW_VALUE_NONE};
    call->type = NULL;
    call->truncated = c->mcp.arguments_cut;
    call->request_ts_ns = e->ts_ns;
    call->request_packet = e->packet;
    call->mqtt = &c->mqtt;
    call->pubsub = NULL;
}

/* The name of a JSON-RPC error [JSON-RPC 2.0 5.1]; others are the server's own. */
static const char *error_name(int64_t code)
{
    switch (code) {
    case -32700:
        return "ParseError";
    case -32600:
        return "InvalidRequest";
    case -32601:
        return "MethodNotFound";
    case -32602:
        return "InvalidParams";
    case -32603:
        return "InternalError";
    default:
        return "ServerError";
    }
}

static void set_result(struct call *c, const struct tw_mcp_info *result)
{
    const char *status = "Success";
    if (result->has_code)
        status = error_name(result->code);
    else if (result->is_error)
        status = "ToolError";
    c->event.status = (struct tw_maybe){.s = tw_str_of(status)};
    c->event.status_bad = result->is_error;
    c->mcp.is_error = result->is_error;
    c->mcp.has_code = result->has_code;
    c->mcp.code = result->code;
    c->mcp.error = keep(c, result->error);
}

void tw_mcp_sessions_event(struct tw_mcp_sessions *s, struct tw_event *event)
{
    const bool again = event->mqtt->serial == s->serial && event->flow == s->flow;
    if (event->field.p != NULL && again) {
        event->mqtt->mcp = &s->info;
        return;
    }
    s->serial = event->mqtt->serial;
    s->flow = event->flow;
    s->info = *event->mqtt->mcp;
    event->mqtt->mcp = &s->info;
    if (event->field.p != NULL || s->info.kind == NULL)
        return;
    if (s->info.has_tools)
        learn_tools(s, event);
    else if (is_call(&s->info))
        hold_against_list(s, event);
}

void tw_mcp_sessions_answer(struct tw_mcp_sessions *s, const struct tw_event *event,
    tw_expand_fn expand, const struct tw_emit *out)
{
    const struct tw_mcp_info *m = &s->info;
    const bool calls = is_call(m);
    if (event->field.p != NULL || m->id.p == NULL || m->client_id.len == 0 || m->kind == NULL)
        return;
    const struct tw_text_key key = call_key(s, event);
    struct call *c = tw_table_peek(s->calls, &key);
    if (!calls) {
        if (c == NULL || c->done || strcmp(m->kind, "response") != 0)
            return;
        c->event.ts_ns = event->ts_ns;
        c->event.packet = event->packet;
        set_result(c, m);
        emit_call(s, c, expand, out);
        return;
    }
    /* The broker's copy of what was seen. */
    if (c != NULL && event->action == TW_ACTION_DELIVER)
        return;
    /* The same id again, or no room: the older call will not be told from this one. */
    if (c == NULL && tw_table_size(s->calls) == MAX_CALLS)
        c = tw_table_oldest(s->calls);
    if (c != NULL) {
        if (!c->done)
            expire(s, c, event->ts_ns, event->packet, expand, out);
        tw_table_remove(s->calls, c);
    }
    begin_call(s, event, tw_table_put(s->calls, &key, NULL));
}

/* All wait equally long, and none is used again: the oldest is the first to be due. */
void tw_mcp_sessions_tick(struct tw_mcp_sessions *s, const struct tw_mcp_time *now, bool all,
    tw_expand_fn expand, const struct tw_emit *out)
{
    struct call *c;
    while ((c = tw_table_oldest(s->calls)) != NULL && (all || c->deadline_ns <= now->ts_ns)) {
        const int64_t ts_ns = c->deadline_ns < now->ts_ns ? c->deadline_ns : now->ts_ns;
        if (!c->done)
            expire(s, c, ts_ns, now->packet, expand, out);
        tw_table_remove(s->calls, c);
    }
}
