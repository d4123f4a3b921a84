#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/timefmt.h"

void tw_text_free(struct tw_text *t)
{
    free(t->p);
    *t = (struct tw_text){0};
}

/* Room for `n` more bytes; NULL (and failed) when there is none. */
static char *room(struct tw_text *t, size_t n)
{
    if (t->failed)
        return NULL;
    if (t->size - t->len < n) {
        size_t size = t->size ? t->size : 1024;
        while (size - t->len < n)
            size *= 2;
        char *p = realloc(t->p, size);
        if (p == NULL) {
            t->failed = true;
            return NULL;
        }
        t->p = p;
        t->size = size;
    }
    return t->p + t->len;
}

void tw_text_add(struct tw_text *t, const char *p, size_t len)
{
    char *at = room(t, len);
    if (at == NULL || len == 0)
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
static void comma(struct tw_text *t)
{
    if (t->len == 0)
        return;
    char last = t->p[t->len - 1];
    if (last != '{' && last != '[' && last != ':' && last != ',' && last != '\n')
        tw_text_add(t, ",", 1);
}

void tw_json_object(struct tw_text *t)
{
    comma(t);
    tw_text_add(t, "{", 1);
}

void tw_json_object_end(struct tw_text *t)
{
    tw_text_add(t, "}", 1);
}

void tw_json_array(struct tw_text *t)
{
    comma(t);
    tw_text_add(t, "[", 1);
}

void tw_json_array_end(struct tw_text *t)
{
    tw_text_add(t, "]", 1);
}

void tw_json_key(struct tw_text *t, const char *key)
{
    comma(t);
    size_t n = strlen(key);
    char *at = room(t, n + 3);
    if (at == NULL)
        return;
    at[0] = '"';
    memcpy(at + 1, key, n);
    at[n + 1] = '"';
    at[n + 2] = ':';
    t->len += n + 3;
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

void tw_json_str(struct tw_text *t, struct tw_str s)
{
    if (s.p == NULL) {
        tw_json_null(t);
        return;
    }
    comma(t);
    tw_text_add(t, "\"", 1);
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
    tw_text_add(t, "\"", 1);
}

void tw_json_z(struct tw_text *t, const char *z)
{
    tw_json_str(t, tw_str_of(z));
}

void tw_json_i64(struct tw_text *t, int64_t v)
{
    char text[TW_NUM_TEXT];
    comma(t);
    tw_text_add(t, text, tw_num_i64(text, v));
}

void tw_json_u64(struct tw_text *t, uint64_t v)
{
    char text[TW_NUM_TEXT];
    comma(t);
    tw_text_add(t, text, tw_num_u64(text, v));
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
    char text[TW_NUM_TEXT];
    if (json_not_finite(t, v))
        return;
    comma(t);
    tw_text_add(t, text, tw_num_double(text, v));
}

void tw_json_float(struct tw_text *t, float v)
{
    char text[TW_NUM_TEXT];
    if (json_not_finite(t, (double)v))
        return;
    comma(t);
    tw_text_add(t, text, tw_num_float(text, v));
}

void tw_json_bool(struct tw_text *t, bool v)
{
    comma(t);
    tw_text_addz(t, v ? "true" : "false");
}

void tw_json_null(struct tw_text *t)
{
    comma(t);
    tw_text_addz(t, "null");
}

void tw_json_raw(struct tw_text *t, struct tw_str json)
{
    comma(t);
    tw_text_add_str(t, json);
}

void tw_json_base64(struct tw_text *t, const void *data, size_t len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = data;
    comma(t);
    tw_text_add(t, "\"", 1);
    for (size_t i = 0; i < len; i += 3) {
        size_t n = len - i < 3 ? len - i : 3;
        uint32_t v = (uint32_t)p[i] << 16;
        if (n > 1)
            v |= (uint32_t)p[i + 1] << 8;
        if (n > 2)
            v |= p[i + 2];
        char four[4] = {alphabet[v >> 18], alphabet[v >> 12 & 63], alphabet[v >> 6 & 63],
            alphabet[v & 63]};
        for (size_t pad = n + 1; pad < 4; pad++)
            four[pad] = '=';
        tw_text_add(t, four, 4);
    }
    tw_text_add(t, "\"", 1);
}

void tw_json_time(struct tw_text *t, int64_t ns, bool nano)
{
    char text[TW_TIME_TEXT];
    comma(t);
    tw_text_add(t, "\"", 1);
    tw_text_add(t, text, tw_time_text(text, ns, nano));
    tw_text_add(t, "\"", 1);
}

void tw_json_hex(struct tw_text *t, const uint8_t *p, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    comma(t);
    tw_text_add(t, "\"", 1);
    for (size_t i = 0; i < len; i++) {
        char two[2] = {digits[p[i] >> 4], digits[p[i] & 15]};
        tw_text_add(t, two, 2);
    }
    tw_text_add(t, "\"", 1);
}
