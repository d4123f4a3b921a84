#pragma once
/* What is remembered of one connection: its roles and limits, its SecureChannels, chunks waiting
 * for their last one, requests waiting for their response. All but the struct itself lives in the
 * pool. */

#include "protocol/opcua/anomaly.h"
#include "protocol/opcua/frame.h"
#include "protocol/opcua/policy.h"
#include "protocol/opcua/service.h"
#include "protocol/opcua/types.h"
#include "protocol/protocol.h"
#include "protocol/stream.h"

enum {
    TW_OPCUA_MAX_CHANNELS = 16, /* per connection; clients open one or two */
    TW_OPCUA_MAX_PARTS = 8,     /* messages in chunks at once, per channel and direction */
    TW_OPCUA_MAX_EARLY = 16,    /* responses kept for their requests */
    TW_OPCUA_EARLY_BYTES = 64 * 1024,
    TW_OPCUA_MAX_DOUBTS = 4,
    TW_OPCUA_MAX_LATE = 8,    /* requests remembered as told unanswered */
    TW_OPCUA_PATIENCE = 3,    /* chunks that look encrypted, until they are believed to be */
    TW_OPCUA_MAX_POLICY = 64, /* bytes of an unknown policy's name */
    TW_OPCUA_NO_SIDE = 2,
};

/* A message of which the last chunk has not come yet. */
struct tw_opcua_parts {
    struct tw_opcua_parts *next;
    uint32_t request_id;
    struct tw_pbuf body;
    uint64_t bytes; /* of all bodies, also those not kept */
    uint64_t on_wire;
    uint32_t chunks;
    bool cut, reported;
    bool torn; /* bytes were lost since it began */
};

/* The set of keys that opens the chunks of a token. */
struct tw_opcua_token_keys {
    uint32_t token;
    unsigned set;
};

struct tw_opcua_direction {
    bool torn; /* the next message may lack its beginning */
    bool has_sequence;
    uint32_t sequence;
    struct tw_opcua_parts *parts;
    unsigned n_parts;
    uint64_t sealed_chunks, sealed_bytes; /* that could not be read */
    uint64_t parts_bytes;                 /* of the one of these that has not ended yet */
    uint32_t parts_chunks;
    bool parts_reported; /* more than its receiver takes */
    bool has_stray;      /* a token that was never issued was reported: the next */
    uint32_t stray;
    bool unsealed;                      /* some were opened with keys */
    struct tw_opcua_token_keys keys[2]; /* the newest first; of two tokens, at a renewal */
    uint8_t n_keys;
    uint32_t missed_token;
    uint8_t key_misses; /* chunks in a row that no set fits, or not any more */
};

/* A chunk of which it is not known yet whether it can be read. */
struct tw_opcua_unsure {
    struct tw_when when;
    struct tw_opcua_header header;
    uint8_t dir;
};

enum tw_opcua_reading { TW_OPCUA_UNDECIDED, TW_OPCUA_READABLE, TW_OPCUA_SEALED };

struct tw_opcua_channel {
    struct tw_opcua_channel *next;
    uint32_t id;
    const struct tw_opcua_policy *policy; /* NULL: not seen, or not of the standard */
    uint8_t policy_len;                   /* of a policy not of the standard */
    char policy_name[TW_OPCUA_MAX_POLICY];
    bool opened;        /* its OpenSecureChannel was seen */
    uint8_t mode;       /* enum tw_opcua_mode */
    uint8_t n_tokens;   /* that are good: the newest and the one before; 0: not known */
    uint32_t tokens[2]; /* the newest first */
    uint8_t reading;    /* enum tw_opcua_reading */
    uint8_t misses;     /* chunks that did not look readable */
    uint8_t n_unsure;
    struct tw_opcua_unsure unsure[TW_OPCUA_PATIENCE];
    bool read_in_part;     /* some of it was opened with keys */
    int32_t waiting;       /* requests that could not be read, less their answers */
    bool has_signature;    /* the next is known */
    uint8_t signature;     /* bytes at the end of each chunk */
    bool has_request;      /* the next is known */
    uint32_t last_request; /* id of the newest request */
    struct tw_opcua_direction dir[2];
};

enum tw_opcua_kind {
    TW_OPCUA_KIND_HELLO,
    TW_OPCUA_KIND_OPEN,
    TW_OPCUA_KIND_SERVICE,
    TW_OPCUA_KIND_SEALED, /* could not be read, and is the only one of its channel that waits */
};

/* What a request says before that which its service defines. Places are counted from its type on.
 */
struct tw_opcua_asked {
    bool whole; /* else only `sessionless` is known */
    bool sessionless;
    bool asks_diagnostics; /* of each item */
    uint32_t handle;
    uint32_t rest_at; /* what follows */
    uint32_t audit_at, audit_len;
    uint64_t token; /* the session's, as a digest */
};

/* A request without its response, followed in memory by its body. */
struct tw_opcua_request {
    struct tw_opcua_request *next, *previous;
    const struct tw_opcua_service *service;
    struct tw_when when;
    size_t size; /* of the pool buffer */
    size_t len;  /* of the body */
    uint32_t channel, request_id;
    uint8_t kind;  /* enum tw_opcua_kind */
    bool readable; /* OPEN: the request id is known */
    bool cut;
    uint32_t chunks;
    uint64_t message_bytes;
    bool has_sequence;
    uint32_t sequence;
    struct tw_opcua_asked asked; /* SERVICE */
};

static inline struct tw_cur tw_opcua_request_body(const struct tw_opcua_request *r)
{
    return tw_cur_of(r + 1, r->len);
}

/* A response that was seen before its request, as happens where two directions are captured apart,
 * or where a hole was not given up yet. Followed in memory by its body. */
struct tw_opcua_early {
    struct tw_opcua_early *next;
    const struct tw_opcua_service *service; /* NULL: a fault */
    size_t size, len;
    uint32_t channel, request_id;
    uint8_t patience; /* requests that may still come before it is taken for what it seems to be */
    bool cut, loose;
    uint32_t chunks;
    uint64_t message_bytes;
};

/* An anomaly that only holds if the other direction was seen up to here: judged by what it says
 * next. */
struct tw_opcua_doubt {
    uint8_t anomaly; /* enum tw_opcua_anomaly */
    uint8_t judge;   /* the direction that decides */
    bool has_request_id;
    uint32_t channel, request_id, token;
    const struct tw_opcua_service *service;
};

/* The answer to an OPN that was not seen yet. */
struct tw_opcua_early_open {
    bool set, readable;
    uint32_t channel, request_id, result;
};

struct tw_opcua_late {
    uint32_t channel, request_id;
};

struct tw_opcua_buffers {
    bool known;
    uint32_t receive, message, chunks;
};

struct tw_opcua_state {
    struct tw_stream stream[2];
    bool intact[2]; /* seen from the start, nothing missing */
    uint8_t client; /* the direction of requests; TW_OPCUA_NO_SIDE: not known yet */
    bool started;   /* some message was seen */
    bool spoke[2];  /* in this direction */
    bool opened[2]; /* an OPN was seen in this direction */
    bool hello;
    bool acknowledged, early_acknowledge; /* ACK was seen; before its HEL */
    bool lost_requests;                   /* some could not be kept */
    bool lost_channels;                   /* some were given up for others */
    struct tw_opcua_buffers buffers[2];   /* what the side that sends in this direction takes */
    struct tw_opcua_channel *channels;
    unsigned n_channels;
    struct tw_opcua_request *first, *last; /* by age */
    unsigned n_requests;
    size_t kept;                  /* bytes of requests, and of messages without their last chunk */
    struct tw_opcua_early *early; /* oldest first */
    unsigned n_early;
    struct tw_opcua_early_open early_open;
    struct tw_opcua_doubt doubts[TW_OPCUA_MAX_DOUBTS];
    unsigned n_doubts;
    struct tw_opcua_late late[TW_OPCUA_MAX_LATE]; /* a ring: their answers may still come */
    unsigned n_late;
    int64_t timeout_ns, one_sided_ns;
    uint8_t seen; /* directions, a bit each, of which anything was seen */
};

/* One call from the worker. */
struct tw_opcua_call {
    struct tw_opcua_state *st;
    struct tw_proto_env *env;
    const struct tw_conn *conn;
    const struct tw_when *when;
    unsigned dir;
    uint8_t phase;
};

/* A whole message, its chunks put together. */
struct tw_opcua_body {
    struct tw_opcua_channel *channel;
    uint32_t request_id;
    struct tw_cur bytes;
    bool cut;
    bool closes; /* a CLO: nothing will answer it */
    bool torn;   /* its beginning may be missing */
    bool loose;  /* what stands behind the body is not known: signature or not */
    uint32_t chunks;
    uint64_t message_bytes;
};

/* call.c: events and anomalies */
void tw_opcua_event(const struct tw_opcua_call *k, struct tw_event *event, unsigned acting,
    enum tw_action action, struct tw_opcua_info *info, const char *service);
void tw_opcua_event_status(struct tw_event *event, uint32_t code, char text[TW_OPCUA_STATUS_TEXT]);
void tw_opcua_channel_info(const struct tw_opcua_channel *ch, struct tw_opcua_info *info);
/* What of a channel could not be read, how many chunks and bytes so far, as details of an event;
 * nothing where there was none. `room` outlives the event. */
struct tw_opcua_volume {
    struct tw_value items[4], object;
};
void tw_opcua_sealed_volume(const struct tw_opcua_call *k, const struct tw_opcua_channel *ch,
    struct tw_opcua_volume *room, struct tw_opcua_info *info);
/* One malformed event for each bit; `info` may be NULL. */
void tw_opcua_malformed(
    const struct tw_opcua_call *k, uint32_t anomalies, const struct tw_opcua_info *info);
/* Both directions were seen from the start: what is missing was not sent. */
bool tw_opcua_intact(const struct tw_opcua_call *k);
unsigned tw_opcua_client_of(const struct tw_opcua_call *k);

/* request.c: those that wait */
struct tw_opcua_request *tw_opcua_request_add(struct tw_opcua_call *k, struct tw_cur body);
void tw_opcua_request_drop(struct tw_opcua_call *k, struct tw_opcua_request *r);
struct tw_opcua_request *tw_opcua_request_find(
    const struct tw_opcua_state *st, uint32_t channel, uint32_t request_id);
/* The oldest of a kind. */
struct tw_opcua_request *tw_opcua_request_oldest(
    const struct tw_opcua_state *st, enum tw_opcua_kind kind);
/* It waited too long: its answer would be late, not out of nowhere. */
void tw_opcua_late_add(struct tw_opcua_state *st, const struct tw_opcua_request *r);
bool tw_opcua_is_late(const struct tw_opcua_state *st, uint32_t channel, uint32_t request_id);
/* Report as never answered, and drop. */
void tw_opcua_request_expire(struct tw_opcua_call *k, struct tw_opcua_request *r);

/* late.c: what can not be judged yet */
void tw_opcua_doubt_add(struct tw_opcua_call *k, enum tw_opcua_anomaly anomaly,
    const struct tw_opcua_channel *ch, const struct tw_opcua_service *service,
    const uint32_t *request_id);
/* A message with a SecurityToken that was not issued as far as was seen. */
void tw_opcua_doubt_token(
    struct tw_opcua_call *k, const struct tw_opcua_channel *ch, uint32_t token);
/* A message of k->dir was dealt with. */
void tw_opcua_doubt_judge(struct tw_opcua_call *k);
/* All that is still open, when everything has been seen; forgotten otherwise. */
void tw_opcua_doubt_close(struct tw_opcua_call *k, bool all_seen);
/* Keep a response for its request. False: it will not be kept, deal with it now. */
bool tw_opcua_early_keep(struct tw_opcua_call *k, const struct tw_opcua_body *m,
    const struct tw_opcua_service *service, struct tw_cur body);
/* A request came: answer it with what is already there, and lose patience with the rest. */
void tw_opcua_early_request(
    struct tw_opcua_call *k, struct tw_opcua_channel *ch, uint32_t request_id);
void tw_opcua_early_close(struct tw_opcua_call *k, bool all_seen);

/* hello.c: HEL, ACK, ERR, RHE; after the header */
void tw_opcua_hello(struct tw_opcua_call *k, struct tw_cur c, bool cut);
void tw_opcua_acknowledge(struct tw_opcua_call *k, struct tw_cur c, bool cut);
void tw_opcua_error(struct tw_opcua_call *k, struct tw_cur c, bool cut);
void tw_opcua_reverse_hello(struct tw_opcua_call *k, struct tw_cur c, bool cut);
/* A connect event for a HEL with this answer; `code` NULL: none. */
void tw_opcua_hello_event(
    struct tw_opcua_call *k, const struct tw_opcua_request *r, const uint32_t *code);

/* open.c: OPN, after the SecureChannelId */
void tw_opcua_open(struct tw_opcua_call *k, uint32_t channel, struct tw_cur c, bool cut);
void tw_opcua_open_event(struct tw_opcua_call *k, const struct tw_opcua_request *r,
    const struct tw_opcua_channel *ch, const uint32_t *code);

/* channel.c */
struct tw_opcua_channel *tw_opcua_channel_find(const struct tw_opcua_state *st, uint32_t id);
/* NULL when the pool is exhausted. */
struct tw_opcua_channel *tw_opcua_channel_add(struct tw_opcua_call *k, uint32_t id);
void tw_opcua_channel_drop(struct tw_opcua_call *k, struct tw_opcua_channel *ch);
void tw_opcua_channel_sequence(
    struct tw_opcua_call *k, struct tw_opcua_channel *ch, uint32_t sequence);
bool tw_opcua_channel_has_token(const struct tw_opcua_channel *ch, uint32_t token);
/* Anomalies of a message of k->dir that has so many chunks, and so many bytes in their bodies. */
uint32_t tw_opcua_over_limits(const struct tw_opcua_call *k, uint32_t chunks, uint64_t bytes);
/* MSG and CLO, after the header. */
void tw_opcua_chunk(
    struct tw_opcua_call *k, const struct tw_opcua_header *h, struct tw_cur c, bool cut);
void tw_opcua_parts_drop_all(struct tw_opcua_call *k, struct tw_opcua_direction *d);
void tw_opcua_parts_torn(struct tw_opcua_direction *d);

void tw_opcua_plain_chunk(struct tw_opcua_call *k, const struct tw_opcua_header *h,
    struct tw_opcua_channel *ch, struct tw_cur c);
/* Signs that these bytes are a message: its sequence number follows, its request id is small, it
 * begins with a service that goes this way, at a time near that of the capture. */
unsigned tw_opcua_channel_signs(
    struct tw_opcua_call *k, const struct tw_opcua_channel *ch, struct tw_cur c);

/* sealed.c: what can not be read */
void tw_opcua_sealed(
    struct tw_opcua_call *k, struct tw_opcua_channel *ch, const struct tw_opcua_header *h);
/* The channel is encrypted: so were the chunks of which that was not sure. */
void tw_opcua_sealed_before(struct tw_opcua_call *k, struct tw_opcua_channel *ch);
/* It may be such a chunk: told by what follows. */
void tw_opcua_unsure(
    struct tw_opcua_call *k, struct tw_opcua_channel *ch, const struct tw_opcua_header *h);
void tw_opcua_sealed_expire(struct tw_opcua_call *k, const struct tw_opcua_request *r);

/* unseal.c: with keys. False: the chunk stays sealed. */
bool tw_opcua_unseal(struct tw_opcua_call *k, const struct tw_opcua_header *h,
    struct tw_opcua_channel *ch, uint32_t token, struct tw_cur c);

/* message.c */
void tw_opcua_message(struct tw_opcua_call *k, const struct tw_opcua_body *m);
/* A response, after its type; `service` NULL: a fault. `unasked`: report it as that if there is no
 * request. */
void tw_opcua_response(struct tw_opcua_call *k, const struct tw_opcua_body *m,
    const struct tw_opcua_service *service, struct tw_cur body, bool unasked);
/* The sender gave up: the response will not come. */
void tw_opcua_aborted(
    struct tw_opcua_call *k, struct tw_opcua_channel *ch, uint32_t request_id, uint32_t code);
void tw_opcua_service_event(
    struct tw_opcua_call *k, const struct tw_opcua_request *r, const uint32_t *code);

struct tw_opcua_request_header {
    struct tw_opcua_node token;
    int64_t timestamp;
    uint32_t handle, return_diagnostics; /* [UA4 7.33] */
    struct tw_str audit_entry_id;
};
TW_MUST_CHECK bool tw_opcua_read_request_header(
    struct tw_cur *c, struct tw_opcua_request_header *out);
struct tw_opcua_response_header {
    int64_t timestamp;
    uint32_t handle, result;
    struct tw_cur diagnostics, strings; /* a DiagnosticInfo, and the table that it points into */
};
TW_MUST_CHECK bool tw_opcua_read_response_header(
    struct tw_cur *c, struct tw_opcua_response_header *out);
