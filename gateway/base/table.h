#pragma once
/* A hash table of fixed capacity for state that strangers can fill: seeded hash, least recently
 * used entry evicted when full, and a counter that says how often. All memory is reserved by
 * tw_table_new(); nothing allocates later. Entries do not move, so a value pointer is good until
 * its entry is removed or evicted. One thread. */

#include "base/hash.h"

struct tw_table;

/* Called before an entry is dropped for room; `value` is still whole. May not touch the table. */
typedef void (*tw_table_evict_fn)(void *user, const void *key, void *value);

/* Keys are `key_size` bytes compared as bytes (zero any padding). NULL when memory is short. */
struct tw_table *tw_table_new(
    size_t key_size, size_t value_size, size_t capacity, struct tw_seed seed);
void tw_table_free(struct tw_table *t);
void tw_table_on_evict(struct tw_table *t, tw_table_evict_fn fn, void *user);
/* For keys that begin with 64 bits of a seeded digest, such as tw_text_key(): they are spread as
 * they are, and not hashed a second time. Before the first entry. */
void tw_table_of_digests(struct tw_table *t);
/* For large values that say themselves how much of them counts: of a new one only so many bytes are
 * zeroed, the rest is what its place held before. */
void tw_table_zero_first(struct tw_table *t, size_t bytes);

/* The value, now most recently used; NULL when absent. */
void *tw_table_find(struct tw_table *t, const void *key);
/* The same without marking it used. */
void *tw_table_peek(const struct tw_table *t, const void *key);
/* The value of `key`, made (zeroed) when absent; the oldest entry goes when full. Never NULL. */
void *tw_table_put(struct tw_table *t, const void *key, bool *out_created);
void tw_table_remove(struct tw_table *t, void *value);

/* The least recently used value, NULL when empty; and the one used next after `value`. */
void *tw_table_oldest(const struct tw_table *t);
void *tw_table_newer(const struct tw_table *t, const void *value);
const void *tw_table_key(const struct tw_table *t, const void *value);

/* Values by number, for who keeps many of them: good until the value is removed or evicted. */
uint32_t tw_table_index(const struct tw_table *t, const void *value);
void *tw_table_at(const struct tw_table *t, uint32_t index);
/* The same, marked as used. */
void *tw_table_use(struct tw_table *t, uint32_t index);
size_t tw_table_size(const struct tw_table *t);
uint64_t tw_table_evictions(const struct tw_table *t);

/* A 16-byte key for text of any length: a keyed hash of 128 bits. */
struct tw_text_key {
    uint64_t a, b;
};
struct tw_text_key tw_text_key(struct tw_seed seed, struct tw_str text);
