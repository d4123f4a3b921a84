#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "detect_scene.h"

/* Shipped rules about how commands to a target go, who else commands it, and how many there are. */

static const char inventory[] =
    "inventory: 1\n"
    "networks: {plant: [10.7.0.0/16]}\n"
    "assets:\n"
    "  - {id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}\n"
    "  - {id: broker, kind: mqtt-broker, ip: [10.7.0.20], ports: [1883]}\n"
    "  - {id: desk, kind: operator, ip: [10.7.0.40], identity: {security: None}}\n"
    "  - {id: box, kind: gateway, ip: [10.7.0.41], identity: {security: None}}\n"
    "ai_systems:\n"
    "  - id: bot\n"
    "    tier: T3\n"
    "    ip: [10.7.0.53]\n"
    "    identity: {mqtt_client_id: [bot], mqtt_security: plain, security: None}\n"
    "    may:\n"
    "      - {opcua: plc, actions: [write], nodes: [\"ns=2;s=Slow\"], rate: 6/min}\n"
    "      - {opcua: plc, actions: [read, write, call]}\n"
    "      - {mqtt: broker, actions: [publish], topics: [kiln/set]}\n"
    "  - {id: hasty, tier: T2, ip: [10.7.0.54], identity: {security: None}, quotas: {writes: "
    "60/min}, may: [{opcua: plc, actions: [write]}]}\n"
    "variables:\n"
    "  - {id: sp, opcua: {server: plc, node: \"ns=2;s=SP\"}, range: [0, 200], role: command}\n"
    "  - {id: held, opcua: {server: plc, node: \"ns=2;s=Held\"}, range: [0, 200], role: command, "
    "hold_off: 2m}\n"
    "  - {id: free, opcua: {server: plc, node: \"ns=2;s=Free\"}, range: [0, 200], role: command, "
    "normal: [ramp, cycle, limit]}\n"
    "  - {id: mode, opcua: {server: plc, node: \"ns=2;s=Mode\"}, role: command}\n"
    "  - {id: alive, opcua: {server: plc, node: \"ns=2;s=Alive\"}, role: heartbeat}\n"
    "  - {id: set, mqtt: {topic: kiln/set, field: /sp}, unit: degC, role: command}\n";

#define BOT "10.7.0.53"
#define HASTY "10.7.0.54"
#define DESK "10.7.0.40"
#define BOX "10.7.0.41"
#define PLC "10.7.0.10"
#define SP "ns=2;s=SP"
#define HELD "ns=2;s=Held"
#define FREE "ns=2;s=Free"

static void start(struct scene *s)
{
    scene_open(s, inventory, "rules");
}

static void wrote(
    struct scene *s, double after_s, const char *ip, const char *node, double v, const char *status)
{
    scene_opcua(s, after_s, ip, PLC, TW_ACTION_WRITE, node, num(v), "Double", status);
}

static void a_person_is_overruled(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    wrote(&s, 1, BOT, HELD, 100, "Good");
    wrote(&s, 60, BOX, HELD, 110, "Good"); /* a program */
    wrote(&s, 60, BOT, HELD, 100, "Good");
    wrote(&s, 60, DESK, HELD, 120, "BadOutOfRange");
    wrote(&s, 10, BOT, HELD, 101, "Good");
    wrote(&s, 60, DESK, HELD, 120, "Good");
    wrote(&s, 10, BOT, HELD, 120, "Good"); /* the same */
    assert_int_equal(0, scene_told(&s, "OVR-06"));
    wrote(&s, 60, BOT, HELD, 102, "Good");
    assert_int_equal(1, scene_told(&s, "OVR-06"));
    const struct found *f = scene_find(&s, "OVR-06");
    assert_int_equal(TW_EVIDENCE_D, f->evidence);
    assert_true(f->floor == 70);
    assert_string_equal("bot wrote 102 to held, where desk had commanded 120 70 s before (server "
                        "answered Good)",
        f->summary);
    assert_string_equal("{\"commanded\":120,\"by\":\"desk\",\"hold_off_s\":120}", f->expected);
    wrote(&s, 51, BOT, HELD, 103, "Good"); /* the hold-off is over */
    assert_int_equal(1, scene_told(&s, "OVR-06"));
    /* Where nothing is declared it is little evidence. */
    wrote(&s, 1, DESK, SP, 50, "Good");
    scene_clear(&s);
    wrote(&s, 599, BOT, SP, 60, "Good");
    assert_int_equal(TW_EVIDENCE_W, scene_find(&s, "OVR-06")->evidence);
    assert_true(scene_find(&s, "OVR-06")->floor == 0);
    wrote(&s, 2, BOT, SP, 60, "Good");
    assert_int_equal(1, scene_told(&s, "OVR-06"));
    scene_close(&s);
}

static void one_against_another(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    for (int i = 0; i < 4; i++) { /* they agree, within a hundredth */
        wrote(&s, 5, BOX, SP, 100, "Good");
        wrote(&s, 5, BOT, SP, 101.9, "Good");
    }
    for (int i = 0; i < 3; i++) { /* slowly */
        wrote(&s, 170, BOX, SP, 100, "Good");
        wrote(&s, 170, BOT, SP, 110, "Good");
    }
    wrote(&s, 400, BOX, SP, 100, "Good");
    for (int i = 0; i < 9; i++)
        wrote(&s, 2, BOT, SP, 110 + i, "Good");
    wrote(&s, 400, BOX, SP, 100, "Good");
    wrote(&s, 9, BOT, SP, 120, "Good");
    wrote(&s, 9, BOX, SP, 100, "BadUserAccessDenied");
    wrote(&s, 9, BOT, SP, 121, "Good");
    assert_int_equal(0, scene_told(&s, "MAS-03"));
    wrote(&s, 9, BOX, SP, 100, "Good");
    assert_int_equal(0, scene_told(&s, "MAS-03"));
    wrote(&s, 9, BOT, SP, 120, "Good");
    assert_int_equal(1, scene_told(&s, "MAS-03"));
    const struct found *f = scene_find(&s, "MAS-03");
    assert_int_equal(TW_EVIDENCE_S, f->evidence);
    assert_true(f->floor == 0);
    assert_string_equal(
        "bot and box command sp against each other: 4 turns within 5 min, now 120", f->summary);
    wrote(&s, 9, BOX, SP, 100, "Good");
    wrote(&s, 9, BOT, SP, 120, "Good");
    assert_true(s.found[s.n - 1].floor == 60);
    scene_close(&s);
}

/* Steady commands at about 20, and then: */
static const struct {
    double value;
    const char *looks; /* NULL: nothing */
    enum tw_evidence evidence;
} slips[] = {
    {21, NULL, 0},
    {28, NULL, 0},
    {200, "ten times", TW_EVIDENCE_M},
    {2, "a tenth of", TW_EVIDENCE_M},
    {68, "degrees Fahrenheit of", TW_EVIDENCE_S},
    {-6.6667, "degrees Celsius of", TW_EVIDENCE_S},
    {19500, "a thousand times", TW_EVIDENCE_S},
    {0.02, "a thousandth of", TW_EVIDENCE_S},
    {1200, "minutes as seconds of", TW_EVIDENCE_S},
    {290, "psi of bar for", TW_EVIDENCE_S},
    {44, "pounds of kilograms for", TW_EVIDENCE_S},
    {100, NULL, 0},
    {160, NULL, 0},
};

static void a_wrong_unit(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
        struct scene s;
        start(&s);
        for (int k = 0; k < 9; k++) {
            const struct leaf leaves[] = {{"/sp", num(19 + k % 3)}, {NULL, num(0)}};
            scene_message(&s, 20, BOT, "bot", TW_ACTION_PUBLISH, "kiln/set", leaves);
        }
        const struct leaf leaves[] = {{"/sp", num(slips[i].value)}, {NULL, num(0)}};
        scene_message(&s, 20, BOT, "bot", TW_ACTION_PUBLISH, "kiln/set", leaves);
        const struct found *f = scene_find(&s, "CMD-03");
        if ((f != NULL) != (slips[i].looks != NULL))
            fail_msg("%g", slips[i].value);
        if (f != NULL) {
            assert_non_null(strstr(f->summary, slips[i].looks));
            assert_string_equal("{\"usual\":20}", f->expected);
            assert_int_equal(slips[i].evidence, f->evidence);
        }
        scene_close(&s);
    }
}

static void no_wrong_unit(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    for (int i = 0; i < 20; i++) { /* a number of a mode has no unit */
        wrote(&s, 20, BOT, "ns=2;s=Mode", 1, "Good");
        wrote(&s, 20, BOT, SP, 5 + 10 * (i % 5), "Good"); /* used to going far */
    }
    wrote(&s, 20, BOT, "ns=2;s=Mode", 10, "Good");
    wrote(&s, 20, BOT, SP, 200, "Good");
    for (int i = 0; i < 7; i++) /* not yet usual */
        wrote(&s, 20, BOT, HELD, 10, "Good");
    wrote(&s, 20, BOT, HELD, 100, "Good");
    assert_int_equal(0, scene_told(&s, "CMD-03"));
    scene_close(&s);
}

static void up_and_down(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    for (int i = 0; i < 40; i++) { /* noise, and a walk */
        wrote(&s, 20, BOT, SP, 100 + (i % 2), "Good");
        wrote(&s, 20, BOT, HELD, 100 + 10 * (i % 4 < 2 ? i % 2 : 2 - i % 2), "Good");
        wrote(&s, 20, BOT, FREE, 100 + 50 * (i % 2), "Good");
    }
    assert_int_equal(0, scene_told(&s, "CTL-01"));
    for (int i = 0; i < 12; i++)
        wrote(&s, 20, BOT, SP, 100 + 8 * (i % 2), "Good");
    assert_true(scene_told(&s, "CTL-01") > 0);
    assert_int_equal(TW_EVIDENCE_M, scene_find(&s, "CTL-01")->evidence);
    scene_clear(&s);
    for (int i = 0; i < 12; i++)
        wrote(&s, 20, BOT, SP, 100 + 20 * (i % 2), "Good");
    const struct found *f = &s.found[s.n - 1];
    assert_string_equal("CTL-01", f->rule);
    assert_int_equal(TW_EVIDENCE_S, f->evidence);
    assert_true(f->floor == 55);
    assert_string_equal("bot commands sp up and down: 10 of the last 10 steps went back, by 10 % "
                        "of the range each, with 0 half-waves of what follows, now 120",
        f->summary);
    scene_close(&s);
}

static void one_way(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    for (int i = 0; i < 30; i++) {
        wrote(&s, 20, BOT, FREE, 50 + 3 * i, "Good");      /* a ramp by design */
        wrote(&s, 20, BOT, HELD, 100 + i * 0.5, "Good");   /* not far */
        wrote(&s, 20, BOT, SP, 100 + 4 * (i % 6), "Good"); /* and back */
    }
    assert_int_equal(0, scene_told(&s, "CTL-02"));
    scene_close(&s);
    start(&s);
    for (int i = 0; i <= 12; i++) {
        assert_int_equal(0, scene_told(&s, "CTL-02"));
        wrote(&s, 20, BOT, SP, 100 + 2.6 * i, "Good");
    }
    assert_int_equal(1, scene_told(&s, "CTL-02"));
    assert_int_equal(TW_EVIDENCE_M, scene_find(&s, "CTL-02")->evidence);
    assert_string_equal("bot moves sp one way: 12 steps by 15.6 % of the range, 9.6 % with steps "
                        "back between them, now 131.2",
        s.found[s.n - 1].summary);
    scene_close(&s);
}

/* Two steps up, one back: no run of twelve, but a drift. */
static void one_way_with_steps_back(void **state)
{
    struct scene s;
    double v = 20;
    size_t n = 0;
    (void)state;
    start(&s);
    for (int i = 0; i < 60 && scene_told(&s, "CTL-02") == 0; i++, n++) {
        v += i % 3 == 2 ? -2 : 4;
        wrote(&s, 20, BOT, SP, v, "Good");
    }
    assert_int_equal(1, scene_told(&s, "CTL-02"));
    assert_true(n > 20 && n < 60);
    scene_close(&s);
}

static void at_a_limit(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    for (int i = 0; i < 9; i++) {
        wrote(&s, 60, BOT, SP, i % 2 ? 200 : 150 + i, "Good");
        wrote(&s, 60, BOT, FREE, 200, "Good");
    }
    assert_int_equal(0, scene_told(&s, "CTL-03")); /* too few */
    wrote(&s, 60, BOT, SP, 150, "Good");           /* this one is not */
    assert_int_equal(0, scene_told(&s, "CTL-03"));
    wrote(&s, 60, BOT, SP, 199, "Good");
    wrote(&s, 60, BOT, FREE, 200, "Good");
    assert_int_equal(1, scene_told(&s, "CTL-03"));
    assert_string_equal("bot commands sp to a limit of its range: 45.5 % of 11 commands within an "
                        "hour, now 199",
        scene_find(&s, "CTL-03")->summary);
    for (int i = 0; i < 60; i++)
        wrote(&s, 60, BOT, SP, 100 + i % 7, "Good");
    scene_clear(&s);
    wrote(&s, 60, BOT, SP, 200, "Good"); /* once an hour */
    assert_int_equal(0, scene_told(&s, "CTL-03"));
    scene_close(&s);
}

static void too_many_acts(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    for (int i = 0; i < 200; i++) { /* half a second is what refills it */
        wrote(&s, 2, BOT, SP, 100 + i % 3, "Good");
        wrote(&s, 0, BOT, "ns=2;s=Alive", i, "Good");
    }
    for (int i = 0; i < 40; i++)
        wrote(&s, 0.1, DESK, SP, 100, "Good");
    assert_int_equal(0, scene_told(&s, "CMD-07"));
    for (int i = 0; i < 10; i++)
        wrote(&s, 0.01, BOT, SP, 100, "Good");
    assert_int_equal(0, scene_told(&s, "CMD-07"));
    wrote(&s, 0.01, BOT, SP, 100, "Good");
    assert_int_equal(1, scene_told(&s, "CMD-07"));
    assert_int_equal(TW_EVIDENCE_M, scene_find(&s, "CMD-07")->evidence);
    scene_close(&s);
}

static void more_than_was_declared(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    for (int i = 0; i < 60; i++)
        wrote(&s, 10, BOT, "ns=2;s=Slow", 100, "Good");
    for (int i = 0; i < 5; i++)
        wrote(&s, 0.1, BOT, "ns=2;s=Slow", 100, "Good");
    assert_int_equal(0, scene_told(&s, "CMD-07"));
    wrote(&s, 0.1, BOT, "ns=2;s=Slow", 100, "Good");
    assert_int_equal(1, scene_told(&s, "CMD-07"));
    const struct found *f = scene_find(&s, "CMD-07");
    assert_int_equal(TW_EVIDENCE_S, f->evidence);
    assert_string_equal("{\"per_minute\":6,\"at_once\":6}", f->expected);
    scene_clear(&s);
    for (int i = 0; i < 300; i++) /* a quota of one a second */
        wrote(&s, 1, HASTY, SP, 100, "Good");
    assert_int_equal(0, scene_told(&s, "CMD-07"));
    for (int i = 0; i < 130; i++)
        wrote(&s, 0.5, HASTY, SP, 100, "Good");
    assert_true(scene_told(&s, "CMD-07") > 0);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_person_is_overruled),
        cmocka_unit_test(one_against_another),
        cmocka_unit_test(a_wrong_unit),
        cmocka_unit_test(no_wrong_unit),
        cmocka_unit_test(up_and_down),
        cmocka_unit_test(one_way),
        cmocka_unit_test(one_way_with_steps_back),
        cmocka_unit_test(at_a_limit),
        cmocka_unit_test(too_many_acts),
        cmocka_unit_test(more_than_was_declared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
