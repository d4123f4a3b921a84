#pragma once
/* The HTTP/1.1 exchange that turns a connection into a WebSocket [RFC6455 4]. */

#include "base/cursor.h"

/* A longer head is not waited for. */
enum { TW_HTTP_MAX_HEAD = 8192 };

/* permessage-deflate as the server agreed to it [RFC7692 7.1]; [0] what the client sends. */
struct tw_ws_deflate {
    bool on;
    bool no_takeover[2]; /* each message starts without a window */
    uint8_t window_bits[2];
};

/* Views into the head. */
struct tw_http_head {
    uint16_t status; /* of a response; 0 for a request */
    bool upgrades;   /* it asks for, or agrees to, a WebSocket */
    bool mqtt;       /* one of the subprotocols is MQTT */
    struct tw_str path, host, origin;
    struct tw_str subprotocol; /* the first that is MQTT, else the first */
    struct tw_ws_deflate deflate;
};

/* Length of the head that `bytes` start with, up to the empty line. TW_NEED_MORE without its end,
 * TW_NOT_FOUND when this is neither a GET nor an HTTP/1 response, or longer than a head may be. */
enum tw_status tw_http_head_length(struct tw_cur bytes, size_t *out_len);
/* Read a whole head. False when its first line or a header is none. */
bool tw_http_head_read(struct tw_cur head, struct tw_http_head *out);
