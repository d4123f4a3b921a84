#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect_scene.h"

/* The shipped rules that remember: steps from the last value (CMD-04), commands that are refused
 * again and again (CMD-06), signs of life that do not come any more (OVR-05). */

static const char inventory[] =
    "inventory: 1\n"
    "networks: {plant: [10.7.0.0/16]}\n"
    "assets:\n"
    "  - {id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}\n"
    "  - {id: broker, kind: mqtt-broker, ip: [10.7.0.20], ports: [1883]}\n"
    "  - {id: desk, kind: operator, ip: [10.7.0.40], identity: {security: None}}\n"
    "ai_systems:\n"
    "  - id: bot\n"
    "    tier: T3\n"
    "    ip: [10.7.0.53]\n"
    "    identity: {mqtt_client_id: [bot], mqtt_security: plain, security: None}\n"
    "    may:\n"
    "      - {opcua: plc, actions: [read], nodes: [\"ns=2;s=Kiln.*\"]}\n"
    "      - {opcua: plc, actions: [write], nodes: [\"ns=2;s=Kiln.SP\", \"ns=2;s=Kiln.Other\"], "
    "max_step: 2.4}\n"
    "      - {opcua: plc, actions: [write], nodes: [\"ns=2;s=Kiln.Fan\", \"ns=2;s=Bot.Alive\", "
    "\"ns=2;s=Bot.Note\"]}\n"
    "      - {mqtt: broker, actions: [publish], topics: [kiln/set, bot/alive, bot/log]}\n"
    "    heartbeat:\n"
    "      - {opcua: plc, node: \"ns=2;s=Bot.Alive\", every: 4s}\n"
    "      - {mqtt: bot/alive, every: 5s, timeout: 20s}\n"
    "variables:\n"
    "  - {id: kiln.sp, opcua: {server: plc, node: \"ns=2;s=Kiln.SP\"}, role: command}\n"
    "  - {id: kiln.fan, opcua: {server: plc, node: \"ns=2;s=Kiln.Fan\"}, role: command, max_rate: "
    "2/s}\n"
    "  - {id: kiln.set, mqtt: {topic: kiln/set, field: /sp}, role: command, max_step: 5}\n";

#define BOT "10.7.0.53"
#define DESK "10.7.0.40"
#define PLC "10.7.0.10"
#define SP "ns=2;s=Kiln.SP"
#define FAN "ns=2;s=Kiln.Fan"
#define ALIVE "ns=2;s=Bot.Alive"

static void start(struct scene *s)
{
    scene_open(s, inventory, "rules");
}

static void wrote(
    struct scene *s, double after_s, const char *ip, const char *node, double v, const char *status)
{
    scene_opcua(s, after_s, ip, PLC, TW_ACTION_WRITE, node, num(v), "Double", status);
}

/* What somebody read, or the server told by itself. */
static void stands_at(struct scene *s, double after_s, enum tw_action action, double v)
{
    struct tw_opcua_info info = {.attribute = TW_STR("Value")};
    struct tw_event e = {.protocol = TW_PROTO_OPCUA,
        .action = action,
        .src = action == TW_ACTION_NOTIFY ? scene_at(PLC, 4840) : scene_at(DESK, 50000),
        .dst = action == TW_ACTION_NOTIFY ? scene_at(DESK, 50000) : scene_at(PLC, 4840),
        .object = TW_STR(SP),
        .value = num(v),
        .status = {.s = TW_STR("Good")},
        .opcua = &info};
    scene_event(s, after_s, &e);
}

static void steps_from_what_was_accepted(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    wrote(&s, 1, BOT, SP, 90, "Good"); /* nobody knows from where */
    wrote(&s, 9, BOT, SP, 92.4, "Good");
    wrote(&s, 9, BOT, SP, 90, "Good"); /* 2.4, though not in binary fractions */
    assert_int_equal(0, scene_told(&s, "CMD-04"));
    wrote(&s, 9, BOT, SP, 92.5, "BadOutOfRange");
    assert_int_equal(1, scene_told(&s, "CMD-04"));
    const struct found *f = scene_find(&s, "CMD-04");
    assert_int_equal(TW_EVIDENCE_D, f->evidence);
    assert_true(f->floor == 60);
    assert_string_equal("bot moved kiln.sp from 90 to 92.5, a step of 2.5, which is more than is "
                        "declared (server answered BadOutOfRange)",
        f->summary);
    assert_string_equal("{\"max_step_granted\":2.4,\"last\":90}", f->expected);
    scene_clear(&s);
    wrote(&s, 9, BOT, SP, 92, "Good"); /* what was refused did not count */
    assert_int_equal(0, scene_told(&s, "CMD-04"));
    /* A variable of no role, by the grant alone. */
    wrote(&s, 1, BOT, "ns=2;s=Kiln.Other", 5, "Good");
    wrote(&s, 9, BOT, "ns=2;s=Kiln.Other", 8, "Good");
    assert_int_equal(1, scene_told(&s, "CMD-04"));
    scene_close(&s);
}

static void steps_from_what_others_did(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    wrote(&s, 1, BOT, SP, 90, "Good");
    wrote(&s, 9, DESK, SP, 100, "Good"); /* an operator may */
    wrote(&s, 9, BOT, SP, 101, "Good");
    assert_int_equal(0, scene_told(&s, "CMD-04"));
    stands_at(&s, 9, TW_ACTION_NOTIFY, 110);
    wrote(&s, 1, BOT, SP, 111, "Good");
    stands_at(&s, 9, TW_ACTION_READ, 120);
    wrote(&s, 1, BOT, SP, 121, "Good");
    assert_int_equal(0, scene_told(&s, "CMD-04"));
    wrote(&s, 1, BOT, SP, 112, "Good");
    assert_int_equal(1, scene_told(&s, "CMD-04"));
    scene_close(&s);
}

static void a_late_notification_is_not_the_last_value(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    wrote(&s, 1, BOT, SP, 90, "Good");
    wrote(&s, 9, BOT, SP, 92, "Good");
    stands_at(&s, 0.5, TW_ACTION_NOTIFY, 90); /* sampled before */
    wrote(&s, 1, BOT, SP, 94, "Good");
    assert_int_equal(0, scene_told(&s, "CMD-04"));
    scene_close(&s);
}

static void a_notification_may_come_before_the_answer(void **state)
{
    struct scene s;
    struct tw_opcua_info info = {.attribute = TW_STR("Value")};
    (void)state;
    start(&s);
    stands_at(&s, 1, TW_ACTION_READ, 90);
    const uint64_t request = ++s.packet;
    stands_at(&s, 1, TW_ACTION_NOTIFY, 99);
    struct tw_event e = {.protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_WRITE,
        .src = scene_at(BOT, 50000),
        .dst = scene_at(PLC, 4840),
        .object = TW_STR(SP),
        .value = num(99),
        .status = {.s = TW_STR("Good")},
        .request_packet = request,
        .opcua = &info};
    scene_event(&s, 0, &e);
    assert_int_equal(1, scene_told(&s, "CMD-04"));
    scene_close(&s);
}

static void what_is_no_whole_number_is_no_step(void **state)
{
    struct scene s;
    struct tw_opcua_info info = {.attribute = TW_STR("Value"), .index_range = {.s = TW_STR("1")}};
    struct tw_event item = {.protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_WRITE,
        .src = scene_at(BOT, 50000),
        .dst = scene_at(PLC, 4840),
        .object = TW_STR(SP),
        .value = num(500),
        .status = {.s = TW_STR("Good")},
        .opcua = &info};
    (void)state;
    start(&s);
    wrote(&s, 1, BOT, SP, 90, "Good");
    scene_event(&s, 9, &item);
    scene_opcua(&s, 9, BOT, PLC, TW_ACTION_WRITE, SP, text("500"), "String", "Good");
    scene_opcua(&s, 9, BOT, PLC, TW_ACTION_WRITE, SP, truth(true), "Boolean", "Good");
    wrote(&s, 9, BOT, SP, 91, "Good");
    assert_int_equal(0, scene_told(&s, "CMD-04"));
    scene_close(&s);
}

static void rates(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    scene_opcua(&s, 1, BOT, PLC, TW_ACTION_READ, FAN, num(10), "Double", "Good");
    wrote(&s, 0.1, BOT, FAN, 90, "Good"); /* it may have stood at 10 for long */
    wrote(&s, 60, BOT, FAN, 10, "Good");
    wrote(&s, 0.1, BOT, FAN, 12, "Good"); /* 2 within a second */
    assert_int_equal(0, scene_told(&s, "CMD-04"));
    wrote(&s, 2, BOT, FAN, 16.1, "Good");
    assert_int_equal(1, scene_told(&s, "CMD-04"));
    scene_close(&s);
}

static void published_commands(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    for (int i = 0; i < 3; i++) {
        const struct leaf leaves[] = {{"/ts", num(1000 * i)}, {"/sp", num(5 * i)}, {NULL, num(0)}};
        scene_message(&s, 9, BOT, "bot", TW_ACTION_PUBLISH, "kiln/set", leaves);
    }
    assert_int_equal(0, scene_told(&s, "CMD-04"));
    const struct leaf leaves[] = {{"/ts", num(0)}, {"/sp", num(4)}, {NULL, num(0)}};
    scene_message(&s, 9, BOT, "bot", TW_ACTION_PUBLISH, "kiln/set", leaves);
    assert_int_equal(1, scene_told(&s, "CMD-04"));
    scene_close(&s);
}

static void refused_again_and_again(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    for (int i = 0; i < 8; i++)
        wrote(&s, 10, BOT, FAN, 50, "Good"); /* a refresh */
    for (int i = 0; i < 8; i++)
        wrote(&s, 10, BOT, FAN, 50 + i, "BadOutOfRange"); /* it looks for what is taken */
    for (int i = 0; i < 8; i++)
        wrote(&s, 31, BOT, FAN, 70, "BadOutOfRange"); /* seldom */
    for (int i = 0; i < 8; i++)
        wrote(&s, 10, DESK, FAN, 80, "BadOutOfRange");
    for (int i = 0; i < 4; i++)
        wrote(&s, 10, BOT, FAN, 60, "BadOutOfRange");
    assert_int_equal(0, scene_told(&s, "CMD-06"));
    wrote(&s, 10, BOT, FAN, 60, "BadOutOfRange");
    assert_int_equal(1, scene_told(&s, "CMD-06"));
    assert_true(scene_find(&s, "CMD-06")->count == 5);
    scene_close(&s);
}

/* The system acts for `seconds`, once each, with a tick behind every act. */
static void act(struct scene *s, int seconds, bool beats, enum tw_action action, const char *node)
{
    for (int i = 0; i < seconds; i++) {
        if (beats && i % 4 == 0)
            wrote(s, 0, BOT, ALIVE, i, "Good");
        scene_opcua(s, 0.5, BOT, PLC, action, node, num(20), "Double", "Good");
        s->now_ns += SECOND / 2;
        tw_detect_tick(s->detect, s->now_ns);
    }
}

static void heartbeat_that_stops(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    act(&s, 40, false, TW_ACTION_READ, SP); /* never seen: not missed */
    act(&s, 40, true, TW_ACTION_READ, SP);
    act(&s, 8, false, TW_ACTION_READ, SP); /* 12 s after the last one is not yet too long */
    assert_int_equal(0, scene_told(&s, "OVR-05"));
    act(&s, 30, false, TW_ACTION_READ, SP);
    assert_int_equal(1, scene_told(&s, "OVR-05")); /* once a silence */
    const struct found *f = scene_find(&s, "OVR-05");
    assert_int_equal(TW_EVIDENCE_D, f->evidence);
    assert_true(f->floor == 60);
    assert_string_equal("bot has given no sign of life on " ALIVE " for 12.5 s (12 s are declared) "
                        "and is active: silence on " ALIVE,
        f->summary);
    assert_int_equal(2, f->n_packets);
    wrote(&s, 1, BOT, FAN, 20, "Good");
    assert_int_equal(2, scene_told(&s, "OVR-05"));
    assert_true(s.found[s.n - 1].floor == 80);
    scene_clear(&s);
    act(&s, 20, true, TW_ACTION_WRITE, FAN);
    assert_int_equal(0, scene_told(&s, "OVR-05"));
    act(&s, 30, false, TW_ACTION_READ, SP);
    assert_int_equal(1, scene_told(&s, "OVR-05")); /* another silence */
    scene_close(&s);
}

static void heartbeat_on_a_topic(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    scene_message(&s, 1, BOT, "bot", TW_ACTION_PUBLISH, "bot/alive", NULL);
    for (int i = 0; i < 10; i++)
        scene_message(&s, 2, BOT, "bot", TW_ACTION_PUBLISH, "bot/log", NULL);
    tw_detect_tick(s.detect, s.now_ns);
    assert_int_equal(0, scene_told(&s, "OVR-05")); /* 20 s are allowed */
    tw_detect_tick(s.detect, s.now_ns + SECOND);
    assert_int_equal(1, scene_told(&s, "OVR-05"));
    scene_close(&s);
}

static void silent_altogether(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    act(&s, 40, true, TW_ACTION_READ, SP);
    for (int i = 0; i < 300; i++) /* it was stopped; others go on */
        act(&s, 0, false, TW_ACTION_READ, SP), stands_at(&s, 1, TW_ACTION_READ, 20),
            tw_detect_tick(s.detect, s.now_ns);
    assert_int_equal(0, scene_told(&s, "OVR-05"));
    /* It comes back, and has time for the first one. */
    scene_opcua(&s, 1, BOT, PLC, TW_ACTION_SESSION, "s", num(0), NULL, "Good");
    act(&s, 10, false, TW_ACTION_WRITE, FAN);
    assert_int_equal(0, scene_told(&s, "OVR-05"));
    act(&s, 5, false, TW_ACTION_WRITE, FAN);
    assert_true(scene_told(&s, "OVR-05") > 0);
    scene_close(&s);
}

static void what_was_not_seen(void **state)
{
    struct scene s;
    struct tw_event gap = {.protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_GAP,
        .src = scene_at(BOT, 50000),
        .dst = scene_at(PLC, 4840)};
    (void)state;
    start(&s);
    act(&s, 200, true, TW_ACTION_READ, SP); /* what is usual */
    scene_event(&s, 0, &gap);
    act(&s, 11, false, TW_ACTION_WRITE, FAN);
    assert_int_equal(0, scene_told(&s, "OVR-05"));
    gap.missing_bytes = 7;
    scene_event(&s, 0, &gap);
    act(&s, 11, false, TW_ACTION_WRITE, FAN);
    assert_int_equal(0, scene_told(&s, "OVR-05"));
    wrote(&s, 0, BOT, ALIVE, 1, "Good");
    act(&s, 9, false, TW_ACTION_WRITE, FAN);
    /* The capture stops: the deadline passes in a hole, and nothing is known behind it. */
    for (int i = 0; i < 30; i++)
        tw_detect_tick(s.detect, s.now_ns += SECOND);
    act(&s, 11, false, TW_ACTION_WRITE, FAN);
    assert_int_equal(0, scene_told(&s, "OVR-05"));
    act(&s, 5, false, TW_ACTION_WRITE, FAN);
    assert_true(scene_told(&s, "OVR-05") > 0);
    scene_close(&s);
}

/* Acknowledgements and pings are no acts, whether they are seen or lost. */
static void lost_acknowledgements_are_no_acts(void **state)
{
    struct scene s;
    struct tw_event gap = {.protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_GAP,
        .missing_bytes = 4,
        .src = scene_at(BOT, 50000),
        .dst = scene_at(PLC, 4840)};
    (void)state;
    start(&s);
    act(&s, 40, true, TW_ACTION_READ, SP); /* what is usual */
    for (int i = 0; i < 60; i++) {         /* it is stopped, but for what keeps its connection */
        scene_event(&s, 1, &gap);
        stands_at(&s, 0, TW_ACTION_READ, 20);
        tw_detect_tick(s.detect, s.now_ns);
    }
    assert_int_equal(0, scene_told(&s, "OVR-05"));
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_acknowledgements_are_no_acts),
        cmocka_unit_test(steps_from_what_was_accepted),
        cmocka_unit_test(steps_from_what_others_did),
        cmocka_unit_test(a_late_notification_is_not_the_last_value),
        cmocka_unit_test(a_notification_may_come_before_the_answer),
        cmocka_unit_test(what_is_no_whole_number_is_no_step),
        cmocka_unit_test(rates),
        cmocka_unit_test(published_commands),
        cmocka_unit_test(refused_again_and_again),
        cmocka_unit_test(heartbeat_that_stops),
        cmocka_unit_test(heartbeat_on_a_topic),
        cmocka_unit_test(silent_altogether),
        cmocka_unit_test(what_was_not_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
