#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_help.h"

static void a_tree_knows_where_everything_is(void **state)
{
    (void)state;
    struct tw_diags d = {0};
    struct tw_yaml *y = yaml_of("site: a\nlist:\n  - {id: \"x\", n: 22:30}\n  - no\n", &d);
    assert_string_equal(said(&d), "");
    assert_non_null(y);
    assert_int_equal(y->root->kind, TW_NODE_MAP);
    assert_int_equal(y->root->n, 2);
    const struct tw_node *list = tw_node_get(y->root, "list");
    assert_int_equal(list->kind, TW_NODE_LIST);
    assert_int_equal(list->key_line, 2);
    assert_int_equal(list->key_column, 1);
    assert_int_equal(list->line, 3);
    assert_int_equal(list->column, 3);
    const struct tw_node *id = tw_node_get(&list->children[0], "id");
    assert_true(tw_str_is(id->text, "x"));
    assert_true(id->quoted);
    assert_int_equal(id->column, 10);
    const struct tw_node *n = tw_node_get(&list->children[0], "n");
    assert_true(tw_str_is(n->text, "22:30"));
    assert_false(n->quoted);
    assert_int_equal(n->key_column, 15);
    assert_int_equal(n->column, 18);
    assert_true(tw_str_is(list->children[1].text, "no"));
    assert_null(tw_node_get(y->root, "site2"));
    assert_null(tw_node_get(list, "id"));
    assert_null(tw_node_get(NULL, "id"));
    tw_yaml_free(y);
}

static void json_is_yaml(void **state)
{
    (void)state;
    struct tw_diags d = {0};
    struct tw_yaml *y = yaml_of("{\"a\": [1, \"\\u00e9\", {\"b\": null}], \"c\": null}", &d);
    assert_string_equal(said(&d), "");
    const struct tw_node *a = tw_node_get(y->root, "a");
    assert_int_equal(a->n, 3);
    assert_true(tw_str_is(a->children[1].text, "\xc3\xa9"));
    assert_null(tw_node_get(y->root, "c"));
    tw_yaml_free(y);
}

static void an_empty_file_has_no_root(void **state)
{
    static const char *const texts[] = {"", "\n\n", "# nothing\n", "---\n", "\xef\xbb\xbf"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct tw_diags d = {0};
        struct tw_yaml *y = yaml_of(texts[i], &d);
        assert_non_null(y);
        assert_null(y->root);
        assert_string_equal(said(&d), "");
        tw_yaml_free(y);
    }
}

static const struct {
    const char *text, *said;
    bool loads;
} refusals[] = {
    {"a: &x 1\n", "1:4 anchors (&x) are not accepted; write the value out\n", true},
    {"a: *x\n", "1:4 aliases (*x) are not accepted; write the value out\n", true},
    {"a: !!int 1\n",
        "1:4 tags (tag:yaml.org,2002:int) are not accepted; the key alone says what a value is\n",
        true},
    {"a: 1\nb: 2\na: 3\n", "3:1 \"a\" is written twice; the first is in line 1\n", true},
    {"{a: 1, a: 2, a: 3}",
        "1:8 \"a\" is written twice; the first is in line 1\n"
        "1:14 \"a\" is written twice; the first is in line 1\n",
        true},
    {"? [a, b]\n: 1\n", "1:3 a key must be a plain name\n", true},
    {"a: 1\n---\nb: 2\n", "2:1 a second document begins here; a file holds one\n", false},
    {"a: [1, 2\nb: 3\n",
        "2:2 did not find expected ',' or ']', while parsing a flow sequence that begins in line "
        "1\n",
        false},
    {"a:\n\tb: 1\n",
        "2:1 found character that cannot start any token, while scanning for the next token\n",
        false},
    {"a: \"\xff\"\n", "1:5 invalid leading UTF-8 octet (files are UTF-8)\n", false},
    {"a: 1\nb: \x01\n", "2:4 control characters are not allowed (files are UTF-8)\n", false},
};

static void what_is_refused_says_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct tw_diags d = {0};
        struct tw_yaml *y = yaml_of(refusals[i].text, &d);
        assert_string_equal(said(&d), refusals[i].said);
        assert_int_equal(y != NULL, refusals[i].loads);
        tw_yaml_free(y);
        tw_diags_fini(&d);
    }
}

static char *repeat(const char *before, const char *what, size_t n)
{
    size_t a = strlen(before), b = strlen(what);
    char *text = malloc(a + b * n + 1);
    assert_non_null(text);
    memcpy(text, before, a);
    for (size_t i = 0; i < n; i++)
        memcpy(text + a + b * i, what, b);
    text[a + b * n] = '\0';
    return text;
}

static void limits_hold(void **state)
{
    static const struct {
        const char *before, *what;
        size_t n;
        const char *said;
    } rows[] = {
        {"", "[", 1000, "1:33 nested deeper than 32 levels\n"},
        {"[", "1,", 200001, "1:400000 more than 200000 values in one file\n"},
        {"a: ", "x", (4 << 20) + 1, "0:0 the file is larger than 4 MiB\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_diags d = {0};
        char *text = repeat(rows[i].before, rows[i].what, rows[i].n);
        assert_null(yaml_of(text, &d));
        assert_string_equal(said(&d), rows[i].said);
        tw_diags_fini(&d);
        free(text);
    }
}

/* Every prefix of a file is a file: it loads or says why, and never more than once why not. */
static void every_truncation_is_survived(void **state)
{
    static const char text[] = "site: \"a\\u00e9b\"\nlist:\n  - {id: 'it''s', n: [1, 2]}\n"
                               "  - >\n    folded\n    text\n  - |2-\n      block\n# end\n";
    (void)state;
    for (size_t n = 0; n < sizeof(text); n++) {
        struct tw_diags d = {0};
        struct tw_yaml *y = tw_yaml_load_bytes("x", text, n, &d);
        assert_int_equal(d.errors, y == NULL);
        tw_yaml_free(y);
        tw_diags_fini(&d);
    }
}

static void offsets_find_their_place(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
        const char *said;
    } rows[] = {
        {"e: a and b", 6, "1:10 here\n"},
        {"e: \"a \\\"and\\\" b\"", 3, "1:9 here\n"},
        {"e: \"a\\n\\u00e9 and b\"", 5, "1:15 here\n"},
        {"e: 'it''s and'", 5, "1:11 here\n"},
        {"e: 'it''s and'", 4, "1:10 here\n"},
        {"e: >\n  a = 1\n  and b\n", 6, "3:3 here\n"},
        {"e: |  # why\n    a\n      b\n", 4, "3:7 here\n"},
        {"e: a\n   b c", 4, "2:6 here\n"},
        {"e: ab", 2, "1:6 here\n"},
        {"e: ab", 99, "1:6 here\n"},
        {"e: ''", 0, "1:5 here\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_diags d = {0};
        struct tw_yaml *y = yaml_of(rows[i].text, &d);
        assert_non_null(y);
        tw_yaml_error_at(y, &d, tw_node_get(y->root, "e"), rows[i].offset, NULL, "here");
        assert_string_equal(said(&d), rows[i].said);
        tw_yaml_free(y);
        tw_diags_fini(&d);
    }
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    struct tw_diags d = {0};
    assert_null(tw_yaml_load_file("tests/unit/data/inventory/none.yaml", &d));
    assert_int_equal(d.n, 1);
    assert_string_equal(d.list[0].file, "tests/unit/data/inventory/none.yaml");
    assert_string_equal(d.list[0].message, "No such file or directory");
    assert_null(tw_yaml_load_file("tests/unit/data", &d));
    assert_string_equal(d.list[1].message, "Is a directory");
    tw_diags_fini(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_knows_where_everything_is),
        cmocka_unit_test(json_is_yaml),
        cmocka_unit_test(an_empty_file_has_no_root),
        cmocka_unit_test(what_is_refused_says_where),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(every_truncation_is_survived),
        cmocka_unit_test(offsets_find_their_place),
        cmocka_unit_test(a_missing_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
