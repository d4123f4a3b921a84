#include "protocol/mqtt/packet.h"

#include "base/hash.h"
#include "base/scan.h"
#include "base/topic.h"

/* Flags of CONNECT [MQTT5 3.1.2.3]. */
enum {
    USERNAME = 0x80,
    PASSWORD = 0x40,
    WILL_RETAIN = 0x20,
    WILL_QOS = 0x18,
    WILL = 0x04,
    CLEAN = 0x02
};

static enum tw_mqtt_anomaly read_text(struct tw_cur *c, struct tw_str *out)
{
    if (!tw_mqtt_binary(c, out))
        return TW_MQTT_SHORT_PACKET;
    return tw_mqtt_text_anomaly(*out);
}

static enum tw_mqtt_anomaly connect_flags_anomaly(uint8_t flags, unsigned level)
{
    if ((flags & 1) != 0)
        return level == TW_MQTT_V31 ? TW_MQTT_FINE : TW_MQTT_CONNECT_FLAGS;
    if ((flags & WILL_QOS) == WILL_QOS)
        return TW_MQTT_WILL_FLAGS;
    if ((flags & WILL) == 0 && (flags & (WILL_QOS | WILL_RETAIN)) != 0)
        return level == TW_MQTT_V31 ? TW_MQTT_FINE : TW_MQTT_WILL_FLAGS;
    if ((flags & PASSWORD) != 0 && (flags & USERNAME) == 0 && level < TW_MQTT_V5)
        return TW_MQTT_PASSWORD_WITHOUT_USER; /* [MQTT311 3.1.2.9] */
    return TW_MQTT_FINE;
}

/* Protocol name and level [MQTT5 3.1.2.1, 3.1.2.2]. Some bridges set the level's top bit. */
static enum tw_mqtt_anomaly connect_version(struct tw_cur *c, struct tw_mqtt_connect *out)
{
    uint8_t level;
    if (!tw_mqtt_binary(c, &out->name))
        return TW_MQTT_SHORT_PACKET;
    bool old = tw_str_is(out->name, "MQIsdp");
    if (!old && !tw_str_is(out->name, "MQTT"))
        return TW_MQTT_BAD_PROTOCOL_NAME;
    if (!tw_cur_u8(c, &level))
        return TW_MQTT_SHORT_PACKET;
    out->level = level & 0x7f;
    out->bridge = (level & 0x80) != 0;
    bool known =
        old ? out->level == TW_MQTT_V31 : out->level == TW_MQTT_V311 || out->level == TW_MQTT_V5;
    return known ? TW_MQTT_FINE : TW_MQTT_BAD_PROTOCOL_LEVEL;
}

/* Of UTF-8. */
static size_t characters(struct tw_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static enum tw_mqtt_anomaly connect_will(struct tw_cur *c, struct tw_mqtt_connect *out)
{
    enum tw_mqtt_anomaly anomaly = TW_MQTT_FINE;
    if (out->level == TW_MQTT_V5)
        anomaly = tw_mqtt_props_read(c, TW_MQTT_WILL, false, &out->will_props);
    if (anomaly == TW_MQTT_FINE)
        anomaly = read_text(c, &out->will_topic);
    if (anomaly != TW_MQTT_FINE)
        return anomaly;
    if (!tw_mqtt_binary(c, &out->will_payload))
        return TW_MQTT_SHORT_PACKET;
    if (out->will_topic.len == 0)
        return TW_MQTT_EMPTY_TOPIC;
    return tw_topic_has_wildcard(out->will_topic) ? TW_MQTT_WILDCARD_IN_TOPIC : TW_MQTT_FINE;
}

/* The parts of a token are Base64 of JSON, joined by dots; the first begins with an object. */
static uint64_t token_of(struct tw_str password)
{
    unsigned dots = 0;
    if (!tw_str_starts(password, TW_STR("eyJ")))
        return 0;
    for (size_t i = 0; i < password.len; i++)
        dots += password.p[i] == '.';
    const uint64_t bits = ((uint64_t)1 << 48) - 1;
    return dots == 2 ? tw_hash_stable(password.p, password.len) & bits : 0;
}

/* Client id, will and credentials [MQTT5 3.1.3]. The password is passed over and goes nowhere; of a
 * token its digest is kept. */
static enum tw_mqtt_anomaly connect_payload(
    struct tw_cur *c, uint8_t flags, struct tw_mqtt_connect *out)
{
    struct tw_str password;
    enum tw_mqtt_anomaly anomaly = read_text(c, &out->client_id);
    if (anomaly != TW_MQTT_FINE)
        return anomaly;
    out->has_client_id = true;
    if (out->has_will) {
        anomaly = connect_will(c, out);
        if (anomaly != TW_MQTT_FINE)
            return anomaly;
    }
    /* 3.1 lets the credentials be missing in spite of the flags [MQTT31 3.1]. */
    bool may_end = out->level == TW_MQTT_V31 && c->left == 0;
    if ((flags & USERNAME) != 0 && !may_end) {
        anomaly = read_text(c, &out->username);
        if (anomaly != TW_MQTT_FINE)
            return anomaly;
        out->has_username = true;
    }
    may_end = out->level == TW_MQTT_V31 && c->left == 0;
    if ((flags & PASSWORD) != 0 && !may_end) {
        if (!tw_mqtt_binary(c, &password))
            return TW_MQTT_SHORT_PACKET;
        out->has_password = true;
        out->token = token_of(password);
    }
    if (c->left > 0)
        return TW_MQTT_TRAILING_BYTES;
    if (out->level == TW_MQTT_V31 && characters(out->client_id) > 23)
        return TW_MQTT_CLIENT_ID_TOO_LONG;
    bool empty = out->client_id.len == 0;
    if (empty && (out->level == TW_MQTT_V31 || (out->level < TW_MQTT_V5 && !out->clean_start)))
        return TW_MQTT_EMPTY_CLIENT_ID; /* [MQTT311 3.1.3.1]; 3.1 wants 1 to 23 characters */
    return TW_MQTT_FINE;
}

enum tw_mqtt_anomaly tw_mqtt_connect_read(
    struct tw_cur body, uint8_t header_flags, struct tw_mqtt_connect *out)
{
    *out = (struct tw_mqtt_connect){0};
    uint8_t flags;
    enum tw_mqtt_anomaly version = connect_version(&body, out);
    if (version != TW_MQTT_FINE && out->level == 0)
        return version;
    if (header_flags != 0 && out->level != TW_MQTT_V31)
        return TW_MQTT_RESERVED_FLAGS;
    if (!tw_cur_u8(&body, &flags) || !tw_cur_u16be(&body, &out->keep_alive))
        return version != TW_MQTT_FINE ? version : TW_MQTT_SHORT_PACKET;
    out->clean_start = (flags & CLEAN) != 0;
    out->has_will = (flags & WILL) != 0;
    out->no_username = (flags & USERNAME) == 0;
    out->will_qos = (uint8_t)((flags & WILL_QOS) >> 3);
    out->will_retain = (flags & WILL_RETAIN) != 0;
    enum tw_mqtt_anomaly anomaly = connect_flags_anomaly(flags, out->level);
    if (anomaly == TW_MQTT_FINE && out->level == TW_MQTT_V5)
        anomaly = tw_mqtt_props_read(&body, TW_MQTT_CONNECT, false, &out->props);
    if (anomaly == TW_MQTT_FINE)
        anomaly = connect_payload(&body, flags, out);
    /* With a level nobody knows the rest was read on trust: it only counts when it made sense. */
    if (version != TW_MQTT_FINE && anomaly != TW_MQTT_FINE)
        out->has_client_id = out->has_username = false;
    return version != TW_MQTT_FINE ? version : anomaly;
}

static enum tw_mqtt_anomaly topic_name(struct tw_cur *c, struct tw_mqtt_publish *out)
{
    if (!tw_mqtt_binary(c, &out->topic))
        return TW_MQTT_SHORT_PACKET;
    out->is_plain = out->topic.len > 0 && tw_scan_is_plain_name(out->topic);
    if (out->is_plain)
        return TW_MQTT_FINE;
    const enum tw_mqtt_anomaly anomaly = tw_mqtt_text_anomaly(out->topic);
    if (anomaly != TW_MQTT_FINE)
        return anomaly;
    return tw_topic_has_wildcard(out->topic) ? TW_MQTT_WILDCARD_IN_TOPIC
                                             : TW_MQTT_FINE; /* [MQTT5 3.3.2.1] */
}

enum tw_mqtt_anomaly tw_mqtt_publish_read(struct tw_cur body, uint8_t flags, unsigned version,
    bool from_server, struct tw_mqtt_publish *out)
{
    *out = (struct tw_mqtt_publish){0};
    enum tw_mqtt_anomaly anomaly = topic_name(&body, out);
    if (anomaly != TW_MQTT_FINE)
        return anomaly;
    if ((flags & 6) != 0) {
        if (!tw_cur_u16be(&body, &out->id))
            return TW_MQTT_SHORT_PACKET;
        if (out->id == 0)
            return TW_MQTT_PACKET_ID_ZERO; /* [MQTT5 2.2.1] */
    }
    if (version == TW_MQTT_V5) {
        anomaly = tw_mqtt_props_read(&body, TW_MQTT_PUBLISH, from_server, &out->props);
        if (anomaly != TW_MQTT_FINE)
            return anomaly;
    }
    out->payload = tw_cur_rest(&body);
    return out->topic.len == 0 && !tw_mqtt_has(&out->props, 0x23) ? TW_MQTT_EMPTY_TOPIC
                                                                  : TW_MQTT_FINE;
}

static enum tw_mqtt_anomaly connack_start(
    struct tw_cur *c, unsigned version, struct tw_mqtt_ack *out)
{
    uint8_t flags;
    if (!tw_cur_u8(c, &flags) || !tw_cur_u8(c, &out->reason))
        return TW_MQTT_SHORT_PACKET;
    out->has_reason = true;
    out->session_present = (flags & 1) != 0;
    /* The byte is reserved in 3.1. A session is only present when the server accepted. */
    if (version == TW_MQTT_V31)
        return TW_MQTT_FINE;
    if (flags > 1 || (flags == 1 && out->reason != 0))
        return TW_MQTT_CONNACK_FLAGS;
    return TW_MQTT_FINE;
}

/* SUBACK and UNSUBACK: a code per filter; 3.x UNSUBACK has none. */
static enum tw_mqtt_anomaly codes(
    struct tw_cur *c, unsigned type, unsigned version, struct tw_mqtt_ack *out)
{
    bool none = type == TW_MQTT_UNSUBACK && version != TW_MQTT_V5;
    if (none)
        return c->left > 0 ? TW_MQTT_TRAILING_BYTES : TW_MQTT_FINE;
    out->codes = tw_cur_rest(c);
    if (c->left == 0)
        return TW_MQTT_SHORT_PACKET;
    for (size_t i = 0; i < out->codes.len; i++) {
        if (tw_mqtt_reason_name(type, version, (uint8_t)out->codes.p[i]) == NULL)
            return TW_MQTT_BAD_REASON;
    }
    return TW_MQTT_FINE;
}

/* What stands before reason and properties. */
static enum tw_mqtt_anomaly ack_start(
    struct tw_cur *c, unsigned type, unsigned version, struct tw_mqtt_ack *out)
{
    if (type == TW_MQTT_CONNACK)
        return connack_start(c, version, out);
    if (type != TW_MQTT_DISCONNECT && type != TW_MQTT_AUTH) {
        if (!tw_cur_u16be(c, &out->id))
            return TW_MQTT_SHORT_PACKET;
        if (out->id == 0)
            return TW_MQTT_PACKET_ID_ZERO;
    }
    if (type == TW_MQTT_SUBACK || type == TW_MQTT_UNSUBACK || version != TW_MQTT_V5)
        return TW_MQTT_FINE;
    /* The reason, and the properties behind it, may be left out
     * [MQTT5 3.4.2.1, 3.14.2.1, 3.15.2.1]. */
    if (c->left > 0)
        out->has_reason = tw_cur_u8(c, &out->reason);
    return TW_MQTT_FINE;
}

/* A DISCONNECT's reasons that only the client, or only the server, may give [MQTT5 3.14.2.1]. */
static bool may_say(uint8_t reason, bool from_server)
{
    static const uint8_t server_only[] = {
        0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2};
    if (from_server)
        return reason != 0x04;
    return memchr(server_only, reason, sizeof(server_only)) == NULL;
}

enum tw_mqtt_anomaly tw_mqtt_ack_read(
    struct tw_cur body, unsigned type, unsigned version, bool from_server, struct tw_mqtt_ack *out)
{
    *out = (struct tw_mqtt_ack){0};
    enum tw_mqtt_anomaly anomaly = ack_start(&body, type, version, out);
    if (anomaly != TW_MQTT_FINE)
        return anomaly;
    bool must_have_props =
        type == TW_MQTT_CONNACK || type == TW_MQTT_SUBACK || type == TW_MQTT_UNSUBACK;
    if (version == TW_MQTT_V5 && (must_have_props || body.left > 0)) {
        anomaly = tw_mqtt_props_read(&body, type, from_server, &out->props);
        if (anomaly != TW_MQTT_FINE)
            return anomaly;
    }
    if (type == TW_MQTT_SUBACK || type == TW_MQTT_UNSUBACK)
        return codes(&body, type, version, out);
    if (out->has_reason && tw_mqtt_reason_name(type, version, out->reason) == NULL)
        return TW_MQTT_BAD_REASON;
    if (type == TW_MQTT_DISCONNECT && !may_say(out->reason, from_server))
        return TW_MQTT_BAD_REASON;
    return body.left > 0 ? TW_MQTT_TRAILING_BYTES : TW_MQTT_FINE;
}

bool tw_mqtt_filter_next(
    struct tw_cur *c, unsigned type, struct tw_str *out_filter, uint8_t *out_options)
{
    *out_options = 0;
    return tw_mqtt_binary(c, out_filter) &&
           (type != TW_MQTT_SUBSCRIBE || tw_cur_u8(c, out_options));
}

/* Subscription options [MQTT5 3.8.3.1]: QoS, No Local, Retain As Published, Retain Handling. */
static enum tw_mqtt_anomaly options_anomaly(uint8_t options, bool shared, unsigned version)
{
    if ((options & 3) == 3)
        return TW_MQTT_QOS_3;
    if (version == TW_MQTT_V31)
        return TW_MQTT_FINE;
    if (version != TW_MQTT_V5)
        return (options & 0xfc) != 0 ? TW_MQTT_SUBSCRIBE_OPTIONS : TW_MQTT_FINE;
    if ((options & 0xc0) != 0 || (options & 0x30) == 0x30)
        return TW_MQTT_SUBSCRIBE_OPTIONS;
    return shared && (options & 4) != 0 ? TW_MQTT_NO_LOCAL_ON_SHARED : TW_MQTT_FINE;
}

static enum tw_mqtt_anomaly filter_anomaly(struct tw_str filter, unsigned version, bool *out_shared)
{
    *out_shared = false;
    if (filter.len == 0)
        return TW_MQTT_EMPTY_FILTER;
    enum tw_mqtt_anomaly anomaly = tw_mqtt_text_anomaly(filter);
    if (anomaly != TW_MQTT_FINE)
        return anomaly;
    struct tw_str rest = version == TW_MQTT_V5 ? tw_topic_unshared(filter, out_shared) : filter;
    return tw_topic_filter_valid(rest) ? TW_MQTT_FINE : TW_MQTT_BAD_FILTER;
}

enum tw_mqtt_anomaly tw_mqtt_request_read(
    struct tw_cur body, unsigned type, unsigned version, struct tw_mqtt_request *out)
{
    *out = (struct tw_mqtt_request){0};
    if (!tw_cur_u16be(&body, &out->id))
        return TW_MQTT_SHORT_PACKET;
    if (out->id == 0)
        return TW_MQTT_PACKET_ID_ZERO;
    if (version == TW_MQTT_V5) {
        enum tw_mqtt_anomaly anomaly = tw_mqtt_props_read(&body, type, false, &out->props);
        if (anomaly != TW_MQTT_FINE)
            return anomaly;
    }
    out->filters = body;
    if (body.left == 0)
        return TW_MQTT_NO_FILTERS; /* [MQTT5 3.8.3, 3.10.3] */
    while (body.left > 0) {
        struct tw_str filter;
        uint8_t options;
        bool shared;
        if (!tw_mqtt_filter_next(&body, type, &filter, &options))
            return TW_MQTT_SHORT_PACKET;
        enum tw_mqtt_anomaly anomaly = filter_anomaly(filter, version, &shared);
        if (anomaly == TW_MQTT_FINE)
            anomaly = options_anomaly(options, shared, version);
        if (anomaly != TW_MQTT_FINE)
            return anomaly;
        out->n++;
    }
    return TW_MQTT_FINE;
}
