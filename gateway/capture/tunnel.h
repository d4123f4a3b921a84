#pragma once
/* Inside capture/: what mirrors wrap packets in to bring them here. GRE [RFC 2784, RFC 2890],
 * ERSPAN II and III in it [draft-foschiano-erspan-03], VXLAN [RFC 7348], GENEVE [RFC 8926], MPLS
 * [RFC 3032]. */

#include "base/addr.h"
#include "base/cursor.h"

enum {
    TW_PROTO_GRE = 47,
    TW_PORT_VXLAN = 4789,
    TW_PORT_GENEVE = 6081,
    TW_ETHER_TEB = 0x6558, /* an Ethernet frame [RFC 1701] */
    TW_ETHER_MPLS = 0x8847,
    TW_ETHER_MPLS_MULTICAST = 0x8848
};

/* What stands behind the headers of a tunnel: `type` as in Ethernet, TW_ETHER_TEB for a frame. */
struct tw_tunnel_inside {
    const char *kind;
    bool has_id;
    uint32_t id; /* GRE key, ERSPAN session, VNI, label */
    uint16_t type;
    struct tw_cur data;
};

/* Each reads the headers behind those of IP, UDP or the link. False when it is no such tunnel, or
 * one whose content is none of ours. */
bool tw_tunnel_gre(struct tw_cur c, struct tw_tunnel_inside *out);
bool tw_tunnel_udp(uint16_t port, struct tw_cur c, struct tw_tunnel_inside *out);
bool tw_tunnel_mpls(struct tw_cur c, struct tw_tunnel_inside *out);
