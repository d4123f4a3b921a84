#pragma once
/* Numbers and truths with a status and times, and short arrays of them: what nearly all that is
 * told or read of variables is. They go straight into an event; value.h reads all there is. */

#include "event/event.h"
#include "protocol/opcua/value.h"

/* The DataValue there, when it is such a one: the event's value, type and times, and its status
 * [UA6 5.2.2.17]. False for any other, and `c` stays; tw_opcua_data_value() says then what it is.
 */
TW_MUST_CHECK bool tw_opcua_plain(
    struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_event *event, uint32_t *out_status);
