#include <string.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "cli/report.h"
#include "cli/rules_paths.h"
#include "detect/explain.h"
#include "trial/files.h"

struct explain {
    const struct tw_rules *rules;
    size_t i;
    const struct tw_rule_info *info;
    const struct tw_trial_expected *tests;
    struct tw_text text; /* of one part */
};

/* A part made by one of explain.h. */
static struct tw_str part(
    struct explain *e, void (*make)(const struct tw_rules *r, size_t i, struct tw_text *out))
{
    tw_text_clear(&e->text);
    make(e->rules, e->i, &e->text);
    return tw_text_str(&e->text);
}

static void add_name(void *user, const char *name)
{
    struct tw_text *t = user;
    tw_text_addf(t, "%s%s", t->len > 0 ? ", " : "", name);
}

static void reads(const struct tw_rules *r, size_t i, struct tw_text *out)
{
    tw_rule_reads(r, i, add_name, out);
}

static const char letters[] = "DSMW";

/* "head  text", further lines below it. */
static void row(const char *head, struct tw_str text)
{
    while (text.len > 0) {
        const char *end = memchr(text.p, '\n', text.len);
        const size_t n = end != NULL ? (size_t)(end - text.p) : text.len;
        printf("  %-11s %.*s\n", head, (int)n, text.p);
        head = "";
        text = (struct tw_str){text.p + n, text.len - n};
        if (text.len > 0)
            text = (struct tw_str){text.p + 1, text.len - 1};
    }
}

static void exceptions(struct explain *e)
{
    for (size_t k = 0; k < tw_rule_exceptions(e->rules, e->i); k++) {
        char until[TW_TIME_TEXT];
        struct tw_text line = {0};
        tw_text_clear(&e->text);
        const struct tw_exception_info x = tw_rule_exception(e->rules, e->i, k, &e->text);
        const size_t n = tw_time_text(until, x.expires_ns, false);
        tw_text_addf(&line, "%.*s, until %.*s: %.*s (%.*s, %.*s)", TW_STR_ARG(x.name),
            (int)(n < 10 ? n : 10), until, TW_STR_ARG(tw_text_str(&e->text)), TW_STR_ARG(x.reason),
            TW_STR_ARG(x.owner));
        row(k == 0 ? "exceptions" : "", tw_text_str(&line));
        tw_text_free(&line);
    }
}

static void tests(struct explain *e)
{
    const char *file = NULL;
    unsigned line = 0;
    const size_t n = tw_trial_expects(e->tests, e->info->id, &file, &line);
    if (n == 0)
        printf("  %-11s none expects an alert of it\n", "tests");
    else
        printf("  %-11s %zu expect an alert of it, the first at %s:%u\n", "tests", n, file, line);
}

static void as_text(struct explain *e)
{
    const struct tw_rule_info *info = e->info;
    const char *class;
    const unsigned cost = tw_rule_cost(e->rules, e->i, &class);
    printf("%s  %s\n", info->id, info->name);
    printf("  %-11s rev %u, %s, evidence %c, severity %g%s\n", "rule", info->rev, info->status,
        letters[info->evidence], info->severity, info->shadow ? ", in the shadow" : "");
    row("applies to", part(e, tw_rule_explain_tiers));
    row("found by", part(e, tw_rule_explain_actions));
    row("when", part(e, tw_rule_explain_when));
    row("remembers", part(e, tw_rule_explain_memory));
    row("reads", part(e, reads));
    printf("  %-11s %s (%u)\n", "cost", class, cost);
    row("folded by", part(e, tw_rule_explain_suppress));
    exceptions(e);
    tests(e);
}

static void exceptions_json(struct explain *e, struct tw_text *t)
{
    tw_json_key(t, "exceptions");
    tw_json_array(t);
    for (size_t k = 0; k < tw_rule_exceptions(e->rules, e->i); k++) {
        tw_text_clear(&e->text);
        const struct tw_exception_info x = tw_rule_exception(e->rules, e->i, k, &e->text);
        tw_json_object(t);
        tw_json_member_str(t, "name", x.name);
        tw_json_member_str(t, "when", tw_text_str(&e->text));
        tw_json_member_str(t, "reason", x.reason);
        tw_json_member_str(t, "owner", x.owner);
        tw_json_member_time(t, "expires", x.expires_ns, false);
        tw_json_object_end(t);
    }
    tw_json_array_end(t);
}

static void add_json(void *user, const char *name)
{
    tw_json_z(user, name);
}

static void as_json(struct explain *e)
{
    const struct tw_rule_info *info = e->info;
    const char letter[2] = {letters[info->evidence], '\0'}, *class, *file = NULL;
    struct tw_text t = {0};
    unsigned line = 0;
    tw_json_object(&t);
    tw_json_member_z(&t, "id", info->id);
    tw_json_member_z(&t, "name", info->name);
    tw_json_member_u64(&t, "rev", info->rev);
    tw_json_member_z(&t, "status", info->status);
    tw_json_member_z(&t, "mode", info->shadow ? "shadow" : "active");
    tw_json_member_z(&t, "evidence", letter);
    tw_json_member_double(&t, "severity", info->severity);
    tw_json_member_str(&t, "applies_to", part(e, tw_rule_explain_tiers));
    tw_json_member_str(&t, "actions", part(e, tw_rule_explain_actions));
    tw_json_member_str(&t, "when", part(e, tw_rule_explain_when));
    tw_json_member_str(&t, "remembers", part(e, tw_rule_explain_memory));
    tw_json_key(&t, "reads");
    tw_json_array(&t);
    tw_rule_reads(e->rules, e->i, add_json, &t);
    tw_json_array_end(&t);
    tw_json_member_u64(&t, "cost", tw_rule_cost(e->rules, e->i, &class));
    tw_json_member_z(&t, "cost_class", class);
    tw_json_member_str(&t, "folded_by", part(e, tw_rule_explain_suppress));
    exceptions_json(e, &t);
    tw_json_member_u64(&t, "tests", tw_trial_expects(e->tests, info->id, &file, &line));
    tw_json_object_end(&t);
    tw_text_add(&t, "\n", 1);
    tw_common_print(&t);
}

static bool find(struct explain *e, const char *id)
{
    for (e->i = 0; (e->info = tw_rules_at(e->rules, e->i)) != NULL; e->i++) {
        if (strcmp(e->info->id, id) == 0)
            return true;
    }
    return false;
}

static int explain(const struct tw_options *o, struct explain *e)
{
    if (!find(e, o->args.at[0])) {
        if (strcmp(o->args.at[0], "GW-02") == 0)
            tw_log(TW_LOG_ERROR,
                "GW-02 is in no rule set: a gateway raises it itself when it loses packets, see "
                "loss_percent in tierwatch.yaml(5)");
        else
            tw_log(TW_LOG_ERROR, "there is no rule '%s'; 'tierwatch rules list' lists them",
                o->args.at[0]);
        return TW_EXIT_USAGE;
    }
    if (o->json)
        as_json(e);
    else
        as_text(e);
    tw_text_free(&e->text);
    return TW_EXIT_OK;
}

int tw_cmd_rules_explain(const struct tw_options *o)
{
    struct tw_diags diags = {0};
    struct tw_trial_files files = {.n = 0};
    struct explain e = {.rules = NULL};
    struct tw_options rest = *o;
    int code;
    if (!tw_common_logging(o))
        return TW_EXIT_USAGE;
    /* The id is no path. */
    rest.args.n--;
    memmove(rest.args.at, rest.args.at + 1, rest.args.n * sizeof(rest.args.at[0]));
    struct tw_rules *rules = tw_rules_of_options(&rest, false, &diags, &files, &code);
    tw_report_diags(&diags, o->json && rules == NULL);
    tw_diags_fini(&diags);
    struct tw_trial_expected *expected = tw_trial_expected_new(&files);
    e.rules = rules;
    e.tests = expected;
    if (rules != NULL)
        code = expected != NULL ? explain(o, &e) : TW_EXIT_FAILED;
    tw_trial_expected_free(expected);
    tw_trial_files_fini(&files);
    tw_rules_free(rules);
    return code;
}
