#include "detect/lint.h"

#include "detect/filter.h"

static void unused_names(const struct tw_loader *l)
{
    for (size_t i = 0; i < l->names.n_lists; i++) {
        const struct tw_named_list *n = &l->names.lists[i];
        if (!n->used)
            tw_yaml_warn(n->yaml, l->diags, n->node, true, "W001", NULL,
                "nothing uses the list \"%.*s\"", TW_STR_ARG(n->name));
    }
    for (size_t i = 0; i < l->names.n_macros; i++) {
        const struct tw_macro *m = &l->names.macros[i];
        if (!m->used)
            tw_yaml_warn(m->yaml, l->diags, m->node, true, "W002", NULL,
                "nothing uses the macro \"%.*s\"", TW_STR_ARG(m->name));
    }
}

/* Can it hold for an event that says nothing special: of nobody registered, about no declared
 * variable, with a value of some kind? */
static bool holds_anywhere(
    const struct tw_rule *rule, enum tw_protocol protocol, enum tw_action action)
{
    static const struct tw_value values[] = {{.kind = TW_VALUE_DOUBLE, .d = 1},
        {.kind = TW_VALUE_STRING, .s = {"x", 1}}, {.kind = TW_VALUE_BOOL, .b = true},
        {.kind = TW_VALUE_NULL}};
    static const struct tw_session_facts session;
    static const struct tw_facts facts;
    struct tw_opcua_info opcua = {.serial = 1};
    struct tw_mqtt_info mqtt = {.serial = 1};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        const struct tw_event e = {.action = action,
            .protocol = protocol,
            .object = TW_STR("x"),
            .field = TW_STR("x"),
            .status = {.s = TW_STR("x")},
            .value = values[i],
            .opcua = protocol == TW_PROTO_OPCUA ? &opcua : NULL,
            .mqtt = protocol == TW_PROTO_MQTT ? &mqtt : NULL,
            .facts = &session};
        const struct tw_scene scene = {&e, &facts};
        if ((rule->when.actions >> action & 1u) != 0 && tw_rule_can_match(rule, &scene))
            return true;
    }
    return false;
}

/* Such a rule costs something for every event of the plant. */
static bool is_unbounded(const struct tw_rule *rule)
{
    for (unsigned action = 0; action < TW_ACTION_UNKNOWN; action++) {
        if (!holds_anywhere(rule, TW_PROTO_OPCUA, (enum tw_action)action) ||
            !holds_anywhere(rule, TW_PROTO_MQTT, (enum tw_action)action))
            return false;
    }
    return true;
}

static void expired(const struct tw_loader *l, const struct tw_rule *rule, int64_t now_ns)
{
    const struct tw_node *list = tw_node_get(rule->node, "exceptions");
    for (size_t i = 0; i < rule->n_exceptions; i++) {
        const struct tw_exception *e = &rule->exceptions[i];
        if (e->expires_ns < now_ns)
            tw_yaml_warn(rule->yaml, l->diags, tw_node_get(&list->children[i], "expires"), false,
                "W004", "renew it, or remove it", "the exception \"%.*s\" of %s has expired",
                TW_STR_ARG(e->name), rule->info.id);
    }
}

static bool needs_test(const struct tw_rule *rule)
{
    return rule->enabled && strcmp(rule->info.status, "stable") == 0;
}

void tw_lint(const struct tw_loader *l, const struct tw_rules_lint *lint)
{
    unused_names(l);
    for (size_t i = 0; i < l->rules->n; i++) {
        const struct tw_rule *rule = &l->rules->list[i];
        const struct tw_node *id = tw_node_get(rule->node, "id");
        if (rule->enabled && is_unbounded(rule))
            tw_yaml_warn(rule->yaml, l->diags, id, false, "W003", "name an action or a protocol",
                "%s is asked of every event", rule->info.id);
        expired(l, rule, lint->now_ns);
        if (lint->has_test != NULL && needs_test(rule) &&
            !lint->has_test(lint->user, rule->info.id))
            tw_yaml_warn(rule->yaml, l->diags, id, false, "W005",
                "write one that fires, and one that does not",
                "%s is stable, and no test expects it", rule->info.id);
    }
}
