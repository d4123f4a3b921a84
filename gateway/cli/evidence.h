#pragma once
/* Which input holds a packet, and that input's SHA-256, for the evidence of alerts. The digest is
 * made when it is first asked for: a replay without alerts reads no file twice. */

#include "capture/capture.h"

struct tw_evidence_source;

struct tw_evidence_source *tw_evidence_source_new(const struct tw_capture *capture);
void tw_evidence_source_free(struct tw_evidence_source *s);
/* tw_pipeline_config.input: packets from `packet` on come from input `index`. Any thread. */
void tw_evidence_source_note(void *source, uint64_t packet, uint32_t index);
/* tw_alerts_config.source. Standard input has no digest. */
void tw_evidence_source_get(
    void *source, uint64_t packet, struct tw_str *out_name, struct tw_str *out_sha256);
