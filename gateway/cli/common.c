#include "cli/common.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/timefmt.h"

bool tw_common_logging(const struct tw_options *o)
{
    int level = o->quiet ? TW_LOG_WARN : o->verbose ? TW_LOG_DEBUG : TW_LOG_INFO;
    if (o->log_level != NULL)
        level = tw_log_level_of(o->log_level);
    if (level < 0) {
        tw_log(
            TW_LOG_ERROR, "--log-level is one of error, warn, info, debug; not '%s'", o->log_level);
        return false;
    }
    tw_log_set_level((enum tw_log_level)level);
    return true;
}

static bool time_option(const char *name, const char *text, int64_t *out)
{
    if (text == NULL || tw_time_parse(tw_str_of(text), out))
        return true;
    tw_log(TW_LOG_ERROR, "--%s wants a time like 2026-03-01T08:00:00Z, not '%s'", name, text);
    return false;
}

bool tw_common_pipeline(const struct tw_options *o, struct tw_pipeline_config *config)
{
    config->workers = 1;
    if (o->threads != NULL) {
        char *end;
        errno = 0;
        long n = strtol(o->threads, &end, 10);
        if (errno != 0 || end == o->threads || *end != '\0' || n < 0 || n > 64) {
            tw_log(TW_LOG_ERROR, "--threads wants a number from 0 to 64, not '%s'", o->threads);
            return false;
        }
        config->workers = (unsigned)n;
    }
    return time_option("from", o->from, &config->from_ns) &&
           time_option("to", o->to, &config->to_ns);
}

int tw_common_exit_of(enum tw_status st)
{
    switch (st) {
    case TW_OK:
        return TW_EXIT_OK;
    case TW_PERMISSION:
        return TW_EXIT_CAPTURE;
    case TW_INVALID:
        return TW_EXIT_USAGE;
    case TW_DAMAGED:
        return TW_EXIT_DAMAGED;
    default:
        return TW_EXIT_FAILED;
    }
}

int tw_common_exit_of_run(enum tw_status st, const struct tw_pipeline_result *result)
{
    if (st == TW_OK && !result->damaged)
        return TW_EXIT_OK;
    tw_log(TW_LOG_ERROR, "%s", result->damage.text[0] ? result->damage.text : tw_status_text(st));
    return st == TW_OK ? TW_EXIT_DAMAGED : TW_EXIT_FAILED;
}

bool tw_common_opened(enum tw_status st, const char *err)
{
    if (st != TW_OK)
        tw_log(TW_LOG_ERROR, "%s", err);
    else if (err[0] != '\0')
        tw_log(TW_LOG_WARN, "%s", err);
    return st == TW_OK;
}

bool tw_output_open(struct tw_output *out, const char *path)
{
    *out = (struct tw_output){.path = path};
    if (path == NULL)
        return true;
    out->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    if (out->file == NULL) {
        tw_log(TW_LOG_ERROR, "can not write '%s': %s", path, strerror(errno));
        return false;
    }
    return true;
}

void tw_output_write(struct tw_output *out, struct tw_str bytes)
{
    if (out->file == NULL || out->failed)
        return;
    out->failed = fwrite(bytes.p, 1, bytes.len, out->file) != bytes.len;
}

bool tw_output_close(struct tw_output *out)
{
    if (out->file == NULL)
        return true;
    bool failed = fflush(out->file) != 0 || out->failed;
    if (out->file != stdout)
        failed = fclose(out->file) != 0 || failed;
    out->file = NULL;
    /* A reader that went away (head, a pager) has had what it wanted. */
    if (failed && errno == EPIPE) {
        clearerr(stdout);
        return true;
    }
    if (failed)
        tw_log(TW_LOG_ERROR, "can not write '%s': %s", out->path, strerror(errno));
    return !failed;
}

void tw_common_print(struct tw_text *t_take)
{
    if (t_take->len > 0)
        fwrite(t_take->p, 1, t_take->len, stdout);
    tw_text_free(t_take);
}

/* Signal handlers can reach nothing else. */
static struct tw_capture *volatile stopped_by_signal;

static void on_signal(int number)
{
    (void)number;
    if (stopped_by_signal != NULL)
        tw_capture_stop(stopped_by_signal);
}

void tw_common_stop_on_signal(struct tw_capture *capture)
{
    /* Once: whoever asks a second time does not want to wait for the broker. */
    struct sigaction before, action = {.sa_handler = capture != NULL ? on_signal : SIG_DFL,
                                 .sa_flags = (int)SA_RESETHAND};
    stopped_by_signal = capture;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    /* A terminal that is closed; not under nohup. */
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}
