#include "base/lately.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Before each value. Numbers count entries from 1 on and wrap; whether one is still there is told
 * by how long ago it was. */
struct head {
    uint64_t key[2];
    uint32_t before; /* the number of the entry before in the same bucket; 0: none */
};

struct tw_lately {
    struct tw_seed seed;
    size_t stride;
    uint32_t capacity, last; /* the number of the last entry */
    uint32_t *buckets;       /* the number of the last entry in each; 0: none */
    uint8_t *entries;
};

enum { HEAD = 24 };
_Static_assert(sizeof(struct head) <= HEAD, "the value follows");

struct tw_lately *tw_lately_new(size_t value_size, size_t capacity, struct tw_seed seed)
{
    assert(capacity > 0 && (capacity & (capacity - 1)) == 0 && capacity < UINT32_MAX / 2);
    struct tw_lately *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return NULL;
    l->seed = seed;
    l->stride = HEAD + (value_size + 7) / 8 * 8;
    l->capacity = (uint32_t)capacity;
    /* Zero already, so that pages nobody needs are never touched. */
    l->buckets = calloc(capacity, sizeof(*l->buckets));
    l->entries = calloc(capacity, l->stride);
    if (l->buckets != NULL && l->entries != NULL)
        return l;
    tw_lately_free(l);
    return NULL;
}

void tw_lately_free(struct tw_lately *l)
{
    if (l == NULL)
        return;
    free(l->buckets);
    free(l->entries);
    free(l);
}

static uint32_t *bucket_of(const struct tw_lately *l, const uint64_t key[2])
{
    const uint64_t mixed = tw_hash_mix(tw_hash_mix(l->seed.k0, key[0]), key[1]);
    return &l->buckets[mixed & (l->capacity - 1)];
}

static uint8_t *entry_of(const struct tw_lately *l, uint32_t number)
{
    return l->entries + (size_t)(number & (l->capacity - 1)) * l->stride;
}

void *tw_lately_add(struct tw_lately *l, const uint64_t key[2])
{
    uint32_t *bucket = bucket_of(l, key);
    if (++l->last == 0)
        l->last = 1;
    uint8_t *entry = entry_of(l, l->last);
    const struct head head = {{key[0], key[1]}, *bucket};
    memcpy(entry, &head, sizeof(head));
    *bucket = l->last;
    return entry + HEAD;
}

const void *tw_lately_find(const struct tw_lately *l, const uint64_t key[2])
{
    uint32_t number = *bucket_of(l, key);
    /* Each one is older than the one that led to it, else its place was taken by another. */
    for (uint32_t age = l->last - number, least = 0;
         number != 0 && age < l->capacity && age >= least; age = l->last - number) {
        const uint8_t *entry = entry_of(l, number);
        struct head head;
        memcpy(&head, entry, sizeof(head));
        if (head.key[0] == key[0] && head.key[1] == key[1])
            return entry + HEAD;
        number = head.before;
        least = age + 1;
    }
    return NULL;
}
