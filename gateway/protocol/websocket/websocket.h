#pragma once
/* MQTT over WebSocket [RFC6455, MQTT5 6]: the HTTP/1.1 upgrade, frames, permessage-deflate
 * [RFC7692]. What it unwraps goes to the MQTT dissector as a stream of bytes, with gaps told, as if
 * it had come over TCP. A PROXY header may stand before the upgrade. */

#include "protocol/protocol.h"

extern const struct tw_proto tw_mqtt_websocket;
