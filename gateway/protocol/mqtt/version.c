#include "protocol/mqtt/state.h"

/* 3.x and 5.0 differ in what every packet may hold; each packet that speaks for one of them weighs
 * in, by how surely it does. What was learned long ago can be outweighed, because the connection
 * may have been joined within a packet. */

enum { HINT = 1, PROOF = 4, ENOUGH = 16 };

/* Messages of Sparkplug B are of Protocol Buffers, and no field of these has the number 0. */
static bool is_sparkplug(const struct tw_mqtt_publish *p)
{
    return tw_str_starts(p->topic, TW_STR("spBv1.0/")) && p->payload.len > 0;
}

/* The property block of a 5.0 PUBLISH must parse exactly [MQTT5 3.3.2.3]. An empty one is a zero
 * byte, which no text begins with, but numbers do. */
static int weigh_publish(struct tw_cur body, const struct tw_mqtt_header *h, bool from_server)
{
    struct tw_mqtt_publish p;
    if (tw_mqtt_publish_read(body, h->flags, TW_MQTT_V5, from_server, &p) != TW_MQTT_FINE)
        return -PROOF;
    if (p.props.all.left > 0)
        return PROOF;
    bool text = p.payload.len > 0 && tw_utf8_valid(p.payload) && !tw_mqtt_has_control(p.payload);
    return text || is_sparkplug(&p) ? HINT : 0;
}

static bool reads(unsigned type, struct tw_cur body, unsigned version, bool from_server)
{
    struct tw_mqtt_ack ack;
    struct tw_mqtt_request request;
    if (type == TW_MQTT_SUBSCRIBE || type == TW_MQTT_UNSUBSCRIBE)
        return tw_mqtt_request_read(body, type, version, &request) == TW_MQTT_FINE;
    return tw_mqtt_ack_read(body, type, version, from_server, &ack) == TW_MQTT_FINE;
}

static int weigh_other(unsigned type, struct tw_cur body, bool from_server)
{
    bool v3 = reads(type, body, TW_MQTT_V311, from_server);
    bool v5 = reads(type, body, TW_MQTT_V5, from_server);
    return v3 == v5 ? 0 : v5 ? PROOF : -PROOF;
}

void tw_mqtt_guess_version(
    struct tw_mqtt_state *st, const struct tw_mqtt_header *h, struct tw_cur body, bool from_server)
{
    int weight = 0;
    if (h->type == TW_MQTT_PUBLISH)
        weight = weigh_publish(body, h, from_server);
    else if (h->type == TW_MQTT_AUTH)
        weight = PROOF;
    else if (h->type > TW_MQTT_CONNECT && h->type != TW_MQTT_PINGREQ && h->type != TW_MQTT_PINGRESP)
        weight = weigh_other(h->type, body, from_server);
    int lean = st->lean + weight;
    lean = lean > ENOUGH ? ENOUGH : lean < -ENOUGH ? -ENOUGH : lean;
    st->lean = (int8_t)lean;
    if (lean != 0)
        st->version = lean > 0 ? TW_MQTT_V5 : TW_MQTT_V311;
    st->guessed = true;
}
