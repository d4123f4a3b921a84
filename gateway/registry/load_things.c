/* What nodes and topics mean, how people approve, and which changes are ordered. */

#include "base/num.h"
#include "base/timefmt.h"
#include "registry/keys.h"
#include "registry/load.h"

static const struct tw_node *item_of(const struct tw_node *root, const char *key, size_t i)
{
    const struct tw_node *list = tw_load_list(root, key);
    return list != NULL && i < list->n && list->children[i].kind == TW_NODE_MAP ? &list->children[i]
                                                                                : NULL;
}

static size_t count_of(const struct tw_node *root, const char *key)
{
    const struct tw_node *list = tw_load_list(root, key);
    return list != NULL ? list->n : 0;
}

/* ---- approvals */

static const struct tw_node *approval_node(const struct tw_registry *r, uint32_t item)
{
    return item_of(r->root, "approvals", item);
}

static void load_approval(struct tw_load *l, const struct tw_node *n, struct tw_approval_def *def)
{
    const struct {
        const char *key;
        struct tw_str *out;
    } pointers[] = {{"approved", &def->approved}, {"ai_system", &def->ai_system},
        {"object", &def->object}, {"value", &def->value}, {"expires_s", &def->expires_s}};
    struct tw_strs by = {0};
    int64_t uses = 0;
    def->topic = tw_load_one(l, n, "mqtt", tw_load_check_filter);
    tw_load_strs(l, n, "by", tw_load_check_entry, &by);
    def->by = by.list;
    def->n_by = by.n;
    for (size_t p = 0; p < sizeof(pointers) / sizeof(pointers[0]); p++)
        *pointers[p].out = tw_load_one(l, n, pointers[p].key, tw_load_check_pointer);
    def->valid_ns = tw_load_duration(l, n, "valid");
    const struct tw_node *at = tw_node_get(n, "uses");
    double number;
    def->uses = 1;
    if (tw_load_number(at, &number) && number == (double)(int64_t)number &&
        tw_node_int(l->y, l->d, at, 1, 1000000, &uses))
        def->uses = (uint32_t)uses;
}

void tw_load_approvals(struct tw_load *l, const struct tw_node *root)
{
    size_t n = count_of(root, "approvals");
    l->r->approvals = tw_load_keep(l, n, sizeof(struct tw_approval_def));
    if (!tw_load_names_init(l, &l->approvals, n, "approval") || l->r->approvals == NULL)
        return;
    for (size_t i = 0; i < n; i++) {
        const struct tw_node *item = item_of(root, "approvals", i);
        struct tw_approval_def *def = &l->r->approvals[l->r->n_approvals++];
        if (item == NULL)
            continue;
        def->id = tw_load_one(l, item, "id", tw_load_check_text);
        tw_load_names_add(&l->approvals, def->id, i);
        load_approval(l, item, def);
    }
    tw_load_names_done(l, &l->approvals, approval_node);
}

/* ---- variables */

static const struct tw_node *variable_node(const struct tw_registry *r, uint32_t item)
{
    return r->variables[item].node;
}

static bool check_type(struct tw_load *l, const struct tw_node *n, struct tw_str *out)
{
    const char *const *types = tw_inventory_types();
    struct tw_str base = n->text;
    if (base.len > 2 && memcmp(base.p + base.len - 2, "[]", 2) == 0)
        base.len -= 2;
    for (size_t i = 0; types[i] != NULL; i++) {
        if (tw_str_is(base, types[i])) {
            *out = n->text;
            return true;
        }
    }
    const struct tw_str shown = tw_utf8_cut(n->text, 64);
    tw_yaml_error(l->y, l->d, n, false, tw_nearest(base, types), "\"%.*s\" is not a data type",
        TW_STR_ARG(shown));
    return false;
}

static bool is_null(const struct tw_node *n)
{
    return n->kind == TW_NODE_SCALAR && !n->quoted && tw_str_is(n->text, "null");
}

void tw_load_range(struct tw_load *l, const struct tw_node *map, struct tw_range *out)
{
    const struct tw_node *n = tw_load_list(map, "range");
    if (n == NULL)
        return;
    if (n->n != 2) {
        tw_yaml_error(l->y, l->d, n, false, NULL, "a range is two numbers: [lowest, highest]");
        return;
    }
    struct tw_range range = {0};
    const struct tw_node *low = &n->children[0], *high = &n->children[1];
    range.has_min = !is_null(low) && tw_node_number(l->y, l->d, low, &range.min);
    range.has_max = !is_null(high) && tw_node_number(l->y, l->d, high, &range.max);
    if (range.has_min && range.has_max && range.min > range.max)
        tw_yaml_error(l->y, l->d, n, false, NULL,
            "this range is upside down: %.*s is more than %.*s", TW_STR_ARG(low->text),
            TW_STR_ARG(high->text));
    *out = range;
}

static void load_places(struct tw_load *l, struct tw_variable *v)
{
    const struct tw_node *opcua = tw_load_map(v->node, "opcua");
    const struct tw_node *mqtt = tw_load_map(v->node, "mqtt");
    if (tw_node_get(v->node, "opcua") == NULL && tw_node_get(v->node, "mqtt") == NULL)
        tw_yaml_error(l->y, l->d, v->node, false, NULL, "a variable is in opcua, mqtt or both");
    v->server = tw_load_entry(l, tw_node_get(opcua, "server"));
    v->opcua_node = tw_load_one(l, opcua, "node", tw_load_check_nodeid);
    v->topic = tw_load_one(l, mqtt, "topic", tw_load_check_filter);
    const struct tw_node *field = tw_node_get(mqtt, "field");
    if (field == NULL || field->kind != TW_NODE_SCALAR || (!field->quoted && field->text.len == 0))
        return;
    /* The fields of Sparkplug are metric names, without a slash in front. */
    bool is_metric = tw_str_starts(v->topic, TW_STR("spBv1.0/"));
    if (field->text.len == 0 || is_metric)
        v->field = field->text;
    else
        (void)tw_load_check_pointer(l, field, &v->field);
}

static void load_publishers(struct tw_load *l, struct tw_variable *v)
{
    const struct tw_node *list = tw_load_list(v->node, "publisher");
    if (list == NULL)
        return;
    v->has_publishers = true;
    v->publishers = tw_load_keep(l, list->n, sizeof(struct tw_entry *));
    for (size_t i = 0; v->publishers != NULL && i < list->n; i++) {
        struct tw_entry *e = tw_load_entry(l, &list->children[i]);
        if (e == NULL)
            continue;
        e->is_publisher = true;
        v->publishers[v->n_publishers++] = e;
    }
}

static void load_normal(struct tw_load *l, struct tw_variable *v)
{
    static const char *const names[] = {"retained", "ramp", "cycle", "limit", NULL};
    const struct tw_node *list = tw_load_list(v->node, "normal");
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        int index;
        const struct tw_node *item = &list->children[i];
        if (item->kind == TW_NODE_SCALAR && tw_node_choice(l->y, l->d, item, names, &index))
            v->normal |= (uint8_t)(1u << index);
    }
}

static bool is_of_ai_system(enum tw_label label)
{
    return label >= TW_LABEL_PROMPT && label <= TW_LABEL_CONFIG;
}

/* Change orders name AI systems: whose prompt it is has to be known. */
static void load_label(struct tw_load *l, struct tw_variable *v)
{
    const struct tw_node *label = tw_node_get(v->node, "label"),
                         *who = tw_node_get(v->node, "ai_system");
    v->label = (enum tw_label)(1 + tw_load_choice(v->node, "label", tw_inventory_labels(), -1));
    const struct tw_name_row *row = tw_load_names_find(l, &l->ai_systems, who);
    v->ai_system = row != NULL ? row->text : TW_STR_NONE;
    if (is_of_ai_system(v->label) && who == NULL)
        tw_yaml_error(
            l->y, l->d, label, false, NULL, "with this label \"ai_system\" says whose it is");
    else if (!is_of_ai_system(v->label) && who != NULL)
        tw_yaml_error(l->y, l->d, who, true, NULL,
            "\"ai_system\" goes with the labels prompt, policy, tools and config");
}

/* Where its value may go. Recipes are labelled by their role. */
static void load_zones(struct tw_load *l, struct tw_variable *v)
{
    const struct tw_node *list = tw_load_list(v->node, "zones");
    if (v->label == TW_LABEL_NONE && v->role == TW_ROLE_RECIPE)
        v->label = TW_LABEL_RECIPE;
    v->is_zoned = list != NULL || (v->label >= TW_LABEL_IMPORTANT && l->r->n_networks > 0);
    if (list == NULL)
        return;
    v->zones = tw_load_keep(l, list->n, sizeof(struct tw_network *));
    for (size_t i = 0; v->zones != NULL && i < list->n; i++) {
        const struct tw_name_row *row = tw_load_names_find(l, &l->networks, &list->children[i]);
        if (row != NULL)
            v->zones[v->n_zones++] = &l->r->networks[row->item];
    }
}

static void load_variable(struct tw_load *l, struct tw_variable *v)
{
    struct tw_rate rate;
    load_places(l, v);
    v->type = tw_load_one(l, v->node, "type", check_type);
    v->unit = tw_load_one(l, v->node, "unit", tw_load_check_text);
    tw_load_range(l, v->node, &v->range);
    v->has_max_step = tw_load_positive(l, v->node, "max_step", &v->max_step);
    v->has_max_rate = tw_load_count_rate(l, v->node, "max_rate", &rate);
    if (v->has_max_rate)
        v->max_rate = rate.per_s;
    v->role = (enum tw_role)(1 + tw_load_choice(v->node, "role", tw_inventory_roles(), -1));
    load_label(l, v);
    v->every_ns = tw_load_duration(l, v->node, "every");
    load_zones(l, v);
    v->hold_off_ns = tw_load_duration(l, v->node, "hold_off");
    load_publishers(l, v);
    load_normal(l, v);
}

void tw_load_variables(struct tw_load *l, const struct tw_node *root)
{
    size_t n = count_of(root, "variables");
    l->r->variables = tw_load_keep(l, n, sizeof(struct tw_variable));
    if (!tw_load_names_init(l, &l->variables, n, "variable") || l->r->variables == NULL)
        return;
    for (size_t i = 0; i < n; i++) {
        const struct tw_node *item = item_of(root, "variables", i);
        struct tw_variable *v = &l->r->variables[l->r->n_variables];
        if (item == NULL)
            continue;
        v->node = item;
        v->id = tw_load_one(l, item, "id", tw_load_check_text);
        tw_load_names_add(&l->variables, v->id, l->r->n_variables++);
    }
    tw_load_names_done(l, &l->variables, variable_node);
    for (size_t i = 0; i < l->r->n_variables; i++)
        load_variable(l, &l->r->variables[i]);
    tw_load_commands(l);
}

/* ---- changes */

static void load_ordered_change(
    struct tw_load *l, const struct tw_node *n, struct tw_change_def *def)
{
    static const char *const needed[] = {"ai_system", "from", "to"};
    const struct tw_node *who = tw_node_get(n, "ai_system");
    for (size_t i = 0; i < 3; i++) {
        if (tw_node_get(n, needed[i]) == NULL)
            tw_yaml_error(
                l->y, l->d, n, false, NULL, "\"%s\" is missing in this change", needed[i]);
    }
    const struct tw_name_row *row = tw_load_names_find(l, &l->ai_systems, who);
    def->ai_system_id = row != NULL ? row->text : TW_STR_NONE;
    def->version = tw_load_text(n, "model_version");
    def->ticket = tw_load_text(n, "ticket");
    struct tw_str from = tw_load_text(n, "from"), to = tw_load_text(n, "to");
    if (from.p != NULL && to.p != NULL && tw_time_parse(from, &def->from_ns) &&
        tw_time_parse(to, &def->to_ns) && def->to_ns <= def->from_ns)
        tw_yaml_error(l->y, l->d, tw_node_get(n, "to"), false, NULL, "it ends before it begins");
}

static void load_announced_change(
    struct tw_load *l, const struct tw_node *n, struct tw_change_def *def)
{
    const struct {
        const char *key;
        struct tw_str *out;
    } pointers[] = {{"ai_system", &def->ai_system}, {"version", &def->to_version},
        {"ticket", &def->ticket_at}, {"window_s", &def->window_s}};
    struct tw_strs by = {0};
    def->topic = tw_load_one(l, n, "mqtt", tw_load_check_filter);
    tw_load_strs(l, n, "by", tw_load_check_entry, &by);
    def->by = by.list;
    def->n_by = by.n;
    for (size_t p = 0; p < sizeof(pointers) / sizeof(pointers[0]); p++)
        *pointers[p].out = tw_load_one(l, n, pointers[p].key, tw_load_check_pointer);
}

static void check_change_keys(struct tw_load *l, const struct tw_node *n, bool announced)
{
    static const char *const only_announced[] = {"by", "version", "window_s", NULL};
    static const char *const only_ordered[] = {"model_version", "from", "to", NULL};
    const char *const *wrong = announced ? only_ordered : only_announced;
    for (; *wrong != NULL; wrong++) {
        const struct tw_node *at = tw_node_get(n, *wrong);
        if (at != NULL)
            tw_yaml_error(l->y, l->d, at, true, NULL, "\"%s\" has no meaning %s \"mqtt\"", *wrong,
                announced ? "with" : "without");
    }
}

void tw_load_changes(struct tw_load *l, const struct tw_node *root)
{
    size_t n = count_of(root, "changes");
    l->r->changes = tw_load_keep(l, n, sizeof(struct tw_change_def));
    for (size_t i = 0; l->r->changes != NULL && i < n; i++) {
        const struct tw_node *item = item_of(root, "changes", i);
        struct tw_change_def *def = &l->r->changes[l->r->n_changes];
        if (item == NULL)
            continue;
        bool announced = tw_node_get(item, "mqtt") != NULL;
        check_change_keys(l, item, announced);
        if (announced)
            load_announced_change(l, item, def);
        else
            load_ordered_change(l, item, def);
        l->r->n_changes++;
    }
}
