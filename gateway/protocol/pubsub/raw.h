#pragma once
/* RawData: fields one after the other, of which only metadata says where each begins
 * [UA14 7.2.4.5.11]. session/ has that, and hands such a message back. */

#include "event/event.h"

/* Give `message`, whose pubsub->bytes are raw fields, and what it says when all of it fits the
 * metadata: an event for each field, known by its index. With `layout->sure` the fields before one
 * that can not be read are given too. Nothing but fields for a carrier. */
void tw_pubsub_raw(const struct tw_event *message, const struct tw_pubsub_layout *layout,
    const struct tw_emit *out);
