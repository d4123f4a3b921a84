#pragma once
/* The order of events in the merged stream. */

#include "event/event.h"

/* A mark in the stream: event time passed ts_ns. Not an action that anybody sees. */
#define TW_ACTION_MARK TW_ACTION_COUNT

/* By packet; within one: what it carried (phase 0), deadlines after it (1), the end (2); those by
 * time, then by the first packet of their flow. */
static inline int tw_event_order(const struct tw_event *a, const struct tw_event *b)
{
    if (a->packet != b->packet)
        return a->packet < b->packet ? -1 : 1;
    if (a->phase != b->phase)
        return a->phase < b->phase ? -1 : 1;
    if (a->phase == 0)
        return 0;
    if (a->ts_ns != b->ts_ns)
        return a->ts_ns < b->ts_ns ? -1 : 1;
    if (a->flow_first_packet != b->flow_first_packet)
        return a->flow_first_packet < b->flow_first_packet ? -1 : 1;
    return 0;
}

/* Stable sort of events by tw_event_order(). `scratch` holds n of them. Linear when they are in
 * order, as nearly all are; n log n for the flows that end with the input. */
void tw_event_sort(struct tw_event **events, size_t n, struct tw_event **scratch);
