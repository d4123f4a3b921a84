/* The headers of a NetworkMessage [UA14 7.2.4.4.2]. */
#include "protocol/pubsub/uadp.h"

#include "base/limits.h"

enum {
    VERSION = 1,
    HAS_PUBLISHER = 0x10,
    HAS_GROUP = 0x20,
    HAS_WRITERS = 0x40,
    HAS_EXTENDED_1 = 0x80,
    /* ExtendedFlags1 */
    PUBLISHER_TYPE = 0x07,
    HAS_CLASS = 0x08,
    HAS_SECURITY = 0x10,
    HAS_TIMESTAMP = 0x20,
    HAS_PICOSECONDS = 0x40,
    HAS_EXTENDED_2 = 0x80,
    /* ExtendedFlags2 */
    IS_CHUNK = 0x01,
    HAS_PROMOTED = 0x02,
    KIND = 0x1c,
    HAS_ACTION = 0x20,
    RESERVED_2 = 0xc0,
};

#define NAME(name, text) text,
static const char *const anomalies[] = {TW_PUBSUB_ANOMALY_TABLE(NAME)};
#undef NAME

const char *tw_pubsub_anomaly_name(enum tw_pubsub_anomaly anomaly)
{
    return anomalies[anomaly];
}

struct flags {
    uint8_t first, one, two;
};

static enum tw_pubsub_anomaly read_flags(struct tw_cur *c, struct flags *f, struct tw_uadp *out)
{
    if (!tw_cur_u8(c, &f->first))
        return TW_PUBSUB_TRUNCATED;
    if ((f->first & 0x0f) != VERSION)
        return TW_PUBSUB_BAD_VERSION;
    if ((f->first & HAS_EXTENDED_1) && !tw_cur_u8(c, &f->one))
        return TW_PUBSUB_TRUNCATED;
    if ((f->one & HAS_EXTENDED_2) && !tw_cur_u8(c, &f->two))
        return TW_PUBSUB_TRUNCATED;
    const uint8_t kind = (uint8_t)((f->two & KIND) >> 2);
    out->publisher_type = f->one & PUBLISHER_TYPE;
    if (out->publisher_type > TW_UADP_STRING)
        return TW_PUBSUB_BAD_PUBLISHER_TYPE;
    if (kind > TW_UADP_ANNOUNCEMENT)
        return TW_PUBSUB_BAD_MESSAGE_TYPE;
    if (f->two & RESERVED_2)
        return TW_PUBSUB_RESERVED_FLAGS;
    out->kind = (enum tw_uadp_kind)kind;
    out->is_chunk = (f->two & IS_CHUNK) != 0;
    out->has_action = (f->two & HAS_ACTION) != 0;
    out->has_writers = (f->first & HAS_WRITERS) != 0;
    return TW_PUBSUB_NONE;
}

static bool read_publisher(struct tw_cur *c, struct tw_uadp *out)
{
    uint8_t byte;
    uint16_t small;
    uint32_t large;
    switch (out->publisher_type) {
    case TW_UADP_BYTE:
        if (!tw_cur_u8(c, &byte))
            return false;
        out->publisher = byte;
        return true;
    case TW_UADP_UINT16:
        if (!tw_cur_u16le(c, &small))
            return false;
        out->publisher = small;
        return true;
    case TW_UADP_UINT32:
        if (!tw_cur_u32le(c, &large))
            return false;
        out->publisher = large;
        return true;
    case TW_UADP_UINT64:
        return tw_cur_u64le(c, &out->publisher);
    default:
        return tw_opcua_string(c, &out->publisher_text);
    }
}

static enum tw_pubsub_anomaly read_group(struct tw_cur *c, struct tw_uadp *out)
{
    enum { GROUP = 1, GROUP_VERSION = 2, NUMBER = 4, SEQUENCE = 8, RESERVED = 0xf0 };
    uint8_t flags;
    if (!tw_cur_u8(c, &flags))
        return TW_PUBSUB_TRUNCATED;
    if (flags & RESERVED)
        return TW_PUBSUB_RESERVED_FLAGS;
    if (((flags & GROUP) && !tw_cur_u16le(c, &out->writer_group)) ||
        ((flags & GROUP_VERSION) && !tw_cur_skip(c, 4)) ||
        ((flags & NUMBER) && !tw_cur_u16le(c, &out->number)) ||
        ((flags & SEQUENCE) && !tw_cur_u16le(c, &out->sequence)))
        return TW_PUBSUB_TRUNCATED;
    out->has_writer_group = (flags & GROUP) != 0;
    out->has_number = (flags & NUMBER) != 0;
    out->has_sequence = (flags & SEQUENCE) != 0;
    return TW_PUBSUB_NONE;
}

/* Of a chunk there is one writer, without a count, that of an announcement 0 [UA14 7.2.4.4.4];
 * later versions have none for that. */
static enum tw_pubsub_anomaly read_writers(struct tw_cur *c, struct tw_uadp *out)
{
    uint8_t n = 1;
    if (!out->is_chunk && !tw_cur_u8(c, &n))
        return TW_PUBSUB_TRUNCATED;
    if (n == 0)
        return TW_PUBSUB_NO_MESSAGES;
    if (!tw_cur_sub(c, (size_t)2 * n, &out->writers))
        return TW_PUBSUB_TRUNCATED;
    out->n_writers = n;
    return TW_PUBSUB_NONE;
}

static enum tw_pubsub_anomaly read_promoted(struct tw_cur *c, struct tw_uadp *out)
{
    struct tw_opcua_scratch s = {0};
    uint16_t size;
    if (!tw_cur_u16le(c, &size) || !tw_cur_sub(c, size, &out->promoted))
        return TW_PUBSUB_TRUNCATED;
    struct tw_cur fields = out->promoted;
    while (fields.left > 0)
        if (!tw_opcua_variant(&s, &fields, NULL))
            return TW_PUBSUB_BAD_PROMOTED;
    return TW_PUBSUB_NONE;
}

/* Cut footer and signature off the end of what follows [UA14 7.2.4.4.3]. */
static enum tw_pubsub_anomaly read_security(struct tw_cur *c, struct tw_uadp *out)
{
    enum { SIGNED = 1, ENCRYPTED = 2, FOOTER = 4, RESERVED = 0xf0, TOKEN = 4 };
    uint8_t flags, nonce;
    uint16_t footer = 0;
    if (!tw_cur_u8(c, &flags))
        return TW_PUBSUB_TRUNCATED;
    if (flags & RESERVED)
        return TW_PUBSUB_BAD_SECURITY;
    if (!tw_cur_skip(c, TOKEN) || !tw_cur_u8(c, &nonce) || !tw_cur_skip(c, nonce) ||
        ((flags & FOOTER) && !tw_cur_u16le(c, &footer)))
        return TW_PUBSUB_TRUNCATED;
    out->is_signed = (flags & SIGNED) != 0;
    out->is_encrypted = (flags & ENCRYPTED) != 0;
    const size_t behind = (size_t)footer + (out->is_signed ? TW_UADP_SIGNATURE : 0);
    if (behind > c->left)
        return TW_PUBSUB_BAD_SECURITY;
    c->left -= behind;
    out->behind = behind;
    return TW_PUBSUB_NONE;
}

static bool read_action(struct tw_cur *c, struct tw_uadp *out)
{
    enum { REQUEST = 1, ADDRESS = 2, CORRELATION = 4, REQUESTOR = 8, TIMEOUT = 16 };
    struct tw_opcua_scratch s = {0};
    struct tw_str text;
    uint8_t flags;
    if (!tw_cur_u8(c, &flags))
        return false;
    out->is_request = (flags & REQUEST) != 0;
    return (!(flags & ADDRESS) || tw_opcua_string(c, &text)) &&
           (!(flags & CORRELATION) || tw_opcua_string(c, &text)) &&
           (!(flags & REQUESTOR) || tw_opcua_variant(&s, c, NULL)) &&
           (!(flags & TIMEOUT) || tw_cur_skip(c, 8));
}

static enum tw_pubsub_anomaly read_chunk(struct tw_cur *c, struct tw_uadp *out)
{
    struct tw_str part;
    if (!tw_cur_u16le(c, &out->chunk_sequence) || !tw_cur_u32le(c, &out->chunk_offset) ||
        !tw_cur_u32le(c, &out->chunk_total) || !tw_opcua_string(c, &part))
        return TW_PUBSUB_TRUNCATED;
    if (c->left > 0 || out->chunk_offset > out->chunk_total ||
        part.len > out->chunk_total - out->chunk_offset)
        return TW_PUBSUB_BAD_CHUNK;
    *c = tw_cur_str(part);
    return TW_PUBSUB_NONE;
}

static enum tw_pubsub_anomaly read_middle(
    struct tw_cur *c, const struct flags *f, struct tw_uadp *out)
{
    enum { CLASS_ID = 16 };
    enum tw_pubsub_anomaly wrong;
    if (f->first & HAS_PUBLISHER) {
        if (!read_publisher(c, out))
            return TW_PUBSUB_TRUNCATED;
        out->has_publisher = true;
    }
    if ((f->one & HAS_CLASS) && !tw_cur_skip(c, CLASS_ID))
        return TW_PUBSUB_TRUNCATED;
    if ((f->first & HAS_GROUP) && (wrong = read_group(c, out)) != TW_PUBSUB_NONE)
        return wrong;
    if (out->has_writers && (out->kind == TW_UADP_DATA || out->is_chunk) &&
        (wrong = read_writers(c, out)) != TW_PUBSUB_NONE)
        return wrong;
    if (f->one & HAS_TIMESTAMP) {
        uint64_t ticks;
        if (!tw_cur_u64le(c, &ticks))
            return TW_PUBSUB_TRUNCATED;
        out->timestamp_ns = tw_opcua_time_ns((int64_t)ticks);
    }
    if ((f->one & HAS_PICOSECONDS) && !tw_cur_skip(c, 2))
        return TW_PUBSUB_TRUNCATED;
    return (f->two & HAS_PROMOTED) ? read_promoted(c, out) : TW_PUBSUB_NONE;
}

enum tw_pubsub_anomaly tw_uadp_read(struct tw_cur bytes, struct tw_uadp *out)
{
    struct tw_cur c = bytes;
    struct flags f = {0};
    *out = (struct tw_uadp){0};
    enum tw_pubsub_anomaly wrong = read_flags(&c, &f, out);
    if (wrong == TW_PUBSUB_NONE)
        wrong = read_middle(&c, &f, out);
    if (wrong == TW_PUBSUB_NONE && (f.one & HAS_SECURITY))
        wrong = read_security(&c, out);
    /* What follows is the payload, and opaque when it is encrypted. */
    if (wrong == TW_PUBSUB_NONE && !out->is_encrypted) {
        if (out->has_action && !read_action(&c, out))
            wrong = TW_PUBSUB_TRUNCATED;
        else if (out->is_chunk)
            wrong = read_chunk(&c, out);
    }
    if (wrong == TW_PUBSUB_NONE)
        out->payload = c;
    return wrong;
}
