#pragma once
/* Inside session/: what Sparkplug messages say together. Births give names to aliases and types to
 * values; the count of each edge node is followed where it publishes, else where one subscriber
 * gets it; what is sent by somebody else than before, before its birth or after its death is found.
 * One thread, bounded tables. */

#include "session/session.h"

struct tw_sparkplug_sessions;
/* NULL when memory is short. */
struct tw_sparkplug_sessions *tw_sparkplug_sessions_new(const struct tw_limits *limits);
void tw_sparkplug_sessions_free(struct tw_sparkplug_sessions *s);

/* A message: complete its `found`. `is_new`: it is not the delivery of one that was seen being
 * published. Asked for subscriptions too: they tell which host an edge node waits for. */
void tw_sparkplug_sessions_message(
    struct tw_sparkplug_sessions *s, struct tw_event *event, bool is_new);

/* A metric, or a member of a STATE, of the message that was shown last: complete `found`, its name,
 * type and value; what that borrows is good until the next call. Returns what is known of it, NULL
 * when nothing is. */
const struct tw_learned *tw_sparkplug_sessions_leaf(
    struct tw_sparkplug_sessions *s, struct tw_event *event);

/* expand() with every metric completed before it goes to `out`; `facts` are those of the message.
 */
void tw_sparkplug_sessions_expand(struct tw_sparkplug_sessions *s, tw_expand_fn expand,
    const struct tw_event *message, struct tw_session_facts *facts, const struct tw_emit *out);
