#pragma once
/* OPC UA PubSub over UDP, unicast and multicast [UA14 7.3.2], and over Ethernet [UA14 7.3.3]: UADP.
 * Over MQTT it is a payload (protocol/payload.h). */

#include "protocol/protocol.h"

extern const struct tw_datagram_proto tw_pubsub;
