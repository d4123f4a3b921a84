#include "wire.h"

#include <stdlib.h>
#include <string.h>

enum { SEGMENT = 1448, WINDOW = 64240, ETHERNET = 14, IPV4 = 20, TCP = 20, UDP = 8 };
enum { FIN = 0x01, SYN = 0x02, PSH = 0x08, ACK = 0x10 };

/* 2026-03-02T06:00:00Z */
#define START_US INT64_C(1772431200000000)

uint64_t rng_next(struct rng *r)
{
    uint64_t z = (r->s += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
    return (uint32_t)(((rng_next(r) >> 32) * n) >> 32);
}

bool rng_percent(struct rng *r, uint32_t percent)
{
    return rng_below(r, 100) < percent;
}

static uint8_t *room(struct buf *b, size_t n)
{
    if (n > BUF_SIZE - b->n)
        abort();
    uint8_t *p = b->b + b->n;
    b->n += n;
    return p;
}

void put_u8(struct buf *b, unsigned v)
{
    *room(b, 1) = (uint8_t)v;
}

void put_be16(struct buf *b, unsigned v)
{
    room(b, 2);
    set_be16(b, b->n - 2, v);
}

void put_be32(struct buf *b, uint32_t v)
{
    put_be16(b, v >> 16);
    put_be16(b, v & 0xffff);
}

void put_le16(struct buf *b, unsigned v)
{
    put_u8(b, v & 0xff);
    put_u8(b, v >> 8 & 0xff);
}

void put_le32(struct buf *b, uint32_t v)
{
    room(b, 4);
    set_le32(b, b->n - 4, v);
}

void put_le64(struct buf *b, uint64_t v)
{
    put_le32(b, (uint32_t)v);
    put_le32(b, (uint32_t)(v >> 32));
}

void put_double(struct buf *b, double v)
{
    uint64_t u;
    memcpy(&u, &v, sizeof(u));
    put_le64(b, u);
}

void put_float(struct buf *b, float v)
{
    uint32_t u;
    memcpy(&u, &v, sizeof(u));
    put_le32(b, u);
}

void put_bytes(struct buf *b, const void *p, size_t n)
{
    uint8_t *to = room(b, n);
    if (n > 0)
        memcpy(to, p, n);
}

void put_text(struct buf *b, const char *s)
{
    put_bytes(b, s, strlen(s));
}

void put_random(struct buf *b, struct rng *r, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_u8(b, (unsigned)(rng_next(r) >> 56));
}

void set_be16(struct buf *b, size_t at, unsigned v)
{
    b->b[at] = (uint8_t)(v >> 8);
    b->b[at + 1] = (uint8_t)v;
}

void set_le32(struct buf *b, size_t at, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        b->b[at + i] = (uint8_t)(v >> (8 * i));
}

/* ---- file */

bool wire_open(struct wire *w, const char *path, uint64_t seed)
{
    /* magic (microseconds), version 2.4, zone, accuracy, snapshot length, Ethernet */
    static const uint32_t header[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 262144, 1};
    memset(w, 0, sizeof(*w));
    w->rng.s = seed;
    w->now_us = START_US;
    w->gap_us = 100;
    w->out = fopen(path, "wb");
    if (w->out == NULL)
        return false;
    setvbuf(w->out, NULL, _IOFBF, 1 << 18);
    w->counts.bytes = sizeof(header);
    return fwrite(header, sizeof(header), 1, w->out) == 1;
}

bool wire_close(struct wire *w)
{
    bool ok = ferror(w->out) == 0;
    return fclose(w->out) == 0 && ok;
}

/* What falls due may put off something in turn. */
static void do_first(struct wire *w)
{
    const struct later due = w->later[w->first_later];
    w->first_later = (w->first_later + 1) % LATER;
    w->n_later--;
    due.fn(w, due.who, due.arg);
}

void wire_later(struct wire *w, later_fn fn, void *who, uint32_t arg)
{
    while (w->n_later == LATER)
        do_first(w);
    w->later[(w->first_later + w->n_later++) % LATER] = (struct later){fn, who, arg};
}

void wire_settle(struct wire *w)
{
    while (w->n_later > 0)
        do_first(w);
}

/* ---- packets */

static uint32_t sum16(uint32_t sum, const uint8_t *p, size_t n)
{
    for (; n > 1; n -= 2, p += 2)
        sum += (uint32_t)p[0] << 8 | p[1];
    return n > 0 ? sum + ((uint32_t)p[0] << 8) : sum;
}

static unsigned fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

/* Ethernet and IPv4 headers in front of `ip_len` bytes. */
static void put_headers(struct buf *f, const struct host *from, const struct host *to,
    unsigned protocol, unsigned id, size_t ip_len)
{
    put_bytes(f, to->mac, 6);
    put_bytes(f, from->mac, 6);
    put_be16(f, 0x0800);
    put_be16(f, 0x4500);
    put_be16(f, (unsigned)(IPV4 + ip_len));
    put_be16(f, id);
    put_be16(f, 0x4000); /* don't fragment */
    put_u8(f, 64);
    put_u8(f, protocol);
    put_be16(f, 0);
    put_be32(f, from->ip);
    put_be32(f, to->ip);
    set_be16(f, ETHERNET + 10, fold(sum16(0, f->b + ETHERNET, IPV4)));
}

/* The checksum over the pseudo-header and everything from the transport header on. */
static void set_checksum(struct buf *f, size_t at, unsigned protocol)
{
    size_t start = ETHERNET + IPV4;
    uint32_t sum = protocol + (uint32_t)(f->n - start);
    sum = sum16(sum, f->b + ETHERNET + 12, 8);
    set_be16(f, at, fold(sum16(sum, f->b + start, f->n - start)));
}

static void write_frame(struct wire *w, const struct buf *f)
{
    const uint32_t record[4] = {(uint32_t)(w->now_us / 1000000), (uint32_t)(w->now_us % 1000000),
        (uint32_t)f->n, (uint32_t)f->n};
    fwrite(record, sizeof(record), 1, w->out);
    fwrite(f->b, f->n, 1, w->out);
    w->counts.packets++;
    w->counts.bytes += sizeof(record) + f->n;
    w->now_us += 1 + rng_below(&w->rng, 2 * w->gap_us - 1);
}

static void tcp_frame(
    struct wire *w, struct conn *c, int from, unsigned flags, const void *p, size_t n)
{
    static const uint8_t mss[4] = {2, 4, SEGMENT >> 8, SEGMENT & 0xff};
    struct half *s = &c->side[from], *peer = &c->side[1 - from];
    size_t options = flags & SYN ? sizeof(mss) : 0;
    struct buf f;
    f.n = 0;
    put_headers(&f, &s->host, &peer->host, 6, s->ip_id++, TCP + options + n);
    put_be16(&f, s->host.port);
    put_be16(&f, peer->host.port);
    put_be32(&f, s->seq);
    put_be32(&f, flags & ACK ? peer->seq : 0);
    put_be16(&f, (unsigned)((TCP + options) / 4 << 12) | flags);
    put_be16(&f, WINDOW);
    put_be32(&f, 0);
    put_bytes(&f, mss, options);
    put_bytes(&f, p, n);
    set_checksum(&f, ETHERNET + IPV4 + 16, 6);
    write_frame(w, &f);
    s->seq += (uint32_t)n + (flags & (SYN | FIN) ? 1 : 0);
    if (flags & ACK)
        peer->acked = peer->seq;
}

struct host host_of(uint32_t ip, uint16_t port)
{
    return (struct host){.ip = ip,
        .port = port,
        .mac = {
            0x02, 0x10, (uint8_t)(ip >> 24), (uint8_t)(ip >> 16), (uint8_t)(ip >> 8), (uint8_t)ip}};
}

void conn_open(struct wire *w, struct conn *c, struct host client, struct host server)
{
    const struct host hosts[2] = {client, server};
    for (int i = 0; i < 2; i++) {
        uint64_t r = rng_next(&w->rng);
        c->side[i] =
            (struct half){.host = hosts[i], .seq = (uint32_t)r, .ip_id = (uint16_t)(r >> 32)};
    }
    c->open = true;
    w->counts.tcp_flows++;
    tcp_frame(w, c, CLIENT, SYN, NULL, 0);
    tcp_frame(w, c, SERVER, SYN | ACK, NULL, 0);
    tcp_frame(w, c, CLIENT, ACK, NULL, 0);
}

static void send_bytes(struct wire *w, struct conn *c, int from, const uint8_t *p, size_t n)
{
    while (n > 0) {
        size_t part = n < SEGMENT ? n : SEGMENT;
        n -= part;
        /* The receiver's window is never overrun. */
        if (c->side[from].seq - c->side[from].acked + part > WINDOW)
            conn_ack(w, c, 1 - from);
        tcp_frame(w, c, from, n == 0 ? PSH | ACK : ACK, p, part);
        p += part;
    }
}

void conn_send(struct wire *w, struct conn *c, int from, const struct buf *b)
{
    send_bytes(w, c, from, b->b, b->n);
}

void conn_send_split(struct wire *w, struct conn *c, int from, const struct buf *b, size_t at)
{
    send_bytes(w, c, from, b->b, at);
    send_bytes(w, c, from, b->b + at, b->n - at);
}

void conn_ack(struct wire *w, struct conn *c, int from)
{
    const struct half *peer = &c->side[1 - from];
    if (c->open && peer->acked != peer->seq)
        tcp_frame(w, c, from, ACK, NULL, 0);
}

void conn_ack_later(struct wire *w, void *who, uint32_t arg)
{
    conn_ack(w, who, (int)arg);
}

void conn_close(struct wire *w, struct conn *c)
{
    tcp_frame(w, c, CLIENT, FIN | ACK, NULL, 0);
    tcp_frame(w, c, SERVER, FIN | ACK, NULL, 0);
    tcp_frame(w, c, CLIENT, ACK, NULL, 0);
    c->open = false;
}

void udp_send(struct wire *w, struct host from, struct host to, const struct buf *b)
{
    struct buf f;
    f.n = 0;
    put_headers(&f, &from, &to, 17, (unsigned)(rng_next(&w->rng) & 0xffff), UDP + b->n);
    put_be16(&f, from.port);
    put_be16(&f, to.port);
    put_be16(&f, (unsigned)(UDP + b->n));
    put_be16(&f, 0);
    put_bytes(&f, b->b, b->n);
    set_checksum(&f, ETHERNET + IPV4 + 6, 17);
    write_frame(w, &f);
}
