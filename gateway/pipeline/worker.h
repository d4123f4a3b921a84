#pragma once
/* One worker: the flows it owns, its pool and what the dissectors are lent. Everything it emits
 * goes to one callback, in the order of its packets. */

#include "crypto/opcua_keys.h"
#include "crypto/tls_keys.h"
#include "flow/flow.h"

struct tw_worker;

struct tw_worker_config {
    struct tw_limits limits; /* of the whole program; divided by n_workers */
    unsigned n_workers;
    bool payload_digests; /* SHA-256 of MQTT payloads: for decode and --events */
    bool ndpi;
    const struct tw_opcua_keys *opcua_keys; /* NULL: what is encrypted stays so */
    const struct tw_tls_keys *tls_keys;     /* the same */
};

/* NULL when memory is short. */
struct tw_worker *tw_worker_new(const struct tw_worker_config *config);
void tw_worker_free(struct tw_worker *w);
/* Where events go from now on, and who is asked before, the same user; NULL: nobody. */
void tw_worker_emit_to(struct tw_worker *w, struct tw_emit emit, const struct tw_asks *asks);

void tw_worker_packet(struct tw_worker *w, const struct tw_packet *packet);
/* Deadlines up to `now_ns`; events of phase 1, unordered among flows. */
void tw_worker_tick(struct tw_worker *w, int64_t now_ns, uint64_t packet);
/* The end; events of phase 2, unordered among flows. */
void tw_worker_finish(struct tw_worker *w, int64_t now_ns, uint64_t packet);

struct tw_worker_stats {
    struct tw_flows_stats flows;
    struct tw_pool_stats pool;
    struct tw_proto_counters counters;
};
/* Add figures to `sum`: of a worker, and as they were told. */
void tw_worker_stats_add(const struct tw_worker *w, struct tw_worker_stats *sum);
void tw_worker_stats_sum(const struct tw_worker_stats *stats, struct tw_worker_stats *sum);
