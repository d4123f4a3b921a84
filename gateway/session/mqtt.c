#include "session/mqtt.h"

#include <stdlib.h>

struct tw_mqtt_sessions {
    struct tw_mqtt_names *names;
    struct tw_mqtt_clients *clients;
    struct tw_mqtt_topics *topics;
    struct tw_mqtt_messages *messages;
    bool prints_only;
};

struct tw_mqtt_sessions *tw_mqtt_sessions_new(const struct tw_limits *limits, bool prints_only)
{
    struct tw_mqtt_sessions *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->prints_only = prints_only;
    s->names = tw_mqtt_names_new();
    if (s->names != NULL) {
        s->clients = tw_mqtt_clients_new(limits, s->names);
        s->topics = tw_mqtt_topics_new(s->names);
        s->messages = tw_mqtt_messages_new(s->names);
    }
    if (s->clients == NULL || s->topics == NULL || s->messages == NULL) {
        tw_mqtt_sessions_free(s);
        return NULL;
    }
    return s;
}

void tw_mqtt_sessions_free(struct tw_mqtt_sessions *s)
{
    if (s == NULL)
        return;
    tw_mqtt_clients_free(s->clients);
    tw_mqtt_topics_free(s->topics);
    tw_mqtt_messages_free(s->messages);
    tw_mqtt_names_free(s->names);
    free(s);
}

void tw_mqtt_sessions_expect(const struct tw_mqtt_sessions *s, const struct tw_event *event)
{
    tw_mqtt_names_expect(s->names, event);
}

bool tw_mqtt_sessions_event(
    struct tw_mqtt_sessions *s, struct tw_event *event, struct tw_session_facts *facts)
{
    if (event->protocol != TW_PROTO_MQTT || event->mqtt == NULL)
        return true;
    struct tw_mqtt_named *named = tw_mqtt_names_of(s->names, event);
    if (!s->prints_only) {
        tw_mqtt_topics_event(s->topics, event, named, facts);
        tw_mqtt_clients_event(s->clients, event, named, facts);
        tw_mqtt_messages_event(s->messages, event, named, facts);
    }
    return !tw_mqtt_topics_seen(s->topics, event, named);
}

bool tw_mqtt_sessions_pass(
    struct tw_mqtt_sessions *s, const struct tw_event *delivery, struct tw_session_facts *facts)
{
    if (s->prints_only)
        return false;
    struct tw_mqtt_named *named = tw_mqtt_names_of(s->names, delivery);
    if (!tw_mqtt_topics_pass(s->topics, delivery, named, facts) ||
        !tw_mqtt_messages_pass(s->messages, delivery, named, facts))
        return false;
    tw_mqtt_clients_event(s->clients, delivery, named, facts);
    return true;
}
