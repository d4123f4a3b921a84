#include "base/hash.h"
#include "protocol/mqtt/state.h"

static uint64_t digest(struct tw_str method)
{
    uint64_t h = tw_hash_stable(method.p, method.len);
    return h != 0 ? h : 1;
}

void tw_mqtt_auth_begin(const struct tw_mqtt_call *c, const struct tw_mqtt_connect *k)
{
    struct tw_mqtt_state *st = c->st;
    bool has = tw_mqtt_has(&k->props, 0x15);
    st->auth_method = has ? digest(k->props.auth_method) : 0;
    st->auth = has ? TW_MQTT_AUTH_SERVER : TW_MQTT_AUTH_NONE;
}

/* Every packet of the exchange names the method of CONNECT. */
static enum tw_mqtt_anomaly method_anomaly(
    const struct tw_mqtt_state *st, const struct tw_mqtt_props *p)
{
    bool has = tw_mqtt_has(p, 0x15);
    if (st->auth_method == 0)
        return has ? TW_MQTT_AUTH_WITHOUT_METHOD : TW_MQTT_FINE;
    return has && digest(p->auth_method) == st->auth_method ? TW_MQTT_FINE
                                                            : TW_MQTT_AUTH_METHOD_CHANGED;
}

enum tw_mqtt_anomaly tw_mqtt_auth_connack(
    const struct tw_mqtt_call *c, const struct tw_mqtt_ack *ack)
{
    struct tw_mqtt_state *st = c->st;
    if (!st->connect_seen || st->incomplete)
        return TW_MQTT_FINE;
    if (ack->reason != 0)
        return TW_MQTT_FINE; /* a refusal need not name it */
    enum tw_mqtt_anomaly anomaly = method_anomaly(st, &ack->props);
    if (anomaly == TW_MQTT_FINE && st->auth == TW_MQTT_AUTH_CLIENT)
        anomaly = TW_MQTT_AUTH_OUT_OF_ORDER;
    if (st->auth != TW_MQTT_AUTH_NONE)
        st->auth = TW_MQTT_AUTH_DONE;
    return anomaly;
}

enum { SUCCESS = 0x00, CONTINUE = 0x18, AGAIN = 0x19 };

/* The server asks for more, or ends an exchange that began after CONNACK. */
static enum tw_mqtt_anomaly from_server(struct tw_mqtt_state *st, uint8_t reason)
{
    if (reason == AGAIN)
        return TW_MQTT_BAD_REASON;
    if (st->auth != TW_MQTT_AUTH_SERVER || (reason == SUCCESS && !st->connack_seen))
        return TW_MQTT_AUTH_OUT_OF_ORDER;
    st->auth = reason == SUCCESS ? TW_MQTT_AUTH_DONE : TW_MQTT_AUTH_CLIENT;
    return TW_MQTT_FINE;
}

/* The client answers, or begins anew. */
static enum tw_mqtt_anomaly from_client(struct tw_mqtt_state *st, uint8_t reason)
{
    if (reason == SUCCESS)
        return TW_MQTT_BAD_REASON;
    if (st->auth != (reason == AGAIN ? TW_MQTT_AUTH_DONE : TW_MQTT_AUTH_CLIENT))
        return TW_MQTT_AUTH_OUT_OF_ORDER;
    st->auth = TW_MQTT_AUTH_SERVER;
    return TW_MQTT_FINE;
}

enum tw_mqtt_anomaly tw_mqtt_auth_packet(
    const struct tw_mqtt_call *c, const struct tw_mqtt_ack *ack)
{
    struct tw_mqtt_state *st = c->st;
    if (!st->connect_seen || st->incomplete)
        return TW_MQTT_FINE;
    if (st->auth_method == 0)
        return TW_MQTT_AUTH_WITHOUT_METHOD;
    /* One without a body says success, and names nothing [MQTT5 3.15.2.1]. */
    bool bare = !ack->has_reason;
    enum tw_mqtt_anomaly anomaly = bare ? TW_MQTT_FINE : method_anomaly(st, &ack->props);
    if (anomaly != TW_MQTT_FINE)
        return anomaly;
    return c->dir != st->client ? from_server(st, ack->reason) : from_client(st, ack->reason);
}
