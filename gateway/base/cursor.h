#pragma once
/* The only way to read bytes that came from a packet. A read succeeds and advances, or returns
 * false and changes nothing, so reads chain with || and a parser looks like the specification's
 * table. */

#include "base/status.h"
#include "base/str.h"

struct tw_cur {
    const uint8_t *p;
    size_t left;
};

static inline struct tw_cur tw_cur_of(const void *p, size_t len)
{
    return (struct tw_cur){(const uint8_t *)p, len};
}

/* A second one where `c` stands, and moving `c` to where that came: by words, for the words of a
 * cursor are written one by one, and who reads them as one has to wait. */
static inline struct tw_cur tw_cur_here(const struct tw_cur *c)
{
    return (struct tw_cur){c->p, c->left};
}

static inline void tw_cur_move(struct tw_cur *c, const struct tw_cur *to)
{
    c->p = to->p;
    c->left = to->left;
}

static inline struct tw_cur tw_cur_str(struct tw_str s)
{
    return (struct tw_cur){(const uint8_t *)s.p, s.len};
}

/* What is left, as a string view. */
static inline struct tw_str tw_cur_rest(const struct tw_cur *c)
{
    return (struct tw_str){(const char *)c->p, c->left};
}

TW_MUST_CHECK static inline bool tw_cur_skip(struct tw_cur *c, size_t n)
{
    if (n > c->left)
        return false;
    c->p += n;
    c->left -= n;
    return true;
}

/* The next `n` bytes become `out`; `c` moves past them. */
TW_MUST_CHECK static inline bool tw_cur_sub(struct tw_cur *c, size_t n, struct tw_cur *out)
{
    if (n > c->left)
        return false;
    const struct tw_cur sub = {c->p, n};
    c->p += n;
    c->left -= n;
    *out = sub;
    return true;
}

TW_MUST_CHECK static inline bool tw_cur_bytes(struct tw_cur *c, size_t n, struct tw_str *out)
{
    struct tw_cur sub;
    if (!tw_cur_sub(c, n, &sub))
        return false;
    *out = tw_cur_rest(&sub);
    return true;
}

/* Copy the next `n` bytes to `out`, which has room for them. */
TW_MUST_CHECK static inline bool tw_cur_copy(struct tw_cur *c, size_t n, void *out)
{
    if (n > c->left)
        return false;
    if (n > 0)
        memcpy(out, c->p, n);
    c->p += n;
    c->left -= n;
    return true;
}

/* Look at byte `at` without advancing. */
TW_MUST_CHECK static inline bool tw_cur_peek(const struct tw_cur *c, size_t at, uint8_t *out)
{
    if (at >= c->left)
        return false;
    *out = c->p[at];
    return true;
}

TW_MUST_CHECK static inline bool tw_cur_u8(struct tw_cur *c, uint8_t *out)
{
    if (c->left < 1)
        return false;
    *out = c->p[0];
    c->p += 1;
    c->left -= 1;
    return true;
}

TW_MUST_CHECK static inline bool tw_cur_u16be(struct tw_cur *c, uint16_t *out)
{
    if (c->left < 2)
        return false;
    *out = (uint16_t)(c->p[0] << 8 | c->p[1]);
    c->p += 2;
    c->left -= 2;
    return true;
}

TW_MUST_CHECK static inline bool tw_cur_u32be(struct tw_cur *c, uint32_t *out)
{
    if (c->left < 4)
        return false;
    *out = (uint32_t)c->p[0] << 24 | (uint32_t)c->p[1] << 16 | (uint32_t)c->p[2] << 8 | c->p[3];
    c->p += 4;
    c->left -= 4;
    return true;
}

/* The next `n` bytes, 1 to 8 and the least first, as the upper ones of a word; 0 below them. */
TW_MUST_CHECK static inline bool tw_cur_upper(struct tw_cur *c, size_t n, uint64_t *out)
{
    uint64_t word = 0;
    if (n > c->left)
        return false;
    if (c->left >= sizeof(word) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) {
        memcpy(&word, c->p, sizeof(word));
        word <<= 64 - 8 * n;
    } else {
        for (size_t i = 0; i < n; i++)
            word = word >> 8 | (uint64_t)c->p[i] << 56;
    }
    c->p += n;
    c->left -= n;
    *out = word;
    return true;
}

TW_MUST_CHECK static inline bool tw_cur_u16le(struct tw_cur *c, uint16_t *out)
{
    if (c->left < 2)
        return false;
    *out = (uint16_t)(c->p[1] << 8 | c->p[0]);
    c->p += 2;
    c->left -= 2;
    return true;
}

TW_MUST_CHECK static inline bool tw_cur_u32le(struct tw_cur *c, uint32_t *out)
{
    if (c->left < 4)
        return false;
    *out = (uint32_t)c->p[3] << 24 | (uint32_t)c->p[2] << 16 | (uint32_t)c->p[1] << 8 | c->p[0];
    c->p += 4;
    c->left -= 4;
    return true;
}

/* Always inlined: else compilers leave the half of it that succeeds in a function of its own. */
TW_MUST_CHECK __attribute__((always_inline)) static inline bool tw_cur_u64le(
    struct tw_cur *c, uint64_t *out)
{
    if (c->left < 8)
        return false;
    *out = (uint64_t)c->p[7] << 56 | (uint64_t)c->p[6] << 48 | (uint64_t)c->p[5] << 40 |
           (uint64_t)c->p[4] << 32 | (uint64_t)c->p[3] << 24 | (uint64_t)c->p[2] << 16 |
           (uint64_t)c->p[1] << 8 | c->p[0];
    c->p += 8;
    c->left -= 8;
    return true;
}
