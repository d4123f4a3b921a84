#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect_scene.h"

/* Windows over sums, rates and many different values; steps in order; what does not follow. */

static const char inventory[] =
    "inventory: 1\n"
    "assets: [{id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}]\n"
    "ai_systems: [{id: bot, tier: T2, ip: [10.7.0.51]}, {id: bat, tier: T2, ip: [10.7.0.52]}]\n";

#define BOT "10.7.0.51"
#define BAT "10.7.0.52"
#define PLC "10.7.0.10"

static void open_with(struct scene *s, const char *more)
{
    char rules[2048];
    snprintf(rules, sizeof(rules),
        "rules:\n  - {id: A-1, name: n, rev: 1, evidence: D, severity: 50,\n"
        "     output: '%%actor %%object %%count %%over', %s}\n",
        more);
    scene_open(s, inventory, rules);
}

static bool see(struct scene *s, double after_s, const char *ip, enum tw_action action,
    const char *object, struct tw_value value)
{
    const size_t before = s->n;
    scene_opcua(s, after_s, ip, PLC, action, object, value, "Double", "Good");
    return s->n > before;
}

static bool wrote(struct scene *s, double after_s, const char *ip, double value)
{
    return see(s, after_s, ip, TW_ACTION_WRITE, "s=a", num(value));
}

static void sums(void **state)
{
    struct scene s;
    (void)state;
    open_with(&s, "when: action = write, window: {over: 32s, at_least: 100, sum: value}");
    assert_false(wrote(&s, 0, BOT, 60));
    assert_false(wrote(&s, 10, BOT, 39));
    assert_false(wrote(&s, 10, BAT, 99));
    assert_false(see(&s, 0, BOT, TW_ACTION_WRITE, "s=a", text("x"))); /* adds nothing */
    assert_true(wrote(&s, 0, BOT, 1));
    assert_true(s.found[0].count == 100);
    assert_string_equal("bot s=a 100 32 s", s.found[0].summary);
    assert_int_equal(3, s.found[0].n_packets);
    assert_false(wrote(&s, 13, BOT, 10)); /* the 60 is gone */
    assert_true(wrote(&s, 0, BOT, 50));
    assert_true(s.found[1].count == 100);
    assert_false(wrote(&s, 1000, BOT, 99.5));
    scene_close(&s);
}

static void rates(void **state)
{
    struct scene s;
    (void)state;
    open_with(&s, "when: action = write, window: {over: 10s, at_least: 30/min, rate: events}");
    for (int i = 0; i < 4; i++)
        assert_false(wrote(&s, 1, BOT, 1));
    assert_true(wrote(&s, 1, BOT, 1)); /* 5 in 10 s */
    assert_true(s.found[0].count == 0.5);
    assert_false(wrote(&s, 100, BOT, 1));
    scene_close(&s);
    open_with(&s, "when: action = write, window: {over: 10s, at_least: 2.5, rate: value}");
    assert_false(wrote(&s, 1, BOT, 24));
    assert_true(wrote(&s, 1, BOT, 1));
    scene_close(&s);
}

/* More events than are kept one by one. */
static void many_events(void **state)
{
    struct scene s;
    (void)state;
    open_with(&s, "when: action = write, window: {over: 100s, at_least: 5000}");
    for (int i = 1; i < 5000; i++)
        assert_false(wrote(&s, 0.01, BOT, 1));
    assert_true(wrote(&s, 0.01, BOT, 1));
    assert_true(s.found[0].count == 5000);
    scene_close(&s);
}

static void many_different_values(void **state)
{
    struct scene s;
    (void)state;
    open_with(&s, "when: action = write, window: {over: 80s, at_least: 3000, distinct: value}");
    for (int i = 0; i < 20000; i++)
        assert_false(wrote(&s, 0.001, BOT, i % 2500));
    int at = 0;
    while (at < 4000 && !wrote(&s, 0.001, BOT, 10000 + at))
        at++;
    /* 2500 and then 500: four standard errors, of about 3 %, either way. */
    assert_in_range(at, 150, 900);
    const size_t found = s.n;
    for (int i = 0; i < 1000; i++)
        (void)wrote(&s, 100, BOT, i); /* never more than a few in the window */
    assert_int_equal(found, s.n);
    scene_close(&s);
}

static const char login_then_write[] =
    "sequence: {by: [actor], within: 60s, steps: [{when: action = authenticate and status.bad}, "
    "{when: action = authenticate and not status.bad}, {when: action = write}]}";

static bool login(struct scene *s, double after_s, const char *ip, const char *status)
{
    const size_t before = s->n;
    scene_opcua(s, after_s, ip, PLC, TW_ACTION_AUTHENTICATE, "s=x", num(0), "Double", status);
    return s->n > before;
}

static void steps_in_order(void **state)
{
    struct scene s;
    (void)state;
    open_with(&s, login_then_write);
    assert_false(login(&s, 1, BOT, "BadUserAccessDenied"));
    assert_false(login(&s, 10, BOT, "Good"));
    assert_false(wrote(&s, 1, BAT, 1)); /* somebody else */
    assert_true(wrote(&s, 10, BOT, 1));
    assert_string_equal("bot s=a 1 60 s", s.found[0].summary);
    assert_int_equal(3, s.found[0].n_packets);
    assert_int_equal(1, s.found[0].packets[0]);
    assert_int_equal(2, s.found[0].packets[1]);
    assert_int_equal(4, s.found[0].packets[2]);
    assert_false(wrote(&s, 1, BOT, 1)); /* the way begins anew */
    scene_close(&s);
}

static void other_orders_and_longer_ways(void **state)
{
    struct scene s;
    (void)state;
    open_with(&s, login_then_write);
    assert_false(login(&s, 1, BOT, "Good"));
    assert_false(login(&s, 1, BOT, "BadUserAccessDenied"));
    assert_false(wrote(&s, 1, BOT, 1));
    assert_false(login(&s, 1, BOT, "Good"));
    assert_false(wrote(&s, 60, BOT, 1)); /* too late: 61 s after the first step */
    assert_false(login(&s, 1, BOT, "BadUserAccessDenied"));
    assert_false(login(&s, 50, BOT, "BadUserAccessDenied")); /* the later beginning counts */
    assert_false(login(&s, 1, BOT, "Good"));
    assert_true(wrote(&s, 58, BOT, 1));
    scene_close(&s);
}

/* An event that is two steps takes one of them. */
static void the_same_step_twice(void **state)
{
    struct scene s;
    (void)state;
    open_with(&s, "when: action = write, sequence: {by: [actor], within: 60s, steps: "
                  "[{when: value > 1}, {when: value > 1}, {when: value > 1}]}");
    assert_false(wrote(&s, 1, BOT, 2));
    assert_false(wrote(&s, 1, BOT, 2));
    assert_false(wrote(&s, 1, BOT, 1));
    assert_true(wrote(&s, 1, BOT, 2));
    assert_false(see(&s, 1, BOT, TW_ACTION_READ, "s=a", num(2))); /* `when` goes for all steps */
    assert_false(wrote(&s, 1, BOT, 2)); /* the last one was the first of the next way */
    assert_true(wrote(&s, 1, BOT, 2));
    scene_close(&s);
}

static const char write_then_read[] =
    "when: action = write, absence: {of: 'action = read and actor.id = bat', by: [target, object], "
    "within: 10s}";

/* Ticks at full seconds, up to so many after the last event. */
static bool wait(struct scene *s, unsigned seconds)
{
    const size_t before = s->n;
    for (unsigned i = 0; i < seconds; i++) {
        s->now_ns += SECOND;
        tw_detect_tick(s->detect, s->now_ns);
    }
    return s->n > before;
}

static void what_does_not_follow(void **state)
{
    struct scene s;
    (void)state;
    open_with(&s, write_then_read);
    assert_false(wrote(&s, 1, BOT, 93.5));
    assert_false(see(&s, 1, BOT, TW_ACTION_READ, "s=a", num(1))); /* not who has to */
    assert_false(see(&s, 1, BAT, TW_ACTION_READ, "s=b", num(1))); /* not what */
    assert_false(wrote(&s, 3, BOT, 94.5));                        /* the first deadline counts */
    assert_false(wait(&s, 5));
    assert_true(wait(&s, 1));
    assert_int_equal(1, s.n);
    assert_string_equal("bot s=a 1 10 s", s.found[0].summary);
    assert_int_equal(1, s.found[0].packets[0]);
    assert_false(wait(&s, 20)); /* told once */
    assert_false(wrote(&s, 1, BOT, 1));
    assert_true(wait(&s, 11));
    scene_close(&s);
}

static void what_follows(void **state)
{
    struct scene s;
    (void)state;
    open_with(&s, write_then_read);
    assert_false(wrote(&s, 1, BOT, 93.5));
    assert_false(see(&s, 9, BAT, TW_ACTION_READ, "s=a", num(1)));
    assert_false(wait(&s, 30));
    scene_close(&s);
}

/* Views of the event are gone when its deadline passes; long ones are cut. */
static void it_is_told_with_what_was_known(void **state)
{
    char object[1200] = "s=";
    struct scene s;
    (void)state;
    open_with(&s, "when: action = write, observed: value, expected: {what: object}, "
                  "absence: {of: action = read, by: [actor], within: 10s}");
    memset(object + 2, 'x', sizeof(object) - 3);
    object[sizeof(object) - 1] = '\0';
    char value[] = "on";
    assert_false(see(&s, 1, BOT, TW_ACTION_WRITE, object, text(value)));
    memset(object, 'y', sizeof(object) - 1);
    value[0] = '?';
    assert_true(wait(&s, 12));
    assert_string_equal("on", s.found[0].observed);
    assert_int_equal(0, strncmp("bot s=xxx", s.found[0].summary, 9));
    scene_close(&s);
}

static void nobody_looked(void **state)
{
    struct scene s;
    (void)state;
    open_with(&s, write_then_read);
    /* A plant that talks all the time … */
    for (int i = 0; i < 3000; i++)
        (void)see(&s, 0.1, BOT, TW_ACTION_BROWSE, "s=c", num(1));
    assert_false(wrote(&s, 0.1, BOT, 1));
    /* … and then not at all. */
    assert_false(wait(&s, 100));
    (void)see(&s, 0.1, BOT, TW_ACTION_BROWSE, "s=c", num(1));
    assert_false(wait(&s, 2));
    scene_close(&s);
}

static void mistakes(void **state)
{
    static const struct {
        const char *more, *message;
    } rows[] = {
        {"tags: [a]", "\"when\" is missing in the rule"},
        {"when: value > 1, window: {over: 1s, at_least: 0}", "\"at_least\" is 1 to 1000000"},
        {"when: value > 1, window: {over: 1s, at_least: 1.5}", "\"at_least\" is 1 to 1000000"},
        {"when: value > 1, window: {over: 1s, at_least: 0, sum: value}",
            "\"at_least\" is more than 0"},
        {"when: value > 1, window: {over: 1s, at_least: 6/min}", "\"at_least\" is a number"},
        {"when: value > 1, window: {over: 1s, at_least: 6/fortnight, rate: events}",
            "\"at_least\" is a number per second, or such as 6/min"},
        {"when: value > 1, window: {over: 1s, at_least: 6, rate: value, sum: value}",
            "a window has one of distinct, sum and rate"},
        {"when: value > 1, window: {over: 1s, at_least: 6, sum: object}",
            "object holds no numbers"},
        {"sequence: {within: 1s, steps: [{when: value > 1}]}", "a sequence has 2 to 8 steps"},
        {"sequence: {within: 1s, steps: [{when: value > 1}, {when: changed(value by actor)}]}",
            "what remembers may stand in \"when\" of the rule only"},
        {"when: value > 1, absence: {of: value > 2, within: 1s}", "\"by\" is missing in absence"},
        {"when: value > 1, absence: {of: value > 2, within: 1s, by: [actor]}, window: {over: 1s, "
         "at_least: 2}",
            "a rule has one of window, sprt, sequence and absence"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char rules[1024];
        struct tw_diags diags = {0};
        snprintf(rules, sizeof(rules),
            "rules:\n  - {id: A-1, name: n, rev: 1, evidence: D, severity: 50, output: o, %s}\n",
            rows[i].more);
        char *path = scene_file(rules, ".yaml");
        const char *paths[] = {path};
        assert_null(tw_rules_load(paths, 1, &diags));
        bool found = false;
        for (size_t k = 0; k < diags.n; k++)
            found = found || strcmp(diags.list[k].message, rows[i].message) == 0;
        if (!found)
            fail_msg("%s: %s", rows[i].more, diags.n ? diags.list[0].message : "nothing");
        tw_diags_fini(&diags);
        unlink(path);
        free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums),
        cmocka_unit_test(rates),
        cmocka_unit_test(many_events),
        cmocka_unit_test(many_different_values),
        cmocka_unit_test(steps_in_order),
        cmocka_unit_test(other_orders_and_longer_ways),
        cmocka_unit_test(the_same_step_twice),
        cmocka_unit_test(what_does_not_follow),
        cmocka_unit_test(what_follows),
        cmocka_unit_test(it_is_told_with_what_was_known),
        cmocka_unit_test(nobody_looked),
        cmocka_unit_test(mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
