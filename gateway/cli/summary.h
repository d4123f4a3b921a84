#pragma once
/* What a replay looked at and found: words on standard error, JSON with --summary. */

#include "cli/common.h"

/* False when the file could not be written. */
bool tw_summary(const struct tw_options *o, const struct tw_pipeline_result *result,
    const struct tw_analyst_stats *stats, int64_t wall_ns);
/* The JSON alone. */
bool tw_summary_write(const char *path, const struct tw_pipeline_result *result,
    const struct tw_analyst_stats *stats);
