#include "event/fields.h"

#include "base/topic.h"
#include "event/field_get.h"

/* The event. */
TEXT(action, s->event->action == TW_ACTION_UNKNOWN ? NULL : tw_action_name(s->event->action))
GET(protocol)
{
    enum tw_protocol p = s->event->protocol;
    if (p == TW_PROTO_OPCUA)
        set_text(out, "opcua");
    else if (p == TW_PROTO_MQTT)
        set_text(out, "mqtt");
    else
        set_str(out, s->event->app);
}
STR(object, s->event->object)
GET(object_name)
{
    const struct tw_str *id = &s->facts->variable.id;
    set_str(out, id->p ? *id : s->event->object);
}
STR(field, s->event->field)
GET(value)
{
    if (s->event->value.kind == TW_VALUE_NONE)
        return;
    out->present = true;
    out->value = s->event->value;
}
NUM(value_last, s->facts->step.has_step, s->facts->step.last)
NUM(value_step, s->facts->step.has_step, s->facts->step.step)
NUM(value_rate, s->facts->step.has_rate, s->facts->step.rate)
TEXT(type, s->event->type)
STR(status, s->event->status.s)
FLAG(status_bad, s->event->status_bad)
FLAG(status_unknown, s->event->status.is_null)
FLAG(encrypted, s->event->encrypted)
FLAG(truncated, s->event->truncated)
NUM(packet, true, s->event->packet)
NUM(vlan, s->event->n_vlan > 0, s->event->vlan[0])
GET(src_ip)
{
    set_ip(out, &s->event->src.ip);
}
NUM(src_port, s->event->src.port != 0, s->event->src.port)
GET(src_mac)
{
    set_mac(out, &s->event->src);
}
GET(dst_ip)
{
    set_ip(out, &s->event->dst.ip);
}
NUM(dst_port, s->event->dst.port != 0, s->event->dst.port)
GET(dst_mac)
{
    set_mac(out, &s->event->dst);
}
STR(anomaly, s->event->detail)
NUM(missing_bytes, s->event->missing_bytes != 0, s->event->missing_bytes)

/* Flows of other protocols. */
GET(flow_protocol)
{
    if (s->event->action == TW_ACTION_FLOW)
        set_str(out, s->event->app);
}
GET(flow_host)
{
    if (s->event->action == TW_ACTION_FLOW)
        set_str(out, s->event->object);
}
GET(flow_state)
{
    if (s->event->flow_info)
        set_text(out, s->event->flow_info->state);
}
GET(flow_transport)
{
    if (s->event->flow_info)
        set_text(out, s->event->flow_info->transport);
}
GET(flow_guessed)
{
    if (s->event->flow_info)
        set_flag(out, s->event->flow_info->guessed);
}
GET(flow_ended)
{
    if (s->event->flow_info)
        set_flag(out, s->event->flow_info->has_totals);
}
STR(flow_path, s->event->flow_info ? s->event->flow_info->path : TW_STR_NONE)
NUM(flow_bytes, s->event->flow_info && s->event->flow_info->has_totals, s->event->flow_info->bytes)
NUM(flow_packets, s->event->flow_info && s->event->flow_info->has_totals,
    s->event->flow_info->packets)

/* MQTT. */
M_TEXT(m_version, version)
M_MAYBE(m_client, client_id)
M_MAYBE(m_user, username)
M_NUM(m_qos, has_qos, qos)
M_FLAG(m_retain, has_publish_flags, retain)
M_FLAG(m_dup, has_publish_flags, dup)
M_NUM(m_payload_bytes, has_payload, payload_bytes)
M_NUM(m_payload_hash, payload_hash != 0, payload_hash >> 11) /* a number has 53 bits */
M_TEXT(m_payload_format, payload_format)
GET(m_clear_password)
{
    if (s->event->mqtt)
        set_flag(out, s->event->mqtt->clear_password);
}
M_NUM(m_keep_alive, has_keep_alive, keep_alive)
M_FLAG(m_clean_start, has_clean_start, clean_start)
M_STR(m_will_topic, will_topic)
M_FLAG(m_will_retain, has_will, will_retain)
M_NUM(m_reason, has_reason, reason)
M_STR(m_response_topic, response_topic)
M_STR(m_content_type, content_type)
M_NUM(m_requested_qos, has_options, requested_qos)
M_TEXT(m_packet, packet)
M_STR(m_reason_string, reason_string)
M_NUM(m_alias, has_alias, topic_alias)
GET(m_alias_unresolved)
{
    if (s->event->mqtt)
        set_flag(out, s->event->mqtt->alias_unresolved);
}
M_NUM(m_will_qos, has_will, will_qos)
M_NUM(m_will_bytes, has_will, will_payload_bytes)
M_FLAG(m_silent, packet == NULL, keep_alive_expired)

#define MORE s->event->mqtt->more
#define HAS_MORE (s->event->mqtt != NULL && MORE != NULL)
NUM(m_token, HAS_MORE && MORE->token != 0, MORE->token)
/* The server's word goes over the client's [MQTT5 3.2.2.3.2]. */
GET(m_session_expiry)
{
    if (!HAS_MORE)
        return;
    if ((MORE->server.said & TW_MQTT_SAID_SESSION_EXPIRY) != 0)
        set_number(out, MORE->server.session_expiry);
    else if ((MORE->client.said & TW_MQTT_SAID_SESSION_EXPIRY) != 0)
        set_number(out, MORE->client.session_expiry);
}
GET(m_session_present)
{
    if (HAS_MORE && MORE->has_session_present)
        set_flag(out, MORE->session_present);
}
NUM(m_receive_max, HAS_MORE && (MORE->client.said & TW_MQTT_SAID_RECEIVE_MAX) != 0,
    MORE->client.receive_max)
STR(m_auth_method, HAS_MORE ? MORE->auth_method : TW_STR_NONE)
NUM(m_will_delay, HAS_MORE && s->event->mqtt->has_will, MORE->will_delay)
NUM(m_message_expiry, HAS_MORE && MORE->has_expiry, MORE->message_expiry)
FLAG(m_correlated, HAS_MORE && MORE->has_correlation)
NUM(m_subscription_id, HAS_MORE && MORE->n_subscription_ids > 0, MORE->subscription_ids[0])
GET(m_no_local)
{
    if (HAS_MORE && MORE->has_options)
        set_flag(out, MORE->no_local);
}
GET(m_as_published)
{
    if (HAS_MORE && MORE->has_options)
        set_flag(out, MORE->retain_as_published);
}
NUM(m_retain_handling, HAS_MORE && MORE->has_options, MORE->retain_handling)

/* Who acts. */
#define ACTOR s->facts->actor
GET(actor)
{
    if (ACTOR.id.p)
        set_str(out, ACTOR.id);
    else
        set_ip_text(out, ACTOR.endpoint.ip.family ? &ACTOR.endpoint.ip : &s->event->src.ip);
}
STR(actor_id, ACTOR.id)
TEXT(actor_kind, tw_actor_kind_name(ACTOR.kind))
FLAG(actor_is_ai, ACTOR.kind == TW_ACTOR_AI_SYSTEM)
TEXT(actor_identity, tw_identity_name(ACTOR.identity))
TEXT(actor_tier, tw_tier_name(ACTOR.tier))
STR(actor_technology, ACTOR.technology)
STR(actor_asset_kind, ACTOR.asset_kind)
STR(actor_network, ACTOR.network)
FLAG(actor_registered_only, ACTOR.in_registered_only)
FLAG(actor_registered_address, ACTOR.registered_address)
FLAG(actor_has_may, ACTOR.has_may)
FLAG(actor_certain, ACTOR.certain)
STR(actor_mismatch, ACTOR.mismatch)
STR(actor_security, ACTOR.security)
STR(actor_mqtt_security, ACTOR.mqtt_security)
NUM(actor_min_confidence, ACTOR.has_min_confidence, ACTOR.min_confidence)
GET(actor_max_input_age)
{
    if (ACTOR.max_input_age_ns > 0)
        set_seconds(out, ACTOR.max_input_age_ns);
}
STR(actor_model, ACTOR.model_name)
STR(actor_model_version, ACTOR.model_version)
STR(actor_client_id, ACTOR.client_id)
STR(actor_uri, ACTOR.application_uri)
STR(actor_user, ACTOR.user)
GET(actor_ip)
{
    set_ip(out, &ACTOR.endpoint.ip);
}
GET(actor_mac)
{
    set_mac(out, &ACTOR.endpoint);
}

/* On what. */
#define TARGET s->facts->target
GET(target)
{
    if (TARGET.asset.p)
        set_str(out, TARGET.asset);
    else
        set_ip_text(out, TARGET.endpoint.ip.family ? &TARGET.endpoint.ip : &s->event->dst.ip);
}
STR(target_asset, TARGET.asset)
STR(target_kind, TARGET.kind)
TEXT(target_importance, tw_importance_name(TARGET.importance))
STR(target_min_security, TARGET.min_security)
FLAG(target_in_plant, TARGET.in_plant)
STR(target_object, s->event->object)
GET(target_ip)
{
    set_ip(out, &TARGET.endpoint.ip);
}

#define VARIABLE s->facts->variable
STR(variable_id, VARIABLE.id)
GET(variable_role)
{
    if (VARIABLE.id.p)
        set_text(out, tw_role_name(VARIABLE.role));
}
GET(variable_label)
{
    if (VARIABLE.id.p)
        set_text(out, tw_label_name(VARIABLE.label));
}
STR(variable_ai_system, VARIABLE.ai_system)
GET(variable_changed)
{
    if (VARIABLE.has_changed)
        set_flag(out, VARIABLE.changed);
}
STR(variable_unit, VARIABLE.unit)
STR(variable_type, VARIABLE.type)
GET(variable_range)
{
    out->present = VARIABLE.range.has_min || VARIABLE.range.has_max;
    out->range = VARIABLE.range;
}
FLAG(variable_range_learned, VARIABLE.range_learned)
NUM(variable_max_step, VARIABLE.has_max_step, VARIABLE.max_step)
NUM(variable_max_rate, VARIABLE.has_max_rate, VARIABLE.max_rate)
FLAG(variable_has_publishers, VARIABLE.has_publishers)
GET(variable_is_input)
{
    if (VARIABLE.id.p)
        set_flag(out, VARIABLE.is_input);
}
GET(variable_publisher_ok)
{
    if (VARIABLE.has_publishers)
        set_flag(out, VARIABLE.publisher_ok);
}
FLAG(variable_is_payload, VARIABLE.is_payload)

/* What is allowed. */
#define GRANT s->facts->grant
FLAG(grant_allowed, GRANT.allowed)
FLAG(grant_default_open, GRANT.default_open)
STR(grant_needs_approval, GRANT.needs_approval)
NUM(grant_max_step, GRANT.has_max_step, GRANT.max_step)
NUM(grant_rate, GRANT.has_rate, GRANT.rate_per_s)
STR(grant_rate_text, GRANT.rate_text)

#define APPROVAL s->facts->approval
TEXT(approval_state, tw_approval_name(APPROVAL.state))
STR(approval_id, APPROVAL.id)
NUM(approval_value, APPROVAL.has_value, APPROVAL.value)
STR(approval_by, APPROVAL.by)
FLAG(approval_is_given, APPROVAL.is_given)
GET(approval_giver_ok)
{
    if (APPROVAL.is_given)
        set_flag(out, APPROVAL.giver_ok);
}
GET(approval_age)
{
    if (APPROVAL.given_ns != 0)
        set_seconds(out, s->event->ts_ns - APPROVAL.given_ns);
}
GET(approval_expired_for)
{
    if (APPROVAL.expires_ns != 0 && s->event->ts_ns > APPROVAL.expires_ns)
        set_seconds(out, s->event->ts_ns - APPROVAL.expires_ns);
}

/* What it owes. */
#define HEARTBEAT s->facts->heartbeat
STR(heartbeat_object, HEARTBEAT.object)
GET(heartbeat_silent_for)
{
    if (HEARTBEAT.object.p)
        set_seconds(out, HEARTBEAT.silent_ns);
}
GET(heartbeat_limit)
{
    if (HEARTBEAT.object.p)
        set_seconds(out, HEARTBEAT.limit_ns);
}

/* What it says about itself. */
#define REPORT s->facts->report
FLAG(report_is, REPORT.is_report)
NUM(report_confidence, REPORT.has_confidence, REPORT.confidence)
GET(report_inputs_age)
{
    if (REPORT.has_inputs_age)
        set_seconds(out, REPORT.inputs_age_ns);
}
STR(report_model, REPORT.model)
STR(report_model_version, REPORT.model_version)
GET(report_declared)
{
    if (REPORT.model_version.p)
        set_flag(out, REPORT.version_declared);
}
STR(report_ticket, REPORT.change_ticket)
STR(report_object, REPORT.object)
GET(report_value)
{
    set_value(out, REPORT.value);
}
FLAG(change_open, s->facts->change_open)
GET(watching)
{
    set_seconds(out, s->facts->watching_ns);
}

/* What came before, from session/. */
#define SESSION s->event->facts
GET(session_elsewhere)
{
    if (SESSION)
        set_ip(out, &SESSION->live_elsewhere);
}
NUM(session_takeovers, SESSION, SESSION->takeovers)
FLAG(session_after_gap, SESSION && SESSION->after_gap)
NUM(topic_publishers, SESSION && SESSION->topic_publishers > 0, SESSION->topic_publishers)
GET(topic_first)
{
    if (SESSION)
        set_str(out, SESSION->first_publisher);
}
NUM(filter_topics, SESSION && SESSION->known_topics > 0, SESSION->filter_topics)
NUM(filter_known, SESSION && SESSION->known_topics > 0, SESSION->known_topics)
NUM(filter_share, SESSION && SESSION->known_topics > 0,
    (double)SESSION->filter_topics / (double)SESSION->known_topics)

/* Nothing but wildcards ("#", "+/#"), or everything below a root that is not a plant's own: broker
 * statistics and all Sparkplug groups. */
static bool filter_is_broad(struct tw_str filter)
{
    struct tw_str f = tw_topic_unshared(filter, NULL);
    if (f.p == NULL || f.len == 0)
        return false;
    if (tw_str_is(f, "$SYS/#") || tw_str_is(f, "spBv1.0/#"))
        return true;
    for (size_t i = 0; i < f.len; i++) {
        if (f.p[i] != '+' && f.p[i] != '#' && f.p[i] != '/')
            return false;
    }
    return f.p[f.len - 1] == '#';
}

/* The group of a shared subscription. */
GET(filter_group)
{
    bool shared = false;
    if (s->event->action != TW_ACTION_SUBSCRIBE || s->event->protocol != TW_PROTO_MQTT)
        return;
    struct tw_str rest = tw_topic_unshared(s->event->object, &shared);
    const size_t before = sizeof("$share/") - 1;
    if (shared && rest.p != NULL)
        set_str(out, (struct tw_str){s->event->object.p + before,
                         s->event->object.len - rest.len - before - 1});
}
NUM(filter_commands, s->event->action == TW_ACTION_SUBSCRIBE && s->event->mqtt,
    s->facts->filter.commands)
STR(filter_command, s->facts->filter.first)

/* Which message is which. */
STR(delivery_publisher, SESSION ? SESSION->origin : TW_STR_NONE)
NUM(delivery_packet, SESSION && SESSION->origin_packet > 0, SESSION->origin_packet)
GET(delivery_delay)
{
    if (SESSION && SESSION->origin_packet > 0)
        set_seconds(out, s->event->ts_ns - SESSION->origin_ns);
}
STR(delivery_will, SESSION ? SESSION->will_of : TW_STR_NONE)
STR(retained_publisher, SESSION ? SESSION->retained_by : TW_STR_NONE)
GET(retained_age)
{
    if (SESSION && SESSION->retained_by.p)
        set_seconds(out, s->event->ts_ns - SESSION->retained_ns);
}
STR(reply_to, SESSION ? SESSION->reply_to : TW_STR_NONE)
STR(reply_topic, SESSION ? SESSION->reply_topic : TW_STR_NONE)
GET(reply_delay)
{
    if (SESSION && SESSION->reply_to.p)
        set_seconds(out, s->event->ts_ns - SESSION->reply_asked_ns);
}
NUM(publish_repeats, SESSION && SESSION->repeats > 0, SESSION->repeats)

GET(filter_broad)
{
    const struct tw_event *e = s->event;
    if (e->protocol == TW_PROTO_MQTT && e->action == TW_ACTION_SUBSCRIBE)
        set_flag(out, filter_is_broad(e->object));
}

#define ACTION_CHOICE(name, text) text,
static const char *const actions[] = {TW_ACTION_TABLE(ACTION_CHOICE) NULL};
static const char *const actor_kinds[] = {"unregistered", "asset", "ai_system", NULL};
static const char *const identities[] = {"unregistered", "registered", "mismatch", NULL};
static const char *const tiers[] = {"none", "T0", "T1", "T2", "T3", "T4", NULL};
static const char *const importances[] = {"low", "normal", "high", "essential", NULL};
static const char *const roles[] = {"none", "command", "measurement", "approval", "safety",
    "recipe", "status", "note", "heartbeat", "model", NULL};
static const char *const labels[] = {"none", "mode", "program", "firmware", "prompt", "policy",
    "tools", "config", "camera-original", "ai-generated", "recipe", "know-how", "personal",
    "important", "core", NULL};
static const char *const approvals[] = {
    "none", "valid", "missing", "rejected", "mismatch", "expired", "used", "unknown", NULL};
static const char *const flow_states[] = {"established", "refused", "unanswered", NULL};
static const char *const payload_formats[] = {
    "json", "number", "text", "empty", "binary", "sparkplug", "opcua-json", "uadp", NULL};
static const char *const versions[] = {"3.1", "3.1.1", "5.0", "SN-1.2", NULL};
static const char *const technologies[] = {"llm", "ml", "rule", NULL};

#define S TW_FIELD_STRING
#define N TW_FIELD_NUMBER
#define B TW_FIELD_BOOL
#define E TW_FIELD_ENUM
#define I TW_FIELD_IP
#define R TW_FIELD_RANGE
#define V TW_FIELD_VALUE

static const struct tw_field event_fields[] = {
    {"action", "What was done", "write", E, actions, get_action},
    {"protocol", "opcua, mqtt, or the name of another protocol in lower case", "opcua", S, NULL,
        get_protocol},
    {"object",
        "What it was done to: a NodeId, a topic, a filter, a URL; printed as the declared "
        "variable's id where there is one",
        "ns=2;s=Boiler.Setpoint", S, NULL, get_object},
    {"object.name", "The declared variable's id, else the object", "boiler.setpoint", S, NULL,
        get_object_name},
    {"field", "Place of the value inside a payload: a JSON Pointer or a Sparkplug metric",
        "/confidence", S, NULL, get_field},
    {"value", "The value itself", "93.5", V, NULL, get_value},
    {"value.last",
        "Number that the target of this command stood at before: as commanded; as read or"
        " told, too, where a greatest step or rate is declared",
        "70", N, NULL, get_value_last},
    {"value.step", "How far the command goes from it", "5.5", N, NULL, get_value_step},
    {"value.rate", "That per second since it got there; less than 1 s counts as 1 s", "0.4", N,
        NULL, get_value_rate},
    {"type", "Its type on the wire", "Double", S, NULL, get_type},
    {"status", "The answer, by its symbolic name", "BadNodeIdUnknown", S, NULL, get_status},
    {"status.bad", "The answer was a refusal or an error", "true", B, NULL, get_status_bad},
    {"status.unknown", "No answer was seen", "false", B, NULL, get_status_unknown},
    {"encrypted", "The body could not be read", "false", B, NULL, get_encrypted},
    {"truncated", "The value was longer than what is kept", "false", B, NULL, get_truncated},
    {"packet", "Number of the packet that completed it", "1234", N, NULL, get_packet},
    {"vlan", "Outermost VLAN tag", "120", N, NULL, get_vlan},
    {"src.ip", "Address of who acts", "10.10.0.32", I, NULL, get_src_ip},
    {"src.port", "Port of who acts", "51122", N, NULL, get_src_port},
    {"src.mac", "Hardware address of who acts", "02:00:00:00:00:32", S, NULL, get_src_mac},
    {"dst.ip", "Address of the other side", "10.10.0.10", I, NULL, get_dst_ip},
    {"dst.port", "Port of the other side", "4840", N, NULL, get_dst_port},
    {"dst.mac", "Hardware address of the other side", "02:00:00:00:00:10", S, NULL, get_dst_mac},
    {"anomaly",
        "Name of what is wrong with a message (action malformed, conflict); `tierwatch fields "
        "--anomalies` lists them",
        "sequence-gap", S, NULL, get_anomaly},
    {"missing_bytes", "Bytes not seen (action gap)", "1460", N, NULL, get_missing_bytes},

    {"flow.protocol", "Protocol of a flow event", "ssh", S, NULL, get_flow_protocol},
    {"flow.host", "Host name of a flow event (TLS SNI, HTTP host, DNS)", "api.example.com", S, NULL,
        get_flow_host},
    {"flow.path", "Path of the first HTTP request of a flow, without its query", "/v1/models", S,
        NULL, get_flow_path},
    {"flow.state", "How a flow ended", "established", E, flow_states, get_flow_state},
    {"flow.transport", "tcp, udp, icmp …", "tcp", S, NULL, get_flow_transport},
    {"flow.guessed", "Only the port tells the protocol", "false", B, NULL, get_flow_guessed},
    {"flow.ended", "This is the flow's last event", "true", B, NULL, get_flow_ended},
    {"flow.bytes", "Bytes of a flow that ended", "48211", N, NULL, get_flow_bytes},
    {"flow.packets", "Packets of a flow that ended", "61", N, NULL, get_flow_packets},
};

static const struct tw_field other_fields[] = {
    {"mqtt.version", "MQTT version", "5.0", E, versions, get_m_version},
    {"mqtt.client_id", "Client id of the connection", "ai-quality", S, NULL, get_m_client},
    {"mqtt.username", "User name of the connection", "optimizer", S, NULL, get_m_user},
    {"mqtt.qos", "Quality of service; -1 without a connection (MQTT-SN)", "1", N, NULL, get_m_qos},
    {"mqtt.retain", "Retained", "false", B, NULL, get_m_retain},
    {"mqtt.dup", "Sent again", "false", B, NULL, get_m_dup},
    {"mqtt.payload_bytes", "Bytes of the payload", "143", N, NULL, get_m_payload_bytes},
    {"mqtt.token", "Digest of a password that is a JSON Web Token (connect)", "93571024662113", N,
        NULL, get_m_token},
    {"mqtt.payload_hash", "Digest that tells equal payloads", "4517329193108106", N, NULL,
        get_m_payload_hash},
    {"mqtt.payload_format", "What the payload is", "json", E, payload_formats,
        get_m_payload_format},
    {"mqtt.clear_password", "A password was sent outside TLS", "true", B, NULL,
        get_m_clear_password},
    {"mqtt.keep_alive", "Keep alive in s", "60", N, NULL, get_m_keep_alive},
    {"mqtt.clean_start", "No earlier session is resumed", "true", B, NULL, get_m_clean_start},
    {"mqtt.will_topic", "Topic of the will", "plant/ai/state", S, NULL, get_m_will_topic},
    {"mqtt.will_retain", "The will is retained", "true", B, NULL, get_m_will_retain},
    {"mqtt.reason", "Reason code as sent", "135", N, NULL, get_m_reason},
    {"mqtt.response_topic", "Response topic", "replies/7", S, NULL, get_m_response_topic},
    {"mqtt.content_type", "Content type", "application/json", S, NULL, get_m_content_type},
    {"mqtt.requested_qos", "Quality of service that a subscription asks for", "1", N, NULL,
        get_m_requested_qos},
    {"mqtt.reason_string", "What the answer says for people", "quota exceeded", S, NULL,
        get_m_reason_string},
    {"mqtt.topic_alias", "Topic Alias", "3", N, NULL, get_m_alias},
    {"mqtt.alias_unresolved", "The topic that the alias stands for was not seen", "false", B, NULL,
        get_m_alias_unresolved},
    {"mqtt.will_qos", "Quality of service of the will", "1", N, NULL, get_m_will_qos},
    {"mqtt.will_bytes", "Bytes of the will", "7", N, NULL, get_m_will_bytes},
    {"mqtt.will_delay", "Seconds that the will waits for", "30", N, NULL, get_m_will_delay},
    {"mqtt.keep_alive_expired", "The client had been silent for too long (disconnect)", "true", B,
        NULL, get_m_silent},
    {"mqtt.session_present", "The server goes on with an earlier session", "true", B, NULL,
        get_m_session_present},
    {"mqtt.session_expiry", "Seconds that the session outlives the connection", "3600", N, NULL,
        get_m_session_expiry},
    {"mqtt.receive_maximum", "Messages that the client takes at a time", "20", N, NULL,
        get_m_receive_max},
    {"mqtt.auth_method", "Method of enhanced authentication", "SCRAM-SHA-256", S, NULL,
        get_m_auth_method},
    {"mqtt.message_expiry", "Seconds after which the message is worthless", "60", N, NULL,
        get_m_message_expiry},
    {"mqtt.correlated", "It carries Correlation Data", "true", B, NULL, get_m_correlated},
    {"mqtt.subscription_id", "Subscription Identifier, the first of several", "7", N, NULL,
        get_m_subscription_id},
    {"mqtt.no_local", "Not to be sent what the subscriber publishes itself", "true", B, NULL,
        get_m_no_local},
    {"mqtt.retain_as_published", "Deliveries keep RETAIN as it was published", "true", B, NULL,
        get_m_as_published},
    {"mqtt.retain_handling", "Retained messages on subscribing: 0 send, 1 when new, 2 do not", "0",
        N, NULL, get_m_retain_handling},
    {"mqtt.packet", "Packet type (malformed, disconnect, refused)", "PUBLISH", S, NULL,
        get_m_packet},

    {"actor", "Its id in the inventory, else its address", "ai-optimizer", S, NULL, get_actor},
    {"actor.id", "Its id in the inventory", "ai-optimizer", S, NULL, get_actor_id},
    {"actor.kind", "What it is", "ai_system", E, actor_kinds, get_actor_kind},
    {"actor.is_ai", "It is an AI system of the inventory", "true", B, NULL, get_actor_is_ai},
    {"actor.identity", "Does what it says fit the inventory", "registered", E, identities,
        get_actor_identity},
    {"actor.tier", "Risk tier of an AI system; ordered", "T2", E, tiers, get_actor_tier},
    {"actor.technology", "What kind of AI it is", "ml", E, technologies, get_actor_technology},
    {"actor.asset_kind", "Kind of an asset", "operator", S, NULL, get_actor_asset_kind},
    {"actor.network", "Network its address is in", "plant", S, NULL, get_actor_network},
    {"actor.in_registered_only", "Its address is where only registered clients may be", "true", B,
        NULL, get_actor_registered_only},
    {"actor.registered_address", "Its address is that of an asset or AI system", "true", B, NULL,
        get_actor_registered_address},
    {"actor.has_may", "The inventory lists what it may do", "true", B, NULL, get_actor_has_may},
    {"actor.certain", "The inventory pins what the wire contradicts", "true", B, NULL,
        get_actor_certain},
    {"actor.mismatch", "What contradicts what", "address 10.10.0.99 is not 10.10.0.32", S, NULL,
        get_actor_mismatch},
    {"actor.security", "OPC UA security policy declared for it", "Basic256Sha256", S, NULL,
        get_actor_security},
    {"actor.mqtt_security", "MQTT transport declared for it: tls or plain", "tls", S, NULL,
        get_actor_mqtt_security},
    {"actor.min_confidence", "Least confidence declared for it", "0.6", N, NULL,
        get_actor_min_confidence},
    {"actor.max_input_age", "Greatest age of its inputs in s", "60", N, NULL,
        get_actor_max_input_age},
    {"actor.model_name", "Registered model", "boiler-opt", S, NULL, get_actor_model},
    {"actor.model_version", "Registered version of its model", "2.3.1", S, NULL,
        get_actor_model_version},
    {"actor.client_id", "MQTT client id it used", "ai-optimizer", S, NULL, get_actor_client_id},
    {"actor.application_uri", "ApplicationUri it used", "urn:plant-a:ai-optimizer", S, NULL,
        get_actor_uri},
    {"actor.user", "User it used", "optimizer", S, NULL, get_actor_user},
    {"actor.ip", "Its address", "10.10.0.32", I, NULL, get_actor_ip},
    {"actor.mac", "Its hardware address", "02:00:00:00:00:32", S, NULL, get_actor_mac},

    {"target", "The asset acted on, else its address", "plc-1", S, NULL, get_target},
    {"target.asset", "Id of the asset acted on", "plc-1", S, NULL, get_target_asset},
    {"target.kind", "Its kind", "opcua-server", S, NULL, get_target_kind},
    {"target.importance", "Its importance; ordered", "essential", E, importances,
        get_target_importance},
    {"target.min_security", "Least security it asks for", "sign", S, NULL, get_target_min_security},
    {"target.in_plant", "Its address is in one of the plant's networks", "true", B, NULL,
        get_target_in_plant},
    {"target.object", "The object, never replaced by a variable's id", "ns=2;s=Boiler.Setpoint", S,
        NULL, get_target_object},
    {"target.ip", "Its address", "10.10.0.10", I, NULL, get_target_ip},

    {"variable.id", "Declared variable that the object (and field) is", "boiler.setpoint", S, NULL,
        get_variable_id},
    {"variable.role", "Its role", "command", E, roles, get_variable_role},
    {"variable.label", "What its content is for beyond the role, and for whom", "prompt", E, labels,
        get_variable_label},
    {"variable.ai_system", "AI system whose prompt, policy, tools or configuration it is",
        "ai-optimizer", S, NULL, get_variable_ai_system},
    {"variable.changed",
        "Its content is another than before; known where it is labelled prompt, policy, tools or"
        " config and was seen before",
        "true", B, NULL, get_variable_changed},
    {"variable.unit", "Its unit", "degC", S, NULL, get_variable_unit},
    {"variable.type", "Its declared type", "Double", S, NULL, get_variable_type},
    {"variable.range", "Its engineering range", "20 to 90", R, NULL, get_variable_range},
    {"variable.range_learned", "The range was learned from the wire", "false", B, NULL,
        get_variable_range_learned},
    {"variable.max_step", "Greatest declared step", "5", N, NULL, get_variable_max_step},
    {"variable.max_rate", "Greatest declared change per s", "2", N, NULL, get_variable_max_rate},
    {"variable.has_publishers", "The inventory says who publishes it", "true", B, NULL,
        get_variable_has_publishers},
    {"variable.is_input", "Some AI system declares it among its inputs", "true", B, NULL,
        get_variable_is_input},
    {"variable.publisher_ok", "The actor is one of them", "true", B, NULL,
        get_variable_publisher_ok},
    {"variable.is_payload", "The whole payload is its value", "false", B, NULL,
        get_variable_is_payload},

    {"grant.allowed", "A line of `may` covers it, or nothing is listed", "true", B, NULL,
        get_grant_allowed},
    {"grant.default_open", "Allowed only because nothing is listed", "false", B, NULL,
        get_grant_default_open},
    {"grant.needs_approval", "Approval that the grant asks for", "boiler-approval", S, NULL,
        get_grant_needs_approval},
    {"grant.max_step", "Greatest step of the grant", "3.75", N, NULL, get_grant_max_step},
    {"grant.rate", "Greatest rate of the grant per s", "0.1", N, NULL, get_grant_rate},
    {"grant.rate_text", "The same as written", "6/min", S, NULL, get_grant_rate_text},

    {"approval.state", "Was this write or call approved", "missing", E, approvals,
        get_approval_state},
    {"approval.id", "Which approval", "boiler-approval", S, NULL, get_approval_id},
    {"approval.value", "Value that was approved", "82.5", N, NULL, get_approval_value},
    {"approval.by", "Who approved", "hmi-1", S, NULL, get_approval_by},
    {"approval.age", "Seconds since it was given", "12.5", N, NULL, get_approval_age},
    {"approval.is_given", "This message gives an approval", "true", B, NULL, get_approval_is_given},
    {"approval.giver_ok", "Its sender is one of those who may give it", "false", B, NULL,
        get_approval_giver_ok},
    {"approval.expired_for", "Seconds since it expired", "4", N, NULL, get_approval_expired_for},

    {"heartbeat.object", "Sign of life of the actor that is overdue while it acts",
        "ns=2;s=AI.Optimizer.Heartbeat", S, NULL, get_heartbeat_object},
    {"heartbeat.silent_for", "Seconds since it came last", "21.5", N, NULL,
        get_heartbeat_silent_for},
    {"heartbeat.limit", "Seconds that it may be silent for", "20", N, NULL, get_heartbeat_limit},

    {"report.is_report", "The actor reports about itself here", "true", B, NULL, get_report_is},
    {"report.confidence", "Confidence it states, 0 to 1; above 1 it is taken for percent", "0.31",
        N, NULL, get_report_confidence},
    {"report.inputs_age", "Age of its inputs in s", "310", N, NULL, get_report_inputs_age},
    {"report.model", "Model it states", "boiler-opt", S, NULL, get_report_model},
    {"report.model_version", "Version it states", "2.4.0", S, NULL, get_report_model_version},
    {"report.version_declared", "That version is registered or an open change names it", "false", B,
        NULL, get_report_declared},
    {"report.object", "Object that it states to have decided about", "ns=2;s=Boiler.Setpoint", S,
        NULL, get_report_object},
    {"report.value", "Value that it states to have decided on", "82.5", V, NULL, get_report_value},
    {"report.change_ticket", "Ticket of that change", "CHG-118", S, NULL, get_report_ticket},
    {"change.open", "A change order of the actor, or of variable.ai_system, is open", "false", B,
        NULL, get_change_open},
    {"watching", "Seconds since the first packet", "120", N, NULL, get_watching},

    {"session.live_elsewhere", "The same identity is live from this address too", "10.10.0.99", I,
        NULL, get_session_elsewhere},
    {"session.takeovers", "Take-overs of this client id in the last 60 s", "3", N, NULL,
        get_session_takeovers},
    {"session.after_gap", "Bytes of this connection were lost in the last 10 s", "false", B, NULL,
        get_session_after_gap},
    {"topic.publishers", "Identities that published on this topic so far", "2", N, NULL,
        get_topic_publishers},
    {"topic.first_publisher", "The first of them", "edge-1", S, NULL, get_topic_first},
    {"filter.broad", "The filter asks for everything (#, +/#, $SYS/#, spBv1.0/#)", "true", B, NULL,
        get_filter_broad},
    {"filter.topics", "Known topics that the filter matches", "31", N, NULL, get_filter_topics},
    {"filter.known_topics", "Topics seen so far", "40", N, NULL, get_filter_known},
    {"filter.share", "Their ratio", "0.775", N, NULL, get_filter_share},
    {"filter.group", "Group of a shared subscription", "workers", S, NULL, get_filter_group},
    {"filter.commands", "Declared command variables whose topics the filter takes in", "2", N, NULL,
        get_filter_commands},
    {"filter.command", "The first of them", "zone.cmd", S, NULL, get_filter_command},
    {"delivery.publisher", "Who published what is delivered", "edge-1", S, NULL,
        get_delivery_publisher},
    {"delivery.publish_packet", "Packet of that publish", "1230", N, NULL, get_delivery_packet},
    {"delivery.delay", "Seconds since it", "0.004", N, NULL, get_delivery_delay},
    {"delivery.will_of", "On whose behalf the server publishes a will", "edge-1", S, NULL,
        get_delivery_will},
    {"retained.publisher", "Who set the retained message that is delivered", "edge-1", S, NULL,
        get_retained_publisher},
    {"retained.age", "Seconds since then", "86400", N, NULL, get_retained_age},
    {"reply.requester", "Who asked for what this publish answers", "hmi-1", S, NULL, get_reply_to},
    {"reply.request_topic", "Topic of that request", "plant/jobs", S, NULL, get_reply_topic},
    {"reply.delay", "Seconds since it", "0.2", N, NULL, get_reply_delay},
    {"publish.repeats", "Packet of the PUBLISH that this one sends again", "1230", N, NULL,
        get_publish_repeats},
};

enum {
    EVENT_FIELDS = sizeof(event_fields) / sizeof(event_fields[0]),
    OTHER_FIELDS = sizeof(other_fields) / sizeof(other_fields[0]),
};

size_t tw_fields_count(void)
{
    return EVENT_FIELDS + tw_fields_opcua_count + tw_fields_pubsub_count +
           tw_fields_sparkplug_count + tw_fields_payload_count + tw_fields_command_count +
           tw_fields_conduct_count + tw_fields_carrier_count + tw_fields_series_count +
           tw_fields_practice_count + tw_fields_leaving_count + OTHER_FIELDS;
}

const struct tw_field *tw_fields_at(size_t i)
{
    if (i < EVENT_FIELDS)
        return &event_fields[i];
    i -= EVENT_FIELDS;
    if (i < tw_fields_opcua_count)
        return &tw_fields_opcua[i];
    i -= tw_fields_opcua_count;
    if (i < tw_fields_pubsub_count)
        return &tw_fields_pubsub[i];
    i -= tw_fields_pubsub_count;
    if (i < tw_fields_sparkplug_count)
        return &tw_fields_sparkplug[i];
    i -= tw_fields_sparkplug_count;
    if (i < tw_fields_payload_count)
        return &tw_fields_payload[i];
    i -= tw_fields_payload_count;
    if (i < tw_fields_command_count)
        return &tw_fields_command[i];
    i -= tw_fields_command_count;
    if (i < tw_fields_conduct_count)
        return &tw_fields_conduct[i];
    i -= tw_fields_conduct_count;
    if (i < tw_fields_carrier_count)
        return &tw_fields_carrier[i];
    i -= tw_fields_carrier_count;
    if (i < tw_fields_series_count)
        return &tw_fields_series[i];
    i -= tw_fields_series_count;
    if (i < tw_fields_practice_count)
        return &tw_fields_practice[i];
    i -= tw_fields_practice_count;
    if (i < tw_fields_leaving_count)
        return &tw_fields_leaving[i];
    i -= tw_fields_leaving_count;
    return i < OTHER_FIELDS ? &other_fields[i] : NULL;
}

const struct tw_field *tw_field_find(struct tw_str name)
{
    const struct tw_field *field;
    for (size_t i = 0; (field = tw_fields_at(i)) != NULL; i++) {
        if (tw_str_is(name, field->name))
            return field;
    }
    return NULL;
}

bool tw_field_is_shared(const struct tw_field *field)
{
    /* A trailing dot: all that begin so. */
    static const char *const names[] = {"action", "protocol", "packet", "vlan", "src.", "dst.",
        "mqtt.", "decision.", "mcp.", "actor", "actor.", "target", "target.asset", "target.kind",
        "target.importance", "target.min_security", "target.in_plant", "target.ip", "watching",
        "session.", "topic.", "delivery.", "sparkplug.type", "pubsub.encoding", "retained.",
        "reply.", "publish."};
    const struct tw_str name = tw_str_of(field->name);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct tw_str n = tw_str_of(names[i]);
        if (n.p[n.len - 1] == '.' ? tw_str_starts(name, n) : tw_str_eq(name, n))
            return true;
    }
    return false;
}
