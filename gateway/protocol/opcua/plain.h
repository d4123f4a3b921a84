#pragma once
/* Numbers and truths with a status and times, and short arrays of them: what nearly all that is
 * told or read of variables is. They go straight into an event; value.h reads all there is. */

#include "event/event.h"
#include "protocol/opcua/value.h"

/* Of a Variant's first byte [UA6 5.2.2.16]; arrays with dimensions, and those of more elements, are
 * not plain. */
enum { TW_OPCUA_PLAIN_ARRAY = 0x80, TW_OPCUA_PLAIN_MOST = 64 };

/* By the first byte of a DataValue: other bits, and those that are not assigned, are not plain. */
static inline bool tw_opcua_may_be_plain(uint8_t mask)
{
    const unsigned rest = TW_OPCUA_HAS_STATUS | TW_OPCUA_HAS_SOURCE | TW_OPCUA_HAS_SERVER;
    return (mask & ~rest) == TW_OPCUA_HAS_VALUE;
}

/* The DataValue there, when it is such a one: the event's value, type and times, and its status
 * [UA6 5.2.2.17]. False for any other, and `c` stays; tw_opcua_data_value() says then what it is.
 */
TW_MUST_CHECK bool tw_opcua_plain(
    struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_event *event, uint32_t *out_status);
