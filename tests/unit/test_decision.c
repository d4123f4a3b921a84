#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"
#include "protocol/decision.h"
#include "protocol/payload.h"

static struct tw_text out;

static const char *line(const struct tw_decision_context *c)
{
    tw_text_clear(&out);
    tw_json_object(&out);
    tw_decision_json(&out, c);
    tw_json_object_end(&out);
    tw_text_add(&out, "", 1);
    return out.p;
}

static const struct {
    const char *audit, *line; /* NULL: nothing is said */
} audits[] = {
    {"ai=press-opt-07;m=forge-opt@2.4.1;c=0.93;in=2026-11-23T08:14:01Z;ap=CO-2026-0113",
        "{\"decision\":{\"carrier\":\"audit_entry_id\",\"agent\":\"press-opt-07\","
        "\"model\":\"forge-opt\",\"model_version\":\"2.4.1\",\"confidence\":0.93,"
        "\"inputs_ts\":\"2026-11-23T08:14:01.000000Z\",\"approval\":\"CO-2026-0113\"}}"},
    {"ap=CO-1", "{\"decision\":{\"carrier\":\"audit_entry_id\",\"approval\":\"CO-1\"}}"},
    {"c=1;ai=a;;", "{\"decision\":{\"carrier\":\"audit_entry_id\",\"agent\":\"a\","
                   "\"confidence\":1}}"},
    {"m=opt", "{\"decision\":{\"carrier\":\"audit_entry_id\",\"model\":\"opt\"}}"},
    {"m=@2", "{\"decision\":{\"carrier\":\"audit_entry_id\",\"model\":\"@2\"}}"},
    {"m=a@b@2", "{\"decision\":{\"carrier\":\"audit_entry_id\",\"model\":\"a@b\","
                "\"model_version\":\"2\"}}"},
    {"ai=a;ai=b", "{\"decision\":{\"carrier\":\"audit_entry_id\",\"agent\":\"a\"}}"},
    {"in=1763885641", "{\"decision\":{\"carrier\":\"audit_entry_id\","
                      "\"inputs_ts\":\"2025-11-23T08:14:01.000000Z\"}}"},
    {"c=high", NULL},
    {"in=yesterday", NULL},
    {"operator1", NULL},
    {"ai=", NULL},
    {"=x", NULL},
    {"", NULL},
};

static void in_audit_entry_ids(void **state)
{
    struct guard g = guard_new();
    (void)state;
    for (size_t i = 0; i < sizeof(audits) / sizeof(audits[0]); i++) {
        const size_t n = strlen(audits[i].audit);
        struct tw_decision_context c;
        const struct tw_str s = tw_str_bytes(guard_put(&g, audits[i].audit, n), n);
        const bool said = tw_decision_of_audit(s, &c);
        assert_int_equal(said, audits[i].line != NULL);
        if (said)
            assert_string_equal(line(&c), audits[i].line);
        for (size_t keep = 0; keep < n; keep++)
            (void)tw_decision_of_audit(
                tw_str_bytes(guard_put(&g, audits[i].audit, keep), keep), &c);
    }
    guard_free(&g);
}

static struct tw_value property(const char *name, const char *text)
{
    return (struct tw_value){
        .kind = TW_VALUE_STRING, .name = tw_str_of(name), .s = tw_str_of(text)};
}

static void in_user_properties(void **state)
{
    struct tw_value items[] = {property("trace", "x"), property("ai-agent", "opt"),
        property("ai-model", "forge@2"), property("ai-model-sha256", "9f86"),
        property("ai-conf", "0.31"), property("ai-input-ts", "2026-03-01T08:00:00Z"),
        property("ai-approval", "CO-7"), property("ai-trace", "4bf9"), property("ai-other", "x")};
    struct tw_value all = {.kind = TW_VALUE_OBJECT, .n = 9, .items = items};
    struct tw_decision_context c;
    (void)state;
    assert_true(tw_decision_of_properties(&all, &c));
    assert_string_equal(line(&c),
        "{\"decision\":{\"carrier\":\"user_properties\",\"agent\":\"opt\",\"model\":\"forge\","
        "\"model_version\":\"2\",\"model_sha256\":\"9f86\",\"confidence\":0.31,"
        "\"inputs_ts\":\"2026-03-01T08:00:00.000000Z\",\"approval\":\"CO-7\",\"trace\":\"4bf9\"}}");
    all.n = 1;
    assert_false(tw_decision_of_properties(&all, &c));
}

static const struct {
    const char *payload, *line;
} payloads[] = {
    {"{\"value\":7,\"_ai\":{\"agent\":\"opt\",\"model\":\"forge\",\"model_version\":\"2\","
     "\"confidence\":0.5,\"input_ts\":\"2026-03-01T08:00:00Z\",\"approval\":\"CO-7\"}}",
        "{\"decision\":{\"carrier\":\"payload\",\"agent\":\"opt\",\"model\":\"forge\","
        "\"model_version\":\"2\",\"confidence\":0.5,\"inputs_ts\":\"2026-03-01T08:00:00.000000Z\","
        "\"approval\":\"CO-7\"}}"},
    {"{\"_ai\":{\"conf\":\"0.25\",\"x\":{\"agent\":\"deep\"},\"inputs_ts\":1772352000000},\"v\":1}",
        "{\"decision\":{\"carrier\":\"payload\",\"confidence\":0.25,"
        "\"inputs_ts\":\"2026-03-01T08:00:00.000000Z\"}}"},
    {"{\"_ai\":{}}", NULL},
    {"{\"_ai\":7}", NULL},
    {"{\"_ai\":[{\"agent\":\"a\"}]}", NULL},
    {"{\"a\":{\"_ai\":{\"agent\":\"a\"}}}", NULL},
    {"{\"_ai\":{\"agent\":[\"a\"],\"model\":null,\"trace\":\"\\n\"}}", NULL},
    {"[{\"_ai\":{\"agent\":\"a\"}}]", NULL},
};

static void in_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        struct tw_decision_context c = {.carrier = NULL};
        struct tw_payload p;
        tw_payload_read(NULL, TW_STR("t"), NULL, tw_str_of(payloads[i].payload), &p);
        const bool said = p.decision.p != NULL && tw_decision_of_json(p.decision, &c);
        if (said != (payloads[i].line != NULL))
            fail_msg("%s", payloads[i].payload);
        if (said)
            assert_string_equal(line(&c), payloads[i].line);
    }
}

/* What User Properties say stays, what they leave out is filled in. */
static void carriers_add_up(void **state)
{
    struct tw_value item = property("ai-conf", "0.9");
    const struct tw_value all = {.kind = TW_VALUE_OBJECT, .n = 1, .items = &item};
    struct tw_decision_context c;
    (void)state;
    assert_true(tw_decision_of_properties(&all, &c));
    assert_true(tw_decision_of_json(TW_STR("{\"confidence\":0.1,\"agent\":\"a\"}"), &c));
    assert_string_equal(line(&c), "{\"decision\":{\"carrier\":\"user_properties\","
                                  "\"agent\":\"a\",\"confidence\":0.9}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_audit_entry_ids),
        cmocka_unit_test(in_user_properties),
        cmocka_unit_test(in_json),
        cmocka_unit_test(carriers_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
