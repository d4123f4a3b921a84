#include "protocol/opcua/ahead.h"

#include "protocol/opcua/plain.h"

/* What follows is all inlined, so that the cursor stays in registers. */
#define INLINE __attribute__((always_inline)) static inline

/* A built-in type that is plain. Values come in any order of types, so all are read alike, without
 * a branch for each: as the upper bytes of a word. */
struct form {
    uint8_t width; /* bytes; 0: it is none */
    uint8_t below; /* bits of the word that are none of its own */
    uint8_t kind;
    /* Without its sign a number is zero, or one of `span` from `least` on, or odd. */
    uint64_t least, span;
};

#define WHOLE(bytes, kind)                                                                         \
    {                                                                                              \
        (bytes), 64 - 8 * (bytes), TW_VALUE_##kind, 0, UINT64_MAX                                  \
    }
/* [UA6 5.2.2.3] IEEE 754: exponents of all zeros, or all ones, are special. */
#define FLOATING(bytes, kind, exponent_bits)                                                       \
    {                                                                                              \
        (bytes), 64 - 8 * (bytes), TW_VALUE_##kind, UINT64_C(1) << (64 - (exponent_bits)),         \
            UINT64_MAX - (UINT64_C(2) << (64 - (exponent_bits))) + 1                               \
    }
static const struct form forms[TW_UA_TYPES] = {
    [TW_UA_BOOLEAN] = WHOLE(1, BOOL),
    [TW_UA_SBYTE] = WHOLE(1, INT),
    [TW_UA_BYTE] = WHOLE(1, UINT),
    [TW_UA_INT16] = WHOLE(2, INT),
    [TW_UA_UINT16] = WHOLE(2, UINT),
    [TW_UA_INT32] = WHOLE(4, INT),
    [TW_UA_UINT32] = WHOLE(4, UINT),
    [TW_UA_INT64] = WHOLE(8, INT),
    [TW_UA_UINT64] = WHOLE(8, UINT),
    [TW_UA_FLOAT] = FLOATING(4, FLOAT, 8),
    [TW_UA_DOUBLE] = FLOATING(8, DOUBLE, 11),
};

INLINE bool scalar(struct tw_cur *c, const struct form *form, struct tw_plain_value *out)
{
    uint64_t word;
    if (!tw_cur_upper(c, form->width, &word))
        return false;
    const uint64_t size = word << 1;
    out->kind = form->kind;
    out->below = form->below;
    out->word = word;
    out->is_odd = (size != 0) & (size - form->least >= form->span);
    return true;
}

INLINE bool array(struct tw_cur *c, const struct form *form, struct tw_plain_value *out)
{
    uint32_t n;
    out->kind = TW_VALUE_ARRAY;
    out->word = 0;
    out->is_odd = false;
    return tw_cur_u32le(c, &n) && n > 0 && n <= TW_OPCUA_PLAIN_MOST &&
           tw_cur_skip(c, (size_t)n * form->width);
}

/* What stands behind the value. */
INLINE bool rest(struct tw_cur *c, uint8_t mask, struct tw_plain_value *out)
{
    const uint32_t bad = 1u << 31; /* [UA4 7.39] */
    uint64_t server = 0;
    out->status = 0;
    if (((mask & TW_OPCUA_HAS_STATUS) && (!tw_cur_u32le(c, &out->status) || (out->status & bad))) ||
        ((mask & TW_OPCUA_HAS_SOURCE) && !tw_cur_skip(c, 8)) ||
        ((mask & TW_OPCUA_HAS_SERVER) && !tw_cur_u64le(c, &server)))
        return false;
    out->server_ts_ns = tw_opcua_time_ns((int64_t)server);
    return true;
}

/* A DataValue. Arrays with dimensions are none of these. */
INLINE bool plain(struct tw_cur *c, struct tw_plain_value *out)
{
    uint8_t mask, head;
    if (!tw_cur_u8(c, &mask) || !tw_cur_u8(c, &head) || !tw_opcua_may_be_plain(mask))
        return false;
    const unsigned type = head & ~(unsigned)TW_OPCUA_PLAIN_ARRAY;
    if (type >= TW_UA_TYPES || forms[type].width == 0)
        return false;
    return (head & TW_OPCUA_PLAIN_ARRAY ? array(c, &forms[type], out)
                                        : scalar(c, &forms[type], out)) &&
           rest(c, mask, out);
}

/* Asks about all of them: how many pass. */
static uint32_t ask(
    struct tw_opcua_walk *w, struct tw_opcua_ahead *a, const struct tw_plain_values *values)
{
    w->base.opcua = &w->base_info;
    w->base.status.s = TW_STR("Good");
    const uint32_t passed = w->env->asks.pass_values(w->env->emit.user, &w->base, values);
    a->asked = passed < values->n;
    /* Where many do not pass, nobody looks far ahead in vain. */
    if (a->asked)
        a->window = 1;
    else if (a->window < TW_PLAIN_VALUES)
        a->window *= 2;
    w->emitted += passed;
    return passed;
}

uint32_t tw_opcua_pass_changes(
    struct tw_opcua_walk *w, struct tw_cur *c, uint32_t left, struct tw_opcua_ahead *a)
{
    struct tw_plain_values values;
    size_t ends[TW_PLAIN_VALUES];
    uint32_t all = 0, n;
    do {
        const uint32_t most = a->window < left - all ? a->window : left - all;
        struct tw_cur at = tw_cur_here(c);
        for (n = 0;
             n < most && tw_cur_u32le(&at, &values.of.handles[n]) && plain(&at, &values.list[n]);
             n++)
            ends[n] = at.left;
        a->asked = false;
        if (n == 0)
            break;
        values.n = n;
        n = ask(w, a, &values);
        if (n > 0 && !tw_cur_skip(c, c->left - ends[n - 1]))
            break;
        all += n;
    } while (!a->asked && all < left);
    return all;
}

/* What a NodeId is sent as [UA6 5.2.2.9]: the same bytes, the same node. */
INLINE bool node_bytes(struct tw_cur *c, struct tw_str *out, bool *standard)
{
    enum { TWO_BYTE, FOUR_BYTE, NUMERIC, STRING, GUID, BYTES };
    static const uint8_t lengths[] = {2, 4, 7, 7, 19, 7};
    uint8_t form, ns;
    uint16_t wide;
    struct tw_cur at = tw_cur_here(c);
    if (!tw_cur_u8(&at, &form) || form > BYTES || !tw_cur_peek(&at, 0, &ns))
        return false;
    *standard = form == TWO_BYTE || (form == FOUR_BYTE && ns == 0);
    size_t len = lengths[form];
    if (form >= NUMERIC) {
        uint32_t n;
        if (!tw_cur_u16le(&at, &wide) || !tw_cur_u32le(&at, &n))
            return false;
        *standard = form == NUMERIC && wide == 0;
        if (form == STRING || form == BYTES)
            len += n; /* far too long where it is null */
    }
    return tw_cur_bytes(c, len, out);
}

/* The Value attribute, all of it, in the encoding that needs no name. */
INLINE bool read_value_id(
    struct tw_opcua_walk *w, struct tw_cur *c, struct tw_node_key *key, bool *standard)
{
    enum { VALUE = 13 };
    struct tw_str node;
    uint32_t attribute, range, encoding;
    uint16_t ns;
    if (!node_bytes(c, &node, standard) || !tw_cur_u32le(c, &attribute) || attribute != VALUE ||
        !tw_cur_u32le(c, &range) || (range != UINT32_MAX && range != 0) || !tw_cur_u16le(c, &ns) ||
        !tw_cur_u32le(c, &encoding) || (encoding != UINT32_MAX && encoding != 0))
        return false;
    tw_hash_wide(w->env->seed, node.p, node.len, key->h);
    return true;
}

uint32_t tw_opcua_pass_reads(struct tw_opcua_walk *w, struct tw_cur *request,
    struct tw_cur *response, uint32_t left, struct tw_opcua_ahead *a)
{
    struct tw_plain_values values;
    size_t ids[TW_PLAIN_VALUES], ends[TW_PLAIN_VALUES];
    uint32_t all = 0, n;
    do {
        const uint32_t most = a->window < left - all ? a->window : left - all;
        struct tw_cur id = tw_cur_here(request), at = *response;
        bool standard;
        for (n = 0;
             n < most && read_value_id(w, &id, &values.of.nodes[n], &standard) &&
             plain(&at, &values.list[n]) && !(standard && values.list[n].kind == TW_VALUE_ARRAY);
             n++) {
            ids[n] = id.left;
            ends[n] = at.left;
        }
        a->asked = false;
        if (n == 0)
            break;
        values.n = n;
        n = ask(w, a, &values);
        if (n > 0 && (!tw_cur_skip(request, request->left - ids[n - 1]) ||
                         !tw_cur_skip(response, response->left - ends[n - 1])))
            break;
        all += n;
    } while (!a->asked && all < left);
    return all;
}
