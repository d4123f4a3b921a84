#pragma once
/* Buffers for reassembly and pending requests. One address range is reserved at start-up (untouched
 * pages cost nothing) and handed out in size classes, powers of two from 64 bytes up; freed buffers
 * are reused within their class, and once the range is used up halved or joined for others. Nothing
 * calls malloc later. When nothing is left the pool returns NULL and counts it: the caller degrades
 * and reports a gap. One thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TW_POOL_MIN_SHIFT = 6, TW_POOL_CLASSES = 18 }; /* 64 B to 8 MiB */

struct tw_pool;

/* NULL when the range cannot be reserved. */
struct tw_pool *tw_pool_new(size_t bytes);
void tw_pool_free(struct tw_pool *pool);

/* At least `size` bytes, aligned to 16, not zeroed; `out_size` (may be NULL) says how many. */
void *tw_pool_get(struct tw_pool *pool, size_t size, size_t *out_size);
/* `size` is any size of the same class as was asked for. put(NULL) is fine. */
void tw_pool_put(struct tw_pool *pool, void *p, size_t size);

struct tw_pool_stats {
    size_t in_use_bytes, peak_bytes;
    uint64_t refused;
};
struct tw_pool_stats tw_pool_stats(const struct tw_pool *pool);

/* A growing byte string on top of the pool. Zero-initialise it. */
struct tw_pbuf {
    uint8_t *p;
    size_t len, size;
};
/* Append; false (and unchanged) when the pool refuses or the result would exceed `limit`. */
bool tw_pbuf_add(struct tw_pool *pool, struct tw_pbuf *b, const void *p, size_t len, size_t limit);
void tw_pbuf_drop(struct tw_pool *pool, struct tw_pbuf *b);
