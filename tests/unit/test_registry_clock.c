#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/timefmt.h"
#include "registry/clock.h"

enum { START_S = 1700000000 };

/* One sample: at `now_s` a server says that it is `lag_s` earlier. */
static void sample(struct tw_clock *c, double now_s, double lag_s, enum tw_action action)
{
    const int64_t now_ns = START_S * TW_NS_PER_S + (int64_t)(now_s * (double)TW_NS_PER_S);
    const struct tw_event e = {.protocol = TW_PROTO_OPCUA,
        .action = action,
        .ts_ns = now_ns,
        .server_ts_ns = now_ns - (int64_t)(lag_s * (double)TW_NS_PER_S)};
    tw_clock_event(c, &e);
}

static struct tw_clock clock_of(double lag_s)
{
    struct tw_clock c = {0};
    for (int i = 0; i < 300; i++) /* every tenth value is a fresh one */
        sample(&c, i, i % 10 == 0 ? lag_s : lag_s + 500, TW_ACTION_READ);
    return c;
}

static int64_t seconds(int64_t ns)
{
    return ns / TW_NS_PER_S;
}

static void ages(void **state)
{
    static const struct {
        double lag_s;
        int64_t ahead_s, age_s, corrected_s;
    } rows[] = {
        {0.3, 0, 100, 100},
        {3600.3, 3600, 3601, 0}, /* the capture is an hour ahead */
        {3600.3, 3600, 3900, 299},
        {3600.3, 3600, -5, -5},
        {120, 120, 1, 0}, /* the server alone is behind */
        {-90, -90, 1, 1}, /* the server alone is ahead */
        {-3600, -3600, -3599, 1},
        {-3600, -3600, -3300, 300},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct tw_clock c = clock_of(rows[i].lag_s);
        assert_int_equal(seconds(tw_clock_ahead_ns(&c)), rows[i].ahead_s);
        assert_int_equal(
            seconds(tw_clock_age_ns(&c, rows[i].age_s * TW_NS_PER_S)), rows[i].corrected_s);
    }
}

/* Values of a message are as many samples; those without a time are none, nor those of a clock that
 * was never set. */
static void values_of_a_message(void **state)
{
    const int64_t day_ns = 86400 * TW_NS_PER_S, start_ns = START_S * TW_NS_PER_S;
    struct tw_clock c = {0};
    struct tw_plain_value values[5] = {{.server_ts_ns = 0}, {.server_ts_ns = 1},
        {.server_ts_ns = start_ns - day_ns}, {.server_ts_ns = start_ns - 2 * day_ns},
        {.server_ts_ns = start_ns - 3 * day_ns}};
    (void)state;
    tw_clock_values(&c, start_ns, values, 2);
    assert_int_equal(c.n, 0);
    tw_clock_values(&c, start_ns, values, 5);
    assert_int_equal(c.n, 3);
    assert_int_equal(tw_clock_ahead_ns(&c), 0); /* too few */
    tw_clock_values(&c, start_ns, values + 3, 1);
    assert_int_equal(c.n, 4);
    assert_int_equal(tw_clock_ahead_ns(&c), day_ns);
    tw_clock_values(&c, start_ns, values, 0);
    assert_int_equal(c.n, 4);
}

/* Too few samples, a clock that was never set, and events that tell no time. */
static void nothing_known(void **state)
{
    struct tw_clock c = {0};
    (void)state;
    for (int i = 0; i < 3; i++)
        sample(&c, i, 500, TW_ACTION_READ);
    assert_int_equal(tw_clock_ahead_ns(&c), 0);
    for (int i = 0; i < 30; i++) {
        sample(&c, i, 1600000000, TW_ACTION_READ);
        sample(&c, i, 500, TW_ACTION_WRITE);
    }
    assert_int_equal(tw_clock_ahead_ns(&c), 0);
}

/* A clock that is put right is believed from the next but one window on. */
static void clock_is_set(void **state)
{
    struct tw_clock c = clock_of(3600);
    (void)state;
    for (int i = 300; i < 310; i++)
        sample(&c, i, 0.2, TW_ACTION_NOTIFY);
    assert_int_equal(tw_clock_ahead_ns(&c), 0);
    for (int i = 310; i < 500; i++)
        sample(&c, i, 700, TW_ACTION_NOTIFY);
    assert_int_equal(seconds(tw_clock_ahead_ns(&c)), 700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ages),
        cmocka_unit_test(values_of_a_message),
        cmocka_unit_test(nothing_known),
        cmocka_unit_test(clock_is_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
