#include "protocol/tls/hello.h"

enum { RANDOM = 32 };
enum { EXT_SERVER_NAME = 0, EXT_ALPN = 16, EXT_ENCRYPT_THEN_MAC = 22, EXT_VERSIONS = 43 };

/* [RFC8446 4.1.3] */
static const char retry_random[] =
    "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
    "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";

enum tw_status tw_tls_handshake_next(struct tw_cur *c, uint8_t *out_type, struct tw_cur *out)
{
    struct tw_cur at = tw_cur_here(c);
    uint8_t type, high;
    uint16_t low;
    if (!tw_cur_u8(&at, &type) || !tw_cur_u8(&at, &high) || !tw_cur_u16be(&at, &low) ||
        !tw_cur_sub(&at, (size_t)high << 16 | low, out))
        return TW_NEED_MORE;
    *out_type = type;
    tw_cur_move(c, &at);
    return TW_OK;
}

static bool vector_8(struct tw_cur *c, struct tw_cur *out)
{
    uint8_t len;
    return tw_cur_u8(c, &len) && tw_cur_sub(c, len, out);
}

static bool vector_16(struct tw_cur *c, struct tw_cur *out)
{
    uint16_t len;
    return tw_cur_u16be(c, &len) && tw_cur_sub(c, len, out);
}

/* The first host name [RFC6066 3]; a server's answer is empty. */
static bool read_server_name(struct tw_cur c, struct tw_tls_hello *out)
{
    struct tw_cur list, name;
    uint8_t type;
    if (c.left == 0)
        return true;
    if (!vector_16(&c, &list) || !tw_cur_u8(&list, &type) || !vector_16(&list, &name))
        return false;
    if (type == 0 && name.left > 0)
        out->sni = tw_cur_rest(&name);
    return true;
}

static bool read_alpn(struct tw_cur c, struct tw_tls_hello *out)
{
    struct tw_cur list, name;
    size_t n = 0;
    if (!vector_16(&c, &list))
        return false;
    while (list.left > 0) {
        if (!vector_8(&list, &name))
            return false;
        if (n + 1 + name.left > sizeof(out->alpn_text))
            break;
        if (n > 0)
            out->alpn_text[n++] = ',';
        struct tw_str s = tw_cur_rest(&name);
        if (s.len > 0)
            memcpy(out->alpn_text + n, s.p, s.len);
        n += s.len;
    }
    out->alpn = (struct tw_str){out->alpn_text, n};
    return true;
}

static bool read_extension(uint16_t type, struct tw_cur c, bool server, struct tw_tls_hello *out)
{
    switch (type) {
    case EXT_SERVER_NAME:
        return read_server_name(c, out);
    case EXT_ALPN:
        return read_alpn(c, out);
    case EXT_ENCRYPT_THEN_MAC:
        out->encrypt_then_mac = true;
        return true;
    case EXT_VERSIONS:
        return !server || tw_cur_u16be(&c, &out->version);
    default:
        return true;
    }
}

static bool read_extensions(struct tw_cur c, bool server, struct tw_tls_hello *out)
{
    struct tw_cur list, one;
    uint16_t type;
    if (c.left == 0)
        return true;
    if (!vector_16(&c, &list))
        return false;
    while (list.left > 0) {
        if (!tw_cur_u16be(&list, &type) || !vector_16(&list, &one) ||
            !read_extension(type, one, server, out))
            return false;
    }
    return true;
}

bool tw_tls_hello_read(struct tw_cur c, bool server, struct tw_tls_hello *out)
{
    struct tw_cur skipped;
    *out = (struct tw_tls_hello){0};
    if (!tw_cur_u16be(&c, &out->version) || !tw_cur_bytes(&c, RANDOM, &out->random) ||
        !vector_8(&c, &skipped))
        return false;
    if (server) {
        out->retry = memcmp(out->random.p, retry_random, RANDOM) == 0;
        if (!tw_cur_u16be(&c, &out->suite) || !tw_cur_skip(&c, 1))
            return false;
    } else if (!vector_16(&c, &skipped) || !vector_8(&c, &skipped)) {
        return false;
    }
    return read_extensions(c, server, out);
}
