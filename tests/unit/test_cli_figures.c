#include "cli/figures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/timefmt.h"

/* Totals at a second of the clock, and what a window that ends there says. */
static const struct {
    int at_s;
    uint64_t received, dropped;
    bool lossy;
    double percent;
} rows[] = {
    {100, 5000, 700, false, 0}, /* what was before is not counted */
    {105, 6000, 800, false, 0},
    {110, 6900, 800, true, 5},
    {115, 9000, 800, false, 5}, /* until the next window ends */
    {120, 16900, 800, false, 0},
    {131, 26890, 810, false, 0.1}, /* not above it */
    {141, 36879, 821, true, 0.11},
    {151, 36879, 821, false, 0}, /* nothing came in */
    {161, 36879, 823, true, 100},
};

static void loss_is_told_window_by_window(void **state)
{
    struct tw_loss l = {.limit_percent = 0.1};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(rows[i].lossy,
            tw_loss_count(&l, rows[i].received, rows[i].dropped, rows[i].at_s * TW_NS_PER_S));
        assert_true(tw_loss_percent(&l.last) == rows[i].percent);
    }
    assert_int_equal(3, l.lossy_windows);
    assert_int_equal(2, l.last.lost);
    assert_int_equal(2, l.last.wanted);
}

static void the_last_lossy_window_is_kept(void **state)
{
    struct tw_loss l = {.limit_percent = 2};
    (void)state;
    for (size_t i = 0; i < 4; i++)
        tw_loss_count(&l, rows[i].received, rows[i].dropped, rows[i].at_s * TW_NS_PER_S);
    assert_false(tw_loss_count(&l, 16900, 1000, 120 * TW_NS_PER_S)); /* 1.96 % */
    assert_int_equal(1, l.lossy_windows);
    assert_int_equal(100, l.lossy.lost);
    assert_int_equal(2000, l.lossy.wanted);
    assert_true(tw_loss_percent(&l.lossy) == 5);
    assert_true(tw_loss_percent(&l.last) == 1.961);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_is_told_window_by_window),
        cmocka_unit_test(the_last_lossy_window_is_kept),
    };
    return cmocka_run_group_tests_name("figures", tests, NULL, NULL);
}
