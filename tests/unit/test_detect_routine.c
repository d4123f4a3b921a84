#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/timefmt.h"
#include "detect/conduct.h"

/* What AI systems do all day, and when it is told that they do something else. */

#define SECOND TW_NS_PER_S

static struct tw_pulse pulse;
static struct tw_routines *routines;
static int64_t now_ns;
static struct tw_routine_facts told; /* the last one */
static unsigned n_told;

static int begin(void **state)
{
    (void)state;
    pulse = (struct tw_pulse){.started = true};
    routines = tw_routines_new(&pulse, 2);
    now_ns = 1000 * SECOND;
    n_told = 0;
    return routines == NULL;
}

static int end(void **state)
{
    (void)state;
    tw_routines_free(routines);
    return 0;
}

static struct tw_facts of(uint32_t ai)
{
    return (struct tw_facts){.actor = {.id = TW_STR("ai"), .ai = ai},
        .variable = {.id = TW_STR("sp"), .role = TW_ROLE_COMMAND}};
}

static void act(enum tw_action action, struct tw_facts facts)
{
    const struct tw_event e = {
        .ts_ns = now_ns, .protocol = TW_PROTO_OPCUA, .action = action, .object = TW_STR("i=1")};
    tw_routines_event(routines, &e, &facts);
    if (facts.routine == NULL)
        return;
    told = *facts.routine;
    n_told++;
}

/* Windows of 40 acts, of which `writes` are written. */
static void windows(uint32_t ai, unsigned n, unsigned writes)
{
    for (unsigned i = 0; i < n * 40; i++) {
        act(i % 40 < writes ? TW_ACTION_WRITE : TW_ACTION_READ, of(ai));
        now_ns += 7500000000;
    }
}

static void another_behaviour_is_told_after_three_windows(void **state)
{
    (void)state;
    windows(1, 12, 2);
    windows(1, 3, 40);
    assert_int_equal(0, n_told);
    windows(1, 1, 40);
    assert_int_equal(1, n_told);
    assert_int_equal(3, told.windows);
    assert_string_equal("write", told.action);
    assert_string_equal("command", told.on);
    assert_true(told.share == 100 && told.usual == 5);
    assert_true(told.divergence == 0.85 && told.limit == 0.15);
    windows(1, 1, 40);
    assert_int_equal(2, n_told);
    assert_int_equal(4, told.windows);
    /* As it was before. */
    windows(1, 1, 2);
    windows(1, 3, 2);
    assert_int_equal(3, n_told);
}

static void two_windows_are_an_exception(void **state)
{
    (void)state;
    windows(1, 12, 2);
    windows(1, 2, 40);
    windows(1, 1, 2);
    windows(1, 2, 40);
    windows(1, 2, 2);
    windows(2, 12, 40); /* another one has its own */
    windows(2, 4, 40);
    assert_int_equal(0, n_told);
}

static void who_was_never_the_same_may_differ_more(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        windows(1, 1, 0);
        windows(1, 1, 40);
    }
    windows(1, 6, 40);
    assert_int_equal(0, n_told);
}

static void few_acts_pauses_and_holes_are_not_judged(void **state)
{
    (void)state;
    windows(1, 12, 2);
    for (int i = 0; i < 200; i++) { /* 29 in five minutes */
        act(TW_ACTION_WRITE, of(1));
        now_ns += 10400000000;
    }
    for (int i = 0; i < 4; i++) {
        windows(1, 1, 40);
        now_ns += 301 * SECOND;
    }
    for (int i = 0; i < 4; i++) {
        windows(1, 1, 40);
        pulse.hole_ns = now_ns - SECOND;
    }
    assert_int_equal(0, n_told);
}

static void a_change_that_is_known_is_learned(void **state)
{
    struct tw_facts open = of(1), version = of(1);
    (void)state;
    open.change_open = true;
    version.report.model_version = TW_STR("v1.0");
    windows(1, 12, 2);
    act(TW_ACTION_PUBLISH, open);
    windows(1, 12, 40);
    assert_int_equal(0, n_told);
    act(TW_ACTION_PUBLISH, version); /* the first that is heard of */
    version.report.model_version = TW_STR("1.0");
    act(TW_ACTION_PUBLISH, version); /* the same */
    windows(1, 4, 2);
    assert_int_equal(1, n_told);
    version.report.model_version = TW_STR("1.1");
    act(TW_ACTION_PUBLISH, version);
    windows(1, 8, 2);
    assert_int_equal(1, n_told);
}

/* "b" comes first in the next inventory. */
static void it_is_known_after_a_reload(void **state)
{
    static const size_t before[] = {1, 2};
    const struct tw_conduct_order order = {.before = before, .n = 2, .n_before = 2};
    (void)state;
    windows(2, 12, 2);
    struct tw_routines *old = routines;
    routines = tw_routines_new(&pulse, 2);
    assert_non_null(routines);
    tw_routines_adopt(routines, old, &order);
    tw_routines_free(old);
    windows(1, 4, 40);
    assert_int_equal(1, n_told);
    windows(2, 5, 40); /* a new one */
    assert_int_equal(1, n_told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(another_behaviour_is_told_after_three_windows, begin, end),
        cmocka_unit_test_setup_teardown(two_windows_are_an_exception, begin, end),
        cmocka_unit_test_setup_teardown(who_was_never_the_same_may_differ_more, begin, end),
        cmocka_unit_test_setup_teardown(few_acts_pauses_and_holes_are_not_judged, begin, end),
        cmocka_unit_test_setup_teardown(a_change_that_is_known_is_learned, begin, end),
        cmocka_unit_test_setup_teardown(it_is_known_after_a_reload, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
