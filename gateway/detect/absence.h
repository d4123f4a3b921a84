#pragma once
/* What has to follow something within a time, and does not. What began it is kept, with what is to
 * be said about it; told at the tick after the deadline. A plant that was not looked at meanwhile
 * leaves nothing to be said. A bounded table that evicts what was used least recently; event time;
 * one thread. */

#include "detect/pulse.h"
#include "detect/window.h"

struct tw_absences;
struct tw_absences *tw_absences_new(const struct tw_absence_spec *spec);
void tw_absences_free(struct tw_absences *a);
/* Something is now waited for, unless it was already: `f` is what is told if it does not come. */
void tw_absences_begin(
    struct tw_absences *a, struct tw_text_key key, int64_t now_ns, const struct tw_finding *f);
/* It came. */
void tw_absences_end(struct tw_absences *a, struct tw_text_key key);
/* Tell what is overdue at `now_ns`, the oldest first. */
void tw_absences_tick(struct tw_absences *a, const struct tw_pulse *pulse, int64_t now_ns,
    tw_finding_fn fn, void *user);
uint64_t tw_absences_evictions(const struct tw_absences *a);
