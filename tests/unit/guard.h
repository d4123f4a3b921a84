#pragma once
/* Bytes that end at an unreadable page: reading one too many is a crash, not luck. */

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { GUARD_PAGE = 4096, GUARD_PAGES = 16 };

struct guard {
    uint8_t *map;
};

static inline struct guard guard_new(void)
{
    const size_t size = (size_t)GUARD_PAGE * (GUARD_PAGES + 1);
    uint8_t *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert(map != MAP_FAILED);
    int closed = mprotect(map + (size_t)GUARD_PAGE * GUARD_PAGES, GUARD_PAGE, PROT_NONE);
    assert(closed == 0);
    (void)closed;
    return (struct guard){map};
}

static inline void guard_free(struct guard *g)
{
    munmap(g->map, (size_t)GUARD_PAGE * (GUARD_PAGES + 1));
}

/* A copy of `len` bytes whose last one is the last readable one. */
static inline uint8_t *guard_put(struct guard *g, const void *p, size_t len)
{
    assert(len <= (size_t)GUARD_PAGE * GUARD_PAGES);
    uint8_t *at = g->map + (size_t)GUARD_PAGE * GUARD_PAGES - len;
    if (len > 0)
        memcpy(at, p, len);
    return at;
}
