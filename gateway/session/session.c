#include "session/session.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/table.h"
#include "base/timefmt.h"
#include "session/mcp.h"
#include "session/pubsub.h"
#include "session/sparkplug.h"
#include "session/stages.h"

/* How long a hole in a flow makes what follows uncertain. */
#define AFTER_GAP_NS (10 * TW_NS_PER_S)

enum { MAX_GAPS = 4096 };

struct tw_sessions {
    struct tw_opcua_sessions *opcua;
    struct tw_mqtt_sessions *mqtt;
    struct tw_pubsub_sessions *pubsub;
    struct tw_sparkplug_sessions *sparkplug;
    struct tw_mcp_sessions *mcp;
    struct tw_mcp_time now;
    struct tw_table *gaps; /* flow → time of its last gap */
    int64_t last_gap_ns;   /* of any flow */
    struct tw_session_readers readers;
    /* What PubSub gives by itself passes here on its way out: a chunk that never came is a gap. */
    struct tw_emit through;
    const struct tw_emit *out;
    struct tw_session_facts facts, passing;
    /* The message that `facts` was written for: its leaves share them. */
    const struct tw_mqtt_info *message;
    uint64_t message_serial, message_flow;
};

static bool after_gap(struct tw_sessions *s, const struct tw_event *event)
{
    if (event->action == TW_ACTION_GAP) {
        int64_t *at = tw_table_put(s->gaps, &event->flow, NULL);
        *at = s->last_gap_ns = event->ts_ns;
        return true;
    }
    if (s->last_gap_ns == 0 || event->ts_ns - s->last_gap_ns > AFTER_GAP_NS)
        return false;
    const int64_t *at = tw_table_peek(s->gaps, &event->flow);
    return at != NULL && event->ts_ns - *at <= AFTER_GAP_NS;
}

static void on_given(void *user, const struct tw_event *event)
{
    struct tw_sessions *s = user;
    if (event->action == TW_ACTION_GAP)
        (void)after_gap(s, event);
    tw_emit(s->out, event);
}

struct tw_sessions *tw_sessions_new(
    const struct tw_limits *limits, const struct tw_session_readers *readers)
{
    struct tw_sessions *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->readers = *readers;
    s->through = (struct tw_emit){on_given, s};
    s->opcua = tw_opcua_sessions_new(limits);
    s->mqtt = tw_mqtt_sessions_new(limits, readers->prints_only);
    s->pubsub = tw_pubsub_sessions_new(&s->readers);
    s->sparkplug = tw_sparkplug_sessions_new(limits);
    s->mcp = tw_mcp_sessions_new(limits);
    s->gaps = tw_table_new(sizeof(uint64_t), sizeof(int64_t), MAX_GAPS, tw_seed_random());
    if (s->opcua == NULL || s->mqtt == NULL || s->pubsub == NULL || s->sparkplug == NULL ||
        s->mcp == NULL || s->gaps == NULL) {
        tw_sessions_free(s);
        return NULL;
    }
    return s;
}

void tw_sessions_free(struct tw_sessions *s)
{
    if (s == NULL)
        return;
    tw_opcua_sessions_free(s->opcua);
    tw_mqtt_sessions_free(s->mqtt);
    tw_pubsub_sessions_free(s->pubsub);
    tw_sparkplug_sessions_free(s->sparkplug);
    tw_mcp_sessions_free(s->mcp);
    tw_table_free(s->gaps);
    free(s);
}

void tw_sessions_expect(const struct tw_sessions *s, const struct tw_event *event)
{
    tw_mqtt_sessions_expect(s->mqtt, event);
}

/* What is done here for a delivery that does not pass is done again when it is completed. */
static const struct tw_session_facts *pass_delivery(
    struct tw_sessions *s, const struct tw_event *event)
{
    s->passing = (struct tw_session_facts){.after_gap = false};
    if (after_gap(s, event) || !tw_mqtt_sessions_pass(s->mqtt, event, &s->passing))
        return NULL;
    s->now = (struct tw_mcp_time){event->ts_ns, event->packet};
    return &s->passing;
}

const struct tw_session_facts *tw_sessions_pass(struct tw_sessions *s, const struct tw_event *event)
{
    if (event->action == TW_ACTION_DELIVER && event->mqtt != NULL)
        return pass_delivery(s, event);
    if (event->protocol != TW_PROTO_OPCUA || after_gap(s, event) ||
        !tw_opcua_sessions_pass(s->opcua, event, &s->passing))
        return NULL;
    s->now = (struct tw_mcp_time){event->ts_ns, event->packet};
    return &s->passing;
}

const struct tw_session_facts *tw_sessions_pass_values(struct tw_sessions *s,
    const struct tw_event *message, const struct tw_plain_values *values, uint32_t first,
    uint32_t *n, struct tw_thing_note *notes[TW_PLAIN_VALUES])
{
    if (after_gap(s, message))
        return NULL;
    *n = tw_opcua_sessions_pass_values(s->opcua, message, values, first, *n, notes, &s->passing);
    if (*n == 0)
        return NULL;
    s->now = (struct tw_mcp_time){message->ts_ns, message->packet};
    return &s->passing;
}

static bool is_of_last(const struct tw_sessions *s, const struct tw_event *event)
{
    return event->mqtt != NULL && event->mqtt->serial == s->message_serial &&
           event->flow == s->message_flow;
}

const struct tw_session_facts *tw_sessions_pass_leaf(
    const struct tw_sessions *s, const struct tw_event *leaf)
{
    return s->message_serial != 0 && is_of_last(s, leaf) ? &s->facts : NULL;
}

static bool is_leaf_of_last(const struct tw_sessions *s, const struct tw_event *event)
{
    return event->field.p != NULL && event->mqtt == s->message && is_of_last(s, event);
}

static void give(struct tw_sessions *s, const struct tw_event *event)
{
    if (tw_pubsub_carries(event))
        tw_pubsub_sessions_give(s->pubsub, event, &s->through);
    else
        tw_emit(s->out, event);
}

static void tick_pubsub(struct tw_sessions *s, int64_t now_ns, const struct tw_emit *out)
{
    s->out = out;
    s->message = NULL;
    s->facts = (struct tw_session_facts){.after_gap = true};
    tw_pubsub_sessions_tick(s->pubsub, now_ns, s->now.packet, &s->through);
}

void tw_sessions_tick(struct tw_sessions *s, int64_t now_ns, const struct tw_emit *out)
{
    s->now.ts_ns = now_ns;
    tick_pubsub(s, now_ns, out);
    tw_mcp_sessions_tick(s->mcp, &s->now, false, s->readers.leaves, out);
}

void tw_sessions_finish(struct tw_sessions *s, const struct tw_emit *out)
{
    tick_pubsub(s, INT64_MAX, out);
    tw_mcp_sessions_tick(s->mcp, &s->now, true, s->readers.leaves, out);
}

struct tw_sessions_stats tw_sessions_stats(const struct tw_sessions *s)
{
    struct tw_sessions_stats stats;
    tw_pubsub_sessions_stats(s->pubsub, &stats);
    stats.evicted = tw_opcua_sessions_evicted(s->opcua);
    return stats;
}

/* A message, or a leaf of one. */
static void follow_sparkplug(struct tw_sessions *s, struct tw_event *event, bool is_new)
{
    if (event->sparkplug != NULL && event->field.p != NULL)
        s->facts.learned = tw_sparkplug_sessions_leaf(s->sparkplug, event);
    else if (event->sparkplug != NULL || event->action == TW_ACTION_SUBSCRIBE)
        tw_sparkplug_sessions_message(s->sparkplug, event, is_new);
}

/* The leaves of a delivery that nobody was seen to publish. */
static void expand_delivery(struct tw_sessions *s, const struct tw_event *event)
{
    if (event->pubsub != NULL)
        tw_pubsub_sessions_expand(s->pubsub, s->readers.leaves, event, &s->through);
    else if (event->sparkplug != NULL)
        tw_sparkplug_sessions_expand(s->sparkplug, s->readers.leaves, event, &s->facts, s->out);
    else
        s->readers.leaves(event, s->out);
}

void tw_sessions_event(struct tw_sessions *s, struct tw_event *event, const struct tw_emit *out)
{
    s->now = (struct tw_mcp_time){event->ts_ns, event->packet};
    s->out = out;
    if (event->pubsub != NULL)
        tw_pubsub_sessions_event(s->pubsub, event);
    if (tw_pubsub_carries(event) && event->pubsub->carrier) {
        event->facts = &s->facts;
        give(s, event);
        return;
    }
    if (is_leaf_of_last(s, event)) {
        event->facts = &s->facts;
        follow_sparkplug(s, event, true);
        tw_emit(out, event);
        return;
    }
    const bool mcp = event->mqtt != NULL && event->mqtt->mcp != NULL;
    if (mcp)
        tw_mcp_sessions_event(s->mcp, event);
    s->message = event->mqtt;
    s->message_serial = event->mqtt != NULL ? event->mqtt->serial : 0;
    s->message_flow = event->flow;
    s->facts = (struct tw_session_facts){.after_gap = after_gap(s, event)};
    event->facts = &s->facts;
    bool expand = false;
    if (event->protocol == TW_PROTO_OPCUA) {
        tw_opcua_sessions_event(s->opcua, event, &s->facts);
    } else if (event->protocol == TW_PROTO_MQTT) {
        expand =
            tw_mqtt_sessions_event(s->mqtt, event, &s->facts) && event->action == TW_ACTION_DELIVER;
    }
    follow_sparkplug(s, event, event->action != TW_ACTION_DELIVER || expand);
    /* A delivery of what was seen being published is counted, not read a second time. */
    if (event->action == TW_ACTION_DELIVER && !expand) {
        event->value = (struct tw_value){.kind = TW_VALUE_NONE};
        event->type = NULL;
        tw_emit(out, event);
    } else {
        give(s, event);
    }
    if (mcp)
        tw_mcp_sessions_answer(s->mcp, event, s->readers.leaves, out);
    if (expand && s->readers.leaves != NULL)
        expand_delivery(s, event);
}
