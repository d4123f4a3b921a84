#pragma once
/* What the commands that read packets have in common. */

#include "cli/cli.h"
#include "pipeline/analyst.h"
#include "pipeline/pipeline.h"

/* -q, -v, --log-level. False (and a message) when a value is wrong. */
bool tw_common_logging(const struct tw_options *o);
/* --threads, --from, --to, --filter into `config`. */
bool tw_common_pipeline(const struct tw_options *o, struct tw_pipeline_config *config);

/* How opening a capture ended, as an exit code. */
int tw_common_exit_of(enum tw_status status);

/* A file to write lines to: "-" is standard output. NULL path: nothing is written. */
struct tw_output {
    FILE *file;
    const char *path;
    bool failed;
};
bool tw_output_open(struct tw_output *out, const char *path);
void tw_output_write(struct tw_output *out, struct tw_str bytes);
/* Flushes; false (and a message) when anything could not be written. */
bool tw_output_close(struct tw_output *out);

/* Print to standard output, and free. */
void tw_common_print(struct tw_text *t_take);

/* Ctrl-C, SIGTERM and SIGHUP stop this capture; NULL: they end the program at once again. */
void tw_common_stop_on_signal(struct tw_capture *capture);

struct tw_progress;
/* NULL when progress is not wanted (`--progress`, -q, standard error is no terminal). */
struct tw_progress *tw_progress_new(const struct tw_options *o, bool *out_bad);
void tw_progress_free(struct tw_progress *p);
void tw_progress_alerts(struct tw_progress *p, uint64_t alerts);
/* tw_pipeline_config.progress */
void tw_progress_show(void *progress, const struct tw_capture_stats *stats);
/* Erase the line before something else is printed. */
void tw_progress_clear(struct tw_progress *p);
