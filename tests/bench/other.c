#include <stdlib.h>
#include <string.h>

#include "traffic.h"

/* What else is on a plant network: TLS, HTTP, DNS, NTP and datagrams of unknown kind. */

enum { HOSTS = 100, OPEN_FLOWS = 64 };

#define HOST_IP 0x0a281001u   /* 10.40.16.1 … */
#define SERVER_IP 0x0a28000au /* 10.40.0.10 … */

struct flow {
    struct conn conn;
    bool tls;
    unsigned left; /* exchanges until it closes; 0: not open */
};

struct other {
    struct flow flows[OPEN_FLOWS];
};

static struct host some_host(struct wire *w)
{
    uint32_t ip = HOST_IP + rng_below(&w->rng, HOSTS);
    return host_of(ip, (uint16_t)(32768 + rng_below(&w->rng, 28000)));
}

static struct host server(unsigned i, uint16_t port)
{
    return host_of(SERVER_IP + i, port);
}

struct other *other_new(struct wire *w)
{
    (void)w;
    return calloc(1, sizeof(struct other));
}

/* ---- TLS 1.3 [RFC 8446]; what is encrypted is noise here */

static void put_record(struct buf *b, unsigned type, const struct buf *body)
{
    put_u8(b, type);
    put_be16(b, 0x0303);
    put_be16(b, (unsigned)body->n);
    put_bytes(b, body->b, body->n);
}

static void put_extension(struct buf *b, unsigned type, const void *p, size_t n)
{
    put_be16(b, type);
    put_be16(b, (unsigned)n);
    put_bytes(b, p, n);
}

static void put_server_name(struct buf *b, const char *name)
{
    size_t n = strlen(name);
    put_be16(b, 0);
    put_be16(b, (unsigned)(n + 5));
    put_be16(b, (unsigned)(n + 3));
    put_u8(b, 0);
    put_be16(b, (unsigned)n);
    put_text(b, name);
}

/* A handshake message: type, length in three bytes, version, random, session id, as both hellos. */
static size_t begin_hello(struct wire *w, struct buf *b, unsigned type)
{
    b->n = 0;
    put_u8(b, type);
    put_u8(b, 0);
    put_be16(b, 0);
    put_be16(b, 0x0303);
    put_random(b, &w->rng, 32);
    put_u8(b, 32);
    put_random(b, &w->rng, 32);
    return 2; /* where its length goes */
}

static void put_key_share(struct wire *w, struct buf *b, bool client)
{
    put_be16(b, 51);
    put_be16(b, client ? 38 : 36);
    if (client)
        put_be16(b, 36);
    put_be16(b, 29);
    put_be16(b, 32);
    put_random(b, &w->rng, 32);
}

static void client_hello(struct wire *w, struct buf *out, const char *name)
{
    static const uint8_t versions[] = {2, 3, 4}, groups[] = {0, 2, 0, 29},
                         signatures[] = {0, 4, 4, 3, 8, 4};
    struct buf b;
    size_t length = begin_hello(w, &b, 1);
    put_be16(&b, 4);
    put_be16(&b, 0x1301);
    put_be16(&b, 0x1302);
    put_be16(&b, 0x0100);
    size_t extensions = b.n;
    put_be16(&b, 0);
    put_server_name(&b, name);
    put_extension(&b, 10, groups, sizeof(groups));
    put_extension(&b, 13, signatures, sizeof(signatures));
    put_extension(&b, 43, versions, sizeof(versions));
    put_key_share(w, &b, true);
    set_be16(&b, extensions, (unsigned)(b.n - extensions - 2));
    set_be16(&b, length, (unsigned)(b.n - 4));
    put_record(out, 22, &b);
}

static void server_hello(struct wire *w, struct buf *out)
{
    static const uint8_t version[] = {3, 4};
    struct buf b;
    size_t length = begin_hello(w, &b, 2);
    put_be16(&b, 0x1301);
    put_u8(&b, 0);
    size_t extensions = b.n;
    put_be16(&b, 0);
    put_extension(&b, 43, version, sizeof(version));
    put_key_share(w, &b, false);
    set_be16(&b, extensions, (unsigned)(b.n - extensions - 2));
    set_be16(&b, length, (unsigned)(b.n - 4));
    put_record(out, 22, &b);
}

static void put_noise(struct wire *w, struct buf *out, uint32_t n)
{
    struct buf b;
    b.n = 0;
    put_random(&b, &w->rng, n);
    put_record(out, 23, &b);
}

static void start_tls(struct wire *w, struct flow *f)
{
    static const uint8_t change_cipher[] = {20, 3, 3, 0, 1, 1};
    struct buf b;
    char name[64];
    unsigned i = rng_below(&w->rng, 8);
    snprintf(name, sizeof(name), "service%u.works.example", i);
    conn_open(w, &f->conn, some_host(w), server(i, 443));
    b.n = 0;
    client_hello(w, &b, name);
    conn_send(w, &f->conn, CLIENT, &b);
    b.n = 0;
    server_hello(w, &b);
    put_bytes(&b, change_cipher, sizeof(change_cipher));
    put_noise(w, &b, 1800);
    conn_send(w, &f->conn, SERVER, &b);
    f->tls = true;
}

static void exchange_tls(struct wire *w, struct flow *f)
{
    struct buf b;
    b.n = 0;
    put_noise(w, &b, 60 + rng_below(&w->rng, 400));
    conn_send(w, &f->conn, CLIENT, &b);
    b.n = 0;
    put_noise(w, &b, 100 + rng_below(&w->rng, 2000));
    conn_send(w, &f->conn, SERVER, &b);
}

/* ---- HTTP */

static void exchange_http(struct wire *w, struct flow *f)
{
    struct buf b, body;
    char text[256];
    b.n = body.n = 0;
    snprintf(text, sizeof(text),
        "GET /api/batches/%u HTTP/1.1\r\nHost: mes.works.example\r\nUser-Agent: station/1.4\r\n"
        "Accept: application/json\r\n\r\n",
        rng_below(&w->rng, 100000));
    put_text(&b, text);
    conn_send(w, &f->conn, CLIENT, &b);
    put_text(&body, "{\"steps\":[");
    for (uint32_t i = rng_below(&w->rng, 60); i > 0; i--) {
        snprintf(text, sizeof(text), "{\"step\":%u,\"state\":\"done\"},", i);
        put_text(&body, text);
    }
    put_text(&body, "{}]}");
    snprintf(text, sizeof(text),
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", body.n);
    b.n = 0;
    put_text(&b, text);
    put_bytes(&b, body.b, body.n);
    conn_send(w, &f->conn, SERVER, &b);
}

/* ---- datagrams */

static void put_question(
    struct buf *b, unsigned id, unsigned flags, unsigned answers, unsigned host)
{
    char label[16];
    put_be16(b, id);
    put_be16(b, flags);
    put_be16(b, 1);
    put_be16(b, answers);
    put_be32(b, 0);
    snprintf(label, sizeof(label), "host%03u", host);
    put_u8(b, (unsigned)strlen(label));
    put_text(b, label);
    put_u8(b, 5);
    put_text(b, "works");
    put_u8(b, 7);
    put_text(b, "example");
    put_u8(b, 0);
    put_be16(b, 1);
    put_be16(b, 1);
}

static void look_up(struct wire *w)
{
    struct buf b;
    struct host client = some_host(w), dns = server(20, 53);
    unsigned id = rng_below(&w->rng, 65536), host = rng_below(&w->rng, 1000);
    b.n = 0;
    put_question(&b, id, 0x0100, 0, host);
    udp_send(w, client, dns, &b);
    b.n = 0;
    put_question(&b, id, 0x8180, 1, host);
    put_be16(&b, 0xc00c);
    put_be16(&b, 1);
    put_be16(&b, 1);
    put_be32(&b, 300);
    put_be16(&b, 4);
    put_be32(&b, HOST_IP + host);
    udp_send(w, dns, client, &b);
    w->counts.udp_flows++;
}

static void ask_time(struct wire *w)
{
    struct buf b;
    struct host client = some_host(w), ntp = server(21, 123);
    b.n = 0;
    put_be32(&b, 0x23000000);
    put_random(&b, &w->rng, 44);
    udp_send(w, client, ntp, &b);
    b.n = 0;
    put_be32(&b, 0x240206e9);
    put_random(&b, &w->rng, 44);
    udp_send(w, ntp, client, &b);
    w->counts.udp_flows++;
}

/* Cyclic data between fixed partners: few flows, many packets. */
static void cyclic(struct wire *w)
{
    struct buf b;
    uint32_t i = rng_below(&w->rng, 32);
    b.n = 0;
    put_be32(&b, 0xfe5a0000 + i);
    put_random(&b, &w->rng, 60 + 8 * i);
    udp_send(w, host_of(HOST_IP + i, 5010), server(30 + i, 5010), &b);
}

/* ---- */

static void step_flow(struct wire *w, struct flow *f)
{
    if (f->left == 0) {
        f->left = 8 + rng_below(&w->rng, 40);
        if (rng_percent(&w->rng, 60)) {
            start_tls(w, f);
        } else {
            const struct host client = some_host(w);
            f->tls = false;
            conn_open(w, &f->conn, client, server(10 + rng_below(&w->rng, 4), 80));
        }
    }
    if (f->tls)
        exchange_tls(w, f);
    else
        exchange_http(w, f);
    if (--f->left > 0)
        wire_later(w, conn_ack_later, &f->conn, CLIENT);
    else
        conn_close(w, &f->conn);
}

void other_step(struct wire *w, struct other *o)
{
    uint32_t dice = rng_below(&w->rng, 100);
    if (dice < 50)
        step_flow(w, &o->flows[rng_below(&w->rng, OPEN_FLOWS)]);
    else if (dice < 56)
        look_up(w);
    else if (dice < 58)
        ask_time(w);
    else
        cyclic(w);
}

void other_end(struct wire *w, struct other *o)
{
    for (unsigned i = 0; i < OPEN_FLOWS; i++) {
        if (o->flows[i].left > 0)
            conn_close(w, &o->flows[i].conn);
    }
    free(o);
}

void other_inventory(const struct other *o, FILE *assets)
{
    (void)o;
    for (unsigned i = 0; i < HOSTS; i++)
        fprintf(assets, "  - {id: office-%03u, kind: other, ip: [10.40.16.%u]}\n", i, i + 1);
    for (unsigned i = 0; i < 64; i++)
        fprintf(
            assets, "  - {id: service-%03u, kind: infrastructure, ip: [10.40.0.%u]}\n", i, i + 10);
}
