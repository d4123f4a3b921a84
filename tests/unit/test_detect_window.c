#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/timefmt.h"
#include "detect/window.h"

static const struct tw_text_key key_a = {1, 2}, key_b = {3, 4};

static void proof_keeps_first_and_last(void **state)
{
    struct tw_proof p = {.n = 0};
    (void)state;
    for (uint64_t packet = 20; packet > 10; packet--)
        tw_proof_add(&p, packet);
    tw_proof_add(&p, 12);
    tw_proof_last(&p, 99);
    static const uint64_t wanted[] = {11, 12, 13, 14, 15, 16, 17, 99};
    assert_int_equal(8, p.n);
    assert_memory_equal(wanted, p.packets, sizeof(wanted));
    p.n = 0;
    tw_proof_add(&p, 7);
    tw_proof_last(&p, 7);
    assert_int_equal(1, p.n);
    tw_proof_last(&p, 5);
    assert_int_equal(2, p.n);
    assert_int_equal(5, p.packets[0]);
}

/* Five in sixty seconds: counted by event time, forgotten as they leave the window. */
static void counted_events(void **state)
{
    static const struct {
        int second;
        bool enough;
        double count;
    } rows[] = {{0, false, 0}, {10, false, 0}, {20, false, 0}, {30, false, 0}, {60, true, 5},
        {61, true, 5}, {70, true, 6}, {121, false, 0}};
    const struct tw_window_spec spec = {.over_ns = 60 * TW_NS_PER_S, .least = 5};
    struct tw_windows *w = tw_windows_new(&spec);
    (void)state;
    assert_non_null(w);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_proof proof = {.n = 0};
        double count = 0, other;
        assert_int_equal(rows[i].enough,
            tw_windows_add(w, key_a, rows[i].second * TW_NS_PER_S, 100 + i, 0, &count, &proof));
        assert_true(count == rows[i].count);
        assert_false(tw_windows_add(w, i ? (struct tw_text_key){9, i} : key_b,
            rows[i].second * TW_NS_PER_S, i, 0, &other, &proof));
        if (rows[i].second == 60) {
            static const uint64_t wanted[] = {100, 101, 102, 103, 104};
            assert_int_equal(5, proof.n ? 5 : 0);
            assert_memory_equal(wanted, proof.packets, sizeof(wanted));
        }
    }
    assert_int_equal(0, tw_windows_evictions(w));
    tw_windows_free(w);
}

/* The count is exact up to twice the threshold and stays there. */
static void counts_are_bounded(void **state)
{
    const struct tw_window_spec spec = {.over_ns = 60 * TW_NS_PER_S, .least = 5};
    struct tw_windows *w = tw_windows_new(&spec);
    struct tw_proof proof;
    double count = 0;
    (void)state;
    for (uint64_t i = 0; i < 1000; i++)
        tw_windows_add(w, key_a, (int64_t)i, i, 0, &count, &proof);
    assert_true(count == 10);
    assert_int_equal(8, proof.n);
    assert_int_equal(990, proof.packets[0]);
    assert_int_equal(999, proof.packets[7]);
    tw_windows_free(w);
}

static void different_values(void **state)
{
    const struct tw_field *object = tw_field_find(TW_STR("object"));
    const struct tw_window_spec spec = {
        .over_ns = 10 * TW_NS_PER_S, .kind = TW_WINDOW_DISTINCT, .least = 4, .field = object};
    struct tw_windows *w = tw_windows_new(&spec);
    struct tw_proof proof;
    double count = 0;
    (void)state;
    for (uint64_t i = 0; i < 300; i++)
        assert_false(tw_windows_add(w, key_a, (int64_t)i, i, i % 3, &count, &proof));
    assert_true(tw_windows_add(w, key_a, 300, 300, 77, &count, &proof));
    assert_true(count == 4);
    static const uint64_t wanted[] = {0, 1, 2, 300};
    assert_int_equal(4, proof.n);
    assert_memory_equal(wanted, proof.packets, sizeof(wanted));
    /* Eleven seconds later they are all gone but the one that came again. */
    assert_true(tw_windows_add(w, key_a, 5 * TW_NS_PER_S, 400, 77, &count, &proof));
    assert_false(tw_windows_add(w, key_a, 11 * TW_NS_PER_S, 401, 78, &count, &proof));
    assert_false(tw_windows_add(w, key_a, 11 * TW_NS_PER_S, 402, 79, &count, &proof));
    assert_true(tw_windows_add(w, key_a, 11 * TW_NS_PER_S, 403, 80, &count, &proof));
    assert_true(count == 4);
    tw_windows_free(w);
}

/* Strangers with many names: the oldest windows go, nothing grows. */
static void many_keys(void **state)
{
    const struct tw_window_spec spec = {.over_ns = 60 * TW_NS_PER_S, .least = 2};
    struct tw_windows *w = tw_windows_new(&spec);
    struct tw_proof proof;
    double count;
    (void)state;
    for (uint64_t i = 0; i < 10000; i++)
        assert_false(tw_windows_add(w, (struct tw_text_key){i, i}, 0, i, 0, &count, &proof));
    assert_int_equal(10000 - 4096, tw_windows_evictions(w));
    assert_true(tw_windows_add(w, (struct tw_text_key){9999, 9999}, 1, 1, 0, &count, &proof));
    tw_windows_free(w);
}

static struct tw_sprt_spec sprt_spec(void)
{
    /* RISK-TIERS: +2.303 per bad one, -0.0463 per good one, alarm at 9.16, accepted at -3.0. */
    return (struct tw_sprt_spec){.used = true,
        .step_bad = log(0.05 / 0.005),
        .step_good = log(0.95 / 0.995),
        .reject = log(0.95 / 1e-4),
        .accept = log(0.05 / (1 - 1e-4))};
}

static void sprt_numbers(void **state)
{
    const struct tw_sprt_spec spec = sprt_spec();
    (void)state;
    assert_true(fabs(spec.step_bad - 2.302585) < 1e-6);
    assert_true(fabs(spec.step_good + 0.046281) < 1e-6);
    assert_true(fabs(spec.reject - 9.159047) < 1e-5);
    assert_true(fabs(spec.accept + 2.995632) < 1e-5);
}

static void sprt_four_in_a_row(void **state)
{
    const struct tw_sprt_spec spec = sprt_spec();
    struct tw_sprts *s = tw_sprts_new(&spec);
    double ratio = 0, bad = 0;
    struct tw_proof proof;
    (void)state;
    for (uint64_t i = 0; i < 3; i++)
        assert_false(tw_sprts_add(s, key_a, true, i, &ratio, &bad, &proof));
    assert_true(fabs(tw_sprts_llr(s, key_a) - 3 * spec.step_bad) < 1e-12);
    assert_true(tw_sprts_add(s, key_a, true, 3, &ratio, &bad, &proof));
    assert_true(ratio == 1 && bad == 4);
    assert_int_equal(4, proof.n);
    /* Every further bad one is told; good ones lead back to silence. */
    assert_true(tw_sprts_add(s, key_a, true, 4, &ratio, &bad, &proof));
    assert_true(bad == 5);
    assert_false(tw_sprts_add(s, key_a, false, 5, &ratio, &bad, &proof));
    for (uint64_t i = 0; i < 300; i++)
        assert_false(tw_sprts_add(s, key_a, false, i, &ratio, &bad, &proof));
    assert_false(tw_sprts_add(s, key_a, true, 400, &ratio, &bad, &proof));
    /* Somebody else's test is not touched. */
    assert_true(tw_sprts_llr(s, key_b) == 0);
    tw_sprts_free(s);
}

/* One in two hundred, for ever: the test is accepted again and again, never an alarm. */
static void sprt_accepts_what_is_normal(void **state)
{
    const struct tw_sprt_spec spec = sprt_spec();
    struct tw_sprts *s = tw_sprts_new(&spec);
    double ratio, bad;
    struct tw_proof proof;
    (void)state;
    for (uint64_t i = 0; i < 100000; i++)
        assert_false(tw_sprts_add(s, key_a, i % 200 == 199, i, &ratio, &bad, &proof));
    assert_true(tw_sprts_llr(s, key_a) > spec.accept);
    tw_sprts_free(s);
}

/* One in ten is too many. */
static void sprt_finds_one_in_ten(void **state)
{
    const struct tw_sprt_spec spec = sprt_spec();
    struct tw_sprts *s = tw_sprts_new(&spec);
    double ratio, bad;
    struct tw_proof proof;
    uint64_t at = 0;
    (void)state;
    while (at < 1000 && !tw_sprts_add(s, key_a, at % 10 == 9, at, &ratio, &bad, &proof))
        at++;
    assert_int_equal(49, at);
    tw_sprts_free(s);
}

static void holds(void **state)
{
    struct tw_holds *h = tw_holds_new(600 * TW_NS_PER_S);
    (void)state;
    assert_false(tw_holds_active(h, key_a, 0));
    tw_holds_start(h, key_a, 10 * TW_NS_PER_S);
    assert_true(tw_holds_active(h, key_a, 610 * TW_NS_PER_S));
    assert_false(tw_holds_active(h, key_a, 611 * TW_NS_PER_S));
    assert_false(tw_holds_active(h, key_b, 20 * TW_NS_PER_S));
    tw_holds_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proof_keeps_first_and_last),
        cmocka_unit_test(counted_events),
        cmocka_unit_test(counts_are_bounded),
        cmocka_unit_test(different_values),
        cmocka_unit_test(many_keys),
        cmocka_unit_test(sprt_numbers),
        cmocka_unit_test(sprt_four_in_a_row),
        cmocka_unit_test(sprt_accepts_what_is_normal),
        cmocka_unit_test(sprt_finds_one_in_ten),
        cmocka_unit_test(holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
