#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/topic.h"
#include "guard.h"

static const struct {
    const char *filter, *topic;
    bool matches;
} rows[] = {
    {"a/b", "a/b", true},
    {"a/b", "a/c", false},
    {"a/b", "a", false},
    {"a", "a/b", false},
    {"a/b", "A/b", false},
    {"+", "a", true},
    {"+", "a/b", false},
    {"+/+", "/a", true},
    {"/+", "/a", true},
    {"+", "/a", false},
    {"a/+", "a", false},
    {"a/+", "a/", true},
    {"a/+/c", "a/b/c", true},
    {"a/+/c", "a//c", true},
    {"a/+/c", "a/b/d", false},
    {"a/+/+", "a/b", false},
    {"#", "a/b/c", true},
    {"#", "/", true},
    {"a/#", "a", true},
    {"a/#", "a/b/c", true},
    {"a/#", "ab", false},
    {"+/#", "a", true},
    {"a/+/#", "a/b", true},
    {"a/+/#", "a", false},
    {"#", "$SYS/x", false},
    {"+/x", "$SYS/x", false},
    {"$SYS/#", "$SYS/x", true},
    {"$SYS/+", "$SYS/x", true},
    {"$share/g/a/+", "a/b", true},
    {"$share/g/a/+", "$share/g/a/b", false},
    {"$share/g/#", "$SYS/x", false},
    {"$share/g", "$share/g", false},
    {"$share/g/", "a", false},
    {"$share/+/a", "a", false},
    {"$shared/x", "$shared/x", true},
    {"a/#/b", "a/x/b", false},
    {"a#", "a#", false},
    {"a+/b", "a+/b", false},
    {"", "a", false},
    {"a", "", false},
    {"a/b/", "a/b", false},
    {"a/b/", "a/b/", true},
};

static void matches_by_the_standard(void **state)
{
    struct guard f = guard_new(), t = guard_new();
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t nf = strlen(rows[i].filter), nt = strlen(rows[i].topic);
        struct tw_str filter = tw_str_bytes(guard_put(&f, rows[i].filter, nf), nf);
        struct tw_str topic = tw_str_bytes(guard_put(&t, rows[i].topic, nt), nt);
        if (tw_topic_matches(filter, topic) != rows[i].matches)
            fail_msg("%s against %s", rows[i].filter, rows[i].topic);
    }
    guard_free(&f);
    guard_free(&t);
}

static const struct {
    const char *s;
    bool filter, name;
} valid[] = {
    {"a", true, true},
    {"/", true, true},
    {"", false, false},
    {"#", true, false},
    {"+", true, false},
    {"a/#", true, false},
    {"a/#/", false, false},
    {"#/a", false, false},
    {"a#", false, false},
    {"a/+b", false, false},
    {"+/+/#", true, false},
    {"a//b", true, true},
    {"##", false, false},
};

static void knows_valid_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
        if (tw_topic_filter_valid(tw_str_of(valid[i].s)) != valid[i].filter ||
            tw_topic_name_valid(tw_str_of(valid[i].s)) != valid[i].name)
            fail_msg("%s", valid[i].s);
    }
    assert_false(tw_topic_filter_valid(TW_STR_NONE));
}

static void takes_shared_filters_apart(void **state)
{
    bool shared;
    (void)state;
    assert_true(tw_str_is(tw_topic_unshared(TW_STR("$share/g/a/b"), &shared), "a/b") && shared);
    assert_true(tw_str_is(tw_topic_unshared(TW_STR("a/b"), &shared), "a/b") && !shared);
    assert_true(tw_topic_unshared(TW_STR("$share/g"), &shared).p == NULL && shared);
    assert_true(tw_topic_unshared(TW_STR("$share//a"), NULL).p == NULL);
    assert_true(tw_topic_unshared(TW_STR("$share/#/a"), NULL).p == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_by_the_standard),
        cmocka_unit_test(knows_valid_ones),
        cmocka_unit_test(takes_shared_filters_apart),
    };
    return cmocka_run_group_tests_name("base/topic", tests, NULL, NULL);
}
