/* One direction of a TCP connection, its segments in any order, cut, repeated and forged. Every
 * byte that comes out stands where it was sent, once; what does not come out is told as a gap; a
 * conflict is only told when somebody forged. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "flow/reassembly.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STREAM = 1 << 16 };

struct check {
    uint64_t at; /* stream offset that comes out next */
    bool forged;
    uint64_t conflicts;
};

static uint8_t sent_at(uint64_t offset)
{
    return (uint8_t)(offset * 0x9e3779b1u >> 13);
}

static uint8_t forged_at(uint64_t offset)
{
    return (uint8_t)~sent_at(offset);
}

static void on_data(void *user, struct tw_cur bytes)
{
    struct check *c = user;
    uint8_t v;
    assert(bytes.left > 0);
    while (tw_cur_u8(&bytes, &v)) {
        assert(v == sent_at(c->at) || (c->forged && v == forged_at(c->at)));
        c->at++;
    }
}

static void on_gap(void *user, uint64_t missing)
{
    struct check *c = user;
    assert(missing > 0);
    c->at += missing;
}

static void on_conflict(void *user)
{
    struct check *c = user;
    assert(c->forged);
    c->conflicts++;
}

static void segment(struct tw_reasm *r, const struct tw_reasm_env *env, struct check *c,
    uint32_t base, const uint8_t op[6])
{
    static uint8_t bytes[4096];
    const uint32_t offset = (uint32_t)(op[1] << 8 | op[2]);
    const uint32_t len = 1 + (uint32_t)(op[3] << 8 | op[4]) % 4095;
    const bool forge = (op[5] & 1) != 0;
    const uint32_t have = op[5] & 2 ? len * (op[5] >> 2) / 64 : len;
    c->forged = c->forged || forge;
    for (uint32_t i = 0; i < have; i++)
        bytes[i] = forge ? forged_at(offset + i) : sent_at(offset + i);
    tw_reasm_segment(r, env, base + offset, tw_cur_of(bytes, have), len);
}

/* The input: where sequence numbers start, how large the pool is, then operations of six bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t bases[] = {0, 0xffffff00, 0x7fffff00, 1000};
    struct tw_cur input = tw_cur_of(data, size);
    struct check c = {.at = 0};
    struct tw_reasm r = {.started = false};
    struct tw_reasm_counters counters = {.gaps = 0};
    const struct tw_reasm_sink sink = {on_data, on_gap, on_conflict};
    uint8_t start, pool_kib, op[6];
    if (!tw_cur_u8(&input, &start) || !tw_cur_u8(&input, &pool_kib))
        return 0;
    struct tw_reasm_env env = {.pool = tw_pool_new(1024u * (pool_kib + 1u)),
        .sink = &sink,
        .user = &c,
        .counters = &counters,
        .seed = {0x1234, 0x5678}};
    assert(env.pool != NULL);
    const uint32_t base = bases[start % 4];
    tw_reasm_start(&r, base);
    while (tw_cur_copy(&input, sizeof(op), op)) {
        const uint32_t offset = (uint32_t)(op[1] << 8 | op[2]);
        bool lost = (op[0] & 1) != 0;
        if (op[0] < 200)
            segment(&r, &env, &c, base, op);
        else if (op[0] < 230)
            lost = tw_reasm_ack(&r, env.now_ns, base + offset);
        else if (op[0] < 232)
            tw_reasm_fin(&r, base + offset);
        else
            env.now_ns += (int64_t)op[3] * 10000000;
        if (lost)
            tw_reasm_expire(&r, &env);
        assert((uint32_t)c.at == r.next - base);
        assert(r.n_queued <= TW_MAX_SEGMENTS && r.queued_bytes <= TW_MAX_REORDER);
        assert((r.queue == NULL) == (r.n_queued == 0));
    }
    tw_reasm_finish(&r, &env);
    assert(r.queue == NULL && (uint32_t)c.at == r.next - base);
    assert(tw_pool_stats(env.pool).in_use_bytes == 0);
    assert(c.conflicts == counters.conflicts);
    tw_pool_free(env.pool);
    return 0;
}
