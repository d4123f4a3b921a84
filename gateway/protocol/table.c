#include "protocol/mqtt/mqtt.h"
#include "protocol/opcua/opcua.h"
#include "protocol/protocol.h"

const struct tw_proto *const tw_protocols[] = {&tw_opcua, &tw_mqtt, NULL};
