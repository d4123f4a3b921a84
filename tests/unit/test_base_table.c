#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/table.h"

static const struct tw_seed seed = {1, 2};

struct value {
    uint64_t n;
    char name[20]; /* an odd size */
};

struct evicted {
    uint32_t keys[64];
    uint64_t values[64];
    size_t n;
};

static void note(void *user, const void *key, void *value)
{
    struct evicted *e = user;
    memcpy(&e->keys[e->n], key, sizeof(uint32_t));
    e->values[e->n] = ((struct value *)value)->n;
    e->n++;
}

static struct value *put(struct tw_table *t, uint32_t key)
{
    bool created;
    struct value *v = tw_table_put(t, &key, &created);
    if (created)
        v->n = key * 10u;
    return v;
}

/* Where a key is a digest its beginning says where to look, not that it is the same. */
static void digests_are_keys_as_a_whole(void **state)
{
    enum { KEYS = 400 };
    struct tw_table *t = tw_table_new(sizeof(struct tw_text_key), sizeof(uint64_t), KEYS, seed);
    (void)state;
    tw_table_of_digests(t);
    for (uint64_t k = 0; k < KEYS; k++) {
        const struct tw_text_key key = {k / 4, k % 4};
        bool created;
        uint64_t *v = tw_table_put(t, &key, &created);
        assert_true(created);
        *v = k;
    }
    for (uint64_t k = 0; k < KEYS; k++) {
        const struct tw_text_key key = {k / 4, k % 4}, other = {k / 4, 4};
        const uint64_t *v = tw_table_peek(t, &key);
        assert_non_null(v);
        assert_int_equal(k, *v);
        assert_null(tw_table_peek(t, &other));
    }
    tw_table_free(t);
}

static void finds_what_was_put(void **state)
{
    struct tw_table *t = tw_table_new(sizeof(uint32_t), sizeof(struct value), 1000, seed);
    struct value *at[1000];
    (void)state;
    for (uint32_t k = 0; k < 1000; k++) {
        at[k] = put(t, k);
        assert_int_equal((uintptr_t)at[k] % 16, 0);
    }
    assert_int_equal(tw_table_size(t), 1000);
    for (uint32_t k = 0; k < 1000; k++) {
        assert_ptr_equal(tw_table_find(t, &k), at[k]);
        assert_int_equal(at[k]->n, k * 10);
        assert_memory_equal(tw_table_key(t, at[k]), &k, sizeof(k));
    }
    uint32_t missing = 1000;
    assert_null(tw_table_find(t, &missing));
    assert_null(tw_table_peek(t, &missing));
    assert_int_equal(tw_table_evictions(t), 0);
    tw_table_free(t);
}

static void evicts_the_least_recently_used(void **state)
{
    struct evicted e = {.n = 0};
    struct tw_table *t = tw_table_new(sizeof(uint32_t), sizeof(struct value), 4, seed);
    uint32_t k = 1;
    (void)state;
    tw_table_on_evict(t, note, &e);
    for (uint32_t i = 1; i <= 4; i++)
        put(t, i);
    assert_non_null(tw_table_find(t, &k)); /* 1 is newest now: 2 3 4 1 */
    k = 2;
    assert_non_null(tw_table_peek(t, &k)); /* a peek changes nothing */
    put(t, 5);
    put(t, 3); /* put marks as used too: 4 1 5 3 */
    put(t, 6);
    put(t, 7);
    assert_int_equal(e.n, 3);
    const uint32_t keys[] = {2, 4, 1};
    assert_memory_equal(e.keys, keys, sizeof(keys));
    const uint64_t values[] = {20, 40, 10};
    assert_memory_equal(e.values, values, sizeof(values));
    assert_int_equal(tw_table_evictions(t), 3);
    assert_int_equal(tw_table_size(t), 4);
    const uint64_t order[] = {50, 30, 60, 70};
    size_t n = 0;
    for (struct value *v = tw_table_oldest(t); v != NULL; v = tw_table_newer(t, v))
        assert_int_equal(v->n, order[n++]);
    assert_int_equal(n, 4);
    tw_table_free(t);
}

static void new_values_are_zeroed(void **state)
{
    struct tw_table *t = tw_table_new(sizeof(uint32_t), sizeof(struct value), 1, seed);
    (void)state;
    for (uint32_t k = 1; k < 10; k++) {
        bool created = false;
        struct value *v = tw_table_put(t, &k, &created);
        assert_true(created);
        static const struct value zero;
        assert_memory_equal(v, &zero, sizeof(zero));
        memset(v, 0xff, sizeof(*v));
    }
    tw_table_free(t);
}

/* A large value that says how much of it counts. */
static void new_values_are_zeroed_as_far_as_they_need_to_be(void **state)
{
    struct tw_table *t = tw_table_new(sizeof(uint32_t), 64, 1, seed);
    (void)state;
    tw_table_zero_first(t, 8);
    for (uint32_t key = 0; key < 3; key++) {
        bool created;
        uint8_t *value = tw_table_put(t, &key, &created);
        assert_true(created);
        for (size_t i = 0; i < 64; i++)
            assert_int_equal(value[i], i < 8 || key == 0 ? 0 : 0xee);
        memset(value, 0xee, 64);
    }
    tw_table_free(t);
}

static void removal_makes_room(void **state)
{
    struct tw_table *t = tw_table_new(sizeof(uint32_t), sizeof(struct value), 8, seed);
    (void)state;
    for (uint32_t i = 0; i < 8; i++)
        put(t, i);
    for (uint32_t i = 0; i < 8; i += 2)
        tw_table_remove(t, tw_table_peek(t, &i));
    assert_int_equal(tw_table_size(t), 4);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(tw_table_peek(t, &i) != NULL, i % 2 == 1);
    for (uint32_t i = 10; i < 14; i++)
        put(t, i);
    assert_int_equal(tw_table_evictions(t), 0);
    while (tw_table_oldest(t) != NULL)
        tw_table_remove(t, tw_table_oldest(t));
    assert_int_equal(tw_table_size(t), 0);
    assert_int_equal(put(t, 99)->n, 990);
    assert_ptr_equal(tw_table_newer(t, tw_table_oldest(t)), NULL);
    tw_table_free(t);
}

/* Against a plain list that does the same slowly. Sixteen buckets for twelve entries: chains. */
static void behaves_like_a_list(void **state)
{
    enum { CAPACITY = 12, KEYS = 40, STEPS = 20000 };
    uint32_t list[CAPACITY], n = 0, random = 12345;
    struct tw_table *t = tw_table_new(sizeof(uint32_t), sizeof(struct value), CAPACITY, seed);
    (void)state;
    for (unsigned step = 0; step < STEPS; step++) {
        random = random * 1664525u + 1013904223u;
        uint32_t key = (random >> 8) % KEYS, at = 0;
        while (at < n && list[at] != key)
            at++;
        bool known = at < n;
        if ((random >> 28) < 3 && known) {
            tw_table_remove(t, tw_table_peek(t, &key));
            memmove(list + at, list + at + 1, (n - at - 1) * sizeof(*list));
            n--;
            continue;
        }
        bool created;
        struct value *v = tw_table_put(t, &key, &created);
        assert_int_equal(created, !known);
        if (created)
            v->n = key;
        assert_int_equal(v->n, key);
        if (known || n == CAPACITY) {
            uint32_t gone = known ? at : 0;
            memmove(list + gone, list + gone + 1, (n - gone - 1) * sizeof(*list));
            n--;
        }
        list[n++] = key;
        assert_int_equal(tw_table_size(t), n);
        at = 0;
        for (struct value *w = tw_table_oldest(t); w != NULL; w = tw_table_newer(t, w))
            assert_int_equal(w->n, list[at++]);
        assert_int_equal(at, n);
    }
    tw_table_free(t);
}

static void keys_of_any_length(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 40; size++) {
        struct tw_table *t = tw_table_new(size, sizeof(uint64_t), 100, seed);
        uint8_t key[40] = {0};
        for (uint8_t i = 0; i < 100; i++) {
            key[size - 1] = i;
            *(uint64_t *)tw_table_put(t, key, NULL) = i;
        }
        for (uint8_t i = 0; i < 100; i++) {
            key[size - 1] = i;
            assert_int_equal(*(uint64_t *)tw_table_find(t, key), i);
        }
        tw_table_free(t);
    }
}

static void hash_depends_on_seed_and_every_byte(void **state)
{
    uint8_t bytes[130] = {0};
    const struct tw_seed other = {1, 3};
    (void)state;
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        uint64_t h = tw_hash(seed, bytes, len);
        assert_int_equal(h, tw_hash(seed, bytes, len));
        assert_int_not_equal(h, tw_hash(other, bytes, len));
        assert_int_not_equal(h, len ? tw_hash(seed, bytes, len - 1) : 0);
        for (size_t i = 0; i < len; i++) {
            bytes[i] ^= 1;
            assert_int_not_equal(h, tw_hash(seed, bytes, len));
            bytes[i] ^= 1;
        }
    }
    /* The order of words counts, wherever they stand. */
    for (size_t i = 0; i + 16 <= sizeof(bytes); i += 8) {
        bytes[i] = 1;
        const uint64_t h = tw_hash(seed, bytes, sizeof(bytes));
        bytes[i] = 0;
        bytes[i + 8] = 1;
        assert_int_not_equal(h, tw_hash(seed, bytes, sizeof(bytes)));
        bytes[i + 8] = 0;
    }
    struct tw_text_key a = tw_text_key(seed, TW_STR("plant/a")),
                       b = tw_text_key(seed, TW_STR("plant/b"));
    assert_memory_not_equal(&a, &b, sizeof(a));
    assert_int_not_equal(a.a, a.b);
    /* Either half alone tells texts of any length apart. */
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        const struct tw_str text = {(const char *)bytes, len};
        const struct tw_text_key k = tw_text_key(seed, text), l = tw_text_key(other, text);
        assert_int_not_equal(k.a, l.a);
        assert_int_not_equal(k.b, l.b);
        for (size_t i = 0; i < len; i++) {
            bytes[i] ^= 1;
            const struct tw_text_key changed = tw_text_key(seed, text);
            bytes[i] ^= 1;
            assert_int_not_equal(k.a, changed.a);
            assert_int_not_equal(k.b, changed.b);
        }
    }
    /* Printed in flow ids: these may not change from one release to the next. */
    assert_int_equal(tw_hash_stable("", 0), 0xf4b3fee397802911);
    assert_int_equal(tw_hash_stable("tierwatch", 9), 0xf81f4e0a1d3cb87d);
    assert_int_not_equal(tw_hash_mix(1, 2), tw_hash_mix(2, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_put),
        cmocka_unit_test(evicts_the_least_recently_used),
        cmocka_unit_test(new_values_are_zeroed),
        cmocka_unit_test(new_values_are_zeroed_as_far_as_they_need_to_be),
        cmocka_unit_test(removal_makes_room),
        cmocka_unit_test(behaves_like_a_list),
        cmocka_unit_test(keys_of_any_length),
        cmocka_unit_test(digests_are_keys_as_a_whole),
        cmocka_unit_test(hash_depends_on_seed_and_every_byte),
    };
    return cmocka_run_group_tests_name("base/table", tests, NULL, NULL);
}
