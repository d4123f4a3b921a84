#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect_scene.h"

/* Other rules or another inventory while packets come in: what is known goes on as far as it is
 * still asked for, and nothing points into what was thrown away. */

#define HEAD                                                                                       \
    "inventory: 1\n"                                                                               \
    "networks: {plant: [10.7.0.0/16]}\n"                                                           \
    "assets:\n"                                                                                    \
    "  - {id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}\n"                          \
    "  - {id: broker, kind: mqtt-broker, ip: [10.7.0.20], ports: [1883]}\n"                        \
    "  - {id: desk, kind: operator, ip: [10.7.0.40], identity: {mqtt_security: plain}}\n"          \
    "ai_systems:\n"                                                                                \
    "  - id: bot\n"                                                                                \
    "    tier: T3\n"                                                                               \
    "    ip: [10.7.0.53]\n"                                                                        \
    "    identity: {security: None, mqtt_security: plain}\n"                                       \
    "    may:\n"                                                                                   \
    "      - {opcua: plc, actions: [write], nodes: [\"ns=2;s=Kiln.SP\"], needs_approval: ok, "     \
    "max_step: 5}\n"                                                                               \
    "      - {opcua: plc, actions: [read, write], nodes: [\"ns=2;s=*\"]}\n"                        \
    "      - {mqtt: broker, actions: [publish], topics: [bot/#]}\n"                                \
    "    heartbeat: [{mqtt: bot/alive, every: 5s, timeout: 20s}]\n"                                \
    "    reports: [{mqtt: bot/log, model_version: /v}]\n"                                          \
    "    model: {name: kiln, version: \"1.4.0\"}\n"

#define ANNOUNCED "  - {mqtt: kiln/change, by: [desk], ai_system: /ai, version: /to, ticket: /nr}\n"
#define OK                                                                                         \
    "  - {id: ok, mqtt: kiln/ok, by: [desk], approved: /ok, object: /node, valid: 60s, uses: 1}\n"

static const char inventory[] =
    HEAD "approvals:\n" OK "changes:\n" ANNOUNCED "variables:\n"
         "  - {id: level, opcua: {server: plc, node: \"ns=2;s=Level\"}, role: command}\n";

/* The same plant after an edit: everything stands elsewhere. */
static const char edited[] =
    HEAD "  - {id: aaa, tier: T0, ip: [10.7.0.99]}\n"
         "approvals:\n"
         "  - {id: another, mqtt: kiln/another, by: [desk], valid: 60s, uses: 1}\n" OK "changes:\n"
         "  - {ai_system: aaa, model_version: \"9\", from: 2026-03-01T00:00:00Z, to: "
         "2026-03-02T00:00:00Z, ticket: CHG-9}\n" ANNOUNCED "variables:\n"
         "  - {id: a, opcua: {server: plc, node: \"ns=2;s=A\"}, role: command}\n"
         "  - {id: level, opcua: {server: plc, node: \"ns=2;s=Level\"}, role: command}\n";

#define RULE(id, when, more)                                                                       \
    "  - {id: " id ", name: n, rev: 1, evidence: D, severity: 50, when: '" when                    \
    "', output: \"o\"" more "}\n"
#define THREE ", window: {over: 60s, at_least: 3, by: [actor]}"
static const char rules[] =
    "rules:\n" RULE("COUNT", "action = read", THREE) RULE("GONE", "action = read", THREE)
        RULE("REVISED", "action = read", THREE) RULE("WIDER", "action = read", THREE);
static const char changed[] =
    "rules:\n"
    "  - {id: REVISED, name: n, rev: 2, evidence: D, severity: 50, when: 'action = read', output: "
    "\"o\"" THREE
    "}\n" RULE("AAA", "action = read", ", window: {over: 60s, at_least: 2, by: [actor]}")
        RULE("COUNT", "action = read", THREE)
            RULE("WIDER", "action = read", ", window: {over: 90s, at_least: 3, by: [actor]}");

static const char states[] =
    "rules:\n" RULE("VALID", "action = write and approval.state = valid", "")
        RULE("STEP", "action = write and value.step > 5", "")
            RULE("RANGE", "action = write and value outside variable.range", "")
                RULE("DECLARED", "report.version_declared", "")
                    RULE("SILENT", "action = silence and actor.id = bot and target = broker", "");

static void reload(struct scene *s, const char *new_inventory, const char *new_rules)
{
    struct scene next;
    scene_open(&next, new_inventory, new_rules);
    tw_detect_free(next.detect);
    next.detect = tw_detect_new(next.rules, next.registry, scene_note, s);
    assert_non_null(next.detect);
    tw_registry_adopt(next.registry, s->registry);
    tw_detect_adopt(next.detect, s->detect);
    scene_close(s);
    s->rules = next.rules;
    s->registry = next.registry;
    s->detect = next.detect;
}

/* Other rules, while the inventory is the one that it was. */
static void reload_rules(struct scene *s, const char *new_rules)
{
    struct scene next;
    struct tw_detect *before = s->detect;
    struct tw_rules *rules_before = s->rules;
    scene_open(&next, "inventory: 1\n", new_rules);
    tw_detect_free(next.detect);
    s->rules = next.rules;
    s->detect = tw_detect_new(next.rules, s->registry, scene_note, s);
    assert_non_null(s->detect);
    tw_detect_adopt(s->detect, before);
    next.detect = before;
    next.rules = rules_before;
    scene_close(&next);
}

static void acts(struct scene *s, double after_s, enum tw_action action, const char *node, double v)
{
    scene_opcua(s, after_s, "10.7.0.53", "10.7.0.10", action, node, num(v), "Double", "Good");
}

static void says(
    struct scene *s, double after_s, const char *ip, const char *topic, const struct leaf *leaves)
{
    scene_message(s, after_s, ip, "x", TW_ACTION_PUBLISH, topic, leaves);
}

static void a_rule_goes_on_counting_while_it_is_the_same(void **state)
{
    struct scene s;
    char ids[MAX_SHOWN];
    (void)state;
    scene_open(&s, inventory, rules);
    acts(&s, 1, TW_ACTION_READ, "ns=2;s=X", 1);
    acts(&s, 1, TW_ACTION_READ, "ns=2;s=X", 1);
    assert_int_equal(0, s.n);
    reload(&s, inventory, changed);
    acts(&s, 1, TW_ACTION_READ, "ns=2;s=X", 1);
    assert_string_equal("COUNT", scene_rules(&s, ids));
    acts(&s, 1, TW_ACTION_READ, "ns=2;s=X", 1);
    assert_string_equal("COUNT AAA", scene_rules(&s, ids));
    acts(&s, 1, TW_ACTION_READ, "ns=2;s=X", 1);
    assert_string_equal("COUNT AAA REVISED WIDER", scene_rules(&s, ids));
    assert_int_equal(5, tw_detect_stats(s.detect).events);
    scene_close(&s);
}

static void what_a_budget_has_left_stays(void **state)
{
    static const char spent[] =
        "rules:\n" RULE("SPENT", "action = write and budget.limit exists", "");
    static const char more[] = "rules:\n" RULE(
        "SPENT", "action = write and budget.limit exists", "") RULE("AAA", "action = call", "");
    struct scene s;
    char ids[MAX_SHOWN];
    (void)state;
    scene_open(&s, inventory, spent);
    for (int i = 0; i < 10; i++) { /* at once; thirty a minute after that */
        acts(&s, 0.1, TW_ACTION_WRITE, "ns=2;s=X", 1);
        if (i % 3 == 2)
            reload_rules(&s, i % 2 == 0 ? more : spent);
    }
    assert_int_equal(0, s.n);
    acts(&s, 0.1, TW_ACTION_WRITE, "ns=2;s=X", 1);
    assert_string_equal("SPENT", scene_rules(&s, ids));
    reload(&s, edited, spent); /* other quotas, perhaps */
    acts(&s, 0.1, TW_ACTION_WRITE, "ns=2;s=X", 1);
    assert_string_equal("SPENT", scene_rules(&s, ids));
    scene_close(&s);
}

static void what_was_approved_announced_and_set_stays_known(void **state)
{
    struct scene s;
    char ids[MAX_SHOWN];
    const struct leaf yes[] = {{"/ok", truth(true)}, {"/node", text("ns=2;s=Kiln.SP")}, {0}};
    const struct leaf order[] = {{"/ai", text("bot")}, {"/to", text("1.5.0")}, {0}};
    const struct leaf version[] = {{"/v", text("1.5.0")}, {0}};
    const struct tw_value ends[] = {{.kind = TW_VALUE_DOUBLE, .name = TW_STR("Low"), .d = 5},
        {.kind = TW_VALUE_DOUBLE, .name = TW_STR("High"), .d = 40}};
    (void)state;
    scene_open(&s, inventory, states);
    acts(&s, 100, TW_ACTION_WRITE, "ns=2;s=Kiln.Other", 1);
    acts(&s, 100, TW_ACTION_WRITE, "ns=2;s=Kiln.SP", 10);
    const struct tw_value range = {.kind = TW_VALUE_OBJECT, .n = 2, .items = ends};
    scene_opcua(&s, 1, "10.7.0.53", "10.7.0.10", TW_ACTION_READ, "ns=2;s=Level-EURange", range,
        "Range", "Good");
    says(&s, 1, "10.7.0.40", "kiln/ok", yes);
    says(&s, 1, "10.7.0.40", "kiln/change", order); /* its leaves are not all read yet */
    scene_clear(&s);
    reload(&s, edited, states);
    says(&s, 1, "10.7.0.53", "bot/log", version);
    acts(&s, 1, TW_ACTION_WRITE, "ns=2;s=Kiln.SP", 20);
    acts(&s, 1, TW_ACTION_WRITE, "ns=2;s=Level", 50);
    assert_string_equal("DECLARED STEP VALID RANGE", scene_rules(&s, ids));
    scene_clear(&s);
    acts(&s, 1, TW_ACTION_WRITE, "ns=2;s=Kiln.SP", 20); /* it was good once */
    assert_string_equal("", scene_rules(&s, ids));
    scene_close(&s);
}

static void a_silence_is_measured_from_before(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, inventory, states);
    acts(&s, 1, TW_ACTION_READ, "ns=2;s=X", 1);
    says(&s, 1, "10.7.0.53", "bot/alive", NULL);
    reload(&s, edited, states);
    for (int i = 0; i < 9; i++)
        acts(&s, 2, TW_ACTION_READ, "ns=2;s=X", 1);
    tw_detect_tick(s.detect, s.now_ns + SECOND);
    assert_int_equal(0, s.n);
    acts(&s, 2, TW_ACTION_READ, "ns=2;s=X", 1);
    tw_detect_tick(s.detect, s.now_ns + SECOND);
    assert_int_equal(1, s.n);
    assert_string_equal("SILENT", s.found[0].rule);
    scene_close(&s);
}

/* Whose system is not declared any more, or whose plant was not known before. */
static void from_and_to_an_empty_inventory(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, inventory, states);
    says(&s, 1, "10.7.0.53", "bot/alive", NULL);
    reload(&s, "inventory: 1\n", states);
    acts(&s, 2, TW_ACTION_WRITE, "ns=2;s=Kiln.SP", 1);
    tw_detect_tick(s.detect, s.now_ns + 30 * SECOND);
    reload(&s, inventory, states);
    acts(&s, 2, TW_ACTION_WRITE, "ns=2;s=Kiln.SP", 2);
    tw_detect_tick(s.detect, s.now_ns + 30 * SECOND);
    assert_int_equal(0, s.n);
    scene_close(&s);
}

/* The plant of an AI system that is told to stop, has an input and something that permits; `more`
 * comes before everything else. */
#define ACTS(more)                                                                                 \
    "inventory: 1\n"                                                                               \
    "networks: {plant: [10.7.0.0/16]}\n"                                                           \
    "assets:\n" more "  - {id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}\n"         \
    "  - {id: broker, kind: mqtt-broker, ip: [10.7.0.20], ports: [1883]}\n"                        \
    "  - {id: desk, kind: operator, ip: [10.7.0.40]}\n"                                            \
    "ai_systems:\n"                                                                                \
    "  - {id: bot, tier: T3, ip: [10.7.0.53], inputs: [level], stop: [{mqtt: stop}]}\n"            \
    "variables:\n"                                                                                 \
    "  - {id: level, opcua: {server: plc, node: \"ns=2;s=Level\"}, role: measurement}\n"           \
    "  - {id: valve, opcua: {server: plc, node: \"ns=2;s=Valve\"}, role: status}\n"                \
    "  - {id: sp, opcua: {server: plc, node: \"ns=2;s=SP\"}, role: command, range: [0, 100],\n"    \
    "     requires: [{variable: valve, is: [1]}]}\n"

/* What an AI system acts under goes on, in the words of the new inventory. */
static void what_acts_are_under_stays_known(void **state)
{
    static const char asked[] = "rules:\n" RULE("INPUT", "action = write and input.bad = level", "")
        RULE("PERMIT", "action = write and permissive.variable = valve", "")
            RULE("PERSON", "action = write and override.by = desk", "")
                RULE("STOP", "action = write and stop.by = desk", "")
                    RULE("TURN", "action = write and rivals.other = desk", "");
    struct scene s;
    char ids[MAX_SHOWN];
    (void)state;
    scene_open(&s, ACTS(""), asked);
    acts(&s, 1, TW_ACTION_WRITE, "ns=2;s=SP", 10);
    scene_opcua(
        &s, 1, "10.7.0.40", "10.7.0.10", TW_ACTION_WRITE, "ns=2;s=SP", num(20), "Double", "Good");
    scene_opcua(
        &s, 1, "10.7.0.40", "10.7.0.10", TW_ACTION_READ, "ns=2;s=Valve", num(0), "Int32", "Good");
    scene_opcua(&s, 1, "10.7.0.53", "10.7.0.10", TW_ACTION_READ, "ns=2;s=Level", num(0), "Double",
        "BadSensorFailure");
    says(&s, 1, "10.7.0.40", "stop", NULL); /* all of it is not yet known to have come */
    assert_string_equal("", scene_rules(&s, ids));
    reload(&s, ACTS("  - {id: aaa, kind: other, ip: [10.7.0.99]}\n"), asked);
    acts(&s, 1, TW_ACTION_WRITE, "ns=2;s=SP", 30);
    assert_string_equal("INPUT PERMIT PERSON STOP TURN", scene_rules(&s, ids));
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_goes_on_counting_while_it_is_the_same),
        cmocka_unit_test(what_a_budget_has_left_stays),
        cmocka_unit_test(what_was_approved_announced_and_set_stays_known),
        cmocka_unit_test(a_silence_is_measured_from_before),
        cmocka_unit_test(from_and_to_an_empty_inventory),
        cmocka_unit_test(what_acts_are_under_stays_known),
    };
    return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
