#include "base/scan.h"
#include "protocol/mqtt/packet.h"

enum { CLIENT = 1, SERVER = 2, BOTH = 3 };

static const struct {
    const char *name;
    uint8_t senders;
    uint8_t flags; /* the only legal flags; PUBLISH has its own rules */
} types[16] = {
    [TW_MQTT_RESERVED] = {"RESERVED", 0, 0},
    [TW_MQTT_CONNECT] = {"CONNECT", CLIENT, 0},
    [TW_MQTT_CONNACK] = {"CONNACK", SERVER, 0},
    [TW_MQTT_PUBLISH] = {"PUBLISH", BOTH, 0},
    [TW_MQTT_PUBACK] = {"PUBACK", BOTH, 0},
    [TW_MQTT_PUBREC] = {"PUBREC", BOTH, 0},
    [TW_MQTT_PUBREL] = {"PUBREL", BOTH, 2},
    [TW_MQTT_PUBCOMP] = {"PUBCOMP", BOTH, 0},
    [TW_MQTT_SUBSCRIBE] = {"SUBSCRIBE", CLIENT, 2},
    [TW_MQTT_SUBACK] = {"SUBACK", SERVER, 0},
    [TW_MQTT_UNSUBSCRIBE] = {"UNSUBSCRIBE", CLIENT, 2},
    [TW_MQTT_UNSUBACK] = {"UNSUBACK", SERVER, 0},
    [TW_MQTT_PINGREQ] = {"PINGREQ", CLIENT, 0},
    [TW_MQTT_PINGRESP] = {"PINGRESP", SERVER, 0},
    [TW_MQTT_DISCONNECT] = {"DISCONNECT", BOTH, 0},
    [TW_MQTT_AUTH] = {"AUTH", BOTH, 0},
};

static const char *const anomaly_names[] = {NULL,
#define ANOMALY_NAME(id, name, doc) name,
    TW_MQTT_ANOMALY_TABLE(ANOMALY_NAME)
#undef ANOMALY_NAME
};

const char *tw_mqtt_anomaly_name(enum tw_mqtt_anomaly anomaly)
{
    return anomaly_names[anomaly];
}

const char *tw_mqtt_type_name(unsigned type)
{
    return types[type & 15].name;
}

unsigned tw_mqtt_type_senders(unsigned type)
{
    return types[type & 15].senders;
}

/* [MQTT5 1.5.5]: seven bits a byte, the lowest first, the top bit says that more follow. */
enum tw_status tw_mqtt_header_read(struct tw_cur bytes, struct tw_mqtt_header *out)
{
    uint8_t first, b;
    if (!tw_cur_u8(&bytes, &first))
        return TW_NEED_MORE;
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++) {
        if (!tw_cur_u8(&bytes, &b))
            return TW_NEED_MORE;
        value |= (uint32_t)(b & 0x7f) << (7 * i);
        if ((b & 0x80) == 0) {
            *out = (struct tw_mqtt_header){
                (uint8_t)(first >> 4), first & 0x0f, (uint8_t)(i + 2), i > 0 && b == 0, value};
            return TW_OK;
        }
    }
    return TW_MALFORMED;
}

enum tw_mqtt_anomaly tw_mqtt_header_anomaly(const struct tw_mqtt_header *h, unsigned version)
{
    if (h->type == TW_MQTT_RESERVED)
        return TW_MQTT_RESERVED_TYPE;
    if (h->type == TW_MQTT_AUTH && version != 0 && version < TW_MQTT_V5)
        return TW_MQTT_RESERVED_TYPE;
    if (h->type == TW_MQTT_PUBLISH) {
        if ((h->flags & 6) == 6)
            return TW_MQTT_QOS_3;
        return (h->flags & 0x0e) == 8 && version != TW_MQTT_V31 ? TW_MQTT_DUP_ON_QOS_0
                                                                : TW_MQTT_FINE;
    }
    /* 3.1 calls DUP, QoS and RETAIN of the others unused, and real peers do set them. CONNECT tells
     * its version itself. */
    if (version == TW_MQTT_V31 || h->type == TW_MQTT_CONNECT)
        return TW_MQTT_FINE;
    return h->flags != types[h->type].flags ? TW_MQTT_RESERVED_FLAGS : TW_MQTT_FINE;
}

bool tw_mqtt_varint(struct tw_cur *c, uint32_t *out, bool *out_overlong)
{
    struct tw_cur at = tw_cur_here(c);
    uint32_t value = 0;
    uint8_t b;
    for (unsigned i = 0; i < 4; i++) {
        if (!tw_cur_u8(&at, &b))
            return false;
        value |= (uint32_t)(b & 0x7f) << (7 * i);
        if ((b & 0x80) == 0) {
            tw_cur_move(c, &at);
            *out = value;
            *out_overlong = i > 0 && b == 0;
            return true;
        }
    }
    return false;
}

bool tw_mqtt_binary(struct tw_cur *c, struct tw_str *out)
{
    struct tw_cur at = tw_cur_here(c);
    uint16_t len;
    if (!tw_cur_u16be(&at, &len) || !tw_cur_bytes(&at, len, out))
        return false;
    tw_cur_move(c, &at);
    return true;
}

enum tw_mqtt_anomaly tw_mqtt_text_anomaly(struct tw_str s)
{
    if (s.len == 0)
        return TW_MQTT_FINE;
    if (tw_scan_printable(s) == s.len)
        return TW_MQTT_FINE;
    return memchr(s.p, 0, s.len) != NULL || !tw_utf8_valid(s) ? TW_MQTT_BAD_UTF8 : TW_MQTT_FINE;
}

bool tw_mqtt_has_control(struct tw_str s)
{
    for (size_t i = tw_scan_printable(s); i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f)
            return true;
        /* U+0080 to U+009F are C2 80 to C2 9F. */
        if (c == 0xc2 && i + 1 < s.len && (unsigned char)s.p[i + 1] < 0xa0)
            return true;
    }
    return false;
}
