/* The cutting of a byte stream into PDUs. Properties: what is handed over does not depend on how
 * the bytes were segmented; nothing longer than the limit is kept; all memory comes back. */

#include <assert.h>
#include <string.h>

#include "base/hash.h"
#include "protocol/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_KEPT = 40 };

struct run {
    uint64_t digest;
    unsigned n, lost;
};

/* Two bytes of length, then as many bytes: the shape of most headers. 0xff begins nonsense. */
static enum tw_status frame(void *user, struct tw_cur bytes, struct tw_frame *out)
{
    uint16_t len;
    uint8_t first;
    (void)user;
    if (tw_cur_peek(&bytes, 0, &first) && first == 0xff)
        return TW_MALFORMED;
    if (!tw_cur_u16be(&bytes, &len))
        return TW_NEED_MORE;
    out->len = (uint64_t)2 + len % 100;
    return TW_OK;
}

static bool pdu(void *user, const struct tw_pdu *p)
{
    struct run *run = user;
    uint8_t first = 0;
    assert(p->bytes.left <= MAX_KEPT && p->bytes.left <= p->len);
    assert(p->cut == (p->bytes.left < p->len));
    assert(p->cut && !p->has_hole ? p->bytes.left == MAX_KEPT : true);
    assert(p->cut || !p->has_hole);
    run->n++;
    struct tw_str s = tw_cur_rest(&p->bytes);
    run->digest = tw_hash_mix(run->digest, tw_hash_stable(s.p, s.len) + p->len);
    return !(tw_cur_peek(&p->bytes, 2, &first) && first == 0xee);
}

static void garbage(void *user, struct tw_cur bytes)
{
    struct run *run = user;
    assert(bytes.left > 0);
    run->lost++;
}

static size_t resync(void *user, struct tw_cur bytes)
{
    (void)user;
    struct tw_str s = tw_cur_rest(&bytes);
    const char *at = s.len > 0 ? memchr(s.p, 0, s.len) : NULL;
    return at != NULL ? (size_t)(at - s.p) : s.len;
}

static struct run feed(const uint8_t *data, size_t size, size_t step, unsigned gap_every)
{
    static struct tw_pool *pool;
    if (pool == NULL)
        pool = tw_pool_new(1 << 20);
    struct run run = {0};
    struct tw_stream stream = {0};
    const struct tw_stream_user user = {&run, frame, pdu, garbage, resync, MAX_KEPT};
    unsigned n = 0;
    for (size_t at = 0; at < size; at += step) {
        size_t len = step < size - at ? step : size - at;
        if (gap_every > 0 && ++n % gap_every == 0)
            (void)tw_stream_gap(&stream, pool, 1 + data[at] % 64);
        else
            tw_stream_data(&stream, pool, &user, tw_cur_of(data + at, len));
    }
    tw_stream_drop(&stream, pool);
    assert(tw_pool_stats(pool).in_use_bytes == 0);
    return run;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct run whole = feed(data + 1, size - 1, size, 0);
    for (size_t step = 1; step < 8; step++) {
        const struct run split = feed(data + 1, size - 1, step, 0);
        assert(whole.n == split.n && whole.digest == split.digest && whole.lost == split.lost);
    }
    (void)feed(data + 1, size - 1, 1 + data[0] % 16, 2 + data[0] / 16);
    return 0;
}
