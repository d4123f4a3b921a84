#include "event/decision.h"

void tw_decision_json(struct tw_text *t, const struct tw_decision_context *c)
{
    tw_json_key(t, "decision");
    tw_json_object(t);
    tw_json_member_z(t, "carrier", c->carrier);
    tw_json_maybe_str(t, "agent", c->agent);
    tw_json_maybe_str(t, "model", c->model);
    tw_json_maybe_str(t, "model_version", c->model_version);
    tw_json_maybe_str(t, "model_sha256", c->model_sha256);
    if (c->has_confidence)
        tw_json_member_double(t, "confidence", c->confidence);
    tw_json_maybe_time(t, "inputs_ts", c->inputs_ts_ns, false);
    tw_json_maybe_str(t, "approval", c->approval);
    tw_json_maybe_str(t, "trace", c->trace);
    tw_json_object_end(t);
}
