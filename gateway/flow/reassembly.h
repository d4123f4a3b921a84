#pragma once
/* One direction of a TCP connection, put back in order [RFC 9293 3.4]. Bytes that come in order are
 * handed on where they are; bytes that come early are kept in pool buffers until the hole before
 * them is filled or given up. Where two copies of a byte differ, the first one seen counts and the
 * difference is told. One thread. */

#include "base/cursor.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/pool.h"

struct tw_segment;

enum { TW_REASM_RECENT = 4 };

/* Digest of a segment that was handed on, to notice a different retransmission. */
struct tw_reasm_recent {
    uint32_t seq, digest;
    uint16_t len;
};

struct tw_reasm {
    struct tw_segment *queue, *last; /* early segments: sorted, disjoint, all behind `next` */
    int64_t since_ns;                /* the hole is waited for since */
    uint32_t next;                   /* sequence number of the next byte to hand on */
    uint32_t acked;                  /* the other side has everything before this */
    uint32_t fin;                    /* sequence number of the FIN */
    uint32_t queued_bytes;
    uint16_t n_queued;
    uint8_t later; /* segments seen since the other side acknowledged bytes that are missing here */
    uint8_t recent_at;
    bool started, has_ack, has_fin;
    bool behind; /* the other side has acknowledged bytes that are missing here */
    struct tw_reasm_recent recent[TW_REASM_RECENT];
};

struct tw_reasm_sink {
    void (*data)(void *user, struct tw_cur bytes);
    void (*gap)(void *user, uint64_t missing);
    void (*conflict)(void *user); /* at most once for each segment */
};

struct tw_reasm_counters {
    uint64_t retransmitted_bytes, out_of_order, gaps, gap_bytes, conflicts, ignored;
};

/* What a call works with. */
struct tw_reasm_env {
    struct tw_pool *pool;
    const struct tw_reasm_sink *sink;
    void *user; /* for the sink */
    struct tw_reasm_counters *counters;
    struct tw_seed seed;
    int64_t now_ns;
};

static inline int32_t tw_seq_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

/* The first byte has sequence number `seq`; without this the first segment decides. */
void tw_reasm_start(struct tw_reasm *r, uint32_t seq);

/* `len` bytes at `seq` were sent, `bytes` of them were captured. */
void tw_reasm_segment(struct tw_reasm *r, const struct tw_reasm_env *env, uint32_t seq,
    struct tw_cur bytes, uint32_t len);
/* The other side acknowledged everything before `ack`. True when holes are to be given up for that:
 * call tw_reasm_expire(). */
TW_MUST_CHECK bool tw_reasm_ack(struct tw_reasm *r, int64_t now_ns, uint32_t ack);
/* No bytes at or behind `seq` belong to the stream. */
void tw_reasm_fin(struct tw_reasm *r, uint32_t seq);
/* Nobody wants the bytes: only keep count of sequence numbers. */
void tw_reasm_skip(struct tw_reasm *r, uint32_t seq, uint32_t len);

/* Behind the last byte seen, handed on or queued. */
uint32_t tw_reasm_end(const struct tw_reasm *r);
/* When the hole is to be given up at the latest; INT64_MAX when there is none or no reason yet. */
int64_t tw_reasm_deadline(const struct tw_reasm *r);
/* Give up the holes whose time has come at env->now_ns. */
void tw_reasm_expire(struct tw_reasm *r, const struct tw_reasm_env *env);
/* No more will come: hand on what is queued, with its gaps. */
void tw_reasm_finish(struct tw_reasm *r, const struct tw_reasm_env *env);
/* Forget what is queued. */
void tw_reasm_drop(struct tw_reasm *r, struct tw_pool *pool);
