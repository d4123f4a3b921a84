#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "detect_scene.h"

/* Shipped rules about what is delivered to equipment and to AI systems: programs, prompts,
 * objects that run code, pictures. */

static const char inventory[] =
    "inventory: 1\n"
    "networks: {plant: [10.7.0.0/16]}\n"
    "assets:\n"
    "  - {id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}\n"
    "  - {id: broker, kind: mqtt-broker, ip: [10.7.0.20], ports: [1883]}\n"
    "  - {id: desk, kind: operator, ip: [10.7.0.40]}\n"
    "  - {id: edge, kind: edge, ip: [10.7.0.60]}\n"
    "ai_systems:\n"
    "  - id: bot\n"
    "    tier: T2\n"
    "    ip: [10.7.0.51]\n"
    "    may:\n"
    "      - {opcua: plc, actions: [write], nodes: [\"ns=2;s=Kiln.SP\", \"ns=2;s=Kiln.Phase\"]}\n"
    "      - {opcua: plc, actions: [call], objects: [\"ns=2;s=Batch\"], methods: [i=2426]}\n"
    "      - {mqtt: broker, actions: [publish], topics: [\"ai/#\"]}\n"
    "changes:\n"
    "  - {ai_system: bot, from: 2026-03-01T09:00:00Z, to: 2026-03-01T10:00:00Z}\n"
    "variables:\n"
    "  - {id: kiln.mode, opcua: {server: plc, node: \"ns=2;s=Kiln.Mode\"}, label: mode}\n"
    "  - {id: kiln.phase, opcua: {server: plc, node: \"ns=2;s=Kiln.Phase\"}, label: program}\n"
    "  - {id: bot.prompt, mqtt: {topic: bot/prompt}, label: prompt, ai_system: bot, publisher: "
    "[desk]}\n"
    "  - {id: bot.policy, mqtt: {topic: bot/conf, field: /policy}, label: policy, ai_system: bot}\n"
    "  - {id: bot.tools, opcua: {server: plc, node: \"ns=2;s=Bot.Tools\"}, label: tools, "
    "ai_system: bot}\n"
    "  - {id: cam, mqtt: {topic: cam/1}, label: camera-original}\n"
    "  - {id: art, mqtt: {topic: art/1}, label: ai-generated}\n";

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

static bool fired(struct scene *s, const char *rule)
{
    const bool yes = scene_find(s, rule) != NULL;
    scene_clear(s);
    return yes;
}

static void called(struct scene *s, const char *ip, const char *object, const char *method)
{
    struct tw_opcua_info info = {.object_id = tw_str_of(object)};
    struct tw_event e = {.protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_CALL,
        .src = scene_at(ip, 50000),
        .dst = scene_at(PLC, 4840),
        .object = tw_str_of(method),
        .status = {.s = TW_STR("Good")},
        .opcua = &info};
    scene_event(s, 1, &e);
}

static void wrote(struct scene *s, const char *ip, const char *node, struct tw_value v)
{
    scene_opcua(s, 1, ip, PLC, TW_ACTION_WRITE, node, v, NULL, "Good");
}

static void modes_and_programs(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    wrote(&s, BOT, "ns=2;s=Kiln.Mode", num(2));
    const struct found *f = scene_find(&s, "PRV-08");
    assert_non_null(f);
    assert_int_equal(TW_EVIDENCE_D, f->evidence);
    assert_true(f->floor == 85);
    assert_string_equal("bot: write on kiln.mode of plc changes its mode or program (server "
                        "answered Good)",
        f->summary);
    assert_string_equal("{\"label\":\"mode\"}", f->expected);
    scene_clear(&s);
    wrote(&s, BOT, "ns=2;s=Kiln.Phase", num(2)); /* a line of `may` says so */
    assert_false(fired(&s, "PRV-08"));
    wrote(&s, BOT, "ns=2;s=Kiln.SP", num(2));
    assert_false(fired(&s, "PRV-08"));
    wrote(&s, STRANGER, "ns=2;s=Kiln.Phase", num(2));
    assert_true(fired(&s, "PRV-08"));
    wrote(&s, DESK, "ns=2;s=Kiln.Mode", num(1)); /* operators do */
    assert_false(fired(&s, "PRV-08"));
    called(&s, BOT, "ns=2;s=Batch", "i=2429");
    assert_true(fired(&s, "PRV-08"));
    called(&s, BOT, "ns=2;s=Batch", "i=2426");
    assert_false(fired(&s, "PRV-08"));
    s.now_ns += 3600 * SECOND; /* under a change order */
    called(&s, BOT, "ns=2;s=Batch", "i=2429");
    assert_false(fired(&s, "PRV-08"));
    scene_close(&s);
}

static void published(
    struct scene *s, const char *ip, const char *topic, const char *field, const char *content)
{
    struct tw_mqtt_info info = {.serial = ++s->serial,
        .has_payload = true,
        .payload_format = "text",
        .payload_hash = tw_hash_stable(content, strlen(content))};
    struct tw_event e = {.protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_PUBLISH,
        .src = scene_at(ip, 50000),
        .dst = scene_at(BROKER, 1883),
        .object = tw_str_of(topic),
        .mqtt = &info};
    if (field == NULL)
        e.value = text(content);
    scene_event(s, 1, &e);
    if (field == NULL)
        return;
    e.field = tw_str_of(field);
    e.value = text(content);
    scene_event(s, 0, &e);
}

static void prompts(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    published(&s, DESK, "bot/prompt", NULL, "Keep the kiln at 800 degC.");
    assert_false(fired(&s, "MDL-06")); /* what it was before is not known */
    published(&s, DESK, "bot/prompt", NULL, "Keep the kiln at 800 degC.");
    assert_false(fired(&s, "MDL-06"));
    published(&s, DESK, "bot/prompt", NULL, "Keep the kiln at 900 degC.");
    const struct found *f = scene_find(&s, "MDL-06");
    assert_non_null(f);
    assert_int_equal(TW_EVIDENCE_D, f->evidence);
    assert_true(f->floor == 65);
    assert_string_equal(
        "desk changed the prompt of bot on bot.prompt (server answered nothing)", f->summary);
    scene_clear(&s);
    published(&s, EDGE, "bot/prompt", NULL, "Keep the kiln at 900 degC."); /* not its own */
    assert_true(fired(&s, "MDL-06"));
    published(&s, BROKER, "bot/prompt", NULL, "Keep the kiln at 900 degC."); /* a bridge */
    assert_false(fired(&s, "MDL-06"));
    s.now_ns += 3600 * SECOND; /* under a change order for bot */
    published(&s, DESK, "bot/prompt", NULL, "Keep the kiln at 850 degC.");
    assert_false(fired(&s, "MDL-06"));
    published(&s, EDGE, "bot/prompt", NULL, "Keep the kiln at 850 degC.");
    assert_true(fired(&s, "MDL-06"));
    scene_close(&s);
}

static void policies_and_tools(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    published(&s, DESK, "bot/conf", "/policy", "strict");
    published(&s, DESK, "bot/conf", "/note", "lunch");
    assert_false(fired(&s, "MDL-06"));
    published(&s, DESK, "bot/conf", "/policy", "loose");
    assert_true(fired(&s, "MDL-06"));
    published(&s, BOT, "bot/conf", "/policy", "loose"); /* beyond what it may */
    assert_true(fired(&s, "MDL-06"));
    scene_opcua(
        &s, 1, BOT, PLC, TW_ACTION_READ, "ns=2;s=Bot.Tools", text("read"), "String", "Good");
    wrote(&s, DESK, "ns=2;s=Bot.Tools", text("read"));
    assert_false(fired(&s, "MDL-06"));
    wrote(&s, DESK, "ns=2;s=Bot.Tools", text("read write"));
    assert_true(fired(&s, "MDL-06"));
    scene_close(&s);
}

static void sent(struct scene *s, enum tw_action action, const char *topic,
    const struct tw_mqtt_info *payload, struct tw_value v)
{
    struct tw_mqtt_info info = *payload;
    info.serial = ++s->serial;
    info.has_payload = true;
    struct tw_event e = {.protocol = TW_PROTO_MQTT,
        .action = action,
        .src = action == TW_ACTION_PUBLISH ? scene_at(EDGE, 50000) : scene_at(BROKER, 1883),
        .dst = action == TW_ACTION_PUBLISH ? scene_at(BROKER, 1883) : scene_at(BOT, 50000),
        .object = tw_str_of(topic),
        .value = v,
        .mqtt = &info};
    scene_event(s, 1, &e);
}

static void objects_that_run(void **state)
{
    const struct tw_mqtt_info pickle = {.payload_kind = TW_PAYLOAD_PICKLE,
                                  .payload_danger = TW_DANGER_PICKLE,
                                  .payload_calls = "posix"},
                              data = {.payload_kind = TW_PAYLOAD_PICKLE},
                              words = {.payload_format = "text"};
    const struct tw_value none = {.kind = TW_VALUE_NONE};
    struct scene s;
    (void)state;
    start(&s);
    sent(&s, TW_ACTION_PUBLISH, "jobs", &pickle, none);
    const struct found *f = scene_find(&s, "MDL-04");
    assert_non_null(f);
    assert_int_equal(TW_EVIDENCE_D, f->evidence);
    assert_true(f->floor == 85);
    assert_string_equal("edge sent a payload on jobs that runs code when it is loaded (pickle-call "
                        "posix)",
        f->summary);
    assert_string_equal("pickle-call", f->observed);
    scene_clear(&s);
    sent(&s, TW_ACTION_DELIVER, "jobs", &pickle, none); /* nobody saw it come */
    assert_true(fired(&s, "MDL-04"));
    sent(&s, TW_ACTION_PUBLISH, "jobs", &data, none);
    assert_false(fired(&s, "MDL-04"));
    sent(&s, TW_ACTION_PUBLISH, "jobs", &words,
        text("import base64; exec(base64.b64decode('aWQ='))"));
    assert_true(fired(&s, "MDL-04"));
    sent(&s, TW_ACTION_PUBLISH, "jobs", &words, text("!!python/object/apply:os.system [id]"));
    assert_true(fired(&s, "MDL-04"));
    sent(&s, TW_ACTION_PUBLISH, "jobs", &words, text("import of grain, exec by shift 2"));
    assert_false(fired(&s, "MDL-04"));
    scene_close(&s);
}

static void labels_of_pictures(void **state)
{
    const struct tw_mqtt_info labelled = {.payload_kind = TW_PAYLOAD_JPEG,
                                  .payload_origin = TW_ORIGIN_AIGC},
                              plain = {.payload_kind = TW_PAYLOAD_JPEG},
                              words = {.payload_format = "text"};
    const struct tw_value none = {.kind = TW_VALUE_NONE};
    struct scene s;
    (void)state;
    start(&s);
    sent(&s, TW_ACTION_PUBLISH, "cam/1", &labelled, none);
    const struct found *f = scene_find(&s, "INJ-06");
    assert_non_null(f);
    assert_int_equal(TW_EVIDENCE_D, f->evidence);
    assert_true(f->floor == 40);
    assert_string_equal("edge published a jpeg on cam, which is declared camera-original; its "
                        "label of generated content: aigc-label",
        f->summary);
    scene_clear(&s);
    sent(&s, TW_ACTION_PUBLISH, "cam/1", &plain, none);
    assert_false(fired(&s, "INJ-06"));
    sent(&s, TW_ACTION_PUBLISH, "art/1", &labelled, none);
    assert_false(fired(&s, "INJ-06"));
    sent(&s, TW_ACTION_PUBLISH, "art/1", &plain, none);
    f = scene_find(&s, "INJ-06");
    assert_non_null(f);
    assert_int_equal(TW_EVIDENCE_W, f->evidence);
    assert_true(f->floor == 0);
    scene_clear(&s);
    sent(&s, TW_ACTION_PUBLISH, "art/1", &words, text("a caption"));
    assert_false(fired(&s, "INJ-06"));
    sent(&s, TW_ACTION_PUBLISH, "cam/2", &labelled, none); /* nothing is declared */
    assert_false(fired(&s, "INJ-06"));
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes_and_programs),
        cmocka_unit_test(prompts),
        cmocka_unit_test(policies_and_tools),
        cmocka_unit_test(objects_that_run),
        cmocka_unit_test(labels_of_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
