#pragma once
/* Inside session/: PubSub messages that come in chunks, in any order and several at once
 * [UA14 7.2.4.4.4], put together in memory of fixed size. One that is not whole in time is a gap.
 */

#include "base/table.h"
#include "session/session.h"

struct tw_pubsub_chunks;
/* NULL when memory is short. */
struct tw_pubsub_chunks *tw_pubsub_chunks_new(struct tw_seed seed);
void tw_pubsub_chunks_free(struct tw_pubsub_chunks *c);

/* Take the chunk that `event` carries; `key` is that of its message, number included. True when
 * that is whole now: `out_payload` is good until the next call. Messages given up to make room go
 * to `out`. */
bool tw_pubsub_chunks_add(struct tw_pubsub_chunks *c, const struct tw_event *event,
    const struct tw_text_key *key, const struct tw_emit *out, struct tw_str *out_payload);

/* Event time passed `now_ns`, with `packet` the last one seen. INT64_MAX: the input is over. */
void tw_pubsub_chunks_tick(
    struct tw_pubsub_chunks *c, int64_t now_ns, uint64_t packet, const struct tw_emit *out);

/* Messages put together, and those that never were. */
void tw_pubsub_chunks_stats(
    const struct tw_pubsub_chunks *c, uint64_t *out_whole, uint64_t *out_incomplete);
