#include "protocol/opcua/state.h"

static const char *const anomaly_names[] = {
#define ANOMALY_NAME(name, text) text,
    TW_OPCUA_ANOMALY_TABLE(ANOMALY_NAME)
#undef ANOMALY_NAME
};

const char *tw_opcua_anomaly_name(enum tw_opcua_anomaly anomaly)
{
    return anomaly_names[anomaly];
}

void tw_opcua_event(const struct tw_opcua_call *k, struct tw_event *event, unsigned acting,
    enum tw_action action, struct tw_opcua_info *info, const char *service)
{
    tw_proto_event(event, k->conn, acting, k->when, TW_PROTO_OPCUA, action);
    event->phase = k->phase;
    event->has_encrypted = true;
    *info = (struct tw_opcua_info){.service = tw_str_of(service)};
    info->serial = k->env->next_serial++;
    event->opcua = info;
}

void tw_opcua_event_status(struct tw_event *event, uint32_t code, char text[TW_OPCUA_STATUS_TEXT])
{
    event->status_code = code;
    event->status_bad = tw_opcua_is_bad(code);
    event->status.s = tw_opcua_status_text(code, text);
}

void tw_opcua_channel_info(const struct tw_opcua_channel *ch, struct tw_opcua_info *info)
{
    info->has_channel = true;
    info->channel_id = ch->id;
    if (ch->policy != NULL)
        info->security_policy.s = tw_str_of(ch->policy->name);
    else if (ch->policy_len > 0)
        info->security_policy.s = (struct tw_str){ch->policy_name, ch->policy_len};
    else
        info->security_policy.is_null = true;
    info->security_mode.s = tw_opcua_mode_name(ch->mode);
    info->security_mode.is_null = info->security_mode.s.p == NULL;
}

void tw_opcua_sealed_volume(const struct tw_opcua_call *k, const struct tw_opcua_channel *ch,
    struct tw_opcua_volume *room, struct tw_opcua_info *info)
{
    static const char *const names[] = {"encrypted_requests", "encrypted_request_bytes",
        "encrypted_responses", "encrypted_response_bytes"};
    unsigned client = tw_opcua_client_of(k);
    const struct tw_opcua_direction *asks = &ch->dir[client], *answers = &ch->dir[client ^ 1];
    const uint64_t counts[] = {
        asks->sealed_chunks, asks->sealed_bytes, answers->sealed_chunks, answers->sealed_bytes};
    if (asks->sealed_chunks == 0 && answers->sealed_chunks == 0)
        return;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        room->items[i] =
            (struct tw_value){.kind = TW_VALUE_UINT, .name = tw_str_of(names[i]), .u = counts[i]};
    room->object = (struct tw_value){
        .kind = TW_VALUE_OBJECT, .n = sizeof(counts) / sizeof(counts[0]), .items = room->items};
    info->details = &room->object;
}

void tw_opcua_malformed(
    const struct tw_opcua_call *k, uint32_t anomalies, const struct tw_opcua_info *info)
{
    for (unsigned i = 0; i < TW_OPCUA_ANOMALIES; i++) {
        if (!(anomalies & TW_OPCUA_BIT(i)))
            continue;
        struct tw_event event;
        struct tw_opcua_info copy;
        tw_opcua_event(k, &event, k->dir, TW_ACTION_MALFORMED, &copy, NULL);
        if (info != NULL) {
            uint64_t serial = copy.serial;
            copy = *info;
            copy.serial = serial;
        }
        event.detail = tw_str_of(anomaly_names[i]);
        k->env->counters->malformed++;
        tw_emit(&k->env->emit, &event);
    }
}

bool tw_opcua_intact(const struct tw_opcua_call *k)
{
    return k->st->intact[0] && k->st->intact[1];
}

unsigned tw_opcua_client_of(const struct tw_opcua_call *k)
{
    if (k->st->client != TW_OPCUA_NO_SIDE)
        return k->st->client;
    /* Servers are registered below the ports that clients are given. */
    return k->conn->midstream && k->conn->side[0].port < k->conn->side[1].port;
}
