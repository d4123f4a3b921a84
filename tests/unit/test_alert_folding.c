#include "alert/alert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert/due.h"
#include "alert_scene.h"

/* Lines as "rule:count@last score packets", with u for an update; times in tenths of a second. */
struct seen {
    char text[65536], ids[64][37];
    size_t len, n;
};

static void note(void *user, const struct tw_alert_record *r)
{
    struct seen *s = user;
    char packets[128] = "";
    size_t len = 0;
    for (size_t i = 0; i < r->n_packets; i++)
        len += (size_t)snprintf(packets + len, sizeof(packets) - len, i ? ",%llu" : "%llu",
            (unsigned long long)r->packets[i]);
    s->len += (size_t)snprintf(s->text + s->len, sizeof(s->text) - s->len, "%s%s:%llu@%lld/%d[%s]",
        s->len ? " " : "", r->update ? "u" : "n", (unsigned long long)r->count,
        (long long)((r->last_ts_ns - T0) / 100000000), r->score, packets);
    if (s->n < 64)
        memcpy(s->ids[s->n], r->id, 37);
    s->n++;
}

/* One step of a timeline: at `ds` (tenths of a second) a finding of `severity`, or a tick (0). */
struct step {
    int ds, severity;
    uint64_t packet;
};

static void play(struct tw_alerts *a, const struct step *steps, size_t n, int64_t window_s)
{
    struct alert_scene s;
    for (size_t i = 0; i < n && (steps[i].ds || steps[i].packet); i++) {
        int64_t at = T0 + (int64_t)steps[i].ds * 100000000;
        if (steps[i].severity == 0) {
            tw_alerts_tick(a, at);
            continue;
        }
        scene_init(&s);
        s.facts.target.importance = TW_IMPORTANCE_NORMAL;
        s.finding.floor = 0;
        s.finding.window_ns = SECONDS(window_s);
        s.rule.severity = steps[i].severity;
        s.event.ts_ns = s.finding.ts_ns = at;
        s.event.packet = s.finding.packets[0] = steps[i].packet;
        s.finding.n_packets = 1;
        tw_alerts_finding(a, &s.finding);
    }
}

enum { STEPS = 16 };
static const struct {
    const char *what;
    int64_t window_s;
    struct step steps[STEPS];
    const char *lines;
} timelines[] = {
    {"alone", 60, {{0, 60, 1}}, "n:1@0/57[1]"},
    {"told at the end", 60, {{0, 60, 1}, {10, 60, 2}, {20, 60, 3}}, "n:1@0/57[1] u:3@20/57[1,2,3]"},
    {"every ten seconds", 60,
        {{0, 60, 1}, {10, 60, 2}, {99, 60, 3}, {100, 60, 4}, {101, 60, 5}, {199, 60, 6},
            {201, 60, 7}},
        "n:1@0/57[1] u:3@99/57[1,2,3] u:6@199/57[1,2,3,4,5,6] u:7@201/57[1,2,3,4,5,6,7]"},
    {"a tick tells what is due", 60,
        {{0, 60, 1}, {10, 60, 2}, {99, 0, 0}, {100, 0, 0}, {150, 0, 0}},
        "n:1@0/57[1] u:2@10/57[1,2]"},
    {"late repeat goes out at once", 600, {{0, 60, 1}, {300, 60, 2}, {301, 60, 3}},
        "n:1@0/57[1] u:2@300/57[1,2] u:3@301/57[1,2,3]"},
    {"the window closes after quiet", 60, {{0, 60, 1}, {599, 60, 2}, {1198, 60, 3}, {1798, 60, 4}},
        "n:1@0/57[1] u:2@599/57[1,2] u:3@1198/57[1,2,3] n:1@1798/57[4]"},
    {"closing tells the rest", 5, {{0, 60, 1}, {10, 60, 2}, {59, 0, 0}, {60, 0, 0}, {61, 60, 3}},
        "n:1@0/57[1] u:2@10/57[1,2] n:1@61/57[3]"},
    {"no window, no folding", 0, {{0, 60, 1}, {0, 60, 2}, {1, 60, 3}},
        "n:1@0/57[1] n:1@0/57[2] n:1@1/57[3]"},
    {"higher goes out at once", 60, {{0, 40, 1}, {10, 60, 2}, {11, 50, 3}, {12, 90, 4}},
        "n:1@0/38[1] u:2@10/57[1,2] u:4@12/86[1,2,3,4]"},
    {"lower does not soften", 60, {{0, 90, 1}, {10, 20, 2}}, "n:1@0/86[1] u:2@10/86[1,2]"},
    {"first, latest and proving packets stay", 600,
        {{0, 40, 1}, {1, 40, 2}, {2, 40, 3}, {3, 40, 4}, {4, 60, 5}, {5, 40, 6}, {6, 40, 7},
            {7, 40, 8}, {8, 40, 9}, {9, 40, 10}, {10, 40, 11}, {11, 40, 12}},
        "n:1@0/38[1] u:5@4/57[1,2,3,4,5] u:12@11/57[1,2,3,4,5,10,11,12]"},
    {"a deadline noted late", 60, {{50, 60, 2}, {20, 60, 1}}, "n:1@50/57[2] u:2@50/57[1,2]"},
};

static void timelines_give_these_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(timelines) / sizeof(timelines[0]); i++) {
        struct seen seen = {.n = 0};
        struct tw_alerts_config config = scene_config();
        struct tw_alerts *a = tw_alerts_new(&config, note, &seen);
        play(a, timelines[i].steps, STEPS, timelines[i].window_s);
        tw_alerts_finish(a);
        if (strcmp(seen.text, timelines[i].lines) != 0)
            print_error("%s\n", timelines[i].what);
        assert_string_equal(seen.text, timelines[i].lines);
        tw_alerts_free(a);
    }
}

/* What is said does not depend on how often the clock is ticked. */
static void ticks_change_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(timelines) / sizeof(timelines[0]); i++) {
        struct seen seen = {.n = 0};
        struct tw_alerts_config config = scene_config();
        struct tw_alerts *a = tw_alerts_new(&config, note, &seen);
        int last = 0;
        for (size_t k = 0; k < STEPS; k++) {
            const struct step *step = &timelines[i].steps[k];
            for (int ds = last; ds < step->ds; ds++)
                tw_alerts_tick(a, T0 + (int64_t)ds * 100000000);
            last = step->ds > last ? step->ds : last;
            play(a, step, 1, timelines[i].window_s);
        }
        tw_alerts_finish(a);
        assert_string_equal(seen.text, timelines[i].lines);
        tw_alerts_free(a);
    }
}

static void updates_keep_the_id_and_a_new_window_gets_a_new_one(void **state)
{
    (void)state;
    struct seen seen = {.n = 0};
    struct tw_alerts_config config = scene_config();
    struct tw_alerts *a = tw_alerts_new(&config, note, &seen);
    const struct step steps[] = {{0, 40, 1}, {10, 60, 2}, {1000, 60, 3}, {1001, 60, 4}};
    play(a, steps, 4, 60);
    tw_alerts_finish(a);
    assert_int_equal(seen.n, 4);
    assert_string_equal(seen.ids[0], seen.ids[1]);
    assert_string_not_equal(seen.ids[1], seen.ids[2]);
    assert_string_equal(seen.ids[2], seen.ids[3]);
    struct tw_alerts_stats stats = tw_alerts_stats(a);
    assert_int_equal(stats.alerts, 2);
    assert_int_equal(stats.updates, 2);
    assert_int_equal(stats.folded, 2);
    assert_int_equal(stats.by_severity[TW_SEV_MEDIUM], 2);
    assert_int_equal(stats.by_severity[TW_SEV_LOW], 0);
    tw_alerts_free(a);
}

static void finding_of(struct alert_scene *s, char key[32], int n, int64_t ts)
{
    scene_init(s);
    snprintf(key, 32, "key-%d", n);
    s->finding.key = tw_str_of(key);
    s->finding.ts_ns = s->event.ts_ns = ts;
    s->event.src.port = (uint16_t)n;
}

struct sum {
    uint64_t lines, fresh, occurrences;
    uint64_t counted[4096];
};

static void add_up(void *user, const struct tw_alert_record *r)
{
    struct sum *s = user;
    s->lines++;
    if (!r->update) {
        s->fresh++;
        s->occurrences += r->count;
    }
}

/* More keys than are kept: the longest quiet one is finished first, and nothing is lost from sight.
 */
static void full_table_finishes_the_oldest(void **state)
{
    (void)state;
    struct sum sum = {.lines = 0};
    struct tw_alerts_config config = scene_config();
    config.capacity = 4;
    struct tw_alerts *a = tw_alerts_new(&config, add_up, &sum);
    struct alert_scene s;
    char key[32];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 6; i++) {
            finding_of(&s, key, i, T0 + round * 100 + i);
            tw_alerts_finding(a, &s.finding);
        }
    }
    tw_alerts_finish(a);
    assert_int_equal(sum.fresh, 12);
    assert_int_equal(sum.lines, 12);
    tw_alerts_free(a);
}

/* A storm: 200,000 repeats of 50 rules over 20 s are 50 alerts and few updates, and the counts are
 * exact. */
static void storm_is_counted_exactly(void **state)
{
    (void)state;
    struct seen seen = {.n = 0};
    struct tw_alerts_config config = scene_config();
    struct tw_alerts *a = tw_alerts_new(&config, note, &seen);
    struct alert_scene s;
    char key[32];
    for (int i = 0; i < 200000; i++) {
        finding_of(&s, key, i % 50, T0 + (int64_t)i * 100000);
        tw_alerts_finding(a, &s.finding);
    }
    tw_alerts_finish(a);
    struct tw_alerts_stats stats = tw_alerts_stats(a);
    assert_int_equal(stats.alerts, 50);
    assert_int_equal(stats.folded, 200000 - 50);
    assert_in_range(stats.updates, 50, 150);
    char *last = strrchr(seen.text, ' ');
    assert_non_null(last);
    assert_memory_equal(last, " u:4000@", 8);
    tw_alerts_free(a);
}

/* Every deadline in order, whatever order they were set, moved or removed in. */
static void queue_is_sorted(void **state)
{
    (void)state;
    enum { N = 300 };
    static struct tw_due_node nodes[N];
    struct tw_due d;
    uint32_t dice = 12345;
    assert_true(tw_due_init(&d, N));
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < N; i++) {
            dice = dice * 1664525 + 1013904223;
            nodes[i].serial = (uint64_t)i;
            if ((dice >> 28) == 0)
                tw_due_remove(&d, &nodes[i]);
            else
                tw_due_set(&d, &nodes[i], (int64_t)(dice >> 20));
        }
        if (round % 5 != 4)
            continue;
        const struct tw_due_node *before = NULL;
        struct tw_due_node *node;
        while ((node = tw_due_first(&d)) != NULL) {
            assert_true(before == NULL || before->at_ns < node->at_ns ||
                        (before->at_ns == node->at_ns && before->serial < node->serial));
            before = node;
            tw_due_remove(&d, node);
        }
    }
    tw_due_fini(&d);
}

struct lines {
    size_t n;
    char text[8][4096];
};

static void keep_line(void *user, const struct tw_alert_record *r)
{
    struct lines *l = user;
    assert_true(l->n < 8);
    tw_str_copy(l->text[l->n++], sizeof(l->text[0]), r->json);
}

static struct tw_rules *rules_of(const char *text)
{
    struct tw_diags diags = {0};
    char path[] = "/tmp/tierwatch-alert-XXXXXX.yaml";
    const char *paths[] = {path};
    int fd = mkstemps(path, 5);
    assert_int_equal((ssize_t)strlen(text), write(fd, text, strlen(text)));
    close(fd);
    struct tw_rules *r = tw_rules_load(paths, 1, &diags);
    unlink(path);
    assert_non_null(r);
    return r;
}

static bool says(const char *line, const char *what)
{
    return strstr(line, what) != NULL;
}

/* Of two alerts that are open, one is of a rule that gets another revision. */
static void a_reload_closes_what_changed(void **state)
{
    static const char text[] =
        "rules:\n"
        "  - {id: CMD-01, name: n, rev: 1, evidence: D, severity: 60, when: value > 1, output: o}\n"
        "  - {id: CMD-02, name: n, rev: 2, evidence: D, severity: 60, when: value > 1, output: "
        "o}\n";
    struct lines *l = calloc(1, sizeof(*l));
    struct alert_scene s;
    const struct tw_alerts_config config = scene_config();
    struct tw_alerts *a = tw_alerts_new(&config, keep_line, l);
    struct tw_rules *rules = rules_of(text);
    (void)state;
    scene_init(&s);
    for (int i = 0; i < 4; i++) {
        s.rule.id = i % 2 == 0 ? "CMD-01" : "CMD-02";
        s.finding.key = tw_str_of(s.rule.id);
        tw_alerts_finding(a, &s.finding);
    }
    assert_int_equal(2, l->n);
    tw_alerts_reload(a, rules, "sha256:cc", "sha256:dd");
    assert_int_equal(3, l->n);
    assert_true(says(l->text[2], "\"id\":\"CMD-02\"") && says(l->text[2], "\"count\":2"));
    assert_true(says(l->text[2], "\"ruleset\":\"sha256:aa\",\"inventory\":\"sha256:bb\""));
    /* The one goes on under its id, with the rule set that this was made of; the other begins anew.
     */
    for (int i = 0; i < 2; i++) {
        s.rule.id = i % 2 == 0 ? "CMD-01" : "CMD-02";
        s.rule.rev = i % 2 == 0 ? 1 : 2;
        s.finding.key = tw_str_of(s.rule.id);
        s.finding.ts_ns = s.event.ts_ns = T0 + SECONDS(20);
        tw_alerts_finding(a, &s.finding);
    }
    assert_int_equal(6, l->n);
    assert_true(says(l->text[3], "CMD-01") && says(l->text[3], "\"count\":2"));
    assert_true(says(l->text[4], "CMD-01") && says(l->text[4], "\"count\":3"));
    assert_true(says(l->text[4], "\"ruleset\":\"sha256:aa\",\"inventory\":\"sha256:bb\""));
    assert_memory_equal(strstr(l->text[0], "\"id\":"), strstr(l->text[4], "\"id\":"), 43);
    assert_true(says(l->text[5], "CMD-02") && says(l->text[5], "\"count\":1"));
    assert_true(says(l->text[5], "\"ruleset\":\"sha256:cc\",\"inventory\":\"sha256:dd\""));
    tw_alerts_free(a);
    tw_rules_free(rules);
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timelines_give_these_lines),
        cmocka_unit_test(ticks_change_nothing),
        cmocka_unit_test(updates_keep_the_id_and_a_new_window_gets_a_new_one),
        cmocka_unit_test(full_table_finishes_the_oldest),
        cmocka_unit_test(storm_is_counted_exactly),
        cmocka_unit_test(queue_is_sorted),
        cmocka_unit_test(a_reload_closes_what_changed),
    };
    return cmocka_run_group_tests_name("alert folding", tests, NULL, NULL);
}
