/* Which fields can be written, and where they stand in an event. A unit test writes each and reads
 * it back as a rule would. */

#include "trial/made_row.h"

#define AT(s, m) offsetof(s, m), sizeof(((s *)0)->m)
#define HAS(s, m) offsetof(s, m) + 1

static void set_action(struct tw_made *m, const struct tw_made_cell *c)
{
    (void)tw_action_of(c->value.s, &m->event.action);
}

static void set_protocol(struct tw_made *m, const struct tw_made_cell *c)
{
    const bool opcua = tw_str_is(c->value.s, "opcua"), mqtt = tw_str_is(c->value.s, "mqtt");
    m->event.protocol = opcua ? TW_PROTO_OPCUA : mqtt ? TW_PROTO_MQTT : TW_PROTO_OTHER;
    m->event.app = opcua || mqtt ? TW_STR_NONE : c->value.s;
}

static void set_value(struct tw_made *m, const struct tw_made_cell *c)
{
    m->event.value = c->value;
}

static void set_status_bad(struct tw_made *m, const struct tw_made_cell *c)
{
    m->event.status_bad = c->value.b;
    m->has_status_bad = true;
}

static void set_vlan(struct tw_made *m, const struct tw_made_cell *c)
{
    m->event.vlan[0] = (uint16_t)c->value.d;
    m->event.n_vlan = 1;
}

static void set_mac(const struct tw_made_cell *c, struct tw_endpoint *out)
{
    out->has_mac = tw_mac_parse(c->value.s, out->mac);
    if (!out->has_mac)
        tw_yaml_error(c->place->yaml, c->place->diags, c->node, false,
            "such as \"02:00:00:00:00:32\", in quotes", "this is no hardware address");
}

static void set_src_mac(struct tw_made *m, const struct tw_made_cell *c)
{
    set_mac(c, &m->event.src);
}

static void set_dst_mac(struct tw_made *m, const struct tw_made_cell *c)
{
    set_mac(c, &m->event.dst);
}

static void set_window(struct tw_made *m, const struct tw_made_cell *c)
{
    m->history.to_ns = m->event.ts_ns;
    m->history.from_ns = m->event.ts_ns - (int64_t)(c->value.d * 1e9);
}

/* The policies that an answer to GetEndpoints offers. */
static void set_offer(struct tw_made *m, const struct tw_made_cell *c, const char *policy)
{
    struct tw_blocks *b = c->place->blocks;
    struct tw_value *endpoint = tw_blocks_alloc(b, 1, sizeof(*endpoint));
    struct tw_value *uri = tw_blocks_alloc(b, 1, sizeof(*uri));
    if (endpoint == NULL || uri == NULL || m->details.n == TW_MADE_MEMBERS)
        return;
    *uri = (struct tw_value){.kind = TW_VALUE_STRING,
        .name = TW_STR("security_policy_uri"),
        .s = tw_str_of(c->value.b ? policy : "http://opcfoundation.org/UA/SecurityPolicy#Other")};
    *endpoint = (struct tw_value){.kind = TW_VALUE_OBJECT, .n = 1, .items = uri};
    m->details.items = m->members;
    m->members[m->details.n++] = (struct tw_value){
        .kind = TW_VALUE_ARRAY, .name = TW_STR("endpoints"), .n = 1, .items = endpoint};
}

static void set_offers_none(struct tw_made *m, const struct tw_made_cell *c)
{
    set_offer(m, c, "http://opcfoundation.org/UA/SecurityPolicy#None");
}

static void set_offers_deprecated(struct tw_made *m, const struct tw_made_cell *c)
{
    set_offer(m, c, "http://opcfoundation.org/UA/SecurityPolicy#Basic256");
}

static void set_payload_kind(struct tw_made *m, const struct tw_made_cell *c)
{
    for (int i = 0; i < TW_PAYLOAD_KINDS; i++) {
        const char *name = tw_payload_kind_name((enum tw_payload_kind)i);
        if (name != NULL && tw_str_is(c->value.s, name))
            m->mqtt.payload_kind = (enum tw_payload_kind)i;
    }
    m->mqtt.has_payload = true;
}

static void set_payload_problem(struct tw_made *m, const struct tw_made_cell *c)
{
    for (int i = 0; i < TW_PROBLEMS; i++) {
        const char *name = tw_payload_problem_name((enum tw_payload_problem)i);
        if (name != NULL && tw_str_is(c->value.s, name))
            m->mqtt.payload_problem = (enum tw_payload_problem)i;
    }
}

static void set_payload_danger(struct tw_made *m, const struct tw_made_cell *c)
{
    for (int i = 0; i < TW_DANGERS; i++) {
        const char *name = tw_payload_danger_name((enum tw_payload_danger)i);
        if (name != NULL && tw_str_is(c->value.s, name))
            m->mqtt.payload_danger = (enum tw_payload_danger)i;
    }
}

static void set_payload_origin(struct tw_made *m, const struct tw_made_cell *c)
{
    for (int i = 0; i < TW_ORIGINS; i++) {
        const char *name = tw_payload_origin_name((enum tw_payload_origin)i);
        if (name != NULL && tw_str_is(c->value.s, name))
            m->mqtt.payload_origin = (enum tw_payload_origin)i;
    }
}

static void set_receive_maximum(struct tw_made *m, const struct tw_made_cell *c)
{
    m->more.client.said |= TW_MQTT_SAID_RECEIVE_MAX;
    m->more.client.receive_max = (uint16_t)c->value.d;
}

static void set_session_expiry(struct tw_made *m, const struct tw_made_cell *c)
{
    m->more.client.said |= TW_MQTT_SAID_SESSION_EXPIRY;
    m->more.client.session_expiry = (uint32_t)c->value.d;
}

static void set_subscription_id(struct tw_made *m, const struct tw_made_cell *c)
{
    m->more.subscription_ids[0] = (uint32_t)c->value.d;
    m->more.n_subscription_ids = 1;
}

static void set_will_delay(struct tw_made *m, const struct tw_made_cell *c)
{
    m->mqtt.has_will = true;
    m->more.will_delay = (uint32_t)c->value.d;
}

static void set_correlated(struct tw_made *m, const struct tw_made_cell *c)
{
    m->more.has_correlation = c->value.b;
}

/* "3.17": major and minor. */
static void set_metadata_version(struct tw_made *m, const struct tw_made_cell *c)
{
    struct tw_str s = c->value.s;
    const char *dot = memchr(s.p, '.', s.len);
    const size_t n = dot != NULL ? (size_t)(dot - s.p) : s.len;
    struct tw_number number;
    if (tw_num_parse((struct tw_str){s.p, n}, &number)) {
        m->pubsub.has_major = true;
        m->pubsub.major = (uint32_t)number.d;
    }
    if (dot != NULL && tw_num_parse((struct tw_str){dot + 1, s.len - n - 1}, &number)) {
        m->pubsub.has_minor = true;
        m->pubsub.minor = (uint32_t)number.d;
    }
}

static void set_sparkplug_type(struct tw_made *m, const struct tw_made_cell *c)
{
    for (int i = TW_SPARKPLUG_NBIRTH; i <= TW_SPARKPLUG_STATE; i++) {
        if (tw_str_is(c->value.s, tw_sparkplug_kind_name((enum tw_sparkplug_kind)i)))
            m->sparkplug.kind = (enum tw_sparkplug_kind)i;
    }
}

static void set_range(const struct tw_made_cell *c, bool *has, double *low, double *high)
{
    const struct tw_value *v = &c->value;
    *has = v->kind == TW_VALUE_ARRAY && v->n == 2 && tw_value_number(&v->items[0], low) &&
           tw_value_number(&v->items[1], high);
    if (!*has)
        tw_yaml_error(c->place->yaml, c->place->diags, c->node, false, NULL,
            "a range is two numbers: [lowest, highest]");
}

static void set_deviation(struct tw_made *m, const struct tw_made_cell *c)
{
    for (int i = 0; i < TW_DEVIATION_KINDS; i++) {
        if (tw_str_is(c->value.s, tw_deviation_name((enum tw_deviation_kind)i)))
            m->deviation.kind = (enum tw_deviation_kind)i;
    }
}

static void set_frozen_for(struct tw_made *m, const struct tw_made_cell *c)
{
    m->deviation.frozen_ns = (int64_t)(c->value.d * 1e9);
}

static void set_steady(struct tw_made *m, const struct tw_made_cell *c)
{
    m->deviation.steady_ns = (int64_t)(c->value.d * 1e9);
}

static void set_series_range(struct tw_made *m, const struct tw_made_cell *c)
{
    bool has;
    set_range(c, &has, &m->deviation.low, &m->deviation.high);
}

static void set_learned_range(struct tw_made *m, const struct tw_made_cell *c)
{
    struct tw_learned *l = &m->learned;
    set_range(c, &l->has_range, &l->low, &l->high);
}

static void set_instrument_range(struct tw_made *m, const struct tw_made_cell *c)
{
    struct tw_learned *l = &m->learned;
    set_range(c, &l->has_instrument_range, &l->instrument_low, &l->instrument_high);
}

static void set_writable(struct tw_made *m, const struct tw_made_cell *c)
{
    enum { CURRENT_READ = 1, CURRENT_WRITE = 2 };
    m->learned.has_access = true;
    m->learned.access = c->value.b ? CURRENT_READ | CURRENT_WRITE : CURRENT_READ;
}

/* The field has 53 bits of it. */
static void set_payload_hash(struct tw_made *m, const struct tw_made_cell *c)
{
    m->mqtt.payload_hash = (uint64_t)c->value.d << 11;
}

static void set_continues(struct tw_made *m, const struct tw_made_cell *c)
{
    m->opcua.continues = c->value.b;
}

static void set_delivery_delay(struct tw_made *m, const struct tw_made_cell *c)
{
    m->session.origin_ns = m->event.ts_ns - (int64_t)(c->value.d * 1e9);
    if (m->session.origin_packet == 0)
        m->session.origin_packet = 1;
}

#define OWN(name, part, set)                                                                       \
    {                                                                                              \
        name, TW_MADE_##part, TW_MADE_OWN, 0, 0, 0, NULL, set                                      \
    }
#define ROW(name, part, kind, s, m)                                                                \
    {                                                                                              \
        name, TW_MADE_##part, TW_MADE_##kind, AT(s, m), 0, NULL, NULL                              \
    }
#define ROW_HAS(name, part, kind, s, m, h)                                                         \
    {                                                                                              \
        name, TW_MADE_##part, TW_MADE_##kind, AT(s, m), HAS(s, h), NULL, NULL                      \
    }
#define DETAIL(name, member)                                                                       \
    {                                                                                              \
        name, TW_MADE_DETAILS, TW_MADE_DETAIL, 0, 0, 0, member, NULL                               \
    }
#define ALARM(name, member)                                                                        \
    {                                                                                              \
        name, TW_MADE_EVENT, TW_MADE_ALARM, 0, 0, 0, member, NULL                                  \
    }
#define E(name, kind, m) ROW(name, EVENT, kind, struct tw_event, m)
#define F(name, kind, m) ROW("flow." name, FLOW, kind, struct tw_flow_info, m)
#define F_HAS(name, kind, m, h) ROW_HAS("flow." name, FLOW, kind, struct tw_flow_info, m, h)
#define U(name, kind, m) ROW("opcua." name, OPCUA, kind, struct tw_opcua_info, m)
#define U_HAS(name, kind, m, h) ROW_HAS("opcua." name, OPCUA, kind, struct tw_opcua_info, m, h)
#define H(name, kind, m) ROW("opcua.history." name, HISTORY, kind, struct tw_opcua_history, m)
#define H_HAS(name, kind, m, h)                                                                    \
    ROW_HAS("opcua.history." name, HISTORY, kind, struct tw_opcua_history, m, h)
#define C(name, kind, m)                                                                           \
    ROW("opcua.certificate_" name, CERTIFICATE, kind, struct tw_opcua_certificate, m)
#define M(name, kind, m) ROW("mqtt." name, MQTT, kind, struct tw_mqtt_info, m)
#define M_HAS(name, kind, m, h) ROW_HAS("mqtt." name, MQTT, kind, struct tw_mqtt_info, m, h)
#define X(name, kind, m) ROW("mqtt." name, MORE, kind, struct tw_mqtt_more, m)
#define X_HAS(name, kind, m, h) ROW_HAS("mqtt." name, MORE, kind, struct tw_mqtt_more, m, h)
#define CARRIER(name, kind, m) ROW("mqtt." name, CARRIER, kind, struct tw_carrier, m)
#define TLS(name, kind, m) ROW("tls." name, TLS, kind, struct tw_tls_info, m)
#define D(name, kind, m) ROW("decision." name, DECISION, kind, struct tw_decision_context, m)
#define MCP(name, kind, m) ROW("mcp." name, MCP, kind, struct tw_mcp_info, m)
#define MCP_HAS(name, kind, m, h) ROW_HAS("mcp." name, MCP, kind, struct tw_mcp_info, m, h)
#define P(name, kind, m) ROW("pubsub." name, PUBSUB, kind, struct tw_pubsub_info, m)
#define P_HAS(name, kind, m, h) ROW_HAS("pubsub." name, PUBSUB, kind, struct tw_pubsub_info, m, h)
#define SERIES(name, kind, m) ROW("series." name, DEVIATION, kind, struct tw_deviation, m)
#define K(name, kind, m) ROW("sparkplug." name, SPARKPLUG, kind, struct tw_sparkplug_info, m)
#define K_HAS(name, kind, m, h)                                                                    \
    ROW_HAS("sparkplug." name, SPARKPLUG, kind, struct tw_sparkplug_info, m, h)
#define METRIC(name, kind, m) ROW("sparkplug." name, METRIC, kind, struct tw_sparkplug_metric, m)
#define METRIC_HAS(name, kind, m, h)                                                               \
    ROW_HAS("sparkplug." name, METRIC, kind, struct tw_sparkplug_metric, m, h)
#define S(name, kind, m) ROW(name, SESSION, kind, struct tw_session_facts, m)
#define L(name, kind, m) ROW("learned." name, LEARNED, kind, struct tw_learned, m)
#define FOUND(name, doc) K(#name, FLAG, found.name),
#define ON_METRIC(name, doc) METRIC(#name, FLAG, name),

const struct tw_made_row tw_made_rows[] = {
    OWN("action", EVENT, set_action),
    OWN("protocol", EVENT, set_protocol),
    E("object", STR, object),
    E("field", STR, field),
    OWN("value", EVENT, set_value),
    E("type", TEXT, type),
    E("status", STR, status.s),
    OWN("status.bad", EVENT, set_status_bad),
    E("status.unknown", FLAG, status.is_null),
    ROW_HAS("encrypted", EVENT, FLAG, struct tw_event, encrypted, has_encrypted),
    E("truncated", FLAG, truncated),
    OWN("vlan", EVENT, set_vlan),
    E("src.ip", IP, src.ip),
    E("src.port", UINT, src.port),
    OWN("src.mac", EVENT, set_src_mac),
    E("dst.ip", IP, dst.ip),
    E("dst.port", UINT, dst.port),
    OWN("dst.mac", EVENT, set_dst_mac),
    E("anomaly", STR, detail),
    E("missing_bytes", UINT, missing_bytes),

    E("flow.protocol", STR, app),
    E("flow.host", STR, object),
    F("path", STR, path),
    F("state", TEXT, state),
    F("transport", TEXT, transport),
    F("guessed", FLAG, guessed),
    F("ended", FLAG, has_totals),
    F_HAS("bytes", UINT, bytes, has_totals),
    F_HAS("packets", UINT, packets, has_totals),

    U("service", STR, service),
    U("attribute", STR, attribute),
    U("index_range", MAYBE, index_range),
    U("security_policy", MAYBE, security_policy),
    U("security_mode", MAYBE, security_mode),
    U("application_uri", MAYBE, application_uri),
    U("application_name", MAYBE, application_name),
    U("product_uri", MAYBE, product_uri),
    U("session_name", MAYBE, session_name),
    U("user", MAYBE, user),
    U("user_token", STR, user_token),
    U("clear_password", FLAG, clear_password),
    U("certificate_sha256", MAYBE, certificate_sha256),
    U("certificate_uri", STR, certificate_uri),
    U("server_uri", STR, server_uri),
    U("endpoint_url", STR, endpoint_url),
    U("object_id", STR, object_id),
    U("audit_entry_id", MAYBE, audit_entry_id),
    U_HAS("subscription_id", UINT, subscription_id, has_subscription),
    U_HAS("publishing_interval", DOUBLE, publishing_interval, has_publishing_interval),
    U_HAS("sampling_interval", DOUBLE, sampling_interval, has_sampling_interval),
    U("chunks", UINT, chunks),
    U("message_bytes", UINT, message_bytes),
    U("client_nonce", UINT, client_nonce),
    U("server_nonce", UINT, server_nonce),
    U("sessionless", FLAG, sessionless),
    U("namespace_uri", STR, namespace_uri),
    DETAIL("opcua.request_bytes", "request_bytes"),
    DETAIL("opcua.response_bytes", "response_bytes"),
    DETAIL("opcua.response_ms", "response_ms"),
    DETAIL("opcua.waiting_requests", "waiting_requests"),
    DETAIL("opcua.encrypted_requests", "encrypted_requests"),
    DETAIL("opcua.encrypted_request_bytes", "encrypted_request_bytes"),
    DETAIL("opcua.encrypted_responses", "encrypted_responses"),
    DETAIL("opcua.encrypted_response_bytes", "encrypted_response_bytes"),
    DETAIL("opcua.monitoring_mode", "monitoring_mode"),
    DETAIL("opcua.publishing_enabled", "publishing_enabled"),
    DETAIL("opcua.path", "path"),
    DETAIL("opcua.node_class", "node_class"),
    DETAIL("opcua.parent", "parent"),
    DETAIL("opcua.target", "target"),
    DETAIL("opcua.references", "references"),
    DETAIL("opcua.delete_subscriptions", "delete_subscriptions"),
    OWN("opcua.continues", OPCUA, set_continues),
    OWN("opcua.offers_none", DETAILS, set_offers_none),
    OWN("opcua.offers_deprecated", DETAILS, set_offers_deprecated),
    H("kind", TEXT, kind),
    H("perform", TEXT, perform),
    OWN("opcua.history.window", HISTORY, set_window),
    H_HAS("values", UINT, values, has_values),
    H_HAS("returned", UINT, returned, has_returned),
    H("aggregate", STR, aggregate),
    C("sha1", STR, sha1),
    C("subject", STR, subject),
    C("issuer", STR, issuer),
    C("self_signed", FLAG, self_signed),
    C("expires_in", AHEAD, not_after_ns),
    C("valid_since", AGO, not_before_ns),
    C("key", STR, key),
    C("key_bits", UINT, key_bits),
    C("signature", STR, signature),
    C("chain", UINT, chain),
    ALARM("alarm.severity", "Severity"),
    ALARM("alarm.message", "Message"),
    ALARM("alarm.event_type", "EventType"),
    ALARM("alarm.source_node", "SourceNode"),
    ALARM("alarm.source_name", "SourceName"),
    OWN("learned.range", LEARNED, set_learned_range),
    OWN("learned.instrument_range", LEARNED, set_instrument_range),
    L("unit", STR, unit),
    L("type", STR, type),
    L("states", STR, states),
    OWN("learned.writable", LEARNED, set_writable),

    P("encoding", TEXT, encoding),
    P("message_type", STR, message_type),
    P("dataset_type", TEXT, dataset_type),
    P("field_encoding", TEXT, field_encoding),
    P("publisher_id", STR, publisher_id),
    P("writer_group", STR, writer_group),
    P("data_set_writer", STR, data_set_writer),
    P_HAS("sequence", UINT, sequence, has_sequence),
    P_HAS("group_sequence", UINT, group_sequence, has_group_sequence),
    P_HAS("network_message_number", UINT, number, has_number),
    OWN("pubsub.metadata_version", PUBSUB, set_metadata_version),
    P("timestamp", MOMENT, timestamp_ns),
    P("age", AGO, timestamp_ns),
    P("status", STR, status),
    P("security", TEXT, security),
    P_HAS("chunk_offset", UINT, chunk_offset, has_chunk),
    P_HAS("chunk_total", UINT, chunk_total, has_chunk),
    P("message_bytes", UINT, message_bytes),
    P("invalid", FLAG, invalid),
    P("publisher_differs", FLAG, publisher_differs),
    P("missing", UINT, missing),
    P("duplicate", FLAG, duplicate),
    P("late", FLAG, late),
    P("before_metadata", FLAG, before_metadata),
    P("version_unannounced", FLAG, version_unannounced),

    OWN("sparkplug.type", SPARKPLUG, set_sparkplug_type),
    K("group", STR, group),
    K("edge_node", STR, edge_node),
    K("device", STR, device),
    K("host", STR, host),
    K_HAS("online", FLAG, online, has_online),
    K_HAS("seq", UINT, seq, has_seq),
    K_HAS("bd_seq", UINT, bd_seq, has_bd_seq),
    K("timestamp", MOMENT, timestamp_ns),
    K("age", AGO, timestamp_ns),
    K("uuid", STR, uuid),
    K("compressed", FLAG, compressed),
    K("missing", UINT, found.missing),
    K("sender_host", STR, found.sender_host),
    K("primary_host", STR, found.primary_host),
    TW_SPARKPLUG_FOUND_TABLE(FOUND) METRIC_HAS("alias", UINT, alias, has_alias),
    METRIC("is_null", FLAG, is_null),
    METRIC("is_historical", FLAG, is_historical),
    METRIC("is_transient", FLAG, is_transient),
    METRIC_HAS("quality", UINT, quality, has_quality),
    ROW("sparkplug.metric_age", EVENT, AGO, struct tw_event, source_ts_ns),
    METRIC("rebirth_requests", UINT, rebirth_requests),
    TW_SPARKPLUG_METRIC_TABLE(ON_METRIC)

        OWN("mqtt.payload_kind", MQTT, set_payload_kind),
    OWN("mqtt.payload_problem", MQTT, set_payload_problem),
    OWN("mqtt.payload_danger", MQTT, set_payload_danger),
    OWN("mqtt.payload_origin", MQTT, set_payload_origin),
    M("payload_calls", TEXT, payload_calls),
    M_HAS("payload_items", UINT, payload_items, has_items),
    M("payload_inflated_bytes", UINT, inflated_bytes),
    D("carrier", TEXT, carrier),
    D("agent", STR, agent),
    D("model", STR, model),
    D("model_version", STR, model_version),
    D("model_sha256", STR, model_sha256),
    ROW_HAS("decision.confidence", DECISION, DOUBLE, struct tw_decision_context, confidence,
        has_confidence),
    D("inputs_age", AGO, inputs_ts_ns),
    D("approval", STR, approval),
    D("trace", STR, trace),
    MCP("kind", TEXT, kind),
    MCP("topic", STR, topic),
    MCP("client_id", STR, client_id),
    MCP("server_id", STR, server_id),
    MCP("server_name", STR, server_name),
    MCP("method", STR, method),
    MCP("tool", STR, tool),
    MCP("is_error", FLAG, is_error),
    MCP_HAS("code", UINT, code, has_code),
    MCP("error", STR, error),
    MCP_HAS("declared", FLAG, declared, has_declared),
    MCP_HAS("changed", FLAG, changed, has_declared),
    MCP_HAS("tools", UINT, n_tools, has_tools),
    MCP_HAS("tools_added", UINT, tools_added, has_seen),
    MCP_HAS("tools_changed", UINT, tools_changed, has_seen),
    CARRIER("transport", TEXT, transport),
    CARRIER("client_ip", IP, client.ip),
    CARRIER("client_port", UINT, client.port),
    CARRIER("websocket_path", STR, path),
    CARRIER("websocket_host", STR, host),
    CARRIER("websocket_origin", STR, origin),
    M("topic_id", UINT, topic_id),
    M("topic_id_type", TEXT, topic_id_type),
    M("node", STR, node),
    TLS("version", TEXT, version),
    TLS("cipher", TEXT, cipher),
    TLS("sni", STR, sni),
    TLS("alpn", STR, alpn),
    TLS("ja3", STR, ja3),
    TLS("ja3s", STR, ja3s),
    TLS("ja4", STR, ja4),
    TLS("certificate_sha1", STR, sha1),
    TLS("certificate_subject", STR, subject),
    TLS("certificate_issuer", STR, issuer),
    TLS("certificate_not_before", MOMENT, not_before_ns),
    TLS("certificate_not_after", MOMENT, not_after_ns),

    M("version", TEXT, version),
    M("client_id", MAYBE, client_id),
    M("username", MAYBE, username),
    M_HAS("qos", UINT, qos, has_qos),
    M_HAS("retain", FLAG, retain, has_publish_flags),
    M_HAS("dup", FLAG, dup, has_publish_flags),
    M_HAS("payload_bytes", UINT, payload_bytes, has_payload),
    OWN("mqtt.payload_hash", MQTT, set_payload_hash),
    M("payload_format", TEXT, payload_format),
    M("clear_password", FLAG, clear_password),
    M_HAS("keep_alive", UINT, keep_alive, has_keep_alive),
    M_HAS("clean_start", FLAG, clean_start, has_clean_start),
    M_HAS("will_topic", STR, will_topic, has_will),
    M_HAS("will_retain", FLAG, will_retain, has_will),
    M_HAS("reason", UINT, reason, has_reason),
    M("response_topic", STR, response_topic),
    M("content_type", STR, content_type),
    M_HAS("requested_qos", UINT, requested_qos, has_options),
    M("reason_string", STR, reason_string),
    M_HAS("topic_alias", UINT, topic_alias, has_alias),
    M("alias_unresolved", FLAG, alias_unresolved),
    M_HAS("will_qos", UINT, will_qos, has_will),
    M_HAS("will_bytes", UINT, will_payload_bytes, has_will),
    OWN("mqtt.will_delay", MORE, set_will_delay),
    M("keep_alive_expired", FLAG, keep_alive_expired),
    X_HAS("session_present", FLAG, session_present, has_session_present),
    OWN("mqtt.session_expiry", MORE, set_session_expiry),
    OWN("mqtt.receive_maximum", MORE, set_receive_maximum),
    X("auth_method", STR, auth_method),
    X("token", UINT, token),
    X_HAS("message_expiry", UINT, message_expiry, has_expiry),
    OWN("mqtt.correlated", MORE, set_correlated),
    OWN("mqtt.subscription_id", MORE, set_subscription_id),
    X_HAS("no_local", FLAG, no_local, has_options),
    X_HAS("retain_as_published", FLAG, retain_as_published, has_options),
    X_HAS("retain_handling", UINT, retain_handling, has_options),
    M("packet", TEXT, packet),

    OWN("series.deviation", DEVIATION, set_deviation),
    OWN("series.frozen_for", DEVIATION, set_frozen_for),
    OWN("series.steady", DEVIATION, set_steady),
    OWN("series.range", DEVIATION, set_series_range),
    SERIES("repeats", UINT, repeats),
    SERIES("repeats_after", UINT, lag),
    SERIES("unrest", DOUBLE, unrest),
    SERIES("drift", DOUBLE, drift),
    SERIES("slope", DOUBLE, slope),
    SERIES("samples", UINT, samples),

    S("session.live_elsewhere", IP, live_elsewhere),
    S("session.takeovers", UINT, takeovers),
    S("session.after_gap", FLAG, after_gap),
    S("topic.publishers", UINT, topic_publishers),
    S("topic.first_publisher", STR, first_publisher),
    S("filter.topics", UINT, filter_topics),
    S("filter.known_topics", UINT, known_topics),
    S("delivery.publisher", STR, origin),
    S("delivery.publish_packet", UINT, origin_packet),
    OWN("delivery.delay", SESSION, set_delivery_delay),
    S("delivery.will_of", STR, will_of),
    S("retained.publisher", STR, retained_by),
    S("retained.age", AGO, retained_ns),
    S("reply.requester", STR, reply_to),
    S("reply.request_topic", STR, reply_topic),
    S("reply.delay", AGO, reply_asked_ns),
    S("publish.repeats", UINT, repeats),
};
const size_t tw_made_rows_count = sizeof(tw_made_rows) / sizeof(tw_made_rows[0]);
