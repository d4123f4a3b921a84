#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "detect_scene.h"

/* Shipped rules about what a command requires and what follows it. */

static const char inventory[] =
    "inventory: 1\n"
    "networks: {plant: [10.7.0.0/16]}\n"
    "assets:\n"
    "  - {id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}\n"
    "  - {id: broker, kind: mqtt-broker, ip: [10.7.0.20], ports: [1883]}\n"
    "  - {id: desk, kind: operator, ip: [10.7.0.40], identity: {security: None, mqtt_client_id: "
    "[desk], mqtt_security: plain}}\n"
    "ai_systems:\n"
    "  - {id: bot, tier: T3, ip: [10.7.0.53], identity: {security: None}, may: [{opcua: plc, "
    "actions: [read, write]}, {mqtt: broker, actions: [publish]}], reports: [{mqtt: bot/plan, "
    "object: /node}]}\n"
    "approvals:\n"
    "  - {id: ok, mqtt: desk/ok, by: [desk], approved: /ok, ai_system: /ai, object: /node, valid: "
    "60s}\n"
    "variables:\n"
    "  - {id: temp, opcua: {server: plc, node: \"ns=2;s=Temp\"}, range: [0, 100], role: "
    "measurement}\n"
    "  - {id: temp.sp, opcua: {server: plc, node: \"ns=2;s=Temp.SP\"}, range: [0, 100], role: "
    "command, readback: temp, settle: 30s, tolerance: 2, gain: direct}\n"
    "  - {id: flow, opcua: {server: plc, node: \"ns=2;s=Flow\"}, range: [0, 200], role: "
    "measurement}\n"
    "  - {id: flow.sp, opcua: {server: plc, node: \"ns=2;s=Flow.SP\"}, role: command, readback: "
    "flow}\n"
    "  - {id: valve, opcua: {server: plc, node: \"ns=2;s=Valve\"}, role: status}\n"
    "  - {id: mode, opcua: {server: plc, node: \"ns=2;s=Mode\"}, role: status}\n"
    "  - id: pump\n"
    "    opcua: {server: plc, node: \"ns=2;s=Pump\"}\n"
    "    role: command\n"
    "    requires:\n"
    "      - {variable: valve, is: [true], for: [true]}\n"
    "      - {variable: temp, range: [10, 60]}\n"
    "      - {variable: mode, is_not: [maintenance, \"3\"]}\n";

#define BOT "10.7.0.53"
#define DESK "10.7.0.40"
#define PLC "10.7.0.10"
#define TEMP "ns=2;s=Temp"
#define TEMP_SP "ns=2;s=Temp.SP"
#define FLOW "ns=2;s=Flow"
#define FLOW_SP "ns=2;s=Flow.SP"

static void start(struct scene *s)
{
    scene_open(s, inventory, "rules");
}

static void wrote(struct scene *s, double after_s, const char *ip, const char *node, double v)
{
    scene_opcua(s, after_s, ip, PLC, TW_ACTION_WRITE, node, num(v), "Double", "Good");
}

static void stands_at(struct scene *s, double after_s, const char *node, struct tw_value v)
{
    struct tw_opcua_info info = {.attribute = TW_STR("Value")};
    struct tw_event e = {.protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_NOTIFY,
        .src = scene_at(PLC, 4840),
        .dst = scene_at(DESK, 50000),
        .object = tw_str_of(node),
        .value = v,
        .status = {.s = TW_STR("Good")},
        .opcua = &info};
    scene_event(s, after_s, &e);
}

static void pass(struct scene *s, double seconds)
{
    s->now_ns += (int64_t)(seconds * (double)SECOND);
    tw_detect_tick(s->detect, s->now_ns);
}

static void what_follows_and_what_does_not(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    stands_at(&s, 1, TEMP, num(50));
    wrote(&s, 1, BOT, TEMP_SP, 60);
    pass(&s, 29);
    stands_at(&s, 0, TEMP, num(58.5)); /* within 2 */
    pass(&s, 2);
    wrote(&s, 1, DESK, TEMP_SP, 70); /* no AI system */
    pass(&s, 60);
    wrote(&s, 1, BOT, TEMP_SP, 50);
    pass(&s, 20);
    wrote(&s, 1, BOT, TEMP_SP, 58); /* before the other one was due */
    pass(&s, 31);
    wrote(&s, 1, BOT, TEMP_SP, 70);
    wrote(&s, 1, DESK, TEMP_SP, 40); /* somebody else decided */
    pass(&s, 31);
    assert_int_equal(0, scene_told(&s, "CMD-05"));
    wrote(&s, 1, BOT, TEMP_SP, 65);
    stands_at(&s, 9, TEMP, num(61));
    pass(&s, 20);
    assert_int_equal(0, scene_told(&s, "CMD-05"));
    pass(&s, 2);
    assert_int_equal(1, scene_told(&s, "CMD-05"));
    const struct found *f = scene_find(&s, "CMD-05");
    assert_int_equal(TW_EVIDENCE_M, f->evidence);
    assert_string_equal("bot commanded 65 on temp.sp, and temp is at 61 30 s later (missed after 1 "
                        "of the last 5 commands)",
        f->summary);
    assert_string_equal("{\"wanted\":65,\"before\":58.5}", f->expected);
    for (int i = 0; i < 2; i++) {
        wrote(&s, 1, BOT, TEMP_SP, 75 + i);
        pass(&s, 31);
    }
    assert_int_equal(3, scene_told(&s, "CMD-05"));
    assert_int_equal(TW_EVIDENCE_S, s.found[s.n - 1].evidence);
    scene_close(&s);
}

/* Without a declared time, only what stays where it was. */
static void what_does_not_move_at_all(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    stands_at(&s, 1, FLOW, num(50));
    wrote(&s, 1, BOT, FLOW_SP, 100);
    stands_at(&s, 50, FLOW, num(55));
    pass(&s, 20);
    wrote(&s, 1, BOT, FLOW_SP, 58); /* not far */
    pass(&s, 61);
    assert_int_equal(0, scene_told(&s, "CMD-05"));
    wrote(&s, 1, BOT, FLOW_SP, 120);
    pass(&s, 61);
    assert_int_equal(1, scene_told(&s, "CMD-05"));
    scene_close(&s);
}

static void what_is_not_known(void **state)
{
    struct scene s;
    struct tw_opcua_info info = {.attribute = TW_STR("Value")};
    struct tw_event local = {.protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_READ,
        .src = scene_at(DESK, 50000),
        .dst = scene_at(PLC, 4840),
        .object = TW_STR(TEMP),
        .value = num(50),
        .status = {.s = TW_STR("GoodLocalOverride")},
        .opcua = &info};
    (void)state;
    start(&s);
    wrote(&s, 1, BOT, TEMP_SP, 60); /* nobody ever read it */
    pass(&s, 31);
    scene_opcua(&s, 1, BOT, PLC, TW_ACTION_WRITE, TEMP_SP, num(70), "Double", "BadOutOfRange");
    stands_at(&s, 1, TEMP, num(50));
    pass(&s, 31); /* what was refused is not waited for */
    wrote(&s, 1, BOT, TEMP_SP, 70);
    scene_event(&s, 1, &local); /* held by hand */
    pass(&s, 31);
    stands_at(&s, 1, TEMP, num(50));
    pass(&s, 700); /* too long ago */
    wrote(&s, 0, BOT, TEMP_SP, 70);
    pass(&s, 31);
    assert_int_equal(0, scene_told(&s, "CMD-05"));
    scene_close(&s);
}

static void the_wrong_way(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    stands_at(&s, 1, TEMP, num(50));
    wrote(&s, 1, BOT, TEMP_SP, 50);
    for (int i = 0; i < 10; i++) /* noise */
        stands_at(&s, 1, TEMP, num(50 + (i % 2) * 0.2));
    pass(&s, 31);
    double at = 50;
    for (int i = 0; i < 2; i++) {
        wrote(&s, 1, BOT, TEMP_SP, 60 + i);
        assert_int_equal(0, scene_told(&s, "CTL-04"));
        at -= 5;
        stands_at(&s, 20, TEMP, num(at));
        pass(&s, 31);
    }
    assert_int_equal(1, scene_told(&s, "CTL-04"));
    const struct found *f = scene_find(&s, "CTL-04");
    assert_int_equal(TW_EVIDENCE_S, f->evidence);
    assert_string_equal("temp went from 45 to 40 within 30 s after bot commanded 61 on temp.sp, "
                        "against what is declared, 2 times of the last 3",
        f->summary);
    for (int i = 0; i < 4; i++) { /* as it should */
        wrote(&s, 1, BOT, TEMP_SP, 62 + i);
        at += 6;
        stands_at(&s, 20, TEMP, num(at));
        pass(&s, 31);
    }
    assert_int_equal(1, scene_told(&s, "CTL-04"));
    scene_close(&s);
}

/* What follows goes around the setpoint with a period of 40 s. */
static size_t waves(double height, bool regular)
{
    struct scene s;
    start(&s);
    wrote(&s, 1, BOT, TEMP_SP, 50);
    for (int i = 0; i < 300; i++) {
        const double period = regular ? 40 : 40 + 38 * sin(i / 7.0);
        stands_at(&s, 1, TEMP, num(50 + height * sin(i * 6.2832 / period)));
        tw_detect_tick(s.detect, s.now_ns);
    }
    scene_clear(&s);
    wrote(&s, 1, BOT, TEMP_SP, 50.5);
    const size_t n = scene_told(&s, "CTL-01");
    if (n > 0)
        assert_int_equal(TW_EVIDENCE_S, scene_find(&s, "CTL-01")->evidence);
    scene_close(&s);
    return n;
}

static void waves_around_the_setpoint(void **state)
{
    (void)state;
    assert_int_equal(1, waves(5, true));
    assert_int_equal(0, waves(0.5, true)); /* less than a hundredth of the range */
    assert_int_equal(0, waves(5, false));
}

static void what_a_command_requires(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    scene_opcua(&s, 1, BOT, PLC, TW_ACTION_WRITE, "ns=2;s=Pump", truth(true), "Boolean", "Good");
    assert_int_equal(0, scene_told(&s, "CMD-08")); /* nothing is known */
    stands_at(&s, 1, "ns=2;s=Valve", truth(false));
    stands_at(&s, 1, "ns=2;s=Mode", text("automatic"));
    stands_at(&s, 1, TEMP, num(20));
    scene_opcua(&s, 1, BOT, PLC, TW_ACTION_WRITE, "ns=2;s=Pump", truth(false), "Boolean", "Good");
    scene_opcua(&s, 1, DESK, PLC, TW_ACTION_WRITE, "ns=2;s=Pump", truth(true), "Boolean", "Good");
    assert_int_equal(0, scene_told(&s, "CMD-08")); /* not asked of this value, of a person */
    scene_opcua(&s, 1, BOT, PLC, TW_ACTION_WRITE, "ns=2;s=Pump", truth(true), "Boolean", "Good");
    assert_int_equal(1, scene_told(&s, "CMD-08"));
    const struct found *f = scene_find(&s, "CMD-08");
    assert_int_equal(TW_EVIDENCE_D, f->evidence);
    assert_true(f->floor == 80);
    assert_string_equal("false", f->observed);
    assert_string_equal("bot wrote true to pump while valve is false, which does not permit it "
                        "(server answered Good)",
        f->summary);
    stands_at(&s, 1, "ns=2;s=Valve", truth(true));
    scene_opcua(&s, 1, BOT, PLC, TW_ACTION_WRITE, "ns=2;s=Pump", truth(true), "Boolean", "Good");
    assert_int_equal(1, scene_told(&s, "CMD-08"));
    stands_at(&s, 1, TEMP, num(60.5));
    scene_opcua(&s, 1, BOT, PLC, TW_ACTION_WRITE, "ns=2;s=Pump", truth(false), "Boolean", "Good");
    assert_int_equal(2, scene_told(&s, "CMD-08"));
    stands_at(&s, 1, TEMP, num(60));
    /* What somebody writes is how it is. */
    scene_opcua(
        &s, 1, DESK, PLC, TW_ACTION_WRITE, "ns=2;s=Mode", text("Maintenance"), "String", "Good");
    scene_opcua(&s, 1, BOT, PLC, TW_ACTION_WRITE, "ns=2;s=Pump", truth(false), "Boolean", "Good");
    assert_int_equal(3, scene_told(&s, "CMD-08"));
    scene_clear(&s);
    assert_int_equal(0, scene_told(&s, "CMD-08"));
    stands_at(&s, 1, "ns=2;s=Mode", num(3));
    scene_opcua(&s, 1, BOT, PLC, TW_ACTION_WRITE, "ns=2;s=Pump", truth(false), "Boolean", "Good");
    stands_at(&s, 1, "ns=2;s=Mode", num(1));
    scene_opcua(&s, 1, BOT, PLC, TW_ACTION_WRITE, "ns=2;s=Pump", truth(false), "Boolean", "Good");
    assert_int_equal(1, scene_told(&s, "CMD-08"));
    assert_true(scene_find(&s, "CMD-08")->floor == 90);
    scene_close(&s);
}

/* The bot proposes, and the desk answers after `wait` s; n times, each `pause` s after the other.
 */
static void decide(struct scene *s, int n, double pause, double wait, bool yes)
{
    const struct leaf plan[] = {{"/node", text(TEMP_SP)}, {NULL, num(0)}};
    const struct leaf answer[] = {
        {"/ok", truth(yes)}, {"/ai", text("bot")}, {"/node", text(TEMP_SP)}, {NULL, num(0)}};
    for (int i = 0; i < n; i++) {
        scene_message(s, pause, BOT, "bot", TW_ACTION_PUBLISH, "bot/plan", plan);
        scene_message(s, wait, DESK, "desk", TW_ACTION_PUBLISH, "desk/ok", answer);
    }
}

static void approvals_by_reflex(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    decide(&s, 25, 200, 30, true); /* time to think */
    assert_int_equal(0, scene_told(&s, "OVR-04"));
    decide(&s, 25, 200, 1.5, false); /* who says no at once is careful */
    assert_int_equal(0, scene_told(&s, "OVR-04"));
    scene_close(&s);
    start(&s);
    decide(&s, 20, 200, 1.5, true);
    assert_int_equal(0, scene_told(&s, "OVR-04"));
    decide(&s, 1, 200, 1.5, true);
    assert_int_equal(1, scene_told(&s, "OVR-04"));
    const struct found *f = scene_find(&s, "OVR-04");
    assert_int_equal(TW_EVIDENCE_M, f->evidence);
    assert_string_equal(
        "desk approves on desk/ok without looking: 15 answers within an hour, 100 % "
        "of them yes, 1.5 s after the proposal (median)",
        f->summary);
    scene_close(&s);
}

static void too_many_approvals(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    decide(&s, 16, 60, 20, true);
    decide(&s, 1, 60, 20, false);
    decide(&s, 20, 60, 20, true); /* one in thirty-seven was refused */
    assert_int_equal(0, scene_told(&s, "OVR-04"));
    decide(&s, 60, 60, 20, true);
    assert_true(scene_told(&s, "OVR-04") > 0);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_follows_and_what_does_not),
        cmocka_unit_test(what_does_not_move_at_all),
        cmocka_unit_test(what_is_not_known),
        cmocka_unit_test(the_wrong_way),
        cmocka_unit_test(waves_around_the_setpoint),
        cmocka_unit_test(what_a_command_requires),
        cmocka_unit_test(approvals_by_reflex),
        cmocka_unit_test(too_many_approvals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
