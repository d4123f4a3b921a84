#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "detect_scene.h"

/* Arithmetic in conditions, and what conditions remember. */

static const char inventory[] =
    "inventory: 1\n"
    "assets: [{id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}]\n"
    "ai_systems: [{id: bot, tier: T2, ip: [10.7.0.51]}, {id: bat, tier: T2, ip: [10.7.0.52]}]\n"
    "variables:\n"
    "  - {id: v, opcua: {server: plc, node: s=a}, range: [20, 90], max_step: 5, role: command}\n";

#define BOT "10.7.0.51"
#define BAT "10.7.0.52"
#define PLC "10.7.0.10"

static void open_with(struct scene *s, const char *when)
{
    char rules[2048];
    snprintf(rules, sizeof(rules),
        "rules:\n  - {id: A-1, name: n, rev: 1, evidence: D, severity: 50, output: o,\n"
        "     when: '%s'}\n",
        when);
    scene_open(s, inventory, rules);
}

static void see(struct scene *s, double after_s, const char *ip, enum tw_action action,
    const char *object, struct tw_value value)
{
    scene_opcua(s, after_s, ip, PLC, action, object, value, "Double", "Good");
}

static bool holds(const char *when, struct tw_value value)
{
    struct scene s;
    open_with(&s, when);
    see(&s, 1, BOT, TW_ACTION_WRITE, "s=a", num(50));
    scene_clear(&s);
    see(&s, 1, BOT, TW_ACTION_WRITE, "s=a", value);
    const bool found = s.n > 0;
    scene_close(&s);
    return found;
}

static void sums_and_products(void **state)
{
    static const struct {
        const char *when;
        double value;
        bool holds;
    } rows[] = {
        {"value > 2 * 30 + 1", 61.5, true},
        {"value > 2 * 30 + 1", 61, false},
        {"value > 2 * (30 + 1)", 61.5, false},
        {"2 * value - 10 = 100", 55, true},
        {"(value - 10) * 2 = 90", 55, true},
        {"(value - 10) * 2 = 90 and (value = 55 or value = 56)", 55, true},
        {"((value - 10) * 2) / 3 = 30", 55, true},
        {"- value < -54", 55, true},
        {"- (value + 1) = -56", 55, true},
        {"100 - value - 20 = 25", 55, true},
        {"100 / value / 2 = 1", 50, true},
        {"value - value.last > variable.max_step", 55.5, true},
        {"value - value.last > variable.max_step", 54.5, false},
        {"value > value.last * 1.1", 55.5, true},
        {"value > value.last * 1.1", 54.5, false},
        {"value / 0 > 1", 55, false},
        {"not value / 0 > 1", 55, true},
        {"value / (value - 55) > 0 or value = 55", 55, true},
        {"value + 5 inside variable.range", 85, true},
        {"value + 5 inside variable.range", 85.5, false},
        {"value + 5 outside [20, 90]", 85.5, true},
        {"5 < value", 6, true},
        {"5 < value", 5, false},
        {"value + approval.age > 0", 55, false}, /* absent */
        {"value * 1min >= 1h", 60, true},
        {"value != 54 + 1", 55, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (holds(rows[i].when, num(rows[i].value)) != rows[i].holds)
            fail_msg("%s with %g", rows[i].when, rows[i].value);
    }
    assert_false(holds("value * 2 > 0", text("x")));
    assert_false(holds("value * 2 > 0", num(NAN)));
    assert_false(holds("value * 0 != 0", num(NAN)));
}

static void what_is_wrong_is_said(void **state)
{
    static const struct {
        const char *when, *message;
    } rows[] = {
        {"value + object > 1", "object is no number: nothing can be reckoned with it"},
        {"value + 1", "the expression ends where a comparison must come"},
        {"value > 1 +", "the expression ends where a number or a field must come"},
        {"value > (1 + 2", "the expression ends where a closing parenthesis must come"},
        {"(value + 1) glob x", "a comparison must come here, not \")\""},
        {"value + valeu > 1", "there is no field \"valeu\""},
        {"value * > 1", "a number or a field must come here, not \">\""},
        {"delta(value) > 1", "say what it is remembered by"},
        {"delta(object by actor) > 1", "object holds no numbers"},
        {"changed(value by actor) > 1", "and, or, or the end must come here, not \">\""},
        {"1 + changed(value by actor) > 1", "changed is true or false, and no number"},
        {"delta(value by actor after 3s) > 1", "\"after\" goes with first_seen only"},
        {"delta(value by actor)", "the expression ends where a comparison must come"},
        {"first_seen(value by)", "a field must come here, not \")\""},
        {"first_seen(value by variable.range)",
            "variable.range is a range and can not tell alerts apart"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char rules[1024];
        struct tw_diags diags = {0};
        snprintf(rules, sizeof(rules),
            "rules:\n  - {id: A-1, name: n, rev: 1, evidence: D, severity: 50, output: o,\n"
            "     when: '%s'}\n",
            rows[i].when);
        char *path = scene_file(rules, ".yaml");
        const char *paths[] = {path};
        assert_null(tw_rules_load(paths, 1, &diags));
        bool found = false;
        for (size_t k = 0; k < diags.n; k++)
            found = found || strcmp(diags.list[k].message, rows[i].message) == 0;
        if (!found)
            fail_msg("%s: %s", rows[i].when, diags.n ? diags.list[0].message : "nothing");
        tw_diags_fini(&diags);
        unlink(path);
        free(path);
    }
}

static void nothing_remembers_outside_of_when(void **state)
{
    struct tw_diags diags = {0};
    (void)state;
    char *path = scene_file(
        "macros: {m: changed(value by actor)}\n"
        "rules:\n  - {id: A-1, name: n, rev: 1, evidence: D, severity: 50, output: o, when: m,\n"
        "     upgrade: [{when: m, evidence: D}]}\n",
        ".yaml");
    const char *paths[] = {path};
    assert_null(tw_rules_load(paths, 1, &diags));
    assert_int_equal(1, diags.errors);
    assert_string_equal(
        "what remembers may stand in \"when\" of the rule only", diags.list[0].message);
    tw_diags_fini(&diags);
    unlink(path);
    free(path);
}

static size_t found_after(struct scene *s, double after_s, const char *ip, double value)
{
    const size_t before = s->n;
    see(s, after_s, ip, TW_ACTION_WRITE, "s=a", num(value));
    return s->n - before;
}

static void a_value_changes_by_key(void **state)
{
    struct scene s;
    (void)state;
    open_with(&s, "action = write and changed(value by actor)");
    assert_int_equal(0, found_after(&s, 1, BOT, 1)); /* nothing was known */
    assert_int_equal(0, found_after(&s, 1, BOT, 1));
    assert_int_equal(0, found_after(&s, 1, BAT, 2));
    assert_int_equal(1, found_after(&s, 1, BOT, 2));
    assert_int_equal(0, found_after(&s, 1, BOT, 2));
    assert_int_equal(0, found_after(&s, 1, BAT, 2));
    /* What is read is not asked about, and teaches nothing. */
    see(&s, 1, BOT, TW_ACTION_READ, "s=a", num(9));
    assert_int_equal(0, found_after(&s, 1, BOT, 2));
    scene_close(&s);
}

static void deltas_and_rates(void **state)
{
    struct scene s;
    (void)state;
    open_with(&s, "delta(value by actor, object) > 5");
    assert_int_equal(0, found_after(&s, 1, BOT, 100));
    assert_int_equal(0, found_after(&s, 1, BOT, 105));
    assert_int_equal(1, found_after(&s, 1, BOT, 110.5));
    assert_int_equal(0, found_after(&s, 1, BOT, 100));
    assert_int_equal(0, found_after(&s, 1, BAT, 200));
    scene_close(&s);
    open_with(&s, "rate_of_change(value by actor) < -2");
    assert_int_equal(0, found_after(&s, 1, BOT, 100));
    assert_int_equal(0, found_after(&s, 10, BOT, 80));
    assert_int_equal(1, found_after(&s, 10, BOT, 59));
    assert_int_equal(1, found_after(&s, 0.1, BOT, 56)); /* less than a second counts as one */
    scene_close(&s);
    open_with(&s, "delta(value by actor) * 2 + 1 inside [5, 7]");
    assert_int_equal(0, found_after(&s, 1, BOT, 100));
    assert_int_equal(1, found_after(&s, 1, BOT, 103));
    assert_int_equal(0, found_after(&s, 1, BOT, 107));
    scene_close(&s);
}

static void ages(void **state)
{
    struct scene s;
    (void)state;
    open_with(&s, "age(object by actor) > 1min");
    assert_int_equal(0, found_after(&s, 100, BOT, 1));
    assert_int_equal(0, found_after(&s, 60, BOT, 1));
    assert_int_equal(1, found_after(&s, 60.5, BOT, 1));
    assert_int_equal(0, found_after(&s, 1, BOT, 1));
    scene_close(&s);
}

static void what_was_never_seen(void **state)
{
    struct scene s;
    (void)state;
    open_with(&s, "first_seen(value by actor after 1min)");
    assert_int_equal(0, found_after(&s, 1, BOT, 1));
    assert_int_equal(0, found_after(&s, 30, BOT, 2)); /* still learning */
    assert_int_equal(1, found_after(&s, 31, BOT, 3));
    assert_int_equal(0, found_after(&s, 1, BOT, 1));
    assert_int_equal(0, found_after(&s, 1, BOT, 2));
    assert_int_equal(0, found_after(&s, 1, BOT, 3));
    assert_int_equal(0, found_after(&s, 1, BAT, 3)); /* its own minute begins */
    assert_int_equal(1, found_after(&s, 61, BAT, 4));
    scene_close(&s);
    open_with(&s, "first_seen(value by actor)");
    assert_int_equal(1, found_after(&s, 1, BOT, 1));
    assert_int_equal(0, found_after(&s, 1, BOT, 1));
    scene_close(&s);
}

/* A macro that two rules use remembers for each of them. */
static void rules_remember_for_themselves(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, inventory,
        "macros: {m: changed(value by actor)}\n"
        "rules:\n"
        "  - {id: A-1, name: n, rev: 1, evidence: D, severity: 50, output: o, when: m}\n"
        "  - {id: A-2, name: n, rev: 1, evidence: D, severity: 50, output: o, when: m and value > "
        "1}\n"
        "  - {id: A-3, name: n, rev: 1, evidence: D, severity: 50, output: o, when: 'm or m'}\n");
    assert_int_equal(0, found_after(&s, 1, BOT, 1));
    assert_int_equal(2, found_after(&s, 1, BOT, 2)); /* A-2 has not seen the 1 */
    assert_int_equal(3, found_after(&s, 1, BOT, 3));
    scene_close(&s);
}

/* What is forgotten when so many objects are written. */
static uint64_t forgotten(struct scene *s, const char *when, unsigned n)
{
    open_with(s, when);
    for (unsigned i = 0; i < n; i++) {
        char object[16];
        snprintf(object, sizeof(object), "o%u", i);
        see(s, 0.001, BOT, TW_ACTION_WRITE, object, num(1));
    }
    return tw_detect_stats(s->detect).state_evictions;
}

/* More keys than there is room for: the oldest is forgotten, and counted beside what the engine
 * forgets of such commands anyway. */
static void memory_is_bounded(void **state)
{
    enum { WRITES = 65536 + 10 };
    struct scene s;
    (void)state;
    const uint64_t anyway = forgotten(&s, "action = write and value > 1", WRITES);
    scene_close(&s);
    const uint64_t all = forgotten(&s, "action = write and changed(value by object)", WRITES);
    assert_int_equal(10, all - anyway);
    see(&s, 1, BOT, TW_ACTION_WRITE, "o0", num(2));
    assert_int_equal(0, s.n);
    see(&s, 1, BOT, TW_ACTION_WRITE, "o20", num(2));
    assert_int_equal(1, s.n);
    scene_close(&s);
}

/* Other rules are loaded: what has the same id and revision goes on where it stood. */
static void what_was_remembered_stays(void **state)
{
    static const char rules[] =
        "rules:\n"
        "  - {id: A-0, name: n, rev: %u, evidence: D, severity: 50, output: o, when: "
        "'changed(value by actor)'}\n"
        "  - {id: A-1, name: n, rev: 1, evidence: D, severity: 50, output: o, when: 'changed(value "
        "by actor)'}\n";
    struct scene s, t;
    char text[512];
    (void)state;
    snprintf(text, sizeof(text), rules, 1);
    scene_open(&s, inventory, text);
    assert_int_equal(0, found_after(&s, 1, BOT, 1));
    snprintf(text, sizeof(text), rules, 2);
    scene_open(&t, inventory, text);
    tw_detect_adopt(t.detect, s.detect);
    t.now_ns = s.now_ns;
    assert_int_equal(1, found_after(&t, 1, BOT, 2)); /* A-0 is another one now */
    assert_string_equal("A-1", t.found[0].rule);
    assert_int_equal(2, found_after(&t, 1, BOT, 3));
    scene_close(&s);
    scene_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_and_products),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(nothing_remembers_outside_of_when),
        cmocka_unit_test(a_value_changes_by_key),
        cmocka_unit_test(deltas_and_rates),
        cmocka_unit_test(ages),
        cmocka_unit_test(what_was_never_seen),
        cmocka_unit_test(rules_remember_for_themselves),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(what_was_remembered_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
