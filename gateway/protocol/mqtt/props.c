#include <stddef.h>

#include "base/topic.h"
#include "protocol/mqtt/packet.h"

/* How a property is written [MQTT5 2.2.2.2]. */
enum form { NONE, BYTE, BOOLEAN, TWO, FOUR, VARINT, TEXT, BINARY, PAIR };

enum {
    WILL = 1 << TW_MQTT_WILL,
    CONNECT = 1 << TW_MQTT_CONNECT,
    CONNACK = 1 << TW_MQTT_CONNACK,
    PUBLISH = 1 << TW_MQTT_PUBLISH,
    PUBACK = 1 << TW_MQTT_PUBACK,
    PUBREC = 1 << TW_MQTT_PUBREC,
    PUBREL = 1 << TW_MQTT_PUBREL,
    PUBCOMP = 1 << TW_MQTT_PUBCOMP,
    SUBSCRIBE = 1 << TW_MQTT_SUBSCRIBE,
    SUBACK = 1 << TW_MQTT_SUBACK,
    UNSUBSCRIBE = 1 << TW_MQTT_UNSUBSCRIBE,
    UNSUBACK = 1 << TW_MQTT_UNSUBACK,
    DISCONNECT = 1 << TW_MQTT_DISCONNECT,
    AUTH = 1 << TW_MQTT_AUTH,
    ACKS = PUBACK | PUBREC | PUBREL | PUBCOMP | SUBACK | UNSUBACK,
    ANY = 0xffff & ~(1 << TW_MQTT_PINGREQ | 1 << TW_MQTT_PINGRESP),
};

enum { LAST_ID = 0x2a };

#define AT(member) offsetof(struct tw_mqtt_props, member)

static const struct rule {
    uint8_t form;
    bool not_zero;
    uint16_t where, at; /* at: where in struct tw_mqtt_props its value goes */
} rules[LAST_ID + 1] = {
    [0x01] = {BYTE, false, PUBLISH | WILL, AT(payload_format)},
    [0x02] = {FOUR, false, PUBLISH | WILL, AT(message_expiry)},
    [0x03] = {TEXT, false, PUBLISH | WILL, AT(content_type)},
    [0x08] = {TEXT, false, PUBLISH | WILL, AT(response_topic)},
    [0x09] = {BINARY, false, PUBLISH | WILL, AT(correlation)},
    [0x0b] = {VARINT, true, PUBLISH | SUBSCRIBE, AT(subscription_id)},
    [0x11] = {FOUR, false, CONNECT | CONNACK | DISCONNECT, AT(session_expiry)},
    [0x12] = {TEXT, false, CONNACK, AT(assigned_id)},
    [0x13] = {TWO, false, CONNACK, AT(server_keep_alive)},
    [0x15] = {TEXT, false, CONNECT | CONNACK | AUTH, AT(auth_method)},
    [0x16] = {BINARY, false, CONNECT | CONNACK | AUTH, AT(auth_data)},
    [0x17] = {BOOLEAN, false, CONNECT, AT(wants_problem)},
    [0x18] = {FOUR, false, WILL, AT(will_delay)},
    [0x19] = {BOOLEAN, false, CONNECT, AT(wants_response)},
    [0x1a] = {TEXT, false, CONNACK, AT(response_information)},
    [0x1c] = {TEXT, false, CONNACK | DISCONNECT, AT(server_reference)},
    [0x1f] = {TEXT, false, CONNACK | ACKS | DISCONNECT | AUTH, AT(reason_string)},
    [0x21] = {TWO, true, CONNECT | CONNACK, AT(receive_max)},
    [0x22] = {TWO, false, CONNECT | CONNACK, AT(alias_max)},
    [0x23] = {TWO, true, PUBLISH, AT(alias)},
    [0x24] = {BOOLEAN, false, CONNACK, AT(qos_max)},
    [0x25] = {BOOLEAN, false, CONNACK, AT(retain)},
    [0x26] = {PAIR, false, ANY, AT(n_user)},
    [0x27] = {FOUR, true, CONNECT | CONNACK, AT(packet_max)},
    [0x28] = {BOOLEAN, false, CONNACK, AT(wildcards)},
    [0x29] = {BOOLEAN, false, CONNACK, AT(subscription_ids)},
    [0x2a] = {BOOLEAN, false, CONNACK, AT(shared)},
};

struct prop {
    uint8_t id;
    uint32_t n;         /* BYTE to VARINT */
    struct tw_str a, b; /* TEXT, BINARY: a; PAIR: both */
};

static bool read_value(
    struct tw_cur *c, enum form form, struct prop *out, enum tw_mqtt_anomaly *anomaly)
{
    uint8_t b;
    uint16_t two;
    bool overlong = false;
    switch (form) {
    case BYTE:
    case BOOLEAN:
        if (!tw_cur_u8(c, &b))
            return false;
        out->n = b;
        *anomaly = form == BOOLEAN && b > 1 ? TW_MQTT_PROPERTY_VALUE : TW_MQTT_FINE;
        return true;
    case TWO:
        if (!tw_cur_u16be(c, &two))
            return false;
        out->n = two;
        return true;
    case FOUR:
        return tw_cur_u32be(c, &out->n);
    case VARINT:
        if (!tw_mqtt_varint(c, &out->n, &overlong))
            return false;
        *anomaly = overlong ? TW_MQTT_BAD_VARINT : TW_MQTT_FINE;
        return true;
    case TEXT:
        if (!tw_mqtt_binary(c, &out->a))
            return false;
        *anomaly = tw_mqtt_text_anomaly(out->a);
        return true;
    case BINARY:
        return tw_mqtt_binary(c, &out->a);
    case PAIR:
        if (!tw_mqtt_binary(c, &out->a) || !tw_mqtt_binary(c, &out->b))
            return false;
        *anomaly = tw_mqtt_text_anomaly(out->a);
        if (*anomaly == TW_MQTT_FINE)
            *anomaly = tw_mqtt_text_anomaly(out->b);
        return true;
    case NONE:
        break;
    }
    return false;
}

/* One property, with what its own rule says of it. */
static enum tw_mqtt_anomaly read_prop(struct tw_cur *c, struct prop *out)
{
    uint32_t id;
    bool overlong;
    enum tw_mqtt_anomaly anomaly = TW_MQTT_FINE;
    if (!tw_mqtt_varint(c, &id, &overlong))
        return TW_MQTT_PROPERTY_LENGTH;
    if (id > LAST_ID || rules[id].form == NONE)
        return TW_MQTT_PROPERTY_UNKNOWN;
    *out = (struct prop){.id = (uint8_t)id};
    if (!read_value(c, (enum form)rules[id].form, out, &anomaly))
        return TW_MQTT_PROPERTY_LENGTH;
    if (anomaly != TW_MQTT_FINE)
        return anomaly;
    if (overlong)
        return TW_MQTT_BAD_VARINT;
    return rules[id].not_zero && out->n == 0 ? TW_MQTT_PROPERTY_VALUE : TW_MQTT_FINE;
}

static void take(struct tw_mqtt_props *p, const struct prop *v)
{
    void *at = (char *)p + rules[v->id].at;
    switch ((enum form)rules[v->id].form) {
    case BYTE:
    case BOOLEAN:
        *(uint8_t *)at = (uint8_t)v->n;
        break;
    case TWO:
        *(uint16_t *)at = (uint16_t)v->n;
        break;
    case FOUR:
    case VARINT:
        *(uint32_t *)at = v->n;
        break;
    case TEXT:
    case BINARY:
        *(struct tw_str *)at = v->a;
        break;
    case PAIR:
        p->n_user++;
        break;
    case NONE:
        break;
    }
}

/* May this property stand here, and again? */
static enum tw_mqtt_anomaly place_anomaly(
    const struct tw_mqtt_props *p, unsigned id, unsigned where, bool from_server)
{
    if ((rules[id].where >> where & 1) == 0)
        return TW_MQTT_PROPERTY_NOT_ALLOWED;
    if (id == 0x0b && where == TW_MQTT_PUBLISH)
        return from_server ? TW_MQTT_FINE : TW_MQTT_PROPERTY_NOT_ALLOWED; /* [MQTT5 3.3.4] */
    if (id == 0x11 && where == TW_MQTT_DISCONNECT && from_server)
        return TW_MQTT_PROPERTY_NOT_ALLOWED; /* [MQTT5 3.14.2.2.2] */
    return id != 0x26 && tw_mqtt_has(p, id) ? TW_MQTT_PROPERTY_DUPLICATE : TW_MQTT_FINE;
}

enum tw_mqtt_anomaly tw_mqtt_props_read(
    struct tw_cur *c, unsigned where, bool from_server, struct tw_mqtt_props *out)
{
    *out = (struct tw_mqtt_props){0};
    uint32_t len;
    bool overlong;
    struct tw_cur block;
    if (!tw_mqtt_varint(c, &len, &overlong) || !tw_cur_sub(c, len, &block)) {
        *c = tw_cur_of(NULL, 0);
        return TW_MQTT_PROPERTY_LENGTH;
    }
    if (overlong)
        return TW_MQTT_BAD_VARINT;
    out->all = block;
    while (block.left > 0) {
        struct prop v;
        enum tw_mqtt_anomaly anomaly = read_prop(&block, &v);
        if (anomaly == TW_MQTT_FINE)
            anomaly = place_anomaly(out, v.id, where, from_server);
        if (anomaly != TW_MQTT_FINE)
            return anomaly;
        take(out, &v);
        out->seen |= UINT64_C(1) << v.id;
    }
    if (tw_mqtt_has(out, 0x08) && out->response_topic.len == 0)
        return TW_MQTT_EMPTY_TOPIC; /* [MQTT5 4.7.3] */
    if (tw_topic_has_wildcard(out->response_topic))
        return TW_MQTT_WILDCARD_IN_TOPIC; /* [MQTT5 3.3.2.3.5] */
    if (tw_mqtt_has(out, 0x16) && !tw_mqtt_has(out, 0x15))
        return TW_MQTT_AUTH_DATA_WITHOUT_METHOD; /* [MQTT5 3.1.2.11.10] */
    return TW_MQTT_FINE;
}

/* The next property with this identifier. */
static bool next_of(struct tw_cur *c, unsigned id, struct prop *out)
{
    while (c->left > 0) {
        if (read_prop(c, out) != TW_MQTT_FINE)
            return false;
        if (out->id == id)
            return true;
    }
    return false;
}

bool tw_mqtt_user_next(struct tw_cur *c, struct tw_str *out_name, struct tw_str *out_value)
{
    struct prop v;
    if (!next_of(c, 0x26, &v))
        return false;
    *out_name = v.a;
    *out_value = v.b;
    return true;
}

bool tw_mqtt_subscription_id_next(struct tw_cur *c, uint32_t *out)
{
    struct prop v;
    if (!next_of(c, 0x0b, &v))
        return false;
    *out = v.n;
    return true;
}
