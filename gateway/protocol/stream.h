#pragma once
/* One direction of a protocol on TCP, cut into PDUs. Segments usually hold whole PDUs: those are
 * dissected in place. A PDU that is not complete is kept in a pool buffer until it is, up to a
 * limit; bytes beyond the limit, or behind a hole, are counted and skipped, and the PDU is handed
 * over cut once its end has passed. What is handed over does not depend on how the bytes were
 * segmented. */

#include "protocol/protocol.h"

/* Up to this length the buffer of a PDU is made whole when its first bytes come; a longer one grows
 * with what has come, so that an announced length alone costs nothing. */
enum { TW_STREAM_AHEAD = 4096 };

struct tw_frame {
    uint64_t len; /* whole PDU, header included */
};

/* Find the end of the PDU at the start of `bytes`. TW_OK with out->len (may be more than is there);
 * TW_NEED_MORE when the header itself is cut; TW_MALFORMED when this is no PDU. May be asked about
 * the same bytes again. */
typedef enum tw_status (*tw_frame_fn)(void *user, struct tw_cur bytes, struct tw_frame *out);

struct tw_pdu {
    struct tw_cur bytes; /* the PDU, or as much of it as was kept */
    uint64_t len;        /* its length on the wire */
    bool cut;            /* bytes.left < len: longer than is kept, or it has a hole */
    bool has_hole;       /* what follows `bytes` was not seen */
};

struct tw_stream {
    struct tw_pbuf kept;
    uint64_t want; /* length of the PDU in `kept`; 0: its header is not whole yet */
    uint64_t skip; /* bytes of a PDU still to be skipped */
    bool torn;     /* `kept` is what came before a hole … */
    bool ended;    /* … in which its end was, too */
    bool lost;     /* no boundary is known: find one */
};

struct tw_stream_user {
    void *user;
    tw_frame_fn frame;
    /* Exactly one PDU. False: the stream can not be trusted any more, go to lost. */
    bool (*pdu)(void *user, const struct tw_pdu *pdu);
    /* `bytes` could not be framed (frame said MALFORMED): report it. The stream is then lost. */
    void (*garbage)(void *user, struct tw_cur bytes);
    /* After a loss: offset of the next plausible boundary in `bytes`, or bytes.left when there is
     * none yet. NULL: never resynchronise. */
    size_t (*resync)(void *user, struct tw_cur bytes);
    size_t max_kept;
};

void tw_stream_data(
    struct tw_stream *s, struct tw_pool *pool, const struct tw_stream_user *u, struct tw_cur bytes);
/* A hole inside a PDU whose length is known keeps the boundaries; any other hole loses them. True
 * when the boundary is still known. */
bool tw_stream_gap(struct tw_stream *s, struct tw_pool *pool, uint64_t missing);
void tw_stream_drop(struct tw_stream *s, struct tw_pool *pool);
