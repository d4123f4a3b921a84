#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "baseline/practice_judge.h"
#include "series_lab.h"

/* An AI system that gives commands to a few targets; what was learned of it, and what is said of
 * what it does then. */

enum { MAX_TOLD = 32 };

struct told {
    enum tw_departure_kind kind;
    double now, usual, samples;
    char before[TW_PRACTICE_NAME], after[TW_PRACTICE_NAME];
    int64_t ts_ns;
};

struct lab {
    struct tw_learner *learner;
    struct tw_baseline *baseline;
    struct tw_practices *practices;
    struct told told[MAX_TOLD];
    size_t n_told;
    uint64_t packet;
    int64_t now_ns;
};

static void copy(char *out, struct tw_str s)
{
    memcpy(out, s.p != NULL ? s.p : "", s.len);
    out[s.len] = '\0';
}

static void on_departure(void *user, const struct tw_event *e, const struct tw_facts *facts)
{
    struct lab *l = user;
    const struct tw_departure *d = e->departure;
    assert_int_equal(TW_ACTION_DEVIATION, e->action);
    assert_int_equal(1, facts->actor.ai);
    assert_true(l->n_told < MAX_TOLD);
    struct told *t = &l->told[l->n_told++];
    *t = (struct told){.kind = d->kind,
        .now = d->now,
        .usual = d->usual,
        .samples = d->samples,
        .ts_ns = e->ts_ns};
    copy(t->before, d->before);
    copy(t->after, d->after);
}

static struct tw_facts facts_of(const char *variable)
{
    struct tw_facts f = {.actor = {.kind = TW_ACTOR_AI_SYSTEM, .ai = 1, .id = TW_STR("pilot")}};
    if (variable != NULL)
        f.variable = (struct tw_variable_facts){.id = tw_str_of(variable),
            .role = TW_ROLE_COMMAND,
            .is_value = true,
            .range = {true, true, 0, 100}};
    return f;
}

static struct tw_event write_of(struct lab *l, double value)
{
    return (struct tw_event){.ts_ns = l->now_ns,
        .packet = ++l->packet,
        .flow = 1,
        .protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_WRITE,
        .src = lab_at("10.7.0.53", 50000),
        .dst = lab_at("10.7.0.10", 4840),
        .object = TW_STR("ns=2;s=X"),
        .value = {.kind = TW_VALUE_DOUBLE, .d = value}};
}

static void event(struct lab *l, const struct tw_event *e, const struct tw_facts *f)
{
    if (l->practices != NULL)
        tw_practices_event(l->practices, e, f);
    else
        tw_learner_event(l->learner, e, f);
}

static void act(struct lab *l, const char *variable, double value)
{
    const struct tw_event e = write_of(l, value);
    const struct tw_facts f = facts_of(variable);
    event(l, &e, &f);
}

static void history(struct lab *l, uint64_t bytes, unsigned items)
{
    struct tw_event e = write_of(l, 0);
    struct tw_opcua_info info = {.message_bytes = bytes};
    const struct tw_facts f = facts_of("v");
    e.action = TW_ACTION_HISTORY_READ;
    e.opcua = &info;
    for (unsigned i = 0; i < items; i++)
        event(l, &e, &f);
}

static void pass_s(struct lab *l, int64_t s)
{
    l->now_ns += s * TW_NS_PER_S;
}

/* Time passes while others are seen: the capture has no hole. */
static void idle_s(struct lab *l, int64_t s)
{
    for (; s > 0; s -= 50) {
        struct tw_event e = write_of(l, 0);
        const struct tw_facts nobody = {.watching_ns = 0};
        e.action = TW_ACTION_BROWSE;
        pass_s(l, s < 50 ? s : 50);
        e.ts_ns = l->now_ns;
        event(l, &e, &nobody);
    }
}

static void set_up(struct lab *l)
{
    *l = (struct lab){.learner = tw_learner_new(8), .now_ns = LAB_START};
    assert_non_null(l->learner);
}

static const struct tw_practice *learned(struct lab *l)
{
    size_t n;
    l->baseline = lab_baseline(l->learner);
    const struct tw_practice *p = tw_baseline_systems(l->baseline, &n);
    assert_int_equal(1, n);
    l->practices = tw_practices_new(l->baseline, on_departure, l);
    assert_non_null(l->practices);
    return p;
}

static void tear_down(struct lab *l)
{
    tw_practices_free(l->practices);
    tw_baseline_free(l->baseline);
    tw_learner_free(l->learner);
}

/* Up and down by turns, a valve with every tenth step. */
static void usual_steps(struct lab *l, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        act(l, "fan", i % 2 == 0 ? 20 : 10);
        pass_s(l, 10);
        if (i % 10 == 9) {
            act(l, "valve", i % 20 == 9 ? 1 : 0);
            pass_s(l, 10);
        }
    }
}

static void test_learns_what_follows_what(void **state)
{
    struct lab l;
    (void)state;
    set_up(&l);
    usual_steps(&l, 40);
    const struct tw_practice *p = learned(&l);
    assert_int_equal(44, p->acts);
    assert_int_equal(430, p->seconds); /* to the last act */
    assert_int_equal(6, p->n_classes);
    static const char *const names[] = {
        "fan set", "fan down", "fan up", "valve set", "valve down", "valve up"};
    for (unsigned i = 0; i < 6; i++)
        assert_true(tw_str_is(p->classes[i], names[i]));
    assert_int_equal(1, p->steps[0][1]);  /* set, down */
    assert_int_equal(16, p->steps[1][2]); /* down, up */
    assert_int_equal(19, p->steps[2][1]);
    assert_int_equal(1, p->steps[1][3]); /* down, the valve for the first time */
    assert_int_equal(2, p->steps[1][4]);
    assert_int_equal(1, p->steps[1][5]);
    assert_int_equal(0, p->steps[2][4]);
    assert_int_equal(1, p->n_targets == 2 && tw_str_is(p->targets[0].on, "fan"));
    assert_int_equal(40, p->targets[0].commands);
    assert_int_equal(0, p->targets[0].at_limit);
    assert_int_equal(4, p->targets[1].at_limit); /* 1 and 0 of 0 to 100 */
    assert_int_equal(44, p->hours[6 * 24 + 8]);  /* a Sunday, 8 h UTC */
    tear_down(&l);
}

static void test_a_refused_command_is_none(void **state)
{
    struct lab l;
    (void)state;
    set_up(&l);
    usual_steps(&l, 10);
    struct tw_event e = write_of(&l, 3);
    const struct tw_facts f = facts_of("other");
    e.status_bad = true;
    event(&l, &e, &f);
    assert_int_equal(11, learned(&l)->acts);
    tear_down(&l);
}

static void test_a_hole_joins_nothing(void **state)
{
    struct lab l;
    (void)state;
    set_up(&l);
    act(&l, "fan", 1);
    pass_s(&l, 61);
    act(&l, "valve", 1);
    pass_s(&l, 60);
    act(&l, "fan", 1);
    const struct tw_practice *p = learned(&l);
    assert_int_equal(0, p->steps[0][1]);
    assert_int_equal(1, p->steps[1][2]); /* "fan again" */
    assert_int_equal(60, p->seconds);
    tear_down(&l);
}

static void test_step_that_was_never_learned(void **state)
{
    struct lab l;
    (void)state;
    set_up(&l);
    usual_steps(&l, 2400);
    const struct tw_practice *p = learned(&l);
    assert_true(p->steps[2][1] > 1000);
    usual_steps(&l, 400);
    assert_int_equal(0, l.n_told);
    act(&l, "fan", 20); /* up */
    pass_s(&l, 10);
    act(&l, "valve", 1);
    assert_int_equal(1, l.n_told);
    assert_int_equal(TW_DEPARTURE_SEQUENCE, l.told[0].kind);
    assert_string_equal("fan up", l.told[0].before);
    assert_string_equal("valve up", l.told[0].after);
    assert_int_equal(0, l.told[0].now);
    assert_int_equal(1199, l.told[0].usual);
    tear_down(&l);
}

/* After a start it is not known which way the first command to a target goes: that is no other
 * sequence than the learned one, and what follows it is not judged either. */
static void test_first_command_to_a_target(void **state)
{
    struct lab l;
    (void)state;
    set_up(&l);
    usual_steps(&l, 2400);
    (void)learned(&l);
    act(&l, "fan", 10);
    pass_s(&l, 10);
    act(&l, "fan", 20);
    pass_s(&l, 10);
    act(&l, "valve", 1); /* it would be "valve set" behind "fan up" */
    pass_s(&l, 10);
    act(&l, "fan", 10);
    assert_int_equal(0, l.n_told);
    pass_s(&l, 10);
    act(&l, "fan", 20);
    pass_s(&l, 10);
    act(&l, "valve", 2);
    assert_int_equal(1, l.n_told);
    assert_string_equal("valve up", l.told[0].after);
    /* Where nothing was learned of a target, its first command is something new. */
    pass_s(&l, 10);
    act(&l, "fan", 10);
    pass_s(&l, 10);
    act(&l, "fan", 20);
    const size_t before = l.n_told;
    pass_s(&l, 10);
    act(&l, "pump", 1);
    assert_int_equal(before + 1, l.n_told);
    assert_string_equal("pump set", l.told[before].after);
    tear_down(&l);
}

static void test_few_steps_say_nothing(void **state)
{
    struct lab l;
    (void)state;
    set_up(&l);
    usual_steps(&l, 900);
    (void)learned(&l);
    act(&l, "fan", 20);
    act(&l, "fan", 30);
    act(&l, "valve", 1);
    assert_int_equal(0, l.n_told);
    tear_down(&l);
}

/* One act in five minutes, for a day and an hour. */
static void learn_pace(struct lab *l)
{
    set_up(l);
    for (unsigned i = 0; i < 300; i++) {
        act(l, "fan", 50);
        idle_s(l, 300);
    }
}

static void test_pace(void **state)
{
    struct lab l;
    (void)state;
    learn_pace(&l);
    const struct tw_practice *p = learned(&l);
    assert_true(p->excursion >= 1 && p->excursion < 3);
    for (unsigned i = 0; i < 300; i++) {
        act(&l, "fan", 50);
        pass_s(&l, 300);
    }
    assert_int_equal(0, l.n_told);
    for (unsigned i = 0; i < 13; i++) {
        act(&l, "fan", 50);
        pass_s(&l, 10);
    }
    assert_int_equal(0, l.n_told); /* log2 of the acts of a month is 13.1 */
    for (unsigned i = 0; i < 3; i++) {
        act(&l, "fan", 50);
        pass_s(&l, 10);
    }
    assert_int_equal(1, l.n_told);
    assert_int_equal(TW_DEPARTURE_PACE, l.told[0].kind);
    assert_true(l.told[0].now > 2 && l.told[0].now < 7);
    assert_true(fabs(l.told[0].usual - 0.2) < 0.001);
    tear_down(&l);
}

static void test_history(void **state)
{
    struct lab l;
    (void)state;
    set_up(&l);
    for (unsigned i = 0; i < 25; i++) {
        history(&l, 1000000, 3); /* three variables in one answer */
        idle_s(&l, 3600);
    }
    const struct tw_practice *p = learned(&l);
    assert_int_equal(25, p->history.hours);
    assert_true(p->history.q999 >= 1e6 && p->history.q999 < 1.05e6);
    for (unsigned i = 0; i < 3; i++) {
        history(&l, 1000000, 3);
        pass_s(&l, 600);
    }
    assert_int_equal(0, l.n_told);
    history(&l, 300000, 1);
    assert_int_equal(1, l.n_told);
    assert_int_equal(TW_DEPARTURE_HISTORY, l.told[0].kind);
    assert_int_equal(3300000, l.told[0].now);
    history(&l, 300000, 1);
    assert_int_equal(1, l.n_told); /* told again after half an hour */
    pass_s(&l, 1800);
    history(&l, 2000000, 1);
    assert_int_equal(2, l.n_told);
    tear_down(&l);
}

static void test_limit(void **state)
{
    struct lab l;
    (void)state;
    set_up(&l);
    for (unsigned i = 0; i < 400; i++) {
        act(&l, "fan", i % 10 == 0 ? 100 : 50);
        pass_s(&l, 10);
    }
    (void)learned(&l);
    for (unsigned i = 0; i < 100; i++)
        act(&l, "fan", i % 10 == 0 ? 100 : 50);
    assert_int_equal(0, l.n_told);
    for (unsigned i = 0; i < 30; i++)
        act(&l, "fan", 100);
    assert_true(l.n_told > 0);
    assert_int_equal(TW_DEPARTURE_LIMIT, l.told[0].kind);
    assert_int_equal(10, l.told[0].usual);
    assert_true(l.told[0].now > 25 && l.told[0].now < 35);
    tear_down(&l);
}

/* An agent at work: a batch of 40 min in three phases, each with its own mix of reading, commanding
 * and reporting, no two acts equally far from each other. `eager` makes it command where it read.
 */
static void work(struct lab *l, struct lab_noise *noise, unsigned hours, double eager)
{
    static const double phases[3][2] = {{0.05, 0.1}, {0.3, 0.1}, {0.15, 0.4}}; /* writes, reports */
    const int64_t end_ns = l->now_ns + (int64_t)hours * 3600 * TW_NS_PER_S;
    const int64_t begin_ns = l->now_ns;
    while (l->now_ns < end_ns) {
        const int64_t passed_s = (l->now_ns - begin_ns) / TW_NS_PER_S;
        const double *phase = phases[passed_s % 2400 / 800];
        const double x = (lab_noise(noise) + 6) / 12, even = x - floor(x * 1000) / 1000;
        const double share = even * 1000; /* 0 to 1, evenly */
        struct tw_event e = write_of(l, 10);
        const struct tw_facts f = facts_of("fan");
        const bool writes = share < phase[0] || (share > 1 - eager);
        if (!writes)
            e.action = share < phase[0] + phase[1] ? TW_ACTION_BROWSE : TW_ACTION_READ;
        event(l, &e, &f);
        l->now_ns += (int64_t)((2 + 4 * x) * 1e9);
    }
}

static void test_mix_of_a_working_agent(void **state)
{
    struct lab l;
    struct lab_noise noise = {7};
    (void)state;
    set_up(&l);
    work(&l, &noise, 24, 0);
    const struct tw_practice *p = learned(&l);
    assert_true(p->windows > 280 && p->divergence > 0.01 && p->divergence < 0.2);
    work(&l, &noise, 48, 0);
    assert_int_equal(0, l.n_told);
    const int64_t changed_ns = l.now_ns;
    work(&l, &noise, 1, 0.6);
    size_t i = 0;
    while (i < l.n_told && l.told[i].kind != TW_DEPARTURE_ROUTINE)
        i++;
    assert_true(i < l.n_told);
    assert_true(l.told[i].ts_ns - changed_ns < 1500 * TW_NS_PER_S);
    assert_true(l.told[i].now > l.told[i].usual);
    tear_down(&l);
}

static void test_nobody_else(void **state)
{
    struct lab l;
    (void)state;
    set_up(&l);
    usual_steps(&l, 2400);
    (void)learned(&l);
    struct tw_facts f = facts_of("fan");
    f.actor.id = TW_STR("other");
    for (unsigned i = 0; i < 100; i++) {
        struct tw_event e = write_of(&l, i);
        event(&l, &e, &f);
    }
    assert_int_equal(0, l.n_told);
    tear_down(&l);
}

/* What is written is refused when it was changed, and when a count is none. */
static void test_file_is_checked(void **state)
{
    static const struct {
        const char *from, *to, *error;
    } rows[] = {
        {"\"acts\":44", "\"acts\":45", "the digest is not that of the content"},
        {"\"acts\":44", "\"acts\":-1", "this is a number that is not below 0"},
        {"\"history\":[0,0]", "\"history\":[0]", "these are two numbers"},
        {"[\"write\",\"command\",30]", "[\"write\",\"commands\",30]",
            "no AI system does this to that"},
        {"[\"write\",\"command\",30]", "[\"write\",30]",
            "an action, a class of targets, and a count"},
        {"\"hours\":[0,", "\"hours\":[", "a week has 168 hours"},
        {"[0,1,1]", "[0,1]", "a class, and pairs of a class and a count"},
        {"[0,1,1]", "[0,64,1]", NULL},
        {"\"steps\":", "\"stops\":", NULL},
    };
    struct lab l;
    struct tw_text text = {0};
    (void)state;
    set_up(&l);
    usual_steps(&l, 40);
    tw_learner_write(l.learner, &text);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_diags diags = {0};
        char path[] = "/tmp/tierwatch-practice-XXXXXX";
        const char *at = memmem(text.p, text.len, rows[i].from, strlen(rows[i].from));
        const int fd = mkstemp(path);
        assert_non_null(at);
        FILE *f = fdopen(fd, "w");
        const size_t before = (size_t)(at - text.p), skip = strlen(rows[i].from);
        fwrite(text.p, 1, before, f);
        fputs(rows[i].to, f);
        fwrite(at + skip, 1, text.len - before - skip, f);
        fclose(f);
        assert_null(tw_baseline_load(path, &diags));
        assert_true(diags.errors > 0);
        if (rows[i].error != NULL)
            assert_string_equal(rows[i].error, diags.list[0].message);
        unlink(path);
        tw_diags_fini(&diags);
    }
    tw_text_free(&text);
    tw_learner_free(l.learner);
}

/* As much of each as there can be. */
static void fill(struct tw_practice *p, const char *id)
{
    static char names[TW_PRACTICE_CLASSES][16];
    *p = (struct tw_practice){.ai_system = tw_str_of(id),
        .n_classes = TW_PRACTICE_CLASSES - 1,
        .n_targets = TW_PRACTICE_TARGETS};
    for (unsigned i = 0; i < TW_PRACTICE_CLASSES; i++) {
        snprintf(names[i], sizeof(names[i]), "target.%u up", i);
        if (i < p->n_classes)
            p->classes[i] = tw_str_of(names[i]);
        if (i < p->n_targets)
            p->targets[i].on = tw_str_of(names[i]);
        for (unsigned k = 0; k < TW_PRACTICE_CLASSES; k++)
            p->steps[i][k] = 7;
    }
    for (unsigned i = 0; i < TW_MIX_CELLS; i++)
        p->mix.cells[i] = 3;
    p->mix.n = 3 * TW_MIX_CELLS;
}

/* What is written can be read, however much was learned. */
static void test_series_give_way(void **state)
{
    static struct tw_practice systems[TW_BASELINE_MAX_SYSTEMS];
    static struct tw_baseline_entry entries[TW_BASELINE_MAX_SERIES];
    static char ids[TW_BASELINE_MAX_SYSTEMS][8], objects[TW_BASELINE_MAX_SERIES][24];
    static const size_t rows[] = {0, 4, TW_BASELINE_MAX_SYSTEMS};
    (void)state;
    for (size_t i = 0; i < TW_BASELINE_MAX_SYSTEMS; i++) {
        snprintf(ids[i], sizeof(ids[i]), "ai%02zu", i);
        fill(&systems[i], ids[i]);
    }
    for (size_t i = 0; i < TW_BASELINE_MAX_SERIES; i++) {
        snprintf(objects[i], sizeof(objects[i]), "ns=2;s=Value.%04zu", i);
        entries[i] = (struct tw_baseline_entry){.name = {.source = TW_SERIES_NOTIFY,
                                                    .server = {4, {10, 0, 0, 1}},
                                                    .client = {4, {10, 0, 0, 2}},
                                                    .port = 4840,
                                                    .object = tw_str_of(objects[i]),
                                                    .field = TW_STR("/value"),
                                                    .variable = TW_STR("plant.value")},
            .active = true};
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const size_t n = tw_baseline_room(systems, rows[i]);
        const struct tw_baseline_content content = {.from_ns = LAB_START,
            .to_ns = LAB_START + TW_NS_PER_S,
            .entries = entries,
            .n = n,
            .systems = systems,
            .n_systems = rows[i]};
        struct tw_text file = {0};
        struct tw_diags diags = {0};
        char path[] = "/tmp/tierwatch-practice-XXXXXX";
        const int fd = mkstemp(path);
        tw_baseline_write(&content, &file);
        assert_true(fd >= 0);
        assert_int_equal((ssize_t)file.len, write(fd, file.p, file.len));
        close(fd);
        struct tw_baseline *b = tw_baseline_load(path, &diags);
        assert_non_null(b);
        assert_int_equal(n, tw_baseline_count(b));
        assert_true(rows[i] == 0 ? n == TW_BASELINE_MAX_SERIES : n < TW_BASELINE_MAX_SERIES);
        tw_baseline_free(b);
        tw_diags_fini(&diags);
        tw_text_free(&file);
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns_what_follows_what),
        cmocka_unit_test(test_a_refused_command_is_none),
        cmocka_unit_test(test_a_hole_joins_nothing),
        cmocka_unit_test(test_step_that_was_never_learned),
        cmocka_unit_test(test_first_command_to_a_target),
        cmocka_unit_test(test_few_steps_say_nothing),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_mix_of_a_working_agent),
        cmocka_unit_test(test_nobody_else),
        cmocka_unit_test(test_file_is_checked),
        cmocka_unit_test(test_series_give_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
