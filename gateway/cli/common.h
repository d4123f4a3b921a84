#pragma once
/* What the commands that read packets have in common. */

#include "cli/cli.h"
#include "pipeline/analyst.h"
#include "pipeline/pipeline.h"

/* -q, -v, --log-level. False (and a message) when a value is wrong. */
bool tw_common_logging(const struct tw_options *o);
/* --threads, --from, --to into `config`. False (and a message) when a value is wrong. */
bool tw_common_pipeline(const struct tw_options *o, struct tw_pipeline_config *config);

/* How opening a capture ended, as an exit code. */
int tw_common_exit_of(enum tw_status status);
/* How reading it ended, as an exit code; what went wrong is printed. */
int tw_common_exit_of_run(enum tw_status status, const struct tw_pipeline_result *result);
/* How opening a ledger or publisher ended: `err` is printed, as the reason of a failure or as the
 * remark that may come with TW_OK. True on TW_OK. */
bool tw_common_opened(enum tw_status status, const char *err);

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

/* Print to standard output, and free. main() looks whether standard output took it. */
void tw_common_print(struct tw_text *t_take);

/* Ctrl-C, SIGTERM and SIGHUP stop this capture; NULL: they end the program at once again. Who needs
 * SIGHUP for something else takes it afterwards. */
void tw_common_stop_on_signal(struct tw_capture *capture);
