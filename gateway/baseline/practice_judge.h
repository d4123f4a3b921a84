#pragma once
/* Holds what AI systems do against what was learned of them [practice.h]. What deviates becomes an
 * event of action `deviation`, a copy of the act at hand. Systems that are not in the baseline are
 * not looked at. Analysis thread. */

#include "baseline/baseline.h"
#include "event/facts.h"

struct tw_practices;
/* `facts` are those of the act. Both are good during the call. */
typedef void (*tw_departure_fn)(void *user, const struct tw_event *e, const struct tw_facts *facts);

/* `baseline` outlives it. NULL when memory is short. */
struct tw_practices *tw_practices_new(
    const struct tw_baseline *baseline, tw_departure_fn fn, void *user);
void tw_practices_free(struct tw_practices *p);
void tw_practices_event(
    struct tw_practices *p, const struct tw_event *e, const struct tw_facts *facts);
