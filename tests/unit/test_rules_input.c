#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect_scene.h"
#include "event/sparkplug.h"

/* Shipped rules about names that are made up, texts, tools, AI-like clients and edge nodes: what
 * each fires on, and what is nearly that. */

static const char inventory[] =
    "inventory: 1\n"
    "networks: {plant: [10.7.0.0/16]}\n"
    "assets:\n"
    "  - {id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}\n"
    "  - {id: broker, kind: mqtt-broker, ip: [10.7.0.20], ports: [1883]}\n"
    "  - {id: desk, kind: operator, ip: [10.7.0.40]}\n"
    "  - {id: edge, kind: edge, ip: [10.7.0.60]}\n"
    "ai_systems:\n"
    "  - {id: bot, tier: T2, ip: [10.7.0.51], may: [{opcua: plc, actions: [read, write, call]}, "
    "{mqtt: broker, actions: [publish], topics: [\"ai/#\"]}]}\n";

#define BOT "10.7.0.51"
#define DESK "10.7.0.40"
#define EDGE "10.7.0.60"
#define STRANGER "10.7.0.99"
#define PLC "10.7.0.10"
#define BROKER "10.7.0.20"

static void start(struct scene *s)
{
    scene_open(s, inventory, "rules");
    struct tw_event first = {.action = TW_ACTION_FLOW,
        .app = TW_STR("dns"),
        .src = scene_at(DESK, 999),
        .dst = scene_at("10.7.0.1", 53)};
    scene_event(s, 0, &first);
    s->now_ns += 100 * SECOND;
}

/* Does the rule fire on one such event, with that evidence? */
static bool fires(const char *rule, struct tw_event e, enum tw_evidence evidence)
{
    struct scene s;
    start(&s);
    scene_event(&s, 1, &e);
    const struct found *f = scene_find(&s, rule);
    const bool found = f != NULL;
    if (found)
        assert_int_equal(evidence, f->evidence);
    scene_close(&s);
    return found;
}

static bool silent(const char *rule, struct tw_event e)
{
    return !fires(rule, e, TW_EVIDENCE_D);
}

static struct tw_event opcua(const char *ip, enum tw_action action, struct tw_opcua_info *info)
{
    return (struct tw_event){.protocol = TW_PROTO_OPCUA,
        .action = action,
        .src = scene_at(ip, 50000),
        .dst = scene_at(PLC, 4840),
        .object = TW_STR("ns=2;s=Line.Note"),
        .status = {.s = TW_STR("Good")},
        .opcua = info};
}

static struct tw_event mqtt(const char *ip, enum tw_action action, struct tw_mqtt_info *info)
{
    return (struct tw_event){.protocol = TW_PROTO_MQTT,
        .action = action,
        .src = scene_at(ip, 50000),
        .dst = scene_at(BROKER, 1883),
        .object = TW_STR("ai/x"),
        .mqtt = info};
}

static void clients_that_look_like_agents(void **state)
{
    struct tw_opcua_info info = {.serial = 1};
    (void)state;
    info.application_name.s = TW_STR("OPC UA MCP Client");
    assert_true(fires("IDN-02", opcua(STRANGER, TW_ACTION_SESSION, &info), TW_EVIDENCE_S));
    assert_true(silent("IDN-02", opcua(DESK, TW_ACTION_SESSION, &info)));
    assert_true(silent("IDN-02", opcua(STRANGER, TW_ACTION_DISCOVER, &info)));
    info.application_name.s = TW_STR("Panel of line 4");
    assert_true(silent("IDN-02", opcua(STRANGER, TW_ACTION_SESSION, &info)));
    info.application_uri.s = TW_STR("urn:example.org:FreeOpcUa:opcua-asyncio");
    assert_true(fires("IDN-02", opcua(STRANGER, TW_ACTION_SESSION, &info), TW_EVIDENCE_M));

    struct tw_mqtt_info m = {.client_id = {.s = TW_STR("mqttjs_1a2b3c4d")}};
    assert_true(fires("IDN-02", mqtt(STRANGER, TW_ACTION_CONNECT, &m), TW_EVIDENCE_M));
    m.client_id.s = TW_STR("panel");
    assert_true(silent("IDN-02", mqtt(STRANGER, TW_ACTION_CONNECT, &m)));
    struct tw_mcp_info mcp = {.kind = "request", .method = TW_STR("tools/call")};
    m.mcp = &mcp;
    assert_true(fires("IDN-02", mqtt(STRANGER, TW_ACTION_PUBLISH, &m), TW_EVIDENCE_S));
    assert_true(silent("IDN-02", mqtt(BOT, TW_ACTION_PUBLISH, &m)));
}

static void servers_that_register(void **state)
{
    struct tw_opcua_info info = {.serial = 1, .service = TW_STR("RegisterServer2")};
    struct tw_event e = opcua(DESK, TW_ACTION_MANAGE, &info);
    (void)state;
    assert_true(fires("IDN-05", e, TW_EVIDENCE_M));
    e.src = scene_at(PLC, 50000);
    assert_true(silent("IDN-05", e));
    e = opcua(DESK, TW_ACTION_MANAGE, &info);
    e.status.s = TW_STR("BadServiceUnsupported");
    e.status_bad = true;
    assert_true(silent("IDN-05", e));
}

/* Three different topics within ten minutes, not one topic three times. */
static void topics_that_nobody_listens_to(void **state)
{
    static const char *const topics[] = {"ai/a", "ai/b", "ai/b", "ai/a", "ai/c"};
    struct tw_mqtt_info info = {.serial = 1};
    struct scene s;
    (void)state;
    start(&s);
    for (size_t i = 0; i < 5; i++) {
        struct tw_event e = mqtt(BOT, TW_ACTION_PUBLISH, &info);
        assert_null(scene_find(&s, "HAL-02"));
        e.object = tw_str_of(topics[i]);
        e.status.s = TW_STR("NoMatchingSubscribers");
        scene_event(&s, 1, &e);
    }
    assert_non_null(scene_find(&s, "HAL-02"));
    assert_true(scene_find(&s, "HAL-02")->count == 3);
    assert_string_equal("bot published on 3 topics of broker within 10 min to which nobody has "
                        "subscribed, the last one ai/c",
        scene_find(&s, "HAL-02")->summary);
    scene_clear(&s);
    for (size_t i = 0; i < 5; i++) {
        struct tw_event e = mqtt(EDGE, TW_ACTION_PUBLISH, &info);
        e.object = tw_str_of(topics[i]);
        e.status.s = TW_STR("NoMatchingSubscribers");
        scene_event(&s, 1, &e);
    }
    assert_null(scene_find(&s, "HAL-02")); /* an asset that is rolled out */
    scene_close(&s);
}

static void tools_that_were_never_listed(void **state)
{
    struct tw_mcp_info mcp = {.has_declared = true, .declared = true, .tool = TW_STR("open_vent")};
    struct tw_mqtt_info info = {.serial = 1, .mcp = &mcp};
    struct tw_event e = mqtt(BOT, TW_ACTION_TOOL, &info);
    struct scene s;
    (void)state;
    e.object = TW_STR("open_vent");
    start(&s);
    for (int i = 0; i < 20; i++)
        scene_event(&s, 1, &e);
    assert_null(scene_find(&s, "HAL-01"));
    scene_close(&s);
    start(&s);
    mcp.declared = false;
    for (int i = 0; i < 4; i++) {
        assert_null(scene_find(&s, "HAL-01"));
        scene_event(&s, 1, &e);
    }
    assert_non_null(scene_find(&s, "HAL-01"));
    scene_close(&s);
    start(&s);
    mcp.has_declared = false; /* the list was not seen */
    for (int i = 0; i < 20; i++)
        scene_event(&s, 1, &e);
    assert_null(scene_find(&s, "HAL-01"));
    scene_close(&s);
}

static const struct {
    const char *text, *rule; /* rule NULL: neither INJ-02 nor INJ-03 */
    enum tw_evidence evidence;
} texts[] = {
    {"pump \xe2\x80\xae"
     "ffo\xe2\x80\xac now",
        "INJ-02", TW_EVIDENCE_S},
    {"pump \xf3\xa0\x80\xa0 on", "INJ-02", TW_EVIDENCE_S},
    {"pump\xe2\x80\x8b on", "INJ-02", TW_EVIDENCE_M},
    {"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xe2\x80\x8f"
     "12",
        NULL, 0},                                                      /* Hebrew, with its mark */
    {"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xa7 on site", NULL, 0}, /* joined emoji */
    {"\xf0\x9f\x8f\xb4\xf3\xa0\x81\xa7\xf3\xa0\x81\xa2\xf3\xa0\x81\xb3\xf3\xa0\x81\xbf", NULL, 0},
    {"<script>fetch('x')</script>", "INJ-03", TW_EVIDENCE_S},
    {"${jndi:ldap://x/a}", "INJ-03", TW_EVIDENCE_S},
    {"x; rm -rf /", "INJ-03", TW_EVIDENCE_M},
    {"a' UNION SELECT pw FROM users", "INJ-03", TW_EVIDENCE_M},
    {"see the script for the table drop on level 2", NULL, 0},
    {"union of pipes, select valve 3", NULL, 0},
    {"<b>stop</b> ${batch}", NULL, 0},
};

static void texts_that_hide_or_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        static const char *const rules[] = {"INJ-02", "INJ-03"};
        struct tw_opcua_info info = {.attribute = TW_STR("Value")};
        struct tw_event e = opcua(DESK, TW_ACTION_WRITE, &info);
        e.value = text(texts[i].text);
        e.type = "String";
        for (size_t k = 0; k < 2; k++) {
            const bool wanted = texts[i].rule != NULL && strcmp(texts[i].rule, rules[k]) == 0;
            if (fires(rules[k], e, texts[i].evidence) != wanted)
                fail_msg("%s on text %zu", rules[k], i);
        }
    }
}

static void descriptions_that_change(void **state)
{
    struct tw_opcua_info info = {.attribute = TW_STR("Description")};
    struct tw_event e = opcua(BOT, TW_ACTION_WRITE, &info);
    (void)state;
    e.value = text("Opens the vent");
    assert_true(fires("INJ-04", e, TW_EVIDENCE_S));
    e.status.s = TW_STR("BadNotWritable");
    e.status_bad = true;
    assert_true(silent("INJ-04", e));
    e = opcua(DESK, TW_ACTION_WRITE, &info); /* who keeps the names */
    assert_true(silent("INJ-04", e));
    info.attribute = TW_STR("Value");
    assert_true(silent("INJ-04", opcua(BOT, TW_ACTION_WRITE, &info)));

    struct tw_mcp_info mcp = {.kind = "response", .has_seen = true, .tools_changed = 1};
    struct tw_mqtt_info m = {.serial = 1, .mcp = &mcp};
    assert_true(fires("INJ-04", mqtt(EDGE, TW_ACTION_PUBLISH, &m), TW_EVIDENCE_S));
    mcp.tools_changed = 0;
    mcp.tools_added = 1;
    assert_true(silent("INJ-04", mqtt(EDGE, TW_ACTION_PUBLISH, &m)));
}

static void edge_nodes_that_others_speak_for(void **state)
{
    struct tw_mqtt_info info = {.serial = 1, .payload_format = "sparkplug"};
    struct tw_sparkplug_info spark = {.serial = 1, .kind = TW_SPARKPLUG_NDEATH};
    struct tw_event e = mqtt(DESK, TW_ACTION_PUBLISH, &info);
    (void)state;
    e.sparkplug = &spark;
    assert_true(silent("INP-05", e));
    spark.found.other_publisher = true;
    assert_true(fires("INP-05", e, TW_EVIDENCE_S));
    spark.kind = TW_SPARKPLUG_NBIRTH; /* moved to another host */
    assert_true(silent("INP-05", e));
    spark.kind = TW_SPARKPLUG_NDATA;
    e.src = scene_at(BROKER, 50000); /* a bridge */
    assert_true(silent("INP-05", e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_that_look_like_agents),
        cmocka_unit_test(servers_that_register),
        cmocka_unit_test(topics_that_nobody_listens_to),
        cmocka_unit_test(tools_that_were_never_listed),
        cmocka_unit_test(texts_that_hide_or_run),
        cmocka_unit_test(descriptions_that_change),
        cmocka_unit_test(edge_nodes_that_others_speak_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
