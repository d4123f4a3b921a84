#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/scan.h"
#include "base/status.h"
#include "base/str.h"
#include "guard.h"

static void views_compare_by_content(void **state)
{
    (void)state;
    assert_true(tw_str_eq(TW_STR("abc"), tw_str_of("abc")));
    assert_false(tw_str_eq(TW_STR("abc"), TW_STR("abd")));
    assert_false(tw_str_eq(TW_STR("abc"), TW_STR("ab")));
    assert_true(tw_str_eq(TW_STR_NONE, TW_STR("")));
    assert_false(tw_str_is(TW_STR_NONE, ""));
    assert_true(tw_str_is(TW_STR(""), ""));
    assert_null(tw_str_of(NULL).p);
    assert_true(tw_str_starts(TW_STR("abc"), TW_STR("ab")));
    assert_true(tw_str_starts(TW_STR("abc"), TW_STR("")));
    assert_false(tw_str_starts(TW_STR("ab"), TW_STR("abc")));
    assert_true(tw_str_eq_nocase(TW_STR("Basic256SHA256"), TW_STR("bASIC256sha256")));
    assert_false(tw_str_eq_nocase(TW_STR("\xc4"), TW_STR("\xe4"))); /* ASCII only */
    assert_false(tw_str_eq_nocase(TW_STR("["), TW_STR("{")));
    assert_true(tw_str_cmp(TW_STR("a"), TW_STR("b")) < 0);
    assert_true(tw_str_cmp(TW_STR("b"), TW_STR("a")) > 0);
    assert_true(tw_str_cmp(TW_STR("a"), TW_STR("ab")) < 0);
    assert_true(tw_str_cmp(TW_STR("\xff"), TW_STR("a")) > 0);
    assert_int_equal(tw_str_cmp(TW_STR("a"), TW_STR("a")), 0);
}

static void domains(void **state)
{
    static const struct {
        const char *host, *domain;
        bool is_under;
    } rows[] = {
        {"example.com", "example.com", true},
        {"api.example.com", "example.com", true},
        {"API.Example.COM.", "example.com", true},
        {"a.b.example.com", "example.com", true},
        {"myexample.com", "example.com", false},
        {"example.com.evil.net", "example.com", false},
        {"example.com..", "example.com", false},
        {"com", "example.com", false},
        {".example.com", "example.com", true},
        {"", "example.com", false},
        {".", "example.com", false},
        {"example.com", "", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (tw_str_is_under(tw_str_of(rows[i].host), tw_str_of(rows[i].domain)) != rows[i].is_under)
            fail_msg("%s under %s", rows[i].host, rows[i].domain);
    }
    assert_false(tw_str_is_under(TW_STR_NONE, TW_STR("example.com")));
}

static void globs(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "abc", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"a*", "a", true},
        {"a*", "ba", false},
        {"*a", "bca", true},
        {"*a", "ab", false},
        {"a*b*c", "aXXbYYc", true},
        {"a*b*c", "acb", false},
        {"a**c", "ac", true},
        {"ns=2;s=Boiler.*", "ns=2;s=Boiler.Setpoint", true},
        {"ns=2;s=Boiler.*", "ns=2;s=Boiler2.X", false},
        {"*.Setpoint", "ns=2;s=P.Setpoint.Setpoint", true},
        {"ns=2;s=Pumps.P?.Speed", "ns=2;s=Pumps.P1.Speed", true},
        {"ns=2;s=Pumps.P?.Speed", "ns=2;s=Pumps.P12.Speed", false},
        {"a?c*", "abcabc", true},
        {"*ab*ab*ab", "ababab", true},
        {"*ab*ab*ab", "abab", false},
        {"[a]", "[a]", true},
        {"\\*", "\\x", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(
            tw_str_glob(tw_str_of(rows[i].pattern), tw_str_of(rows[i].text)), rows[i].matches);
    /* A pattern of many stars against a long near miss ends. */
    char text[4096];
    memset(text, 'a', sizeof(text));
    assert_false(
        tw_str_glob(TW_STR("*a*a*a*a*a*a*a*a*a*a*b"), (struct tw_str){text, sizeof(text)}));
}

static void copies_are_cut_and_terminated(void **state)
{
    char out[4] = "zzz";
    (void)state;
    assert_int_equal(tw_str_copy(out, sizeof(out), TW_STR("abcdef")), 3);
    assert_string_equal(out, "abc");
    assert_int_equal(tw_str_copy(out, sizeof(out), TW_STR_NONE), 0);
    assert_string_equal(out, "");
    assert_int_equal(tw_str_copy(out, 0, TW_STR("x")), 0);
    assert_string_equal(out, "");
}

static void utf8(void **state)
{
    static const struct {
        const char *bytes;
        bool valid;
    } rows[] = {
        {"", true},
        {"plain", true},
        {"\xc3\xa9", true},
        {"\xe2\x82\xac", true},
        {"\xf0\x9f\x98\x80", true},
        {"\xf4\x8f\xbf\xbf", true},
        {"\xed\x9f\xbf", true},
        {"\xc0\x80", false},         /* overlong */
        {"\xe0\x9f\xbf", false},     /* overlong */
        {"\xf0\x8f\xbf\xbf", false}, /* overlong */
        {"\xed\xa0\x80", false},     /* a surrogate */
        {"\xf4\x90\x80\x80", false}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80", false},
        {"\x80", false},
        {"a\xff", false},
        {"\xc3", false},
        {"\xe2\x82", false},
        {"\xf0\x9f\x98", false},
        {"\xc3\x28", false},
        {"\xe2\x28\xac", false},
    };
    struct guard g = guard_new();
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = strlen(rows[i].bytes);
        struct tw_str s = tw_str_bytes(guard_put(&g, rows[i].bytes, n), n);
        assert_int_equal(tw_utf8_valid(s), rows[i].valid);
    }
    guard_free(&g);
}

static void cuts_keep_characters_whole(void **state)
{
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"; /* 1 + 2 + 3 + 4 + 1 */
    static const size_t lengths[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    (void)state;
    for (size_t max = 0; max < sizeof(lengths) / sizeof(lengths[0]); max++)
        assert_int_equal(tw_utf8_cut(TW_STR(text), max).len, lengths[max]);
    /* What is no UTF-8 is cut where it is asked to be. */
    assert_int_equal(tw_utf8_cut(TW_STR("\x80\x80\x80\x80\x80\x80\x80\x80"), 6).len, 6);
}

static void distances(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned limit, distance;
    } rows[] = {
        {"", "", 3, 0},
        {"abc", "abc", 3, 0},
        {"abc", "abd", 3, 1},
        {"abc", "ab", 3, 1},
        {"abc", "acb", 3, 1},
        {"", "abc", 3, 3},
        {"kitten", "sitting", 3, 3},
        {"kitten", "sitting", 2, 3},
        {"write", "wriet", 2, 1},
        {"abcdefgh", "x", 2, 3},
        {"actoin", "action", 2, 1},
        {"variable", "varaible", 2, 1},
        {"abc", "xyz", 2, 3},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_str a = tw_str_of(rows[i].a), b = tw_str_of(rows[i].b);
        assert_int_equal(tw_str_distance(a, b, rows[i].limit), rows[i].distance);
        assert_int_equal(tw_str_distance(b, a, rows[i].limit), rows[i].distance);
    }
    char text[600];
    memset(text, 'a', sizeof(text));
    assert_int_equal(tw_str_distance((struct tw_str){text, 600}, (struct tw_str){text, 500}, 4), 0);
}

static void scans_to_the_end_of_a_plain_run(void **state)
{
    struct guard g = guard_new();
    char text[40];
    (void)state;
    for (size_t len = 0; len <= sizeof(text); len++) {
        for (size_t at = 0; at <= len; at++) {
            static const char stops[] = {'"', '\\', '\n', '\0', 0x1f};
            for (size_t k = 0; k < sizeof(stops); k++) {
                memset(text, 'x', sizeof(text));
                if (at < len)
                    text[at] = stops[k];
                struct tw_str s = tw_str_bytes(guard_put(&g, text, len), len);
                bool high = false;
                assert_int_equal(tw_scan_json_string(s, 0, &high), at);
                assert_false(high);
            }
        }
        for (size_t at = 0; at < len; at++) {
            memset(text, 'x', sizeof(text));
            text[at] = (char)0xc3;
            bool high = false;
            struct tw_str s = tw_str_bytes(guard_put(&g, text, len), len);
            assert_int_equal(tw_scan_json_string(s, 0, &high), len);
            assert_true(high);
            high = false;
            assert_int_equal(tw_scan_json_string(s, at + 1, &high), len);
            assert_false(high);
        }
    }
    guard_free(&g);
}

/* Every byte at every place of names of every length. */
static void a_name_is_plain_when_every_byte_is(void **state)
{
    struct guard g = guard_new();
    char text[25];
    (void)state;
    for (size_t len = 0; len <= sizeof(text); len++) {
        memset(text, '~', sizeof(text));
        assert_true(tw_scan_is_plain_name(tw_str_bytes(guard_put(&g, text, len), len)));
        for (size_t at = 0; at < len; at++) {
            for (unsigned c = 0; c < 256; c++) {
                memset(text, c % 2 == 0 ? '~' : ' ', sizeof(text));
                text[at] = (char)c;
                const bool plain = c >= 0x20 && c < 0x7f && c != '+' && c != '#';
                const struct tw_str s = tw_str_bytes(guard_put(&g, text, len), len);
                if (tw_scan_is_plain_name(s) != plain)
                    fail_msg("byte %u at %zu of %zu", c, at, len);
            }
        }
    }
    guard_free(&g);
}

static void a_byte_is_marked_wherever_it_stands(void **state)
{
    static const uint64_t words[] = {0, UINT64_MAX, 0x2f2f2f2f2f2f2f2fu, 0x2e302faf00ff2f30u,
        0x8000000000000001u, 0x2f00000000000000u, 0x000000000000002fu};
    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        uint64_t marks = 0;
        for (unsigned byte = 0; byte < 8; byte++)
            marks |= (words[i] >> 8 * byte & 0xff) == '/' ? UINT64_C(0x80) << 8 * byte : 0;
        assert_int_equal(tw_scan_each(words[i], '/'), marks);
    }
}

static void every_status_has_its_words(void **state)
{
    (void)state;
    assert_string_equal(tw_status_text(TW_OK), "ok");
    assert_string_equal(tw_status_text(TW_NO_MEMORY), "out of memory");
    assert_string_equal(tw_status_text(TW_AGAIN), "nothing now");
    assert_string_equal(tw_status_text((enum tw_status)99), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare_by_content),
        cmocka_unit_test(domains),
        cmocka_unit_test(globs),
        cmocka_unit_test(copies_are_cut_and_terminated),
        cmocka_unit_test(utf8),
        cmocka_unit_test(cuts_keep_characters_whole),
        cmocka_unit_test(distances),
        cmocka_unit_test(scans_to_the_end_of_a_plain_run),
        cmocka_unit_test(a_name_is_plain_when_every_byte_is),
        cmocka_unit_test(a_byte_is_marked_wherever_it_stands),
        cmocka_unit_test(every_status_has_its_words),
    };
    return cmocka_run_group_tests_name("base/str", tests, NULL, NULL);
}
