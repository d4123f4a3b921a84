#pragma once
/* OPC UA PubSub over UDP: UADP, unicast and multicast [UA14 7.3.2]. Over MQTT it is a payload
 * (protocol/payload.h). */

#include "protocol/protocol.h"

extern const struct tw_datagram_proto tw_pubsub;
