#include "detect/state.h"

struct tw_message_id tw_message_of(const struct tw_event *e)
{
    return (struct tw_message_id){e->flow, e->packet, e->mqtt ? e->mqtt->serial : 0};
}

bool tw_message_is_news(const struct tw_event *e)
{
    if (e->protocol != TW_PROTO_MQTT || e->object.p == NULL)
        return false;
    if (e->action == TW_ACTION_PUBLISH)
        return true;
    return e->action == TW_ACTION_DELIVER && !(e->mqtt && e->mqtt->retain);
}

bool tw_message_sender_ok(
    const struct tw_event *e, const struct tw_facts *facts, const struct tw_str *by, size_t n_by)
{
    if (e->action == TW_ACTION_DELIVER || n_by == 0)
        return true;
    if (facts->actor.identity == TW_IDENTITY_MISMATCH)
        return false;
    for (size_t i = 0; i < n_by; i++) {
        if (facts->actor.id.p != NULL && tw_str_eq(facts->actor.id, by[i]))
            return true;
    }
    return false;
}
