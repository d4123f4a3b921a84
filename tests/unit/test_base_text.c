#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/text.h"

#define EXPECT(t, literal)                                                                         \
    do {                                                                                           \
        tw_text_add((t), "", 1);                                                                   \
        assert_string_equal((t)->p, (literal));                                                    \
        tw_text_clear(t);                                                                          \
    } while (0)

static void text_grows(void **state)
{
    struct tw_text t = {0};
    (void)state;
    assert_int_equal(tw_text_str(&t).len, 0);
    assert_non_null(tw_text_str(&t).p);
    for (int i = 0; i < 3000; i++)
        tw_text_addf(&t, "%d,", i % 10);
    assert_int_equal(t.len, 6000);
    assert_memory_equal(t.p + 5998, "9,", 2);
    tw_text_add(&t, NULL, 0);
    assert_false(t.failed);
    tw_text_clear(&t);
    tw_text_addz(&t, "a");
    tw_text_add_str(&t, TW_STR("bc"));
    tw_text_add_str(&t, TW_STR_NONE);
    EXPECT(&t, "abc");
    tw_text_free(&t);
    assert_null(t.p);
}

static void commas_come_by_themselves(void **state)
{
    struct tw_text t = {0};
    (void)state;
    tw_json_object(&t);
    tw_json_key(&t, "a");
    tw_json_array(&t);
    tw_json_i64(&t, 1);
    tw_json_array(&t);
    tw_json_array_end(&t);
    tw_json_object(&t);
    tw_json_object_end(&t);
    tw_json_z(&t, "{");
    tw_json_z(&t, "[:,");
    tw_json_null(&t);
    tw_json_array_end(&t);
    tw_json_key(&t, "b");
    tw_json_object(&t);
    tw_json_object_end(&t);
    tw_json_key(&t, "c");
    tw_json_bool(&t, true);
    tw_json_key(&t, "d");
    tw_json_raw(&t, TW_STR("{\"x\":1}"));
    tw_json_key(&t, "e");
    tw_json_u64(&t, UINT64_MAX);
    tw_json_object_end(&t);
    tw_text_addz(&t, "\n");
    tw_json_bool(&t, false); /* a new line begins anew */
    EXPECT(&t, "{\"a\":[1,[],{},\"{\",\"[:,\",null],\"b\":{},\"c\":true,\"d\":{\"x\":1},"
               "\"e\":18446744073709551615}\nfalse");
    tw_text_free(&t);
}

static void strings_are_escaped(void **state)
{
    const struct {
        struct tw_str s;
        const char *json;
    } rows[] = {
        {TW_STR(""), "\"\""},
        {TW_STR("plain / text"), "\"plain / text\""},
        {TW_STR("q\"b\\s"), "\"q\\\"b\\\\s\""},
        {TW_STR("\n\r\t"), "\"\\n\\r\\t\""},
        {TW_STR("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\\u007f\""},
        {TW_STR("\b\f\x1b[2J"), "\"\\u0008\\u000c\\u001b[2J\""},
        {TW_STR("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
            "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""},
        {TW_STR("a\xff"
                "b"),
            "\"a\xef\xbf\xbd"
            "b\""},
        {TW_STR("\xc3"), "\"\xef\xbf\xbd\""},
        {TW_STR("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {TW_STR("\xe2\x82\"x"), "\"\xef\xbf\xbd\xef\xbf\xbd\\\"x\""},
        {TW_STR_NONE, "null"},
    };
    struct tw_text t = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tw_json_str(&t, rows[i].s);
        EXPECT(&t, rows[i].json);
    }
    tw_json_z(&t, NULL);
    EXPECT(&t, "null");
    tw_text_free(&t);
}

static void a_view_is_not_read_past_its_end(void **state)
{
    struct tw_text t = {0};
    static const char euro[] = "\xe2\x82\xac";
    (void)state;
    tw_json_str(&t, (struct tw_str){euro, 2});
    EXPECT(&t, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    tw_text_free(&t);
}

static void numbers(void **state)
{
    struct tw_text t = {0};
    (void)state;
    tw_json_array(&t);
    tw_json_double(&t, 0.1);
    tw_json_double(&t, NAN);
    tw_json_double(&t, INFINITY);
    tw_json_double(&t, -INFINITY);
    tw_json_float(&t, 20.14f);
    tw_json_float(&t, NAN);
    tw_json_float(&t, -INFINITY);
    tw_json_i64(&t, INT64_MIN);
    tw_json_array_end(&t);
    EXPECT(&t, "[0.1,\"NaN\",\"Infinity\",\"-Infinity\",20.14,\"NaN\",\"-Infinity\",-"
               "9223372036854775808]");
    tw_text_free(&t);
}

static void bytes_and_times(void **state)
{
    static const struct {
        const char *bytes, *base64;
    } rows[] = {{"", "\"\""}, {"f", "\"Zg==\""}, {"fo", "\"Zm8=\""}, {"foo", "\"Zm9v\""},
        {"foob", "\"Zm9vYg==\""}, {"\xff\xfe\xfd", "\"//79\""}, {"\xfb\xef\xbe", "\"++++\""}};
    static const uint8_t digest[] = {0x00, 0x9f, 0xf0};
    struct tw_text t = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tw_json_base64(&t, rows[i].bytes, strlen(rows[i].bytes));
        EXPECT(&t, rows[i].base64);
    }
    tw_json_hex(&t, digest, sizeof(digest));
    EXPECT(&t, "\"009ff0\"");
    tw_json_time(&t, INT64_C(1772352001123456789), false);
    tw_json_time(&t, INT64_C(1772352001123456789), true);
    EXPECT(&t, "\"2026-03-01T08:00:01.123456Z\",\"2026-03-01T08:00:01.123456789Z\"");
    /* The second written last is remembered: others must not take it for theirs. */
    tw_json_time(&t, INT64_C(1772352001999999999), false);
    tw_json_time(&t, INT64_C(1772352002000000000), false);
    tw_json_time(&t, -1, false);
    tw_json_time(&t, 0, true);
    tw_json_time(&t, -999999999, false);
    tw_json_time(&t, 999, true);
    EXPECT(&t, "\"2026-03-01T08:00:01.999999Z\",\"2026-03-01T08:00:02.000000Z\","
               "\"1969-12-31T23:59:59.999999Z\",\"1970-01-01T00:00:00.000000000Z\","
               "\"1969-12-31T23:59:59.000000Z\",\"1970-01-01T00:00:00.000000999Z\"");
    tw_text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_grows),
        cmocka_unit_test(commas_come_by_themselves),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(a_view_is_not_read_past_its_end),
        cmocka_unit_test(numbers),
        cmocka_unit_test(bytes_and_times),
    };
    return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
