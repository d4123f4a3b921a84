#include "base/table.h"

#include <assert.h>
#include <stdlib.h>

enum { NIL = -1, MIN_BUCKETS = 16, LINE = 64 };

/* What a look-up and the order of use walk through is kept apart from keys and values: it stays in
 * the cache when those do not. */
struct link {
    uint32_t hash; /* the low half */
    int32_t chain, newer, older;
};

/* The first of a chain, and its hash, so that most look-ups go straight to its key. */
struct bucket {
    int32_t first; /* index + 1; 0: empty */
    uint32_t hash;
};

struct tw_table {
    size_t key_size, value_offset, stride, capacity, size;
    size_t zeroed; /* bytes of a new value */
    struct tw_seed seed;
    bool of_digests;
    /* Buckets in use grow with the entries, one at a time (linear hashing): those up to `mask`, and
     * beyond it the upper halves of the first `split` of them. A large table with few entries
     * touches little memory. */
    uint32_t mask, split, max_buckets;
    struct bucket *buckets;
    struct link *links;
    void *memory;     /* of the entries */
    uint8_t *entries; /* a key, then its value, each aligned to 16; whole lines of the cache */
    int32_t free_list, unused, newest, oldest;
    uint64_t evictions;
    tw_table_evict_fn evict;
    void *evict_user;
};

static size_t align16(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

static uint8_t *key_of(const struct tw_table *t, int32_t i)
{
    return t->entries + (size_t)i * t->stride;
}

static void *value_of(const struct tw_table *t, int32_t i)
{
    return key_of(t, i) + t->value_offset;
}

static int32_t index_of(const struct tw_table *t, const void *value)
{
    size_t offset = (size_t)((const uint8_t *)value - t->entries);
    return (int32_t)(offset / t->stride);
}

struct tw_table *tw_table_new(
    size_t key_size, size_t value_size, size_t capacity, struct tw_seed seed)
{
    assert(capacity > 0 && capacity < INT32_MAX / 2);
    struct tw_table *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    size_t buckets = MIN_BUCKETS;
    while (buckets < capacity + capacity / 4)
        buckets *= 2;
    t->key_size = key_size;
    t->value_offset = align16(key_size);
    t->stride = t->value_offset + align16(value_size);
    if (t->stride > 4 * LINE) /* the beginning, which all look-ups read, never on two lines */
        t->stride = (t->stride + LINE - 1) / LINE * LINE;
    t->zeroed = t->stride - t->value_offset;
    t->capacity = capacity;
    t->seed = seed;
    t->mask = MIN_BUCKETS - 1;
    t->max_buckets = (uint32_t)buckets;
    /* All zero, so that pages nobody needs are never touched. */
    t->buckets = calloc(buckets, sizeof(*t->buckets));
    t->links = calloc(capacity, sizeof(*t->links));
    t->memory = calloc(capacity + LINE / t->stride + 1, t->stride);
    if (t->buckets == NULL || t->links == NULL || t->memory == NULL) {
        tw_table_free(t);
        return NULL;
    }
    t->entries = (uint8_t *)t->memory + (LINE - (uintptr_t)t->memory % LINE) % LINE;
    t->free_list = t->newest = t->oldest = NIL;
    return t;
}

void tw_table_free(struct tw_table *t)
{
    if (t == NULL)
        return;
    free(t->buckets);
    free(t->links);
    free(t->memory);
    free(t);
}

void tw_table_on_evict(struct tw_table *t, tw_table_evict_fn fn, void *user)
{
    t->evict = fn;
    t->evict_user = user;
}

void tw_table_of_digests(struct tw_table *t)
{
    assert(t->key_size >= sizeof(uint64_t) && t->size == 0);
    t->of_digests = true;
}

void tw_table_zero_first(struct tw_table *t, size_t bytes)
{
    assert(bytes <= t->stride - t->value_offset);
    t->zeroed = bytes;
}

static void list_remove(struct tw_table *t, int32_t i)
{
    const struct link *l = &t->links[i];
    if (l->newer != NIL)
        t->links[l->newer].older = l->older;
    else
        t->newest = l->older;
    if (l->older != NIL)
        t->links[l->older].newer = l->newer;
    else
        t->oldest = l->newer;
}

static void list_push(struct tw_table *t, int32_t i)
{
    struct link *l = &t->links[i];
    l->newer = NIL;
    l->older = t->newest;
    if (t->newest != NIL)
        t->links[t->newest].newer = i;
    else
        t->oldest = i;
    t->newest = i;
}

static struct bucket *bucket_of(const struct tw_table *t, uint32_t hash)
{
    uint32_t at = hash & t->mask;
    if (at < t->split)
        at = hash & (2 * t->mask + 1);
    return &t->buckets[at];
}

static void chain_first(struct tw_table *t, struct bucket *bucket, int32_t i)
{
    t->links[i].chain = bucket->first - 1;
    *bucket = (struct bucket){i + 1, t->links[i].hash};
}

/* One more bucket: the first one not yet split gives up those entries that belong there now. */
static void add_bucket(struct tw_table *t)
{
    uint32_t wide = 2 * t->mask + 1, upper = t->split + t->mask + 1;
    int32_t i = t->buckets[t->split].first - 1;
    t->buckets[t->split].first = 0;
    while (i != NIL) {
        struct link *l = &t->links[i];
        int32_t next = l->chain;
        chain_first(t, &t->buckets[l->hash & wide], i);
        i = next;
    }
    t->split++;
    if (upper == wide) {
        t->mask = wide;
        t->split = 0;
    }
}

/* Without a call where the size of keys is a constant. */
__attribute__((always_inline)) static inline int32_t search(
    const struct tw_table *t, const void *key, uint32_t hash, size_t key_size)
{
    const struct bucket *bucket = bucket_of(t, hash);
    int32_t i = bucket->first - 1;
    if (i == NIL || (bucket->hash == hash && memcmp(key_of(t, i), key, key_size) == 0))
        return i;
    do {
        i = t->links[i].chain;
    } while (i != NIL && (t->links[i].hash != hash || memcmp(key_of(t, i), key, key_size) != 0));
    return i;
}

__attribute__((noinline)) static int32_t search_any(
    const struct tw_table *t, const void *key, uint32_t hash)
{
    return search(t, key, hash, t->key_size);
}

static int32_t lookup(const struct tw_table *t, const void *key, uint32_t hash)
{
    enum { TEXT = sizeof(struct tw_text_key) }; /* as most are */
    return t->key_size == TEXT ? search(t, key, hash, TEXT) : search_any(t, key, hash);
}

static uint32_t hash_of(const struct tw_table *t, const void *key)
{
    uint64_t digest;
    if (!t->of_digests)
        return (uint32_t)tw_hash(t->seed, key, t->key_size);
    memcpy(&digest, key, sizeof(digest));
    return (uint32_t)(digest ^ digest >> 32);
}

void *tw_table_peek(const struct tw_table *t, const void *key)
{
    int32_t i = lookup(t, key, hash_of(t, key));
    return i == NIL ? NULL : value_of(t, i);
}

static void touch(struct tw_table *t, int32_t i)
{
    if (t->newest == i)
        return;
    list_remove(t, i);
    list_push(t, i);
}

void *tw_table_find(struct tw_table *t, const void *key)
{
    int32_t i = lookup(t, key, hash_of(t, key));
    if (i == NIL)
        return NULL;
    touch(t, i);
    return value_of(t, i);
}

static void unchain(struct tw_table *t, int32_t i)
{
    struct bucket *bucket = bucket_of(t, t->links[i].hash);
    const int32_t next = t->links[i].chain;
    int32_t at = bucket->first - 1;
    if (at == i) {
        *bucket = (struct bucket){next + 1, next == NIL ? 0 : t->links[next].hash};
        return;
    }
    while (t->links[at].chain != i)
        at = t->links[at].chain;
    t->links[at].chain = next;
}

static void remove_at(struct tw_table *t, int32_t i)
{
    unchain(t, i);
    list_remove(t, i);
    t->links[i].chain = t->free_list;
    t->free_list = i;
    t->size--;
}

void tw_table_remove(struct tw_table *t, void *value)
{
    remove_at(t, index_of(t, value));
}

static int32_t fresh(struct tw_table *t)
{
    if (t->free_list == NIL && (size_t)t->unused == t->capacity) {
        if (t->evict != NULL)
            t->evict(t->evict_user, key_of(t, t->oldest), value_of(t, t->oldest));
        t->evictions++;
        remove_at(t, t->oldest);
    }
    if (t->free_list == NIL)
        return t->unused++;
    int32_t i = t->free_list;
    t->free_list = t->links[i].chain;
    return i;
}

__attribute__((noinline)) static void *create(struct tw_table *t, const void *key, uint32_t hash)
{
    const int32_t i = fresh(t);
    const uint32_t in_use = t->mask + 1 + t->split;
    if (in_use < t->max_buckets && t->size + t->size / 4 >= in_use)
        add_bucket(t);
    memcpy(key_of(t, i), key, t->key_size);
    memset(value_of(t, i), 0, t->zeroed);
    t->links[i].hash = hash;
    chain_first(t, bucket_of(t, hash), i);
    list_push(t, i);
    t->size++;
    return value_of(t, i);
}

void *tw_table_put(struct tw_table *t, const void *key, bool *out_created)
{
    const uint32_t hash = hash_of(t, key);
    const int32_t i = lookup(t, key, hash);
    if (out_created != NULL)
        *out_created = i == NIL;
    if (i == NIL)
        return create(t, key, hash);
    touch(t, i);
    return value_of(t, i);
}

void *tw_table_oldest(const struct tw_table *t)
{
    return t->oldest == NIL ? NULL : value_of(t, t->oldest);
}

void *tw_table_newer(const struct tw_table *t, const void *value)
{
    int32_t i = t->links[index_of(t, value)].newer;
    return i == NIL ? NULL : value_of(t, i);
}

const void *tw_table_key(const struct tw_table *t, const void *value)
{
    return key_of(t, index_of(t, value));
}

uint32_t tw_table_index(const struct tw_table *t, const void *value)
{
    return (uint32_t)index_of(t, value);
}

void *tw_table_at(const struct tw_table *t, uint32_t index)
{
    return value_of(t, (int32_t)index);
}

void *tw_table_use(struct tw_table *t, uint32_t index)
{
    touch(t, (int32_t)index);
    return value_of(t, (int32_t)index);
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
    uint64_t wide[2];
    tw_hash_wide(seed, text.p, text.len, wide);
    return (struct tw_text_key){wide[0], wide[1]};
}
