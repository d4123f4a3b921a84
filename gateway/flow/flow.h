#pragma once
/* The flows of one worker: table, TCP reassembly, recognition of OPC UA and MQTT on any port, nDPI
 * on everything, and the `flow`, `gap` and `conflict` events. Bounded: when the table is full the
 * flow that was quiet longest ends. One thread per instance. */

#include "capture/packet.h"
#include "protocol/protocol.h"

struct tw_flows;

struct tw_flows_config {
    size_t capacity;                                           /* flows */
    const struct tw_proto *const *protocols;                   /* NULL-ended */
    const struct tw_datagram_proto *const *datagram_protocols; /* the same; NULL: none */
    struct tw_proto_env *env; /* lent to the dissectors; events of flow/ go there too */
    bool ndpi;
    bool verify_checksums; /* count bad TCP checksums too; costs a pass over the bytes */
};

struct tw_flows_stats {
    uint64_t flows, evicted, packets, tcp_packets, udp_packets;
    uint64_t retransmitted_bytes, out_of_order, gaps, gap_bytes, conflicts;
    uint64_t bad_checksums, opcua_flows, mqtt_flows; /* opcua_flows: those of PubSub too */
    size_t active;
};

/* NULL when memory is short or nDPI does not start. */
struct tw_flows *tw_flows_new(const struct tw_flows_config *config);
void tw_flows_free(struct tw_flows *f);

/* One packet of kind TW_PACKET_IP or TW_PACKET_LINK. */
void tw_flows_packet(struct tw_flows *f, const struct tw_packet *p);

/* Event time passed `now_ns` with `packet` the last one seen: end idle flows, report requests that
 * waited too long. Events carry phase 1, their own deadline as ts_ns, and `packet`. Called at the
 * same points of the capture for every worker, whatever the number of workers. */
void tw_flows_tick(struct tw_flows *f, int64_t now_ns, uint64_t packet);

/* The input is over: end every flow, oldest first. Events carry phase 2, `packet` and `now_ns`. */
void tw_flows_finish(struct tw_flows *f, int64_t now_ns, uint64_t packet);

struct tw_flows_stats tw_flows_stats(const struct tw_flows *f);
/* nDPI's version, as in alerts and --version. */
const char *tw_ndpi_version(void);
