/* Frames of any link type through decoding, defragmentation and the flow table. What is decoded
 * stays inside the frame; whatever came in, the end gives all memory back. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "capture/packet.h"
#include "flow/defrag.h"
#include "flow/flow.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(struct tw_cur part, struct tw_cur whole)
{
    return part.left == 0 || (part.p >= whole.p && part.p + part.left <= whole.p + whole.left);
}

static void check(const struct tw_packet *p, struct tw_cur frame)
{
    assert(p->n_vlan <= 2 && p->tunnel.depth <= 4);
    assert((p->tunnel.kind != NULL) == (p->tunnel.depth > 0));
    if (p->kind != TW_PACKET_IP && p->kind != TW_PACKET_FRAGMENT)
        return;
    assert(is_inside(p->ip, frame) && is_inside(p->payload, p->ip));
    assert(p->payload.left <= p->payload_len);
    assert(p->cut == (p->payload.left < p->payload_len));
    assert(p->src.ip.family == 4 || p->src.ip.family == 6);
    assert(p->src.ip.family == p->dst.ip.family);
    struct tw_packet back = *p;
    back.src = p->dst;
    back.dst = p->src;
    assert(tw_packet_flow_hash(p) == tw_packet_flow_hash(&back));
    (void)tw_packet_checksum_ok(p);
}

struct state {
    uint64_t bytes[2];
    bool closed;
};

static enum tw_probe probe(struct tw_cur bytes, unsigned direction, bool midstream)
{
    uint8_t first;
    (void)direction;
    (void)midstream;
    if (!tw_cur_peek(&bytes, 0, &first))
        return TW_PROBE_MORE;
    return (enum tw_probe)(first & 3);
}

static void open_state(void *state, struct tw_proto_env *env, const struct tw_conn *conn)
{
    const struct state *s = state;
    (void)env;
    (void)conn;
    assert(!s->closed && s->bytes[0] == 0 && s->bytes[1] == 0);
}

static void take(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    unsigned direction, struct tw_cur bytes, const struct tw_when *when)
{
    struct state *s = state;
    (void)env;
    (void)conn;
    (void)when;
    assert(!s->closed && direction < 2);
    s->bytes[direction] += bytes.left;
}

static void gap(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    unsigned direction, uint64_t missing, const struct tw_when *when)
{
    const struct state *s = state;
    (void)env;
    (void)conn;
    (void)direction;
    (void)when;
    assert(!s->closed && missing > 0);
}

static void tick(
    void *state, struct tw_proto_env *env, const struct tw_conn *conn, const struct tw_when *when)
{
    (void)state;
    (void)env;
    (void)conn;
    (void)when;
}

static int64_t next_deadline(const void *state)
{
    const struct state *s = state;
    return s->bytes[0] % 7 == 6 ? 1000000 : INT64_MAX;
}

static void close_state(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    enum tw_end reason, const struct tw_when *when)
{
    struct state *s = state;
    (void)env;
    (void)conn;
    (void)reason;
    (void)when;
    assert(!s->closed);
    s->closed = true;
}

static const struct tw_proto proto = {"fuzz", TW_PROTO_MQTT, sizeof(struct state), probe,
    open_state, take, gap, tick, next_deadline, close_state, NULL, {80, 0}, 0, NULL};
static const struct tw_proto *const protocols[] = {&proto, NULL};

static void emit(void *user, const struct tw_event *event)
{
    uint64_t *flows_ended = user;
    assert(event->src.ip.family == event->dst.ip.family);
    if (event->action == TW_ACTION_FLOW && event->flow_info->has_totals)
        ++*flows_ended;
}

/* The input: a link type, then frames, each behind its length (two bytes) and a time step. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int linktypes[] = {1, 113, 276, 12, 228, 229, 0, 108};
    struct tw_cur input = tw_cur_of(data, size), frame;
    uint64_t ended = 0, number = 0;
    int64_t now_ns = 0;
    uint8_t type, step;
    uint16_t len;
    if (!tw_cur_u8(&input, &type))
        return 0;
    struct tw_proto_env env = {.emit = {emit, &ended},
        .pool = tw_pool_new(1 << 20),
        .limits = tw_limits_default(),
        .next_serial = 1};
    const struct tw_flows_config config = {.capacity = 4, .protocols = protocols, .env = &env};
    struct tw_flows *flows = tw_flows_new(&config);
    struct tw_defrag *defrag = tw_defrag_new(4);
    assert(env.pool != NULL && flows != NULL && defrag != NULL);
    while (tw_cur_u16be(&input, &len) && tw_cur_u8(&input, &step)) {
        if (!tw_cur_sub(&input, len < input.left ? len : input.left, &frame))
            break;
        now_ns += (int64_t)step * step * step * 1000000;
        struct tw_packet p = {.ts_ns = now_ns, .number = ++number};
        tw_packet_decode(&p, linktypes[type % 8], frame, (uint32_t)frame.left + (type >> 6));
        check(&p, frame);
        if (p.kind == TW_PACKET_FRAGMENT)
            (void)tw_defrag_packet(defrag, &p);
        if (p.kind == TW_PACKET_IP)
            tw_flows_packet(flows, &p);
        tw_flows_tick(flows, now_ns, number);
    }
    tw_flows_finish(flows, now_ns, number);
    const struct tw_flows_stats s = tw_flows_stats(flows);
    assert(s.active == 0 && ended + s.mqtt_flows == s.flows);
    tw_flows_free(flows);
    tw_defrag_free(defrag);
    assert(tw_pool_stats(env.pool).in_use_bytes == 0);
    tw_pool_free(env.pool);
    return 0;
}
