#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect_scene.h"
#include "detect/pattern.h"
#include "guard.h"

/* Regular expressions: what they match, what is wrong with them, and that no text holds them up. */

static struct tw_blocks blocks;

static struct tw_pattern *compile(const char *pattern)
{
    char why[128];
    size_t at;
    struct tw_pattern *p = tw_pattern_new(&blocks, tw_str_of(pattern), why, sizeof(why), &at);
    if (p == NULL)
        fail_msg("%s: %s", pattern, why);
    return p;
}

static int forget(void **state)
{
    (void)state;
    tw_blocks_fini(&blocks);
    return 0;
}

static void texts(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"^ai-[a-z]+$", "ai-quality", true},
        {"^ai-[a-z]+$", "ai-quality\n", false},
        {"^ai-[a-z]+$", "AI-quality", false},
        {"(?i)^ai-[a-z]+$", "AI-quality", true},
        {"\\bdrop\\s+table\\b", "x; drop \t table y", true},
        {"\\d{4}-\\d{2}", "batch 2026-03", true},
        {"^.{2}$", "温度", true}, /* characters, not bytes */
        {"度", "温度", true},
        {"", "", true},
        {"a\\x00b", "ab", false},
        {"(?<=set )\\w+", "set valve", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_pattern *p = compile(rows[i].pattern);
        assert_non_null(p);
        if (tw_pattern_match(p, tw_str_of(rows[i].text)) != rows[i].matches)
            fail_msg("%s on %s", rows[i].pattern, rows[i].text);
        assert_int_equal(0, tw_patterns_limits(p));
    }
    assert_false(tw_pattern_match(compile("x"), TW_STR_NONE));
    assert_true(tw_pattern_match(compile("a\\x00b"), (struct tw_str){"a\0b", 3}));
    /* Not UTF-8 as a whole, but where it matches. */
    assert_true(tw_pattern_match(compile("valve"), TW_STR("\xff\xfe valve")));
    assert_false(tw_pattern_match(compile("\\xff"), TW_STR("\xff\xfe")));
}

static void no_text_holds_them_up(void **state)
{
    char long_text[TW_PATTERN_MAX_BYTES];
    (void)state;
    memset(long_text, 'a', sizeof(long_text));
    long_text[sizeof(long_text) - 1] = 'b';
    struct tw_pattern *p = compile("^(a+)+$");
    assert_false(tw_pattern_match(p, (struct tw_str){long_text, sizeof(long_text)}));
    assert_int_equal(1, tw_patterns_limits(p));
    struct tw_pattern *deep = compile("^(?:(a(?1)?b))$");
    memset(long_text, 'a', sizeof(long_text));
    assert_false(tw_pattern_match(deep, (struct tw_str){long_text, sizeof(long_text)}));
    assert_true(tw_patterns_limits(tw_pattern_chain(p, deep)) >= 1);
}

/* Machine code gave up here, on a stack of its own. */
static void long_texts_are_matched(void **state)
{
    char long_text[TW_PATTERN_MAX_BYTES];
    (void)state;
    memset(long_text, 'a', sizeof(long_text));
    long_text[sizeof(long_text) - 1] = 'c';
    struct tw_pattern *p = compile("^(?:a|b)*c$");
    assert_true(tw_pattern_match(p, (struct tw_str){long_text, sizeof(long_text)}));
    assert_int_equal(0, tw_patterns_limits(p));
}

static void they_stay_within_the_text(void **state)
{
    static const char text[] = "plant/ai/optimizer/decision/温度";
    struct tw_pattern *p = compile("(?i)^(?:[^/]+/)*deci.*?度$");
    const size_t whole = strlen(text);
    struct guard g = guard_new();
    (void)state;
    for (size_t n = 0; n <= whole; n++) {
        const uint8_t *at = guard_put(&g, text, n);
        assert_int_equal(n == whole, tw_pattern_match(p, tw_str_bytes(at, n)));
    }
    guard_free(&g);
}

static void mistakes(void **state)
{
    static const struct {
        const char *pattern;
        size_t at;
    } rows[] = {{"(a", 2}, {"a)", 1}, {"[a", 2}, {"*", 0}, {"a{2,1}", 5}, {"\\C", 2}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char why[128] = "";
        size_t at;
        assert_null(tw_pattern_new(&blocks, tw_str_of(rows[i].pattern), why, sizeof(why), &at));
        assert_int_equal(rows[i].at, at);
        assert_true(strlen(why) > 5);
    }
    assert_false(blocks.failed);
}

static const char inventory[] =
    "inventory: 1\n"
    "assets: [{id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}]\n";

static bool rule_matches(const char *when, const char *value)
{
    struct scene s;
    char rules[1024];
    snprintf(rules, sizeof(rules),
        "rules:\n  - id: A-1\n    name: n\n    rev: 1\n    evidence: D\n    severity: 50\n"
        "    output: o\n    when: >\n      %s\n",
        when);
    scene_open(&s, inventory, rules);
    scene_opcua(&s, 1, "10.7.0.5", "10.7.0.10", TW_ACTION_WRITE, "ns=2;s=A7", text(value), "String",
        "Good");
    const bool found = s.n > 0;
    scene_close(&s);
    return found;
}

static void in_conditions(void **state)
{
    (void)state;
    assert_true(rule_matches("value matches '^\\d+ bar$'", "12 bar"));
    assert_true(rule_matches("value matches \"^\\d+ bar$\"", "12 bar"));
    assert_false(rule_matches("value matches \"^\\d+ bar$\"", "12 baz"));
    assert_true(rule_matches("value matches \"say \\\"\\w+\\\"\"", "say \"yes\""));
    assert_true(rule_matches("object matches ';s=[A-Z]\\d$' and not value matches 'x'", "12"));
    assert_false(rule_matches("variable.id matches '.*'", "12")); /* absent */
}

static void what_is_wrong_has_a_place(void **state)
{
    struct tw_diags diags = {0};
    (void)state;
    char *path = scene_file("rules:\n"
                            "  - {id: A-1, name: n, rev: 1, evidence: D, severity: 50, output: o,\n"
                            "     when: value matches '^(a|b$'}\n",
        ".yaml");
    const char *paths[] = {path};
    assert_null(tw_rules_load(paths, 1, &diags));
    assert_int_equal(1, diags.errors);
    assert_string_equal(
        "in the regular expression: missing closing parenthesis", diags.list[0].message);
    assert_int_equal(3, diags.list[0].line);
    assert_int_equal(33, diags.list[0].column);
    tw_diags_fini(&diags);
    unlink(path);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(texts, forget),
        cmocka_unit_test_teardown(no_text_holds_them_up, forget),
        cmocka_unit_test_teardown(long_texts_are_matched, forget),
        cmocka_unit_test_teardown(they_stay_within_the_text, forget),
        cmocka_unit_test_teardown(mistakes, forget),
        cmocka_unit_test(in_conditions),
        cmocka_unit_test(what_is_wrong_has_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
