/* What is normal: learned from captures, looked at, compared. */
#include <math.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "cli/keys.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/watch.h"

struct learning {
    const struct tw_options *o;
    struct tw_registry *registry;
    struct tw_learner *learner;
    struct tw_analyst *analyst;
    struct tw_capture *capture;
};

static void on_event(void *user, struct tw_event *event)
{
    struct learning *l = user;
    tw_analyst_event(l->analyst, event);
}

static void on_tick(void *user, int64_t now_ns)
{
    struct learning *l = user;
    tw_analyst_tick(l->analyst, now_ns);
}

static bool write_learned(struct learning *l)
{
    struct tw_text t = {0};
    struct tw_output out;
    tw_learner_write(l->learner, &t);
    if (t.failed)
        tw_log(TW_LOG_ERROR, "out of memory");
    bool ok = !t.failed && tw_output_open(&out, l->o->output);
    if (ok) {
        tw_output_write(&out, tw_text_str(&t));
        ok = tw_output_close(&out);
    }
    tw_text_free(&t);
    return ok;
}

static void report(const struct tw_learner *learner, const struct tw_pipeline_result *r)
{
    const struct tw_learner_stats s = tw_learner_stats(learner);
    tw_log(TW_LOG_INFO,
        "%llu packets (%.1f s of traffic), %llu values, %llu series, %llu to judge, %llu AI "
        "systems",
        (unsigned long long)r->packets,
        r->packets ? (double)(r->last_ns - r->first_ns) / (double)TW_NS_PER_S : 0.0,
        (unsigned long long)s.values, (unsigned long long)s.series, (unsigned long long)s.judged,
        (unsigned long long)s.systems);
    if (s.evictions + s.left_out > 0)
        tw_log(TW_LOG_WARN, "%llu series were forgotten, %llu with few values left out",
            (unsigned long long)s.evictions, (unsigned long long)s.left_out);
    if (s.unnamed > 0)
        tw_log(TW_LOG_WARN, "%llu values have names too long, or not of text",
            (unsigned long long)s.unnamed);
}

static int run(struct learning *l, struct tw_pipeline_config *config)
{
    struct tw_pipeline_result result;
    const struct tw_analyst_config analyst = {
        .limits = config->limits, .registry = l->registry, .learner = l->learner};
    l->analyst = tw_analyst_new(&analyst);
    if (l->analyst == NULL) {
        tw_log(TW_LOG_ERROR, "out of memory");
        return TW_EXIT_FAILED;
    }
    enum tw_status st = tw_pipeline_run(config, &result);
    tw_analyst_finish(l->analyst);
    const int code = tw_common_exit_of_run(st, &result);
    if (code == TW_EXIT_FAILED || !write_learned(l))
        return TW_EXIT_FAILED;
    report(l->learner, &result);
    tw_cli_keys_report(l->o, &result);
    return code;
}

static int open_and_run(struct learning *l, struct tw_pipeline_config *config)
{
    struct tw_capture_error err = {0};
    const struct tw_list *args = &l->o->args;
    enum tw_status st = tw_capture_open_files(args->at, args->n, l->o->filter, &l->capture, &err);
    int code = tw_common_exit_of(st);
    if (st != TW_OK)
        tw_log(TW_LOG_ERROR, "%s", err.text);
    if (l->capture == NULL)
        return code;
    tw_common_stop_on_signal(l->capture);
    config->capture = l->capture;
    l->learner = tw_learner_new(TW_BASELINE_MAX_LEARNED);
    int run_code = l->learner != NULL ? run(l, config) : TW_EXIT_FAILED;
    tw_analyst_free(l->analyst);
    tw_learner_free(l->learner);
    tw_capture_close(l->capture);
    return st == TW_OK || run_code != TW_EXIT_OK ? run_code : code;
}

/* The names of variables come from the inventory; without one, series have none. */
static int load_inventory(struct learning *l, struct tw_limits *limits)
{
    struct tw_diags diags = {0};
    struct tw_watch watch = {.config = tw_watch_config(l->o, &diags)};
    if (watch.config != NULL) {
        const char *path = l->o->inventory ? l->o->inventory : watch.config->inventory;
        l->registry = tw_registry_load(path, &diags);
        *limits = tw_watch_limits(&watch);
    }
    tw_report_diags(&diags, false);
    tw_diags_fini(&diags);
    tw_config_free(watch.config);
    return l->registry != NULL ? TW_EXIT_OK : TW_EXIT_CONFIG;
}

int tw_cmd_baseline_learn(const struct tw_options *o)
{
    struct learning l = {.o = o};
    bool bad_progress;
    struct tw_pipeline_config config = {.sink = {.user = &l, .event = on_event, .tick = on_tick}};
    if (!tw_common_logging(o) || !tw_common_pipeline(o, &config))
        return TW_EXIT_USAGE;
    if (o->output == NULL) {
        tw_log(TW_LOG_ERROR, "name the file to write with -o");
        return TW_EXIT_USAGE;
    }
    struct tw_progress *progress = tw_progress_new(o, &bad_progress);
    if (bad_progress)
        return TW_EXIT_USAGE;
    config.progress = progress ? tw_progress_show : NULL;
    config.progress_user = progress;
    int code = load_inventory(&l, &config.limits);
    if (code == TW_EXIT_OK)
        code = tw_cli_keys_load(o, &config);
    if (code == TW_EXIT_OK)
        code = open_and_run(&l, &config);
    tw_cli_keys_free(&config);
    tw_progress_free(progress);
    tw_registry_free(l.registry);
    return code;
}

static struct tw_baseline *load(const struct tw_options *o, const char *path)
{
    struct tw_diags diags = {0};
    struct tw_baseline *b = tw_baseline_load(path, &diags);
    tw_report_diags(&diags, o->json && diags.errors > 0);
    tw_diags_fini(&diags);
    return b;
}

/* "publish plant/feed /temp", "read ns=2;s=Tank.Level by 10.0.0.30" */
static void add_name(struct tw_text *t, const struct tw_series_name *n)
{
    char ip[TW_IP_TEXT];
    tw_text_addf(t, "%s %.*s", tw_series_source_name(n->source), TW_STR_ARG(n->object));
    if (n->field.len > 0)
        tw_text_addf(t, " %.*s", TW_STR_ARG(n->field));
    if (n->client.family == 0)
        return;
    tw_text_addz(t, n->source == TW_SERIES_READ ? " by " : " to ");
    tw_text_add(t, ip, tw_ip_text(ip, &n->client));
}

static void add_number(struct tw_text *t, const char *before, double value)
{
    char digits[TW_NUM_TEXT];
    tw_text_addz(t, before);
    tw_text_add(t, digits, tw_num_double(digits, value));
}

static void add_line(struct tw_text *t, const struct tw_baseline_entry *e)
{
    const struct tw_profile *p = &e->profile;
    tw_text_addf(t, "%-8s %-6s ", tw_series_kind_name(e->kind), e->active ? "active" : "shadow");
    add_name(t, &e->name);
    add_number(t, ": ", p->samples);
    add_number(t, " values, ", p->min);
    add_number(t, " to ", p->max);
    tw_text_addf(t, ", every %.1f s, steady up to %.1f s\n", p->period_s, p->steady_s);
}

static void add_system(struct tw_text *t, const struct tw_practice *p)
{
    tw_text_addf(t, "AI system %.*s: ", TW_STR_ARG(p->ai_system));
    add_number(t, "", p->acts);
    tw_text_addf(t, " acts in %.1f hours, %u kinds of commands", p->seconds / 3600, p->n_classes);
    add_number(t, "; bytes an hour (99.9 %): history ", p->history.q999);
    add_number(t, ", out of the plant ", p->egress.q999);
    tw_text_add(t, "\n", 1);
}

/* With --json the file as tierwatch writes it. */
static void add_json(struct tw_text *t, const struct tw_baseline *b)
{
    tw_baseline_write(tw_baseline_content(b), t);
}

static void add_table(struct tw_text *t, const char *path, const struct tw_baseline *b)
{
    char from[TW_TIME_TEXT], to[TW_TIME_TEXT];
    const struct tw_baseline_content *c = tw_baseline_content(b);
    const int from_len = (int)tw_time_text(from, c->from_ns, false);
    const int to_len = (int)tw_time_text(to, c->to_ns, false);
    tw_text_addf(t, "%s: %zu series, learned %.*s to %.*s, %s\n", path, tw_baseline_count(b),
        from_len, from, to_len, to, tw_baseline_digest(b));
    for (size_t i = 0; i < tw_baseline_count(b); i++)
        add_line(t, tw_baseline_at(b, i));
    for (size_t i = 0; i < c->n_systems; i++)
        add_system(t, &c->systems[i]);
}

int tw_cmd_baseline_show(const struct tw_options *o)
{
    struct tw_text t = {0};
    if (!tw_common_logging(o))
        return TW_EXIT_USAGE;
    struct tw_baseline *b = load(o, o->args.at[0]);
    if (b == NULL)
        return TW_EXIT_CONFIG;
    if (o->json)
        add_json(&t, b);
    else if (!o->quiet)
        add_table(&t, o->args.at[0], b);
    tw_common_print(&t);
    tw_baseline_free(b);
    return TW_EXIT_OK;
}

static void add_side(struct tw_text *t, char sign, const struct tw_baseline_entry *e)
{
    tw_text_addf(t, "%c ", sign);
    add_line(t, e);
}

/* Numbers that differ by more than a tenth; counts and times of learning differ always. */
static void add_changes(
    struct tw_text *t, const struct tw_baseline_entry *a, const struct tw_baseline_entry *b)
{
    struct tw_profile old = a->profile, new = b->profile;
    const size_t start = t->len;
    tw_text_addz(t, "~ ");
    add_name(t, &b->name);
    const size_t head = t->len;
    if (a->kind != b->kind)
        tw_text_addf(
            t, "; kind %s -> %s", tw_series_kind_name(a->kind), tw_series_kind_name(b->kind));
    if (a->active != b->active)
        tw_text_addz(t, b->active ? "; shadow -> active" : "; active -> shadow");
    for (size_t i = 0; i < tw_profile_numbers_count; i++) {
        const double x = *tw_profile_at(&old, i), y = *tw_profile_at(&new, i);
        if (fabs(x - y) <= 0.1 * fmax(fabs(x), fabs(y)))
            continue;
        tw_text_addf(t, "; %s", tw_profile_numbers[i].name);
        add_number(t, " ", x);
        add_number(t, " -> ", y);
    }
    if (t->len == head)
        t->len = start;
    else
        tw_text_add(t, "\n", 1);
}

/* Of AI systems which came, went, or act more or less by a tenth. */
static void add_systems(struct tw_text *t, const struct tw_baseline *a, const struct tw_baseline *b)
{
    size_t n, m, i = 0, k = 0;
    const struct tw_practice *x = tw_baseline_systems(a, &n), *y = tw_baseline_systems(b, &m);
    while (i < n || k < m) {
        const int c = i == n ? 1 : k == m ? -1 : tw_str_cmp(x[i].ai_system, y[k].ai_system);
        const double old = c <= 0 ? x[i].acts / fmax(x[i].seconds, 1) : 0,
                     new = c >= 0 ? y[k].acts / fmax(y[k].seconds, 1) : 0;
        if (fabs(old - new) > 0.1 * fmax(old, new) || c != 0) {
            tw_text_addz(t, c < 0 ? "- " : "+ ");
            add_system(t, c < 0 ? &x[i] : &y[k]);
        }
        i += c <= 0;
        k += c >= 0;
    }
}

static void add_diff(struct tw_text *t, const struct tw_baseline *a, const struct tw_baseline *b)
{
    size_t i = 0, k = 0;
    const size_t n = tw_baseline_count(a), m = tw_baseline_count(b);
    while (i < n || k < m) {
        const struct tw_baseline_entry *x = i < n ? tw_baseline_at(a, i) : NULL;
        const struct tw_baseline_entry *y = k < m ? tw_baseline_at(b, k) : NULL;
        const int c = x == NULL ? 1 : y == NULL ? -1 : tw_series_name_cmp(&x->name, &y->name);
        if (c < 0)
            add_side(t, '-', x);
        else if (c > 0)
            add_side(t, '+', y);
        else
            add_changes(t, x, y);
        i += c <= 0;
        k += c >= 0;
    }
    add_systems(t, a, b);
}

int tw_cmd_baseline_diff(const struct tw_options *o)
{
    struct tw_text t = {0};
    if (!tw_common_logging(o))
        return TW_EXIT_USAGE;
    struct tw_baseline *a = load(o, o->args.at[0]), *b = load(o, o->args.at[1]);
    const bool ok = a != NULL && b != NULL;
    if (ok)
        add_diff(&t, a, b);
    tw_common_print(&t);
    tw_baseline_free(a);
    tw_baseline_free(b);
    return ok ? TW_EXIT_OK : TW_EXIT_CONFIG;
}
