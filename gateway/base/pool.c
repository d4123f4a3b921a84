#include "base/pool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct free_node {
    struct free_node *next;
};

struct tw_pool {
    uint8_t *range;
    size_t size, used;
    struct free_node *free[TW_POOL_CLASSES];
    struct tw_pool_stats stats;
};

struct tw_pool *tw_pool_new(size_t bytes)
{
    struct tw_pool *pool = calloc(1, sizeof(*pool));
    if (pool == NULL)
        return NULL;
    pool->range = mmap(
        NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pool->range == MAP_FAILED) {
        free(pool);
        return NULL;
    }
    pool->size = bytes;
    return pool;
}

void tw_pool_free(struct tw_pool *pool)
{
    if (pool == NULL)
        return;
    munmap(pool->range, pool->size);
    free(pool);
}

/* -1 when larger than the largest class. */
static int class_of(size_t size)
{
    int c = 0;
    while (c < TW_POOL_CLASSES && ((size_t)1 << (c + TW_POOL_MIN_SHIFT)) < size)
        c++;
    return c < TW_POOL_CLASSES ? c : -1;
}

void *tw_pool_get(struct tw_pool *pool, size_t size, size_t *out_size)
{
    int c = class_of(size);
    size_t bytes = c < 0 ? 0 : (size_t)1 << (c + TW_POOL_MIN_SHIFT);
    void *p = NULL;
    if (c >= 0 && pool->free[c] != NULL) {
        p = pool->free[c];
        pool->free[c] = pool->free[c]->next;
    } else if (c >= 0 && bytes <= pool->size - pool->used) {
        p = pool->range + pool->used;
        pool->used += bytes;
    }
    if (p == NULL) {
        pool->stats.refused++;
        return NULL;
    }
    pool->stats.in_use_bytes += bytes;
    if (pool->stats.in_use_bytes > pool->stats.peak_bytes)
        pool->stats.peak_bytes = pool->stats.in_use_bytes;
    if (out_size != NULL)
        *out_size = bytes;
    return p;
}

void tw_pool_put(struct tw_pool *pool, void *p, size_t size)
{
    if (p == NULL)
        return;
    int c = class_of(size);
    struct free_node *node = p;
    node->next = pool->free[c];
    pool->free[c] = node;
    pool->stats.in_use_bytes -= (size_t)1 << (c + TW_POOL_MIN_SHIFT);
}

struct tw_pool_stats tw_pool_stats(const struct tw_pool *pool)
{
    return pool->stats;
}

bool tw_pbuf_add(struct tw_pool *pool, struct tw_pbuf *b, const void *p, size_t len, size_t limit)
{
    if (len > limit || b->len > limit - len)
        return false;
    if (b->len + len > b->size) {
        size_t size;
        uint8_t *bigger = tw_pool_get(pool, b->len + len, &size);
        if (bigger == NULL)
            return false;
        if (b->len)
            memcpy(bigger, b->p, b->len);
        tw_pool_put(pool, b->p, b->size);
        b->p = bigger;
        b->size = size;
    }
    if (len)
        memcpy(b->p + b->len, p, len);
    b->len += len;
    return true;
}

void tw_pbuf_drop(struct tw_pool *pool, struct tw_pbuf *b)
{
    tw_pool_put(pool, b->p, b->size);
    *b = (struct tw_pbuf){0};
}
