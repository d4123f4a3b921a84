#pragma once
/* Steps that follow each other within a time, by key: the first, then the second, and so on, with
 * anything in between. What is held is for each step the latest beginning from which it was
 * reached. A bounded table that evicts what was used least recently; event time; one thread. */

#include "detect/window.h"

struct tw_sequences;
struct tw_sequences *tw_sequences_new(const struct tw_sequence_spec *spec);
void tw_sequences_free(struct tw_sequences *s);
/* Note an event that is the steps of `steps` (bit per step). True when the last one was reached
 * within the time; the way to it then begins anew. */
bool tw_sequences_add(struct tw_sequences *s, struct tw_text_key key, uint32_t steps, int64_t ts_ns,
    uint64_t packet, struct tw_proof *out_proof);
uint64_t tw_sequences_evictions(const struct tw_sequences *s);
