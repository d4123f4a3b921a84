#include "score/score.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/timefmt.h"

#define T0 (INT64_C(1772352000) * TW_NS_PER_S)
#define HOUR (3600 * TW_NS_PER_S)

static struct tw_score_input input(char evidence, double severity, enum tw_tier tier)
{
    return (struct tw_score_input){.evidence = evidence,
        .strength = 1,
        .severity = severity,
        .kind = TW_ACTOR_AI_SYSTEM,
        .tier = tier,
        .importance = TW_IMPORTANCE_NORMAL,
        .context = 1};
}

static const struct {
    int score;
    enum tw_severity severity;
    const char *name;
} bands[] = {
    {0, TW_SEV_INFO, "info"},
    {19, TW_SEV_INFO, "info"},
    {20, TW_SEV_LOW, "low"},
    {39, TW_SEV_LOW, "low"},
    {40, TW_SEV_MEDIUM, "medium"},
    {59, TW_SEV_MEDIUM, "medium"},
    {60, TW_SEV_HIGH, "high"},
    {79, TW_SEV_HIGH, "high"},
    {80, TW_SEV_CRITICAL, "critical"},
    {100, TW_SEV_CRITICAL, "critical"},
};

static void bands_begin_where_the_contract_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bands) / sizeof(bands[0]); i++) {
        enum tw_severity named;
        assert_int_equal(tw_severity_of_score(bands[i].score), bands[i].severity);
        assert_string_equal(tw_severity_name(bands[i].severity), bands[i].name);
        assert_true(tw_severity_of(tw_str_of(bands[i].name), &named));
        assert_int_equal(named, bands[i].severity);
    }
    enum tw_severity unchanged = TW_SEV_HIGH;
    assert_false(tw_severity_of(TW_STR("emergency"), &unchanged));
    assert_int_equal(unchanged, TW_SEV_HIGH);
}

static const struct {
    const char *what;
    char evidence;
    double strength, severity;
    enum tw_actor_kind kind;
    enum tw_tier tier;
    enum tw_importance importance;
    double context, floor, p;
    int score;
    bool floored;
} scores[] = {
    {"contract example", 'D', 1, 60, TW_ACTOR_AI_SYSTEM, TW_TIER_T2, TW_IMPORTANCE_ESSENTIAL, 1, 60,
        0.57, 73, false},
    {"HAL-01 T1", 'S', 1, 50, TW_ACTOR_AI_SYSTEM, TW_TIER_T1, TW_IMPORTANCE_NORMAL, 1, 0, 0.3, 23,
        false},
    {"HAL-01 T2", 'S', 1, 50, TW_ACTOR_AI_SYSTEM, TW_TIER_T2, TW_IMPORTANCE_NORMAL, 1, 0, 0.3, 30,
        false},
    {"HAL-01 T3", 'S', 1, 50, TW_ACTOR_AI_SYSTEM, TW_TIER_T3, TW_IMPORTANCE_NORMAL, 1, 0, 0.3, 39,
        false},
    {"PRV-05 T4", 'D', 1, 95, TW_ACTOR_AI_SYSTEM, TW_TIER_T4, TW_IMPORTANCE_NORMAL, 1, 95, 0.9025,
        97, false},
    {"CRY-01 floor", 'D', 1, 40, TW_ACTOR_AI_SYSTEM, TW_TIER_T2, TW_IMPORTANCE_NORMAL, 1, 50, 0.38,
        50, true},
    {"T0 is milder", 'D', 1, 60, TW_ACTOR_AI_SYSTEM, TW_TIER_T0, TW_IMPORTANCE_NORMAL, 1, 0, 0.57,
        35, false},
    {"unregistered as T3", 'D', 1, 60, TW_ACTOR_UNREGISTERED, TW_TIER_NONE, TW_IMPORTANCE_NORMAL, 1,
        60, 0.57, 67, false},
    {"asset has factor 1", 'D', 1, 60, TW_ACTOR_ASSET, TW_TIER_NONE, TW_IMPORTANCE_NORMAL, 1, 0,
        0.57, 57, false},
    {"low asset", 'D', 1, 60, TW_ACTOR_AI_SYSTEM, TW_TIER_T2, TW_IMPORTANCE_LOW, 1, 0, 0.57, 48,
        false},
    {"high asset", 'D', 1, 60, TW_ACTOR_AI_SYSTEM, TW_TIER_T2, TW_IMPORTANCE_HIGH, 1, 0, 0.57, 67,
        false},
    {"context", 'M', 1, 40, TW_ACTOR_AI_SYSTEM, TW_TIER_T2, TW_IMPORTANCE_NORMAL, 0.3, 0, 0.14, 5,
        false},
    {"context is bounded", 'M', 1, 40, TW_ACTOR_AI_SYSTEM, TW_TIER_T2, TW_IMPORTANCE_NORMAL, 1000,
        0, 0.14, 39, false},
    {"weak", 'W', 1, 25, TW_ACTOR_AI_SYSTEM, TW_TIER_T2, TW_IMPORTANCE_NORMAL, 1, 0, 0.0375, 4,
        false},
    {"half strength", 'S', 0.5, 50, TW_ACTOR_AI_SYSTEM, TW_TIER_T2, TW_IMPORTANCE_NORMAL, 1, 0,
        0.15, 15, false},
    {"decimals are exact", 'D', 0.5, 35, TW_ACTOR_AI_SYSTEM, TW_TIER_T2, TW_IMPORTANCE_NORMAL, 1, 0,
        0.16625, 17, false},
    {"a tie of the score rounds up", 'W', 1, 1, TW_ACTOR_AI_SYSTEM, TW_TIER_T2,
        TW_IMPORTANCE_NORMAL, 1, 31.5, 0.0015, 32, true},
    {"nothing", 'D', 0, 60, TW_ACTOR_AI_SYSTEM, TW_TIER_T2, TW_IMPORTANCE_NORMAL, 1, 0, 0, 0,
        false},
    {"more than certain", 'D', 9, 900, TW_ACTOR_AI_SYSTEM, TW_TIER_T4, TW_IMPORTANCE_ESSENTIAL, 4,
        0, 0.95, 100, false},
    {"floor is a score", 'D', 1, 60, TW_ACTOR_AI_SYSTEM, TW_TIER_T2, TW_IMPORTANCE_NORMAL, 1, 900,
        0.57, 100, true},
    {"not a number", 'D', NAN, 60, TW_ACTOR_AI_SYSTEM, TW_TIER_T2, TW_IMPORTANCE_NORMAL, 1, 0, 0, 0,
        false},
};

static void scores_follow_the_formula(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(scores) / sizeof(scores[0]); i++) {
        struct tw_score_input in = {.evidence = scores[i].evidence,
            .strength = scores[i].strength,
            .severity = scores[i].severity,
            .kind = scores[i].kind,
            .tier = scores[i].tier,
            .importance = scores[i].importance,
            .context = scores[i].context,
            .floor = scores[i].floor};
        struct tw_score s = tw_score_of(&in);
        if (s.score != scores[i].score || s.floored != scores[i].floored)
            print_error("%s: %d\n", scores[i].what, s.score);
        assert_true(fabs(s.p - scores[i].p) < 1e-12);
        assert_int_equal(s.score, scores[i].score);
        assert_int_equal(s.floored, scores[i].floored);
        assert_int_equal(s.severity, tw_severity_of_score(s.score));
    }
}

static int rounded(double p, double tier, double asset)
{
    double odds = p / (1 - p) * tier * asset;
    return (int)floor(100 * odds / (1 + odds) + 0.5 + 1e-9);
}

/* A reader who starts from evidence, strength and severity and one who starts from p agree. */
static void both_ways_to_recompute_agree(void **state)
{
    (void)state;
    static const struct {
        char name;
        double c;
    } classes[] = {{'D', .95}, {'S', .60}, {'M', .35}, {'W', .15}};
    static const double tiers[] = {0.4, 0.7, 1, 1.5, 3}, assets[] = {0.7, 1, 1.5, 2};
    for (int severity = 1; severity <= 100; severity++) {
        for (int i = 0; i < 4 * 5 * 4; i++) {
            struct tw_score_input in =
                input(classes[i / 20].name, severity, (enum tw_tier)(TW_TIER_T0 + i / 4 % 5));
            in.importance = (enum tw_importance)(i % 4);
            struct tw_score s = tw_score_of(&in);
            double p = classes[i / 20].c * severity / 100;
            double odds = p / (1 - p) * tiers[i / 4 % 5] * assets[i % 4];
            assert_true(fabs(s.p - p) < 1e-9);
            assert_int_equal(s.score, rounded(s.p, tiers[i / 4 % 5], assets[i % 4]));
            assert_int_equal(s.score, (int)floor(100 * odds / (1 + odds) + 0.5 + 1e-9));
        }
    }
}

static int add(struct tw_risks *r, const char *rule, const struct tw_score_input *in, int64_t ts)
{
    char family[4];
    tw_str_copy(family, sizeof(family), tw_str_of(rule));
    struct tw_score s = tw_score_of(in);
    return tw_risks_add(r, TW_STR("agent"), family, rule, in, &s, ts);
}

/* Worked examples of the risk model. */
struct piece {
    const char *rule;
    char evidence;
    double strength, severity;
    enum tw_importance importance;
    double floor;
};
static const struct {
    enum tw_tier tier;
    int risk;
    struct piece pieces[3];
} worked[] = {
    {TW_TIER_T1, 23, {{"HAL-01", 'S', 1, 50, TW_IMPORTANCE_NORMAL, 0}}},
    {TW_TIER_T2, 30, {{"HAL-01", 'S', 1, 50, TW_IMPORTANCE_NORMAL, 0}}},
    {TW_TIER_T3, 39, {{"HAL-01", 'S', 1, 50, TW_IMPORTANCE_NORMAL, 0}}},
    {TW_TIER_T1, 29,
        {{"HAL-01", 'S', 1, 50, TW_IMPORTANCE_NORMAL, 0},
            {"PRV-02", 'M', 0.7, 40, TW_IMPORTANCE_NORMAL, 0}}},
    {TW_TIER_T2, 37,
        {{"HAL-01", 'S', 1, 50, TW_IMPORTANCE_NORMAL, 0},
            {"PRV-02", 'M', 0.7, 40, TW_IMPORTANCE_NORMAL, 0}}},
    {TW_TIER_T3, 47,
        {{"HAL-01", 'S', 1, 50, TW_IMPORTANCE_NORMAL, 0},
            {"PRV-02", 'M', 0.7, 40, TW_IMPORTANCE_NORMAL, 0}}},
    {TW_TIER_T2, 87,
        {{"HAL-01", 'S', 1, 50, TW_IMPORTANCE_HIGH, 0},
            {"PRV-02", 'M', 0.7, 40, TW_IMPORTANCE_HIGH, 0},
            {"OVR-01", 'D', 1, 75, TW_IMPORTANCE_HIGH, 0}}},
    {TW_TIER_T2, 50, {{"CRY-01", 'D', 1, 40, TW_IMPORTANCE_NORMAL, 50}}},
    {TW_TIER_T4, 97, {{"PRV-05", 'D', 1, 95, TW_IMPORTANCE_NORMAL, 95}}},
};

static void worked_examples_come_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(worked) / sizeof(worked[0]); i++) {
        struct tw_risks *r = tw_risks_new(16);
        int risk = 0;
        for (int k = 0; k < 3 && worked[i].pieces[k].rule != NULL; k++) {
            const struct piece *piece = &worked[i].pieces[k];
            struct tw_score_input in = input(piece->evidence, piece->severity, worked[i].tier);
            in.strength = piece->strength;
            in.importance = piece->importance;
            in.floor = piece->floor;
            risk = add(r, piece->rule, &in, T0);
        }
        assert_int_equal(risk, worked[i].risk);
        assert_int_equal(tw_risks_now(r, TW_STR("agent"), T0), risk);
        tw_risks_free(r);
    }
}

static void a_hundred_hits_of_one_rule_are_one(void **state)
{
    (void)state;
    struct tw_risks *r = tw_risks_new(16);
    struct tw_score_input in = input('M', 45, TW_TIER_T3);
    int first = add(r, "INP-03", &in, T0), last = 0;
    for (int i = 1; i < 100; i++)
        last = add(r, "INP-03", &in, T0 + i);
    assert_int_equal(first, 22);
    assert_int_equal(last, 22);
    tw_risks_free(r);
}

static const struct {
    const char *rule;
    int64_t half_life;
} half_lives[] = {
    {"IDN-01", 24 * HOUR},
    {"PRV-03", 24 * HOUR},
    {"OVR-01", 24 * HOUR},
    {"MDL-01", 24 * HOUR},
    {"CRY-01", 24 * HOUR},
    {"NET-07", 6 * HOUR},
    {"EXF-01", 6 * HOUR},
    {"INJ-01", HOUR},
    {"HAL-01", HOUR},
    {"MAS-01", HOUR},
    {"CMD-01", HOUR / 4},
    {"INP-01", HOUR / 4},
    {"AVL-01", HOUR / 4},
    {"CTL-01", HOUR / 4},
    {"XYZ-01", HOUR},
};

static void evidence_and_floor_halve_with_the_family(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(half_lives) / sizeof(half_lives[0]); i++) {
        struct tw_risks *r = tw_risks_new(16);
        struct tw_score_input in = input('D', 10, TW_TIER_T2);
        in.floor = 80;
        assert_int_equal(add(r, half_lives[i].rule, &in, T0), 80);
        int64_t h = half_lives[i].half_life;
        assert_int_equal(tw_risks_now(r, TW_STR("agent"), T0 + h), 40);
        assert_int_equal(tw_risks_now(r, TW_STR("agent"), T0 + 2 * h), 20);
        assert_int_equal(tw_risks_now(r, TW_STR("agent"), T0 + h / 2), 57);
        assert_int_equal(tw_risks_now(r, TW_STR("agent"), T0 + 2000 * h), 0);
        assert_int_equal(tw_risks_now(r, TW_STR("agent"), T0 - h), 80);
        tw_risks_free(r);
    }
}

static void stronger_old_evidence_outlives_weaker_new(void **state)
{
    (void)state;
    struct tw_risks *r = tw_risks_new(16);
    struct tw_score_input strong = input('D', 80, TW_TIER_T2), weak = input('D', 20, TW_TIER_T2);
    add(r, "CMD-01", &strong, T0);
    assert_int_equal(add(r, "CMD-01", &weak, T0 + 1), 76);
    /* After two half-lives the strong one is worth .19 and the weak one .19 new: the latest stays.
     */
    assert_int_equal(add(r, "CMD-01", &weak, T0 + HOUR / 2), 19);
    assert_int_equal(tw_risks_now(r, TW_STR("agent"), T0 + 3 * HOUR / 4), 10);
    tw_risks_free(r);
}

static void actors_are_apart_and_unknown_ones_have_none(void **state)
{
    (void)state;
    struct tw_risks *r = tw_risks_new(2);
    struct tw_score_input in = input('D', 60, TW_TIER_T2);
    add(r, "CMD-01", &in, T0);
    assert_int_equal(tw_risks_now(r, TW_STR("other"), T0), 0);
    const char *reasons[3];
    assert_int_equal(tw_risks_reasons(r, TW_STR("other"), T0, reasons, 3), 0);
    tw_risks_free(r);
    tw_risks_free(NULL);
}

static void reasons_are_strongest_first_and_fade(void **state)
{
    (void)state;
    struct tw_risks *r = tw_risks_new(16);
    struct tw_score_input a = input('D', 30, TW_TIER_T2), b = input('D', 60, TW_TIER_T2),
                          c = input('D', 45, TW_TIER_T2);
    add(r, "PRV-01", &a, T0);
    add(r, "CMD-01", &b, T0);
    add(r, "OVR-01", &c, T0);
    const char *reasons[3] = {NULL};
    assert_int_equal(tw_risks_reasons(r, TW_STR("agent"), T0, reasons, 3), 3);
    assert_string_equal(reasons[0], "CMD-01");
    assert_string_equal(reasons[1], "OVR-01");
    assert_string_equal(reasons[2], "PRV-01");
    assert_int_equal(tw_risks_reasons(r, TW_STR("agent"), T0 + 6 * HOUR, reasons, 3), 2);
    assert_string_equal(reasons[0], "OVR-01");
    tw_risks_free(r);
}

/* More rules than slots: the faintest give way, and risk stays within bounds. */
static void memory_and_risk_are_bounded(void **state)
{
    (void)state;
    struct tw_risks *r = tw_risks_new(4);
    struct tw_score_input in = input('D', 99, TW_TIER_T4);
    in.importance = TW_IMPORTANCE_ESSENTIAL;
    for (int i = 0; i < 500; i++) {
        char rule[32], actor[32];
        snprintf(rule, sizeof(rule), "F%02d-%03d", i % 20, i);
        snprintf(actor, sizeof(actor), "actor-%d", i);
        struct tw_score s = tw_score_of(&in);
        assert_in_range(add(r, rule, &in, T0 + i), 0, 100);
        assert_in_range(tw_risks_add(r, tw_str_of(actor), "CMD", rule, &in, &s, T0 + i), 0, 100);
    }
    tw_risks_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bands_begin_where_the_contract_says),
        cmocka_unit_test(scores_follow_the_formula),
        cmocka_unit_test(both_ways_to_recompute_agree),
        cmocka_unit_test(worked_examples_come_out),
        cmocka_unit_test(a_hundred_hits_of_one_rule_are_one),
        cmocka_unit_test(evidence_and_floor_halve_with_the_family),
        cmocka_unit_test(stronger_old_evidence_outlives_weaker_new),
        cmocka_unit_test(actors_are_apart_and_unknown_ones_have_none),
        cmocka_unit_test(reasons_are_strongest_first_and_fade),
        cmocka_unit_test(memory_and_risk_are_bounded),
    };
    return cmocka_run_group_tests_name("score", tests, NULL, NULL);
}
