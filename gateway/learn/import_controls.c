/* The configuration with named controls: where the server is, what may be read, and each control
 * with its type, unit, bounds and cooldown. */

#include <stdlib.h>

#include "learn/import_model.h"

static bool is_text(
    const struct import_file *f, const struct tw_node *n, struct tw_diags *d, struct tw_str *out)
{
    return tw_node_str(f->yaml, d, n, out);
}

/* "opc.tcp://host:port/path" */
static bool take_endpoint(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    static const char scheme[] = "opc.tcp://";
    if (!is_text(f, n, d, &f->endpoint))
        return false;
    if (!tw_str_starts(f->endpoint, tw_str_of(scheme))) {
        tw_yaml_error(f->yaml, d, n, false, "such as opc.tcp://10.10.0.10:4840",
            "this is no address of an OPC UA server");
        return false;
    }
    struct tw_str rest = {
        f->endpoint.p + sizeof(scheme) - 1, f->endpoint.len - (sizeof(scheme) - 1)};
    const char *slash = memchr(rest.p, '/', rest.len);
    rest.len = slash != NULL ? (size_t)(slash - rest.p) : rest.len;
    size_t colon = rest.len;
    while (colon > 0 && rest.p[colon - 1] != ':' && rest.p[colon - 1] != ']')
        colon--;
    struct tw_number port = {.d = 4840};
    struct tw_str host = rest;
    if (colon > 0 && rest.p[colon - 1] == ':') {
        host.len = colon - 1;
        if (!tw_num_parse((struct tw_str){rest.p + colon, rest.len - colon}, &port))
            port.d = 0;
    }
    if (host.len > 1 && host.p[0] == '[')
        host = (struct tw_str){host.p + 1, host.len - 2};
    f->port = port.d >= 1 && port.d <= 65535 ? (unsigned)port.d : 0;
    tw_str_copy(f->host, sizeof(f->host), host);
    if (f->port != 0 && host.len > 0)
        return true;
    tw_yaml_error(f->yaml, d, n, false, "such as opc.tcp://10.10.0.10:4840",
        "this is no address of an OPC UA server");
    return false;
}

static bool take_policy(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    return is_text(f, n, d, &f->security);
}

static bool take_auth(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    static const struct import_member members[] = {
        {"type", NULL}, {"username", NULL}, {"password", NULL}, {0}};
    static const char *const types[] = {"anonymous", "usernamePassword", NULL};
    const struct tw_node *type = tw_node_get(n, "type");
    int which;
    if (!import_is(f, n, TW_NODE_MAP, d))
        return false;
    if (type == NULL) {
        tw_yaml_error(f->yaml, d, n, false, NULL, "\"type\" is missing");
        return false;
    }
    if (!tw_node_choice(f->yaml, d, type, types, &which))
        return false;
    /* The user's name is in the agent's environment, not here. */
    if (which == 0)
        f->user = TW_STR("anonymous");
    return which == 0 || import_members(f, n, "connection.auth.", members, d);
}

static bool take_connection(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    static const struct import_member members[] = {{"endpointUrl", take_endpoint},
        {"securityPolicy", take_policy}, {"auth", take_auth}, {"securityMode", NULL}, {0}};
    return import_is(f, n, TW_NODE_MAP, d) && import_members(f, n, "connection.", members, d);
}

static bool take_root(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    return import_nodeid(f, n, d, &f->roots[f->n_roots]);
}

static bool take_roots(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    static const struct import_member members[] = {
        {"nodeId", take_root}, {"label", NULL}, {"description", NULL}, {0}};
    bool ok = true;
    if (!import_is(f, n, TW_NODE_LIST, d))
        return false;
    free(f->roots); /* a key that is there twice has been reported */
    f->n_roots = 0;
    f->roots = calloc(n->n + 1, sizeof(*f->roots));
    for (size_t i = 0; f->roots != NULL && i < n->n; i++) {
        const bool good = import_is(f, &n->children[i], TW_NODE_MAP, d) &&
                          import_members(f, &n->children[i], "read.roots.", members, d);
        f->n_roots += good && f->roots[f->n_roots].p != NULL;
        ok = ok && good;
    }
    return ok && f->roots != NULL;
}

static bool take_read(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    static const struct import_member members[] = {{"roots", take_roots},
        {"defaultBrowseDepth", NULL}, {"maxBrowseDepth", NULL}, {"maxReadBatchSize", NULL}, {0}};
    return import_is(f, n, TW_NODE_MAP, d) && import_members(f, n, "read.", members, d);
}

/* ---- controls */

static struct import_node *last(struct import_file *f)
{
    return &f->nodes[f->n_nodes];
}

static bool take_name(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    return is_text(f, n, d, &last(f)->name);
}

static bool take_group(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    return is_text(f, n, d, &last(f)->group);
}

static bool take_node(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    return import_nodeid(f, n, d, &last(f)->node);
}

static bool take_type(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    int which;
    if (!tw_node_choice(f->yaml, d, n, tw_inventory_types(), &which))
        return false;
    last(f)->type = n->text;
    return true;
}

static bool take_unit(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    return is_text(f, n, d, &last(f)->unit);
}

static bool take_min(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    last(f)->has_min = tw_node_number(f->yaml, d, n, &last(f)->min);
    return last(f)->has_min;
}

static bool take_max(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    last(f)->has_max = tw_node_number(f->yaml, d, n, &last(f)->max);
    return last(f)->has_max;
}

/* One write in so many milliseconds. */
static bool cooldown(
    const struct import_file *f, const struct tw_node *n, struct tw_diags *d, double *out_per_min)
{
    int64_t ms;
    if (!tw_node_int(f->yaml, d, n, 0, INT64_C(1) << 40, &ms))
        return false;
    *out_per_min = ms > 0 ? 60000.0 / (double)ms : 0;
    return true;
}

static bool take_cooldown(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    return cooldown(f, n, d, &last(f)->per_min);
}

static bool take_risk(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    return is_text(f, n, d, &last(f)->risk);
}

static bool take_values(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    last(f)->values = n;
    return import_is(f, n, TW_NODE_LIST, d);
}

static const struct import_member item_members[] = {{"name", take_name}, {"group", take_group},
    {"nodeId", take_node}, {"dataType", take_type}, {"unit", take_unit}, {"min", take_min},
    {"max", take_max}, {"cooldownMs", take_cooldown}, {"riskNote", take_risk},
    {"allowedValues", take_values}, {"riskLevel", NULL}, {"description", NULL},
    {"falseLabel", NULL}, {"trueLabel", NULL}, {"requireCurrentValueForConfirmation", NULL}, {0}};

static bool take_item(
    struct import_file *f, const struct tw_node *item, double per_min, struct tw_diags *d)
{
    static const char *const needed[] = {"name", "nodeId", "dataType"};
    if (!import_is(f, item, TW_NODE_MAP, d))
        return false;
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (tw_node_get(item, needed[i]) != NULL)
            continue;
        tw_yaml_error(f->yaml, d, item, false, NULL, "\"%s\" is missing", needed[i]);
        return false;
    }
    last(f)->per_min = per_min;
    return import_members(f, item, "controls.items.", item_members, d) &&
           import_bounds(f, item, last(f), d);
}

static bool take_items(struct import_file *f, const struct tw_node *controls, struct tw_diags *d)
{
    const struct tw_node *list = tw_node_get(controls, "items");
    const struct tw_node *defaults = tw_node_get(controls, "defaults");
    const struct tw_node *common = tw_node_get(defaults, "cooldownMs");
    double per_min = 60; /* the default of the default is a second */
    bool ok = true;
    if (list == NULL)
        return true;
    if (!import_is(f, list, TW_NODE_LIST, d) ||
        (common != NULL && !cooldown(f, common, d, &per_min)))
        return false;
    free(f->nodes); /* a key that is there twice has been reported */
    f->n_nodes = 0;
    f->nodes = calloc(list->n + 1, sizeof(*f->nodes));
    for (size_t i = 0; f->nodes != NULL && i < list->n; i++) {
        const bool good = take_item(f, &list->children[i], per_min, d);
        f->n_nodes += good;
        if (!good)
            *last(f) = (struct import_node){0};
        ok = ok && good;
    }
    return ok && f->nodes != NULL;
}

static bool take_enabled(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    bool enabled;
    if (!tw_node_bool(f->yaml, d, n, &enabled))
        return false;
    f->off = !enabled;
    return true;
}

/* Of which the cooldown is read with the items. */
static bool take_defaults(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    static const struct import_member members[] = {{"mediumConfirmationTtlMs", NULL}, {0}};
    struct tw_node rest = *n;
    if (!import_is(f, n, TW_NODE_MAP, d))
        return false;
    rest.children = calloc(n->n + 1, sizeof(*rest.children));
    rest.n = 0;
    for (size_t i = 0; rest.children != NULL && i < n->n; i++) {
        if (!tw_str_is(n->children[i].key, "cooldownMs"))
            rest.children[rest.n++] = n->children[i];
    }
    const bool ok =
        rest.children != NULL && import_members(f, &rest, "controls.defaults.", members, d);
    free(rest.children);
    return ok;
}

static bool take_nothing(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    (void)f;
    (void)n;
    (void)d;
    return true;
}

static bool take_controls(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    static const struct import_member members[] = {
        {"enabled", take_enabled}, {"defaults", take_defaults}, {"items", take_nothing}, {0}};
    if (!import_is(f, n, TW_NODE_MAP, d))
        return false;
    const bool ok = import_members(f, n, "controls.", members, d);
    return take_items(f, n, d) && ok;
}

bool import_controls(struct import_file *f, const struct tw_node *root, struct tw_diags *d)
{
    static const struct import_member members[] = {{"version", import_version},
        {"connection", take_connection}, {"read", take_read}, {"controls", take_controls},
        {"audit", NULL}, {0}};
    f->form = "a configuration with named controls";
    return import_members(f, root, "", members, d);
}
