#include "base/table.h"

#include <assert.h>
#include <stdlib.h>

enum { NIL = -1 };

/* Followed in memory by the key and then the value, each aligned to 16. */
struct entry {
    uint64_t hash;
    int32_t chain, newer, older;
    int32_t index;
    uint64_t pad_; /* keeps the key aligned to 16 */
};

struct tw_table {
    size_t key_size, value_offset, stride, capacity, size;
    struct tw_seed seed;
    size_t mask;
    int32_t *buckets;
    uint8_t *entries;
    int32_t free_list, unused, newest, oldest;
    uint64_t evictions;
    tw_table_evict_fn evict;
    void *evict_user;
};

static size_t align16(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

static struct entry *entry_at(const struct tw_table *t, int32_t i)
{
    return (struct entry *)(void *)(t->entries + (size_t)i * t->stride);
}

static uint8_t *key_of(const struct entry *e)
{
    return (uint8_t *)(uintptr_t)e + sizeof(*e);
}

static struct entry *entry_of(const struct tw_table *t, const void *value)
{
    return (struct entry *)((uintptr_t)value - t->value_offset);
}

static void *value_of(const struct tw_table *t, const struct entry *e)
{
    return (uint8_t *)(uintptr_t)e + t->value_offset;
}

struct tw_table *tw_table_new(
    size_t key_size, size_t value_size, size_t capacity, struct tw_seed seed)
{
    assert(capacity > 0 && capacity < INT32_MAX / 2);
    struct tw_table *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    size_t buckets = 16;
    while (buckets < capacity + capacity / 4)
        buckets *= 2;
    t->key_size = key_size;
    t->value_offset = sizeof(struct entry) + align16(key_size);
    t->stride = t->value_offset + align16(value_size);
    t->capacity = capacity;
    t->seed = seed;
    t->mask = buckets - 1;
    t->buckets = malloc(buckets * sizeof(*t->buckets));
    t->entries = calloc(capacity, t->stride);
    if (t->buckets == NULL || t->entries == NULL) {
        tw_table_free(t);
        return NULL;
    }
    for (size_t i = 0; i < buckets; i++)
        t->buckets[i] = NIL;
    t->free_list = t->newest = t->oldest = NIL;
    return t;
}

void tw_table_free(struct tw_table *t)
{
    if (t == NULL)
        return;
    free(t->buckets);
    free(t->entries);
    free(t);
}

void tw_table_on_evict(struct tw_table *t, tw_table_evict_fn fn, void *user)
{
    t->evict = fn;
    t->evict_user = user;
}

static void list_remove(struct tw_table *t, struct entry *e)
{
    if (e->newer != NIL)
        entry_at(t, e->newer)->older = e->older;
    else
        t->newest = e->older;
    if (e->older != NIL)
        entry_at(t, e->older)->newer = e->newer;
    else
        t->oldest = e->newer;
}

static void list_push(struct tw_table *t, struct entry *e)
{
    e->newer = NIL;
    e->older = t->newest;
    if (t->newest != NIL)
        entry_at(t, t->newest)->newer = e->index;
    else
        t->oldest = e->index;
    t->newest = e->index;
}

static struct entry *lookup(const struct tw_table *t, const void *key, uint64_t hash)
{
    int32_t i = t->buckets[hash & t->mask];
    while (i != NIL) {
        struct entry *e = entry_at(t, i);
        if (e->hash == hash && memcmp(key_of(e), key, t->key_size) == 0)
            return e;
        i = e->chain;
    }
    return NULL;
}

void *tw_table_peek(const struct tw_table *t, const void *key)
{
    struct entry *e = lookup(t, key, tw_hash(t->seed, key, t->key_size));
    return e == NULL ? NULL : value_of(t, e);
}

static void touch(struct tw_table *t, struct entry *e)
{
    if (t->newest == e->index)
        return;
    list_remove(t, e);
    list_push(t, e);
}

void *tw_table_find(struct tw_table *t, const void *key)
{
    struct entry *e = lookup(t, key, tw_hash(t->seed, key, t->key_size));
    if (e == NULL)
        return NULL;
    touch(t, e);
    return value_of(t, e);
}

static void unchain(struct tw_table *t, struct entry *e)
{
    int32_t *link = &t->buckets[e->hash & t->mask];
    while (*link != e->index)
        link = &entry_at(t, *link)->chain;
    *link = e->chain;
}

void tw_table_remove(struct tw_table *t, void *value)
{
    struct entry *e = entry_of(t, value);
    unchain(t, e);
    list_remove(t, e);
    e->chain = t->free_list;
    t->free_list = e->index;
    t->size--;
}

static struct entry *fresh(struct tw_table *t)
{
    if (t->free_list == NIL && (size_t)t->unused == t->capacity) {
        struct entry *old = entry_at(t, t->oldest);
        if (t->evict != NULL)
            t->evict(t->evict_user, key_of(old), value_of(t, old));
        t->evictions++;
        tw_table_remove(t, value_of(t, old));
    }
    if (t->free_list != NIL) {
        struct entry *e = entry_at(t, t->free_list);
        t->free_list = e->chain;
        return e;
    }
    struct entry *e = entry_at(t, t->unused);
    e->index = t->unused++;
    return e;
}

void *tw_table_put(struct tw_table *t, const void *key, bool *out_created)
{
    uint64_t hash = tw_hash(t->seed, key, t->key_size);
    struct entry *e = lookup(t, key, hash);
    if (out_created != NULL)
        *out_created = e == NULL;
    if (e != NULL) {
        touch(t, e);
        return value_of(t, e);
    }
    e = fresh(t);
    e->hash = hash;
    memcpy(key_of(e), key, t->key_size);
    memset(value_of(t, e), 0, t->stride - t->value_offset);
    e->chain = t->buckets[hash & t->mask];
    t->buckets[hash & t->mask] = e->index;
    list_push(t, e);
    t->size++;
    return value_of(t, e);
}

void *tw_table_oldest(const struct tw_table *t)
{
    return t->oldest == NIL ? NULL : value_of(t, entry_at(t, t->oldest));
}

void *tw_table_newer(const struct tw_table *t, const void *value)
{
    int32_t i = entry_of(t, value)->newer;
    return i == NIL ? NULL : value_of(t, entry_at(t, i));
}

const void *tw_table_key(const struct tw_table *t, const void *value)
{
    return key_of(entry_of(t, value));
}

size_t tw_table_size(const struct tw_table *t)
{
    return t->size;
}

uint64_t tw_table_evictions(const struct tw_table *t)
{
    return t->evictions;
}

struct tw_text_key tw_text_key(struct tw_seed seed, struct tw_str text)
{
    struct tw_seed other = {seed.k1 ^ 0xa5a5a5a5a5a5a5a5u, seed.k0 + 1};
    return (struct tw_text_key){tw_hash(seed, text.p, text.len), tw_hash(other, text.p, text.len)};
}
