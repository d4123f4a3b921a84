#pragma once
/* Two rule sets over the same captures: which alerts come, go and change. */

#include "trial/gather.h"

enum tw_change_kind { TW_CHANGE_ADDED, TW_CHANGE_GONE, TW_CHANGE_CHANGED };

struct tw_change {
    enum tw_change_kind kind;
    const struct tw_trial_alert *before, *after; /* the one that there is, or both */
};

struct tw_comparison {
    struct tw_gathered before, after;
    struct tw_change *changes; /* in the order of time */
    size_t n, same;
};

/* Alerts are the same when rule, actor, target and time are. TW_OK, TW_NO_MEMORY. */
TW_MUST_CHECK enum tw_status tw_compare(struct tw_comparison *c);
void tw_comparison_fini(struct tw_comparison *c);
