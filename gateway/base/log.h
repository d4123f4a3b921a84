#pragma once
/* Words for people, on standard error or a file. Only cli/ and pipeline/ log; other modules return
 * a status. Hostile strings are escaped and cut before they are printed. Thread-safe. */

#include <stdbool.h>
#include <stdint.h>

enum tw_log_level { TW_LOG_ERROR, TW_LOG_WARN, TW_LOG_INFO, TW_LOG_DEBUG };
enum tw_log_style {
    TW_LOG_PLAIN,   /* "tierwatch: …" */
    TW_LOG_STAMPED, /* wall-clock time and level before each line */
    TW_LOG_JOURNAL, /* "<4>…": the journal takes the level and has the time [sd-daemon(3)] */
};

void tw_log_set_level(enum tw_log_level level);
/* Of standard error; a file has time and level whenever standard error is not plain. */
void tw_log_set_style(enum tw_log_style style);
/* Does standard error go to the journal? */
bool tw_log_is_journal(void);

struct tw_log_file {
    const char *path;
    uint64_t max_bytes; /* a larger one becomes PATH.1, that PATH.2 …; 0: never */
    unsigned keep;      /* so many of those */
};
/* From now on append to this file instead of standard error, until tw_log_close(). False with errno
 * set when it can not be opened; then nothing changed. */
bool tw_log_open(const struct tw_log_file *file);
/* Open it again by its name: somebody else may have moved it away. */
bool tw_log_reopen(void);
void tw_log_close(void);
void tw_log(enum tw_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "error", "warn", "info", "debug"; -1 for anything else. */
int tw_log_level_of(const char *name);
