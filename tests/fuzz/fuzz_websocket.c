/* MQTT over WebSocket on two directions of hostile bytes, the upgrade before them made up unless
 * the input brings its own. Properties: every slice of an event can be read; the events do not
 * depend on how the bytes were cut into segments; all memory comes back. */

#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "event/emit_json.h"
#include "protocol/websocket/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct tw_text text;
    struct tw_proto_counters counters;
};

static void collect(void *user, const struct tw_event *event)
{
    struct run *run = user;
    tw_event_json(&run->text, event);
}

static void digest(const void *p, size_t len, uint8_t out[32])
{
    for (size_t i = 0; i < 32; i++)
        out[i] = len > 0 ? ((const uint8_t *)p)[i % len] : 0;
}

#define UPGRADE(extra)                                                                             \
    "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: x\r\n"                        \
    "Sec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: mqtt\r\n" extra "\r\n"
#define GET "GET /mqtt HTTP/1.1\r\n" UPGRADE("")
#define SWITCHING "HTTP/1.1 101 Switching Protocols\r\n"
#define DEFLATE "Sec-WebSocket-Extensions: permessage-deflate"

/* By two bits of the options: the answer to a made up request; NULL: none was made up. */
static const char *const answers[] = {NULL, SWITCHING UPGRADE(""),
    SWITCHING UPGRADE(DEFLATE "\r\n"),
    SWITCHING UPGRADE(DEFLATE "; client_no_context_takeover; server_no_context_takeover\r\n")};

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
    const struct tw_conn conn = {
        .side = {{.port = 40000}, {.port = 1883}}, .midstream = (data[0] & 1) != 0, .flow = 1};
    if ((data[0] & 2) != 0)
        env.payload_sha256 = digest;
    void *state = calloc(1, tw_mqtt_websocket.state_size);
    tw_mqtt_websocket.open(state, &env, &conn);
    struct tw_when when = {1, 1};
    const char *answer = answers[data[0] >> 2 & 3];
    if (answer != NULL && !conn.midstream) {
        tw_mqtt_websocket.data(state, &env, &conn, 0, tw_cur_of(GET, sizeof(GET) - 1), &when);
        tw_mqtt_websocket.data(state, &env, &conn, 1, tw_cur_of(answer, strlen(answer)), &when);
    }
    for (size_t at = 1; at < size;) {
        unsigned dir = data[at] >> 7;
        size_t len = data[at] & 0x7f;
        at++;
        len = len < size - at ? len : size - at;
        if (len == 0)
            tw_mqtt_websocket.gap(state, &env, &conn, dir, 1, &when);
        for (size_t done = 0; done < len; done += step) {
            size_t n = step < len - done ? step : len - done;
            tw_mqtt_websocket.data(state, &env, &conn, dir, tw_cur_of(data + at + done, n), &when);
        }
        at += len;
        when.packet++;
        when.ts_ns += 1000000000;
        if (tw_mqtt_websocket.next_deadline(state) <= when.ts_ns)
            tw_mqtt_websocket.tick(state, &env, &conn, &when);
    }
    tw_mqtt_websocket.close(state, &env, &conn, (enum tw_end)(data[0] >> 4 & 3), &when);
    free(state);
    assert(tw_pool_stats(pool).in_use_bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    static struct run whole, split;
    whole.counters = split.counters = (struct tw_proto_counters){0};
    tw_text_clear(&whole.text);
    tw_text_clear(&split.text);
    for (unsigned dir = 0; dir < 2; dir++)
        (void)tw_mqtt_websocket.probe(tw_cur_of(data + 1, size - 1), dir, (data[0] & 1) != 0);
    feed(&whole, data, size, 128);
    feed(&split, data, size, 1 + (data[0] >> 4));
    /* What is found after a loss depends on what a segment shows. */
    if (whole.counters.resyncs == 0 && split.counters.resyncs == 0 && (data[0] & 1) == 0)
        assert(tw_str_eq(tw_text_str(&whole.text), tw_text_str(&split.text)));
    return 0;
}
