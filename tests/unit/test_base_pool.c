#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/pool.h"
#include "base/str.h"

static void sizes_are_powers_of_two_from_64(void **state)
{
    static const struct {
        size_t asked, given;
    } rows[] = {
        {0, 64}, {1, 64}, {64, 64}, {65, 128}, {4096, 4096}, {4097, 8192}, {8u << 20, 8u << 20}};
    struct tw_pool *pool = tw_pool_new(32u << 20);
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t given = 0;
        uint8_t *p = tw_pool_get(pool, rows[i].asked, &given);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 16, 0);
        assert_int_equal(given, rows[i].given);
        memset(p, 0xaa, given);
    }
    assert_null(tw_pool_get(pool, (8u << 20) + 1, NULL));
    assert_null(tw_pool_get(pool, SIZE_MAX, NULL));
    assert_int_equal(tw_pool_stats(pool).refused, 2);
    tw_pool_free(pool);
}

static void buffers_are_reused_within_their_class(void **state)
{
    struct tw_pool *pool = tw_pool_new(1 << 20);
    (void)state;
    void *a = tw_pool_get(pool, 100, NULL), *b = tw_pool_get(pool, 100, NULL);
    assert_ptr_not_equal(a, b);
    assert_int_equal(tw_pool_stats(pool).in_use_bytes, 256);
    tw_pool_put(pool, a, 128);
    tw_pool_put(pool, NULL, 128);
    assert_int_equal(tw_pool_stats(pool).in_use_bytes, 128);
    assert_ptr_not_equal(tw_pool_get(pool, 200, NULL), a);
    assert_ptr_equal(tw_pool_get(pool, 65, NULL), a);
    assert_int_equal(tw_pool_stats(pool).peak_bytes, 512);
    tw_pool_free(pool);
}

static void a_spent_range_refuses_and_recovers(void **state)
{
    struct tw_pool *pool = tw_pool_new(4096);
    void *at[4];
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_non_null(at[i] = tw_pool_get(pool, 1024, NULL));
    assert_null(tw_pool_get(pool, 1, NULL));
    assert_int_equal(tw_pool_stats(pool).refused, 1);
    tw_pool_put(pool, at[2], 1024);
    assert_ptr_equal(tw_pool_get(pool, 600, NULL), at[2]);
    tw_pool_free(pool);
}

static void a_buffer_grows_to_its_limit(void **state)
{
    struct tw_pool *pool = tw_pool_new(1 << 20);
    struct tw_pbuf b = {0};
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t byte = (uint8_t)i;
        assert_true(tw_pbuf_add(pool, &b, &byte, 1, 1000));
    }
    assert_false(tw_pbuf_add(pool, &b, "x", 1, 1000));
    assert_false(tw_pbuf_add(pool, &b, "x", SIZE_MAX, SIZE_MAX));
    assert_false(tw_pbuf_add(pool, &b, "x", 1, 10));
    assert_true(tw_pbuf_add(pool, &b, NULL, 0, 1000));
    assert_int_equal(b.len, 1000);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(b.p[i], (uint8_t)i);
    assert_int_equal(tw_pool_stats(pool).in_use_bytes, 1024);
    tw_pbuf_drop(pool, &b);
    tw_pbuf_drop(pool, &b);
    assert_int_equal(tw_pool_stats(pool).in_use_bytes, 0);
    assert_null(b.p);
    tw_pool_free(pool);
}

static void a_refused_buffer_is_unchanged(void **state)
{
    struct tw_pool *pool = tw_pool_new(256);
    struct tw_pbuf b = {0};
    char block[300] = {0};
    (void)state;
    assert_true(tw_pbuf_add(pool, &b, "abc", 3, 1000));
    assert_false(tw_pbuf_add(pool, &b, block, sizeof(block), 1000));
    assert_int_equal(b.len, 3);
    assert_memory_equal(b.p, "abc", 3);
    tw_pbuf_drop(pool, &b);
    tw_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_powers_of_two_from_64),
        cmocka_unit_test(buffers_are_reused_within_their_class),
        cmocka_unit_test(a_spent_range_refuses_and_recovers),
        cmocka_unit_test(a_buffer_grows_to_its_limit),
        cmocka_unit_test(a_refused_buffer_is_unchanged),
    };
    return cmocka_run_group_tests_name("base/pool", tests, NULL, NULL);
}
