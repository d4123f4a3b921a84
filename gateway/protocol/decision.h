#pragma once
/* Reading the context of a decision from each of its carriers (event/decision.h). Texts are views
 * of what is read, cut to TW_MAX_IDENTITY. */

#include "event/decision.h"
#include "event/value.h"

/* User Properties of MQTT 5, an OBJECT of strings. False, and `out` untouched, when none is of a
 * decision. */
bool tw_decision_of_properties(const struct tw_value *properties, struct tw_decision_context *out);

/* What follows the key "_ai" of a payload that is valid JSON: an object. What `out` says already
 * stays. False when nothing is said. */
bool tw_decision_of_json(struct tw_str value, struct tw_decision_context *out);

/* "ai=press-opt-07;m=forge-opt@2.4.1;c=0.93;in=2026-11-23T08:14:01Z;ap=CO-2026-0113", all parts
 * optional, in any order. False when none of them is there. */
bool tw_decision_of_audit(struct tw_str audit_entry_id, struct tw_decision_context *out);
