#pragma once
/* What the message of an approval says. */

#include "event/event.h"

/* The value of a field that says yes. */
bool tw_consent_is_yes(const struct tw_value *v);

/* Where the topic alone means yes, a payload can still say no. */
bool tw_consent_is_no(const struct tw_event *e);

/* An empty payload clears what the broker retains [MQTT5 3.3.1.3]. */
bool tw_consent_is_cleared(const struct tw_event *e);

/* Its life in seconds, or the moment it ends: the two tell themselves apart. The moment is one of
 * the plant's clock. */
int64_t tw_consent_end_ns(
    const struct tw_value *v, int64_t given_ns, int64_t otherwise_ns, int64_t clock_ahead_ns);
