/* Predefined topic ids of MQTT-SN: numbers that are never explained on the wire [MQTT-SN 3]. */

#include "base/topic.h"
#include "event/secret.h"
#include "registry/load.h"

enum { MAX_ID = 0xfffe };

static bool read_id(struct tw_str s, uint16_t *out)
{
    uint32_t v = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || i == 5)
            return false;
        v = v * 10 + (uint32_t)(s.p[i] - '0');
    }
    *out = (uint16_t)v;
    return v > 0 && v <= MAX_ID;
}

static bool load_topic(struct tw_load *l, const struct tw_entry *e, const struct tw_node *n,
    struct tw_sn_topic_def *out)
{
    struct tw_sn_topic_def def = {.gateway = e};
    if (!read_id(n->key, &def.id)) {
        tw_yaml_error(l->y, l->d, n, true, NULL, "a predefined topic id is 1 to %d", MAX_ID);
        return false;
    }
    if (n->kind != TW_NODE_SCALAR) {
        tw_yaml_error(l->y, l->d, n, false, NULL, "this must be the name of a topic");
        return false;
    }
    if (!tw_load_check_filter(l, n, &def.topic))
        return false;
    if (memchr(def.topic.p, '+', def.topic.len) || memchr(def.topic.p, '#', def.topic.len)) {
        tw_yaml_error(l->y, l->d, n, false, NULL, "a topic that is published has neither + nor #");
        return false;
    }
    *out = def;
    return true;
}

void tw_load_sn_topics(struct tw_load *l)
{
    struct tw_registry *r = l->r;
    size_t n = 0;
    for (size_t i = 0; i < r->n_assets; i++) {
        const struct tw_node *map = tw_load_map(r->entries[i].node, "mqtt_sn_topics");
        n += map != NULL ? map->n : 0;
    }
    r->sn_topics = tw_load_keep(l, n, sizeof(*r->sn_topics));
    for (size_t i = 0; r->sn_topics != NULL && i < r->n_assets; i++) {
        const struct tw_entry *e = &r->entries[i];
        const struct tw_node *map = tw_load_map(e->node, "mqtt_sn_topics");
        for (size_t k = 0; map != NULL && k < map->n; k++)
            r->n_sn_topics += load_topic(l, e, &map->children[k], &r->sn_topics[r->n_sn_topics]);
    }
}

static bool is_at(const struct tw_entry *e, const struct tw_endpoint *at)
{
    const size_t len = at->ip.family == 6 ? 16 : 4;
    for (size_t i = 0; i < e->ids[TW_ID_IP].n; i++) {
        const struct tw_str ip = e->ids[TW_ID_IP].list[i];
        if (ip.len == len + 1 && (uint8_t)ip.p[0] == at->ip.family &&
            memcmp(ip.p + 1, at->ip.b, len) == 0)
            return true;
    }
    return false;
}

static const struct tw_sn_topic_def *find(const struct tw_registry *r, const struct tw_event *e)
{
    for (size_t i = 0; i < r->n_sn_topics; i++) {
        const struct tw_sn_topic_def *def = &r->sn_topics[i];
        if (def->id == e->mqtt->topic_id &&
            (is_at(def->gateway, &e->src) || is_at(def->gateway, &e->dst)))
            return def;
    }
    return NULL;
}

void tw_registry_name_topic(const struct tw_registry *r, struct tw_event *event)
{
    if (r->n_sn_topics == 0 || event->mqtt == NULL || !event->object_null ||
        event->mqtt->topic_id_type == NULL ||
        !tw_str_is(tw_str_of(event->mqtt->topic_id_type), "predefined"))
        return;
    const struct tw_sn_topic_def *def = find(r, event);
    if (def == NULL)
        return;
    event->object = def->topic;
    event->object_null = false;
    event->mqtt->alias_unresolved = false;
    if (tw_secret_name(def->topic) && event->value.kind > TW_VALUE_NULL) {
        event->value = (struct tw_value){.kind = TW_VALUE_STRING, .s = TW_REDACTED};
        event->type = "string";
    }
}
