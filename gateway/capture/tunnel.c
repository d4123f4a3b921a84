#include "capture/tunnel.h"

enum {
    ETHER_IPV4 = 0x0800,
    ETHER_IPV6 = 0x86dd,
    GRE_ERSPAN_2 = 0x88be, /* type I as well, which has no header */
    GRE_ERSPAN_3 = 0x22eb,
    GRE_CHECKSUM = 0x8000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    MAX_LABELS = 16
};

static bool skip_if(bool there, struct tw_cur *c, size_t n)
{
    return !there || tw_cur_skip(c, n);
}

/* Version 1 is type II, version 2 type III. */
static bool erspan(struct tw_cur *c, unsigned version, struct tw_tunnel_inside *out)
{
    uint32_t first, second, third = 0;
    if (!tw_cur_u32be(c, &first) || !tw_cur_u32be(c, &second) || first >> 28 != version)
        return false;
    out->kind = "erspan";
    out->has_id = true;
    out->id = first & 0x3ff;
    out->type = TW_ETHER_TEB;
    if (version == 1)
        return true;
    /* Security group, frame type, hardware, direction, granularity, and whether more follows. */
    if (!tw_cur_u32be(c, &third) || !skip_if((third & 1) != 0, c, 8))
        return false;
    const unsigned frame = third >> 10 & 0x1f;
    uint8_t nibble;
    if (frame == 0)
        return true;
    if (frame != 2 || !tw_cur_peek(c, 0, &nibble))
        return false;
    out->type = nibble >> 4 == 6 ? ETHER_IPV6 : ETHER_IPV4;
    return true;
}

static bool is_ours(uint16_t type)
{
    return type == TW_ETHER_TEB || type == ETHER_IPV4 || type == ETHER_IPV6 ||
           type == TW_ETHER_MPLS || type == TW_ETHER_MPLS_MULTICAST;
}

bool tw_tunnel_gre(struct tw_cur c, struct tw_tunnel_inside *out)
{
    uint16_t flags, type;
    *out = (struct tw_tunnel_inside){.kind = "gre"};
    /* Routing and version 1 (PPTP) are other protocols. */
    if (!tw_cur_u16be(&c, &flags) || !tw_cur_u16be(&c, &type) || (flags & 0x4007) != 0 ||
        !skip_if((flags & GRE_CHECKSUM) != 0, &c, 4))
        return false;
    out->has_id = (flags & GRE_KEY) != 0;
    if (out->has_id && !tw_cur_u32be(&c, &out->id))
        return false;
    if (!skip_if((flags & GRE_SEQUENCE) != 0, &c, 4))
        return false;
    out->type = type;
    bool ok = is_ours(type);
    if (type == GRE_ERSPAN_3) {
        ok = erspan(&c, 2, out);
    } else if (type == GRE_ERSPAN_2 && (flags & GRE_SEQUENCE) != 0) {
        ok = erspan(&c, 1, out);
    } else if (type == GRE_ERSPAN_2) {
        out->kind = "erspan";
        out->type = TW_ETHER_TEB;
        ok = true;
    }
    out->data = c;
    return ok;
}

static bool vxlan(struct tw_cur *c, struct tw_tunnel_inside *out)
{
    uint32_t flags, id;
    if (!tw_cur_u32be(c, &flags) || !tw_cur_u32be(c, &id) || (flags >> 24 & 0x08) == 0)
        return false;
    out->kind = "vxlan";
    out->id = id >> 8;
    out->type = TW_ETHER_TEB;
    return true;
}

static bool geneve(struct tw_cur *c, struct tw_tunnel_inside *out)
{
    uint8_t first, flags;
    uint32_t id;
    if (!tw_cur_u8(c, &first) || !tw_cur_u8(c, &flags) || !tw_cur_u16be(c, &out->type) ||
        !tw_cur_u32be(c, &id) || first >> 6 != 0 || !tw_cur_skip(c, (size_t)(first & 0x3f) * 4))
        return false;
    out->kind = "geneve";
    out->id = id >> 8;
    return is_ours(out->type);
}

bool tw_tunnel_udp(uint16_t port, struct tw_cur c, struct tw_tunnel_inside *out)
{
    *out = (struct tw_tunnel_inside){.has_id = true};
    const bool ok = port == TW_PORT_VXLAN    ? vxlan(&c, out)
                    : port == TW_PORT_GENEVE ? geneve(&c, out)
                                             : false;
    out->data = c;
    return ok;
}

/* Does a frame begin here whose type is one that is read? */
static bool is_frame(struct tw_cur c)
{
    static const uint16_t types[] = {
        ETHER_IPV4, ETHER_IPV6, 0x8100, 0x88a8, TW_ETHER_MPLS, TW_ETHER_MPLS_MULTICAST, 0xb62c};
    uint16_t type;
    if (!tw_cur_skip(&c, 12) || !tw_cur_u16be(&c, &type))
        return false;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (type == types[i])
            return true;
    }
    return false;
}

/* What follows the bottom of the stack says only itself what it is: IP by its version; a frame with
 * or without a control word, which begins with four zero bits [RFC 4385 2] as many an address does.
 */
bool tw_tunnel_mpls(struct tw_cur c, struct tw_tunnel_inside *out)
{
    uint32_t entry = 0;
    uint8_t nibble;
    *out = (struct tw_tunnel_inside){.kind = "mpls", .has_id = true};
    for (int i = 0; (entry & 0x100) == 0; i++) {
        if (i == MAX_LABELS || !tw_cur_u32be(&c, &entry))
            return false;
        if (i == 0)
            out->id = entry >> 12;
    }
    if (!tw_cur_peek(&c, 0, &nibble))
        return false;
    out->type = nibble >> 4 == 4 ? ETHER_IPV4 : nibble >> 4 == 6 ? ETHER_IPV6 : TW_ETHER_TEB;
    if (nibble >> 4 == 0 && !is_frame(c) && !tw_cur_skip(&c, 4))
        return false;
    out->data = c;
    return true;
}
