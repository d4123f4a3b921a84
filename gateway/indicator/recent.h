#pragma once
/* Who arrived lately and under which names, so that indicators that come later are held against it
 * as well. The 8,192 different arrivals met last, of the last 24 h; what is published is not kept.
 * Analysis thread. */

#include "indicator/indicator.h"

struct tw_recent;
/* NULL when memory is short. */
struct tw_recent *tw_recent_new(void);
void tw_recent_free(struct tw_recent *r);
void tw_recent_event(struct tw_recent *r, const struct tw_event *e);

/* Told of each arrival that fits an indicator of `x` that is valid at `now_ns`, unless it fitted
 * the same one of `before` (NULL: none) already, with an event of action `silence` made for it:
 * packet and ends are those of the arrival, request_ts_ns is when it was. */
typedef void (*tw_recent_fn)(
    void *user, const struct tw_event *e, const struct tw_indicator *indicator);
void tw_recent_look(struct tw_recent *r, const struct tw_indicators *x,
    const struct tw_indicators *before, int64_t now_ns, tw_recent_fn fn, void *user);
uint64_t tw_recent_evictions(const struct tw_recent *r);
