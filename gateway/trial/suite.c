#include "trial/suite.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "trial/stage.h"
#include "trial/wish.h"

static const struct tw_key input_keys[] = {
    {"pcap", TW_KEY_ANY, true, NULL, NULL, "A capture or several, relative to this file."},
    {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
};

static const struct tw_key test_keys[] = {
    {"name", TW_KEY_STR, true, NULL, NULL, "What it shows."},
    {"inventory", TW_KEY_ANY, false, NULL, NULL, "Path of an inventory, or one written out."},
    {"baseline", TW_KEY_STR, false, NULL, NULL, "Path of what was learned to be normal."},
    {"rules", TW_KEY_STR_LIST, false, NULL, NULL,
        "Ids: alerts of other rules do not count in this test."},
    {"start", TW_KEY_TIME, false, NULL, NULL, "Event time of `at: 0s`."},
    {"watching", TW_KEY_DURATION, false, NULL, NULL,
        "How long before that watching began; by default 1h."},
    {"defaults", TW_KEY_MAP, false, NULL, NULL, "Fields that every event has unless it says so."},
    {"events", TW_KEY_LIST, false, NULL, NULL,
        "Fields of `tierwatch fields`, and at (or after), repeat, every, payload."},
    {"until", TW_KEY_DURATION, false, NULL, NULL, "Event time goes on so long after the start."},
    {"indicators_later", TW_KEY_STR, false, NULL, NULL,
        "Path of shared indicators that come when the events are over."},
    {"input", TW_KEY_MAP, false, NULL, input_keys, "Captures instead of events."},
    {"expect", TW_KEY_LIST, true, NULL, tw_wish_keys,
        "The alerts that come of it, one line each; an empty list: none."},
    {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
};

static const struct tw_key file_keys[] = {
    {"rule_files", TW_KEY_STR_LIST, false, NULL, NULL,
        "Rule files and folders, relative to this file."},
    {"inventory", TW_KEY_ANY, false, NULL, NULL, "The inventory of tests that name no other."},
    {"indicators", TW_KEY_STR, false, NULL, NULL, "Path of shared indicators, STIX 2.1."},
    {"defaults", TW_KEY_MAP, false, NULL, NULL, "Fields of all events of all tests."},
    {"tests", TW_KEY_LIST, true, NULL, test_keys, "The tests."},
    {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
};

void tw_trial_schema(struct tw_text *out)
{
    tw_keys_schema(out, file_keys, "tierwatch rule tests");
}

/* The rules of the command line, else those that the file names. NULL: reported. */
static struct tw_rules *load_rules(
    const struct tw_trial_config *config, const struct tw_yaml *y, struct tw_diags *diags)
{
    enum { MAX_FILES = 64 };
    const struct tw_node *list = tw_node_get(y->root, "rule_files");
    const char *paths[MAX_FILES];
    size_t n = 0;
    if (config->n_rules > 0)
        return tw_rules_load(config->rules, config->n_rules, diags);
    if (list == NULL) {
        tw_diag_add(diags, TW_DIAG_ERROR, y->file, 0, 0, NULL, "such as rule_files: [../cmd.yaml]",
            "the file names no rules to test");
        return NULL;
    }
    for (; n < list->n && n < MAX_FILES; n++)
        paths[n] = tw_stage_path(y, list->children[n].text);
    struct tw_rules *rules = tw_rules_load(paths, n, diags);
    for (size_t i = 0; i < n; i++)
        free((void *)(uintptr_t)paths[i]);
    return rules;
}

static enum tw_status run_test(struct tw_stage *stage, const struct tw_trial_config *config,
    const struct tw_node *test, struct tw_diags *diags)
{
    const size_t errors = diags->errors;
    struct tw_wishes wishes = {0};
    enum tw_status st = tw_wishes_read(stage, test, &wishes);
    if (st == TW_OK)
        st = tw_stage_play(stage, test);
    if (st == TW_OK && diags->errors == errors) {
        struct tw_trial_result result = {
            .file = stage->yaml->file, .line = test->line, .name = tw_node_get(test, "name")->text};
        st = tw_wishes_match(stage, &wishes, &result);
        if (st == TW_OK)
            config->fn(config->user, &result);
    }
    tw_wishes_fini(&wishes);
    tw_stage_clear(stage);
    return st == TW_OK && diags->errors > errors ? TW_INVALID : st;
}

/* Every test is read and run, so that all that is wrong is said at once. */
static enum tw_status run_tests(const struct tw_trial_config *config, const struct tw_yaml *y,
    const struct tw_rules *rules, struct tw_diags *diags)
{
    const struct tw_node *tests = tw_node_get(y->root, "tests");
    enum tw_status worst = TW_OK;
    struct tw_stage stage = {.yaml = y, .rules = rules, .diags = diags};
    for (size_t i = 0; i < tests->n; i++) {
        const enum tw_status st = run_test(&stage, config, &tests->children[i], diags);
        if (st != TW_OK && st != TW_INVALID) {
            worst = st;
            break;
        }
        worst = st != TW_OK ? st : worst;
    }
    return worst;
}

enum tw_status tw_trial_run(
    const char *path, const struct tw_trial_config *config, struct tw_diags *diags)
{
    const size_t errors = diags->errors, from = diags->n;
    enum tw_status st = TW_INVALID;
    struct tw_yaml *y = tw_yaml_load_file(path, diags);
    if (y == NULL)
        return TW_INVALID;
    if (y->root == NULL)
        tw_diag_add(
            diags, TW_DIAG_ERROR, path, 0, 0, NULL, NULL, "there are no tests in this file");
    else
        (void)tw_keys_check(y, diags, y->root, file_keys, "the test file");
    struct tw_rules *rules = diags->errors == errors ? load_rules(config, y, diags) : NULL;
    if (rules != NULL)
        st = run_tests(config, y, rules, diags);
    tw_diags_sort(diags, from);
    tw_rules_free(rules);
    tw_yaml_free(y);
    return st;
}
