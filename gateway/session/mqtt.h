#pragma once
/* Inside the MQTT part of session/: clients (mqtt_clients.c), topics (mqtt_topics.c) and messages
 * (mqtt_messages.c), and the keys by which all of them know names (mqtt_names.c). One thread. */

#include "base/table.h"
#include "session/stages.h"

/* Where a table keeps what belongs to a name: as long as it has evicted nothing since. */
struct tw_mqtt_kept {
    uint64_t since; /* evictions then, plus 1; 0: not known */
    uint32_t at;
};

/* The names in an event as keys, with a seed that they share. */
struct tw_mqtt_named {
    struct tw_text_key topic;  /* the object: a Topic Name, or a Topic Filter */
    struct tw_text_key client; /* tw_mqtt_party() */
    uint64_t broker;           /* tw_mqtt_names_address() of the server */
    uint64_t party;            /* mqtt_messages.c: since when it knows the client; 0: it does not */
    struct tw_mqtt_kept kept_client, kept_topic; /* in mqtt_clients.c, and in mqtt_topics.c */
};

/* A connection says the same names with every message: the last ones of each are kept. */
struct tw_mqtt_names;
struct tw_mqtt_names *tw_mqtt_names_new(void);
void tw_mqtt_names_free(struct tw_mqtt_names *n);
struct tw_seed tw_mqtt_names_seed(const struct tw_mqtt_names *n);
uint64_t tw_mqtt_names_address(const struct tw_mqtt_names *n, const struct tw_ip *ip);
void tw_mqtt_names_expect(const struct tw_mqtt_names *n, const struct tw_event *event);
/* Good until the next call. */
struct tw_mqtt_named *tw_mqtt_names_of(struct tw_mqtt_names *n, const struct tw_event *event);
/* What a connection is known by: its client id, else the client's address, which is written to
 * `text`. */
struct tw_str tw_mqtt_party(const struct tw_event *event, char text[TW_IP_TEXT]);

struct tw_mqtt_clients;
struct tw_mqtt_clients *tw_mqtt_clients_new(
    const struct tw_limits *limits, const struct tw_mqtt_names *names);
void tw_mqtt_clients_free(struct tw_mqtt_clients *c);
/* Note who is connected under which client id; write live_elsewhere and takeovers. */
void tw_mqtt_clients_event(struct tw_mqtt_clients *c, const struct tw_event *event,
    struct tw_mqtt_named *named, struct tw_session_facts *facts);

struct tw_mqtt_topics;
struct tw_mqtt_topics *tw_mqtt_topics_new(const struct tw_mqtt_names *names);
void tw_mqtt_topics_free(struct tw_mqtt_topics *t);
/* Note who publishes on which topic; write topic_publishers, first_publisher, filter_topics and
 * known_topics. */
void tw_mqtt_topics_event(struct tw_mqtt_topics *t, const struct tw_event *event,
    struct tw_mqtt_named *named, struct tw_session_facts *facts);
/* Is this delivery one of a payload that was published on the same topic in the last 60 s?
 * Remembers publishes. */
bool tw_mqtt_topics_seen(
    struct tw_mqtt_topics *t, const struct tw_event *event, const struct tw_mqtt_named *named);

/* The facts of a delivery whose payload was not looked at yet, where that need not be done: it was
 * published like that, and something is noted of such deliveries. Else false, and
 * tw_mqtt_topics_event() is to follow. */
bool tw_mqtt_topics_pass(struct tw_mqtt_topics *t, const struct tw_event *delivery,
    struct tw_mqtt_named *named, struct tw_session_facts *facts);

struct tw_mqtt_messages;
struct tw_mqtt_messages *tw_mqtt_messages_new(const struct tw_mqtt_names *names);
void tw_mqtt_messages_free(struct tw_mqtt_messages *m);
/* Note what is published, and by whom, and which wills there are; write origin, will_of,
 * retained_by, reply_to and repeats. */
void tw_mqtt_messages_event(struct tw_mqtt_messages *m, const struct tw_event *event,
    struct tw_mqtt_named *named, struct tw_session_facts *facts);
/* The same of a delivery, when it is one of a known publish. False: nothing of it was noted. */
bool tw_mqtt_messages_pass(struct tw_mqtt_messages *m, const struct tw_event *delivery,
    const struct tw_mqtt_named *named, struct tw_session_facts *facts);
