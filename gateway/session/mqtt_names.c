#include <stdlib.h>

#include "base/ways.h"
#include "session/mqtt.h"

enum { CLIENT = 48, TOPIC = 96, LINE = 64 };

struct topic {
    bool used;
    uint8_t len;
    char text[TOPIC];
    struct tw_text_key key;
};

/* What a connection was named by when it was last asked about. */
struct place {
    struct tw_mqtt_named named;
    uint64_t flow;
    struct tw_ip broker, address; /* address: of the client, when it has no client id */
    uint8_t client_len, topic_len;
    bool used, has_topic;
    char client[CLIENT], topic[TOPIC];
};

struct tw_mqtt_names {
    struct tw_seed seed;
    struct tw_mqtt_named large; /* of names that have no room */
    struct topic last;          /* of any connection: what is published is delivered next */
    struct tw_ways *ways;       /* by flow */
    struct place places[TW_WAYS_PLACES];
};

struct tw_mqtt_names *tw_mqtt_names_new(void)
{
    struct tw_mqtt_names *n = calloc(1, sizeof(*n));
    if (n == NULL)
        return NULL;
    n->seed = tw_seed_random();
    n->ways = tw_ways_new();
    if (n->ways != NULL)
        return n;
    free(n);
    return NULL;
}

void tw_mqtt_names_free(struct tw_mqtt_names *n)
{
    if (n == NULL)
        return;
    tw_ways_free(n->ways);
    free(n);
}

struct tw_seed tw_mqtt_names_seed(const struct tw_mqtt_names *n)
{
    return n->seed;
}

uint64_t tw_mqtt_names_address(const struct tw_mqtt_names *n, const struct tw_ip *ip)
{
    return tw_hash(n->seed, ip->b, ip->family == 6 ? 16 : 4);
}

struct tw_str tw_mqtt_party(const struct tw_event *event, char text[TW_IP_TEXT])
{
    const struct tw_str id = event->mqtt->client_id.s;
    if (id.len > 0)
        return id;
    return (struct tw_str){text, tw_ip_text(text, &event->src.ip)};
}

static const struct tw_ip *broker_of(const struct tw_event *event)
{
    return event->action == TW_ACTION_DELIVER ? &event->src.ip : &event->dst.ip;
}

static struct tw_text_key client_key(const struct tw_mqtt_names *n, const struct tw_event *event)
{
    char text[TW_IP_TEXT];
    return tw_text_key(n->seed, tw_mqtt_party(event, text));
}

static bool same_text(const char *kept, uint8_t len, struct tw_str s)
{
    return s.len == len && (len == 0 || memcmp(kept, s.p, len) == 0);
}

static bool same_connection(const struct place *p, const struct tw_event *event)
{
    const struct tw_str id = event->mqtt->client_id.s;
    return p->used && p->flow == event->flow && same_text(p->client, p->client_len, id) &&
           tw_ip_eq(&p->broker, broker_of(event)) &&
           (id.len > 0 || tw_ip_eq(&p->address, &event->src.ip));
}

static void take_connection(
    const struct tw_mqtt_names *n, struct place *p, const struct tw_event *event)
{
    p->used = true;
    p->flow = event->flow;
    p->broker = *broker_of(event);
    p->address = event->src.ip;
    p->client_len = (uint8_t)tw_str_copy(p->client, CLIENT, event->mqtt->client_id.s);
    p->named.client = client_key(n, event);
    p->named.broker = tw_mqtt_names_address(n, &p->broker);
    p->named.party = 0;
    p->named.kept_client.since = 0;
    p->has_topic = false;
}

static struct tw_text_key topic_key(struct tw_mqtt_names *n, struct tw_str topic)
{
    struct topic *t = &n->last;
    if (t->used && same_text(t->text, t->len, topic))
        return t->key;
    t->used = true;
    t->len = (uint8_t)tw_str_copy(t->text, TOPIC, topic);
    t->key = tw_text_key(n->seed, topic);
    return t->key;
}

void tw_mqtt_names_expect(const struct tw_mqtt_names *n, const struct tw_event *event)
{
    size_t place;
    if (!tw_ways_find(n->ways, event->flow, &place))
        return;
    const char *at = (const char *)&n->places[place];
    for (size_t line = 0; line < sizeof(struct place); line += LINE)
        __builtin_prefetch(at + line);
}

struct tw_mqtt_named *tw_mqtt_names_of(struct tw_mqtt_names *n, const struct tw_event *event)
{
    const struct tw_str object = event->object;
    if (event->mqtt->client_id.s.len >= CLIENT || object.len >= TOPIC) {
        n->large = (struct tw_mqtt_named){.client = client_key(n, event),
            .topic = tw_text_key(n->seed, object),
            .broker = tw_mqtt_names_address(n, broker_of(event))};
        return &n->large;
    }
    struct place *p = &n->places[tw_ways_of(n->ways, event->flow)];
    if (!same_connection(p, event))
        take_connection(n, p, event);
    if (!p->has_topic || !same_text(p->topic, p->topic_len, object)) {
        p->topic_len = (uint8_t)tw_str_copy(p->topic, TOPIC, object);
        p->named.topic = topic_key(n, object);
        p->named.kept_topic.since = 0;
        p->has_topic = true;
    }
    return &p->named;
}
