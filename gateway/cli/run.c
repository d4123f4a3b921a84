#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "cli/evidence.h"
#include "cli/keys.h"
#include "cli/live.h"
#include "cli/loss.h"

/* How long a stop may take to get the last alerts acknowledged. With saying goodbye and everything
 * else it is over within five seconds. */
enum { DRAIN_MS = 3000 };
#define STATS_EVERY_NS (60 * TW_NS_PER_S)

static void new_boot(struct tw_live *l)
{
    uint64_t r = (uint64_t)tw_time_now();
    if (getrandom(&r, sizeof(r), 0) != (ssize_t)sizeof(r))
        tw_log(TW_LOG_WARN, "no randomness: the boot id is the time");
    snprintf(l->boot, sizeof(l->boot), "%016llx", (unsigned long long)r);
}

static void on_alert(void *user, const struct tw_alert_record *r)
{
    struct tw_live *l = user;
    tw_alert_sink_take(&l->sink, r);
    if (l->sink.publisher == NULL)
        return;
    struct tw_risks *risks = tw_alerts_risks(tw_analyst_alerts(l->analyst));
    if (r->actor_is_ai)
        tw_publish_risk(l->sink.publisher, risks, r);
    else if (strncmp(r->rule, "IDN-01", 6) == 0)
        tw_publish_discovered(l->sink.publisher, r);
}

static void update_state(struct tw_live *l)
{
    struct tw_figures *f = &l->figures;
    pthread_mutex_lock(&f->lock);
    l->state.received = f->capture.received ? f->capture.received : f->capture.packets;
    l->state.dropped = f->capture.dropped + f->capture.if_dropped;
    l->state.dropped_percent = tw_loss_percent(&f->loss.last);
    pthread_mutex_unlock(&f->lock);
}

void tw_live_announce(struct tw_live *l)
{
    update_state(l);
    if (l->sink.publisher != NULL)
        tw_publish_state(l->sink.publisher, &l->state);
}

static void publish_stats(struct tw_live *l)
{
    const struct tw_analyst_stats stats = tw_analyst_stats(l->analyst);
    tw_live_announce(l);
    if (l->sink.publisher != NULL)
        tw_publish_stats(l->sink.publisher, &l->state, &stats);
}

/* Nobody needs to wait for the next start to learn that nothing is published. */
static void look_at_broker(struct tw_live *l)
{
    const struct tw_config *c = l->watch.config;
    if (l->sink.publisher == NULL)
        return;
    const struct tw_publisher_stats s = tw_publisher_stats(l->sink.publisher);
    if (s.connected && !l->broker_up) {
        tw_log(
            TW_LOG_INFO, "connected to the broker at %s:%d", c->broker.host, (int)c->broker.port);
        /* What goes out with the connection is what held at the start. */
        tw_live_announce(l);
    } else if (!s.connected && s.last_error[0] != '\0' &&
               strcmp(s.last_error, l->broker_said) != 0) {
        tw_log(TW_LOG_WARN,
            "the broker at %s:%d can not be used: %s; trying again, %llu messages wait",
            c->broker.host, (int)c->broker.port, s.last_error, (unsigned long long)s.spooled);
    }
    l->broker_up = s.connected;
    tw_str_copy(l->broker_said, sizeof(l->broker_said), tw_str_of(s.connected ? "" : s.last_error));
}

static void on_event(void *user, struct tw_event *event)
{
    struct tw_live *l = user;
    tw_analyst_event(l->analyst, event);
}

static bool on_pass(void *user, const struct tw_event *event)
{
    const struct tw_live *l = user;
    return tw_analyst_pass(l->analyst, event);
}

static void on_expect(void *user, const struct tw_event *event)
{
    const struct tw_live *l = user;
    tw_analyst_expect(l->analyst, event);
}

static uint32_t on_pass_values(
    void *user, const struct tw_event *message, const struct tw_plain_values *values)
{
    const struct tw_live *l = user;
    return tw_analyst_pass_values(l->analyst, message, values);
}

/* What the reading thread lost since the tick before. */
static void tell_loss(struct tw_live *l, int64_t now_ns)
{
    struct tw_alerts *alerts = tw_analyst_alerts(l->analyst);
    struct tw_loss loss;
    pthread_mutex_lock(&l->figures.lock);
    loss = l->figures.loss;
    pthread_mutex_unlock(&l->figures.lock);
    if (loss.lossy_windows != l->losses_told && alerts != NULL)
        tw_loss_alert(alerts, &loss, l->watch.gateway, now_ns);
    l->losses_told = loss.lossy_windows;
}

static void on_tick(void *user, int64_t now_ns)
{
    struct tw_live *l = user;
    tw_analyst_tick(l->analyst, now_ns);
    tell_loss(l, now_ns);
    tw_figures_analyst(&l->figures, l->analyst, now_ns, l->sink.failed);
    if (now_ns >= l->next_look_ns) {
        look_at_broker(l);
        l->next_look_ns = now_ns + TW_NS_PER_S;
    }
    if (now_ns < l->next_stats_ns)
        return;
    if (l->next_stats_ns != 0)
        publish_stats(l);
    l->next_stats_ns = now_ns + STATS_EVERY_NS;
}

static void on_figures(void *user, const struct tw_worker_stats *stats)
{
    struct tw_live *l = user;
    tw_figures_workers(&l->figures, stats);
}

static void on_turn(void *user)
{
    struct tw_live *l = user;
    tw_keeper_turn(l->keeper);
}

/* On the reading thread. */
static void on_progress(void *user, const struct tw_capture_stats *stats)
{
    struct tw_live *l = user;
    if (!tw_figures_read(&l->figures, l->capture, stats))
        return;
    const struct tw_loss_window *loss = &l->figures.loss.lossy;
    tw_log(TW_LOG_WARN,
        "%llu of %llu packets were lost in the last %d s (%.3f %%): what rules conclude may be "
        "wrong; see ring_mb, workers and filter in the configuration",
        (unsigned long long)loss->lost, (unsigned long long)loss->wanted,
        (int)(TW_LOSS_WINDOW_NS / TW_NS_PER_S), loss->percent);
}

static enum tw_status open_capture(struct tw_live *l, struct tw_capture_error *err)
{
    const struct tw_config *c = l->watch.config;
    const struct tw_list names = tw_watch_list(&l->o->interfaces, &c->interfaces);
    const char *filter = l->o->filter ? l->o->filter : c->filter;
    if (l->o->play != NULL)
        return tw_capture_open_files(&l->o->play, 1, filter, &l->capture, err);
    if (names.n == 0) {
        snprintf(err->text, sizeof(err->text),
            "nothing to watch: name an interface with -i, or under 'interfaces:'");
        return TW_INVALID;
    }
    const struct tw_capture_live live = {
        .filter = filter, .snaplen = (int)c->snaplen, .ring_mb = (int)c->ring_mb};
    return tw_capture_open_live(names.at, names.n, &live, &l->capture, err);
}

static bool open_ledger(struct tw_live *l)
{
    char err[512] = "";
    const struct tw_config *c = l->watch.config;
    const char *path = l->o->ledger ? l->o->ledger : c->ledger.dir;
    if (path == NULL)
        return true;
    const struct tw_ledger_config config = {
        .path = path,
        .is_folder = l->o->ledger == NULL,
        .segment_bytes = (size_t)c->ledger.segment_mb << 20,
        .keep_bytes = (size_t)c->ledger.keep_mb << 20,
        .boot = l->boot,
        .sync = true,
    };
    return tw_common_opened(tw_ledger_open(&config, &l->sink.ledger, err, sizeof(err)), err);
}

struct broker_texts {
    char root[256], client[256], spool[1024];
    struct tw_text online, offline;
};

static struct tw_broker_config broker_config(struct tw_live *l, struct broker_texts *t)
{
    struct tw_broker_config c = tw_watch_broker(
        &l->watch, "tierwatch/1", t->root, sizeof(t->root), t->client, sizeof(t->client));
    tw_state_json(&t->online, &l->state, true);
    tw_state_json(&t->offline, &l->state, false);
    tw_text_add(&t->online, "", 1);
    tw_text_add(&t->offline, "", 1);
    c.online = t->online.p;
    c.offline = t->offline.p;
    c.drain_ms = DRAIN_MS;
    if (l->watch.config->ledger.dir != NULL) {
        snprintf(t->spool, sizeof(t->spool), "%s/spool.db", l->watch.config->ledger.dir);
        c.spool = t->spool;
    }
    return c;
}

/* Start the publisher, or with --test ask the broker once. */
static bool open_broker(struct tw_live *l)
{
    char err[512] = "";
    struct broker_texts t = {0};
    if (l->watch.config->broker.host == NULL) {
        tw_log(TW_LOG_WARN, "no broker configured: alerts go to the ledger and standard output");
        return l->o->test || tw_output_open(&l->sink.lines, "-");
    }
    const struct tw_broker_config config = broker_config(l, &t);
    enum tw_status st = l->o->test
                            ? tw_publisher_test(&config, err, sizeof(err))
                            : tw_publisher_start(&config, &l->sink.publisher, err, sizeof(err));
    tw_text_free(&t.online);
    tw_text_free(&t.offline);
    if (st != TW_OK)
        tw_log(TW_LOG_ERROR,
            "the broker at %s:%d can not be used: %s; see broker: in the configuration",
            config.host, config.port, err);
    else if (err[0] != '\0')
        tw_log(TW_LOG_WARN, "%s", err);
    return st == TW_OK;
}

struct tw_metrics_source tw_live_metrics(struct tw_live *l)
{
    const char *ledger = l->o->ledger != NULL ? l->o->ledger : l->watch.config->ledger.dir;
    return (struct tw_metrics_source){.figures = &l->figures,
        .publisher = l->sink.publisher,
        .ledger = ledger,
        .started_ns = l->started_ns};
}

static void metrics_page(void *user, struct tw_text *out)
{
    tw_metrics_text(user, out);
}

static bool health_page(void *user, struct tw_text *out)
{
    return tw_metrics_health(user, out);
}

static bool open_web(struct tw_live *l)
{
    char err[256] = "";
    const char *at = l->watch.config->metrics.listen;
    const struct tw_web_pages pages = {&l->metrics, metrics_page, health_page};
    l->metrics = tw_live_metrics(l);
    if (at == NULL || tw_web_open(at, &pages, &l->web, err, sizeof(err)) == TW_OK)
        return true;
    tw_log(TW_LOG_ERROR, "can not serve metrics at %s: %s", at, err);
    return false;
}

static bool make_analyst(struct tw_live *l, const struct tw_limits *limits)
{
    l->evidence = tw_evidence_source_new(l->capture);
    const struct tw_analyst_config config = {
        .limits = *limits,
        .registry = l->watch.registry,
        .rules = l->watch.rules,
        .baseline = l->watch.baseline,
        .looks_back = true,
        .alerts = tw_watch_alerts(&l->watch, l->o->play ? l->evidence : NULL),
        .alert = on_alert,
        .alert_user = l,
    };
    if (l->evidence != NULL)
        l->analyst = tw_analyst_new(&config);
    if (l->analyst == NULL)
        tw_log(TW_LOG_ERROR, "out of memory");
    else
        tw_analyst_indicators(l->analyst, l->watch.indicators);
    return l->analyst != NULL;
}

/* The last words of a stop, in the order in which they depend on each other: what the analyst still
 * has to say, the broker, the ledger. False when something could not be kept. */
static bool wind_up(struct tw_live *l)
{
    bool whole = true;
    tw_web_close(l->web);
    tw_analyst_finish(l->analyst);
    publish_stats(l);
    if (l->sink.publisher != NULL && !tw_publisher_stop(l->sink.publisher)) {
        tw_log(TW_LOG_WARN, "the broker did not acknowledge everything; the rest is in the spool");
        whole = l->watch.config->ledger.dir != NULL;
    }
    tw_ledger_close(l->sink.ledger);
    whole = tw_output_close(&l->sink.lines) && whole;
    return whole && !l->sink.failed;
}

void tw_live_confine(const struct tw_live *l, enum tw_confine_role role)
{
    if (tw_confine_capabilities(role) != TW_OK)
        tw_log(TW_LOG_WARN, "can not give up capabilities: %s", strerror(errno));
    if (strcmp(l->watch.config->confine.syscalls, "off") == 0)
        return;
    const enum tw_status st = tw_confine_calls(role);
    if (st == TW_NOT_FOUND)
        tw_log(TW_LOG_DEBUG, "system calls are not filtered: the kernel or the build does not");
    else if (st != TW_OK)
        tw_log(TW_LOG_WARN, "system calls are not filtered: %s", tw_status_text(st));
}

/* The capture is open. Threads that are started later inherit what this one gives up; the keeper,
 * which may have to open interfaces again, is started before. */
static bool set_up(struct tw_live *l, const struct tw_limits *limits)
{
    if (tw_confine_process() != TW_OK)
        tw_log(
            TW_LOG_WARN, "core dumps or new privileges can not be ruled out: %s", strerror(errno));
    if (!make_analyst(l, limits) || !tw_keeper_start(l))
        return false;
    tw_live_confine(l, TW_CONFINE_WORKER);
    if (!open_ledger(l) || !open_broker(l) || !open_web(l))
        return false;
    tw_keeper_open(l->keeper);
    return true;
}

static int watch(struct tw_live *l, const struct tw_pipeline_config *config)
{
    struct tw_pipeline_result result;
    if (!set_up(l, &config->limits))
        return TW_EXIT_FAILED;
    tw_log(TW_LOG_INFO, "watching; %zu rules, %zu AI systems, gateway %s/%s",
        tw_rules_count(l->watch.rules), tw_registry_ai_systems(l->watch.registry), l->watch.site,
        l->watch.gateway);
    tw_notify_say(&l->notify, "READY=1\nSTATUS=watching");
    enum tw_status st = tw_pipeline_run(config, &result);
    tw_notify_say(&l->notify, "STOPPING=1\nSTATUS=stopping");
    tw_keeper_over(l->keeper);
    tw_figures_read(&l->figures, l->capture, &result.capture);
    const bool whole = wind_up(l);
    tw_log(TW_LOG_INFO, "stopped: %llu packets, %llu dropped, %llu alerts",
        (unsigned long long)result.packets, (unsigned long long)l->state.dropped,
        (unsigned long long)l->sink.alerts);
    const int code = tw_common_exit_of_run(st, &result);
    return whole ? code : TW_EXIT_FAILED;
}

/* A ledger that is not there yet is made when it is needed. */
static bool test_ledger(const struct tw_live *l)
{
    const char *path = l->o->ledger ? l->o->ledger : l->watch.config->ledger.dir;
    if (path == NULL || access(path, W_OK) == 0 || errno == ENOENT)
        return true;
    tw_log(TW_LOG_ERROR, "can not write the ledger '%s': %s", path, strerror(errno));
    return false;
}

/* --test looks at everything before it judges: one visit to the plant mends all of it. */
static int test(struct tw_live *l, int code)
{
    const bool ledger = test_ledger(l), broker = open_broker(l), web = open_web(l);
    if (code == TW_EXIT_OK && !(ledger && broker && web))
        code = TW_EXIT_FAILED;
    tw_web_close(l->web);
    if (code == TW_EXIT_OK)
        tw_log(TW_LOG_INFO, "configuration, inventory, rules, capture and broker are in order");
    return code;
}

static int open_and_watch(struct tw_live *l, struct tw_pipeline_config *config)
{
    struct tw_capture_error err = {0};
    enum tw_status st = open_capture(l, &err);
    int code = tw_common_exit_of(st);
    if (st != TW_OK)
        tw_log(TW_LOG_ERROR, "%s", err.text);
    if (l->o->test) {
        code = test(l, code);
    } else if (st == TW_OK) {
        tw_common_stop_on_signal(l->capture);
        config->capture = l->capture;
        config->live = true;
        config->play = l->o->play != NULL;
        config->sink = (struct tw_pipeline_sink){
            l, on_event, on_tick, {on_pass, on_pass_values, on_expect}, on_figures, on_turn};
        config->progress = on_progress;
        config->progress_user = l;
        code = watch(l, config);
    }
    tw_common_stop_on_signal(NULL);
    tw_keeper_stop(l->keeper);
    tw_analyst_free(l->analyst);
    tw_evidence_source_free(l->evidence);
    tw_capture_close(l->capture);
    tw_text_free(&l->sink.wire);
    return code;
}

/* A check is answered like any other command; from then on words go where the configuration says.
 */
static bool open_log(const struct tw_live *l)
{
    const struct tw_config *c = l->watch.config;
    const struct tw_log_file file = {.path = c->log.file,
        .max_bytes = (uint64_t)c->log.rotate_mb << 20,
        .keep = (unsigned)c->log.keep};
    if (l->o->test)
        return true;
    if (file.path != NULL && !tw_log_open(&file)) {
        tw_log(TW_LOG_ERROR, "can not write the log '%s': %s", file.path, strerror(errno));
        return false;
    }
    tw_log_set_style(tw_log_is_journal() ? TW_LOG_JOURNAL : TW_LOG_STAMPED);
    return true;
}

static int run(struct tw_live *l, struct tw_pipeline_config *config)
{
    new_boot(l);
    l->started_ns = tw_time_now();
    l->sink.boot = l->boot;
    l->state = (struct tw_gateway_state){.boot = l->boot,
        .site = l->watch.site,
        .gateway = l->watch.gateway,
        .ruleset = tw_rules_digest(l->watch.rules),
        .inventory = tw_registry_digest(l->watch.registry),
        .rules = tw_rules_count(l->watch.rules)};
    if (l->o->threads == NULL && l->watch.config->workers > 0)
        config->workers = (unsigned)l->watch.config->workers;
    config->limits = tw_watch_limits(&l->watch);
    if (!tw_figures_init(&l->figures, l->watch.config->loss_percent))
        return TW_EXIT_FAILED;
    tw_figures_sets(&l->figures, l->watch.rules, l->watch.registry);
    tw_notify_open(&l->notify);
    const int code = open_and_watch(l, config);
    tw_notify_close(&l->notify);
    tw_figures_fini(&l->figures);
    return code;
}

int tw_cmd_run(const struct tw_options *o)
{
    struct tw_live l = {.o = o};
    struct tw_pipeline_config config = {0};
    if (!tw_common_logging(o) || !tw_common_pipeline(o, &config))
        return TW_EXIT_USAGE;
    int code = tw_watch_load(o, &l.watch);
    if (code == TW_EXIT_OK)
        code = tw_cli_keys_load(o, &config);
    if (code == TW_EXIT_OK && !o->dump_config && !open_log(&l))
        code = TW_EXIT_FAILED;
    if (code == TW_EXIT_OK && !o->dump_config)
        code = run(&l, &config);
    tw_cli_keys_free(&config);
    tw_watch_free(&l.watch);
    tw_log_close();
    return code;
}
