#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "cli/evidence.h"
#include "cli/keys.h"
#include "cli/sink.h"
#include "cli/summary.h"
#include "cli/watch.h"
#include "crypto/digest.h"
#include "event/emit_json.h"

/* How long the end may take to get the last alerts acknowledged; more than live, where a spool
 * keeps them. */
enum { DRAIN_MS = 30000, FLUSH_BYTES = 64 * 1024 };

struct replay {
    const struct tw_options *o;
    struct tw_watch watch;
    struct tw_capture *capture;
    struct tw_evidence_source *evidence;
    struct tw_analyst *analyst;
    struct tw_alert_sink sink;
    struct tw_output events;
    struct tw_event_lines lines;
    char boot[40];
};

static void flush_events(struct replay *r)
{
    tw_output_write(&r->events, tw_text_str(&r->lines.text));
    tw_event_lines_clear(&r->lines);
}

static void write_event(void *user, const struct tw_event *event)
{
    struct replay *r = user;
    tw_event_lines_add(&r->lines, event);
    if (r->lines.text.len > FLUSH_BYTES)
        flush_events(r);
}

static void on_event(void *user, struct tw_event *event)
{
    struct replay *r = user;
    tw_analyst_event(r->analyst, event);
}

static bool on_pass(void *user, const struct tw_event *event)
{
    const struct replay *r = user;
    return tw_analyst_pass(r->analyst, event);
}

static void on_expect(void *user, const struct tw_event *event)
{
    const struct replay *r = user;
    tw_analyst_expect(r->analyst, event);
}

static uint32_t on_pass_values(
    void *user, const struct tw_event *message, const struct tw_plain_values *values)
{
    const struct replay *r = user;
    return tw_analyst_pass_values(r->analyst, message, values);
}

static void on_tick(void *user, int64_t now_ns)
{
    struct replay *r = user;
    tw_analyst_tick(r->analyst, now_ns);
}

/* The same captures, inventory and rules give the same boot id: a replayed ledger repeats too. */
static void derive_boot(struct replay *r)
{
    char hex[65];
    struct tw_text t = {0};
    tw_text_addz(&t, tw_rules_digest(r->watch.rules));
    tw_text_addz(&t, tw_registry_digest(r->watch.registry));
    if (r->watch.baseline != NULL)
        tw_text_addz(&t, tw_baseline_digest(r->watch.baseline));
    if (r->watch.indicators != NULL)
        tw_text_addz(&t, tw_indicators_digest(r->watch.indicators));
    tw_sha256_hex(t.p, t.len, hex);
    tw_text_free(&t);
    snprintf(r->boot, sizeof(r->boot), "replay-%.16s", hex);
}

static bool open_ledger(struct replay *r)
{
    char err[512] = "";
    if (r->o->ledger == NULL)
        return true;
    const struct tw_ledger_config config = {.path = r->o->ledger, .boot = r->boot};
    return tw_common_opened(tw_ledger_open(&config, &r->sink.ledger, err, sizeof(err)), err);
}

static bool open_publisher(struct replay *r)
{
    char root[256], client[256], err[512] = "";
    if (!r->o->publish)
        return true;
    struct tw_broker_config config = tw_watch_broker(
        &r->watch, "tierwatch-replay/1", root, sizeof(root), client, sizeof(client));
    config.drain_ms = DRAIN_MS;
    return tw_common_opened(tw_publisher_start(&config, &r->sink.publisher, err, sizeof(err)), err);
}

static bool is_stdout(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

/* Where alerts are listed: --alerts FILE, else a table on a terminal, else JSON lines; not where
 * something else was asked for. */
static bool open_listing(struct replay *r)
{
    const char *path = r->o->alerts;
    const bool taken = is_stdout(r->o->events) || is_stdout(r->o->summary);
    if (path == NULL && !taken && isatty(STDOUT_FILENO) && !r->o->json)
        r->sink.table = true;
    else if (!tw_output_open(&r->sink.lines, path != NULL || taken ? path : "-"))
        return false;
    return tw_output_open(&r->events, r->o->events);
}

static bool open_outputs(struct replay *r)
{
    derive_boot(r);
    r->sink.boot = r->boot;
    return open_listing(r) && open_ledger(r) && open_publisher(r);
}

static bool close_outputs(struct replay *r)
{
    bool ok = !r->sink.failed;
    flush_events(r);
    ok = tw_output_close(&r->sink.lines) && ok;
    ok = tw_output_close(&r->events) && ok;
    tw_ledger_close(r->sink.ledger);
    if (r->sink.publisher != NULL && !tw_publisher_stop(r->sink.publisher)) {
        tw_log(TW_LOG_ERROR, "the broker did not acknowledge every alert");
        ok = false;
    }
    if (r->sink.table)
        ok = fflush(stdout) == 0 && ok;
    tw_text_free(&r->lines.text);
    tw_text_free(&r->sink.wire);
    return ok;
}

static bool make_analyst(struct replay *r, const struct tw_limits *limits)
{
    r->evidence = tw_evidence_source_new(r->capture);
    const struct tw_analyst_config config = {
        .limits = *limits,
        .event = r->o->events ? write_event : NULL,
        .event_user = r,
        .registry = r->watch.registry,
        .rules = r->watch.rules,
        .baseline = r->watch.baseline,
        .alerts = tw_watch_alerts(&r->watch, r->evidence),
        .alert = tw_alert_sink_take,
        .alert_user = &r->sink,
    };
    if (r->evidence != NULL)
        r->analyst = tw_analyst_new(&config);
    if (r->analyst == NULL)
        tw_log(TW_LOG_ERROR, "out of memory");
    else
        tw_analyst_indicators(r->analyst, r->watch.indicators);
    return r->analyst != NULL;
}

static int run(struct replay *r, struct tw_pipeline_config *config)
{
    struct tw_pipeline_result result;
    if (!make_analyst(r, &config->limits) || !open_outputs(r))
        return TW_EXIT_FAILED;
    config->capture = r->capture;
    config->payload_digests = r->o->events != NULL;
    config->sink = (struct tw_pipeline_sink){.user = r,
        .event = on_event,
        .tick = on_tick,
        .asks = {on_pass, on_pass_values, on_expect}};
    config->input = tw_evidence_source_note;
    config->input_user = r->evidence;
    int64_t started = tw_time_now();
    enum tw_status st = tw_pipeline_run(config, &result);
    tw_analyst_finish(r->analyst);
    tw_progress_clear(r->sink.progress);
    bool whole = close_outputs(r);
    const struct tw_analyst_stats stats = tw_analyst_stats(r->analyst);
    if (!tw_summary(r->o, &result, &stats, tw_time_now() - started))
        whole = false;
    tw_cli_keys_report(r->o, &result);
    const int code = tw_common_exit_of_run(st, &result);
    return whole ? code : TW_EXIT_FAILED;
}

/* 6 takes precedence over 20; a failure over both. */
static int verdict(const struct replay *r, int code, bool has_limit, enum tw_severity limit)
{
    if (code == TW_EXIT_OK && has_limit && r->sink.any && r->sink.worst >= limit)
        return TW_EXIT_FAIL_ON;
    return code;
}

static int open_and_run(struct replay *r, struct tw_pipeline_config *config)
{
    struct tw_capture_error err = {0};
    const char *filter = r->o->filter ? r->o->filter : r->watch.config->filter;
    enum tw_status st =
        tw_capture_open_files(r->o->args.at, r->o->args.n, filter, &r->capture, &err);
    int code = tw_common_exit_of(st);
    if (st != TW_OK)
        tw_log(TW_LOG_ERROR, "%s", err.text);
    if (r->capture == NULL)
        return code;
    if (!r->o->test) {
        tw_common_stop_on_signal(r->capture);
        int run_code = run(r, config);
        if (code == TW_EXIT_OK || run_code == TW_EXIT_FAILED)
            code = run_code;
    }
    tw_analyst_free(r->analyst);
    tw_evidence_source_free(r->evidence);
    tw_capture_close(r->capture);
    return code;
}

int tw_cmd_replay(const struct tw_options *o)
{
    struct replay r = {.o = o};
    bool bad_progress;
    enum tw_severity limit = TW_SEV_INFO;
    struct tw_pipeline_config config = {0};
    if (!tw_common_logging(o) || !tw_common_pipeline(o, &config))
        return TW_EXIT_USAGE;
    if (o->fail_on != NULL && !tw_severity_of(tw_str_of(o->fail_on), &limit)) {
        tw_log(TW_LOG_ERROR, "--fail-on is one of info, low, medium, high, critical; not '%s'",
            o->fail_on);
        return TW_EXIT_USAGE;
    }
    if (is_stdout(o->alerts) + is_stdout(o->events) + is_stdout(o->summary) > 1) {
        tw_log(TW_LOG_ERROR, "only one of --alerts, --events and --summary can go to '-'");
        return TW_EXIT_USAGE;
    }
    r.sink.progress = tw_progress_new(o, &bad_progress);
    if (bad_progress)
        return TW_EXIT_USAGE;
    int code = tw_watch_load(o, &r.watch);
    if (code == TW_EXIT_OK)
        code = tw_cli_keys_load(o, &config);
    if (code == TW_EXIT_OK && !o->dump_config) {
        config.limits = tw_watch_limits(&r.watch);
        config.progress = r.sink.progress ? tw_progress_show : NULL;
        config.progress_user = r.sink.progress;
        code = verdict(&r, open_and_run(&r, &config), o->fail_on != NULL, limit);
    }
    tw_cli_keys_free(&config);
    tw_progress_free(r.sink.progress);
    tw_watch_free(&r.watch);
    return code;
}
