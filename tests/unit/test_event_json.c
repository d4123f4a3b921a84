#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <math.h>

#include "event/emit_json.h"
#include "event/sparkplug.h"

static struct tw_text out;

static const char *line(const struct tw_event *e)
{
    tw_text_clear(&out);
    tw_event_json(&out, e);
    tw_text_add(&out, "", 1);
    return out.p;
}

static struct tw_endpoint at(const char *ip, uint16_t port, uint8_t last)
{
    struct tw_endpoint e = {.port = port, .has_mac = last != 0, .mac = {2, 0, 0, 0, 0, last}};
    assert_true(tw_ip_parse(tw_str_of(ip), &e.ip));
    return e;
}

static struct tw_event base(enum tw_protocol protocol, enum tw_action action)
{
    return (struct tw_event){.ts_ns = INT64_C(1772352001123456789),
        .packet = 1234,
        .protocol = protocol,
        .action = action,
        .src = at("10.10.0.32", 51122, 0x32),
        .dst = at("10.10.0.10", 4840, 0x10),
        .flow = 0x9f3c02d41b7a66e0};
}

#define HEAD(protocol, action)                                                                     \
    "{\"ts\":\"2026-03-01T08:00:01.123456Z\",\"packet\":1234,\"protocol\":\"" protocol             \
    "\",\"action\":\"" action "\",\"src\":{\"ip\":\"10.10.0.32\",\"port\":51122,"                  \
    "\"mac\":\"02:00:00:00:00:32\"},\"dst\":{\"ip\":\"10.10.0.10\",\"port\":4840,"                 \
    "\"mac\":\"02:00:00:00:00:10\"}"
#define FLOW ",\"flow\":\"9f3c02d41b7a66e0\""

static void an_opcua_write(void **state)
{
    struct tw_opcua_info o = {.service = TW_STR("Write"),
        .attribute = TW_STR("Value"),
        .index_range = {.is_null = true},
        .has_request_id = true,
        .request_id = 7,
        .has_request_handle = true,
        .request_handle = 12,
        .audit_entry_id = {.s = TW_STR("")},
        .security_policy = {.s = TW_STR("None")},
        .security_mode = {.s = TW_STR("None")},
        .application_uri = {.s = TW_STR("urn:a")},
        .application_name = {.s = TW_STR("A")},
        .product_uri = {.s = TW_STR("urn:p")},
        .session_name = {.s = TW_STR("S")},
        .user = {.s = TW_STR("anonymous")},
        .session = {.s = TW_STR("ns=1;i=5")}};
    struct tw_event e = base(TW_PROTO_OPCUA, TW_ACTION_WRITE);
    (void)state;
    e.vlan[0] = 120;
    e.n_vlan = 1;
    e.object = TW_STR("ns=2;s=Boiler.Setpoint");
    e.value = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = 93.5};
    e.type = "Double";
    e.source_ts_ns = INT64_C(1772352001000000000);
    e.status.s = TW_STR("Good");
    e.has_encrypted = true;
    e.opcua = &o;
    assert_string_equal(line(&e),
        HEAD("opcua",
            "write") ",\"vlan\":[120]" FLOW
                     ",\"object\":\"ns=2;s=Boiler.Setpoint\",\"value\":93.5,\"type\":\"Double\","
                     "\"source_ts\":\"2026-03-01T08:00:01.000000Z\",\"status\":\"Good\","
                     "\"encrypted\":false,"
                     "\"opcua\":{\"service\":\"Write\",\"attribute\":\"Value\",\"index_range\":"
                     "null,"
                     "\"request_id\":7,\"request_handle\":12,\"audit_entry_id\":\"\","
                     "\"security_policy\":\"None\",\"security_mode\":\"None\",\"application_uri\":"
                     "\"urn:a\","
                     "\"application_name\":\"A\",\"product_uri\":\"urn:p\",\"session_name\":\"S\","
                     "\"user\":\"anonymous\",\"session\":\"ns=1;i=5\"}}\n");
}

static void an_mqtt_publish(void **state)
{
    struct tw_mqtt_info m = {.version = "3.1.1",
        .client_id = {.s = TW_STR("ai-quality")},
        .username = {.is_null = true},
        .has_qos = true,
        .qos = 1,
        .has_publish_flags = true,
        .has_packet_id = true,
        .packet_id = 12,
        .has_payload = true,
        .payload_bytes = 143,
        .payload_format = "json",
        .has_sha256 = true,
        .payload_sha256 = {0xde, 0xad}};
    struct tw_event e = base(TW_PROTO_MQTT, TW_ACTION_PUBLISH);
    (void)state;
    e.object = TW_STR("plant/line1/quality");
    e.field = TW_STR("/confidence");
    e.value = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = 0.31};
    e.type = "number";
    e.mqtt = &m;
    assert_string_equal(line(&e), HEAD("mqtt", "publish") FLOW
        ",\"object\":\"plant/line1/quality\",\"field\":\"/confidence\",\"value\":0.31,"
        "\"type\":\"number\",\"mqtt\":{\"version\":\"3.1.1\",\"client_id\":\"ai-quality\","
        "\"username\":null,\"qos\":1,\"retain\":false,\"dup\":false,\"packet_id\":12,"
        "\"payload_bytes\":143,\"payload_format\":\"json\",\"payload_sha256\":\"dead"
        "000000000000000000000000000000000000000000000000000000000000\"}}\n");
    m.username = (struct tw_maybe){0}; /* sent none: no key */
    m.version = NULL;
    m.client_id = (struct tw_maybe){.is_null = true};
    m.has_sha256 = m.has_payload = m.has_packet_id = false;
    m.payload_format = NULL;
    assert_string_equal(line(&e), HEAD("mqtt", "publish") FLOW
        ",\"object\":\"plant/line1/quality\",\"field\":\"/confidence\",\"value\":0.31,"
        "\"type\":\"number\",\"mqtt\":{\"version\":null,\"client_id\":null,"
        "\"qos\":1,\"retain\":false,\"dup\":false}}\n");
}

static void nine_digits_for_nanoseconds(void **state)
{
    struct tw_event e = base(TW_PROTO_OPCUA, TW_ACTION_READ);
    (void)state;
    e.nano = true;
    e.request_packet = 1230;
    e.request_ts_ns = e.ts_ns - 1000;
    assert_memory_equal(line(&e),
        "{\"ts\":\"2026-03-01T08:00:01.123456789Z\",\"packet\":1234,\"request_packet\":1230,"
        "\"request_ts\":\"2026-03-01T08:00:01.123455789Z\",\"protocol\":\"opcua\"",
        137);
}

static void another_protocol(void **state)
{
    struct tw_flow_info f = {.has_totals = true,
        .bytes = 4321,
        .packets = 9,
        .state = "established",
        .transport = "tcp",
        .path = TW_STR("/v1/models"),
        .guessed = true};
    struct tw_event e = base(TW_PROTO_OTHER, TW_ACTION_FLOW);
    (void)state;
    e.app = TW_STR("ssh");
    e.object = TW_STR("historian.works");
    e.flow_info = &f;
    assert_string_equal(line(&e), HEAD("ssh", "flow") FLOW
        ",\"object\":\"historian.works\",\"bytes\":4321,\"packets\":9,\"state\":\"established\","
        "\"transport\":\"tcp\",\"path\":\"/v1/models\",\"guessed\":true}\n");
}

static void what_was_not_seen(void **state)
{
    struct tw_event e = base(TW_PROTO_MQTT, TW_ACTION_GAP);
    (void)state;
    e.missing_bytes = 1460;
    assert_string_equal(line(&e), HEAD("mqtt", "gap") FLOW ",\"missing_bytes\":1460}\n");
    e = base(TW_PROTO_OPCUA, TW_ACTION_CONFLICT);
    e.detail = TW_STR("first");
    assert_string_equal(line(&e), HEAD("opcua", "conflict") FLOW ",\"detail\":\"first\"}\n");
    e = base(TW_PROTO_OPCUA, TW_ACTION_WRITE);
    e.object_null = true;
    e.value.kind = TW_VALUE_NULL;
    e.status.is_null = true;
    e.has_encrypted = e.encrypted = true;
    assert_string_equal(line(&e), HEAD("opcua", "write") FLOW
        ",\"object\":null,\"value\":null,\"status\":null,\"encrypted\":true}\n");
}

static void addresses_without_ports_or_macs(void **state)
{
    struct tw_event e = base(TW_PROTO_OTHER, TW_ACTION_FLOW);
    (void)state;
    e.app = TW_STR("icmp");
    e.src = at("fd00:10::32", 0, 0);
    e.dst = at("fd00:10::10", 0, 0);
    e.vlan[0] = 10;
    e.vlan[1] = 20;
    e.n_vlan = 2;
    e.flow = 1;
    assert_non_null(
        strstr(line(&e), "\"src\":{\"ip\":\"fd00:10::32\"},\"dst\":{\"ip\":\"fd00:10::10\"},"
                         "\"vlan\":[10,20],\"flow\":\"0000000000000001\"}\n"));
}

static void values(void **state)
{
    static const struct tw_value inner[] = {{.kind = TW_VALUE_UINT, .u = UINT64_MAX},
        {.kind = TW_VALUE_INT, .i = -1}, {.kind = TW_VALUE_NULL}, {.kind = TW_VALUE_NONE}};
    static const struct tw_value members[] = {
        {.kind = TW_VALUE_DOUBLE, .d = 0.5, .name = {"lo\"w", 4}},
        {.kind = TW_VALUE_ARRAY, .n = 4, .items = inner, .name = {"all", 3}},
        {.kind = TW_VALUE_STRING, .s = {"hunter2", 7}, .name = {"db_password", 11}},
        {.kind = TW_VALUE_OBJECT, .name = {"none", 4}}};
    static const struct {
        struct tw_value v;
        const char *json;
    } rows[] = {
        {{.kind = TW_VALUE_NULL}, "null"},
        {{.kind = TW_VALUE_BOOL, .b = true}, "true"},
        {{.kind = TW_VALUE_INT, .i = INT64_MIN}, "-9223372036854775808"},
        {{.kind = TW_VALUE_UINT, .u = 255}, "255"},
        {{.kind = TW_VALUE_FLOAT, .d = (double)20.14f}, "20.14"},
        {{.kind = TW_VALUE_DOUBLE, .d = (double)20.14f}, "20.139999389648438"},
        {{.kind = TW_VALUE_DOUBLE, .d = -0.0}, "0"},
        {{.kind = TW_VALUE_STRING, .s = {"a\nb", 3}}, "\"a\\nb\""},
        {{.kind = TW_VALUE_STRING}, "null"},
        {{.kind = TW_VALUE_BYTES, .s = {"\x00\xff", 2}}, "\"AP8=\""},
        {{.kind = TW_VALUE_ARRAY}, "[]"},
        {{.kind = TW_VALUE_ARRAY, .n = 4, .items = inner}, "[18446744073709551615,-1,null,null]"},
        {{.kind = TW_VALUE_OBJECT, .n = 4, .items = members},
            "{\"lo\\\"w\":0.5,\"all\":[18446744073709551615,-1,null,null],"
            "\"db_password\":\"(redacted)\",\"none\":{}}"},
    };
    struct tw_value v;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tw_text_clear(&out);
        tw_value_json(&out, &rows[i].v);
        tw_text_add(&out, "", 1);
        assert_string_equal(out.p, rows[i].json);
    }
    v = (struct tw_value){.kind = TW_VALUE_FLOAT, .d = (double)NAN};
    tw_text_clear(&out);
    tw_value_json(&out, &v);
    assert_memory_equal(out.p, "\"NaN\"", 5);
}

static void cut_values_say_so(void **state)
{
    struct tw_event e = base(TW_PROTO_OPCUA, TW_ACTION_READ);
    (void)state;
    e.value = (struct tw_value){.kind = TW_VALUE_STRING, .s = TW_STR("abc"), .truncated = true};
    e.type = "String";
    assert_string_equal(line(&e),
        HEAD("opcua", "read") FLOW ",\"value\":\"abc\",\"type\":\"String\",\"truncated\":true}\n");
}

static void a_connect_with_a_will(void **state)
{
    struct tw_mqtt_info m = {.version = "5.0",
        .client_id = {.s = TW_STR("pump")},
        .has_keep_alive = true,
        .keep_alive = 30,
        .has_clean_start = true,
        .clean_start = true,
        .has_will = true,
        .will_topic = TW_STR("state/pump"),
        .will_qos = 1,
        .will_retain = true,
        .will_payload_bytes = 7,
        .clear_password = true,
        .has_reason = true,
        .reason = 0};
    struct tw_event e = base(TW_PROTO_MQTT, TW_ACTION_CONNECT);
    (void)state;
    e.object = TW_STR("pump");
    e.status.s = TW_STR("Success");
    e.mqtt = &m;
    assert_string_equal(line(&e), HEAD("mqtt", "connect") FLOW
        ",\"object\":\"pump\",\"status\":\"Success\",\"mqtt\":{\"version\":\"5.0\","
        "\"client_id\":\"pump\",\"reason\":0,\"keep_alive\":30,\"clean_start\":true,"
        "\"will\":{\"topic\":\"state/pump\",\"qos\":1,\"retain\":true,\"payload_bytes\":7},"
        "\"clear_password\":true}}\n");
}

static int done(void **state)
{
    (void)state;
    tw_text_free(&out);
    return 0;
}

/* 0 and -1 are intervals as others; only what was not sent is left out. */
static void intervals_are_printed_as_sent(void **state)
{
    static const struct {
        bool publishing, sampling;
        double ms;
        const char *said;
    } rows[] = {{false, false, 0, ""}, {true, false, 0, ",\"publishing_interval\":0"},
        {false, true, -1, ",\"sampling_interval\":-1"},
        {true, true, 0.5, ",\"publishing_interval\":0.5,\"sampling_interval\":0.5"}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_opcua_info o = {.service = TW_STR("X"),
            .has_publishing_interval = rows[i].publishing,
            .publishing_interval = rows[i].ms,
            .has_sampling_interval = rows[i].sampling,
            .sampling_interval = rows[i].ms};
        struct tw_event e = base(TW_PROTO_OPCUA, TW_ACTION_SUBSCRIBE);
        e.opcua = &o;
        char want[512];
        snprintf(want, sizeof(want), "%s,\"opcua\":{\"service\":\"X\"%s}}\n",
            HEAD("opcua", "subscribe") FLOW, rows[i].said);
        assert_string_equal(line(&e), want);
    }
}

static void what_only_some_services_say(void **state)
{
    static const struct tw_value members[] = {
        {.kind = TW_VALUE_UINT, .name = {"references", 10}, .u = 3},
        {.kind = TW_VALUE_STRING, .name = {"password", 8}, .s = {"x", 1}}};
    static const struct tw_value details = {.kind = TW_VALUE_OBJECT, .n = 2, .items = members};
    static const struct tw_opcua_history history = {.kind = "raw",
        .from_ns = INT64_C(1772352000000000000),
        .has_values = true,
        .values = 10,
        .has_returned = true,
        .returned = 2};
    static const struct tw_opcua_certificate certificate = {.sha1 = {"beef", 4},
        .subject = {"CN=a", 4},
        .key = {"RSA", 3},
        .key_bits = 2048,
        .chain = 1,
        .not_after_ns = INT64_C(1772352000000000000)};
    struct tw_opcua_info o = {.service = TW_STR("X"),
        .namespace_uri = TW_STR("urn:ns"),
        .sessionless = true,
        .details = &details,
        .history = &history,
        .certificate = &certificate};
    struct tw_event e = base(TW_PROTO_OPCUA, TW_ACTION_READ);
    e.opcua = &o;
    (void)state;
    assert_string_equal(line(&e), HEAD("opcua", "read") FLOW
        ",\"opcua\":{\"service\":\"X\",\"namespace_uri\":\"urn:ns\",\"sessionless\":true,"
        "\"certificate_sha1\":\"beef\",\"certificate_subject\":\"CN=a\","
        "\"certificate_not_after\":\"2026-03-01T08:00:00.000000Z\",\"certificate_key\":\"RSA\","
        "\"certificate_key_bits\":2048,\"certificate_chain\":1,\"history\":{\"kind\":\"raw\","
        "\"from\":\"2026-03-01T08:00:00.000000Z\",\"values\":10,\"returned\":2},"
        "\"references\":3,\"password\":\"(redacted)\"}}\n");
}

static void a_sparkplug_metric(void **state)
{
    const struct tw_value units[] = {{.kind = TW_VALUE_DOUBLE, .name = TW_STR("engLow"), .d = -1.5},
        {.kind = TW_VALUE_STRING, .name = TW_STR("token"), .s = TW_STR("x")}};
    const struct tw_value properties = {.kind = TW_VALUE_OBJECT, .n = 2, .items = units};
    struct tw_sparkplug_metric m = {.has_alias = true,
        .alias = 7,
        .is_null = true,
        .is_historical = true,
        .is_transient = true,
        .has_quality = true,
        .quality = -1,
        .properties = &properties,
        .metadata = &properties,
        .rebirth_requests = 2,
        .alias_unresolved = true};
    struct tw_sparkplug_info info = {.kind = TW_SPARKPLUG_DDATA,
        .group = TW_STR("g"),
        .edge_node = TW_STR("e"),
        .device = TW_STR("d"),
        .has_seq = true,
        .has_bd_seq = true,
        .bd_seq = 9,
        .timestamp_ns = 1772352001123456789,
        .uuid = TW_STR("u"),
        .body_bytes = 5,
        .compressed = true,
        .found = {.missing = 3,
            .sender_host = TW_STR("h"),
            .primary_host = TW_STR("p"),
            .before_birth = true,
            .state_will_differs = true}};
    struct tw_event e = base(TW_PROTO_MQTT, TW_ACTION_PUBLISH);
    (void)state;
    e.sparkplug = &info;
    e.metric = &m;
    assert_string_equal(line(&e), HEAD("mqtt", "publish") FLOW
        ",\"sparkplug\":{\"type\":\"DDATA\",\"group\":\"g\",\"edge_node\":\"e\",\"device\":\"d\","
        "\"seq\":0,\"bd_seq\":9,\"timestamp\":\"2026-03-01T08:00:01.123456Z\",\"uuid\":\"u\","
        "\"body_bytes\":5,\"compressed\":true,\"missing\":3,\"sender_host\":\"h\","
        "\"primary_host\":\"p\",\"before_birth\":true,\"state_will_differs\":true,\"alias\":7,"
        "\"is_null\":true,\"is_historical\":true,\"is_transient\":true,\"quality\":-1,"
        "\"properties\":{\"engLow\":-1.5,\"token\":\"(redacted)\"},"
        "\"metadata\":{\"engLow\":-1.5,\"token\":\"(redacted)\"},\"rebirth_requests\":2,"
        "\"alias_unresolved\":true}}\n");
    info = (struct tw_sparkplug_info){
        .kind = TW_SPARKPLUG_STATE, .host = TW_STR("h"), .has_online = true};
    e.metric = NULL;
    assert_string_equal(line(&e), HEAD("mqtt", "publish") FLOW
        ",\"sparkplug\":{\"type\":\"STATE\",\"host\":\"h\",\"online\":false}}\n");
}

static void add_both(struct tw_event_lines *lines, struct tw_text *whole, const struct tw_event *e)
{
    tw_event_lines_add(lines, e);
    tw_event_json(whole, e);
}

/* Whatever two events that follow each other have in common, and whatever not. */
static void lines_are_those_of_single_events(void **state)
{
    static const struct tw_tunnel tunnel = {.kind = "GRE", .has_id = true, .id = 9};
    struct tw_mqtt_info one = {.serial = 5, .version = "5.0", .client_id = {.s = TW_STR("a")}};
    struct tw_mqtt_info other = {.serial = 6, .version = "3.1", .client_id = {.s = TW_STR("b")}};
    struct tw_opcua_info o = {.service = TW_STR("Read")};
    struct tw_event e[24];
    const size_t n = sizeof(e) / sizeof(e[0]);
    struct tw_event_lines lines = {.serial = 0};
    struct tw_text whole = {.p = NULL};
    (void)state;
    for (size_t i = 0; i < n; i++) {
        e[i] = base(TW_PROTO_MQTT, TW_ACTION_PUBLISH);
        e[i].mqtt = &one;
        e[i].field = TW_STR("/x");
        e[i].value = (struct tw_value){.kind = TW_VALUE_UINT, .u = i};
    }
    e[0].field = TW_STR_NONE;
    e[2].ts_ns += 1000;
    e[3].packet++;
    e[4].request_packet = 3;
    e[5].request_packet = 3;
    e[5].request_ts_ns = e[5].ts_ns;
    e[6].protocol = TW_PROTO_OPCUA;
    e[7].action = TW_ACTION_DELIVER;
    e[8].src.port++;
    e[9].dst.mac[5]++;
    e[10].src.has_mac = false;
    e[11].src.ip.b[3]++;
    e[12].dst.ip.family = 6;
    e[13].n_vlan = 1;
    e[14].n_vlan = 1;
    e[14].vlan[0] = 7;
    e[15].tunnel = e[16].tunnel = &tunnel;
    e[17].app = e[18].app = TW_STR("ssh");
    e[18].mqtt = NULL;
    e[19].nano = true;
    e[20].flow++;
    e[21].mqtt = &other;
    e[22].opcua = &o;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            add_both(&lines, &whole, &e[i]);
            add_both(&lines, &whole, &e[k]);
        }
    }
    /* The same place for facts of another message, and a message behind its leaves. */
    one.serial = 7;
    one.client_id.s = TW_STR("c");
    add_both(&lines, &whole, &e[23]);
    one.retain = one.has_publish_flags = true;
    add_both(&lines, &whole, &e[0]);
    assert_int_equal(lines.text.len, whole.len);
    assert_memory_equal(lines.text.p, whole.p, whole.len);
    /* What was cleared is not copied from. */
    tw_event_lines_clear(&lines);
    tw_text_clear(&whole);
    add_both(&lines, &whole, &e[1]);
    assert_int_equal(lines.text.len, whole.len);
    assert_memory_equal(lines.text.p, whole.p, whole.len);
    tw_text_free(&lines.text);
    tw_text_free(&whole);
}

/* Leaves of a message tell the facts that stood when it was told of. */
static void leaves_copy_the_line_of_their_message(void **state)
{
    struct tw_mqtt_info info = {.serial = 5, .version = "5.0", .client_id = {.s = TW_STR("a")}};
    struct tw_event e = base(TW_PROTO_MQTT, TW_ACTION_PUBLISH);
    struct tw_event_lines lines = {.serial = 0};
    (void)state;
    e.mqtt = &info;
    tw_event_lines_add(&lines, &e);
    const size_t first = lines.text.len;
    info.version = "3.1"; /* shows that the section is not made again */
    e.field = TW_STR("/x");
    tw_event_lines_add(&lines, &e);
    tw_text_add(&lines.text, "", 1);
    assert_string_equal(lines.text.p + first, HEAD("mqtt", "publish") FLOW
        ",\"field\":\"/x\",\"mqtt\":{\"version\":\"5.0\",\"client_id\":\"a\"}}\n");
    tw_text_free(&lines.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_opcua_write),
        cmocka_unit_test(an_mqtt_publish),
        cmocka_unit_test(nine_digits_for_nanoseconds),
        cmocka_unit_test(another_protocol),
        cmocka_unit_test(what_was_not_seen),
        cmocka_unit_test(addresses_without_ports_or_macs),
        cmocka_unit_test(values),
        cmocka_unit_test(cut_values_say_so),
        cmocka_unit_test(a_connect_with_a_will),
        cmocka_unit_test(intervals_are_printed_as_sent),
        cmocka_unit_test(what_only_some_services_say),
        cmocka_unit_test(a_sparkplug_metric),
        cmocka_unit_test(lines_are_those_of_single_events),
        cmocka_unit_test(leaves_copy_the_line_of_their_message),
    };
    return cmocka_run_group_tests_name("event/json", tests, NULL, done);
}
