#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "detect_scene.h"

/* Notifications that no rule can match pass without being looked at; all others are looked at. */

#define PLANT                                                                                      \
    "inventory: 1\n"                                                                               \
    "networks: {plant: [10.7.0.0/16]}\n"                                                           \
    "assets:\n"                                                                                    \
    "  - {id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}\n"                          \
    "  - {id: mlops, kind: infrastructure, ip: [10.7.0.50], identity: {mqtt_client_id: "           \
    "[mlops]}}\n"                                                                                  \
    "  - {id: broker, kind: mqtt-broker, ip: [10.7.0.20], ports: [1883]}\n"                        \
    "ai_systems:\n"                                                                                \
    "  - {id: ai, tier: T2, ip: [10.7.0.30]}\n"                                                    \
    "variables:\n"                                                                                 \
    "  - {id: temp, opcua: {server: plc, node: \"ns=2;s=Temp\"}}\n"

#define RULE(when)                                                                                 \
    "required_engine: \">=1.0\"\n"                                                                 \
    "ruleset: {name: t, version: 1.0.0}\n"                                                         \
    "rules:\n"                                                                                     \
    "  - {id: CMD-01, name: n, rev: 1, status: stable, family: CMD, evidence: D, severity: 60,\n"  \
    "     suppress: {by: [actor.id, object], for: 10m}, output: \"%object %value\",\n"             \
    "     advice: a, when: '" when "'}\n"

#define HELD(when, by)                                                                             \
    RULE(when "', hold: {when: '" by "', for: 60s, by: [actor.id]}, description: 'd")

struct item {
    struct tw_thing_note note;
    uint64_t flow, identity;
    bool after_gap, encrypted;
    uint32_t code;
    const char *status, *node, *to; /* to: who is told; NULL: the agent */
    uint8_t mac;                    /* the last byte of the client's; 0: not seen */
};

static struct item an_item(void)
{
    return (struct item){.flow = 7, .identity = 3, .status = "Good", .node = "ns=2;s=Temp"};
}

/* A notification as the analysis thread treats it; true when it passed. */
static bool notify(struct scene *s, struct item *item, struct tw_value value)
{
    struct tw_opcua_info info = {.auth_token = 5};
    struct tw_session_facts facts = {
        .note = &item->note, .identity = item->identity, .after_gap = item->after_gap};
    struct tw_event e = {.protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_NOTIFY,
        .src = scene_at("10.7.0.10", 4840),
        .dst = scene_at(item->to != NULL ? item->to : "10.7.0.30", 50000),
        .flow = item->flow,
        .object = tw_str_of(item->node),
        .value = value,
        .status = {.s = tw_str_of(item->status)},
        .status_bad = item->status != NULL && strncmp(item->status, "Bad", 3) == 0,
        .status_code = item->code,
        .encrypted = item->encrypted,
        .opcua = &info,
        .facts = &facts};
    e.ts_ns = s->now_ns;
    if (tw_detect_pass(s->detect, &e, e.facts)) {
        s->packet++;
        return true;
    }
    scene_event(s, 0, &e);
    return false;
}

static void what_no_rule_can_match_passes_the_second_time(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, PLANT, RULE("action = write"));
    struct item item = an_item();
    assert_false(notify(&s, &item, num(1)));
    assert_true(notify(&s, &item, num(2)));
    assert_true(notify(&s, &item, (struct tw_value){.kind = TW_VALUE_INT, .i = 4}));
    assert_int_equal(3, tw_detect_stats(s.detect).events);
    assert_int_equal(0, s.n);
    scene_close(&s);
}

/* Values of one message, asked about together: how many pass. */
static uint32_t pass_values(struct scene *s, struct item *const *items,
    const struct tw_plain_value *values, uint32_t n, uint64_t message)
{
    struct tw_opcua_info info = {.auth_token = 5};
    struct tw_thing_note *notes[TW_PLAIN_VALUES];
    for (uint32_t i = 0; i < n; i++)
        notes[i] = &items[i]->note;
    const struct tw_session_facts facts = {
        .note = notes[0], .identity = items[0]->identity, .message = message};
    const struct tw_event e = {.ts_ns = s->now_ns,
        .protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_NOTIFY,
        .src = scene_at("10.7.0.10", 4840),
        .dst = scene_at("10.7.0.30", 50000),
        .flow = items[0]->flow,
        .status = {.s = TW_STR("Good")},
        .opcua = &info};
    return tw_detect_pass_values(s->detect, &e, &facts, values, notes, n);
}

static void values_pass_together_up_to_the_first_that_does_not(void **state)
{
    const uint32_t uncertain = 0x40900000;
    const struct tw_plain_value values[] = {{.kind = TW_VALUE_DOUBLE}, {.kind = TW_VALUE_INT},
        {.kind = TW_VALUE_BOOL}, {.kind = TW_VALUE_UINT}, {.kind = TW_VALUE_ARRAY},
        {.kind = TW_VALUE_DOUBLE, .is_odd = true}, {.kind = TW_VALUE_DOUBLE, .status = uncertain}};
    const uint32_t n = sizeof(values) / sizeof(values[0]);
    const struct tw_value truth = {.kind = TW_VALUE_BOOL, .b = true};
    const struct tw_value one = num(1);
    const struct tw_value list = {.kind = TW_VALUE_ARRAY, .n = 1, .items = &one};
    struct scene s;
    (void)state;
    scene_open(&s, PLANT, RULE("action = write"));
    struct item item = an_item(), other = an_item();
    struct item *const of_one[] = {&item, &item, &item, &item, &item, &item, &item};
    assert_int_equal(pass_values(&s, of_one, values, n, 1), 0);
    assert_false(notify(&s, &item, num(1)));
    assert_int_equal(pass_values(&s, of_one, values, n, 2), 2);
    assert_false(notify(&s, &item, truth));
    assert_int_equal(pass_values(&s, of_one, values, n, 3), 4);
    assert_false(notify(&s, &item, list)); /* as odd as numbers that are none */
    assert_int_equal(pass_values(&s, of_one, values, n, 4), 6);
    item.code = uncertain;
    item.status = "UncertainLastUsableValue";
    assert_false(notify(&s, &item, num(1)));
    assert_int_equal(tw_detect_stats(s.detect).events, 4 + 2 + 4 + 6);
    assert_int_equal(pass_values(&s, of_one, values, n, 5), 7);
    /* Another item, and the same one for somebody else. */
    struct item *const of_two[] = {&item, &other, &item};
    assert_int_equal(pass_values(&s, of_two, values, 3, 6), 1);
    item.identity++;
    assert_int_equal(pass_values(&s, of_one, values, n, 7), 0);
    scene_close(&s);
}

static void what_a_rule_can_match_never_passes(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, PLANT, RULE("action = notify and value > 90"));
    struct item item = an_item();
    for (int i = 0; i < 3; i++)
        assert_false(notify(&s, &item, num(80 + i)));
    assert_int_equal(0, s.n);
    assert_false(notify(&s, &item, num(91)));
    assert_int_equal(1, s.n);
    assert_string_equal("temp 91", s.found[0].summary);
    /* Texts are not above a number; what an agent is told in words may be an instruction. */
    for (int i = 0; i < 3; i++)
        assert_false(notify(&s, &item, text("a")));
    item.to = "10.7.0.50";
    item.flow++;
    assert_false(notify(&s, &item, text("a")));
    assert_true(notify(&s, &item, text("b")));
    assert_false(notify(&s, &item, num(92)));
    assert_int_equal(2, s.n);
    scene_close(&s);
}

/* What a command starts from. */
static void what_a_step_is_measured_from_never_passes(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s,
        PLANT
        "  - {id: sp, opcua: {server: plc, node: \"ns=2;s=SP\"}, role: command, max_step: 9}\n"
        "  - {id: free, opcua: {server: plc, node: \"ns=2;s=Free\"}, role: command}\n"
        "  - {id: pv, opcua: {server: plc, node: \"ns=2;s=PV\"}, max_step: 2}\n",
        RULE("action = write and value.step > 2"));
    struct item sp = an_item(), pv = an_item(), temp = an_item(), unlimited = an_item();
    sp.node = "ns=2;s=SP";
    unlimited.node = "ns=2;s=Free";
    pv.node = "ns=2;s=PV";
    for (int i = 0; i < 3; i++) {
        assert_false(notify(&s, &sp, num(10 * i)));
        assert_false(notify(&s, &pv, num(10 * i)));
        assert_true(notify(&s, &temp, num(i)) == (i > 0));
        assert_true(notify(&s, &unlimited, num(50)) == (i > 0));
    }
    scene_opcua(
        &s, 0, "10.7.0.30", "10.7.0.10", TW_ACTION_WRITE, "ns=2;s=SP", num(22), "Double", "Good");
    assert_int_equal(0, s.n);
    scene_opcua(
        &s, 9, "10.7.0.30", "10.7.0.10", TW_ACTION_WRITE, "ns=2;s=SP", num(25), "Double", "Good");
    assert_int_equal(1, s.n);
    /* Without a limit only commands are followed. */
    scene_opcua(
        &s, 9, "10.7.0.30", "10.7.0.10", TW_ACTION_WRITE, "ns=2;s=Free", num(10), "Double", "Good");
    assert_int_equal(1, s.n);
    scene_opcua(
        &s, 9, "10.7.0.30", "10.7.0.10", TW_ACTION_WRITE, "ns=2;s=Free", num(15), "Double", "Good");
    assert_int_equal(2, s.n);
    scene_close(&s);
}

/* What an AI system makes claims about: what it is at must be known. */
static void what_is_stated_never_passes(void **state)
{
    static const struct leaf claims[] = {{"/t", {.kind = TW_VALUE_DOUBLE, .d = 30}}, {NULL, {0}}};
    struct scene s;
    char inventory[2048];
    (void)state;
    snprintf(inventory, sizeof(inventory), "%s%s", PLANT,
        "  - {id: pv, opcua: {server: plc, node: \"ns=2;s=PV\"}, range: [0, 100]}\n");
    char *tier = strstr(inventory, "tier: T2,");
    assert_non_null(tier);
    memmove(tier + strlen("reports: [{mqtt: ai, states: {/t: pv}}], "), tier, strlen(tier) + 1);
    memcpy(tier, "reports: [{mqtt: ai, states: {/t: pv}}], ",
        strlen("reports: [{mqtt: ai, states: {/t: pv}}], "));
    scene_open(&s, inventory, RULE("action = publish and claim.contradicts"));
    struct item pv = an_item(), temp = an_item();
    pv.node = "ns=2;s=PV";
    for (int i = 0; i < 3; i++) {
        assert_false(notify(&s, &pv, num(30)));
        assert_true(notify(&s, &temp, num(30)) == (i > 0));
    }
    scene_message(&s, 1, "10.7.0.30", "ai", TW_ACTION_PUBLISH, "ai", claims);
    assert_int_equal(0, s.n);
    assert_false(notify(&s, &pv, num(60)));
    s.now_ns += 10 * SECOND;
    scene_message(&s, 1, "10.7.0.30", "ai", TW_ACTION_PUBLISH, "ai", claims);
    assert_int_equal(1, s.n);
    assert_string_equal("ai 30", s.found[0].summary);
    scene_close(&s);
}

static void each_kind_of_value_is_asked_about_once(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, PLANT, RULE("action = notify and value is nan"));
    struct item item = an_item();
    assert_false(notify(&s, &item, num(1)));
    assert_true(notify(&s, &item, num(1)));
    assert_false(notify(&s, &item, truth(true)));
    assert_true(notify(&s, &item, truth(false)));
    assert_int_equal(0, s.n);
    assert_false(notify(&s, &item, num((double)NAN)));
    assert_int_equal(1, s.n);
    assert_false(notify(&s, &item, num((double)NAN)));
    assert_int_equal(2, s.n);
    scene_close(&s);
}

/* An array can not be above a number either; a structure may be a range that is learned from. */
static void arrays_pass_and_structures_do_not(void **state)
{
    struct scene s;
    const struct tw_value items[] = {num(1), num(2)};
    const struct tw_value array = {.kind = TW_VALUE_ARRAY, .n = 2, .items = items};
    const struct tw_value object = {.kind = TW_VALUE_OBJECT, .n = 2, .items = items};
    (void)state;
    scene_open(&s, PLANT, RULE("action = write"));
    struct item item = an_item();
    assert_false(notify(&s, &item, array));
    assert_true(notify(&s, &item, array));
    assert_false(notify(&s, &item, object));
    assert_false(notify(&s, &item, object));
    assert_false(notify(&s, &item, (struct tw_value){.kind = TW_VALUE_NONE}));
    assert_false(notify(&s, &item, (struct tw_value){.kind = TW_VALUE_NONE}));
    scene_close(&s);
}

static void another_context_is_asked_again(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, PLANT, RULE("action = write"));
    struct item item = an_item();
    assert_false(notify(&s, &item, num(1)));
    assert_true(notify(&s, &item, num(1)));
    item.identity++;
    assert_false(notify(&s, &item, num(1)));
    assert_true(notify(&s, &item, num(1)));
    item.flow++;
    assert_false(notify(&s, &item, num(1)));
    assert_true(notify(&s, &item, num(1)));
    item.note = (struct tw_thing_note){0}; /* as for a new item */
    assert_false(notify(&s, &item, num(1)));
    scene_close(&s);
}

enum { UNCERTAIN_LAST_USABLE = 0x40900000 };

static void uncertain_values_are_asked_about_apart(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, PLANT, RULE("action = write"));
    struct item item = an_item(), poor = an_item();
    poor.status = "UncertainLastUsableValue";
    poor.code = UNCERTAIN_LAST_USABLE;
    assert_false(notify(&s, &item, num(1)));
    assert_true(notify(&s, &item, num(1)));
    poor.note = item.note;
    assert_false(notify(&s, &poor, num(1)));
    assert_true(notify(&s, &poor, num(1)));
    assert_false(notify(&s, &poor, truth(true)));
    item.note = poor.note;
    assert_true(notify(&s, &item, num(1)));
    scene_close(&s);
}

/* A poor value of what an AI system decides from is seen, and so is the good one after it. */
static void poor_inputs_never_pass(void **state)
{
    struct scene s;
    char inventory[2048];
    (void)state;
    snprintf(inventory, sizeof(inventory), "%s", PLANT);
    char *tier = strstr(inventory, "tier: T2,");
    assert_non_null(tier);
    memmove(tier + strlen("inputs: [temp], "), tier, strlen(tier) + 1);
    memcpy(tier, "inputs: [temp], ", strlen("inputs: [temp], "));
    scene_open(&s, inventory, RULE("action = write"));
    struct item item = an_item();
    assert_false(notify(&s, &item, num(1)));
    assert_true(notify(&s, &item, num(1)));
    for (int i = 0; i < 3; i++) {
        item.status = "UncertainLastUsableValue";
        item.code = UNCERTAIN_LAST_USABLE;
        assert_false(notify(&s, &item, num(1)));
        assert_false(notify(&s, &item, num(1)));
        item.status = "Good";
        item.code = 0;
        assert_false(notify(&s, &item, num(1)));
        assert_true(notify(&s, &item, num(1)));
    }
    scene_close(&s);
}

/* Many connections take no place from each other. */
static void what_many_are_told_passes(void **state)
{
    enum { FLOWS = 1000 };
    static struct item items[FLOWS];
    struct scene s;
    (void)state;
    scene_open(&s, PLANT, RULE("action = write"));
    for (size_t i = 0; i < FLOWS; i++) {
        items[i] = an_item();
        items[i].flow = i * 0x9e3779b97f4a7c15u >> 3;
        assert_false(notify(&s, &items[i], num(1)));
    }
    size_t passed = 0;
    for (size_t i = 0; i < FLOWS; i++)
        passed += notify(&s, &items[i], num(1));
    assert_in_range(passed, FLOWS - FLOWS / 50, FLOWS);
    scene_close(&s);
}

static void what_is_out_of_the_ordinary_never_passes(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, PLANT, RULE("action = write"));
    struct item item = an_item();
    assert_false(notify(&s, &item, num(1)));
    assert_true(notify(&s, &item, num(1)));
    item.after_gap = true;
    assert_false(notify(&s, &item, num(1)));
    assert_false(notify(&s, &item, num(1)));
    item.after_gap = false;
    item.encrypted = true;
    assert_false(notify(&s, &item, num(1)));
    item.encrypted = false;
    item.status = "BadNoData";
    assert_false(notify(&s, &item, num(1)));
    assert_false(notify(&s, &item, num(1)));
    item.status = "Good";
    item.identity = 0;
    assert_false(notify(&s, &item, num(1)));
    assert_false(notify(&s, &item, num(1)));
    item.identity = 3;
    assert_true(notify(&s, &item, num(1)));
    scene_close(&s);
}

/* A whole event as the analysis thread treats it; true when it was counted and no more. */
static bool whole(struct scene *s, struct tw_event *e)
{
    e->ts_ns = s->now_ns;
    if (tw_detect_is_quiet(s->detect, e, e->facts)) {
        s->packet++;
        return true;
    }
    scene_event(s, 0, e);
    return false;
}

static bool reads(struct scene *s, struct item *item, const char *ip, const char *attribute)
{
    struct tw_opcua_info info = {.auth_token = 5, .attribute = tw_str_of(attribute)};
    struct tw_session_facts facts = {.note = &item->note, .identity = item->identity};
    struct tw_event e = {.protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_READ,
        .src = scene_at(ip, 50000),
        .dst = scene_at("10.7.0.10", 4840),
        .flow = item->flow,
        .object = tw_str_of(item->node),
        .value = num(1),
        .status = {.s = tw_str_of(item->status)},
        .status_bad = strncmp(item->status, "Bad", 3) == 0,
        .opcua = &info,
        .facts = &facts};
    e.src.has_mac = item->mac != 0;
    memcpy(e.src.mac, (const uint8_t[]){2, 0, 0, 0, 0, item->mac}, sizeof(e.src.mac));
    return whole(s, &e);
}

static void reads_of_people_pass_and_those_of_agents_do_not(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, PLANT, RULE("action = write or status in (BadNodeIdUnknown)"));
    struct item item = an_item(), agent = an_item();
    assert_false(reads(&s, &item, "10.7.0.50", "DisplayName"));
    assert_false(reads(&s, &item, "10.7.0.50", "DisplayName"));
    assert_false(reads(&s, &item, "10.7.0.50", "Value"));
    assert_true(reads(&s, &item, "10.7.0.50", "Value"));
    assert_false(reads(&s, &item, "10.7.0.50", "DisplayName"));
    item.status = "BadNodeIdUnknown";
    assert_false(reads(&s, &item, "10.7.0.50", "Value"));
    assert_int_equal(1, s.n);
    agent.flow = 8;
    for (int i = 0; i < 3; i++)
        assert_false(reads(&s, &agent, "10.7.0.30", "Value"));
    /* Who is told on the same connection is another matter than who asks. */
    struct item told = an_item();
    item.status = "Good";
    assert_false(notify(&s, &told, num(1)));
    assert_true(notify(&s, &told, num(1)));
    assert_true(reads(&s, &item, "10.7.0.50", "Value"));
    assert_true(notify(&s, &told, num(1)));
    scene_close(&s);
}

/* Who goes on with a connection from another network card may be somebody else. */
static void reads_from_another_card_are_looked_at(void **state)
{
    static const char mac[] = "mac: [\"02:00:00:00:00:01\"], ";
    struct scene s;
    char inventory[2048];
    (void)state;
    snprintf(inventory, sizeof(inventory), "%s", PLANT);
    char *ip = strstr(inventory, "ip: [10.7.0.50]");
    assert_non_null(ip);
    memmove(ip + strlen(mac), ip, strlen(ip) + 1);
    memcpy(ip, mac, strlen(mac));
    scene_open(&s, inventory, RULE("action = read and actor.identity = mismatch"));
    struct item item = an_item();
    item.mac = 1;
    assert_false(reads(&s, &item, "10.7.0.50", "Value"));
    assert_true(reads(&s, &item, "10.7.0.50", "Value"));
    assert_int_equal(0, s.n);
    item.mac = 2;
    assert_false(reads(&s, &item, "10.7.0.50", "Value"));
    assert_int_equal(1, s.n);
    assert_false(reads(&s, &item, "10.7.0.50", "Value"));
    assert_int_equal(2, s.n);
    scene_close(&s);
}

/* A doubt may fall on what a model is trained on after it was read many times. */
static void reads_of_a_trainer_never_pass(void **state)
{
    struct scene s;
    char inventory[2048];
    (void)state;
    snprintf(inventory, sizeof(inventory), "%s", PLANT);
    char *kind = strstr(inventory, "kind: infrastructure");
    assert_non_null(kind);
    memmove(kind + strlen("trainer: true, "), kind, strlen(kind) + 1);
    memcpy(kind, "trainer: true, ", strlen("trainer: true, "));
    scene_open(&s, inventory,
        "rules:\n"
        "  - {id: A-1, name: n, rev: 1, evidence: D, severity: 60, marks: doubtful,\n"
        "     when: action = write and value > 90, suppress: {by: [object], for: 1s}, output: x}\n"
        "  - {id: B-1, name: n, rev: 1, evidence: D, severity: 60,\n"
        "     when: action = read and actor.trainer and doubt.object exists,\n"
        "     suppress: {by: [object], for: 1s}, output: \"%doubt.object\"}\n");
    struct item item = an_item();
    for (int i = 0; i < 3; i++)
        assert_false(reads(&s, &item, "10.7.0.50", "Value"));
    assert_int_equal(0, s.n);
    scene_opcua(
        &s, 1, "10.7.0.30", "10.7.0.10", TW_ACTION_WRITE, "ns=2;s=Temp", num(95), "Double", "Good");
    assert_int_equal(1, s.n);
    assert_false(reads(&s, &item, "10.7.0.50", "Value"));
    assert_int_equal(2, s.n);
    assert_string_equal("ns=2;s=Temp", s.found[1].summary);
    scene_close(&s);
}

/* As it is `delivered`; the payload was seen being published. */
static bool delivers(
    struct scene *s, struct item *item, const char *ip, const struct tw_mqtt_info *info)
{
    struct tw_session_facts facts = {
        .note = &item->note, .identity = item->identity, .topic_publishers = 1};
    struct tw_mqtt_info mqtt = *info;
    struct tw_event e = {.protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_DELIVER,
        .src = scene_at("10.7.0.20", 1883),
        .dst = scene_at(ip, 50001),
        .flow = item->flow,
        .object = tw_str_of(item->node),
        .mqtt = &mqtt,
        .facts = &facts};
    mqtt.serial = ++s->serial;
    return whole(s, &e);
}

#define ORDERS                                                                                     \
    "approvals:\n"                                                                                 \
    "  - {id: ok, mqtt: plant/orders, by: [mlops], approved: /ok, ai_system: /ai}\n"

static void deliveries_pass_unless_somebody_looks_at_them(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, PLANT ORDERS, RULE("action = deliver and mqtt.payload_danger exists"));
    const struct tw_mqtt_info plain = {.has_payload = true, .payload_bytes = 90};
    struct tw_mqtt_info danger = plain, large = plain;
    danger.payload_danger = TW_DANGER_PICKLE;
    large.payload_bytes = 4096;
    struct item item = an_item(), agent = an_item(), order = an_item();
    item.node = agent.node = "plant/telemetry";
    order.node = "plant/orders";
    assert_false(delivers(&s, &item, "10.7.0.50", &plain));
    assert_true(delivers(&s, &item, "10.7.0.50", &plain));
    assert_false(delivers(&s, &item, "10.7.0.50", &large));
    assert_false(delivers(&s, &item, "10.7.0.50", &danger));
    assert_int_equal(1, s.n);
    assert_true(delivers(&s, &item, "10.7.0.50", &plain));
    agent.flow = 8;
    for (int i = 0; i < 3; i++) {
        assert_false(delivers(&s, &agent, "10.7.0.30", &plain));
        assert_false(delivers(&s, &order, "10.7.0.50", &plain));
    }
    scene_close(&s);
}

/* A message, and whether its leaves at `field` with such values pass; those that do not are judged
 * as all events are. `whole`: all are. */
struct message {
    const char *ip, *client, *topic, *field;
    bool whole, encrypted;
};

static void publish(struct scene *s, const struct message *m, const struct tw_value *values,
    size_t n, bool *out_pass)
{
    struct tw_mqtt_info info = {.serial = ++s->serial, .client_id = {.s = tw_str_of(m->client)}};
    const struct tw_session_facts session = {.topic_publishers = 1};
    struct tw_facts facts = {.watching_ns = 0};
    struct tw_event e = {.protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_PUBLISH,
        .ts_ns = s->now_ns,
        .packet = ++s->packet,
        .src = scene_at(m->ip, 50001),
        .dst = scene_at("10.7.0.20", 1883),
        .object = tw_str_of(m->topic),
        .flow = 77,
        .mqtt = &info,
        .encrypted = m->encrypted,
        .facts = &session};
    tw_registry_resolve_next(s->registry, &e, &facts);
    tw_detect_event(s->detect, &e, &facts);
    const bool plain =
        tw_registry_has_plain_leaves(s->registry, &e) && tw_detect_passes_leaves(s->detect, &e);
    e.field = tw_str_of(m->field);
    for (size_t i = 0; i < n; i++) {
        e.value = values[i];
        e.facts = NULL;
        out_pass[i] = !m->whole && plain && !tw_registry_is_declared(s->registry, &e) &&
                      tw_detect_pass_leaf(s->detect, &e, &session, &facts);
        if (out_pass[i])
            continue;
        e.facts = &session;
        tw_registry_resolve_next(s->registry, &e, &facts);
        tw_detect_event(s->detect, &e, &facts);
    }
}

enum { SORTS = 7 };

static const struct tw_value *sorts(void)
{
    static struct tw_value values[SORTS];
    const struct tw_value all[SORTS] = {num(1), num(INFINITY), text("auto"), text("a, b"),
        text("eleven-letters"), truth(true), num(2)};
    memcpy(values, all, sizeof(values));
    return values;
}

#define FED                                                                                        \
    "  - {id: fed, mqtt: {topic: plant/fed, field: /a}, range: [0, 5]}\n"                          \
    "  - {id: fed2, mqtt: {topic: plant/fed, field: /b}, range: [0, 5]}\n"                         \
    "  - {id: own, mqtt: {topic: plant/own}}\n"                                                    \
    "  - {id: some, mqtt: {topic: plant/+/some, field: /a}}\n"                                     \
    "  - {id: mixed, mqtt: {topic: plant/mixed/some, field: /b}}\n"

static void leaves_pass_where_nothing_is_declared(void **state)
{
    static const struct {
        struct message message;
        bool passes;
    } rows[] = {
        {{"10.7.0.50", "mlops", "plant/telemetry", "/a", false, false}, true},
        {{"10.7.0.50", "mlops", "plant/fed", "/c", false, false}, true},
        {{"10.7.0.50", "mlops", "plant/fed", "/a", false, false}, false},
        {{"10.7.0.50", "mlops", "plant/fed", "/b", false, false}, false},
        {{"10.7.0.50", "mlops", "plant/fed", "", false, false}, false},
        {{"10.7.0.50", "mlops", "plant/own", "/c", false, false}, false},
        {{"10.7.0.50", "mlops", "plant/x/some", "/c", false, false}, false},
        {{"10.7.0.50", "mlops", "plant/mixed/some", "/c", false, false}, false},
        {{"10.7.0.50", "mlops", "plant/orders", "/c", false, false}, false},
        {{"10.7.0.30", "ai", "plant/telemetry", "/a", false, false}, false},
        {{"10.7.0.99", "nobody", "plant/telemetry", "/a", false, false}, false},
    };
    struct scene s;
    bool pass[SORTS];
    (void)state;
    scene_open(
        &s, PLANT FED ORDERS, RULE("value contains \", \" or value > 90 or not field exists"));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        s.n = 0;
        publish(&s, &rows[i].message, sorts(), SORTS, pass);
        for (size_t k = 0; k < SORTS; k++)
            assert_int_equal(rows[i].passes, pass[k]);
        /* The message itself, what is above 90, and what holds a comma. */
        assert_int_equal(3, s.n);
    }
    scene_close(&s);
}

/* A leaf that passes is asked about, counted and told of as if it had not. */
static void leaves_that_pass_are_judged_alike(void **state)
{
    static const char *const rules[] = {
        RULE("value contains \", \" or value > 90"),
        RULE("value is string and actor.id = mlops and grant.allowed and not variable.id exists"),
        RULE("action = publish and variable.has_publishers"),
        RULE("action = publish and object = \"plant/fed\""),
        /* A word holds back what follows it. */
        HELD("value contains \"u\"", "value = \"auto\""),
    };
    const struct message messages[] = {
        {"10.7.0.50", "mlops", "plant/telemetry", "/c", false, true},
        {"10.7.0.50", "mlops", "plant/fed", "/a", false, false},
        {"10.7.0.50", "mlops", "plant/fed", "/c", false, true},
    };
    bool pass[SORTS];
    (void)state;
    for (size_t r = 0; r < sizeof(rules) / sizeof(rules[0]); r++) {
        static struct scene light, whole;
        scene_open(&light, PLANT FED ORDERS, rules[r]);
        scene_open(&whole, PLANT FED ORDERS, rules[r]);
        for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
            struct message m = messages[i];
            publish(&light, &m, sorts(), SORTS, pass);
            m.whole = true;
            publish(&whole, &m, sorts(), SORTS, pass);
        }
        const struct tw_detect_stats a = tw_detect_stats(light.detect),
                                     b = tw_detect_stats(whole.detect);
        assert_int_equal(b.events, a.events);
        assert_int_equal(b.evaluated, a.evaluated);
        assert_int_equal(b.matched, a.matched);
        assert_int_equal(whole.n, light.n);
        for (size_t i = 0; i < whole.n; i++) {
            assert_string_equal(whole.found[i].summary, light.found[i].summary);
            assert_string_equal(whole.found[i].observed, light.found[i].observed);
        }
        scene_close(&light);
        scene_close(&whole);
    }
}

/* The same value is no matter before the change order opens, one while it is open, none after. */
static void a_change_order_opens_and_closes(void **state)
{
    struct scene s;
    char inventory[2048];
    (void)state;
    snprintf(inventory, sizeof(inventory), "%s%s", PLANT,
        "changes:\n"
        "  - {ai_system: ai, from: 2026-03-01T08:01:00Z, to: 2026-03-01T08:02:00Z, ticket: C}\n");
    /* A notification is the server's act; with the PLC as the AI system it is the one changed. */
    char *plc = strstr(inventory, "ip: [10.7.0.30]");
    assert_non_null(plc);
    memcpy(plc, "ip: [10.7.0.10]", strlen("ip: [10.7.0.10]"));
    plc = strstr(inventory, "ip: [10.7.0.10], ports");
    assert_non_null(plc);
    memcpy(plc, "ip: [10.7.0.11], ports", strlen("ip: [10.7.0.11], ports"));
    scene_open(&s, inventory, RULE("action = notify and change.open"));
    struct item item = an_item();
    assert_false(notify(&s, &item, num(1)));
    assert_true(notify(&s, &item, num(1)));
    assert_int_equal(0, s.n);
    s.now_ns += 90 * SECOND;
    assert_false(notify(&s, &item, num(1)));
    assert_int_equal(1, s.n);
    assert_false(notify(&s, &item, num(1)));
    assert_int_equal(2, s.n);
    s.now_ns += 60 * SECOND;
    assert_false(notify(&s, &item, num(1)));
    assert_true(notify(&s, &item, num(1)));
    assert_int_equal(2, s.n);
    scene_close(&s);
}

/* A range that passes by makes a rule applicable that was not. */
static void a_variable_gets_its_range(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, PLANT,
        RULE("action = notify and variable.range exists and value outside variable.range"));
    struct item item = an_item();
    assert_false(notify(&s, &item, num(500)));
    assert_true(notify(&s, &item, num(500)));
    const struct tw_value ends[] = {{.kind = TW_VALUE_DOUBLE, .d = 0, .name = TW_STR("Low")},
        {.kind = TW_VALUE_DOUBLE, .d = 100, .name = TW_STR("High")}};
    scene_opcua(&s, 1, "10.7.0.30", "10.7.0.10", TW_ACTION_READ, "ns=2;s=Temp.EURange",
        (struct tw_value){.kind = TW_VALUE_OBJECT, .n = 2, .items = ends}, "Range", "Good");
    assert_false(notify(&s, &item, num(500)));
    assert_int_equal(1, s.n);
    assert_string_equal("temp 500", s.found[0].summary);
    scene_close(&s);
}

/* The rules that come with the program ask nothing of a plain data change: most of the traffic. */
static void plain_data_changes_pass_the_shipped_rules(void **state)
{
    static const struct tw_value values[] = {{.kind = TW_VALUE_DOUBLE, .d = 20},
        {.kind = TW_VALUE_INT, .i = 7}, {.kind = TW_VALUE_BOOL, .b = true}};
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct scene s;
        struct item item = an_item();
        scene_open(&s, PLANT, "rules");
        assert_false(notify(&s, &item, values[i]));
        assert_true(notify(&s, &item, values[i]));
        assert_int_equal(0, s.n);
        scene_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_pass_together_up_to_the_first_that_does_not),
        cmocka_unit_test(what_no_rule_can_match_passes_the_second_time),
        cmocka_unit_test(what_a_rule_can_match_never_passes),
        cmocka_unit_test(what_a_step_is_measured_from_never_passes),
        cmocka_unit_test(what_is_stated_never_passes),
        cmocka_unit_test(plain_data_changes_pass_the_shipped_rules),
        cmocka_unit_test(each_kind_of_value_is_asked_about_once),
        cmocka_unit_test(arrays_pass_and_structures_do_not),
        cmocka_unit_test(another_context_is_asked_again),
        cmocka_unit_test(uncertain_values_are_asked_about_apart),
        cmocka_unit_test(poor_inputs_never_pass),
        cmocka_unit_test(what_many_are_told_passes),
        cmocka_unit_test(what_is_out_of_the_ordinary_never_passes),
        cmocka_unit_test(reads_of_people_pass_and_those_of_agents_do_not),
        cmocka_unit_test(reads_from_another_card_are_looked_at),
        cmocka_unit_test(reads_of_a_trainer_never_pass),
        cmocka_unit_test(deliveries_pass_unless_somebody_looks_at_them),
        cmocka_unit_test(leaves_pass_where_nothing_is_declared),
        cmocka_unit_test(leaves_that_pass_are_judged_alike),
        cmocka_unit_test(a_change_order_opens_and_closes),
        cmocka_unit_test(a_variable_gets_its_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
