#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cursor.h"
#include "guard.h"

/* Every reader by one shape, so that each runs at every truncation. */
static bool read_u8(struct tw_cur *c, uint64_t *out)
{
    uint8_t v;
    if (!tw_cur_u8(c, &v))
        return false;
    *out = v;
    return true;
}

static bool read_u16be(struct tw_cur *c, uint64_t *out)
{
    uint16_t v;
    if (!tw_cur_u16be(c, &v))
        return false;
    *out = v;
    return true;
}

static bool read_u16le(struct tw_cur *c, uint64_t *out)
{
    uint16_t v;
    if (!tw_cur_u16le(c, &v))
        return false;
    *out = v;
    return true;
}

static bool read_u32be(struct tw_cur *c, uint64_t *out)
{
    uint32_t v;
    if (!tw_cur_u32be(c, &v))
        return false;
    *out = v;
    return true;
}

static bool read_u32le(struct tw_cur *c, uint64_t *out)
{
    uint32_t v;
    if (!tw_cur_u32le(c, &v))
        return false;
    *out = v;
    return true;
}

static bool read_u64le(struct tw_cur *c, uint64_t *out)
{
    return tw_cur_u64le(c, out);
}

static bool read_bytes(struct tw_cur *c, uint64_t *out)
{
    struct tw_str s;
    if (!tw_cur_bytes(c, 5, &s))
        return false;
    assert_int_equal(s.len, 5);
    *out = (uint8_t)s.p[4];
    return true;
}

static bool read_sub(struct tw_cur *c, uint64_t *out)
{
    struct tw_cur sub;
    uint8_t v = 0;
    if (!tw_cur_sub(c, 3, &sub))
        return false;
    assert_int_equal(sub.left, 3);
    if (!tw_cur_skip(&sub, 2) || !tw_cur_u8(&sub, &v) || tw_cur_u8(&sub, &v))
        fail();
    *out = v;
    return true;
}

static bool read_copy(struct tw_cur *c, uint64_t *out)
{
    uint8_t v[6];
    if (!tw_cur_copy(c, sizeof(v), v))
        return false;
    *out = v[5];
    return true;
}

static bool read_skip(struct tw_cur *c, uint64_t *out)
{
    if (!tw_cur_skip(c, 4))
        return false;
    *out = 0;
    return true;
}

static const uint8_t wire[] = {0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8, 0x09};

static const struct {
    const char *name;
    bool (*read)(struct tw_cur *c, uint64_t *out);
    size_t size;
    uint64_t value;
} rows[] = {
    {"u8", read_u8, 1, 0x81},
    {"u16be", read_u16be, 2, 0x8192},
    {"u16le", read_u16le, 2, 0x9281},
    {"u32be", read_u32be, 4, 0x8192a3b4},
    {"u32le", read_u32le, 4, 0xb4a39281},
    {"u64le", read_u64le, 8, 0xf8e7d6c5b4a39281},
    {"bytes", read_bytes, 5, 0xc5},
    {"sub", read_sub, 3, 0xa3},
    {"copy", read_copy, 6, 0xd6},
    {"skip", read_skip, 4, 0},
};

static void reads_or_changes_nothing(void **state)
{
    struct guard g = guard_new();
    (void)state;
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        for (size_t len = 0; len <= sizeof(wire); len++) {
            const uint8_t *p = guard_put(&g, wire, len);
            struct tw_cur c = tw_cur_of(p, len);
            uint64_t v = 0x5555;
            bool ok = rows[r].read(&c, &v);
            assert_int_equal(ok, len >= rows[r].size);
            assert_ptr_equal(c.p, ok ? p + rows[r].size : p);
            assert_int_equal(c.left, ok ? len - rows[r].size : len);
            assert_int_equal(v, ok ? rows[r].value : 0x5555);
        }
    }
    guard_free(&g);
}

static void chained_reads_stop_at_the_first_short_one(void **state)
{
    struct guard g = guard_new();
    (void)state;
    for (size_t len = 0; len <= sizeof(wire); len++) {
        struct tw_cur c = tw_cur_of(guard_put(&g, wire, len), len);
        uint8_t a = 0;
        uint16_t b = 0;
        uint32_t d = 0;
        bool short_read = !tw_cur_u8(&c, &a) || !tw_cur_u16be(&c, &b) || !tw_cur_u32le(&c, &d);
        assert_int_equal(short_read, len < 7);
        assert_int_equal(a, len >= 1 ? 0x81 : 0);
        assert_int_equal(b, len >= 3 ? 0x92a3 : 0);
        assert_int_equal(d, len >= 7 ? 0xe7d6c5b4 : 0);
    }
    guard_free(&g);
}

static void huge_lengths_do_not_wrap(void **state)
{
    struct tw_cur c = tw_cur_of(wire, sizeof(wire)), sub;
    struct tw_str s;
    uint8_t v = 7, copy[16];
    (void)state;
    assert_false(tw_cur_skip(&c, SIZE_MAX));
    assert_false(tw_cur_sub(&c, SIZE_MAX - 1, &sub));
    assert_false(tw_cur_bytes(&c, (size_t)1 << 63, &s));
    assert_false(tw_cur_copy(&c, sizeof(wire) + 1, copy));
    assert_false(tw_cur_peek(&c, SIZE_MAX, &v));
    assert_int_equal(v, 7);
    assert_ptr_equal(c.p, wire);
    assert_int_equal(c.left, sizeof(wire));
}

static void peek_looks_without_moving(void **state)
{
    struct guard g = guard_new();
    struct tw_cur c = tw_cur_of(guard_put(&g, wire, sizeof(wire)), sizeof(wire));
    uint8_t v;
    (void)state;
    for (size_t at = 0; at < sizeof(wire); at++) {
        assert_true(tw_cur_peek(&c, at, &v));
        assert_int_equal(v, wire[at]);
    }
    assert_false(tw_cur_peek(&c, sizeof(wire), &v));
    assert_int_equal(c.left, sizeof(wire));
    guard_free(&g);
}

static void nothing_is_a_fine_thing_to_read(void **state)
{
    struct tw_cur c = tw_cur_of(NULL, 0), sub = {wire, 1};
    struct tw_str s = TW_STR("x");
    (void)state;
    assert_true(tw_cur_skip(&c, 0));
    assert_true(tw_cur_copy(&c, 0, NULL));
    assert_true(tw_cur_sub(&c, 0, &sub));
    assert_int_equal(sub.left, 0);
    assert_true(tw_cur_bytes(&c, 0, &s));
    assert_int_equal(s.len, 0);
    c = tw_cur_str(TW_STR("abc"));
    assert_int_equal(c.left, 3);
    assert_true(tw_str_is(tw_cur_rest(&c), "abc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_or_changes_nothing),
        cmocka_unit_test(chained_reads_stop_at_the_first_short_one),
        cmocka_unit_test(huge_lengths_do_not_wrap),
        cmocka_unit_test(peek_looks_without_moving),
        cmocka_unit_test(nothing_is_a_fine_thing_to_read),
    };
    return cmocka_run_group_tests_name("base/cursor", tests, NULL, NULL);
}
