/* The tool policy: which nodes an agent may write, in which bounds, and which methods it may call.
 */

#include <stdlib.h>

#include "learn/import_model.h"

static bool take_profile(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    static const char *const profiles[] = {
        "observe", "operator", "full", "read-only", "readonly", NULL};
    int which;
    if (!tw_node_choice(f->yaml, d, n, profiles, &which))
        return false;
    f->everything = which == 2;
    f->off = which == 0 || which > 2;
    return true;
}

static bool take_insecure(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    return tw_node_bool(f->yaml, d, n, &f->insecure);
}

static bool take_alarms(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    return tw_node_bool(f->yaml, d, n, &f->alarms);
}

/* The one that is read: members of a list have no other place to be kept. */
static struct import_node *last(struct import_file *f)
{
    return &f->nodes[f->n_nodes];
}

static bool take_node(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    return import_nodeid(f, n, d, &last(f)->node);
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

static bool take_step(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    if (!tw_node_number(f->yaml, d, n, &last(f)->step))
        return false;
    if (!(last(f)->step > 0)) {
        tw_yaml_error(f->yaml, d, n, false, NULL, "a greatest change is more than 0");
        return false;
    }
    last(f)->has_step = true;
    return true;
}

static bool take_enum(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    last(f)->values = n;
    return import_is(f, n, TW_NODE_LIST, d);
}

static bool take_writable(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    static const struct import_member members[] = {{"node", take_node}, {"min", take_min},
        {"max", take_max}, {"enum", take_enum}, {"max_change", take_step}, {0}};
    bool ok = true;
    if (!import_is(f, n, TW_NODE_LIST, d))
        return false;
    free(f->nodes); /* a key that is there twice has been reported */
    f->n_nodes = 0;
    f->nodes = calloc(n->n + 1, sizeof(*f->nodes));
    for (size_t i = 0; f->nodes != NULL && i < n->n; i++) {
        const struct tw_node *item = &n->children[i];
        bool good = item->kind == TW_NODE_MAP
                        ? import_members(f, item, "control.writable_nodes.", members, d)
                        : take_node(f, item, d);
        if (good && last(f)->node.p == NULL) {
            tw_yaml_error(f->yaml, d, item, false, NULL, "\"node\" is missing");
            good = false;
        }
        good = good && import_bounds(f, item, last(f), d);
        f->n_nodes += good;
        if (!good)
            *last(f) = (struct import_node){0};
        ok = ok && good;
    }
    return ok && f->nodes != NULL;
}

static bool take_object(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    return import_nodeid(f, n, d, &f->methods[f->n_methods].object);
}

static bool take_method(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    return import_nodeid(f, n, d, &f->methods[f->n_methods].method);
}

static bool take_callable(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    static const struct import_member members[] = {
        {"object_id", take_object}, {"method_id", take_method}, {0}};
    bool ok = true;
    if (!import_is(f, n, TW_NODE_LIST, d))
        return false;
    free(f->methods); /* a key that is there twice has been reported */
    f->n_methods = 0;
    f->methods = calloc(n->n + 1, sizeof(*f->methods));
    for (size_t i = 0; f->methods != NULL && i < n->n; i++) {
        const struct tw_node *item = &n->children[i];
        struct import_method *m = &f->methods[f->n_methods];
        if (!import_is(f, item, TW_NODE_MAP, d) ||
            !import_members(f, item, "control.callable_methods.", members, d)) {
            ok = false;
        } else if (m->object.p == NULL || m->method.p == NULL) {
            tw_yaml_error(f->yaml, d, item, false, NULL, "\"%s\" is missing",
                m->object.p == NULL ? "object_id" : "method_id");
            ok = false;
        } else {
            f->n_methods++;
        }
    }
    return ok && f->methods != NULL;
}

static bool take_control(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    static const struct import_member members[] = {{"writable_nodes", take_writable},
        {"callable_methods", take_callable}, {"acknowledge_alarms", take_alarms}, {0}};
    return import_is(f, n, TW_NODE_MAP, d) && import_members(f, n, "control.", members, d);
}

bool import_policy(struct import_file *f, const struct tw_node *root, struct tw_diags *d)
{
    static const struct import_member members[] = {{"version", import_version},
        {"profile", take_profile}, {"control", take_control},
        {"allow_insecure_control", take_insecure}, {"allowed_tools", NULL},
        {"allow_unverified_server_control", NULL}, {"allow_out_of_range_writes", NULL}, {0}};
    f->form = "a tool policy";
    /* The profile that is in force where none is named lets nothing be written. */
    f->off = tw_node_get(root, "profile") == NULL;
    return import_members(f, root, "", members, d);
}
