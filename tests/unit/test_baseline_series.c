#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "series_lab.h"

/* Two sensors, once a second, with noise of their own; what the judge says of the first. */

enum { LEARN_S = 600, MAX_TOLD = 64 };

struct told {
    struct tw_deviation deviation;
    int64_t ts_ns;
    uint64_t packet;
    struct tw_endpoint src, dst;
    char object[32], field[16];
    double value;
};

struct plant {
    struct tw_baseline *baseline;
    struct tw_series *series;
    struct lab_noise noise;
    double x, y; /* AR(1) around zero */
    int64_t now_ns;
    struct tw_thing_note notes[2];
    struct told told[MAX_TOLD];
    size_t n;
};

static const struct tw_facts nobody;
static void on_deviation(void *user, const struct tw_event *e)
{
    struct plant *p = user;
    assert_int_equal(TW_ACTION_DEVIATION, e->action);
    assert_true(p->n < MAX_TOLD);
    struct told *t = &p->told[p->n++];
    t->deviation = *e->deviation;
    t->ts_ns = e->ts_ns;
    t->packet = e->packet;
    t->src = e->src;
    t->dst = e->dst;
    t->value = e->value.d;
    tw_str_copy(t->object, sizeof(t->object), e->object);
    tw_str_copy(t->field, sizeof(t->field), e->field);
}

static double next(struct plant *p, double *x)
{
    *x = 0.8 * *x + 0.3 * lab_noise(&p->noise);
    return round(*x * 1e4) / 1e4;
}

/* `notify`: two nodes of a server instead of two topics. */
static struct tw_event event_of(const struct plant *p, bool notify, unsigned which, double value)
{
    static const char *const topics[] = {"a/t", "a/p"}, *const nodes[] = {"ns=2;s=T", "ns=2;s=P"};
    return notify ? lab_notify(nodes[which], value, p->now_ns)
                  : lab_publish(topics[which], value, p->now_ns);
}

/* Learned for `seconds`, from two sensors around 50 and 7. */
static void open_plant(struct plant *p, bool notify, int seconds)
{
    struct tw_learner *l = tw_learner_new(8);
    *p = (struct plant){.noise = {11}, .now_ns = LAB_START};
    for (int i = 0; i < seconds; i++) {
        const double values[] = {50 + next(p, &p->x), 7 + next(p, &p->y)};
        for (unsigned k = 0; k < 2; k++) {
            const struct tw_event e = event_of(p, notify, k, values[k]);
            tw_learner_event(l, &e, &nobody);
        }
        p->now_ns += TW_NS_PER_S;
    }
    p->baseline = lab_baseline(l);
    tw_learner_free(l);
    p->series = tw_series_new(p->baseline, on_deviation, p);
    assert_non_null(p->series);
}

static void close_plant(struct plant *p)
{
    tw_series_free(p->series);
    tw_baseline_free(p->baseline);
}

static void give(struct plant *p, bool notify, unsigned which, double value)
{
    struct tw_event e = event_of(p, notify, which, value);
    const struct tw_session_facts facts = {.note = &p->notes[which]};
    e.facts = &facts;
    tw_series_event(p->series, &e);
}

/* One second: the first sensor says `value`, the other what it does. */
static void second(struct plant *p, double value)
{
    give(p, false, 0, value);
    give(p, false, 1, 7 + next(p, &p->y));
    p->now_ns += TW_NS_PER_S;
    tw_series_tick(p->series, p->now_ns);
}

static void usual(struct plant *p, int seconds)
{
    while (seconds-- > 0)
        second(p, 50 + next(p, &p->x));
}

static size_t count(const struct plant *p, enum tw_deviation_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n += p->told[i].deviation.kind == kind;
    return n;
}

static void what_is_usual_says_nothing(void **state)
{
    struct plant p;
    (void)state;
    open_plant(&p, false, LEARN_S);
    usual(&p, 20000);
    assert_int_equal(0, p.n);
    const struct tw_series_stats s = tw_series_stats(p.series);
    assert_int_equal(2, s.series);
    assert_int_equal(2, s.active);
    assert_int_equal(2, s.seen);
    assert_int_equal(40000, s.values);
    assert_int_equal(0, s.deviations);
    assert_string_equal(tw_baseline_digest(p.baseline), s.digest);
    close_plant(&p);
}

static void a_value_that_stands_still(void **state)
{
    struct plant p;
    (void)state;
    open_plant(&p, false, LEARN_S);
    usual(&p, 60);
    second(&p, 50.5);
    for (int i = 1; i <= 5; i++)
        second(&p, 50.5);
    assert_int_equal(0, p.n); /* six periods it may */
    second(&p, 50.5);
    assert_int_equal(1, p.n);
    const struct told *t = &p.told[0];
    assert_int_equal(TW_DEVIATION_FROZEN, t->deviation.kind);
    assert_int_equal(6 * TW_NS_PER_S, t->deviation.frozen_ns);
    assert_int_equal(LEARN_S, t->deviation.samples);
    assert_string_equal("a/t", t->object);
    assert_string_equal("/v", t->field);
    assert_int_equal(50000, t->src.port);
    assert_true(t->value == 50.5);
    /* Again after half a minute, and anew once it moved. */
    for (int i = 0; i < 29; i++)
        second(&p, 50.5);
    assert_int_equal(1, p.n);
    second(&p, 50.5);
    assert_int_equal(2, p.n);
    usual(&p, 5);
    for (int i = 0; i < 7; i++)
        second(&p, 49.5);
    assert_int_equal(3, p.n);
    assert_int_equal(2, tw_series_stats(p.series).deviations);
    close_plant(&p);
}

/* When everything stands still, the plant does. */
static void all_stand_still(void **state)
{
    struct plant p;
    (void)state;
    open_plant(&p, false, LEARN_S);
    usual(&p, 60);
    for (int i = 0; i < 200; i++) {
        give(&p, false, 0, 50.5);
        give(&p, false, 1, 7.5);
        p.now_ns += TW_NS_PER_S;
        tw_series_tick(p.series, p.now_ns);
    }
    assert_int_equal(0, p.n);
    close_plant(&p);
}

static void a_stretch_that_comes_again(void **state)
{
    struct plant p;
    double loop[20];
    (void)state;
    open_plant(&p, false, LEARN_S);
    for (int i = 0; i < 20; i++)
        second(&p, loop[i] = 50 + next(&p, &p.x));
    for (int i = 0; i < 80 && p.n == 0; i++)
        second(&p, loop[i % 20]);
    assert_int_equal(1, p.n);
    assert_int_equal(TW_DEVIATION_REPEATED, p.told[0].deviation.kind);
    assert_int_equal(20, p.told[0].deviation.lag);
    assert_true(p.told[0].deviation.repeats >= 16);
    close_plant(&p);
}

static void too_smooth_and_too_rough(void **state)
{
    struct plant p;
    (void)state;
    open_plant(&p, false, LEARN_S);
    const double level = 50 + p.x;
    for (int i = 0; i < 205; i++)
        second(&p, level + 0.1 * next(&p, &p.x));
    assert_int_equal(2, count(&p, TW_DEVIATION_SMOOTH)); /* two hundred values, two blocks */
    assert_true(p.told[0].deviation.unrest < 0.2);
    assert_int_equal(0, count(&p, TW_DEVIATION_ROUGH));
    usual(&p, 200);
    p.n = 0;
    for (int i = 0; i < 205; i++)
        second(&p, 50 + (i % 2 == 0 ? 0.9 : -0.9));
    assert_true(count(&p, TW_DEVIATION_ROUGH) >= 1);
    assert_int_equal(0, count(&p, TW_DEVIATION_SMOOTH));
    close_plant(&p);
}

static void out_of_range_needs_three_of_five(void **state)
{
    struct plant p;
    (void)state;
    open_plant(&p, false, LEARN_S);
    usual(&p, 20);
    const double far = 50 + 12;
    second(&p, far);
    second(&p, far);
    usual(&p, 10);
    assert_int_equal(0, count(&p, TW_DEVIATION_RANGE));
    p.n = 0;
    second(&p, far);
    second(&p, 50);
    second(&p, far);
    second(&p, 50);
    assert_int_equal(0, count(&p, TW_DEVIATION_RANGE));
    second(&p, far);
    assert_int_equal(1, count(&p, TW_DEVIATION_RANGE));
    const struct tw_profile *learned = &tw_baseline_at(p.baseline, 1)->profile;
    assert_true(p.told[p.n - 1].deviation.low == learned->min);
    assert_true(p.told[p.n - 1].deviation.high == learned->max);
    close_plant(&p);
}

/* Slower than any single change would show, and within the range for most of the time. */
static void a_drift(void **state)
{
    struct plant p;
    (void)state;
    open_plant(&p, false, LEARN_S);
    usual(&p, 100);
    double offset = 0;
    for (int i = 0; i < 400 && p.n == 0; i++)
        second(&p, 50 + next(&p, &p.x) + (offset += 0.005));
    assert_int_equal(1, p.n);
    assert_int_equal(TW_DEVIATION_DRIFT, p.told[0].deviation.kind);
    assert_true(p.told[0].deviation.drift >= 1);
    assert_true(offset < 2);
    close_plant(&p);
}

static void a_ramp(void **state)
{
    struct plant p;
    (void)state;
    open_plant(&p, false, LEARN_S);
    usual(&p, 20);
    const double start = 50 + next(&p, &p.x);
    const double learned = tw_baseline_at(p.baseline, 1)->profile.slope_max;
    for (int i = 0; i < 8; i++)
        second(&p, start + i * 0.6 * learned);
    assert_int_equal(1, count(&p, TW_DEVIATION_SLOPE));
    assert_true(p.told[0].deviation.slope > 2);
    close_plant(&p);
}

static void shadow_is_counted_only(void **state)
{
    struct plant p;
    (void)state;
    open_plant(&p, false, 40);
    assert_int_equal(0, tw_series_stats(p.series).active);
    for (int i = 0; i < 100; i++)
        second(&p, 50.5);
    assert_int_equal(0, p.n);
    assert_int_equal(1, tw_series_stats(p.series).deviations);
    assert_int_equal(1, tw_series_stats(p.series).shadowed);
    close_plant(&p);
}

static void strangers_are_not_looked_at(void **state)
{
    struct plant p;
    (void)state;
    open_plant(&p, false, LEARN_S);
    for (int i = 0; i < 100; i++) {
        const struct tw_event e = lab_publish("b/t", 3, p.now_ns += TW_NS_PER_S);
        tw_series_event(p.series, &e);
    }
    assert_int_equal(0, tw_series_stats(p.series).values);
    assert_int_equal(0, p.n);
    close_plant(&p);
}

/* A server tells changes only: one that does not come is a value that stands still. */
static void a_data_change_that_does_not_come(void **state)
{
    struct plant p;
    (void)state;
    open_plant(&p, true, LEARN_S);
    for (int i = 0; i < 30; i++) {
        give(&p, true, 0, 50 + next(&p, &p.x));
        give(&p, true, 1, 7 + next(&p, &p.y));
        p.now_ns += TW_NS_PER_S;
        tw_series_tick(p.series, p.now_ns);
    }
    for (int i = 0; i < 5; i++) {
        give(&p, true, 1, 7 + next(&p, &p.y));
        p.now_ns += TW_NS_PER_S;
        tw_series_tick(p.series, p.now_ns);
    }
    assert_int_equal(0, p.n);
    give(&p, true, 1, 7 + next(&p, &p.y));
    p.now_ns += TW_NS_PER_S;
    tw_series_tick(p.series, p.now_ns);
    assert_int_equal(1, p.n);
    assert_int_equal(TW_DEVIATION_FROZEN, p.told[0].deviation.kind);
    assert_int_equal(6 * TW_NS_PER_S, p.told[0].deviation.frozen_ns);
    assert_string_equal("ns=2;s=T", p.told[0].object);
    assert_int_equal(4840, p.told[0].src.port);
    close_plant(&p);
}

/* A client that was away is told of its items one after the other. */
static void a_connection_that_comes_back(void **state)
{
    struct plant p;
    (void)state;
    open_plant(&p, true, LEARN_S);
    for (int i = 0; i < 30; i++) {
        give(&p, true, 0, 50 + next(&p, &p.x));
        give(&p, true, 1, 7 + next(&p, &p.y));
        p.now_ns += TW_NS_PER_S;
    }
    p.now_ns += 60 * TW_NS_PER_S;
    tw_series_tick(p.series, p.now_ns);
    for (int i = 0; i < 5; i++) {
        give(&p, true, 1, 7 + next(&p, &p.y));
        p.now_ns += TW_NS_PER_S;
        tw_series_tick(p.series, p.now_ns);
    }
    assert_int_equal(0, p.n);
    for (int i = 0; i < 3; i++) {
        give(&p, true, 1, 7 + next(&p, &p.y));
        p.now_ns += TW_NS_PER_S;
        tw_series_tick(p.series, p.now_ns);
    }
    assert_int_equal(1, count(&p, TW_DEVIATION_FROZEN));
    close_plant(&p);
}

/* The same for a sensor that was away, of a broker that was not. */
static void a_sensor_that_comes_back(void **state)
{
    struct plant p;
    (void)state;
    open_plant(&p, false, LEARN_S);
    usual(&p, 30);
    for (int i = 0; i < 4; i++)
        second(&p, 50.5);
    for (int i = 0; i < 60; i++) {
        give(&p, false, 1, 7 + next(&p, &p.y));
        p.now_ns += TW_NS_PER_S;
        tw_series_tick(p.series, p.now_ns);
    }
    for (int i = 0; i < 5; i++)
        second(&p, 50.5);
    assert_int_equal(0, p.n);
    close_plant(&p);
}

/* … but not where nothing comes any more, bytes were lost, or the item was given up. */
static void silence_that_says_nothing(void **state)
{
    (void)state;
    for (int row = 0; row < 3; row++) {
        struct plant p;
        open_plant(&p, true, LEARN_S);
        for (int i = 0; i < 30; i++) {
            give(&p, true, 0, 50 + next(&p, &p.x));
            give(&p, true, 1, 7 + next(&p, &p.y));
            p.now_ns += TW_NS_PER_S;
        }
        for (int i = 0; i < 40; i++) {
            struct tw_event e = lab_notify("ns=2;s=T", 0, p.now_ns);
            e.action = row == 1 ? TW_ACTION_GAP : TW_ACTION_UNSUBSCRIBE;
            if (row > 0)
                give(&p, true, 1, 7 + next(&p, &p.y));
            if (row > 0 && i % 4 == 0)
                tw_series_event(p.series, &e);
            p.now_ns += TW_NS_PER_S;
            tw_series_tick(p.series, p.now_ns);
        }
        assert_int_equal(0, p.n);
        close_plant(&p);
    }
}

/* A data change that passes counts like one that was completed. */
static void data_changes_that_pass(void **state)
{
    struct plant p;
    (void)state;
    open_plant(&p, true, LEARN_S);
    give(&p, true, 0, 50);
    give(&p, true, 1, 7);
    assert_int_not_equal(0, p.notes[0].series);
    assert_int_not_equal(p.notes[0].series, p.notes[1].series);
    const struct tw_session_facts facts = {.note = &p.notes[0]};
    for (int i = 0; i < 3; i++) {
        struct tw_event e = lab_notify("", 90, p.now_ns += TW_NS_PER_S);
        e.object = TW_STR_NONE;
        e.packet = 21;
        tw_series_pass(p.series, &e, &facts);
    }
    assert_int_equal(5, tw_series_stats(p.series).values);
    assert_int_equal(1, count(&p, TW_DEVIATION_RANGE));
    assert_string_equal("ns=2;s=T", p.told[p.n - 1].object);
    assert_int_equal(21, p.told[p.n - 1].packet);
    /* One of which nothing is known passes by. */
    const struct tw_thing_note none = {0};
    const struct tw_session_facts unknown = {.note = (struct tw_thing_note *)(uintptr_t)&none};
    const struct tw_event e = lab_notify("", 90, p.now_ns);
    tw_series_pass(p.series, &e, &unknown);
    assert_int_equal(5, tw_series_stats(p.series).values);
    /* The same of values that are no events yet. */
    struct tw_plain_value plain = {.kind = TW_VALUE_UINT, .word = 50};
    const struct tw_event message = lab_notify("", 0, p.now_ns += TW_NS_PER_S);
    tw_series_pass_value(p.series, &message, &plain, &none);
    assert_int_equal(5, tw_series_stats(p.series).values);
    tw_series_pass_value(p.series, &message, &plain, &p.notes[0]);
    assert_int_equal(6, tw_series_stats(p.series).values);
    plain = (struct tw_plain_value){
        .kind = TW_VALUE_FLOAT, .is_odd = true, .below = 32, .word = UINT64_C(0x7f800000) << 32};
    tw_series_pass_value(p.series, &message, &plain, &p.notes[0]); /* infinite */
    plain = (struct tw_plain_value){.kind = TW_VALUE_BOOL, .word = 1};
    tw_series_pass_value(p.series, &message, &plain, &p.notes[0]);
    assert_int_equal(6, tw_series_stats(p.series).values);
    close_plant(&p);
}

/* Who was asked gives the value, not who asks. */
static void of_a_read_the_server_acts(void **state)
{
    struct plant p = {.noise = {4}, .now_ns = LAB_START};
    struct tw_learner *l = tw_learner_new(8);
    (void)state;
    for (int i = 0; i < 203; i++) {
        struct tw_event e = lab_notify("ns=2;s=T", 50 + next(&p, &p.x), p.now_ns);
        e.action = TW_ACTION_READ;
        e.src = lab_at("10.7.0.30", 51000);
        e.dst = lab_at("10.7.0.10", 4840);
        p.now_ns += TW_NS_PER_S;
        if (i < 200) {
            tw_learner_event(l, &e, &nobody);
            continue;
        }
        if (i == 200) {
            p.baseline = lab_baseline(l);
            p.series = tw_series_new(p.baseline, on_deviation, &p);
        }
        e.value.d = 90;
        tw_series_event(p.series, &e);
    }
    assert_true(p.n > 0);
    assert_int_equal(4840, p.told[0].src.port);
    assert_int_equal(51000, p.told[0].dst.port);
    tw_learner_free(l);
    close_plant(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_usual_says_nothing),
        cmocka_unit_test(a_value_that_stands_still),
        cmocka_unit_test(all_stand_still),
        cmocka_unit_test(a_stretch_that_comes_again),
        cmocka_unit_test(too_smooth_and_too_rough),
        cmocka_unit_test(out_of_range_needs_three_of_five),
        cmocka_unit_test(a_drift),
        cmocka_unit_test(a_ramp),
        cmocka_unit_test(shadow_is_counted_only),
        cmocka_unit_test(strangers_are_not_looked_at),
        cmocka_unit_test(a_data_change_that_does_not_come),
        cmocka_unit_test(a_connection_that_comes_back),
        cmocka_unit_test(a_sensor_that_comes_back),
        cmocka_unit_test(silence_that_says_nothing),
        cmocka_unit_test(data_changes_that_pass),
        cmocka_unit_test(of_a_read_the_server_acts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
