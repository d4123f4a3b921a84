#include "capture/packet.h"

#include <pcap.h>

#include "base/hash.h"
#include "capture/tunnel.h"

enum {
    ETHER_IPV4 = 0x0800,
    ETHER_IPV6 = 0x86dd,
    ETHER_UADP = 0xb62c, /* [UA14 7.3.3] */
    MAC_BYTES = 6,
    MAX_TUNNELS = 4,    /* one in the other; what is deeper stays wrapped */
    MAX_TAGS = 8,       /* VLAN tags walked; the outer two are kept */
    MAX_EXTENSIONS = 16 /* IPv6 extension headers walked */
};

enum {
    PROTO_HOP_BY_HOP = 0,
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    PROTO_ROUTING = 43,
    PROTO_FRAGMENT = 44,
    PROTO_AUTH = 51,
    PROTO_DESTINATION = 60,
    PROTO_MOBILITY = 135,
    PROTO_HIP = 139,
    PROTO_SHIM6 = 140
};

static bool is_vlan(uint16_t type)
{
    return type == 0x8100 || type == 0x88a8 || type == 0x9100;
}

/* Walk the tags that follow a type field; `type` becomes the one behind them. */
static bool vlan_tags(struct tw_packet *p, struct tw_cur *c, uint16_t *type)
{
    for (int i = 0; i < MAX_TAGS && is_vlan(*type); i++) {
        uint16_t tag;
        if (!tw_cur_u16be(c, &tag) || !tw_cur_u16be(c, type))
            return false;
        if (p->n_vlan < 2)
            p->vlan[p->n_vlan++] = tag & 0x0fff;
    }
    return true;
}

static bool tcp(struct tw_packet *p, struct tw_cur c)
{
    const struct tw_cur segment = c;
    struct tw_cur h; /* up to the window, so that what is read of it is known to be there */
    uint16_t offset;
    if (!tw_cur_sub(&c, 16, &h) || !tw_cur_u16be(&h, &p->src.port) ||
        !tw_cur_u16be(&h, &p->dst.port) || !tw_cur_u32be(&h, &p->tcp_seq) ||
        !tw_cur_u32be(&h, &p->tcp_ack) || !tw_cur_u16be(&h, &offset))
        return false;
    size_t header = (size_t)(offset >> 12) * 4;
    p->tcp_flags = offset & 0x3f;
    if (header < 20 || header > p->payload_len)
        return false;
    /* A capture may end inside the options; the fixed header is all that is needed. */
    p->payload = segment;
    p->payload_len -= (uint32_t)header;
    return tw_cur_skip(&p->payload, header < segment.left ? header : segment.left);
}

static bool udp(struct tw_packet *p, struct tw_cur c)
{
    uint16_t len, sum;
    if (!tw_cur_u16be(&c, &p->src.port) || !tw_cur_u16be(&c, &p->dst.port) ||
        !tw_cur_u16be(&c, &len) || !tw_cur_u16be(&c, &sum) || p->payload_len < 8)
        return false;
    p->payload_len -= 8;
    /* The datagram may end before the IP packet does; a length of 0 is a jumbogram. */
    if (len >= 8 && (uint32_t)len - 8 < p->payload_len)
        p->payload_len = (uint32_t)len - 8;
    p->payload = c;
    if (p->payload.left > p->payload_len)
        p->payload.left = p->payload_len;
    return true;
}

/* Nothing is known yet. Left as it is: what is only told together with something else, and what
 * does not come from the bytes. */
static void begin(struct tw_packet *p, uint32_t wire_len)
{
    p->kind = TW_PACKET_BAD;
    p->wire_len = wire_len;
    p->ip = tw_cur_of(NULL, 0);
    p->payload = tw_cur_of(NULL, 0);
    p->payload_len = p->transport_at = 0;
    p->src = (struct tw_endpoint){.port = 0};
    p->dst = (struct tw_endpoint){.port = 0};
    p->vlan[0] = p->vlan[1] = 0;
    p->n_vlan = p->ip_proto = p->tcp_flags = 0;
    p->bad_checksum = p->cut = false;
    p->tcp_seq = p->tcp_ack = 0;
    p->tunnel.kind = NULL;
    p->tunnel.depth = 0;
}

static void ethernet(struct tw_packet *p, struct tw_cur c);
static void by_ether_type(struct tw_packet *p, struct tw_cur c, uint16_t type);

/* Go on with what is inside. `captured` and `wire` are the bytes behind the header before the
 * tunnel, as captured and as they were. False when nothing in it makes sense: then `p` is as it
 * was. */
__attribute__((noinline)) static bool unwrap(
    struct tw_packet *p, const struct tw_tunnel_inside *in, size_t captured, uint32_t wire)
{
    const struct tw_packet outer = *p;
    const uint32_t headers = (uint32_t)(captured - in->data.left);
    begin(p, wire > headers ? wire - headers : 0);
    p->tunnel = outer.tunnel;
    if (p->tunnel.depth++ == 0) {
        p->tunnel.kind = in->kind;
        p->tunnel.has_id = in->has_id;
        p->tunnel.id = in->id;
        p->tunnel.src = outer.src.ip;
        p->tunnel.dst = outer.dst.ip;
    }
    const uint32_t whole = p->wire_len;
    if (in->type == TW_ETHER_TEB)
        ethernet(p, in->data);
    else
        by_ether_type(p, in->data, in->type);
    if (p->kind == TW_PACKET_LINK && p->tunnel.depth == outer.tunnel.depth + 1 &&
        in->data.left < whole) {
        p->payload_len += whole - (uint32_t)in->data.left;
        p->cut = true;
    }
    if (p->kind != TW_PACKET_BAD)
        return true;
    *p = outer;
    return false;
}

/* Tunnels in IP, once `p` is decoded up to the transport. */
__attribute__((noinline)) static bool leave_tunnel(struct tw_packet *p)
{
    struct tw_tunnel_inside in;
    if (p->tunnel.depth == MAX_TUNNELS)
        return false;
    if (p->ip_proto == TW_PROTO_GRE)
        return tw_tunnel_gre(p->payload, &in) && unwrap(p, &in, p->payload.left, p->payload_len);
    return p->ip_proto == PROTO_UDP &&
           (p->dst.port == TW_PORT_VXLAN || p->dst.port == TW_PORT_GENEVE) &&
           tw_tunnel_udp(p->dst.port, p->payload, &in) &&
           unwrap(p, &in, p->payload.left, p->payload_len);
}

/* `c` is what was captured of the `len` bytes behind the network header. */
static void transport(struct tw_packet *p, struct tw_cur c, uint32_t len)
{
    p->payload = c;
    p->payload_len = len;
    p->transport_at = (uint32_t)(c.p - p->ip.p);
    p->kind = TW_PACKET_IP;
    const bool sound = p->ip_proto == PROTO_TCP   ? tcp(p, c)
                       : p->ip_proto == PROTO_UDP ? udp(p, c)
                                                  : true;
    if (!sound) {
        p->kind = TW_PACKET_BAD;
        p->payload = tw_cur_of(NULL, 0);
    }
    p->cut = p->payload.left < p->payload_len;
    if (p->ip_proto != PROTO_TCP && sound)
        (void)leave_tunnel(p);
}

static void fragment(struct tw_packet *p, struct tw_cur c, uint32_t len)
{
    p->kind = TW_PACKET_FRAGMENT;
    p->payload = c;
    p->payload_len = len;
    p->cut = c.left < len;
}

__attribute__((cold)) static uint64_t sum_of_words(struct tw_cur c)
{
    uint64_t sum = 0;
    uint32_t word;
    while (tw_cur_u32le(&c, &word))
        sum += word;
    return sum;
}

/* The header checksum of IPv4, over 32-bit words. The order of their bytes does not matter to
 * whether it holds [RFC 1071 2]. */
static bool header_sum_ok(struct tw_cur header)
{
    uint64_t a, b;
    uint32_t c;
    if (!tw_cur_u64le(&header, &a) || !tw_cur_u64le(&header, &b) || !tw_cur_u32le(&header, &c))
        return false;
    uint64_t sum = (a >> 32) + (a & 0xffffffff) + (b >> 32) + (b & 0xffffffff) + c;
    if (header.left > 0)
        sum += sum_of_words(header);
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

struct ipv4 {
    uint8_t version_ihl, tos, ttl, proto;
    uint16_t total, id, frag, sum;
};

static bool ipv4_header(struct tw_packet *p, struct tw_cur *all, struct ipv4 *h)
{
    struct tw_cur c; /* as in tcp() */
    p->src.ip.family = p->dst.ip.family = 4;
    return tw_cur_sub(all, 20, &c) && tw_cur_u8(&c, &h->version_ihl) && tw_cur_u8(&c, &h->tos) &&
           tw_cur_u16be(&c, &h->total) && tw_cur_u16be(&c, &h->id) && tw_cur_u16be(&c, &h->frag) &&
           tw_cur_u8(&c, &h->ttl) && tw_cur_u8(&c, &h->proto) && tw_cur_u16be(&c, &h->sum) &&
           tw_cur_copy(&c, 4, p->src.ip.b) && tw_cur_copy(&c, 4, p->dst.ip.b);
}

static void ipv4(struct tw_packet *p, struct tw_cur c)
{
    enum { MORE = 0x2000, OFFSET = 0x1fff };
    struct tw_cur body = c, head;
    struct ipv4 h;
    p->kind = TW_PACKET_BAD;
    if (!ipv4_header(p, &c, &h) || h.version_ihl >> 4 != 4)
        return;
    size_t ihl = (size_t)(h.version_ihl & 0xf) * 4;
    /* Segmentation offload leaves 0 in the length of packets longer than 64 KiB. */
    size_t total = h.total != 0 ? h.total : body.left;
    if (ihl < 20 || total < ihl)
        return;
    if (body.left > total)
        body.left = total;
    p->ip = body;
    if (!tw_cur_sub(&body, ihl, &head))
        return;
    p->bad_checksum = !header_sum_ok(head);
    p->ip_proto = h.proto;
    if ((h.frag & (MORE | OFFSET)) == 0) {
        transport(p, body, (uint32_t)(total - ihl));
        return;
    }
    p->frag_id = h.id;
    p->frag_offset = (uint32_t)(h.frag & OFFSET) * 8;
    p->frag_more = (h.frag & MORE) != 0;
    fragment(p, body, (uint32_t)(total - ihl));
}

static bool fragment_header(struct tw_packet *p, struct tw_cur *c, uint8_t *next)
{
    uint8_t reserved;
    uint16_t offset;
    if (!tw_cur_u8(c, next) || !tw_cur_u8(c, &reserved) || !tw_cur_u16be(c, &offset) ||
        !tw_cur_u32be(c, &p->frag_id))
        return false;
    p->frag_offset = offset & 0xfff8;
    p->frag_more = (offset & 1) != 0;
    return true;
}

static bool is_extension(uint8_t next)
{
    return next == PROTO_HOP_BY_HOP || next == PROTO_ROUTING || next == PROTO_DESTINATION ||
           next == PROTO_AUTH || next == PROTO_MOBILITY || next == PROTO_HIP || next == PROTO_SHIM6;
}

/* Skip one extension header; its length counts units of 8, of the authentication header units of 4
 * [RFC 8200 4.3, RFC 4302 2.2]. */
static bool skip_extension(struct tw_cur *c, uint8_t *next)
{
    struct tw_cur at = tw_cur_here(c);
    uint8_t following, units;
    if (!tw_cur_u8(&at, &following) || !tw_cur_u8(&at, &units))
        return false;
    size_t len = *next == PROTO_AUTH ? ((size_t)units + 2) * 4 : ((size_t)units + 1) * 8;
    *next = following;
    return tw_cur_skip(c, len);
}

/* What follows the fixed IPv6 header, or a reassembled datagram: `len` bytes, `c` of them captured.
 */
static void ipv6_chain(struct tw_packet *p, struct tw_cur c, uint32_t len, uint8_t next)
{
    p->kind = TW_PACKET_BAD;
    for (int i = 0; i < MAX_EXTENSIONS; i++) {
        const size_t before = c.left;
        if (next == PROTO_FRAGMENT) {
            if (len < 8 || !fragment_header(p, &c, &next))
                return;
            if (p->frag_offset != 0 || p->frag_more) {
                p->ip_proto = next;
                fragment(p, c, len - 8);
                return;
            }
            /* An atomic fragment is a whole packet [RFC 6946]. */
        } else if (is_extension(next)) {
            if (!skip_extension(&c, &next))
                return;
        } else {
            p->ip_proto = next;
            transport(p, c, len);
            return;
        }
        const size_t used = before - c.left;
        if (used > len)
            return;
        len -= (uint32_t)used;
    }
}

static void ipv6(struct tw_packet *p, struct tw_cur c)
{
    struct tw_cur whole = c;
    uint32_t version;
    uint16_t len;
    uint8_t next, hops;
    p->kind = TW_PACKET_BAD;
    p->src.ip.family = p->dst.ip.family = 6;
    if (!tw_cur_u32be(&c, &version) || version >> 28 != 6 || !tw_cur_u16be(&c, &len) ||
        !tw_cur_u8(&c, &next) || !tw_cur_u8(&c, &hops) || !tw_cur_copy(&c, 16, p->src.ip.b) ||
        !tw_cur_copy(&c, 16, p->dst.ip.b))
        return;
    /* 0: a jumbogram or segmentation offload; what was captured is what there is. */
    const uint32_t body = len != 0 ? len : (uint32_t)c.left;
    if (c.left > body) {
        whole.left -= c.left - body;
        c.left = body;
    }
    p->ip = whole;
    ipv6_chain(p, c, body, next);
}

static void by_version(struct tw_packet *p, struct tw_cur c)
{
    uint8_t first;
    p->kind = TW_PACKET_BAD;
    if (!tw_cur_peek(&c, 0, &first))
        return;
    if (first >> 4 == 4)
        ipv4(p, c);
    else if (first >> 4 == 6)
        ipv6(p, c);
}

static void link_only(struct tw_packet *p, struct tw_cur c, uint16_t type)
{
    p->kind = TW_PACKET_LINK;
    p->ether_type = type;
    p->payload = c;
    p->payload_len = (uint32_t)c.left;
}

static void mpls(struct tw_packet *p, struct tw_cur c)
{
    struct tw_tunnel_inside in;
    p->kind = TW_PACKET_OTHER;
    if (p->tunnel.depth < MAX_TUNNELS && tw_tunnel_mpls(c, &in))
        (void)unwrap(p, &in, c.left, (uint32_t)c.left);
}

static void by_ether_type(struct tw_packet *p, struct tw_cur c, uint16_t type)
{
    if (type != ETHER_IPV4 && !vlan_tags(p, &c, &type))
        return;
    if (type == ETHER_IPV4)
        ipv4(p, c);
    else if (type == ETHER_IPV6)
        ipv6(p, c);
    else if (type == ETHER_UADP)
        link_only(p, c, type);
    else if (type == TW_ETHER_MPLS || type == TW_ETHER_MPLS_MULTICAST)
        mpls(p, c);
    else
        p->kind = TW_PACKET_OTHER;
}

static void ethernet(struct tw_packet *p, struct tw_cur c)
{
    struct tw_cur h; /* as in tcp() */
    uint16_t type;
    if (!tw_cur_sub(&c, 2 * MAC_BYTES + 2, &h) || !tw_cur_copy(&h, MAC_BYTES, p->dst.mac) ||
        !tw_cur_copy(&h, MAC_BYTES, p->src.mac) || !tw_cur_u16be(&h, &type))
        return;
    p->src.has_mac = p->dst.has_mac = true;
    by_ether_type(p, c, type);
}

/* Linux cooked captures know the sender's link address only. */
static bool cooked_address(struct tw_packet *p, struct tw_cur *c, uint16_t len)
{
    struct tw_cur address;
    if (!tw_cur_sub(c, 8, &address))
        return false;
    p->src.has_mac = len == MAC_BYTES && tw_cur_copy(&address, MAC_BYTES, p->src.mac);
    return true;
}

static void cooked(struct tw_packet *p, struct tw_cur c)
{
    uint16_t direction, hardware, len, type;
    if (!tw_cur_u16be(&c, &direction) || !tw_cur_u16be(&c, &hardware) || !tw_cur_u16be(&c, &len) ||
        !cooked_address(p, &c, len) || !tw_cur_u16be(&c, &type))
        return;
    by_ether_type(p, c, type);
}

static void cooked2(struct tw_packet *p, struct tw_cur c)
{
    uint16_t type, reserved, hardware;
    uint32_t interface;
    uint8_t direction, len;
    if (!tw_cur_u16be(&c, &type) || !tw_cur_u16be(&c, &reserved) || !tw_cur_u32be(&c, &interface) ||
        !tw_cur_u16be(&c, &hardware) || !tw_cur_u8(&c, &direction) || !tw_cur_u8(&c, &len) ||
        !cooked_address(p, &c, len))
        return;
    by_ether_type(p, c, type);
}

/* BSD loopback: an address family in the byte order of the machine that captured. Families of IPv6
 * differ between systems, so the version in the IP header decides; the family only rules out the
 * rest. */
static void loopback(struct tw_packet *p, struct tw_cur c)
{
    uint32_t family;
    if (!tw_cur_u32be(&c, &family))
        return;
    if (family > 0xffff)
        family = __builtin_bswap32(family);
    const bool ip = family == 2 || family == 10 || family == 24 || family == 28 || family == 30;
    if (ip)
        by_version(p, c);
    else
        p->kind = TW_PACKET_OTHER;
}

static const struct {
    int linktype;
    void (*read)(struct tw_packet *p, struct tw_cur c);
} links[] = {
    {DLT_EN10MB, ethernet},
    {DLT_LINUX_SLL, cooked},
    {DLT_LINUX_SLL2, cooked2},
    {DLT_RAW, by_version},
    {DLT_IPV4, ipv4},
    {DLT_IPV6, ipv6},
    {DLT_NULL, loopback},
    {DLT_LOOP, loopback},
};

enum { N_LINKS = sizeof(links) / sizeof(links[0]) };

static size_t find_link(int linktype)
{
    size_t i = 0;
    while (i < N_LINKS && links[i].linktype != linktype)
        i++;
    return i;
}

bool tw_packet_reads(int linktype)
{
    return find_link(linktype) < N_LINKS;
}

void tw_packet_decode(struct tw_packet *out, int linktype, struct tw_cur data, uint32_t wire_len)
{
    const size_t link = find_link(linktype);
    begin(out, wire_len);
    if (link < N_LINKS)
        links[link].read(out, data);
    else
        out->kind = TW_PACKET_OTHER;
    if (out->kind == TW_PACKET_LINK && out->tunnel.depth == 0 && data.left < wire_len) {
        out->payload_len += wire_len - (uint32_t)data.left;
        out->cut = true;
    }
}

void tw_packet_transport(struct tw_packet *p, struct tw_cur whole, uint32_t wire_len)
{
    p->wire_len = wire_len;
    if (p->src.ip.family == 6)
        ipv6_chain(p, whole, (uint32_t)whole.left, p->ip_proto);
    else
        transport(p, whole, (uint32_t)whole.left);
}

/* The one's complement sum of 16-bit words, the last byte padded with zero [RFC 1071]. */
static uint64_t sum_of(struct tw_cur c)
{
    uint64_t sum = 0;
    uint32_t word;
    uint16_t half;
    uint8_t last;
    while (tw_cur_u32be(&c, &word))
        sum += (word >> 16) + (word & 0xffff);
    if (tw_cur_u16be(&c, &half))
        sum += half;
    if (tw_cur_u8(&c, &last))
        sum += (uint64_t)last << 8;
    return sum;
}

bool tw_packet_checksum_ok(const struct tw_packet *p)
{
    if (p->kind != TW_PACKET_IP || p->cut || p->ip_proto != PROTO_TCP)
        return true;
    struct tw_cur segment = p->ip;
    if (!tw_cur_skip(&segment, p->transport_at))
        return true;
    const size_t size = p->src.ip.family == 6 ? 16 : 4;
    uint64_t sum = PROTO_TCP + segment.left + sum_of(segment) +
                   sum_of(tw_cur_of(p->src.ip.b, size)) + sum_of(tw_cur_of(p->dst.ip.b, size));
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff;
}

static uint64_t link_hash(const struct tw_packet *p)
{
    const bool swap = memcmp(p->src.mac, p->dst.mac, MAC_BYTES) > 0;
    uint8_t key[2 + 2 * MAC_BYTES] = {(uint8_t)(p->ether_type >> 8), (uint8_t)p->ether_type};
    memcpy(key + 2, swap ? p->dst.mac : p->src.mac, MAC_BYTES);
    memcpy(key + 2 + MAC_BYTES, swap ? p->src.mac : p->dst.mac, MAC_BYTES);
    return tw_hash_stable(key, sizeof(key));
}

uint64_t tw_packet_flow_hash(const struct tw_packet *p)
{
    if (p->kind == TW_PACKET_LINK)
        return link_hash(p);
    const size_t size = p->src.ip.family == 6 ? 16 : 4;
    const int order = memcmp(p->src.ip.b, p->dst.ip.b, size);
    const bool swap = order > 0 || (order == 0 && p->src.port > p->dst.port);
    const struct tw_endpoint *a = swap ? &p->dst : &p->src, *b = swap ? &p->src : &p->dst;
    uint8_t key[40] = {p->ip_proto, p->src.ip.family, (uint8_t)(a->port >> 8), (uint8_t)a->port,
        (uint8_t)(b->port >> 8), (uint8_t)b->port};
    memcpy(key + 8, a->ip.b, size);
    memcpy(key + 8 + size, b->ip.b, size);
    return tw_hash_stable(key, 8 + 2 * size);
}
