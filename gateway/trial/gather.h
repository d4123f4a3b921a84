#pragma once
/* Alerts of one run, kept: each as it stood in the end, repeats folded. And the run itself over
 * captures, as a replay does it. */

#include "base/status.h"
#include "capture/capture.h"
#include "detect/blocks.h"
#include "pipeline/analyst.h"

/* Texts belong to the gathering. */
struct tw_trial_alert {
    char id[37];
    const char *rule, *actor, *target, *summary;
    enum tw_severity severity;
    enum tw_tier tier;
    int score;
    uint64_t count;
    int64_t ts_ns;
};

struct tw_gathered {
    struct tw_trial_alert *list; /* in the order in which they came */
    size_t n, size;
    size_t most; /* more are not kept, which `full` says; 0: no limit */
    bool full;   /* there were more */
    bool failed; /* memory was short */
    struct tw_blocks blocks;
};

/* tw_alert_fn; `gathered` is a struct tw_gathered. */
void tw_gather(void *gathered, const struct tw_alert_record *record);
void tw_gathered_fini(struct tw_gathered *g);

/* Everything after the merge, with alerts given to `fn`; `baseline` may be NULL. NULL when memory
 * is short. */
struct tw_analyst *tw_gather_analyst(const struct tw_rules *rules, struct tw_registry *registry,
    const struct tw_baseline *baseline, const struct tw_limits *limits, tw_alert_fn fn, void *user);
/* Play `paths` to the end. `out_first_ns`: when the first event was; 0: there was none. TW_DAMAGED
 * when a capture breaks off, after all that is whole; `err` says what is wrong with it. */
TW_MUST_CHECK enum tw_status tw_gather_play(struct tw_analyst *analyst, const char *const *paths,
    size_t n_paths, int64_t *out_first_ns, struct tw_capture_error *err);
