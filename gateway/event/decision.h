#pragma once
/* What an AI system says about the decision behind an action, beside the action itself. Nobody has
 * confirmed it. It travels in MQTT 5 User Properties (ai-agent, ai-model, …), in an object "_ai" of
 * a JSON payload, or in the AuditEntryId of an OPC UA request ("ai=…;m=name@version;c=0.93;…"). */

#include "base/text.h"

struct tw_decision_context {
    const char *carrier; /* user_properties | payload | audit_entry_id; static */
    /* Absent where not said. */
    struct tw_str agent, model, model_version, model_sha256, approval, trace;
    bool has_confidence;
    double confidence;
    int64_t inputs_ts_ns; /* when its inputs were taken; 0: not said */
};

enum { TW_DECISION_TEXTS = 6 };

/* The texts of `c`, to be walked through. */
static inline void tw_decision_texts(
    struct tw_decision_context *c, struct tw_str *out[TW_DECISION_TEXTS])
{
    out[0] = &c->agent;
    out[1] = &c->model;
    out[2] = &c->model_version;
    out[3] = &c->model_sha256;
    out[4] = &c->approval;
    out[5] = &c->trace;
}

/* As member "decision". */
void tw_decision_json(struct tw_text *out, const struct tw_decision_context *c);
