#pragma once
/* UADP, the binary encoding of PubSub [UA14 7.2.4]: a NetworkMessage with the DataSetMessages or
 * the discovery message in it. A grammar only: bytes in, facts out, and the first thing that is
 * wrong. Everything borrows from the message; nothing is remembered between two of them. */

#include "event/event.h"
#include "protocol/opcua/value.h"
#include "protocol/pubsub/anomaly.h"

enum tw_uadp_kind { TW_UADP_DATA, TW_UADP_PROBE, TW_UADP_ANNOUNCEMENT };
enum { TW_UADP_BYTE, TW_UADP_UINT16, TW_UADP_UINT32, TW_UADP_UINT64, TW_UADP_STRING };

struct tw_uadp {
    enum tw_uadp_kind kind;
    bool is_chunk, is_signed, is_encrypted;
    bool has_publisher, has_writers, has_action;
    bool has_writer_group, has_number, has_sequence;
    bool is_request; /* of an action: else it is the response */
    uint8_t publisher_type;
    uint64_t publisher;            /* numbers */
    struct tw_str publisher_text;  /* TW_UADP_STRING */
    uint16_t writer_group, number; /* of the group; NetworkMessageNumber */
    uint16_t sequence;             /* of the NetworkMessage */
    uint8_t n_writers;
    struct tw_cur writers;  /* their ids, 2 bytes each */
    int64_t timestamp_ns;   /* 0: not sent */
    struct tw_cur promoted; /* Variants, checked */
    struct tw_cur payload;  /* behind all headers, without security footer and signature */
    size_t behind;          /* bytes of footer and signature */
    /* A chunk's: `payload` is then the part of the message that it carries. */
    uint16_t chunk_sequence; /* of that message */
    uint32_t chunk_offset, chunk_total;
};

/* Bytes of the signature of both security policies that PubSub has [UA7 PubSub-Aes128-CTR]. */
enum { TW_UADP_SIGNATURE = 32 };

/* The headers of a NetworkMessage. `out` is whole when nothing is wrong; else it has what was read
 * before, and no payload. */
enum tw_pubsub_anomaly tw_uadp_read(struct tw_cur bytes, struct tw_uadp *out);

/* One after the other, the bytes of its DataSetMessages. */
struct tw_uadp_slices {
    struct tw_cur writers, sizes, bytes;
    unsigned left;
    bool sized;
};

struct tw_uadp_slice {
    bool has_writer;
    uint16_t writer;
    struct tw_cur bytes;
};

/* NONE, or BAD_SIZES: then there are none. Not for what is encrypted, chunks and discovery. */
enum tw_pubsub_anomaly tw_uadp_slices(const struct tw_uadp *u, struct tw_uadp_slices *out);
bool tw_uadp_next(struct tw_uadp_slices *s, struct tw_uadp_slice *out);

enum tw_uadp_encoding { TW_UADP_VARIANT, TW_UADP_RAW, TW_UADP_DATA_VALUE };
enum tw_uadp_type {
    TW_UADP_KEY_FRAME,
    TW_UADP_DELTA_FRAME,
    TW_UADP_EVENT,
    TW_UADP_KEEP_ALIVE,
    TW_UADP_ACTION_REQUEST,
    TW_UADP_ACTION_RESPONSE,
    TW_UADP_TYPES
};

/* A DataSetMessage [UA14 7.2.4.5.4]. */
struct tw_uadp_message {
    bool valid; /* else it is to be ignored, and nothing follows */
    uint8_t encoding, type;
    bool has_sequence, has_status, has_major, has_minor;
    uint16_t sequence, status; /* the upper half of a StatusCode */
    uint32_t major, minor;
    int64_t timestamp_ns; /* 0: not sent */
    bool opaque;          /* what follows can not be read without configuration */
    uint16_t n_fields;
    struct tw_cur fields; /* opaque: all that follows */
};

enum tw_pubsub_anomaly tw_uadp_message(
    const struct tw_uadp *u, struct tw_cur bytes, struct tw_uadp_message *out);

struct tw_uadp_field {
    uint32_t index;
    struct tw_opcua_data_value v;
};

/* The next field from `*c`, a copy of m->fields; `at` counts from 0. With a NULL `out` it is only
 * passed over. */
TW_MUST_CHECK bool tw_uadp_field(struct tw_opcua_scratch *s, const struct tw_uadp_message *m,
    uint32_t at, struct tw_cur *c, struct tw_uadp_field *out);
/* What stands behind the last field: zeroes that fill a message up to its configured size. */
bool tw_uadp_is_padding(struct tw_cur rest);

/* What an announcement, or with `probe` a probe, is about: "metadata", …; NULL when reserved. */
const char *tw_uadp_discovery_name(uint8_t type, bool probe);

/* A discovery message [UA14 7.2.4.6]. */
struct tw_uadp_discovery {
    uint8_t type;
    bool has_sequence, has_writer, is_metadata, whole; /* whole: read to its last byte */
    uint16_t sequence, writer;
    uint32_t major, minor, status;
    uint32_t n_fields; /* those beyond TW_PUBSUB_FIELDS are not kept */
    struct tw_pubsub_field fields[TW_PUBSUB_FIELDS];
};

/* A ValueRank as a shape keeps it; one that no RawData has as 0. */
static inline int8_t tw_pubsub_rank(int32_t rank)
{
    return rank == -1 || (rank > 0 && rank <= TW_PUBSUB_DIMENSIONS) ? (int8_t)rank : 0;
}

enum tw_pubsub_anomaly tw_uadp_discovery(const struct tw_uadp *u, struct tw_uadp_discovery *out);
