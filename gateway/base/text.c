#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/scan.h"
#include "base/timefmt.h"

void tw_text_free(struct tw_text *t)
{
    free(t->p);
    *t = (struct tw_text){0};
}

__attribute__((noinline)) static bool grow(struct tw_text *t, size_t n)
{
    size_t size = t->size ? t->size : 1024;
    while (size - t->len < n)
        size *= 2;
    char *p = realloc(t->p, size);
    if (p == NULL) {
        t->failed = true;
        return false;
    }
    t->p = p;
    t->size = size;
    return true;
}

/* Room for `n` more bytes; NULL (and failed) when there is none. */
static inline char *room(struct tw_text *t, size_t n)
{
    if (t->failed || (t->size - t->len < n && !grow(t, n)))
        return NULL;
    return t->p + t->len;
}

void tw_text_add(struct tw_text *t, const char *p, size_t len)
{
    char *at = len == 0 ? NULL : room(t, len);
    if (at == NULL)
        return;
    memcpy(at, p, len);
    t->len += len;
}

void tw_text_addz(struct tw_text *t, const char *z)
{
    tw_text_add(t, z, strlen(z));
}

void tw_text_add_str(struct tw_text *t, struct tw_str s)
{
    tw_text_add(t, s.p, s.len);
}

void tw_text_repeat(struct tw_text *t, size_t at, size_t len)
{
    char *to = at + len > t->len ? NULL : room(t, len);
    if (to == NULL)
        return;
    memcpy(to, t->p + at, len);
    t->len += len;
}

void tw_text_addf(struct tw_text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *at = n < 0 ? NULL : room(t, (size_t)n + 1);
    if (at == NULL)
        return;
    va_start(args, format);
    vsnprintf(at, (size_t)n + 1, format, args);
    va_end(args);
    t->len += (size_t)n;
}

/* A comma is due when the last byte ends a value. */
static inline bool is_comma_due(const struct tw_text *t)
{
    if (t->len == 0)
        return false;
    char last = t->p[t->len - 1];
    return last != '{' && last != '[' && last != ':' && last != ',' && last != '\n';
}

/* Room for a value of at most `n` bytes behind the comma that may be due; NULL when there is none.
 */
static inline char *begin(struct tw_text *t, size_t n)
{
    char *at = room(t, n + 1);
    if (at != NULL && is_comma_due(t)) {
        *at++ = ',';
        t->len++;
    }
    return at;
}

static void short_value(struct tw_text *t, const char *p, size_t n)
{
    char *at = begin(t, n);
    if (at == NULL)
        return;
    memcpy(at, p, n);
    t->len += n;
}

void tw_json_object(struct tw_text *t)
{
    short_value(t, "{", 1);
}

void tw_json_object_end(struct tw_text *t)
{
    tw_text_add(t, "}", 1);
}

void tw_json_array(struct tw_text *t)
{
    short_value(t, "[", 1);
}

void tw_json_array_end(struct tw_text *t)
{
    tw_text_add(t, "]", 1);
}

void tw_json_key_of(struct tw_text *t, const char *key, size_t len)
{
    char *at = begin(t, len + 3);
    if (at == NULL)
        return;
    at[0] = '"';
    memcpy(at + 1, key, len);
    at[len + 1] = '"';
    at[len + 2] = ':';
    t->len += len + 3;
}

static const char *escape_of(unsigned char c)
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

static bool plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void add_control(struct tw_text *t, unsigned char c)
{
    const char *escape = escape_of(c);
    if (escape != NULL)
        tw_text_addz(t, escape);
    else
        tw_text_addf(t, "\\u%04x", c);
}

/* The well-formed multi-byte sequence at the start of `s`, its length, or 0. */
static size_t multibyte(struct tw_str s)
{
    for (size_t n = 2; n <= 4 && n <= s.len; n++) {
        if (tw_utf8_valid((struct tw_str){s.p, n}))
            return n;
    }
    return 0;
}

/* The length of the run at the start of `s` that needs no escape, eight bytes at a time. */
static size_t plain_run(struct tw_str s)
{
    size_t i = 0;
    for (; s.len - i >= 8; i += 8) {
        uint64_t w;
        memcpy(&w, s.p + i, sizeof(w));
        uint64_t low = (w - 0x2020202020202020u) & ~w;
        uint64_t high = w | (w + 0x0101010101010101u); /* 0x7f and above */
        uint64_t stop =
            tw_scan_zero(w ^ 0x2222222222222222u) | tw_scan_zero(w ^ 0x5c5c5c5c5c5c5c5cu);
        if (((low | high | stop) & 0x8080808080808080u) != 0)
            break;
    }
    while (i < s.len && plain((unsigned char)s.p[i]))
        i++;
    return i;
}

static void add_escaped(struct tw_text *t, struct tw_str s)
{
    size_t i = 0, start = 0;
    while (i < s.len) {
        unsigned char c = (unsigned char)s.p[i];
        if (plain(c)) {
            i++;
            continue;
        }
        size_t n = c >= 0x80 ? multibyte((struct tw_str){s.p + i, s.len - i}) : 0;
        if (n) {
            i += n;
            continue;
        }
        tw_text_add(t, s.p + start, i - start);
        if (c >= 0x80)
            tw_text_addz(t, "\xef\xbf\xbd");
        else
            add_control(t, c);
        start = ++i;
    }
    tw_text_add(t, s.p + start, i - start);
}

void tw_json_str(struct tw_text *t, struct tw_str s)
{
    if (s.p == NULL) {
        tw_json_null(t);
        return;
    }
    size_t n = plain_run(s);
    char *at = begin(t, n + 2);
    if (at == NULL)
        return;
    *at++ = '"';
    memcpy(at, s.p, n);
    t->len += n + 1;
    if (n < s.len)
        add_escaped(t, (struct tw_str){s.p + n, s.len - n});
    tw_text_add(t, "\"", 1);
}

void tw_json_z(struct tw_text *t, const char *z)
{
    tw_json_str(t, tw_str_of(z));
}

void tw_json_i64(struct tw_text *t, int64_t v)
{
    char *at = begin(t, TW_NUM_TEXT);
    if (at != NULL)
        t->len += tw_num_i64(at, v);
}

void tw_json_u64(struct tw_text *t, uint64_t v)
{
    char *at = begin(t, TW_NUM_TEXT);
    if (at != NULL)
        t->len += tw_num_u64(at, v);
}

static bool json_not_finite(struct tw_text *t, double v)
{
    if (isfinite(v))
        return false;
    tw_json_z(t, isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity");
    return true;
}

void tw_json_double(struct tw_text *t, double v)
{
    char *at = json_not_finite(t, v) ? NULL : begin(t, TW_NUM_TEXT);
    if (at != NULL)
        t->len += tw_num_double(at, v);
}

void tw_json_float(struct tw_text *t, float v)
{
    char *at = json_not_finite(t, (double)v) ? NULL : begin(t, TW_NUM_TEXT);
    if (at != NULL)
        t->len += tw_num_float(at, v);
}

void tw_json_bool(struct tw_text *t, bool v)
{
    short_value(t, v ? "true" : "false", v ? 4 : 5);
}

void tw_json_null(struct tw_text *t)
{
    short_value(t, "null", 4);
}

void tw_json_raw(struct tw_text *t, struct tw_str json)
{
    if (begin(t, json.len) != NULL)
        tw_text_add_str(t, json);
}

void tw_json_base64(struct tw_text *t, const void *data, size_t len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = data;
    short_value(t, "\"", 1);
    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t v = (uint32_t)p[i] << 16;
        if (n > 1)
            v |= (uint32_t)p[i + 1] << 8;
        if (n > 2)
            v |= p[i + 2];
        char four[4] = {
            alphabet[v >> 18], alphabet[v >> 12 & 63], alphabet[v >> 6 & 63], alphabet[v & 63]};
        for (size_t pad = n + 1; pad < 4; pad++)
            four[pad] = '=';
        tw_text_add(t, four, 4);
    }
    tw_text_add(t, "\"", 1);
}

/* ".123456Z" */
static size_t fraction(char *at, uint32_t ns, bool nano)
{
    size_t n = nano ? 9 : 6;
    uint32_t v = nano ? ns : ns / 1000;
    at[0] = '.';
    for (size_t i = n; i > 0; i--, v /= 10)
        at[i] = (char)('0' + v % 10);
    at[n + 1] = 'Z';
    return n + 2;
}

void tw_json_time(struct tw_text *t, int64_t ns, bool nano)
{
    int64_t second = ns / TW_NS_PER_S;
    char *at = begin(t, TW_TIME_TEXT + 2);
    if (at == NULL)
        return;
    *at++ = '"';
    size_t n = sizeof(t->second_text);
    if (ns >= 0 && t->has_second && second == t->second) {
        memcpy(at, t->second_text, n);
        n += fraction(at + n, (uint32_t)(ns % TW_NS_PER_S), nano);
    } else {
        n = tw_time_text(at, ns, nano);
        memcpy(t->second_text, at, sizeof(t->second_text));
        t->second = second;
        t->has_second = ns >= 0;
    }
    at[n] = '"';
    t->len += n + 2;
}

void tw_json_hex(struct tw_text *t, const uint8_t *p, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *at = begin(t, 2 * len + 2);
    if (at == NULL)
        return;
    *at++ = '"';
    for (size_t i = 0; i < len; i++) {
        *at++ = digits[p[i] >> 4];
        *at++ = digits[p[i] & 15];
    }
    *at = '"';
    t->len += 2 * len + 2;
}
