#pragma once
/* What the traffic of the benchmark is made of: a seeded random source, byte buffers, a clock, and
 * TCP and UDP over Ethernet and IPv4, written straight into a pcap file. Nothing here reads the
 * real clock or any other source of chance: the same options give the same bytes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- chance; at most one draw in an expression, since compilers differ in the order of evaluation
 */

struct rng {
    uint64_t s;
};

uint64_t rng_next(struct rng *r);
/* 0 … n-1 */
uint32_t rng_below(struct rng *r, uint32_t n);
bool rng_percent(struct rng *r, uint32_t percent);

/* ---- bytes */

enum { BUF_SIZE = 64 * 1024 };

struct buf {
    size_t n;
    uint8_t b[BUF_SIZE];
};

void put_u8(struct buf *b, unsigned v);
void put_be16(struct buf *b, unsigned v);
void put_be32(struct buf *b, uint32_t v);
void put_le16(struct buf *b, unsigned v);
void put_le32(struct buf *b, uint32_t v);
void put_le64(struct buf *b, uint64_t v);
void put_double(struct buf *b, double v);
void put_float(struct buf *b, float v);
void put_bytes(struct buf *b, const void *p, size_t n);
void put_text(struct buf *b, const char *s);
void put_random(struct buf *b, struct rng *r, size_t n);
/* Overwrite what was put earlier. */
void set_be16(struct buf *b, size_t at, unsigned v);
void set_le32(struct buf *b, size_t at, uint32_t v);

/* ---- what was written */

#define COUNT_TABLE(X)                                                                             \
    X(mqtt, connect)                                                                               \
    X(mqtt, subscribe)                                                                             \
    X(mqtt, publish)                                                                               \
    X(mqtt, deliver)                                                                               \
    X(mqtt, disconnect) X(opcua, connect) X(opcua, secure) X(opcua, session)                       \
        X(opcua, authenticate) X(opcua, subscribe) X(opcua, notify) X(opcua, read) X(opcua, write)

struct counts {
#define COUNT_MEMBER(protocol, action) uint64_t protocol##_##action;
    COUNT_TABLE(COUNT_MEMBER)
#undef COUNT_MEMBER
    uint64_t packets, bytes, tcp_flows, udp_flows, mqtt_messages, opcua_messages;
};

/* ---- packets */

struct host {
    uint32_t ip;
    uint16_t port;
    uint8_t mac[6];
};

/* Half of a TCP connection: what this side sent and what the other one acknowledged of it. */
struct half {
    struct host host;
    uint32_t seq, acked;
    uint16_t ip_id;
};

struct conn {
    struct half side[2]; /* CLIENT, SERVER */
    bool open;
};

enum { CLIENT, SERVER };

struct wire;
typedef void (*later_fn)(struct wire *w, void *who, uint32_t arg);

struct later {
    later_fn fn;
    void *who;
    uint32_t arg;
};

/* Answers come this many transactions after what they answer, so that flows interleave. */
enum { LATER = 24 };

struct wire {
    FILE *out;
    struct rng rng;
    int64_t now_us;
    uint32_t gap_us; /* mean time between packets */
    struct counts counts;
    struct later later[LATER];
    unsigned first_later, n_later;
};

bool wire_open(struct wire *w, const char *path, uint64_t seed);
bool wire_close(struct wire *w);

/* Do `fn` when LATER further things were put off, or at wire_settle(). */
void wire_later(struct wire *w, later_fn fn, void *who, uint32_t arg);
void wire_settle(struct wire *w);

struct host host_of(uint32_t ip, uint16_t port);
void conn_open(struct wire *w, struct conn *c, struct host client, struct host server);
/* Bytes from `from`, in as many segments as they need; they acknowledge what came the other way. */
void conn_send(struct wire *w, struct conn *c, int from, const struct buf *b);
/* The same, cut in two segments at `at` whatever their size. */
void conn_send_split(struct wire *w, struct conn *c, int from, const struct buf *b, size_t at);
/* A bare acknowledgement by `from`, unless there is nothing to acknowledge. */
void conn_ack(struct wire *w, struct conn *c, int from);
/* wire_later() form of conn_ack(): `who` is the connection, `arg` the side. */
void conn_ack_later(struct wire *w, void *who, uint32_t arg);
void conn_close(struct wire *w, struct conn *c);
void udp_send(struct wire *w, struct host from, struct host to, const struct buf *b);
