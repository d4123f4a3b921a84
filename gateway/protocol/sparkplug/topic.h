#pragma once
/* What a topic says about a Sparkplug message [SPB 4.1]. Nothing else may say that it is one: bytes
 * of other meaning often read as an empty Payload. */

#include "event/sparkplug.h"

struct tw_sparkplug_place {
    enum tw_sparkplug_kind kind;
    bool is_old_state; /* "STATE/host" of version 2: it counts only with its text */
    struct tw_str group, edge_node, device, host;
};

/* Borrows from `topic`. */
void tw_sparkplug_place(struct tw_str topic, struct tw_sparkplug_place *out);

/* Its payload is a Payload, in Protocol Buffers. */
static inline bool tw_sparkplug_has_metrics(enum tw_sparkplug_kind kind)
{
    return kind >= TW_SPARKPLUG_NBIRTH && kind <= TW_SPARKPLUG_DCMD;
}
