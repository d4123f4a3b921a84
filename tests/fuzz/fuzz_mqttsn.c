/* A flow of MQTT-SN of hostile datagrams. Properties: every slice of an event can be read; what is
 * not malformed by itself is claimed on the usual port; all memory comes back. */

#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "event/emit_json.h"
#include "protocol/mqttsn/mqttsn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void collect(void *user, const struct tw_event *event)
{
    struct tw_text *text = user;
    tw_text_clear(text);
    tw_event_json(text, event);
}

static void digest(const void *p, size_t len, uint8_t out[32])
{
    for (size_t i = 0; i < 32; i++)
        out[i] = len > 0 ? ((const uint8_t *)p)[i % len] : 0;
}

/* The input: a byte of options, then datagrams (direction and length, bytes). */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tw_pool *pool;
    static struct tw_text text;
    struct tw_proto_counters counters = {0};
    if (size < 2)
        return 0;
    if (pool == NULL)
        pool = tw_pool_new((size_t)64 << 20);
    struct tw_proto_env env = {.emit = {collect, &text},
        .pool = pool,
        .limits = tw_limits_default(),
        .counters = &counters,
        .payload_sha256 = (data[0] & 1) != 0 ? digest : NULL,
        .next_serial = 1};
    const struct tw_conn conn = {.side = {{.port = 40000}, {.port = 1884}}, .flow = 1};
    void *state = calloc(1, tw_mqttsn.state_size);
    struct tw_when when = {1, 1};
    for (size_t at = 1; at < size;) {
        unsigned dir = data[at] >> 7;
        size_t len = data[at] & 0x7f;
        at++;
        len = len < size - at ? len : size - at;
        const struct tw_datagram shown = {tw_cur_of(data + at, len), {40000, 1884}, false};
        uint64_t malformed = counters.malformed;
        enum tw_probe said = tw_mqttsn.probe(&shown);
        tw_mqttsn.data(state, &env, &conn, dir, shown.bytes, &when);
        assert(said == TW_PROBE_YES || counters.malformed > malformed);
        at += len;
        when.packet++;
        when.ts_ns += 10000000000;
        if (tw_mqttsn.next_deadline(state) <= when.ts_ns)
            tw_mqttsn.tick(state, &env, &conn, &when);
        assert(tw_mqttsn.next_deadline(state) > when.ts_ns);
    }
    tw_mqttsn.close(state, &env, &conn, TW_END_INPUT, &when);
    free(state);
    assert(tw_pool_stats(pool).in_use_bytes == 0);
    return 0;
}
