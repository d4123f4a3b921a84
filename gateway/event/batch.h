#pragma once
/* A batch of events and everything they point to, in one block of fixed size. A worker fills it,
 * hands it over through a queue, and gets it back empty: nothing on the way allocates. */

#include "base/arena.h"
#include "base/status.h"
#include "event/event.h"

struct tw_batch {
    struct tw_arena arena;
    struct tw_event **events; /* in the order they were added */
    size_t n, capacity;
    uint64_t watermark; /* every event of packets up to here has been handed over */
    uint32_t worker;
    struct tw_batch *next;
    /* Copies of per-message facts that following events share. */
    uint64_t opcua_serial, mqtt_serial, pubsub_serial, sparkplug_serial;
    struct tw_opcua_info *opcua;
    struct tw_mqtt_info *mqtt;
    struct tw_pubsub_info *pubsub;
    struct tw_sparkplug_info *sparkplug;
};

/* NULL when memory is short. */
struct tw_batch *tw_batch_new(size_t bytes);
void tw_batch_free(struct tw_batch *b);
void tw_batch_reset(struct tw_batch *b);

/* Deep copy of `event` to the end of the batch. TW_FULL when it does not fit (the batch is
 * unchanged but for wasted bytes): hand the batch over and use an empty one. */
TW_MUST_CHECK enum tw_status tw_batch_add(struct tw_batch *b, const struct tw_event *event);
