#pragma once
/* Messages of a running gateway besides alerts: state, stats, risk, discovered. */

#include "pipeline/analyst.h"
#include "share/publisher.h"

struct tw_gateway_state {
    const char *boot, *site, *gateway, *ruleset, *inventory;
    size_t rules;
    uint64_t received, dropped; /* packets, as the capture counts them since the start */
    double dropped_percent;     /* of the last seconds */
};

/* The payload of ROOT/state. */
void tw_state_json(struct tw_text *out, const struct tw_gateway_state *s, bool online);
void tw_publish_state(struct tw_publisher *p, const struct tw_gateway_state *s);
void tw_publish_stats(
    struct tw_publisher *p, const struct tw_gateway_state *s, const struct tw_analyst_stats *stats);
void tw_publish_risk(
    struct tw_publisher *p, struct tw_risks *risks, const struct tw_alert_record *last);
void tw_publish_discovered(struct tw_publisher *p, const struct tw_alert_record *last);
