#include "base/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/timefmt.h"

enum { MAX_PATH = 4096 };

/* Process-wide by nature: one standard error. */
static atomic_int log_level = TW_LOG_INFO;
static atomic_int log_style = TW_LOG_PLAIN;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    FILE *file; /* NULL: standard error */
    char path[MAX_PATH];
    uint64_t bytes, max_bytes;
    unsigned keep;
} target;

static const char *const names[] = {"error", "warn", "info", "debug"};
static const int priorities[] = {3, 4, 6, 7}; /* [syslog(3)] */

void tw_log_set_level(enum tw_log_level level)
{
    atomic_store(&log_level, (int)level);
}

void tw_log_set_style(enum tw_log_style style)
{
    atomic_store(&log_style, (int)style);
}

/* JOURNAL_STREAM names the device and inode of what it gave us [systemd.exec(5)]. */
bool tw_log_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat about;
    char text[64];
    if (stream == NULL || fstat(STDERR_FILENO, &about) != 0)
        return false;
    snprintf(text, sizeof(text), "%" PRIuMAX ":%" PRIuMAX, (uintmax_t)about.st_dev,
        (uintmax_t)about.st_ino);
    return strcmp(stream, text) == 0;
}

/* The file at `path` in place of the one before, which stays when it can not be opened. */
static bool open_file(const char *path)
{
    struct stat about;
    FILE *f = fopen(path, "ae");
    if (f == NULL)
        return false;
    setvbuf(f, NULL, _IOLBF, BUFSIZ);
    if (target.file != NULL)
        fclose(target.file);
    target.file = f;
    target.bytes = fstat(fileno(f), &about) == 0 ? (uint64_t)about.st_size : 0;
    return true;
}

bool tw_log_open(const struct tw_log_file *file)
{
    pthread_mutex_lock(&lock);
    const bool ok = strlen(file->path) < sizeof(target.path) && open_file(file->path);
    if (ok) {
        memcpy(target.path, file->path, strlen(file->path) + 1);
        target.max_bytes = file->max_bytes;
        target.keep = file->keep;
    }
    pthread_mutex_unlock(&lock);
    return ok;
}

bool tw_log_reopen(void)
{
    pthread_mutex_lock(&lock);
    const bool ok = target.file == NULL || open_file(target.path);
    pthread_mutex_unlock(&lock);
    return ok;
}

void tw_log_close(void)
{
    pthread_mutex_lock(&lock);
    if (target.file != NULL)
        fclose(target.file);
    target.file = NULL;
    pthread_mutex_unlock(&lock);
}

static void numbered(char out[MAX_PATH + 16], unsigned number)
{
    if (number == 0)
        snprintf(out, MAX_PATH + 16, "%s", target.path);
    else
        snprintf(out, MAX_PATH + 16, "%s.%u", target.path, number);
}

/* The oldest goes. What can not be renamed is written on: a log that grows is better than none. */
static void rotate(void)
{
    char from[MAX_PATH + 16], to[MAX_PATH + 16];
    for (unsigned i = target.keep; i > 0; i--) {
        numbered(from, i - 1);
        numbered(to, i);
        (void)rename(from, to);
    }
    if (target.keep == 0)
        (void)unlink(target.path);
    if (!open_file(target.path))
        target.bytes = 0; /* tried again after as much again */
}

int tw_log_level_of(const char *name)
{
    for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

static void escape(char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s < 0x20 && *s != '\n' && *s != '\t')
            *s = '?';
    }
}

static int write_line(FILE *out, enum tw_log_style style, enum tw_log_level level, const char *line)
{
    char when[TW_TIME_TEXT];
    if (style == TW_LOG_JOURNAL)
        return fprintf(out, "<%d>%s\n", priorities[level], line);
    if (style == TW_LOG_PLAIN)
        return fprintf(out, "tierwatch: %s%s\n", level == TW_LOG_WARN ? "warning: " : "", line);
    const size_t n = tw_time_text(when, tw_time_now(), false);
    return fprintf(out, "%.*s %-5s %s\n", (int)n, when, names[level], line);
}

/* True when the line went to a file. */
static bool write_to_file(enum tw_log_style style, enum tw_log_level level, const char *line)
{
    pthread_mutex_lock(&lock);
    const bool is_open = target.file != NULL;
    if (is_open) {
        const int n = write_line(
            target.file, style == TW_LOG_PLAIN ? TW_LOG_PLAIN : TW_LOG_STAMPED, level, line);
        target.bytes += n > 0 ? (uint64_t)n : 0;
        if (target.max_bytes != 0 && target.bytes >= target.max_bytes)
            rotate();
    }
    pthread_mutex_unlock(&lock);
    return is_open;
}

void tw_log(enum tw_log_level level, const char *format, ...)
{
    const enum tw_log_style style = (enum tw_log_style)atomic_load(&log_style);
    if ((int)level > atomic_load(&log_level))
        return;
    char line[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    escape(line);
    if (!write_to_file(style, level, line))
        (void)write_line(stderr, style, level, line);
}
