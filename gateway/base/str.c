#include "base/str.h"

#include "base/scan.h"

static unsigned char lower(char c)
{
    unsigned char u = (unsigned char)c;
    return (u >= 'A' && u <= 'Z') ? (unsigned char)(u + 32) : u;
}

bool tw_str_eq_nocase(struct tw_str a, struct tw_str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    }
    return true;
}

bool tw_str_is_under(struct tw_str host, struct tw_str domain)
{
    if (host.len > 0 && host.p[host.len - 1] == '.')
        host.len--;
    if (domain.len == 0 || host.len < domain.len)
        return false;
    const size_t before = host.len - domain.len;
    return tw_str_eq_nocase((struct tw_str){host.p + before, domain.len}, domain) &&
           (before == 0 || host.p[before - 1] == '.');
}

int tw_str_cmp(struct tw_str a, struct tw_str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c != 0)
        return c;
    return a.len < b.len ? -1 : a.len > b.len;
}

bool tw_str_glob(struct tw_str pattern, struct tw_str text)
{
    size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;
    while (t < text.len) {
        if (p < pattern.len && pattern.p[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.len && (pattern.p[p] == '?' || pattern.p[p] == text.p[t])) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.p[p] == '*')
        p++;
    return p == pattern.len;
}

size_t tw_str_copy(char *dst, size_t size, struct tw_str s)
{
    if (size == 0)
        return 0;
    size_t n = s.len < size - 1 ? s.len : size - 1;
    if (n)
        memcpy(dst, s.p, n);
    dst[n] = '\0';
    return n;
}

/* Length of the well-formed sequence at `u`, or 0. Table 3-7 of the Unicode standard. */
static size_t sequence(const unsigned char *u, size_t left)
{
    if (u[0] < 0x80)
        return 1;
    if (u[0] < 0xc2 || u[0] > 0xf4)
        return 0;
    size_t n = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
    if (left < n)
        return 0;
    unsigned char low = 0x80, high = 0xbf;
    if (u[0] == 0xe0)
        low = 0xa0;
    else if (u[0] == 0xed)
        high = 0x9f;
    else if (u[0] == 0xf0)
        low = 0x90;
    else if (u[0] == 0xf4)
        high = 0x8f;
    if (u[1] < low || u[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0;
    }
    return n;
}

bool tw_utf8_valid(struct tw_str s)
{
    const unsigned char *u = (const unsigned char *)s.p;
    size_t i = tw_scan_printable(s);
    while (i < s.len) {
        if (u[i] < 0x80) {
            i++;
            continue;
        }
        size_t n = sequence(u + i, s.len - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

struct tw_str tw_utf8_cut(struct tw_str s, size_t max)
{
    if (s.len <= max)
        return s;
    size_t n = max;
    while (n > 0 && max - n < 4 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    /* A longer run of continuation bytes is no character: cut anywhere. */
    return (struct tw_str){s.p, max - n < 4 ? n : max};
}

unsigned tw_str_distance(struct tw_str a, struct tw_str b, unsigned limit)
{
    enum { MAX = 128 };
    unsigned short row[3][MAX + 1];
    size_t na = a.len < MAX ? a.len : MAX, nb = b.len < MAX ? b.len : MAX;
    size_t apart = na > nb ? na - nb : nb - na;
    if (apart > limit)
        return limit + 1;
    unsigned short *prev2 = row[0], *prev = row[1], *cur = row[2];
    for (size_t j = 0; j <= nb; j++)
        prev[j] = (unsigned short)j;
    for (size_t i = 1; i <= na; i++) {
        cur[0] = (unsigned short)i;
        unsigned best = cur[0];
        for (size_t j = 1; j <= nb; j++) {
            unsigned cost = a.p[i - 1] == b.p[j - 1] ? 0 : 1;
            unsigned v = prev[j - 1] + cost;
            if (prev[j] + 1u < v)
                v = prev[j] + 1u;
            if (cur[j - 1] + 1u < v)
                v = cur[j - 1] + 1u;
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] &&
                prev2[j - 2] + 1u < v)
                v = prev2[j - 2] + 1u;
            cur[j] = (unsigned short)v;
            if (v < best)
                best = v;
        }
        if (best > limit)
            return limit + 1;
        unsigned short *spare = prev2;
        prev2 = prev;
        prev = cur;
        cur = spare;
    }
    return prev[nb] > limit ? limit + 1 : prev[nb];
}
