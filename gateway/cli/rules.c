#include <string.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "cli/paths.h"
#include "cli/report.h"
#include "cli/rules_paths.h"
#include "cli/watch.h"
#include "detect/detect.h"
#include "trial/files.h"
#include "trial/suite.h"

/* What rules of the arguments are, else those that replay and run would take. */
static struct tw_list paths_of(const struct tw_options *o, const struct tw_config *c)
{
    struct tw_list paths = o->args.n > 0 ? o->args : tw_watch_list(&o->rules, &c->rules);
    if (paths.n == 0)
        paths.at[paths.n++] = tw_default_rules();
    return paths;
}

static bool has_test(void *user, const char *rule)
{
    return tw_trial_expects(user, rule, NULL, NULL) > 0;
}

/* With `warn`, what is rather not meant is said as well. */
static struct tw_rules *load_of(const struct tw_options *o, const struct tw_config *c, bool warn,
    const struct tw_trial_files *files, struct tw_diags *diags)
{
    struct tw_trial_expected *tests = warn ? tw_trial_expected_new(files) : NULL;
    const struct tw_rules_lint lint = {
        .now_ns = tw_time_now(), .has_test = tests != NULL ? has_test : NULL, .user = tests};
    const struct tw_rules_lint *asked = warn ? &lint : NULL;
    struct tw_rules *rules = o->args.n > 0 ? tw_rules_check(o->args.at, o->args.n, asked, diags)
                                           : tw_watch_rules(o, c, asked, diags);
    tw_trial_expected_free(tests);
    return rules;
}

struct tw_rules *tw_rules_of_options(const struct tw_options *o, bool warn, struct tw_diags *diags,
    struct tw_trial_files *out_tests, int *out_code)
{
    *out_code = TW_EXIT_CONFIG;
    struct tw_config *c = tw_watch_config(o, diags);
    if (c == NULL)
        return NULL;
    const struct tw_list paths = paths_of(o, c);
    for (size_t i = 0; i < paths.n; i++)
        (void)tw_trial_files_beside(out_tests, paths.at[i]);
    struct tw_rules *rules = load_of(o, c, warn, out_tests, diags);
    *out_code = rules == NULL ? TW_EXIT_RULES : TW_EXIT_OK;
    tw_config_free(c);
    return rules;
}

static struct tw_rules *load(
    const struct tw_options *o, bool warn, struct tw_diags *diags, int *out_code)
{
    struct tw_trial_files files = {.n = 0};
    struct tw_rules *rules = tw_rules_of_options(o, warn, diags, &files, out_code);
    tw_trial_files_fini(&files);
    return rules;
}

int tw_cmd_rules_check(const struct tw_options *o)
{
    struct tw_diags diags = {0};
    int code;
    if (!tw_common_logging(o))
        return TW_EXIT_USAGE;
    struct tw_rules *rules = load(o, true, &diags, &code);
    if (code == TW_EXIT_OK && o->werror && diags.n > 0)
        code = TW_EXIT_RULES;
    tw_report_diags(&diags, o->json);
    if (rules != NULL && !o->quiet && !o->json)
        printf("%zu rules, %s\n", tw_rules_count(rules), tw_rules_digest(rules));
    tw_rules_free(rules);
    tw_diags_fini(&diags);
    return code;
}

static const char evidence_letters[] = "DSMW";

static void list_json(const struct tw_rules *rules)
{
    struct tw_text t = {0};
    tw_json_array(&t);
    for (size_t i = 0; i < tw_rules_count(rules); i++) {
        const struct tw_rule_info *r = tw_rules_at(rules, i);
        const char letter[2] = {evidence_letters[r->evidence], '\0'};
        tw_json_object(&t);
        tw_json_member_z(&t, "id", r->id);
        tw_json_member_z(&t, "name", r->name);
        tw_json_member_u64(&t, "rev", r->rev);
        tw_json_member_z(&t, "status", r->status);
        tw_json_member_z(&t, "mode", r->shadow ? "shadow" : "active");
        tw_json_member_z(&t, "family", r->family);
        tw_json_member_z(&t, "evidence", letter);
        tw_json_member_double(&t, "severity", r->severity);
        tw_json_object_end(&t);
    }
    tw_json_array_end(&t);
    tw_text_add(&t, "\n", 1);
    tw_common_print(&t);
}

int tw_cmd_rules_list(const struct tw_options *o)
{
    struct tw_diags diags = {0};
    int code;
    if (!tw_common_logging(o))
        return TW_EXIT_USAGE;
    struct tw_rules *rules = load(o, false, &diags, &code);
    tw_report_diags(&diags, o->json && rules == NULL);
    tw_diags_fini(&diags);
    if (rules == NULL)
        return code;
    if (o->json) {
        list_json(rules);
    } else {
        for (size_t i = 0; i < tw_rules_count(rules); i++) {
            const struct tw_rule_info *r = tw_rules_at(rules, i);
            printf("%-7s %c %3.0f  %-12s %s\n", r->id, evidence_letters[r->evidence], r->severity,
                r->status, r->name);
        }
    }
    tw_rules_free(rules);
    return TW_EXIT_OK;
}

int tw_cmd_rules_schema(const struct tw_options *o)
{
    struct tw_text t = {0};
    const bool tests = o->args.n > 0 && strcmp(o->args.at[0], "tests") == 0;
    if (o->args.n > 0 && !tests) {
        tw_log(
            TW_LOG_ERROR, "there is a schema of rules, and of tests; none of '%s'", o->args.at[0]);
        return TW_EXIT_USAGE;
    }
    if (tests)
        tw_trial_schema(&t);
    else
        tw_rules_schema(&t);
    tw_common_print(&t);
    return TW_EXIT_OK;
}
