#pragma once
/* What spans flows, after the merge, in capture order, on the analysis thread: OPC UA sessions that
 * move between connections, client handles resolved to NodeIds, MQTT sessions and takeovers, which
 * topics exist and who publishes on them, deliveries told from publishes already seen. */

#include "base/limits.h"
#include "event/plain_value.h"

struct tw_sessions;

/* Give the scalar leaves of a payload to `out`, as copies of `message` with field and value set. */
typedef void (*tw_expand_fn)(const struct tw_event *message, const struct tw_emit *out);

/* What protocol/ reads once session/ knows more; handed in because folders of one floor do not
 * include each other. */
struct tw_session_readers {
    tw_expand_fn leaves; /* tw_payload_leaves */
    /* tw_pubsub_raw, tw_pubsub_whole; NULL where there is no PubSub. */
    void (*raw)(const struct tw_event *message, const struct tw_pubsub_layout *layout,
        const struct tw_emit *out);
    void (*whole)(const struct tw_event *chunk, struct tw_str payload, const struct tw_emit *out);
    /* Events are only printed: what no event shows of MQTT clients and messages (who is connected
     * twice, whose will it is, …) is not looked for. */
    bool prints_only;
};

struct tw_sessions *tw_sessions_new(
    const struct tw_limits *limits, const struct tw_session_readers *readers);
void tw_sessions_free(struct tw_sessions *s);

/* An MQTT message is to come: what is kept of its connection is fetched into the cache
 * [tw_expect_fn]. */
void tw_sessions_expect(const struct tw_sessions *s, const struct tw_event *event);

/* Complete `event` in place (identity, object of a notify, facts) and give it, and the events that
 * follow from it, to `out`. What it points to is good until the next call. */
void tw_sessions_event(struct tw_sessions *s, struct tw_event *event, const struct tw_emit *out);
/* What is known about an event [tw_pass_fn] that need not be completed. NULL when it has to be;
 * good until the next call. Of a data change or a value read: its note and what rules may ask of it
 * by itself. */
const struct tw_session_facts *tw_sessions_pass(
    struct tw_sessions *s, const struct tw_event *event);
/* The same of the first so many of a list [tw_pass_values_fn], from `first` on and at most `*n`,
 * with the note of each. Writes their number; NULL when there is none. */
const struct tw_session_facts *tw_sessions_pass_values(struct tw_sessions *s,
    const struct tw_event *message, const struct tw_plain_values *values, uint32_t first,
    uint32_t *n, struct tw_thing_note *notes[TW_PLAIN_VALUES]);
/* Of a leaf of the message that was completed last: what is known of that. */
const struct tw_session_facts *tw_sessions_pass_leaf(
    const struct tw_sessions *s, const struct tw_event *leaf);

/* Event time passed `now_ns`, after every event up to there: what was waited for too long is a gap.
 */
void tw_sessions_tick(struct tw_sessions *s, int64_t now_ns, const struct tw_emit *out);
/* The input is over: the same for all that is still waited for. */
void tw_sessions_finish(struct tw_sessions *s, const struct tw_emit *out);

struct tw_sessions_stats {
    uint64_t chunked_whole, chunked_incomplete; /* PubSub messages */
    uint64_t evicted; /* OPC UA sessions, subscriptions and items forgotten for others */
};
struct tw_sessions_stats tw_sessions_stats(const struct tw_sessions *s);
