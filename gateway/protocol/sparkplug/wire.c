#include "protocol/sparkplug/wire.h"

enum { START_GROUP = 3, END_GROUP = 4, MAX_GROUPS = 16, VARINT_BYTES = 10 };

bool tw_pb_varint(struct tw_cur *c, uint64_t *out)
{
    struct tw_cur at = tw_cur_here(c);
    uint64_t v = 0;
    uint8_t byte;
    for (unsigned i = 0; i < VARINT_BYTES; i++) {
        if (!tw_cur_u8(&at, &byte))
            return false;
        v |= (uint64_t)(byte & 0x7f) << 7 * i;
        if (byte < 0x80) {
            tw_cur_move(c, &at);
            *out = v;
            return true;
        }
    }
    return false;
}

struct tag {
    uint32_t number;
    unsigned type;
};

static bool read_tag(struct tw_cur *c, struct tag *out)
{
    uint64_t v;
    if (!tw_pb_varint(c, &v) || v > UINT32_MAX || v >> 3 == 0)
        return false;
    *out = (struct tag){(uint32_t)(v >> 3), (unsigned)(v & 7)};
    return true;
}

static bool read_fixed32(struct tw_cur *c, uint64_t *out)
{
    uint32_t v;
    if (!tw_cur_u32le(c, &v))
        return false;
    *out = v;
    return true;
}

/* What a field has behind its tag; not for groups. */
static bool read_body(struct tw_cur *c, const struct tag *tag, struct tw_pb_field *out)
{
    uint64_t len;
    out->number = tag->number;
    out->type = (enum tw_pb_type)tag->type;
    switch (tag->type) {
    case TW_PB_VARINT:
        return tw_pb_varint(c, &out->v);
    case TW_PB_FIXED64:
        return tw_cur_u64le(c, &out->v);
    case TW_PB_BYTES:
        return tw_pb_varint(c, &len) && len <= c->left && tw_cur_sub(c, (size_t)len, &out->bytes);
    case TW_PB_FIXED32:
        return read_fixed32(c, &out->v);
    default:
        return false;
    }
}

/* Behind the end of a group, which has the number of its beginning. */
static bool skip_group(struct tw_cur *c, uint32_t number)
{
    uint32_t open[MAX_GROUPS] = {number};
    unsigned depth = 1;
    struct tag tag;
    struct tw_pb_field ignored;
    while (depth > 0) {
        if (!read_tag(c, &tag))
            return false;
        if (tag.type == START_GROUP) {
            if (depth == MAX_GROUPS)
                return false;
            open[depth++] = tag.number;
        } else if (tag.type == END_GROUP) {
            if (open[--depth] != tag.number)
                return false;
        } else if (!read_body(c, &tag, &ignored)) {
            return false;
        }
    }
    return true;
}

bool tw_pb_next(struct tw_cur *c, struct tw_pb_field *out)
{
    struct tw_cur at = tw_cur_here(c);
    struct tag tag;
    while (at.left > 0) {
        if (!read_tag(&at, &tag))
            return false;
        const bool group = tag.type == START_GROUP;
        if (group ? !skip_group(&at, tag.number) : !read_body(&at, &tag, out))
            return false;
        tw_cur_move(c, &at);
        if (!group)
            return true;
    }
    return false;
}
