#include "protocol/mqtt/state.h"

/* How much a packet looks like MQTT by its content. */
enum look { NO, CUT, WEAK, STRONG };

/* No legal CONNECT, SUBSCRIBE or acknowledgement comes near; a PUBLISH may be longer. */
enum { SANE_OTHER = TW_MQTT_MAX_PACKET };

bool tw_mqtt_sane_length(const struct tw_mqtt_header *h)
{
    if (h->type == TW_MQTT_PINGREQ || h->type == TW_MQTT_PINGRESP)
        return h->remaining < 128;
    return h->type == TW_MQTT_PUBLISH || h->remaining <= SANE_OTHER;
}

static bool printable(struct tw_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f)
            return false;
    }
    return s.len > 0 && tw_utf8_valid(s);
}

/* "MQTT", "MQIsdp", or something that wants to be: the first two letters tell it from other
 * protocols [MQTT5 3.1.2.1]. */
static enum look connect_look(struct tw_cur body, const struct tw_mqtt_header *h)
{
    uint16_t len;
    struct tw_str name;
    if (h->remaining < 3)
        return NO; /* no room for a name */
    if (!tw_cur_u16be(&body, &len) || body.left == 0)
        return CUT;
    if (len < 2 || len > 16)
        return NO;
    size_t have = body.left < len ? body.left : len;
    if (!tw_cur_bytes(&body, have, &name))
        return NO;
    struct tw_str start = {name.p, name.len < 2 ? name.len : 2};
    if (!tw_str_eq_nocase(start, (struct tw_str){"MQ", start.len}) || !printable(name))
        return NO;
    return name.len < 2 ? CUT : STRONG;
}

/* No topic at all: only with an alias, in 5.0 [MQTT5 3.3.2.1]. `body` is behind its length. */
static enum look alias_look(struct tw_cur body, const struct tw_mqtt_header *h)
{
    struct tw_mqtt_props props;
    uint16_t id = 1;
    if ((h->flags & 6) != 0 && !tw_cur_u16be(&body, &id))
        return CUT;
    if (id == 0 || tw_mqtt_props_read(&body, TW_MQTT_PUBLISH, true, &props) != TW_MQTT_FINE)
        return NO;
    return tw_mqtt_has(&props, 0x23) ? STRONG : NO;
}

static enum look publish_look(struct tw_cur body, const struct tw_mqtt_header *h)
{
    struct tw_str topic;
    uint16_t len, id;
    struct tw_cur at = body;
    if (!tw_cur_u16be(&at, &len))
        return h->remaining < 2 ? NO : CUT;
    if ((uint32_t)len + 2 > h->remaining)
        return NO;
    if (len == 0)
        return alias_look(at, h);
    if (!tw_mqtt_binary(&body, &topic)) {
        /* The last bytes may be half a character. */
        struct tw_str part = tw_cur_rest(&at);
        return part.len <= 4 || printable(tw_utf8_cut(part, part.len - 4)) ? CUT : NO;
    }
    if (!printable(topic) || memchr(topic.p, '#', topic.len) || memchr(topic.p, '+', topic.len))
        return NO;
    if ((h->flags & 6) != 0 && tw_cur_u16be(&body, &id) && id == 0)
        return NO;
    return STRONG;
}

static enum look request_look(struct tw_cur body, const struct tw_mqtt_header *h)
{
    struct tw_mqtt_request q;
    if (body.left < h->remaining)
        return CUT;
    bool fits = tw_mqtt_request_read(body, h->type, TW_MQTT_V311, &q) == TW_MQTT_FINE ||
                tw_mqtt_request_read(body, h->type, TW_MQTT_V5, &q) == TW_MQTT_FINE;
    return fits ? STRONG : NO;
}

/* The beginning of an acknowledgement: much text of other protocols starts with such a byte. */
static enum look cut_ack_look(struct tw_cur body, const struct tw_mqtt_header *h)
{
    uint16_t id;
    uint8_t reason;
    if (h->remaining > 1024)
        return NO;
    bool has_id = h->type >= TW_MQTT_PUBACK && h->type <= TW_MQTT_UNSUBACK;
    if (!has_id || !tw_cur_u16be(&body, &id))
        return CUT;
    bool has_reason = h->type <= TW_MQTT_PUBCOMP && tw_cur_u8(&body, &reason);
    if (id == 0 || (has_reason && tw_mqtt_reason_name(h->type, TW_MQTT_V5, reason) == NULL))
        return NO;
    return CUT;
}

static enum look ack_look(struct tw_cur body, const struct tw_mqtt_header *h)
{
    struct tw_mqtt_ack ack;
    if (body.left < h->remaining)
        return cut_ack_look(body, h);
    bool server = h->type == TW_MQTT_CONNACK;
    bool fits = (h->type != TW_MQTT_AUTH &&
                    tw_mqtt_ack_read(body, h->type, TW_MQTT_V311, server, &ack) == TW_MQTT_FINE) ||
                tw_mqtt_ack_read(body, h->type, TW_MQTT_V5, server, &ack) == TW_MQTT_FINE;
    return fits ? WEAK : NO;
}

/* The packet that starts with this header, `body` being as much as there is of what follows it. */
static enum look packet_look(struct tw_cur body, const struct tw_mqtt_header *h)
{
    struct tw_cur whole;
    if (h->overlong || !tw_mqtt_sane_length(h) || (h->flags != 0 && h->type == TW_MQTT_RESERVED))
        return NO;
    if (body.left > h->remaining && tw_cur_sub(&body, h->remaining, &whole))
        body = whole;
    if (h->type == TW_MQTT_CONNECT)
        return connect_look(body, h);
    if (tw_mqtt_header_anomaly(h, 0) != TW_MQTT_FINE)
        return NO;
    switch (h->type) {
    case TW_MQTT_PUBLISH:
        return publish_look(body, h);
    case TW_MQTT_SUBSCRIBE:
    case TW_MQTT_UNSUBSCRIBE:
        return request_look(body, h);
    case TW_MQTT_PINGREQ:
    case TW_MQTT_PINGRESP:
        return h->remaining == 0 ? WEAK : NO;
    default:
        return ack_look(body, h);
    }
}

/* Look at the packet at the start of `bytes`; `*left` becomes what is behind it, empty when it goes
 * on beyond them. */
static enum look look_at(struct tw_cur bytes, struct tw_cur *left)
{
    struct tw_mqtt_header h;
    enum tw_status st = tw_mqtt_header_read(bytes, &h);
    if (st == TW_NEED_MORE)
        return CUT;
    if (st != TW_OK || !tw_cur_skip(&bytes, h.size))
        return NO;
    enum look look = packet_look(bytes, &h);
    *left = bytes;
    if (!tw_cur_skip(left, h.remaining))
        *left = tw_cur_of(NULL, 0);
    return look;
}

/* A first packet of a new connection that no legal client sends, but that only makes sense as an
 * attack on a broker. The port has to confirm it. */
static bool hostile(struct tw_cur bytes)
{
    struct tw_mqtt_header h;
    enum tw_status st = tw_mqtt_header_read(bytes, &h);
    if (st == TW_NEED_MORE)
        return false;
    if (st != TW_OK || !tw_mqtt_sane_length(&h))
        return true;
    return bytes.left == h.size + h.remaining && bytes.left <= 512;
}

enum tw_probe tw_mqtt_probe(struct tw_cur bytes, unsigned direction, bool midstream)
{
    unsigned weak = 0;
    uint64_t proxy;
    if (!midstream && direction == 0) {
        enum tw_status st = tw_proxy_length(bytes, &proxy);
        if (st == TW_NEED_MORE || (st == TW_OK && proxy >= bytes.left))
            return TW_PROBE_MORE;
        if (st == TW_OK && !tw_cur_skip(&bytes, (size_t)proxy))
            return TW_PROBE_NO;
    }
    struct tw_cur left = bytes;
    while (left.left > 0) {
        enum look look = look_at(left, &left);
        if (look == STRONG)
            return TW_PROBE_YES;
        if (look == NO) {
            bool odd = !midstream && direction == 0 && weak == 0 && hostile(bytes);
            return odd ? TW_PROBE_WEAK : TW_PROBE_NO;
        }
        if (look == CUT)
            return weak > 0 ? TW_PROBE_WEAK : TW_PROBE_MORE;
        weak++;
    }
    if (weak >= 2)
        return TW_PROBE_YES;
    return weak == 1 ? TW_PROBE_WEAK : TW_PROBE_MORE;
}

/* A boundary after a loss: the packet must make sense, and so must what follows it, unless it ends
 * with the segment. One that goes on beyond the segment is only taken at its start. */
static bool is_boundary(struct tw_cur bytes, bool at_start, unsigned version)
{
    struct tw_mqtt_header h;
    struct tw_cur left = bytes, next;
    if (tw_mqtt_header_read(bytes, &h) != TW_OK ||
        tw_mqtt_header_anomaly(&h, version) != TW_MQTT_FINE)
        return false;
    enum look look = look_at(bytes, &left);
    if (look == NO || look == CUT)
        return false;
    size_t len = (size_t)h.size + h.remaining;
    if (len > bytes.left)
        return at_start && look == STRONG;
    if (len == bytes.left)
        return true;
    return look_at(left, &next) != NO;
}

size_t tw_mqtt_resync(struct tw_cur bytes, unsigned version)
{
    size_t all = bytes.left;
    for (bool first = true; bytes.left >= 2; first = false) {
        if (is_boundary(bytes, first, version))
            return all - bytes.left;
        if (!tw_cur_skip(&bytes, 1))
            break;
    }
    return all;
}
