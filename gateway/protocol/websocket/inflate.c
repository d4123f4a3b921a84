#include "protocol/websocket/inflate.h"

#define ZLIB_CONST
#include <zlib.h>

#include "base/limits.h"

enum { PIECE = 4096, WINDOW_LEAST = 9, BLOCKS = 2 };

/* zlib asks twice: for its state and for the window. It holds on to the place of `z`. */
struct tw_inflater {
    z_stream z;
    struct tw_pool *pool;
    struct {
        void *p;
        size_t size;
    } blocks[BLOCKS];
    uint64_t in, out;
};

static voidpf get(voidpf opaque, uInt items, uInt size)
{
    struct tw_inflater *inf = opaque;
    for (unsigned i = 0; i < BLOCKS; i++) {
        if (inf->blocks[i].p != NULL)
            continue;
        inf->blocks[i].size = (size_t)items * size;
        inf->blocks[i].p = tw_pool_get(inf->pool, inf->blocks[i].size, NULL);
        return inf->blocks[i].p;
    }
    return Z_NULL;
}

static void put(voidpf opaque, voidpf p)
{
    struct tw_inflater *inf = opaque;
    for (unsigned i = 0; i < BLOCKS; i++) {
        if (inf->blocks[i].p != p)
            continue;
        tw_pool_put(inf->pool, p, inf->blocks[i].size);
        inf->blocks[i].p = NULL;
    }
}

struct tw_inflater *tw_inflater_new(struct tw_pool *pool, unsigned window_bits)
{
    struct tw_inflater *inf = tw_pool_get(pool, sizeof(*inf), NULL);
    if (inf == NULL)
        return NULL;
    *inf = (struct tw_inflater){.pool = pool};
    inf->z = (z_stream){.zalloc = get, .zfree = put, .opaque = inf};
    /* Compressors that were asked for 256 bytes use 512. */
    int bits = window_bits < WINDOW_LEAST ? WINDOW_LEAST : (int)window_bits;
    if (inflateInit2(&inf->z, -bits) == Z_OK)
        return inf;
    tw_pool_put(pool, inf, sizeof(*inf));
    return NULL;
}

void tw_inflater_free(struct tw_inflater *inf, struct tw_pool *pool)
{
    if (inf == NULL)
        return;
    (void)inflateEnd(&inf->z);
    tw_pool_put(pool, inf, sizeof(*inf));
}

void tw_inflater_reset(struct tw_inflater *inf)
{
    (void)inflateReset(&inf->z);
}

static bool is_bomb(const struct tw_inflater *inf)
{
    return inf->out > TW_WS_FREE_BYTES && inf->out / TW_WS_MAX_RATIO > inf->in;
}

/* A block that says it is the last ends the stream, not the message [RFC7692 7.2.3.4]: what follows
 * may still refer to the window. */
static bool go_on(struct tw_inflater *inf)
{
    return inflateResetKeep(&inf->z) == Z_OK;
}

enum tw_inflate tw_inflater_add(
    struct tw_inflater *inf, struct tw_cur bytes, tw_inflate_fn give, void *user)
{
    uint8_t piece[PIECE];
    struct tw_str in = tw_cur_rest(&bytes);
    z_stream *z = &inf->z;
    inf->in += in.len;
    z->next_in = (const Bytef *)in.p;
    z->avail_in = (uInt)in.len;
    for (;;) {
        z->next_out = piece;
        z->avail_out = sizeof(piece);
        int said = inflate(z, Z_SYNC_FLUSH);
        const size_t n = sizeof(piece) - z->avail_out;
        inf->out += n;
        if (is_bomb(inf))
            return TW_INFLATE_BOMB;
        if (n > 0)
            give(user, tw_cur_of(piece, n));
        if (said == Z_MEM_ERROR)
            return TW_INFLATE_NO_MEMORY;
        if (said != Z_OK && said != Z_STREAM_END && said != Z_BUF_ERROR)
            return TW_INFLATE_BAD;
        if (said == Z_STREAM_END && !go_on(inf))
            return TW_INFLATE_BAD;
        if (z->avail_in == 0 && z->avail_out > 0)
            return TW_INFLATE_OK;
        if (said == Z_BUF_ERROR)
            return TW_INFLATE_BAD;
    }
}

enum tw_inflate tw_inflater_end(struct tw_inflater *inf, tw_inflate_fn give, void *user)
{
    static const uint8_t tail[] = {0, 0, 0xff, 0xff};
    return tw_inflater_add(inf, tw_cur_of(tail, sizeof(tail)), give, user);
}
