#include "protocol/websocket/upgrade.h"

enum { WINDOW_MIN = 8, WINDOW_MAX = 15 };

static struct tw_str trim(struct tw_str s)
{
    while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = (struct tw_str){s.p + 1, s.len - 1};
    while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* Up to `separator`, trimmed; `s` moves behind it. False when nothing is left. */
static bool part(struct tw_str *s, char separator, struct tw_str *out)
{
    if (s->len == 0)
        return false;
    const char *end = memchr(s->p, separator, s->len);
    size_t n = end != NULL ? (size_t)(end - s->p) : s->len;
    *out = trim((struct tw_str){s->p, n});
    n += end != NULL;
    *s = (struct tw_str){s->p + n, s->len - n};
    return true;
}

/* A line without its end, which is CRLF, or LF as lenient servers take it. */
static bool next_line(struct tw_str *s, struct tw_str *out)
{
    const char *end = s->len > 0 ? memchr(s->p, '\n', s->len) : NULL;
    if (end == NULL)
        return false;
    size_t n = (size_t)(end - s->p);
    *out = (struct tw_str){s->p, n > 0 && s->p[n - 1] == '\r' ? n - 1 : n};
    *s = (struct tw_str){s->p + n + 1, s->len - n - 1};
    return true;
}

static enum tw_status begins(struct tw_str s, struct tw_str word)
{
    size_t n = s.len < word.len ? s.len : word.len;
    if (n > 0 && memcmp(s.p, word.p, n) != 0)
        return TW_NOT_FOUND;
    return s.len < word.len ? TW_NEED_MORE : TW_OK;
}

enum tw_status tw_http_head_length(struct tw_cur bytes, size_t *out_len)
{
    struct tw_str s = tw_cur_rest(&bytes), line;
    const size_t all = s.len;
    if (begins(s, TW_STR("GET ")) == TW_NOT_FOUND && begins(s, TW_STR("HTTP/1.")) == TW_NOT_FOUND)
        return TW_NOT_FOUND;
    while (next_line(&s, &line)) {
        if (all - s.len > TW_HTTP_MAX_HEAD)
            return TW_NOT_FOUND;
        if (line.len == 0) {
            *out_len = all - s.len;
            return TW_OK;
        }
    }
    return all < TW_HTTP_MAX_HEAD ? TW_NEED_MORE : TW_NOT_FOUND;
}

static bool has_token(struct tw_str list, struct tw_str token)
{
    struct tw_str one;
    while (part(&list, ',', &one)) {
        if (tw_str_eq_nocase(one, token))
            return true;
    }
    return false;
}

/* "mqtt" [MQTT5 6.0]; "mqttv3.1" and others like it before it was registered. */
static bool is_mqtt(struct tw_str name)
{
    return name.len >= 4 && tw_str_eq_nocase((struct tw_str){name.p, 4}, TW_STR("mqtt"));
}

static void on_protocol(struct tw_str value, struct tw_http_head *out)
{
    struct tw_str one;
    while (part(&value, ',', &one)) {
        if (out->subprotocol.p == NULL || (is_mqtt(one) && !out->mqtt))
            out->subprotocol = one;
        out->mqtt = out->mqtt || is_mqtt(one);
    }
}

static uint8_t window_bits(struct tw_str value)
{
    unsigned v = 0;
    if (value.len > 2 && value.p[0] == '"')
        value = (struct tw_str){value.p + 1, value.len - 2};
    for (size_t i = 0; i < value.len && i < 2; i++)
        v = v * 10 + (unsigned)(value.p[i] - '0');
    return v < WINDOW_MIN || v > WINDOW_MAX ? WINDOW_MAX : (uint8_t)v;
}

/* [RFC7692 7.1]: the client's parameters are those of what it compresses. */
static void on_deflate(struct tw_str parameters, struct tw_ws_deflate *d)
{
    struct tw_str one, name;
    *d = (struct tw_ws_deflate){.on = true, .window_bits = {WINDOW_MAX, WINDOW_MAX}};
    while (part(&parameters, ';', &one)) {
        if (!part(&one, '=', &name))
            continue;
        if (tw_str_eq_nocase(name, TW_STR("client_no_context_takeover")))
            d->no_takeover[0] = true;
        else if (tw_str_eq_nocase(name, TW_STR("server_no_context_takeover")))
            d->no_takeover[1] = true;
        else if (tw_str_eq_nocase(name, TW_STR("client_max_window_bits")) && one.len > 0)
            d->window_bits[0] = window_bits(trim(one));
        else if (tw_str_eq_nocase(name, TW_STR("server_max_window_bits")) && one.len > 0)
            d->window_bits[1] = window_bits(trim(one));
    }
}

/* The first that is permessage-deflate; a server that agrees names it once. */
static void on_extensions(struct tw_str value, struct tw_http_head *out)
{
    struct tw_str one, name;
    while (!out->deflate.on && part(&value, ',', &one)) {
        if (part(&one, ';', &name) && tw_str_eq_nocase(name, TW_STR("permessage-deflate")))
            on_deflate(one, &out->deflate);
    }
}

/* Bits: what makes an upgrade. */
enum { CONNECTION = 1, UPGRADE = 2, KEY = 4 };

static unsigned on_header(struct tw_str name, struct tw_str value, struct tw_http_head *out)
{
    if (tw_str_eq_nocase(name, TW_STR("connection")))
        return has_token(value, TW_STR("upgrade")) ? CONNECTION : 0;
    if (tw_str_eq_nocase(name, TW_STR("upgrade")))
        return has_token(value, TW_STR("websocket")) ? UPGRADE : 0;
    if (tw_str_eq_nocase(name, TW_STR("sec-websocket-key")) ||
        tw_str_eq_nocase(name, TW_STR("sec-websocket-accept")))
        return KEY;
    if (tw_str_eq_nocase(name, TW_STR("sec-websocket-protocol")))
        on_protocol(value, out);
    else if (tw_str_eq_nocase(name, TW_STR("sec-websocket-extensions")))
        on_extensions(value, out);
    else if (tw_str_eq_nocase(name, TW_STR("host")))
        out->host = value;
    else if (tw_str_eq_nocase(name, TW_STR("origin")))
        out->origin = value;
    return 0;
}

/* "GET /mqtt HTTP/1.1" or "HTTP/1.1 101 Switching Protocols". */
static bool read_first(struct tw_str line, struct tw_http_head *out)
{
    struct tw_str words[3] = {{0}};
    for (unsigned i = 0; i < 3; i++) {
        if (!part(&line, ' ', &words[i]))
            break;
    }
    if (tw_str_is(words[0], "GET")) {
        out->path = words[1];
        return words[1].len > 0 && tw_str_starts(words[2], TW_STR("HTTP/1."));
    }
    if (!tw_str_starts(words[0], TW_STR("HTTP/1.")) || words[1].len != 3)
        return false;
    for (unsigned i = 0; i < 3; i++) {
        if (words[1].p[i] < '0' || words[1].p[i] > '9')
            return false;
        out->status = (uint16_t)(out->status * 10 + (words[1].p[i] - '0'));
    }
    return true;
}

bool tw_http_head_read(struct tw_cur head, struct tw_http_head *out)
{
    struct tw_str s = tw_cur_rest(&head), line, name;
    unsigned found = 0;
    *out = (struct tw_http_head){0};
    if (!next_line(&s, &line) || !read_first(line, out))
        return false;
    while (next_line(&s, &line) && line.len > 0) {
        if (memchr(line.p, ':', line.len) == NULL || !part(&line, ':', &name) || name.len == 0)
            return false;
        found |= on_header(name, trim(line), out);
    }
    out->upgrades =
        (out->status == 0 || out->status == 101) && found == (CONNECTION | UPGRADE | KEY);
    return true;
}
