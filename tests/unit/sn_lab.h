#pragma once
/* A flow of MQTT-SN in the laboratory; datagrams are written as bodies are in mqtt_lab.h, their
 * length is put in. */

#include "mqtt_lab.h"
#include "protocol/mqttsn/mqttsn.h"

struct sn_lab {
    struct lab lab;
    struct guard guard;
};

static inline void sn_open(struct sn_lab *s)
{
    *s = (struct sn_lab){.lab = {.when = {1000, 0}}, .guard = guard_new()};
    s->lab.env = (struct tw_proto_env){.emit = {lab_collect, &s->lab},
        .pool = tw_pool_new((size_t)64 << 20),
        .limits = tw_limits_default(),
        .counters = &s->lab.counters,
        .next_serial = 1};
    s->lab.conn = (struct tw_conn){.side = {{.port = 40000}, {.port = 1883}}, .flow = 1};
    s->lab.state = calloc(1, tw_mqttsn.state_size);
    assert_non_null(s->lab.state);
}

/* A datagram as it stands. */
static inline void sn_datagram(struct sn_lab *s, unsigned dir, const uint8_t *p, size_t len)
{
    s->lab.when.packet++;
    s->lab.when.ts_ns += 1000;
    tw_mqttsn.data(s->lab.state, &s->lab.env, &s->lab.conn, dir,
        tw_cur_of(guard_put(&s->guard, p, len), len), &s->lab.when);
}

/* Type and body; returns the length. */
static inline size_t sn_message(const char *spec, uint8_t *out)
{
    size_t n = lab_body(spec, out + 1);
    out[0] = (uint8_t)(n + 1);
    return n + 1;
}

static inline void sn_send(struct sn_lab *s, unsigned dir, const char *spec)
{
    uint8_t bytes[300];
    size_t n = sn_message(spec, bytes);
    sn_datagram(s, dir, bytes, n);
}

static inline void sn_end(struct sn_lab *s)
{
    s->lab.when.packet++;
    tw_mqttsn.close(s->lab.state, &s->lab.env, &s->lab.conn, TW_END_INPUT, &s->lab.when);
    assert_int_equal(tw_pool_stats(s->lab.env.pool).in_use_bytes, 0);
}

static inline void sn_free(struct sn_lab *s)
{
    free(s->lab.state);
    tw_pool_free(s->lab.env.pool);
    tw_text_free(&s->lab.lines);
    guard_free(&s->guard);
}
