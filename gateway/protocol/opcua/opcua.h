#pragma once
/* OPC UA over TCP: UA Connection Protocol, secure conversation and services [UA6 6, 7; UA4]. */

#include "protocol/protocol.h"

extern const struct tw_proto tw_opcua;
