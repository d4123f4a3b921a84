#pragma once
/* What a gzip member holds [RFC 1952], through zlib, with all memory made at the start. One thread
 * a context. */

#include "base/str.h"

enum tw_gunzip_status {
    TW_GUNZIP_OK,
    TW_GUNZIP_BAD,       /* damaged, cut, or its check sum is wrong */
    TW_GUNZIP_TOO_LARGE, /* more than the limit: a bomb, or nothing for a monitor to read */
};

enum { TW_GUNZIP_MOST = 1 << 20 };

/* How much may come out of `len` bytes: what JSON shrinks by, not what bombs do. */
static inline size_t tw_gunzip_limit(size_t len)
{
    enum { FLOOR = 64 << 10, FACTOR = 64 };
    return len > (TW_GUNZIP_MOST - FLOOR) / FACTOR ? TW_GUNZIP_MOST : FLOOR + len * FACTOR;
}

struct tw_gunzip;
/* NULL when memory is short. */
struct tw_gunzip *tw_gunzip_new(void);
void tw_gunzip_free(struct tw_gunzip *g);

/* All of `in`, one member and nothing behind it. `out`, on OK only, is good until the next call. */
enum tw_gunzip_status tw_gunzip_open(struct tw_gunzip *g, struct tw_str in, struct tw_str *out);
