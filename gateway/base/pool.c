#include "base/pool.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct free_node {
    struct free_node *next;
};

/* Buffers stand at multiples of their size, so that each has a neighbour of its class with which it
 * was, or can become, one of the next. */
struct tw_pool {
    uint8_t *range;
    size_t size, used; /* what lies beyond was never handed out */
    size_t freed;      /* bytes that came back since halves were joined */
    struct free_node *free[TW_POOL_CLASSES];
    uint8_t *marks; /* a bit for each of the smallest buffers, all of them 0 but in join() */
    struct tw_pool_stats stats;
};

static size_t bytes_of(int c)
{
    return (size_t)1 << (c + TW_POOL_MIN_SHIFT);
}

static size_t mark_bytes(size_t size)
{
    return (size >> TW_POOL_MIN_SHIFT) / 8 + 1;
}

struct tw_pool *tw_pool_new(size_t bytes)
{
    struct tw_pool *pool = calloc(1, sizeof(*pool));
    if (pool == NULL)
        return NULL;
    pool->range = mmap(NULL, bytes + mark_bytes(bytes), PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pool->range == MAP_FAILED) {
        free(pool);
        return NULL;
    }
    pool->size = bytes;
    pool->marks = pool->range + bytes;
    return pool;
}

void tw_pool_free(struct tw_pool *pool)
{
    if (pool == NULL)
        return;
    munmap(pool->range, pool->size + mark_bytes(pool->size));
    free(pool);
}

/* -1 when larger than the largest class. */
static int class_of(size_t size)
{
    if (size <= bytes_of(0))
        return 0;
    const int c = 64 - __builtin_clzll(size - 1) - TW_POOL_MIN_SHIFT;
    return c < TW_POOL_CLASSES ? c : -1;
}

static void push(struct free_node **list, void *p)
{
    struct free_node *node = p;
    node->next = *list;
    *list = node;
}

static void *pop(struct free_node **list)
{
    struct free_node *node = *list;
    if (node != NULL)
        *list = node->next;
    return node;
}

/* From what was never handed out; smaller buffers fill the way to its multiple. */
static void *carve(struct tw_pool *pool, int c)
{
    const size_t bytes = bytes_of(c), at = (pool->used + bytes - 1) & ~(bytes - 1);
    if (at > pool->size || bytes > pool->size - at)
        return NULL;
    while (pool->used < at) {
        const int gap = __builtin_ctzll(pool->used) - TW_POOL_MIN_SHIFT;
        push(&pool->free[gap], pool->range + pool->used);
        pool->used += bytes_of(gap);
    }
    pool->used += bytes;
    return pool->range + at;
}

/* A larger one that is free, halved until it is of this class. */
static void *split(struct tw_pool *pool, int c)
{
    int from = c + 1;
    while (from < TW_POOL_CLASSES && pool->free[from] == NULL)
        from++;
    if (from == TW_POOL_CLASSES)
        return NULL;
    uint8_t *p = pop(&pool->free[from]);
    while (from-- > c)
        push(&pool->free[from], p + bytes_of(from));
    return p;
}

static size_t place_of(const struct tw_pool *pool, const void *p)
{
    return (size_t)((const uint8_t *)p - pool->range) >> TW_POOL_MIN_SHIFT;
}

static bool is_marked(const struct tw_pool *pool, size_t place)
{
    return place < pool->size >> TW_POOL_MIN_SHIFT && (pool->marks[place / 8] >> place % 8 & 1);
}

static void mark(struct tw_pool *pool, size_t place)
{
    pool->marks[place / 8] ^= (uint8_t)(1u << place % 8);
}

/* Of a class: of each two free halves of a larger one the first becomes that one. Nothing is
 * written to a buffer but the one at hand: the other may still be a link of the list. */
static void join_class(struct tw_pool *pool, int c)
{
    const size_t half = (size_t)1 << c;
    struct free_node *rest = pool->free[c], *node, *whole = NULL;
    for (node = rest; node != NULL; node = node->next)
        mark(pool, place_of(pool, node));
    pool->free[c] = NULL;
    while ((node = pop(&rest)) != NULL) {
        const size_t place = place_of(pool, node);
        if (!is_marked(pool, place ^ half))
            push(&pool->free[c], node);
        else if ((place & half) == 0)
            push(&whole, node);
    }
    for (node = pool->free[c]; node != NULL; node = node->next)
        mark(pool, place_of(pool, node));
    while ((node = pop(&whole)) != NULL) {
        mark(pool, place_of(pool, node));
        mark(pool, place_of(pool, node) ^ half);
        push(&pool->free[c + 1], node);
    }
}

/* Whoever fills the pool with buffers of one size must not leave it useless for all others. It
 * takes as long as there are free buffers, so a quarter of the pool has to come back in between. */
static bool join(struct tw_pool *pool)
{
    if (pool->freed < pool->size / 4)
        return false;
    pool->freed = 0;
    for (int c = 0; c + 1 < TW_POOL_CLASSES; c++)
        join_class(pool, c);
    return true;
}

static void *find(struct tw_pool *pool, int c)
{
    void *p = pop(&pool->free[c]);
    if (p == NULL)
        p = carve(pool, c);
    if (p == NULL)
        p = split(pool, c);
    return p;
}

void *tw_pool_get(struct tw_pool *pool, size_t size, size_t *out_size)
{
    int c = class_of(size);
    void *p = c < 0 ? NULL : find(pool, c);
    if (p == NULL && c >= 0 && join(pool))
        p = find(pool, c);
    if (p == NULL) {
        pool->stats.refused++;
        return NULL;
    }
    pool->stats.in_use_bytes += bytes_of(c);
    if (pool->stats.in_use_bytes > pool->stats.peak_bytes)
        pool->stats.peak_bytes = pool->stats.in_use_bytes;
    if (out_size != NULL)
        *out_size = bytes_of(c);
    return p;
}

void tw_pool_put(struct tw_pool *pool, void *p, size_t size)
{
    if (p == NULL)
        return;
    int c = class_of(size);
    push(&pool->free[c], p);
    pool->freed += bytes_of(c);
    pool->stats.in_use_bytes -= bytes_of(c);
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
