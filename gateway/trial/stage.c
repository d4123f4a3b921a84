#include "trial/stage.h"

#include <stdio.h>
#include <stdlib.h>

#include "baseline/baseline.h"
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

static void on_alert(void *user, const struct tw_alert_record *r)
{
    struct tw_stage *s = user;
    if (counts(s, r->rule))
        tw_gather(&s->alerts, r);
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

static enum tw_status load_baseline(struct tw_stage *s, const struct tw_node *test)
{
    const struct tw_node *n = tw_node_get(test, "baseline");
    if (n == NULL)
        return TW_OK;
    char *path = tw_stage_path(s->yaml, n->text);
    s->baseline = path != NULL ? tw_baseline_load(path, s->diags) : NULL;
    free(path);
    return s->baseline != NULL ? TW_OK : TW_INVALID;
}

static enum tw_status load_indicators(
    struct tw_stage *s, const struct tw_node *n, struct tw_indicators **out)
{
    if (n == NULL)
        return TW_OK;
    char *path = tw_stage_path(s->yaml, n->text);
    *out = path != NULL ? tw_indicators_load(path, s->diags) : NULL;
    free(path);
    return *out != NULL ? TW_OK : TW_INVALID;
}

/* ---- captures */

static enum tw_status play_captures(
    struct tw_stage *s, struct tw_analyst *analyst, const struct tw_node *pcap)
{
    enum { MAX_CAPTURES = 16 };
    const size_t n = pcap->kind == TW_NODE_LIST ? pcap->n : 1;
    const struct tw_node *items = pcap->kind == TW_NODE_LIST ? pcap->children : pcap;
    char *paths[MAX_CAPTURES] = {NULL};
    struct tw_capture_error err = {0};
    enum tw_status st = n <= MAX_CAPTURES ? TW_OK : TW_INVALID;
    for (size_t i = 0; i < n && st == TW_OK; i++)
        paths[i] = tw_stage_path(s->yaml, items[i].text);
    if (st == TW_OK)
        st = tw_gather_play(analyst, (const char *const *)paths, n, &s->start_ns, &err);
    if (st != TW_OK)
        tw_yaml_error(s->yaml, s->diags, pcap, false, NULL, "%s",
            n > MAX_CAPTURES      ? "more than 16 captures"
            : err.text[0] != '\0' ? err.text
                                  : tw_status_text(st));
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
    s->alerts.most = TW_TRIAL_MAX_ALERTS;
    enum tw_status st = load_inventory(s, test);
    if (st == TW_OK)
        st = load_baseline(s, test);
    if (st == TW_OK)
        st = load_indicators(s, tw_node_get(s->yaml->root, "indicators"), &s->indicators);
    if (st == TW_OK)
        st = load_indicators(s, tw_node_get(test, "indicators_later"), &s->later);
    if (st != TW_OK)
        return st;
    if (events != NULL)
        limits.sessions = 16;
    struct tw_analyst *analyst =
        tw_gather_analyst(s->rules, s->registry, s->baseline, &limits, on_alert, s);
    if (analyst == NULL)
        return TW_NO_MEMORY;
    tw_analyst_indicators(analyst, s->indicators);
    if (events != NULL)
        st = tw_script_play(s, analyst, test);
    else
        st = play_captures(s, analyst, tw_node_get(input, "pcap"));
    tw_analyst_free(analyst);
    if (s->alerts.full)
        tw_yaml_error(s->yaml, s->diags, test, false,
            "narrow it with rules:", "more than %d alerts", TW_TRIAL_MAX_ALERTS);
    const bool failed = s->blocks.failed || s->alerts.failed || s->alerts.blocks.failed;
    return st == TW_OK && failed ? TW_NO_MEMORY : st;
}

void tw_stage_clear(struct tw_stage *s)
{
    tw_registry_free(s->registry);
    s->registry = NULL;
    tw_baseline_free(s->baseline);
    s->baseline = NULL;
    tw_indicators_free(s->indicators);
    s->indicators = NULL;
    tw_indicators_free(s->later);
    s->later = NULL;
    tw_gathered_fini(&s->alerts);
    tw_blocks_fini(&s->blocks);
    s->blocks = (struct tw_blocks){0};
}
