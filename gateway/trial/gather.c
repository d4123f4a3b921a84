#include "trial/gather.h"

#include <stdlib.h>

#include "pipeline/pipeline.h"

static const char *kept(struct tw_gathered *g, struct tw_str text)
{
    const struct tw_str s = tw_blocks_str(&g->blocks, text.p != NULL ? text : TW_STR(""));
    return s.p != NULL ? s.p : "";
}

static struct tw_trial_alert *one_more(struct tw_gathered *g)
{
    g->full |= g->most > 0 && g->n == g->most;
    if (g->full)
        return NULL;
    if (g->n == g->size) {
        const size_t size = g->size ? 2 * g->size : 64;
        struct tw_trial_alert *list = realloc(g->list, size * sizeof(*list));
        g->failed |= list == NULL;
        if (list == NULL)
            return NULL;
        g->list = list;
        g->size = size;
    }
    return &g->list[g->n++];
}

void tw_gather(void *gathered, const struct tw_alert_record *r)
{
    struct tw_gathered *g = gathered;
    /* An update follows soon after what it updates. */
    for (size_t i = g->n; r->update && i > 0; i--) {
        struct tw_trial_alert *a = &g->list[i - 1];
        if (strcmp(a->id, r->id) != 0)
            continue;
        a->count = r->count;
        a->score = r->score;
        a->severity = r->severity;
        return;
    }
    struct tw_trial_alert *a = one_more(g);
    if (a == NULL)
        return;
    *a = (struct tw_trial_alert){.rule = kept(g, tw_str_of(r->rule)),
        .actor = kept(g, r->actor),
        .target = kept(g, r->target),
        .summary = kept(g, r->summary),
        .severity = r->severity,
        .tier = r->tier,
        .score = r->score,
        .count = r->count,
        .ts_ns = r->ts_ns};
    memcpy(a->id, r->id, sizeof(a->id));
}

void tw_gathered_fini(struct tw_gathered *g)
{
    free(g->list);
    tw_blocks_fini(&g->blocks);
    *g = (struct tw_gathered){.n = 0};
}

struct tw_analyst *tw_gather_analyst(const struct tw_rules *rules, struct tw_registry *registry,
    const struct tw_baseline *baseline, const struct tw_limits *limits, tw_alert_fn fn, void *user)
{
    const struct tw_analyst_config config = {
        .limits = *limits,
        .registry = registry,
        .rules = rules,
        .baseline = baseline,
        .looks_back = true,
        .alerts = {.site = "trial",
            .gateway = "trial",
            .ruleset = tw_rules_digest(rules),
            .inventory = tw_registry_digest(registry),
            .engine = TW_VERSION,
            .ndpi = "-"},
        .alert = fn,
        .alert_user = user,
    };
    return tw_analyst_new(&config);
}

struct play {
    struct tw_analyst *analyst;
    int64_t first_ns;
};

static void on_event(void *user, struct tw_event *event)
{
    struct play *p = user;
    if (p->first_ns == 0)
        p->first_ns = event->ts_ns;
    tw_analyst_event(p->analyst, event);
}

static bool on_pass(void *user, const struct tw_event *event)
{
    const struct play *p = user;
    return tw_analyst_pass(p->analyst, event);
}

static uint32_t on_pass_values(
    void *user, const struct tw_event *message, const struct tw_plain_values *values)
{
    const struct play *p = user;
    return tw_analyst_pass_values(p->analyst, message, values);
}

static void on_tick(void *user, int64_t now_ns)
{
    const struct play *p = user;
    tw_analyst_tick(p->analyst, now_ns);
}

enum tw_status tw_gather_play(struct tw_analyst *analyst, const char *const *paths, size_t n_paths,
    int64_t *out_first_ns, struct tw_capture_error *err)
{
    struct tw_capture *capture = NULL;
    struct tw_pipeline_result result;
    struct play play = {.analyst = analyst};
    enum tw_status st = tw_capture_open_files(paths, n_paths, NULL, &capture, err);
    if (capture == NULL)
        return st;
    const struct tw_pipeline_config config = {.capture = capture,
        .workers = 1,
        .limits = tw_limits_default(),
        .sink = {&play, on_event, on_tick, {on_pass, on_pass_values}}};
    const enum tw_status run = tw_pipeline_run(&config, &result);
    tw_analyst_finish(analyst);
    tw_capture_close(capture);
    *out_first_ns = play.first_ns;
    if (run != TW_OK)
        return run;
    if (result.damaged)
        *err = result.damage;
    return result.damaged ? TW_DAMAGED : st;
}
