#include <math.h>

#include "event/field_get.h"

U_STR(u_service, service)
U_STR(u_attribute, attribute)
U_MAYBE(u_index_range, index_range)
U_MAYBE(u_policy, security_policy)
U_MAYBE(u_mode, security_mode)
U_MAYBE(u_uri, application_uri)
U_MAYBE(u_name, application_name)
U_MAYBE(u_product, product_uri)
U_MAYBE(u_session_name, session_name)
U_MAYBE(u_user, user)
U_STR(u_user_token, user_token)
GET(u_clear_password)
{
    if (s->event->opcua)
        set_flag(out, s->event->opcua->clear_password);
}
U_MAYBE(u_certificate, certificate_sha256)
U_STR(u_certificate_uri, certificate_uri)
U_STR(u_server_uri, server_uri)
U_STR(u_endpoint, endpoint_url)
U_STR(u_object_id, object_id)
U_MAYBE(u_audit, audit_entry_id)
U_NUM(u_subscription, has_subscription, subscription_id)
U_NUM(u_publishing, has_publishing_interval, publishing_interval)
U_NUM(u_sampling, has_sampling_interval, sampling_interval)
U_NUM(u_chunks, chunks > 0, chunks)
U_NUM(u_bytes, message_bytes > 0, message_bytes)
U_NUM(u_client_nonce, client_nonce != 0, client_nonce)
U_NUM(u_server_nonce, server_nonce != 0, server_nonce)

FLAG(u_sessionless, s->event->opcua && s->event->opcua->sessionless)
U_STR(u_namespace, namespace_uri)

/* A detail of the service, by the name it is printed under. */
static const struct tw_value *detail_of(const struct tw_scene *s, const char *name)
{
    const struct tw_value *v = s->event->opcua ? s->event->opcua->details : NULL;
    for (uint32_t i = 0; v && i < v->n; i++) {
        if (tw_str_is(v->items[i].name, name))
            return &v->items[i];
    }
    return NULL;
}

/* Only of the kind that the field promises. */
static void set_detail(
    const struct tw_scene *s, struct tw_field_value *out, const char *name, enum tw_value_kind kind)
{
    const struct tw_value *v = detail_of(s, name);
    if (v != NULL && v->kind == kind)
        set_value(out, v);
}

static void set_detail_number(
    const struct tw_scene *s, struct tw_field_value *out, const char *name)
{
    const struct tw_value *v = detail_of(s, name);
    double number;
    if (v != NULL && tw_value_number(v, &number))
        set_number(out, number);
}

#define U_COUNT(name, key)                                                                         \
    GET(name)                                                                                      \
    {                                                                                              \
        set_detail_number(s, out, key);                                                            \
    }
U_COUNT(u_request_bytes, "request_bytes")
U_COUNT(u_response_bytes, "response_bytes")
U_COUNT(u_response_ms, "response_ms")
U_COUNT(u_waiting, "waiting_requests")
U_COUNT(u_sealed_requests, "encrypted_requests")
U_COUNT(u_sealed_request_bytes, "encrypted_request_bytes")
U_COUNT(u_sealed_responses, "encrypted_responses")
U_COUNT(u_sealed_response_bytes, "encrypted_response_bytes")

#define U_DETAIL(name, key, kind)                                                                  \
    GET(name)                                                                                      \
    {                                                                                              \
        set_detail(s, out, key, TW_VALUE_##kind);                                                  \
    }
U_DETAIL(u_monitoring_mode, "monitoring_mode", STRING)
U_DETAIL(u_publishing_enabled, "publishing_enabled", BOOL)
U_DETAIL(u_path, "path", STRING)
U_DETAIL(u_node_class, "node_class", STRING)
U_DETAIL(u_parent, "parent", STRING)
U_DETAIL(u_target, "target", STRING)
U_DETAIL(u_delete_subscriptions, "delete_subscriptions", BOOL)
GET(u_references)
{
    set_detail_number(s, out, "references");
}

/* What a GetEndpoints answer offers. */
static const struct tw_value *member_of(const struct tw_value *v, const char *name)
{
    for (uint32_t i = 0; v->kind == TW_VALUE_OBJECT && i < v->n; i++) {
        if (tw_str_is(v->items[i].name, name))
            return &v->items[i];
    }
    return NULL;
}

static bool ends_with(const struct tw_value *v, const char *end)
{
    const struct tw_str e = tw_str_of(end);
    return v != NULL && v->kind == TW_VALUE_STRING && v->s.len >= e.len &&
           memcmp(v->s.p + (v->s.len - e.len), e.p, e.len) == 0;
}

static void set_offers(
    const struct tw_scene *s, struct tw_field_value *out, const char *const *policies)
{
    const struct tw_value *endpoints = detail_of(s, "endpoints");
    bool found = false;
    if (endpoints == NULL || endpoints->kind != TW_VALUE_ARRAY)
        return;
    for (uint32_t i = 0; i < endpoints->n; i++) {
        const struct tw_value *uri = member_of(&endpoints->items[i], "security_policy_uri");
        for (size_t k = 0; policies[k] != NULL; k++)
            found = found || ends_with(uri, policies[k]);
    }
    set_flag(out, found);
}
GET(u_offers_none)
{
    static const char *const none[] = {"#None", NULL};
    set_offers(s, out, none);
}
GET(u_offers_deprecated)
{
    static const char *const deprecated[] = {"#Basic128Rsa15", "#Basic256", NULL};
    set_offers(s, out, deprecated);
}

GET(u_continues)
{
    if (s->event->opcua)
        set_flag(out, s->event->opcua->continues != 0);
}

#define HISTORY s->event->opcua->history
#define HAS_HISTORY s->event->opcua &&HISTORY
GET(h_kind)
{
    if (HAS_HISTORY)
        set_text(out, HISTORY->kind);
}
GET(h_perform)
{
    if (HAS_HISTORY)
        set_text(out, HISTORY->perform);
}
GET(h_aggregate)
{
    if (HAS_HISTORY)
        set_str(out, HISTORY->aggregate);
}
GET(h_window)
{
    if (HAS_HISTORY && HISTORY->from_ns != 0 && HISTORY->to_ns != 0)
        set_number(out, fabs(((double)HISTORY->to_ns - (double)HISTORY->from_ns) / 1e9));
}
NUM(h_values, HAS_HISTORY && HISTORY->has_values, HISTORY->values)
NUM(h_returned, HAS_HISTORY && HISTORY->has_returned, HISTORY->returned)

#define CERTIFICATE s->event->opcua->certificate
#define HAS_CERTIFICATE s->event->opcua &&CERTIFICATE
#define C_STR(name, from)                                                                          \
    GET(name)                                                                                      \
    {                                                                                              \
        if (HAS_CERTIFICATE)                                                                       \
            set_str(out, CERTIFICATE->from);                                                       \
    }
C_STR(c_sha1, sha1)
C_STR(c_subject, subject)
C_STR(c_issuer, issuer)
C_STR(c_key, key)
C_STR(c_signature, signature)
NUM(c_key_bits, HAS_CERTIFICATE && CERTIFICATE->key_bits > 0, CERTIFICATE->key_bits)
NUM(c_chain, HAS_CERTIFICATE && CERTIFICATE->chain > 0, CERTIFICATE->chain)
GET(c_self_signed)
{
    if (HAS_CERTIFICATE)
        set_flag(out, CERTIFICATE->self_signed);
}
GET(c_expires_in)
{
    if (HAS_CERTIFICATE && CERTIFICATE->not_after_ns != 0)
        set_seconds(out, CERTIFICATE->not_after_ns - s->event->ts_ns);
}
GET(c_valid_since)
{
    if (HAS_CERTIFICATE && CERTIFICATE->not_before_ns != 0)
        set_seconds(out, s->event->ts_ns - CERTIFICATE->not_before_ns);
}

/* Members of an event notification, by the names of its select clauses [UA5 6.4.2]. */
#define ALARM(name, key)                                                                           \
    GET(name)                                                                                      \
    {                                                                                              \
        set_value(out, alarm_member(s, key));                                                      \
    }
static const struct tw_value *alarm_member(const struct tw_scene *s, const char *name)
{
    const struct tw_value *v = &s->event->value;
    if (s->event->action != TW_ACTION_ALARM || v->kind != TW_VALUE_OBJECT)
        return NULL;
    for (uint32_t i = 0; i < v->n; i++) {
        if (tw_str_is(v->items[i].name, name))
            return &v->items[i];
    }
    return NULL;
}
ALARM(alarm_severity, "Severity")
ALARM(alarm_message, "Message")
ALARM(alarm_type, "EventType")
ALARM(alarm_source, "SourceNode")
ALARM(alarm_source_name, "SourceName")

/* What was read on the wire about the object. */
#define LEARNED s->event->facts->learned
#define HAS_LEARNED s->event->facts &&LEARNED
#define L_STR(name, from)                                                                          \
    GET(name)                                                                                      \
    {                                                                                              \
        if (HAS_LEARNED)                                                                           \
            set_str(out, LEARNED->from);                                                           \
    }
L_STR(l_unit, unit)
L_STR(l_type, type)
L_STR(l_states, states)
GET(l_range)
{
    if (HAS_LEARNED && LEARNED->has_range)
        set_range(out, LEARNED->low, LEARNED->high);
}
GET(l_instrument_range)
{
    if (HAS_LEARNED && LEARNED->has_instrument_range)
        set_range(out, LEARNED->instrument_low, LEARNED->instrument_high);
}
GET(l_writable)
{
    enum { CURRENT_WRITE = 2 };
    if (HAS_LEARNED && LEARNED->has_access)
        set_flag(out, (LEARNED->access & CURRENT_WRITE) != 0);
}

static const char *const modes[] = {"None", "Sign", "SignAndEncrypt", NULL};
static const char *const monitoring_modes[] = {"Disabled", "Sampling", "Reporting", NULL};
static const char *const history_kinds[] = {"raw", "modified", "processed", "at_time", "events",
    "annotations", "data", "structure_data", "delete_raw", "delete_modified", "delete_at_time",
    "delete_events", NULL};
static const char *const history_performs[] = {"insert", "replace", "update", "remove", NULL};
static const char *const user_tokens[] = {"anonymous", "username", "certificate", "issued", NULL};

#define S TW_FIELD_STRING
#define N TW_FIELD_NUMBER
#define B TW_FIELD_BOOL
#define E TW_FIELD_ENUM
#define I TW_FIELD_IP
#define R TW_FIELD_RANGE
#define V TW_FIELD_VALUE

const struct tw_field tw_fields_opcua[] = {
    {"opcua.service", "OPC UA service", "Write", S, NULL, get_u_service},
    {"opcua.attribute", "Attribute that is read or written", "Value", S, NULL, get_u_attribute},
    {"opcua.index_range", "Part of an array", "0:3", S, NULL, get_u_index_range},
    {"opcua.security_policy", "Security policy of the channel", "Basic256Sha256", S, NULL,
        get_u_policy},
    {"opcua.security_mode", "Security mode of the channel", "SignAndEncrypt", E, modes, get_u_mode},
    {"opcua.application_uri", "ApplicationUri of the client", "urn:plant-a:ai-optimizer", S, NULL,
        get_u_uri},
    {"opcua.application_name", "ApplicationName of the client", "optimizer", S, NULL, get_u_name},
    {"opcua.product_uri", "ProductUri of the client", "urn:vendor:product", S, NULL, get_u_product},
    {"opcua.session_name", "Name of the session", "session-1", S, NULL, get_u_session_name},
    {"opcua.user", "User of the session", "anonymous", S, NULL, get_u_user},
    {"opcua.user_token", "How the user is proven", "username", E, user_tokens, get_u_user_token},
    {"opcua.clear_password", "A password was sent unprotected", "true", B, NULL,
        get_u_clear_password},
    {"opcua.client_nonce", "Digest of the client's nonce (session)", "226854911280625", N, NULL,
        get_u_client_nonce},
    {"opcua.server_nonce", "Digest of the server's nonce (session, authenticate)",
        "118394216754321", N, NULL, get_u_server_nonce},
    {"opcua.certificate_sha256", "Thumbprint of the client's certificate", "9f3c…", S, NULL,
        get_u_certificate},
    {"opcua.certificate_uri", "URI in the client's certificate", "urn:plant-a:ai-optimizer", S,
        NULL, get_u_certificate_uri},
    {"opcua.server_uri", "Server that the session asks for", "urn:plc", S, NULL, get_u_server_uri},
    {"opcua.endpoint_url", "Endpoint that the client named", "opc.tcp://plc:4840", S, NULL,
        get_u_endpoint},
    {"opcua.object_id", "Object whose method is called", "ns=2;s=HVAC", S, NULL, get_u_object_id},
    {"opcua.audit_entry_id", "AuditEntryId of the request", "ap=CO-2026-0113", S, NULL,
        get_u_audit},
    {"opcua.subscription_id", "Subscription", "7", N, NULL, get_u_subscription},
    {"opcua.publishing_interval", "Publishing interval in ms", "500", N, NULL, get_u_publishing},
    {"opcua.sampling_interval", "Sampling interval in ms", "250", N, NULL, get_u_sampling},
    {"opcua.chunks", "Chunks of the message", "3", N, NULL, get_u_chunks},
    {"opcua.message_bytes", "Bytes of the request or its answer, whichever has more", "4096", N,
        NULL, get_u_bytes},

    {"opcua.request_bytes", "Bytes of a request that is encrypted", "144", N, NULL,
        get_u_request_bytes},
    {"opcua.response_bytes", "Bytes of an answer that is encrypted", "9696", N, NULL,
        get_u_response_bytes},
    {"opcua.response_ms", "Time from an encrypted request to its answer in ms", "11.8", N, NULL,
        get_u_response_ms},
    {"opcua.waiting_requests", "Encrypted requests that waited for an answer when it came", "1", N,
        NULL, get_u_waiting},
    {"opcua.encrypted_requests", "Encrypted chunks of a channel so far, from the client", "25", N,
        NULL, get_u_sealed_requests},
    {"opcua.encrypted_request_bytes", "Their bytes", "5216", N, NULL, get_u_sealed_request_bytes},
    {"opcua.encrypted_responses", "Encrypted chunks of a channel so far, from the server", "26", N,
        NULL, get_u_sealed_responses},
    {"opcua.encrypted_response_bytes", "Their bytes", "28992", N, NULL,
        get_u_sealed_response_bytes},
    {"opcua.sessionless", "It came without a session (SessionlessInvoke)", "true", B, NULL,
        get_u_sessionless},
    {"opcua.namespace_uri", "Namespace of the object, once the server's table was read",
        "urn:plant-a:boiler", S, NULL, get_u_namespace},
    {"opcua.monitoring_mode", "Mode that monitored items are given", "Disabled", E,
        monitoring_modes, get_u_monitoring_mode},
    {"opcua.publishing_enabled", "Publishing of a subscription is switched on", "false", B, NULL,
        get_u_publishing_enabled},
    {"opcua.path", "RelativePath that is translated", "/2:Boiler.EURange", S, NULL, get_u_path},
    {"opcua.node_class", "NodeClass of a node that is added", "Method", S, NULL, get_u_node_class},
    {"opcua.parent", "Where a node is added", "i=85", S, NULL, get_u_parent},
    {"opcua.target", "Other end of a reference that is added or deleted", "ns=2;i=7", S, NULL,
        get_u_target},
    {"opcua.references", "References that a Browse found", "31", N, NULL, get_u_references},
    {"opcua.delete_subscriptions", "CloseSession ends the subscriptions, too", "true", B, NULL,
        get_u_delete_subscriptions},
    {"opcua.offers_none", "An endpoint of the answer takes unprotected channels (GetEndpoints)",
        "true", B, NULL, get_u_offers_none},
    {"opcua.offers_deprecated", "An endpoint of the answer takes Basic128Rsa15 or Basic256",
        "false", B, NULL, get_u_offers_deprecated},
    {"opcua.continues", "It asks for more of an earlier answer, by its continuation point", "false",
        B, NULL, get_u_continues},
    {"opcua.history.kind", "What is read or changed of the past", "raw", E, history_kinds,
        get_h_kind},
    {"opcua.history.perform", "How the past is changed", "replace", E, history_performs,
        get_h_perform},
    {"opcua.history.window", "Length of the time asked for in s", "86400", N, NULL, get_h_window},
    {"opcua.history.values", "Values of each node that are asked for at most (0: all), or changed",
        "1000", N, NULL, get_h_values},
    {"opcua.history.returned", "Values that the server gave for the node", "412", N, NULL,
        get_h_returned},
    {"opcua.history.aggregate", "Aggregate that is computed", "Average", S, NULL, get_h_aggregate},
    {"opcua.certificate_sha1", "SHA-1 thumbprint of the client's certificate", "9f3c…", S, NULL,
        get_c_sha1},
    {"opcua.certificate_subject", "Its subject", "CN=ai-optimizer,O=Plant A", S, NULL,
        get_c_subject},
    {"opcua.certificate_issuer", "Its issuer", "CN=Plant A CA", S, NULL, get_c_issuer},
    {"opcua.certificate_self_signed", "Subject and issuer are the same", "true", B, NULL,
        get_c_self_signed},
    {"opcua.certificate_expires_in", "Seconds until it expires; negative afterwards", "-86400", N,
        NULL, get_c_expires_in},
    {"opcua.certificate_valid_since", "Seconds since it became valid; negative before", "3600", N,
        NULL, get_c_valid_since},
    {"opcua.certificate_key", "Kind of its key", "RSA", S, NULL, get_c_key},
    {"opcua.certificate_key_bits", "Length of its key", "2048", N, NULL, get_c_key_bits},
    {"opcua.certificate_signature", "How it is signed", "sha256WithRSAEncryption", S, NULL,
        get_c_signature},
    {"opcua.certificate_chain", "Certificates sent with it, itself included", "2", N, NULL,
        get_c_chain},

    {"alarm.severity", "Severity of an event notification", "700", V, NULL, get_alarm_severity},
    {"alarm.message", "Its message", "Temperature high", V, NULL, get_alarm_message},
    {"alarm.event_type", "NodeId of its type", "i=9341", V, NULL, get_alarm_type},
    {"alarm.source_node", "Node that it is about", "ns=2;s=Boiler", V, NULL, get_alarm_source},
    {"alarm.source_name", "Name of that node", "Boiler", V, NULL, get_alarm_source_name},

    {"learned.range", "EURange of the object as any client read it", "0 to 150", R, NULL,
        get_l_range},
    {"learned.instrument_range", "Its InstrumentRange", "-50 to 400", R, NULL,
        get_l_instrument_range},
    {"learned.unit", "Its EngineeringUnits", "°C", S, NULL, get_l_unit},
    {"learned.type", "Its DataType", "Double", S, NULL, get_l_type},
    {"learned.states", "Its EnumStrings", "Off|Auto|Manual", S, NULL, get_l_states},
    {"learned.writable", "Its AccessLevel says that it can be written", "true", B, NULL,
        get_l_writable},
};

const size_t tw_fields_opcua_count = sizeof(tw_fields_opcua) / sizeof(tw_fields_opcua[0]);
