#include <stdlib.h>
#include <string.h>

#include "traffic.h"

/* Sessions without message security, ten to a server: subscriptions with data changes, some
 * polling, a few writes. Encodings: [UA6 5.2], [UA6 7.1]; services: [UA4]. */

enum { PER_SERVER = 10, ITEMS = 20, MANY = 150, CHUNK = 4096, AI_EVERY = 10, PUMPS = 20 };
/* NodeIds of the binary encodings [UA6 A.3] */
enum {
    OPEN = 446,
    CREATE_SESSION = 461,
    ACTIVATE = 467,
    READ = 631,
    WRITE = 673,
    CREATE_ITEMS = 751,
    CREATE_SUBSCRIPTION = 787,
    PUBLISH = 826,
    CLOSE_SESSION = 473,
    CLOSE_CHANNEL = 452,
    DATA_CHANGE = 811,
    ANONYMOUS = 321,
    TO_RESPONSE = 3
};

#define SERVER_IP 0x0a1e000au  /* 10.30.0.10 */
#define SESSION_IP 0x0a1e1001u /* 10.30.16.1, 250 in a /24 */

struct session {
    struct conn conn;
    uint32_t index, channel, sequence[2], request, handle, token;
    uint32_t waiting[2]; /* request ids of the Publish requests that wait, oldest first */
    uint32_t message;    /* of the subscription */
};

struct opcua {
    uint32_t n;
    struct session *sessions;
};

static uint32_t session_ip(uint32_t i)
{
    return SESSION_IP + (i / 250) * 256 + i % 250;
}

static uint32_t server_of(uint32_t i)
{
    return i / PER_SERVER;
}

static uint64_t filetime(const struct wire *w)
{
    return ((uint64_t)w->now_us + UINT64_C(11644473600000000)) * 10;
}

/* ---- encodings */

static void put_none(struct buf *b) /* a null String, ByteString or array */
{
    put_le32(b, UINT32_MAX);
}

static void put_string(struct buf *b, const char *s)
{
    put_le32(b, (uint32_t)strlen(s));
    put_text(b, s);
}

static void put_numeric_node(struct buf *b, unsigned ns, unsigned id)
{
    put_u8(b, 0x01);
    put_u8(b, ns);
    put_le16(b, id);
}

static void node_text(char *out, size_t size, uint32_t i)
{
    static const char *const names[] = {"Speed", "Power", "Temperature", "Running", "Setpoint"};
    snprintf(out, size, "Pump%02u.%s", i % PUMPS, names[i / PUMPS % 5]);
}

/* Node `i` of a server: a String NodeId, every eighth a numeric one. */
static void put_node(struct buf *b, uint32_t i)
{
    char text[32];
    if (i % 8 == 7) {
        put_numeric_node(b, 2, 1000 + i);
        return;
    }
    node_text(text, sizeof(text), i);
    put_u8(b, 0x03);
    put_le16(b, 2);
    put_string(b, text);
}

static void put_nothing(struct buf *b) /* a null ExtensionObject */
{
    put_le16(b, 0);
    put_u8(b, 0);
}

/* Value with source and server timestamps; now and then a status, an array. */
static void put_data(struct wire *w, struct buf *b, uint32_t node)
{
    struct rng *r = &w->rng;
    bool uncertain = rng_percent(r, 2);
    put_u8(b, uncertain ? 0x0f : 0x0d);
    switch (node / PUMPS % 5) {
    case 0:
        put_u8(b, 11);
        put_double(b, 900 + rng_below(r, 10000) / 100.0);
        break;
    case 1:
        put_u8(b, 10);
        put_float(b, 40 + (float)rng_below(r, 100) / 16);
        break;
    case 2:
        put_u8(b, 11 | 0x80);
        put_le32(b, 4);
        for (unsigned i = 0; i < 4; i++)
            put_double(b, 60 + rng_below(r, 100) / 32.0);
        break;
    case 3:
        put_u8(b, 1);
        put_u8(b, rng_percent(r, 95));
        break;
    default:
        put_u8(b, 6);
        put_le32(b, 1000 + rng_below(r, 10));
        break;
    }
    if (uncertain)
        put_le32(b, 0x40900000); /* UncertainLastUsableValue */
    put_le64(b, filetime(w) - rng_below(r, 1000000));
    put_le64(b, filetime(w));
}

static void begin_request(struct wire *w, struct session *s, struct buf *b, unsigned service)
{
    b->n = 0;
    put_numeric_node(b, 0, service);
    if (s->token != 0) {
        put_u8(b, 0x02);
        put_le16(b, 1);
        put_le32(b, s->token);
    } else {
        put_le16(b, 0);
    }
    put_le64(b, filetime(w));
    put_le32(b, ++s->handle);
    put_le32(b, 0);
    put_none(b);
    put_le32(b, 10000);
    put_nothing(b);
}

static void begin_response(struct wire *w, struct session *s, struct buf *b, unsigned service)
{
    b->n = 0;
    put_numeric_node(b, 0, service + TO_RESPONSE);
    put_le64(b, filetime(w));
    put_le32(b, s->handle);
    put_le32(b, 0);
    put_u8(b, 0);
    put_none(b);
    put_nothing(b);
}

/* ---- messages */

/* Chunk headers [UA6 6.7.2] around `body`; a long one goes in several. */
static void send_message(struct wire *w, struct session *s, int from, const char *type,
    uint32_t request, const struct buf *body)
{
    struct buf b;
    b.n = 0;
    for (size_t at = 0; at < body->n;) {
        size_t part = body->n - at < CHUNK ? body->n - at : CHUNK;
        put_text(&b, type);
        put_u8(&b, at + part < body->n ? 'C' : 'F');
        put_le32(&b, (uint32_t)(24 + part));
        put_le32(&b, s->channel);
        put_le32(&b, 1);
        put_le32(&b, ++s->sequence[from]);
        put_le32(&b, request);
        put_bytes(&b, body->b + at, part);
        at += part;
    }
    conn_send(w, &s->conn, from, &b);
    w->counts.opcua_messages++;
}

static void ask(struct wire *w, struct session *s, const struct buf *body)
{
    send_message(w, s, CLIENT, "MSG", ++s->request, body);
}

static void answer(struct wire *w, struct session *s, const struct buf *body)
{
    send_message(w, s, SERVER, "MSG", s->request, body);
    conn_ack(w, &s->conn, CLIENT);
}

static void hello(struct wire *w, struct session *s)
{
    struct buf b;
    char url[64];
    snprintf(url, sizeof(url), "opc.tcp://plc-%03u:4840", server_of(s->index));
    b.n = 0;
    put_text(&b, "HELF");
    put_le32(&b, (uint32_t)(32 + strlen(url)));
    put_le32(&b, 0);
    put_le32(&b, 65536);
    put_le32(&b, 65536);
    put_le64(&b, 0);
    put_string(&b, url);
    conn_send(w, &s->conn, CLIENT, &b);
    b.n = 0;
    put_text(&b, "ACKF");
    put_le32(&b, 28);
    put_le32(&b, 0);
    put_le32(&b, 65536);
    put_le32(&b, 65536);
    put_le64(&b, 0);
    conn_send(w, &s->conn, SERVER, &b);
    w->counts.opcua_connect++;
    w->counts.opcua_messages += 2;
}

static void send_open(struct wire *w, struct session *s, int from, const struct buf *body)
{
    static const char none[] = "http://opcfoundation.org/UA/SecurityPolicy#None";
    struct buf b;
    b.n = 0;
    put_text(&b, "OPNF");
    put_le32(&b, (uint32_t)(12 + 4 + strlen(none) + 4 + 4 + 8 + body->n));
    put_le32(&b, from == SERVER ? s->channel : 0);
    put_string(&b, none);
    put_none(&b);
    put_none(&b);
    put_le32(&b, ++s->sequence[from]);
    put_le32(&b, s->request);
    put_bytes(&b, body->b, body->n);
    conn_send(w, &s->conn, from, &b);
    w->counts.opcua_messages++;
}

static void open_channel(struct wire *w, struct session *s)
{
    struct buf b;
    s->request++;
    begin_request(w, s, &b, OPEN);
    put_le32(&b, 0);
    put_le32(&b, 0);
    put_le32(&b, 1);
    put_none(&b);
    put_le32(&b, 3600000);
    send_open(w, s, CLIENT, &b);
    s->channel = 1000 + s->index;
    begin_response(w, s, &b, OPEN);
    put_le32(&b, 0);
    put_le32(&b, s->channel);
    put_le32(&b, 1);
    put_le64(&b, filetime(w));
    put_le32(&b, 3600000);
    put_none(&b);
    send_open(w, s, SERVER, &b);
    w->counts.opcua_secure++;
}

static void put_client(struct buf *b, const struct session *s)
{
    char text[64];
    snprintf(text, sizeof(text), "urn:works:station-%03u", s->index);
    put_string(b, text);
    put_string(b, "urn:works:station");
    put_u8(b, 0x02);
    put_string(b, "Station");
    put_le32(b, 1);
    put_none(b);
    put_none(b);
    put_none(b);
}

static void create_session(struct wire *w, struct session *s)
{
    struct buf b;
    char text[64];
    begin_request(w, s, &b, CREATE_SESSION);
    put_client(&b, s);
    put_none(&b);
    snprintf(text, sizeof(text), "opc.tcp://plc-%03u:4840", server_of(s->index));
    put_string(&b, text);
    snprintf(text, sizeof(text), "session %u", s->index);
    put_string(&b, text);
    put_none(&b);
    put_none(&b);
    put_double(&b, 1200000);
    put_le32(&b, 0);
    ask(w, s, &b);
    begin_response(w, s, &b, CREATE_SESSION);
    put_numeric_node(&b, 1, 2000 + s->index);
    s->token = (uint32_t)rng_next(&w->rng) | 1;
    put_u8(&b, 0x02);
    put_le16(&b, 1);
    put_le32(&b, s->token);
    put_double(&b, 1200000);
    for (unsigned i = 0; i < 6; i++) /* nonce, certificate, endpoints, certificates, signature */
        put_none(&b);
    put_le32(&b, 0);
    answer(w, s, &b);
    w->counts.opcua_session++;
}

static void activate_session(struct wire *w, struct session *s)
{
    struct buf b;
    begin_request(w, s, &b, ACTIVATE);
    for (unsigned i = 0; i < 4; i++)
        put_none(&b);
    put_numeric_node(&b, 0, ANONYMOUS);
    put_u8(&b, 1);
    put_le32(&b, 4 + 9);
    put_string(&b, "anonymous");
    put_none(&b);
    put_none(&b);
    ask(w, s, &b);
    begin_response(w, s, &b, ACTIVATE);
    for (unsigned i = 0; i < 3; i++)
        put_none(&b);
    answer(w, s, &b);
    w->counts.opcua_authenticate++;
}

static void create_subscription(struct wire *w, struct session *s)
{
    struct buf b;
    begin_request(w, s, &b, CREATE_SUBSCRIPTION);
    put_double(&b, 500);
    put_le32(&b, 1000);
    put_le32(&b, 10);
    put_le32(&b, 0);
    put_u8(&b, 1);
    put_u8(&b, 0);
    ask(w, s, &b);
    begin_response(w, s, &b, CREATE_SUBSCRIPTION);
    put_le32(&b, 1 + s->index);
    put_double(&b, 500);
    put_le32(&b, 1000);
    put_le32(&b, 10);
    answer(w, s, &b);
    w->counts.opcua_subscribe++;
}

static void put_item(struct buf *b, uint32_t node) /* ReadValueId [UA4 7.29] */
{
    put_node(b, node);
    put_le32(b, 13);
    put_none(b);
    put_le16(b, 0);
    put_none(b);
}

/* The nodes that a session watches start at a place of its own. */
static uint32_t watched(const struct session *s, uint32_t item)
{
    return (s->index * 7 + item * 3) % 100;
}

static void create_items(struct wire *w, struct session *s)
{
    struct buf b;
    begin_request(w, s, &b, CREATE_ITEMS);
    put_le32(&b, 1 + s->index);
    put_le32(&b, 2);
    put_le32(&b, ITEMS);
    for (uint32_t i = 0; i < ITEMS; i++) {
        put_item(&b, watched(s, i));
        put_le32(&b, 2);
        put_le32(&b, i + 1);
        put_double(&b, 250);
        put_nothing(&b);
        put_le32(&b, 1);
        put_u8(&b, 1);
    }
    ask(w, s, &b);
    begin_response(w, s, &b, CREATE_ITEMS);
    put_le32(&b, ITEMS);
    for (uint32_t i = 0; i < ITEMS; i++) {
        put_le32(&b, 0);
        put_le32(&b, i + 1);
        put_double(&b, 250);
        put_le32(&b, 1);
        put_nothing(&b);
    }
    put_none(&b);
    answer(w, s, &b);
    w->counts.opcua_subscribe += ITEMS;
}

static void ask_publish(struct wire *w, struct session *s, unsigned place)
{
    struct buf b;
    begin_request(w, s, &b, PUBLISH);
    if (s->message > 0) {
        put_le32(&b, 1);
        put_le32(&b, 1 + s->index);
        put_le32(&b, s->message);
    } else {
        put_none(&b);
    }
    ask(w, s, &b);
    s->waiting[place] = s->request;
}

struct opcua *opcua_new(struct wire *w, uint32_t sessions)
{
    struct opcua *u = calloc(1, sizeof(*u));
    if (u == NULL)
        return NULL;
    u->n = sessions;
    u->sessions = calloc(sessions, sizeof(*u->sessions));
    if (u->sessions == NULL)
        return NULL;
    for (uint32_t i = 0; i < sessions; i++) {
        struct session *s = &u->sessions[i];
        s->index = i;
        conn_open(w, &s->conn,
            host_of(session_ip(i), (uint16_t)(32768 + rng_below(&w->rng, 28000))),
            host_of(SERVER_IP + server_of(i), 4840));
        hello(w, s);
        open_channel(w, s);
        create_session(w, s);
        activate_session(w, s);
        create_subscription(w, s);
        create_items(w, s);
        ask_publish(w, s, 0);
        ask_publish(w, s, 1);
    }
    return u;
}

/* ---- steady traffic */

/* `n` changed values, as the answer to the oldest Publish request that waits. */
static void notify(struct wire *w, struct session *s, uint32_t n)
{
    struct buf b, change;
    change.n = 0;
    put_le32(&change, n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t item = rng_below(&w->rng, ITEMS);
        put_le32(&change, item + 1);
        put_data(w, &change, watched(s, item));
    }
    put_none(&change);
    begin_response(w, s, &b, PUBLISH);
    put_le32(&b, 1 + s->index);
    put_le32(&b, 1);
    put_le32(&b, ++s->message);
    put_u8(&b, 0);
    put_le32(&b, s->message);
    put_le64(&b, filetime(w));
    put_le32(&b, 1);
    put_numeric_node(&b, 0, DATA_CHANGE);
    put_u8(&b, 1);
    put_le32(&b, (uint32_t)change.n);
    put_bytes(&b, change.b, change.n);
    put_none(&b);
    put_none(&b);
    send_message(w, s, SERVER, "MSG", s->waiting[0], &b);
    w->counts.opcua_notify += n;
    s->waiting[0] = s->waiting[1];
    ask_publish(w, s, 1);
    wire_later(w, conn_ack_later, &s->conn, SERVER);
}

static void poll(struct wire *w, struct session *s)
{
    struct buf b;
    uint32_t n = 1 + rng_below(&w->rng, 8), first = rng_below(&w->rng, 100);
    begin_request(w, s, &b, READ);
    put_double(&b, 0);
    put_le32(&b, 2);
    put_le32(&b, n);
    for (uint32_t i = 0; i < n; i++)
        put_item(&b, (first + i) % 100);
    ask(w, s, &b);
    begin_response(w, s, &b, READ);
    put_le32(&b, n);
    for (uint32_t i = 0; i < n; i++)
        put_data(w, &b, (first + i) % 100);
    put_none(&b);
    answer(w, s, &b);
    w->counts.opcua_read += n;
}

/* The setpoint of one pump: an Int32 that stays where it was. */
static void command(struct wire *w, struct session *s)
{
    struct buf b;
    uint32_t node = 4 * PUMPS + s->index % PUMPS;
    begin_request(w, s, &b, WRITE);
    put_le32(&b, 1);
    put_node(&b, node);
    put_le32(&b, 13);
    put_none(&b);
    put_u8(&b, 0x01);
    put_u8(&b, 6);
    put_le32(&b, 1000 + rng_below(&w->rng, 3));
    ask(w, s, &b);
    begin_response(w, s, &b, WRITE);
    put_le32(&b, 1);
    put_le32(&b, 0);
    put_none(&b);
    answer(w, s, &b);
    w->counts.opcua_write++;
}

void opcua_step(struct wire *w, struct opcua *u)
{
    struct session *s = &u->sessions[rng_below(&w->rng, u->n)];
    uint32_t dice = rng_below(&w->rng, 100);
    if (dice < 2)
        notify(w, s, MANY);
    else if (dice < 75)
        notify(w, s, 1 + rng_below(&w->rng, 16));
    else if (dice < 95)
        poll(w, s);
    else
        command(w, s);
}

void opcua_end(struct wire *w, struct opcua *u)
{
    struct buf b;
    for (uint32_t i = 0; i < u->n; i++) {
        struct session *s = &u->sessions[i];
        begin_request(w, s, &b, CLOSE_SESSION);
        put_u8(&b, 1);
        ask(w, s, &b);
        begin_response(w, s, &b, CLOSE_SESSION);
        answer(w, s, &b);
        begin_request(w, s, &b, CLOSE_CHANNEL);
        send_message(w, s, CLIENT, "CLO", ++s->request, &b);
        conn_close(w, &s->conn);
    }
    free(u->sessions);
    free(u);
}

/* ---- inventory */

static void register_session(FILE *out, uint32_t i, bool ai)
{
    uint32_t ip = session_ip(i);
    char setpoint[32];
    fprintf(out,
        "  - {id: station-%03u, %s, ip: [%u.%u.%u.%u],\n"
        "     identity: {opcua_application_uri: [\"urn:works:station-%03u\"],"
        " opcua_user: [anonymous], security: None}",
        i, ai ? "tier: T2, technology: ml" : "kind: operator", ip >> 24, ip >> 16 & 0xff,
        ip >> 8 & 0xff, ip & 0xff, i);
    if (ai) {
        node_text(setpoint, sizeof(setpoint), 4 * PUMPS + i % PUMPS);
        fprintf(out,
            ",\n     may: [{opcua: plc-%03u, actions: [read, browse, subscribe], nodes: "
            "[\"ns=2;*\"]},\n"
            "       {opcua: plc-%03u, actions: [write], nodes: [\"ns=2;s=%s\", \"ns=2;i=*\"]}],\n"
            "     quotas: {writes: 600/min}",
            server_of(i), server_of(i), setpoint);
    }
    fprintf(out, "}\n");
}

static void register_variables(FILE *out, uint32_t server)
{
    static const char *const about[] = {"Speed\"}, type: Double, unit: rpm, range: [0, 1500]",
        "Power\"}, type: Float, unit: kW, range: [0, 100]",
        "Setpoint\"}, type: Int32, unit: rpm, range: [0, 1500]"};
    static const char *const names[] = {"speed", "power", "setpoint"};
    for (uint32_t p = 0; p < PUMPS; p++) {
        for (unsigned k = 0; k < 3; k++) {
            fprintf(out,
                "  - {id: plc%03u.pump%02u.%s, opcua: {server: plc-%03u,"
                " node: \"ns=2;s=Pump%02u.%s, role: %s}\n",
                server, p, names[k], server, p, about[k], k == 2 ? "command" : "measurement");
        }
    }
}

void opcua_inventory(const struct opcua *u, FILE *assets, FILE *ai, FILE *variables)
{
    for (uint32_t i = 0; i < u->n; i++) {
        uint32_t ip = SERVER_IP + server_of(i);
        if (i % PER_SERVER == 0) {
            fprintf(assets,
                "  - {id: plc-%03u, kind: opcua-server, ip: [%u.%u.%u.%u], ports: [4840]}\n",
                server_of(i), ip >> 24, ip >> 16 & 0xff, ip >> 8 & 0xff, ip & 0xff);
            register_variables(variables, server_of(i));
        }
        bool is_ai = i % AI_EVERY == AI_EVERY - 1;
        register_session(is_ai ? ai : assets, i, is_ai);
    }
}
