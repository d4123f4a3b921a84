#pragma once
/* CBOR [RFC 8949] and MessagePack: is it well-formed, and how much is in it? Nothing is decoded and
 * nothing recurses. */

#include "base/cursor.h"

enum { TW_PACKED_DEPTH = 64 };

struct tw_packed {
    uint32_t items; /* values that hold no others: keys of maps are not counted */
    uint32_t depth; /* of the deepest container; 0: the whole is one value */
};

/* False when `bytes` are not exactly one well-formed value of at most TW_PACKED_DEPTH levels. */
bool tw_cbor_measure(struct tw_cur bytes, struct tw_packed *out);
bool tw_msgpack_measure(struct tw_cur bytes, struct tw_packed *out);
