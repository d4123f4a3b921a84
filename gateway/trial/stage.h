#pragma once
/* Inside trial/: where a test plays. It owns what one test needs and gathers its alerts. */

#include "trial/suite.h"

struct tw_stage {
    const struct tw_yaml *yaml;
    const struct tw_rules *rules;
    struct tw_diags *diags;
    struct tw_registry *registry;     /* of one test: it remembers who acted */
    struct tw_baseline *baseline;     /* the same; NULL: none */
    struct tw_indicators *indicators; /* the same */
    struct tw_indicators *later;      /* those that come when the events are over; NULL: none do */
    struct tw_blocks blocks;          /* of one test */
    struct tw_gathered alerts;
    const struct tw_node *counted; /* ids of rules whose alerts count; NULL: all */
    int64_t start_ns;
};

/* Play `test`: its events or captures. TW_INVALID when something was reported. */
TW_MUST_CHECK enum tw_status tw_stage_play(struct tw_stage *s, const struct tw_node *test);
/* Forget the test. */
void tw_stage_clear(struct tw_stage *s);

/* A path as the file at `yaml` writes it: relative to that file. The caller frees it; NULL when
 * memory is short. */
char *tw_stage_path(const struct tw_yaml *yaml, struct tw_str path);
