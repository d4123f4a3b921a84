#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect_scene.h"

/* What is no mistake and rather not meant; rules in the shadow; exceptions that have expired. */

static bool tested(void *user, const char *rule)
{
    (void)user;
    return strcmp(rule, "A-2") == 0;
}

static char *said_of(const char *rules, char out[1024])
{
    struct tw_diags diags = {0};
    const struct tw_rules_lint lint = {.now_ns = 1772352000 * SECOND, .has_test = tested};
    char *path = scene_file(rules, ".yaml");
    const char *paths[] = {path};
    struct tw_rules *r = tw_rules_check(paths, 1, &lint, &diags);
    assert_non_null(r);
    assert_int_equal(0, diags.errors);
    out[0] = '\0';
    for (size_t i = 0; i < diags.n; i++) {
        const struct tw_diag *d = &diags.list[i];
        const size_t n = strlen(out);
        assert_int_equal(TW_DIAG_WARNING, d->severity);
        snprintf(out + n, 1024 - n, "%u:%u %s %s\n", d->line, d->column, d->code, d->message);
    }
    tw_rules_free(r);
    tw_diags_fini(&diags);
    unlink(path);
    free(path);
    return out;
}

#define RULE(id, more)                                                                             \
    "  - {id: " id ", name: n, rev: 1, evidence: D, severity: 50, output: o, " more "}\n"

static void names_that_nothing_uses(void **state)
{
    char said[1024];
    (void)state;
    assert_string_equal("1:9 W001 nothing uses the list \"b\"\n"
                        "2:10 W002 nothing uses the macro \"n\"\n",
        said_of("lists: {b: [x], a: [y], c: [z]}\n"
                "macros: {n: action = read, m: 'action in (read, write)', o: object in @c}\n"
                "rules:\n" RULE("A-1", "when: m and o and object in @a"),
            said));
}

static void rules_that_are_asked_of_everything(void **state)
{
    static const struct {
        const char *when;
        bool warned;
    } rows[] = {
        {"object glob \"*x\"", true},
        {"value > 5", true},
        {"status exists or object exists", true},
        {"not status.bad", true},
        {"value > 5 and action = write", false},
        {"protocol = mqtt and object glob \"*x\"", false},
        {"mqtt.retain", false},
        {"opcua.user = x", false},
        {"variable.role = command", false},
        {"actor.is_ai and value > 5", false},
        {"report.confidence < 0.5", false},
        {"changed(value by object)", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char rules[512], said[1024];
        snprintf(rules, sizeof(rules), "rules:\n" RULE("A-1", "when: '%s'"), rows[i].when);
        said_of(rules, said);
        if (strcmp(said, rows[i].warned ? "2:10 W003 A-1 is asked of every event\n" : "") != 0)
            fail_msg("%s: %s", rows[i].when, said);
    }
}

static void exceptions_that_have_expired(void **state)
{
    char said[1024];
    (void)state;
    assert_string_equal("4:72 W004 the exception \"old\" of A-1 has expired\n",
        said_of(
            "rules:\n"
            "  - {id: A-1, name: n, rev: 1, evidence: D, severity: 50, output: o, when: action "
            "= read,\n"
            "     exceptions: [\n"
            "       {name: old, when: status.bad, reason: r, owner: o, expires:     "
            "2026-02-27},\n"
            "       {name: new, when: status.bad, reason: r, owner: o, expires: 2026-03-01}]}\n",
            said));
}

static void stable_rules_without_a_test(void **state)
{
    char said[1024];
    (void)state;
    assert_string_equal("3:10 W005 A-1 is stable, and no test expects it\n",
        said_of("rules:\n" RULE("A-0", "when: action = read, status: test")
                    RULE("A-1", "when: action = read, status: stable")
                        RULE("A-2", "when: action = read, status: stable")
                            RULE("A-3", "when: action = read, status: stable, enabled: false"),
            said));
}

static const char inventory[] =
    "inventory: 1\n"
    "assets: [{id: plc, kind: opcua-server, ip: [10.7.0.10], ports: [4840]}]\n";

static void see(struct scene *s, double after_s, double value)
{
    scene_opcua(
        s, after_s, "10.7.0.5", "10.7.0.10", TW_ACTION_WRITE, "s=a", num(value), "Double", "Good");
}

static void shadows_are_counted(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, inventory,
        "rules:\n" RULE("A-1", "when: action = write, mode: shadow")
            RULE("A-2", "when: action = write, mode: active")
                RULE("A-3", "when: action = write, mode: shadow, absence: {of: action = read, by: "
                            "[actor], within: 2s}"));
    see(&s, 1, 1);
    see(&s, 1, 2);
    s.now_ns += 10 * SECOND;
    tw_detect_tick(s.detect, s.now_ns);
    assert_int_equal(2, s.n);
    assert_string_equal("A-2", s.found[0].rule);
    const struct tw_detect_stats stats = tw_detect_stats(s.detect);
    assert_int_equal(2, stats.matched);
    assert_int_equal(3, stats.shadowed);
    assert_int_equal(2, stats.n_shadow);
    assert_string_equal("A-1", stats.shadow[0].rule);
    assert_int_equal(2, stats.shadow[0].n);
    assert_string_equal("A-3", stats.shadow[1].rule);
    assert_int_equal(1, stats.shadow[1].n);
    scene_close(&s);
}

/* In event time, whenever it is looked at. */
static void exceptions_expire(void **state)
{
    struct scene s;
    (void)state;
    scene_open(&s, inventory,
        "rules:\n" RULE("A-1", "when: action = write, exceptions: [{name: n, when: value = 1, "
                               "reason: r, owner: o, expires: 2026-03-01}]"));
    see(&s, 0, 1); /* 2026-03-01T08:00:00Z: that day is part of it */
    assert_int_equal(0, s.n);
    see(&s, 0, 2);
    assert_int_equal(1, s.n);
    see(&s, 16 * 3600, 1);
    assert_int_equal(2, s.n);
    see(&s, 1, 2);
    assert_int_equal(3, s.n);
    assert_int_equal(1, tw_detect_stats(s.detect).expired);
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_nothing_uses),
        cmocka_unit_test(rules_that_are_asked_of_everything),
        cmocka_unit_test(exceptions_that_have_expired),
        cmocka_unit_test(stable_rules_without_a_test),
        cmocka_unit_test(shadows_are_counted),
        cmocka_unit_test(exceptions_expire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
