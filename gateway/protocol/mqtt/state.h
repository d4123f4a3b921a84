#pragma once
/* What is known of one MQTT connection, and the steps of its dissection. All memory beyond the
 * struct comes from the pool and goes back in tw_mqtt_state_fini(). */

#include "protocol/mqtt/packet.h"
#include "base/proxy.h"
#include "protocol/stream.h"

/* A packet that waits for its acknowledgement; made by tw_mqtt_pending_add(). */
struct tw_mqtt_pending {
    int64_t ts_ns;
    uint64_t packet;
    uint8_t
        *bytes; /* CONNECT, SUBSCRIBE, UNSUBSCRIBE: the body; v5 PUBLISH: the topic; else NULL */
    uint32_t len;
    uint16_t id;
    uint8_t type;  /* of the packet that waits; PUBREC and PUBREL: the steps of QoS 2 */
    uint8_t flags; /* of its fixed header */
    uint8_t dir;   /* who sent it */
    bool refused;  /* its anomaly was reported: no event of its own */
    bool cut;      /* its end was not kept, or not seen */
    bool supposed; /* not seen: stands for the message that an acknowledgement speaks of */
};

struct tw_mqtt_alias {
    struct tw_pbuf topic;
    uint16_t alias; /* of the array of a direction, in ascending order */
};

struct tw_mqtt_identity {
    uint16_t client_len, user_len;
    bool has_client, has_user;
    bool user_unseen; /* whether there is one, and which, was not seen */
    char text[];      /* client id, then user name */
};

/* An acknowledgement of nothing: held until the other direction has moved on, because a capture may
 * show the two directions out of step. */
struct tw_mqtt_stray {
    bool set;
    uint8_t type;
    uint16_t id;
};

/* What is wrong unless the other direction explains it: a capture may show an acknowledgement after
 * what its receiver did next. Held until TW_MQTT_SKEW_NS later. */
#define TW_MQTT_SKEW_NS INT64_C(100000000)
struct tw_mqtt_held {
    enum tw_mqtt_anomaly what; /* FINE: nothing is held */
    uint8_t type;
    uint16_t id;
    int64_t ts_ns;
};

/* An exchange of AUTH packets [MQTT5 4.12]. */
enum tw_mqtt_auth {
    TW_MQTT_AUTH_NONE,   /* the client named no method, or CONNECT was not seen */
    TW_MQTT_AUTH_SERVER, /* it is the server's turn */
    TW_MQTT_AUTH_CLIENT, /* the server asks for more */
    TW_MQTT_AUTH_DONE,
};

/* What every packet asks for stands first: it is little, and close together. */
struct tw_mqtt_state {
    struct tw_stream stream[2];
    struct tw_mqtt_identity *who;
    uint8_t doubt[2]; /* good packets to come before grammar is judged again */
    uint8_t version;  /* TW_MQTT_V…; 0 not known */
    uint8_t closing;  /* a bit per direction that has sent DISCONNECT */
    uint8_t client;   /* the direction the client sends in */
    uint8_t seen;     /* directions, a bit each, of which anything was seen */
    uint8_t lacks;    /* what the server said that it does not have: TW_MQTT_LACKS_… */
    uint8_t qos_max;  /* that it takes */
    bool client_known;
    bool guessed;    /* the version was told from packets: 3.1 and 3.1.1 look alike */
    bool incomplete; /* mid-stream, or bytes are missing: what happened before is not known */
    bool connect_seen, connack_seen;
    bool open;       /* there is a session to be ended */
    bool refused;    /* by CONNACK: the server closes */
    bool clean;      /* no session from before: acknowledgements must have their packet */
    bool rejected;   /* not MQTT, or not to be followed: nothing more is read */
    bool no_expiry;  /* v5: the session ends with the connection [MQTT5 3.1.2.11.2] */
    bool alias_lost; /* bindings were dropped for want of memory */
    bool overdue;    /* the client was silent for too long before the bytes at hand */
    bool no_problem, no_response; /* information that the client does not want */
    struct tw_mqtt_stray stray[2];
    struct tw_carrier *carrier; /* what a proxy said; NULL: it did not */
    int64_t client_ns;          /* when the client was last heard; 0: not known */
    int64_t keep_alive_ns;      /* it may be silent for so long; 0: for ever */
    uint32_t packet_max[2];     /* what that sender may send; 0: anything */
    struct tw_mqtt_held held[2];

    struct tw_mqtt_pending *pending; /* in the order they were sent */
    uint16_t n_pending, max_pending;
    uint16_t n_underway[2];  /* of n_pending: messages of that sender */
    uint16_t receive_max[2]; /* messages it may have underway; 0: more than are counted */
    uint16_t n_burst[2];     /* that came of that sender in one packet … */
    uint64_t burst_packet;   /* … which was the last with any */
    uint32_t request_bytes;  /* of n_pending: the bodies of requests */
    uint32_t alias_bytes[2]; /* that their topics take */
    uint16_t alias_max[2];   /* what that sender may use */
    uint16_t n_alias[2], max_alias[2];
    struct tw_mqtt_alias *alias[2]; /* per sender [MQTT5 3.3.2.3.4] */
    int64_t timeout_ns, one_sided_ns;
    size_t who_size;
    uint64_t auth_method; /* digest of its name */
    uint8_t auth;         /* enum tw_mqtt_auth */
    int8_t lean;          /* of a guess: below 0 towards 3.x, above towards 5.0 */
};

enum {
    TW_MQTT_LACKS_RETAIN = 1,
    TW_MQTT_LACKS_WILDCARDS = 2,
    TW_MQTT_LACKS_SUBSCRIPTION_IDS = 4,
    TW_MQTT_LACKS_SHARED = 8,
};

/* One call into the dissector. */
struct tw_mqtt_call {
    struct tw_mqtt_state *st;
    struct tw_proto_env *env;
    const struct tw_conn *conn;
    const struct tw_when *when;
    unsigned dir;
};

/* ---- state.c: memory ---- */

/* Remember a packet that waits; `bytes` are copied (len 0: none). The oldest PUBLISH, or else the
 * oldest of all, makes room. NULL when the pool is exhausted. */
struct tw_mqtt_pending *tw_mqtt_pending_add(
    const struct tw_mqtt_call *c, unsigned type, uint16_t id, uint8_t flags, struct tw_str bytes);
static inline struct tw_cur tw_mqtt_pending_body(const struct tw_mqtt_pending *p)
{
    return tw_cur_of(p->bytes, p->len);
}

/* The packet of this sender, type and id; NULL when there is none. */
struct tw_mqtt_pending *tw_mqtt_pending_find(
    struct tw_mqtt_state *st, unsigned dir, unsigned type, uint16_t id);
/* CONNECT, SUBSCRIBE, UNSUBSCRIBE; else a message. */
bool tw_mqtt_pending_is_request(const struct tw_mqtt_pending *p);
void tw_mqtt_pending_drop(const struct tw_mqtt_call *c, struct tw_mqtt_pending *p);

/* Bind an alias of this sender; a binding that finds no room is forgotten and noted. */
void tw_mqtt_alias_set(const struct tw_mqtt_call *c, uint16_t alias, struct tw_str topic);
/* The topic an alias of this sender stands for; absent when it is not known. */
struct tw_str tw_mqtt_alias_get(const struct tw_mqtt_call *c, uint16_t alias);

void tw_mqtt_identity_set(
    const struct tw_mqtt_call *c, struct tw_maybe client_id, struct tw_maybe username);
/* What the header of a proxy says, for all events to come. */
void tw_mqtt_proxied(const struct tw_mqtt_call *c, const struct tw_proxy *proxy);
void tw_mqtt_state_fini(struct tw_mqtt_state *st, struct tw_pool *pool);

/* ---- events.c: what is reported ---- */

/* Facts that every event of a message carries. */
void tw_mqtt_info_begin(const struct tw_mqtt_call *c, struct tw_mqtt_info *info);
void tw_mqtt_emit_malformed(
    const struct tw_mqtt_call *c, enum tw_mqtt_anomaly detail, const char *packet);
void tw_mqtt_emit_publish(const struct tw_mqtt_call *c, const struct tw_mqtt_header *h,
    const struct tw_mqtt_publish *p, struct tw_str topic, const struct tw_pdu *pdu);
/* A request and what became of it; `ack` is NULL when it was never answered. The request of a
 * CONNACK is NULL when it was not seen. */
void tw_mqtt_emit_connect(const struct tw_mqtt_call *c, const struct tw_mqtt_pending *request,
    struct tw_cur body, const struct tw_mqtt_ack *ack, unsigned ack_version);
void tw_mqtt_emit_filters(const struct tw_mqtt_call *c, const struct tw_mqtt_pending *request,
    struct tw_cur body, const struct tw_mqtt_ack *ack);
void tw_mqtt_emit_refused(const struct tw_mqtt_call *c, const struct tw_mqtt_pending *publish,
    const struct tw_mqtt_ack *ack, unsigned type);
/* `ack` is NULL for a connection that ended without DISCONNECT. */
void tw_mqtt_emit_disconnect(const struct tw_mqtt_call *c, const struct tw_mqtt_ack *ack);
void tw_mqtt_emit_auth(const struct tw_mqtt_call *c, const struct tw_mqtt_ack *ack);
/* A request whose `body` was not kept, reported as it comes. */
void tw_mqtt_emit_request(
    const struct tw_mqtt_call *c, const struct tw_mqtt_pending *request, struct tw_cur body);
void tw_mqtt_emit_unanswered(const struct tw_mqtt_call *c, const struct tw_mqtt_pending *request);

/* ---- track.c: packets against the state of the connection ---- */

/* A packet, on its way to the function for its type. */
struct tw_mqtt_arrival {
    struct tw_mqtt_header h;
    struct tw_cur body;
    const struct tw_pdu *pdu;
    bool from_server;
};

/* One whole packet. False when the stream can not be trusted any more. */
bool tw_mqtt_packet(const struct tw_mqtt_call *c, const struct tw_pdu *pdu);
/* Report an anomaly, unless the connection is not known well enough to say so. */
void tw_mqtt_anomaly(const struct tw_mqtt_call *c, enum tw_mqtt_anomaly detail, unsigned type);
/* The same for what the grammar of one packet says: it can only be judged when the version is sure
 * and all of the packet was kept. `detail` may be FINE. */
void tw_mqtt_grammar(
    const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a, enum tw_mqtt_anomaly detail);

/* ---- terms.c: what the two ends have agreed on ---- */

void tw_mqtt_terms_of_client(const struct tw_mqtt_call *c, const struct tw_mqtt_connect *k);
void tw_mqtt_terms_of_server(const struct tw_mqtt_call *c, const struct tw_mqtt_ack *ack);
/* Report what a packet does against the terms; it counts all the same. */
void tw_mqtt_judge_packet(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a);
void tw_mqtt_judge_publish(
    const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a, const struct tw_mqtt_publish *p);
void tw_mqtt_judge_request(
    const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a, const struct tw_mqtt_request *q);
void tw_mqtt_judge_ack(
    const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a, const struct tw_mqtt_ack *ack);
/* Bytes of the client came: was it silent for too long? */
void tw_mqtt_judge_silence(const struct tw_mqtt_call *c);
/* The client has been silent for longer than it may. */
bool tw_mqtt_is_silent(const struct tw_mqtt_state *st, int64_t now_ns);

/* ---- auth.c: enhanced authentication [MQTT5 4.12] ---- */

void tw_mqtt_auth_begin(const struct tw_mqtt_call *c, const struct tw_mqtt_connect *k);
/* What is wrong with the answer to CONNECT, or with an AUTH; FINE moves the exchange on. */
enum tw_mqtt_anomaly tw_mqtt_auth_connack(
    const struct tw_mqtt_call *c, const struct tw_mqtt_ack *ack);
enum tw_mqtt_anomaly tw_mqtt_auth_packet(
    const struct tw_mqtt_call *c, const struct tw_mqtt_ack *ack);

/* ---- ack.c: acknowledgements and what they answer ---- */

/* A PUBLISH, SUBSCRIBE or UNSUBSCRIBE is about to wait under this Packet Identifier: is it free?
 * What waited there is given up. */
void tw_mqtt_take_id(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a, uint16_t id);
/* A message is underway: are there too many? */
void tw_mqtt_count_underway(const struct tw_mqtt_call *c, uint16_t id);
/* Report what was held and has not been explained in time; `all`: without waiting. */
void tw_mqtt_settle_held(const struct tw_mqtt_call *c, bool all);

void tw_mqtt_on_ack(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a);
void tw_mqtt_on_request_ack(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a);
/* Report a stray acknowledgement of the other direction that this one has not explained. */
void tw_mqtt_settle_stray(const struct tw_mqtt_call *c, unsigned dir);

/* ---- probe.c: what looks like MQTT ---- */

enum tw_probe tw_mqtt_probe(struct tw_cur bytes, unsigned direction, bool midstream);
/* Offset of the next packet that is plausible by its content and by what follows it; bytes.left
 * when there is none. */
size_t tw_mqtt_resync(struct tw_cur bytes, unsigned version);

/* Could a packet of this type be so long? */
bool tw_mqtt_sane_length(const struct tw_mqtt_header *h);

/* ---- version.c ---- */

/* Guess the version of a connection whose CONNECT was not seen; may change its mind. */
void tw_mqtt_guess_version(
    struct tw_mqtt_state *st, const struct tw_mqtt_header *h, struct tw_cur body, bool from_server);
