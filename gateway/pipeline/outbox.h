#pragma once
/* The events of one worker in one round: a chain of batches, longer when a round is very full. */

#include "event/batch.h"

struct tw_outbox {
    struct tw_batch *first, *last; /* last: being filled */
    struct tw_event **sorted;      /* after tw_outbox_close(): all of them, in order */
    struct tw_event **scratch;     /* for sorting; as large */
    size_t n, size;
    uint64_t extra, lost;
};

/* False when memory is short. */
bool tw_outbox_init(struct tw_outbox *o);
void tw_outbox_fini(struct tw_outbox *o);
void tw_outbox_reset(struct tw_outbox *o);
void tw_outbox_add(struct tw_outbox *o, const struct tw_event *event);
/* Collect and sort what was added. */
void tw_outbox_close(struct tw_outbox *o);
