#include "protocol/pubsub/topic.h"

#include "base/scan.h"

/* Levels before the encoding that are looked at: a prefix of more is nobody's. */
enum { MAX_PREFIX = 8, ENCODING_LEN = 4 };

static bool next_level(struct tw_str *rest, struct tw_str *out)
{
    if (rest->p == NULL)
        return false;
    const char *slash = rest->len > 0 ? memchr(rest->p, '/', rest->len) : NULL;
    const size_t len = slash == NULL ? rest->len : (size_t)(slash - rest->p);
    *out = (struct tw_str){rest->p, len};
    *rest = slash == NULL ? TW_STR_NONE : (struct tw_str){slash + 1, rest->len - len - 1};
    return true;
}

static enum tw_pubsub_encoding encoding_of(struct tw_str level)
{
    if (level.len != ENCODING_LEN)
        return TW_PUBSUB_NEITHER;
    if (memcmp(level.p, "json", ENCODING_LEN) == 0)
        return TW_PUBSUB_JSON;
    return memcmp(level.p, "uadp", ENCODING_LEN) == 0 ? TW_PUBSUB_UADP : TW_PUBSUB_NEITHER;
}

static bool is_message_type(struct tw_str level)
{
    static const char *const types[] = {"data", "metadata", "status", "connection", "application",
        "endpoints", "action-request", "action-response", "action-metadata", "action-responder"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (tw_str_is(level, types[i]))
            return true;
    return false;
}

/* Is there a level with the name of an encoding, and more behind it? Spares nearly all topics being
 * taken apart: slashes are looked for in eight bytes at once, in the end in the last eight. */
static bool names_encoding(struct tw_str topic)
{
    uint64_t w;
    size_t level = 0;
    if (topic.len < sizeof(w))
        return false;
    for (size_t at = 0; at < topic.len; at += sizeof(w)) {
        const size_t last = topic.len - sizeof(w), from = at < last ? at : last;
        memcpy(&w, topic.p + from, sizeof(w));
        uint64_t slashes = tw_scan_each(le64toh(w), '/') >> 8 * (at - from) << 8 * (at - from);
        for (; slashes != 0; slashes &= slashes - 1) {
            const size_t slash = from + (size_t)__builtin_ctzll(slashes) / 8;
            if (encoding_of((struct tw_str){topic.p + level, slash - level}) != TW_PUBSUB_NEITHER)
                return true;
            level = slash + 1;
        }
    }
    return false;
}

/* <Prefix>/<Encoding>/<MessageType>/<PublisherId>[/<WriterGroup>[/<DataSetWriter>]]; a prefix may
 * have several levels. */
static void by_topic(struct tw_str topic, struct tw_pubsub_place *out)
{
    struct tw_str rest = topic, level, type, publisher;
    if (!names_encoding(topic) || !next_level(&rest, &level))
        return;
    for (unsigned i = 0; i < MAX_PREFIX && next_level(&rest, &level); i++) {
        const enum tw_pubsub_encoding encoding = encoding_of(level);
        struct tw_str after = rest;
        if (encoding == TW_PUBSUB_NEITHER || !next_level(&after, &type) || !is_message_type(type) ||
            !next_level(&after, &publisher) || publisher.len == 0)
            continue;
        out->encoding = encoding;
        out->by_topic = true;
        out->message_type = type;
        out->publisher = publisher;
        (void)next_level(&after, &out->writer_group);
        (void)next_level(&after, &out->writer);
        return;
    }
}

static struct tw_str property(const struct tw_mqtt_info *mqtt, const char *name)
{
    const struct tw_value *all = mqtt->user_properties;
    for (uint32_t i = 0; all != NULL && i < all->n; i++)
        if (all->items[i].kind == TW_VALUE_STRING && tw_str_is(all->items[i].name, name))
            return all->items[i].s;
    return TW_STR_NONE;
}

static void by_properties(const struct tw_mqtt_info *mqtt, struct tw_pubsub_place *out)
{
    static const struct tw_str prefix = {"ua-", 3};
    const bool uadp = tw_str_is(mqtt->content_type, "application/opcua+uadp");
    const struct tw_str type =
        mqtt->user_properties == NULL ? TW_STR_NONE : property(mqtt, "UAMessageType");
    const bool marked = type.len > prefix.len && tw_str_starts(type, prefix);
    if (uadp)
        out->encoding = TW_PUBSUB_UADP;
    else if (marked && out->encoding == TW_PUBSUB_NEITHER)
        out->encoding = TW_PUBSUB_JSON;
    if (marked)
        out->message_type = (struct tw_str){type.p + prefix.len, type.len - prefix.len};
}

void tw_pubsub_place(
    struct tw_str topic, const struct tw_mqtt_info *mqtt, struct tw_pubsub_place *out)
{
    *out = (struct tw_pubsub_place){.encoding = TW_PUBSUB_NEITHER};
    by_topic(topic, out);
    if (mqtt != NULL && (mqtt->content_type.p != NULL || mqtt->user_properties != NULL))
        by_properties(mqtt, out);
}
