#pragma once
/* For nDPI, which sees packets whole: one without what stands before the first byte of a client. */

#include "capture/packet.h"

enum { TW_SHORTEN_ROOM = 16 << 10 };

/* The IP packet of `p`, TCP, without the first `skip` bytes of its payload, as if it had been sent
 * so; what there is no room for is cut off. Empty when nothing would be left of the payload. */
struct tw_cur tw_packet_shorten(
    const struct tw_packet *p, size_t skip, uint8_t room[TW_SHORTEN_ROOM]);
