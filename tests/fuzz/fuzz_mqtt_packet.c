/* MQTT packets and properties behind a header that is right, in every version and from either side,
 * within a connection whose CONNECT and CONNACK are right too. Properties: what is read lies within
 * the packet; an anomaly has a name; what was read can be walked through; all memory comes back. */

#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "event/emit_json.h"
#include "protocol/mqtt/mqtt.h"
#include "protocol/mqtt/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hello {
    uint8_t connect[32], connack[32];
    uint8_t connect_len, connack_len;
} hellos[] = {
    {{0x10, 15, 0, 6, 'M', 'Q', 'I', 's', 'd', 'p', 3, 2, 0, 9, 0, 1, 'x'}, {0x20, 2, 0, 0}, 17, 4},
    {{0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 0, 0, 9, 0, 1, 'x'}, {0x20, 2, 1, 0}, 15, 4},
    {{0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 9, 0, 1, 'x'}, {0x20, 2, 0, 0}, 15, 4},
    /* 5.0: a method, both sides take aliases and two messages, the server lacks much */
    {{0x10, 26, 0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 9, 12, 0x15, 0, 1, 'M', 0x21, 0, 2, 0x22, 0, 9,
         0x17, 0, 0, 1, 'x'},
        {0x20, 22, 0, 0, 19, 0x15, 0, 1, 'M', 0x21, 0, 2, 0x22, 0, 9, 0x25, 0, 0x28, 0, 0x29, 0,
            0x2a, 0, 0x24},
        28, 24},
    {{0x10, 14, 0, 4, 'M', 'Q', 'T', 'T', 5, 2, 0, 9, 0, 0, 1, 'x'}, {0x20, 3, 0, 0, 0}, 16, 5},
};

static void collect(void *user, const struct tw_event *event)
{
    struct tw_text *text = user;
    assert(event->action != TW_ACTION_MALFORMED || event->detail.len > 0);
    tw_text_clear(text);
    tw_event_json(text, event);
}

static bool within(struct tw_str s, struct tw_cur body)
{
    const uint8_t *p = (const uint8_t *)s.p;
    return s.len == 0 || (p >= body.p && s.len <= (size_t)(body.p + body.left - p));
}

static void check_props(const struct tw_mqtt_props *p, struct tw_cur body)
{
    struct tw_cur all = p->all;
    struct tw_str name, value;
    uint32_t id;
    unsigned n = 0;
    assert(within(p->content_type, body) && within(p->correlation, body));
    assert(within(p->auth_data, body) && within(p->reason_string, body));
    while (tw_mqtt_user_next(&all, &name, &value)) {
        assert(within(name, body) && within(value, body));
        n++;
    }
    assert(n >= p->n_user);
    all = p->all;
    while (tw_mqtt_subscription_id_next(&all, &id))
        assert(id <= 268435455);
}

static void read_as(unsigned type, unsigned version, bool server, uint8_t flags, struct tw_cur body)
{
    struct tw_mqtt_connect k;
    struct tw_mqtt_publish p;
    struct tw_mqtt_ack ack;
    struct tw_mqtt_request q;
    enum tw_mqtt_anomaly anomaly;
    if (type == TW_MQTT_CONNECT) {
        anomaly = tw_mqtt_connect_read(body, flags, &k);
        assert(within(k.client_id, body) && within(k.will_payload, body));
        check_props(&k.will_props, body);
    } else if (type == TW_MQTT_PUBLISH) {
        anomaly = tw_mqtt_publish_read(body, flags, version, server, &p);
        assert(within(p.topic, body) && within(p.payload, body));
        check_props(&p.props, body);
    } else if (type == TW_MQTT_SUBSCRIBE || type == TW_MQTT_UNSUBSCRIBE) {
        anomaly = tw_mqtt_request_read(body, type, version, &q);
        struct tw_str filter;
        uint8_t options;
        while (tw_mqtt_filter_next(&q.filters, type, &filter, &options))
            assert(within(filter, body));
    } else {
        anomaly = tw_mqtt_ack_read(body, type, version, server, &ack);
        assert(within(ack.codes, body));
        check_props(&ack.props, body);
    }
    assert(anomaly < TW_MQTT_ANOMALIES);
    assert((anomaly == TW_MQTT_FINE) == (tw_mqtt_anomaly_name(anomaly) == NULL));
}

struct connection {
    struct tw_proto_env env;
    struct tw_conn conn;
    struct tw_when when;
    void *state;
};

static void send(struct connection *c, unsigned dir, const uint8_t *p, size_t len)
{
    c->when.packet++;
    c->when.ts_ns += 50000000;
    tw_mqtt.data(c->state, &c->env, &c->conn, dir, tw_cur_of(p, len), &c->when);
}

/* The input after its first byte: packets, each a byte for its side and time, its first byte, a
 * byte of length, its body. */
static void converse(const struct hello *hello, bool midstream, const uint8_t *data, size_t size)
{
    static struct tw_pool *pool;
    static struct tw_text text;
    static struct tw_proto_counters counters;
    if (pool == NULL)
        pool = tw_pool_new((size_t)16 << 20);
    struct connection c = {.env = {.emit = {collect, &text},
                               .pool = pool,
                               .limits = tw_limits_default(),
                               .counters = &counters,
                               .next_serial = 1},
        .conn = {.side = {{.port = 40000}, {.port = 1883}}, .midstream = midstream, .flow = 1},
        .when = {1, 1}};
    c.state = calloc(1, tw_mqtt.state_size);
    tw_mqtt.open(c.state, &c.env, &c.conn);
    if (!midstream) {
        send(&c, 0, hello->connect, hello->connect_len);
        send(&c, 1, hello->connack, hello->connack_len);
    }
    for (size_t at = 0; at + 3 <= size;) {
        uint8_t packet[130];
        const unsigned side = data[at] & 1;
        size_t len = data[at + 2] & 0x7f;
        c.when.ts_ns += (int64_t)(data[at] >> 1) * 200000000;
        if (len > size - at - 3)
            len = size - at - 3;
        packet[0] = data[at + 1];
        packet[1] = (uint8_t)len;
        memcpy(packet + 2, data + at + 3, len);
        read_as(
            packet[0] >> 4, 3 + data[0] % 3, side == 1, packet[0] & 15, tw_cur_of(packet + 2, len));
        send(&c, side, packet, len + 2);
        at += 3 + len;
        if (tw_mqtt.next_deadline(c.state) <= c.when.ts_ns)
            tw_mqtt.tick(c.state, &c.env, &c.conn, &c.when);
    }
    tw_mqtt.close(c.state, &c.env, &c.conn, TW_END_CLOSED, &c.when);
    free(c.state);
    assert(tw_pool_stats(pool).in_use_bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4)
        return 0;
    const size_t n = sizeof(hellos) / sizeof(hellos[0]);
    converse(&hellos[data[0] % n], data[0] >= 0xf0, data + 1, size - 1);
    return 0;
}
