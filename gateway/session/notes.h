#pragma once
/* Room for notes [tw_thing_note] about things that session/ keeps nothing else of: nodes that a
 * client reads. Where room is short the newer one has it: that costs time, nothing else. Inside
 * session/. */

#include "event/event.h"

struct tw_notes;
/* NULL when memory is short. */
struct tw_notes *tw_notes_new(void);
void tw_notes_free(struct tw_notes *n);
/* The note about what `flow` does to the node; zero when it is new there. Good until the next call.
 */
struct tw_thing_note *tw_notes_of(
    struct tw_notes *n, uint64_t flow, const struct tw_node_key *node);
/* It will be asked about: memory that is far may come meanwhile. */
void tw_notes_fetch(struct tw_notes *n, uint64_t flow, const struct tw_node_key *node);
/* The same where there is one; NULL else. All are good until the next call of the above. */
struct tw_thing_note *tw_notes_find(
    struct tw_notes *n, uint64_t flow, const struct tw_node_key *node);
