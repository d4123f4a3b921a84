#include "protocol/opcua/plain.h"

/* What follows is all inlined, so that the cursor stays in registers. */
#define INLINE __attribute__((always_inline)) static inline

INLINE bool number8(struct tw_cur *c, unsigned type, struct tw_value *out)
{
    uint8_t v;
    if (!tw_cur_u8(c, &v))
        return false;
    if (type == TW_UA_BOOLEAN)
        *out = (struct tw_value){.kind = TW_VALUE_BOOL, .b = v != 0};
    else if (type == TW_UA_SBYTE)
        *out = (struct tw_value){.kind = TW_VALUE_INT, .i = (int8_t)v};
    else
        *out = (struct tw_value){.kind = TW_VALUE_UINT, .u = v};
    return true;
}

INLINE bool number16(struct tw_cur *c, unsigned type, struct tw_value *out)
{
    uint16_t v;
    if (!tw_cur_u16le(c, &v))
        return false;
    if (type == TW_UA_INT16)
        *out = (struct tw_value){.kind = TW_VALUE_INT, .i = (int16_t)v};
    else
        *out = (struct tw_value){.kind = TW_VALUE_UINT, .u = v};
    return true;
}

INLINE bool number32(struct tw_cur *c, unsigned type, struct tw_value *out)
{
    uint32_t v;
    float f;
    if (!tw_cur_u32le(c, &v))
        return false;
    memcpy(&f, &v, sizeof(f));
    if (type == TW_UA_FLOAT)
        *out = (struct tw_value){.kind = TW_VALUE_FLOAT, .d = (double)f};
    else if (type == TW_UA_INT32)
        *out = (struct tw_value){.kind = TW_VALUE_INT, .i = (int32_t)v};
    else
        *out = (struct tw_value){.kind = TW_VALUE_UINT, .u = v};
    return true;
}

INLINE bool number64(struct tw_cur *c, unsigned type, struct tw_value *out)
{
    uint64_t v;
    double d;
    if (!tw_cur_u64le(c, &v))
        return false;
    memcpy(&d, &v, sizeof(d));
    if (type == TW_UA_DOUBLE)
        *out = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = d};
    else if (type == TW_UA_INT64)
        *out = (struct tw_value){.kind = TW_VALUE_INT, .i = (int64_t)v};
    else
        *out = (struct tw_value){.kind = TW_VALUE_UINT, .u = v};
    return true;
}

/* How many bytes one takes; 0: it is none. */
static const uint8_t widths[TW_UA_TYPES] = {
    [TW_UA_BOOLEAN] = 1,
    [TW_UA_SBYTE] = 1,
    [TW_UA_BYTE] = 1,
    [TW_UA_INT16] = 2,
    [TW_UA_UINT16] = 2,
    [TW_UA_INT32] = 4,
    [TW_UA_UINT32] = 4,
    [TW_UA_INT64] = 8,
    [TW_UA_UINT64] = 8,
    [TW_UA_FLOAT] = 4,
    [TW_UA_DOUBLE] = 8,
};

INLINE bool number(struct tw_cur *c, unsigned type, struct tw_value *out)
{
    switch (type < TW_UA_TYPES ? widths[type] : 0) {
    case 1:
        return number8(c, type, out);
    case 2:
        return number16(c, type, out);
    case 4:
        return number32(c, type, out);
    case 8:
        return number64(c, type, out);
    default:
        return false;
    }
}

/* What stands behind the value. */
INLINE bool rest(struct tw_cur *c, uint8_t mask, struct tw_event *event, uint32_t *out_status)
{
    uint32_t status = 0;
    uint64_t source = 0, server = 0;
    if (((mask & TW_OPCUA_HAS_STATUS) && !tw_cur_u32le(c, &status)) ||
        ((mask & TW_OPCUA_HAS_SOURCE) && !tw_cur_u64le(c, &source)) ||
        ((mask & TW_OPCUA_HAS_SERVER) && !tw_cur_u64le(c, &server)))
        return false;
    event->source_ts_ns = tw_opcua_time_ns((int64_t)source);
    event->server_ts_ns = tw_opcua_time_ns((int64_t)server);
    *out_status = status;
    return true;
}

static bool elements(struct tw_cur *c, unsigned type, struct tw_value *items, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!number(c, type, &items[i]))
            return false;
    return true;
}

/* An array that an event shows as a whole; `c` stands at the mask. Of one that does not end well
 * nothing was taken. */
__attribute__((noinline)) static bool array(struct tw_opcua_scratch *s, struct tw_cur *c,
    uint8_t mask, unsigned type, struct tw_event *event, uint32_t *out_status)
{
    const size_t budget = s->budget, used = s->arena->used;
    struct tw_cur at = tw_cur_here(c);
    uint32_t n, shown = 0;
    if (!tw_cur_skip(&at, 2) || type >= TW_UA_TYPES || widths[type] == 0 ||
        !tw_cur_u32le(&at, &n) || n == 0 || n > TW_OPCUA_PLAIN_MOST || n > at.left / widths[type] ||
        n * sizeof(struct tw_value) > budget)
        return false;
    struct tw_value *items = tw_opcua_elements(s, n, &shown);
    if (shown < n || !elements(&at, type, items, n) || !rest(&at, mask, event, out_status)) {
        s->budget = budget;
        s->arena->used = used;
        return false;
    }
    event->value = (struct tw_value){.kind = TW_VALUE_ARRAY, .n = n, .items = items};
    event->type = tw_opcua_type_name(type, true);
    tw_cur_move(c, &at);
    return true;
}

bool tw_opcua_plain(
    struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_event *event, uint32_t *out_status)
{
    struct tw_cur at = tw_cur_here(c);
    struct tw_value v;
    uint8_t mask, head;
    if (!tw_cur_u8(&at, &mask) || !tw_cur_u8(&at, &head) || !tw_opcua_may_be_plain(mask))
        return false;
    if (head & TW_OPCUA_PLAIN_ARRAY)
        return array(s, c, mask, head & 0x7f, event, out_status);
    if (!number(&at, head, &v) || !rest(&at, mask, event, out_status))
        return false;
    event->value = v;
    event->type = tw_opcua_type_name(head, false);
    tw_cur_move(c, &at);
    return true;
}
