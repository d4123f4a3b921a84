#pragma once
/* What is known of one flow of MQTT-SN: its clients, one or those behind a forwarder, and the names
 * that numbers stand for with each. All memory beyond the struct comes from the pool. */

#include "protocol/mqttsn/packet.h"
#include "protocol/protocol.h"

/* Registered by REGISTER or learned from SUBACK [MQTT-SN 6.5]. */
struct tw_sn_topic {
    struct tw_pbuf name;
    uint16_t id;
};

/* A message that waits for its answer. */
struct tw_sn_pending {
    int64_t ts_ns;
    uint64_t packet;
    struct tw_pbuf text; /* topic name, filter, or client id */
    uint16_t msg_id, topic_id, duration;
    uint8_t type, flags, dir;
    bool has_id;
};

struct tw_sn_client {
    uint64_t key; /* digest of the node; 0: no forwarder */
    uint64_t used;
    struct tw_pbuf id; /* client id */
    struct tw_pbuf node;
    struct tw_sn_topic *topics;
    struct tw_sn_pending *pending;
    struct tw_pbuf will_topic;
    uint64_t will_bytes, will_hash;
    uint16_t n_topics, max_topics;
    uint8_t n_pending, max_pending;
    uint8_t will_flags;
    bool has_will, connected;
};

struct tw_sn_state {
    struct tw_sn_client *clients;
    struct tw_carrier carrier;
    struct tw_conn conn; /* with the carrier */
    int64_t timeout_ns;
    uint64_t clock; /* of tw_sn_client.used */
    uint8_t n_clients, max_clients;
    uint8_t client_dir; /* the direction clients send in */
    bool client_known, begun;
};

/* One call into the dissector; `k` is the client that the message is about. */
struct tw_sn_call {
    struct tw_sn_state *st;
    struct tw_proto_env *env;
    const struct tw_when *when;
    struct tw_sn_client *k;
    unsigned dir;
};

/* ---- state.c ---- */

/* The client behind this node, a new one if there is none yet; the one that was silent longest
 * makes room. NULL when the pool is exhausted. */
struct tw_sn_client *tw_sn_client_of(
    struct tw_sn_state *st, struct tw_proto_env *env, struct tw_str node);
/* It begins anew: without registrations, and when `all` without name and will. */
void tw_sn_client_forget(struct tw_sn_client *k, struct tw_pool *pool, bool all);
/* Bind a number; when there is no room for it its topic stays unknown. */
void tw_sn_topic_set(struct tw_sn_client *k, struct tw_pool *pool, uint16_t id, struct tw_str name);
/* Absent when it is not known. */
struct tw_str tw_sn_topic_get(const struct tw_sn_client *k, uint16_t id);
/* Remember a message that waits; the same one sent again is the first. The oldest makes room: it is
 * told as unanswered. */
void tw_sn_pending_add(
    const struct tw_sn_call *c, const struct tw_sn_message *m, struct tw_str text);
/* NULL when there is none. */
struct tw_sn_pending *tw_sn_pending_find(
    struct tw_sn_client *k, unsigned dir, unsigned type, uint16_t msg_id);
void tw_sn_pending_drop(const struct tw_sn_call *c, struct tw_sn_pending *p);
void tw_sn_state_fini(struct tw_sn_state *st, struct tw_pool *pool);

/* ---- events.c ---- */

void tw_sn_emit_malformed(const struct tw_sn_call *c, const char *detail, unsigned type);
void tw_sn_emit_publish(
    const struct tw_sn_call *c, const struct tw_sn_message *m, struct tw_str topic);
/* A request and its answer; `m` is NULL when there was none. */
void tw_sn_emit_answered(
    const struct tw_sn_call *c, const struct tw_sn_pending *p, const struct tw_sn_message *m);
void tw_sn_emit_disconnect(const struct tw_sn_call *c, const struct tw_sn_message *m);
