/* DataSetMessages and their fields [UA14 7.2.4.5]. */
#include "protocol/pubsub/uadp.h"

/* The sizes have to be those of all that is there. */
static bool sizes_fit(struct tw_cur sizes, const struct tw_cur *bytes)
{
    size_t sum = 0;
    uint16_t size;
    while (tw_cur_u16le(&sizes, &size))
        sum += size;
    return sum <= bytes->left;
}

enum tw_pubsub_anomaly tw_uadp_slices(const struct tw_uadp *u, struct tw_uadp_slices *out)
{
    *out = (struct tw_uadp_slices){.writers = u->writers, .bytes = u->payload};
    if (u->has_writers && u->n_writers > 1) {
        if (!tw_cur_sub(&out->bytes, (size_t)2 * u->n_writers, &out->sizes) ||
            !sizes_fit(out->sizes, &out->bytes))
            return TW_PUBSUB_BAD_SIZES;
        out->sized = true;
    }
    out->left = u->has_writers ? u->n_writers : 1;
    return TW_PUBSUB_NONE;
}

bool tw_uadp_next(struct tw_uadp_slices *s, struct tw_uadp_slice *out)
{
    uint16_t size;
    if (s->left == 0)
        return false;
    s->left--;
    *out = (struct tw_uadp_slice){.bytes = s->bytes};
    out->has_writer = tw_cur_u16le(&s->writers, &out->writer);
    if (!s->sized)
        return true;
    return tw_cur_u16le(&s->sizes, &size) && tw_cur_sub(&s->bytes, size, &out->bytes);
}

enum {
    VALID = 0x01,
    ENCODING = 0x06,
    HAS_SEQUENCE = 0x08,
    HAS_STATUS = 0x10,
    HAS_MAJOR = 0x20,
    HAS_MINOR = 0x40,
    HAS_FLAGS_2 = 0x80,
    TYPE = 0x0f,
    HAS_TIMESTAMP = 0x10,
    HAS_PICOSECONDS = 0x20,
    RESERVED_2 = 0xc0,
};

static bool read_header(
    struct tw_cur *c, uint8_t flags, uint8_t flags_2, struct tw_uadp_message *out)
{
    uint64_t ticks;
    if ((flags & HAS_SEQUENCE) && !tw_cur_u16le(c, &out->sequence))
        return false;
    if (flags_2 & HAS_TIMESTAMP) {
        if (!tw_cur_u64le(c, &ticks))
            return false;
        out->timestamp_ns = tw_opcua_time_ns((int64_t)ticks);
    }
    if (((flags_2 & HAS_PICOSECONDS) && !tw_cur_skip(c, 2)) ||
        ((flags & HAS_STATUS) && !tw_cur_u16le(c, &out->status)) ||
        ((flags & HAS_MAJOR) && !tw_cur_u32le(c, &out->major)) ||
        ((flags & HAS_MINOR) && !tw_cur_u32le(c, &out->minor)))
        return false;
    out->has_sequence = (flags & HAS_SEQUENCE) != 0;
    out->has_status = (flags & HAS_STATUS) != 0;
    out->has_major = (flags & HAS_MAJOR) != 0;
    out->has_minor = (flags & HAS_MINOR) != 0;
    return true;
}

/* ActionTargetId, RequestId and ActionState before the fields [UA14 7.2.4.5.9]. */
static bool read_target(struct tw_cur *c)
{
    return tw_cur_skip(c, 2 + 2 + 1);
}

static enum tw_pubsub_anomaly read_fields(struct tw_cur *c, struct tw_uadp_message *out)
{
    const bool action = out->type == TW_UADP_ACTION_REQUEST || out->type == TW_UADP_ACTION_RESPONSE;
    if (out->type == TW_UADP_KEEP_ALIVE) {
        out->fields = *c;
        return TW_PUBSUB_NONE;
    }
    if (action && !read_target(c))
        return TW_PUBSUB_TRUNCATED;
    /* Raw fields follow each other without anything that would tell them apart. */
    out->opaque = out->encoding == TW_UADP_RAW && out->type != TW_UADP_EVENT;
    /* A key frame without anything is a heartbeat [UA14 7.2.4.5.5]. */
    const bool heartbeat = out->type == TW_UADP_KEY_FRAME && c->left == 0;
    if (heartbeat)
        out->opaque = false;
    if (!out->opaque && !heartbeat && !tw_cur_u16le(c, &out->n_fields))
        return TW_PUBSUB_TRUNCATED;
    out->fields = *c;
    return TW_PUBSUB_NONE;
}

static enum tw_pubsub_anomaly read_message(struct tw_cur c, struct tw_uadp_message *out)
{
    uint8_t flags, flags_2 = 0;
    *out = (struct tw_uadp_message){0};
    if (!tw_cur_u8(&c, &flags))
        return TW_PUBSUB_TRUNCATED;
    out->valid = (flags & VALID) != 0;
    if (!out->valid)
        return TW_PUBSUB_NONE;
    if ((flags & HAS_FLAGS_2) && !tw_cur_u8(&c, &flags_2))
        return TW_PUBSUB_TRUNCATED;
    out->encoding = (uint8_t)((flags & ENCODING) >> 1);
    out->type = flags_2 & TYPE;
    if (out->encoding > TW_UADP_DATA_VALUE)
        return TW_PUBSUB_BAD_FIELD_ENCODING;
    if (out->type >= TW_UADP_TYPES)
        return TW_PUBSUB_BAD_DATASET_TYPE;
    if (flags_2 & RESERVED_2)
        return TW_PUBSUB_RESERVED_FLAGS;
    if (!read_header(&c, flags, flags_2, out))
        return TW_PUBSUB_TRUNCATED;
    return read_fields(&c, out);
}

/* Does all of it read as fields? */
static bool fits(const struct tw_uadp_message *m)
{
    struct tw_opcua_scratch s = {0};
    struct tw_cur c = m->fields;
    for (uint32_t i = 0; i < m->n_fields; i++)
        if (!tw_uadp_field(&s, m, i, &c, NULL))
            return false;
    return tw_uadp_is_padding(c);
}

/* The message of an action may come with a header of its own, as the standard's table has it, or
 * without, as stacks send it: taken as what it reads as, else as opaque. */
static enum tw_pubsub_anomaly action(
    const struct tw_uadp *u, struct tw_cur bytes, struct tw_uadp_message *out)
{
    const uint8_t type = u->is_request ? TW_UADP_ACTION_REQUEST : TW_UADP_ACTION_RESPONSE;
    struct tw_uadp_message m = {.valid = true, .type = type};
    struct tw_cur c = bytes;
    if (read_fields(&c, &m) == TW_PUBSUB_NONE && fits(&m)) {
        *out = m;
        return TW_PUBSUB_NONE;
    }
    if (read_message(bytes, &m) == TW_PUBSUB_NONE && m.valid && m.type >= TW_UADP_ACTION_REQUEST &&
        !m.opaque && fits(&m)) {
        *out = m;
        out->type = type;
        return TW_PUBSUB_NONE;
    }
    *out = (struct tw_uadp_message){.valid = true, .type = type, .opaque = true, .fields = bytes};
    return TW_PUBSUB_NONE;
}

enum tw_pubsub_anomaly tw_uadp_message(
    const struct tw_uadp *u, struct tw_cur bytes, struct tw_uadp_message *out)
{
    if (u->has_action)
        return action(u, bytes, out);
    enum tw_pubsub_anomaly wrong = read_message(bytes, out);
    /* Without a payload header only configuration tells how many messages there are. */
    if (!u->has_writers && out->valid &&
        (wrong != TW_PUBSUB_NONE || (!out->opaque && !fits(out)))) {
        *out = (struct tw_uadp_message){
            .valid = true, .encoding = TW_UADP_RAW, .opaque = true, .fields = bytes};
        return TW_PUBSUB_NONE;
    }
    return wrong;
}

bool tw_uadp_field(struct tw_opcua_scratch *s, const struct tw_uadp_message *m, uint32_t at,
    struct tw_cur *c, struct tw_uadp_field *out)
{
    uint16_t index = (uint16_t)at;
    if (m->type == TW_UADP_DELTA_FRAME && !tw_cur_u16le(c, &index))
        return false;
    const bool data_value = m->encoding == TW_UADP_DATA_VALUE && m->type != TW_UADP_EVENT;
    if (out != NULL)
        *out = (struct tw_uadp_field){.index = index, .v.has_value = true};
    if (data_value)
        return tw_opcua_data_value(s, c, out == NULL ? NULL : &out->v);
    return tw_opcua_variant(s, c, out == NULL ? NULL : &out->v.v);
}

bool tw_uadp_is_padding(struct tw_cur rest)
{
    uint8_t byte;
    while (tw_cur_u8(&rest, &byte))
        if (byte != 0)
            return false;
    return true;
}
