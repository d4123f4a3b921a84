#pragma once
/* One direction of a WebSocket connection [RFC6455 5]: frames of any segmentation in, the payload
 * of its messages out as it comes. Nothing is kept but the header of a frame that is cut. */

#include "base/cursor.h"

enum tw_ws_opcode {
    TW_WS_CONTINUATION = 0,
    TW_WS_TEXT = 1,
    TW_WS_BINARY = 2,
    TW_WS_CLOSE = 8,
    TW_WS_PING = 9,
    TW_WS_PONG = 10,
};

enum { TW_WS_MAX_HEADER = 14 };

struct tw_ws_header {
    uint64_t len; /* of the payload */
    uint8_t mask[4];
    uint8_t size; /* of the header itself */
    uint8_t opcode;
    bool fin, masked, compressed; /* compressed: RSV1 */
    bool reserved;                /* RSV2 or RSV3 */
    bool overlong;                /* the length in more bytes than needed */
};

/* TW_NEED_MORE when it is cut; TW_MALFORMED for a length above 63 bits. */
enum tw_status tw_ws_header_read(struct tw_cur bytes, struct tw_ws_header *out);

static inline bool tw_ws_is_control(unsigned opcode)
{
    return opcode >= TW_WS_CLOSE;
}

/* Zero-initialised: at the start of a frame. */
struct tw_ws_half {
    uint8_t cut[TW_WS_MAX_HEADER]; /* of a header that goes on */
    uint8_t n_cut;
    uint8_t mask_at;         /* place in the mask of the next byte */
    bool in_frame;           /* `h` is the header of a frame whose payload is still to come */
    bool in_message;         /* a message was begun and not ended */
    bool message_compressed; /* RSV1 of its first frame */
    bool lost;               /* no frame boundary is known: find one */
    uint8_t doubt;           /* good frames to come before a boundary that was found is trusted */
    bool closed;             /* a CLOSE was sent */
    unsigned recovered;      /* times that a boundary was found again */
    struct tw_ws_header h;
    uint64_t left; /* of its payload */
};

struct tw_ws_user {
    void *user;
    /* What is wrong with a frame whose payload comes all the same. */
    void (*anomaly)(void *user, const char *detail);
    /* Every frame, once its header is there. */
    void (*frame)(void *user, const struct tw_ws_header *h);
    /* Unmasked payload of a message. */
    void (*payload)(void *user, struct tw_cur bytes, bool compressed);
    /* The last frame of a message has ended. */
    void (*message_end)(void *user, bool compressed);
    bool from_client; /* its frames must be masked, the server's not [RFC6455 5.1] */
    bool may_deflate; /* RSV1 has a meaning */
};

void tw_ws_data(struct tw_ws_half *half, const struct tw_ws_user *u, struct tw_cur bytes);
/* `missing` bytes were not seen. Returns how many of them were payload of a message that goes on
 * behind them; UINT64_MAX when that is not known, and then the boundary of frames is lost. */
uint64_t tw_ws_gap(struct tw_ws_half *half, const struct tw_ws_user *u, uint64_t missing);

/* Does a frame from this side start with `bytes`, as far as its header tells? `out` is written
 * then.
 */
bool tw_ws_plausible(
    struct tw_cur bytes, bool from_client, bool may_deflate, struct tw_ws_header *out);
/* Unmask up to `size` bytes of payload into `out`; `at` is the place in the mask. */
size_t tw_ws_unmask(
    struct tw_cur bytes, const uint8_t mask[4], unsigned at, uint8_t *out, size_t size);
