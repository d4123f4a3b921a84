#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "series_lab.h"

static const struct tw_facts nobody;
static const struct tw_facts temp = {.variable = {.id = {"tank.temp", 9}, .is_value = true}};
static void near(double wanted, double got, double off)
{
    if (!(fabs(wanted - got) <= off))
        fail_msg("%g is not %g", got, wanted);
}

static const struct tw_profile *only(const struct tw_baseline *b)
{
    assert_int_equal(1, tw_baseline_count(b));
    return &tw_baseline_at(b, 0)->profile;
}

static void learn(struct tw_learner *l, const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct tw_event e =
            lab_publish("a/t", values[i], LAB_START + (int64_t)i * 2 * TW_NS_PER_S);
        tw_learner_event(l, &e, &temp);
    }
}

static void every_number_of_a_short_series(void **state)
{
    static const double values[] = {10, 10, 12, 11, 11, 11, 14, 13};
    struct tw_learner *l = tw_learner_new(8);
    (void)state;
    learn(l, values, 8);
    struct tw_baseline *b = lab_baseline(l);
    const struct tw_profile *p = only(b);
    near(8, p->samples, 0);
    near(4, p->changes, 0);
    near(0.5, p->rising, 0);
    near(0, p->repeats, 0);
    near(10, p->min, 0);
    near(14, p->max, 0);
    near(11.5, p->mean, 1e-12);
    near(1.3228756555322954, p->deviation, 1e-12);
    near(15.0 / 7, p->unrest, 1e-12);
    near(3, p->step_max, 0);
    near(4, p->slope_max, 0); /* 14 after 10 */
    near(1, p->resolution, 0);
    near(2, p->period_s, 1e-12);
    near(0, p->period_deviation_s, 1e-9);
    near(6, p->steady_s, 0);
    const struct tw_baseline_entry *e = tw_baseline_at(b, 0);
    assert_true(tw_str_is(e->name.object, "a/t"));
    assert_true(tw_str_is(e->name.field, "/v"));
    assert_true(tw_str_is(e->name.variable, "tank.temp"));
    assert_int_equal(TW_SERIES_PUBLISH, e->name.source);
    assert_int_equal(1883, e->name.port);
    assert_int_equal(0, e->name.client.family);
    assert_false(e->active);
    const int64_t from_ns = tw_baseline_content(b)->from_ns, to_ns = tw_baseline_content(b)->to_ns;
    assert_int_equal(LAB_START, from_ns);
    assert_int_equal(LAB_START + 14 * TW_NS_PER_S, to_ns);
    tw_baseline_free(b);
    tw_learner_free(l);
}

static void the_model_behind_noise(void **state)
{
    enum { N = 4000 };
    struct tw_learner *l = tw_learner_new(8);
    struct lab_noise noise = {3};
    static double values[N];
    double x = 50;
    (void)state;
    for (size_t i = 0; i < N; i++)
        values[i] = x = 50 + 0.9 * (x - 50) + 0.5 * lab_noise(&noise);
    learn(l, values, N);
    struct tw_baseline *b = lab_baseline(l);
    const struct tw_profile *p = only(b);
    near(0.9, p->phi, 0.02);
    near(5, p->intercept, 1);
    near(0.5, p->residual, 0.02);
    /* The sum stays small when the model is right. */
    assert_true(p->excursion > 2 && p->excursion < 24);
    assert_int_equal(TW_SERIES_ANALOG, tw_baseline_at(b, 0)->kind);
    assert_true(tw_baseline_at(b, 0)->active);
    tw_baseline_free(b);
    tw_learner_free(l);
}

static double constant(int i)
{
    (void)i;
    return 4;
}
static double state_of(int i)
{
    return i / 30 % 3;
}
static double counter(int i)
{
    return i * 7;
}
static double coarse(int i)
{
    return i * 5 % 8;
}
static double wave(int i)
{
    return 20 + 3 * sin(i / 7.0);
}

static void kinds(void **state)
{
    static const struct {
        double (*value)(int i);
        enum tw_series_kind kind;
    } rows[] = {{constant, TW_SERIES_CONSTANT}, {state_of, TW_SERIES_DISCRETE},
        {counter, TW_SERIES_COUNTER}, {coarse, TW_SERIES_DISCRETE}, {wave, TW_SERIES_ANALOG}};
    (void)state;
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        struct tw_learner *l = tw_learner_new(8);
        double values[300];
        for (int i = 0; i < 300; i++)
            values[i] = rows[k].value(i);
        learn(l, values, 300);
        struct tw_baseline *b = lab_baseline(l);
        assert_int_equal(rows[k].kind, tw_baseline_at(b, 0)->kind);
        tw_baseline_free(b);
        tw_learner_free(l);
    }
}

/* Between two captures lie hours that say nothing of steadiness and periods. */
static void a_hole_joins_nothing(void **state)
{
    struct tw_learner *l = tw_learner_new(8);
    (void)state;
    for (int half = 0; half < 2; half++) {
        for (int i = 0; i < 20; i++) {
            const struct tw_event e = lab_publish(
                "a/t", 20 + half * 50 + i % 3, LAB_START + (half * 3600 + i) * TW_NS_PER_S);
            tw_learner_event(l, &e, &nobody);
        }
    }
    struct tw_baseline *b = lab_baseline(l);
    const struct tw_profile *p = only(b);
    near(40, p->samples, 0);
    near(20, p->min, 0);
    near(72, p->max, 0);
    near(2, p->step_max, 0);
    near(1, p->period_s, 1e-9);
    near(1, p->steady_s, 0);
    tw_baseline_free(b);
    tw_learner_free(l);
}

static void what_is_no_value(void **state)
{
    struct tw_learner *l = tw_learner_new(8);
    struct tw_mqtt_info again = {.dup = true};
    struct tw_opcua_info name = {.attribute = TW_STR("DisplayName")};
    char longer[TW_SERIES_OBJECT + 2];
    (void)state;
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    struct tw_event e[8];
    for (size_t i = 0; i < 8; i++)
        e[i] = i < 5 ? lab_publish("a", 1, LAB_START) : lab_notify("ns=2;s=A", 1, LAB_START);
    e[0].mqtt = &again;
    e[1].value = (struct tw_value){.kind = TW_VALUE_BOOL, .b = true};
    e[2].value.d = NAN;
    e[3].object = tw_str_of(longer);
    e[4].object = TW_STR("a\nb");
    e[5].opcua = &name;
    e[6].status_bad = true;
    e[7].encrypted = true;
    for (size_t i = 0; i < 8; i++)
        tw_learner_event(l, &e[i], &nobody);
    const struct tw_learner_stats s = tw_learner_stats(l);
    assert_int_equal(0, s.series);
    assert_int_equal(2, s.unnamed);
    tw_learner_free(l);
}

/* Those seen longest ago go; of the others the file takes those with most values. */
static void at_most_so_many(void **state)
{
    struct tw_learner *l = tw_learner_new(TW_BASELINE_MAX_LEARNED);
    char topic[32];
    (void)state;
    for (int i = 0; i < TW_BASELINE_MAX_LEARNED + 5; i++) {
        snprintf(topic, sizeof(topic), "t/%d", i);
        for (int k = 0; k < 1 + (i >= 5000 && i < 5010); k++) {
            const struct tw_event e = lab_publish(topic, i, LAB_START + k);
            tw_learner_event(l, &e, &nobody);
        }
    }
    struct tw_baseline *b = lab_baseline(l);
    const struct tw_learner_stats s = tw_learner_stats(l);
    assert_int_equal(TW_BASELINE_MAX_LEARNED, s.series);
    assert_int_equal(5, s.evictions);
    assert_int_equal(TW_BASELINE_MAX_LEARNED - TW_BASELINE_MAX_SERIES, s.left_out);
    assert_int_equal(TW_BASELINE_MAX_SERIES, tw_baseline_count(b));
    int twice = 0;
    for (size_t i = 0; i < tw_baseline_count(b); i++)
        twice += tw_baseline_at(b, i)->profile.samples > 1;
    assert_int_equal(10, twice);
    tw_baseline_free(b);
    tw_learner_free(l);
}

static void text_of(struct tw_text *out)
{
    static const double values[] = {10, 10.5, 12};
    struct tw_learner *l = tw_learner_new(8);
    learn(l, values, 3);
    for (int i = 0; i < 3; i++) {
        const struct tw_event e = lab_notify("ns=2;s=\"A\\b\"", i, LAB_START + i * TW_NS_PER_S);
        tw_learner_event(l, &e, &nobody);
    }
    tw_learner_write(l, out);
    tw_learner_free(l);
}

static const char file[] =
    "{\"schema\":\"tierwatch.baseline/1\",\n"
    "\"digest\":\"sha256:DIGEST\",\n"
    "\"learned\":{\"from\":\"2026-03-01T08:00:00.000000000Z\",\"to\":"
    "\"2026-03-01T08:00:04.000000000Z\"},\n"
    "\"series\":[\n"
    "{\"object\":\"a/t\",\"field\":\"/v\",\"variable\":\"tank.temp\",\"source\":\"publish\","
    "\"server\":\"10.7.0.20\",\"port\":1883,\"kind\":\"discrete\",\"state\":\"shadow\","
    "\"samples\":3,\"changes\":2,\"rising\":1,\"repeats\":0,\"min\":10,\"max\":12,"
    "\"mean\":10.833333333333334,\"deviation\":0.8498365855987973,\"phi\":1,\"intercept\":1,"
    "\"residual\":0.5,\"excursion\":0,\"unrest\":1.25,\"step_max\":1.5,\"slope_max\":0,"
    "\"resolution\":0.5,\"period_s\":2,\"period_deviation_s\":0,\"steady_s\":2},\n"
    "{\"object\":\"ns=2;s=\\\"A\\\\b\\\"\",\"source\":\"notify\",\"server\":\"10.7.0.10\","
    "\"port\":4840,\"client\":\"10.7.0.51\",\"kind\":\"discrete\",\"state\":\"shadow\","
    "\"samples\":3,\"changes\":2,\"rising\":1,\"repeats\":0,\"min\":0,\"max\":2,\"mean\":1,"
    "\"deviation\":0.816496580927726,\"phi\":1,\"intercept\":1,\"residual\":0,\"excursion\":0,"
    "\"unrest\":1,\"step_max\":1,\"slope_max\":0,\"resolution\":1,\"period_s\":1,"
    "\"period_deviation_s\":0,\"steady_s\":1}\n"
    "]}\n";

static void the_file(void **state)
{
    struct tw_text t = {0};
    (void)state;
    text_of(&t);
    char *digest = memmem(t.p, t.len, "sha256:", 7);
    assert_non_null(digest);
    /* All but the digest. */
    const size_t head = (size_t)(strstr(file, "DIGEST") - file);
    assert_memory_equal(file, t.p, head);
    assert_int_equal(strlen(file) + 64 - 6, t.len);
    assert_memory_equal(file + head + 6, t.p + head + 64, t.len - head - 64);
    tw_text_free(&t);
}

static bool loads(struct tw_str text, const char *wanted)
{
    struct tw_diags diags = {0};
    char *path = lab_file(text);
    struct tw_baseline *b = tw_baseline_load(path, &diags);
    const bool ok = b != NULL;
    if (ok)
        assert_int_equal(0, diags.errors);
    else
        assert_true(diags.errors > 0);
    if (wanted != NULL && (diags.n == 0 || strstr(diags.list[0].message, wanted) == NULL))
        fail_msg("%s, not: %s", diags.n ? diags.list[0].message : "nothing", wanted);
    tw_baseline_free(b);
    unlink(path);
    free(path);
    tw_diags_fini(&diags);
    return ok;
}

static void a_file_that_is_wrong(void **state)
{
    static const struct {
        const char *from, *to, *said;
    } rows[] = {
        {"\"min\":10", "\"min\":11", "the digest is not that of the content"},
        {"\"shadow\"", "\"active\"", "the digest is not that of the content"},
        {"baseline/1", "baseline/9", "this version reads tierwatch.baseline/1 only"},
        {"\"min\":10", "\"mni\":10", "\"min\" is missing"},
        {"\"min\":10", "\"min\":\"low\"", "is not a number"},
        {"\"min\":10", "\"min\":1e999", "number"},
        {"\"steady_s\":2", "\"steady_s\":-2", "\"steady_s\" is not below 0"},
        {"10.7.0.20", "10.7.0.2O", "is no address"},
        {"\"publish\"", "\"publsh\"", "is not read, notify, publish or deliver"},
        {"1883", "188300", "out of range"},
        {"a/t", "o/t", "not in the order of the file"},
        {"\"object\":\"a/t\",", "", "\"object\" is missing"},
        {"\"learned\"", "\"lerned\"", "lerned"},
    };
    struct tw_text t = {0};
    (void)state;
    text_of(&t);
    assert_true(loads(tw_text_str(&t), NULL));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_text changed = {0};
        const char *at = memmem(t.p, t.len, rows[i].from, strlen(rows[i].from));
        assert_non_null(at);
        tw_text_add(&changed, t.p, (size_t)(at - t.p));
        tw_text_addz(&changed, rows[i].to);
        at += strlen(rows[i].from);
        tw_text_add(&changed, at, t.len - (size_t)(at - t.p));
        assert_false(loads(tw_text_str(&changed), rows[i].said));
        tw_text_free(&changed);
    }
    tw_text_free(&t);
}

/* The last byte is a line's end, which nobody misses. */
static void a_file_cut_short(void **state)
{
    struct tw_text t = {0};
    (void)state;
    text_of(&t);
    for (size_t n = 0; n + 1 < t.len; n++)
        assert_false(loads((struct tw_str){t.p, n}, NULL));
    tw_text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_of_a_short_series),
        cmocka_unit_test(the_model_behind_noise),
        cmocka_unit_test(kinds),
        cmocka_unit_test(a_hole_joins_nothing),
        cmocka_unit_test(what_is_no_value),
        cmocka_unit_test(at_most_so_many),
        cmocka_unit_test(the_file),
        cmocka_unit_test(a_file_that_is_wrong),
        cmocka_unit_test(a_file_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
