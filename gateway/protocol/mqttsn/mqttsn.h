#pragma once
/* MQTT-SN 1.2 over UDP [MQTT-SN]: told as the actions of MQTT, with the names that numbers stand
 * for where their registration was seen. */

#include "protocol/protocol.h"

extern const struct tw_datagram_proto tw_mqttsn;
