#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/timefmt.h"

/* Process-wide by nature: one standard error. */
static atomic_int log_level = TW_LOG_INFO;
static atomic_int log_stamped;

static const char *const names[] = {"error", "warn", "info", "debug"};

void tw_log_set_level(enum tw_log_level level)
{
    atomic_store(&log_level, (int)level);
}

enum tw_log_level tw_log_level_get(void)
{
    return (enum tw_log_level)atomic_load(&log_level);
}

void tw_log_set_stamped(int stamped)
{
    atomic_store(&log_stamped, stamped);
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
    if (!atomic_load(&log_stamped)) {
        fprintf(stderr, "tierwatch: %s%s\n", level == TW_LOG_WARN ? "warning: " : "", line);
        return;
    }
    char when[TW_TIME_TEXT];
    size_t n = tw_time_text(when, tw_time_now(), false);
    fprintf(stderr, "%.*s %-5s %s\n", (int)n, when, names[level], line);
}
