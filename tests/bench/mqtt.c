#include <stdlib.h>
#include <string.h>

#include "traffic.h"

/* One broker, many publishers of telemetry, and one subscriber for each line of the plant. */

enum { SUBSCRIBERS = 8, LINE_CELLS = 250, JSON_LEAVES = 10, AI_EVERY = 100, VARIABLES = 500 };
enum { KEEP_ALIVE_S = 60 };
enum { CONNACK = 0x20, PUBLISH = 0x30, PUBACK = 0x40 };

#define BROKER_IP 0x0a14000au /* 10.20.0.10 */
#define SUBSCRIBER_IP 0x0a140014u
#define CLIENT_IP 0x0a141001u /* 10.20.16.1, 250 in a /24 */

struct client {
    struct conn conn;
    bool v5;
    uint16_t packet_id;
    uint32_t seq;
    int64_t pinged_us; /* a subscriber: has nothing else to say */
};

struct mqtt {
    uint32_t n;
    struct client *clients;
    struct client subscribers[SUBSCRIBERS];
    struct host broker;
};

static uint32_t client_ip(uint32_t i)
{
    return CLIENT_IP + (i / LINE_CELLS) * 256 + i % LINE_CELLS;
}

static uint32_t line_of(uint32_t i)
{
    return i / LINE_CELLS % SUBSCRIBERS;
}

static bool is_ai(uint32_t i)
{
    return i % AI_EVERY == AI_EVERY - 1;
}

static void topic_of(char *out, size_t size, uint32_t i)
{
    snprintf(out, size, "works/line%u/cell%05u/telemetry", line_of(i), i);
}

static void put_string(struct buf *b, const char *s)
{
    put_be16(b, (unsigned)strlen(s));
    put_text(b, s);
}

/* Fixed header and Remaining Length [MQTT3 2.2] in front of `body`. */
static void put_packet(struct buf *b, unsigned first, const struct buf *body)
{
    put_u8(b, first);
    size_t left = body->n;
    do {
        unsigned digit = left % 128;
        left /= 128;
        put_u8(b, left > 0 ? digit | 0x80 : digit);
    } while (left > 0);
    put_bytes(b, body->b, body->n);
}

static void send_packet(
    struct wire *w, struct client *c, int from, unsigned first, const struct buf *body)
{
    struct buf b;
    b.n = 0;
    put_packet(&b, first, body);
    conn_send(w, &c->conn, from, &b);
    w->counts.mqtt_messages++;
}

static void send_short(struct wire *w, struct client *c, int from, unsigned first, unsigned id)
{
    struct buf body;
    body.n = 0;
    put_be16(&body, id);
    send_packet(w, c, from, first, &body);
}

static void open_client(
    struct wire *w, struct mqtt *m, struct client *c, uint32_t ip, const char *id)
{
    struct buf body;
    body.n = 0;
    c->v5 = rng_percent(&w->rng, 50);
    conn_open(w, &c->conn, host_of(ip, (uint16_t)(32768 + rng_below(&w->rng, 28000))), m->broker);
    put_string(&body, "MQTT");
    put_u8(&body, c->v5 ? 5 : 4);
    put_u8(&body, 0x02);
    put_be16(&body, KEEP_ALIVE_S);
    if (c->v5)
        put_u8(&body, 0);
    put_string(&body, id);
    send_packet(w, c, CLIENT, 0x10, &body);
    body.n = 0;
    put_be16(&body, 0);
    if (c->v5)
        put_u8(&body, 0);
    send_packet(w, c, SERVER, CONNACK, &body);
    c->pinged_us = w->now_us;
    w->counts.mqtt_connect++;
    wire_later(w, conn_ack_later, &c->conn, CLIENT);
}

static void subscribe(struct wire *w, struct client *c, const char *filter)
{
    struct buf body;
    body.n = 0;
    put_be16(&body, 1);
    if (c->v5)
        put_u8(&body, 0);
    put_string(&body, filter);
    put_u8(&body, 0);
    send_packet(w, c, CLIENT, 0x82, &body);
    body.n = 0;
    put_be16(&body, 1);
    if (c->v5)
        put_u8(&body, 0);
    put_u8(&body, 0);
    send_packet(w, c, SERVER, 0x90, &body);
    conn_ack(w, &c->conn, CLIENT);
    w->counts.mqtt_subscribe++;
}

struct mqtt *mqtt_new(struct wire *w, uint32_t clients)
{
    struct mqtt *m = calloc(1, sizeof(*m));
    char text[64];
    if (m == NULL)
        return NULL;
    m->n = clients;
    m->clients = calloc(clients, sizeof(*m->clients));
    m->broker = host_of(BROKER_IP, 1883);
    if (m->clients == NULL)
        return NULL;
    for (uint32_t i = 0; i < SUBSCRIBERS; i++) {
        snprintf(text, sizeof(text), "historian-%u", i);
        open_client(w, m, &m->subscribers[i], SUBSCRIBER_IP + i, text);
        snprintf(text, sizeof(text), "works/line%u/#", i);
        subscribe(w, &m->subscribers[i], text);
    }
    for (uint32_t i = 0; i < clients; i++) {
        snprintf(text, sizeof(text), "cell-%05u", i);
        open_client(w, m, &m->clients[i], client_ip(i), text);
    }
    return m;
}

/* ---- publishing */

/* About 140 bytes, JSON_LEAVES of them values. Each cell stays near its own working point. */
static void put_json(struct wire *w, struct buf *b, uint32_t i, uint32_t seq)
{
    char text[256];
    double around = 20 + i % 40, noise[6];
    for (unsigned k = 0; k < 6; k++)
        noise[k] = rng_below(&w->rng, 10000) / 10000.0;
    snprintf(text, sizeof(text),
        "{\"ts\":%lld,\"seq\":%u,\"temp\":%.2f,\"pressure\":%.3f,\"flow\":%.1f,"
        "\"vibration\":[%.4f,%.4f,%.4f],\"run\":true,\"mode\":\"auto\"}",
        (long long)(w->now_us / 1000), seq, around + noise[0], 2 + noise[1] / 10,
        3 * around + 2 * noise[2], noise[3], noise[4], noise[5]);
    put_text(b, text);
}

/* Payload of one message; returns how many events its PUBLISH gives. */
static unsigned put_payload(struct wire *w, struct buf *b, uint32_t i, uint32_t seq)
{
    char text[32];
    uint32_t dice = rng_below(&w->rng, 100);
    if (dice < 82) {
        put_json(w, b, i, seq);
        return 1 + JSON_LEAVES;
    }
    if (dice < 92) {
        snprintf(text, sizeof(text), "%.3f", 20 + i % 40 + rng_below(&w->rng, 1000) / 1000.0);
        put_text(b, text);
        return 1;
    }
    /* A first byte that begins no text, no JSON, no Sparkplug and no UADP. */
    put_u8(b, 0xff);
    put_random(b, &w->rng, dice < 99 ? 40 + rng_below(&w->rng, 200) : 2500);
    return 1;
}

static void put_publish(struct buf *b, const struct client *c, unsigned qos, unsigned id,
    const char *topic, const struct buf *payload)
{
    struct buf body;
    body.n = 0;
    put_string(&body, topic);
    if (qos > 0)
        put_be16(&body, id);
    if (c->v5)
        put_u8(&body, 0);
    put_bytes(&body, payload->b, payload->n);
    put_packet(b, PUBLISH | qos << 1, &body);
}

/* Receivers acknowledge late: most of the time, further data does it for them. */
static void acknowledge(struct wire *w, struct client *c, uint32_t side)
{
    if (rng_percent(&w->rng, 30))
        wire_later(w, conn_ack_later, &c->conn, side);
}

static void puback_later(struct wire *w, void *who, uint32_t id)
{
    send_short(w, who, SERVER, PUBACK, id);
    acknowledge(w, who, CLIENT);
}

static void pong_later(struct wire *w, void *who, uint32_t arg)
{
    struct buf none;
    (void)arg;
    none.n = 0;
    send_packet(w, who, SERVER, 0xd0, &none);
}

static void send_stream(struct wire *w, struct client *c, const struct buf *b)
{
    if (rng_percent(&w->rng, 4) && b->n > 8)
        conn_send_split(w, &c->conn, CLIENT, b, 5 + rng_below(&w->rng, (uint32_t)b->n - 5));
    else
        conn_send(w, &c->conn, CLIENT, b);
}

static void publish(struct wire *w, struct mqtt *m, uint32_t i)
{
    struct client *c = &m->clients[i], *s = &m->subscribers[line_of(i)];
    struct buf payload, up, down;
    char topic[64];
    unsigned messages = rng_percent(&w->rng, 5) ? 3 : 1, qos = rng_percent(&w->rng, 40);
    up.n = 0;
    topic_of(topic, sizeof(topic), i);
    for (unsigned k = 0; k < messages; k++) {
        payload.n = down.n = 0;
        w->counts.mqtt_publish += put_payload(w, &payload, i, ++c->seq);
        if (qos > 0 && ++c->packet_id == 0)
            c->packet_id = 1;
        put_publish(&up, c, qos, c->packet_id, topic, &payload);
        w->counts.mqtt_messages++;
        if (qos > 0)
            wire_later(w, puback_later, c, c->packet_id);
    }
    send_stream(w, c, &up);
    if (qos == 0)
        acknowledge(w, c, SERVER);
    /* The last of them goes on to whoever subscribed to the line. */
    put_publish(&down, s, 0, 0, topic, &payload);
    conn_send(w, &s->conn, SERVER, &down);
    w->counts.mqtt_messages++;
    w->counts.mqtt_deliver++;
    acknowledge(w, s, CLIENT);
}

static void ping(struct wire *w, struct client *c)
{
    struct buf none;
    none.n = 0;
    send_packet(w, c, CLIENT, 0xc0, &none);
    wire_later(w, pong_later, c, 0);
    wire_later(w, conn_ack_later, &c->conn, CLIENT);
    c->pinged_us = w->now_us;
}

void mqtt_step(struct wire *w, struct mqtt *m)
{
    const int64_t often_us = KEEP_ALIVE_S / 2 * INT64_C(1000000);
    uint32_t i = rng_below(&w->rng, m->n);
    struct client *s = &m->subscribers[i % SUBSCRIBERS];
    if (w->now_us - s->pinged_us > often_us)
        ping(w, s);
    if (rng_percent(&w->rng, 2))
        ping(w, &m->clients[i]);
    else
        publish(w, m, i);
}

static void close_client(struct wire *w, struct client *c)
{
    struct buf none;
    none.n = 0;
    send_packet(w, c, CLIENT, 0xe0, &none);
    w->counts.mqtt_disconnect++;
    conn_close(w, &c->conn);
}

void mqtt_end(struct wire *w, struct mqtt *m)
{
    for (uint32_t i = 0; i < m->n; i++)
        close_client(w, &m->clients[i]);
    for (uint32_t i = 0; i < SUBSCRIBERS; i++)
        close_client(w, &m->subscribers[i]);
    free(m->clients);
    free(m);
}

/* ---- inventory */

static void put_ip(FILE *out, uint32_t ip)
{
    fprintf(out, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 0xff, ip >> 8 & 0xff, ip & 0xff);
}

static void register_host(FILE *out, const char *id, const char *more, uint32_t ip)
{
    fprintf(out, "  - {id: %s, %s, ip: [", id, more);
    put_ip(out, ip);
    fprintf(out, "], identity: {mqtt_client_id: [%s], mqtt_security: plain}", id);
}

static void register_client(FILE *assets, FILE *ai, FILE *variables, uint32_t i)
{
    FILE *out = is_ai(i) ? ai : assets;
    char id[32], topic[64];
    snprintf(id, sizeof(id), "cell-%05u", i);
    topic_of(topic, sizeof(topic), i);
    register_host(out, id, is_ai(i) ? "tier: T1, technology: ml" : "kind: sensor", client_ip(i));
    fprintf(out, ",\n     may: [{mqtt: broker, actions: [publish], topics: [%s]}]}\n", topic);
    if (i < VARIABLES)
        fprintf(variables,
            "  - {id: temp.%05u, mqtt: {topic: %s, field: /temp}, publisher: [%s],\n"
            "     unit: degC, range: [0, 100], role: measurement}\n",
            i, topic, id);
}

/* All sensors of a group as one asset: an inventory of many clients would be too large. */
static void register_group(FILE *assets, const struct mqtt *m, uint32_t first)
{
    fprintf(assets, "  - {id: cells-%05u, kind: sensor, identity: {mqtt_security: plain}, ip: [",
        first);
    for (uint32_t i = first; i < m->n && i < first + LINE_CELLS; i++) {
        if (is_ai(i))
            continue;
        if (i > first)
            fprintf(assets, ", ");
        put_ip(assets, client_ip(i));
    }
    fprintf(assets, "]}\n");
}

void mqtt_inventory(const struct mqtt *m, bool brief, FILE *assets, FILE *ai, FILE *variables)
{
    char id[32];
    fprintf(assets, "  - {id: broker, kind: mqtt-broker, ip: [10.20.0.10], ports: [1883]}\n");
    for (uint32_t i = 0; i < SUBSCRIBERS; i++) {
        snprintf(id, sizeof(id), "historian-%u", i);
        register_host(assets, id, "kind: infrastructure", SUBSCRIBER_IP + i);
        fprintf(assets, ", may: [{mqtt: broker, actions: [subscribe], topics: [\"works/#\"]}]}\n");
    }
    for (uint32_t i = 0; i < m->n; i++) {
        if (brief && i % LINE_CELLS == 0)
            register_group(assets, m, i);
        if (!brief || is_ai(i))
            register_client(assets, ai, variables, i);
    }
}
