#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect/explain.h"
#include "detect_scene.h"

/* What is said of a rule is what it does: a condition that is printed means the same when it is
 * read again. */

static struct tw_rules *load(const char *text)
{
    struct tw_diags diags = {0};
    char *path = scene_file(text, ".yaml");
    const char *paths[] = {path};
    struct tw_rules *r = tw_rules_load(paths, 1, &diags);
    tw_diags_print(&diags, stderr);
    assert_non_null(r);
    tw_diags_fini(&diags);
    unlink(path);
    free(path);
    return r;
}

/* The condition as it is printed. */
static void printed(const char *when, char out[4096])
{
    char rules[8192];
    struct tw_text t = {0};
    snprintf(rules, sizeof(rules),
        "lists: {w: [alpha, beta]}\n"
        "macros:\n  m: action = write and value > 5\n"
        "rules:\n  - id: A-1\n    name: n\n    rev: 1\n    evidence: D\n    severity: 50\n"
        "    output: o\n    when: >\n      %s\n",
        when);
    struct tw_rules *r = load(rules);
    tw_rule_explain_when(r, 0, &t);
    tw_str_copy(out, 4096, tw_text_str(&t));
    tw_text_free(&t);
    tw_rules_free(r);
}

static void conditions(void **state)
{
    static const struct {
        const char *when, *printed;
    } rows[] = {
        {"action = write", "action in (write)"},
        {"m and status.bad", "status.bad and (action in (write) and value > 5)"},
        {"not m", "not (action in (write) and value > 5)"},
        {"not (status.bad or encrypted)", "not (status.bad or encrypted)"},
        {"object = \"a b\" or object = c", "object = \"a b\" or object = c"},
        {"object = 'say \"x\"'", "object = 'say \"x\"'"},
        {"value in (1, x, true)", "value in (1, x, true)"},
        {"src.ip in (10.0.0.0/8, fd00::1)", "src.ip in (10.0.0.0/8, fd00::1)"},
        {"value outside variable.range", "value outside variable.range"},
        {"value inside [-5, 9.5]", "value inside [-5, 9.5]"},
        {"object matches @w", "object matches @w"},
        {"object matches '^a\\d+$'", "object matches \"^a\\d+$\""},
        {"flow.host under (a.example, b.example)", "flow.host under (a.example, b.example)"},
        {"value is nan and object exists", "object exists and value is nan"},
        {"actor.tier >= T2", "actor.tier >= T2"},
        {"value - 2 * (value.last + 1) > - value.step",
            "value - (2 * (value.last + 1)) > - value.step"},
        {"value - value.last - 1 = 0", "(value - value.last) - 1 = 0"},
        {"value / 60s inside variable.range", "value / 60 inside variable.range"},
        {"changed(value by actor, object)", "changed(value by actor, object)"},
        {"first_seen(object by actor.id after 10m)", "first_seen(object by actor after 600s)"},
        {"delta(value by object) + 1 < 2 * age(value by object)",
            "delta(value by object) + 1 < 2 * age(value by object)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char once[4096], twice[4096];
        printed(rows[i].when, once);
        assert_string_equal(rows[i].printed, once);
        printed(once, twice);
        assert_string_equal(once, twice);
    }
}

static void add(void *user, const char *name)
{
    struct tw_text *t = user;
    tw_text_addf(t, "%s ", name);
}

static const char *said(struct tw_text *t,
    void (*fn)(const struct tw_rules *r, size_t i, struct tw_text *out), const struct tw_rules *r,
    size_t i)
{
    tw_text_clear(t);
    fn(r, i, t);
    tw_text_add(t, "", 1);
    return t->p;
}

static void everything_else(void **state)
{
    struct tw_text t = {0};
    const char *class;
    (void)state;
    struct tw_rules *r = load(
        "rules:\n"
        "  - {id: A-1, name: n, rev: 1, evidence: D, severity: 50, output: o, tiers: [T1, T3],\n"
        "     when: action = write and value > value.last, suppress: {by: [actor], for: 2m},\n"
        "     window: {over: 60s, at_least: 5, distinct: object, by: [actor]},\n"
        "     upgrade: [{when: status.bad, evidence: D}],\n"
        "     exceptions: [{name: x, when: encrypted, reason: why, owner: me, expires: "
        "2026-03-01}]}\n"
        "  - {id: A-2, name: n, rev: 1, evidence: D, severity: 50, output: o,\n"
        "     sequence: {within: 30s, by: [object], steps: [{when: action = read}, {when: action = "
        "write}]}}\n"
        "  - {id: A-3, name: n, rev: 1, evidence: D, severity: 50, output: o, assets: false,\n"
        "     when: changed(value by actor), absence: {of: action = read, by: [target], within: "
        "5s}}\n");
    assert_string_equal("write", said(&t, tw_rule_explain_actions, r, 0));
    assert_string_equal(
        "AI systems of T1, T3, unregistered ones", said(&t, tw_rule_explain_tiers, r, 0));
    assert_string_equal("at least 5 different values of object within 60 s, by actor\n",
        said(&t, tw_rule_explain_memory, r, 0));
    assert_string_equal("actor, 120 s", said(&t, tw_rule_explain_suppress, r, 0));
    tw_text_clear(&t);
    tw_rule_reads(r, 0, add, &t);
    tw_text_add(&t, "", 1);
    assert_string_equal("action value value.last status.bad encrypted object actor ", t.p);
    assert_int_equal(2, tw_rule_cost(r, 0, &class));
    assert_string_equal("cheap", class);
    assert_int_equal(1, tw_rule_exceptions(r, 0));
    tw_text_clear(&t);
    const struct tw_exception_info e = tw_rule_exception(r, 0, 0, &t);
    assert_true(tw_str_is(tw_text_str(&t), "encrypted"));
    assert_true(tw_str_is(e.reason, "why") && tw_str_is(e.owner, "me"));
    assert_string_equal("", said(&t, tw_rule_explain_when, r, 1));
    assert_string_equal("read, write", said(&t, tw_rule_explain_actions, r, 1));
    assert_string_equal("steps within 30 s, by object\n  1. action in (read)\n  2. action in "
                        "(write)\n",
        said(&t, tw_rule_explain_memory, r, 1));
    assert_string_equal("everybody", said(&t, tw_rule_explain_tiers, r, 1));
    assert_string_equal("all", said(&t, tw_rule_explain_actions, r, 2));
    assert_string_equal("AI systems and unregistered ones", said(&t, tw_rule_explain_tiers, r, 2));
    assert_string_equal("what does not follow: action in (read), 5 s, by target\n"
                        "1 places in its condition remember\n",
        said(&t, tw_rule_explain_memory, r, 2));
    assert_int_equal(60, tw_rule_cost(r, 2, &class));
    assert_string_equal("moderate", class);
    tw_text_free(&t);
    tw_rules_free(r);
}

/* The shipped ones can all be said. */
static void shipped_rules(void **state)
{
    struct tw_diags diags = {0};
    const char *paths[] = {"rules"};
    struct tw_rules *r = tw_rules_load(paths, 1, &diags);
    struct tw_text t = {0};
    (void)state;
    assert_non_null(r);
    for (size_t i = 0; i < tw_rules_count(r); i++) {
        /* A rule of steps may have no condition beside those of the steps. */
        const size_t n = strlen(said(&t, tw_rule_explain_when, r, i));
        assert_null(strstr(tw_text_str(&t).p, "(null)"));
        assert_true(n > 5 || strlen(said(&t, tw_rule_explain_memory, r, i)) > 5);
    }
    tw_text_free(&t);
    tw_rules_free(r);
    tw_diags_fini(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions),
        cmocka_unit_test(everything_else),
        cmocka_unit_test(shipped_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
