#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/timefmt.h"

/* Process-wide by nature: one standard error. */
static atomic_int log_level = TW_LOG_INFO;
static atomic_int log_stamped;
static FILE *log_file; /* NULL: standard error */

static const char *const names[] = {"error", "warn", "info", "debug"};

void tw_log_set_level(enum tw_log_level level)
{
    atomic_store(&log_level, (int)level);
}

void tw_log_set_stamped(int stamped)
{
    atomic_store(&log_stamped, stamped);
}

bool tw_log_open(const char *path)
{
    FILE *f = fopen(path, "ae");
    if (f == NULL)
        return false;
    setvbuf(f, NULL, _IOLBF, BUFSIZ);
    log_file = f;
    return true;
}

void tw_log_close(void)
{
    if (log_file != NULL)
        fclose(log_file);
    log_file = NULL;
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

void tw_log(enum tw_log_level level, const char *format, ...)
{
    if ((int)level > atomic_load(&log_level))
        return;
    char line[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    escape(line);
    FILE *out = log_file != NULL ? log_file : stderr;
    if (!atomic_load(&log_stamped)) {
        fprintf(out, "tierwatch: %s%s\n", level == TW_LOG_WARN ? "warning: " : "", line);
        return;
    }
    char when[TW_TIME_TEXT];
    size_t n = tw_time_text(when, tw_time_now(), false);
    fprintf(out, "%.*s %-5s %s\n", (int)n, when, names[level], line);
}
