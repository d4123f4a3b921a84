#include "event/secret.h"

static const struct {
    const char *word;
    uint8_t len;
} words[] = {
#define WORD(w) w, sizeof(w) - 1
    {WORD("password")}, {WORD("passwd")}, {WORD("pwd")}, {WORD("passphrase")}, {WORD("secret")},
    {WORD("token")}, {WORD("api_key")}, {WORD("api-key")}, {WORD("apikey")}, {WORD("private_key")},
    {WORD("privatekey")}, {WORD("private-key")}, {WORD("secret_key")}, {WORD("access_key")},
    {WORD("authorization")}, {WORD("credential")}, {WORD("credentials")}
#undef WORD
};

/* How the words above end: rules out nearly every name before anything is compared. */
static bool ends_like_one(struct tw_str name)
{
    const unsigned last = (unsigned char)name.p[name.len - 1] | 0x20u;
    const unsigned before = (unsigned char)name.p[name.len - 2] | 0x20u;
    switch (before << 8 | last) {
    case 'r' << 8 | 'd':
    case 'w' << 8 | 'd':
    case 's' << 8 | 'e':
    case 'e' << 8 | 't':
    case 'e' << 8 | 'n':
    case 'e' << 8 | 'y':
    case 'o' << 8 | 'n':
    case 'a' << 8 | 'l':
    case 'l' << 8 | 's':
        return true;
    default:
        return false;
    }
}

static struct tw_str last_level(struct tw_str name)
{
    for (size_t i = name.len; i > 0; i--) {
        if (name.p[i - 1] == '/' || name.p[i - 1] == '.')
            return (struct tw_str){name.p + i, name.len - i};
    }
    return name;
}

static bool ends_with_word(struct tw_str s, struct tw_str word)
{
    const struct tw_str tail = {s.p + s.len - word.len, word.len};
    if (!tw_str_eq_nocase(tail, word))
        return false;
    if (s.len == word.len)
        return true;
    char before = s.p[s.len - word.len - 1];
    bool letter = (before >= 'a' && before <= 'z') || (before >= 'A' && before <= 'Z');
    bool hump = tail.p[0] >= 'A' && tail.p[0] <= 'Z' && before >= 'a' && before <= 'z';
    return !letter || hump;
}

bool tw_secret_name(struct tw_str name)
{
    if (name.len < 3 || !ends_like_one(name))
        return false;
    const struct tw_str level = last_level(name);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const struct tw_str word = {words[i].word, words[i].len};
        if (level.len >= word.len && ends_with_word(level, word))
            return true;
    }
    return false;
}
