#pragma once
/* Link, network and transport headers of one packet: Ethernet, 802.1Q and QinQ, Linux cooked v1 and
 * v2, raw IP, BSD loopback; IPv4, IPv6 with extension headers; TCP, UDP; UADP without IP. What a
 * mirror wraps packets in (GRE, ERSPAN, VXLAN, GENEVE, MPLS) is taken off. Bad checksums are
 * counted, never a reason to drop. */

#include "base/addr.h"
#include "base/cursor.h"

enum tw_packet_kind {
    TW_PACKET_IP,       /* decoded up to the transport payload */
    TW_PACKET_FRAGMENT, /* an IP fragment: give it to the defragmenter */
    TW_PACKET_LINK,     /* straight on the link, of a protocol that is read: `payload` follows its
                         * EtherType, padding included; addresses are those of the link */
    TW_PACKET_OTHER,    /* anything else (ARP, …) */
    TW_PACKET_BAD,      /* headers cut or nonsense */
};

enum { TW_TCP_FIN = 1, TW_TCP_SYN = 2, TW_TCP_RST = 4, TW_TCP_PSH = 8, TW_TCP_ACK = 16 };

struct tw_packet {
    int64_t ts_ns;
    uint64_t number;
    enum tw_packet_kind kind;
    uint32_t wire_len;           /* bytes on the wire, link header included */
    struct tw_cur ip;            /* from the IP header on, as captured: for nDPI */
    struct tw_cur payload;       /* of the transport, without Ethernet padding; a fragment's data */
    uint32_t payload_len;        /* on the wire; payload.left when not cut */
    uint32_t transport_at;       /* bytes of `ip` before the transport header */
    struct tw_endpoint src, dst; /* ports 0 unless TCP or UDP */
    uint16_t vlan[2];
    uint8_t n_vlan;
    uint8_t ip_proto; /* 6 TCP, 17 UDP, 1 ICMP, … */
    uint8_t tcp_flags;
    bool bad_checksum;
    uint32_t tcp_seq, tcp_ack;
    bool cut; /* the capture has less than the packet had */
    bool nano;
    /* What it was wrapped in; everything else here is of what is inside. */
    struct tw_tunnel tunnel;
    uint16_t ether_type; /* TW_PACKET_LINK only */
    /* TW_PACKET_FRAGMENT only. */
    bool frag_more;
    uint32_t frag_id;
    uint32_t frag_offset; /* bytes */
};

/* Is this link type (DLT_…) one of those that are decoded? */
bool tw_packet_reads(int linktype);

/* Decode; `out->kind` says how far. The views in `out` borrow from `data`. When the packet was
 * captured, its number and `nano` are the caller's to set. */
void tw_packet_decode(struct tw_packet *out, int linktype, struct tw_cur data, uint32_t wire_len);

/* Decode what a defragmenter put together: `transport` follows the IP header whose facts
 * (addresses, ip_proto, vlan) are already in `p`. */
void tw_packet_transport(struct tw_packet *p, struct tw_cur transport, uint32_t wire_len);

/* Recompute the checksum of a whole TCP segment. True as well for anything that can not be checked.
 * Costs about as much as reading the payload: for those who ask, not for every packet. */
bool tw_packet_checksum_ok(const struct tw_packet *p);

/* The same for both directions: addresses, ports, protocol; without IP the addresses of the link
 * and the EtherType. Workers are chosen by it, and flow ids
 * are printed from it (mixed with nothing that differs between machines). */
uint64_t tw_packet_flow_hash(const struct tw_packet *p);
