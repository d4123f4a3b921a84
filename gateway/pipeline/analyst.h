#pragma once
/* Everything after the merge, on one thread, in capture order: sessions, then for a watch with an
 * inventory and rules who acts, what matches, what it scores and the alerts that come of it. */

#include "alert/alert.h"
#include "baseline/learner.h"
#include "baseline/practice_judge.h"
#include "baseline/series.h"
#include "indicator/recent.h"
#include "session/session.h"

struct tw_analyst;

struct tw_analyst_config {
    struct tw_limits limits;
    /* Every event as the user sees it; may be NULL. */
    void (*event)(void *user, const struct tw_event *event);
    void *event_user;
    bool prints_only; /* `event` prints them, and that is all */
    /* NULL rules: no detection (decode). */
    struct tw_registry *registry;
    const struct tw_rules *rules;
    /* What is normal; NULL: nothing is known of it, and rules that ask for it do not judge. */
    const struct tw_baseline *baseline;
    /* Instead of detection: learns from every event. Needs `registry`. */
    struct tw_learner *learner;
    bool looks_back; /* indicators may change: who was here in the last day is remembered */
    struct tw_alerts_config alerts;
    tw_alert_fn alert;
    void *alert_user;
};

struct tw_analyst *tw_analyst_new(const struct tw_analyst_config *config);
void tw_analyst_free(struct tw_analyst *a);

/* What events are held against from now on; NULL: nothing. Borrowed; on the analyst's thread. */
void tw_analyst_indicators(struct tw_analyst *a, const struct tw_indicators *indicators);

/* Is there nothing more to do about an event [event.h, tw_pass_fn] than to count it, which is done?
 * To be asked once, before tw_analyst_event(). */
bool tw_analyst_pass(struct tw_analyst *a, const struct tw_event *event);
/* The same for the next values of a list [tw_pass_values_fn]. */
uint32_t tw_analyst_pass_values(
    struct tw_analyst *a, const struct tw_event *message, const struct tw_plain_values *values);
void tw_analyst_event(struct tw_analyst *a, struct tw_event *event);
/* It will come soon [event.h, tw_expect_fn]. */
void tw_analyst_expect(const struct tw_analyst *a, const struct tw_event *event);
/* For who makes events himself: watching began at `since_ns`, and an event is whole as it is, so
 * that session/ has nothing to add. */
void tw_analyst_begin(struct tw_analyst *a, int64_t since_ns);
void tw_analyst_whole(struct tw_analyst *a, const struct tw_event *event);
void tw_analyst_tick(struct tw_analyst *a, int64_t now_ns);
void tw_analyst_finish(struct tw_analyst *a);

/* Other rules, another inventory, while packets come in. Made beside the running analyst, by any
 * thread, so that the analyst only changes over. `registry` may be the one in use. NULL when memory
 * is short. */
struct tw_analyst_next;
struct tw_analyst_next *tw_analyst_next_new(
    struct tw_analyst *a, const struct tw_rules *rules, struct tw_registry *registry);
/* Other indicators, too: by default those in force stay. NULL: none. */
void tw_analyst_next_indicators(
    struct tw_analyst_next *next, const struct tw_indicators *indicators);
/* Between two events, on the analyst's thread. Then the rules and registry before are not used any
 * more; `next` is to be freed. Its state goes on [tw_detect_adopt(), tw_alerts_reload()]. */
void tw_analyst_change(struct tw_analyst *a, struct tw_analyst_next *next);
void tw_analyst_next_free(struct tw_analyst_next *next);

struct tw_analyst_stats {
    uint64_t events, by_action[TW_ACTION_COUNT], by_protocol[3], malformed[3], encrypted;
    uint64_t judged_ns; /* wall clock that resolving and judging took; from every 64th action */
    /* Of one such action, the reading of the clock included; those that pass are not among them.
     * 99 of 100 took no longer than the second. 0: none was timed. */
    uint64_t cost_median_ns, cost_99_ns;
    struct tw_sessions_stats sessions;
    struct tw_alerts_stats alerts;
    struct tw_detect_stats detect;
    struct tw_series_stats series;
};
struct tw_analyst_stats tw_analyst_stats(const struct tw_analyst *a);
/* Those in force. */
const struct tw_rules *tw_analyst_rules(const struct tw_analyst *a);
struct tw_registry *tw_analyst_registry(const struct tw_analyst *a);
/* NULL without rules. */
struct tw_alerts *tw_analyst_alerts(struct tw_analyst *a);
