#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect_scene.h"

/* Shipped rules about variables that behave otherwise than learned: what each fires on, with which
 * evidence, and what is nobody's fault. */

static const char inventory[] =
    "inventory: 1\n"
    "networks: {plant: [10.7.0.0/16]}\n"
    "assets:\n"
    "  - {id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}\n"
    "  - {id: broker, kind: mqtt-broker, ip: [10.7.0.20], ports: [1883]}\n"
    "  - {id: edge, kind: sensor, ip: [10.7.0.60]}\n"
    "ai_systems:\n"
    "  - {id: bot, tier: T2, ip: [10.7.0.51], inputs: [feed], may: [{mqtt: broker, actions: "
    "[publish], topics: [\"ai/#\"]}]}\n"
    "variables:\n"
    "  - {id: feed, mqtt: {topic: a/feed, field: /v}, unit: degC, role: measurement}\n"
    "  - {id: hall, mqtt: {topic: a/hall, field: /v}, role: measurement}\n"
    "  - {id: sp, mqtt: {topic: a/sp, field: /v}, role: command}\n"
    "  - {id: level, opcua: {server: plc, node: \"ns=2;s=L\"}, role: measurement}\n";

static struct tw_deviation of_kind(enum tw_deviation_kind kind)
{
    return (struct tw_deviation){.kind = kind,
        .frozen_ns = 75 * SECOND,
        .steady_ns = 3 * SECOND,
        .low = 56.5,
        .high = 58,
        .unrest = 0.04,
        .drift = 1.25,
        .slope = -2.5,
        .repeats = 32,
        .lag = 20,
        .samples = 600};
}

static struct tw_event deviates(const char *topic, const struct tw_deviation *d)
{
    return (struct tw_event){.protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_DEVIATION,
        .src = scene_at("10.7.0.60", 50000),
        .dst = scene_at("10.7.0.20", 1883),
        .object = tw_str_of(topic),
        .field = TW_STR("/v"),
        .value = num(57.25),
        .deviation = d};
}

static void each_kind_has_its_rule(void **state)
{
    static const struct {
        enum tw_deviation_kind kind;
        const char *rule, *summary;
        enum tw_evidence input, other; /* evidence for an input of an AI system, for another one */
    } rows[] = {
        {TW_DEVIATION_FROZEN, "INP-03",
            "feed has not moved: no change for 75 s (it stands at 57.25; 3 s is the longest it "
            "did)",
            TW_EVIDENCE_S, TW_EVIDENCE_M},
        {TW_DEVIATION_REPEATED, "INP-04", "feed looks repeated: 32 values as 20 values before",
            TW_EVIDENCE_S, TW_EVIDENCE_S},
        {TW_DEVIATION_SMOOTH, "INP-04", "feed looks smooth: changes 0.2 times as large",
            TW_EVIDENCE_M, TW_EVIDENCE_M},
        {TW_DEVIATION_ROUGH, "INP-04", "feed looks rough: changes 0.2 times as large",
            TW_EVIDENCE_M, TW_EVIDENCE_M},
        {TW_DEVIATION_RANGE, "INP-06",
            "feed is not what it was learned to be: out of range, three of five values (it stands "
            "at 57.25, learned was 56.5 to 58 degC)",
            TW_EVIDENCE_M, TW_EVIDENCE_W},
        {TW_DEVIATION_DRIFT, "INP-06",
            "feed is not what it was learned to be: drift, 1.25 times what is usual (it stands at "
            "57.25, learned was 56.5 to 58 degC)",
            TW_EVIDENCE_M, TW_EVIDENCE_W},
        {TW_DEVIATION_SLOPE, "INP-06",
            "feed is not what it was learned to be: 2.5 times as steep (it stands at 57.25, "
            "learned was 56.5 to 58 degC)",
            TW_EVIDENCE_M, TW_EVIDENCE_W},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene s;
        const struct tw_deviation d = of_kind(rows[i].kind);
        struct tw_event feed = deviates("a/feed", &d), hall = deviates("a/hall", &d);
        scene_open(&s, inventory, "rules");
        scene_event(&s, 100, &feed);
        scene_event(&s, 1, &hall);
        assert_int_equal(2, s.n);
        assert_string_equal(rows[i].rule, s.found[0].rule);
        assert_string_equal(rows[i].summary, s.found[0].summary);
        assert_int_equal(rows[i].input, s.found[0].evidence);
        assert_string_equal(rows[i].rule, s.found[1].rule);
        assert_int_equal(rows[i].other, s.found[1].evidence);
        assert_true(s.found[0].floor == 0);
        scene_close(&s);
    }
}

static void what_people_and_systems_set_may_change(void **state)
{
    static const enum tw_deviation_kind kinds[] = {
        TW_DEVIATION_FROZEN, TW_DEVIATION_REPEATED, TW_DEVIATION_RANGE};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct scene s;
        const struct tw_deviation d = of_kind(kinds[i]);
        struct tw_event command = deviates("a/sp", &d), own = deviates("ai/decision", &d);
        own.src = scene_at("10.7.0.51", 50000);
        scene_open(&s, inventory, "rules");
        scene_event(&s, 100, &command);
        scene_event(&s, 1, &own);
        assert_int_equal(0, s.n);
        scene_close(&s);
    }
}

/* Two leaves of one message are judged each by itself. */
static void leaves_of_one_message(void **state)
{
    struct scene s;
    struct tw_mqtt_info mqtt = {.serial = 5};
    const struct tw_deviation slope = of_kind(TW_DEVIATION_SLOPE);
    const struct tw_deviation frozen = of_kind(TW_DEVIATION_FROZEN);
    struct tw_event a = deviates("a/feed", &slope), b = deviates("a/feed", &frozen);
    (void)state;
    a.mqtt = b.mqtt = &mqtt;
    scene_open(&s, inventory, "rules");
    scene_event(&s, 100, &a);
    s.packet--;
    scene_event(&s, 0, &b);
    assert_int_equal(2, s.n);
    assert_string_equal("INP-06", s.found[0].rule);
    assert_string_equal("INP-03", s.found[1].rule);
    scene_close(&s);
}

/* A node that deviates is its server's, which has no user name and asks nobody. */
static void of_a_node_the_server_acts(void **state)
{
    struct scene s;
    struct tw_facts facts;
    const struct tw_deviation d = of_kind(TW_DEVIATION_FROZEN);
    struct tw_event e = deviates("ns=2;s=L", &d);
    (void)state;
    e.protocol = TW_PROTO_OPCUA;
    e.field = TW_STR_NONE;
    e.src = scene_at("10.7.0.10", 4840);
    e.dst = scene_at("10.7.0.51", 51000);
    scene_open(&s, inventory, "rules");
    tw_registry_resolve(s.registry, &e, &facts);
    assert_true(tw_str_is(facts.actor.id, "plc"));
    assert_true(tw_str_is(facts.target.asset, "bot"));
    assert_true(tw_str_is(facts.variable.id, "level"));
    assert_false(facts.variable.is_input);
    scene_event(&s, 100, &e);
    assert_int_equal(1, s.n);
    assert_string_equal("INP-03", s.found[0].rule);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_its_rule),
        cmocka_unit_test(what_people_and_systems_set_may_change),
        cmocka_unit_test(leaves_of_one_message),
        cmocka_unit_test(of_a_node_the_server_acts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
