/* MQTT over TLS on two directions of hostile bytes, opened by a cipher for children (tls_lab.h) so
 * that what is inside is reached. Properties: every slice of an event can be read; without a loss
 * the events do not depend on how the bytes were cut into segments; all memory comes back. */

#include <assert.h>

#include "tls_lab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct tw_text text;
    struct tw_proto_counters counters;
    bool holes;
};

static void collect(void *user, const struct tw_event *event)
{
    struct run *run = user;
    tw_event_json(&run->text, event);
}

/* The hellos that stand before the input, by two bits of its options. */
static void greet(const struct tw_conn *conn, struct tw_proto_env *env, void *state, unsigned which)
{
    static const char *const servers[] = {NULL, TLS_SERVER_13, TLS_SERVER_12, TLS_SERVER_13};
    const struct tw_when when = {1, 1};
    uint8_t bytes[1200];
    if (servers[which] == NULL)
        return;
    size_t n = tls_hello(false, TLS_CLIENT, bytes);
    tw_mqtt_tls.data(state, env, conn, UP, tw_cur_of(bytes, n), &when);
    n = tls_hello(true, servers[which], bytes);
    tw_mqtt_tls.data(state, env, conn, DOWN, tw_cur_of(bytes, n), &when);
}

/* The input: a byte of options, then pieces (direction and length, bytes); length 0 is a gap. */
static void feed(struct run *run, const uint8_t *data, size_t size, size_t step)
{
    static struct tw_pool *pool;
    if (pool == NULL)
        pool = tw_pool_new((size_t)64 << 20);
    struct tw_proto_env env = {.emit = {collect, run},
        .pool = pool,
        .limits = tw_limits_default(),
        .counters = &run->counters,
        .next_serial = 1};
    const struct tw_conn conn = {.side = {{.port = 40000}, {.port = 8883}}, .flow = 1};
    void *state = calloc(1, tw_mqtt_tls.state_size);
    struct tw_when when = {1, 2};
    toy_lend(&env);
    tw_mqtt_tls.open(state, &env, &conn);
    greet(&conn, &env, state, data[0] & 3);
    for (size_t at = 1; at < size;) {
        unsigned dir = data[at] >> 7;
        size_t len = data[at] & 0x7f;
        at++;
        len = len < size - at ? len : size - at;
        run->holes = run->holes || len == 0;
        if (len == 0)
            tw_mqtt_tls.gap(state, &env, &conn, dir, 1, &when);
        for (size_t done = 0; done < len; done += step) {
            size_t n = step < len - done ? step : len - done;
            tw_mqtt_tls.data(state, &env, &conn, dir, tw_cur_of(data + at + done, n), &when);
        }
        at += len;
        when.packet++;
        when.ts_ns += 1000000000;
        if (tw_mqtt_tls.next_deadline(state) <= when.ts_ns)
            tw_mqtt_tls.tick(state, &env, &conn, &when);
    }
    tw_mqtt_tls.close(state, &env, &conn, (enum tw_end)(data[0] >> 2 & 3), &when);
    free(state);
    assert(tw_pool_stats(pool).in_use_bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run whole, split;
    if (size < 2)
        return 0;
    (void)tw_mqtt_tls.probe(tw_cur_of(data + 1, size - 1), 0, false);
    whole.counters = split.counters = (struct tw_proto_counters){0};
    whole.holes = split.holes = false;
    tw_text_clear(&whole.text);
    tw_text_clear(&split.text);
    feed(&whole, data, size, 128);
    feed(&split, data, size, 1 + (data[0] >> 4));
    if (!whole.holes && whole.counters.resyncs == 0 && split.counters.resyncs == 0)
        assert(tw_str_eq(tw_text_str(&whole.text), tw_text_str(&split.text)));
    return 0;
}
