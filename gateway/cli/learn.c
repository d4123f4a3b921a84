#include "learn/learn.h"

#include "base/log.h"
#include "cli/keys.h"
#include "cli/progress.h"
#include "cli/report.h"

struct learning {
    const struct tw_options *o;
    struct tw_registry *known;
    struct tw_analyst *analyst;
    struct tw_learn *learn;
};

static void take(void *user, const struct tw_event *event)
{
    struct learning *run = user;
    tw_learn_event(run->learn, event);
}

static void on_event(void *user, struct tw_event *event)
{
    struct learning *run = user;
    tw_analyst_event(run->analyst, event);
}

static void on_tick(void *user, int64_t now_ns)
{
    struct learning *run = user;
    tw_analyst_tick(run->analyst, now_ns);
}

static bool write_draft(const struct learning *run, const struct tw_pipeline_result *result)
{
    struct tw_learn_stats stats;
    struct tw_output out;
    struct tw_text text = {0};
    const struct tw_options *o = run->o;
    const struct tw_learn_source source = {.captures = o->args.at,
        .n_captures = o->args.n,
        .packets = result->packets,
        .first_ns = result->first_ns,
        .last_ns = result->last_ns};
    if (!tw_learn_write(run->learn, &source, &text, &stats)) {
        tw_log(TW_LOG_ERROR, "out of memory");
        tw_text_free(&text);
        return false;
    }
    bool ok = tw_output_open(&out, o->output != NULL ? o->output : "-");
    tw_output_write(&out, tw_text_str(&text));
    ok = tw_output_close(&out) && ok;
    tw_text_free(&text);
    if (ok)
        tw_log(TW_LOG_INFO, "%llu packets: %zu AI systems, %zu assets, %zu variables%s",
            (unsigned long long)result->packets, stats.ai_systems, stats.assets, stats.variables,
            o->merge != NULL ? " with something new" : "");
    if (stats.left_out > 0)
        tw_log(
            TW_LOG_WARN, "there was more than there is room for; the draft says what is left out");
    return ok;
}

static int run(struct learning *run, struct tw_pipeline_config *config)
{
    struct tw_pipeline_result result;
    const struct tw_analyst_config analyst = {
        .limits = config->limits, .event = take, .event_user = run};
    run->learn = tw_learn_new(run->known);
    run->analyst = run->learn != NULL ? tw_analyst_new(&analyst) : NULL;
    if (run->analyst == NULL) {
        tw_log(TW_LOG_ERROR, "out of memory");
        return TW_EXIT_FAILED;
    }
    const enum tw_status st = tw_pipeline_run(config, &result);
    tw_analyst_finish(run->analyst);
    const int code = tw_common_exit_of_run(st, &result);
    if (code == TW_EXIT_FAILED)
        return code;
    tw_cli_keys_report(run->o, &result);
    return write_draft(run, &result) ? code : TW_EXIT_FAILED;
}

static int open_and_run(struct learning *l, struct tw_pipeline_config *config)
{
    struct tw_capture_error err = {0};
    struct tw_capture *capture = NULL;
    const enum tw_status st =
        tw_capture_open_files(l->o->args.at, l->o->args.n, l->o->filter, &capture, &err);
    const int code = tw_common_exit_of(st);
    if (st != TW_OK)
        tw_log(TW_LOG_ERROR, "%s", err.text);
    if (capture == NULL)
        return code;
    tw_common_stop_on_signal(capture);
    config->capture = capture;
    const int run_code = run(l, config);
    tw_analyst_free(l->analyst);
    tw_learn_free(l->learn);
    tw_capture_close(capture);
    return st == TW_OK || run_code != TW_EXIT_OK ? run_code : code;
}

static int load_known(struct learning *l)
{
    struct tw_diags diags = {0};
    if (l->o->merge == NULL)
        return TW_EXIT_OK;
    l->known = tw_registry_load(l->o->merge, &diags);
    tw_report_diags(&diags, false);
    tw_diags_fini(&diags);
    return l->known != NULL ? TW_EXIT_OK : TW_EXIT_CONFIG;
}

int tw_cmd_inventory_learn(const struct tw_options *o)
{
    struct learning l = {.o = o};
    bool bad_progress;
    struct tw_pipeline_config config = {
        .limits = tw_limits_default(), .sink = {.user = &l, .event = on_event, .tick = on_tick}};
    if (!tw_common_logging(o) || !tw_common_pipeline(o, &config))
        return TW_EXIT_USAGE;
    struct tw_progress *progress = tw_progress_new(o, &bad_progress);
    if (bad_progress)
        return TW_EXIT_USAGE;
    config.progress = progress ? tw_progress_show : NULL;
    config.progress_user = progress;
    int code = load_known(&l);
    if (code == TW_EXIT_OK)
        code = tw_cli_keys_load(o, &config);
    if (code == TW_EXIT_OK)
        code = open_and_run(&l, &config);
    tw_cli_keys_free(&config);
    tw_progress_free(progress);
    tw_registry_free(l.known);
    return code;
}
