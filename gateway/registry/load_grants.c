/* What an asset or AI system may do. */

#include "registry/keys.h"
#include "registry/load.h"

static const char *const kind_names[] = {"opcua", "mqtt", "protocol"};
enum { OPCUA = 1 << TW_GRANT_OPCUA, MQTT = 1 << TW_GRANT_MQTT, PROTOCOL = 1 << TW_GRANT_PROTOCOL };

/* Which keys go with which kind of right. */
static const struct {
    const char *key;
    unsigned kinds;
} meanings[] = {{"actions", OPCUA | MQTT}, {"nodes", OPCUA}, {"objects", OPCUA}, {"methods", OPCUA},
    {"topics", MQTT}, {"to", PROTOCOL}, {"ports", PROTOCOL}, {"hosts", PROTOCOL},
    {"needs_approval", OPCUA | MQTT}, {"max_step", OPCUA | MQTT}, {"rate", OPCUA | MQTT},
    {"max_nodes", OPCUA}, {"max_window", OPCUA}};

static const char *const opcua_actions[] = {"read", "write", "browse", "subscribe", "call",
    "history_read", "history_write", "manage", "publish", NULL};
static const char *const mqtt_actions[] = {"publish", "subscribe", "tool", NULL};

/* Exactly one of opcua, mqtt and protocol. */
static bool find_kind(struct tw_load *l, const struct tw_node *n, enum tw_grant_kind *out)
{
    unsigned given = 0;
    for (int kind = 0; kind < 3; kind++) {
        if (tw_node_get(n, kind_names[kind]) == NULL)
            continue;
        *out = (enum tw_grant_kind)kind;
        given++;
    }
    if (given != 1)
        tw_yaml_error(l->y, l->d, n, false, NULL,
            "a right is for one of opcua, mqtt and protocol%s",
            given == 0 ? "; this is for none" : "");
    return given == 1;
}

static void check_meaning(struct tw_load *l, const struct tw_node *n, enum tw_grant_kind kind)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        const struct tw_node *at = tw_node_get(n, meanings[i].key);
        if (at != NULL && (meanings[i].kinds & 1u << kind) == 0)
            tw_yaml_error(l->y, l->d, at, true, NULL, "\"%s\" has no meaning with \"%s\"",
                meanings[i].key, kind_names[kind]);
        else if (at != NULL && at->kind == TW_NODE_LIST && at->n == 0)
            tw_yaml_error(l->y, l->d, at, false, "leave the key out where everything is meant",
                "\"%s\" is empty", meanings[i].key);
    }
}

static void load_actions(struct tw_load *l, const struct tw_node *n, struct tw_grant *g)
{
    const char *const *names = g->kind == TW_GRANT_OPCUA ? opcua_actions : mqtt_actions;
    const struct tw_node *list = tw_load_list(n, "actions");
    if (tw_node_get(n, "actions") == NULL)
        tw_yaml_error(l->y, l->d, n, false, NULL, "\"actions\" is missing in this right");
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        int index;
        enum tw_action action;
        const struct tw_node *item = &list->children[i];
        if (item->kind == TW_NODE_SCALAR && tw_node_choice(l->y, l->d, item, names, &index) &&
            tw_action_of(item->text, &action))
            g->actions |= 1u << action;
    }
}

static void load_common(struct tw_load *l, const struct tw_node *n, struct tw_grant *g)
{
    struct tw_rate rate;
    g->target = tw_load_entry(l, tw_node_get(n, kind_names[g->kind]));
    load_actions(l, n, g);
    tw_load_strs(l, n, "nodes", tw_load_check_nodeid, &g->nodes);
    tw_load_strs(l, n, "objects", tw_load_check_nodeid, &g->objects);
    tw_load_strs(l, n, "methods", tw_load_check_nodeid, &g->methods);
    tw_load_strs(l, n, "topics", tw_load_check_filter, &g->topics);
    g->needs_approval = tw_load_one(l, n, "needs_approval", tw_load_check_approval);
    g->has_max_step = tw_load_positive(l, n, "max_step", &g->max_step);
    l->r->grants_steps = l->r->grants_steps || g->has_max_step;
    if (tw_load_count_rate(l, n, "rate", &rate)) {
        g->has_rate = true;
        g->rate_per_s = rate.per_s;
        g->rate_text = tw_load_text(n, "rate");
    }
    const struct tw_node *max_nodes = tw_node_get(n, "max_nodes");
    double number;
    if (tw_load_number(max_nodes, &number) && number < 1)
        tw_yaml_error(l->y, l->d, max_nodes, false, NULL, "\"max_nodes\" must be 1 or more");
    g->max_window_ns = tw_load_duration(l, n, "max_window");
}

/* An id, a network's name, or an address range. */
static bool load_destination(struct tw_load *l, const struct tw_node *n, struct tw_grant *g)
{
    struct tw_cidr cidr;
    const struct tw_name_row *row = tw_name_index_find(&l->entries.index, n->text);
    if (row != NULL) {
        g->to_entries[g->n_to_entries++] = &l->r->entries[row->item];
        return true;
    }
    row = tw_name_index_find(&l->networks.index, n->text);
    if (row != NULL) {
        g->to_networks[g->n_to_networks++] = &l->r->networks[row->item];
        return true;
    }
    if (!tw_cidr_parse(n->text, &cidr))
        return false;
    g->to_cidrs.list[g->to_cidrs.n++] = cidr;
    return true;
}

static void load_destinations(struct tw_load *l, const struct tw_node *n, struct tw_grant *g)
{
    const struct tw_node *list = tw_load_list(n, "to");
    if (list == NULL)
        return;
    g->has_to = true;
    g->to_entries = tw_load_keep(l, list->n, sizeof(struct tw_entry *));
    g->to_networks = tw_load_keep(l, list->n, sizeof(struct tw_network *));
    g->to_cidrs.list = tw_load_keep(l, list->n, sizeof(struct tw_cidr));
    if (g->to_entries == NULL || g->to_networks == NULL || g->to_cidrs.list == NULL)
        return;
    for (size_t i = 0; i < list->n; i++) {
        const struct tw_node *item = &list->children[i];
        if (item->kind != TW_NODE_SCALAR || load_destination(l, item, g))
            continue;
        const char *near = tw_nearest(item->text, l->entries.list);
        const struct tw_str shown = tw_utf8_cut(item->text, 64);
        tw_yaml_error(l->y, l->d, item, false,
            near != NULL ? near : tw_nearest(item->text, l->networks.list),
            "there is no asset, AI system or network \"%.*s\", and it is no address range",
            TW_STR_ARG(shown));
    }
}

/* A domain name [RFC1035 2.3.1]; "*." in front says what is meant anyway. */
static bool check_host(struct tw_load *l, const struct tw_node *n, struct tw_str *out)
{
    struct tw_str host = n->text;
    if (tw_str_starts(host, TW_STR("*.")))
        host = (struct tw_str){host.p + 2, host.len - 2};
    bool ok = host.len > 0 && host.len <= 253;
    for (size_t i = 0; i < host.len; i++) {
        const char c = host.p[i];
        ok = ok && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || (c == '.' && i > 0 && host.p[i - 1] != '.'));
    }
    const struct tw_str shown = tw_utf8_cut(n->text, 64);
    if (!ok)
        tw_yaml_error(l->y, l->d, n, false, "such as api.example.com; what is below it counts, too",
            "\"%.*s\" is not a host name", TW_STR_ARG(shown));
    *out = host;
    return ok;
}

static void load_grant(struct tw_load *l, const struct tw_node *n, struct tw_grant *g)
{
    if (!find_kind(l, n, &g->kind))
        return;
    check_meaning(l, n, g->kind);
    if (g->kind == TW_GRANT_PROTOCOL) {
        tw_load_strs(l, n, "protocol", tw_load_check_text, &g->protocols);
        load_destinations(l, n, g);
        tw_load_strs(l, n, "hosts", check_host, &g->hosts);
        tw_load_ports(l, n, &g->ports);
        g->actions = 1u << TW_ACTION_FLOW;
    } else {
        load_common(l, n, g);
    }
}

/* Labels that it may see. */
static void load_clearance(struct tw_load *l, struct tw_entry *e)
{
    const char *const *labels = tw_inventory_labels() + TW_LABEL_RECIPE - 1;
    const struct tw_node *list = tw_load_list(e->node, "clearance");
    e->has_clearance = list != NULL;
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        int index;
        const struct tw_node *item = &list->children[i];
        if (item->kind == TW_NODE_SCALAR && tw_node_choice(l->y, l->d, item, labels, &index))
            e->clearance |= 1u << (TW_LABEL_RECIPE + index);
    }
}

void tw_load_grants(struct tw_load *l, struct tw_entry *e)
{
    load_clearance(l, e);
    const struct tw_node *list = tw_load_list(e->node, "may");
    if (list == NULL)
        return;
    e->grants = tw_load_keep(l, list->n, sizeof(*e->grants));
    for (size_t i = 0; e->grants != NULL && i < list->n; i++) {
        if (list->children[i].kind == TW_NODE_MAP)
            load_grant(l, &list->children[i], &e->grants[e->n_grants++]);
    }
}
