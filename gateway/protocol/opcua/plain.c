#include "protocol/opcua/plain.h"

/* Bits of a DataValue [UA6 5.2.2.17]; others, and those that are not assigned, are not plain. */
enum { HAS_VALUE = 1, HAS_STATUS = 2, HAS_SOURCE = 4, HAS_SERVER = 8 };

/* How a type is read, and what it becomes. */
enum form { NOT_PLAIN, TRUTH, SIGNED, UNSIGNED, SINGLE, TWICE };
static const struct {
    uint8_t form, bytes;
} forms[] = {
    [TW_UA_BOOLEAN] = {TRUTH, 1},
    [TW_UA_SBYTE] = {SIGNED, 1},
    [TW_UA_BYTE] = {UNSIGNED, 1},
    [TW_UA_INT16] = {SIGNED, 2},
    [TW_UA_UINT16] = {UNSIGNED, 2},
    [TW_UA_INT32] = {SIGNED, 4},
    [TW_UA_UINT32] = {UNSIGNED, 4},
    [TW_UA_INT64] = {SIGNED, 8},
    [TW_UA_UINT64] = {UNSIGNED, 8},
    [TW_UA_FLOAT] = {SINGLE, 4},
    [TW_UA_DOUBLE] = {TWICE, 8},
};

/* A number of so many bytes. */
static inline bool raw(struct tw_cur *c, unsigned bytes, uint64_t *out)
{
    uint8_t v8;
    uint16_t v16;
    uint32_t v32;
    switch (bytes) {
    case 8:
        return tw_cur_u64le(c, out);
    case 4:
        if (!tw_cur_u32le(c, &v32))
            return false;
        *out = v32;
        return true;
    case 2:
        if (!tw_cur_u16le(c, &v16))
            return false;
        *out = v16;
        return true;
    default:
        if (!tw_cur_u8(c, &v8))
            return false;
        *out = v8;
        return true;
    }
}

static inline int64_t with_sign(uint64_t v, unsigned bytes)
{
    const unsigned unused = 64 - 8 * bytes;
    return (int64_t)(v << unused) >> unused;
}

static inline void set(struct tw_value *out, unsigned form, unsigned bytes, uint64_t v)
{
    const uint32_t low = (uint32_t)v;
    float single;
    *out = (struct tw_value){.kind = TW_VALUE_BOOL, .u = 0};
    switch (form) {
    case TRUTH:
        out->b = v != 0;
        break;
    case SIGNED:
        out->kind = TW_VALUE_INT;
        out->i = with_sign(v, bytes);
        break;
    case UNSIGNED:
        out->kind = TW_VALUE_UINT;
        out->u = v;
        break;
    case SINGLE:
        out->kind = TW_VALUE_FLOAT;
        memcpy(&single, &low, sizeof(single));
        out->d = (double)single;
        break;
    default:
        out->kind = TW_VALUE_DOUBLE;
        memcpy(&out->d, &v, sizeof(out->d));
    }
}

bool tw_opcua_plain(struct tw_cur *c, struct tw_event *event, uint32_t *out_status)
{
    enum { OTHERS = 0xff & ~(HAS_STATUS | HAS_SOURCE | HAS_SERVER) };
    struct tw_cur at = *c;
    uint8_t mask, type;
    uint32_t status = 0;
    uint64_t v, source = 0, server = 0;
    if (!tw_cur_u8(&at, &mask) || !tw_cur_u8(&at, &type) || (mask & OTHERS) != HAS_VALUE ||
        type >= sizeof(forms) / sizeof(forms[0]) || forms[type].form == NOT_PLAIN ||
        !raw(&at, forms[type].bytes, &v) || ((mask & HAS_STATUS) && !tw_cur_u32le(&at, &status)) ||
        ((mask & HAS_SOURCE) && !tw_cur_u64le(&at, &source)) ||
        ((mask & HAS_SERVER) && !tw_cur_u64le(&at, &server)))
        return false;
    set(&event->value, forms[type].form, forms[type].bytes, v);
    event->type = tw_opcua_type_name(type, false);
    event->source_ts_ns = tw_opcua_time_ns((int64_t)source);
    event->server_ts_ns = tw_opcua_time_ns((int64_t)server);
    *out_status = status;
    *c = at;
    return true;
}
