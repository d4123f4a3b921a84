/* What commands on a variable ask for, and lead to. */

#include "registry/load.h"

static const char *const gains[] = {"direct", "reverse", NULL};

static struct tw_variable *follow(struct tw_load *l, const struct tw_node *n)
{
    const struct tw_name_row *row = tw_load_names_find(l, &l->variables, n);
    struct tw_variable *v = row == NULL ? NULL : &l->r->variables[row->item];
    if (v != NULL && !v->is_followed) {
        v->is_followed = true;
        l->r->n_followed++;
    }
    return v;
}

static double span_of(const struct tw_variable *v)
{
    return v->range.has_min && v->range.has_max ? v->range.max - v->range.min : 0;
}

static void load_require(struct tw_load *l, const struct tw_node *n, struct tw_require_def *out)
{
    struct tw_strs is = {0}, is_not = {0}, only = {0};
    const struct tw_variable *v = follow(l, tw_node_get(n, "variable"));
    if (tw_node_get(n, "is") == NULL && tw_node_get(n, "is_not") == NULL &&
        tw_node_get(n, "range") == NULL)
        tw_yaml_error(
            l->y, l->d, n, false, NULL, "this says nothing of \"is\", \"is_not\" or \"range\"");
    tw_load_strs(l, n, "is", tw_load_check_text, &is);
    tw_load_strs(l, n, "is_not", tw_load_check_text, &is_not);
    tw_load_strs(l, n, "for", tw_load_check_text, &only);
    *out = (struct tw_require_def){.variable = v != NULL ? v->id : TW_STR_NONE,
        .is = is.list,
        .is_not = is_not.list,
        .only = only.list,
        .n_is = is.n,
        .n_is_not = is_not.n,
        .n_only = only.n};
    tw_load_range(l, n, &out->range);
}

static void load_requires(struct tw_load *l, const struct tw_node *node, struct tw_command_def *def)
{
    const struct tw_node *list = tw_load_list(node, "requires");
    struct tw_require_def *kept = list == NULL ? NULL : tw_load_keep(l, list->n, sizeof(*kept));
    for (size_t i = 0; kept != NULL && i < list->n; i++) {
        if (list->children[i].kind == TW_NODE_MAP)
            load_require(l, &list->children[i], &kept[def->n_requires++]);
    }
    def->requires = kept;
}

/* They say something of what follows only. */
static void check_readback(struct tw_load *l, const struct tw_node *n)
{
    static const char *const keys[] = {"settle", "tolerance", "gain", NULL};
    for (size_t i = 0; tw_node_get(n, "readback") == NULL && keys[i] != NULL; i++) {
        const struct tw_node *at = tw_node_get(n, keys[i]);
        if (at != NULL)
            tw_yaml_error(
                l->y, l->d, at, true, NULL, "\"%s\" has no meaning without \"readback\"", keys[i]);
    }
}

static void load_command(struct tw_load *l, struct tw_variable *v)
{
    const struct tw_node *n = v->node;
    check_readback(l, n);
    if (tw_node_get(n, "readback") == NULL && tw_node_get(n, "requires") == NULL)
        return;
    struct tw_command_def *def = tw_load_keep(l, 1, sizeof(*def));
    if (def == NULL)
        return;
    def->variable = v->id;
    if (tw_node_get(n, "readback") != NULL) {
        const struct tw_variable *readback = follow(l, tw_node_get(n, "readback"));
        const int gain = tw_load_choice(n, "gain", gains, -1);
        def->readback = readback != NULL ? readback->id : TW_STR_NONE;
        def->span = readback != NULL && span_of(readback) > 0 ? span_of(readback) : span_of(v);
        def->settle_ns = tw_load_duration(l, n, "settle");
        (void)tw_load_positive(l, n, "tolerance", &def->tolerance);
        def->gain = gain < 0 ? 0 : gain == 0 ? 1 : -1;
    }
    load_requires(l, n, def);
    v->command = def;
    if (l->r->last_command == NULL)
        l->r->commands = def;
    else
        l->r->last_command->next = def;
    l->r->last_command = def;
}

void tw_load_commands(struct tw_load *l)
{
    for (size_t i = 0; i < l->r->n_variables; i++)
        load_command(l, &l->r->variables[i]);
}
