#pragma once
/* The figures of a running gateway in the format of Prometheus, and its health in words. */

#include "cli/figures.h"
#include "share/publisher.h"

struct tw_metrics_source {
    struct tw_figures *figures;
    struct tw_publisher *publisher; /* may be NULL */
    const char *ledger;             /* its folder or file; may be NULL */
    int64_t started_ns;
};

/* Exposition format 0.0.4. */
void tw_metrics_text(struct tw_metrics_source *s, struct tw_text *out);
/* {"healthy":true,"problems":[]}; false when there are any. */
bool tw_metrics_health(struct tw_metrics_source *s, struct tw_text *out);

/* What a person should look at, a sentence each; their number. 0: all is well. */
size_t tw_problems_json(const struct tw_figures *f, struct tw_text *out);
