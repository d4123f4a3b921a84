#include "trial/stage.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "pipeline/pipeline.h"
#include "trial/script.h"

char *tw_stage_path(const struct tw_yaml *yaml, struct tw_str path)
{
    const char *slash = strrchr(yaml->file, '/');
    char *out = NULL;
    const int n =
        path.len > 0 && path.p[0] != '/' && slash != NULL
            ? asprintf(&out, "%.*s/%.*s", (int)(slash - yaml->file), yaml->file, TW_STR_ARG(path))
            : asprintf(&out, "%.*s", TW_STR_ARG(path));
    return n < 0 ? NULL : out;
}

/* ---- alerts */

static bool counts(const struct tw_stage *s, const char *rule)
{
    for (size_t i = 0; s->counted != NULL && i < s->counted->n; i++) {
        if (tw_str_is(s->counted->children[i].text, rule))
            return true;
    }
    return s->counted == NULL;
}

static char *kept(struct tw_stage *s, struct tw_str text)
{
    /* Only read from here on. */
    return (char *)(uintptr_t)tw_blocks_str(&s->blocks, text.p != NULL ? text : TW_STR("")).p;
}

static void on_alert(void *user, const struct tw_alert_record *r)
{
    struct tw_stage *s = user;
    struct tw_trial_alert *a = s->alerts;
    if (!counts(s, r->rule))
        return;
    for (; r->update && a < s->alerts + s->n_alerts; a++) {
        if (strcmp(a->id, r->id) != 0)
            continue;
        a->count = r->count;
        a->score = r->score;
        a->severity = r->severity;
        return;
    }
    s->too_many |= s->n_alerts == TW_TRIAL_MAX_ALERTS;
    if (s->too_many)
        return;
    a = &s->alerts[s->n_alerts++];
    *a = (struct tw_trial_alert){.rule = kept(s, tw_str_of(r->rule)),
        .actor = kept(s, r->actor),
        .target = kept(s, r->target),
        .summary = kept(s, r->summary),
        .severity = r->severity,
        .tier = r->tier,
        .score = r->score,
        .count = r->count,
        .at_ns = r->ts_ns - s->start_ns};
    memcpy(a->id, r->id, sizeof(a->id));
}

/* ---- the inventory */

static enum tw_status load_inventory(struct tw_stage *s, const struct tw_node *test)
{
    const struct tw_node *n = tw_node_get(test, "inventory");
    if (n == NULL)
        n = tw_node_get(s->yaml->root, "inventory");
    if (n == NULL) {
        s->registry = tw_registry_load(NULL, s->diags);
    } else if (n->kind == TW_NODE_SCALAR) {
        char *path = tw_stage_path(s->yaml, n->text);
        s->registry = path != NULL ? tw_registry_load(path, s->diags) : NULL;
        free(path);
    } else {
        s->registry = tw_registry_load_part(s->yaml, n, s->diags);
    }
    return s->registry != NULL ? TW_OK : TW_INVALID;
}

static struct tw_analyst *new_analyst(struct tw_stage *s, const struct tw_limits *limits)
{
    const struct tw_analyst_config config = {
        .limits = *limits,
        .registry = s->registry,
        .rules = s->rules,
        .alerts = {.site = "test",
            .gateway = "test",
            .ruleset = tw_rules_digest(s->rules),
            .inventory = tw_registry_digest(s->registry),
            .engine = TW_VERSION,
            .ndpi = "-"},
        .alert = on_alert,
        .alert_user = s,
    };
    return tw_analyst_new(&config);
}

/* ---- captures */

struct play {
    struct tw_stage *stage;
    struct tw_analyst *analyst;
};

static void on_event(void *user, struct tw_event *event)
{
    struct play *p = user;
    if (p->stage->start_ns == 0)
        p->stage->start_ns = event->ts_ns;
    tw_analyst_event(p->analyst, event);
}

static bool on_pass(void *user, const struct tw_event *event)
{
    const struct play *p = user;
    return tw_analyst_pass(p->analyst, event);
}

static void on_tick(void *user, int64_t now_ns)
{
    const struct play *p = user;
    tw_analyst_tick(p->analyst, now_ns);
}

static enum tw_status run_capture(
    struct tw_stage *s, struct tw_analyst *analyst, struct tw_capture *capture)
{
    struct play play = {s, analyst};
    struct tw_pipeline_result result;
    const struct tw_pipeline_config config = {.capture = capture,
        .workers = 1,
        .limits = tw_limits_default(),
        .sink = {&play, on_event, on_tick, on_pass}};
    enum tw_status st = tw_pipeline_run(&config, &result);
    tw_analyst_finish(analyst);
    return st == TW_OK && result.damaged ? TW_DAMAGED : st;
}

static enum tw_status play_captures(
    struct tw_stage *s, struct tw_analyst *analyst, const struct tw_node *pcap)
{
    enum { MAX_CAPTURES = 16 };
    const size_t n = pcap->kind == TW_NODE_LIST ? pcap->n : 1;
    const struct tw_node *items = pcap->kind == TW_NODE_LIST ? pcap->children : pcap;
    char *paths[MAX_CAPTURES] = {NULL};
    struct tw_capture *capture = NULL;
    struct tw_capture_error err = {0};
    enum tw_status st = n <= MAX_CAPTURES ? TW_OK : TW_INVALID;
    for (size_t i = 0; i < n && st == TW_OK; i++)
        paths[i] = tw_stage_path(s->yaml, items[i].text);
    s->start_ns = 0;
    if (st == TW_OK)
        st = tw_capture_open_files((const char *const *)paths, n, NULL, &capture, &err);
    if (st != TW_OK)
        tw_yaml_error(s->yaml, s->diags, pcap, false, NULL, "%s",
            err.text[0] != '\0' ? err.text : "more than 16 captures");
    if (st == TW_OK)
        st = run_capture(s, analyst, capture);
    tw_capture_close(capture);
    for (size_t i = 0; i < n && i < MAX_CAPTURES; i++)
        free(paths[i]);
    return st;
}

enum tw_status tw_stage_play(struct tw_stage *s, const struct tw_node *test)
{
    const struct tw_node *input = tw_node_get(test, "input"), *events = tw_node_get(test, "events");
    struct tw_limits limits = tw_limits_default();
    if ((input == NULL) == (events == NULL)) {
        tw_yaml_error(
            s->yaml, s->diags, test, false, NULL, "a test has either \"events\" or \"input\"");
        return TW_INVALID;
    }
    s->counted = tw_node_get(test, "rules");
    s->alerts = calloc(TW_TRIAL_MAX_ALERTS, sizeof(*s->alerts));
    enum tw_status st = s->alerts != NULL ? load_inventory(s, test) : TW_NO_MEMORY;
    if (st != TW_OK)
        return st;
    if (events != NULL)
        limits.sessions = 16;
    struct tw_analyst *analyst = new_analyst(s, &limits);
    if (analyst == NULL)
        return TW_NO_MEMORY;
    if (events != NULL)
        st = tw_script_play(s, analyst, test);
    else
        st = play_captures(s, analyst, tw_node_get(input, "pcap"));
    tw_analyst_free(analyst);
    if (s->too_many)
        tw_yaml_error(s->yaml, s->diags, test, false,
            "narrow it with rules:", "more than %d alerts", TW_TRIAL_MAX_ALERTS);
    return st == TW_OK && s->blocks.failed ? TW_NO_MEMORY : st;
}

void tw_stage_clear(struct tw_stage *s)
{
    tw_registry_free(s->registry);
    s->registry = NULL;
    free(s->alerts);
    s->alerts = NULL;
    s->n_alerts = 0;
    s->too_many = false;
    tw_blocks_fini(&s->blocks);
    s->blocks = (struct tw_blocks){0};
}
