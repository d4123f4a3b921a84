#include "protocol/json.h"

#include <endian.h>

#include "base/num.h"
#include "base/scan.h"

enum expect { VALUE, VALUE_OR_END, KEY, KEY_OR_END, COMMA_OR_END, DONE };

static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
    1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
static const uint32_t tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

void tw_json_init(struct tw_json *r, struct tw_str text)
{
    *r = (struct tw_json){.text = text, .expect = VALUE};
}

/* The byte at the reader's place; 0, which no JSON token starts with, at the end. */
static inline char look(const struct tw_json *r)
{
    return r->at < r->text.len ? r->text.p[r->at] : '\0';
}

static inline void skip_space(struct tw_json *r)
{
    size_t at = r->at;
    while (at < r->text.len) {
        const char c = r->text.p[at];
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            break;
        at++;
    }
    r->at = at;
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Behind a backslash: the rest of the escape; false when it is none. */
static bool escape(struct tw_json *r)
{
    char c = look(r);
    if (c != '\0' && strchr("\"\\/bfnrt", c) != NULL) {
        r->at++;
        return true;
    }
    if (c != 'u')
        return false;
    r->at++;
    for (int i = 0; i < 4; i++, r->at++) {
        if (!is_hex(look(r)))
            return false;
    }
    return true;
}

/* At an opening quote. */
static enum tw_json_kind string(
    struct tw_json *r, enum tw_json_kind kind, struct tw_json_token *out)
{
    const size_t from = ++r->at;
    bool high = false;
    out->escaped = false;
    for (;;) {
        r->at = tw_scan_json_string(r->text, r->at, &high);
        const char c = look(r);
        if (c == '"')
            break;
        if (c != '\\')
            return TW_JSON_ERROR;
        out->escaped = true;
        r->at++;
        if (!escape(r))
            return TW_JSON_ERROR;
    }
    out->text = (struct tw_str){r->text.p + from, r->at - from};
    r->at++;
    return high && !tw_utf8_valid(out->text) ? TW_JSON_ERROR : kind;
}

/* A number as it stands: `digits` × 10^`power`. */
struct number {
    uint64_t digits; /* wrong when there are more than 18 */
    size_t count;    /* of the digits, leading zeros included */
    int power;
    bool minus, whole;
};

/* The digits that stand at `at`, eight at most: how many, and what they come to. */
static inline size_t eight_digits(struct tw_str s, size_t at, uint64_t *out)
{
    const uint64_t tops = 0x8080808080808080u;
    uint64_t w = 0;
    if (s.len - at >= sizeof(w))
        memcpy(&w, s.p + at, sizeof(w));
    else
        memcpy(&w, s.p + at, s.len - at);
    w = le64toh(w) ^ 0x3030303030303030u;
    /* The lowest mark of a byte that is no digit is right. */
    const uint64_t others = ((w + 0x7676767676767676u) | w) & tops;
    if ((others & 0x80) != 0)
        return 0;
    const size_t n = others == 0 ? sizeof(w) : (size_t)__builtin_ctzll(others) / 8;
    /* As if zeros stood before them; then pairs, fours and all of them become numbers. */
    w <<= 64 - 8 * n;
    w = (w * 10 + (w >> 8)) & 0x00ff00ff00ff00ffu;
    w = (w * 100 + (w >> 16)) & 0x0000ffff0000ffffu;
    *out = (w * 10000 + (w >> 32)) & 0xffffffffu;
    return n;
}

/* Digits at `at`; returns where they end. */
static size_t take_digits(struct tw_str s, size_t at, struct number *n)
{
    const size_t from = at;
    size_t some;
    do {
        uint64_t digits = 0;
        some = eight_digits(s, at, &digits);
        n->digits = n->digits * tens[some] + digits;
        at += some;
    } while (some == 8);
    n->count += at - from;
    return at;
}

/* The exponent, bounded so that it can not overflow; false when there is no digit. */
static bool exponent(struct tw_json *r, int *out)
{
    const bool minus = look(r) == '-';
    int e = 0;
    if (minus || look(r) == '+')
        r->at++;
    if (!is_digit(look(r)))
        return false;
    for (char c; is_digit(c = look(r)); r->at++)
        e = e < 100000 ? e * 10 + (c - '0') : e;
    *out = minus ? -e : e;
    return true;
}

/* The grammar of RFC 8259 6; false when it is violated. */
static inline bool scan_number(struct tw_json *r, struct number *n)
{
    const struct tw_str s = r->text;
    size_t at = r->at;
    n->minus = s.p[at] == '-';
    at += n->minus;
    const size_t whole = at;
    at = take_digits(s, at, n);
    if (at == whole || (at > whole + 1 && s.p[whole] == '0'))
        return false;
    if (at < s.len && s.p[at] == '.') {
        const size_t point = at;
        n->whole = false;
        at = take_digits(s, at + 1, n);
        const size_t after = at - point - 1;
        if (after == 0)
            return false;
        n->power = after < 100000 ? -(int)after : -100000;
    }
    r->at = at;
    if (at == s.len || (s.p[at] | 0x20) != 'e')
        return true;
    int e;
    r->at++;
    n->whole = false;
    if (!exponent(r, &e))
        return false;
    n->power += e;
    return true;
}

/* 19 digits and more. What still fits into 64 bits stays whole. */
static enum tw_json_kind long_integer(struct tw_str digits, bool minus, struct tw_json_token *out)
{
    uint64_t v = 0;
    for (size_t i = 0; i < digits.len; i++) {
        uint64_t d = (uint64_t)(digits.p[i] - '0');
        if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, d, &v))
            return TW_JSON_ERROR;
    }
    if (v > (uint64_t)INT64_MAX + minus) {
        out->u = v;
        return minus ? TW_JSON_ERROR : TW_JSON_UINT;
    }
    out->i = (int64_t)(minus ? 0 - v : v);
    return TW_JSON_INT;
}

/* What quick arithmetic can not do exactly. Of a number too long for tw_num_parse() only the size
 * matters: such texts are no measurements. */
static double slow(struct tw_str text, const struct number *n)
{
    struct tw_number parsed;
    if (tw_num_parse(text, &parsed))
        return parsed.d;
    const struct tw_str start = {text.p, 300};
    const bool whole = memchr(start.p, '.', start.len) == NULL;
    const double d = tw_num_parse(start, &parsed) && !whole ? parsed.d : __builtin_inf();
    return n->minus && d > 0 ? -d : d;
}

/* One correctly rounded operation on two exact numbers. */
static inline double exact(uint64_t digits, int power, bool minus)
{
    const double d = power < 0 ? (double)digits / powers[-power] : (double)digits * powers[power];
    return minus ? -d : d;
}

/* Any number; the reader stands at its beginning. */
__attribute__((noinline)) static enum tw_json_kind any_number(
    struct tw_json *r, struct tw_json_token *out)
{
    struct number n = {.whole = true};
    const size_t from = r->at;
    if (!scan_number(r, &n))
        return TW_JSON_ERROR;
    const struct tw_str text = {r->text.p + from, r->at - from};
    if (n.whole && n.count <= 18) {
        out->i = n.minus ? -(int64_t)n.digits : (int64_t)n.digits;
        return TW_JSON_INT;
    }
    if (n.whole) {
        const struct tw_str digits = {text.p + n.minus, text.len - n.minus};
        const enum tw_json_kind kind = long_integer(digits, n.minus, out);
        if (kind != TW_JSON_ERROR)
            return kind;
    }
    if (n.count <= 18 && n.digits < (UINT64_C(1) << 53) && n.power >= -22 && n.power <= 22)
        out->d = exact(n.digits, n.power, n.minus);
    else
        out->d = slow(text, &n);
    return TW_JSON_DOUBLE;
}

/* Nearly all numbers have few digits and no exponent: those are read in one go. */
static inline enum tw_json_kind number(struct tw_json *r, struct tw_json_token *out)
{
    const struct tw_str s = r->text;
    const bool minus = s.p[r->at] == '-';
    size_t at = r->at + minus, part = 0;
    uint64_t digits = 0, behind = 0;
    const size_t whole = eight_digits(s, at, &digits);
    bool is_plain = whole > 0 && whole < 8 && (whole == 1 || s.p[at] != '0');
    at += whole;
    if (at < s.len && s.p[at] == '.') {
        part = eight_digits(s, at + 1, &behind);
        is_plain &= part > 0 && part < 8;
        at += 1 + part;
    }
    if (!is_plain || (at < s.len && (s.p[at] | 0x20) == 'e'))
        return any_number(r, out);
    r->at = at;
    if (part > 0) {
        out->d = exact(digits * tens[part] + behind, -(int)part, minus);
        return TW_JSON_DOUBLE;
    }
    out->i = minus ? -(int64_t)digits : (int64_t)digits;
    return TW_JSON_INT;
}

static bool word(struct tw_json *r, struct tw_str w)
{
    const struct tw_str rest = {r->text.p + r->at, r->text.len - r->at};
    if (!tw_str_starts(rest, w))
        return false;
    r->at += w.len;
    return true;
}

static enum tw_json_kind literal(struct tw_json *r, struct tw_json_token *out)
{
    out->b = word(r, TW_STR("true"));
    if (out->b || word(r, TW_STR("false")))
        return TW_JSON_BOOL;
    if (word(r, TW_STR("null")))
        return TW_JSON_NULL;
    if (r->depth == 0)
        return TW_JSON_ERROR;
    if (word(r, TW_STR("NaN")))
        out->d = __builtin_nan("");
    else if (word(r, TW_STR("Infinity")))
        out->d = __builtin_inf();
    else if (word(r, TW_STR("-Infinity")))
        out->d = -__builtin_inf();
    else
        return TW_JSON_ERROR;
    return TW_JSON_DOUBLE;
}

static enum tw_json_kind open_container(struct tw_json *r, bool object)
{
    if (r->depth == TW_MAX_JSON_DEPTH)
        return TW_JSON_TOO_DEEP;
    r->at++;
    const uint64_t bit = UINT64_C(1) << r->depth++;
    r->objects = object ? r->objects | bit : r->objects & ~bit;
    r->expect = object ? KEY_OR_END : VALUE_OR_END;
    return object ? TW_JSON_OBJECT : TW_JSON_ARRAY;
}

static inline bool in_object(const struct tw_json *r)
{
    return (r->objects >> (r->depth - 1) & 1) != 0;
}

static enum tw_json_kind close_container(struct tw_json *r)
{
    const bool object = in_object(r);
    if (look(r) != (object ? '}' : ']'))
        return TW_JSON_ERROR;
    r->at++;
    r->depth--;
    r->expect = r->depth == 0 ? DONE : COMMA_OR_END;
    return object ? TW_JSON_OBJECT_END : TW_JSON_ARRAY_END;
}

static enum tw_json_kind key(struct tw_json *r, struct tw_json_token *out)
{
    if (look(r) != '"' || string(r, TW_JSON_KEY, out) != TW_JSON_KEY)
        return TW_JSON_ERROR;
    skip_space(r);
    if (look(r) != ':')
        return TW_JSON_ERROR;
    r->at++;
    r->expect = VALUE;
    return TW_JSON_KEY;
}

static inline enum tw_json_kind scalar(struct tw_json *r, char c, struct tw_json_token *out)
{
    if (c == '"')
        return string(r, TW_JSON_STRING, out);
    if (is_digit(c) || (c == '-' && r->at + 1 < r->text.len && is_digit(r->text.p[r->at + 1])))
        return number(r, out);
    return literal(r, out);
}

static enum tw_json_kind value(struct tw_json *r, struct tw_json_token *out)
{
    const char c = look(r);
    if (c == '{' || c == '[')
        return open_container(r, c == '{');
    r->expect = r->depth == 0 ? DONE : COMMA_OR_END;
    return scalar(r, c, out);
}

static enum tw_json_kind next(struct tw_json *r, struct tw_json_token *out)
{
    skip_space(r);
    if (r->expect == COMMA_OR_END) {
        if (look(r) != ',')
            return close_container(r);
        r->at++;
        r->expect = in_object(r) ? KEY : VALUE;
        skip_space(r);
    }
    switch ((enum expect)r->expect) {
    case DONE:
        return r->at == r->text.len ? TW_JSON_END : TW_JSON_ERROR;
    case KEY_OR_END:
        return look(r) == '}' ? close_container(r) : key(r, out);
    case KEY:
        return key(r, out);
    case VALUE_OR_END:
        return look(r) == ']' ? close_container(r) : value(r, out);
    case VALUE:
    case COMMA_OR_END:
        break;
    }
    return value(r, out);
}

enum tw_json_kind tw_json_next(struct tw_json *r, struct tw_json_token *out)
{
    return out->kind = next(r, out);
}

enum tw_json_kind tw_json_scalar(struct tw_json *r, struct tw_json_token *out)
{
    return out->kind = scalar(r, look(r), out);
}

static uint32_t hex4(struct tw_str s, size_t at)
{
    uint32_t v = 0;
    for (size_t i = at; i < at + 4 && i < s.len; i++) {
        uint32_t c = (uint32_t)(unsigned char)s.p[i];
        v = v << 4 | (c <= '9' ? c - '0' : ((c | 0x20) - 'a' + 10));
    }
    return v;
}

/* The character of the \u escape at `*at` (the 'u'), its low surrogate included. */
static uint32_t code_point(struct tw_str s, size_t *at)
{
    uint32_t u = hex4(s, *at + 1);
    *at += 5;
    if (u < 0xd800 || u > 0xdfff)
        return u;
    if (u > 0xdbff || *at + 6 > s.len || s.p[*at] != '\\' || s.p[*at + 1] != 'u')
        return 0xfffd;
    uint32_t low = hex4(s, *at + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return 0xfffd;
    *at += 6;
    return 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
}

static size_t put_utf8(uint32_t u, char out[4])
{
    if (u < 0x80) {
        out[0] = (char)u;
        return 1;
    }
    if (u < 0x800) {
        out[0] = (char)(0xc0 | u >> 6);
        out[1] = (char)(0x80 | (u & 0x3f));
        return 2;
    }
    if (u < 0x10000) {
        out[0] = (char)(0xe0 | u >> 12);
        out[1] = (char)(0x80 | (u >> 6 & 0x3f));
        out[2] = (char)(0x80 | (u & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | u >> 18);
    out[1] = (char)(0x80 | (u >> 12 & 0x3f));
    out[2] = (char)(0x80 | (u >> 6 & 0x3f));
    out[3] = (char)(0x80 | (u & 0x3f));
    return 4;
}

static const char *const short_escapes = "\"\"\\\\//b\bf\fn\nr\rt\t";

/* One escape: `*at` is behind the backslash. */
static size_t resolve(struct tw_str s, size_t *at, char out[4])
{
    if (s.p[*at] == 'u')
        return put_utf8(code_point(s, at), out);
    for (const char *e = short_escapes; *e != '\0'; e += 2) {
        if (e[0] == s.p[*at])
            out[0] = e[1];
    }
    ++*at;
    return 1;
}

bool tw_json_skip(struct tw_json *r, struct tw_json_token *t)
{
    if (t->kind != TW_JSON_OBJECT && t->kind != TW_JSON_ARRAY)
        return t->kind > TW_JSON_TOO_DEEP;
    const unsigned outside = r->depth - 1;
    while (r->depth > outside)
        if (tw_json_next(r, t) <= TW_JSON_TOO_DEEP)
            return false;
    return true;
}

bool tw_json_member(struct tw_json *r, struct tw_json_token *t, struct tw_str *out_key)
{
    if (tw_json_next(r, t) != TW_JSON_KEY)
        return false;
    *out_key = t->text;
    return tw_json_next(r, t) > TW_JSON_TOO_DEEP;
}

size_t tw_json_unescape(struct tw_str text, char *out, size_t size, bool *out_cut)
{
    size_t len = 0, at = 0;
    *out_cut = false;
    while (at < text.len) {
        const char *from = text.p + at;
        const char *slash = memchr(from, '\\', text.len - at);
        size_t run = slash != NULL ? (size_t)(slash - from) : text.len - at;
        struct tw_str plain = tw_utf8_cut((struct tw_str){from, run}, size - len);
        if (plain.len > 0)
            memcpy(out + len, plain.p, plain.len);
        len += plain.len;
        char c[4] = {0};
        at += run + 1;
        size_t n = plain.len == run && at < text.len ? resolve(text, &at, c) : 0;
        if (plain.len < run || n > size - len) {
            *out_cut = true;
            break;
        }
        memcpy(out + len, c, n);
        len += n;
    }
    return len;
}
