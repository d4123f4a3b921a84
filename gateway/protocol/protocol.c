#include "protocol/protocol.h"

void tw_proto_event(struct tw_event *event, const struct tw_conn *conn, unsigned acting_side,
    const struct tw_when *when, enum tw_protocol protocol, enum tw_action action)
{
    *event = (struct tw_event){
        .ts_ns = when->ts_ns,
        .packet = when->packet,
        .flow_first_packet = conn->first_packet,
        .protocol = protocol,
        .action = action,
        .src = conn->side[acting_side & 1],
        .dst = conn->side[(acting_side & 1) ^ 1],
        .vlan = {conn->vlan[0], conn->vlan[1]},
        .n_vlan = conn->n_vlan,
        .tunnel = conn->tunnel.kind != NULL ? &conn->tunnel : NULL,
        .nano = conn->nano,
        .is_tcp = true,
        .flow = conn->flow,
    };
}
