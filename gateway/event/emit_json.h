#pragma once
/* Events as the JSON lines of `tierwatch decode`. */

#include "base/text.h"
#include "event/event.h"

/* Append one line, newline included. */
void tw_event_json(struct tw_text *out, const struct tw_event *event);
/* A value alone, as in "value":…; NONE writes null. */
void tw_value_json(struct tw_text *out, const struct tw_value *value);
