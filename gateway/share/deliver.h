#pragma once
/* The thread that takes messages out of the spool and gets them acknowledged. */

#include "share/spool.h"

struct tw_delivery;

/* `config` and `spool` outlive it. TW_NO_MEMORY when there is no memory, descriptor or thread. */
TW_MUST_CHECK enum tw_status tw_delivery_start(
    const struct tw_broker_config *config, struct tw_spool *spool, struct tw_delivery **out);
/* Something was added to the spool. Thread-safe. */
void tw_delivery_queued(struct tw_delivery *d);
/* `spooled` is not filled in. Thread-safe. */
struct tw_publisher_stats tw_delivery_stats(struct tw_delivery *d);
/* Deliver what is left within drain_ms, say goodbye, join, free. */
void tw_delivery_stop(struct tw_delivery *d);
