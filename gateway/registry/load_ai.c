/* AI systems: tier, model, what they report, and when they are supposed to work. */

#include "base/topic.h"
#include "registry/load.h"

static const char *const tiers[] = {"none", "T0", "T1", "T2", "T3", "T4", NULL};
static const char *const autonomies[] = {"A0", "A1", "A2", "A3", NULL};
static const char *const consequences[] = {"C0", "C1", "C2", "C3", NULL};

/* Publishing on a topic that moves something is a right to write, too. */
static bool publishes_commands(const struct tw_registry *r, const struct tw_grant *g)
{
    if ((g->actions & 1u << TW_ACTION_PUBLISH) == 0)
        return false;
    for (size_t v = 0; v < r->n_variables; v++) {
        const struct tw_variable *var = &r->variables[v];
        if (var->topic.p == NULL || (var->role != TW_ROLE_COMMAND && var->role != TW_ROLE_SAFETY))
            continue;
        for (size_t t = 0; t < g->topics.n; t++) {
            if (tw_topic_covers(g->topics.list[t], var->topic) ||
                tw_topic_covers(var->topic, g->topics.list[t]))
                return true;
        }
    }
    return false;
}

static bool may_write(const struct tw_registry *r, const struct tw_entry *e)
{
    const uint32_t writes = 1u << TW_ACTION_WRITE | 1u << TW_ACTION_CALL |
                            1u << TW_ACTION_HISTORY_WRITE | 1u << TW_ACTION_MANAGE;
    for (size_t g = 0; g < e->n_grants; g++) {
        if ((e->grants[g].actions & writes) != 0 || publishes_commands(r, &e->grants[g]))
            return true;
    }
    return false;
}

/* Tier, autonomy and consequence say the same thing twice: where both are given they agree. */
static void load_tier(struct tw_load *l, struct tw_entry *e)
{
    char why[160];
    const struct tw_node *at = tw_node_get(e->node, "tier");
    const struct tw_tier_case c = {
        .autonomy = tw_load_choice(e->node, "autonomy", autonomies, -1),
        .consequence = tw_load_choice(e->node, "consequence", consequences, -1),
        .is_llm = tw_str_is(e->technology, "llm"),
        .may_write = may_write(l->r, e),
    };
    enum tw_tier given = (enum tw_tier)tw_load_choice(e->node, "tier", tiers, TW_TIER_NONE);
    enum tw_tier derived = tw_tier_derive(&c, why, sizeof(why));
    bool half =
        (tw_node_get(e->node, "autonomy") == NULL) != (tw_node_get(e->node, "consequence") == NULL);
    e->tier = given != TW_TIER_NONE ? given : derived;
    if (half)
        tw_yaml_error(l->y, l->d, e->node, false, NULL,
            "\"autonomy\" and \"consequence\" are given together or not at all");
    else if (given != TW_TIER_NONE && derived != TW_TIER_NONE && given != derived)
        tw_yaml_error(l->y, l->d, at, false, why, "tier %s does not agree: it would be %s",
            tw_tier_name(given), tw_tier_name(derived));
    else if (c.is_llm && c.may_write && e->tier == TW_TIER_T4)
        tw_yaml_warning(l->y, l->d, at != NULL ? at : e->node, false, why[0] ? why : NULL,
            "an llm with a right to write is not admitted at T4");
    else if (c.is_llm && c.may_write && e->tier < TW_TIER_T2)
        tw_yaml_warning(l->y, l->d, at != NULL ? at : e->node, false, NULL,
            "an llm with a right to write is at least T2 (uplift U1)");
    else if (c.is_llm && c.may_write && given == TW_TIER_NONE)
        tw_yaml_warning(l->y, l->d, e->node, false, why, "the tier is %s", tw_tier_name(e->tier));
}

static void load_model(struct tw_load *l, struct tw_entry *e)
{
    struct tw_strs digests = {0};
    const struct tw_node *model = tw_load_map(e->node, "model");
    e->model_name = tw_load_one(l, model, "name", tw_load_check_text);
    e->model_version = tw_load_one(l, model, "version", tw_load_check_text);
    tw_load_strs(l, model, "sha256", tw_load_check_sha256, &digests);
}

/* A pattern stands for many places, which are not all at one value. */
static bool is_one_place(const struct tw_variable *v)
{
    return !tw_has_glob(v->opcua_node) &&
           (v->topic.p == NULL || (memchr(v->topic.p, '+', v->topic.len) == NULL &&
                                      memchr(v->topic.p, '#', v->topic.len) == NULL));
}

static bool load_state(struct tw_load *l, const struct tw_node *n, struct tw_state_def *out)
{
    const struct tw_node key = {.line = n->key_line, .column = n->key_column, .text = n->key};
    const bool named = n->kind == TW_NODE_SCALAR && (n->quoted || n->text.len > 0);
    const struct tw_name_row *row = tw_load_names_find(l, &l->variables, n);
    if (!named)
        tw_yaml_error(l->y, l->d, n, false, NULL, "this must be the id of a variable");
    if (!tw_load_check_pointer(l, &key, &out->field) || row == NULL)
        return false;
    struct tw_variable *v = &l->r->variables[row->item];
    out->variable = row->text;
    v->is_stated = is_one_place(v);
    if (!v->is_stated)
        tw_yaml_error(l->y, l->d, n, false, NULL,
            "\"%.*s\" is a pattern, which is not at one value", TW_STR_ARG(row->text));
    return v->is_stated;
}

static void load_states(struct tw_load *l, const struct tw_node *report, struct tw_report_def *out)
{
    const struct tw_node *map = tw_load_map(report, "states");
    if (map == NULL)
        return;
    if (map->n > TW_MAX_STATES) {
        tw_yaml_error(l->y, l->d, map, true, NULL, "a report has at most %d states", TW_MAX_STATES);
        return;
    }
    struct tw_state_def *states = tw_load_keep(l, map->n, sizeof(*states));
    for (size_t i = 0; states != NULL && i < map->n; i++)
        out->n_states += load_state(l, &map->children[i], &states[out->n_states]);
    out->states = states;
    l->r->n_stated += out->n_states;
}

static void load_reports(struct tw_load *l, struct tw_entry *e)
{
    const struct tw_node *list = tw_load_list(e->node, "reports");
    if (list == NULL)
        return;
    e->reports = tw_load_keep(l, list->n, sizeof(*e->reports));
    for (size_t i = 0; e->reports != NULL && i < list->n; i++) {
        const struct tw_node *n = &list->children[i];
        struct tw_report_def def = {.topic = tw_load_one(l, n, "mqtt", tw_load_check_filter)};
        const struct {
            const char *key;
            struct tw_str *out;
        } pointers[] = {{"confidence", &def.confidence}, {"inputs_ts", &def.inputs_ts},
            {"model", &def.model}, {"model_version", &def.model_version}, {"object", &def.object},
            {"value", &def.value}};
        for (size_t p = 0; p < sizeof(pointers) / sizeof(pointers[0]); p++)
            *pointers[p].out = tw_load_one(l, n, pointers[p].key, tw_load_check_pointer);
        load_states(l, n, &def);
        if (def.topic.p != NULL)
            e->reports[e->n_reports++] = def;
    }
}

/* Without a time nothing is ever overdue. */
static void keep_heartbeat(struct tw_load *l, const struct tw_heartbeat_def *def)
{
    struct tw_registry *r = l->r;
    if (def->object.p == NULL || def->limit_ns <= 0)
        return;
    struct tw_heartbeat_def *kept = tw_load_keep(l, 1, sizeof(*kept));
    if (kept == NULL)
        return;
    *kept = *def;
    if (r->last_heartbeat == NULL)
        r->heartbeats = kept;
    else
        r->last_heartbeat->next = kept;
    r->last_heartbeat = kept;
}

static void load_heartbeat(struct tw_load *l, const struct tw_entry *e, const struct tw_node *n)
{
    enum { PERIODS = 3 };
    bool opcua = tw_node_get(n, "opcua") != NULL, mqtt = tw_node_get(n, "mqtt") != NULL;
    if (opcua == mqtt)
        tw_yaml_error(l->y, l->d, n, false, NULL, "a heartbeat is on one of opcua and mqtt");
    else if (opcua != (tw_node_get(n, "node") != NULL))
        tw_yaml_error(l->y, l->d, n, false, NULL, "\"node\" goes with \"opcua\"");
    const struct tw_entry *server = tw_load_entry(l, tw_node_get(n, "opcua"));
    const struct tw_str node = tw_load_one(l, n, "node", tw_load_check_nodeid),
                        topic = tw_load_one(l, n, "mqtt", tw_load_check_filter);
    int64_t every = tw_load_duration(l, n, "every"), timeout = tw_load_duration(l, n, "timeout");
    if (every > 0 && timeout > 0 && timeout < every)
        tw_yaml_error(l->y, l->d, tw_node_get(n, "timeout"), false, NULL,
            "\"timeout\" must not be shorter than \"every\"");
    const struct tw_heartbeat_def def = {.ai_system = e->id,
        .server = server ? server->id : TW_STR_NONE,
        .object = server ? node : topic,
        .limit_ns = timeout > 0                    ? timeout
                    : every <= INT64_MAX / PERIODS ? PERIODS * every
                                                   : 0};
    keep_heartbeat(l, &def);
}

static void load_heartbeats(struct tw_load *l, const struct tw_entry *e)
{
    const struct tw_node *list = tw_load_list(e->node, "heartbeat");
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        if (list->children[i].kind == TW_NODE_MAP)
            load_heartbeat(l, e, &list->children[i]);
    }
}

/* "opcua" with "node", or "mqtt" with what is in its messages. */
static bool check_stop(struct tw_load *l, const struct tw_node *n)
{
    static const char *const of_messages[] = {"field", "ai_system", NULL};
    bool opcua = tw_node_get(n, "opcua") != NULL, mqtt = tw_node_get(n, "mqtt") != NULL;
    if (opcua == mqtt)
        tw_yaml_error(l->y, l->d, n, false, NULL, "a stop is told on one of opcua and mqtt");
    else if (opcua != (tw_node_get(n, "node") != NULL))
        tw_yaml_error(l->y, l->d, n, false, NULL, "\"node\" goes with \"opcua\"");
    for (size_t i = 0; opcua && !mqtt && of_messages[i] != NULL; i++) {
        const struct tw_node *at = tw_node_get(n, of_messages[i]);
        if (at != NULL)
            tw_yaml_error(
                l->y, l->d, at, true, NULL, "\"%s\" has no meaning with \"opcua\"", of_messages[i]);
    }
    return opcua != mqtt;
}

static void load_stop(struct tw_load *l, const struct tw_entry *e, const struct tw_node *n)
{
    struct tw_strs by = {0}, values = {0};
    if (!check_stop(l, n))
        return;
    const struct tw_entry *server = tw_load_entry(l, tw_node_get(n, "opcua"));
    const struct tw_str node = tw_load_one(l, n, "node", tw_load_check_nodeid),
                        topic = tw_load_one(l, n, "mqtt", tw_load_check_filter);
    tw_load_strs(l, n, "by", tw_load_check_entry, &by);
    tw_load_strs(l, n, "values", tw_load_check_text, &values);
    struct tw_stop_def *def = tw_load_keep(l, 1, sizeof(*def));
    if (def == NULL)
        return;
    *def = (struct tw_stop_def){.ai_system = e->id,
        .server = server ? server->id : TW_STR_NONE,
        .object = server ? node : topic,
        .field = tw_load_one(l, n, "field", tw_load_check_pointer),
        .to = tw_load_one(l, n, "ai_system", tw_load_check_pointer),
        .by = by.list,
        .n_by = by.n,
        .values = values.list,
        .n_values = values.n};
    if (l->r->last_stop == NULL)
        l->r->stops = def;
    else
        l->r->last_stop->next = def;
    l->r->last_stop = def;
}

static void load_stops(struct tw_load *l, const struct tw_entry *e)
{
    const struct tw_node *list = tw_load_list(e->node, "stop");
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        if (list->children[i].kind == TW_NODE_MAP)
            load_stop(l, e, &list->children[i]);
    }
}

static void load_input(struct tw_load *l, const struct tw_entry *e, const struct tw_node *n)
{
    const struct tw_name_row *row = tw_load_names_find(l, &l->variables, n);
    struct tw_input_def *def = row != NULL ? tw_load_keep(l, 1, sizeof(*def)) : NULL;
    if (def == NULL)
        return;
    l->r->variables[row->item].is_input = true;
    *def = (struct tw_input_def){.ai_system = e->id,
        .variable = row->text,
        .ai = e->ai,
        .every_ns = l->r->variables[row->item].every_ns};
    if (l->r->last_input == NULL)
        l->r->inputs = def;
    else
        l->r->last_input->next = def;
    l->r->last_input = def;
}

static void load_inputs(struct tw_load *l, const struct tw_entry *e)
{
    const struct tw_node *list = tw_load_list(e->node, "inputs");
    for (size_t i = 0; list != NULL && i < list->n; i++)
        load_input(l, e, &list->children[i]);
}

static double load_bytes_rate(struct tw_load *l, const struct tw_node *quotas, const char *key)
{
    const struct tw_node *n = tw_node_get(quotas, key);
    struct tw_rate rate;
    if (n == NULL || n->kind != TW_NODE_SCALAR || !tw_rate_parse(n->text, &rate))
        return 0;
    if (rate.is_bytes && rate.per_s > 0)
        return rate.per_s;
    tw_yaml_error(
        l->y, l->d, n, false, NULL, "\"%s\" is bytes per time above 0, such as 10MB/h", key);
    return 0;
}

static void load_quotas(struct tw_load *l, struct tw_entry *e)
{
    const struct tw_node *quotas = tw_load_map(e->node, "quotas");
    struct tw_rate rate;
    if (tw_load_count_rate(l, quotas, "writes", &rate))
        e->quota_per_s = rate.per_s;
    e->history_per_s = load_bytes_rate(l, quotas, "history");
    e->egress_per_s = load_bytes_rate(l, quotas, "egress");
}

void tw_load_ai_system(struct tw_load *l, struct tw_entry *e)
{
    const struct tw_node *min = tw_node_get(e->node, "min_confidence");
    e->kind = TW_STR("ai_system");
    e->technology = tw_load_text(e->node, "technology");
    load_tier(l, e);
    load_model(l, e);
    load_reports(l, e);
    e->has_min_confidence = tw_load_number(min, &e->min_confidence);
    if (e->has_min_confidence && !(e->min_confidence >= 0 && e->min_confidence <= 1))
        tw_yaml_error(l->y, l->d, min, false, NULL, "\"min_confidence\" is 0 to 1");
    e->max_input_age_ns = tw_load_duration(l, e->node, "max_input_age");
    load_inputs(l, e);
    tw_load_strs(l, e->node, "orchestrators", tw_load_check_entry, &e->orchestrators);
    load_heartbeats(l, e);
    load_stops(l, e);
    tw_load_schedule(l, e);
    load_quotas(l, e);
}
