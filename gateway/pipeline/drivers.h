#pragma once
/* Inside pipeline/: the two ways to run a reader against workers. */

#include "pipeline/reader.h"

/* One worker on the calling thread; an event is shown to the sink while the dissector still holds
 * it. */
TW_MUST_CHECK enum tw_status tw_drive_inline(
    const struct tw_pipeline_config *config, struct tw_pipeline_result *out);
/* `workers` threads and an analyst. */
TW_MUST_CHECK enum tw_status tw_drive_parallel(
    const struct tw_pipeline_config *config, unsigned workers, struct tw_pipeline_result *out);
