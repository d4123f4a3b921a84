#include "base/log.h"
#include "base/timefmt.h"
#include "cli/report.h"
#include "cli/watch.h"
#include "trial/compare.h"

static void ts(struct tw_text *t, int64_t ns)
{
    char text[TW_TIME_TEXT];
    tw_text_add(t, text, tw_time_text(text, ns, false));
}

/* "medium 55 -> high 73", or what there is only one of. */
static void grade(struct tw_text *t, const struct tw_change *c)
{
    const struct tw_trial_alert *a = c->before != NULL ? c->before : c->after;
    tw_text_addf(t, "%s %d", tw_severity_name(a->severity), a->score);
    if (c->kind == TW_CHANGE_CHANGED &&
        (a->score != c->after->score || a->severity != c->after->severity))
        tw_text_addf(t, " -> %s %d", tw_severity_name(c->after->severity), c->after->score);
}

static void count(struct tw_text *t, const struct tw_change *c)
{
    const uint64_t before = c->before != NULL ? c->before->count : c->after->count;
    tw_text_addf(t, ", count %llu", (unsigned long long)before);
    if (c->kind == TW_CHANGE_CHANGED && before != c->after->count)
        tw_text_addf(t, " -> %llu", (unsigned long long)c->after->count);
}

static void line(struct tw_text *t, const struct tw_change *c)
{
    static const char *const marks[] = {"+", "-", "~"};
    const struct tw_trial_alert *a = c->after != NULL ? c->after : c->before;
    tw_text_addf(t, "%s ", marks[c->kind]);
    ts(t, a->ts_ns);
    tw_text_addf(t, " %s ", a->rule);
    grade(t, c);
    count(t, c);
    tw_text_addf(t, ": %s", a->summary);
    if (c->kind == TW_CHANGE_CHANGED && strcmp(c->before->summary, a->summary) != 0)
        tw_text_addf(t, " (was: %s)", c->before->summary);
    tw_text_add(t, "\n", 1);
}

static void as_json(struct tw_text *t, const char *key, const struct tw_trial_alert *a)
{
    if (a == NULL)
        return;
    tw_json_key(t, key);
    tw_json_object(t);
    tw_json_member_z(t, "severity", tw_severity_name(a->severity));
    tw_json_member_i64(t, "score", a->score);
    tw_json_member_z(t, "tier", tw_tier_name(a->tier));
    tw_json_member_u64(t, "count", a->count);
    tw_json_member_z(t, "summary", a->summary);
    tw_json_object_end(t);
}

static void change_json(struct tw_text *t, const struct tw_change *c)
{
    static const char *const kinds[] = {"added", "gone", "changed"};
    const struct tw_trial_alert *a = c->after != NULL ? c->after : c->before;
    tw_json_object(t);
    tw_json_member_z(t, "change", kinds[c->kind]);
    tw_json_member_time(t, "ts", a->ts_ns, false);
    tw_json_member_z(t, "rule", a->rule);
    tw_json_member_z(t, "actor", a->actor);
    tw_json_member_z(t, "target", a->target);
    as_json(t, "old", c->before);
    as_json(t, "new", c->after);
    tw_json_object_end(t);
}

static void print(const struct tw_options *o, const struct tw_comparison *c)
{
    struct tw_text t = {0};
    size_t kinds[3] = {0};
    if (o->json)
        tw_json_array(&t);
    for (size_t i = 0; i < c->n; i++) {
        kinds[c->changes[i].kind]++;
        if (o->json)
            change_json(&t, &c->changes[i]);
        else
            line(&t, &c->changes[i]);
    }
    if (o->json) {
        tw_json_array_end(&t);
        tw_text_add(&t, "\n", 1);
    }
    tw_common_print(&t);
    tw_log(TW_LOG_INFO, "%zu alerts added, %zu gone, %zu changed, %zu as before",
        kinds[TW_CHANGE_ADDED], kinds[TW_CHANGE_GONE], kinds[TW_CHANGE_CHANGED], c->same);
}

/* One rule set over the captures. The inventory is loaded anew: it remembers who acted. */
static int play(const struct tw_options *o, const struct tw_config *c, const char *rules_path,
    struct tw_gathered *out, struct tw_diags *diags)
{
    const char *inventory = o->inventory ? o->inventory : c->inventory;
    struct tw_rules *rules = tw_rules_load(&rules_path, 1, diags);
    struct tw_registry *registry = rules != NULL ? tw_registry_load(inventory, diags) : NULL;
    struct tw_analyst *analyst = NULL;
    struct tw_capture_error err = {0};
    int code = rules == NULL ? TW_EXIT_RULES : registry == NULL ? TW_EXIT_CONFIG : TW_EXIT_FAILED;
    if (registry != NULL) {
        const struct tw_limits limits = tw_limits_default();
        analyst = tw_gather_analyst(rules, registry, NULL, &limits, tw_gather, out);
    }
    if (analyst != NULL) {
        int64_t first_ns;
        const enum tw_status st =
            tw_gather_play(analyst, o->args.at + 2, o->args.n - 2, &first_ns, &err);
        code = tw_common_exit_of(st);
        if (st != TW_OK)
            tw_log(TW_LOG_ERROR, "%s", err.text[0] != '\0' ? err.text : tw_status_text(st));
    }
    tw_analyst_free(analyst);
    tw_registry_free(registry);
    tw_rules_free(rules);
    return code;
}

static int diff(const struct tw_options *o, const struct tw_config *config, struct tw_diags *diags)
{
    struct tw_comparison c = {.n = 0};
    int code = play(o, config, o->args.at[0], &c.before, diags);
    /* Both are looked at before anything is said about what is wrong. */
    if (code == TW_EXIT_OK || code == TW_EXIT_DAMAGED || code == TW_EXIT_RULES) {
        const int after = play(o, config, o->args.at[1], &c.after, diags);
        code = code == TW_EXIT_OK ? after : code;
    }
    if (code == TW_EXIT_OK || code == TW_EXIT_DAMAGED) {
        if (tw_compare(&c) == TW_OK)
            print(o, &c);
        else
            code = TW_EXIT_FAILED;
    }
    tw_comparison_fini(&c);
    return code;
}

int tw_cmd_rules_diff(const struct tw_options *o)
{
    struct tw_diags diags = {0};
    int code = TW_EXIT_CONFIG;
    if (!tw_common_logging(o))
        return TW_EXIT_USAGE;
    struct tw_config *c = tw_watch_config(o, &diags);
    if (c != NULL)
        code = diff(o, c, &diags);
    tw_report_diags(&diags, o->json && diags.errors > 0);
    tw_config_free(c);
    tw_diags_fini(&diags);
    return code;
}
