#pragma once
/* A string view: borrowed bytes with a length, not terminated. `p == NULL` means absent. Whoever
 * wants to keep one copies it into an arena (arena.h). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct tw_str {
    const char *p;
    size_t len;
};

#define TW_STR(literal) ((struct tw_str){(literal), sizeof(literal) - 1})
#define TW_STR_NONE ((struct tw_str){NULL, 0})
/* For printf: `"%.*s", TW_STR_ARG(s)`; cut at 2 GiB. */
#define TW_STR_ARG(s) (int)((s).len > 0x7fffffff ? 0x7fffffff : (s).len), (s).p ? (s).p : ""

static inline struct tw_str tw_str_of(const char *z)
{
    return (struct tw_str){z, z ? strlen(z) : 0};
}

static inline struct tw_str tw_str_bytes(const uint8_t *p, size_t len)
{
    return (struct tw_str){(const char *)p, len};
}

static inline bool tw_str_eq(struct tw_str a, struct tw_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool tw_str_is(struct tw_str a, const char *z)
{
    return a.p != NULL && tw_str_eq(a, tw_str_of(z));
}

static inline bool tw_str_starts(struct tw_str s, struct tw_str prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.p, prefix.p, prefix.len) == 0);
}

static inline bool tw_str_ends(struct tw_str s, struct tw_str end)
{
    return s.len >= end.len && (end.len == 0 || memcmp(s.p + s.len - end.len, end.p, end.len) == 0);
}

/* ASCII case-insensitive comparison; the locale never matters. */
bool tw_str_eq_nocase(struct tw_str a, struct tw_str b);

/* Is the host name `host` the domain `domain`, or one below it? Neither case nor the root's dot at
 * the end of `host` matters [RFC1034 3.1]. */
bool tw_str_is_under(struct tw_str host, struct tw_str domain);

/* Order as memcmp on bytes, then by length. */
int tw_str_cmp(struct tw_str a, struct tw_str b);

/* `*` matches any run of bytes (also of length 0), `?` one byte. No recursion; at
 * worst the product of the lengths. */
bool tw_str_glob(struct tw_str pattern, struct tw_str text);

/* Copy into `dst[size]`, terminated, cut when too long. Returns the number of bytes copied. */
size_t tw_str_copy(char *dst, size_t size, struct tw_str s);

/* Well-formed UTF-8 [RFC 3629]: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool tw_utf8_valid(struct tw_str s);

/* The longest prefix of `s` of at most `max` bytes that does not cut a UTF-8 sequence in two. */
struct tw_str tw_utf8_cut(struct tw_str s, size_t max);

/* Damerau-Levenshtein distance (adjacent transpositions count one); anything above `limit` is
 * reported as limit + 1. Strings longer than 128 bytes are compared by their first 128. */
unsigned tw_str_distance(struct tw_str a, struct tw_str b, unsigned limit);
