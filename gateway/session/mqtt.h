#pragma once
/* Inside the MQTT part of session/: clients (mqtt_clients.c), topics (mqtt_topics.c) and messages
 * (mqtt_messages.c). One thread. */

#include "session/stages.h"

struct tw_mqtt_clients;
struct tw_mqtt_clients *tw_mqtt_clients_new(const struct tw_limits *limits);
void tw_mqtt_clients_free(struct tw_mqtt_clients *c);
/* Note who is connected under which client id; write live_elsewhere and takeovers. */
void tw_mqtt_clients_event(
    struct tw_mqtt_clients *c, const struct tw_event *event, struct tw_session_facts *facts);

struct tw_mqtt_topics;
struct tw_mqtt_topics *tw_mqtt_topics_new(void);
void tw_mqtt_topics_free(struct tw_mqtt_topics *t);
/* Note who publishes on which topic; write topic_publishers, first_publisher, filter_topics and
 * known_topics. `facts` NULL: nothing of it, only what tw_mqtt_topics_seen() needs. */
void tw_mqtt_topics_event(
    struct tw_mqtt_topics *t, const struct tw_event *event, struct tw_session_facts *facts);
/* Is this delivery one of a payload that was published on the same topic in the last 60 s?
 * Remembers publishes. Asked right after tw_mqtt_topics_event() of the same event. */
bool tw_mqtt_topics_seen(struct tw_mqtt_topics *t, const struct tw_event *event);

/* The facts of a delivery whose payload was not looked at yet, where that need not be done: it was
 * published like that, and something is noted of such deliveries. Else false, and
 * tw_mqtt_topics_event() is to follow. */
bool tw_mqtt_topics_pass(
    struct tw_mqtt_topics *t, const struct tw_event *delivery, struct tw_session_facts *facts);

struct tw_mqtt_messages;
struct tw_mqtt_messages *tw_mqtt_messages_new(void);
void tw_mqtt_messages_free(struct tw_mqtt_messages *m);
/* Note what is published, and by whom, and which wills there are; write origin, will_of,
 * retained_by, reply_to and repeats. */
void tw_mqtt_messages_event(
    struct tw_mqtt_messages *m, const struct tw_event *event, struct tw_session_facts *facts);
