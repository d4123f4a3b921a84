#include "protocol/mqtt/mqtt.h"
#include "protocol/mqttsn/mqttsn.h"
#include "protocol/opcua/opcua.h"
#include "protocol/protocol.h"
#include "protocol/pubsub/pubsub.h"
#include "protocol/tls/tls.h"
#include "protocol/websocket/websocket.h"

const struct tw_proto *const tw_protocols[] = {
    &tw_opcua, &tw_mqtt, &tw_mqtt_websocket, &tw_mqtt_tls, NULL};
const struct tw_datagram_proto *const tw_datagram_protocols[] = {&tw_pubsub, &tw_mqttsn, NULL};
