#pragma once
/* Learns what is normal: fed with every event of the learning time, in order. Constant memory a
 * series, and at most so many of them: the one seen longest ago goes for a new one. */

#include "baseline/baseline.h"
#include "event/facts.h"

struct tw_learner;

/* NULL when memory is short. */
struct tw_learner *tw_learner_new(size_t most);
void tw_learner_free(struct tw_learner *l);
/* `facts`: who acts and on what, as the inventory says. */
void tw_learner_event(struct tw_learner *l, const struct tw_event *e, const struct tw_facts *facts);
/* The file: of the series those with most values, as many as there is room for. */
void tw_learner_write(struct tw_learner *l, struct tw_text *out);

struct tw_learner_stats {
    uint64_t values, series;
    uint64_t judged;    /* active ones of kind analog, once written */
    uint64_t evictions; /* series that were forgotten for others */
    uint64_t left_out;  /* series that the file has no room for */
    uint64_t systems;   /* AI systems whose practice was learned */
    uint64_t unnamed;   /* values whose object or field has a name too long, or not of text */
};
struct tw_learner_stats tw_learner_stats(const struct tw_learner *l);
