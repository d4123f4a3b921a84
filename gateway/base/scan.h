#pragma once
/* Looking for bytes in strings from packets, eight at a time. */

#include "base/str.h"

/* 0x80 in every byte of `w` that is zero; bytes above the lowest such one may be marked wrongly. */
static inline uint64_t tw_scan_zero(uint64_t w)
{
    return (w - 0x0101010101010101u) & ~w & 0x8080808080808080u;
}

/* Index, at or after `at`, of the first byte of `s` that ends a plain run of a JSON string: a
 * quote, a backslash or a control character; s.len when there is none. `*high` is set when the run
 * holds bytes above 0x7f. */
static inline size_t tw_scan_json_string(struct tw_str s, size_t at, bool *high)
{
    uint64_t seen = 0;
    while (s.len - at >= 8) {
        uint64_t w;
        memcpy(&w, s.p + at, sizeof(w));
        uint64_t control = (w - 0x2020202020202020u) & ~w & 0x8080808080808080u;
        uint64_t stop =
            control | tw_scan_zero(w ^ 0x2222222222222222u) | tw_scan_zero(w ^ 0x5c5c5c5c5c5c5c5cu);
        if (stop != 0)
            break;
        seen |= w;
        at += 8;
    }
    for (; at < s.len; at++) {
        unsigned char c = (unsigned char)s.p[at];
        if (c == '"' || c == '\\' || c < 0x20)
            break;
        seen |= c;
    }
    *high |= (seen & 0x8080808080808080u) != 0;
    return at;
}
