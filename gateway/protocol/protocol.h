#pragma once
/* What every protocol on TCP offers to the worker that owns a flow, and what it is lent. A
 * dissector neither allocates nor logs nor does I/O: memory comes from the pool, events go to
 * `emit`. It knows nothing of AI systems or rules.
 *
 * Directions: 0 is from the side that opened the TCP connection (or that was seen first), 1 the
 * other way. That is not the same as client and server of the protocol (OPC UA reverse connect). */

#include "base/cursor.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/pool.h"
#include "crypto/certificate.h"
#include "crypto/gunzip.h"
#include "crypto/tls_keys.h"
#include "event/asks.h"

struct tw_digests;
struct tw_shapes;

/* Where in the capture the bytes stand: the packet that completed them. */
struct tw_when {
    int64_t ts_ns;
    uint64_t packet;
};

/* Constant facts of a TCP connection. */
struct tw_conn {
    uint8_t seen;   /* a bit for each direction of which there was any packet */
    bool midstream; /* the handshake was not seen */
    bool nano;
    uint8_t n_vlan;
    uint16_t vlan[2];
    uint64_t flow;
    uint64_t first_packet;
    const struct tw_carrier *carrier; /* of what is inside a transport; NULL: TCP itself */
    struct tw_endpoint side[2];       /* side[0] sends in direction 0 */
    struct tw_tunnel tunnel;          /* of its first packet; kind NULL: none */
};

/* Rows of tw_proto_counters.messages: by enum tw_protocol, then those of transports and of
 * protocols on UDP. */
enum { TW_COUNT_PUBSUB = 3, TW_COUNT_WEBSOCKET, TW_COUNT_MQTTSN, TW_COUNT_TLS, TW_COUNT_ROWS };

struct tw_proto_counters {
    uint64_t messages[TW_COUNT_ROWS][256]; /* [row][slot]; named by counter_name */
    uint64_t malformed, gaps, resyncs, cut, unknown_services;
};

/* A chunk of an OPC UA SecureChannel that is encrypted, from its sequence header on. */
struct tw_sealed {
    uint32_t channel, token;
    unsigned set; /* which of the sets of keys for this channel and token, from 0 */
    bool from_client;
    struct tw_cur bytes;
};

/* One per worker; lent to every dissector call. */
struct tw_proto_env {
    struct tw_emit emit;
    struct tw_asks asks; /* with emit.user */
    struct tw_pool *pool;
    struct tw_limits limits;
    struct tw_proto_counters *counters;
    struct tw_seed seed;  /* of tw_node_key */
    uint64_t next_serial; /* for tw_opcua_info.serial and tw_mqtt_info.serial; start at 1 */
    /* Digests; NULL when nobody asked for payload digests (certificates always get one). */
    void (*payload_sha256)(const void *p, size_t len, uint8_t out[32]);
    void (*certificate_sha256)(const void *p, size_t len, uint8_t out[32]);
    /* The URI of a DER certificate's subjectAltName into `out[size]`, 0 when it has none. */
    size_t (*certificate_uri)(const void *p, size_t len, char *out, size_t size);
    /* Whose it is, how long it is good for; NULL: not told. */
    bool (*certificate_read)(const void *p, size_t len, struct tw_certificate *out);
    /* Keys of OPC UA channels; NULL when there are none. How many sets for this channel and token;
     * what stands before the padding, decrypted into `out`, which has room for all of the chunk,
     * and how many bytes of padding confirmed the keys; false when they do not fit. */
    unsigned (*opcua_key_sets)(const void *keys, uint32_t channel, uint32_t token);
    bool (*opcua_open)(void *keys, const struct tw_sealed *sealed, void *out, size_t *out_len,
        unsigned *out_padding);
    void *opcua_keys;
    struct tw_shapes *shapes;   /* of JSON payloads; NULL: each is read by itself */
    struct tw_digests *digests; /* of payloads; NULL: each is digested by itself */
    /* Payloads that are compressed; NULL: they stay so. */
    enum tw_gunzip_status (*gunzip)(struct tw_gunzip *g, struct tw_str in, struct tw_str *out);
    struct tw_gunzip *gunzip_context;
    /* Secrets of TLS sessions; `tls_keys` is NULL when there are none. As in crypto/tls_keys.h. */
    bool (*tls_knows)(const void *keys, const uint8_t client_random[TW_TLS_RANDOM]);
    bool (*tls_can)(uint16_t version, uint16_t suite);
    bool (*tls_open)(void *keys, const struct tw_tls_sealed *sealed, uint8_t *out, size_t *out_len,
        uint8_t *out_type);
    void *tls_keys;
};

/* WEAK: the bytes alone prove too little, but they are this protocol's when the other direction is
 * WEAK or YES as well, or when side[1] of a connection whose start was seen is on one of the
 * protocol's `ports`. Until then it counts as MORE. */
enum tw_probe { TW_PROBE_NO, TW_PROBE_MORE, TW_PROBE_YES, TW_PROBE_WEAK };

enum tw_end { TW_END_CLOSED, TW_END_RESET, TW_END_IDLE, TW_END_EVICTED, TW_END_INPUT };

struct tw_proto {
    const char *name;
    enum tw_protocol id;
    size_t state_size;
    /* Does a direction that starts with these bytes speak this protocol? MORE asks for more bytes.
     */
    enum tw_probe (*probe)(struct tw_cur bytes, unsigned direction, bool midstream);
    /* `state` is zeroed memory of state_size bytes. */
    void (*open)(void *state, struct tw_proto_env *env, const struct tw_conn *conn);
    /* In-order bytes of one direction. */
    void (*data)(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
        unsigned direction, struct tw_cur bytes, const struct tw_when *when);
    /* `missing` bytes of a direction were never seen; what follows comes after them. */
    void (*gap)(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
        unsigned direction, uint64_t missing, const struct tw_when *when);
    /* Called when event time has passed `now_ns`: requests that waited too long are reported. Only
     * called when next_deadline() says that it is due. */
    void (*tick)(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
        const struct tw_when *when);
    /* INT64_MAX when nothing waits. */
    int64_t (*next_deadline)(const void *state);
    /* The flow is over: report what never got an answer, return memory to the pool. */
    void (*close)(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
        enum tw_end reason, const struct tw_when *when);
    /* What slot `slot` of this protocol's message counters counts, into `out[size]`; 0 when
     * nothing. */
    size_t (*counter_name)(unsigned slot, char *out, size_t size);
    uint16_t ports[2]; /* usual server ports, 0 = none: what makes a WEAK probe good enough */
    unsigned counters; /* its row of tw_proto_counters.messages */
    /* A direction that the probe knows by `bytes` is of use, with what is lent; NULL: always. Else
     * the flow is only called by `name`, where nDPI knows no better. */
    bool (*wanted)(struct tw_proto_env *env, struct tw_cur bytes);
    bool is_shared; /* nDPI names the flow all the same */
    /* Once bytes came of which either side was heard before (conn->seen), whatever it begins to
     * wait for is due limits.request_timeout_ns later or more. */
    bool is_patient;
};

/* Every protocol of the program, in probing order; ended by a NULL entry. protocol/table.c */
extern const struct tw_proto *const tw_protocols[];

/* What a datagram that nobody claimed yet is shown with. */
struct tw_datagram {
    struct tw_cur bytes; /* all of its payload */
    uint16_t ports[2];   /* of sender and receiver */
    bool is_multicast;   /* to a group, or to all */
};

/* A protocol on UDP, or straight on the link, where it has no state. A flow is claimed at once on
 * YES, after several WEAK ones in a row without anything else between them; nDPI has it until then.
 */
struct tw_datagram_proto {
    const char *name;
    enum tw_protocol id; /* of its events */
    unsigned counters;   /* its row of tw_proto_counters.messages */
    uint16_t ether_type; /* of its own; 0: none */
    enum tw_probe (*probe)(const struct tw_datagram *datagram); /* NO, WEAK or YES */
    /* `state` is NULL without a state. */
    void (*data)(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
        unsigned direction, struct tw_cur bytes, const struct tw_when *when);
    size_t (*counter_name)(unsigned slot, char *out, size_t size);
    /* 0: each datagram stands for itself, and what follows is NULL. Else it is as in tw_proto, and
     * the flow lives as long without packets as a connection may. */
    size_t state_size;
    void (*tick)(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
        const struct tw_when *when);
    int64_t (*next_deadline)(const void *state);
    void (*close)(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
        enum tw_end reason, const struct tw_when *when);
};

/* The same for UDP. protocol/table.c */
extern const struct tw_datagram_proto *const tw_datagram_protocols[];

/* The names that the `detail` of a malformed event may have: one list for each protocol, ended by
 * one without a protocol. protocol/table.c */
struct tw_anomaly {
    const char *name, *doc; /* doc: NULL where the name says it all */
};
struct tw_anomaly_list {
    const char *protocol;
    const struct tw_anomaly *anomalies; /* ended by one without a name */
};
extern const struct tw_anomaly_list tw_anomaly_lists[];

/* Fill the parts of an event that every dissector sets alike: time, packet, endpoints (the side
 * that acts first), VLANs, flow. */
void tw_proto_event(struct tw_event *event, const struct tw_conn *conn, unsigned acting_side,
    const struct tw_when *when, enum tw_protocol protocol, enum tw_action action);
