#pragma once
/* Sparkplug messages as events: what a message says about itself, and one event for each of its
 * metrics. */

#include "base/cursor.h"
#include "protocol/sparkplug/anomaly.h"
#include "protocol/sparkplug/topic.h"

/* What a Payload says beside its metrics; not those of a host. `serial` is that of the message. */
void tw_sparkplug_describe(struct tw_cur bytes, const struct tw_sparkplug_place *place,
    uint64_t serial, struct tw_sparkplug_info *out);

/* Give an event for each metric of a Payload, as a copy of `base`, whose info it has, with field,
 * value and metric; a template's own is followed by those of its metrics, whose fields begin with
 * its name. Last, what is wrong with the message. Returns how many anomalies that are: 0 or 1. */
unsigned tw_sparkplug_report(
    const struct tw_event *base, struct tw_cur bytes, const struct tw_emit *out);

/* The event that says so; nothing for OK. Returns how many that are. */
unsigned tw_sparkplug_give_anomaly(
    const struct tw_event *base, enum tw_sparkplug_anomaly wrong, const struct tw_emit *out);

/* STATE: {"online":true,"timestamp":…}, or the text ONLINE or OFFLINE of version 2 [SPB 6.4.25].
 * Empty, which removes a retained one, says nothing. BAD_STATE otherwise; BAD_TOPIC for a topic of
 * the namespace that is none of it. */
enum tw_sparkplug_anomaly tw_sparkplug_state(struct tw_str payload,
    const struct tw_sparkplug_place *place, uint64_t serial, struct tw_sparkplug_info *out);

/* Is it the text of version 2? */
bool tw_sparkplug_is_state_text(struct tw_str payload);

/* The will of a client that an edge node or host is: what is published when it is lost. False when
 * it is no such will. */
bool tw_sparkplug_will(
    struct tw_str topic, struct tw_str payload, uint64_t serial, struct tw_sparkplug_info *out);
