#pragma once
/* A bench for flow/: packets go in by short calls, and everything that comes out is one text. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "flow/flow.h"
#include "frames.h"

struct rig {
    struct tw_proto_env env;
    struct tw_proto_counters counters;
    struct tw_flows *flows;
    int64_t now_ns;
    uint64_t packet;
    char log[32768];
    size_t len;
    bool times; /* log phase, packet and time of events */
};

/* The fake dissectors have no other way to reach the bench. */
static struct rig *rig_here;

static inline __attribute__((format(printf, 2, 3))) void rig_log(
    struct rig *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(r->log + r->len, sizeof(r->log) - r->len, format, args);
    va_end(args);
    if (n > 0 && r->len + (size_t)n < sizeof(r->log))
        r->len += (size_t)n;
}

static inline void rig_emit(void *user, const struct tw_event *e)
{
    struct rig *r = user;
    rig_log(r, "[%s", tw_action_name(e->action));
    if (r->times)
        rig_log(r, " ph%u p%llu t%lld", e->phase, (unsigned long long)e->packet,
            (long long)(e->ts_ns / TW_NS_PER_MS));
    if (e->app.p != NULL)
        rig_log(r, " %.*s", TW_STR_ARG(e->app));
    if (e->object.p != NULL)
        rig_log(r, " %.*s", TW_STR_ARG(e->object));
    if (e->flow_info != NULL && e->flow_info->path.p != NULL)
        rig_log(r, " %.*s", TW_STR_ARG(e->flow_info->path));
    rig_log(r, " %u>%u", e->src.port, e->dst.port);
    if (e->missing_bytes != 0)
        rig_log(r, " %llu", (unsigned long long)e->missing_bytes);
    if (e->flow_info != NULL && e->flow_info->guessed)
        rig_log(r, " guessed");
    if (e->flow_info != NULL && e->flow_info->has_totals)
        rig_log(r, " %s %llu/%llu %s", e->flow_info->transport,
            (unsigned long long)e->flow_info->packets, (unsigned long long)e->flow_info->bytes,
            e->flow_info->state);
    rig_log(r, "]");
}

/* "Fake" protocols: "ONE!" or "TWO!" start a direction, in the middle of a stream "one" and "two";
 * "t?" may be the second one.
 * What they are given is logged: ">abc" to the server, "<abc" from it. */
struct fake_state {
    uint64_t magic;
    int64_t deadline_ns;
    unsigned last;
    bool any;
};

static inline enum tw_probe fake_probe(
    struct tw_cur c, const char *start, const char *mid, bool in_mid)
{
    const size_t n = c.left < 4 ? c.left : 4;
    if (in_mid && c.left >= 3 && memcmp(c.p, mid, 3) == 0)
        return TW_PROBE_YES;
    if (memcmp(c.p, start, n) != 0)
        return TW_PROBE_NO;
    return n == 4 ? TW_PROBE_YES : TW_PROBE_MORE;
}

static inline enum tw_probe probe_one(struct tw_cur c, unsigned d, bool midstream)
{
    (void)d;
    return fake_probe(c, "ONE!", "one", midstream);
}

static inline enum tw_probe probe_two(struct tw_cur c, unsigned d, bool midstream)
{
    (void)d;
    if (c.left >= 2 && memcmp(c.p, "t?", 2) == 0)
        return TW_PROBE_WEAK;
    return fake_probe(c, "TWO!", "two", midstream);
}

static inline void fake_open(
    void *state, struct tw_proto_env *env, const struct tw_conn *conn, const char *name)
{
    struct fake_state *s = state;
    (void)env;
    if (s->magic != 0)
        rig_log(rig_here, "{state not zeroed}");
    s->magic = 42;
    s->deadline_ns = INT64_MAX;
    s->last = 9;
    rig_log(rig_here, "{%s %u>%u%s}", name, conn->side[0].port, conn->side[1].port,
        conn->midstream ? " mid" : "");
}

static inline void open_one(void *state, struct tw_proto_env *env, const struct tw_conn *conn)
{
    fake_open(state, env, conn, "one");
}

static inline void open_two(void *state, struct tw_proto_env *env, const struct tw_conn *conn)
{
    fake_open(state, env, conn, "two");
}

static inline void fake_data(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    unsigned d, struct tw_cur c, const struct tw_when *when)
{
    struct fake_state *s = state;
    (void)env;
    (void)conn;
    if (s->last != d)
        rig_log(rig_here, "%c", d == 0 ? '>' : '<');
    s->last = d;
    rig_log(rig_here, "%.*s", (int)c.left, (const char *)c.p);
    if (c.left >= 4 && memcmp(c.p, "wait", 4) == 0)
        s->deadline_ns = when->ts_ns + 5 * TW_NS_PER_S;
}

static inline void fake_gap(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    unsigned d, uint64_t missing, const struct tw_when *when)
{
    (void)state;
    (void)env;
    (void)conn;
    (void)when;
    rig_log(rig_here, "{gap%u %llu}", d, (unsigned long long)missing);
}

static inline void fake_tick(
    void *state, struct tw_proto_env *env, const struct tw_conn *conn, const struct tw_when *when)
{
    struct fake_state *s = state;
    struct tw_event e;
    s->deadline_ns = INT64_MAX;
    tw_proto_event(&e, conn, 0, when, TW_PROTO_OPCUA, TW_ACTION_READ);
    tw_emit(&env->emit, &e);
}

static inline int64_t fake_deadline(const void *state)
{
    return ((const struct fake_state *)state)->deadline_ns;
}

static inline void fake_close(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    enum tw_end reason, const struct tw_when *when)
{
    static const char *const names[] = {"closed", "reset", "idle", "evicted", "input"};
    (void)state;
    (void)env;
    (void)conn;
    (void)when;
    rig_log(rig_here, "{%s}", names[reason]);
}

static const struct tw_proto fake_one = {"one", TW_PROTO_OPCUA, sizeof(struct fake_state),
    probe_one, open_one, fake_data, fake_gap, fake_tick, fake_deadline, fake_close, .ports = {0}};
static const struct tw_proto fake_two = {"two", TW_PROTO_MQTT, sizeof(struct fake_state), probe_two,
    open_two, fake_data, fake_gap, fake_tick, fake_deadline, fake_close, .ports = {1883}};
static const struct tw_proto *const fakes[] = {&fake_one, &fake_two, NULL};

static inline struct rig *rig_new_of(
    const struct tw_proto *const *protocols, size_t capacity, bool ndpi)
{
    struct rig *r = calloc(1, sizeof(*r));
    r->env = (struct tw_proto_env){.emit = {rig_emit, r},
        .pool = tw_pool_new(16 << 20),
        .limits = tw_limits_default(),
        .counters = &r->counters,
        .next_serial = 1};
    const struct tw_flows_config config = {
        .capacity = capacity, .protocols = protocols, .env = &r->env, .ndpi = ndpi};
    r->flows = tw_flows_new(&config);
    r->now_ns = 1000 * TW_NS_PER_S;
    rig_here = r;
    return r;
}

static inline struct rig *rig_new(size_t capacity, bool ndpi)
{
    return rig_new_of(fakes, capacity, ndpi);
}

/* Nothing may be left in the pool. Returns bytes still in use. */
static inline size_t rig_free(struct rig *r)
{
    tw_flows_free(r->flows);
    const size_t left = tw_pool_stats(r->env.pool).in_use_bytes;
    tw_pool_free(r->env.pool);
    free(r);
    return left;
}

static inline void rig_frame(struct rig *r, const struct frame *f, int linktype)
{
    struct tw_packet p = {.ts_ns = r->now_ns, .number = ++r->packet};
    tw_packet_decode(&p, linktype, tw_cur_of(f->b, f->len), (uint32_t)f->len);
    tw_flows_packet(r->flows, &p);
    r->now_ns += TW_NS_PER_MS;
}

enum { CLIENT = 40000, SERVER = 4840 };

/* One segment between 10.0.0.1:40000 and 10.0.0.2:4840, `d` 1 from the server. */
static inline void rig_tcp(
    struct rig *r, unsigned d, unsigned flags, uint32_t seq, uint32_t ack, const char *data)
{
    struct frame f = {.len = 0};
    const size_t n = strlen(data);
    frame_ether(&f, 0x0800);
    frame_ipv4(&f, 6, d ? 2 : 1, d ? 1 : 2, 20 + n, 1, 0);
    frame_tcp(&f, 14, d ? SERVER : CLIENT, d ? CLIENT : SERVER, seq, ack, flags, data, n);
    rig_frame(r, &f, 1);
}

static inline void rig_udp(struct rig *r, unsigned d, unsigned port, const void *data, size_t n)
{
    struct frame f = {.len = 0};
    frame_ether(&f, 0x0800);
    frame_ipv4(&f, 17, d ? 2 : 1, d ? 1 : 2, 8 + n, 1, 0);
    frame_udp(&f, d ? port : CLIENT, d ? CLIENT : port, data, n);
    rig_frame(r, &f, 1);
}

/* Client's first byte is 1001, the server's 5001. */
static inline void rig_handshake(struct rig *r)
{
    rig_tcp(r, 0, TW_TCP_SYN, 1000, 0, "");
    rig_tcp(r, 1, TW_TCP_SYN | TW_TCP_ACK, 5000, 1001, "");
    rig_tcp(r, 0, TW_TCP_ACK, 1001, 5001, "");
}

static inline void rig_finish(struct rig *r)
{
    tw_flows_finish(r->flows, r->now_ns, r->packet);
}

static inline void rig_wait(struct rig *r, int64_t ms)
{
    r->now_ns += ms * TW_NS_PER_MS;
    tw_flows_tick(r->flows, r->now_ns, r->packet);
}
