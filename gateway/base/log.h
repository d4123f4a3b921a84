#pragma once
/* Words for people, on standard error or a file. Only cli/ and pipeline/ log; other modules return
 * a status. Hostile strings are escaped and cut before they are printed. Thread-safe. */

#include <stdbool.h>

enum tw_log_level { TW_LOG_ERROR, TW_LOG_WARN, TW_LOG_INFO, TW_LOG_DEBUG };

void tw_log_set_level(enum tw_log_level level);
/* Lines carry a wall-clock time and level when on (live mode); plain "tierwatch: …" otherwise. */
void tw_log_set_stamped(int stamped);
/* From now on append to this file instead of standard error, until tw_log_close(). False with errno
 * set when it can not be opened. Not while threads log. */
bool tw_log_open(const char *path);
void tw_log_close(void);
void tw_log(enum tw_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "error", "warn", "info", "debug"; -1 for anything else. */
int tw_log_level_of(const char *name);
