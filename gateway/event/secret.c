#include "event/secret.h"

static struct tw_str last_level(struct tw_str name)
{
    for (size_t i = name.len; i > 0; i--) {
        if (name.p[i - 1] == '/' || name.p[i - 1] == '.')
            return (struct tw_str){name.p + i, name.len - i};
    }
    return name;
}

/* True when `word` ends `s`, in any case, and begins at a word's start ("db_password" and "dbPassword",
 * not "broken" for "token"). */
static bool ends_with_word(struct tw_str s, struct tw_str word)
{
    if (s.len < word.len)
        return false;
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
    static const char *const words[] = {"password", "passwd", "pwd", "passphrase", "secret", "token",
        "api_key", "api-key", "apikey", "private_key", "privatekey", "private-key", "secret_key",
        "access_key", "authorization", "credential", "credentials"};
    const struct tw_str level = last_level(name);
    if (level.len < 3)
        return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (ends_with_word(level, tw_str_of(words[i])))
            return true;
    }
    return false;
}
