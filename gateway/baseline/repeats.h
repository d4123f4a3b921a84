#pragma once
/* Finds stretches of values that are an exact copy of an earlier stretch of the same series, as a
 * recording that is played back makes them. Windows of 16 values are told by a rolling hash; one in
 * four is kept, chosen by its own hash, so that a copy is chosen where the original was. The 1,024
 * kept last reach some 4,000 values back. Inside baseline/. */

#include <stdbool.h>
#include <stdint.h>

enum { TW_REPEATS_WINDOW = 16, TW_REPEATS_SLOTS = 1024 };

struct tw_repeats {
    uint64_t values[TW_REPEATS_WINDOW]; /* hashes of the last ones */
    uint64_t hash;                      /* of all of them */
    uint32_t n;                         /* values so far */
    /* The copy that is underway: so many kept windows in a row were found, each this much later. */
    uint32_t found, lag, from;
    struct {
        uint32_t tag, at; /* at: number of its last value; 0: free */
    } slots[TW_REPEATS_SLOTS];
};

/* How many values up to this one are a copy; 0: none, or not sure yet. A window counts when at
 * least twelve of its values differ, and the copy when two windows agree on how long ago it was. */
uint32_t tw_repeats_add(struct tw_repeats *r, double value);
