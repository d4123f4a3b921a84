#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_help.h"

/* What is printed, through a file: gcc 12 takes a memory stream's buffer for a local of ours. */
static char *printed(const struct tw_diags *d)
{
    FILE *out = tmpfile();
    char *text = calloc(1, 1 << 20);
    assert_non_null(out);
    assert_non_null(text);
    tw_diags_print(d, out);
    rewind(out);
    assert_true(fread(text, 1, (1 << 20) - 1, out) > 0);
    fclose(out);
    return text;
}

static const struct {
    unsigned line, column;
    const char *source, *hint, *text;
} rows[] = {
    {0, 0, NULL, NULL, "f.yaml: wrong\n"},
    {3, 5, NULL, NULL, "f.yaml:3:5: wrong\n"},
    {3, 5, "key: value", "kay",
        "f.yaml:3:5: wrong\n     3 | key: value\n       |     ^\n       = did you mean \"kay\"?\n"},
    {3, 2, "\tx: 1", "use blanks",
        "f.yaml:3:2: wrong\n     3 | \tx: 1\n       | \t^\n       = use blanks\n"},
    {3, 4, "\xe5\x8e\x82 \xe5\x90\x8d: 1", NULL,
        "f.yaml:3:4: wrong\n     3 | \xe5\x8e\x82 \xe5\x90\x8d: 1\n       |      ^\n"},
    {3, 9, "short", NULL, "f.yaml:3:9: wrong\n     3 | short\n       |      ^\n"},
    {3, 1, "\x1b[31mred", "with \x07 bell",
        "f.yaml:3:1: wrong\n     3 | ?[31mred\n       | ^\n       = with ? bell\n"},
    {3, 1, "\xff\xfe", NULL, "f.yaml:3:1: wrong\n     3 | \xff\xfe\n       | ^\n"},
};

static void a_message_shows_the_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_diags d = {0};
        tw_diag_add(&d, TW_DIAG_ERROR, "f.yaml", rows[i].line, rows[i].column, rows[i].source,
            rows[i].hint, "%s", "wrong");
        char *text = printed(&d);
        assert_string_equal(text, rows[i].text);
        free(text);
        tw_diags_fini(&d);
    }
}

static void long_lines_are_shown_around_the_column(void **state)
{
    (void)state;
    char line[301];
    for (size_t i = 0; i < 300; i++)
        line[i] = (char)('a' + i % 26);
    line[300] = '\0';
    line[199] = '!';
    struct tw_diags d = {0};
    tw_diag_add(&d, TW_DIAG_ERROR, "f", 1, 200, line, NULL, "wrong");
    char *text = printed(&d);
    char *shown = strchr(text, '\n') + 1, *caret = strchr(shown, '\n') + 1;
    assert_int_equal(strchr(shown, '!') - shown, strchr(caret, '^') - caret);
    assert_true(strchr(shown, '\n') - shown < 120);
    assert_true(strncmp(shown, "     1 | ...", 12) == 0);
    assert_true(strncmp(strchr(shown, '\n') - 3, "...", 3) == 0);
    free(text);
    tw_diags_fini(&d);
}

static void json_holds_the_same(void **state)
{
    (void)state;
    struct tw_diags d = {0};
    struct tw_text out = {0};
    tw_diag_add(&d, TW_DIAG_ERROR, "f.yaml", 3, 5, "key: value", "kay", "\"%s\" is wrong", "key");
    tw_diag_add(&d, TW_DIAG_WARNING, "g", 0, 0, NULL, NULL, "odd");
    tw_diags_json(&d, &out);
    tw_text_add(&out, "", 1);
    assert_string_equal(out.p,
        "[{\"file\":\"f.yaml\",\"line\":3,\"column\":5,\"severity\":\"error\","
        "\"message\":\"\\\"key\\\" is wrong\",\"hint\":\"did you mean \\\"kay\\\"?\"},"
        "{\"file\":\"g\",\"line\":0,\"column\":0,\"severity\":\"warning\",\"message\":\"odd\","
        "\"hint\":null}]\n");
    assert_int_equal(d.errors, 1);
    tw_text_free(&out);
    tw_diags_fini(&d);
}

static void messages_come_in_order_and_once(void **state)
{
    static const unsigned lines[] = {5, 2, 9, 2, 5, 1};
    (void)state;
    struct tw_diags d = {0};
    for (size_t i = 0; i < 6; i++)
        tw_diag_add(&d, TW_DIAG_ERROR, "f", lines[i], 1, NULL, NULL, "line %u", lines[i]);
    tw_diags_sort(&d, 0);
    assert_string_equal(said(&d), "1:1 line 1\n2:1 line 2\n5:1 line 5\n9:1 line 9\n");
    assert_int_equal(d.errors, 4);
    tw_diags_fini(&d);
}

static void too_many_are_counted(void **state)
{
    (void)state;
    struct tw_diags d = {0};
    for (unsigned i = 0; i < 1500; i++)
        tw_diag_add(&d, TW_DIAG_ERROR, "f", i + 1, 1, NULL, NULL, "wrong");
    assert_int_equal(d.n, 1000);
    assert_int_equal(d.errors, 1500);
    char *text = printed(&d);
    assert_non_null(
        strstr(text, "only the first 1000 messages are shown; there are 1500 errors\n"));
    free(text);
    tw_diags_fini(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_shows_the_place),
        cmocka_unit_test(long_lines_are_shown_around_the_column),
        cmocka_unit_test(json_holds_the_same),
        cmocka_unit_test(messages_come_in_order_and_once),
        cmocka_unit_test(too_many_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
