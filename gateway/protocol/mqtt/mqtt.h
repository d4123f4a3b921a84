#pragma once
/* MQTT 3.1, 3.1.1 and 5.0 over TCP [MQTT311, MQTT5]. */

#include "protocol/protocol.h"

extern const struct tw_proto tw_mqtt;

/* An event about the connection `state` from what carries it: `out` and `out_info`, which it points
 * to, get all that every event of the connection has. */
void tw_mqtt_carrier_event(const void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    unsigned side, const struct tw_when *when, enum tw_action action, struct tw_event *out,
    struct tw_mqtt_info *out_info);
