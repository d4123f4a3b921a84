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

/* Whoever makes the program keep only buffers of one size for a while leaves the others room, when
 * they are gone. */
static void a_flood_of_one_size_passes(void **state)
{
    enum { POOL = 16 << 20 };
    static const size_t sizes[] = {1 << 20, 64, 8 << 20, 4096, 64 << 10, 128};
    static void *at[POOL / 64];
    struct tw_pool *pool = tw_pool_new(POOL);
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const size_t n = POOL / sizes[i];
        for (size_t k = 0; k < n; k++) {
            at[k] = tw_pool_get(pool, sizes[i], NULL);
            if (at[k] == NULL)
                fail_msg("%zu buffers of %zu bytes", k, sizes[i]);
        }
        assert_null(tw_pool_get(pool, 1, NULL));
        assert_int_equal(tw_pool_stats(pool).in_use_bytes, POOL);
        for (size_t k = 0; k < n; k++)
            tw_pool_put(pool, at[k], sizes[i]);
        assert_int_equal(tw_pool_stats(pool).in_use_bytes, 0);
        assert_int_equal(tw_pool_stats(pool).refused, i + 1);
    }
    tw_pool_free(pool);
}

static void what_is_in_use_is_not_joined(void **state)
{
    enum { POOL = 1 << 16, N = POOL / 64 };
    static uint8_t *at[N];
    struct tw_pool *pool = tw_pool_new(POOL);
    (void)state;
    for (size_t k = 0; k < N; k++) {
        at[k] = tw_pool_get(pool, 64, NULL);
        assert_non_null(at[k]);
        memset(at[k], (int)k, 64);
    }
    /* One of each pair is free, and both of the last. */
    for (size_t k = 0; k < N; k++)
        if (k % 2 == 0 || k == N - 1)
            tw_pool_put(pool, at[k], 64);
    assert_ptr_equal(tw_pool_get(pool, 128, NULL), at[N - 2]);
    assert_null(tw_pool_get(pool, 128, NULL));
    for (size_t k = 0; k < N / 2 - 1; k++)
        assert_non_null(tw_pool_get(pool, 64, NULL));
    assert_null(tw_pool_get(pool, 64, NULL));
    for (size_t k = 1; k < N - 1; k += 2)
        for (size_t i = 0; i < 64; i++)
            assert_int_equal(at[k][i], (uint8_t)k);
    tw_pool_free(pool);
}

/* Sizes as they come, in a pool that is too small for them: no two buffers share a byte. */
static void buffers_are_apart(void **state)
{
    enum { SLOTS = 64, STEPS = 20000 };
    struct {
        uint8_t *p;
        size_t size;
    } slots[SLOTS] = {{0}};
    struct tw_pool *pool = tw_pool_new((1 << 20) + 192);
    uint32_t x = 1, given = 0;
    (void)state;
    for (unsigned step = 0; step < STEPS; step++) {
        x = x * 1664525 + 1013904223;
        const unsigned i = (x >> 8) % SLOTS;
        if (slots[i].p != NULL) {
            for (size_t k = 0; k < slots[i].size; k += slots[i].size / 8)
                assert_int_equal(slots[i].p[k], i);
            tw_pool_put(pool, slots[i].p, slots[i].size);
            slots[i].p = NULL;
            continue;
        }
        slots[i].size = (size_t)64 << (x >> 16) % 12;
        slots[i].p = tw_pool_get(pool, slots[i].size, NULL);
        if (slots[i].p == NULL)
            continue;
        given++;
        assert_int_equal((uintptr_t)slots[i].p % 64, 0);
        memset(slots[i].p, (int)i, slots[i].size);
    }
    assert_true(given > STEPS / 4 && tw_pool_stats(pool).refused > STEPS / 100);
    assert_true(tw_pool_stats(pool).peak_bytes > 1 << 19);
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
        cmocka_unit_test(a_flood_of_one_size_passes),
        cmocka_unit_test(what_is_in_use_is_not_joined),
        cmocka_unit_test(buffers_are_apart),
        cmocka_unit_test(a_buffer_grows_to_its_limit),
        cmocka_unit_test(a_refused_buffer_is_unchanged),
    };
    return cmocka_run_group_tests_name("base/pool", tests, NULL, NULL);
}
