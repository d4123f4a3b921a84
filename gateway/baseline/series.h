#pragma once
/* Holds values against what was learned. Of each series of a baseline that measures something, in
 * constant memory and some dozen ns a value. What deviates becomes an event of action `deviation`,
 * when it begins and every 30 s as long as it lasts, with the server or the publisher as the one
 * who acts. Series that are not in the baseline are not looked at. Analysis thread. */

#include "baseline/baseline.h"
#include "event/plain_value.h"

struct tw_series;

/* Told with an event that is good during the call. */
typedef void (*tw_deviation_fn)(void *user, const struct tw_event *e);

/* `baseline` outlives it. NULL when memory is short. */
struct tw_series *tw_series_new(const struct tw_baseline *baseline, tw_deviation_fn fn, void *user);
void tw_series_free(struct tw_series *s);

void tw_series_event(struct tw_series *s, const struct tw_event *e);
/* The same for a data change that is not completed [event.h, tw_pass_fn]: its series is noted with
 * the monitored item, since tw_series_event() saw one of its values. */
void tw_series_pass_value(struct tw_series *s, const struct tw_event *message,
    const struct tw_plain_value *value, const struct tw_thing_note *note);
void tw_series_pass(
    struct tw_series *s, const struct tw_event *e, const struct tw_session_facts *facts);
/* Event time passed: a data change that does not come is a value that does not change. */
void tw_series_tick(struct tw_series *s, int64_t now_ns);

struct tw_series_stats {
    const char *digest;      /* of the baseline */
    uint64_t series, active; /* of the baseline; active: those that are told of */
    uint64_t seen;           /* of which at least one value came */
    uint64_t values;
    uint64_t deviations, shadowed; /* that began; shadowed: not told */
};
struct tw_series_stats tw_series_stats(const struct tw_series *s);
