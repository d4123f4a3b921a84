#pragma once
/* A bump allocator over one fixed block. Nothing is freed by itself; tw_arena_reset() frees all.
 * Overflow is sticky: once an allocation did not fit, `overflowed` stays set until the reset, and
 * callers see NULL. Not thread-safe: one owner at a time. */

#include "base/str.h"

struct tw_arena {
    uint8_t *base;
    size_t size, used;
    bool overflowed;
};

/* Use `size` bytes at `memory` (aligned to 16), which the caller keeps. */
void tw_arena_init(struct tw_arena *a, void *memory, size_t size);

void tw_arena_reset(struct tw_arena *a);

/* Zeroed, aligned to 16. NULL when full. */
void *tw_arena_alloc(struct tw_arena *a, size_t size);

/* Copy of `s`, terminated (the terminator is not counted). Absent stays absent; when the arena is
 * full the result is absent as well and the arena is marked. */
struct tw_str tw_arena_str(struct tw_arena *a, struct tw_str s);
