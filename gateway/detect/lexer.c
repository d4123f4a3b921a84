#include "detect/lexer.h"

#include "base/num.h"

static bool is_word(char c)
{
    unsigned char u = (unsigned char)c;
    return (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || (u >= '0' && u <= '9') ||
           (u != 0 && strchr("_.-/:+", c) != NULL) || u >= 0x80;
}

static struct tw_token failed(struct tw_token t, const char *error)
{
    t.kind = TW_TOKEN_ERROR;
    t.error = error;
    return t;
}

static struct tw_str run_of_word(struct tw_lexer *l)
{
    size_t start = l->at;
    while (l->at < l->text.len && is_word(l->text.p[l->at]))
        l->at++;
    return (struct tw_str){l->text.p + start, l->at - start};
}

/* Units of a number: seconds and bytes. */
static const struct {
    const char *name;
    double factor;
} units[] = {
    {"ms", 1e-3},
    {"s", 1},
    {"min", 60},
    {"m", 60},
    {"h", 3600},
    {"d", 86400},
    {"B", 1},
    {"KiB", 1024},
    {"MiB", 1048576},
    {"kB", 1e3},
    {"MB", 1e6},
    {"%", 0.01},
};

static bool number_of(struct tw_str s, double *out)
{
    struct tw_number n;
    if (tw_num_parse(s, &n)) {
        *out = n.d;
        return true;
    }
    size_t digits = 0;
    while (digits < s.len && strchr("-.0123456789", s.p[digits]) != NULL && s.p[digits] != '\0')
        digits++;
    struct tw_str unit = {s.p + digits, s.len - digits};
    if (!tw_num_parse((struct tw_str){s.p, digits}, &n))
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (tw_str_is(unit, units[i].name)) {
            *out = n.d * units[i].factor;
            return true;
        }
    }
    return false;
}

static struct tw_token word(struct tw_lexer *l, struct tw_token t)
{
    t.text = run_of_word(l);
    if (l->at < l->text.len && l->text.p[l->at] == '%') {
        struct tw_str with = {t.text.p, t.text.len + 1};
        if (number_of(with, &t.number)) {
            l->at++;
            t.text = with;
            t.kind = TW_TOKEN_NUMBER;
            return t;
        }
    }
    t.kind = number_of(t.text, &t.number) ? TW_TOKEN_NUMBER : TW_TOKEN_WORD;
    return t;
}

static struct tw_token quoted(struct tw_lexer *l, struct tw_token t)
{
    char quote = l->text.p[l->at++];
    size_t start = l->at;
    for (; l->at < l->text.len && l->text.p[l->at] != quote; l->at++) {
        if (quote != '"' || l->text.p[l->at] != '\\')
            continue;
        t.escaped = true;
        l->at++;
    }
    if (l->at >= l->text.len) {
        l->at = l->text.len;
        return failed(t, "this quotation mark is never closed");
    }
    t.kind = TW_TOKEN_TEXT;
    t.text = (struct tw_str){l->text.p + start, l->at - start};
    l->at++;
    return t;
}

static struct tw_token list(struct tw_lexer *l, struct tw_token t)
{
    l->at++;
    t.text = run_of_word(l);
    if (t.text.len == 0)
        return failed(t, "the name of a list must follow @");
    t.kind = TW_TOKEN_LIST;
    return t;
}

static struct tw_token comparison(struct tw_lexer *l, struct tw_token t)
{
    static const struct {
        const char *text;
        enum tw_token_kind kind;
    } signs[] = {{"!=", TW_TOKEN_NE}, {"<=", TW_TOKEN_LE}, {">=", TW_TOKEN_GE},
        {"==", TW_TOKEN_ERROR}, {"&&", TW_TOKEN_ERROR}, {"||", TW_TOKEN_ERROR}, {"=", TW_TOKEN_EQ},
        {"<", TW_TOKEN_LT}, {">", TW_TOKEN_GT}};
    struct tw_str rest = {l->text.p + l->at, l->text.len - l->at};
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (!tw_str_starts(rest, tw_str_of(signs[i].text)))
            continue;
        t.text = (struct tw_str){rest.p, strlen(signs[i].text)};
        l->at += t.text.len;
        t.kind = signs[i].kind;
        return t.kind == TW_TOKEN_ERROR ? failed(t, "write a single =, and the words and, or, not")
                                        : t;
    }
    l->at++;
    return failed(t, "this sign has no meaning here; put texts in quotes");
}

struct tw_token tw_lexer_next(struct tw_lexer *l)
{
    static const struct {
        char c;
        enum tw_token_kind kind;
    } marks[] = {{'(', TW_TOKEN_OPEN}, {')', TW_TOKEN_CLOSE}, {'[', TW_TOKEN_SQUARE_OPEN},
        {']', TW_TOKEN_SQUARE_CLOSE}, {',', TW_TOKEN_COMMA}, {'*', TW_TOKEN_STAR}};
    size_t behind = l->at;
    while (l->at < l->text.len && l->text.p[l->at] != '\0' &&
           strchr(" \t\r\n", l->text.p[l->at]) != NULL)
        l->at++;
    if (l->at >= l->text.len)
        return (struct tw_token){.kind = TW_TOKEN_END, .offset = behind};
    struct tw_token t = {.kind = TW_TOKEN_ERROR, .offset = l->at};
    char c = l->text.p[l->at];
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (marks[i].c == c) {
            l->at++;
            t.kind = marks[i].kind;
            t.text = (struct tw_str){l->text.p + t.offset, 1};
            return t;
        }
    }
    if (c == '"' || c == '\'')
        return quoted(l, t);
    if (c == '@')
        return list(l, t);
    if (is_word(c))
        return word(l, t);
    return comparison(l, t);
}

size_t tw_lexer_unescape(const struct tw_token *token, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < token->text.len; i++) {
        char c = token->text.p[i];
        if (token->escaped && c == '\\' && i + 1 < token->text.len) {
            c = token->text.p[++i];
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        out[n++] = c;
    }
    return n;
}
