#pragma once
/* Addresses of packets and of what people declare. */

#include "base/str.h"

struct tw_ip {
    uint8_t family; /* 4, 6, or 0 for none */
    uint8_t b[16];  /* IPv4 uses the first four */
};

struct tw_endpoint {
    struct tw_ip ip;
    uint16_t port;
    bool has_mac;
    uint8_t mac[6];
};

/* What a packet was wrapped in on its way to the capture. Of nested ones the outermost. */
struct tw_tunnel {
    const char *kind;      /* gre erspan vxlan geneve mpls; static; NULL: none */
    struct tw_ip src, dst; /* of its ends; family 0: MPLS straight on a link has none */
    bool has_id;
    uint8_t depth; /* how many there are */
    uint32_t id;   /* GRE key, ERSPAN session, VNI, label */
};

enum { TW_IP_TEXT = 46, TW_MAC_TEXT = 18 };
/* RFC 5952 for IPv6. Returns the length; `out` is not terminated. */
size_t tw_ip_text(char *out, const struct tw_ip *ip);
size_t tw_mac_text(char *out, const uint8_t mac[6]);
bool tw_ip_parse(struct tw_str s, struct tw_ip *out);
bool tw_mac_parse(struct tw_str s, uint8_t out[6]);
static inline bool tw_ip_eq(const struct tw_ip *a, const struct tw_ip *b)
{
    if (a->family != b->family)
        return false;
    return a->family == 6 ? memcmp(a->b, b->b, 16) == 0 : memcmp(a->b, b->b, 4) == 0;
}
