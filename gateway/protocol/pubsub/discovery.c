/* Probes and announcements [UA14 7.2.4.6]; of the metadata [UA14 6.2.3.2] the names of the fields
 * and how they are encoded. */
#include "protocol/pubsub/uadp.h"

#include "base/limits.h"
#include "protocol/pubsub/shape.h"

enum { ENDPOINTS = 1, METADATA = 2 };

const char *tw_uadp_discovery_name(uint8_t type, bool probe)
{
    static const char *const announcements[] = {NULL, "endpoints", "metadata",
        "writer-configuration", "connection", "application", "action-responder", "action-metadata"};
    if (probe)
        return type >= 1 && type <= 2 ? "probe" : NULL;
    return type < sizeof(announcements) / sizeof(announcements[0]) ? announcements[type] : NULL;
}

typedef bool (*skip_fn)(struct tw_cur *c);

static bool skip(struct tw_cur *c, unsigned type)
{
    struct tw_opcua_scratch s = {0};
    return tw_opcua_skip(&s, c, type);
}

static bool skip_array(struct tw_cur *c, unsigned type)
{
    struct tw_opcua_scratch s = {0};
    uint32_t n;
    return tw_opcua_array(&s, c, type, &n, NULL);
}

static bool skip_each(struct tw_cur *c, size_t min_size, skip_fn one)
{
    uint32_t n;
    if (!tw_opcua_count(c, min_size, &n))
        return false;
    for (; n > 0; n--)
        if (!one(c))
            return false;
    return true;
}

static bool skip_property(struct tw_cur *c)
{
    return skip(c, TW_UA_QUALIFIEDNAME) && skip(c, TW_UA_VARIANT);
}

static bool read_dimensions(struct tw_cur *c, struct tw_pubsub_shape *out)
{
    uint32_t n, d;
    if (!tw_opcua_count(c, 4, &n))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        if (!tw_cur_u32le(c, &d))
            return false;
        if (i < TW_PUBSUB_DIMENSIONS)
            out->dimensions[i] = d;
    }
    /* As many as the rank says, or none; else nobody knows what is meant. */
    if (n != 0 && (int64_t)n != out->rank)
        out->type = 0;
    return true;
}

/* FieldMetaData behind its name. */
static bool read_shape(struct tw_cur *c, struct tw_uadp_types *types, struct tw_pubsub_shape *out)
{
    struct tw_opcua_node type;
    uint32_t rank;
    if (!skip(c, TW_UA_LOCALIZEDTEXT) || !skip(c, TW_UA_UINT16) || !tw_cur_u8(c, &out->type) ||
        !tw_opcua_node(c, &type) || !tw_cur_u32le(c, &rank))
        return false;
    out->rank = tw_pubsub_rank((int32_t)rank);
    if (!read_dimensions(c, out) || !tw_cur_u32le(c, &out->max_length) || !skip(c, TW_UA_GUID) ||
        !skip_each(c, 7, skip_property))
        return false;
    if (out->type == TW_UA_EXTENSIONOBJECT)
        out->size = tw_uadp_structure_size(types, &type);
    return true;
}

static bool read_fields(
    struct tw_cur *c, struct tw_uadp_types *types, struct tw_uadp_discovery *out)
{
    enum { LEAST = 43 };
    uint32_t n;
    if (!tw_opcua_count(c, LEAST, &n))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct tw_pubsub_field f = {.name = TW_STR("")};
        if (!tw_opcua_string(c, &f.name) || !read_shape(c, types, &f.shape))
            return false;
        f.name = tw_utf8_cut(f.name.p ? f.name : TW_STR(""), TW_MAX_IDENTITY);
        if (i < TW_PUBSUB_FIELDS)
            out->fields[out->n_fields++] = f;
    }
    return true;
}

/* DataSetMetaDataType. */
static bool read_metadata(struct tw_cur *c, struct tw_uadp_discovery *out)
{
    struct tw_uadp_types types;
    return skip_array(c, TW_UA_STRING) && tw_uadp_types(c, &types) && skip(c, TW_UA_STRING) &&
           skip(c, TW_UA_LOCALIZEDTEXT) && read_fields(c, &types, out) && skip(c, TW_UA_GUID) &&
           tw_cur_u32le(c, &out->major) && tw_cur_u32le(c, &out->minor);
}

static enum tw_pubsub_anomaly read_announcement(struct tw_cur c, struct tw_uadp_discovery *out)
{
    if (!tw_cur_u8(&c, &out->type) || !tw_cur_u16le(&c, &out->sequence))
        return TW_PUBSUB_TRUNCATED;
    out->has_sequence = true;
    if (tw_uadp_discovery_name(out->type, false) == NULL)
        return TW_PUBSUB_BAD_ANNOUNCEMENT;
    if (out->type != METADATA)
        return TW_PUBSUB_NONE;
    if (!tw_cur_u16le(&c, &out->writer))
        return TW_PUBSUB_TRUNCATED;
    out->has_writer = true;
    if (!read_metadata(&c, out) || !tw_cur_u32le(&c, &out->status)) {
        out->n_fields = 0;
        return TW_PUBSUB_BAD_ANNOUNCEMENT;
    }
    out->is_metadata = true;
    out->whole = c.left == 0;
    return c.left == 0 ? TW_PUBSUB_NONE : TW_PUBSUB_TRAILING_BYTES;
}

enum tw_pubsub_anomaly tw_uadp_discovery(const struct tw_uadp *u, struct tw_uadp_discovery *out)
{
    struct tw_cur c = u->payload;
    *out = (struct tw_uadp_discovery){0};
    if (u->kind == TW_UADP_ANNOUNCEMENT)
        return read_announcement(c, out);
    if (!tw_cur_u8(&c, &out->type))
        return TW_PUBSUB_TRUNCATED;
    return tw_uadp_discovery_name(out->type, true) == NULL ? TW_PUBSUB_BAD_ANNOUNCEMENT
                                                           : TW_PUBSUB_NONE;
}
