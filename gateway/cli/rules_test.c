#include <errno.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "cli/paths.h"
#include "cli/report.h"
#include "cli/watch.h"
#include "trial/files.h"
#include "trial/suite.h"

struct run {
    const struct tw_options *o;
    struct tw_trial_files files;
    size_t passed, failed;
    struct tw_text json;
};

static bool add_path(struct run *r, const char *path)
{
    const size_t before = r->files.n;
    if (!tw_trial_files_add(&r->files, path)) {
        tw_log(TW_LOG_ERROR, "can not read '%s': %s", path, strerror(errno));
        return false;
    }
    if (r->files.n == before)
        tw_log(TW_LOG_ERROR, "there are no tests (*.test.yaml) in '%s'", path);
    return r->files.n > before;
}

/* The files of the arguments, else those beside the rules that replay and run would take. */
static bool find_files(struct run *r, const struct tw_config *c)
{
    struct tw_list paths = r->o->args;
    if (paths.n == 0)
        paths = tw_watch_list(&r->o->rules, &c->rules);
    if (paths.n == 0)
        paths.at[paths.n++] = tw_default_rules();
    bool ok = true;
    for (size_t i = 0; i < paths.n; i++)
        ok = add_path(r, paths.at[i]) && ok;
    return ok;
}

/* ---- what is said */

static void seconds(struct tw_text *t, int64_t ns)
{
    char digits[TW_NUM_TEXT];
    tw_text_add(t, digits, tw_num_double(digits, (double)(ns / TW_NS_PER_MS) / 1e3));
    tw_text_add(t, "s", 1);
}

static void alert_text(struct tw_text *t, const struct tw_trial_alert *a, int64_t start_ns)
{
    tw_text_addf(t, "%s %s %s score=%d count=%llu at=", a->rule, tw_tier_name(a->tier),
        tw_severity_name(a->severity), a->score, (unsigned long long)a->count);
    seconds(t, a->ts_ns - start_ns);
    tw_text_addf(t, " actor=%s target=\"%s\" output=\"%s\"", a->actor, a->target, a->summary);
}

static void wish_text(struct tw_text *t, const struct tw_trial_wish *w, bool count)
{
    tw_text_add_str(t, w->rule);
    if (w->has_tier)
        tw_text_addf(t, " %s", tw_tier_name(w->tier));
    if (w->has_severity)
        tw_text_addf(t, " %s", tw_severity_name(w->severity));
    if (w->has_score)
        tw_text_addf(t, " score=%lld", (long long)w->score);
    if (w->has_count)
        tw_text_addf(t, " count=%lld", (long long)w->count);
    if (w->has_at) {
        tw_text_addz(t, " at=");
        seconds(t, w->at_ns);
    }
    const struct {
        const char *key;
        struct tw_str text;
    } texts[] = {{"actor", w->actor}, {"target", w->target}, {"output", w->output},
        {"output_contains", w->output_contains}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].text.p != NULL)
            tw_text_addf(t, " %s=\"%.*s\"", texts[i].key, TW_STR_ARG(texts[i].text));
    }
    if (count && w->alerts > 1)
        tw_text_addf(t, " (%zu of them)", w->alerts);
}

/* All that was expected and all that came; what has no counterpart is marked. */
static void explain(struct tw_text *t, const struct tw_trial_result *r)
{
    tw_text_addz(t, r->n_wishes > 0 ? "    expected:\n" : "    expected: no alert\n");
    for (size_t i = 0; i < r->n_wishes; i++) {
        const struct tw_trial_wish *w = &r->wishes[i];
        const bool met = r->met[i] == w->alerts;
        tw_text_addz(t, met ? "        " : "      - ");
        wish_text(t, w, true);
        if (!met && w->alerts > 1)
            tw_text_addf(t, ": %zu came", r->met[i]);
        tw_text_add(t, "\n", 1);
    }
    tw_text_addz(t, r->n_alerts > 0 ? "    got:\n" : "    got: no alert\n");
    for (size_t i = 0; i < r->n_alerts; i++) {
        tw_text_addz(t, r->wanted[i] ? "        " : "      + ");
        alert_text(t, &r->alerts[i], r->start_ns);
        tw_text_add(t, "\n", 1);
    }
}

static void alert_json(struct tw_text *t, const struct tw_trial_alert *a, int64_t start_ns)
{
    tw_json_object(t);
    tw_json_member_z(t, "rule", a->rule);
    tw_json_member_z(t, "tier", tw_tier_name(a->tier));
    tw_json_member_z(t, "severity", tw_severity_name(a->severity));
    tw_json_member_i64(t, "score", a->score);
    tw_json_member_u64(t, "count", a->count);
    tw_json_member_double(t, "at", (double)((a->ts_ns - start_ns) / TW_NS_PER_MS) / 1e3);
    tw_json_member_z(t, "actor", a->actor);
    tw_json_member_z(t, "target", a->target);
    tw_json_member_z(t, "output", a->summary);
    tw_json_object_end(t);
}

static void result_json(struct tw_text *t, const struct tw_trial_result *r)
{
    struct tw_text wish = {0};
    tw_json_object(t);
    tw_json_member_z(t, "file", r->file);
    tw_json_member_u64(t, "line", r->line);
    tw_json_member_str(t, "name", r->name);
    tw_json_member_bool(t, "passed", r->passed);
    tw_json_key(t, "missing");
    tw_json_array(t);
    for (size_t i = 0; i < r->n_wishes; i++) {
        for (size_t n = r->met[i]; n < r->wishes[i].alerts; n++) {
            tw_text_clear(&wish);
            wish_text(&wish, &r->wishes[i], false);
            tw_json_str(t, tw_text_str(&wish));
        }
    }
    tw_json_array_end(t);
    tw_json_key(t, "unexpected");
    tw_json_array(t);
    for (size_t i = 0; i < r->n_alerts; i++) {
        if (!r->wanted[i])
            alert_json(t, &r->alerts[i], r->start_ns);
    }
    tw_json_array_end(t);
    tw_json_object_end(t);
    tw_text_free(&wish);
}

static void on_result(void *user, const struct tw_trial_result *r)
{
    struct run *run = user;
    struct tw_text t = {0};
    run->passed += r->passed;
    run->failed += !r->passed;
    if (run->o->json) {
        result_json(&run->json, r);
        return;
    }
    if (r->passed && !run->o->verbose)
        return;
    tw_text_addf(&t, "%s:%u: %s: %.*s\n", r->file, r->line, r->passed ? "passed" : "FAILED",
        TW_STR_ARG(r->name));
    if (!r->passed)
        explain(&t, r);
    tw_common_print(&t);
}

/* ---- running them */

static int exit_of(enum tw_status st)
{
    if (st == TW_OK)
        return TW_EXIT_OK;
    if (st == TW_INVALID)
        return TW_EXIT_RULES;
    return st == TW_DAMAGED ? TW_EXIT_DAMAGED : TW_EXIT_FAILED;
}

static int run_files(struct run *r, struct tw_diags *diags)
{
    const struct tw_trial_config config = {
        .rules = r->o->rules.at, .n_rules = r->o->rules.n, .fn = on_result, .user = r};
    int code = TW_EXIT_OK;
    tw_json_array(&r->json);
    for (size_t i = 0; i < r->files.n; i++) {
        const int file_code = exit_of(tw_trial_run(r->files.list[i], &config, diags));
        if (file_code == TW_EXIT_DAMAGED || file_code == TW_EXIT_FAILED)
            tw_log(TW_LOG_ERROR, "%s: a capture could not be read whole", r->files.list[i]);
        code = code == TW_EXIT_OK ? file_code : code;
    }
    tw_json_array_end(&r->json);
    tw_text_add(&r->json, "\n", 1);
    return code == TW_EXIT_OK && r->failed > 0 ? TW_EXIT_TESTS : code;
}

/* With --json either the results or, where files are wrong, what is wrong with them. */
static void report(struct run *r, const struct tw_diags *diags)
{
    tw_report_diags(diags, r->o->json && diags->errors > 0);
    if (r->o->json && diags->errors == 0)
        fwrite(r->json.p, 1, r->json.len, stdout);
    else if (!r->o->json && !r->o->quiet)
        printf("%zu passed, %zu failed\n", r->passed, r->failed);
}

int tw_cmd_rules_test(const struct tw_options *o)
{
    struct tw_diags diags = {0};
    struct run r = {.o = o};
    int code = TW_EXIT_CONFIG;
    if (!tw_common_logging(o))
        return TW_EXIT_USAGE;
    struct tw_config *c = tw_watch_config(o, &diags);
    if (c != NULL)
        code = find_files(&r, c) ? run_files(&r, &diags) : TW_EXIT_FAILED;
    if (code != TW_EXIT_FAILED)
        report(&r, &diags);
    tw_trial_files_fini(&r.files);
    tw_text_free(&r.json);
    tw_config_free(c);
    tw_diags_fini(&diags);
    return code;
}
