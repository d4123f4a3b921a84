#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/timefmt.h"
#include "detect/conduct.h"

/* What AI systems say of the plant, against what was seen of it. */

#define SECOND TW_NS_PER_S

static struct tw_registry *registry; /* an empty one: there is room for one variable */
static struct tw_pulse pulse;
static struct tw_claims *claims;
static int64_t now_ns;

static const struct tw_range percent = {true, true, 0, 100};

static struct tw_value num(double d)
{
    return (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = d};
}

static int begin(void **state)
{
    struct tw_diags diags = {0};
    (void)state;
    registry = tw_registry_load(NULL, &diags);
    tw_diags_fini(&diags);
    pulse = (struct tw_pulse){.started = true};
    claims = registry == NULL ? NULL : tw_claims_new(registry, &pulse, 2);
    now_ns = 1000 * SECOND;
    return claims == NULL;
}

static int end(void **state)
{
    (void)state;
    tw_claims_free(claims);
    tw_registry_free(registry);
    return 0;
}

static bool sees(struct tw_event e, struct tw_variable_facts v)
{
    struct tw_facts facts = {.variable = v};
    e.ts_ns = now_ns;
    const bool counts = tw_claims_event(claims, &e, &facts);
    assert_null(facts.claim);
    return counts;
}

static const struct tw_variable_facts pv = {
    .id = {"pv", 2}, .is_value = true, .is_stated = true, .range = {true, true, 0, 100}};

static struct tw_event opcua(enum tw_action action, double value)
{
    static struct tw_opcua_info info = {.attribute = {"Value", 5}};
    return (struct tw_event){.protocol = TW_PROTO_OPCUA,
        .action = action,
        .object = TW_STR("ns=2;s=PV"),
        .value = num(value),
        .status = {.s = TW_STR("Good")},
        .opcua = &info};
}

/* What is made of it when the AI system says that "pv" is at `value`. */
static struct tw_claim_facts says(uint32_t ai, struct tw_value value)
{
    struct tw_facts facts = {
        .actor = {.id = TW_STR("ai"), .ai = ai}, .report = {.is_report = true, .stated = pv.id}};
    const struct tw_event e = {.ts_ns = now_ns,
        .protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_PUBLISH,
        .object = TW_STR("ai"),
        .field = TW_STR("/pv"),
        .value = value};
    assert_false(tw_claims_event(claims, &e, &facts));
    return facts.claim != NULL ? *facts.claim : (struct tw_claim_facts){.judged = 0};
}

static void more_than_a_twentieth_of_the_range(void **state)
{
    static const struct {
        double said, deviation;
        bool contradicts;
    } rows[] = {{40, 0, false}, {45, 5, false}, {35, 5, false}, {45.001, 5.001, true},
        {34.9, 5.1, true}, {-1e300, 1e9, true}, {1e308, 1e9, true}, {40.1 + 4.9, 5, false}};
    (void)state;
    assert_true(sees(opcua(TW_ACTION_NOTIFY, 40), pv));
    now_ns += 3 * SECOND;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct tw_claim_facts c = says(1, num(rows[i].said));
        assert_int_equal(i + 1, c.judged);
        assert_true(c.variable.p == pv.id.p && c.actual == 40 && c.age_ns == 3 * SECOND);
        assert_int_equal(rows[i].contradicts, c.contradicts);
        assert_true(c.deviation == rows[i].deviation);
    }
}

static void without_a_range_or_a_number_nothing_is_said(void **state)
{
    struct tw_variable_facts v = pv;
    (void)state;
    assert_int_equal(0, says(1, num(7)).judged); /* nothing was seen */
    v.range = (struct tw_range){.has_max = true, .max = 100};
    assert_true(sees(opcua(TW_ACTION_NOTIFY, 40), v));
    assert_int_equal(0, says(1, num(90)).judged);
    v.range = (struct tw_range){true, true, 5, 5};
    assert_true(sees(opcua(TW_ACTION_NOTIFY, 40), v));
    assert_int_equal(0, says(1, num(90)).judged);
    v.range = percent;
    assert_true(sees(opcua(TW_ACTION_NOTIFY, 40), v));
    assert_int_equal(0, says(1, num((double)NAN)).judged);
    assert_int_equal(0, says(1, num(INFINITY)).judged);
    assert_int_equal(0, says(1, (struct tw_value){.kind = TW_VALUE_BOOL, .b = true}).judged);
    assert_int_equal(
        0, says(1, (struct tw_value){.kind = TW_VALUE_STRING, .s = TW_STR("90")}).judged);
    assert_int_equal(1, says(1, num(90)).wrong);
    /* It is not a number any more. */
    assert_true(sees(opcua(TW_ACTION_NOTIFY, (double)NAN), v));
    assert_int_equal(0, says(1, num(90)).judged);
}

/* All that it was within five seconds is no contradiction; what it was ten seconds ago is one. */
static void a_claim_speaks_of_a_moment_before(void **state)
{
    (void)state;
    (void)sees(opcua(TW_ACTION_NOTIFY, 20), pv);
    now_ns += 60 * SECOND;
    (void)sees(opcua(TW_ACTION_NOTIFY, 50), pv);
    now_ns += SECOND;
    (void)sees(opcua(TW_ACTION_NOTIFY, 80), pv);
    now_ns += 4 * SECOND;
    assert_true(says(1, num(20)).deviation == 0);
    assert_true(says(1, num(50)).deviation == 0);
    assert_true(says(1, num(90)).deviation == 10);
    now_ns += 11 * SECOND;
    assert_true(says(1, num(50)).deviation == 30);
    assert_true(says(1, num(80)).deviation == 0);
}

static void what_was_seen_counts_for_a_while(void **state)
{
    static const struct {
        enum tw_action action;
        int64_t good_s;
    } rows[] = {{TW_ACTION_READ, 60}, {TW_ACTION_NOTIFY, 3600}, {TW_ACTION_WRITE, 3600}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)sees(opcua(rows[i].action, 40), pv);
        now_ns += rows[i].good_s * SECOND;
        assert_true(says(1, num(90)).contradicts);
        now_ns++;
        assert_false(says(1, num(90)).contradicts);
    }
    /* Behind a hole nobody knows. */
    (void)sees(opcua(TW_ACTION_NOTIFY, 40), pv);
    now_ns += SECOND;
    pulse.hole_ns = now_ns;
    assert_false(says(1, num(90)).contradicts);
    (void)sees(opcua(TW_ACTION_NOTIFY, 40), pv);
    assert_true(says(1, num(90)).contradicts);
}

static void only_what_a_variable_is_at_counts(void **state)
{
    struct tw_variable_facts part = pv, other = pv;
    struct tw_event e = opcua(TW_ACTION_READ, 40);
    (void)state;
    e.status_bad = true;
    assert_true(sees(e, pv));
    e = opcua(TW_ACTION_WRITE, 40);
    e.status.s = TW_STR_NONE; /* nobody answered */
    assert_true(sees(e, pv));
    assert_true(sees(opcua(TW_ACTION_SUBSCRIBE, 40), pv));
    part.is_value = false;
    assert_true(sees(opcua(TW_ACTION_READ, 40), part));
    other.is_stated = false;
    assert_false(sees(opcua(TW_ACTION_READ, 40), other));
    assert_int_equal(0, says(1, num(90)).judged);
    struct tw_mqtt_info info = {.has_publish_flags = true};
    e = (struct tw_event){.protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_PUBLISH,
        .object = TW_STR("pv"),
        .value = num(40),
        .mqtt = &info};
    assert_true(sees(e, pv));
    assert_int_equal(1, says(1, num(90)).wrong);
}

static void the_last_ten_claims_are_counted(void **state)
{
    static const size_t before[] = {1, 0};
    const struct tw_conduct_order order = {.before = before, .n = 2, .n_before = 2};
    (void)state;
    (void)sees(opcua(TW_ACTION_NOTIFY, 40), pv);
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(i, says(1, num(90)).wrong);
    for (unsigned i = 4; i <= 10; i++) {
        const struct tw_claim_facts c = says(1, num(40));
        assert_true(c.judged == i && c.wrong == 3);
    }
    assert_int_equal(2, says(1, num(40)).wrong); /* the first one is forgotten */
    assert_int_equal(10, says(1, num(40)).judged);
    assert_int_equal(1, says(2, num(90)).wrong); /* another AI system */

    /* In the next inventory they come the other way around. */
    struct tw_claims *old = claims;
    claims = tw_claims_new(registry, &pulse, 2);
    assert_non_null(claims);
    tw_claims_adopt(claims, old, &order);
    tw_claims_free(old);
    assert_int_equal(0, says(1, num(90)).judged); /* nothing was seen so far */
    (void)sees(opcua(TW_ACTION_NOTIFY, 40), pv);
    assert_int_equal(2, says(1, num(90)).judged);
    assert_int_equal(10, says(2, num(90)).judged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(more_than_a_twentieth_of_the_range, begin, end),
        cmocka_unit_test_setup_teardown(without_a_range_or_a_number_nothing_is_said, begin, end),
        cmocka_unit_test_setup_teardown(a_claim_speaks_of_a_moment_before, begin, end),
        cmocka_unit_test_setup_teardown(what_was_seen_counts_for_a_while, begin, end),
        cmocka_unit_test_setup_teardown(only_what_a_variable_is_at_counts, begin, end),
        cmocka_unit_test_setup_teardown(the_last_ten_claims_are_counted, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
