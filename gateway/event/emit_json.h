#pragma once
/* Events as the JSON lines of `tierwatch decode`. */

#include "base/text.h"
#include "event/event.h"

/* Append one line, newline included. */
void tw_event_json(struct tw_text *out, const struct tw_event *event);
/* A value alone, as in "value":…; NONE writes null. */
void tw_value_json(struct tw_text *out, const struct tw_value *value);

/* Inside event/: the section of a Sparkplug message, and of one of its metrics (NULL: none). */
struct tw_sparkplug_info;
struct tw_sparkplug_metric;
void tw_sparkplug_json(struct tw_text *t, const struct tw_sparkplug_info *info,
    const struct tw_sparkplug_metric *metric);
