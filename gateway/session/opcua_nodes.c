/* What servers call their nodes: aliases of RegisterNodes, the Browse that a ContinuationPoint goes
 * on with, the namespaces behind the indexes. What is learned about values is in opcua_learned.c.
 */

#include <stdio.h>
#include <stdlib.h>

#include "session/opcua.h"

enum {
    MAX_SERVERS = 256,
    MAX_NAMESPACES = 64,
    NAMESPACE_ROOM = 4096,
    MAX_NODE = 240,
    MAX_ALIASES = 4096,
    MAX_CONTINUATIONS = 1024,
};

/* Compared as bytes, so it has no padding. */
struct node_key {
    struct tw_opcua_server server;
    uint32_t zero;
    struct tw_text_key node;
};

struct continuation_key {
    struct tw_opcua_server server;
    uint32_t zero;
    uint64_t digest;
};

struct node {
    uint16_t len;
    char text[MAX_NODE];
};

struct namespaces {
    uint32_t n;
    uint16_t end[MAX_NAMESPACES];
    char room[NAMESPACE_ROOM];
};

struct tw_opcua_nodes {
    struct tw_seed seed;
    struct tw_table *servers;       /* → namespaces */
    struct tw_table *aliases;       /* NodeId that RegisterNodes gave → the node */
    struct tw_table *continuations; /* ContinuationPoint → the node that is browsed */
    char made[MAX_NODE + 16];       /* an object that was written another way */
    uint32_t version;               /* of the namespaces */
};

static void namespaces_lost(void *user, const void *key, void *value)
{
    struct tw_opcua_nodes *n = user;
    (void)key;
    (void)value;
    n->version++;
}

static size_t at_most(size_t sessions, size_t most)
{
    return sessions < most ? sessions : most;
}

struct tw_opcua_nodes *tw_opcua_nodes_new(size_t sessions)
{
    struct tw_opcua_nodes *n = calloc(1, sizeof(*n));
    if (n == NULL)
        return NULL;
    n->seed = tw_seed_random();
    n->servers = tw_table_new(sizeof(struct tw_opcua_server), sizeof(struct namespaces),
        at_most(sessions, MAX_SERVERS), n->seed);
    n->aliases = tw_table_new(
        sizeof(struct node_key), sizeof(struct node), at_most(sessions, MAX_ALIASES), n->seed);
    n->continuations = tw_table_new(sizeof(struct continuation_key), sizeof(struct node),
        at_most(sessions, MAX_CONTINUATIONS), n->seed);
    if (n->servers == NULL || n->aliases == NULL || n->continuations == NULL) {
        tw_opcua_nodes_free(n);
        return NULL;
    }
    tw_table_on_evict(n->servers, namespaces_lost, n);
    return n;
}

void tw_opcua_nodes_free(struct tw_opcua_nodes *n)
{
    if (n == NULL)
        return;
    tw_table_free(n->servers);
    tw_table_free(n->aliases);
    tw_table_free(n->continuations);
    free(n);
}

static struct node_key key_of(
    const struct tw_opcua_nodes *n, const struct tw_event *event, struct tw_str node)
{
    return (struct node_key){
        .server = tw_opcua_server_of(event), .node = tw_text_key(n->seed, node)};
}

/* A name too long to keep is forgotten rather than cut. */
static void keep(struct tw_table *table, const void *key, struct tw_str text)
{
    struct node *node = tw_table_put(table, key, NULL);
    if (text.len > sizeof(node->text)) {
        tw_table_remove(table, node);
        return;
    }
    node->len = (uint16_t)text.len;
    if (text.len > 0)
        memmove(node->text, text.p, text.len);
}

static struct tw_str text_of(const struct node *node)
{
    return (struct tw_str){node->text, node->len};
}

static struct tw_str detail(const struct tw_opcua_info *info, const char *name)
{
    const struct tw_value *v = info->details;
    for (uint32_t i = 0; v != NULL && i < v->n; i++)
        if (tw_str_is(v->items[i].name, name) && v->items[i].kind == TW_VALUE_STRING)
            return v->items[i].s;
    return TW_STR_NONE;
}

/* Who writes to an alias writes to the node [UA4 5.9.5]. */
static void registered(struct tw_opcua_nodes *n, struct tw_event *event)
{
    struct tw_str alias = detail(event->opcua, "alias");
    if (event->object.p == NULL || alias.p == NULL || tw_str_eq(alias, event->object))
        return;
    const struct node_key key = key_of(n, event, alias);
    keep(n->aliases, &key, event->object);
}

static void unregistered(struct tw_opcua_nodes *n, struct tw_event *event)
{
    const struct node_key key = key_of(n, event, event->object);
    struct node *node = tw_table_peek(n->aliases, &key);
    if (node == NULL)
        return;
    event->object = text_of(node);
    event->object_null = false;
    /* The entry stays in memory until another is put: the text is good during this event. */
    tw_table_remove(n->aliases, node);
}

static void browse_on(struct tw_opcua_nodes *n, struct tw_event *event)
{
    const struct tw_opcua_info *info = event->opcua;
    struct continuation_key key = {.server = tw_opcua_server_of(event), .digest = info->continues};
    const struct node *node = info->continues == 0 ? NULL : tw_table_find(n->continuations, &key);
    if (node != NULL && event->object.p == NULL) {
        event->object = text_of(node);
        event->object_null = false;
    }
    if (info->continuation == 0 || event->object.p == NULL)
        return;
    key.digest = info->continuation;
    const struct node copy = node == NULL ? (struct node){0} : *node;
    keep(n->continuations, &key, node == NULL ? event->object : text_of(&copy));
}

bool tw_opcua_nodes_has_aliases(const struct tw_opcua_nodes *n)
{
    return tw_table_size(n->aliases) > 0;
}

void tw_opcua_nodes_resolve(struct tw_opcua_nodes *n, struct tw_event *event)
{
    const struct tw_opcua_info *info = event->opcua;
    if (event->action == TW_ACTION_BROWSE) {
        if (tw_str_is(info->service, "RegisterNodes")) {
            registered(n, event);
            return;
        }
        if (tw_str_is(info->service, "UnregisterNodes") && event->object.p != NULL) {
            unregistered(n, event);
            return;
        }
        if (info->continues != 0 || info->continuation != 0)
            browse_on(n, event);
    }
    if (tw_table_size(n->aliases) == 0 || event->object.p == NULL)
        return;
    const struct node_key key = key_of(n, event, event->object);
    const struct node *node = tw_table_find(n->aliases, &key);
    if (node != NULL)
        event->object = text_of(node);
}

/* The Value of Server.NamespaceArray [UA5 6.3.1]. */
static bool is_namespace_array(const struct tw_event *event)
{
    return event->action == TW_ACTION_READ && event->value.kind == TW_VALUE_ARRAY &&
           !event->value.truncated && event->value.n <= MAX_NAMESPACES &&
           tw_str_is(event->object, "i=2255") && tw_str_is(event->opcua->attribute, "Value") &&
           event->opcua->index_range.s.p == NULL;
}

/* As many as there is room for. */
static void read_namespaces(const struct tw_value *array, struct namespaces *to)
{
    size_t used = 0;
    for (uint32_t i = 0; i < array->n; i++) {
        const struct tw_value *uri = &array->items[i];
        struct tw_str text = uri->kind == TW_VALUE_STRING ? uri->s : TW_STR("");
        if (text.len > sizeof(to->room) - used)
            return;
        if (text.len > 0)
            memcpy(to->room + used, text.p, text.len);
        used += text.len;
        to->end[i] = (uint16_t)used;
        to->n = i + 1;
    }
}

/* Clients read it at every start, and it says the same. */
static void learn_namespaces(struct tw_opcua_nodes *n, const struct tw_event *event)
{
    const struct tw_opcua_server server = tw_opcua_server_of(event);
    struct namespaces *known = tw_table_put(n->servers, &server, NULL), read = {0};
    read_namespaces(&event->value, &read);
    if (memcmp(known, &read, sizeof(read)) == 0)
        return;
    *known = read;
    n->version++;
}

uint32_t tw_opcua_nodes_version(const struct tw_opcua_nodes *n)
{
    return n->version;
}

/* The number in "ns=7;…"; false in namespace 0. */
static bool namespace_of(struct tw_str node, uint32_t *out)
{
    uint32_t v = 0;
    size_t i = 3;
    if (!tw_str_starts(node, TW_STR("ns=")))
        return false;
    for (; i < node.len && i < 8 && node.p[i] >= '0' && node.p[i] <= '9'; i++)
        v = v * 10 + (uint32_t)(node.p[i] - '0');
    *out = v;
    return i > 3 && i < node.len && node.p[i] == ';';
}

static struct tw_str uri_at(const struct namespaces *of, uint32_t index)
{
    size_t from = index == 0 ? 0 : of->end[index - 1];
    return (struct tw_str){of->room + from, of->end[index] - from};
}

/* In a NodeId's text ';' and '%' of a URI are escaped [UA6 5.3.1.11]. */
static bool same_uri(struct tw_str plain, struct tw_str escaped)
{
    size_t at = 0;
    for (size_t i = 0; i < plain.len; i++) {
        const bool special = plain.p[i] == ';' || plain.p[i] == '%';
        const struct tw_str as = !special            ? (struct tw_str){plain.p + i, 1}
                                 : plain.p[i] == ';' ? TW_STR("%3B")
                                                     : TW_STR("%25");
        const struct tw_str rest = {escaped.p + at, escaped.len - at};
        if (!tw_str_starts(rest, as))
            return false;
        at += as.len;
    }
    return at == escaped.len;
}

/* "nsu=urn:x;s=y" is the same node as "ns=2;s=y", and is called so. */
static void by_index(struct tw_opcua_nodes *n, const struct namespaces *of, struct tw_event *event)
{
    const struct tw_str node = event->object;
    const char *end = memchr(node.p, ';', node.len);
    if (end == NULL)
        return;
    const struct tw_str uri = {node.p + 4, (size_t)(end - node.p) - 4};
    const struct tw_str rest = {end + 1, node.len - uri.len - 5};
    uint32_t index = 0;
    while (index < of->n && !same_uri(uri_at(of, index), uri))
        index++;
    if (index == of->n || rest.len > sizeof(n->made) - 16)
        return;
    int used = index == 0 ? 0 : snprintf(n->made, 16, "ns=%u;", (unsigned)index);
    memcpy(n->made + used, rest.p, rest.len);
    event->object = (struct tw_str){n->made, (size_t)used + rest.len};
}

void tw_opcua_nodes_namespace(struct tw_opcua_nodes *n, struct tw_event *event)
{
    uint32_t index;
    event->opcua->namespace_uri = TW_STR_NONE;
    if (is_namespace_array(event))
        learn_namespaces(n, event);
    const bool by_uri = tw_str_starts(event->object, TW_STR("nsu="));
    if (tw_table_size(n->servers) == 0 || (!by_uri && !namespace_of(event->object, &index)))
        return;
    const struct tw_opcua_server server = tw_opcua_server_of(event);
    const struct namespaces *of = tw_table_find(n->servers, &server);
    if (of == NULL)
        return;
    if (by_uri)
        by_index(n, of, event);
    if (namespace_of(event->object, &index) && index < of->n)
        event->opcua->namespace_uri = uri_at(of, index);
}
