#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect/lexer.h"

static const struct {
    const char *text;
    enum tw_token_kind kind;
    const char *token;
    double number;
} single[] = {
    {"actor.id", TW_TOKEN_WORD, "actor.id", 0},
    {"  ai-optimizer ", TW_TOKEN_WORD, "ai-optimizer", 0},
    {"ns:2", TW_TOKEN_WORD, "ns:2", 0},
    {"10.10.0.32", TW_TOKEN_WORD, "10.10.0.32", 0},
    {"10.0.0.0/8", TW_TOKEN_WORD, "10.0.0.0/8", 0},
    {"fd00:10::/64", TW_TOKEN_WORD, "fd00:10::/64", 0},
    {"::1", TW_TOKEN_WORD, "::1", 0},
    {"T2", TW_TOKEN_WORD, "T2", 0},
    {"急停", TW_TOKEN_WORD, "急停", 0},
    {"93.5", TW_TOKEN_NUMBER, "93.5", 93.5},
    {"-4", TW_TOKEN_NUMBER, "-4", -4},
    {"1e3", TW_TOKEN_NUMBER, "1e3", 1000},
    {"5.0", TW_TOKEN_NUMBER, "5.0", 5},
    {"60s", TW_TOKEN_NUMBER, "60s", 60},
    {"250ms", TW_TOKEN_NUMBER, "250ms", 0.25},
    {"10m", TW_TOKEN_NUMBER, "10m", 600},
    {"2h", TW_TOKEN_NUMBER, "2h", 7200},
    {"512KiB", TW_TOKEN_NUMBER, "512KiB", 524288},
    {"1MiB", TW_TOKEN_NUMBER, "1MiB", 1048576},
    {"30%", TW_TOKEN_NUMBER, "30%", 0.3},
    {"12abc", TW_TOKEN_WORD, "12abc", 0},
    {"\"a b\"", TW_TOKEN_TEXT, "a b", 0},
    {"'a \"b\"'", TW_TOKEN_TEXT, "a \"b\"", 0},
    {"\"\"", TW_TOKEN_TEXT, "", 0},
    {"@safe-words", TW_TOKEN_LIST, "safe-words", 0},
    {"(", TW_TOKEN_OPEN, "(", 0},
    {")", TW_TOKEN_CLOSE, ")", 0},
    {"[", TW_TOKEN_SQUARE_OPEN, "[", 0},
    {"]", TW_TOKEN_SQUARE_CLOSE, "]", 0},
    {",", TW_TOKEN_COMMA, ",", 0},
    {"*", TW_TOKEN_STAR, "*", 0},
    {"=", TW_TOKEN_EQ, "=", 0},
    {"!=", TW_TOKEN_NE, "!=", 0},
    {"<", TW_TOKEN_LT, "<", 0},
    {"<=", TW_TOKEN_LE, "<=", 0},
    {">", TW_TOKEN_GT, ">", 0},
    {">=", TW_TOKEN_GE, ">=", 0},
    {"", TW_TOKEN_END, "", 0},
    {" \n\t ", TW_TOKEN_END, "", 0},
    {"==", TW_TOKEN_ERROR, "", 0},
    {"&&", TW_TOKEN_ERROR, "", 0},
    {"||", TW_TOKEN_ERROR, "", 0},
    {"!", TW_TOKEN_ERROR, "", 0},
    {"@ x", TW_TOKEN_ERROR, "", 0},
    {"\"never closed", TW_TOKEN_ERROR, "", 0},
    {"\"ends in \\", TW_TOKEN_ERROR, "", 0},
    {"'", TW_TOKEN_ERROR, "", 0},
    {"{", TW_TOKEN_ERROR, "", 0},
};

static void one_token(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
        struct tw_lexer l = {.text = tw_str_of(single[i].text)};
        struct tw_token t = tw_lexer_next(&l);
        assert_int_equal(single[i].kind, t.kind);
        if (t.kind == TW_TOKEN_ERROR) {
            assert_non_null(t.error);
            continue;
        }
        assert_int_equal(strlen(single[i].token), t.text.len);
        assert_memory_equal(single[i].token, t.text.len ? t.text.p : "", t.text.len);
        assert_true(t.number == single[i].number);
        assert_int_equal(TW_TOKEN_END, tw_lexer_next(&l).kind);
    }
}

static void offsets_count_bytes(void **state)
{
    static const struct {
        enum tw_token_kind kind;
        size_t offset;
    } wanted[] = {{TW_TOKEN_WORD, 0}, {TW_TOKEN_GE, 6}, {TW_TOKEN_NUMBER, 9}, {TW_TOKEN_WORD, 13},
        {TW_TOKEN_OPEN, 16}, {TW_TOKEN_LIST, 17}, {TW_TOKEN_COMMA, 19}, {TW_TOKEN_TEXT, 21},
        {TW_TOKEN_CLOSE, 24}, {TW_TOKEN_END, 25}};
    struct tw_lexer l = {.text = TW_STR("value >= 60s and(@a, 'b')")};
    (void)state;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct tw_token t = tw_lexer_next(&l);
        assert_int_equal(wanted[i].kind, t.kind);
        assert_int_equal(wanted[i].offset, t.offset);
    }
}

static void escapes(void **state)
{
    struct tw_lexer l = {.text = TW_STR("\"a\\\"b\\\\c\\n\\t\\x\" 'a\\b'")};
    char out[32];
    (void)state;
    struct tw_token t = tw_lexer_next(&l);
    assert_true(t.escaped);
    size_t n = tw_lexer_unescape(&t, out);
    assert_int_equal(8, n);
    assert_memory_equal("a\"b\\c\n\tx", out, n);
    t = tw_lexer_next(&l);
    assert_false(t.escaped);
    n = tw_lexer_unescape(&t, out);
    assert_memory_equal("a\\b", out, n);
}

/* A text that ends anywhere gives tokens and then an end or an error, and stays inside its bytes.
 */
static void every_truncation(void **state)
{
    static const char whole[] =
        "not (action in (write, @l) or value outside [-1.5, 2e3]) and x != \"\\\"q\" %";
    (void)state;
    for (size_t len = 0; len < sizeof(whole); len++) {
        char *bytes = test_malloc(len + 1);
        memcpy(bytes, whole, len);
        struct tw_lexer l = {.text = {bytes, len}};
        for (size_t n = 0;; n++) {
            assert_true(n <= len);
            struct tw_token t = tw_lexer_next(&l);
            if (t.kind == TW_TOKEN_END || t.kind == TW_TOKEN_ERROR)
                break;
        }
        assert_true(l.at <= len);
        test_free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_token),
        cmocka_unit_test(offsets_count_bytes),
        cmocka_unit_test(escapes),
        cmocka_unit_test(every_truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
