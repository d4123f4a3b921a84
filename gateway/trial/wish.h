#pragma once
/* Inside trial/: what a test expects, held against the alerts that came. */

#include "trial/stage.h"

struct tw_wishes {
    struct tw_trial_wish *list;
    size_t n;
    size_t *met;
    bool *wanted;
};

extern const struct tw_key tw_wish_keys[];

/* Read `expect` of a test. TW_INVALID when something was reported. */
TW_MUST_CHECK enum tw_status tw_wishes_read(
    struct tw_stage *s, const struct tw_node *test, struct tw_wishes *out);
void tw_wishes_fini(struct tw_wishes *w);
/* Give every alert to one wish that it answers, as many as can be. Fills the rest of `out`, which
 * borrows from the stage and the wishes. */
TW_MUST_CHECK enum tw_status tw_wishes_match(
    const struct tw_stage *s, struct tw_wishes *w, struct tw_trial_result *out);
