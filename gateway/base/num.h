#pragma once
/* Numbers to text and back, the same on every machine and in every locale. */

#include "base/str.h"

enum { TW_NUM_TEXT = 32 };

/* The shortest decimal that reads back as exactly `v`; whole numbers below 1e15 without a point or
 * exponent. Not for NaN and infinities. Returns the length; `out` is not terminated and holds
 * TW_NUM_TEXT bytes. */
size_t tw_num_double(char *out, double v);
/* The same for a value that was a 32-bit float on the wire. */
size_t tw_num_float(char *out, float v);
size_t tw_num_i64(char *out, int64_t v);
size_t tw_num_u64(char *out, uint64_t v);

struct tw_number {
    bool is_integer; /* then `i` is exact */
    int64_t i;
    double d; /* always set */
};

/* The whole of `s` as a JSON number [RFC 8259 6]; false when it is not one. */
bool tw_num_parse(struct tw_str s, struct tw_number *out);
