/* May this actor do this? The first right that names the object exactly, else the first that
 * matches. */

#include "base/topic.h"
#include "registry/model.h"

/* Nobody needs a right to come and go, and what a server sends is not its asking;
 * what is encrypted can not be held against a right. */
static const uint32_t always =
    1u << TW_ACTION_CONNECT | 1u << TW_ACTION_SECURE | 1u << TW_ACTION_SESSION |
    1u << TW_ACTION_AUTHENTICATE | 1u << TW_ACTION_DISCONNECT | 1u << TW_ACTION_DISCOVER |
    1u << TW_ACTION_UNSUBSCRIBE | 1u << TW_ACTION_NOTIFY | 1u << TW_ACTION_ALARM |
    1u << TW_ACTION_DELIVER | 1u << TW_ACTION_REFUSED | 1u << TW_ACTION_MALFORMED |
    1u << TW_ACTION_GAP | 1u << TW_ACTION_CONFLICT | 1u << TW_ACTION_UNKNOWN;
/* Namespace 0 describes the server itself; every client reads it. */
static const uint32_t open_in_namespace_0 =
    1u << TW_ACTION_READ | 1u << TW_ACTION_BROWSE | 1u << TW_ACTION_SUBSCRIBE;

enum fit { FIT_NONE, FIT_PATTERN, FIT_EXACT };

static bool in_namespace_0(struct tw_str node)
{
    return node.len > 1 && node.p[1] == '=';
}

static enum fit nodes_fit(const struct tw_strs *patterns, struct tw_str node)
{
    enum fit best = FIT_NONE;
    for (size_t i = 0; i < patterns->n; i++) {
        if (tw_str_eq(patterns->list[i], node))
            return FIT_EXACT;
        if (tw_str_glob(patterns->list[i], node))
            best = FIT_PATTERN;
    }
    return best;
}

/* Who may see Boiler.Setpoint has to come by Boiler. */
static bool leads_to(const struct tw_strs *patterns, struct tw_str node)
{
    static const char separators[] = "./|:[";
    for (size_t i = 0; i < patterns->n; i++) {
        struct tw_str p = patterns->list[i];
        if (p.len > node.len && tw_str_starts(p, node) &&
            memchr(separators, p.p[node.len], sizeof(separators) - 1) != NULL)
            return true;
    }
    return false;
}

static enum fit least(enum fit a, enum fit b)
{
    return a < b ? a : b;
}

static enum fit call_fits(const struct tw_grant *g, const struct tw_event *event)
{
    enum fit best = FIT_EXACT;
    struct tw_str object_id = event->opcua != NULL ? event->opcua->object_id : TW_STR_NONE;
    if (g->methods.n > 0)
        best = least(best, nodes_fit(&g->methods, event->object));
    if (g->objects.n > 0)
        best = least(best, nodes_fit(&g->objects, object_id));
    if (g->methods.n == 0 && g->objects.n == 0 && g->nodes.n > 0) {
        enum fit method = nodes_fit(&g->nodes, event->object);
        return method != FIT_NONE ? method : nodes_fit(&g->nodes, object_id);
    }
    return best;
}

static enum fit opcua_fits(const struct tw_grant *g, const struct tw_event *event)
{
    if (event->object.len == 0)
        return FIT_PATTERN; /* nothing that could be judged: it was not seen or is not there */
    if (event->action == TW_ACTION_CALL)
        return call_fits(g, event);
    /* The DataSets of PubSub have no NodeIds. */
    if (g->nodes.n == 0 || event->action == TW_ACTION_PUBLISH)
        return FIT_PATTERN;
    enum fit fit = nodes_fit(&g->nodes, event->object);
    if (fit == FIT_NONE && event->action == TW_ACTION_BROWSE && leads_to(&g->nodes, event->object))
        return FIT_PATTERN;
    return fit;
}

struct tw_str tw_grant_topic(const struct tw_event *event)
{
    if (event->action == TW_ACTION_TOOL && event->mqtt != NULL && event->mqtt->mcp != NULL)
        return event->mqtt->mcp->topic;
    return event->object;
}

static enum fit mqtt_fits(const struct tw_grant *g, const struct tw_event *event)
{
    const struct tw_str topic = tw_grant_topic(event);
    enum fit best = g->topics.n == 0 || topic.len == 0 ? FIT_PATTERN : FIT_NONE;
    for (size_t i = 0; i < g->topics.n; i++) {
        if (tw_str_eq(g->topics.list[i], topic))
            return FIT_EXACT;
        bool fits = event->action == TW_ACTION_SUBSCRIBE
                        ? tw_topic_covers(g->topics.list[i], topic)
                        : tw_topic_matches(g->topics.list[i], topic);
        if (fits)
            best = FIT_PATTERN;
    }
    return best;
}

static bool has_port(const struct tw_ports *ports, uint16_t port)
{
    for (size_t i = 0; i < ports->n; i++) {
        if (ports->list[i] == port)
            return true;
    }
    return ports->n == 0;
}

static bool goes_to(
    const struct tw_grant *g, const struct tw_event *event, const struct tw_entry *server)
{
    for (size_t i = 0; i < g->n_to_entries; i++) {
        const struct tw_strs *ips = &g->to_entries[i]->ids[TW_ID_IP];
        if (g->to_entries[i] == server)
            return true;
        for (size_t k = 0; k < ips->n; k++) {
            size_t len = event->dst.ip.family == 6 ? 16 : 4;
            if (ips->list[k].p[0] == (char)event->dst.ip.family &&
                memcmp(ips->list[k].p + 1, event->dst.ip.b, len) == 0)
                return true;
        }
    }
    for (size_t i = 0; i < g->n_to_networks; i++) {
        if (tw_cidrs_have(&g->to_networks[i]->cidrs, &event->dst.ip))
            return true;
    }
    return !g->has_to || tw_cidrs_have(&g->to_cidrs, &event->dst.ip);
}

static bool is_named(const struct tw_strs *hosts, struct tw_str host)
{
    for (size_t i = 0; i < hosts->n; i++) {
        if (tw_str_is_under(host, hosts->list[i]))
            return true;
    }
    return hosts->n == 0;
}

/* Another protocol: named by a right for it; or a connection to a server that the actor has rights
 * on, whose content can not be read (TLS). */
static enum fit flow_fits(
    const struct tw_grant *g, const struct tw_event *event, const struct tw_entry *server)
{
    if (g->kind != TW_GRANT_PROTOCOL)
        return server != NULL && g->target == server && has_port(&server->ports, event->dst.port)
                   ? FIT_PATTERN
                   : FIT_NONE;
    if (!has_port(&g->ports, event->dst.port) || !goes_to(g, event, server) ||
        !is_named(&g->hosts, event->object))
        return FIT_NONE;
    for (size_t i = 0; i < g->protocols.n; i++) {
        if (tw_str_eq_nocase(g->protocols.list[i], event->app) ||
            tw_str_is(g->protocols.list[i], "*"))
            return FIT_EXACT;
    }
    return FIT_NONE;
}

/* A server that is registered without address can only be told by not being another one. */
static bool is_target(const struct tw_grant *g, const struct tw_entry *server)
{
    return g->target != NULL &&
           (g->target == server || (server == NULL && g->target->ids[TW_ID_IP].n == 0));
}

static enum fit grant_fits(
    const struct tw_grant *g, const struct tw_event *event, const struct tw_entry *server)
{
    if (event->action == TW_ACTION_FLOW)
        return flow_fits(g, event, server);
    if ((g->actions & 1u << event->action) == 0 || !is_target(g, server))
        return FIT_NONE;
    if (g->kind == TW_GRANT_OPCUA)
        return event->protocol == TW_PROTO_OPCUA ? opcua_fits(g, event) : FIT_NONE;
    return event->protocol == TW_PROTO_MQTT ? mqtt_fits(g, event) : FIT_NONE;
}

static const struct tw_grant *find(
    const struct tw_event *event, const struct tw_entry *actor, const struct tw_entry *server)
{
    const struct tw_grant *best = NULL;
    for (size_t i = 0; i < actor->n_grants; i++) {
        enum fit fit = grant_fits(&actor->grants[i], event, server);
        if (fit == FIT_EXACT)
            return &actor->grants[i];
        if (fit == FIT_PATTERN && best == NULL)
            best = &actor->grants[i];
    }
    return best;
}

void tw_grant_find(const struct tw_event *event, const struct tw_entry *actor,
    const struct tw_entry *server, struct tw_decision *out)
{
    if (actor == NULL)
        return;
    uint32_t action = 1u << event->action;
    out->grant = find(event, actor, server);
    out->default_open = out->grant == NULL && !actor->has_may;
    out->allowed = out->grant != NULL || out->default_open || (action & always) != 0;
    if (out->allowed || event->protocol != TW_PROTO_OPCUA || (action & open_in_namespace_0) == 0)
        return;
    out->allowed = event->object.len == 0 || in_namespace_0(event->object);
}
