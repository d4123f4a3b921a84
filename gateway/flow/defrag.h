#pragma once
/* IPv4 and IPv6 reassembly [RFC 791, RFC 8200 4.5]. Runs before packets are given to workers, since
 * only the first fragment has ports. Bounded number of datagrams, bounded bytes; overlapping
 * fragments with different bytes are counted as conflicts and the first copy wins [RFC 5722
 * spirit]. */

#include "capture/packet.h"

struct tw_defrag;

struct tw_defrag_stats {
    uint64_t fragments, reassembled, expired, refused, conflicts;
};

struct tw_defrag *tw_defrag_new(size_t datagrams);
void tw_defrag_free(struct tw_defrag *d);

/* Take a TW_PACKET_FRAGMENT. True when it completes its datagram: `p` then is the whole packet,
 * kind TW_PACKET_IP, its payload good until the next call. */
bool tw_defrag_packet(struct tw_defrag *d, struct tw_packet *p);
struct tw_defrag_stats tw_defrag_stats(const struct tw_defrag *d);
