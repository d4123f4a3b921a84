/* The small texts of an inventory: NodeIds and their patterns, topic filters that contain each
 * other, address ranges. */

#include "base/topic.h"
#include "registry/model.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static bool is_glob(char c)
{
    return c == '*' || c == '?';
}

static bool numeric_id(struct tw_str s)
{
    uint64_t v = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (is_glob(s.p[i]))
            return true;
        if (!is_digit(s.p[i]))
            return false;
        v = v * 10 + (uint64_t)(s.p[i] - '0');
        if (v > UINT32_MAX)
            return false;
    }
    return s.len > 0;
}

static bool text_id(struct tw_str s)
{
    return s.len > 0;
}

static bool guid_id(struct tw_str s)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    for (size_t i = 0; i < s.len; i++) {
        if (is_glob(s.p[i]))
            return true;
        if (i >= sizeof(shape) - 1 || (shape[i] == '-' ? s.p[i] != '-' : !is_hex(s.p[i])))
            return false;
    }
    return s.len == sizeof(shape) - 1;
}

static bool opaque_id(struct tw_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!letter && !is_digit(c) && c != '+' && c != '/' && c != '=' && !is_glob(c))
            return false;
    }
    return s.len > 0;
}

/* The identifier behind the namespace [UA6 5.3.1.10]. */
static bool identifier_valid(struct tw_str s, const char **out_why)
{
    static const struct {
        char letter;
        bool (*valid)(struct tw_str s);
        const char *why;
    } forms[] = {{'i', numeric_id, "\"i=\" needs a number"}, {'s', text_id, "\"s=\" needs a name"},
        {'g', guid_id, "\"g=\" needs a GUID such as 09087E75-8E5E-499B-954F-F2A9603DB28A"},
        {'b', opaque_id, "\"b=\" needs base64"}};
    if (s.len > 0 && is_glob(s.p[0]))
        return true;
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
        if (s.len < 2 || s.p[0] != forms[f].letter || (s.p[1] != '=' && !is_glob(s.p[1])))
            continue;
        *out_why = forms[f].why;
        return is_glob(s.p[1]) || forms[f].valid((struct tw_str){s.p + 2, s.len - 2});
    }
    *out_why = "it begins with i=, s=, g= or b=, after ns=NUMBER; where there is a namespace";
    return false;
}

bool tw_nodeid_valid(struct tw_str pattern, const char **out_why)
{
    if (!tw_str_starts(pattern, TW_STR("ns=")))
        return identifier_valid(pattern, out_why);
    size_t i = 3;
    while (i < pattern.len && is_digit(pattern.p[i]))
        i++;
    if (i < pattern.len && is_glob(pattern.p[i]))
        return true;
    if (i == 3 || i > 8 || i >= pattern.len || pattern.p[i] != ';') {
        *out_why = "\"ns=\" needs a number and a semicolon";
        return false;
    }
    if (i == 4 && pattern.p[3] == '0') {
        *out_why = "namespace 0 is written without ns=0;";
        return false;
    }
    return identifier_valid((struct tw_str){pattern.p + i + 1, pattern.len - i - 1}, out_why);
}

static struct tw_str next_level(struct tw_str s, size_t *at)
{
    const char *from = s.p + *at;
    const char *slash = *at < s.len ? memchr(from, '/', s.len - *at) : NULL;
    size_t len = slash != NULL ? (size_t)(slash - from) : s.len - *at;
    *at += len + 1;
    return (struct tw_str){from, len};
}

bool tw_topic_covers(struct tw_str filter, struct tw_str sub)
{
    filter = tw_topic_unshared(filter, NULL);
    sub = tw_topic_unshared(sub, NULL);
    if (filter.len == 0 || sub.len == 0)
        return false;
    if (sub.p[0] == '$' && tw_topic_has_wildcard((struct tw_str){filter.p, 1}))
        return false;
    size_t f = 0, s = 0;
    while (f <= filter.len) {
        struct tw_str want = next_level(filter, &f);
        if (tw_str_is(want, "#"))
            return true;
        if (s > sub.len)
            return false;
        struct tw_str have = next_level(sub, &s);
        if (tw_str_is(have, "#"))
            return false;
        if (!tw_str_is(want, "+") && !tw_str_eq(want, have))
            return false;
    }
    return s > sub.len;
}

bool tw_cidr_parse(struct tw_str s, struct tw_cidr *out)
{
    struct tw_cidr c;
    const char *slash = s.len > 0 ? memchr(s.p, '/', s.len) : NULL;
    size_t left = slash != NULL ? (size_t)(slash - s.p) : s.len;
    if (!tw_ip_parse((struct tw_str){s.p, left}, &c.ip))
        return false;
    unsigned most = c.ip.family == 6 ? 128 : 32;
    c.bits = most;
    if (slash != NULL) {
        unsigned v = 0;
        size_t digits = s.len - left - 1;
        if (digits == 0 || digits > 3)
            return false;
        for (size_t i = left + 1; i < s.len; i++) {
            if (!is_digit(s.p[i]))
                return false;
            v = v * 10 + (unsigned)(s.p[i] - '0');
        }
        if (v > most)
            return false;
        c.bits = v;
    }
    *out = c;
    return true;
}

bool tw_cidr_has(const struct tw_cidr *c, const struct tw_ip *ip)
{
    if (c->ip.family != ip->family)
        return false;
    unsigned whole = c->bits / 8, rest = c->bits % 8;
    if (memcmp(c->ip.b, ip->b, whole) != 0)
        return false;
    if (rest == 0)
        return true;
    unsigned mask = 0xffu << (8 - rest) & 0xffu;
    return ((c->ip.b[whole] ^ ip->b[whole]) & mask) == 0;
}

bool tw_cidrs_have(const struct tw_cidrs *c, const struct tw_ip *ip)
{
    for (size_t i = 0; i < c->n; i++) {
        if (tw_cidr_has(&c->list[i], ip))
            return true;
    }
    return false;
}
