#pragma once
/* The index of a cache: at which of its places something is kept, by a number that it is known by.
 * Places are given out one behind the other, so that few things touch little memory. Some share a
 * set of places; when that is full, what came first makes room. Two things may be told the same
 * place: whoever asks looks whether what is kept there is what is meant. One thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TW_WAYS_PLACES = 65536 };

struct tw_ways;

/* NULL when memory is short. */
struct tw_ways *tw_ways_new(void);
void tw_ways_free(struct tw_ways *w);

/* Its place, which may be another's until now. */
size_t tw_ways_of(struct tw_ways *w, uint64_t number);
/* The same of what has one already; else false. */
bool tw_ways_find(const struct tw_ways *w, uint64_t number, size_t *out);
