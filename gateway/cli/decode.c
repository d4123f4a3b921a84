#include "base/log.h"
#include "cli/keys.h"
#include "cli/progress.h"
#include "cli/summary.h"
#include "event/emit_json.h"

struct decode {
    struct tw_analyst *analyst;
    struct tw_output out;
    struct tw_event_lines lines;
    struct tw_capture *capture;
};

enum { FLUSH_BYTES = 64 * 1024 };

static void flush(struct decode *d)
{
    tw_output_write(&d->out, tw_text_str(&d->lines.text));
    tw_event_lines_clear(&d->lines);
    if (d->out.failed)
        tw_capture_stop(d->capture);
}

static void print(void *user, const struct tw_event *event)
{
    struct decode *d = user;
    tw_event_lines_add(&d->lines, event);
    if (d->lines.text.len >= FLUSH_BYTES)
        flush(d);
}

static void on_event(void *user, struct tw_event *event)
{
    struct decode *d = user;
    tw_analyst_event(d->analyst, event);
}

static void on_tick(void *user, int64_t now_ns)
{
    struct decode *d = user;
    tw_analyst_tick(d->analyst, now_ns);
    flush(d);
}

static int run(const struct tw_options *o, struct decode *d, struct tw_pipeline_config *config)
{
    struct tw_pipeline_result result;
    const struct tw_analyst_config analyst = {
        .limits = config->limits, .event = print, .event_user = d, .prints_only = true};
    d->analyst = tw_analyst_new(&analyst);
    if (d->analyst == NULL) {
        tw_log(TW_LOG_ERROR, "out of memory");
        return TW_EXIT_FAILED;
    }
    enum tw_status st = tw_pipeline_run(config, &result);
    tw_analyst_finish(d->analyst);
    flush(d);
    const struct tw_analyst_stats stats = tw_analyst_stats(d->analyst);
    tw_analyst_free(d->analyst);
    const int code = tw_common_exit_of_run(st, &result);
    if (code == TW_EXIT_FAILED)
        return code;
    tw_log(TW_LOG_INFO, "%llu packets, %llu actions", (unsigned long long)result.packets,
        (unsigned long long)stats.events);
    tw_cli_keys_report(o, &result);
    if (o->summary != NULL && !tw_summary_write(o->summary, &result, &stats))
        return TW_EXIT_FAILED;
    return code;
}

static int open_and_run(
    const struct tw_options *o, struct decode *d, struct tw_pipeline_config *config)
{
    struct tw_capture_error err = {0};
    enum tw_status st = tw_capture_open_files(o->args.at, o->args.n, o->filter, &d->capture, &err);
    int code = tw_common_exit_of(st);
    if (st != TW_OK)
        tw_log(TW_LOG_ERROR, "%s", err.text);
    if (d->capture == NULL)
        return code;
    tw_common_stop_on_signal(d->capture);
    config->capture = d->capture;
    int run_code = tw_output_open(&d->out, "-") ? run(o, d, config) : TW_EXIT_FAILED;
    if (!tw_output_close(&d->out))
        run_code = TW_EXIT_FAILED;
    tw_capture_close(d->capture);
    return st == TW_OK || run_code != TW_EXIT_OK ? run_code : code;
}

int tw_cmd_decode(const struct tw_options *o)
{
    struct decode d = {0};
    bool bad_progress;
    struct tw_pipeline_config config = {
        .limits = tw_limits_default(),
        .payload_digests = true,
        .sink = {.user = &d, .event = on_event, .tick = on_tick},
    };
    if (!tw_common_logging(o) || !tw_common_pipeline(o, &config))
        return TW_EXIT_USAGE;
    struct tw_progress *progress = tw_progress_new(o, &bad_progress);
    if (bad_progress)
        return TW_EXIT_USAGE;
    config.progress = progress ? tw_progress_show : NULL;
    config.progress_user = progress;
    int code = tw_cli_keys_load(o, &config);
    if (code == TW_EXIT_OK)
        code = open_and_run(o, &d, &config);
    tw_cli_keys_free(&config);
    tw_progress_free(progress);
    tw_text_free(&d.lines.text);
    return code;
}
