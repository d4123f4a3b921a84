/* STATE, a host's own message [SPB 6.4.25]. */
#include "protocol/json.h"
#include "protocol/sparkplug/report.h"

bool tw_sparkplug_is_state_text(struct tw_str payload)
{
    return tw_str_is(payload, "ONLINE") || tw_str_is(payload, "OFFLINE");
}

static bool take_timestamp(const struct tw_json_token *t, struct tw_sparkplug_info *out)
{
    return t->kind == TW_JSON_INT && t->i >= 0 &&
           tw_sparkplug_time((uint64_t)t->i, &out->timestamp_ns);
}

static bool take_online(const struct tw_json_token *t, struct tw_sparkplug_info *out)
{
    out->has_online = t->kind == TW_JSON_BOOL;
    out->online = out->has_online && t->b;
    return out->has_online;
}

/* Members of the outermost object; others than the two are nobody's business. */
static enum tw_sparkplug_anomaly read_object(struct tw_str payload, struct tw_sparkplug_info *out)
{
    struct tw_json r;
    struct tw_json_token key, t;
    bool online = false, timestamp = false, ok = true;
    tw_json_init(&r, payload);
    if (tw_json_next(&r, &t) != TW_JSON_OBJECT)
        return TW_SPARKPLUG_BAD_STATE;
    while (tw_json_next(&r, &key) > TW_JSON_TOO_DEEP) {
        if (r.depth != 1 || key.kind != TW_JSON_KEY)
            continue;
        if (tw_json_next(&r, &t) <= TW_JSON_TOO_DEEP)
            return TW_SPARKPLUG_BAD_STATE;
        if (tw_str_is(key.text, "online")) {
            ok &= take_online(&t, out) && !online;
            online = true;
        } else if (tw_str_is(key.text, "timestamp")) {
            ok &= take_timestamp(&t, out) && !timestamp;
            timestamp = true;
        }
    }
    return ok && online && timestamp && key.kind == TW_JSON_END ? TW_SPARKPLUG_OK
                                                                : TW_SPARKPLUG_BAD_STATE;
}

enum tw_sparkplug_anomaly tw_sparkplug_state(struct tw_str payload,
    const struct tw_sparkplug_place *place, uint64_t serial, struct tw_sparkplug_info *out)
{
    *out = (struct tw_sparkplug_info){.serial = serial, .kind = place->kind, .host = place->host};
    if (place->kind == TW_SPARKPLUG_BAD)
        return TW_SPARKPLUG_BAD_TOPIC;
    if (payload.len == 0)
        return TW_SPARKPLUG_OK;
    if (!tw_sparkplug_is_state_text(payload))
        return read_object(payload, out);
    out->has_online = true;
    out->online = tw_str_is(payload, "ONLINE");
    return TW_SPARKPLUG_OK;
}
