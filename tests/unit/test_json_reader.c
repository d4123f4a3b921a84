#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "guard.h"
#include "protocol/json.h"

/* The tokens of `text` as one line; ends with "." for a whole text, "!" for an error, "^" for too
 * deep. */
static void describe(struct tw_str text, struct tw_text *out)
{
    struct tw_json r;
    tw_json_init(&r, text);
    tw_text_clear(out);
    for (;;) {
        struct tw_json_token t;
        tw_json_next(&r, &t);
        char s[256];
        bool cut;
        switch (t.kind) {
        case TW_JSON_ERROR:
            tw_text_add(out, "!", 2);
            return;
        case TW_JSON_END:
            tw_text_add(out, ".", 2);
            return;
        case TW_JSON_TOO_DEEP:
            tw_text_add(out, "^", 2);
            return;
        case TW_JSON_OBJECT:
            tw_text_addz(out, "{ ");
            break;
        case TW_JSON_OBJECT_END:
            tw_text_addz(out, "} ");
            break;
        case TW_JSON_ARRAY:
            tw_text_addz(out, "[ ");
            break;
        case TW_JSON_ARRAY_END:
            tw_text_addz(out, "] ");
            break;
        case TW_JSON_KEY:
        case TW_JSON_STRING:
            tw_text_add(out, s, tw_json_unescape(t.text, s, sizeof(s), &cut));
            tw_text_addz(out, t.kind == TW_JSON_KEY ? ": " : "' ");
            break;
        case TW_JSON_INT:
            tw_text_addf(out, "%lld ", (long long)t.i);
            break;
        case TW_JSON_UINT:
            tw_text_addf(out, "%lluu ", (unsigned long long)t.u);
            break;
        case TW_JSON_DOUBLE:
            tw_text_addf(out, "%.17g ", t.d);
            break;
        case TW_JSON_BOOL:
            tw_text_addz(out, t.b ? "true " : "false ");
            break;
        case TW_JSON_NULL:
            tw_text_addz(out, "null ");
            break;
        }
    }
}

static const struct {
    const char *text, *tokens;
} rows[] = {
    {"{}", "{ } ."},
    {"[]", "[ ] ."},
    {" [ ] ", "[ ] ."},
    {"{\"a\":1,\"b\":[true,false,null]}", "{ a: 1 b: [ true false null ] } ."},
    {"\r\n{\t\"a\" : { } , \"b\" : [ [ ] ] }\n", "{ a: { } b: [ [ ] ] } ."},
    {"\"x\"", "x' ."},
    {"\"\"", "' ."},
    {"\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\t\"", "a\"b\\c/d\b\f\n\r\t' ."},
    {"\"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80' ."},
    {"\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80' ."},
    {"\"\\ude00x\\ud83d\"", "\xef\xbf\xbdx\xef\xbf\xbd' ."},
    {"\"gr\xc3\xbc\xc3\x9f\x65 aus dem Werk\"", "gr\xc3\xbc\xc3\x9f\x65 aus dem Werk' ."},
    /* numbers */
    {"0", "0 ."},
    {"-0", "0 ."},
    {"7", "7 ."},
    {"-12", "-12 ."},
    {"9223372036854775807", "9223372036854775807 ."},
    {"-9223372036854775808", "-9223372036854775808 ."},
    {"9223372036854775808", "9223372036854775808u ."},
    {"18446744073709551615", "18446744073709551615u ."},
    {"18446744073709551616", "1.8446744073709552e+19 ."},
    {"-9223372036854775809", "-9.2233720368547758e+18 ."},
    {"18446744073709551616", "1.8446744073709552e+19 ."},
    {"21.5", "21.5 ."},
    {"1.0", "1 ."},
    {"0.1", "0.10000000000000001 ."},
    {"-0.000001", "-9.9999999999999995e-07 ."},
    {"1e3", "1000 ."},
    {"1E+3", "1000 ."},
    {"125e-2", "1.25 ."},
    {"1e22", "1e+22 ."},
    {"1e23", "9.9999999999999992e+22 ."},
    {"123456789.123456789", "123456789.12345679 ."},
    {"0.30000000000000004", "0.30000000000000004 ."},
    {"179769313486231570000000000000e279", "1.7976931348623157e+308 ."},
    {"5e-324", "4.9406564584124654e-324 ."},
    {"1e400", "inf ."},
    {"1e-400", "0 ."},
    {"1e99999999999", "inf ."},
    {"[NaN,Infinity,-Infinity]", "[ nan inf -inf ] ."},
    /* wrong */
    {"", "!"},
    {" ", "!"},
    {"NaN", "!"},
    {"-Infinity", "!"},
    {"{", "{ !"},
    {"[", "[ !"},
    {"]", "!"},
    {"[}", "[ !"},
    {"{]", "{ !"},
    {"[1", "[ 1 !"},
    {"[1,]", "[ 1 !"},
    {"[,1]", "[ !"},
    {"[1 2]", "[ 1 !"},
    {"{\"a\"}", "{ !"},
    {"{\"a\":}", "{ a: !"},
    {"{\"a\":1,}", "{ a: 1 !"},
    {"{a:1}", "{ !"},
    {"{1:1}", "{ !"},
    {"{\"a\":1}}", "{ a: 1 } !"},
    {"1 2", "1 !"},
    {"01", "!"},
    {"-", "!"},
    {"1.", "!"},
    {".5", "!"},
    {"1e", "!"},
    {"1e+", "!"},
    {"+1", "!"},
    {"0x10", "0 !"},
    {"tru", "!"},
    {"truex", "true !"},
    {"\"x", "!"},
    {"\"\\", "!"},
    {"\"\\x\"", "!"},
    {"\"\\u12\"", "!"},
    {"\"\\u12g4\"", "!"},
    {"\"a\nb\"", "!"},
    {"\"\xc3\x28\"", "!"},
    {"'x'", "!"},
};

static void reads_tokens(void **state)
{
    struct guard g = guard_new();
    struct tw_text out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = strlen(rows[i].text);
        describe(tw_str_bytes(guard_put(&g, rows[i].text, n), n), &out);
        assert_string_equal(out.p, rows[i].tokens);
    }
    tw_text_free(&out);
    guard_free(&g);
}

/* A beginning of a valid container is never a whole text, and nothing is read behind it. */
static void stops_at_every_truncation(void **state)
{
    struct guard g = guard_new();
    struct tw_text out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct tw_str whole = tw_str_of(rows[i].text);
        bool valid = strchr(rows[i].tokens, '.') != NULL;
        bool container = whole.len > 1 && (whole.p[0] == '{' || whole.p[0] == '[');
        for (size_t keep = 0; keep < whole.len; keep++) {
            describe(tw_str_bytes(guard_put(&g, whole.p, keep), keep), &out);
            if (valid && container)
                assert_int_equal(out.p[out.len - 2], '!');
        }
    }
    tw_text_free(&out);
    guard_free(&g);
}

static void goes_so_deep_and_no_deeper(void **state)
{
    char text[2 * (TW_MAX_JSON_DEPTH + 1)];
    struct tw_text out = {0};
    (void)state;
    for (unsigned depth = TW_MAX_JSON_DEPTH; depth <= TW_MAX_JSON_DEPTH + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        describe((struct tw_str){text, 2 * (size_t)depth}, &out);
        assert_int_equal(out.p[out.len - 2], depth > TW_MAX_JSON_DEPTH ? '^' : '.');
    }
    tw_text_free(&out);
}

/* Strings of every length around the eight bytes that are looked at together. */
static void finds_the_end_of_strings(void **state)
{
    struct guard g = guard_new();
    struct tw_text out = {0};
    char text[64];
    (void)state;
    for (size_t len = 0; len < 40; len++) {
        for (size_t bad = 0; bad <= len; bad++) {
            memset(text, 'y', sizeof(text));
            text[0] = text[len + 1] = '"';
            if (bad < len)
                text[1 + bad] = '\x1f';
            describe(tw_str_bytes(guard_put(&g, text, len + 2), len + 2), &out);
            assert_int_equal(out.p[out.len - 2], bad < len ? '!' : '.');
            if (bad == len)
                assert_int_equal(out.len, len + 4);
        }
    }
    tw_text_free(&out);
    guard_free(&g);
}

static void unescaping_cuts_between_characters(void **state)
{
    const struct tw_str text = TW_STR("ab\\u20acd\xc3\xbc\\n");
    static const size_t lengths[] = {0, 1, 2, 2, 2, 5, 6, 6, 8, 9, 9};
    (void)state;
    for (size_t size = 0; size < sizeof(lengths) / sizeof(lengths[0]); size++) {
        char out[16];
        bool cut;
        size_t n = tw_json_unescape(text, out, size, &cut);
        assert_int_equal(n, lengths[size]);
        assert_int_equal(cut, size < 9);
        assert_memory_equal(out, "ab\xe2\x82\xac\x64\xc3\xbc\n", n);
    }
}

/* So many digits before the point and behind it, in front of this. */
static void number_reads(struct guard *g, int whole, int part, const char *behind)
{
    static const char digits[] = "91827364554637281900";
    char text[64];
    struct tw_json r;
    struct tw_json_token t;
    for (int minus = 0; minus < 2; minus++) {
        const int n = snprintf(text, sizeof(text), "[%s%.*s%s%.*s", minus ? "-" : "", whole, digits,
            part > 0 ? "." : "", part, digits);
        const size_t len =
            (size_t)n + (size_t)snprintf(text + n, sizeof(text) - (size_t)n, "%s", behind);
        tw_json_init(&r, tw_str_bytes(guard_put(g, text, len), len));
        (void)tw_json_next(&r, &t);
        const enum tw_json_kind kind = tw_json_next(&r, &t);
        if (part == 0 && behind[0] != 'e') {
            assert_int_equal(kind, TW_JSON_INT);
            assert_int_equal(t.i, strtoll(text + 1, NULL, 10));
        } else {
            assert_int_equal(kind, TW_JSON_DOUBLE);
            assert_true(t.d == strtod(text + 1, NULL));
        }
        assert_int_equal(r.at, behind[0] == 'e' ? (size_t)n + 2 : (size_t)n);
    }
}

static void numbers_of_every_length(void **state)
{
    static const char *const behind[] = {"", "]", " ", "e2", ",1234567", ",\"a string\"]"};
    struct guard g = guard_new();
    (void)state;
    for (int whole = 1; whole <= 18; whole++)
        for (int part = 0; part <= 20; part++)
            for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++)
                number_reads(&g, whole, part, behind[i]);
    guard_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_tokens),
        cmocka_unit_test(numbers_of_every_length),
        cmocka_unit_test(stops_at_every_truncation),
        cmocka_unit_test(goes_so_deep_and_no_deeper),
        cmocka_unit_test(finds_the_end_of_strings),
        cmocka_unit_test(unescaping_cuts_between_characters),
    };
    return cmocka_run_group_tests_name("json/reader", tests, NULL, NULL);
}
