#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect_scene.h"
#include "event/sparkplug.h"

/* Shipped rules about what an AI system sets in motion: when, on whose word, from which inputs, and
 * with which result. */

static const char inventory[] =
    "inventory: 1\n"
    "networks: {plant: [10.7.0.0/16]}\n"
    "assets:\n"
    "  - {id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}\n"
    "  - {id: broker, kind: mqtt-broker, ip: [10.7.0.20], ports: [1883]}\n"
    "  - {id: desk, kind: operator, ip: [10.7.0.40], identity: {security: None, mqtt_client_id: "
    "[desk], mqtt_security: plain}}\n"
    "ai_systems:\n"
    "  - id: bot\n"
    "    tier: T3\n"
    "    ip: [10.7.0.53]\n"
    "    identity: {mqtt_client_id: [bot], mqtt_security: plain, security: None}\n"
    "    active: {days: mon-sat, from: \"06:00\", to: \"22:00\", tz: Asia/Shanghai}\n"
    "    inputs: [kiln.pv, kiln.temp, kiln.level]\n"
    "    stop:\n"
    "      - {mqtt: halls/+/stop, field: /stop, ai_system: /who, by: [desk]}\n"
    "      - {mqtt: bot/mode, values: [manual, safe]}\n"
    "      - {opcua: plc, node: \"ns=2;s=Bot.Enable\", values: [false]}\n"
    "  - {id: other, tier: T2, ip: [10.7.0.54], identity: {mqtt_client_id: [other], "
    "mqtt_security: plain, security: None}}\n"
    "variables:\n"
    "  - {id: kiln.sp, opcua: {server: plc, node: \"ns=2;s=Kiln.SP\"}, range: [0, 200], role: "
    "command}\n"
    "  - {id: kiln.temp, opcua: {server: plc, node: \"ns=2;s=Kiln.PV\"}, role: measurement}\n"
    "  - {id: kiln.level, mqtt: {topic: spBv1.0/G/DDATA/E/D, field: Level}, role: measurement}\n"
    "  - {id: bot.alive, opcua: {server: plc, node: \"ns=2;s=Bot.Alive\"}, role: heartbeat}\n"
    "  - {id: kiln.set, mqtt: {topic: kiln/set, field: /sp}, role: command}\n"
    "  - {id: kiln.keep, mqtt: {topic: kiln/keep, field: /sp}, role: command, normal: [retained]}\n"
    "  - {id: kiln.any, mqtt: {topic: \"kiln/+/any\"}, role: command}\n"
    "  - {id: kiln.pv, mqtt: {topic: kiln/pv, field: /sp}, role: measurement}\n";

#define BOT "10.7.0.53"
#define DESK "10.7.0.40"
#define OTHER "10.7.0.54"
#define STRANGER "203.0.113.9"
#define PLC "10.7.0.10"
#define SP "ns=2;s=Kiln.SP"
#define ALIVE "ns=2;s=Bot.Alive"

/* Sunday 2026-03-01, 08:00 UTC: 16:00 in Shanghai. */
static void start(struct scene *s)
{
    scene_open(s, inventory, "rules");
    s->now_ns += 24 * 3600 * SECOND;
}

static void wrote(
    struct scene *s, double after_s, const char *ip, const char *node, double v, const char *status)
{
    scene_opcua(s, after_s, ip, PLC, TW_ACTION_WRITE, node, num(v), "Double", status);
}

static void outside_its_hours(void **state)
{
    struct scene s;
    (void)state;
    start(&s); /* Monday, 16:00 */
    wrote(&s, 1, BOT, SP, 50, "Good");
    assert_int_equal(0, scene_told(&s, "CMD-09"));
    s.now_ns += 6 * 3600 * SECOND;
    scene_opcua(&s, 1, BOT, PLC, TW_ACTION_READ, SP, num(50), "Double", "Good");
    wrote(&s, 1, BOT, ALIVE, 1, "Good");
    wrote(&s, 1, DESK, SP, 50, "Good");
    assert_int_equal(0, scene_told(&s, "CMD-09"));
    wrote(&s, 1, BOT, SP, 50, "Good");
    assert_int_equal(1, scene_told(&s, "CMD-09"));
    const struct found *f = scene_find(&s, "CMD-09");
    assert_int_equal(TW_EVIDENCE_D, f->evidence);
    assert_string_equal("bot: write on kiln.sp at a time when it is declared not to be active "
                        "(server answered Good)",
        f->summary);
    const struct leaf leaves[] = {{"/sp", num(5)}, {NULL, num(0)}};
    scene_message(&s, 1, BOT, "bot", TW_ACTION_PUBLISH, "kiln/set", leaves);
    assert_int_equal(2, scene_told(&s, "CMD-09"));
    scene_message(&s, 1, BOT, "bot", TW_ACTION_PUBLISH, "kiln/pv", leaves);
    assert_int_equal(2, scene_told(&s, "CMD-09"));
    scene_close(&s);
}

/* A message that has `retain`, and its one leaf. */
static size_t retained(const char *ip, const char *topic, bool retain, struct tw_value value)
{
    struct tw_mqtt_info info = {
        .serial = 1, .has_publish_flags = true, .retain = retain, .payload_format = "json"};
    struct tw_event e = {.protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_PUBLISH,
        .src = scene_at(ip, 50001),
        .dst = scene_at("10.7.0.20", 1883),
        .object = tw_str_of(topic),
        .mqtt = &info};
    struct scene s;
    start(&s);
    scene_event(&s, 1, &e);
    e.field = TW_STR("/sp");
    e.value = value;
    if (value.kind != TW_VALUE_NONE)
        scene_event(&s, 0, &e);
    const size_t n = scene_told(&s, "CMD-10");
    scene_close(&s);
    return n;
}

static void retained_commands(void **state)
{
    (void)state;
    assert_int_equal(1, retained(BOT, "kiln/set", true, num(5)));
    assert_int_equal(1, retained(STRANGER, "kiln/set", true, num(5)));
    assert_int_equal(1, retained(BOT, "kiln/2/any", true, num(5)));
    assert_int_equal(0, retained(BOT, "kiln/set", false, num(5)));
    assert_int_equal(0, retained(BOT, "kiln/pv", true, num(5)));
    assert_int_equal(0, retained(BOT, "kiln/keep", true, num(5))); /* by design */
    assert_int_equal(0, retained(DESK, "kiln/set", true, num(5)));
    assert_int_equal(0, retained(BOT, "kiln/set", true, (struct tw_value){0})); /* taken away */
}

static size_t willed(const char *topic, const char *reason)
{
    struct tw_mqtt_info info = {.serial = 1,
        .client_id = {.s = TW_STR("bot")},
        .has_will = true,
        .has_publish_flags = true};
    struct tw_event e = {.protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_CONNECT,
        .src = scene_at(BOT, 50001),
        .dst = scene_at("10.7.0.20", 1883),
        .object = TW_STR("bot"),
        .status = {.s = tw_str_of(reason)},
        .status_bad = strcmp(reason, "Success") != 0,
        .mqtt = &info};
    struct scene s;
    info.will_topic = tw_str_of(topic);
    start(&s);
    scene_event(&s, 1, &e);
    const size_t n = scene_told(&s, "CMD-10");
    if (n > 0 && strcmp(topic, "kiln/set") == 0) {
        assert_string_equal("{\"will_sets\":\"kiln.set\"}", s.found[0].expected);
        assert_string_equal("bot left a command with broker that is given later, by connect on bot "
                            "(retained: false, will: kiln/set)",
            s.found[0].summary);
    }
    scene_close(&s);
    return n;
}

static void commands_as_wills(void **state)
{
    (void)state;
    assert_int_equal(1, willed("kiln/set", "Success"));
    assert_int_equal(1, willed("spBv1.0/G/DCMD/E/D", "Success"));
    assert_int_equal(0, willed("kiln/set", "NotAuthorized"));
    assert_int_equal(0, willed("bot/state", "Success"));
    assert_int_equal(0, willed("spBv1.0/G/NDEATH/E", "Success"));
}

static void retained_sparkplug_commands(void **state)
{
    struct tw_mqtt_info info = {
        .serial = 1, .has_publish_flags = true, .retain = true, .payload_format = "sparkplug"};
    struct tw_sparkplug_info spark = {.serial = 1, .kind = TW_SPARKPLUG_NCMD};
    struct tw_event e = {.protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_PUBLISH,
        .src = scene_at(BOT, 50001),
        .dst = scene_at("10.7.0.20", 1883),
        .object = TW_STR("spBv1.0/G/NCMD/E"),
        .mqtt = &info,
        .sparkplug = &spark};
    struct scene s;
    (void)state;
    start(&s);
    scene_event(&s, 1, &e);
    assert_int_equal(1, scene_told(&s, "CMD-10"));
    spark.kind = TW_SPARKPLUG_NDATA;
    scene_event(&s, 1, &e);
    assert_int_equal(1, scene_told(&s, "CMD-10"));
    scene_close(&s);
}

static void published(
    struct scene *s, double after_s, const char *ip, const char *topic, struct tw_value v)
{
    struct tw_mqtt_info info = {.serial = ++s->serial, .payload_format = "text"};
    struct tw_event e = {.protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_PUBLISH,
        .src = scene_at(ip, 50001),
        .dst = scene_at("10.7.0.20", 1883),
        .object = tw_str_of(topic),
        .value = v,
        .mqtt = &info};
    scene_event(s, after_s, &e);
}

static void tell_stop(struct scene *s, const char *ip, const char *who, struct tw_value stop)
{
    const struct leaf leaves[] = {{"/stop", stop}, {"/who", text(who)}, {NULL, num(0)}};
    scene_message(s, 1, ip, ip, TW_ACTION_PUBLISH, "halls/2/stop", leaves);
}

static void stopped_by_a_message(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    tell_stop(&s, DESK, "other", truth(true)); /* somebody else is meant */
    tell_stop(&s, OTHER, "bot", truth(true));  /* who may not */
    tell_stop(&s, DESK, "bot", truth(false));
    wrote(&s, 5, BOT, SP, 50, "Good");
    assert_int_equal(0, scene_told(&s, "OVR-08"));
    tell_stop(&s, DESK, "bot", text("STOP"));
    wrote(&s, 1.5, BOT, SP, 51, "Good"); /* on its way */
    wrote(&s, 5, DESK, SP, 52, "Good");
    wrote(&s, 5, OTHER, SP, 52, "Good");
    wrote(&s, 1, BOT, ALIVE, 1, "Good");
    scene_opcua(&s, 1, BOT, PLC, TW_ACTION_READ, SP, num(50), "Double", "Good");
    assert_int_equal(0, scene_told(&s, "OVR-08"));
    wrote(&s, 0.5, BOT, SP, 53, "BadUserAccessDenied");
    assert_int_equal(1, scene_told(&s, "OVR-08"));
    const struct found *f = scene_find(&s, "OVR-08");
    assert_true(f->floor == 97);
    assert_string_equal("bot was told to stop by desk on halls/+/stop 14 s ago: write on kiln.sp "
                        "(server answered BadUserAccessDenied)",
        f->summary);
    scene_opcua(&s, 1, BOT, PLC, TW_ACTION_CALL, "ns=2;s=Start", num(1), NULL, "Good");
    const struct leaf leaves[] = {{"/sp", num(5)}, {NULL, num(0)}};
    scene_message(&s, 1, BOT, "bot", TW_ACTION_PUBLISH, "kiln/set", leaves);
    assert_int_equal(3, scene_told(&s, "OVR-08"));
    tell_stop(&s, DESK, "bot", truth(false));
    scene_clear(&s);
    wrote(&s, 5, BOT, SP, 54, "Good");
    assert_int_equal(0, scene_told(&s, "OVR-08"));
    scene_close(&s);
}

/* Words of its own, and anybody but itself may say them. */
static void stopped_by_a_word(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    published(&s, 1, BOT, "bot/mode", text("manual"));
    wrote(&s, 5, BOT, SP, 50, "Good");
    published(&s, 1, OTHER, "bot/mode", text("stop")); /* not its word */
    wrote(&s, 5, BOT, SP, 50, "Good");
    assert_int_equal(0, scene_told(&s, "OVR-08"));
    published(&s, 1, OTHER, "bot/mode", text("Manual"));
    published(&s, 1, BOT, "bot/mode", text("auto"));
    wrote(&s, 5, BOT, SP, 51, "Good");
    assert_int_equal(1, scene_told(&s, "OVR-08"));
    published(&s, 1, OTHER, "bot/mode", text("auto"));
    wrote(&s, 5, BOT, SP, 52, "Good");
    assert_int_equal(1, scene_told(&s, "OVR-08"));
    scene_close(&s);
}

/* What the server tells of a node, with the StatusCode that its name stands for. */
static void notified_of(struct scene *s, double after_s, const char *node, struct tw_value v,
    const char *status, uint32_t code)
{
    struct tw_opcua_info info = {.attribute = TW_STR("Value")};
    struct tw_event e = {.protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_NOTIFY,
        .src = scene_at(PLC, 4840),
        .dst = scene_at(BOT, 50000),
        .object = tw_str_of(node),
        .value = v,
        .status = {.s = tw_str_of(status)},
        .status_bad = code >> 31 != 0,
        .status_code = code,
        .opcua = &info};
    scene_event(s, after_s, &e);
}

static void stopped_by_a_node(void **state)
{
    struct scene s;
    static const char enable[] = "ns=2;s=Bot.Enable";
    (void)state;
    start(&s);
    notified_of(&s, 1, enable, truth(true), "Good", 0);
    wrote(&s, 5, BOT, SP, 50, "Good");
    assert_int_equal(0, scene_told(&s, "OVR-08"));
    scene_opcua(&s, 1, DESK, PLC, TW_ACTION_WRITE, enable, truth(false), "Boolean", "Good");
    notified_of(&s, 0.1, enable, truth(true), "Good", 0); /* sampled before */
    wrote(&s, 5, BOT, SP, 51, "Good");
    assert_int_equal(1, scene_told(&s, "OVR-08"));
    /* It lets itself go, and the server says so. */
    scene_opcua(&s, 9, BOT, PLC, TW_ACTION_WRITE, enable, truth(true), "Boolean", "Good");
    notified_of(&s, 9, enable, truth(true), "Good", 0);
    scene_clear(&s);
    wrote(&s, 5, BOT, SP, 52, "Good");
    assert_int_equal(1, scene_told(&s, "OVR-08"));
    scene_opcua(&s, 9, DESK, PLC, TW_ACTION_WRITE, enable, truth(true), "Boolean", "Good");
    wrote(&s, 5, BOT, SP, 53, "Good");
    assert_int_equal(1, scene_told(&s, "OVR-08"));
    /* The machine itself says stop. */
    notified_of(&s, 9, enable, truth(false), "Good", 0);
    wrote(&s, 5, BOT, SP, 54, "Good");
    assert_int_equal(2, scene_told(&s, "OVR-08"));
    scene_clear(&s);
    wrote(&s, 1, BOT, SP, 54, "Good");
    assert_string_equal("bot was told to stop by unknown on ns=2;s=Bot.Enable 6 s ago: write on "
                        "kiln.sp (server answered Good)",
        scene_find(&s, "OVR-08")->summary);
    scene_close(&s);
}

static const struct {
    const char *status;
    uint32_t code;
    bool poor;
} qualities[] = {{"Good", 0, false}, {"GoodLocalOverride", 0x00960000, false},
    {"BadSensorFailure", 0x808c0000, true}, {"UncertainLastUsableValue", 0x40900000, true},
    {"0x40aa0000", 0x40aa0000, true}, {"BadUserAccessDenied", 0x801f0000, false},
    {"BadNodeIdUnknown", 0x80340000, false}};

static void inputs_of_bad_quality(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(qualities) / sizeof(qualities[0]); i++) {
        struct scene s;
        start(&s);
        notified_of(&s, 1, "ns=2;s=Kiln.PV", num(80), qualities[i].status, qualities[i].code);
        wrote(&s, 3, OTHER, SP, 50, "Good"); /* not its input */
        wrote(&s, 1, BOT, ALIVE, 50, "Good");
        assert_int_equal(0, scene_told(&s, "INP-07"));
        wrote(&s, 1, BOT, SP, 50, "Good");
        if (scene_told(&s, "INP-07") != qualities[i].poor)
            fail_msg("%s", qualities[i].status);
        notified_of(&s, 1, "ns=2;s=Kiln.PV", num(80), "Good", 0);
        scene_clear(&s);
        wrote(&s, 1, BOT, SP, 50, "Good");
        assert_int_equal(0, scene_told(&s, "INP-07"));
        scene_close(&s);
    }
}

static void what_was_not_given_to_it(void **state)
{
    struct scene s;
    struct tw_event gap = {.protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_GAP,
        .src = scene_at(PLC, 4840),
        .dst = scene_at(BOT, 50000)};
    (void)state;
    start(&s);
    scene_opcua(
        &s, 1, OTHER, PLC, TW_ACTION_READ, "ns=2;s=Kiln.PV", num(80), "Double", "BadSensorFailure");
    wrote(&s, 1, BOT, SP, 50, "Good");
    assert_int_equal(0, scene_told(&s, "INP-07"));
    scene_opcua(
        &s, 1, BOT, PLC, TW_ACTION_READ, "ns=2;s=Kiln.PV", num(80), "Double", "BadSensorFailure");
    wrote(&s, 1, BOT, SP, 50, "Good");
    assert_int_equal(1, scene_told(&s, "INP-07"));
    const struct found *f = scene_find(&s, "INP-07");
    assert_true(f->floor == 70);
    assert_string_equal("BadSensorFailure", f->observed);
    assert_string_equal("bot: write on kiln.sp with 50, while its input kiln.temp has been "
                        "BadSensorFailure for 1 s",
        f->summary);
    scene_event(&s, 1, &gap); /* the next one may have been good */
    wrote(&s, 1, BOT, SP, 50, "Good");
    assert_int_equal(1, scene_told(&s, "INP-07"));
    scene_close(&s);
}

/* Nothing is asked of the values of an input, until one is poor; then the next ones count. */
static void good_inputs_are_not_looked_at(void **state)
{
    struct tw_thing_note note = {0};
    struct tw_opcua_info info = {.auth_token = 5};
    struct tw_session_facts facts = {.note = &note, .identity = 3};
    struct scene s;
    (void)state;
    start(&s);
    for (int i = 0; i < 8; i++) {
        const bool poor = i == 3;
        struct tw_event e = {.protocol = TW_PROTO_OPCUA,
            .action = TW_ACTION_NOTIFY,
            .src = scene_at(PLC, 4840),
            .dst = scene_at(BOT, 50000),
            .flow = 7,
            .object = TW_STR("ns=2;s=Kiln.PV"),
            .value = num(i),
            .status = {.s = poor ? TW_STR("UncertainLastUsableValue") : TW_STR("Good")},
            .status_code = poor ? 0x40900000 : 0,
            .opcua = &info,
            .facts = &facts};
        e.ts_ns = s.now_ns;
        const bool passed = tw_detect_pass(s.detect, &e, e.facts);
        /* The first one, the poor one, and the one behind it, by which it is good again. */
        assert_true(passed == (i != 0 && i != 3 && i != 4));
        if (!passed)
            scene_event(&s, 0, &e);
    }
    wrote(&s, 1, BOT, SP, 50, "Good");
    assert_int_equal(0, scene_told(&s, "INP-07"));
    scene_close(&s);
}

static void published_inputs(void **state)
{
    struct tw_sparkplug_metric metric = {.has_quality = true, .quality = 192};
    struct tw_mqtt_info info = {.serial = 1, .payload_format = "sparkplug"};
    struct tw_event e = {.protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_PUBLISH,
        .src = scene_at("10.7.0.60", 50001),
        .dst = scene_at("10.7.0.20", 1883),
        .object = TW_STR("spBv1.0/G/DDATA/E/D"),
        .field = TW_STR("Level"),
        .value = num(4),
        .mqtt = &info,
        .metric = &metric};
    static const int64_t told_of[] = {192, 500, 0, 192};
    static const char *const words[] = {"", "stale", "bad", ""};
    struct scene s;
    (void)state;
    start(&s);
    for (size_t i = 0; i < 4; i++) {
        metric.quality = told_of[i];
        scene_event(&s, 1, &e);
        wrote(&s, 1, BOT, SP, 50, "Good");
        const struct found *f = scene_find(&s, "INP-07");
        assert_true((f != NULL) == (words[i][0] != '\0'));
        if (i == 1)
            assert_string_equal(words[i], f->observed);
        scene_clear(&s);
    }
    const struct leaf missing[] = {{"/sp", {.kind = TW_VALUE_NULL}}, {NULL, num(0)}};
    scene_message(&s, 1, DESK, "desk", TW_ACTION_PUBLISH, "kiln/pv", missing);
    wrote(&s, 1, BOT, SP, 50, "Good");
    assert_string_equal("null", scene_find(&s, "INP-07")->observed);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outside_its_hours),
        cmocka_unit_test(retained_commands),
        cmocka_unit_test(commands_as_wills),
        cmocka_unit_test(retained_sparkplug_commands),
        cmocka_unit_test(stopped_by_a_message),
        cmocka_unit_test(stopped_by_a_word),
        cmocka_unit_test(stopped_by_a_node),
        cmocka_unit_test(inputs_of_bad_quality),
        cmocka_unit_test(what_was_not_given_to_it),
        cmocka_unit_test(good_inputs_are_not_looked_at),
        cmocka_unit_test(published_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
