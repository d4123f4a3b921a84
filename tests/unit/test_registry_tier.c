#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry/model.h"

static const struct {
    int autonomy, consequence;
    const char *plain, *llm_writes;
} rows[] = {
    {0, 0, "T0", "T2"},
    {0, 1, "T0", "T2"},
    {0, 2, "T0", "T2"},
    {0, 3, "T1", "T2"},
    {1, 0, "T1", "T2"},
    {1, 1, "T1", "T2"},
    {1, 2, "T1", "T2"},
    {1, 3, "T2", "T3"},
    {2, 0, "T1", "T2"},
    {2, 1, "T2", "T3"},
    {2, 2, "T2", "T3"},
    {2, 3, "T4", "T4"},
    {3, 0, "T2", "T3"},
    {3, 1, "T3", "T4"},
    {3, 2, "T3", "T4"},
    {3, 3, "T4", "T4"},
    {-1, 2, "none", "none"},
    {2, -1, "none", "none"},
    {4, 0, "none", "none"},
};

static void the_matrix_and_its_uplift(void **state)
{
    char why[160];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_tier_case c = {.autonomy = rows[i].autonomy, .consequence = rows[i].consequence};
        assert_string_equal(tw_tier_name(tw_tier_derive(&c, why, sizeof(why))), rows[i].plain);
        c.is_llm = true;
        assert_string_equal(tw_tier_name(tw_tier_derive(&c, why, sizeof(why))), rows[i].plain);
        c.may_write = true;
        assert_string_equal(tw_tier_name(tw_tier_derive(&c, why, sizeof(why))), rows[i].llm_writes);
    }
}

static void the_reason_is_said(void **state)
{
    char why[160];
    (void)state;
    struct tw_tier_case c = {.autonomy = 2, .consequence = 1};
    tw_tier_derive(&c, why, sizeof(why));
    assert_string_equal(why, "autonomy A2 with consequence C1 is T2");
    c.is_llm = c.may_write = true;
    tw_tier_derive(&c, why, sizeof(why));
    assert_string_equal(why,
        "autonomy A2 with consequence C1 is T2; an llm with a right to write is one higher and at "
        "least T2 (uplift U1): T3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_matrix_and_its_uplift),
        cmocka_unit_test(the_reason_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
