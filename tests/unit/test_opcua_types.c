#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"
#include "protocol/opcua/types.h"

#define BYTES(literal) (literal), sizeof(literal) - 1

static uint8_t memory[1 << 16] __attribute__((aligned(16)));

static void node_ids_become_text(void **state)
{
    static const struct {
        const char *wire;
        size_t len;
        const char *text;
    } rows[] = {
        {BYTES("\0\x55"), "i=85"},
        {BYTES("\1\0\xd2\x08"), "i=2258"},
        {BYTES("\1\7\1\0"), "ns=7;i=1"},
        {BYTES("\2\0\0\x55\0\0\0"), "i=85"},
        {BYTES("\2\x0f\x27\xff\xff\xff\xff"), "ns=9999;i=4294967295"},
        {BYTES("\3\2\0\x0f\0\0\0Boiler.Setpoint"), "ns=2;s=Boiler.Setpoint"},
        {BYTES("\3\0\0\xff\xff\xff\xff"), "s="},
        {BYTES("\4\3\0\x91\x2b\x96\x72\x75\xfa\xe6\x4a\x8d\x28\xb4\x04\xdc\x7d\xaf\x63"),
            "ns=3;g=72962B91-FA75-4AE6-8D28-B404DC7DAF63"},
        {BYTES("\5\4\0\2\0\0\0\1\2"), "ns=4;b=AQI="},
        {BYTES("\5\4\0\3\0\0\0\xff\xfe\xfd"), "ns=4;b=//79"},
    };
    struct guard g = guard_new();
    struct tw_arena a;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_opcua_node node;
        for (size_t cut = 0; cut < rows[i].len; cut++) {
            struct tw_cur c = tw_cur_of(guard_put(&g, rows[i].wire, cut), cut);
            assert_false(tw_opcua_node(&c, &node));
            assert_int_equal(c.left, cut);
        }
        struct tw_cur c = tw_cur_of(guard_put(&g, rows[i].wire, rows[i].len), rows[i].len);
        tw_arena_init(&a, memory, sizeof(memory));
        assert_true(tw_opcua_node(&c, &node));
        assert_int_equal(c.left, 0);
        assert_true(tw_str_is(tw_opcua_node_text(&a, &node), rows[i].text));
    }
    guard_free(&g);
}

static void expanded_node_ids_carry_more(void **state)
{
    static const struct {
        const char *wire;
        size_t len;
        const char *text;
    } rows[] = {
        {BYTES("\1\0\x55\0"), "i=85"},
        {BYTES("\x81\0\x55\0\3\0\0\0urn"), "nsu=urn;i=85"},
        {BYTES("\x81\0\x55\0\5\0\0\0u;%;i"), "nsu=u%3B%25%3Bi;i=85"},
        {BYTES("\x41\2\x55\0\5\0\0\0"), "svr=5;ns=2;i=85"},
        {BYTES("\xc3\0\0\1\0\0\0x\1\0\0\0u\1\0\0\0"), "svr=1;nsu=u;s=x"},
    };
    struct tw_arena a;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_opcua_node node;
        for (size_t cut = 0; cut < rows[i].len; cut++) {
            struct tw_cur c = tw_cur_of(rows[i].wire, cut);
            assert_false(tw_opcua_expanded_node(&c, &node));
        }
        struct tw_cur c = tw_cur_of(rows[i].wire, rows[i].len);
        tw_arena_init(&a, memory, sizeof(memory));
        assert_true(tw_opcua_expanded_node(&c, &node));
        assert_true(tw_str_is(tw_opcua_node_text(&a, &node), rows[i].text));
    }
    /* The flags are no part of a plain NodeId. */
    struct tw_opcua_node node;
    struct tw_cur c = tw_cur_of("\x81\0\x55\0\3\0\0\0urn", 11);
    assert_false(tw_opcua_node(&c, &node));
    c = tw_cur_of("\6\0\0\0\0\0\0", 7);
    assert_false(tw_opcua_node(&c, &node));
}

static void equal_node_ids_have_one_digest(void **state)
{
    struct tw_opcua_node a, b;
    struct tw_cur c = tw_cur_of("\0\x55\2\0\0\x55\0\0\0", 9);
    (void)state;
    assert_true(tw_opcua_node(&c, &a) && tw_opcua_node(&c, &b));
    assert_true(tw_opcua_node_digest(&a) == tw_opcua_node_digest(&b));
    assert_true(tw_opcua_node_digest(&a) != 0);
    assert_true(tw_opcua_node_is(&a, 85) && tw_opcua_node_is(&b, 85));
    c = tw_cur_of("\0\0\1\1\0\0", 6);
    assert_true(tw_opcua_node(&c, &a) && tw_opcua_node(&c, &b));
    assert_true(tw_opcua_node_digest(&a) == 0);
    assert_true(tw_opcua_node_digest(&b) != 0);
}

static void long_identifiers_are_cut_between_characters(void **state)
{
    struct tw_arena a;
    static char long_id[8000];
    (void)state;
    for (size_t i = 0; i < sizeof(long_id); i += 2)
        memcpy(long_id + i, "\xc3\xa4", 2);
    tw_arena_init(&a, memory, sizeof(memory));
    struct tw_opcua_node node = {.kind = 's', .ns = 1, .text = {long_id, sizeof(long_id)}};
    struct tw_str text = tw_opcua_node_text(&a, &node);
    assert_int_equal(text.len, 7 + 4096);
    assert_true(tw_utf8_valid(text));
    tw_arena_init(&a, memory, 32);
    assert_null(tw_opcua_node_text(&a, &node).p);
}

static void times_become_text(void **state)
{
    static const struct {
        int64_t ticks;
        const char *text;
        int64_t ns;
    } rows[] = {
        {0, "1601-01-01T00:00:00.000000Z", 0},
        {INT64_MAX, "9999-12-31T23:59:59Z", 0},
        {-1, "1601-01-01T00:00:00.000000Z", INT64_MIN},
        {INT64_C(116444736000000000), "1970-01-01T00:00:00.000000Z", 0},
        {INT64_C(134168256012345670), "2026-03-01T08:00:01.234567Z", INT64_C(1772352001234567000)},
        {INT64_C(134168256012345678), "2026-03-01T08:00:01.234567800Z",
            INT64_C(1772352001234567800)},
        {INT64_C(2650467743990000000), "9999-12-31T23:59:59.000000Z", INT64_MAX},
        {INT64_C(2650467744000000000), "9999-12-31T23:59:59Z", INT64_MAX},
        {INT64_C(94353985170000000), "1899-12-31T00:01:57.000000Z", INT64_C(-2209075083000000000)},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[TW_OPCUA_TIME_TEXT];
        size_t len = tw_opcua_time_text(text, rows[i].ticks);
        assert_true(tw_str_is((struct tw_str){text, len}, rows[i].text));
        assert_true(tw_opcua_time_ns(rows[i].ticks) == rows[i].ns);
    }
}

static void strings_names_and_texts(void **state)
{
    struct tw_cur c = tw_cur_of("\xff\xff\xff\xff\0\0\0\0\2\0\0\0ab", 14);
    struct tw_str s;
    struct tw_arena a;
    (void)state;
    assert_true(tw_opcua_string(&c, &s) && s.p == NULL);
    assert_true(tw_opcua_string(&c, &s) && s.p != NULL && s.len == 0);
    assert_true(tw_opcua_string(&c, &s) && tw_str_is(s, "ab"));
    c = tw_cur_of("\xfe\xff\xff\xff", 4);
    assert_false(tw_opcua_string(&c, &s));
    c = tw_cur_of("\3\0\0\0ab", 6);
    assert_false(tw_opcua_string(&c, &s));
    assert_int_equal(c.left, 6);

    struct tw_opcua_name name;
    tw_arena_init(&a, memory, sizeof(memory));
    c = tw_cur_of("\1\0\1\0\0\0A\0\0\1\0\0\0B", 14);
    assert_true(tw_opcua_qualified_name(&c, &name));
    assert_true(tw_str_is(tw_opcua_name_text(&a, &name), "1:A"));
    assert_true(tw_opcua_qualified_name(&c, &name));
    assert_true(tw_str_is(tw_opcua_name_text(&a, &name), "B"));

    struct tw_str locale, text;
    c = tw_cur_of("\3\2\0\0\0en\1\0\0\0x\0\4", 14);
    assert_true(tw_opcua_localized_text(&c, &locale, &text));
    assert_true(tw_str_is(locale, "en") && tw_str_is(text, "x"));
    assert_true(tw_opcua_localized_text(&c, &locale, &text));
    assert_true(locale.p == NULL && text.p == NULL);
    assert_false(tw_opcua_localized_text(&c, &locale, &text));
}

static void counts_fit_what_is_left(void **state)
{
    uint32_t n = 99;
    struct tw_cur c = tw_cur_of("\2\0\0\0abcd", 8);
    (void)state;
    assert_false(tw_opcua_count(&c, 3, &n));
    assert_int_equal(n, 99);
    assert_true(tw_opcua_count(&c, 2, &n));
    assert_int_equal(n, 2);
    c = tw_cur_of("\xff\xff\xff\xff", 4);
    assert_true(tw_opcua_count(&c, 1, &n));
    assert_int_equal(n, 0);
    c = tw_cur_of("\xfe\xff\xff\xff", 4);
    assert_false(tw_opcua_count(&c, 1, &n));
}

static void extension_objects_end_where_they_say(void **state)
{
    struct tw_opcua_extension e;
    struct tw_cur c = tw_cur_of("\0\x05\1\3\0\0\0abcX", 11);
    (void)state;
    assert_true(tw_opcua_extension(&c, &e));
    assert_true(tw_str_is(tw_cur_rest(&e.body), "abc"));
    assert_int_equal(c.left, 1);
    c = tw_cur_of("\0\x05\0", 3);
    assert_true(tw_opcua_extension(&c, &e) && e.body.left == 0);
    c = tw_cur_of("\0\x05\1\xff\xff\xff\xff", 7);
    assert_true(tw_opcua_extension(&c, &e) && e.body.left == 0);
    c = tw_cur_of("\0\x05\3\0\0\0\0", 7);
    assert_false(tw_opcua_extension(&c, &e));
    c = tw_cur_of("\0\x05\1\4\0\0\0abc", 10);
    assert_false(tw_opcua_extension(&c, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(node_ids_become_text),
        cmocka_unit_test(expanded_node_ids_carry_more),
        cmocka_unit_test(equal_node_ids_have_one_digest),
        cmocka_unit_test(long_identifiers_are_cut_between_characters),
        cmocka_unit_test(times_become_text),
        cmocka_unit_test(strings_names_and_texts),
        cmocka_unit_test(counts_fit_what_is_left),
        cmocka_unit_test(extension_objects_end_where_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
