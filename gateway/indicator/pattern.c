#include "indicator/pattern.h"

struct reader {
    struct tw_str text;
    size_t at;
    char *room; /* where the next value goes */
    struct tw_compared *out;
    size_t n;
    const char *why; /* NULL: all is well */
};

static const struct {
    const char *type, *property;
    enum tw_trait trait;
} paths[] = {{"ipv4-addr", "value", TW_TRAIT_IP}, {"ipv6-addr", "value", TW_TRAIT_IP},
    {"domain-name", "value", TW_TRAIT_DOMAIN},
    {"x509-certificate", "hashes.'SHA-256'", TW_TRAIT_CERTIFICATE_SHA256},
    {"x509-certificate", "hashes.'SHA-1'", TW_TRAIT_CERTIFICATE_SHA1},
    {"file", "hashes.'SHA-256'", TW_TRAIT_FILE_SHA256},
    {"x-tierwatch-opcua", "application_uri", TW_TRAIT_APPLICATION_URI},
    {"x-tierwatch-opcua", "application_name", TW_TRAIT_APPLICATION_NAME},
    {"x-tierwatch-mqtt", "client_id", TW_TRAIT_CLIENT_ID}, {"x-tierwatch-tls", "ja3", TW_TRAIT_JA3},
    {"x-tierwatch-tls", "ja4", TW_TRAIT_JA4}};

static bool wrong(struct reader *r, const char *why)
{
    if (r->why == NULL)
        r->why = why;
    return false;
}

static void skip_blanks(struct reader *r)
{
    while (r->at < r->text.len && strchr(" \t\r\n", r->text.p[r->at]) != NULL)
        r->at++;
}

static bool take(struct reader *r, const char *word)
{
    const size_t len = strlen(word);
    skip_blanks(r);
    if (r->text.len - r->at < len || memcmp(r->text.p + r->at, word, len) != 0)
        return false;
    r->at += len;
    return true;
}

/* Up to one of `ends`, quoted parts whole. */
static struct tw_str run(struct reader *r, const char *ends)
{
    const size_t from = r->at;
    bool quoted = false;
    while (r->at < r->text.len && (quoted || strchr(ends, r->text.p[r->at]) == NULL)) {
        quoted ^= r->text.p[r->at] == '\'';
        r->at++;
    }
    return (struct tw_str){r->text.p + from, r->at - from};
}

/* A text in single quotes, in which a backslash takes what follows as it is. */
static bool read_text(struct reader *r, struct tw_str *out)
{
    if (!take(r, "'"))
        return wrong(r, "a text in single quotes is expected");
    out->p = r->room;
    while (r->at < r->text.len && r->text.p[r->at] != '\'') {
        if (r->text.p[r->at] == '\\')
            r->at++;
        if (r->at < r->text.len)
            *r->room++ = r->text.p[r->at++];
    }
    out->len = (size_t)(r->room - out->p);
    return take(r, "'") || wrong(r, "a text does not end");
}

static bool add(struct reader *r, const struct tw_compared *like)
{
    struct tw_compared c = *like;
    if (!read_text(r, &c.value))
        return false;
    if (c.value.len == 0)
        return wrong(r, "a value is empty");
    if (r->n == TW_INDICATOR_VALUES)
        return wrong(r, "it has more than 64 values");
    r->out[r->n++] = c;
    return true;
}

static bool read_path(struct reader *r, struct tw_compared *out)
{
    skip_blanks(r);
    out->type = run(r, ":]= \t\r\n");
    if (!take(r, ":"))
        return wrong(r, "an object and its property are expected");
    const struct tw_str property = run(r, "]= \t\r\n!<>");
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (tw_str_is(out->type, paths[i].type) && tw_str_is(property, paths[i].property)) {
            out->trait = paths[i].trait;
            return true;
        }
    }
    return wrong(r, "it compares something that is not looked at here");
}

static bool read_comparison(struct reader *r)
{
    struct tw_compared c;
    if (!read_path(r, &c))
        return false;
    if (take(r, "="))
        return add(r, &c);
    if (!take(r, "IN") || !take(r, "("))
        return wrong(r, "it compares by something else than = and IN");
    do {
        if (!add(r, &c))
            return false;
    } while (take(r, ","));
    return take(r, ")") || wrong(r, "a list does not end");
}

static bool read_observation(struct reader *r)
{
    if (!take(r, "["))
        return wrong(r, "an observation in brackets is expected");
    do {
        if (!read_comparison(r))
            return false;
    } while (take(r, "OR"));
    return take(r, "]") || wrong(r, "it joins comparisons by something else than OR");
}

size_t tw_pattern_read(struct tw_str pattern, char *room,
    struct tw_compared out[TW_INDICATOR_VALUES], const char **out_why)
{
    struct reader r = {.text = pattern, .room = room, .out = out};
    do {
        if (!read_observation(&r))
            break;
    } while (take(&r, "OR"));
    skip_blanks(&r);
    if (r.why == NULL && r.at < pattern.len)
        (void)wrong(&r, "it joins observations by something else than OR");
    *out_why = r.why;
    return r.why == NULL ? r.n : 0;
}
