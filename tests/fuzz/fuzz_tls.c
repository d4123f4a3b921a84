/* MQTT over TLS on two directions of hostile bytes, opened by a cipher for children (tls_lab.h) so
 * that what is inside is reached. Properties: every slice of an event can be read; without a loss
 * the events do not depend on how the bytes were cut into segments; all memory comes back. */

#include "stream_feed.h"
#include "tls_lab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void lend_toy(struct tw_proto_env *env, uint8_t options)
{
    (void)options;
    toy_lend(env);
}

/* The hellos that stand before the input, by two bits of its options. */
static void greet(
    void *state, struct tw_proto_env *env, const struct tw_conn *conn, uint8_t options)
{
    static const char *const servers[] = {NULL, TLS_SERVER_13, TLS_SERVER_12, TLS_SERVER_13};
    const char *server = servers[options & 3];
    const struct tw_when when = {1, 1};
    uint8_t bytes[1200];
    if (server == NULL)
        return;
    size_t n = tls_hello(false, TLS_CLIENT, bytes);
    tw_mqtt_tls.data(state, env, conn, UP, tw_cur_of(bytes, n), &when);
    n = tls_hello(true, server, bytes);
    tw_mqtt_tls.data(state, env, conn, DOWN, tw_cur_of(bytes, n), &when);
}

/* The first segment, of either side, of a connection seen from its start or not. */
static void probe(struct tw_cur first)
{
    struct tw_proto_counters counters = {.gaps = 0};
    struct tw_proto_env env = {.counters = &counters};
    assert(!tw_mqtt_tls.wanted(&env, first));
    toy_lend(&env);
    for (unsigned way = 0; way < 4; way++) {
        if (tw_mqtt_tls.probe(first, way & 1, way > 1) == TW_PROBE_YES)
            (void)tw_mqtt_tls.wanted(&env, first);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct stream s = {.proto = &tw_mqtt_tls,
        .port = 8883,
        .loses = true,
        .end = (enum tw_end)(data[0] >> 2 & 3),
        .lend = lend_toy,
        .greet = greet};
    probe(tw_cur_of(data + 2, size - 2));
    feed_twice(&s, data, size);
    return 0;
}
