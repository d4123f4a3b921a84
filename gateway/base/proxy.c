#include "base/proxy.h"

#include "base/num.h"

enum { V1_MAX = 107, V2_FIXED = 16, V2_SIGNATURE = 12 };
enum { LOCAL = 0x20, PROXY = 0x21 };                        /* version and command */
enum { STREAM = 1, DATAGRAM = 2 };                          /* low half of the next byte */
enum { UNSPEC = 0, INET = 1, INET6 = 2, LOCAL_SOCKET = 3 }; /* its high half */
enum { UNIX_ADDRESSES = 216 };
enum { TLV_SSL = 0x20, TLV_SSL_VERSION = 0x21 };

static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";

static enum tw_status starts_with(struct tw_str s, struct tw_str magic)
{
    size_t n = s.len < magic.len ? s.len : magic.len;
    if (n > 0 && memcmp(s.p, magic.p, n) != 0)
        return TW_NOT_FOUND;
    return s.len < magic.len ? TW_NEED_MORE : TW_OK;
}

static enum tw_status version_1(struct tw_str s, uint64_t *out_len)
{
    TW_TRY(starts_with(s, TW_STR("PROXY ")));
    size_t n = s.len < V1_MAX ? s.len : V1_MAX;
    const char *end = memchr(s.p, '\n', n);
    if (end != NULL) {
        *out_len = (uint64_t)(end - s.p) + 1;
        return TW_OK;
    }
    return s.len < V1_MAX ? TW_NEED_MORE : TW_NOT_FOUND;
}

static enum tw_status version_2(struct tw_cur c, uint64_t *out_len)
{
    uint16_t rest;
    TW_TRY(starts_with(tw_cur_rest(&c), (struct tw_str){signature, V2_SIGNATURE}));
    if (!tw_cur_skip(&c, V2_FIXED - 2) || !tw_cur_u16be(&c, &rest))
        return TW_NEED_MORE;
    *out_len = (uint64_t)V2_FIXED + rest;
    return TW_OK;
}

enum tw_status tw_proxy_length(struct tw_cur bytes, uint64_t *out_len)
{
    enum tw_status st = version_1(tw_cur_rest(&bytes), out_len);
    return st != TW_NOT_FOUND ? st : version_2(bytes, out_len);
}

/* The next word of a line; words are parted by one space. */
static struct tw_str word(struct tw_str *line)
{
    const char *space = line->len > 0 ? memchr(line->p, ' ', line->len) : NULL;
    struct tw_str w = {line->p, space != NULL ? (size_t)(space - line->p) : line->len};
    size_t used = w.len + (space != NULL);
    *line = (struct tw_str){line->p + used, line->len - used};
    return w;
}

static bool port_of(struct tw_str s, uint16_t *out)
{
    uint32_t v = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || i == 5)
            return false;
        v = v * 10 + (uint32_t)(s.p[i] - '0');
    }
    *out = (uint16_t)v;
    return s.len > 0 && v <= UINT16_MAX;
}

/* "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", or "PROXY UNKNOWN" and anything. */
static bool read_line(struct tw_str line, struct tw_proxy *out)
{
    struct tw_ip server;
    uint16_t server_port;
    if (line.len < 2 || line.p[line.len - 2] != '\r')
        return false;
    line.len -= 2;
    (void)word(&line);
    struct tw_str family = word(&line);
    if (tw_str_is(family, "UNKNOWN"))
        return true;
    unsigned number = tw_str_is(family, "TCP4") ? 4 : tw_str_is(family, "TCP6") ? 6 : 0;
    struct tw_str client = word(&line), to = word(&line), port = word(&line);
    struct tw_proxy said = {0};
    if (number == 0 || !tw_ip_parse(client, &said.client.ip) || !tw_ip_parse(to, &server) ||
        !port_of(port, &said.client.port) || !port_of(line, &server_port) ||
        said.client.ip.family != number || server.family != number)
        return false;
    *out = said;
    return true;
}

/* Source and destination address, source and destination port. */
static bool read_addresses(struct tw_cur *c, unsigned family, struct tw_endpoint *out)
{
    struct tw_endpoint e = {.ip = {.family = family == INET6 ? 6 : 4}};
    size_t size = family == INET6 ? 16 : 4;
    uint16_t server_port;
    if (!tw_cur_copy(c, size, e.ip.b) || !tw_cur_skip(c, size) || !tw_cur_u16be(c, &e.port) ||
        !tw_cur_u16be(c, &server_port))
        return false;
    *out = e;
    return true;
}

static bool next_tlv(struct tw_cur *c, uint8_t *out_type, struct tw_cur *out)
{
    uint16_t len;
    return tw_cur_u8(c, out_type) && tw_cur_u16be(c, &len) && tw_cur_sub(c, len, out);
}

/* PP2_TYPE_SSL: a byte of what the client did, four of the verification, and TLVs of their own. */
static bool read_tls(struct tw_cur c, struct tw_str *out)
{
    uint8_t type;
    struct tw_cur value;
    if (!tw_cur_skip(&c, 5))
        return false;
    while (c.left > 0) {
        if (!next_tlv(&c, &type, &value))
            return false;
        if (type == TLV_SSL_VERSION && value.left > 0 && value.left <= 16)
            *out = tw_cur_rest(&value);
    }
    return true;
}

static bool read_tlvs(struct tw_cur c, struct tw_str *out_tls)
{
    uint8_t type;
    struct tw_cur value;
    while (c.left > 0) {
        if (!next_tlv(&c, &type, &value) || (type == TLV_SSL && !read_tls(value, out_tls)))
            return false;
    }
    return true;
}

static bool read_binary(struct tw_cur c, struct tw_proxy *out)
{
    uint8_t command, kind;
    uint16_t len;
    struct tw_proxy said = {0};
    if (!tw_cur_skip(&c, V2_SIGNATURE) || !tw_cur_u8(&c, &command) || !tw_cur_u8(&c, &kind) ||
        !tw_cur_u16be(&c, &len) || c.left != len)
        return false;
    /* LOCAL: a check of the proxy's own, whatever follows is to be ignored. */
    if (command == LOCAL)
        return true;
    const unsigned family = kind >> 4, transport = kind & 15u;
    if (command != PROXY || family > LOCAL_SOCKET || transport > DATAGRAM)
        return false;
    if (family == UNSPEC || transport == 0)
        return true;
    if (family == LOCAL_SOCKET ? !tw_cur_skip(&c, UNIX_ADDRESSES)
                               : !read_addresses(&c, family, &said.client))
        return false;
    if (!read_tlvs(c, &said.tls))
        return false;
    *out = said;
    return true;
}

bool tw_proxy_read(struct tw_cur header, struct tw_proxy *out)
{
    uint8_t first;
    *out = (struct tw_proxy){0};
    if (!tw_cur_peek(&header, 0, &first))
        return false;
    return first == 'P' ? read_line(tw_cur_rest(&header), out) : read_binary(header, out);
}
