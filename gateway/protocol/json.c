#include "protocol/json.h"

#include "base/num.h"
#include "base/scan.h"

enum expect { VALUE, VALUE_OR_END, KEY, KEY_OR_END, COMMA_OR_END, DONE };

static const struct tw_json_token error_token = {.kind = TW_JSON_ERROR};

static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
    1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

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
    while (r->at < r->text.len) {
        char c = r->text.p[r->at];
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            return;
        r->at++;
    }
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
static struct tw_json_token string(struct tw_json *r, enum tw_json_kind kind)
{
    struct tw_json_token t = {.kind = kind};
    size_t from = ++r->at;
    bool high = false;
    for (;;) {
        r->at = tw_scan_json_string(r->text, r->at, &high);
        char c = look(r);
        if (c == '"')
            break;
        if (c != '\\')
            return error_token;
        t.escaped = true;
        r->at++;
        if (!escape(r))
            return error_token;
    }
    t.text = (struct tw_str){r->text.p + from, r->at - from};
    r->at++;
    return high && !tw_utf8_valid(t.text) ? error_token : t;
}

struct number {
    uint64_t digits; /* the first 19 significant ones */
    int dropped;     /* further ones before the point */
    int after;       /* of `digits`, those behind the point */
    int count;
    bool whole;
};

static void take_digits(struct tw_json *r, struct number *n, bool fraction)
{
    for (char c; is_digit(c = look(r)); r->at++) {
        if (n->count < 19) {
            n->digits = n->digits * 10 + (uint64_t)(c - '0');
            n->count += n->digits != 0;
            n->after += fraction;
        } else {
            n->dropped += !fraction;
        }
    }
}

/* The exponent, bounded so that it can not overflow; false when there is no digit. */
static bool exponent(struct tw_json *r, int *out)
{
    bool minus = look(r) == '-';
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

/* What quick arithmetic can not do exactly: up to 400 characters are read as they stand; of longer
 * numbers the first 19 digits count. */
static double slow(const struct number *n, int e, bool minus, struct tw_str text)
{
    struct tw_number parsed;
    if (tw_num_parse(text, &parsed))
        return parsed.d;
    char short_form[2 * TW_NUM_TEXT + 2];
    size_t len = 0;
    if (minus)
        short_form[len++] = '-';
    len += tw_num_u64(short_form + len, n->digits);
    short_form[len++] = 'e';
    len += tw_num_i64(short_form + len, (int64_t)e + n->dropped - n->after);
    return tw_num_parse((struct tw_str){short_form, len}, &parsed) ? parsed.d : 0;
}

static struct tw_json_token number_value(
    const struct number *n, int e, bool minus, struct tw_str text)
{
    struct tw_json_token t = {.kind = TW_JSON_INT};
    if (n->whole && n->dropped == 0 && n->digits <= (uint64_t)INT64_MAX + minus) {
        t.i = (int64_t)(minus ? 0 - n->digits : n->digits);
        return t;
    }
    t.kind = TW_JSON_DOUBLE;
    int power = e - n->after;
    if (n->digits < (UINT64_C(1) << 53) && n->count < 19 && power >= -22 && power <= 22) {
        double d = (double)n->digits;
        d = power < 0 ? d / powers[-power] : d * powers[power];
        t.d = minus ? -d : d;
    } else {
        t.d = slow(n, e, minus, text);
    }
    return t;
}

static struct tw_json_token number(struct tw_json *r)
{
    size_t from = r->at;
    struct number n = {.whole = true};
    bool minus = look(r) == '-';
    int e = 0;
    r->at += minus;
    size_t first = r->at;
    take_digits(r, &n, false);
    size_t whole = r->at - first;
    if (whole == 0 || (whole > 1 && r->text.p[first] == '0'))
        return error_token;
    if (look(r) == '.') {
        r->at++;
        n.whole = false;
        if (!is_digit(look(r)))
            return error_token;
        take_digits(r, &n, true);
    }
    if (look(r) == 'e' || look(r) == 'E') {
        r->at++;
        n.whole = false;
        if (!exponent(r, &e))
            return error_token;
    }
    return number_value(&n, e, minus, (struct tw_str){r->text.p + from, r->at - from});
}

static bool word(struct tw_json *r, struct tw_str w)
{
    struct tw_str rest = {r->text.p + r->at, r->text.len - r->at};
    if (!tw_str_starts(rest, w))
        return false;
    r->at += w.len;
    return true;
}

static struct tw_json_token literal(struct tw_json *r)
{
    if (word(r, TW_STR("true")))
        return (struct tw_json_token){.kind = TW_JSON_BOOL, .b = true};
    if (word(r, TW_STR("false")))
        return (struct tw_json_token){.kind = TW_JSON_BOOL, .b = false};
    if (word(r, TW_STR("null")))
        return (struct tw_json_token){.kind = TW_JSON_NULL};
    if (r->depth == 0)
        return error_token;
    if (word(r, TW_STR("NaN")))
        return (struct tw_json_token){.kind = TW_JSON_DOUBLE, .d = __builtin_nan("")};
    if (word(r, TW_STR("Infinity")))
        return (struct tw_json_token){.kind = TW_JSON_DOUBLE, .d = __builtin_inf()};
    if (word(r, TW_STR("-Infinity")))
        return (struct tw_json_token){.kind = TW_JSON_DOUBLE, .d = -__builtin_inf()};
    return error_token;
}

static struct tw_json_token open_container(struct tw_json *r, bool object)
{
    if (r->depth == TW_MAX_JSON_DEPTH)
        return (struct tw_json_token){.kind = TW_JSON_TOO_DEEP};
    r->at++;
    uint64_t bit = UINT64_C(1) << r->depth++;
    r->objects = object ? r->objects | bit : r->objects & ~bit;
    r->expect = object ? KEY_OR_END : VALUE_OR_END;
    return (struct tw_json_token){.kind = object ? TW_JSON_OBJECT : TW_JSON_ARRAY};
}

static bool in_object(const struct tw_json *r)
{
    return (r->objects >> (r->depth - 1) & 1) != 0;
}

static struct tw_json_token close_container(struct tw_json *r)
{
    bool object = in_object(r);
    if (look(r) != (object ? '}' : ']'))
        return error_token;
    r->at++;
    r->depth--;
    r->expect = r->depth == 0 ? DONE : COMMA_OR_END;
    return (struct tw_json_token){.kind = object ? TW_JSON_OBJECT_END : TW_JSON_ARRAY_END};
}

static struct tw_json_token key(struct tw_json *r)
{
    if (look(r) != '"')
        return error_token;
    struct tw_json_token t = string(r, TW_JSON_KEY);
    skip_space(r);
    if (look(r) != ':')
        return error_token;
    r->at++;
    r->expect = VALUE;
    return t;
}

static struct tw_json_token value(struct tw_json *r)
{
    char c = look(r);
    if (c == '{' || c == '[')
        return open_container(r, c == '{');
    r->expect = r->depth == 0 ? DONE : COMMA_OR_END;
    if (c == '"')
        return string(r, TW_JSON_STRING);
    if (is_digit(c))
        return number(r);
    if (c == '-' && r->at + 1 < r->text.len && is_digit(r->text.p[r->at + 1]))
        return number(r);
    return literal(r);
}

struct tw_json_token tw_json_next(struct tw_json *r)
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
        if (r->at == r->text.len)
            return (struct tw_json_token){.kind = TW_JSON_END};
        return error_token;
    case KEY_OR_END:
        return look(r) == '}' ? close_container(r) : key(r);
    case KEY:
        return key(r);
    case VALUE_OR_END:
        return look(r) == ']' ? close_container(r) : value(r);
    case VALUE:
    case COMMA_OR_END:
        break;
    }
    return value(r);
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
