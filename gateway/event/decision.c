#include "event/decision.h"

static void text(struct tw_text *t, const char *key, struct tw_str s)
{
    if (s.p != NULL)
        tw_json_member_str(t, key, s);
}

void tw_decision_json(struct tw_text *t, const struct tw_decision_context *c)
{
    tw_json_key(t, "decision");
    tw_json_object(t);
    tw_json_member_z(t, "carrier", c->carrier);
    text(t, "agent", c->agent);
    text(t, "model", c->model);
    text(t, "model_version", c->model_version);
    text(t, "model_sha256", c->model_sha256);
    if (c->has_confidence)
        tw_json_member_double(t, "confidence", c->confidence);
    if (c->inputs_ts_ns != 0)
        tw_json_member_time(t, "inputs_ts", c->inputs_ts_ns, false);
    text(t, "approval", c->approval);
    text(t, "trace", c->trace);
    tw_json_object_end(t);
}
