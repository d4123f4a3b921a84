/* Fields of what leaves its place: how much, to where, and what it gives away. */
#include "event/confidential.h"
#include "event/field_get.h"

/* Brackets around IPv6, as in a URL [RFC3986 3.2.2]. */
GET(target_place)
{
    const struct tw_endpoint *at = &s->event->dst;
    char *end = out->text;
    if (at->ip.family == 0)
        return;
    const bool brackets = at->ip.family == 6;
    if (brackets)
        *end++ = '[';
    end += tw_ip_text(end, &at->ip);
    if (brackets)
        *end++ = ']';
    *end++ = ':';
    end += tw_num_u64(end, at->port);
    set_str(out, (struct tw_str){out->text, (size_t)(end - out->text)});
}
#define VARIABLE s->facts->variable
FLAG(above_clearance, VARIABLE.above_clearance)

/* Who gets the value: whoever asked for it, else the other side. */
GET(leaves_to)
{
    if (VARIABLE.leaves)
        set_ip(out, tw_value_receiver(s->event));
}

/* Quotas by the hour; where none is declared, what is more than any task of a day should need. */
enum { HOUR_S = 3600, DEFAULT_BYTES = 100000000 };

static double share_of(double bytes, double quota_per_s)
{
    return bytes / (quota_per_s > 0 ? quota_per_s * HOUR_S : DEFAULT_BYTES);
}

#define ACTOR s->facts->actor
NUM(history_quota, ACTOR.history_per_s > 0, ACTOR.history_per_s *HOUR_S)
NUM(egress_quota, ACTOR.egress_per_s > 0, ACTOR.egress_per_s *HOUR_S)
GET(history_share)
{
    const struct tw_event *e = s->event;
    if (e->action == TW_ACTION_HISTORY_READ && e->opcua != NULL)
        set_number(out, share_of((double)e->opcua->message_bytes, ACTOR.history_per_s));
}
GET(egress_share)
{
    const struct tw_flow_info *flow = s->event->flow_info;
    if (flow != NULL && flow->has_totals)
        set_number(out, share_of((double)flow->bytes, ACTOR.egress_per_s));
}
GET(max_window)
{
    if (s->facts->grant.max_window_ns > 0)
        set_seconds(out, s->facts->grant.max_window_ns);
}

static struct tw_str text_of(const struct tw_event *e)
{
    return e->value.kind == TW_VALUE_STRING ? e->value.s : TW_STR_NONE;
}
TEXT(secret, tw_confidential_secret(text_of(s->event)))
TEXT(personal, tw_confidential_personal(text_of(s->event)))
FLAG(personal_named, tw_confidential_named(s->event->field, text_of(s->event)))

#define INDICATOR s->facts->indicator
STR(indicator_id, INDICATOR ? INDICATOR->id : TW_STR_NONE)
STR(indicator_name, INDICATOR ? INDICATOR->name : TW_STR_NONE)
STR(indicator_source, INDICATOR ? INDICATOR->source : TW_STR_NONE)
STR(indicator_type, INDICATOR ? INDICATOR->type : TW_STR_NONE)
STR(indicator_value, INDICATOR ? INDICATOR->value : TW_STR_NONE)
NUM(indicator_confidence, INDICATOR, INDICATOR->confidence)

GET(indicator_age)
{
    const struct tw_event *e = s->event;
    if (INDICATOR && e->action == TW_ACTION_SILENCE && e->request_ts_ns > 0)
        set_seconds(out, e->ts_ns - e->request_ts_ns);
}

#define S TW_FIELD_STRING
#define N TW_FIELD_NUMBER
#define B TW_FIELD_BOOL
#define I TW_FIELD_IP

const struct tw_field tw_fields_leaving[] = {
    {"target.place", "Address of the target and the port", "10.10.0.10:4840", S, NULL,
        get_target_place},
    {"variable.above_clearance",
        "The actor declares a clearance, and the variable's label is none of it", "true", B, NULL,
        get_above_clearance},
    {"variable.leaves_to", "Address outside of its zones that the value goes to", "203.0.113.9", I,
        NULL, get_leaves_to},
    {"grant.max_window", "Greatest time span of a history read in s", "60", N, NULL,
        get_max_window},
    {"quota.history", "Bytes of history that the actor may read in an hour", "10000000", N, NULL,
        get_history_quota},
    {"quota.history_share",
        "Part of that which this message is; of 100 MB where nothing is declared", "0.02", N, NULL,
        get_history_share},
    {"quota.egress", "Bytes that the actor may send out of the plant in an hour", "5000000", N,
        NULL, get_egress_quota},
    {"quota.egress_share", "Part of that which this flow was; of 100 MB where nothing is declared",
        "0.3", N, NULL, get_egress_share},
    {"value.secret", "Kind of key or token that a text holds: private-key, access-key, token",
        "private-key", S, NULL, get_secret},
    {"value.personal", "Kind of personal data in a text: resident-id, phone-number", "resident-id",
        S, NULL, get_personal},
    {"value.personal_named", "The field or the text says that it is about a person", "true", B,
        NULL, get_personal_named},
    {"indicator.id", "Shared indicator that the event fits",
        "indicator--26ffb872-1dd9-446e-b6f5-d58527e5b5d2", S, NULL, get_indicator_id},
    {"indicator.name", "Its name", "Tunnel of the loader", S, NULL, get_indicator_name},
    {"indicator.source", "Who made it", "identity--1c2f…", S, NULL, get_indicator_source},
    {"indicator.type", "What of the event fits: ipv4-addr, domain-name …", "domain-name", S, NULL,
        get_indicator_type},
    {"indicator.value", "The value itself", "api.example.com", S, NULL, get_indicator_value},
    {"indicator.age",
        "Seconds since it was met, where the indicator came later than what it names (silence)",
        "5400", N, NULL, get_indicator_age},
    {"indicator.confidence", "Confidence that was shared with it, 0 to 100", "80", N, NULL,
        get_indicator_confidence},
};

const size_t tw_fields_leaving_count = sizeof(tw_fields_leaving) / sizeof(tw_fields_leaving[0]);
