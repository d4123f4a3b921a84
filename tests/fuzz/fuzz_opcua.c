/* The OPC UA dissector, and what session/ makes of its events, on two directions of hostile bytes.
 * Properties: every slice of an event can be read; the events do not depend on how the bytes were
 * cut into segments; all memory comes back. */

#include "opcua_events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEP_WHOLE = 1 << 15 };

static void segment(struct tw_proto_env *env, const struct tw_conn *conn, void *state, unsigned dir,
    const uint8_t *p, size_t n, const struct tw_when *when)
{
    /* A copy of its own, so that one byte too many is seen. */
    uint8_t *exact = malloc(n);
    memcpy(exact, p, n);
    tw_opcua.data(state, env, conn, dir, tw_cur_of(exact, n), when);
    free(exact);
}

/* The input: one byte of options, then pieces of (direction and length, bytes); length 0 is a gap.
 */
static void feed(struct run *run, const uint8_t *data, size_t size, size_t step)
{
    static struct tw_pool *pool;
    if (pool == NULL)
        pool = tw_pool_new((size_t)256 << 20);
    struct tw_proto_env env = run_env(run, pool, (data[0] & 2) != 0);
    const struct tw_conn conn = {
        .side = {{.port = 40000}, {.port = 4840}}, .midstream = (data[0] & 1) != 0, .flow = 1};
    run->sessions = tw_opcua_sessions_new(&env.limits);
    void *state = calloc(1, tw_opcua.state_size);
    tw_opcua.open(state, &env, &conn);
    struct tw_when when = {1, 1};
    for (size_t at = 1; at + 1 < size;) {
        unsigned dir = data[at + 1] >> 7;
        size_t len = (size_t)(data[at + 1] & 0x7f) << 8 | data[at];
        at += 2;
        len = len < size - at ? len : size - at;
        if (len == 0)
            tw_opcua.gap(state, &env, &conn, dir, 1, &when);
        for (size_t done = 0; done < len; done += step)
            segment(&env, &conn, state, dir, data + at + done,
                step < len - done ? step : len - done, &when);
        at += len;
        when.packet++;
        when.ts_ns += INT64_C(30000000000);
        if (tw_opcua.next_deadline(state) <= when.ts_ns)
            tw_opcua.tick(state, &env, &conn, &when);
        assert(tw_opcua.next_deadline(state) > when.ts_ns);
    }
    tw_opcua.close(state, &env, &conn, (enum tw_end)(data[0] >> 2 & 3), &when);
    free(state);
    tw_opcua_sessions_free(run->sessions);
    assert(tw_pool_stats(pool).in_use_bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    static struct run whole, split;
    run_reset(&whole);
    run_reset(&split);
    for (unsigned dir = 0; dir < 2; dir++)
        (void)tw_opcua.probe(tw_cur_of(data + 1, size - 1), dir, (data[0] & 1) != 0);
    feed(&whole, data, size, STEP_WHOLE);
    feed(&split, data, size, 1 + (data[0] >> 4));
    /* What is found after a loss depends on what a segment shows. */
    if (whole.counters.resyncs == 0 && split.counters.resyncs == 0 && (data[0] & 1) == 0)
        assert(tw_str_eq(tw_text_str(&whole.text), tw_text_str(&split.text)));
    return 0;
}
