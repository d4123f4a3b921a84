#pragma once
/* What happened lately, by key: as much as there is room for, then the oldest goes. Entries are
 * written one behind the other, so that most of what is never asked for again costs one look at
 * memory that is not in the cache. For what only times out; what is used again and again belongs
 * into a table. */

#include "base/hash.h"

struct tw_lately;

/* `capacity` is a power of two. NULL when memory is short. */
struct tw_lately *tw_lately_new(size_t value_size, size_t capacity, struct tw_seed seed);
void tw_lately_free(struct tw_lately *l);
/* Room for a value, not set to anything, aligned to 8. It hides an earlier one of the same key. */
void *tw_lately_add(struct tw_lately *l, const uint64_t key[2]);
/* The last value of this key, good until the next tw_lately_add(); NULL when there is none. */
const void *tw_lately_find(const struct tw_lately *l, const uint64_t key[2]);
