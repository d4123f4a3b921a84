#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "guard.h"
#include "protocol/payload.h"

static const char *problem_of(struct tw_str text, const char *content_type)
{
    struct tw_mqtt_info mqtt = {0};
    struct tw_payload p;
    if (content_type != NULL)
        mqtt.content_type = tw_str_of(content_type);
    tw_payload_read(NULL, TW_STR("t"), &mqtt, text, &p);
    return tw_payload_problem_name(p.problem);
}

static const struct {
    const char *text, *problem;
} rows[] = {
    {"{\"a\":1,\"b\":2}", NULL},
    {"{\"a\":1,\"a\":2}", "duplicate-key"},
    {"{\"a\":1,\"A\":2}", NULL},
    {"{\"\":1,\"\":2}", "duplicate-key"},
    /* the same name in two objects is none */
    {"{\"a\":{\"a\":1},\"b\":{\"a\":2}}", NULL},
    {"[{\"a\":1},{\"a\":2}]", NULL},
    {"{\"x\":[{\"a\":1,\"b\":{\"a\":1}},{\"a\":2,\"a\":3}]}", "duplicate-key"},
    /* an outer object goes on after an inner one */
    {"{\"a\":{\"b\":1},\"c\":2,\"a\":3}", "duplicate-key"},
    {"{\"a\":{\"b\":1},\"b\":2}", NULL},
    /* escapes hide nothing */
    {"{\"a\":1,\"\\u0061\":2}", "duplicate-key"},
    {"{\"\\u00e9\":1,\"\xc3\xa9\":2}", "duplicate-key"},
    {"{\"\\n\":1,\"n\":2}", NULL},
    /* long names that begin and end alike */
    {"{\"temperature_1_sensor\":1,\"temperature_2_sensor\":2}", NULL},
    {"{\"temperature_1_sensor\":1,\"temperature_1_sensor\":2}", "duplicate-key"},
    /* what begins as JSON and is none */
    {"{\"a\":1", "bad-json"},
    {"{\"a\":nan}", "bad-json"},
    {"[{\"a\":1},]", "bad-json"},
    {"{'a':1}", NULL},
    {"{a}", NULL},
    {"hello", NULL},
};

static void names_what_is_wrong(void **state)
{
    struct guard g = guard_new();
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const size_t n = strlen(rows[i].text);
        const char *got = problem_of(tw_str_bytes(guard_put(&g, rows[i].text, n), n), NULL);
        if ((got == NULL) != (rows[i].problem == NULL) ||
            (got != NULL && strcmp(got, rows[i].problem) != 0))
            fail_msg("%s: %s", rows[i].text, got != NULL ? got : "nothing");
        for (size_t keep = 0; keep < n; keep++)
            (void)problem_of(tw_str_bytes(guard_put(&g, rows[i].text, keep), keep), NULL);
    }
    guard_free(&g);
}

static void says_json_and_is_not(void **state)
{
    static const char *const types[] = {"application/json", "application/json; charset=utf-8",
        "Application/JSON", "text/json", "application/senml+json", "application/json+gzip"};
    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        assert_string_equal(problem_of(TW_STR("hello"), types[i]), "bad-json");
        assert_null(problem_of(TW_STR("\"hello\""), types[i]));
    }
    assert_null(problem_of(TW_STR("hello"), "text/plain"));
    assert_null(problem_of(TW_STR("hello"), ";"));
}

/* `n` members in one object, the last one named as the `again`th, or by a name of its own. */
static struct tw_str many(struct tw_text *t, unsigned n, unsigned again)
{
    tw_text_clear(t);
    tw_text_addz(t, "{");
    for (unsigned i = 0; i + 1 < n; i++)
        tw_text_addf(t, "\"key%u\":%u,", i, i);
    tw_text_addf(t, "\"key%u\":0}", again);
    return tw_text_str(t);
}

static void finds_it_among_many(void **state)
{
    static const unsigned counts[] = {2, 10, 95, 96, 97, 200, 500};
    struct tw_text t = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        assert_null(problem_of(many(&t, counts[i], counts[i]), NULL));
        assert_string_equal(problem_of(many(&t, counts[i], 0), NULL), "duplicate-key");
        assert_string_equal(problem_of(many(&t, counts[i], counts[i] - 2), NULL), "duplicate-key");
    }
    /* Only so many are told apart; the rest is read all the same. */
    assert_null(problem_of(many(&t, 3000, 2998), NULL));
    tw_text_free(&t);
}

static void names_limits(void **state)
{
    struct tw_text t = {0};
    (void)state;
    for (unsigned i = 0; i < TW_MAX_JSON_DEPTH + 1; i++)
        tw_text_addz(&t, "[");
    assert_string_equal(problem_of(tw_text_str(&t), NULL), "json-too-deep");
    tw_text_clear(&t);
    tw_text_addz(&t, "[0");
    for (unsigned i = 0; i < TW_MAX_LEAVES; i++)
        tw_text_addz(&t, ",0");
    tw_text_addz(&t, "]");
    assert_string_equal(problem_of(tw_text_str(&t), NULL), "too-many-leaves");
    tw_text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(says_json_and_is_not),
        cmocka_unit_test(finds_it_among_many),
        cmocka_unit_test(names_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
