#pragma once
/* What is published is delivered to every subscriber, with the same bytes: the digests of the last
 * payloads are kept, beside their bytes, and not worked out for each of them. */

#include "base/str.h"

struct tw_digests;

/* NULL when memory is short. */
struct tw_digests *tw_digests_new(void);
void tw_digests_free(struct tw_digests *d);

/* tw_hash_stable() of the payload. `d` may be NULL: nothing is kept. */
uint64_t tw_digests_of(struct tw_digests *d, struct tw_str payload);
