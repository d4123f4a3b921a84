/* YAML out of texts of the wire: whatever a stranger called a topic stays one scalar, and a comment
 * one line. What does not show, or shows in another order than it stands, is written as an escape.
 */

#include "learn/model.h"

#include <math.h>

enum { WIDTH = 100 };

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_plain(struct tw_str s)
{
    static const char *const words[] = {
        "null", "true", "false", "yes", "no", "on", "off", "y", "n"};
    if (s.len == 0 || (!is_alnum(s.p[0]) && s.p[0] != '/'))
        return false;
    bool letters = false, digits_only = true;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_alnum(s.p[i]) && memchr("_./+-", s.p[i], 5) == NULL)
            return false;
        const bool digit = s.p[i] >= '0' && s.p[i] <= '9';
        letters |= is_alnum(s.p[i]) && !digit;
        digits_only &= digit || s.p[i] == '.';
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (tw_str_eq_nocase(s, tw_str_of(words[i])))
            return false;
    }
    struct tw_ip ip;
    return (letters && (s.p[0] > '9' || s.p[0] == '/')) || (digits_only && tw_ip_parse(s, &ip));
}

/* One character at `s`; its length, 0: the bytes are no UTF-8. */
static size_t character(struct tw_str s, uint32_t *out)
{
    const uint8_t first = (uint8_t)s.p[0];
    const size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (len > s.len || !tw_utf8_valid((struct tw_str){s.p, len}))
        return 0;
    *out = len == 1 ? first : first & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        *out = *out << 6 | ((uint8_t)s.p[i] & 0x3fu);
    return len;
}

/* Control characters, those without width, those that turn the direction, and what YAML does not
 * take as it is. */
static bool shows(uint32_t c)
{
    return (c >= 0x20 && c < 0x7f) ||
           (c >= 0xa1 && c != 0xad && !(c >= 0x200b && c <= 0x200f) &&
               !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2060 && c <= 0x206f) && c != 0xfeff &&
               !(c >= 0xfff0 && c <= 0xffff) && c < 0xe0000);
}

static void quoted(struct tw_text *out, struct tw_str s)
{
    tw_text_addz(out, "\"");
    for (size_t i = 0; i < s.len;) {
        uint32_t c = 0xfffd;
        const size_t len = character((struct tw_str){s.p + i, s.len - i}, &c);
        c = c != 0 ? c : 0xfffd; /* no text of an inventory holds a zero byte */
        if (c == '"' || c == '\\')
            tw_text_addf(out, "\\%c", (int)c);
        else if (shows(c))
            tw_text_add(out, s.p + i, len);
        else
            tw_text_addf(out, c > 0xffff ? "\\U%08X" : c > 0xff ? "\\u%04X" : "\\x%02X", c);
        i += len > 0 ? len : 1;
    }
    tw_text_addz(out, "\"");
}

void learn_scalar(struct tw_text *out, struct tw_str s)
{
    if (is_plain(s))
        tw_text_add_str(out, s);
    else
        quoted(out, s);
}

void learn_shown(struct tw_text *out, struct tw_str s)
{
    enum { SHOWN = 160 };
    const struct tw_str cut = tw_utf8_cut(s, SHOWN);
    quoted(out, cut);
    if (cut.len < s.len)
        tw_text_addz(out, "…");
}

bool learn_is_one_of(struct tw_str s, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (tw_str_is(s, *list))
            return true;
    }
    return false;
}

static size_t column(const struct tw_text *out)
{
    size_t n = 0;
    while (n < out->len && out->p[out->len - 1 - n] != '\n')
        n++;
    return n;
}

void learn_list(struct tw_text *out, const struct tw_str *list, size_t n, unsigned indent)
{
    tw_text_addz(out, "[");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            tw_text_addz(out, ",");
        /* Quotes and the brackets after it. */
        if (i > 0 && column(out) + list[i].len + 6 > WIDTH)
            tw_text_addf(out, "\n%*s", (int)indent, "");
        else if (i > 0)
            tw_text_addz(out, " ");
        learn_scalar(out, list[i]);
    }
    tw_text_addz(out, "]");
}

void learn_number(struct tw_text *out, double v, bool single)
{
    char text[TW_NUM_TEXT];
    tw_text_add(out, text, single ? tw_num_float(text, (float)v) : tw_num_double(text, v));
}

void learn_about(struct tw_text *out, double v)
{
    enum { DIGITS = 6 };
    const double size = v != 0 ? floor(log10(fabs(v))) : 0;
    const double unit = pow(10, fabs(DIGITS - 1 - size));
    /* By division where the last digit is less than one: it has no exact binary form. */
    const double about = size < DIGITS ? round(v * unit) / unit : round(v / unit) * unit;
    learn_number(out, isfinite(about) ? about : v, false);
}

void learn_duration(struct tw_text *out, int64_t ns)
{
    const int64_t ms = ns / TW_NS_PER_MS;
    if (ms % 1000 != 0)
        tw_text_addf(out, "%lldms", (long long)ms);
    else
        tw_text_addf(out, "%llds", (long long)(ms / 1000));
}

void learn_ip(struct tw_text *out, const struct tw_ip *ip)
{
    char text[TW_IP_TEXT];
    tw_text_add(out, text, tw_ip_text(text, ip));
}
