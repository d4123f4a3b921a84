/* Probes and announcements [UA14 7.2.4.6]; of the metadata [UA14 6.2.3.2] the names of the fields.
 */
#include "protocol/pubsub/uadp.h"

#include "base/limits.h"

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

/* StructureField [UA3 8.51] */
static bool skip_structure_field(struct tw_cur *c)
{
    return skip(c, TW_UA_STRING) && skip(c, TW_UA_LOCALIZEDTEXT) && skip(c, TW_UA_NODEID) &&
           skip(c, TW_UA_INT32) && skip_array(c, TW_UA_UINT32) && skip(c, TW_UA_UINT32) &&
           skip(c, TW_UA_BOOLEAN);
}

static bool skip_structure(struct tw_cur *c)
{
    return skip(c, TW_UA_NODEID) && skip(c, TW_UA_QUALIFIEDNAME) && skip(c, TW_UA_NODEID) &&
           skip(c, TW_UA_NODEID) && skip(c, TW_UA_INT32) && skip_each(c, 20, skip_structure_field);
}

/* EnumField [UA3 8.52] */
static bool skip_enum_field(struct tw_cur *c)
{
    return skip(c, TW_UA_INT64) && skip(c, TW_UA_LOCALIZEDTEXT) && skip(c, TW_UA_LOCALIZEDTEXT) &&
           skip(c, TW_UA_STRING);
}

static bool skip_enum(struct tw_cur *c)
{
    return skip(c, TW_UA_NODEID) && skip(c, TW_UA_QUALIFIEDNAME) &&
           skip_each(c, 14, skip_enum_field) && skip(c, TW_UA_BYTE);
}

static bool skip_simple(struct tw_cur *c)
{
    return skip(c, TW_UA_NODEID) && skip(c, TW_UA_QUALIFIEDNAME) && skip(c, TW_UA_NODEID) &&
           skip(c, TW_UA_BYTE);
}

static bool skip_property(struct tw_cur *c)
{
    return skip(c, TW_UA_QUALIFIEDNAME) && skip(c, TW_UA_VARIANT);
}

/* FieldMetaData behind its name. */
static bool skip_rest_of_field(struct tw_cur *c)
{
    return skip(c, TW_UA_LOCALIZEDTEXT) && skip(c, TW_UA_UINT16) && skip(c, TW_UA_BYTE) &&
           skip(c, TW_UA_NODEID) && skip(c, TW_UA_INT32) && skip_array(c, TW_UA_UINT32) &&
           skip(c, TW_UA_UINT32) && skip(c, TW_UA_GUID) && skip_each(c, 7, skip_property);
}

static bool read_names(struct tw_cur *c, struct tw_uadp_discovery *out)
{
    enum { LEAST = 43 };
    uint32_t n;
    if (!tw_opcua_count(c, LEAST, &n))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct tw_str name;
        if (!tw_opcua_string(c, &name) || !skip_rest_of_field(c))
            return false;
        if (i >= TW_UADP_NAMES)
            continue;
        out->names[i] = (struct tw_value){
            .kind = TW_VALUE_STRING, .s = tw_utf8_cut(name.p ? name : TW_STR(""), TW_MAX_IDENTITY)};
        out->n_names = i + 1;
    }
    return true;
}

/* DataSetMetaDataType. */
static bool read_metadata(struct tw_cur *c, struct tw_uadp_discovery *out)
{
    return skip_array(c, TW_UA_STRING) && skip_each(c, 16, skip_structure) &&
           skip_each(c, 13, skip_enum) && skip_each(c, 11, skip_simple) && skip(c, TW_UA_STRING) &&
           skip(c, TW_UA_LOCALIZEDTEXT) && read_names(c, out) && skip(c, TW_UA_GUID) &&
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
        out->n_names = 0;
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
