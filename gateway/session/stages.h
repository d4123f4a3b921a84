#pragma once
/* Inside session/: the parts that tw_sessions_event() hands an event to. */

#include "session/session.h"

struct tw_opcua_sessions;
struct tw_opcua_sessions *tw_opcua_sessions_new(const struct tw_limits *limits);
void tw_opcua_sessions_free(struct tw_opcua_sessions *s);
/* Fill identity from the session of event->opcua->auth_token, resolve client handles, note new
 * sessions, subscriptions and monitored items; write what is known of live addresses to `facts`. */
void tw_opcua_sessions_event(
    struct tw_opcua_sessions *s, struct tw_event *event, struct tw_session_facts *facts);
/* The facts of a data change that is about an item known already, and teaches nothing: false when
 * it may be anything else. That its session is in use is noted either way. */
bool tw_opcua_sessions_pass(
    struct tw_opcua_sessions *s, const struct tw_event *event, struct tw_session_facts *facts);
/* The same of as many of a list, from `first` on and at most `n`, as are about what something is
 * noted of, with these notes: how many. */
uint32_t tw_opcua_sessions_pass_values(struct tw_opcua_sessions *s, const struct tw_event *message,
    const struct tw_plain_values *values, uint32_t first, uint32_t n, struct tw_thing_note **notes,
    struct tw_session_facts *facts);
uint64_t tw_opcua_sessions_evicted(const struct tw_opcua_sessions *s);

struct tw_mqtt_sessions;
struct tw_mqtt_sessions *tw_mqtt_sessions_new(const struct tw_limits *limits, bool prints_only);
void tw_mqtt_sessions_free(struct tw_mqtt_sessions *s);
void tw_mqtt_sessions_expect(const struct tw_mqtt_sessions *s, const struct tw_event *event);
/* Client ids that are live, takeovers, publishers of a topic, topics a filter matches. Returns
 * false when the event is a delivery of a payload that was seen as a publish in the last 60 s: it
 * is not to be expanded. */
bool tw_mqtt_sessions_event(
    struct tw_mqtt_sessions *s, struct tw_event *event, struct tw_session_facts *facts);
/* The facts of a delivery whose payload nobody needs to look at: false when it may be anything
 * else. What it does is done again by tw_mqtt_sessions_event(). */
bool tw_mqtt_sessions_pass(
    struct tw_mqtt_sessions *s, const struct tw_event *delivery, struct tw_session_facts *facts);
