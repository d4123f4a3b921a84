#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/lately.h"

static void put(struct tw_lately *l, uint64_t a, uint64_t b, uint64_t value)
{
    const uint64_t key[2] = {a, b};
    *(uint64_t *)tw_lately_add(l, key) = value;
}

/* 0: none. */
static uint64_t get(const struct tw_lately *l, uint64_t a, uint64_t b)
{
    const uint64_t key[2] = {a, b};
    const uint64_t *value = tw_lately_find(l, key);
    return value == NULL ? 0 : *value;
}

static void the_last_of_a_key_counts(void **state)
{
    (void)state;
    struct tw_lately *l = tw_lately_new(sizeof(uint64_t), 4, tw_seed_random());
    assert_int_equal(0, get(l, 1, 2));
    put(l, 1, 2, 10);
    put(l, 2, 1, 20);
    assert_int_equal(10, get(l, 1, 2));
    assert_int_equal(20, get(l, 2, 1));
    assert_int_equal(0, get(l, 1, 1));
    put(l, 1, 2, 11);
    assert_int_equal(11, get(l, 1, 2));
    tw_lately_free(l);
}

/* Whatever the order of buckets: exactly the last ones are there. */
static void the_oldest_go(void **state)
{
    enum { ROOM = 64, ALL = 10000 };
    (void)state;
    struct tw_lately *l = tw_lately_new(sizeof(uint64_t), ROOM, tw_seed_random());
    for (uint64_t i = 1; i <= ALL; i++) {
        put(l, i * 7919, i, i);
        for (uint64_t k = i > ROOM + 3 ? i - ROOM - 3 : 1; k <= i; k++)
            assert_int_equal(k + ROOM > i ? k : 0, get(l, k * 7919, k));
    }
    tw_lately_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_of_a_key_counts),
        cmocka_unit_test(the_oldest_go),
    };
    return cmocka_run_group_tests_name("base/lately", tests, NULL, NULL);
}
