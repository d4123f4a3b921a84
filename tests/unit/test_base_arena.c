#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"

static _Alignas(16) uint8_t memory[256];

static struct tw_arena dirty_arena(size_t size)
{
    struct tw_arena a;
    memset(memory, 0xee, sizeof(memory));
    tw_arena_init(&a, memory, size);
    return a;
}

static void blocks_are_aligned_zeroed_and_apart(void **state)
{
    struct tw_arena a = dirty_arena(128);
    (void)state;
    uint8_t *one = tw_arena_alloc(&a, 1), *two = tw_arena_alloc(&a, 17),
            *three = tw_arena_alloc(&a, 16);
    assert_ptr_equal(one, memory);
    assert_ptr_equal(two, memory + 16);
    assert_ptr_equal(three, memory + 48);
    assert_int_equal(one[0], 0);
    for (size_t i = 0; i < 17; i++)
        assert_int_equal(two[i], 0);
    assert_int_equal(a.size - a.used, 64);
    assert_false(a.overflowed);
}

static void overflow_is_sticky_until_reset(void **state)
{
    struct tw_arena a = dirty_arena(64);
    (void)state;
    assert_non_null(tw_arena_alloc(&a, 64));
    assert_int_equal(a.size - a.used, 0);
    assert_null(tw_arena_alloc(&a, 1));
    assert_true(a.overflowed);
    tw_arena_reset(&a);
    assert_false(a.overflowed);
    assert_ptr_equal(tw_arena_alloc(&a, 48), memory);
    assert_null(tw_arena_alloc(&a, 17));
    /* What still fits is given; the mark stays. */
    assert_non_null(tw_arena_alloc(&a, 16));
    assert_true(a.overflowed);
}

static void sizes_near_the_limit_do_not_wrap(void **state)
{
    struct tw_arena a = dirty_arena(64);
    (void)state;
    assert_non_null(tw_arena_alloc(&a, 1));
    const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 16, (size_t)1 << 63, 49};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_null(tw_arena_alloc(&a, sizes[i]));
        assert_int_equal(a.used, 1);
    }
    assert_non_null(tw_arena_alloc(&a, 48));
}

static void strings_are_copied_and_terminated(void **state)
{
    struct tw_arena a = dirty_arena(64);
    char text[] = "abc\0def";
    (void)state;
    struct tw_str s = tw_arena_str(&a, (struct tw_str){text, 7});
    memset(text, 'x', sizeof(text));
    assert_int_equal(s.len, 7);
    assert_memory_equal(s.p, "abc\0def", 8);
    struct tw_str empty = tw_arena_str(&a, TW_STR(""));
    assert_non_null(empty.p);
    assert_int_equal(empty.len, 0);
    assert_int_equal(empty.p[0], '\0');
    assert_int_equal(a.used, 9);
    assert_null(tw_arena_str(&a, TW_STR_NONE).p);
    assert_int_equal(a.used, 9);
}

static void a_string_needs_room_for_its_terminator(void **state)
{
    struct tw_arena a = dirty_arena(16);
    static const char sixteen[] = "0123456789abcdef";
    (void)state;
    assert_null(tw_arena_str(&a, (struct tw_str){sixteen, 16}).p);
    assert_true(a.overflowed);
    tw_arena_reset(&a);
    assert_non_null(tw_arena_str(&a, (struct tw_str){sixteen, 15}).p);
    assert_false(a.overflowed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_zeroed_and_apart),
        cmocka_unit_test(overflow_is_sticky_until_reset),
        cmocka_unit_test(sizes_near_the_limit_do_not_wrap),
        cmocka_unit_test(strings_are_copied_and_terminated),
        cmocka_unit_test(a_string_needs_room_for_its_terminator),
    };
    return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
