#include "crypto/gunzip.h"

#include <stdlib.h>
#include <zlib.h>

enum { WINDOW_BITS = 15, GZIP_ONLY = 16, STATE_BYTES = 64 << 10 };

/* zlib asks for its state once, and for its window with the first stream that needs one: both come
 * from here, so that nothing is allocated later. */
struct tw_gunzip {
    z_stream z;
    size_t used;
    _Alignas(16) unsigned char state[STATE_BYTES];
    unsigned char out[TW_GUNZIP_MOST];
};

static void *take(void *opaque, unsigned n, unsigned size)
{
    struct tw_gunzip *g = opaque;
    const size_t bytes = ((size_t)n * size + 15) & ~(size_t)15;
    if (bytes > sizeof(g->state) - g->used)
        return NULL;
    void *at = g->state + g->used;
    g->used += bytes;
    return at;
}

static void give_back(void *opaque, void *p)
{
    (void)opaque;
    (void)p;
}

struct tw_gunzip *tw_gunzip_new(void)
{
    struct tw_gunzip *g = malloc(sizeof(*g));
    if (g == NULL)
        return NULL;
    g->used = 0;
    g->z = (z_stream){.zalloc = take, .zfree = give_back, .opaque = g};
    if (inflateInit2(&g->z, WINDOW_BITS + GZIP_ONLY) == Z_OK)
        return g;
    free(g);
    return NULL;
}

void tw_gunzip_free(struct tw_gunzip *g)
{
    if (g != NULL)
        (void)inflateEnd(&g->z);
    free(g);
}

enum tw_gunzip_status tw_gunzip_open(struct tw_gunzip *g, struct tw_str in, struct tw_str *out)
{
    if (in.len > UINT32_MAX || inflateReset(&g->z) != Z_OK)
        return TW_GUNZIP_BAD;
    /* zlib only reads what it is given, but does not say so in its type. */
    g->z.next_in = (z_const Bytef *)(uintptr_t)in.p;
    g->z.avail_in = (uInt)in.len;
    g->z.next_out = g->out;
    g->z.avail_out = (uInt)tw_gunzip_limit(in.len);
    const int st = inflate(&g->z, Z_FINISH);
    if (st == Z_STREAM_END && g->z.avail_in == 0) {
        *out = tw_str_bytes(g->out, g->z.total_out);
        return TW_GUNZIP_OK;
    }
    return st == Z_BUF_ERROR && g->z.avail_out == 0 ? TW_GUNZIP_TOO_LARGE : TW_GUNZIP_BAD;
}
