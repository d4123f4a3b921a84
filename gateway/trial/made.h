#pragma once
/* An event made of what a person wrote: a map of the fields of `tierwatch fields` to values. Only
 * what is on the wire, and what session/ would know of it, can be written; who acts, what is
 * allowed and what happened before follow from the inventory and from the events before, as they
 * always do. */

#include "config/yaml.h"
#include "detect/blocks.h"
#include "event/fields.h"
#include "event/sparkplug.h"

enum { TW_MADE_MEMBERS = 24 };

/* Parts of an event, which it has when one of their fields is written. */
enum tw_made_part {
    TW_MADE_EVENT,
    TW_MADE_OPCUA,
    TW_MADE_HISTORY,
    TW_MADE_CERTIFICATE,
    TW_MADE_DETAILS,
    TW_MADE_MQTT,
    TW_MADE_MORE,
    TW_MADE_CARRIER,
    TW_MADE_TLS,
    TW_MADE_DECISION,
    TW_MADE_MCP,
    TW_MADE_PUBSUB,
    TW_MADE_SPARKPLUG,
    TW_MADE_METRIC,
    TW_MADE_FLOW,
    TW_MADE_SESSION,
    TW_MADE_LEARNED,
    TW_MADE_DEVIATION,
    TW_MADE_PARTS
};

/* The event points into the struct it is in, which therefore stays where it is. */
struct tw_made {
    struct tw_event event;
    struct tw_opcua_info opcua;
    struct tw_opcua_history history;
    struct tw_opcua_certificate certificate;
    struct tw_mqtt_info mqtt;
    struct tw_mqtt_more more;
    struct tw_carrier carrier;
    struct tw_tls_info tls;
    struct tw_decision_context decision;
    struct tw_mcp_info mcp;
    struct tw_pubsub_info pubsub;
    struct tw_sparkplug_info sparkplug;
    struct tw_sparkplug_metric metric;
    struct tw_flow_info flow;
    struct tw_session_facts session;
    struct tw_learned learned;
    struct tw_deviation deviation;
    struct tw_value details, members[TW_MADE_MEMBERS];
    struct tw_value alarm, alarm_members[TW_MADE_MEMBERS];
    uint32_t parts; /* bit per part that was written to */
    bool has_status_bad;
    const struct tw_node *payload; /* an MQTT payload written as what it says; NULL: none */
};

/* Where values come from and where what is made of them is kept. */
struct tw_made_place {
    const struct tw_yaml *yaml;
    struct tw_diags *diags;
    struct tw_blocks *blocks; /* outlive the event */
    uint64_t n;               /* what {n} in a text stands for */
};

/* Begin an event at `ts_ns`. */
void tw_made_init(struct tw_made *m, int64_t ts_ns);
/* Write the fields of `map` over what is there. Members named in `others` (NULL-ended) are the
 * caller's. A member that is a map stands for fields below its name. False when anything was
 * reported. */
bool tw_made_write(struct tw_made *m, const struct tw_made_place *place, const struct tw_node *map,
    const char *const *others);
/* Everything written: what goes without saying (ports, serial, flow, type) is filled in. */
void tw_made_done(struct tw_made *m, uint64_t packet);

/* Give the event and, of a payload, those of its leaves in the order written to `fn`. */
void tw_made_emit(const struct tw_made *m, const struct tw_made_place *place,
    void (*fn)(void *user, const struct tw_event *event), void *user);

/* Can the field be written? */
bool tw_made_has(const struct tw_field *field);
