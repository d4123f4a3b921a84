#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "trial/compare.h"

/* What two runs have in common and what not. */

static void add(struct tw_gathered *g, int64_t ts_ns, const char *rule, int score, const char *text)
{
    char id[64];
    struct tw_alert_record r = {.rule = rule,
        .actor = TW_STR("bot"),
        .target = TW_STR("plc x"),
        .summary = tw_str_of(text),
        .score = score,
        .count = 1,
        .ts_ns = ts_ns};
    snprintf(id, sizeof(id), "%s-%lld", rule, (long long)ts_ns);
    memcpy(r.id, id, strlen(id) + 1);
    tw_gather(g, &r);
}

static void alerts_come_go_and_change(void **state)
{
    struct tw_comparison c = {.n = 0};
    (void)state;
    add(&c.before, 5, "A-1", 50, "same");
    add(&c.before, 3, "A-2", 50, "goes");
    add(&c.before, 7, "A-3", 50, "changes");
    add(&c.after, 7, "A-3", 60, "changes");
    add(&c.after, 5, "A-1", 50, "same");
    add(&c.after, 4, "A-2", 50, "comes");
    assert_int_equal(TW_OK, tw_compare(&c));
    assert_int_equal(3, c.n);
    assert_int_equal(1, c.same);
    assert_int_equal(TW_CHANGE_GONE, c.changes[0].kind);
    assert_string_equal("goes", c.changes[0].before->summary);
    assert_null(c.changes[0].after);
    assert_int_equal(TW_CHANGE_ADDED, c.changes[1].kind);
    assert_string_equal("comes", c.changes[1].after->summary);
    assert_null(c.changes[1].before);
    assert_int_equal(TW_CHANGE_CHANGED, c.changes[2].kind);
    assert_int_equal(50, c.changes[2].before->score);
    assert_int_equal(60, c.changes[2].after->score);
    tw_comparison_fini(&c);
}

static void updates_are_the_same_alert(void **state)
{
    struct tw_gathered g = {.most = 2};
    struct tw_alert_record r = {
        .id = "A-1-5", .rule = "A-1", .count = 9, .score = 70, .update = true};
    (void)state;
    add(&g, 5, "A-1", 50, "x");
    add(&g, 6, "A-1", 50, "x");
    tw_gather(&g, &r);
    assert_int_equal(2, g.n);
    assert_int_equal(9, g.list[0].count);
    assert_int_equal(70, g.list[0].score);
    assert_int_equal(1, g.list[1].count);
    assert_false(g.full);
    add(&g, 7, "A-1", 50, "x");
    assert_int_equal(2, g.n);
    assert_true(g.full);
    tw_gathered_fini(&g);
}

static void nothing_is_like_nothing(void **state)
{
    struct tw_comparison c = {.n = 0};
    (void)state;
    assert_int_equal(TW_OK, tw_compare(&c));
    assert_int_equal(0, c.n);
    tw_comparison_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alerts_come_go_and_change),
        cmocka_unit_test(updates_are_the_same_alert),
        cmocka_unit_test(nothing_is_like_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
