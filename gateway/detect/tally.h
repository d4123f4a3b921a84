#pragma once
/* Windows over more than can be kept one by one: sums, rates, and counts and different values
 * beyond what window.h takes. A window is cut into slices; what leaves it leaves by the slice, so
 * it is up to one slice shorter than declared. Different values are counted by HyperLogLog (about 3
 * % off). Bounded tables that evict what was used least recently; event time; one thread. */

#include "detect/window.h"

enum { TW_TALLY_SLICES = 32, TW_TALLY_DISTINCT_SLICES = 8 };

struct tw_tallies;
struct tw_tallies *tw_tallies_new(const struct tw_window_spec *spec);
void tw_tallies_free(struct tw_tallies *t);
/* Note an event that adds `amount`, or whose value has the hash `hash`. True when the window holds
 * enough; `out_count` is the sum, rate or number. */
bool tw_tallies_add(struct tw_tallies *t, struct tw_text_key key, int64_t ts_ns, uint64_t packet,
    double amount, uint64_t hash, double *out_count, struct tw_proof *out_proof);
uint64_t tw_tallies_evictions(const struct tw_tallies *t);
