#pragma once
/* Protocol Buffers as they are on the wire [Protocol Buffers, Encoding]: one field after the other.
 * A generated decoder allocates what the sender asks for, and forgets which fields were there. */

#include "base/cursor.h"

enum tw_pb_type { TW_PB_VARINT = 0, TW_PB_FIXED64 = 1, TW_PB_BYTES = 2, TW_PB_FIXED32 = 5 };

struct tw_pb_field {
    uint32_t number;
    enum tw_pb_type type;
    uint64_t v;          /* VARINT, FIXED64, FIXED32 */
    struct tw_cur bytes; /* BYTES */
};

TW_MUST_CHECK bool tw_pb_varint(struct tw_cur *c, uint64_t *out);

/* The next field; groups, which are no longer used, are passed over whole. False at the end of `c`,
 * and where it is not well-formed: then something is left of it. */
bool tw_pb_next(struct tw_cur *c, struct tw_pb_field *out);

/* Is this field number `number`, sent as `type`? With another type it counts as unknown. */
static inline bool tw_pb_is(const struct tw_pb_field *f, uint32_t number, enum tw_pb_type type)
{
    return f->number == number && f->type == type;
}
