#pragma once
/* The reading side: packets out of the capture, headers decoded, fragments put together, and the
 * ticks of event time at the same points of the capture whatever happens to the packets afterwards.
 */

#include "pipeline/pipeline.h"

struct tw_reader_ops {
    void *user;
    void (*packet)(void *user, const struct tw_packet *packet);
    /* Every packet up to number `packet` came before `now_ns`. */
    void (*tick)(void *user, int64_t now_ns, uint64_t packet);
    void (*finish)(void *user, int64_t now_ns, uint64_t packet);
    /* Nothing arrived for a moment (live): hand over what is waiting. */
    void (*idle)(void *user);
    /* So many packets arrived that a moment passed (live). May be NULL. */
    void (*busy)(void *user);
};

/* Read to the end. Fills the reader's part of `out`. */
TW_MUST_CHECK enum tw_status tw_reader_run(const struct tw_pipeline_config *config,
    const struct tw_reader_ops *ops, struct tw_pipeline_result *out);
