#pragma once
/* MQTT 3.1, 3.1.1 and 5.0 over TCP [MQTT311, MQTT5]. */

#include "protocol/protocol.h"

extern const struct tw_proto tw_mqtt;
