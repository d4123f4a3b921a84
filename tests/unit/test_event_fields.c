#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "event/fields.h"

#define SECONDS(n) (INT64_C(1000000000) * (n))

static struct tw_endpoint at(const char *ip, uint16_t port, uint8_t last)
{
    struct tw_endpoint e = {.port = port, .has_mac = true, .mac = {2, 0, 0, 0, 0, last}};
    assert_true(tw_ip_parse(tw_str_of(ip), &e.ip));
    return e;
}

/* A field's value as text; "-" when it is absent. */
static const char *look(const char *name, const struct tw_scene *scene)
{
    static char text[128];
    struct tw_field_value v;
    memset(&v, 0, sizeof(v));
    const struct tw_field *f = tw_field_find(tw_str_of(name));
    if (f == NULL)
        fail_msg("no field %s", name);
    f->get(scene, &v);
    if (!v.present)
        snprintf(text, sizeof(text), "-");
    else if (f->type == TW_FIELD_IP)
        text[tw_ip_text(text, &v.ip)] = '\0';
    else if (f->type == TW_FIELD_RANGE)
        snprintf(text, sizeof(text), "%g..%g", v.range.min, v.range.max);
    else if (v.value.kind == TW_VALUE_BOOL)
        snprintf(text, sizeof(text), "%s", v.value.b ? "true" : "false");
    else if (v.value.kind == TW_VALUE_DOUBLE)
        snprintf(text, sizeof(text), "%g", v.value.d);
    else
        snprintf(text, sizeof(text), "%.*s", TW_STR_ARG(v.value.s));
    return text;
}

struct row {
    const char *field, *text;
};

static void hold(const struct row *rows, size_t n, const struct tw_scene *scene)
{
    for (size_t i = 0; i < n; i++) {
        const char *text = look(rows[i].field, scene);
        if (strcmp(text, rows[i].text) != 0)
            fail_msg("%s is %s, not %s", rows[i].field, text, rows[i].text);
    }
}

#define HOLD(rows, scene) hold((rows), sizeof(rows) / sizeof((rows)[0]), (scene))

static void each_field_has_one_name_and_its_words(void **state)
{
    (void)state;
    assert_true(tw_fields_count() > 100);
    for (size_t i = 0; i < tw_fields_count(); i++) {
        const struct tw_field *f = tw_fields_at(i);
        assert_ptr_equal(tw_field_find(tw_str_of(f->name)), f);
        assert_true(strlen(f->doc) > 2);
        assert_int_equal(f->choices != NULL, f->type == TW_FIELD_ENUM);
        for (const char *c = f->name; *c != '\0'; c++)
            assert_true(
                (*c >= 'a' && *c <= 'z') || *c == '.' || *c == '_' || (*c >= '0' && *c <= '9'));
    }
    assert_null(tw_field_find(TW_STR("actor.idd")));
    assert_null(tw_field_find(TW_STR("")));
    assert_null(tw_field_find(TW_STR_NONE));
}

static void an_empty_event_has_few_facts(void **state)
{
    const struct tw_event event = {.action = TW_ACTION_READ};
    const struct tw_facts facts = {.actor = {.kind = TW_ACTOR_UNREGISTERED}};
    const struct tw_scene scene = {&event, &facts};
    (void)state;
    static const struct row rows[] = {{"action", "read"}, {"object", "-"}, {"value", "-"},
        {"status", "-"}, {"src.ip", "-"}, {"src.mac", "-"}, {"src.port", "-"}, {"actor", "-"},
        {"actor.id", "-"}, {"actor.kind", "unregistered"}, {"actor.is_ai", "false"},
        {"actor.tier", "none"}, {"variable.id", "-"}, {"variable.role", "-"},
        {"variable.range", "-"}, {"mqtt.client_id", "-"}, {"opcua.user", "-"},
        {"opcua.clear_password", "-"}, {"mqtt.clear_password", "-"}, {"approval.state", "none"},
        {"approval.age", "-"}, {"report.confidence", "-"}, {"session.live_elsewhere", "-"},
        {"filter.broad", "-"}, {"flow.state", "-"}, {"flow.protocol", "-"}};
    HOLD(rows, &scene);
    /* Whatever a field says of it, nothing crashes, and an enumeration stays within its choices. */
    for (size_t i = 0; i < tw_fields_count(); i++) {
        const struct tw_field *f = tw_fields_at(i);
        struct tw_field_value v;
        memset(&v, 0, sizeof(v));
        f->get(&scene, &v);
        bool known = !v.present || f->choices == NULL;
        for (const char *const *c = f->choices; !known && *c != NULL; c++)
            known = tw_str_is(v.value.s, *c);
        assert_true(known);
    }
}

static void a_write_by_an_ai_system(void **state)
{
    const struct tw_opcua_info opcua = {.service = TW_STR("Write"),
        .attribute = TW_STR("Value"),
        .security_policy = {.s = TW_STR("None")},
        .user = {.s = TW_STR("optimizer")},
        .application_uri = {.is_null = true},
        .chunks = 2,
        .clear_password = true};
    const struct tw_event event = {.action = TW_ACTION_WRITE,
        .protocol = TW_PROTO_OPCUA,
        .ts_ns = SECONDS(100),
        .packet = 7,
        .src = at("10.0.0.32", 51000, 0x32),
        .dst = at("10.0.0.10", 4840, 0x10),
        .vlan = {120},
        .n_vlan = 1,
        .object = TW_STR("ns=2;s=A"),
        .value = {.kind = TW_VALUE_DOUBLE, .d = 131},
        .type = "Double",
        .status = {.s = TW_STR("Good")},
        .opcua = (struct tw_opcua_info *)(uintptr_t)&opcua};
    struct tw_facts facts = {.actor = {.id = TW_STR("ai-1"),
                                 .kind = TW_ACTOR_AI_SYSTEM,
                                 .tier = TW_TIER_T2,
                                 .identity = TW_IDENTITY_MISMATCH,
                                 .technology = TW_STR("ml"),
                                 .has_min_confidence = true,
                                 .min_confidence = 0.6,
                                 .max_input_age_ns = SECONDS(60),
                                 .endpoint = at("10.0.0.32", 51000, 0x32)},
        .target = {.asset = TW_STR("plc-1"),
            .importance = TW_IMPORTANCE_ESSENTIAL,
            .in_plant = true},
        .variable = {.id = TW_STR("a.sp"),
            .role = TW_ROLE_COMMAND,
            .unit = TW_STR("degC"),
            .range = {.has_min = true, .has_max = true, .min = 20, .max = 90},
            .has_max_step = true,
            .max_step = 5},
        .grant = {.allowed = true,
            .needs_approval = TW_STR("ok"),
            .has_rate = true,
            .rate_per_s = 0.1},
        .approval = {.state = TW_APPROVAL_EXPIRED,
            .given_ns = SECONDS(30),
            .expires_ns = SECONDS(90),
            .has_value = true,
            .value = 130,
            .by = TW_STR("hmi-1")},
        .watching_ns = SECONDS(42)};
    const struct tw_scene scene = {&event, &facts};
    (void)state;
    static const struct row rows[] = {{"action", "write"}, {"protocol", "opcua"},
        {"object", "ns=2;s=A"}, {"object.name", "a.sp"}, {"target.object", "ns=2;s=A"},
        {"value", "131"}, {"type", "Double"}, {"status", "Good"}, {"status.bad", "false"},
        {"packet", "7"}, {"vlan", "120"}, {"src.ip", "10.0.0.32"}, {"src.port", "51000"},
        {"src.mac", "02:00:00:00:00:32"}, {"dst.ip", "10.0.0.10"}, {"opcua.service", "Write"},
        {"opcua.user", "optimizer"}, {"opcua.application_uri", "-"},
        {"opcua.security_policy", "None"}, {"opcua.chunks", "2"}, {"opcua.clear_password", "true"},
        {"mqtt.qos", "-"}, {"actor", "ai-1"}, {"actor.is_ai", "true"}, {"actor.tier", "T2"},
        {"actor.identity", "mismatch"}, {"actor.min_confidence", "0.6"},
        {"actor.max_input_age", "60"}, {"actor.mac", "02:00:00:00:00:32"}, {"target", "plc-1"},
        {"target.importance", "essential"}, {"target.in_plant", "true"},
        {"variable.role", "command"}, {"variable.range", "20..90"}, {"variable.max_step", "5"},
        {"variable.max_rate", "-"}, {"grant.allowed", "true"}, {"grant.needs_approval", "ok"},
        {"grant.rate", "0.1"}, {"approval.state", "expired"}, {"approval.age", "70"},
        {"approval.expired_for", "10"}, {"approval.value", "130"}, {"approval.by", "hmi-1"},
        {"watching", "42"}};
    HOLD(rows, &scene);
    facts.variable.id = TW_STR_NONE;
    facts.actor.id = facts.target.asset = TW_STR_NONE;
    static const struct row bare[] = {
        {"object.name", "ns=2;s=A"}, {"actor", "10.0.0.32"}, {"target", "10.0.0.10"}};
    HOLD(bare, &scene);
}

static void filters_that_ask_for_everything(void **state)
{
    static const struct {
        const char *filter, *broad;
    } rows[] = {{"#", "true"}, {"+/#", "true"}, {"/#", "true"}, {"+/+/#", "true"},
        {"$SYS/#", "true"}, {"spBv1.0/#", "true"}, {"$share/g/#", "true"}, {"plant/#", "false"},
        {"+", "false"}, {"+/+", "false"}, {"+/state", "false"}, {"spBv1.0/PlantA/#", "false"},
        {"$SYS/broker/#", "false"}, {"", "false"}};
    struct tw_mqtt_info mqtt = {.has_options = true, .requested_qos = 1};
    struct tw_event event = {
        .action = TW_ACTION_SUBSCRIBE, .protocol = TW_PROTO_MQTT, .mqtt = &mqtt};
    const struct tw_session_facts before = {.filter_topics = 3, .known_topics = 12, .takeovers = 2};
    const struct tw_facts facts = {.watching_ns = 0};
    const struct tw_scene scene = {&event, &facts};
    (void)state;
    event.facts = &before;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        event.object = tw_str_of(rows[i].filter);
        assert_string_equal(look("filter.broad", &scene), rows[i].broad);
    }
    assert_string_equal(look("filter.share", &scene), "0.25");
    assert_string_equal(look("filter.known_topics", &scene), "12");
    assert_string_equal(look("session.takeovers", &scene), "2");
    assert_string_equal(look("mqtt.requested_qos", &scene), "1");
    event.action = TW_ACTION_PUBLISH;
    assert_string_equal(look("filter.broad", &scene), "-");
}

static void flows_of_other_protocols(void **state)
{
    struct tw_flow_info info = {.has_totals = true,
        .bytes = 100,
        .packets = 3,
        .state = "refused",
        .transport = "tcp",
        .guessed = true};
    struct tw_event event = {.action = TW_ACTION_FLOW,
        .app = TW_STR("tls"),
        .object = TW_STR("api.example.org"),
        .flow_info = &info};
    const struct tw_facts facts = {.watching_ns = 0};
    const struct tw_scene scene = {&event, &facts};
    (void)state;
    static const struct row rows[] = {{"protocol", "tls"}, {"flow.protocol", "tls"},
        {"flow.host", "api.example.org"}, {"flow.state", "refused"}, {"flow.transport", "tcp"},
        {"flow.guessed", "true"}, {"flow.ended", "true"}, {"flow.bytes", "100"},
        {"flow.packets", "3"}};
    HOLD(rows, &scene);
    info.has_totals = false;
    static const struct row begun[] = {{"flow.ended", "false"}, {"flow.bytes", "-"}};
    HOLD(begun, &scene);
}

static void what_events_of_a_message_share(void **state)
{
    static const char *const shared[] = {"action", "protocol", "src.ip", "dst.mac",
        "mqtt.client_id", "actor", "actor.is_ai", "actor.mismatch", "target", "target.kind",
        "session.after_gap"};
    static const char *const own[] = {"object", "object.name", "field", "value", "type", "status",
        "status.bad", "truncated", "target.object", "variable.role", "grant.allowed",
        "approval.state", "report.confidence", "change.open", "opcua.attribute", "opcua.object_id"};
    (void)state;
    for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
        assert_true(tw_field_is_shared(tw_field_find(tw_str_of(shared[i]))));
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        assert_false(tw_field_is_shared(tw_field_find(tw_str_of(own[i]))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_has_one_name_and_its_words),
        cmocka_unit_test(an_empty_event_has_few_facts),
        cmocka_unit_test(a_write_by_an_ai_system),
        cmocka_unit_test(filters_that_ask_for_everything),
        cmocka_unit_test(flows_of_other_protocols),
        cmocka_unit_test(what_events_of_a_message_share),
    };
    return cmocka_run_group_tests_name("event/fields", tests, NULL, NULL);
}
