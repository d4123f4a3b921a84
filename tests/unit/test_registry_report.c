#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry_help.h"

#define S INT64_C(1000000000)
#define TEXT(z)                                                                                    \
    {                                                                                              \
        .kind = TW_VALUE_STRING, .s = { z, sizeof(z) - 1 }                                         \
    }
#define NUMBER(v)                                                                                  \
    {                                                                                              \
        .kind = TW_VALUE_DOUBLE, .d = v                                                            \
    }
#define INTEGER(v)                                                                                 \
    {                                                                                              \
        .kind = TW_VALUE_INT, .i = v                                                               \
    }

/* 2026-03-01T08:00:10Z */
static const int64_t now = INT64_C(1772352010) * S;

static const struct {
    const char *field;
    struct tw_value value;
    bool has_confidence, has_age, declared;
    double confidence;
    int64_t age_ns;
    const char *model, *version;
} rows[] = {
    {NULL, {0}, false, false, false, 0, 0, "-", "-"},
    {"/conf", NUMBER(0.31), true, false, false, 0.31, 0, "-", "-"},
    {"/conf", INTEGER(1), true, false, false, 1, 0, "-", "-"},
    {"/conf", INTEGER(31), true, false, false, 0.31, 0, "-", "-"},
    {"/conf", INTEGER(100), true, false, false, 1, 0, "-", "-"},
    {"/conf", INTEGER(101), true, false, false, 101, 0, "-", "-"},
    {"/conf", TEXT("high"), false, false, false, 0, 0, "-", "-"},
    {"/seen", INTEGER(1772352000), false, true, false, 0, 10 * S, "-", "-"},
    {"/seen", NUMBER(1772352000.5), false, true, false, 0, 9 * S + S / 2, "-", "-"},
    {"/seen", INTEGER(1772352000250), false, true, false, 0, 9 * S + S * 3 / 4, "-", "-"},
    {"/seen", TEXT("2026-03-01T08:00:00Z"), false, true, false, 0, 10 * S, "-", "-"},
    {"/seen", TEXT("2026-03-01T09:00:00+01:00"), false, true, false, 0, 10 * S, "-", "-"},
    {"/seen", TEXT("1772352000"), false, true, false, 0, 10 * S, "-", "-"},
    {"/seen", INTEGER(1772352015), false, true, false, 0, -5 * S, "-", "-"},
    {"/seen", TEXT("now"), false, false, false, 0, 0, "-", "-"},
    {"/seen", {.kind = TW_VALUE_NULL}, false, false, false, 0, 0, "-", "-"},
    {"/model/name", TEXT("mash-gbm"), false, false, false, 0, 0, "mash-gbm", "-"},
    {"/model/version", TEXT("1.4"), false, false, true, 0, 0, "-", "1.4"},
    {"/model/version", NUMBER(1.4), false, false, true, 0, 0, "-", "1.4"},
    {"/model/version", TEXT("1.5"), false, false, false, 0, 0, "-", "1.5"},
    {"/model/version", INTEGER(2), false, false, false, 0, 0, "-", "2"},
    {"/model", TEXT("1.4"), false, false, false, 0, 0, "-", "-"},
    {"/other", TEXT("1.4"), false, false, false, 0, 0, "-", "-"},
};

static void leaves_of_a_report_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_mqtt_info info = {.client_id = maybe("mash-ai")};
        struct tw_event e = mqtt_event(
            TW_ACTION_PUBLISH, "192.168.7.51", "brew/ai/mash/decision", rows[i].field, &info);
        e.ts_ns = now;
        e.value = rows[i].value;
        struct tw_report_facts f = resolve(&e).report;
        assert_true(f.is_report);
        assert_int_equal(f.has_confidence, rows[i].has_confidence);
        assert_true(f.confidence == rows[i].confidence);
        assert_int_equal(f.has_inputs_age, rows[i].has_age);
        /* A time that comes as a floating-point number is good to a microsecond. */
        assert_in_range(f.inputs_age_ns - rows[i].age_ns + 1000, 0, 2000);
        assert_string_equal(text(f.model), rows[i].model);
        assert_string_equal(text(f.model_version), rows[i].version);
        assert_int_equal(f.version_declared, rows[i].declared);
    }
}

static void only_its_own_reports_count(void **state)
{
    static const struct {
        enum tw_action action;
        const char *ip, *topic;
        bool is_report;
    } cases[] = {{TW_ACTION_PUBLISH, "192.168.7.51", "brew/ai/mash/decision", true},
        {TW_ACTION_PUBLISH, "192.168.7.51", "brew/ai/mash/other", false},
        {TW_ACTION_PUBLISH, "192.168.7.40", "brew/ai/mash/decision", false},
        {TW_ACTION_DELIVER, "192.168.7.20", "brew/ai/mash/decision", false},
        {TW_ACTION_PUBLISH, "192.168.7.99", "brew/ai/mash/decision", false}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tw_mqtt_info info = {0};
        struct tw_event e =
            mqtt_event(cases[i].action, cases[i].ip, cases[i].topic, "/conf", &info);
        e.value = (struct tw_value)NUMBER(0.5);
        struct tw_report_facts f = resolve(&e).report;
        assert_int_equal(f.is_report, cases[i].is_report);
        assert_int_equal(f.has_confidence, cases[i].is_report);
    }
}

static void what_was_decided(void **state)
{
    struct tw_mqtt_info info = {.client_id = maybe("mash-ai")};
    struct tw_event e =
        mqtt_event(TW_ACTION_PUBLISH, "192.168.7.51", "brew/ai/mash/decision", "/node", &info);
    (void)state;
    e.value = (struct tw_value)TEXT("ns=2;s=Mash.Setpoint");
    struct tw_report_facts f = resolve(&e).report;
    assert_string_equal(text(f.object), "ns=2;s=Mash.Setpoint");
    assert_null(f.value);
    e.field = TW_STR("/value");
    e.value = (struct tw_value)NUMBER(67.5);
    f = resolve(&e).report;
    assert_null(f.object.p);
    assert_true(f.value != NULL && f.value->d == 67.5);
}

static void what_variables_are_said_to_be_at(void **state)
{
    struct tw_mqtt_info info = {.client_id = maybe("mash-ai")};
    struct tw_event e = mqtt_event(
        TW_ACTION_PUBLISH, "192.168.7.51", "brew/ai/mash/decision", "/kettle/temp", &info);
    (void)state;
    e.value = (struct tw_value)NUMBER(64);
    assert_string_equal(text(resolve(&e).report.stated), "kettle.temp");
    e.field = TW_STR("/kettle/temps");
    assert_null(resolve(&e).report.stated.p);
    e.field = TW_STR_NONE;
    assert_null(resolve(&e).report.stated.p);
    assert_int_equal(tw_registry_stated(brewery), 1);
    struct tw_opcua_info opcua = {0};
    e = opcua_event(TW_ACTION_READ, "192.168.7.51", "ns=2;s=Kettle.Temp.PV", &opcua);
    const struct tw_facts f = resolve(&e);
    assert_string_equal(text(f.variable.id), "kettle.temp");
    assert_true(f.variable.is_stated);
}

/* The context of a decision is told with the action itself, not again with each leaf, and only an
 * AI system's own. */
static void decisions_that_actions_carry(void **state)
{
    const struct tw_decision_context said = {.carrier = "user_properties",
        .model = TW_STR("mash-gbm"),
        .model_version = TW_STR("1.4"),
        .has_confidence = true,
        .confidence = 0.31,
        .inputs_ts_ns = now - 10 * S};
    struct tw_decision_context other = said;
    struct tw_mqtt_info info = {.client_id = maybe("mash-ai"), .decision = &said};
    struct tw_event e = mqtt_event(TW_ACTION_PUBLISH, "192.168.7.51", "brew/cmd/mash", NULL, &info);
    (void)state;
    e.ts_ns = now;
    struct tw_report_facts f = resolve(&e).report;
    assert_true(f.is_report && f.has_confidence && f.confidence == 0.31);
    assert_true(f.has_inputs_age && f.inputs_age_ns == 10 * S);
    assert_string_equal(text(f.model), "mash-gbm");
    assert_string_equal(text(f.model_version), "1.4");
    assert_true(f.version_declared);
    other.model_version = TW_STR("1.5");
    info.decision = &other;
    assert_false(resolve(&e).report.version_declared);
    e.field = TW_STR("/value");
    assert_false(resolve(&e).report.is_report);
    e.field = TW_STR_NONE;
    e.action = TW_ACTION_DELIVER;
    assert_false(resolve(&e).report.is_report);
    info.client_id = maybe("desk");
    e = mqtt_event(TW_ACTION_PUBLISH, "192.168.7.40", "brew/cmd/mash", NULL, &info);
    assert_false(resolve(&e).report.is_report);
}

static void definitions_are_handed_out(void **state)
{
    const struct tw_report_def *reports;
    const struct tw_approval_def *approvals;
    const struct tw_change_def *changes;
    (void)state;
    assert_int_equal(tw_registry_reports(brewery, TW_STR("mash-ai"), &reports), 1);
    assert_string_equal(text(reports[0].topic), "brew/ai/mash/decision");
    assert_string_equal(text(reports[0].object), "/node");
    assert_int_equal(tw_registry_reports(brewery, TW_STR("cellar-ai"), &reports), 0);
    assert_int_equal(tw_registry_reports(brewery, TW_STR("desk"), &reports), 0);

    assert_int_equal(tw_registry_approvals(brewery, &approvals), 1);
    assert_string_equal(text(approvals[0].id), "brewer-ok");
    assert_string_equal(text(approvals[0].topic), "brew/ok/+");
    assert_int_equal(approvals[0].n_by, 1);
    assert_string_equal(text(approvals[0].by[0]), "desk");
    assert_string_equal(text(approvals[0].expires_s), "/ttl");
    assert_true(approvals[0].valid_ns == 60 * S);
    assert_int_equal(approvals[0].uses, 2);

    assert_int_equal(tw_registry_changes(brewery, &changes), 2);
    assert_string_equal(text(changes[0].ai_system_id), "mash-ai");
    assert_string_equal(text(changes[0].version), "1.5");
    assert_string_equal(text(changes[0].ticket), "BR-7");
    assert_null(changes[0].topic.p);
    assert_true(changes[0].to_ns - changes[0].from_ns == 86400 * S);
    assert_string_equal(text(changes[1].topic), "brew/changes");
    assert_string_equal(text(changes[1].ai_system), "/ai");
    assert_string_equal(text(changes[1].to_version), "/to");
    assert_string_equal(text(changes[1].ticket_at), "/no");
    assert_string_equal(text(changes[1].window_s), "/window");
    assert_null(changes[1].ai_system_id.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_of_a_report_are_understood),
        cmocka_unit_test(only_its_own_reports_count),
        cmocka_unit_test(what_was_decided),
        cmocka_unit_test(what_variables_are_said_to_be_at),
        cmocka_unit_test(decisions_that_actions_carry),
        cmocka_unit_test(definitions_are_handed_out),
    };
    return cmocka_run_group_tests(tests, open_brewery, close_brewery);
}
