#include <stdlib.h>

#include "base/lately.h"
#include "base/table.h"
#include "base/timefmt.h"
#include "session/mqtt.h"

/* Which message is which: a delivery and the publish that it belongs to, retained messages and who
 * set them, wills and on whose behalf the server publishes them, replies and who asked for them,
 * messages that are sent again. A message is known by its broker, topic and payload. */

/* A delivery so long after a publish is another message with the same payload; so is a reply. */
#define SAME_NS (60 * TW_NS_PER_S)

enum {
    MAX_PARTIES = 8192,
    MAX_PUBLISHES = 65536,
    MAX_RETAINED = 16384,
    MAX_WILLS = 16384,
    MAX_ASKED = 8192,
    MAX_UNDERWAY = 16384,
    ASKED_TOPIC = 256,
};

/* Client ids and addresses, once each: others refer to them. */
struct party {
    uint16_t len;
    char text[TW_MAX_IDENTITY];
};

struct message_key {
    uint64_t payload, place; /* place: broker and topic */
};

struct publish {
    int64_t ts_ns;
    uint64_t packet;
    struct tw_text_key by;
};

struct retained {
    int64_t ts_ns;
    uint64_t payload;
    struct tw_text_key by;
};

struct will {
    struct tw_text_key by;
    bool retain, cancelled, delayed;
};

struct asked {
    int64_t ts_ns;
    struct tw_text_key by;
    uint16_t len;
    char topic[ASKED_TOPIC];
};

/* A message under its Packet Identifier, which its client uses again when it sends it again. */
struct underway_key {
    uint64_t client; /* of which broker */
    uint64_t id;
};
struct underway {
    struct message_key message;
    uint64_t packet;
    int64_t ts_ns;
};

struct tw_mqtt_messages {
    struct tw_lately *publishes;
    struct tw_table *parties, *retained, *wills, *asked, *underway;
    struct tw_table *will_of; /* client → key of its will */
    struct tw_seed seed;
};

struct tw_mqtt_messages *tw_mqtt_messages_new(const struct tw_mqtt_names *names)
{
    struct tw_mqtt_messages *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return NULL;
    const size_t key = sizeof(struct message_key), name = sizeof(struct tw_text_key);
    m->seed = tw_mqtt_names_seed(names);
    m->parties = tw_table_new(name, sizeof(struct party), MAX_PARTIES, m->seed);
    m->publishes = tw_lately_new(sizeof(struct publish), MAX_PUBLISHES, m->seed);
    m->retained = tw_table_new(sizeof(uint64_t), sizeof(struct retained), MAX_RETAINED, m->seed);
    m->wills = tw_table_new(key, sizeof(struct will), MAX_WILLS, m->seed);
    m->will_of = tw_table_new(sizeof(uint64_t), key, MAX_WILLS, m->seed);
    m->asked = tw_table_new(key, sizeof(struct asked), MAX_ASKED, m->seed);
    m->underway =
        tw_table_new(sizeof(struct underway_key), sizeof(struct underway), MAX_UNDERWAY, m->seed);
    if (m->parties == NULL || m->publishes == NULL || m->retained == NULL || m->wills == NULL ||
        m->will_of == NULL || m->asked == NULL || m->underway == NULL) {
        tw_mqtt_messages_free(m);
        return NULL;
    }
    tw_table_of_digests(m->parties);
    tw_table_of_digests(m->retained);
    tw_table_of_digests(m->will_of);
    return m;
}

void tw_mqtt_messages_free(struct tw_mqtt_messages *m)
{
    if (m == NULL)
        return;
    tw_table_free(m->parties);
    tw_lately_free(m->publishes);
    tw_table_free(m->retained);
    tw_table_free(m->wills);
    tw_table_free(m->will_of);
    tw_table_free(m->asked);
    tw_table_free(m->underway);
    free(m);
}

/* It is kept unless it was forgotten for want of room, and so is the way to it. */
static struct tw_text_key party_of(
    struct tw_mqtt_messages *m, const struct tw_event *event, struct tw_mqtt_named *named)
{
    char text[TW_IP_TEXT];
    const uint64_t since = tw_table_evictions(m->parties) + 1;
    if (named->party == since)
        return named->client;
    if (tw_table_peek(m->parties, &named->client) == NULL) {
        struct party *p = tw_table_put(m->parties, &named->client, NULL);
        p->len = (uint16_t)tw_str_copy(p->text, sizeof(p->text), tw_mqtt_party(event, text));
    }
    named->party = tw_table_evictions(m->parties) + 1;
    return named->client;
}

/* Absent when it was forgotten for want of room. */
static struct tw_str name_of(struct tw_mqtt_messages *m, const struct tw_text_key *key)
{
    const struct party *p = tw_table_find(m->parties, key);
    return p != NULL ? (struct tw_str){p->text, p->len} : TW_STR_NONE;
}

static uint64_t place_of(const struct tw_mqtt_named *named)
{
    return tw_hash_mix(named->topic.a, named->broker);
}

/* Another topic of the same broker. */
static uint64_t other_place(
    const struct tw_mqtt_messages *m, const struct tw_mqtt_named *named, struct tw_str topic)
{
    return tw_hash_mix(tw_text_key(m->seed, topic).a, named->broker);
}

/* A client of a broker: its id is unique there. */
static uint64_t client_of(
    struct tw_mqtt_messages *m, const struct tw_event *event, struct tw_mqtt_named *named)
{
    return tw_hash_mix(party_of(m, event, named).a, named->broker);
}

static void cancel_will(struct tw_mqtt_messages *m, uint64_t client)
{
    const struct message_key *key = tw_table_peek(m->will_of, &client);
    struct will *will = key != NULL ? tw_table_peek(m->wills, key) : NULL;
    if (will != NULL)
        will->cancelled = true;
}

/* A session that is resumed within the Will Delay has no will to be published any more
 * [MQTT5 3.1.3.2.2]. */
static void on_connect(
    struct tw_mqtt_messages *m, const struct tw_event *event, struct tw_mqtt_named *named)
{
    const struct tw_mqtt_info *info = event->mqtt;
    if (event->status.is_null || event->status_bad)
        return;
    const uint64_t client = client_of(m, event, named);
    const struct message_key *old = tw_table_peek(m->will_of, &client);
    const struct will *before = old != NULL ? tw_table_peek(m->wills, old) : NULL;
    if (before != NULL && before->delayed)
        cancel_will(m, client);
    if (!info->has_will)
        return;
    const struct message_key key = {
        info->will_payload_hash, other_place(m, named, info->will_topic)};
    *(struct message_key *)tw_table_put(m->will_of, &client, NULL) = key;
    struct will *will = tw_table_put(m->wills, &key, NULL);
    *will = (struct will){.by = party_of(m, event, named),
        .retain = info->will_retain,
        .delayed = info->more != NULL && info->more->will_delay > 0};
}

/* The client said good-bye, and not that its will is to be published all the same
 * [MQTT5 3.14.4]. */
static void on_disconnect(
    struct tw_mqtt_messages *m, const struct tw_event *event, struct tw_mqtt_named *named)
{
    bool said = event->mqtt->packet != NULL;
    bool normal = !event->mqtt->has_reason || event->mqtt->reason == 0;
    if (said && normal)
        cancel_will(m, client_of(m, event, named));
}

/* A message with a Response Topic asks for a reply there, with the same Correlation Data. */
static struct message_key reply_key(const struct tw_event *event, uint64_t place)
{
    const struct tw_mqtt_more *more = event->mqtt->more;
    uint64_t correlation = more != NULL && more->has_correlation ? more->correlation_hash : 0;
    return (struct message_key){correlation, place};
}

static void note_request(struct tw_mqtt_messages *m, const struct tw_event *event,
    const struct tw_mqtt_named *named, const struct tw_text_key *by)
{
    if (event->mqtt->response_topic.len == 0)
        return;
    const uint64_t place = other_place(m, named, event->mqtt->response_topic);
    const struct message_key key = reply_key(event, place);
    struct asked *asked = tw_table_put(m->asked, &key, NULL);
    asked->ts_ns = event->ts_ns;
    asked->by = *by;
    asked->len = (uint16_t)tw_str_copy(asked->topic, sizeof(asked->topic), event->object);
}

static void find_request(struct tw_mqtt_messages *m, const struct tw_event *event, uint64_t place,
    struct tw_session_facts *facts)
{
    if (tw_table_size(m->asked) == 0)
        return;
    const struct message_key key = reply_key(event, place);
    const struct asked *asked = tw_table_find(m->asked, &key);
    if (asked == NULL || event->ts_ns - asked->ts_ns > SAME_NS)
        return;
    facts->reply_to = name_of(m, &asked->by);
    facts->reply_topic = (struct tw_str){asked->topic, asked->len};
    facts->reply_asked_ns = asked->ts_ns;
}

/* Is this message sent again? DUP alone does not say so: some clients set it on the first sending
 * of what they could not send before. The identifier outlives the connection [MQTT5 4.4]. */
static void find_repeat(struct tw_mqtt_messages *m, const struct tw_event *event,
    const struct message_key *message, uint64_t client, struct tw_session_facts *facts)
{
    const struct tw_mqtt_info *info = event->mqtt;
    if (!info->has_packet_id)
        return;
    const struct underway_key key = {client, info->packet_id};
    bool created;
    struct underway *u = tw_table_put(m->underway, &key, &created);
    if (!created && info->dup && u->message.payload == message->payload &&
        u->message.place == message->place) {
        facts->repeats = u->packet;
        return;
    }
    *u = (struct underway){*message, event->packet, event->ts_ns};
}

static void note_retained(struct tw_mqtt_messages *m, const struct tw_event *event,
    const struct message_key *message, const struct tw_text_key *by)
{
    struct retained *r = tw_table_put(m->retained, &message->place, NULL);
    if (event->mqtt->payload_bytes == 0)
        tw_table_remove(m->retained, r); /* it is deleted [MQTT5 3.3.1.3] */
    else
        *r = (struct retained){event->ts_ns, message->payload, *by};
}

static void on_publish(struct tw_mqtt_messages *m, const struct tw_event *event,
    struct tw_mqtt_named *named, struct tw_session_facts *facts)
{
    const struct message_key key = {event->mqtt->payload_hash, place_of(named)};
    const struct tw_text_key by = party_of(m, event, named);
    if (key.payload != 0)
        *(struct publish *)tw_lately_add(m->publishes, (const uint64_t[]){key.payload, key.place}) =
            (struct publish){event->ts_ns, event->packet, by};
    if (event->mqtt->retain)
        note_retained(m, event, &key, &by);
    find_repeat(m, event, &key, tw_hash_mix(by.a, named->broker), facts);
    find_request(m, event, key.place, facts);
    note_request(m, event, named, &by);
}

/* A will goes to subscribers without anybody publishing it. */
static void find_will(struct tw_mqtt_messages *m, const struct tw_event *event,
    const struct message_key *key, struct tw_session_facts *facts)
{
    if (tw_table_size(m->wills) == 0)
        return;
    const struct will *will = tw_table_find(m->wills, key);
    if (will == NULL || will->cancelled)
        return;
    facts->will_of = name_of(m, &will->by);
    if (will->retain)
        note_retained(m, event, key, &will->by);
}

static void find_retained(
    struct tw_mqtt_messages *m, const struct message_key *key, struct tw_session_facts *facts)
{
    const struct retained *r = tw_table_find(m->retained, &key->place);
    if (r == NULL || r->payload != key->payload || key->payload == 0)
        return; /* set before anybody watched, or seen in part only */
    facts->retained_by = name_of(m, &r->by);
    facts->retained_ns = r->ts_ns;
}

/* The publish that a delivery is one of. */
static bool find_origin(struct tw_mqtt_messages *m, const struct tw_event *event,
    const struct message_key *key, struct tw_session_facts *facts)
{
    const struct publish *p =
        tw_lately_find(m->publishes, (const uint64_t[]){key->payload, key->place});
    if (p == NULL || event->ts_ns - p->ts_ns > SAME_NS)
        return false;
    facts->origin = name_of(m, &p->by);
    facts->origin_packet = p->packet;
    facts->origin_ns = p->ts_ns;
    return true;
}

static void on_deliver(struct tw_mqtt_messages *m, const struct tw_event *event,
    const struct tw_mqtt_named *named, struct tw_session_facts *facts)
{
    const struct message_key key = {event->mqtt->payload_hash, place_of(named)};
    if (event->mqtt->retain)
        find_retained(m, &key, facts);
    if (!find_origin(m, event, &key, facts) && facts->retained_by.p == NULL)
        find_will(m, event, &key, facts);
}

bool tw_mqtt_messages_pass(struct tw_mqtt_messages *m, const struct tw_event *delivery,
    const struct tw_mqtt_named *named, struct tw_session_facts *facts)
{
    const struct message_key key = {delivery->mqtt->payload_hash, place_of(named)};
    if (!find_origin(m, delivery, &key, facts))
        return false;
    if (delivery->mqtt->retain)
        find_retained(m, &key, facts);
    return true;
}

void tw_mqtt_messages_event(struct tw_mqtt_messages *m, const struct tw_event *event,
    struct tw_mqtt_named *named, struct tw_session_facts *facts)
{
    const bool message = event->object.len > 0 && event->field.p == NULL;
    if (event->action == TW_ACTION_PUBLISH && message)
        on_publish(m, event, named, facts);
    else if (event->action == TW_ACTION_DELIVER && message)
        on_deliver(m, event, named, facts);
    else if (event->action == TW_ACTION_CONNECT)
        on_connect(m, event, named);
    else if (event->action == TW_ACTION_DISCONNECT)
        on_disconnect(m, event, named);
}
