#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "trial/suite.h"

/* Test files of rules: what passes, what does not and what is said then. */

static const char rules[] =
    "rules:\n"
    "  - {id: ONE-01, name: write, rev: 1, when: action = write and value > 10, evidence: S,\n"
    "     severity: 60, output: '%actor wrote %value to %object'}\n"
    "  - {id: ONE-02, name: two writes, rev: 1, when: action = write, evidence: M, severity: 40,\n"
    "     window: {over: 10s, at_least: 3, by: [actor]}, output: '%actor wrote %count times'}\n"
    "  - {id: ONE-03, name: silent, rev: 1, when: action = silence, evidence: D, severity: 60,\n"
    "     output: 'nothing on %heartbeat.object'}\n";

static const char head[] =
    "inventory:\n"
    "  inventory: 1\n"
    "  assets: [{id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}]\n"
    "  ai_systems:\n"
    "    - {id: bot, tier: T2, ip: [10.7.0.51], heartbeat: [{mqtt: beat, every: 5s, timeout: "
    "20s}]}\n"
    "defaults: {protocol: opcua, action: write, src.ip: 10.7.0.51, dst.ip: 10.7.0.10, object: a}\n"
    "tests:\n";

struct seen {
    unsigned passed, failed;
    size_t met[8], alerts;
    char got[512];
    int64_t at_ns;
    uint64_t count;
};

static void note(void *user, const struct tw_trial_result *r)
{
    struct seen *s = user;
    s->passed += r->passed;
    s->failed += !r->passed;
    s->alerts = r->n_alerts;
    s->got[0] = '\0';
    for (size_t i = 0; i < r->n_wishes && i < 8; i++)
        s->met[i] = r->met[i];
    for (size_t i = 0; i < r->n_alerts; i++) {
        const size_t n = strlen(s->got);
        snprintf(s->got + n, sizeof(s->got) - n, "%s%s:%s", n ? " " : "", r->alerts[i].rule,
            r->wanted[i] ? "wanted" : "unwanted");
        s->at_ns = r->alerts[i].ts_ns - r->start_ns;
        s->count = r->alerts[i].count;
    }
}

static char *file(const char *a, const char *b)
{
    char path[] = "/tmp/tierwatch-trial-XXXXXX.yaml";
    const int fd = mkstemps(path, 5);
    assert_true(fd >= 0);
    assert_int_equal((ssize_t)strlen(a), write(fd, a, strlen(a)));
    assert_int_equal((ssize_t)strlen(b), write(fd, b, strlen(b)));
    close(fd);
    return strdup(path);
}

/* Run tests written below `head`. */
static enum tw_status run(const char *tests, struct seen *s, char said[1024])
{
    struct tw_diags diags = {0};
    char *rules_path = file(rules, ""), *path = file(head, tests);
    const char *paths[] = {rules_path};
    const struct tw_trial_config config = {.rules = paths, .n_rules = 1, .fn = note, .user = s};
    *s = (struct seen){.got = ""};
    const enum tw_status st = tw_trial_run(path, &config, &diags);
    said[0] = '\0';
    for (size_t i = 0; i < diags.n; i++) {
        const size_t n = strlen(said);
        snprintf(said + n, 1024 - n, "%u:%s%s%s\n", diags.list[i].line, diags.list[i].message,
            diags.list[i].hint ? " | " : "", diags.list[i].hint ? diags.list[i].hint : "");
    }
    tw_diags_fini(&diags);
    unlink(rules_path);
    unlink(path);
    free(rules_path);
    free(path);
    return st;
}

static void what_comes_is_what_was_expected(void **state)
{
    char said[1024];
    struct seen s;
    (void)state;
    assert_int_equal(TW_OK,
        run("  - name: one\n"
            "    events: [{value: 11}, {value: 10}]\n"
            "    expect: [{rule: ONE-01, tier: T2, count: 1, at: 0s, output: bot wrote 11 to a}]\n"
            "  - name: nothing\n"
            "    events: [{value: 10, repeat: 2}]\n"
            "    expect: []\n",
            &s, said));
    assert_string_equal("", said);
    assert_int_equal(2, s.passed);
    assert_int_equal(0, s.failed);
}

static void what_differs_fails(void **state)
{
    static const char *const wishes[] = {"[]", "[{rule: ONE-02}]", "[{rule: ONE-01, tier: T3}]",
        "[{rule: ONE-01, count: 2}]", "[{rule: ONE-01, at: 1s}]", "[{rule: ONE-01, score: 1}]",
        "[{rule: ONE-01, severity: critical}]", "[{rule: ONE-01, alerts: 2}]",
        "[{rule: ONE-01, actor: plc}]", "[{rule: ONE-01, output: bot}]",
        "[{rule: ONE-01, output_contains: bto}]", "[{rule: ONE-01, target: plc}]",
        "[{rule: ONE-01}, {rule: ONE-01}]"};
    (void)state;
    for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
        char tests[512], said[1024];
        struct seen s;
        snprintf(tests, sizeof(tests), "  - {name: one, events: [{value: 11}], expect: %s}\n",
            wishes[i]);
        assert_int_equal(TW_OK, run(tests, &s, said));
        assert_string_equal("", said);
        if (s.failed != 1)
            fail_msg("%s passed", wishes[i]);
    }
}

/* The general wish must not take the alert that only the special one can not do without. */
static void wishes_share_alerts_well(void **state)
{
    char said[1024];
    struct seen s;
    (void)state;
    assert_int_equal(
        TW_OK, run("  - name: two\n"
                   "    events: [{value: 11}, {value: 12, object: b}]\n"
                   "    expect: [{rule: ONE-01}, {rule: ONE-01, output_contains: to a}]\n",
                   &s, said));
    assert_int_equal(1, s.passed);
    assert_string_equal("ONE-01:wanted ONE-01:wanted", s.got);
}

static void events_come_in_the_order_of_time(void **state)
{
    char said[1024];
    struct seen s;
    (void)state;
    run("  - name: between the repetitions of another\n"
        "    events: [{value: 1, repeat: 2, every: 30s}, {value: 1, at: 25s}, {value: 1, at: "
        "34s}]\n"
        "    expect: [{rule: ONE-02, at: 34s}]\n",
        &s, said);
    assert_int_equal(1, s.passed);
    run("  - name: after\n"
        "    events: [{value: 1, at: 5s}, {value: 1, after: 4s}, {value: 1}]\n"
        "    expect: [{rule: ONE-02, at: 10s}]\n",
        &s, said);
    assert_int_equal(1, s.passed);
}

static void time_goes_on_between_and_behind_events(void **state)
{
    static const char events[] = "  - name: heart\n"
                                 "    rules: [ONE-03]\n"
                                 "    events:\n"
                                 "      - {protocol: mqtt, action: publish, object: beat, payload: "
                                 "1, repeat: 3, every: 5s}\n"
                                 "      - {value: 1, repeat: 9, every: 2s, at: 11s}\n";
    char tests[1024], said[1024];
    struct seen s;
    (void)state;
    snprintf(tests, sizeof(tests), "%s    expect: []\n", events);
    run(tests, &s, said);
    assert_string_equal("", said);
    assert_int_equal(1, s.passed);
    snprintf(
        tests, sizeof(tests), "%s    until: 60s\n    expect: [{rule: ONE-03, at: 30s}]\n", events);
    run(tests, &s, said);
    assert_int_equal(1, s.passed);
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *tests, *said;
    } rows[] = {
        {"  - {name: x, events: [], expect: [{rule: ONE-1}]}\n",
            "8:there is no rule \"ONE-1\" | did you mean \"ONE-01\"?\n"},
        {"  - {name: x, events: [], rules: [TWO], expect: []}\n", "8:there is no rule \"TWO\"\n"},
        {"  - {name: x, expect: []}\n", "8:a test has either \"events\" or \"input\"\n"},
        {"  - {name: x, events: []}\n", "8:\"expect\" is missing in tests\n"},
        {"  - {name: x, events: [{action: wirte, repeat: 3}], expect: []}\n",
            "8:\"wirte\" is no value of action | did you mean \"write\"?\n"},
        {"  - {name: x, events: [{repeat: 0}], expect: []}\n",
            "8:0 is out of range; it must be 1 to 100000\n"},
        {"  - {name: x, input: {pcap: none.pcap}, expect: []}\n", NULL},
        {"  - {name: x, inventory: {inventory: 1, asets: []}, events: [], expect: []}\n",
            "8:unknown key \"asets\" in the inventory | did you mean \"assets\"?\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char said[1024];
        struct seen s;
        assert_int_not_equal(TW_OK, run(rows[i].tests, &s, said));
        if (rows[i].said != NULL)
            assert_string_equal(rows[i].said, said);
        else
            assert_true(strlen(said) > 0);
        assert_int_equal(0, s.passed + s.failed);
    }
}

static void too_many_alerts_are_no_result(void **state)
{
    char said[1024];
    struct seen s;
    (void)state;
    assert_int_equal(
        TW_INVALID, run("  - name: flood\n"
                        "    rules: [ONE-01]\n"
                        "    events: [{value: 11, object: \"o{n}\", repeat: 1025, every: 1ms}]\n"
                        "    expect: []\n",
                        &s, said));
    assert_string_equal("8:more than 1024 alerts | narrow it with rules:\n", said);
}

static void captures_are_played(void **state)
{
    char tests[1024], said[1024], cwd[256];
    struct seen s;
    (void)state;
    assert_non_null(getcwd(cwd, sizeof(cwd)));
    snprintf(tests, sizeof(tests),
        "  - name: plant\n"
        "    input: {pcap: %s/tests/golden/range-alert/in.pcap}\n"
        "    inventory: %s/tests/golden/range-alert/inventory.yaml\n"
        "    rules: [ONE-01]\n"
        "    expect: []\n",
        cwd, cwd);
    run(tests, &s, said);
    assert_string_equal("", said);
    assert_int_equal(1, s.failed);
    assert_true(s.alerts > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_is_what_was_expected),
        cmocka_unit_test(what_differs_fails),
        cmocka_unit_test(wishes_share_alerts_well),
        cmocka_unit_test(events_come_in_the_order_of_time),
        cmocka_unit_test(time_goes_on_between_and_behind_events),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(too_many_alerts_are_no_result),
        cmocka_unit_test(captures_are_played),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
