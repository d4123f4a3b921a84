#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/timefmt.h"
#include "detect/template.h"
#include "event/fields.h"

static void rows_are_whole(void **state)
{
    (void)state;
    assert_true(tw_fields_count() > 120);
    for (size_t i = 0; i < tw_fields_count(); i++) {
        const struct tw_field *f = tw_fields_at(i);
        assert_non_null(f->get);
        assert_true(f->doc[0] != '\0' && f->doc[strlen(f->doc) - 1] != '.');
        assert_true(f->example[0] != '\0');
        assert_int_equal(f->type == TW_FIELD_ENUM, f->choices != NULL);
        assert_ptr_equal(f, tw_field_find(tw_str_of(f->name)));
        for (const char *c = f->name; *c != '\0'; c++)
            assert_true(
                (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == '_' || *c == '.');
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(f->name, tw_fields_at(k)->name);
    }
    assert_null(tw_fields_at(tw_fields_count()));
    assert_null(tw_field_find(TW_STR("actor.idd")));
    assert_null(tw_field_find(TW_STR_NONE));
}

/* An event with nothing in it and facts that know nothing: every getter survives, few have a value.
 */
static void nothing_known(void **state)
{
    const struct tw_event event = {0};
    const struct tw_facts facts = {0};
    const struct tw_scene scene = {&event, &facts};
    (void)state;
    for (size_t i = 0; i < tw_fields_count(); i++) {
        const struct tw_field *f = tw_fields_at(i);
        struct tw_field_value v = {.present = false};
        f->get(&scene, &v);
        bool always = f->type == TW_FIELD_BOOL || f->type == TW_FIELD_ENUM ||
                      strcmp(f->name, "packet") == 0 || strcmp(f->name, "watching") == 0;
        if (v.present && !always)
            fail_msg("%s", f->name);
    }
}

static const struct tw_value details[] = {
    {.kind = TW_VALUE_STRING, .name = {"monitoring_mode", 15}, .s = {"Disabled", 8}},
    {.kind = TW_VALUE_BOOL, .name = {"publishing_enabled", 18}, .b = true},
    {.kind = TW_VALUE_UINT, .name = {"references", 10}, .u = 31},
    {.kind = TW_VALUE_NULL, .name = {"path", 4}},
    {.kind = TW_VALUE_UINT, .name = {"request_bytes", 13}, .u = 144},
    {.kind = TW_VALUE_UINT, .name = {"response_bytes", 14}, .u = 9696},
    {.kind = TW_VALUE_DOUBLE, .name = {"response_ms", 11}, .d = 11.5},
    {.kind = TW_VALUE_UINT, .name = {"waiting_requests", 16}, .u = 1},
    {.kind = TW_VALUE_UINT, .name = {"encrypted_requests", 18}, .u = 25},
    {.kind = TW_VALUE_UINT, .name = {"encrypted_request_bytes", 23}, .u = 5216},
    {.kind = TW_VALUE_UINT, .name = {"encrypted_responses", 19}, .u = 26},
    {.kind = TW_VALUE_UINT, .name = {"encrypted_response_bytes", 24}, .u = 28992}};
static const struct tw_value all_details = {
    .kind = TW_VALUE_OBJECT, .n = sizeof(details) / sizeof(details[0]), .items = details};
static const struct tw_opcua_history history = {.kind = "processed",
    .perform = "replace",
    .from_ns = 30 * TW_NS_PER_S,
    .to_ns = 20 * TW_NS_PER_S,
    .has_values = true,
    .values = 1000,
    .has_returned = true,
    .returned = 412,
    .aggregate = {"Average", 7}};
static const struct tw_opcua_certificate certificate = {.sha1 = {"beef", 4},
    .subject = {"CN=a", 4},
    .issuer = {"CN=ca", 5},
    .key = {"RSA", 3},
    .signature = {"sha1WithRSAEncryption", 21},
    .key_bits = 1024,
    .chain = 2,
    .self_signed = true,
    .not_before_ns = 40 * TW_NS_PER_S,
    .not_after_ns = 90 * TW_NS_PER_S};
static const struct tw_learned learned = {.has_range = true,
    .low = 0,
    .high = 150,
    .has_access = true,
    .access = 1,
    .unit = {"degC", 4},
    .type = {"Double", 6},
    .states = {"Off|On", 6}};

struct world {
    struct tw_opcua_info opcua;
    struct tw_mqtt_info mqtt;
    struct tw_flow_info flow;
    struct tw_session_facts session;
    struct tw_event event;
    struct tw_facts facts;
};

static const struct tw_decision_context decision = {.carrier = "payload",
    .agent = {"opt", 3},
    .model = {"forge", 5},
    .model_version = {"2.4", 3},
    .model_sha256 = {"9f86", 4},
    .has_confidence = true,
    .confidence = 0.93,
    .inputs_ts_ns = 98 * TW_NS_PER_S,
    .approval = {"CO-7", 4},
    .trace = {"4bf9", 4}};
static const struct tw_mcp_info mcp = {.kind = "response",
    .topic = {"$mcp-rpc", 8},
    .client_id = {"planner", 7},
    .server_id = {"gw", 2},
    .server_name = {"valves", 6},
    .method = {"tools/call", 10},
    .tool = {"set", 3},
    .is_error = true,
    .has_code = true,
    .code = -32602,
    .error = {"no", 2},
    .has_declared = true,
    .declared = true,
    .changed = true,
    .has_tools = true,
    .n_tools = 4,
    .has_seen = true,
    .tools_added = 2,
    .tools_changed = 1};
static const struct tw_routine_facts other_routine = {.windows = 3,
    .divergence = 0.31,
    .limit = 0.15,
    .action = "write",
    .on = "command",
    .share = 45,
    .usual = 2};
static const struct tw_claim_facts claimed = {.variable = {"b.pv", 4},
    .actual = 1.5,
    .age_ns = 2 * TW_NS_PER_S,
    .deviation = 12.5,
    .contradicts = true,
    .wrong = 3,
    .judged = 10};
static const struct tw_value decided = {.kind = TW_VALUE_DOUBLE, .d = 82.5};

static void make_world(struct world *w)
{
    *w = (struct world){0};
    w->opcua = (struct tw_opcua_info){.service = TW_STR("Write"),
        .attribute = TW_STR("Value"),
        .security_policy = {.s = TW_STR("None")},
        .security_mode = {.s = TW_STR("None")},
        .application_uri = {.s = TW_STR("urn:a")},
        .user = {.s = TW_STR("u")},
        .user_token = TW_STR("username"),
        .clear_password = true,
        .object_id = TW_STR("ns=2;s=O"),
        .has_subscription = true,
        .subscription_id = 7,
        .has_publishing_interval = true,
        .publishing_interval = 500,
        .has_sampling_interval = true,
        .sampling_interval = -1, /* as fast as the subscription */
        .chunks = 3,
        .message_bytes = 4096,
        .sessionless = true,
        .namespace_uri = TW_STR("urn:ns"),
        .details = &all_details,
        .history = &history,
        .certificate = &certificate};
    w->mqtt = (struct tw_mqtt_info){.version = "5.0",
        .client_id = {.s = TW_STR("c")},
        .has_qos = true,
        .qos = 1,
        .has_publish_flags = true,
        .retain = true,
        .has_payload = true,
        .payload_bytes = 143,
        .payload_format = "json",
        .payload_kind = TW_PAYLOAD_GGUF,
        .payload_problem = TW_PROBLEM_DUPLICATE_KEY,
        .has_items = true,
        .payload_items = 12,
        .inflated_bytes = 4096,
        .decision = &decision,
        .mcp = &mcp,
        .has_keep_alive = true,
        .keep_alive = 60,
        .has_will = true,
        .will_topic = TW_STR("w"),
        .has_reason = true,
        .reason = 0x87,
        .packet = "PUBLISH"};
    w->flow = (struct tw_flow_info){.has_totals = true,
        .bytes = 10,
        .packets = 2,
        .state = "refused",
        .guessed = true,
        .transport = "tcp"};
    w->session = (struct tw_session_facts){.takeovers = 3,
        .topic_publishers = 2,
        .first_publisher = TW_STR("edge"),
        .filter_topics = 31,
        .known_topics = 40,
        .learned = &learned,
        .after_gap = true};
    w->event = (struct tw_event){.ts_ns = 100 * TW_NS_PER_S,
        .packet = 1234,
        .protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_WRITE,
        .object = TW_STR("ns=2;s=B"),
        .field = TW_STR("/v"),
        .value = {.kind = TW_VALUE_DOUBLE, .d = 1.5},
        .type = "Double",
        .status = {.s = TW_STR("Good")},
        .encrypted = true,
        .n_vlan = 1,
        .vlan = {120, 0},
        .detail = TW_STR("d"),
        .missing_bytes = 9,
        .opcua = &w->opcua,
        .mqtt = &w->mqtt,
        .flow_info = &w->flow,
        .facts = &w->session};
    w->event.src.port = 5;
    w->event.dst.port = 4840;
    assert_true(tw_ip_parse(TW_STR("10.0.0.1"), &w->event.src.ip));
    assert_true(tw_ip_parse(TW_STR("fd00::2"), &w->event.dst.ip));
    w->event.src.has_mac = tw_mac_parse(TW_STR("02:00:00:00:00:32"), w->event.src.mac);
    assert_true(tw_ip_parse(TW_STR("10.0.0.9"), &w->session.live_elsewhere));
    w->facts = (struct tw_facts){.actor = {.id = TW_STR("bot"),
                                     .kind = TW_ACTOR_AI_SYSTEM,
                                     .identity = TW_IDENTITY_MISMATCH,
                                     .tier = TW_TIER_T3,
                                     .technology = TW_STR("ml"),
                                     .has_min_confidence = true,
                                     .min_confidence = 0.6,
                                     .max_input_age_ns = 60 * TW_NS_PER_S,
                                     .certain = true,
                                     .model_version = TW_STR("1.0")},
        .target = {.asset = TW_STR("plc"), .importance = TW_IMPORTANCE_ESSENTIAL, .in_plant = true},
        .variable = {.id = TW_STR("b.sp"),
            .role = TW_ROLE_SAFETY,
            .unit = TW_STR("bar"),
            .range = {true, true, 1, 2},
            .has_publishers = true,
            .has_max_step = true,
            .max_step = 0.5},
        .grant = {.allowed = true,
            .needs_approval = TW_STR("ok"),
            .has_rate = true,
            .rate_per_s = 0.1,
            .rate_text = TW_STR("6/min")},
        .approval = {.state = TW_APPROVAL_EXPIRED,
            .id = TW_STR("ok"),
            .has_value = true,
            .value = 82.5,
            .given_ns = 10 * TW_NS_PER_S,
            .expires_ns = 70 * TW_NS_PER_S,
            .by = TW_STR("desk")},
        .report = {.is_report = true,
            .has_confidence = true,
            .confidence = 0.31,
            .has_inputs_age = true,
            .inputs_age_ns = 310 * TW_NS_PER_S,
            .model_version = TW_STR("2.0"),
            .object = TW_STR("ns=2;s=B"),
            .value = &decided},
        .claim = &claimed,
        .routine = &other_routine,
        .change_open = true,
        .watching_ns = 5 * TW_NS_PER_S};
}

static const struct {
    const char *field, *text; /* texts and choices */
    double number;            /* numbers and truths */
} wanted[] = {
    {"action", "write", 0},
    {"protocol", "opcua", 0},
    {"object", "ns=2;s=B", 0},
    {"object.name", "b.sp", 0},
    {"field", "/v", 0},
    {"type", "Double", 0},
    {"status", "Good", 0},
    {"status.bad", NULL, 0},
    {"encrypted", NULL, 1},
    {"packet", NULL, 1234},
    {"vlan", NULL, 120},
    {"src.port", NULL, 5},
    {"src.mac", "02:00:00:00:00:32", 0},
    {"dst.port", NULL, 4840},
    {"anomaly", "d", 0},
    {"missing_bytes", NULL, 9},
    {"flow.state", "refused", 0},
    {"flow.bytes", NULL, 10},
    {"flow.guessed", NULL, 1},
    {"opcua.service", "Write", 0},
    {"opcua.security_policy", "None", 0},
    {"opcua.clear_password", NULL, 1},
    {"opcua.object_id", "ns=2;s=O", 0},
    {"opcua.subscription_id", NULL, 7},
    {"opcua.publishing_interval", NULL, 500},
    {"opcua.sampling_interval", NULL, -1},
    {"opcua.message_bytes", NULL, 4096},
    {"opcua.sessionless", NULL, 1},
    {"opcua.namespace_uri", "urn:ns", 0},
    {"opcua.monitoring_mode", "Disabled", 0},
    {"opcua.publishing_enabled", NULL, 1},
    {"opcua.references", NULL, 31},
    {"opcua.request_bytes", NULL, 144},
    {"opcua.response_bytes", NULL, 9696},
    {"opcua.response_ms", NULL, 11.5},
    {"opcua.waiting_requests", NULL, 1},
    {"opcua.encrypted_requests", NULL, 25},
    {"opcua.encrypted_request_bytes", NULL, 5216},
    {"opcua.encrypted_responses", NULL, 26},
    {"opcua.encrypted_response_bytes", NULL, 28992},
    {"opcua.history.kind", "processed", 0},
    {"opcua.history.perform", "replace", 0},
    {"opcua.history.window", NULL, 10},
    {"opcua.history.values", NULL, 1000},
    {"opcua.history.returned", NULL, 412},
    {"opcua.history.aggregate", "Average", 0},
    {"opcua.certificate_sha1", "beef", 0},
    {"opcua.certificate_subject", "CN=a", 0},
    {"opcua.certificate_issuer", "CN=ca", 0},
    {"opcua.certificate_self_signed", NULL, 1},
    {"opcua.certificate_expires_in", NULL, -10},
    {"opcua.certificate_valid_since", NULL, 60},
    {"opcua.certificate_key", "RSA", 0},
    {"opcua.certificate_key_bits", NULL, 1024},
    {"opcua.certificate_signature", "sha1WithRSAEncryption", 0},
    {"opcua.certificate_chain", NULL, 2},
    {"learned.unit", "degC", 0},
    {"learned.type", "Double", 0},
    {"learned.states", "Off|On", 0},
    {"learned.writable", NULL, 0},
    {"mqtt.version", "5.0", 0},
    {"mqtt.client_id", "c", 0},
    {"mqtt.qos", NULL, 1},
    {"mqtt.retain", NULL, 1},
    {"mqtt.payload_bytes", NULL, 143},
    {"mqtt.payload_format", "json", 0},
    {"mqtt.payload_kind", "gguf", 0},
    {"mqtt.payload_is_model", NULL, 1},
    {"mqtt.payload_problem", "duplicate-key", 0},
    {"mqtt.payload_items", NULL, 12},
    {"mqtt.payload_inflated_bytes", NULL, 4096},
    {"decision.carrier", "payload", 0},
    {"decision.agent", "opt", 0},
    {"decision.model", "forge", 0},
    {"decision.model_version", "2.4", 0},
    {"decision.model_sha256", "9f86", 0},
    {"decision.confidence", NULL, 0.93},
    {"decision.inputs_age", NULL, 2},
    {"decision.approval", "CO-7", 0},
    {"decision.trace", "4bf9", 0},
    {"mcp.kind", "response", 0},
    {"mcp.topic", "$mcp-rpc", 0},
    {"mcp.client_id", "planner", 0},
    {"mcp.server_id", "gw", 0},
    {"mcp.server_name", "valves", 0},
    {"mcp.method", "tools/call", 0},
    {"mcp.tool", "set", 0},
    {"mcp.is_error", NULL, 1},
    {"mcp.code", NULL, -32602},
    {"mcp.error", "no", 0},
    {"mcp.declared", NULL, 1},
    {"mcp.changed", NULL, 1},
    {"mcp.tools", NULL, 4},
    {"mcp.tools_added", NULL, 2},
    {"mcp.tools_changed", NULL, 1},
    {"mqtt.keep_alive", NULL, 60},
    {"mqtt.will_topic", "w", 0},
    {"mqtt.reason", NULL, 135},
    {"mqtt.packet", "PUBLISH", 0},
    {"actor", "bot", 0},
    {"actor.kind", "ai_system", 0},
    {"actor.identity", "mismatch", 0},
    {"actor.tier", "T3", 0},
    {"actor.certain", NULL, 1},
    {"actor.min_confidence", NULL, 0.6},
    {"actor.max_input_age", NULL, 60},
    {"target", "plc", 0},
    {"target.importance", "essential", 0},
    {"target.object", "ns=2;s=B", 0},
    {"variable.role", "safety", 0},
    {"variable.unit", "bar", 0},
    {"variable.max_step", NULL, 0.5},
    {"variable.publisher_ok", NULL, 0},
    {"grant.allowed", NULL, 1},
    {"grant.rate", NULL, 0.1},
    {"grant.rate_text", "6/min", 0},
    {"approval.state", "expired", 0},
    {"approval.value", NULL, 82.5},
    {"approval.age", NULL, 90},
    {"approval.expired_for", NULL, 30},
    {"approval.by", "desk", 0},
    {"report.confidence", NULL, 0.31},
    {"report.inputs_age", NULL, 310},
    {"report.model_version", "2.0", 0},
    {"report.version_declared", NULL, 0},
    {"report.object", "ns=2;s=B", 0},
    {"report.value", NULL, 82.5},
    {"routine.windows", NULL, 3},
    {"routine.divergence", NULL, 0.31},
    {"routine.limit", NULL, 0.15},
    {"routine.action", "write", 0},
    {"routine.on", "command", 0},
    {"routine.share", NULL, 45},
    {"routine.usual", NULL, 2},
    {"claim.variable", "b.pv", 0},
    {"claim.contradicts", NULL, 1},
    {"claim.actual", NULL, 1.5},
    {"claim.age", NULL, 2},
    {"claim.deviation", NULL, 12.5},
    {"claim.wrong", NULL, 3},
    {"claim.judged", NULL, 10},
    {"change.open", NULL, 1},
    {"watching", NULL, 5},
    {"session.takeovers", NULL, 3},
    {"session.after_gap", NULL, 1},
    {"topic.publishers", NULL, 2},
    {"topic.first_publisher", "edge", 0},
    {"filter.share", NULL, 0.775},
    {"filter.known_topics", NULL, 40},
};

static void values(void **state)
{
    struct world w;
    (void)state;
    make_world(&w);
    const struct tw_scene scene = {&w.event, &w.facts};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct tw_field_value v = {.present = false};
        const struct tw_field *f = tw_field_find(tw_str_of(wanted[i].field));
        if (f == NULL)
            fail_msg("no field %s", wanted[i].field);
        f->get(&scene, &v);
        bool right = v.present;
        if (wanted[i].text != NULL)
            right =
                right && v.value.kind == TW_VALUE_STRING && tw_str_is(v.value.s, wanted[i].text);
        else if (f->type == TW_FIELD_BOOL)
            right = right && v.value.kind == TW_VALUE_BOOL && v.value.b == (wanted[i].number != 0);
        else
            right = right && v.value.kind == TW_VALUE_DOUBLE && v.value.d == wanted[i].number;
        if (!right)
            fail_msg("%s", wanted[i].field);
    }
}

static void ranges_addresses_values(void **state)
{
    struct world w;
    (void)state;
    make_world(&w);
    const struct tw_scene scene = {&w.event, &w.facts};
    struct tw_field_value range = {0}, src = {0}, elsewhere = {0}, value = {0};
    tw_field_find(TW_STR("variable.range"))->get(&scene, &range);
    assert_true(range.present && range.range.min == 1 && range.range.max == 2);
    tw_field_find(TW_STR("src.ip"))->get(&scene, &src);
    assert_true(src.present && tw_ip_eq(&src.ip, &w.event.src.ip));
    tw_field_find(TW_STR("session.live_elsewhere"))->get(&scene, &elsewhere);
    assert_true(elsewhere.present && elsewhere.ip.b[3] == 9);
    tw_field_find(TW_STR("value"))->get(&scene, &value);
    assert_true(value.present && value.value.kind == TW_VALUE_DOUBLE && value.value.d == 1.5);
}

/* Without an id the address names who acts. */
static void names_without_ids(void **state)
{
    struct world w;
    (void)state;
    make_world(&w);
    w.facts.actor.id = TW_STR_NONE;
    w.facts.target.asset = TW_STR_NONE;
    const struct tw_scene scene = {&w.event, &w.facts};
    struct tw_field_value actor = {0}, target = {0};
    tw_field_find(TW_STR("actor"))->get(&scene, &actor);
    assert_true(tw_str_is(actor.value.s, "10.0.0.1"));
    tw_field_find(TW_STR("target"))->get(&scene, &target);
    assert_true(tw_str_is(target.value.s, "fd00::2"));
}

static const struct {
    const char *filter;
    bool broad;
} filters[] = {
    {"#", true},
    {"+/#", true},
    {"+/+/#", true},
    {"$SYS/#", true},
    {"spBv1.0/#", true},
    {"$share/g/#", true},
    {"$share/g/$SYS/#", true},
    {"/#", true},
    {"+", false},
    {"+/+", false},
    {"plant/#", false},
    {"+/status", false},
    {"$SYS/broker/#", false},
    {"spBv1.0/PlantA/#", false},
    {"$share/g/plant/#", false},
    {"", false},
};

static void broad_filters(void **state)
{
    struct world w;
    (void)state;
    make_world(&w);
    w.event.protocol = TW_PROTO_MQTT;
    w.event.action = TW_ACTION_SUBSCRIBE;
    const struct tw_scene scene = {&w.event, &w.facts};
    const struct tw_field *f = tw_field_find(TW_STR("filter.broad"));
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        struct tw_field_value v = {0};
        w.event.object = tw_str_of(filters[i].filter);
        f->get(&scene, &v);
        assert_true(v.present);
        if (v.value.b != filters[i].broad)
            fail_msg("%s", filters[i].filter);
    }
    w.event.action = TW_ACTION_PUBLISH;
    struct tw_field_value v = {0};
    f->get(&scene, &v);
    assert_false(v.present);
}

static void alarms_and_learned_ranges(void **state)
{
    static const struct tw_value members[] = {
        {.kind = TW_VALUE_UINT, .name = {"Severity", 8}, .u = 700},
        {.kind = TW_VALUE_STRING, .name = {"Message", 7}, .s = {"hot", 3}}};
    struct world w;
    struct tw_field_value v = {.present = false};
    (void)state;
    make_world(&w);
    const struct tw_scene scene = {&w.event, &w.facts};
    tw_field_find(TW_STR("learned.range"))->get(&scene, &v);
    assert_true(v.present && v.range.min == 0 && v.range.max == 150);
    v = (struct tw_field_value){.present = false};
    tw_field_find(TW_STR("learned.instrument_range"))->get(&scene, &v);
    assert_false(v.present);
    w.event.value = (struct tw_value){.kind = TW_VALUE_OBJECT, .n = 2, .items = members};
    tw_field_find(TW_STR("alarm.severity"))->get(&scene, &v);
    assert_false(v.present); /* a value that only looks like one */
    w.event.action = TW_ACTION_ALARM;
    tw_field_find(TW_STR("alarm.severity"))->get(&scene, &v);
    assert_true(v.present && v.value.kind == TW_VALUE_UINT && v.value.u == 700);
    v = (struct tw_field_value){.present = false};
    tw_field_find(TW_STR("alarm.source_node"))->get(&scene, &v);
    assert_false(v.present);
    /* A detail that is null is absent. */
    tw_field_find(TW_STR("opcua.path"))->get(&scene, &v);
    assert_false(v.present);
}

static void what_a_server_offers(void **state)
{
    static const struct {
        const char *uri;
        bool none, deprecated;
    } rows[] = {{"http://opcfoundation.org/UA/SecurityPolicy#None", true, false},
        {"http://opcfoundation.org/UA/SecurityPolicy#Basic256", false, true},
        {"http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256", false, false},
        {"", false, false}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct tw_value uri = {.kind = TW_VALUE_STRING,
            .name = TW_STR("security_policy_uri"),
            .s = tw_str_of(rows[i].uri)};
        const struct tw_value endpoint = {.kind = TW_VALUE_OBJECT, .n = 1, .items = &uri};
        const struct tw_value endpoints = {
            .kind = TW_VALUE_ARRAY, .name = TW_STR("endpoints"), .n = 1, .items = &endpoint};
        const struct tw_value offer = {.kind = TW_VALUE_OBJECT, .n = 1, .items = &endpoints};
        struct world w;
        make_world(&w);
        w.opcua.details = &offer;
        const struct tw_scene scene = {&w.event, &w.facts};
        struct tw_field_value v = {.present = false};
        tw_field_find(TW_STR("opcua.offers_none"))->get(&scene, &v);
        assert_true(v.present && v.value.b == rows[i].none);
        v = (struct tw_field_value){.present = false};
        tw_field_find(TW_STR("opcua.offers_deprecated"))->get(&scene, &v);
        assert_true(v.present && v.value.b == rows[i].deprecated);
    }
}

static void check_field(const struct tw_scene *scene, const char *name, const char *text)
{
    struct tw_text t = {0};
    const struct tw_field *f = tw_field_find(tw_str_of(name));
    assert_non_null(f);
    tw_field_print(f, scene, &t);
    tw_text_add(&t, "", 1);
    assert_string_equal(text, t.p);
    tw_text_free(&t);
}

/* Where somebody knocks, who gets a value, and how much of a quota that is. */
static void what_leaves(void **state)
{
    struct tw_opcua_info opcua = {.message_bytes = 1000000};
    struct tw_flow_info flow = {.has_totals = true, .bytes = 50000000};
    struct tw_event event = {.action = TW_ACTION_HISTORY_READ, .opcua = &opcua};
    struct tw_facts facts = {.actor = {.history_per_s = 4e6 / 3600}, .variable = {.leaves = true}};
    const struct tw_scene scene = {&event, &facts};
    (void)state;
    assert_true(tw_ip_parse(TW_STR("10.7.0.9"), &event.src.ip));
    assert_true(tw_ip_parse(TW_STR("10.7.0.10"), &event.dst.ip));
    event.dst.port = 4840;
    check_field(&scene, "target.place", "10.7.0.10:4840");
    check_field(&scene, "variable.leaves_to", "10.7.0.9");
    check_field(&scene, "quota.history_share", "0.25");
    check_field(&scene, "quota.history", "4000000");
    assert_true(tw_ip_parse(TW_STR("fd00:1111:2222:3333:4444:5555:6666:7777"), &event.dst.ip));
    event.dst.port = 65535;
    check_field(&scene, "target.place", "[fd00:1111:2222:3333:4444:5555:6666:7777]:65535");
    event.action = TW_ACTION_NOTIFY;
    check_field(&scene, "variable.leaves_to", "fd00:1111:2222:3333:4444:5555:6666:7777");
    check_field(&scene, "quota.history_share", "unknown");
    event.flow_info = &flow;
    check_field(&scene, "quota.egress_share", "0.5"); /* of 100 MB */
    check_field(&scene, "quota.egress", "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_whole),
        cmocka_unit_test(nothing_known),
        cmocka_unit_test(values),
        cmocka_unit_test(ranges_addresses_values),
        cmocka_unit_test(names_without_ids),
        cmocka_unit_test(broad_filters),
        cmocka_unit_test(alarms_and_learned_ranges),
        cmocka_unit_test(what_a_server_offers),
        cmocka_unit_test(what_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
