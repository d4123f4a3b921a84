#pragma once
/* Inside flow/: one flow, the table of them, and what the parts of this folder offer each other.
 * Flows do not move and are addressed by index; memory of unused capacity is reserved, not touched.
 */

#include "flow/flow.h"
#include "flow/ndpi_shim.h"
#include "flow/reassembly.h"

enum tw_flow_mode {
    TW_FLOW_UNDECIDED, /* TCP whose first bytes have not been judged yet */
    TW_FLOW_OURS,      /* a dissector has it */
    TW_FLOW_OTHER,     /* nDPI names it */
    TW_FLOW_DATAGRAMS, /* a dissector has it; UDP */
};

/* A SYN that does not belong to the connection as it is known; it counts when it is answered. */
struct tw_flow_syn {
    bool waits;
    uint8_t direction;
    uint32_t seq, wire_len;
    int64_t ts_ns;
    uint64_t packet;
};

/* The addresses, ports and protocol of a packet, the same for both directions: as they are for
 * IPv4, a digest of 128 bits for IPv6. */
struct tw_flow_key {
    uint64_t word[2];
    bool swapped; /* the packet goes from the second end of the key to the first */
};

/* Whole lines of the cache, those first that every packet asks for. */
struct tw_flow {
    uint64_t key[2]; /* the words of it */
    bool swapped;    /* as in the key of a packet in direction 0 */
    bool closed, check_deadline;
    bool has_macs;   /* of both sides */
    bool both_heard; /* before the bytes that the dissector was given last */
    uint8_t ip_proto, mode;
    bool syn, answered, acked_back;
    uint8_t weak_reset; /* direction + 1 of a RST that may not count */
    uint32_t heap_at;
    int64_t last_ns;
    uint64_t bytes, packets;
    const struct tw_proto *proto;
    struct tw_reasm half[2];
    struct tw_flow_syn pending;
    struct tw_conn conn;
    uint32_t isn;
    uint8_t reset_by;   /* direction + 1 of a RST that counts */
    uint8_t wants_more; /* bit per direction: a probe asked for more of it */
    uint8_t weak[2];    /* bit per protocol: its probe was not sure */
    uint8_t fed, known_for, probes_left, first_early, conflicts;
    uint8_t alike; /* datagrams in a row that may be of `datagrams`; then that is not claimed yet */
    bool never_datagrams; /* something else was among them */
    bool midstream_probe, refused, has_verdict, told, guessed;
    struct tw_pbuf early[2];      /* first bytes while a probe wants more */
    const struct tw_proto *named; /* knew the bytes, but has no use for them */
    const struct tw_datagram_proto *datagrams;
    void *ndpi;
    struct tw_str app, host; /* verdict; host is in the pool, a path of HTTP behind it */
    struct tw_tls_info *tls; /* in the pool, its texts behind it; NULL: none, or not kept yet */
    uint32_t tls_size;
    uint8_t path_len;
} __attribute__((aligned(64)));

/* What a look-up and the order of use walk through is kept apart: it stays in the cache when flows
 * do not. Links are index + 1, 0 is none. */
struct tw_flow_link {
    uint32_t hash, chain, newer, older;
};

struct tw_flow_deadline {
    int64_t at_ns;
    uint32_t flow;
};

struct tw_flow_table {
    struct tw_flow *flows;
    struct tw_flow_link *links;
    /* Buckets in use grow with the flows, one at a time (linear hashing): those up to `mask`, and
     * beyond it the upper halves of the first `split` of them. Few flows are found in few lines of
     * the cache. */
    uint32_t *buckets;
    uint32_t mask, split, max_buckets;
    struct tw_flow_deadline *heap; /* the earliest first; every flow is in it */
    size_t capacity, size, n_heap;
    uint32_t unused, free, newest, oldest;
    struct tw_seed seed;
};

struct tw_flows {
    struct tw_flows_config config;
    struct tw_proto_env *env;
    struct tw_pool *pool;
    struct tw_flow_table table;
    uint8_t *states; /* of the dissectors, by flow index */
    size_t state_size;
    struct tw_ndpi *ndpi;
    struct tw_emit outer; /* where events go while a deadline's phase is set */
    struct tw_asks outer_asks;
    uint8_t phase;
    struct tw_reasm_env reasm;
    struct tw_reasm_counters reassembled;
    struct tw_flows_stats stats;
};

/* One flow, seen from one packet or deadline. */
struct tw_flow_ctx {
    struct tw_flows *f;
    struct tw_flow *w;
    unsigned d; /* direction */
    struct tw_when when;
};

/* table.c */
TW_MUST_CHECK bool tw_flow_table_init(
    struct tw_flow_table *t, size_t capacity, struct tw_seed seed);
void tw_flow_table_fini(struct tw_flow_table *t);
struct tw_flow_key tw_flow_table_key(const struct tw_flow_table *t, const struct tw_packet *p);
/* NULL when there is none; `out_direction` is that of the packet. */
struct tw_flow *tw_flow_table_find(
    const struct tw_flow_table *t, const struct tw_flow_key *key, unsigned *out_direction);
bool tw_flow_table_is_full(const struct tw_flow_table *t);
/* A flow, zeroed but for its key, newest of all, without a deadline; the packet of the key has
 * direction `d`. The table must not be full. */
struct tw_flow *tw_flow_table_add(
    struct tw_flow_table *t, const struct tw_flow_key *key, unsigned d);
void tw_flow_table_remove(struct tw_flow_table *t, struct tw_flow *w);
void tw_flow_table_touch(struct tw_flow_table *t, const struct tw_flow *w);
struct tw_flow *tw_flow_table_oldest(const struct tw_flow_table *t);
struct tw_flow *tw_flow_table_newer(const struct tw_flow_table *t, const struct tw_flow *w);
static inline uint32_t tw_flow_index(const struct tw_flow_table *t, const struct tw_flow *w)
{
    return (uint32_t)(w - t->flows);
}
/* The flow that is due first; equal times in the order in which the flows began. NULL when empty.
 */
struct tw_flow *tw_flow_table_due(const struct tw_flow_table *t, int64_t *out_at_ns);
void tw_flow_table_set_due(struct tw_flow_table *t, struct tw_flow *w, int64_t at_ns);
static inline int64_t tw_flow_table_due_of(const struct tw_flow_table *t, const struct tw_flow *w)
{
    return t->heap[w->heap_at].at_ns;
}

/* flow.c: end the flow, with everything it still has to say. It stays in the table as a closed one.
 */
void tw_flow_end(const struct tw_flow_ctx *c, enum tw_end reason);

/* tcp.c */
/* May `p` not belong to the connection `w`, which is over, has a SYN that waits, or is told of one?
 */
static inline bool tw_tcp_is_doubtful(const struct tw_flow *w, const struct tw_packet *p)
{
    return w->closed || w->pending.waits ||
           (p->tcp_flags & (TW_TCP_SYN | TW_TCP_ACK | TW_TCP_RST)) == TW_TCP_SYN;
}
/* Does a doubtful `p` belong to the connection in c->w? If not, that one has been ended and c->w is
 * NULL; then `out_syn` is the SYN of the new one if it was seen before, with the direction of `p`.
 */
void tw_tcp_admit(struct tw_flow_ctx *c, const struct tw_packet *p, struct tw_flow_syn *out_syn);
void tw_tcp_open(
    const struct tw_flow_ctx *c, const struct tw_packet *p, const struct tw_flow_syn *syn);
void tw_tcp_segment(struct tw_flow_ctx *c, const struct tw_packet *p);
void tw_tcp_close(const struct tw_flow_ctx *c, const struct tw_packet *p);
int64_t tw_tcp_idle_ns(const struct tw_flow *w, int64_t limit_ns);

/* recognise.c */
/* Once the pool and the table are there. */
void tw_recognise_init(struct tw_flows *f);
/* What reassembly works with, until the next call; bytes of c->d go to the probes or the dissector.
 * `c` has to stay. */
const struct tw_reasm_env *tw_recognise_env(struct tw_flow_ctx *c);
/* The start of the connection is not there to be judged: several segments get a chance. */
void tw_recognise_midstream(struct tw_flow *w);
void *tw_flow_state(const struct tw_flows *f, const struct tw_flow *w);

/* datagram.c: a UDP packet, for the dissector that has the flow or the probes. */
void tw_datagram_packet(const struct tw_flow_ctx *c, const struct tw_packet *p);

/* The same for one straight on the link. There is no flow: the EtherType says what it is, and a
 * datagram stands for itself. */
void tw_link_packet(struct tw_flows *f, const struct tw_packet *p);

/* classify.c */
/* A dissector has it, but nDPI names it as well. */
static inline bool tw_flow_is_shared(const struct tw_flow *w)
{
    return w->mode == TW_FLOW_OURS && w->proto->is_shared;
}
/* Does the packet say anything that may tell more of the flow's name? */
static inline bool tw_classify_wants(const struct tw_flow *w, const struct tw_packet *p)
{
    return p->payload.left > 0 && (w->mode != TW_FLOW_OURS || w->proto->is_shared);
}
/* Such a packet. */
void tw_classify_packet(const struct tw_flow_ctx *c, const struct tw_packet *p);
/* The `flow` event of a verdict, if there is one that was not told yet. */
void tw_classify_tell(const struct tw_flow_ctx *c);
/* The `flow` event of the end. */
void tw_classify_end(const struct tw_flow_ctx *c);
void tw_classify_drop(struct tw_flows *f, struct tw_flow *w);
