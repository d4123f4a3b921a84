#pragma once
/* The line on standard error that says how far a capture has been read. The commands' thread. NULL
 * stands for "no progress" everywhere. */

#include "capture/capture.h"
#include "cli/cli.h"

struct tw_progress;

/* NULL when progress is not wanted (`--progress`, -q, standard error is no terminal) or memory is
 * short. `*out_bad`: --progress has no such value; that is printed. */
struct tw_progress *tw_progress_new(const struct tw_options *o, bool *out_bad);
void tw_progress_free(struct tw_progress *p);
/* How many alerts the next line tells. */
void tw_progress_alerts(struct tw_progress *p, uint64_t alerts);
/* tw_pipeline_config.progress */
void tw_progress_show(void *progress, const struct tw_capture_stats *stats);
/* Erase the line before something else is printed. */
void tw_progress_clear(struct tw_progress *p);
