#pragma once
/* Numbers and truths with a status and times: what nearly all that is told or read of variables is.
 * They go straight into an event; value.h reads all there is. */

#include "event/event.h"
#include "protocol/opcua/types.h"

/* The DataValue there, when it is such a one: the event's value, type and times, and its status
 * [UA6 5.2.2.17]. False for any other, and `c` stays; what the event says then is not known. */
TW_MUST_CHECK bool tw_opcua_plain(struct tw_cur *c, struct tw_event *event, uint32_t *status);
