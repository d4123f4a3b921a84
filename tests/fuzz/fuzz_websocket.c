/* MQTT over WebSocket on two directions of hostile bytes, the upgrade before them made up unless
 * the input brings its own. Properties: every slice of an event can be read; the events do not
 * depend on how the bytes were cut into segments; all memory comes back. */

#include "protocol/websocket/websocket.h"
#include "stream_feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

static void greet(
    void *state, struct tw_proto_env *env, const struct tw_conn *conn, uint8_t options)
{
    const struct tw_when when = {1, 1};
    const char *answer = answers[options >> 2 & 3];
    if (answer == NULL || conn->midstream)
        return;
    tw_mqtt_websocket.data(state, env, conn, 0, tw_cur_of(GET, sizeof(GET) - 1), &when);
    tw_mqtt_websocket.data(state, env, conn, 1, tw_cur_of(answer, strlen(answer)), &when);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct stream s = {.proto = &tw_mqtt_websocket,
        .port = 1883,
        .midstream = (data[0] & 1) != 0,
        .end = (enum tw_end)(data[0] >> 4 & 3),
        .lend = lend_digest,
        .greet = greet};
    for (unsigned dir = 0; dir < 2; dir++)
        (void)tw_mqtt_websocket.probe(tw_cur_of(data + 2, size - 2), dir, s.midstream);
    feed_twice(&s, data, size);
    return 0;
}
