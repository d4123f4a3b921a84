#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect/approved.h"
#include "detect/state.h"
#include "detect_scene.h"

static const char inventory[] =
    "inventory: 1\n"
    "networks: {plant: [10.7.0.0/16]}\n"
    "assets:\n"
    "  - {id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}\n"
    "  - {id: broker, kind: mqtt-broker, ip: [10.7.0.20], ports: [1883]}\n"
    "  - {id: desk, kind: operator, ip: [10.7.0.40], identity: {mqtt_client_id: [desk], "
    "mqtt_security: plain}}\n"
    "  - {id: mlops, kind: other, ip: [10.7.0.70], identity: {mqtt_client_id: [mlops], "
    "mqtt_security: plain}}\n"
    "ai_systems:\n"
    "  - id: bot2\n"
    "    tier: T2\n"
    "    technology: ml\n"
    "    ip: [10.7.0.52]\n"
    "    identity: {mqtt_client_id: [bot2], mqtt_security: plain, security: None}\n"
    "    model: {name: kiln, version: \"1.4.0\"}\n"
    "    may:\n"
    "      - {opcua: plc, actions: [write], nodes: [\"ns=2;s=Kiln.SP\", \"ns=2;s=Kiln.Zones\", "
    "\"ns=2;s=Fan.SP\"], needs_approval: ok}\n"
    "      - {opcua: plc, actions: [call], objects: [\"ns=2;s=Kiln\"], methods: "
    "[\"ns=2;s=Kiln.Start\"], needs_approval: ok}\n"
    "      - {opcua: plc, actions: [write], nodes: [\"ns=2;s=Twice\"], needs_approval: twice}\n"
    "      - {opcua: plc, actions: [write], nodes: [\"ns=2;s=Plain\"], needs_approval: plain}\n"
    "      - {mqtt: broker, actions: [publish], topics: [kiln/set], needs_approval: ok}\n"
    "      - {mqtt: broker, actions: [publish], topics: [kiln/ai]}\n"
    "    reports: [{mqtt: kiln/ai, confidence: /c, inputs_ts: /ts, model: /m, model_version: /v}]\n"
    "approvals:\n"
    "  - {id: ok, mqtt: kiln/ok, by: [desk], approved: /ok, ai_system: /ai, object: /node, value: "
    "/value, expires_s: /for, valid: 60s, uses: 1}\n"
    "  - {id: plain, mqtt: kiln/plain, by: [desk], valid: 60s, uses: 1}\n"
    "  - {id: twice, mqtt: kiln/ok, by: [desk], approved: /ok, ai_system: /ai, object: /node, "
    "value: /value, valid: 60s, uses: 2}\n"
    "changes:\n"
    "  - {ai_system: bot2, model_version: \"1.5.0\", from: 2026-03-01T09:00:00Z, to: "
    "2026-03-01T10:00:00Z, ticket: CHG-1}\n"
    "  - {mqtt: kiln/change, by: [mlops], ai_system: /ai, version: /to, ticket: /ticket, window_s: "
    "/window}\n"
    "variables:\n"
    "  - {id: kiln.sp, opcua: {server: plc, node: \"ns=2;s=Kiln.SP\"}, type: Float, unit: degC, "
    "range: [20, 900], role: command}\n"
    "  - {id: fan.sp, opcua: {server: plc, node: \"ns=2;s=Fan.SP\"}, type: UInt16, role: command}\n"
    "  - {id: kiln.set, mqtt: {topic: kiln/set, field: /sp}, role: command}\n";

/* A rule that tells the state of everything that needs approval, and of every report. */
static const char rules[] =
    "rules:\n"
    "  - id: STATE\n"
    "    name: state\n"
    "    rev: 1\n"
    "    when: action in (write, call, publish) and approval.state != none\n"
    "    evidence: D\n"
    "    severity: 1\n"
    "    output: \"%approval.state %approval.value %approval.by\"\n"
    "  - id: GIVEN\n"
    "    name: given\n"
    "    rev: 1\n"
    "    when: approval.is_given\n"
    "    evidence: D\n"
    "    severity: 1\n"
    "    output: \"%approval.id %approval.giver_ok\"\n"
    "  - id: VERSION\n"
    "    name: version\n"
    "    rev: 1\n"
    "    when: report.model_version exists\n"
    "    evidence: D\n"
    "    severity: 1\n"
    "    output: \"%report.model_version %report.version_declared %report.change_ticket "
    "%change.open\"\n";

static const char node[] = "ns=2;s=Kiln.SP";

static void start(struct scene *s)
{
    scene_open(s, inventory, rules);
    /* Long enough to know that nothing was approved before. */
    scene_opcua(s, 0, "10.7.0.40", "10.7.0.10", TW_ACTION_READ, "i=2258", num(0), "Double", "Good");
    s->now_ns += 100 * SECOND;
}

static void approve(struct scene *s, const char *ip, const char *client, bool yes,
    const char *object, struct tw_value value)
{
    const struct leaf leaves[] = {{"/id", text("p-1")}, {"/ok", truth(yes)}, {"/ai", text("bot2")},
        {"/node", text(object)}, {"/value", value}, {NULL, {0}}};
    scene_message(s, 1, ip, client, TW_ACTION_PUBLISH, "kiln/ok", leaves);
}

static void write_value(
    struct scene *s, double after_s, const char *object, struct tw_value v, const char *status)
{
    scene_clear(s);
    scene_opcua(s, after_s, "10.7.0.52", "10.7.0.10", TW_ACTION_WRITE, object, v, "Float", status);
}

static void expect_state(const struct scene *s, const char *wanted)
{
    const struct found *f = scene_find(s, "STATE");
    assert_non_null(f);
    assert_string_equal(wanted, f->summary);
}

static unsigned readable(const struct scene *s)
{
    const struct found *f = scene_find(s, "STATE");
    assert_non_null(f);
    return f != NULL ? f->readable : 100;
}

static struct tw_value flt(double d)
{
    return (struct tw_value){.kind = TW_VALUE_FLOAT, .d = (double)(float)d};
}

static void life_of_an_approval(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    write_value(&s, 1, node, flt(70), "Good");
    expect_state(&s, "missing unknown unknown");
    approve(&s, "10.7.0.40", "desk", true, node, num(70.1));
    write_value(&s, 1, node, flt(71), "Good");
    expect_state(&s, "mismatch 70.1 desk");
    /* 70.1 as a double is not 70.1 as a float; the variable keeps floats. */
    write_value(&s, 1, node, flt(70.1), "BadNotWritable");
    expect_state(&s, "valid 70.1 desk");
    write_value(&s, 1, node, flt(70.1), "Good"); /* the refused one did not use it up */
    expect_state(&s, "valid 70.1 desk");
    write_value(&s, 1, node, flt(70.1), "Good");
    expect_state(&s, "used 70.1 desk");
    write_value(&s, 1, node, flt(80), "Good"); /* used up: it says nothing about other values */
    expect_state(&s, "missing unknown unknown");
    approve(&s, "10.7.0.40", "desk", true, node, num(75));
    write_value(&s, 61, node, flt(75), "Good");
    expect_state(&s, "expired 75 desk");
    approve(&s, "10.7.0.40", "desk", false, node, num(77));
    write_value(&s, 1, node, flt(77), "Good");
    expect_state(&s, "rejected 77 desk");
    approve(&s, "10.7.0.40", "desk", true, node, num(77));
    write_value(&s, 1, node, flt(77), "Good");
    expect_state(&s, "valid 77 desk");
    /* Refused after it was given: the refusal holds. */
    approve(&s, "10.7.0.40", "desk", true, node, num(78));
    approve(&s, "10.7.0.40", "desk", false, node, num(78));
    write_value(&s, 1, node, flt(78), "Good");
    expect_state(&s, "rejected 78 desk");
    scene_close(&s);
}

static void who_may_approve(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    approve(&s, "10.7.0.52", "bot2", true, node, num(70));
    assert_string_equal("ok false", scene_find(&s, "GIVEN")->summary);
    write_value(&s, 1, node, flt(70), "Good");
    expect_state(&s, "missing unknown unknown");
    /* The operator's client id from a stranger's address. */
    approve(&s, "10.7.0.99", "desk", true, node, num(70));
    assert_string_equal("ok false", scene_find(&s, "GIVEN")->summary);
    write_value(&s, 1, node, flt(70), "Good");
    expect_state(&s, "missing unknown unknown");
    scene_clear(&s);
    approve(&s, "10.7.0.40", "desk", true, node, num(70));
    assert_string_equal("ok true", scene_find(&s, "GIVEN")->summary);
    write_value(&s, 1, node, flt(70), "Good");
    expect_state(&s, "valid 70 desk");
    scene_close(&s);
}

/* The AI system, the node, or what says yes is somebody else's or not there. */
static void messages_that_do_not_count(void **state)
{
    static const struct leaf other_ai[] = {{"/ok", {.kind = TW_VALUE_BOOL, .b = true}},
        {"/ai", {.kind = TW_VALUE_STRING, .s = {"bot9", 4}}},
        {"/node", {.kind = TW_VALUE_STRING, .s = {"ns=2;s=Kiln.SP", 14}}}, {NULL, {0}}};
    static const struct leaf no_answer[] = {{"/ai", {.kind = TW_VALUE_STRING, .s = {"bot2", 4}}},
        {"/node", {.kind = TW_VALUE_STRING, .s = {"ns=2;s=Kiln.SP", 14}}}, {NULL, {0}}};
    static const struct leaf no_node[] = {{"/ok", {.kind = TW_VALUE_BOOL, .b = true}},
        {"/ai", {.kind = TW_VALUE_STRING, .s = {"bot2", 4}}}, {NULL, {0}}};
    static const struct leaf elsewhere[] = {{"/ok", {.kind = TW_VALUE_BOOL, .b = true}},
        {"/ai", {.kind = TW_VALUE_STRING, .s = {"bot2", 4}}},
        {"/node", {.kind = TW_VALUE_STRING, .s = {"ns=2;s=Other", 12}}}, {NULL, {0}}};
    static const struct leaf *const all[] = {other_ai, no_answer, no_node, elsewhere};
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct scene s;
        start(&s);
        scene_message(&s, 1, "10.7.0.40", "desk", TW_ACTION_PUBLISH, "kiln/ok", all[i]);
        write_value(&s, 1, node, flt(70), "Good");
        expect_state(&s, "missing unknown unknown");
        scene_close(&s);
    }
}

/* Any value when none is named; the message's own time when it has one. */
static void value_and_time(void **state)
{
    static const struct leaf any_value[] = {{"/ok", {.kind = TW_VALUE_BOOL, .b = true}},
        {"/ai", {.kind = TW_VALUE_STRING, .s = {"bot2", 4}}},
        {"/node", {.kind = TW_VALUE_STRING, .s = {"kiln.sp", 7}}},
        {"/for", {.kind = TW_VALUE_INT, .i = 5}}, {NULL, {0}}};
    struct scene s;
    (void)state;
    start(&s);
    scene_message(&s, 1, "10.7.0.40", "desk", TW_ACTION_PUBLISH, "kiln/ok", any_value);
    write_value(&s, 4, node, flt(123), "Good"); /* named by the variable's id */
    expect_state(&s, "valid unknown desk");
    scene_message(&s, 1, "10.7.0.40", "desk", TW_ACTION_PUBLISH, "kiln/ok", any_value);
    write_value(&s, 6, node, flt(123), "Good");
    expect_state(&s, "expired unknown desk");
    /* Integers: rounded as the variable keeps them. */
    approve(&s, "10.7.0.40", "desk", true, "ns=2;s=Fan.SP", num(54.6));
    write_value(&s, 1, "ns=2;s=Fan.SP", (struct tw_value){.kind = TW_VALUE_UINT, .u = 55}, "Good");
    expect_state(&s, "valid 54.6 desk");
    approve(&s, "10.7.0.40", "desk", true, "ns=2;s=Fan.SP", num(54.4));
    write_value(&s, 1, "ns=2;s=Fan.SP", (struct tw_value){.kind = TW_VALUE_UINT, .u = 55}, "Good");
    expect_state(&s, "mismatch 54.4 desk");
    scene_close(&s);
}

/* The server answers with a clock that is so far behind the capture's. */
static void hear_clock(struct scene *s, int64_t behind_ns)
{
    for (int i = 0; i < 5; i++) {
        struct tw_event e = {.protocol = TW_PROTO_OPCUA,
            .action = TW_ACTION_READ,
            .src = scene_at("10.7.0.40", 5),
            .dst = scene_at("10.7.0.10", 4840),
            .object = TW_STR("i=2258"),
            .server_ts_ns = s->now_ns + SECOND - behind_ns};
        scene_event(s, 1, &e);
    }
}

/* The end of its life as a moment of the plant's clock: epoch milliseconds or ISO 8601. */
static void life_that_ends_at_a_moment(void **state)
{
    static const struct {
        bool as_text;
        double after_s;
        int64_t behind_ns;
        const char *state;
    } rows[] = {
        {false, 3, 0, "valid 70 desk"},
        {false, 7, 0, "expired 70 desk"},
        {true, 3, 0, "valid 70 desk"},
        {true, 7, 0, "expired 70 desk"},
        {false, 3, 3600 * SECOND, "valid 70 desk"},
        {false, 7, 3600 * SECOND, "expired 70 desk"},
        {true, 3, -3600 * SECOND, "valid 70 desk"},
        {true, 7, -3600 * SECOND, "expired 70 desk"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene s;
        char iso[TW_TIME_TEXT];
        start(&s);
        hear_clock(&s, rows[i].behind_ns);
        const int64_t end_ns = (s.now_ns / SECOND + 6) * SECOND - rows[i].behind_ns;
        struct tw_value end = num((double)(end_ns / TW_NS_PER_MS));
        if (rows[i].as_text)
            end = (struct tw_value){
                .kind = TW_VALUE_STRING, .s = {iso, tw_time_text(iso, end_ns, false)}};
        const struct leaf leaves[] = {{"/ok", truth(true)}, {"/ai", text("bot2")},
            {"/node", text(node)}, {"/value", num(70)}, {"/for", end}, {NULL, {0}}};
        scene_message(&s, 1, "10.7.0.40", "desk", TW_ACTION_PUBLISH, "kiln/ok", leaves);
        write_value(&s, rows[i].after_s, node, flt(70), "Good");
        expect_state(&s, rows[i].state);
        scene_close(&s);
    }
}

/* No pointer says where yes is written: the message itself is it, unless its payload says no. */
static void plain_payloads(void **state)
{
    static const struct {
        struct tw_value payload;
        const char *format, *state;
    } rows[] = {
        {{.kind = TW_VALUE_STRING, .s = {"go", 2}}, "text", "valid unknown desk"},
        {{.kind = TW_VALUE_BOOL, .b = true}, "json", "valid unknown desk"},
        {{.kind = TW_VALUE_INT, .i = 1}, "number", "valid unknown desk"},
        {{.kind = TW_VALUE_NONE}, "json", "valid unknown desk"},
        {{.kind = TW_VALUE_BOOL, .b = false}, "json", "rejected unknown desk"},
        {{.kind = TW_VALUE_INT, .i = 0}, "number", "rejected unknown desk"},
        {{.kind = TW_VALUE_STRING, .s = {"Denied", 6}}, "text", "rejected unknown desk"},
        {{.kind = TW_VALUE_NONE}, "empty", "missing unknown unknown"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene s;
        start(&s);
        struct tw_mqtt_info info = {.serial = ++s.serial,
            .client_id = {.s = TW_STR("desk")},
            .has_payload = true,
            .payload_format = rows[i].format};
        struct tw_event e = {.protocol = TW_PROTO_MQTT,
            .action = TW_ACTION_PUBLISH,
            .src = scene_at("10.7.0.40", 50001),
            .dst = scene_at("10.7.0.20", 1883),
            .object = TW_STR("kiln/plain"),
            .value = rows[i].payload,
            .mqtt = &info};
        scene_event(&s, 1, &e);
        write_value(&s, 1, "ns=2;s=Plain", flt(70), "Good");
        expect_state(&s, rows[i].state);
        scene_close(&s);
    }
}

/* The request was lost at the tap: an answer alone does not tell what was written. */
static void write_whose_request_is_lost(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    write_value(&s, 1, NULL, (struct tw_value){.kind = TW_VALUE_NULL}, "Good");
    expect_state(&s, "unknown unknown unknown");
    scene_close(&s);
}

static void arrays_and_calls(void **state)
{
    static const struct tw_value zones[] = {
        {.kind = TW_VALUE_DOUBLE, .d = 1}, {.kind = TW_VALUE_DOUBLE, .d = 2.5}};
    static const struct tw_value argument[] = {{.kind = TW_VALUE_INT, .i = 4}};
    const struct leaf array[] = {{"/ok", truth(true)}, {"/ai", text("bot2")},
        {"/node", text("ns=2;s=Kiln.Zones")}, {"/value/0", num(1)}, {"/value/1", num(2.5)},
        {NULL, {0}}};
    struct tw_opcua_info info = {.object_id = TW_STR("ns=2;s=Kiln")};
    struct tw_event call = {.protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_CALL,
        .src = scene_at("10.7.0.52", 5),
        .dst = scene_at("10.7.0.10", 4840),
        .object = TW_STR("ns=2;s=Kiln.Start"),
        .value = {.kind = TW_VALUE_ARRAY, .n = 1, .items = argument},
        .status = {.s = TW_STR("Good")},
        .opcua = &info};
    struct scene s;
    (void)state;
    start(&s);
    scene_message(&s, 1, "10.7.0.40", "desk", TW_ACTION_PUBLISH, "kiln/ok", array);
    struct tw_value v = {.kind = TW_VALUE_ARRAY, .n = 1, .items = zones};
    write_value(&s, 1, "ns=2;s=Kiln.Zones", v, "Good");
    expect_state(&s, "mismatch unknown desk");
    v.n = 2;
    write_value(&s, 1, "ns=2;s=Kiln.Zones", v, "Good");
    expect_state(&s, "valid unknown desk");
    scene_clear(&s);
    scene_event(&s, 1, &call);
    expect_state(&s, "missing unknown unknown");
    approve(&s, "10.7.0.40", "desk", true, "ns=2;s=Kiln.Start", num(4));
    scene_clear(&s);
    scene_event(&s, 1, &call);
    expect_state(&s, "valid 4 desk");
    /* The object whose method is called, and nothing said about arguments. */
    const struct leaf whole[] = {
        {"/ok", truth(true)}, {"/ai", text("bot2")}, {"/node", text("ns=2;s=Kiln")}, {NULL, {0}}};
    scene_message(&s, 1, "10.7.0.40", "desk", TW_ACTION_PUBLISH, "kiln/ok", whole);
    scene_clear(&s);
    call.value = (struct tw_value){0};
    scene_event(&s, 1, &call);
    expect_state(&s, "valid unknown desk");
    scene_close(&s);
}

/* A command that is a message: judged as a whole, and by the leaf that is the variable. */
static void commands_by_mqtt(void **state)
{
    const struct leaf command[] = {{"/sp", num(70)}, {"/by", text("bot2")}, {NULL, {0}}};
    struct scene s;
    (void)state;
    start(&s);
    approve(&s, "10.7.0.40", "desk", true, "kiln/set", num(70));
    scene_clear(&s);
    scene_message(&s, 1, "10.7.0.52", "bot2", TW_ACTION_PUBLISH, "kiln/set", command);
    assert_int_equal(2, s.n);
    assert_string_equal("valid 70 desk", s.found[0].summary);
    assert_string_equal("valid 70 desk", s.found[1].summary);
    scene_clear(&s);
    scene_message(&s, 1, "10.7.0.52", "bot2", TW_ACTION_PUBLISH, "kiln/set", command);
    assert_int_equal(2, s.n);
    assert_string_equal("used 70 desk", s.found[1].summary);
    scene_close(&s);
}

static void two_uses_and_repeats(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    approve(&s, "10.7.0.40", "desk", true, "ns=2;s=Twice", num(1));
    for (int i = 0; i < 3; i++) {
        write_value(&s, 1, "ns=2;s=Twice", num(1), "Good");
        expect_state(&s, i < 2 ? "valid 1 desk" : "used 1 desk");
    }
    /* The same message sent again by MQTT gives no new permission. */
    const struct tw_mqtt_info again = {.serial = 9000,
        .client_id = {.s = TW_STR("desk")},
        .dup = true,
        .has_publish_flags = true,
        .has_payload = true};
    struct tw_mqtt_info info = again;
    struct tw_event e = {.protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_PUBLISH,
        .src = scene_at("10.7.0.40", 5),
        .dst = scene_at("10.7.0.20", 1883),
        .object = TW_STR("kiln/ok"),
        .mqtt = &info};
    const struct leaf leaves[] = {{"/ok", truth(true)}, {"/ai", text("bot2")},
        {"/node", text("ns=2;s=Twice")}, {"/value", num(1)}, {NULL, {0}}};
    scene_event(&s, 1, &e);
    for (const struct leaf *l = leaves; l->field != NULL; l++) {
        e.field = tw_str_of(l->field);
        e.value = l->value;
        s.packet--;
        scene_event(&s, 0, &e);
    }
    write_value(&s, 1, "ns=2;s=Twice", num(1), "Good");
    expect_state(&s, "used 1 desk");
    scene_close(&s);
}

/* Where nobody could have seen an approval, nobody can say that there was none. */
static void what_was_not_seen(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, inventory, rules);
    write_value(&s, 0, node, flt(70), "Good");
    expect_state(&s, "unknown unknown unknown");
    write_value(&s, 59, node, flt(70), "Good");
    expect_state(&s, "unknown unknown unknown");
    write_value(&s, 2, node, flt(70), "Good");
    expect_state(&s, "missing unknown unknown");
    assert_true(readable(&s) < 100);
    struct tw_event gap = {.protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_GAP,
        .src = scene_at("10.7.0.40", 5),
        .dst = scene_at("10.7.0.20", 1883),
        .missing_bytes = 500};
    struct tw_event elsewhere = gap;
    elsewhere.protocol = TW_PROTO_OPCUA;
    elsewhere.dst = scene_at("10.7.0.10", 4840);
    scene_event(&s, 1, &elsewhere);
    write_value(&s, 1, node, flt(70), "Good");
    expect_state(&s, "missing unknown unknown");
    /* An acknowledgement was lost, or a few: no approval is as short. */
    gap.missing_bytes = 4;
    scene_event(&s, 1, &gap);
    write_value(&s, 1, node, flt(70), "Good");
    expect_state(&s, "missing unknown unknown");
    gap.missing_bytes = 31;
    scene_event(&s, 1, &gap);
    write_value(&s, 1, node, flt(70), "Good");
    expect_state(&s, "unknown unknown unknown");
    write_value(&s, 60, node, flt(70), "Good");
    expect_state(&s, "missing unknown unknown");
    /* Only the delivery was seen: who sent it is not known, that it was sent is. */
    const struct leaf leaves[] = {{"/ok", truth(true)}, {"/ai", text("bot2")},
        {"/node", text(node)}, {"/value", num(70)}, {NULL, {0}}};
    scene_message(&s, 1, "10.7.0.52", "bot2", TW_ACTION_DELIVER, "kiln/ok", leaves);
    write_value(&s, 1, node, flt(70), "Good");
    expect_state(&s, "valid 70 unknown");
    scene_close(&s);
}

static void flow(struct scene *s, const char *ip, const char *app)
{
    struct tw_event e = {.action = TW_ACTION_FLOW,
        .app = tw_str_of(app),
        .src = scene_at(ip, 5),
        .dst = scene_at("10.7.0.20", 8883)};
    scene_event(s, 1, &e);
}

/* Approvals and change orders that go through TLS: nothing can be said until one of them is seen
 * where it is delivered. */
static void what_is_encrypted(void **state)
{
    const struct leaf leaves[] = {{"/ok", truth(true)}, {"/ai", text("bot2")},
        {"/node", text(node)}, {"/value", num(70)}, {NULL, {0}}};
    struct scene s;
    (void)state;
    start(&s);
    flow(&s, "10.7.0.99", "tls");
    flow(&s, "10.7.0.40", "dns");
    write_value(&s, 1, node, flt(70), "Good");
    expect_state(&s, "missing unknown unknown");
    flow(&s, "10.7.0.40", "tls");
    write_value(&s, 1, node, flt(70), "Good");
    expect_state(&s, "unknown unknown unknown");
    scene_message(&s, 1, "10.7.0.52", "bot2", TW_ACTION_DELIVER, "kiln/ok", leaves);
    write_value(&s, 1, node, flt(71), "Good");
    expect_state(&s, "mismatch 70 unknown");
    scene_clear(&s);
    flow(&s, "10.7.0.70", "tls");
    const struct leaf version[] = {{"/v", text("7.7")}, {NULL, {0}}};
    scene_message(&s, 1, "10.7.0.52", "bot2", TW_ACTION_PUBLISH, "kiln/ai", version);
    assert_string_equal("7.7 true unknown false", scene_find(&s, "VERSION")->summary);
    scene_close(&s);
}

/* GUIDs are printed in upper case; people write them as they like. */
static void guids(void **state)
{
    const struct tw_seed seed = {1, 2};
    static const char *const upper = "ns=3;g=5F3A1C08-9B7D-4E21-8A60-77AA01C3D5E9";
    static const struct {
        const char *node;
        bool same;
    } rows[] = {{"ns=3;g=5f3a1c08-9b7d-4e21-8a60-77aa01c3d5e9", true},
        {"ns=3;g=5F3A1C08-9B7D-4E21-8A60-77AA01C3D5E9", true},
        {"g=5f3a1c08-9b7d-4e21-8a60-77aa01c3d5e9", false},
        {"ns=3;s=5f3a1c08-9b7d-4e21-8a60-77aa01c3d5e9", false}, {"ns=3;g=5f3a1c08", false},
        {"", false}};
    struct tw_text_key wanted = tw_node_key(seed, tw_str_of(upper));
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_text_key key = tw_node_key(seed, tw_str_of(rows[i].node));
        assert_int_equal(rows[i].same, key.a == wanted.a && key.b == wanted.b);
    }
}

/* An answer that overtook its approval on the mirror port by less than 10 ms is forgiven, no more.
 */
static void approval_comes_first(void **state)
{
    struct scene s;
    (void)state;
    start(&s);
    struct tw_opcua_info info = {0};
    struct tw_event e = {.protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_WRITE,
        .src = scene_at("10.7.0.52", 5),
        .dst = scene_at("10.7.0.10", 4840),
        .object = tw_str_of(node),
        .value = flt(70),
        .type = "Float",
        .status = {.s = TW_STR("Good")},
        .opcua = &info};
    approve(&s, "10.7.0.40", "desk", true, node, num(70));
    e.request_ts_ns = s.now_ns - 500 * TW_NS_PER_MS;
    e.request_packet = 1;
    scene_clear(&s);
    scene_event(&s, 0.1, &e);
    expect_state(&s, "missing unknown unknown");
    e.request_ts_ns = s.now_ns - 100 * TW_NS_PER_MS - 5 * TW_NS_PER_MS;
    scene_clear(&s);
    scene_event(&s, 0, &e);
    expect_state(&s, "valid 70 desk");
    scene_close(&s);
}

static void report(struct scene *s, double after_s, const char *version)
{
    const struct leaf leaves[] = {
        {"/c", num(0.9)}, {"/m", text("kiln")}, {"/v", text(version)}, {NULL, {0}}};
    scene_clear(s);
    scene_message(s, after_s, "10.7.0.52", "bot2", TW_ACTION_PUBLISH, "kiln/ai", leaves);
}

static void expect_version(const struct scene *s, const char *wanted)
{
    assert_non_null(scene_find(s, "VERSION"));
    assert_string_equal(wanted, scene_find(s, "VERSION")->summary);
}

static void declared_changes(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, inventory, rules); /* 08:00 */
    report(&s, 0, "1.4.0");
    expect_version(&s, "1.4.0 true unknown false");
    report(&s, 0, "v1.4.0");
    expect_version(&s, "v1.4.0 true unknown false");
    report(&s, 0, "1.5.0");
    expect_version(&s, "1.5.0 false unknown false");
    report(&s, 3600, "1.5.1");
    expect_version(&s, "1.5.1 false unknown true");
    report(&s, 0, "1.5.0");
    expect_version(&s, "1.5.0 true CHG-1 true");
    /* The order is over; what was put in under it stays. */
    report(&s, 7200, "1.5.0");
    expect_version(&s, "1.5.0 true CHG-1 false");
    scene_close(&s);
}

static void announced_changes(void **state)
{
    const struct leaf ticket[] = {{"/ticket", text("T-9")}, {"/ai", text("bot2")},
        {"/to", text("2.0.0")}, {"/window", num(300)}, {NULL, {0}}};
    struct scene s;
    (void)state;
    scene_open(&s, inventory, rules);
    scene_message(&s, 0, "10.7.0.52", "bot2", TW_ACTION_PUBLISH, "kiln/change", ticket);
    report(&s, 1, "2.0.0");
    expect_version(&s, "2.0.0 false unknown false");
    scene_message(&s, 1, "10.7.0.70", "mlops", TW_ACTION_PUBLISH, "kiln/change", ticket);
    report(&s, 1, "2.0.1");
    expect_version(&s, "2.0.1 false unknown true");
    report(&s, 1, "2.0.0");
    expect_version(&s, "2.0.0 true T-9 true");
    report(&s, 299, "2.0.0");
    expect_version(&s, "2.0.0 true T-9 false");
    report(&s, 1, "2.0.1");
    expect_version(&s, "2.0.1 false unknown false");
    scene_close(&s);
}

/* Values as they are kept, and whether a written one is that one. */
static const struct {
    struct tw_value approved, written;
    const char *type;
    bool fits;
} values[] = {
    {{.kind = TW_VALUE_DOUBLE, .d = 20.14}, {.kind = TW_VALUE_FLOAT, .d = (double)20.14f}, NULL,
        true},
    {{.kind = TW_VALUE_DOUBLE, .d = 20.14}, {.kind = TW_VALUE_DOUBLE, .d = (double)20.14f},
        "Double", false},
    {{.kind = TW_VALUE_DOUBLE, .d = 20.14}, {.kind = TW_VALUE_DOUBLE, .d = (double)20.14f}, "Float",
        true},
    {{.kind = TW_VALUE_DOUBLE, .d = 20.14}, {.kind = TW_VALUE_DOUBLE, .d = 20.14}, "Double", true},
    {{.kind = TW_VALUE_DOUBLE, .d = 20.14}, {.kind = TW_VALUE_INT, .i = 20}, NULL, true},
    {{.kind = TW_VALUE_INT, .i = 21}, {.kind = TW_VALUE_DOUBLE, .d = 20.6}, "Int32", true},
    {{.kind = TW_VALUE_INT, .i = 21}, {.kind = TW_VALUE_INT, .i = 20}, NULL, false},
    {{.kind = TW_VALUE_STRING, .s = {"20.14", 5}}, {.kind = TW_VALUE_DOUBLE, .d = 20.14}, NULL,
        true},
    {{.kind = TW_VALUE_STRING, .s = {"NIGHT", 5}}, {.kind = TW_VALUE_STRING, .s = {"NIGHT", 5}},
        NULL, true},
    {{.kind = TW_VALUE_STRING, .s = {"NIGHT", 5}}, {.kind = TW_VALUE_STRING, .s = {"DAY", 3}}, NULL,
        false},
    {{.kind = TW_VALUE_STRING, .s = {"NIGHT", 5}}, {.kind = TW_VALUE_INT, .i = 1}, NULL, false},
    {{.kind = TW_VALUE_BOOL, .b = true}, {.kind = TW_VALUE_BOOL, .b = true}, NULL, true},
    {{.kind = TW_VALUE_BOOL, .b = true}, {.kind = TW_VALUE_BOOL, .b = false}, NULL, false},
    {{.kind = TW_VALUE_BOOL, .b = true}, {.kind = TW_VALUE_INT, .i = 1}, NULL, true},
    {{.kind = TW_VALUE_INT, .i = 0}, {.kind = TW_VALUE_BOOL, .b = false}, NULL, true},
    {{.kind = TW_VALUE_NULL}, {.kind = TW_VALUE_INT, .i = 5}, NULL, true},
    {{.kind = TW_VALUE_INT, .i = 5}, {.kind = TW_VALUE_NULL}, NULL, true},
};

static void approved_values(void **state)
{
    const struct tw_seed seed = {1, 2};
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct tw_approved a = tw_approved_of(seed, &values[i].approved);
        if (tw_approved_fits(seed, &a, &values[i].written, tw_str_of(values[i].type)) !=
            values[i].fits)
            fail_msg("row %zu", i);
        assert_true(tw_approved_eq(&a, &a));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(life_of_an_approval),
        cmocka_unit_test(who_may_approve),
        cmocka_unit_test(messages_that_do_not_count),
        cmocka_unit_test(value_and_time),
        cmocka_unit_test(life_that_ends_at_a_moment),
        cmocka_unit_test(write_whose_request_is_lost),
        cmocka_unit_test(plain_payloads),
        cmocka_unit_test(arrays_and_calls),
        cmocka_unit_test(commands_by_mqtt),
        cmocka_unit_test(two_uses_and_repeats),
        cmocka_unit_test(what_was_not_seen),
        cmocka_unit_test(what_is_encrypted),
        cmocka_unit_test(guids),
        cmocka_unit_test(approval_comes_first),
        cmocka_unit_test(declared_changes),
        cmocka_unit_test(announced_changes),
        cmocka_unit_test(approved_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
