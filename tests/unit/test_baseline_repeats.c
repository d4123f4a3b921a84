#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "baseline/repeats.h"
#include "series_lab.h"

/* The first value at which a copy is told, and how far back it is; 0: never. */
static uint32_t feed(struct tw_repeats *r, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (tw_repeats_add(r, values[i]) > 0)
            return (uint32_t)i + 1;
    }
    return 0;
}

static void noise_is_no_copy(void **state)
{
    struct tw_repeats r = {.n = 0};
    struct lab_noise noise = {1};
    (void)state;
    for (int i = 0; i < 20000; i++)
        assert_int_equal(0, tw_repeats_add(&r, round(100 * lab_noise(&noise))));
}

static void a_loop_is_found(void **state)
{
    static const unsigned periods[] = {16, 20, 64, 300, 1000};
    (void)state;
    for (size_t p = 0; p < sizeof(periods) / sizeof(periods[0]); p++) {
        struct tw_repeats r = {.n = 0};
        struct lab_noise noise = {p + 1};
        double loop[1000];
        for (unsigned i = 0; i < periods[p]; i++)
            loop[i] = lab_noise(&noise);
        assert_int_equal(0, feed(&r, loop, periods[p]));
        uint32_t found = 0;
        for (unsigned turn = 0; turn < 6 && found == 0; turn++)
            found = feed(&r, loop, periods[p]);
        assert_true(found > 0);
        assert_int_equal(periods[p], r.lag);
        /* What is told is a whole window at least, and no longer than what came again. */
        const uint32_t told = tw_repeats_add(&r, loop[found % periods[p]]);
        assert_true(told >= TW_REPEATS_WINDOW);
        assert_true(told <= r.n - periods[p]);
    }
}

static void a_recording_is_found_once_played(void **state)
{
    struct tw_repeats r = {.n = 0};
    struct lab_noise noise = {5};
    double values[2000];
    (void)state;
    for (size_t i = 0; i < 2000; i++)
        values[i] = lab_noise(&noise);
    assert_int_equal(0, feed(&r, values, 2000));
    const uint32_t at = feed(&r, values + 500, 100);
    assert_true(at >= TW_REPEATS_WINDOW && at < 60);
    assert_int_equal(1500, r.lag);
    /* And it is over as soon as other values come. */
    for (int i = 0; i < 40; i++)
        (void)tw_repeats_add(&r, lab_noise(&noise));
    assert_int_equal(0, tw_repeats_add(&r, lab_noise(&noise)));
}

static void what_hardly_varies_is_no_copy(void **state)
{
    struct tw_repeats r = {.n = 0};
    (void)state;
    for (int i = 0; i < 5000; i++)
        assert_int_equal(0, tw_repeats_add(&r, 20 + i % 11)); /* eleven values, over and over */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_is_no_copy),
        cmocka_unit_test(a_loop_is_found),
        cmocka_unit_test(a_recording_is_found_once_played),
        cmocka_unit_test(what_hardly_varies_is_no_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
