#pragma once
/* Events as the JSON lines of `tierwatch decode`. */

#include "base/text.h"
#include "event/event.h"

/* Append one line, newline included. */
void tw_event_json(struct tw_text *out, const struct tw_event *event);

/* Many lines, one after the other. Those of a message repeat what is known of it: what a line has
 * in common with the one before it is copied from there. The bytes are those of tw_event_json().
 * Starts zeroed; the owner takes `text` out and frees it. */
struct tw_event_lines {
    struct tw_text text;
    struct tw_event head; /* one that the last line begins like; its pointers are compared only */
    const struct tw_mqtt_info *mqtt; /* of the last line, and its serial number */
    uint64_t serial;
    size_t head_at, head_len, mqtt_at, mqtt_len; /* where they stand in `text`; 0 bytes: nowhere */
};
void tw_event_lines_add(struct tw_event_lines *l, const struct tw_event *event);
/* Forget all lines. */
void tw_event_lines_clear(struct tw_event_lines *l);

/* A value alone, as in "value":…; NONE writes null. */
void tw_value_json(struct tw_text *out, const struct tw_value *value);

/* Inside event/: the section of a Sparkplug message, and of one of its metrics (NULL: none). */
struct tw_sparkplug_info;
struct tw_sparkplug_metric;
void tw_sparkplug_json(struct tw_text *t, const struct tw_sparkplug_info *info,
    const struct tw_sparkplug_metric *metric);
