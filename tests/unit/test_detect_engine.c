#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect_scene.h"

/* The engine on rules of its own: grading, windows, exceptions, explanation. */

static const char inventory[] =
    "inventory: 1\n"
    "networks: {plant: [10.7.0.0/16]}\n"
    "assets:\n"
    "  - {id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}\n"
    "  - {id: broker, kind: mqtt-broker, ip: [10.7.0.20], ports: [1883]}\n"
    "  - {id: desk, kind: operator, ip: [10.7.0.40]}\n"
    "ai_systems:\n"
    "  - {id: bot1, tier: T1, technology: ml, ip: [10.7.0.51], identity: {security: None, "
    "mqtt_security: plain}}\n"
    "  - {id: bot3, tier: T3, technology: ml, ip: [10.7.0.53], identity: {security: None, "
    "mqtt_security: plain}}\n"
    "  - {id: bot4, tier: T4, technology: llm, ip: [10.7.0.54], identity: {security: None, "
    "mqtt_security: plain}}\n"
    "variables:\n"
    "  - {id: kiln.sp, opcua: {server: plc, node: \"ns=2;s=Kiln.SP\"}, type: Float, unit: degC, "
    "range: [20, 90.1], role: command}\n";

static void write_sp(struct scene *s, double after_s, const char *ip, double value)
{
    struct tw_value v = {.kind = TW_VALUE_FLOAT, .d = (double)(float)value};
    scene_opcua(s, after_s, ip, "10.7.0.10", TW_ACTION_WRITE, "ns=2;s=Kiln.SP", v, "Float", "Good");
}

static const char graded[] =
    "rules:\n"
    "  - id: G-1\n"
    "    name: graded\n"
    "    rev: 1\n"
    "    when: action = write and value outside variable.range\n"
    "    tiers: [T1, T3]\n"
    "    evidence: S\n"
    "    severity: 60\n"
    "    floor: {T1: 10, T3: 30}\n"
    "    upgrade:\n"
    "      - {when: value > 1000, evidence: D, floor: {T3: 75}}\n"
    "      - {when: value > 500, evidence: D}\n"
    "    output: \"%actor.id wrote %value %variable.unit to %object; its range is %variable.range "
    "(server answered %status)\"\n"
    "    expected: {range: variable.range, policy: \"stay inside\", nothing: approval.value}\n";

static const struct {
    const char *ip;
    double value;
    bool found;
    enum tw_evidence evidence;
    double floor;
} grades[] = {
    {"10.7.0.51", 131, true, TW_EVIDENCE_S, 10},
    {"10.7.0.53", 131, true, TW_EVIDENCE_S, 30},
    {"10.7.0.54", 131, false, 0, 0},             /* T4 is not among the tiers */
    {"10.7.0.40", 131, false, 0, 0},             /* neither are assets */
    {"10.7.0.99", 131, true, TW_EVIDENCE_S, 30}, /* unregistered systems count as T3 */
    {"10.7.0.51", 600, true, TW_EVIDENCE_D, 10},
    {"10.7.0.53", 2000, true, TW_EVIDENCE_D, 75},
    {"10.7.0.51", 2000, true, TW_EVIDENCE_D, 0},
    {"10.7.0.51", 90.1, false, 0, 0}, /* 90.1f is inside a range that ends at 90.1 */
    {"10.7.0.51", 20, false, 0, 0},
};

static void grading(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, inventory, graded);
    for (size_t i = 0; i < sizeof(grades) / sizeof(grades[0]); i++) {
        scene_clear(&s);
        write_sp(&s, 1, grades[i].ip, grades[i].value);
        assert_int_equal(grades[i].found, s.n);
        if (s.n == 0)
            continue;
        assert_int_equal(grades[i].evidence, s.found[0].evidence);
        assert_true(grades[i].floor == s.found[0].floor);
        assert_true(s.found[0].strength == 1 && s.found[0].count == 1);
    }
    scene_clear(&s);
    write_sp(&s, 1, "10.7.0.51", 131);
    assert_string_equal(
        "bot1 wrote 131 degC to kiln.sp; its range is 20 to 90.1 degC (server answered Good)",
        s.found[0].summary);
    assert_string_equal("{\"range\":[20,90.1],\"policy\":\"stay inside\"}", s.found[0].expected);
    assert_int_equal(1, s.found[0].n_packets);
    assert_int_equal(s.packet, s.found[0].packets[0]);
    assert_int_equal(600 * SECOND, s.found[0].window_ns);
    struct tw_detect_stats stats = tw_detect_stats(s.detect);
    assert_int_equal(11, stats.events);
    assert_int_equal(7, stats.matched);
    scene_close(&s);
}

static const char windowed[] =
    "rules:\n"
    "  - id: W-1\n"
    "    name: many writes\n"
    "    rev: 1\n"
    "    when: action = write\n"
    "    window: {over: 10s, at_least: 3, by: [actor.id]}\n"
    "    evidence: M\n"
    "    severity: 40\n"
    "    observed: count\n"
    "    output: \"%actor wrote %count times within %over\"\n"
    "  - id: W-2\n"
    "    name: many nodes\n"
    "    rev: 1\n"
    "    when: action = read\n"
    "    window: {over: 2m, at_least: 3, distinct: object, by: [actor]}\n"
    "    evidence: M\n"
    "    severity: 40\n"
    "    output: \"%count nodes within %over\"\n";

static void windows(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, inventory, windowed);
    for (int i = 0; i < 3; i++) {
        /* Actors without an id are told apart by their address. */
        write_sp(&s, 1, "10.7.0.98", 50);
        write_sp(&s, 1, "10.7.0.99", 50);
    }
    assert_int_equal(2, s.n);
    assert_string_equal("10.7.0.98 wrote 3 times within 10 s", s.found[0].summary);
    assert_string_equal("10.7.0.99 wrote 3 times within 10 s", s.found[1].summary);
    assert_int_equal(3, s.found[0].n_packets);
    assert_int_equal(1, s.found[0].packets[0]);
    assert_int_equal(5, s.found[0].packets[2]);
    assert_true(s.found[0].strength == 0.25);
    for (int i = 0; i < 3; i++)
        write_sp(&s, 0.1, "10.7.0.98", 50);
    assert_true(s.found[s.n - 1].count == 6 && s.found[s.n - 1].strength == 1);
    scene_clear(&s);
    for (int i = 0; i < 10; i++)
        scene_opcua(&s, 1, "10.7.0.51", "10.7.0.10", TW_ACTION_READ,
            i % 2 ? "ns=2;s=A" : "ns=2;s=B", num(1), "Double", "Good");
    assert_int_equal(0, s.n);
    scene_opcua(
        &s, 1, "10.7.0.51", "10.7.0.10", TW_ACTION_READ, "ns=2;s=C", num(1), "Double", "Good");
    assert_string_equal("3 nodes within 2 min", s.found[0].summary);
    scene_close(&s);
}

static const char excused[] = "rules:\n"
                              "  - id: E-1\n"
                              "    name: excused\n"
                              "    rev: 1\n"
                              "    when: action = write\n"
                              "    evidence: D\n"
                              "    severity: 40\n"
                              "    exceptions:\n"
                              "      - {name: night, when: actor.id = bot1 and value > 60, reason: "
                              "CR-1, owner: us, expires: 2026-03-01}\n"
                              "      - {name: hour, when: actor.id = bot3, reason: CR-2, owner: "
                              "us, expires: 2026-03-01T09:00:00Z}\n"
                              "    output: o\n";

static void exceptions_end(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, inventory, excused); /* 2026-03-01T08:00:00Z */
    write_sp(&s, 0, "10.7.0.51", 70);
    write_sp(&s, 0, "10.7.0.53", 70);
    assert_int_equal(0, s.n);
    write_sp(&s, 0, "10.7.0.51", 50);
    assert_int_equal(1, s.n);
    write_sp(&s, 3601, "10.7.0.53", 70);
    assert_int_equal(2, s.n);
    write_sp(&s, 14 * 3600, "10.7.0.51", 70); /* still that day */
    assert_int_equal(2, s.n);
    write_sp(&s, 3600, "10.7.0.51", 70);
    assert_int_equal(3, s.n);
    scene_close(&s);
}

static const char held[] = "rules:\n"
                           "  - id: H-1\n"
                           "    name: held\n"
                           "    rev: 1\n"
                           "    when: action = read and status = BadNodeIdUnknown\n"
                           "    hold: {when: status = BadShutdown, by: [target], for: 10m}\n"
                           "    evidence: D\n"
                           "    severity: 40\n"
                           "    output: \"%object: %status, %variable.unit. 100 %%\"\n";

static void holding(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, inventory, held);
    scene_opcua(&s, 0, "10.7.0.51", "10.7.0.10", TW_ACTION_WRITE, "ns=2;s=A", num(1), "Double",
        "BadShutdown");
    scene_opcua(&s, 300, "10.7.0.53", "10.7.0.10", TW_ACTION_READ, "ns=2;s=A", (struct tw_value){0},
        NULL, "BadNodeIdUnknown");
    assert_int_equal(0, s.n);
    scene_opcua(&s, 301, "10.7.0.53", "10.7.0.10", TW_ACTION_READ, "ns=2;s=A", (struct tw_value){0},
        NULL, "BadNodeIdUnknown");
    assert_int_equal(1, s.n);
    assert_string_equal("ns=2;s=A: BadNodeIdUnknown,. 100 %", s.found[0].summary);
    scene_close(&s);
}

/* What strangers write must not reach a terminal, nor pass for something else. */
static const char shown[] =
    "rules:\n"
    "  - id: S-1\n"
    "    name: shown\n"
    "    rev: 1\n"
    "    when: action = write\n"
    "    evidence: D\n"
    "    severity: 40\n"
    "    suppress: {by: [value, object], for: 1m}\n"
    "    output: \"%value at %src.ip (%mqtt.client_id)\"\n"
    "    expected: {value: value, tier: actor.tier, is_ai: actor.is_ai, ip: src.ip}\n";

static void hostile_texts(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, inventory, shown);
    scene_opcua(&s, 0, "10.7.0.51", "10.7.0.10", TW_ACTION_WRITE, "ns=2;s=A",
        text("a\x1b[31m\n\xe2\x80\xae"
             "b\xc2\x9bz"),
        "String", "Good");
    assert_string_equal(
        "a\\x1b[31m\\x0a\\xe2\\x80\\xaeb\\xc2\\x9bz at 10.7.0.51 (unknown)", s.found[0].summary);
    assert_string_equal("{\"value\":\"a\\u001b[31m\\n\xe2\x80\xae"
                        "b\xc2\x9bz\",\"tier\":\"T1\",\"is_ai\":true,\"ip\":\"10.7.0.51\"}",
        s.found[0].expected);
    char longest[301];
    memset(longest, 'x', 300);
    longest[300] = '\0';
    scene_opcua(&s, 0, "10.7.0.51", "10.7.0.10", TW_ACTION_WRITE, "ns=2;s=A", text(longest),
        "String", "Good");
    assert_int_equal(120 + strlen("… at 10.7.0.51 (unknown)"), strlen(s.found[1].summary));
    scene_close(&s);
}

/* An event that nobody could read lowers what the actor's alerts say they saw. */
static void coverage(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, inventory, shown);
    struct tw_event e = {.protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_READ,
        .src = scene_at("10.7.0.51", 1),
        .dst = scene_at("10.7.0.10", 4840),
        .encrypted = true,
        .has_encrypted = true};
    for (int i = 0; i < 3; i++)
        scene_event(&s, 1, &e);
    write_sp(&s, 0, "10.7.0.51", 1);
    assert_int_equal(25, s.found[0].readable);
    write_sp(&s, 0, "10.7.0.53", 1);
    assert_int_equal(100, s.found[1].readable);
    scene_close(&s);
}

static const char by_leaf[] = "rules:\n"
                              "  - {id: L-1, name: one leaf, rev: 1, when: \"action = publish and "
                              "field = /b and value > 5\",\n"
                              "     evidence: D, severity: 50, output: \"%value\"}\n"
                              "  - {id: L-2, name: sender, rev: 1, when: \"action = publish and "
                              "actor.id = bot3 and value > 5\",\n"
                              "     evidence: D, severity: 50, output: \"%value\"}\n"
                              "  - {id: L-3, name: held, rev: 1, when: \"action = publish and "
                              "actor.id = bot3 and value > 5\",\n"
                              "     hold: {when: \"field = /a\", by: [actor], for: 10s},\n"
                              "     evidence: D, severity: 50, output: \"%value\"}\n";

/* A rule that a message as a whole, or its first leaf, does not match may still match the next
 * leaf; one that its sender rules out is out for all of them, and only for them. */
static void leaves_are_judged_each(void **state)
{
    struct scene s;
    const struct leaf leaves[] = {{"/a", num(9)}, {"/b", num(3)}, {"/b", num(7)}, {NULL, num(0)}};
    (void)state;
    scene_open(&s, inventory, by_leaf);
    scene_message(&s, 1, "10.7.0.51", "one", TW_ACTION_PUBLISH, "t", leaves);
    assert_int_equal(1, s.n);
    assert_string_equal("L-1", s.found[0].rule);
    assert_string_equal("7", s.found[0].summary);
    scene_clear(&s);
    scene_message(&s, 1, "10.7.0.53", "three", TW_ACTION_PUBLISH, "t", leaves);
    assert_int_equal(3, s.n);
    assert_string_equal("L-2", s.found[0].rule); /* /a, at which L-3 falls silent */
    assert_string_equal("9", s.found[0].summary);
    assert_string_equal("L-1", s.found[1].rule);
    assert_string_equal("L-2", s.found[2].rule);
    scene_clear(&s);
    scene_message(&s, 1, "10.7.0.51", "one", TW_ACTION_PUBLISH, "t", leaves);
    assert_int_equal(1, s.n);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grading),
        cmocka_unit_test(windows),
        cmocka_unit_test(exceptions_end),
        cmocka_unit_test(holding),
        cmocka_unit_test(hostile_texts),
        cmocka_unit_test(coverage),
        cmocka_unit_test(leaves_are_judged_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
