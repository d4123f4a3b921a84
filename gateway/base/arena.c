#include "base/arena.h"

#include <assert.h>

void tw_arena_init(struct tw_arena *a, void *memory, size_t size)
{
    assert(((uintptr_t)memory & 15u) == 0);
    *a = (struct tw_arena){.base = memory, .size = size};
}

void tw_arena_reset(struct tw_arena *a)
{
    a->used = 0;
    a->overflowed = false;
}

static void *take(struct tw_arena *a, size_t size, size_t align)
{
    size_t start = (a->used + align - 1) & ~(align - 1);
    if (start > a->size || size > a->size - start) {
        a->overflowed = true;
        return NULL;
    }
    a->used = start + size;
    return a->base + start;
}

void *tw_arena_alloc(struct tw_arena *a, size_t size)
{
    void *p = take(a, size, 16);
    if (p != NULL)
        memset(p, 0, size);
    return p;
}

struct tw_str tw_arena_str(struct tw_arena *a, struct tw_str s)
{
    if (s.p == NULL)
        return TW_STR_NONE;
    char *p = take(a, s.len + 1, 1);
    if (p == NULL)
        return TW_STR_NONE;
    if (s.len)
        memcpy(p, s.p, s.len);
    p[s.len] = '\0';
    return (struct tw_str){p, s.len};
}
