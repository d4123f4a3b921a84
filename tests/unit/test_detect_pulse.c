#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/timefmt.h"
#include "detect/pulse.h"

enum { START_S = 1000 };

/* `n` events, `every` milliseconds apart; the time of the last one. */
static int64_t beat(struct tw_pulse *p, int64_t now_ns, unsigned n, int64_t every_ms)
{
    for (unsigned i = 0; i < n; i++) {
        now_ns += every_ms * TW_NS_PER_MS;
        tw_pulse_event(p, now_ns);
    }
    return now_ns;
}

static void silences(void **state)
{
    static const struct {
        unsigned n;
        int64_t every_ms, silence_ms;
        bool hole;
    } rows[] = {
        {1000, 100, 3000, true}, {1000, 100, 900, false}, /* too short to say anything */
        {1000, 1000, 2900, false},                        /* a slow plant */
        {1000, 1000, 3500, true},
        {100, 1000, 60000, false}, /* too few events to know what is usual */
        {290, 100, 60000, false},  /* too short a time */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_pulse p = {0};
        int64_t now_ns = beat(&p, START_S * TW_NS_PER_S, rows[i].n, rows[i].every_ms);
        assert_int_equal(p.hole_ns, 0);
        now_ns = beat(&p, now_ns, 1, rows[i].silence_ms);
        assert_int_equal(p.hole_ns, rows[i].hole ? now_ns : 0);
    }
}

/* Of a plant that becomes quieter for good, only the beginning looks like a hole. */
static void becomes_usual(void **state)
{
    struct tw_pulse p = {0};
    (void)state;
    int64_t now_ns = beat(&p, START_S * TW_NS_PER_S, 1000, 100);
    now_ns = beat(&p, now_ns, 20, 5000);
    int64_t hole_ns = p.hole_ns;
    assert_true(hole_ns != 0 && hole_ns < now_ns);
    beat(&p, now_ns, 100, 5000);
    assert_int_equal(p.hole_ns, hole_ns);
}

/* Events of flows that end are told late: they are older than the last one. */
static void late_events(void **state)
{
    struct tw_pulse p = {0};
    (void)state;
    int64_t now_ns = beat(&p, START_S * TW_NS_PER_S, 1000, 100);
    tw_pulse_event(&p, now_ns - 30 * TW_NS_PER_S);
    beat(&p, now_ns, 1, 100);
    assert_int_equal(p.hole_ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silences),
        cmocka_unit_test(becomes_usual),
        cmocka_unit_test(late_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
