#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/topic.h"

static void filters_match_topics(void **state)
{
    static const struct {
        const char *filter, *topic;
        bool matches;
    } rows[] = {
        {"a/b", "a/b", true},
        {"a/b", "a/B", false},
        {"a/b", "a", false},
        {"a", "a/b", false},
        {"a/b", "a/b/", false},
        {"a/b/", "a/b/", true},
        {"/a", "a", false},
        {"/a", "/a", true},
        {"#", "a", true},
        {"#", "a/b/c", true},
        {"#", "/", true},
        {"a/#", "a", true},
        {"a/#", "a/", true},
        {"a/#", "a/b/c", true},
        {"a/#", "ab", false},
        {"+", "a", true},
        {"+", "a/b", false},
        {"+", "/a", false},
        {"/+", "/a", true},
        {"+/+", "/a", true},
        {"a/+/c", "a/b/c", true},
        {"a/+/c", "a//c", true},
        {"a/+/c", "a/b/d", false},
        {"a/+", "a", false},
        {"+/b/#", "a/b", true},
        {"#", "$SYS/x", false},
        {"+/x", "$SYS/x", false},
        {"$SYS/#", "$SYS/x", true},
        {"$SYS/+", "$SYS/x", true},
        {"$share/g/a/+", "a/b", true},
        {"$share/g/a/+", "b/b", false},
        {"$share/g/#", "$SYS/x", false},
        {"$share//a", "a", false},
        {"$share/g", "g", false},
        {"a/#/b", "a/x/b", false},
        {"a/b#", "a/b#", false},
        {"a+/b", "a+/b", false},
        {"", "a", false},
        {"a", "", false},
        {"#", "", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(
            tw_topic_matches(tw_str_of(rows[i].filter), tw_str_of(rows[i].topic)), rows[i].matches);
}

static void validity(void **state)
{
    static const struct {
        const char *s;
        bool filter, name;
    } rows[] = {{"", false, false}, {"a", true, true}, {"/", true, true}, {"a//b", true, true},
        {"#", true, false}, {"+", true, false}, {"a/+/b", true, false}, {"a/#", true, false},
        {"a/#/b", false, false}, {"a#", false, false}, {"a+/b", false, false}, {"++", false, false},
        {"+/#", true, false}, {"##", false, false}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(tw_topic_filter_valid(tw_str_of(rows[i].s)), rows[i].filter);
        assert_int_equal(tw_topic_name_valid(tw_str_of(rows[i].s)), rows[i].name);
    }
    assert_false(tw_topic_name_valid(TW_STR_NONE));
    assert_false(tw_topic_filter_valid(TW_STR_NONE));
}

static void shared_filters_lose_their_group(void **state)
{
    bool shared;
    (void)state;
    assert_true(tw_str_is(tw_topic_unshared(TW_STR("$share/g/a/b"), &shared), "a/b"));
    assert_true(shared);
    assert_true(tw_str_is(tw_topic_unshared(TW_STR("a/b"), &shared), "a/b"));
    assert_false(shared);
    assert_null(tw_topic_unshared(TW_STR("$share/g"), NULL).p);
    assert_null(tw_topic_unshared(TW_STR("$share//x"), NULL).p);
    assert_null(tw_topic_unshared(TW_STR("$share/+/x"), NULL).p);
    assert_true(tw_str_is(tw_topic_unshared(TW_STR("$shared/g/x"), NULL), "$shared/g/x"));
}

static void filters_overlap(void **state)
{
    static const struct {
        const char *a, *b;
        bool overlap;
    } rows[] = {{"a", "a", true}, {"a", "b", false}, {"a/+", "a/b", true}, {"a/+", "+/b", true},
        {"a/+", "b/+", false}, {"a/#", "a", true}, {"#", "a/b/c", true}, {"#", "+/+", true},
        {"a/+/c", "a/b/#", true}, {"a/+/c", "a/b", false}, {"a/b", "a/b/c", false},
        {"a/+", "a", false}, {"+/#", "a", true}, {"#", "$SYS/x", false}, {"+/x", "$SYS/x", false},
        {"$SYS/#", "$SYS/+", true}, {"$share/g/a/#", "a/b", true}, {"$share/g", "#", false},
        {"a/#/b", "a", false}, {"", "#", false}, {"a//b", "a/+/b", true}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(
            tw_topic_overlaps(tw_str_of(rows[i].a), tw_str_of(rows[i].b)), rows[i].overlap);
        assert_int_equal(
            tw_topic_overlaps(tw_str_of(rows[i].b), tw_str_of(rows[i].a)), rows[i].overlap);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_match_topics),
        cmocka_unit_test(validity),
        cmocka_unit_test(shared_filters_lose_their_group),
        cmocka_unit_test(filters_overlap),
    };
    return cmocka_run_group_tests_name("base/topic", tests, NULL, NULL);
}
