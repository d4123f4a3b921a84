#pragma once
/* permessage-deflate [RFC7692 7.2]: one direction's messages, inflated piece by piece. All memory
 * comes from the pool, what comes out goes to `give` as it comes and is not kept. */

#include "base/cursor.h"
#include "base/pool.h"

struct tw_inflater;

enum tw_inflate { TW_INFLATE_OK, TW_INFLATE_BAD, TW_INFLATE_BOMB, TW_INFLATE_NO_MEMORY };

typedef void (*tw_inflate_fn)(void *user, struct tw_cur bytes);

/* NULL when the pool is exhausted. */
struct tw_inflater *tw_inflater_new(struct tw_pool *pool, unsigned window_bits);
void tw_inflater_free(struct tw_inflater *inf, struct tw_pool *pool);
/* Forget the window: what follows does not refer to what came before. */
void tw_inflater_reset(struct tw_inflater *inf);
/* A piece of a message. BOMB when what came out so far is out of all proportion to what went in:
 * more than TW_WS_FREE_BYTES, and TW_WS_MAX_RATIO times as much. Nothing more may be given after an
 * answer that is not OK. */
enum tw_inflate tw_inflater_add(
    struct tw_inflater *inf, struct tw_cur bytes, tw_inflate_fn give, void *user);
/* The message ends: its last four bytes are not sent [RFC7692 7.2.1]. */
enum tw_inflate tw_inflater_end(struct tw_inflater *inf, tw_inflate_fn give, void *user);
