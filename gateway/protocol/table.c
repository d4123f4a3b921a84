#include "protocol/mqtt/anomaly.h"
#include "protocol/mqtt/mqtt.h"
#include "protocol/mqttsn/mqttsn.h"
#include "protocol/opcua/anomaly.h"
#include "protocol/opcua/opcua.h"
#include "protocol/protocol.h"
#include "protocol/pubsub/anomaly.h"
#include "protocol/pubsub/pubsub.h"
#include "protocol/tls/tls.h"
#include "protocol/websocket/websocket.h"

const struct tw_proto *const tw_protocols[] = {
    &tw_opcua, &tw_mqtt, &tw_mqtt_websocket, &tw_mqtt_tls, NULL};
const struct tw_datagram_proto *const tw_datagram_protocols[] = {&tw_pubsub, &tw_mqttsn, NULL};

#define NAME_ONLY(id, name) {name, NULL},
#define NAME_AND_DOC(id, name, doc) {name, doc},

static const struct tw_anomaly opcua[] = {TW_OPCUA_ANOMALY_TABLE(NAME_ONLY){NULL, NULL}};
static const struct tw_anomaly mqtt[] = {TW_MQTT_ANOMALY_TABLE(NAME_AND_DOC){NULL, NULL}};
static const struct tw_anomaly pubsub[] = {TW_PUBSUB_ANOMALY_TABLE(NAME_ONLY){NULL, NULL}};

const struct tw_anomaly_list tw_anomaly_lists[] = {
    {"opcua", opcua}, {"mqtt", mqtt}, {"pubsub", pubsub}, {NULL, NULL}};
