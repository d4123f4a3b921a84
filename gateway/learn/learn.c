#include "learn/model.h"

#include <stdlib.h>

struct right_key {
    const void *client, *server;
    struct tw_text_key object, owner;
    struct tw_ip to;
    uint8_t action;
    uint16_t port;
};

struct tw_learn *tw_learn_new(struct tw_registry *known)
{
    struct tw_learn *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return NULL;
    l->known = known;
    l->seed = tw_seed_random();
    l->arena_memory = aligned_alloc(64, TW_LEARN_TEXT_BYTES);
    l->clients = tw_table_new(
        sizeof(struct learn_client_key), sizeof(struct learn_client), TW_LEARN_CLIENTS, l->seed);
    l->servers = tw_table_new(
        sizeof(struct learn_place_key), sizeof(struct learn_server), TW_LEARN_SERVERS, l->seed);
    l->rights = tw_table_new(
        sizeof(struct right_key), sizeof(struct learn_right), TW_LEARN_RIGHTS, l->seed);
    l->variables = tw_table_new(sizeof(struct learn_variable_key), sizeof(struct learn_variable),
        TW_LEARN_VARIABLES, l->seed);
    l->topics = tw_table_new(
        sizeof(struct tw_text_key), sizeof(struct learn_topic), TW_LEARN_TOPICS, l->seed);
    l->client_list = calloc(TW_LEARN_CLIENTS, sizeof(*l->client_list));
    l->server_list = calloc(TW_LEARN_SERVERS, sizeof(*l->server_list));
    l->right_list = calloc(TW_LEARN_RIGHTS, sizeof(*l->right_list));
    l->variable_list = calloc(TW_LEARN_VARIABLES, sizeof(*l->variable_list));
    l->topic_list = calloc(TW_LEARN_TOPICS, sizeof(*l->topic_list));
    if (l->arena_memory == NULL || l->clients == NULL || l->servers == NULL || l->rights == NULL ||
        l->variables == NULL || l->topics == NULL || l->client_list == NULL ||
        l->server_list == NULL || l->right_list == NULL || l->variable_list == NULL ||
        l->topic_list == NULL) {
        tw_learn_free(l);
        return NULL;
    }
    tw_arena_init(&l->arena, l->arena_memory, TW_LEARN_TEXT_BYTES);
    return l;
}

void tw_learn_free(struct tw_learn *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->n_entries; i++) {
        free(l->entries[i].clients);
        free(l->entries[i].rights);
    }
    free(l->entries);
    for (size_t i = 0; i < l->n_servers; i++)
        free(l->server_list[i]->all);
    tw_table_free(l->clients);
    tw_table_free(l->servers);
    tw_table_free(l->rights);
    tw_table_free(l->variables);
    tw_table_free(l->topics);
    free(l->client_list);
    free(l->server_list);
    free(l->right_list);
    free(l->variable_list);
    free(l->topic_list);
    free(l->arena_memory);
    free(l);
}

struct tw_str learn_keep(struct tw_learn *l, struct tw_str s)
{
    const struct tw_str kept = tw_arena_str(&l->arena, s);
    if (s.p != NULL && kept.p == NULL)
        l->no_text++;
    return kept;
}

void learn_name(struct tw_learn *l, struct learn_names *names, struct tw_str s)
{
    if (s.len == 0)
        return;
    for (size_t i = 0; i < names->n; i++) {
        if (tw_str_eq(names->list[i], s))
            return;
    }
    if (names->n == LEARN_NAMES) {
        names->more++;
        return;
    }
    const struct tw_str kept = learn_keep(l, s);
    if (kept.p != NULL)
        names->list[names->n++] = kept;
}

void *learn_row(
    struct tw_table *t, const void *key, size_t capacity, uint64_t *left_out, bool *out_new)
{
    *out_new = false;
    void *row = tw_table_find(t, key);
    if (row != NULL)
        return row;
    if (tw_table_size(t) == capacity) {
        (*left_out)++;
        return NULL;
    }
    return tw_table_put(t, key, out_new);
}

/* Things that need a right [registry/grant.c]: others are free to everybody. */
static bool needs_right(const struct tw_event *e)
{
    static const uint32_t asks =
        1u << TW_ACTION_READ | 1u << TW_ACTION_WRITE | 1u << TW_ACTION_BROWSE |
        1u << TW_ACTION_CALL | 1u << TW_ACTION_SUBSCRIBE | 1u << TW_ACTION_HISTORY_READ |
        1u << TW_ACTION_HISTORY_WRITE | 1u << TW_ACTION_MANAGE | 1u << TW_ACTION_PUBLISH |
        1u << TW_ACTION_TOOL | 1u << TW_ACTION_FLOW;
    static const uint32_t open_in_namespace_0 =
        1u << TW_ACTION_READ | 1u << TW_ACTION_BROWSE | 1u << TW_ACTION_SUBSCRIBE;
    if ((asks & 1u << e->action) == 0)
        return false;
    /* A leaf is part of its message. */
    if (e->field.p != NULL && (e->action == TW_ACTION_PUBLISH || e->action == TW_ACTION_TOOL))
        return false;
    return e->protocol != TW_PROTO_OPCUA || (open_in_namespace_0 & 1u << e->action) == 0 ||
           e->object.len < 2 || e->object.p[1] != '=';
}

static struct tw_str object_of(const struct tw_event *e)
{
    if (e->action == TW_ACTION_FLOW)
        return e->app;
    if (e->action == TW_ACTION_TOOL && e->mqtt != NULL && e->mqtt->mcp != NULL)
        return e->mqtt->mcp->topic;
    return e->object_null ? TW_STR_NONE : e->object;
}

static bool was_refused(const struct tw_event *e)
{
    if (e->action == TW_ACTION_FLOW)
        return e->flow_info != NULL && e->flow_info->has_totals && e->flow_info->state != NULL &&
               strcmp(e->flow_info->state, "established") != 0;
    return e->status_bad;
}

static void note_right(struct tw_learn *l, const struct tw_event *e, struct learn_client *client,
    struct learn_server *server)
{
    bool is_new;
    struct right_key key;
    const struct tw_str object = object_of(e);
    const struct tw_str owner =
        e->action == TW_ACTION_CALL && e->opcua != NULL ? e->opcua->object_id : TW_STR_NONE;
    memset(&key, 0, sizeof(key));
    key.client = client;
    key.server = server;
    key.action = (uint8_t)e->action;
    key.object = tw_text_key(l->seed, object);
    key.owner = tw_text_key(l->seed, owner);
    if (server == NULL) {
        key.to = e->dst.ip;
        key.port = e->is_tcp || e->dst.port < 49152 ? e->dst.port : 0;
    }
    struct learn_right *r = learn_row(l->rights, &key, TW_LEARN_RIGHTS, &l->no_rights, &is_new);
    if (r == NULL)
        return;
    if (is_new) {
        l->right_list[l->n_rights++] = r;
        r->client = client;
        r->server = server;
        r->action = e->action;
        r->object = learn_keep(l, object);
        r->owner = learn_keep(l, owner);
        r->to = key.to;
        r->port = key.port;
        if (server == NULL && l->known != NULL)
            r->to_known = learn_keep(l, l->facts.target.asset);
    }
    if (was_refused(e))
        r->refused++;
    /* A flow is told when it is known, and again when it ends. */
    if (e->action != TW_ACTION_FLOW || e->flow_info == NULL || !e->flow_info->has_totals ||
        r->done.n == 0)
        learn_count(&r->done, e->ts_ns);
}

/* What the known inventory allows is nothing to learn; and what is done under a name of another one
 * is no right of the one that is named. */
static bool is_granted(const struct tw_learn *l)
{
    const struct tw_actor_facts *actor = &l->facts.actor;
    return l->known != NULL && actor->kind != TW_ACTOR_UNREGISTERED &&
           (l->facts.grant.allowed || actor->identity == TW_IDENTITY_MISMATCH);
}

/* Events that a client causes; the others come from servers, or are damage. */
static bool is_from_client(const struct tw_event *e)
{
    static const uint32_t others =
        1u << TW_ACTION_NOTIFY | 1u << TW_ACTION_ALARM | 1u << TW_ACTION_DELIVER |
        1u << TW_ACTION_MALFORMED | 1u << TW_ACTION_GAP | 1u << TW_ACTION_CONFLICT |
        1u << TW_ACTION_DISCONNECT | 1u << TW_ACTION_REFUSED | 1u << TW_ACTION_SILENCE;
    return (others & 1u << e->action) == 0;
}

/* Whose message it is. Leaves of a payload, items of a service come one after the other. */
static void look_up(struct tw_learn *l, const struct tw_event *e)
{
    const bool again = l->message_client != NULL && l->message_flow == e->flow &&
                       l->message_packet == e->packet && e->field.p != NULL;
    if (again)
        return;
    l->message_flow = e->flow;
    l->message_packet = e->packet;
    l->message_client = learn_client_of(l, e);
    l->message_server =
        e->action == TW_ACTION_FLOW ? NULL : learn_server_of(l, &e->dst, e->protocol);
}

static void note_server(struct tw_learn *l, const struct tw_event *e, struct learn_server *server)
{
    server->answers |= e->protocol == TW_PROTO_MQTT || e->action != TW_ACTION_PUBLISH;
    if (server->name.p == NULL && e->opcua != NULL && e->opcua->server_uri.len > 0)
        server->name = learn_keep(l, e->opcua->server_uri);
    /* The target of a Sparkplug command is an edge node, not the broker. */
    if (l->known != NULL && server->known.p == NULL && e->sparkplug == NULL)
        server->known = learn_keep(l, l->facts.target.asset);
}

static void client_event(struct tw_learn *l, const struct tw_event *e)
{
    look_up(l, e);
    struct learn_client *client = l->message_client;
    struct learn_server *server = l->message_server;
    if (client == NULL || (server == NULL && e->action != TW_ACTION_FLOW))
        return;
    if (server != NULL)
        note_server(l, e, server);
    learn_signs(client, e);
    if (needs_right(e) && !is_granted(l))
        note_right(l, e, client, server);
    learn_shape(l, e, client);
    learn_value(l, e, client, server);
}

void tw_learn_event(struct tw_learn *l, const struct tw_event *event)
{
    if (l->known != NULL)
        tw_registry_resolve(l->known, event, &l->facts);
    if (is_from_client(event))
        client_event(l, event);
    else if (event->action == TW_ACTION_NOTIFY)
        learn_value(l, event, NULL, learn_server_of(l, &event->src, event->protocol));
    else if (event->action == TW_ACTION_DELIVER)
        learn_value(l, event, NULL, NULL);
}
