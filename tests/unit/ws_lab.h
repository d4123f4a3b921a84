#pragma once
/* A WebSocket in the laboratory: the upgrade, frames built by hand, and MQTT inside as in
 * mqtt_lab.h. */

#include "mqtt_lab.h"
#include "protocol/websocket/websocket.h"

#define WS_GET(extra)                                                                              \
    "GET /mqtt?token=t0p HTTP/1.1\r\nHost: broker:9001\r\nUpgrade: websocket\r\n"                  \
    "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"           \
    "Origin: http://hmi\r\nSec-WebSocket-Protocol: chat, mqtt\r\nSec-WebSocket-Version: "          \
    "13\r\n" extra "\r\n"
#define WS_101(extra)                                                                              \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n" extra \
    "\r\n"

/* First bytes of frames: FIN and the opcode. */
enum { WS_BIN = 0x82, WS_BIN_MORE = 0x02, WS_MORE = 0x00, WS_LAST = 0x80, WS_RSV1 = 0x40 };

/* A frame into `out`; masked unless from the server. Returns its length. */
static inline size_t ws_frame(
    unsigned dir, unsigned first, const uint8_t *payload, size_t len, uint8_t *out)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    size_t n = 0;
    const uint8_t bit = dir == UP ? 0x80 : 0;
    out[n++] = (uint8_t)first;
    if (len < 126) {
        out[n++] = (uint8_t)(bit | len);
    } else if (len <= UINT16_MAX) {
        out[n++] = bit | 126;
        out[n++] = (uint8_t)(len >> 8);
        out[n++] = (uint8_t)len;
    } else {
        out[n++] = bit | 127;
        for (int i = 7; i >= 0; i--)
            out[n++] = (uint8_t)((uint64_t)len >> (8 * i));
    }
    if (bit != 0) {
        memcpy(out + n, mask, 4);
        n += 4;
    }
    for (size_t i = 0; i < len; i++)
        out[n + i] = bit != 0 ? payload[i] ^ mask[i & 3] : payload[i];
    return n + len;
}

static inline void ws_text(struct lab *lab, unsigned dir, const char *text)
{
    lab_bytes(lab, dir, (const uint8_t *)text, strlen(text));
}

static inline void ws_send_frame(
    struct lab *lab, unsigned dir, unsigned first, const void *payload, size_t len)
{
    uint8_t *bytes = malloc(len + 16);
    assert_non_null(bytes);
    size_t n = ws_frame(dir, first, payload, len, bytes);
    lab_bytes(lab, dir, bytes, n);
    free(bytes);
}

/* One MQTT packet in one frame. */
static inline void ws_send(struct lab *lab, unsigned dir, uint8_t first, const char *spec)
{
    uint8_t bytes[4096 + 8];
    size_t n = lab_packet(first, spec, bytes);
    ws_send_frame(lab, dir, WS_BIN, bytes, n);
}

static inline void ws_open_lab(struct lab *lab, size_t step, const char *get, const char *answer)
{
    lab_open_as(lab, &tw_mqtt_websocket, false);
    lab->step = step;
    ws_text(lab, UP, get);
    ws_text(lab, DOWN, answer);
}

/* Upgraded and connected as "x", both told. */
static inline void ws_begin(struct lab *lab, size_t step, const char *get, const char *answer)
{
    ws_open_lab(lab, step, get, answer);
    ws_send(lab, UP, 0x10, "s'MQTT' 04 02 0000 s'x'");
    ws_send(lab, DOWN, 0x20, "00 00");
    tw_text_clear(&lab->lines);
}
