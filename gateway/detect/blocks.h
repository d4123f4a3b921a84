#pragma once
/* Memory of a rule set: many small pieces, freed together. Used while loading only. Running out is
 * sticky: later requests fail too, and the loader reports it once. */

#include "base/str.h"

struct tw_blocks {
    struct tw_block *first;
    struct tw_blocks_end *ends;
    bool failed;
};

/* Zeroed; NULL when memory is short. */
void *tw_blocks_alloc(struct tw_blocks *b, size_t n, size_t size);
/* A terminated copy; absent when memory is short. */
struct tw_str tw_blocks_str(struct tw_blocks *b, struct tw_str s);
/* Call `fn` before the memory goes, the last one asked for first. False, after having called it at
 * once, when memory is short. */
bool tw_blocks_on_fini(struct tw_blocks *b, void (*fn)(void *user), void *user);
void tw_blocks_fini(struct tw_blocks *b);
