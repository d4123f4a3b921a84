#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/timefmt.h"

/* Redrawn at most so often; nothing is shown for work that is over sooner. */
#define EVERY_NS (200 * TW_NS_PER_MS)
#define FIRST_NS (400 * TW_NS_PER_MS)

struct tw_progress {
    int64_t started_ns, shown_ns;
    uint64_t alerts;
    bool drawn;
};

static bool choose(const struct tw_options *o, bool *out_wanted)
{
    const char *when = o->progress ? o->progress : "auto";
    if (strcmp(when, "always") == 0)
        *out_wanted = true;
    else if (strcmp(when, "never") == 0)
        *out_wanted = false;
    else if (strcmp(when, "auto") == 0)
        *out_wanted = !o->quiet && isatty(STDERR_FILENO);
    else
        return false;
    return true;
}

struct tw_progress *tw_progress_new(const struct tw_options *o, bool *out_bad)
{
    bool wanted = false;
    *out_bad = !choose(o, &wanted);
    if (*out_bad)
        tw_log(TW_LOG_ERROR, "--progress is one of auto, always, never; not '%s'", o->progress);
    if (*out_bad || !wanted)
        return NULL;
    struct tw_progress *p = calloc(1, sizeof(*p));
    if (p != NULL)
        p->started_ns = tw_time_now();
    return p;
}

void tw_progress_free(struct tw_progress *p)
{
    if (p == NULL)
        return;
    tw_progress_clear(p);
    free(p);
}

void tw_progress_alerts(struct tw_progress *p, uint64_t alerts)
{
    if (p != NULL)
        p->alerts = alerts;
}

void tw_progress_clear(struct tw_progress *p)
{
    if (p == NULL || !p->drawn)
        return;
    fputs("\r\033[K", stderr);
    p->drawn = false;
}

static void left(int64_t elapsed_ns, uint64_t done, uint64_t total)
{
    if (total == 0 || done == 0 || done > total)
        return;
    double seconds = (double)elapsed_ns / 1e9 * (double)(total - done) / (double)done;
    fprintf(stderr, "  %d:%02d left", (int)seconds / 60, (int)seconds % 60);
}

void tw_progress_show(void *progress, const struct tw_capture_stats *stats)
{
    struct tw_progress *p = progress;
    if (p == NULL)
        return;
    int64_t now = tw_time_now();
    if (now - p->started_ns < FIRST_NS || now - p->shown_ns < EVERY_NS)
        return;
    p->shown_ns = now;
    p->drawn = true;
    double seconds = (double)(now - p->started_ns) / 1e9, mb = (double)stats->read_bytes / 1e6;
    fprintf(stderr, "\r\033[K%.1f", mb);
    if (stats->total_bytes > 0)
        fprintf(stderr, " of %.1f", (double)stats->total_bytes / 1e6);
    fprintf(
        stderr, " MB  %.1f MB/s  %llu packets", mb / seconds, (unsigned long long)stats->packets);
    left(now - p->started_ns, stats->read_bytes, stats->total_bytes);
    fprintf(stderr, "  %llu alerts", (unsigned long long)p->alerts);
    fflush(stderr);
}
