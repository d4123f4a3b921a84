#pragma once
/* Tests of rules: YAML files that give the engine events or captures and state the alerts that must
 * come of them. An empty list states that none does. They run in event time, through the same
 * registry, detection, scoring and folding as replay. */

#include "config/yaml.h"
#include "trial/gather.h"

enum { TW_TRIAL_MAX_ALERTS = 1024 };

/* One line of `expect`: what the file says, as it says it. Absent where it says nothing. */
struct tw_trial_wish {
    const struct tw_node *node;
    struct tw_str rule, actor, target, output, output_contains;
    bool has_severity, has_tier, has_score, has_count, has_at;
    enum tw_severity severity;
    enum tw_tier tier;
    int64_t score, count, at_ns;
    size_t alerts; /* so many of them */
};

struct tw_trial_result {
    const char *file;
    unsigned line;
    struct tw_str name;
    bool passed;
    const struct tw_trial_wish *wishes;
    size_t n_wishes;
    const size_t *met; /* by wish: how many alerts answer it */
    const struct tw_trial_alert *alerts;
    size_t n_alerts;
    const bool *wanted; /* by alert */
    int64_t start_ns;   /* event time that `at` counts from */
};

/* Called once for each test, in order. What it points to is good during the call. */
typedef void (*tw_trial_fn)(void *user, const struct tw_trial_result *result);

struct tw_trial_config {
    const char *const *rules; /* go before `rule_files` of the test files */
    size_t n_rules;           /* 0: those of the test files */
    tw_trial_fn fn;
    void *user;
};

/* Run all tests of a file. TW_OK: all ran; passed or not, they were given to `fn`. TW_INVALID: what
 * is wrong with the file, its inventory or rules is in `diags`. TW_IO, TW_DAMAGED: a capture could
 * not be read, TW_NO_MEMORY. */
TW_MUST_CHECK enum tw_status tw_trial_run(
    const char *path, const struct tw_trial_config *config, struct tw_diags *diags);
void tw_trial_schema(struct tw_text *out);
