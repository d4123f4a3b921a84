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
    struct tw_loss l = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(rows[i].lossy,
            tw_loss_count(&l, rows[i].received, rows[i].dropped, rows[i].at_s * TW_NS_PER_S));
        assert_true(tw_loss_percent(&l) == rows[i].percent);
    }
    assert_int_equal(3, l.lossy_windows);
    assert_int_equal(2, l.window_lost);
    assert_int_equal(2, l.window_wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_is_told_window_by_window),
    };
    return cmocka_run_group_tests_name("figures", tests, NULL, NULL);
}
