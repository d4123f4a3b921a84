#include "base/num.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
    1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Most numbers are small, and division by ten is quicker in 32 bits. */
static size_t small_number(char *out, uint32_t v)
{
    char rev[10];
    size_t n = 0;
    do {
        rev[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    for (size_t i = 0; i < n; i++)
        out[i] = rev[n - 1 - i];
    return n;
}

size_t tw_num_u64(char *out, uint64_t v)
{
    if (v <= UINT32_MAX)
        return small_number(out, (uint32_t)v);
    char rev[TW_NUM_TEXT];
    size_t n = 0;
    do {
        rev[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    for (size_t i = 0; i < n; i++)
        out[i] = rev[n - 1 - i];
    return n;
}

size_t tw_num_i64(char *out, int64_t v)
{
    if (v >= 0)
        return tw_num_u64(out, (uint64_t)v);
    out[0] = '-';
    return 1 + tw_num_u64(out + 1, (uint64_t)0 - (uint64_t)v);
}

/* Write `n` / 10^`digits` as a plain decimal. */
static size_t fixed(char *out, bool negative, uint64_t n, unsigned digits)
{
    char text[TW_NUM_TEXT];
    size_t len = tw_num_u64(text, n), at = 0;
    if (negative)
        out[at++] = '-';
    if (len <= digits) {
        out[at++] = '0';
        out[at++] = '.';
        for (size_t i = len; i < digits; i++)
            out[at++] = '0';
        memcpy(out + at, text, len);
        return at + len;
    }
    memcpy(out + at, text, len - digits);
    at += len - digits;
    if (digits > 0) {
        out[at++] = '.';
        memcpy(out + at, text + len - digits, digits);
        at += digits;
    }
    return at;
}

/* Most values from machines are short decimals. For those, a = n / 10^k with n < 2^53 and k <= 22
 * is exact to one correctly rounded division, so the smallest k that gives `a` back is the
 * shortest. */
static size_t short_decimal(char *out, bool negative, double a)
{
    if (a >= 1e15 || (a != 0 && a < 1e-5))
        return 0;
    for (unsigned k = 0; k <= 15; k++) {
        double scaled = a * powers[k];
        if (scaled >= 9007199254740992.0)
            return 0;
        double n = nearbyint(scaled);
        if (n / powers[k] == a)
            return fixed(out, negative, (uint64_t)n, k);
    }
    return 0;
}

/* The fewest digits that read back. Values below `smallest_normal` have lost digits, so that less
 * than `from` of them may do. */
static size_t any_decimal(char *out, double v, int from, int to, double smallest_normal)
{
    bool is_float = to < 10;
    int n = 0;
    if (fabs(v) < smallest_normal)
        from = 1;
    for (int precision = from; precision <= to; precision++) {
        n = snprintf(out, TW_NUM_TEXT, "%.*g", precision, v);
        if (is_float ? strtof(out, NULL) == (float)v : strtod(out, NULL) == v)
            break;
    }
    return (size_t)n;
}

size_t tw_num_double(char *out, double v)
{
    size_t n = short_decimal(out, signbit(v) && v != 0, fabs(v));
    return n ? n : any_decimal(out, v, 15, 17, DBL_MIN);
}

size_t tw_num_float(char *out, float v)
{
    double a = fabs((double)v);
    bool negative = signbit(v) && v != 0;
    if (a < 1e9 && (a == 0 || a >= 1e-5)) {
        for (unsigned k = 0; k <= 12; k++) {
            double n = nearbyint(a * powers[k]);
            if (n > 1e9 && k > 0)
                break;
            if ((float)(n / powers[k]) == (float)a)
                return fixed(out, negative, (uint64_t)n, k);
        }
    }
    return any_decimal(out, (double)v, 6, 9, (double)FLT_MIN);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The grammar of RFC 8259 6, without looking at the value. */
static bool number_shape(struct tw_str s, bool *out_integer)
{
    size_t i = 0;
    if (i < s.len && s.p[i] == '-')
        i++;
    if (i >= s.len || !is_digit(s.p[i]))
        return false;
    if (s.p[i] == '0' && i + 1 < s.len && is_digit(s.p[i + 1]))
        return false;
    while (i < s.len && is_digit(s.p[i]))
        i++;
    *out_integer = i == s.len;
    if (i < s.len && s.p[i] == '.') {
        i++;
        if (i >= s.len || !is_digit(s.p[i]))
            return false;
        while (i < s.len && is_digit(s.p[i]))
            i++;
    }
    if (i < s.len && (s.p[i] == 'e' || s.p[i] == 'E')) {
        i++;
        if (i < s.len && (s.p[i] == '+' || s.p[i] == '-'))
            i++;
        if (i >= s.len || !is_digit(s.p[i]))
            return false;
        while (i < s.len && is_digit(s.p[i]))
            i++;
    }
    return i == s.len;
}

static double slow_parse(struct tw_str s)
{
    char text[512];
    tw_str_copy(text, sizeof(text), s);
    return strtod(text, NULL);
}

/* Digits and a point only, at most 15 significant digits: exact by one division. */
static bool quick_parse(struct tw_str s, double *out)
{
    uint64_t n = 0;
    unsigned digits = 0, after = 0;
    bool point = false;
    size_t i = s.p[0] == '-';
    for (; i < s.len; i++) {
        if (s.p[i] == '.') {
            point = true;
            continue;
        }
        if (!is_digit(s.p[i]) || ++digits > 15)
            return false;
        n = n * 10 + (uint64_t)(s.p[i] - '0');
        after += point;
    }
    double v = (double)n / powers[after];
    *out = s.p[0] == '-' ? -v : v;
    return true;
}

/* Digits behind an optional minus; false when they do not fit. */
static bool whole_number(struct tw_str s, int64_t *out)
{
    const bool negative = s.p[0] == '-';
    int64_t v = 0;
    for (size_t i = negative; i < s.len; i++) {
        const int64_t digit = s.p[i] - '0';
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, negative ? -digit : digit, &v))
            return false;
    }
    *out = v;
    return true;
}

bool tw_num_parse(struct tw_str s, struct tw_number *out)
{
    bool integer;
    if (s.len == 0 || s.len > 400 || !number_shape(s, &integer))
        return false;
    struct tw_number n = {0};
    if (!quick_parse(s, &n.d))
        n.d = slow_parse(s);
    n.is_integer = integer && whole_number(s, &n.i);
    *out = n;
    return true;
}
