#include "protocol/mqtt/state.h"

/* The header that a load balancer may put before the client's first byte: PROXY protocol, version 1
 * (a line) and 2 (binary). */

enum { V1_MAX = 107, V2_FIXED = 16 };

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
    TW_TRY(starts_with(tw_cur_rest(&c), TW_STR("\r\n\r\n\0\r\nQUIT\n")));
    if (!tw_cur_skip(&c, V2_FIXED - 2) || !tw_cur_u16be(&c, &rest))
        return TW_NEED_MORE;
    *out_len = (uint64_t)V2_FIXED + rest;
    return TW_OK;
}

enum tw_status tw_mqtt_proxy_header(struct tw_cur bytes, uint64_t *out_len)
{
    enum tw_status st = version_1(tw_cur_rest(&bytes), out_len);
    return st != TW_NOT_FOUND ? st : version_2(bytes, out_len);
}
