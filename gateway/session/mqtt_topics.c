#include <stdlib.h>

#include "base/lately.h"
#include "base/table.h"
#include "base/timefmt.h"
#include "base/topic.h"
#include "session/mqtt.h"

#define SEEN_NS (60 * TW_NS_PER_S)

enum {
    MAX_TOPICS = 16384,
    MAX_SEEN = 65536,
    MAX_MATCHED = 4096, /* topics a filter is held against: the ones used last */
    TOPIC_TEXT = 256,   /* a longer topic is known by its beginning */
    PUBLISHERS = 16,    /* told apart per topic; more are not counted */
};

struct topic {
    uint64_t broker;
    struct tw_thing_note deliveries;
    uint16_t n_publishers, text_len, first_len;
    uint64_t publishers[PUBLISHERS];
    char text[TOPIC_TEXT];
    char first[TW_MAX_IDENTITY];
};

/* A publish. `is_plain`: a delivery of it shows nothing that has to be looked at. */
struct seen {
    int64_t ts_ns;
    bool is_plain;
};

struct tw_mqtt_topics {
    struct tw_table *topics;
    struct tw_lately *seen; /* (payload, topic) → struct seen */
};

struct tw_mqtt_topics *tw_mqtt_topics_new(const struct tw_mqtt_names *names)
{
    const struct tw_seed seed = tw_mqtt_names_seed(names);
    struct tw_mqtt_topics *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    t->topics = tw_table_new(sizeof(struct tw_text_key), sizeof(struct topic), MAX_TOPICS, seed);
    t->seen = tw_lately_new(sizeof(struct seen), MAX_SEEN, seed);
    if (t->topics == NULL || t->seen == NULL) {
        tw_mqtt_topics_free(t);
        return NULL;
    }
    tw_table_of_digests(t->topics);
    return t;
}

void tw_mqtt_topics_free(struct tw_mqtt_topics *t)
{
    if (t == NULL)
        return;
    tw_table_free(t->topics);
    tw_lately_free(t->seen);
    free(t);
}

static struct tw_text_key key_of(const struct tw_mqtt_named *named)
{
    struct tw_text_key key = named->topic;
    key.a = tw_hash_mix(key.a, named->broker);
    return key;
}

static void note_publisher(struct topic *k, uint64_t id, const struct tw_event *event)
{
    char text[TW_IP_TEXT];
    for (unsigned i = 0; i < k->n_publishers; i++) {
        if (k->publishers[i] == id)
            return;
    }
    if (k->n_publishers == 0)
        k->first_len =
            (uint16_t)tw_str_copy(k->first, sizeof(k->first), tw_mqtt_party(event, text));
    if (k->n_publishers < PUBLISHERS)
        k->publishers[k->n_publishers++] = id;
}

static struct topic *put(
    struct tw_mqtt_topics *t, const struct tw_event *event, const struct tw_mqtt_named *named)
{
    const struct tw_text_key key = key_of(named);
    bool created;
    struct topic *k = tw_table_put(t->topics, &key, &created);
    if (created) {
        k->broker = named->broker;
        k->text_len = (uint16_t)tw_str_copy(k->text, sizeof(k->text), event->object);
    }
    return k;
}

/* Who publishes does so again and again on the same topic; who receives, on many. */
static struct topic *topic_of(
    struct tw_mqtt_topics *t, const struct tw_event *event, struct tw_mqtt_named *named)
{
    struct tw_mqtt_kept *kept = &named->kept_topic;
    if (kept->since == tw_table_evictions(t->topics) + 1)
        return tw_table_use(t->topics, kept->at);
    struct topic *k = put(t, event, named);
    if (event->action == TW_ACTION_PUBLISH)
        *kept =
            (struct tw_mqtt_kept){tw_table_evictions(t->topics) + 1, tw_table_index(t->topics, k)};
    return k;
}

static void on_publish(struct tw_mqtt_topics *t, const struct tw_event *event,
    struct tw_mqtt_named *named, struct tw_session_facts *facts)
{
    struct topic *k = topic_of(t, event, named);
    if (event->action == TW_ACTION_PUBLISH)
        note_publisher(k, named->client.a, event);
    else
        facts->note = &k->deliveries;
    facts->topic_publishers = k->n_publishers;
    if (k->n_publishers > 0)
        facts->first_publisher = (struct tw_str){k->first, k->first_len};
}

/* How many of the known topics a filter matches. Topics are walked from the least recently used on;
 * of very many only the last ones count. */
static void on_subscribe(struct tw_mqtt_topics *t, const struct tw_event *event,
    const struct tw_mqtt_named *named, struct tw_session_facts *facts)
{
    size_t skip =
        tw_table_size(t->topics) > MAX_MATCHED ? tw_table_size(t->topics) - MAX_MATCHED : 0;
    for (const struct topic *k = tw_table_oldest(t->topics); k != NULL;
         k = tw_table_newer(t->topics, k)) {
        if (skip > 0) {
            skip--;
            continue;
        }
        if (k->broker != named->broker)
            continue;
        facts->known_topics++;
        facts->filter_topics +=
            tw_topic_matches(event->object, (struct tw_str){k->text, k->text_len});
    }
}

void tw_mqtt_topics_event(struct tw_mqtt_topics *t, const struct tw_event *event,
    struct tw_mqtt_named *named, struct tw_session_facts *facts)
{
    if (event->object.len == 0)
        return;
    if (event->action == TW_ACTION_PUBLISH || event->action == TW_ACTION_DELIVER)
        on_publish(t, event, named, facts);
    else if (event->action == TW_ACTION_SUBSCRIBE)
        on_subscribe(t, event, named, facts);
}

/* What else the same payload may be depends on what else is said of it. */
static bool is_plain(const struct tw_event *e)
{
    const struct tw_mqtt_info *m = e->mqtt;
    return e->sparkplug == NULL && e->pubsub == NULL && m->mcp == NULL && m->decision == NULL &&
           m->content_type.len == 0 && m->payload_kind == TW_PAYLOAD_UNKNOWN &&
           m->payload_danger == TW_DANGER_NONE && m->payload_origin == TW_ORIGIN_NONE &&
           !e->truncated;
}

/* The publish that this delivery is one of. */
static const struct seen *find_seen(
    const struct tw_mqtt_topics *t, const struct tw_event *event, const struct tw_mqtt_named *named)
{
    const uint64_t key[2] = {event->mqtt->payload_hash, named->topic.a};
    const struct seen *s = tw_lately_find(t->seen, key);
    return s != NULL && event->ts_ns - s->ts_ns <= SEEN_NS ? s : NULL;
}

bool tw_mqtt_topics_seen(
    struct tw_mqtt_topics *t, const struct tw_event *event, const struct tw_mqtt_named *named)
{
    bool publish = event->action == TW_ACTION_PUBLISH && event->field.p == NULL;
    if ((!publish && event->action != TW_ACTION_DELIVER) || event->object.len == 0)
        return false;
    if (!publish)
        return find_seen(t, event, named) != NULL;
    const uint64_t key[2] = {event->mqtt->payload_hash, named->topic.a};
    *(struct seen *)tw_lately_add(t->seen, key) =
        (struct seen){.ts_ns = event->ts_ns, .is_plain = is_plain(event)};
    return false;
}

bool tw_mqtt_topics_pass(struct tw_mqtt_topics *t, const struct tw_event *delivery,
    struct tw_mqtt_named *named, struct tw_session_facts *facts)
{
    const struct seen *s =
        delivery->object.len > 0 && is_plain(delivery) ? find_seen(t, delivery, named) : NULL;
    if (s == NULL || !s->is_plain)
        return false;
    on_publish(t, delivery, named, facts);
    return facts->note->context != 0;
}
