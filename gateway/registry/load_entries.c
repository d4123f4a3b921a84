/* Networks, and who is in them: assets and AI systems with what identifies them. */

#include <stdlib.h>

#include "registry/keys.h"
#include "registry/load.h"

static bool check_cidr(struct tw_load *l, const struct tw_node *n, struct tw_cidr *out)
{
    const struct tw_str shown = tw_utf8_cut(n->text, 64);
    if (tw_cidr_parse(n->text, out))
        return true;
    tw_yaml_error(l->y, l->d, n, false, "such as 10.10.0.0/16 or fd00:10::/64",
        "\"%.*s\" is not an address range", TW_STR_ARG(shown));
    return false;
}

static void load_network(struct tw_load *l, const struct tw_node *n, struct tw_network *out)
{
    out->name = n->key;
    if (n->kind != TW_NODE_LIST) {
        tw_yaml_error(l->y, l->d, n, false, NULL, "a network is a list of address ranges");
        return;
    }
    out->cidrs.list = tw_load_keep(l, n->n, sizeof(struct tw_cidr));
    for (size_t i = 0; out->cidrs.list != NULL && i < n->n; i++) {
        struct tw_str text;
        const struct tw_node *item = &n->children[i];
        if (tw_node_str(l->y, l->d, item, &text) &&
            check_cidr(l, item, &out->cidrs.list[out->cidrs.n]))
            out->cidrs.n++;
    }
}

static void load_registered_only(struct tw_load *l, const struct tw_node *root)
{
    const struct tw_node *list = tw_load_list(root, "registered_only");
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        const struct tw_name_row *row = tw_load_names_find(l, &l->networks, &list->children[i]);
        if (row != NULL)
            l->r->networks[row->item].registered_only = true;
    }
}

void tw_load_networks(struct tw_load *l, const struct tw_node *root)
{
    const struct tw_node *map = tw_load_map(root, "networks");
    size_t n = map != NULL ? map->n : 0;
    l->r->networks = tw_load_keep(l, n, sizeof(struct tw_network));
    if (!tw_load_names_init(l, &l->networks, n, "network") || l->r->networks == NULL)
        return;
    for (size_t i = 0; i < n; i++) {
        load_network(l, &map->children[i], &l->r->networks[i]);
        tw_load_names_add(&l->networks, map->children[i].key, i);
        l->r->n_networks++;
    }
    tw_name_index_sort(&l->networks.index);
    load_registered_only(l, root);
}

/* Addresses are kept as the bytes that who.c looks up. */
static bool check_ip(struct tw_load *l, const struct tw_node *n, struct tw_str *out)
{
    struct tw_ip ip;
    const struct tw_str shown = tw_utf8_cut(n->text, 64);
    uint8_t *bytes = tw_load_keep(l, 17, 1);
    if (bytes == NULL)
        return false;
    if (!tw_ip_parse(n->text, &ip)) {
        bool range = memchr(n->text.p, '/', n->text.len) != NULL;
        tw_yaml_error(l->y, l->d, n, false,
            range ? "ranges belong in networks" : "such as 10.10.0.32 or fd00:10::32",
            "\"%.*s\" is not an IP address", TW_STR_ARG(shown));
        return false;
    }
    size_t len = ip.family == 6 ? 16 : 4;
    bytes[0] = ip.family;
    memcpy(bytes + 1, ip.b, len);
    *out = tw_str_bytes(bytes, len + 1);
    return true;
}

static bool check_mac(struct tw_load *l, const struct tw_node *n, struct tw_str *out)
{
    const struct tw_str shown = tw_utf8_cut(n->text, 64);
    uint8_t *bytes = tw_load_keep(l, 6, 1);
    if (bytes == NULL)
        return false;
    if (!tw_mac_parse(n->text, bytes)) {
        tw_yaml_error(l->y, l->d, n, false, "such as 02:00:00:00:00:32, in quotes",
            "\"%.*s\" is not a MAC address", TW_STR_ARG(shown));
        return false;
    }
    *out = tw_str_bytes(bytes, 6);
    return true;
}

static void load_identity(struct tw_load *l, struct tw_entry *e)
{
    static const struct {
        const char *key;
        enum tw_id_kind kind;
        tw_load_check_fn check;
    } lists[] = {{"mqtt_client_id", TW_ID_CLIENT_ID, tw_load_check_text},
        {"mqtt_username", TW_ID_MQTT_USER, tw_load_check_text},
        {"opcua_application_uri", TW_ID_URI, tw_load_check_text},
        {"opcua_user", TW_ID_OPCUA_USER, tw_load_check_text},
        {"certificate_sha256", TW_ID_CERTIFICATE, tw_load_check_sha256}};
    const struct tw_node *identity = tw_load_map(e->node, "identity");
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        tw_load_strs(l, identity, lists[i].key, lists[i].check, &e->ids[lists[i].kind]);
    e->security = tw_load_text(identity, "security");
    e->mqtt_security = tw_load_text(identity, "mqtt_security");
    tw_load_strs(l, e->node, "ip", check_ip, &e->ids[TW_ID_IP]);
    tw_load_strs(l, e->node, "mac", check_mac, &e->ids[TW_ID_MAC]);
}

/* An id as a level of a topic. */
static bool check_level(struct tw_load *l, const struct tw_node *n, struct tw_str *out)
{
    if (!tw_load_check_text(l, n, out))
        return false;
    for (size_t i = 0; i < out->len; i++) {
        if (strchr("+#/", out->p[i]) == NULL)
            continue;
        tw_yaml_error(l->y, l->d, n, false, NULL, "a Sparkplug id has none of + # /");
        return false;
    }
    return out->len > 0;
}

static struct tw_str joined(struct tw_load *l, struct tw_str a, struct tw_str b)
{
    char *text = tw_load_keep(l, a.len + 1 + b.len, 1);
    if (text == NULL || a.len == 0 || b.len == 0)
        return TW_STR_NONE;
    memcpy(text, a.p, a.len);
    text[a.len] = '/';
    memcpy(text + a.len + 1, b.p, b.len);
    return (struct tw_str){text, a.len + 1 + b.len};
}

/* What it publishes as: an edge node, its devices, a host. */
static void load_sparkplug(struct tw_load *l, struct tw_entry *e)
{
    const struct tw_str host = tw_load_one(l, e->node, "sparkplug_host", check_level);
    const struct tw_node *sparkplug = tw_load_map(e->node, "sparkplug");
    const struct tw_str group = tw_load_one(l, sparkplug, "group", check_level);
    const struct tw_str edge_node = tw_load_one(l, sparkplug, "edge_node", check_level);
    struct tw_strs devices = {0}, *ids = &e->ids[TW_ID_SPARKPLUG];
    tw_load_strs(l, sparkplug, "devices", check_level, &devices);
    ids->list = tw_load_keep(l, devices.n + 2, sizeof(*ids->list));
    if (ids->list == NULL)
        return;
    const struct tw_str node = joined(l, group, edge_node);
    if (node.p != NULL)
        ids->list[ids->n++] = node;
    for (size_t i = 0; i < devices.n && node.p != NULL; i++)
        ids->list[ids->n++] = joined(l, node, devices.list[i]);
    if (host.p != NULL)
        ids->list[ids->n++] = joined(l, TW_STR("STATE"), host);
    e->lists_devices = devices.n > 0;
}

static void load_asset(struct tw_load *l, struct tw_entry *e)
{
    e->kind = tw_load_text(e->node, "kind");
    e->is_gateway = tw_str_is(e->kind, "gateway");
    e->min_security = tw_load_text(e->node, "min_security");
    e->importance = (enum tw_importance)tw_load_choice(
        e->node, "importance", tw_inventory_importances(), TW_IMPORTANCE_NORMAL);
    tw_load_ports(l, e->node, &e->ports);
    e->passes_on = tw_str_is(e->kind, "mqtt-broker");
    load_sparkplug(l, e);
}

static void add_entries(struct tw_load *l, const struct tw_node *list, bool is_ai)
{
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        struct tw_entry *e = &l->r->entries[l->r->n_entries];
        if (list->children[i].kind != TW_NODE_MAP)
            continue;
        *e = (struct tw_entry){.node = &list->children[i],
            .is_ai = is_ai,
            .index = (uint32_t)l->r->n_entries,
            .ai = is_ai ? (uint32_t)(l->r->n_entries - l->r->n_assets + 1) : 0,
            .trainer = tw_str_is(tw_load_text(&list->children[i], "trainer"), "true"),
            .importance = TW_IMPORTANCE_NORMAL,
            .has_may = is_ai || tw_load_list(&list->children[i], "may") != NULL};
        e->id = tw_load_one(l, e->node, "id", tw_load_check_text);
        tw_load_names_add(&l->entries, e->id, e->index);
        if (is_ai)
            tw_load_names_add(&l->ai_systems, e->id, e->index);
        l->r->n_entries++;
        l->r->n_assets += !is_ai;
    }
}

static const struct tw_node *entry_node(const struct tw_registry *r, uint32_t item)
{
    return r->entries[item].node;
}

void tw_load_entries(struct tw_load *l, const struct tw_node *root)
{
    const struct tw_node *assets = tw_load_list(root, "assets");
    const struct tw_node *systems = tw_load_list(root, "ai_systems");
    size_t n = (assets != NULL ? assets->n : 0) + (systems != NULL ? systems->n : 0);
    l->r->entries = tw_load_keep(l, n, sizeof(struct tw_entry));
    if (!tw_load_names_init(l, &l->entries, n, "asset or AI system") ||
        !tw_load_names_init(l, &l->ai_systems, n, "AI system") || l->r->entries == NULL)
        return;
    add_entries(l, assets, false);
    add_entries(l, systems, true);
    tw_load_names_done(l, &l->entries, entry_node);
    tw_name_index_sort(&l->ai_systems.index);
    for (size_t i = 0; i < l->r->n_entries; i++) {
        struct tw_entry *e = &l->r->entries[i];
        load_identity(l, e);
        if (!e->is_ai)
            load_asset(l, e);
    }
}
