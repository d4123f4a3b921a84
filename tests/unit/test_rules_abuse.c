#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect_scene.h"
#include "event/sparkplug.h"

/* Shipped rules about floods, stress, streams, certificates, methods and models: what each fires
 * on, and what is nearly that. */

static const char inventory[] =
    "inventory: 1\n"
    "networks: {plant: [10.7.0.0/16]}\n"
    "assets:\n"
    "  - {id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}\n"
    "  - {id: broker, kind: mqtt-broker, ip: [10.7.0.20], ports: [1883]}\n"
    "  - {id: tool, kind: other, ip: [10.7.0.40]}\n"
    "  - {id: edge, kind: edge, ip: [10.7.0.60]}\n"
    "  - id: mlops\n"
    "    kind: infrastructure\n"
    "    ip: [10.7.0.50]\n"
    "    may: [{mqtt: broker, actions: [publish], topics: [\"models/#\"]}]\n"
    "ai_systems:\n"
    "  - {id: bot, tier: T1, ip: [10.7.0.51], may: [{opcua: plc, actions: [read, write, call]}, "
    "{mqtt: "
    "broker, actions: [publish], topics: [\"ai/#\"]}]}\n";

#define BOT "10.7.0.51"
#define TOOL "10.7.0.40"
#define EDGE "10.7.0.60"
#define MLOPS "10.7.0.50"
#define STRANGER "10.7.0.99"
#define PLC "10.7.0.10"
#define BROKER "10.7.0.20"

/* Does the rule fire on `n` such events, `apart_s` one from the other? */
static bool fires(const char *rule, struct tw_event e, unsigned n, double apart_s)
{
    struct scene s;
    scene_open(&s, inventory, "rules");
    struct tw_event first = {.action = TW_ACTION_FLOW,
        .app = TW_STR("dns"),
        .src = scene_at(TOOL, 999),
        .dst = scene_at("10.7.0.1", 53)};
    scene_event(&s, 0, &first);
    s.now_ns += 100 * SECOND;
    bool found = false;
    for (unsigned i = 0; i < n && !found; i++) {
        struct tw_event copy = e;
        copy.flow = i + 1;
        scene_event(&s, apart_s, &copy);
        found = scene_find(&s, rule) != NULL;
    }
    scene_close(&s);
    return found;
}

static struct tw_event opcua(const char *ip, enum tw_action action, struct tw_opcua_info *info)
{
    return (struct tw_event){.protocol = TW_PROTO_OPCUA,
        .action = action,
        .src = scene_at(ip, 50000),
        .dst = scene_at(PLC, 4840),
        .is_tcp = true,
        .status = {.s = TW_STR("Good")},
        .opcua = info};
}

static struct tw_event mqtt(const char *ip, enum tw_action action, struct tw_mqtt_info *info)
{
    return (struct tw_event){.protocol = TW_PROTO_MQTT,
        .action = action,
        .src = scene_at(ip, 50000),
        .dst = scene_at(BROKER, 1883),
        .is_tcp = true,
        .object = TW_STR("ai/x"),
        .mqtt = info};
}

static void more_than_the_receiver_takes(void **state)
{
    struct tw_opcua_info info = {.serial = 1};
    struct tw_event e = opcua(STRANGER, TW_ACTION_MALFORMED, &info);
    (void)state;
    e.detail = TW_STR("chunk-limit");
    assert_true(fires("AVL-01", e, 1, 1));
    e.detail = TW_STR("decode-error");
    assert_false(fires("AVL-01", e, 1, 1));
    /* What was lost only adds to it. */
    struct tw_session_facts lost = {.after_gap = true};
    e.detail = TW_STR("chunk-limit");
    e.facts = &lost;
    assert_true(fires("AVL-01", e, 1, 1));
}

static void connections_that_say_nothing(void **state)
{
    struct tw_flow_info flow = {
        .has_totals = true, .bytes = 478, .packets = 7, .state = "established", .transport = "tcp"};
    struct tw_event e = {.action = TW_ACTION_FLOW,
        .app = TW_STR("unknown"),
        .src = scene_at(STRANGER, 50000),
        .dst = scene_at(PLC, 4840),
        .flow_info = &flow};
    (void)state;
    assert_true(fires("AVL-02", e, 10, 1));
    assert_false(fires("AVL-02", e, 9, 1));
    assert_false(fires("AVL-02", e, 20, 10)); /* six a minute */
    flow.bytes = 20000;
    assert_false(fires("AVL-02", e, 20, 1));
    flow.bytes = 478;
    e.dst = scene_at(TOOL, 4840); /* no server of the inventory */
    assert_false(fires("AVL-02", e, 20, 1));
}

static void refused_for_lack_of_room(void **state)
{
    struct tw_opcua_info info = {.serial = 1};
    struct tw_event e = opcua(BOT, TW_ACTION_SESSION, &info);
    (void)state;
    e.status.s = TW_STR("BadTooManySessions");
    e.status_bad = true;
    assert_true(fires("AVL-02", e, 10, 2));
    e.status.s = TW_STR("BadUserAccessDenied");
    assert_false(fires("AVL-02", e, 10, 2));
}

static void made_to_break_a_reader(void **state)
{
    struct tw_opcua_info info = {.serial = 1, .message_bytes = 400000};
    struct tw_mqtt_info large = {
        .serial = 1, .has_payload = true, .payload_bytes = 2 << 20, .payload_format = "binary"};
    struct tw_event e = opcua(STRANGER, TW_ACTION_MALFORMED, &info);
    (void)state;
    e.detail = TW_STR("nesting-limit");
    assert_true(fires("AVL-03", e, 1, 1));
    e.detail = TW_STR("sequence-gap");
    assert_false(fires("AVL-03", e, 1, 1));
    e = opcua(BOT, TW_ACTION_WRITE, &info);
    e.object = TW_STR("ns=2;s=Note");
    assert_false(fires("AVL-03", e, 1, 1)); /* it may write */
    e.src = scene_at(STRANGER, 50000);
    assert_true(fires("AVL-03", e, 1, 1));
    info.message_bytes = 200000;
    assert_false(fires("AVL-03", e, 1, 1));
    info.message_bytes = 4 << 20; /* what somebody reads may be large */
    e.action = TW_ACTION_READ;
    assert_false(fires("AVL-03", e, 1, 1));
    assert_false(fires("AVL-03", mqtt(BOT, TW_ACTION_PUBLISH, &large), 1, 1));
    assert_true(fires("AVL-03", mqtt(STRANGER, TW_ACTION_PUBLISH, &large), 1, 1));
    large.payload_bytes = 900 << 10;
    assert_false(fires("AVL-03", mqtt(STRANGER, TW_ACTION_PUBLISH, &large), 1, 1));
}

static void half_open_connections(void **state)
{
    struct tw_mqtt_info info = {.serial = 1, .packet = "CONNECT"};
    struct tw_event e = mqtt(STRANGER, TW_ACTION_MALFORMED, &info);
    (void)state;
    e.detail = TW_STR("truncated-packet");
    assert_true(fires("AVL-05", e, 10, 2));
    assert_false(fires("AVL-05", e, 9, 2));
    assert_false(fires("AVL-05", e, 30, 20));
    e.detail = TW_STR("short-packet");
    assert_false(fires("AVL-05", e, 10, 2));
}

static void a_flood_on_one_topic(void **state)
{
    struct tw_mqtt_info info = {.serial = 1, .has_payload = true, .payload_format = "number"};
    const struct tw_event e = mqtt(BOT, TW_ACTION_PUBLISH, &info);
    (void)state;
    assert_true(fires("AVL-06", e, 1000, 0.005));
    assert_false(fires("AVL-06", e, 2000, 0.02)); /* fifty a second */
    struct tw_event leaf = e;                     /* one of many values of a message */
    leaf.field = TW_STR("/t");
    assert_false(fires("AVL-06", leaf, 1000, 0.005));
}

static void data_that_was_not_declared(void **state)
{
    struct tw_mqtt_info info = {.serial = 1, .has_payload = true, .payload_format = "sparkplug"};
    struct tw_sparkplug_info spark = {.serial = 1, .kind = TW_SPARKPLUG_NDATA, .found.missing = 3};
    struct tw_event e = mqtt(EDGE, TW_ACTION_PUBLISH, &info);
    (void)state;
    e.sparkplug = &spark;
    assert_true(fires("INP-02", e, 1, 1));
    struct tw_session_facts lost = {.after_gap = true};
    e.facts = &lost; /* the tap did not see it: no fault of the publisher */
    assert_false(fires("INP-02", e, 1, 1));
    e.facts = NULL;
    spark.found.missing = 0;
    assert_false(fires("INP-02", e, 1, 1));
}

static void certificates(void **state)
{
    struct tw_opcua_certificate c = {
        .key = TW_STR("RSA"), .key_bits = 2048, .signature = TW_STR("sha256WithRSAEncryption")};
    struct tw_opcua_info info = {.serial = 1, .certificate = &c};
    struct tw_event e = opcua(BOT, TW_ACTION_SECURE, &info);
    const int64_t now_ns = INT64_C(1772352000) * SECOND, year_ns = 365 * 86400 * (int64_t)SECOND;
    (void)state;
    c.not_before_ns = now_ns - year_ns;
    c.not_after_ns = now_ns + 10 * year_ns;
    assert_false(fires("CRY-04", e, 1, 1));
    c.key_bits = 1024;
    assert_true(fires("CRY-04", e, 1, 1));
    c.key_bits = 2048;
    c.signature = TW_STR("sha1WithRSAEncryption");
    assert_true(fires("CRY-04", e, 1, 1));
    c.signature = TW_STR("sha256WithRSAEncryption");
    e.status.s = TW_STR("BadCertificateUntrusted");
    e.status_bad = true;
    assert_true(fires("CRY-04", e, 1, 1));
}

static void methods_that_reconfigure(void **state)
{
    struct tw_opcua_info info = {.serial = 1, .object_id = TW_STR("i=2253")};
    struct tw_event e = opcua(BOT, TW_ACTION_CALL, &info);
    (void)state;
    e.object = TW_STR("i=12886"); /* RequestServerStateChange */
    assert_true(fires("PRV-06", e, 1, 1));
    assert_false(fires("PRV-07", e, 1, 1));
    e.src = scene_at(TOOL, 50000);
    assert_false(fires("PRV-06", e, 1, 1));
    e.src = scene_at(BOT, 50000);
    e.object = TW_STR("i=9028"); /* Disable */
    assert_true(fires("PRV-07", e, 1, 1));
    e.object = TW_STR("i=9111"); /* Acknowledge */
    assert_false(fires("PRV-07", e, 1, 1));
    e = opcua(STRANGER, TW_ACTION_MANAGE, &info);
    info.service = TW_STR("DeleteNodes");
    assert_true(fires("PRV-06", e, 1, 1));
    info.service = TW_STR("RegisterServer");
    assert_false(fires("PRV-06", e, 1, 1));
}

static void models_on_the_wire(void **state)
{
    struct tw_mqtt_info info = {
        .serial = 1, .has_payload = true, .payload_bytes = 32768, .payload_format = "binary"};
    struct tw_event e = mqtt(STRANGER, TW_ACTION_PUBLISH, &info);
    (void)state;
    e.object = TW_STR("line/models/7/part/3");
    assert_true(fires("MDL-03", e, 1, 1));
    info.payload_bytes = 500;
    assert_false(fires("MDL-03", e, 1, 1));
    info.payload_bytes = 32768;
    e.object = TW_STR("line/camera/7");
    assert_false(fires("MDL-03", e, 1, 1));
    info.payload_kind = TW_PAYLOAD_ONNX;
    assert_true(fires("MDL-03", e, 1, 1));
    e = mqtt(MLOPS, TW_ACTION_PUBLISH, &info); /* it may */
    e.object = TW_STR("models/7");
    assert_false(fires("MDL-03", e, 1, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_than_the_receiver_takes),
        cmocka_unit_test(connections_that_say_nothing),
        cmocka_unit_test(refused_for_lack_of_room),
        cmocka_unit_test(made_to_break_a_reader),
        cmocka_unit_test(half_open_connections),
        cmocka_unit_test(a_flood_on_one_topic),
        cmocka_unit_test(data_that_was_not_declared),
        cmocka_unit_test(certificates),
        cmocka_unit_test(methods_that_reconfigure),
        cmocka_unit_test(models_on_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
