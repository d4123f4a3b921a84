#include "protocol/mqtt/state.h"

/* 3.x and 5.0 differ in what every packet may hold; each packet that can only be one of them votes.
 * A later vote outweighs an earlier guess. */

static bool publish_fits(struct tw_cur body, const struct tw_mqtt_header *h, bool from_server,
    struct tw_mqtt_publish *out)
{
    return tw_mqtt_publish_read(body, h->flags, TW_MQTT_V5, from_server, out) == TW_MQTT_FINE;
}

/* The property block of a 5.0 PUBLISH must parse exactly [MQTT5 3.3.2.3]. An empty one is a zero
 * byte, which no text begins with. */
static unsigned vote_publish(struct tw_cur body, const struct tw_mqtt_header *h, bool from_server)
{
    struct tw_mqtt_publish p;
    if (!publish_fits(body, h, from_server, &p))
        return TW_MQTT_V311;
    if (p.props.all.left > 0 || (p.payload.len > 0 && tw_utf8_valid(p.payload)))
        return TW_MQTT_V5;
    return 0;
}

static bool reads(unsigned type, struct tw_cur body, unsigned version, bool from_server)
{
    struct tw_mqtt_ack ack;
    struct tw_mqtt_request request;
    if (type == TW_MQTT_SUBSCRIBE || type == TW_MQTT_UNSUBSCRIBE)
        return tw_mqtt_request_read(body, type, version, &request) == TW_MQTT_FINE;
    return tw_mqtt_ack_read(body, type, version, from_server, &ack) == TW_MQTT_FINE;
}

static unsigned vote_other(unsigned type, struct tw_cur body, bool from_server)
{
    bool v3 = reads(type, body, TW_MQTT_V311, from_server);
    bool v5 = reads(type, body, TW_MQTT_V5, from_server);
    if (v3 == v5)
        return 0;
    return v5 ? TW_MQTT_V5 : TW_MQTT_V311;
}

void tw_mqtt_guess_version(
    struct tw_mqtt_state *st, const struct tw_mqtt_header *h, struct tw_cur body, bool from_server)
{
    unsigned vote = 0;
    if (h->type == TW_MQTT_PUBLISH)
        vote = vote_publish(body, h, from_server);
    else if (h->type == TW_MQTT_AUTH)
        vote = TW_MQTT_V5;
    else if (h->type > TW_MQTT_CONNECT && h->type != TW_MQTT_PINGREQ && h->type != TW_MQTT_PINGRESP)
        vote = vote_other(h->type, body, from_server);
    if (vote != 0)
        st->version = (uint8_t)vote;
    st->guessed = true;
}
