#include "event/confidential.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static struct tw_str from(struct tw_str s, size_t at)
{
    return (struct tw_str){s.p + at, s.len - at};
}

/* "-----BEGIN RSA PRIVATE KEY-----" */
static bool is_private_key(struct tw_str s)
{
    static const struct tw_str begin = {"-----BEGIN ", 11}, end = {"PRIVATE KEY-----", 16};
    enum { MAX_KIND = 32 };
    if (!tw_str_starts(s, begin))
        return false;
    const struct tw_str rest = from(s, begin.len);
    const size_t room = end.len + MAX_KIND;
    return memmem(rest.p, rest.len < room ? rest.len : room, end.p, end.len) != NULL;
}

/* AKIA or ASIA and 16 capital letters or digits, as a word. */
static bool is_access_key(struct tw_str s, bool in_word)
{
    enum { LENGTH = 20 };
    size_t n = 4;
    if (in_word || !(tw_str_starts(s, TW_STR("AKIA")) || tw_str_starts(s, TW_STR("ASIA"))))
        return false;
    while (n < s.len && (is_digit(s.p[n]) || (s.p[n] >= 'A' && s.p[n] <= 'Z')))
        n++;
    return n == LENGTH && (n == s.len || !is_word(s.p[n]));
}

static size_t base64url(struct tw_str s)
{
    size_t n = 0;
    while (n < s.len && (is_word(s.p[n]) || s.p[n] == '-'))
        n++;
    return n;
}

/* Header and claims begin with {" in base64url, and a signature follows. */
static bool is_token(struct tw_str s, bool in_word)
{
    enum { LEAST = 10 };
    if (in_word || !tw_str_starts(s, TW_STR("eyJ")))
        return false;
    const size_t header = base64url(s);
    const struct tw_str claims = from(s, header);
    if (header < LEAST || claims.len < 5 || memcmp(claims.p, ".eyJ", 4) != 0)
        return false;
    const size_t n = base64url(from(claims, 1));
    return n >= LEAST && 1 + n < claims.len && claims.p[1 + n] == '.';
}

/* One way through the text, since rules ask this of every text that is published. */
const char *tw_confidential_secret(struct tw_str text)
{
    enum { SHORTEST = 20 };
    for (size_t at = 0; at + SHORTEST <= text.len; at++) {
        /* Where a run of letters begins: what goes on with one is looked at once. */
        const char c = text.p[at], before = at > 0 ? text.p[at - 1] : ' ';
        if (c == '-' && is_private_key(from(text, at)))
            return "private-key";
        if (c == 'A' && is_access_key(from(text, at), is_word(before)))
            return "access-key";
        if (c == 'e' && is_token(from(text, at), is_word(before) || before == '-'))
            return "token";
    }
    return NULL;
}

static unsigned number(const char *p, size_t n)
{
    unsigned v = 0;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (unsigned)(p[i] - '0');
    return v;
}

/* Six digits of the place, eight of the date of birth, three of order, one of check, which may be
 * an X. */
static bool is_resident_id(const char *p)
{
    static const unsigned days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    static const unsigned weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    const unsigned region = number(p, 1), year = number(p + 6, 4), month = number(p + 10, 2);
    const unsigned day = number(p + 12, 2);
    if (region < 1 || region > 8 || year < 1900 || year > 2099 || month < 1 || month > 12 ||
        day < 1 || day > days[month - 1])
        return false;
    unsigned sum = 0;
    for (size_t i = 0; i < 17; i++)
        sum += weights[i] * (unsigned)(p[i] - '0');
    return "10X98765432"[sum % 11] == (p[17] == 'x' ? 'X' : p[17]);
}

/* How many digits begin at `at`; none where they go on from before it. */
static size_t digits_at(struct tw_str s, size_t at)
{
    size_t n = 0;
    while (at + n < s.len && is_digit(s.p[at + n]))
        n++;
    return n;
}

static bool is_phone_number(struct tw_str s, size_t at, size_t n)
{
    static const struct tw_str country = {"86", 2};
    if (n == 13 && tw_str_starts(from(s, at), country))
        at += country.len, n -= country.len;
    return n == 11 && s.p[at] == '1' && s.p[at + 1] >= '3';
}

const char *tw_confidential_personal(struct tw_str text)
{
    enum { ID = 18, SHORTEST = 11 };
    const char *found = NULL;
    for (size_t at = 0, n; at + SHORTEST <= text.len; at += n + 1) {
        n = digits_at(text, at);
        if (n < SHORTEST || (at > 0 && is_word(text.p[at - 1])))
            continue;
        const char after = at + n < text.len ? text.p[at + n] : ' ';
        const bool x = n == ID - 1 && (after == 'X' || after == 'x') &&
                       (at + ID == text.len || !is_word(text.p[at + ID]));
        if ((x || (n == ID && !is_word(after))) && is_resident_id(text.p + at))
            return "resident-id";
        /* 3.13912345678 is a number. */
        if (!is_word(after) && !(at > 0 && text.p[at - 1] == '.') && is_phone_number(text, at, n))
            found = "phone-number";
    }
    return found;
}

static bool has_nocase(struct tw_str s, struct tw_str part)
{
    for (size_t at = 0; at + part.len <= s.len; at++) {
        if (tw_str_eq_nocase((struct tw_str){s.p + at, part.len}, part))
            return true;
    }
    return false;
}

bool tw_confidential_named(struct tw_str field, struct tw_str text)
{
    static const struct tw_str words[] = {{"phone", 5}, {"mobile", 6}, {"resident", 8},
        {"idcard", 6}, {"id_card", 7}, {"id card", 7}, {"id_no", 5}, {"idno", 4}, {"person", 6},
        {"employee", 8}, {"operator_name", 13}, {"手机", 6}, {"电话", 6}, {"身份证", 9},
        {"姓名", 6}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (has_nocase(field, words[i]) || has_nocase(text, words[i]))
            return true;
    }
    return false;
}
