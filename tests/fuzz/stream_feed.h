#pragma once
/* Two directions of hostile bytes for a dissector on TCP. The input is a byte of options, then
 * pieces (direction and length, bytes); length 0 is a gap. */

#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "event/emit_json.h"
#include "protocol/protocol.h"

/* What is fed, by the byte of options. `lend` adds to the environment, `greet` gives what stands
 * before the input; both may be NULL. */
struct stream {
    const struct tw_proto *proto;
    uint16_t port;
    bool midstream;
    bool loses; /* after a hole the events may depend on the segments */
    enum tw_end end;
    void (*lend)(struct tw_proto_env *env, uint8_t options);
    void (*greet)(
        void *state, struct tw_proto_env *env, const struct tw_conn *conn, uint8_t options);
};

struct run {
    struct tw_text text; /* the events, as they are printed */
    struct tw_proto_counters counters;
    bool holes;
};

static void collect(void *user, const struct tw_event *event)
{
    struct run *run = user;
    tw_event_json(&run->text, event);
}

/* A digest of payloads that costs nothing, by the second bit of the options. */
static inline void digest(const void *p, size_t len, uint8_t out[32])
{
    for (size_t i = 0; i < 32; i++)
        out[i] = len > 0 ? ((const uint8_t *)p)[i % len] : 0;
}

static inline void lend_digest(struct tw_proto_env *env, uint8_t options)
{
    if ((options & 2) != 0)
        env->payload_sha256 = digest;
}

static void feed_pieces(const struct stream *s, struct run *run, void *state,
    struct tw_proto_env *env, const struct tw_conn *conn, struct tw_when *when, const uint8_t *data,
    size_t size, size_t step)
{
    for (size_t at = 1; at < size;) {
        unsigned dir = data[at] >> 7;
        size_t len = data[at] & 0x7f;
        at++;
        len = len < size - at ? len : size - at;
        run->holes = run->holes || len == 0;
        if (len == 0)
            s->proto->gap(state, env, conn, dir, 1, when);
        for (size_t done = 0; done < len; done += step) {
            size_t n = step < len - done ? step : len - done;
            s->proto->data(state, env, conn, dir, tw_cur_of(data + at + done, n), when);
        }
        at += len;
        when->packet++;
        when->ts_ns += 1000000000;
        if (s->proto->next_deadline(state) <= when->ts_ns)
            s->proto->tick(state, env, conn, when);
    }
}

/* A connection that ended for it was silent for an hour: what waits is overdue. */
static void wait_for_the_end(const struct stream *s, void *state, struct tw_proto_env *env,
    const struct tw_conn *conn, struct tw_when *when)
{
    if (s->end != TW_END_IDLE)
        return;
    when->ts_ns += INT64_C(3600000000000);
    if (s->proto->next_deadline(state) <= when->ts_ns)
        s->proto->tick(state, env, conn, when);
}

static void feed(const struct stream *s, struct run *run, struct tw_pool *pool, const uint8_t *data,
    size_t size, size_t step)
{
    run->counters = (struct tw_proto_counters){0};
    run->holes = false;
    tw_text_clear(&run->text);
    struct tw_proto_env env = {.emit = {collect, run},
        .pool = pool,
        .limits = tw_limits_default(),
        .counters = &run->counters,
        .next_serial = 1};
    const struct tw_conn conn = {
        .side = {{.port = 40000}, {.port = s->port}}, .midstream = s->midstream, .flow = 1};
    struct tw_when when = {1, 2};
    if (s->lend != NULL)
        s->lend(&env, data[0]);
    void *state = calloc(1, s->proto->state_size);
    s->proto->open(state, &env, &conn);
    if (s->greet != NULL)
        s->greet(state, &env, &conn, data[0]);
    feed_pieces(s, run, state, &env, &conn, &when, data, size, step);
    wait_for_the_end(s, state, &env, &conn, &when);
    s->proto->close(state, &env, &conn, s->end, &when);
    free(state);
    assert(tw_pool_stats(pool).in_use_bytes == 0);
}

/* Again with next to no memory: no event is promised, but all that there was comes back. */
static void feed_starved(const struct stream *s, const uint8_t *data, size_t size)
{
    enum { SIZES = 8, LEAST = 256 };
    static struct tw_pool *pools[SIZES];
    static struct run run;
    struct tw_pool **pool = &pools[size % SIZES];
    if (*pool == NULL)
        *pool = tw_pool_new((size_t)LEAST << size % SIZES);
    feed(s, &run, *pool, data, size, 128);
}

/* The same bytes in other segments are the same events. What is found after a loss depends on what
 * a segment shows. */
static void feed_twice(const struct stream *s, const uint8_t *data, size_t size)
{
    static struct run whole, split;
    static struct tw_pool *pool;
    char name[32];
    assert(s->proto->counter_name(data[0], name, sizeof(name)) < sizeof(name));
    if (pool == NULL)
        pool = tw_pool_new((size_t)64 << 20);
    feed(s, &whole, pool, data, size, 128);
    feed(s, &split, pool, data, size, 1 + (data[0] >> 4));
    feed_starved(s, data, size);
    if (whole.counters.resyncs == 0 && split.counters.resyncs == 0 && !s->midstream &&
        !(s->loses && whole.holes))
        assert(tw_str_eq(tw_text_str(&whole.text), tw_text_str(&split.text)));
}
