#pragma once
/* Inside session/: what OPC UA PubSub messages say together. Sequence numbers of each DataSetWriter
 * are followed where it publishes (not where a broker delivers); metadata is remembered from
 * wherever it passes, and gives fields their names. One thread, bounded tables. */

#include "session/session.h"

struct tw_pubsub_sessions;
/* NULL when memory is short. */
struct tw_pubsub_sessions *tw_pubsub_sessions_new(void);
void tw_pubsub_sessions_free(struct tw_pubsub_sessions *s);

/* Complete an event that has PubSub facts: what they say in their sequence, and the name of its
 * field, good until the next call. */
void tw_pubsub_sessions_event(struct tw_pubsub_sessions *s, struct tw_event *event);

/* expand() with every event completed before it goes to `out`. */
void tw_pubsub_sessions_expand(struct tw_pubsub_sessions *s, tw_expand_fn expand,
    const struct tw_event *message, const struct tw_emit *out);
