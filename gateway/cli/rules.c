#include <string.h>

#include "base/log.h"
#include "cli/report.h"
#include "cli/watch.h"
#include "detect/detect.h"
#include "trial/suite.h"

/* Rules of the arguments, else those that replay and run would take. NULL when there is anything
 * wrong; `*out_code` says whether with them or with the configuration. */
static struct tw_rules *load(const struct tw_options *o, struct tw_diags *diags, int *out_code)
{
    *out_code = TW_EXIT_CONFIG;
    struct tw_config *c = tw_watch_config(o, diags);
    if (c == NULL)
        return NULL;
    struct tw_rules *rules =
        o->args.n > 0 ? tw_rules_load(o->args.at, o->args.n, diags) : tw_watch_rules(o, c, diags);
    *out_code = rules == NULL ? TW_EXIT_RULES : TW_EXIT_OK;
    tw_config_free(c);
    return rules;
}

int tw_cmd_rules_check(const struct tw_options *o)
{
    struct tw_diags diags = {0};
    int code;
    if (!tw_common_logging(o))
        return TW_EXIT_USAGE;
    struct tw_rules *rules = load(o, &diags, &code);
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
    struct tw_rules *rules = load(o, &diags, &code);
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
