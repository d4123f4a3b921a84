#pragma once
/* Inside session/: what OPC UA PubSub messages say together. Sequence numbers of each DataSetWriter
 * are followed where it publishes (not where a broker delivers); metadata is remembered from
 * wherever it passes, gives fields their names and makes RawData readable; messages that come in
 * chunks are put together. One thread, bounded tables. */

#include "session/session.h"

struct tw_pubsub_sessions;
/* NULL when memory is short. `readers` has to stay. */
struct tw_pubsub_sessions *tw_pubsub_sessions_new(const struct tw_session_readers *readers);
void tw_pubsub_sessions_free(struct tw_pubsub_sessions *s);

/* Complete an event that has PubSub facts: what they say in their sequence, and the name of its
 * field, good until the next call. */
void tw_pubsub_sessions_event(struct tw_pubsub_sessions *s, struct tw_event *event);

/* Is there more in the event than it says? Not of what is wrong with a message. */
static inline bool tw_pubsub_carries(const struct tw_event *e)
{
    return e->pubsub != NULL && e->pubsub->bytes.len > 0 &&
           (e->action == TW_ACTION_PUBLISH || e->action == TW_ACTION_DELIVER);
}

/* Give an event that is complete, and what follows from the bytes it carries: a carrier gives that
 * alone. */
void tw_pubsub_sessions_give(
    struct tw_pubsub_sessions *s, const struct tw_event *event, const struct tw_emit *out);

/* Event time passed `now_ns`, with `packet` the last one seen; INT64_MAX: the input is over.
 * Messages whose chunks did not all come are gaps. */
void tw_pubsub_sessions_tick(
    struct tw_pubsub_sessions *s, int64_t now_ns, uint64_t packet, const struct tw_emit *out);

void tw_pubsub_sessions_stats(const struct tw_pubsub_sessions *s, struct tw_sessions_stats *out);

/* expand() with every event completed before it goes to `out`. */
void tw_pubsub_sessions_expand(struct tw_pubsub_sessions *s, tw_expand_fn expand,
    const struct tw_event *message, const struct tw_emit *out);
