#pragma once
/* Notifications, reads and deliveries that no rule can match. A plant sends the same variables all
 * day: where no rule could match a value of one, none can match the next one of that kind, as long
 * as nothing changed but the value. That is noted with the monitored item, the node or the topic
 * (tw_session_facts.note), so that such an event costs a few comparisons. Inside detect/. */

#include "detect/detect.h"

struct tw_quiet;

/* What else the rules may look at: equal marks, equal answers. */
struct tw_quiet_mark {
    uint64_t changes; /* tw_changes_epoch(); 0: not known */
    uint64_t learned; /* tw_registry_learned() */
    uint64_t acts;    /* tw_acts_epoch() */
};

/* NULL when memory is short. */
struct tw_quiet *tw_quiet_new(void);
void tw_quiet_free(struct tw_quiet *q);

/* Events of one message pass one after the other: what they share is looked at once, before the
 * first of them, and is good until any other event, or a tick. */
void tw_quiet_begin(struct tw_quiet *q, const struct tw_event *event,
    const struct tw_session_facts *facts, const struct tw_quiet_mark *mark);
bool tw_quiet_is_begun(const struct tw_quiet *q, const struct tw_session_facts *facts);
void tw_quiet_end(struct tw_quiet *q);

/* Was it noted that no rule can match such an event? Then what tw_quiet_note() was given, else
 * NULL. */
void *tw_quiet_find(
    const struct tw_quiet *q, const struct tw_event *event, const struct tw_session_facts *facts);
/* The same for the first so many of a list, with the note of each: how many. */
uint32_t tw_quiet_find_values(const struct tw_quiet *q, const struct tw_plain_value *values,
    struct tw_thing_note *const *notes, uint32_t n, void **out_handed);
/* The same for an event that session/ completed, and that is not one of a message passing. */
void *tw_quiet_find_whole(struct tw_quiet *q, const struct tw_event *event,
    const struct tw_session_facts *facts, const struct tw_quiet_mark *mark);
/* No rule can match such an event. `handed` is not NULL. */
void tw_quiet_note(struct tw_quiet *q, const struct tw_event *event,
    const struct tw_session_facts *facts, const struct tw_quiet_mark *mark, void *handed);
/* What was handed in is not good any more. */
void tw_quiet_forget(struct tw_quiet *q);
