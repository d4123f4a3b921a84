#include "event/emit_json.h"

#include "event/secret.h"

static void value(struct tw_text *t, const struct tw_value *v, unsigned depth);

static void items(struct tw_text *t, const struct tw_value *v, unsigned depth)
{
    bool object = v->kind == TW_VALUE_OBJECT;
    if (object)
        tw_json_object(t);
    else
        tw_json_array(t);
    for (uint32_t i = 0; v->items != NULL && i < v->n && depth < 32; i++) {
        const struct tw_value *item = &v->items[i];
        if (object) {
            tw_json_str(t, item->name.p ? item->name : TW_STR(""));
            tw_text_add(t, ":", 1);
        }
        if (object && tw_secret_name(item->name))
            tw_json_str(t, TW_REDACTED);
        else
            value(t, item, depth + 1);
    }
    if (object)
        tw_json_object_end(t);
    else
        tw_json_array_end(t);
}

static void value(struct tw_text *t, const struct tw_value *v, unsigned depth)
{
    switch (v->kind) {
    case TW_VALUE_NONE:
    case TW_VALUE_NULL:
        tw_json_null(t);
        break;
    case TW_VALUE_BOOL:
        tw_json_bool(t, v->b);
        break;
    case TW_VALUE_INT:
        tw_json_i64(t, v->i);
        break;
    case TW_VALUE_UINT:
        tw_json_u64(t, v->u);
        break;
    case TW_VALUE_FLOAT:
        tw_json_float(t, (float)v->d);
        break;
    case TW_VALUE_DOUBLE:
        tw_json_double(t, v->d);
        break;
    case TW_VALUE_STRING:
        tw_json_str(t, v->s);
        break;
    case TW_VALUE_BYTES:
        tw_json_base64(t, v->s.p, v->s.len);
        break;
    case TW_VALUE_ARRAY:
    case TW_VALUE_OBJECT:
        items(t, v, depth);
        break;
    }
}

void tw_value_json(struct tw_text *out, const struct tw_value *v)
{
    value(out, v, 0);
}

static void maybe(struct tw_text *t, const char *key, const struct tw_maybe *m)
{
    if (m->s.p == NULL && !m->is_null)
        return;
    tw_json_member_str(t, key, m->is_null ? TW_STR_NONE : m->s);
}

static void boolean(struct tw_text *t, const char *key, bool present, bool v)
{
    if (!present)
        return;
    tw_json_member_bool(t, key, v);
}

static void endpoint(struct tw_text *t, const char *key, const struct tw_endpoint *e)
{
    char text[TW_IP_TEXT];
    tw_json_key(t, key);
    tw_json_object(t);
    if (e->ip.family != 0)
        tw_json_member_str(t, "ip", (struct tw_str){text, tw_ip_text(text, &e->ip)});
    tw_json_maybe_u64(t, "port", e->port != 0, e->port);
    if (e->has_mac)
        tw_json_member_str(t, "mac", (struct tw_str){text, tw_mac_text(text, e->mac)});
    tw_json_object_end(t);
}

static void plain(struct tw_text *t, const char *key, const char *z)
{
    if (z != NULL)
        tw_json_maybe_str(t, key, tw_str_of(z));
}

static void history(struct tw_text *t, const struct tw_opcua_history *h)
{
    tw_json_key(t, "history");
    tw_json_object(t);
    plain(t, "kind", h->kind);
    plain(t, "perform", h->perform);
    tw_json_maybe_time(t, "from", h->from_ns, false);
    tw_json_maybe_time(t, "to", h->to_ns, false);
    tw_json_maybe_u64(t, "values", h->has_values, h->values);
    tw_json_maybe_str(t, "aggregate", h->aggregate);
    if (h->interval_ms > 0)
        tw_json_member_double(t, "interval_ms", h->interval_ms);
    tw_json_maybe_u64(t, "returned", h->has_returned, h->returned);
    tw_json_object_end(t);
}

static void certificate(struct tw_text *t, const struct tw_opcua_certificate *c)
{
    tw_json_maybe_str(t, "certificate_sha1", c->sha1);
    tw_json_maybe_str(t, "certificate_subject", c->subject);
    tw_json_maybe_str(t, "certificate_issuer", c->issuer);
    boolean(t, "certificate_self_signed", c->self_signed, true);
    tw_json_maybe_time(t, "certificate_not_before", c->not_before_ns, false);
    tw_json_maybe_time(t, "certificate_not_after", c->not_after_ns, false);
    tw_json_maybe_str(t, "certificate_key", c->key);
    tw_json_maybe_u64(t, "certificate_key_bits", c->key_bits > 0, c->key_bits);
    tw_json_maybe_str(t, "certificate_signature", c->signature);
    tw_json_maybe_u64(t, "certificate_chain", c->chain > 0, c->chain);
}

/* Members that only some services have, under their own names. */
static void details(struct tw_text *t, const struct tw_value *v)
{
    for (uint32_t i = 0; v->items != NULL && i < v->n; i++) {
        const struct tw_value *item = &v->items[i];
        tw_json_str(t, item->name);
        tw_text_add(t, ":", 1);
        if (tw_secret_name(item->name))
            tw_json_str(t, TW_REDACTED);
        else
            value(t, item, 0);
    }
}

static void opcua_more(struct tw_text *t, const struct tw_opcua_info *o)
{
    if (o->certificate != NULL)
        certificate(t, o->certificate);
    if (o->history != NULL)
        history(t, o->history);
    if (o->details != NULL)
        details(t, o->details);
}

/* Who speaks to whom, and how protected. */
static void opcua_session(struct tw_text *t, const struct tw_opcua_info *o)
{
    maybe(t, "security_policy", &o->security_policy);
    maybe(t, "security_mode", &o->security_mode);
    maybe(t, "application_uri", &o->application_uri);
    maybe(t, "application_name", &o->application_name);
    maybe(t, "product_uri", &o->product_uri);
    maybe(t, "session_name", &o->session_name);
    maybe(t, "user", &o->user);
    tw_json_maybe_str(t, "user_token", o->user_token);
    maybe(t, "session", &o->session);
    maybe(t, "certificate_sha256", &o->certificate_sha256);
    tw_json_maybe_str(t, "certificate_uri", o->certificate_uri);
    tw_json_maybe_str(t, "server_uri", o->server_uri);
    tw_json_maybe_str(t, "endpoint_url", o->endpoint_url);
    boolean(t, "clear_password", o->clear_password, true);
}

static void opcua(struct tw_text *t, const struct tw_opcua_info *o)
{
    tw_json_key(t, "opcua");
    tw_json_object(t);
    maybe(t, "service", &(struct tw_maybe){o->service, o->service_null});
    tw_json_maybe_str(t, "attribute", o->attribute);
    maybe(t, "index_range", &o->index_range);
    tw_json_maybe_str(t, "object_id", o->object_id);
    tw_json_maybe_str(t, "namespace_uri", o->namespace_uri);
    if (o->outputs != NULL) {
        tw_json_key(t, "outputs");
        tw_value_json(t, o->outputs);
    }
    tw_json_maybe_u64(t, "channel", o->has_channel, o->channel_id);
    tw_json_maybe_u64(t, "request_id", o->has_request_id, o->request_id);
    tw_json_maybe_u64(t, "request_handle", o->has_request_handle, o->request_handle);
    maybe(t, "audit_entry_id", &o->audit_entry_id);
    tw_json_maybe_u64(t, "subscription", o->has_subscription, o->subscription_id);
    tw_json_maybe_u64(t, "client_handle", o->has_handle, o->client_handle);
    tw_json_maybe_u64(t, "monitored_item", o->has_monitored_item, o->monitored_item_id);
    if (o->has_publishing_interval)
        tw_json_member_double(t, "publishing_interval", o->publishing_interval);
    if (o->has_sampling_interval)
        tw_json_member_double(t, "sampling_interval", o->sampling_interval);
    opcua_session(t, o);
    boolean(t, "sessionless", o->sessionless, true);
    tw_json_maybe_u64(t, "chunks", o->chunks > 1, o->chunks);
    opcua_more(t, o);
    tw_json_object_end(t);
}

static void mqtt_payload(struct tw_text *t, const struct tw_mqtt_info *m)
{
    tw_json_maybe_u64(t, "payload_bytes", m->has_payload, m->payload_bytes);
    if (m->payload_format != NULL)
        tw_json_member_z(t, "payload_format", m->payload_format);
    plain(t, "payload_kind", tw_payload_kind_name(m->payload_kind));
    tw_json_maybe_u64(t, "payload_items", m->has_items, m->payload_items);
    tw_json_maybe_u64(t, "payload_inflated_bytes", m->inflated_bytes > 0, m->inflated_bytes);
    plain(t, "payload_problem", tw_payload_problem_name(m->payload_problem));
    plain(t, "payload_danger", tw_payload_danger_name(m->payload_danger));
    plain(t, "payload_calls", m->payload_calls);
    plain(t, "payload_origin", tw_payload_origin_name(m->payload_origin));
    if (m->has_sha256) {
        tw_json_key(t, "payload_sha256");
        tw_json_hex(t, m->payload_sha256, sizeof(m->payload_sha256));
    }
    tw_json_maybe_str(t, "content_type", m->content_type);
    tw_json_maybe_str(t, "response_topic", m->response_topic);
    if (m->user_properties != NULL) {
        tw_json_key(t, "user_properties");
        tw_value_json(t, m->user_properties);
    }
}

static void mqtt_terms(struct tw_text *t, const char *key, const struct tw_mqtt_terms *m)
{
    const uint32_t said = m->said;
    if (said == 0)
        return;
    tw_json_key(t, key);
    tw_json_object(t);
    tw_json_maybe_u64(
        t, "session_expiry", (said & TW_MQTT_SAID_SESSION_EXPIRY) != 0, m->session_expiry);
    tw_json_maybe_u64(t, "receive_maximum", (said & TW_MQTT_SAID_RECEIVE_MAX) != 0, m->receive_max);
    tw_json_maybe_u64(
        t, "maximum_packet_size", (said & TW_MQTT_SAID_PACKET_MAX) != 0, m->packet_max);
    tw_json_maybe_u64(t, "topic_alias_maximum", (said & TW_MQTT_SAID_ALIAS_MAX) != 0, m->alias_max);
    tw_json_maybe_u64(t, "keep_alive", (said & TW_MQTT_SAID_KEEP_ALIVE) != 0, m->keep_alive);
    tw_json_maybe_u64(t, "maximum_qos", (said & TW_MQTT_SAID_QOS_MAX) != 0, m->qos_max);
    boolean(t, "retain_available", (said & TW_MQTT_SAID_RETAIN) != 0, m->retain);
    boolean(t, "wildcards", (said & TW_MQTT_SAID_WILDCARDS) != 0, m->wildcards);
    boolean(
        t, "subscription_ids", (said & TW_MQTT_SAID_SUBSCRIPTION_IDS) != 0, m->subscription_ids);
    boolean(t, "shared_subscriptions", (said & TW_MQTT_SAID_SHARED) != 0, m->shared);
    boolean(t, "assigned_client_id", (said & TW_MQTT_SAID_ASSIGNED_ID) != 0, true);
    boolean(t, "request_response_information", (said & TW_MQTT_SAID_WANTS_RESPONSE) != 0,
        m->wants_response);
    boolean(t, "request_problem_information", (said & TW_MQTT_SAID_WANTS_PROBLEM) != 0,
        m->wants_problem);
    tw_json_object_end(t);
}

static void mqtt_subscription_ids(struct tw_text *t, const struct tw_mqtt_more *m)
{
    if (m->n_subscription_ids == 0)
        return;
    tw_json_key(t, "subscription_ids");
    tw_json_array(t);
    for (unsigned i = 0; i < m->n_subscription_ids; i++)
        tw_json_u64(t, m->subscription_ids[i]);
    tw_json_array_end(t);
}

static void mqtt_more(struct tw_text *t, const struct tw_mqtt_more *m)
{
    boolean(t, "session_present", m->session_present, true);
    tw_json_maybe_str(t, "auth_method", m->auth_method);
    tw_json_maybe_u64(t, "auth_bytes", m->has_auth_data, m->auth_bytes);
    mqtt_terms(t, "client", &m->client);
    mqtt_terms(t, "server", &m->server);
    tw_json_maybe_str(t, "response_information", m->response_information);
    tw_json_maybe_str(t, "server_reference", m->server_reference);
    boolean(t, "utf8", m->is_utf8, true);
    tw_json_maybe_u64(t, "message_expiry", m->has_expiry, m->message_expiry);
    if (m->has_correlation) {
        const struct tw_value v = {.kind = TW_VALUE_BYTES, .s = m->correlation};
        tw_json_key(t, "correlation");
        tw_value_json(t, &v);
    }
    mqtt_subscription_ids(t, m);
    boolean(t, "no_local", m->has_options, m->no_local);
    boolean(t, "retain_as_published", m->has_options, m->retain_as_published);
    tw_json_maybe_u64(t, "retain_handling", m->has_options, m->retain_handling);
}

static void mqtt_connect(struct tw_text *t, const struct tw_mqtt_info *m)
{
    tw_json_maybe_u64(t, "keep_alive", m->has_keep_alive, m->keep_alive);
    boolean(t, "clean_start", m->has_clean_start, m->clean_start);
    if (m->has_will) {
        tw_json_key(t, "will");
        tw_json_object(t);
        tw_json_maybe_str(t, "topic", m->will_topic);
        tw_json_maybe_u64(t, "qos", true, m->will_qos);
        boolean(t, "retain", true, m->will_retain);
        tw_json_maybe_u64(t, "payload_bytes", true, m->will_payload_bytes);
        if (m->more != NULL) {
            tw_json_maybe_u64(t, "delay", m->more->will_delay > 0, m->more->will_delay);
            tw_json_maybe_str(t, "content_type", m->more->will_content_type);
            tw_json_maybe_str(t, "response_topic", m->more->will_response_topic);
        }
        tw_json_object_end(t);
    }
    boolean(t, "clear_password", m->clear_password, true);
    boolean(t, "keep_alive_expired", m->keep_alive_expired, true);
}

static void mqtt(struct tw_text *t, const struct tw_mqtt_info *m, bool connect)
{
    tw_json_key(t, "mqtt");
    tw_json_object(t);
    tw_json_key(t, "version");
    if (m->version != NULL)
        tw_json_z(t, m->version);
    else
        tw_json_null(t);
    maybe(t, "client_id", &m->client_id);
    maybe(t, "username", &m->username);
    if (m->carrier != NULL)
        tw_carrier_json(t, m->carrier, connect);
    if (m->packet != NULL)
        tw_json_member_z(t, "packet", m->packet);
    if (m->has_qos)
        tw_json_member_i64(t, "qos", m->qos);
    boolean(t, "retain", m->has_publish_flags, m->retain);
    boolean(t, "dup", m->has_publish_flags, m->dup);
    tw_json_maybe_u64(t, "packet_id", m->has_packet_id, m->packet_id);
    tw_json_maybe_u64(t, "topic_alias", m->has_alias, m->topic_alias);
    tw_json_maybe_u64(t, "topic_id", m->topic_id_type != NULL, m->topic_id);
    plain(t, "topic_id_type", m->topic_id_type);
    tw_json_maybe_str(t, "node", m->node);
    boolean(t, "alias_unresolved", m->alias_unresolved, true);
    mqtt_payload(t, m);
    tw_json_maybe_u64(t, "reason", m->has_reason, m->reason);
    tw_json_maybe_str(t, "reason_string", m->reason_string);
    tw_json_maybe_u64(t, "requested_qos", m->has_options, m->requested_qos);
    mqtt_connect(t, m);
    if (m->more != NULL)
        mqtt_more(t, m->more);
    tw_json_object_end(t);
}

static void pubsub(struct tw_text *t, const struct tw_pubsub_info *p)
{
    char version[TW_PUBSUB_VERSION];
    tw_json_key(t, "pubsub");
    tw_json_object(t);
    plain(t, "encoding", p->encoding);
    tw_json_maybe_str(t, "message_type", p->message_type);
    plain(t, "dataset_type", p->dataset_type);
    plain(t, "field_encoding", p->field_encoding);
    tw_json_maybe_str(t, "publisher_id", p->publisher_id);
    tw_json_maybe_str(t, "writer_group", p->writer_group);
    tw_json_maybe_str(t, "data_set_writer", p->data_set_writer);
    tw_json_maybe_u64(t, "sequence", p->has_sequence, p->sequence);
    tw_json_maybe_u64(t, "group_sequence", p->has_group_sequence, p->group_sequence);
    tw_json_maybe_u64(t, "network_message_number", p->has_number, p->number);
    tw_json_maybe_str(t, "metadata_version", tw_pubsub_version(p, version));
    tw_json_maybe_time(t, "timestamp", p->timestamp_ns, false);
    tw_json_maybe_str(t, "status", p->status);
    plain(t, "security", p->security);
    tw_json_maybe_u64(t, "chunk_offset", p->has_chunk, p->chunk_offset);
    tw_json_maybe_u64(t, "chunk_total", p->has_chunk, p->chunk_total);
    tw_json_maybe_u64(t, "message_bytes", p->message_bytes != 0, p->message_bytes);
    boolean(t, "valid", p->invalid, false);
    boolean(t, "publisher_differs", p->publisher_differs, true);
    tw_json_maybe_u64(t, "missing", p->missing > 0, p->missing);
    boolean(t, "duplicate", p->duplicate, true);
    boolean(t, "late", p->late, true);
    boolean(t, "before_metadata", p->before_metadata, true);
    boolean(t, "version_unannounced", p->version_unannounced, true);
    tw_json_object_end(t);
}

static const char *protocol_name(enum tw_protocol p)
{
    return p == TW_PROTO_OPCUA ? "opcua" : p == TW_PROTO_MQTT ? "mqtt" : "unknown";
}

static void address(struct tw_text *t, const char *key, const struct tw_ip *ip)
{
    char text[TW_IP_TEXT];
    if (ip->family != 0)
        tw_json_member_str(t, key, (struct tw_str){text, tw_ip_text(text, ip)});
}

static void tunnel(struct tw_text *t, const struct tw_tunnel *u)
{
    tw_json_key(t, "tunnel");
    tw_json_object(t);
    tw_json_member_z(t, "kind", u->kind);
    address(t, "src", &u->src);
    address(t, "dst", &u->dst);
    tw_json_maybe_u64(t, "id", u->has_id, u->id);
    tw_json_maybe_u64(t, "depth", u->depth > 1, u->depth);
    tw_json_object_end(t);
}

static void head(struct tw_text *t, const struct tw_event *e)
{
    tw_json_member_time(t, "ts", e->ts_ns, e->nano);
    tw_json_maybe_u64(t, "packet", true, e->packet);
    if (e->request_packet != 0) {
        tw_json_maybe_u64(t, "request_packet", true, e->request_packet);
        tw_json_maybe_time(t, "request_ts", e->request_ts_ns, e->nano);
    }
    tw_json_key(t, "protocol");
    if (e->app.p != NULL)
        tw_json_str(t, e->app);
    else
        tw_json_z(t, protocol_name(e->protocol));
    tw_json_key(t, "action");
    if (e->action != TW_ACTION_UNKNOWN)
        tw_json_z(t, tw_action_name(e->action));
    else
        tw_json_null(t);
    endpoint(t, "src", &e->src);
    endpoint(t, "dst", &e->dst);
    if (e->n_vlan > 0) {
        tw_json_key(t, "vlan");
        tw_json_array(t);
        for (unsigned i = 0; i < e->n_vlan; i++)
            tw_json_u64(t, e->vlan[i]);
        tw_json_array_end(t);
    }
    if (e->tunnel != NULL)
        tunnel(t, e->tunnel);
    uint8_t flow[8];
    for (unsigned i = 0; i < 8; i++)
        flow[i] = (uint8_t)(e->flow >> (56 - 8 * i));
    tw_json_key(t, "flow");
    tw_json_hex(t, flow, sizeof(flow));
}

static void content(struct tw_text *t, const struct tw_event *e)
{
    if (e->object.p != NULL || e->object_null)
        tw_json_member_str(t, "object", e->object);
    tw_json_maybe_str(t, "field", e->field);
    if (e->value.kind != TW_VALUE_NONE) {
        tw_json_key(t, "value");
        tw_value_json(t, &e->value);
        if (e->type != NULL)
            tw_json_member_z(t, "type", e->type);
    }
    boolean(t, "truncated", e->truncated || e->value.truncated, true);
    tw_json_maybe_time(t, "source_ts", e->source_ts_ns, e->nano);
    tw_json_maybe_time(t, "server_ts", e->server_ts_ns, e->nano);
    maybe(t, "status", &e->status);
    boolean(t, "encrypted", e->has_encrypted, e->encrypted);
    tw_json_maybe_str(t, "detail", e->detail);
    tw_json_maybe_u64(t, "missing_bytes", e->action == TW_ACTION_GAP, e->missing_bytes);
}

static void flow_totals(struct tw_text *t, const struct tw_flow_info *f)
{
    tw_json_maybe_u64(t, "bytes", f->has_totals, f->bytes);
    tw_json_maybe_u64(t, "packets", f->has_totals, f->packets);
    if (f->state != NULL)
        tw_json_member_z(t, "state", f->state);
    if (f->transport != NULL)
        tw_json_member_z(t, "transport", f->transport);
    tw_json_maybe_str(t, "path", f->path);
    boolean(t, "guessed", f->guessed, true);
    if (f->tls != NULL)
        tw_tls_info_json(t, f->tls);
}

/* Whatever stands behind the section "mqtt". */
static void sections(struct tw_text *t, const struct tw_event *e)
{
    if (e->pubsub != NULL)
        pubsub(t, e->pubsub);
    if (e->sparkplug != NULL)
        tw_sparkplug_json(t, e->sparkplug, e->metric);
    if (e->mqtt != NULL && e->mqtt->mcp != NULL)
        tw_mcp_json(t, e->mqtt->mcp, e->field.p == NULL);
    if (tw_event_decision(e) != NULL)
        tw_decision_json(t, tw_event_decision(e));
    if (e->flow_info != NULL)
        flow_totals(t, e->flow_info);
    tw_json_object_end(t);
    tw_text_add(t, "\n", 1);
}

void tw_event_json(struct tw_text *t, const struct tw_event *e)
{
    tw_json_object(t);
    head(t, e);
    content(t, e);
    if (e->opcua != NULL)
        opcua(t, e->opcua);
    if (e->mqtt != NULL)
        mqtt(t, e->mqtt, e->action == TW_ACTION_CONNECT);
    sections(t, e);
}

static bool same_endpoint(const struct tw_endpoint *a, const struct tw_endpoint *b)
{
    return a->port == b->port && a->ip.family == b->ip.family &&
           memcmp(a->ip.b, b->ip.b, sizeof(a->ip.b)) == 0 && a->has_mac == b->has_mac &&
           memcmp(a->mac, b->mac, sizeof(a->mac)) == 0;
}

/* Everything that head() prints is the same. */
static bool same_head(const struct tw_event *a, const struct tw_event *b)
{
    return a->packet == b->packet && a->ts_ns == b->ts_ns && a->flow == b->flow &&
           a->action == b->action && a->protocol == b->protocol && a->nano == b->nano &&
           a->request_packet == b->request_packet && a->request_ts_ns == b->request_ts_ns &&
           same_endpoint(&a->src, &b->src) && same_endpoint(&a->dst, &b->dst) &&
           a->n_vlan == b->n_vlan && memcmp(a->vlan, b->vlan, sizeof(a->vlan)) == 0 &&
           a->tunnel == NULL && b->tunnel == NULL && a->app.p == NULL && b->app.p == NULL;
}

/* Write a section, or copy that of the last line, and note where it stands now. Says whether it was
 * copied. */
static bool line_head(struct tw_event_lines *l, const struct tw_event *e)
{
    struct tw_text *t = &l->text;
    const size_t at = t->len;
    const bool same = l->head_len > 0 && same_head(e, &l->head);
    if (same) {
        tw_text_repeat(t, l->head_at, l->head_len);
    } else {
        tw_json_object(t);
        head(t, e);
        l->head = *e;
    }
    l->head_at = at;
    l->head_len = t->len - at;
    return same;
}

/* An event with a field belongs to the message that was told of before, and shares its facts. */
static void line_mqtt(struct tw_event_lines *l, const struct tw_event *e, bool same)
{
    struct tw_text *t = &l->text;
    const size_t at = t->len;
    if (same && l->mqtt_len > 0 && e->field.p != NULL && e->mqtt == l->mqtt &&
        e->mqtt->serial == l->serial)
        tw_text_repeat(t, l->mqtt_at, l->mqtt_len);
    else
        mqtt(t, e->mqtt, e->action == TW_ACTION_CONNECT);
    l->mqtt = e->mqtt;
    l->serial = e->mqtt->serial;
    l->mqtt_at = at;
    l->mqtt_len = t->len - at;
}

void tw_event_lines_add(struct tw_event_lines *l, const struct tw_event *e)
{
    const bool same = line_head(l, e);
    content(&l->text, e);
    if (e->opcua != NULL)
        opcua(&l->text, e->opcua);
    if (e->mqtt != NULL)
        line_mqtt(l, e, same);
    else
        l->mqtt_len = 0;
    sections(&l->text, e);
}

void tw_event_lines_clear(struct tw_event_lines *l)
{
    tw_text_clear(&l->text);
    l->head_len = l->mqtt_len = 0;
}
