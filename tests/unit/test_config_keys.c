#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "config/rate.h"
#include "config_help.h"

static const char *const colours[] = {"red", "green", "blue", NULL};
static const struct tw_key inner[] = {{"x", TW_KEY_NUMBER, true, NULL, NULL, "A number."}, {0}};
static const struct tw_key keys[] = {{"any", TW_KEY_ANY, false, NULL, NULL, NULL},
    {"name", TW_KEY_STR, false, NULL, NULL, "A name."},
    {"count", TW_KEY_INT, false, NULL, NULL, NULL}, {"on", TW_KEY_BOOL, false, NULL, NULL, NULL},
    {"every", TW_KEY_DURATION, false, NULL, NULL, NULL},
    {"since", TW_KEY_TIME, false, NULL, NULL, NULL},
    {"colour", TW_KEY_CHOICE, false, colours, NULL, NULL},
    {"names", TW_KEY_STR_LIST, false, NULL, NULL, NULL},
    {"items", TW_KEY_LIST, false, NULL, inner, NULL},
    {"free", TW_KEY_LIST, false, NULL, NULL, NULL}, {"point", TW_KEY_MAP, false, NULL, inner, NULL},
    {"rate", TW_KEY_RATE, false, NULL, NULL, NULL}, {0}};

static const struct {
    const char *text, *said;
} rows[] = {
    {"any: [{}]\nname: x\ncount: 3\non: true\nevery: 5s\nsince: 2026-01-01\ncolour: red\n"
     "names: [a, \"\"]\nitems: [{x: 1}]\nfree: [1, []]\npoint: {x: -1.5e3}\nrate: 6/min\n",
        ""},
    {"name: null\ncount: ~\nitems: null\n", ""},
    {"nmae: x", "1:1 unknown key \"nmae\" in the test | did you mean \"name\"?\n"},
    {"quite other: x", "1:1 unknown key \"quite other\" in the test\n"},
    {"name: [a]", "1:7 \"name\" must be a text, not a list\n"},
    {"name: # x", "1:1 \"name\" has no value; it must be a text | put quotes around it: # begins a "
                  "comment\n"},
    {"name:\ncount: 1", "1:1 \"name\" has no value; it must be a text\n"},
    {"name: \"a\\0b\"", "1:7 \"a"}, /* the zero byte ends the message; see below */
    {"count: 1.5", "1:8 \"1.5\" is not a whole number\n"},
    {"count: \"1\"", "1:8 \"1\" is not a whole number | write it without quotes\n"},
    {"count: 0x10", "1:8 \"0x10\" is not a whole number\n"},
    {"on: yes", "1:5 \"yes\" is not true or false\n"},
    {"every: 5",
        "1:8 \"5\" is not a duration such as 500ms, 60s, 10m, 2h or 7d | give a number and "
        "a unit\n"},
    {"since: yesterday",
        "1:8 \"yesterday\" is not a time such as 2026-03-01T00:00:00Z | write ISO 8601\n"},
    {"colour: gren", "1:9 \"gren\" is not red, green or blue | did you mean \"green\"?\n"},
    {"names: a", "1:8 \"names\" must be a list of texts | write it in brackets: [a, b]\n"},
    {"names: [a, [b]]", "1:12 \"this item\" must be a text, not a list\n"},
    {"items: {x: 1}", "1:8 \"items\" must be a list\n"},
    {"items: [1, {y: 2}]", "1:9 items must be a map of keys and values\n"
                           "1:12 \"x\" is missing in items\n1:13 unknown key \"y\" in items\n"},
    {"point: 5", "1:8 \"point\" must be a map\n"},
    {"point:", "1:1 \"point\" has no value; it must be a map\n"},
    {"point: {x: a}", "1:12 \"a\" is not a number\n"},
    {"rate: 6/week", "1:7 \"6/week\" is not a rate such as 6/min, 2/s or 10MB/h | the units are s, "
                     "min, h and d\n"},
    {"[1]", "1:1 the test must be a map of keys and values\n"},
};

static void each_kind_of_value_is_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_diags d = {0};
        struct tw_yaml *y = yaml_of(rows[i].text, &d);
        assert_non_null(y);
        bool ok = tw_keys_check(y, &d, y->root, keys, "the test");
        tw_diags_sort(&d, 0);
        if (strstr(rows[i].text, "\\0") == NULL)
            assert_string_equal(said(&d), rows[i].said);
        assert_int_equal(ok, rows[i].said[0] == '\0');
        assert_int_equal(ok, d.errors == 0);
        tw_yaml_free(y);
        tw_diags_fini(&d);
    }
}

static const struct tw_node *at(const struct tw_node *schema, const char *key, const char *what)
{
    return tw_node_get(tw_node_get(tw_node_get(schema, "properties"), key), what);
}

static void is(const struct tw_node *n, const char *text)
{
    assert_non_null(n);
    assert_true(tw_str_is(n->text, text));
}

/* JSON is YAML, so the schema is read with what it describes. */
static void the_schema_says_the_same(void **state)
{
    (void)state;
    struct tw_diags d = {0};
    struct tw_text out = {0};
    tw_keys_schema(&out, keys, "Test");
    struct tw_yaml *y = tw_yaml_load_bytes("schema", out.p, out.len, &d);
    assert_string_equal(said(&d), "");
    is(tw_node_get(y->root, "$schema"), "https://json-schema.org/draft/2020-12/schema");
    is(tw_node_get(y->root, "title"), "Test");
    is(tw_node_get(y->root, "additionalProperties"), "false");
    assert_null(tw_node_get(y->root, "required"));
    is(at(y->root, "name", "description"), "A name.");
    is(at(y->root, "count", "type"), "integer");
    assert_int_equal(at(y->root, "colour", "enum")->n, 3);
    is(&at(y->root, "point", "required")->children[0], "x");
    is(tw_node_get(at(y->root, "names", "items"), "type"), "string");
    assert_null(at(y->root, "any", "type"));
    tw_yaml_free(y);
    tw_text_free(&out);
}

static void rates_are_read(void **state)
{
    static const struct {
        const char *text;
        bool ok, is_bytes;
        double per_s;
    } rates[] = {{"6/min", true, false, 0.1}, {"2/s", true, false, 2},
        {"0.5/h", true, false, 0.5 / 3600}, {"86400/d", true, false, 1},
        {"10MB/h", true, true, 1e7 / 3600}, {"1KiB/s", true, true, 1024}, {"5B/s", true, true, 5},
        {"6", false, false, 0}, {"6/", false, false, 0}, {"/min", false, false, 0},
        {"-1/s", false, false, 0}, {"6/m", false, false, 0}, {"6 /min", false, false, 0},
        {"6XB/s", false, false, 0}, {"", false, false, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        struct tw_rate rate = {0};
        assert_int_equal(tw_rate_parse(tw_str_of(rates[i].text), &rate), rates[i].ok);
        assert_int_equal(rate.is_bytes, rates[i].is_bytes);
        assert_true(fabs(rate.per_s - rates[i].per_s) < 1e-9);
    }
}

static void the_nearest_name_is_near(void **state)
{
    static const char *const names[] = {"certificate_sha256", "client_id", "id", "ip", "mac", NULL};
    static const struct {
        const char *text, *nearest;
    } cases[] = {{"cleint_id", "client_id"}, {"clientid", "client_id"}, {"pi", "ip"}, {"ir", "id"},
        {"foo", NULL}, {"max", "mac"}, {"", NULL}, {"certificate", NULL},
        {"certificate_sha", "certificate_sha256"}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *nearest = tw_nearest(tw_str_of(cases[i].text), names);
        if (cases[i].nearest == NULL)
            assert_null(nearest);
        else
            assert_string_equal(nearest, cases[i].nearest);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_value_is_checked),
        cmocka_unit_test(the_schema_says_the_same),
        cmocka_unit_test(rates_are_read),
        cmocka_unit_test(the_nearest_name_is_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
