#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "cli/live.h"
#include "observe/control.h"
#include "observe/textfile.h"

enum { LOOK_MS = 500 };
#define TEXTFILE_NS (15 * TW_NS_PER_S)

struct tw_keeper {
    struct tw_live *live;
    struct tw_control *control;
    pthread_t thread;
    int bell; /* rung by SIGHUP and at the end */
    atomic_bool stopping, hangup;
    /* A change that waits for the analyst's turn. */
    _Atomic(struct tw_analyst_next *) next;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_open, over;
    /* The keeper's own: when it last did what it does now and then. */
    int64_t told_ns, revived_ns, wrote_ns;
    bool write_failed;
};

/* Signal handlers can reach nothing else. */
static volatile int hangup_bell = -1;
static atomic_bool *volatile hangup_flag;

static void on_hangup(int number)
{
    const uint64_t one = 1;
    const int why = errno;
    (void)number;
    if (hangup_flag != NULL)
        atomic_store(hangup_flag, true);
    if (hangup_bell >= 0)
        (void)!write(hangup_bell, &one, sizeof(one));
    errno = why;
}

void tw_keeper_turn(struct tw_keeper *k)
{
    tw_figures_turn(&k->live->figures);
    if (atomic_load_explicit(&k->next, memory_order_relaxed) == NULL)
        return;
    pthread_mutex_lock(&k->lock);
    struct tw_analyst_next *next = atomic_exchange(&k->next, NULL);
    if (next != NULL) {
        struct tw_live *l = k->live;
        tw_analyst_change(l->analyst, next);
        l->state.ruleset = tw_rules_digest(tw_analyst_rules(l->analyst));
        l->state.rules = tw_rules_count(tw_analyst_rules(l->analyst));
        l->state.inventory = tw_registry_digest(tw_analyst_registry(l->analyst));
        tw_figures_sets(&l->figures, tw_analyst_rules(l->analyst), tw_analyst_registry(l->analyst));
        tw_live_announce(l);
    }
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

/* Let the analyst change over, and wait until it has. With the lock held. False when it will not:
 * the gateway ends. */
static bool change_over(struct tw_keeper *k, struct tw_analyst_next *next)
{
    atomic_store(&k->next, next);
    while (!k->over && atomic_load(&k->next) != NULL)
        pthread_cond_wait(&k->changed, &k->lock);
    return atomic_exchange(&k->next, NULL) == NULL;
}

struct reload {
    struct tw_diags diags;
    struct tw_rules *rules;
    struct tw_registry *registry; /* NULL: the one in force says the same */
    struct tw_indicators *indicators;
    int code;
    const char *why; /* it failed without diagnostics */
    bool other_rules, other_inventory, other_indicators;
};

static bool is_other(const struct tw_indicators *a, const struct tw_indicators *b)
{
    return (a == NULL) != (b == NULL) ||
           (a != NULL && strcmp(tw_indicators_digest(a), tw_indicators_digest(b)) != 0);
}

static void load(struct tw_keeper *k, struct reload *r)
{
    struct tw_live *l = k->live;
    const struct tw_config *c = l->watch.config;
    const char *inventory = l->o->inventory != NULL ? l->o->inventory : c->inventory;
    r->registry = tw_registry_load(inventory, &r->diags);
    if (r->registry == NULL || !tw_watch_indicators(c, &r->diags, &r->indicators))
        r->code = TW_EXIT_CONFIG;
    r->rules = tw_watch_rules(l->o, c, NULL, &r->diags);
    if (r->rules == NULL && r->code == TW_EXIT_OK)
        r->code = TW_EXIT_RULES;
    if (r->code != TW_EXIT_OK)
        return;
    r->other_rules = strcmp(tw_rules_digest(r->rules), tw_rules_digest(l->watch.rules)) != 0;
    r->other_inventory =
        strcmp(tw_registry_digest(r->registry), tw_registry_digest(l->watch.registry)) != 0;
    r->other_indicators = is_other(r->indicators, l->watch.indicators);
    if (!r->other_inventory) {
        tw_registry_free(r->registry);
        r->registry = NULL;
    }
}

/* What was loaded comes into force; what was before is left in `r`. */
static void take(struct tw_keeper *k, struct reload *r)
{
    struct tw_watch *w = &k->live->watch;
    struct tw_registry *registry = r->registry != NULL ? r->registry : w->registry;
    struct tw_analyst_next *next = tw_analyst_next_new(k->live->analyst, r->rules, registry);
    if (next != NULL)
        tw_analyst_next_indicators(next, r->indicators);
    if (next == NULL || !change_over(k, next)) {
        r->code = TW_EXIT_FAILED;
        r->why = next == NULL ? "out of memory" : "the gateway is stopping";
        tw_analyst_next_free(next);
        return;
    }
    tw_analyst_next_free(next);
    struct tw_rules *rules = w->rules;
    w->rules = r->rules;
    r->rules = rules;
    struct tw_indicators *indicators = w->indicators;
    w->indicators = r->indicators;
    r->indicators = indicators;
    if (r->registry != NULL) {
        r->registry = w->registry;
        w->registry = registry;
    }
}

static void say_reload(const struct tw_keeper *k, const struct reload *r)
{
    const struct tw_watch *w = &k->live->watch;
    for (size_t i = 0; i < r->diags.n; i++) {
        const struct tw_diag *d = &r->diags.list[i];
        tw_log(d->severity == TW_DIAG_ERROR ? TW_LOG_ERROR : TW_LOG_WARN, "%s:%u:%u: %s", d->file,
            d->line, d->column, d->message);
    }
    if (r->code != TW_EXIT_OK)
        tw_log(TW_LOG_ERROR, "not reloaded: %s; the rules and inventory before stay in force",
            r->why != NULL ? r->why : "there are errors");
    else
        tw_log(TW_LOG_INFO, "reloaded: %zu rules %s, %zu AI systems %s", tw_rules_count(w->rules),
            tw_rules_digest(w->rules), tw_registry_ai_systems(w->registry),
            tw_registry_digest(w->registry));
}

/* With the lock held. */
static void reload(struct tw_keeper *k, struct reload *r)
{
    tw_notify_reloading(&k->live->notify);
    if (!tw_log_reopen())
        tw_log(TW_LOG_WARN, "can not open the log again: %s", strerror(errno));
    load(k, r);
    if (r->code == TW_EXIT_OK && (r->other_rules || r->other_inventory || r->other_indicators))
        take(k, r);
    say_reload(k, r);
    tw_notify_say(&k->live->notify, "READY=1");
}

static void reload_fini(struct reload *r)
{
    tw_rules_free(r->rules);
    tw_registry_free(r->registry);
    tw_indicators_free(r->indicators);
    tw_diags_fini(&r->diags);
}

static void digests_json(const struct tw_watch *w, struct tw_text *t)
{
    tw_json_member_z(t, "ruleset", tw_rules_digest(w->rules));
    tw_json_member_u64(t, "rules", tw_rules_count(w->rules));
    tw_json_member_z(t, "inventory", tw_registry_digest(w->registry));
    tw_json_member_u64(t, "ai_systems", tw_registry_ai_systems(w->registry));
    if (w->indicators == NULL)
        return;
    tw_json_member_z(t, "indicators", tw_indicators_digest(w->indicators));
    tw_json_member_u64(t, "n_indicators", tw_indicators_count(w->indicators));
}

static void answer_reload(struct tw_keeper *k, struct tw_text *t)
{
    struct reload r = {.code = TW_EXIT_OK};
    struct tw_text list = {0};
    reload(k, &r);
    tw_json_member_bool(t, "ok", r.code == TW_EXIT_OK);
    if (r.code != TW_EXIT_OK) {
        tw_json_member_z(t, "error", r.why != NULL ? r.why : "not reloaded: there are errors");
        tw_json_member_i64(t, "code", r.code);
    }
    digests_json(&k->live->watch, t);
    tw_json_member_bool(t, "other_rules", r.code == TW_EXIT_OK && r.other_rules);
    tw_json_member_bool(t, "other_inventory", r.code == TW_EXIT_OK && r.other_inventory);
    tw_json_member_bool(t, "other_indicators", r.code == TW_EXIT_OK && r.other_indicators);
    tw_diags_json(&r.diags, &list);
    tw_json_key(t, "diagnostics");
    tw_json_raw(t, (struct tw_str){list.p, list.len - (list.len > 0)});
    tw_text_free(&list);
    reload_fini(&r);
}

static void broker_json(struct tw_keeper *k, struct tw_text *t)
{
    struct tw_publisher *p = k->live->sink.publisher;
    if (p == NULL || k->over)
        return;
    const struct tw_publisher_stats s = tw_publisher_stats(p);
    tw_json_key(t, "broker");
    tw_json_object(t);
    tw_json_member_bool(t, "connected", s.connected);
    if (s.last_error[0] != '\0')
        tw_json_member_z(t, "error", s.last_error);
    tw_json_member_u64(t, "published", s.acknowledged);
    tw_json_member_u64(t, "waiting", s.spooled);
    tw_json_member_u64(t, "refused", s.refused);
    tw_json_member_u64(t, "reconnects", s.reconnects);
    tw_json_object_end(t);
}

static void answer_status(struct tw_keeper *k, struct tw_text *t)
{
    const struct tw_live *l = k->live;
    struct tw_figures f;
    tw_figures_copy(&k->live->figures, &f);
    tw_json_member_bool(t, "ok", true);
    tw_json_member_z(t, "state", k->over ? "stopping" : "watching");
    tw_json_member_z(t, "site", l->watch.site);
    tw_json_member_z(t, "gateway", l->watch.gateway);
    tw_json_member_z(t, "boot", l->boot);
    tw_json_member_z(t, "version", TW_VERSION);
    tw_json_member_i64(t, "uptime_s", (tw_time_now() - l->started_ns) / TW_NS_PER_S);
    digests_json(&l->watch, t);
    tw_json_member_u64(t, "received", f.capture.received);
    tw_json_member_u64(t, "dropped", f.capture.dropped + f.capture.if_dropped);
    tw_json_member_double(t, "dropped_percent", tw_loss_percent(&f.loss.last));
    tw_figures_interfaces_json(t, &f);
    tw_json_maybe_time(t, "event_time", f.event_ns, false);
    tw_json_member_u64(t, "alerts", f.analyst.alerts.alerts);
    broker_json(k, t);
    tw_json_key(t, "problems");
    const bool healthy = tw_problems_json(&f, t) == 0;
    tw_json_member_bool(t, "healthy", healthy);
}

static void answer_counters(struct tw_keeper *k, struct tw_text *t)
{
    struct tw_figures f;
    tw_figures_copy(&k->live->figures, &f);
    tw_json_member_bool(t, "ok", true);
    tw_figures_json(t, &f);
    broker_json(k, t);
}

static void answer_shutdown(struct tw_keeper *k, struct tw_text *t)
{
    tw_log(TW_LOG_INFO, "asked to stop");
    tw_capture_stop(k->live->capture);
    tw_json_member_bool(t, "ok", true);
}

static const struct {
    const char *name;
    void (*answer)(struct tw_keeper *k, struct tw_text *t);
} commands[] = {{"status", answer_status}, {"counters", answer_counters}, {"reload", answer_reload},
    {"shutdown", answer_shutdown}};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

/* The index of {"command":"…"}; N_COMMANDS when it is none. */
static size_t command_of(struct tw_str request)
{
    struct tw_diags diags = {0};
    struct tw_yaml *y = tw_yaml_load_bytes("request", request.p, request.len, &diags);
    const struct tw_node *name =
        y != NULL && diags.errors == 0 && y->root != NULL ? tw_node_get(y->root, "command") : NULL;
    size_t i = 0;
    while (i < N_COMMANDS && (name == NULL || !tw_str_is(name->text, commands[i].name)))
        i++;
    tw_yaml_free(y);
    tw_diags_fini(&diags);
    return i;
}

/* tw_control_fn */
static void answer(void *user, struct tw_str request, struct tw_text *t)
{
    struct tw_keeper *k = user;
    const size_t i = command_of(request);
    tw_json_object(t);
    if (i < N_COMMANDS) {
        pthread_mutex_lock(&k->lock);
        commands[i].answer(k, t);
        pthread_mutex_unlock(&k->lock);
    } else {
        tw_json_member_bool(t, "ok", false);
        tw_json_member_z(t, "error",
            "a request is {\"command\":\"status\"}, counters, reload or shutdown, on a line");
    }
    tw_json_object_end(t);
}

static void reload_by_signal(struct tw_keeper *k)
{
    struct reload r = {.code = TW_EXIT_OK};
    pthread_mutex_lock(&k->lock);
    if (!k->over)
        reload(k, &r);
    pthread_mutex_unlock(&k->lock);
    reload_fini(&r);
}

/* Does the analyst come on? It waits for packets and ledger, so its turns say that both do. */
static void watch_progress(struct tw_keeper *k)
{
    const struct tw_notify *n = &k->live->notify;
    const int64_t now_ns = tw_figures_clock_ns(),
                  turned_ns = atomic_load(&k->live->figures.turned_ns);
    if (n->watchdog_ns > 0 && turned_ns > k->told_ns && now_ns - k->told_ns > n->watchdog_ns / 4) {
        tw_notify_say(n, "WATCHDOG=1");
        k->told_ns = now_ns;
    }
}

/* A complaint about the file is worth one line. */
static void write_textfile(struct tw_keeper *k)
{
    const char *path = k->live->watch.config->metrics.textfile;
    const int64_t now_ns = tw_figures_clock_ns();
    if (path == NULL || k->over || (k->wrote_ns != 0 && now_ns - k->wrote_ns < TEXTFILE_NS))
        return;
    k->wrote_ns = now_ns;
    struct tw_text t = {0};
    struct tw_metrics_source source = tw_live_metrics(k->live);
    tw_metrics_text(&source, &t);
    const bool failed = t.failed || tw_textfile_write(path, tw_text_str(&t)) != TW_OK;
    if (failed && !k->write_failed)
        tw_log(TW_LOG_WARN, "can not write the metrics to '%s': %s", path, strerror(errno));
    k->write_failed = failed;
    tw_text_free(&t);
}

static void revive(struct tw_keeper *k)
{
    const char *name;
    const int64_t now_ns = tw_figures_clock_ns();
    if (now_ns - k->revived_ns < TW_NS_PER_S)
        return;
    k->revived_ns = now_ns;
    while ((name = tw_capture_revive(k->live->capture)) != NULL)
        tw_log(TW_LOG_INFO, "interface %s is back", name);
}

/* Until everything is set up. */
static void wait_for_opening(struct tw_keeper *k)
{
    pthread_mutex_lock(&k->lock);
    while (!k->is_open && !atomic_load(&k->stopping))
        pthread_cond_wait(&k->changed, &k->lock);
    pthread_mutex_unlock(&k->lock);
}

static void *keep(void *user)
{
    struct tw_keeper *k = user;
    eventfd_t n;
    tw_live_confine(k->live, TW_CONFINE_OPENER);
    wait_for_opening(k);
    while (!atomic_load(&k->stopping)) {
        tw_control_serve(k->control, k->bell, LOOK_MS);
        (void)eventfd_read(k->bell, &n);
        if (atomic_exchange(&k->hangup, false))
            reload_by_signal(k);
        revive(k);
        watch_progress(k);
        pthread_mutex_lock(&k->lock);
        write_textfile(k);
        pthread_mutex_unlock(&k->lock);
    }
    return NULL;
}

const char *tw_default_socket(void)
{
    static char path[256];
    const char *unit = getenv("RUNTIME_DIRECTORY"), *user = getenv("XDG_RUNTIME_DIR");
    if (unit != NULL && unit[0] == '/')
        snprintf(path, sizeof(path), "%.*s/control.sock", (int)strcspn(unit, ":"), unit);
    else if (access("/run/tierwatch", F_OK) == 0)
        snprintf(path, sizeof(path), "/run/tierwatch/control.sock");
    else if (user != NULL && user[0] == '/')
        snprintf(path, sizeof(path), "%s/tierwatch.sock", user);
    else
        return NULL;
    return path;
}

/* A socket that nobody asked for may be missing. */
static bool open_control(struct tw_keeper *k)
{
    char err[256] = "";
    const char *wanted = k->live->watch.config->control.socket;
    const char *path = wanted != NULL ? wanted : tw_default_socket();
    if (path == NULL)
        return true;
    if (tw_control_open(path, answer, k, &k->control, err, sizeof(err)) == TW_OK)
        return true;
    tw_log(wanted != NULL ? TW_LOG_ERROR : TW_LOG_WARN, "no control socket at %s: %s", path, err);
    return wanted == NULL;
}

static void listen_to_hangup(struct tw_keeper *k)
{
    struct sigaction action = {
        .sa_handler = k != NULL ? on_hangup : SIG_IGN, .sa_flags = (int)SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (k == NULL)
        sigaction(SIGHUP, &action, NULL);
    hangup_flag = k != NULL ? &k->hangup : NULL;
    hangup_bell = k != NULL ? k->bell : -1;
    if (k != NULL)
        sigaction(SIGHUP, &action, NULL);
}

static void keeper_free(struct tw_keeper *k)
{
    tw_control_close(k->control);
    if (k->bell >= 0)
        close(k->bell);
    pthread_cond_destroy(&k->changed);
    pthread_mutex_destroy(&k->lock);
    free(k);
}

bool tw_keeper_start(struct tw_live *l)
{
    struct tw_keeper *k = calloc(1, sizeof(*k));
    if (k == NULL) {
        tw_log(TW_LOG_ERROR, "out of memory");
        return false;
    }
    k->live = l;
    k->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->changed, NULL);
    if (k->bell < 0 || !open_control(k)) {
        keeper_free(k);
        return false;
    }
    if (pthread_create(&k->thread, NULL, keep, k) == 0) {
        l->keeper = k;
        return true;
    }
    tw_log(TW_LOG_ERROR, "no thread to answer questions with");
    keeper_free(k);
    return false;
}

void tw_keeper_open(struct tw_keeper *k)
{
    listen_to_hangup(k);
    pthread_mutex_lock(&k->lock);
    k->is_open = true;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

void tw_keeper_over(struct tw_keeper *k)
{
    if (k == NULL)
        return;
    pthread_mutex_lock(&k->lock);
    k->over = true;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

void tw_keeper_stop(struct tw_keeper *k)
{
    if (k == NULL)
        return;
    listen_to_hangup(NULL);
    pthread_mutex_lock(&k->lock);
    atomic_store(&k->stopping, true);
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
    (void)eventfd_write(k->bell, 1);
    pthread_join(k->thread, NULL);
    k->live->keeper = NULL;
    keeper_free(k);
}
