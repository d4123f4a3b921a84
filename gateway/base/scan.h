#pragma once
/* Looking for bytes in strings from packets, eight at a time. */

#include <endian.h>

#include "base/str.h"

/* The eight bytes there, in the order of this machine. */
static inline uint64_t tw_scan_load(const char *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof(w));
    return w;
}

/* 0x80 in the lowest byte of `w` that is zero; higher bytes may be marked wrongly. */
static inline uint64_t tw_scan_zero(uint64_t w)
{
    return (w - 0x0101010101010101u) & ~w & 0x8080808080808080u;
}

/* 0x80 in each byte of `w` that is `c`, and in no other. */
static inline uint64_t tw_scan_each(uint64_t w, char c)
{
    const uint64_t rest = 0x7f7f7f7f7f7f7f7fu;
    const uint64_t differ = w ^ (0x0101010101010101u * (unsigned char)c);
    return ~(((differ & rest) + rest) | differ | rest);
}

/* Index, at or after `at`, of the first byte of `s` that ends a plain run of a JSON string: a
 * quote, a backslash or a control character; s.len when there is none. `*high` is set when the run
 * holds bytes above 0x7f. */
static inline size_t tw_scan_json_string(struct tw_str s, size_t at, bool *high)
{
    const uint64_t tops = 0x8080808080808080u;
    uint64_t w, seen = 0;
    while (s.len - at >= sizeof(w)) {
        memcpy(&w, s.p + at, sizeof(w));
        w = le64toh(w);
        const uint64_t control = (w - 0x2020202020202020u) & ~w & tops;
        const uint64_t stop =
            control | tw_scan_zero(w ^ 0x2222222222222222u) | tw_scan_zero(w ^ 0x5c5c5c5c5c5c5c5cu);
        if (stop != 0) {
            /* The lowest mark is right, and so are the bytes below it. */
            *high |= ((seen | (w & (stop ^ (stop - 1)))) & tops) != 0;
            return at + (size_t)__builtin_ctzll(stop) / 8;
        }
        seen |= w;
        at += sizeof(w);
    }
    for (; at < s.len; at++) {
        const unsigned char c = (unsigned char)s.p[at];
        if (c == '"' || c == '\\' || c < 0x20)
            break;
        seen |= c;
    }
    *high |= (seen & tops) != 0;
    return at;
}

/* Is `s` a name of printable ASCII without the wildcards '+' and '#'? Nearly all topics are. */
static inline bool tw_scan_is_plain_name(struct tw_str s)
{
    uint64_t w, stops = 0;
    if (s.len < sizeof(w)) {
        for (size_t i = 0; i < s.len; i++) {
            if (s.p[i] < 0x20 || s.p[i] > 0x7e || s.p[i] == '+' || s.p[i] == '#')
                return false;
        }
        return true;
    }
    for (size_t at = 0; at < s.len; at += sizeof(w)) {
        const size_t last = s.len - sizeof(w);
        memcpy(&w, s.p + (at < last ? at : last), sizeof(w));
        /* Whether any top bit is set is right, and no more is asked. Of the wildcards one is the
         * other with a bit more. */
        stops |= w | (w - 0x2020202020202020u) | ((w ^ 0x7f7f7f7f7f7f7f7fu) - 0x0101010101010101u) |
                 (((w | 0x0808080808080808u) ^ 0x2b2b2b2b2b2b2b2bu) - 0x0101010101010101u);
    }
    return (stops & 0x8080808080808080u) == 0;
}

/* How many bytes `s` begins with that are printable ASCII: no control character, no DEL, nothing
 * above. */
static inline size_t tw_scan_printable(struct tw_str s)
{
    const uint64_t tops = 0x8080808080808080u;
    size_t at = 0;
    while (s.len - at >= sizeof(uint64_t)) {
        uint64_t w;
        memcpy(&w, s.p + at, sizeof(w));
        w = le64toh(w);
        const uint64_t stop =
            ((w | (w - 0x2020202020202020u)) & tops) | tw_scan_zero(w ^ 0x7f7f7f7f7f7f7f7fu);
        if (stop != 0) /* the lowest mark is right */
            return at + (size_t)__builtin_ctzll(stop) / 8;
        at += sizeof(w);
    }
    while (at < s.len && s.p[at] >= 0x20 && s.p[at] < 0x7f)
        at++;
    return at;
}
