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
    "variables:\n"
    "  - {id: kiln.sp, opcua: {server: plc, node: \"ns=2;s=Kiln.SP\"}, range: [0, 200], role: "
    "command}\n"
    "  - {id: bot.alive, opcua: {server: plc, node: \"ns=2;s=Bot.Alive\"}, role: heartbeat}\n"
    "  - {id: kiln.set, mqtt: {topic: kiln/set, field: /sp}, role: command}\n"
    "  - {id: kiln.keep, mqtt: {topic: kiln/keep, field: /sp}, role: command, normal: [retained]}\n"
    "  - {id: kiln.any, mqtt: {topic: \"kiln/+/any\"}, role: command}\n"
    "  - {id: kiln.pv, mqtt: {topic: kiln/pv, field: /sp}, role: measurement}\n";

#define BOT "10.7.0.53"
#define DESK "10.7.0.40"
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

static size_t told(const struct scene *s, const char *rule)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += strcmp(s->found[i].rule, rule) == 0;
    return n;
}

static void outside_its_hours(void **state)
{
    struct scene s;
    (void)state;
    start(&s); /* Monday, 16:00 */
    wrote(&s, 1, BOT, SP, 50, "Good");
    assert_int_equal(0, told(&s, "CMD-09"));
    s.now_ns += 6 * 3600 * SECOND;
    scene_opcua(&s, 1, BOT, PLC, TW_ACTION_READ, SP, num(50), "Double", "Good");
    wrote(&s, 1, BOT, ALIVE, 1, "Good");
    wrote(&s, 1, DESK, SP, 50, "Good");
    assert_int_equal(0, told(&s, "CMD-09"));
    wrote(&s, 1, BOT, SP, 50, "Good");
    assert_int_equal(1, told(&s, "CMD-09"));
    const struct found *f = scene_find(&s, "CMD-09");
    assert_int_equal(TW_EVIDENCE_D, f->evidence);
    assert_string_equal("bot: write on kiln.sp at a time when it is declared not to be active "
                        "(server answered Good)",
        f->summary);
    const struct leaf leaves[] = {{"/sp", num(5)}, {NULL, num(0)}};
    scene_message(&s, 1, BOT, "bot", TW_ACTION_PUBLISH, "kiln/set", leaves);
    assert_int_equal(2, told(&s, "CMD-09"));
    scene_message(&s, 1, BOT, "bot", TW_ACTION_PUBLISH, "kiln/pv", leaves);
    assert_int_equal(2, told(&s, "CMD-09"));
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
    const size_t n = told(&s, "CMD-10");
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
    const size_t n = told(&s, "CMD-10");
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
    assert_int_equal(1, told(&s, "CMD-10"));
    spark.kind = TW_SPARKPLUG_NDATA;
    scene_event(&s, 1, &e);
    assert_int_equal(1, told(&s, "CMD-10"));
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outside_its_hours),
        cmocka_unit_test(retained_commands),
        cmocka_unit_test(commands_as_wills),
        cmocka_unit_test(retained_sparkplug_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
