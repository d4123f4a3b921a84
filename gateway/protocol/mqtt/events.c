#include "base/hash.h"
#include "event/secret.h"
#include "protocol/decision.h"
#include "protocol/mcp.h"
#include "protocol/mqtt/mqtt.h"
#include "protocol/mqtt/state.h"
#include "protocol/payload.h"
#include "protocol/sparkplug/report.h"

/* A deliver's payload goes along for expansion after the merge; a longer one stays behind. */
enum { MAX_CARRIED = TW_BATCH_BYTES / 4 };

/* An event and what it points to. */
struct report {
    struct tw_event event;
    struct tw_mqtt_info info;
    struct tw_value user;
    struct tw_value items[TW_MAX_EVENT_ITEMS];
    struct tw_decision_context decision;
    char hex[4];
};

static const char *version_text(const struct tw_mqtt_state *st)
{
    switch (st->version) {
    case TW_MQTT_V31:
        return "3.1";
    case TW_MQTT_V311:
        return st->guessed ? NULL : "3.1.1";
    case TW_MQTT_V5:
        return "5.0";
    default:
        return NULL;
    }
}

void tw_mqtt_info_begin(const struct tw_mqtt_call *c, struct tw_mqtt_info *info)
{
    const struct tw_mqtt_identity *who = c->st->who;
    *info = (struct tw_mqtt_info){.serial = c->env->next_serial++, .version = version_text(c->st)};
    info->carrier = c->st->carrier != NULL ? c->st->carrier : c->conn->carrier;
    info->client_id.is_null = who == NULL || !who->has_client;
    info->username.is_null = who == NULL;
    if (who != NULL && who->has_client)
        info->client_id.s = (struct tw_str){who->text, who->client_len};
    if (who != NULL && who->has_user)
        info->username.s = (struct tw_str){who->text + who->client_len, who->user_len};
}

void tw_mqtt_carrier_event(const void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    unsigned side, const struct tw_when *when, enum tw_action action, struct tw_event *out,
    struct tw_mqtt_info *out_info)
{
    struct tw_mqtt_state st = *(const struct tw_mqtt_state *)state;
    const struct tw_mqtt_call c = {&st, env, conn, when, side};
    tw_proto_event(out, conn, side, when, TW_PROTO_MQTT, action);
    tw_mqtt_info_begin(&c, out_info);
    out->mqtt = out_info;
}

/* Only what callers read is set: the items are left as they are. */
static void begin(
    const struct tw_mqtt_call *c, struct report *r, unsigned side, enum tw_action action)
{
    tw_proto_event(&r->event, c->conn, side, c->when, TW_PROTO_MQTT, action);
    tw_mqtt_info_begin(c, &r->info);
    r->event.mqtt = &r->info;
}

static void set_object(struct report *r, struct tw_str object)
{
    r->event.object = tw_utf8_cut(object, TW_MAX_TOPIC);
    r->event.object_null = object.p == NULL;
    r->event.truncated |= r->event.object.len < object.len;
}

static void set_request(struct report *r, const struct tw_mqtt_pending *request)
{
    r->event.request_ts_ns = request->ts_ns;
    r->event.request_packet = request->packet;
    r->info.has_packet_id = request->type != TW_MQTT_CONNECT;
    r->info.packet_id = request->id;
}

/* A reason code as status; `sent` says whether it stood on the wire. */
static void set_reason(struct report *r, unsigned type, unsigned version, uint8_t code, bool sent)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *name = tw_mqtt_reason_name(type, version, code);
    r->hex[0] = '0';
    r->hex[1] = 'x';
    r->hex[2] = digits[code >> 4];
    r->hex[3] = digits[code & 15];
    r->event.status.s = name != NULL ? tw_str_of(name) : (struct tw_str){r->hex, sizeof(r->hex)};
    r->event.status_code = code;
    r->event.status_bad = code >= 0x80 || (type == TW_MQTT_CONNACK && code != 0);
    r->info.has_reason = sent;
    r->info.reason = code;
}

/* `*room` is what all of them may still take: every leaf of the payload repeats them. */
static struct tw_value text_value(struct tw_str name, struct tw_str s, size_t *room)
{
    struct tw_value v = {.kind = TW_VALUE_STRING, .name = tw_utf8_cut(name, TW_MAX_IDENTITY)};
    *room -= v.name.len < *room ? v.name.len : *room;
    v.s = tw_secret_name(name) ? TW_REDACTED : tw_utf8_cut(s, *room);
    v.truncated = !tw_secret_name(name) && v.s.len < s.len;
    *room -= v.s.len < *room ? v.s.len : *room;
    return v;
}

static void set_props(struct report *r, const struct tw_mqtt_props *p)
{
    r->info.content_type = tw_utf8_cut(p->content_type, TW_MAX_IDENTITY);
    r->info.response_topic = tw_utf8_cut(p->response_topic, TW_MAX_TOPIC);
    r->info.reason_string = tw_utf8_cut(p->reason_string, TW_MAX_EVENT_STRING);
    if (p->n_user == 0)
        return;
    struct tw_cur all = p->all;
    struct tw_str name, s;
    size_t room = TW_MAX_EVENT_STRING;
    uint32_t n = 0;
    while (n < TW_MAX_EVENT_ITEMS && room > 0 && tw_mqtt_user_next(&all, &name, &s))
        r->items[n++] = text_value(name, s, &room);
    r->user = (struct tw_value){
        .kind = TW_VALUE_OBJECT, .n = n, .items = r->items, .truncated = n < p->n_user};
    r->info.user_properties = &r->user;
    if (tw_decision_of_properties(&r->user, &r->decision))
        r->info.decision = &r->decision;
}

void tw_mqtt_emit_malformed(
    const struct tw_mqtt_call *c, enum tw_mqtt_anomaly detail, const char *packet)
{
    struct report r;
    begin(c, &r, c->dir, TW_ACTION_MALFORMED);
    r.info.packet = packet;
    r.event.detail = tw_str_of(tw_mqtt_anomaly_name(detail));
    c->env->counters->malformed++;
    tw_emit(&c->env->emit, &r.event);
}

static void set_payload(const struct tw_mqtt_call *c, struct report *r, struct tw_str payload,
    const struct tw_payload *read, const struct tw_pdu *pdu)
{
    struct tw_mqtt_info *info = &r->info;
    info->payload_format = read->format;
    info->has_items = read->has_items;
    info->payload_items = read->items;
    if (info->payload_kind == TW_PAYLOAD_UNKNOWN || read->kind != TW_PAYLOAD_UNKNOWN)
        info->payload_kind = read->kind;
    /* Of what was cut the rest would seem wrong. */
    if (info->payload_problem == TW_PROBLEM_NONE && !pdu->cut)
        info->payload_problem = read->problem;
    info->payload_hash = tw_hash_stable(payload.p, payload.len);
    info->has_sha256 = c->env->payload_sha256 != NULL && !pdu->cut;
    if (info->has_sha256)
        c->env->payload_sha256(payload.p, payload.len, info->payload_sha256);
    r->event.value = read->value;
    r->event.type = read->type;
    r->event.truncated |= read->truncated || pdu->cut;
}

/* What the payload itself says of the decision behind it; User Properties come first. */
static void set_decision(struct report *r, const struct tw_payload *read)
{
    if (r->info.decision == NULL)
        r->decision = (struct tw_decision_context){.carrier = NULL};
    if (tw_decision_of_json(read->decision, &r->decision))
        r->info.decision = &r->decision;
}

/* JSON is sent compressed where it is long. Whatever it is, what is in it is read as the payload;
 * what can not be opened stays what it is. */
static struct tw_str inflated(
    const struct tw_mqtt_call *c, struct report *r, struct tw_str payload, const struct tw_pdu *pdu)
{
    static const enum tw_payload_problem problems[] = {[TW_GUNZIP_BAD] = TW_PROBLEM_BAD_GZIP,
        [TW_GUNZIP_TOO_LARGE] = TW_PROBLEM_INFLATES_TOO_MUCH};
    struct tw_str inside;
    if (c->env->gunzip == NULL || pdu->cut)
        return payload;
    const enum tw_gunzip_status st = c->env->gunzip(c->env->gunzip_context, payload, &inside);
    if (st != TW_GUNZIP_OK) {
        r->info.payload_problem = problems[st];
        return payload;
    }
    r->info.payload_kind = TW_PAYLOAD_GZIP;
    r->info.inflated_bytes = inside.len;
    return inside;
}

static bool is_gzip(struct tw_str s)
{
    return s.len >= 18 && memcmp(s.p, "\x1f\x8b\x08", 3) == 0;
}

/* What is wrong with a payload is told once, where it is published, and counts as malformed when it
 * was said to be something else. */
static bool is_broken(enum tw_payload_problem problem, enum tw_payload_says says)
{
    switch (problem) {
    case TW_PROBLEM_BAD_JSON:
    case TW_PROBLEM_BAD_GZIP: /* else it may be a part of a file */
    case TW_PROBLEM_INFLATES_TOO_MUCH:
        return says == TW_PAYLOAD_SAYS_JSON;
    case TW_PROBLEM_BAD_CBOR:
    case TW_PROBLEM_BAD_MSGPACK:
    case TW_PROBLEM_BAD_JSON_RPC:
        return true;
    default:
        return false;
    }
}

__attribute__((noinline)) static void emit_broken(const struct tw_mqtt_call *c, struct report *r)
{
    r->event.action = TW_ACTION_MALFORMED;
    r->event.detail = tw_str_of(tw_payload_problem_name(r->info.payload_problem));
    r->event.value = (struct tw_value){.kind = TW_VALUE_NONE};
    r->event.type = NULL;
    r->info.packet = tw_mqtt_type_name(TW_MQTT_PUBLISH);
    r->info.serial = c->env->next_serial++;
    c->env->counters->malformed++;
    tw_emit(&c->env->emit, &r->event);
}

static void give(const struct tw_mqtt_call *c, struct report *r, const struct tw_payload *read)
{
    const bool deliver = r->event.action == TW_ACTION_DELIVER;
    c->env->counters->malformed += tw_payload_give(read, &r->event, !deliver, &c->env->emit);
    if (!deliver && r->info.payload_problem != TW_PROBLEM_NONE &&
        is_broken(r->info.payload_problem, read->says))
        emit_broken(c, r);
}

/* Kept out of the way of ordinary messages, whose stack need not be as large. */
__attribute__((noinline)) static void give_mcp(
    const struct tw_mqtt_call *c, struct report *r, const struct tw_payload *read)
{
    struct tw_mcp_read mcp;
    const enum tw_payload_problem problem =
        tw_mcp_read(r->event.object, read->text, c->env->certificate_sha256, &mcp);
    if (r->info.payload_problem == TW_PROBLEM_NONE && !r->event.truncated)
        r->info.payload_problem = problem;
    r->info.mcp = &mcp.info;
    give(c, r, read);
}

void tw_mqtt_emit_publish(const struct tw_mqtt_call *c, const struct tw_mqtt_header *h,
    const struct tw_mqtt_publish *p, struct tw_str topic, const struct tw_pdu *pdu)
{
    bool deliver = c->dir != c->st->client;
    struct report r;
    struct tw_payload read;
    begin(c, &r, c->dir, deliver ? TW_ACTION_DELIVER : TW_ACTION_PUBLISH);
    set_object(&r, topic);
    r.info.has_qos = r.info.has_publish_flags = true;
    r.info.qos = h->flags >> 1 & 3;
    r.info.retain = (h->flags & 1) != 0;
    r.info.dup = (h->flags & 8) != 0;
    r.info.has_packet_id = r.info.qos > 0;
    r.info.packet_id = p->id;
    r.info.has_alias = tw_mqtt_has(&p->props, 0x23);
    r.info.topic_alias = p->props.alias;
    r.info.alias_unresolved = topic.p == NULL;
    r.info.has_payload = true;
    r.info.payload_bytes = p->payload.len + (pdu->len - pdu->bytes.left);
    set_props(&r, &p->props);
    const struct tw_str text = is_gzip(p->payload) ? inflated(c, &r, p->payload, pdu) : p->payload;
    tw_payload_read(topic, &r.info, text, &read);
    set_payload(c, &r, p->payload, &read, pdu);
    if (read.decision.p != NULL)
        set_decision(&r, &read);
    if (deliver && read.container && text.len <= MAX_CARRIED)
        r.info.payload = text;
    else if (deliver && read.container)
        r.event.truncated = true;
    if (tw_mcp_is_topic(topic))
        give_mcp(c, &r, &read);
    else
        give(c, &r, &read);
}

static void set_connect(struct report *r, const struct tw_mqtt_connect *k)
{
    struct tw_mqtt_info *info = &r->info;
    info->has_keep_alive = info->has_clean_start = k->has_client_id;
    info->keep_alive = k->keep_alive;
    info->clean_start = k->clean_start;
    info->clear_password = k->has_password && (info->carrier == NULL || info->carrier->tls == NULL);
    info->has_will = k->has_will && k->has_client_id;
    if (!info->has_will)
        return;
    info->will_topic = tw_utf8_cut(k->will_topic, TW_MAX_TOPIC);
    info->will_qos = k->will_qos;
    info->will_retain = k->will_retain;
    info->will_payload_bytes = k->will_payload.len;
    info->will_payload_hash = tw_hash_stable(k->will_payload.p, k->will_payload.len);
}

void tw_mqtt_emit_connect(const struct tw_mqtt_call *c, const struct tw_mqtt_pending *request,
    struct tw_cur body, const struct tw_mqtt_ack *ack, unsigned ack_version)
{
    struct tw_mqtt_connect k;
    struct tw_sparkplug_info will;
    struct report r;
    /* Its anomaly was reported when it came. */
    (void)tw_mqtt_connect_read(body, request->flags, &k);
    begin(c, &r, request->dir, TW_ACTION_CONNECT);
    set_request(&r, request);
    set_props(&r, &k.props);
    set_connect(&r, &k);
    if (r.info.has_will && tw_sparkplug_will(k.will_topic, k.will_payload, r.info.serial, &will))
        r.event.sparkplug = &will;
    set_object(&r, r.info.client_id.s);
    if (ack == NULL) {
        r.event.status.is_null = true;
    } else {
        set_reason(&r, TW_MQTT_CONNACK, ack_version, ack->reason, true);
        r.info.reason_string = tw_utf8_cut(ack->props.reason_string, TW_MAX_EVENT_STRING);
        if (tw_mqtt_has(&ack->props, 0x13))
            r.info.keep_alive = ack->props.server_keep_alive; /* [MQTT5 3.2.2.3.14] */
    }
    tw_emit(&c->env->emit, &r.event);
}

/* The code for the i-th filter; false when there was no answer, or none for this one. */
static bool code_of(const struct tw_mqtt_call *c, const struct tw_mqtt_ack *ack, unsigned type,
    size_t i, uint8_t *out)
{
    *out = 0;
    if (ack == NULL)
        return false;
    if (type == TW_MQTT_UNSUBSCRIBE && c->st->version != TW_MQTT_V5)
        return true;
    if (i >= ack->codes.len)
        return false;
    *out = (uint8_t)ack->codes.p[i];
    return true;
}

void tw_mqtt_emit_filters(const struct tw_mqtt_call *c, const struct tw_mqtt_pending *request,
    struct tw_cur body, const struct tw_mqtt_ack *ack)
{
    struct tw_mqtt_request q;
    struct report r;
    bool subscribe = request->type == TW_MQTT_SUBSCRIBE;
    unsigned ack_type = subscribe ? TW_MQTT_SUBACK : TW_MQTT_UNSUBACK;
    (void)tw_mqtt_request_read(body, request->type, c->st->version, &q);
    struct tw_str filter;
    uint8_t options, code;
    for (size_t i = 0; tw_mqtt_filter_next(&q.filters, request->type, &filter, &options); i++) {
        begin(c, &r, request->dir, subscribe ? TW_ACTION_SUBSCRIBE : TW_ACTION_UNSUBSCRIBE);
        set_request(&r, request);
        set_props(&r, &q.props);
        set_object(&r, filter);
        r.info.has_options = subscribe;
        r.info.requested_qos = options & 3;
        if (code_of(c, ack, request->type, i, &code))
            set_reason(&r, ack_type, c->st->version, code, ack->codes.len > 0);
        else
            r.event.status.is_null = true;
        if (ack != NULL)
            r.info.reason_string = tw_utf8_cut(ack->props.reason_string, TW_MAX_EVENT_STRING);
        tw_emit(&c->env->emit, &r.event);
    }
}

void tw_mqtt_emit_refused(const struct tw_mqtt_call *c, const struct tw_mqtt_pending *publish,
    const struct tw_mqtt_ack *ack, unsigned type)
{
    struct report r;
    begin(c, &r, publish->dir, TW_ACTION_REFUSED);
    set_request(&r, publish);
    set_props(&r, &ack->props);
    set_object(&r, publish->len > 0 ? tw_str_bytes(publish->bytes, publish->len) : TW_STR_NONE);
    set_reason(&r, type, TW_MQTT_V5, ack->reason, true);
    r.info.packet = tw_mqtt_type_name(type);
    tw_emit(&c->env->emit, &r.event);
}

void tw_mqtt_emit_disconnect(const struct tw_mqtt_call *c, const struct tw_mqtt_ack *ack)
{
    struct report r;
    begin(c, &r, ack != NULL ? c->dir : c->st->client, TW_ACTION_DISCONNECT);
    if (ack != NULL) {
        set_props(&r, &ack->props);
        set_reason(&r, TW_MQTT_DISCONNECT, TW_MQTT_V5, ack->reason, ack->has_reason);
        r.info.packet = tw_mqtt_type_name(TW_MQTT_DISCONNECT);
    } else {
        r.event.status.is_null = true;
    }
    tw_emit(&c->env->emit, &r.event);
}

void tw_mqtt_emit_auth(const struct tw_mqtt_call *c, const struct tw_mqtt_ack *ack)
{
    struct report r;
    begin(c, &r, c->dir, TW_ACTION_AUTHENTICATE);
    set_props(&r, &ack->props);
    set_reason(&r, TW_MQTT_AUTH, TW_MQTT_V5, ack->reason, ack->has_reason);
    r.info.packet = tw_mqtt_type_name(TW_MQTT_AUTH);
    tw_emit(&c->env->emit, &r.event);
}

void tw_mqtt_emit_request(
    const struct tw_mqtt_call *c, const struct tw_mqtt_pending *request, struct tw_cur body)
{
    if (request->refused)
        return;
    if (request->type == TW_MQTT_CONNECT)
        tw_mqtt_emit_connect(c, request, body, NULL, c->st->version);
    else if (request->type == TW_MQTT_SUBSCRIBE || request->type == TW_MQTT_UNSUBSCRIBE)
        tw_mqtt_emit_filters(c, request, body, NULL);
}

void tw_mqtt_emit_unanswered(const struct tw_mqtt_call *c, const struct tw_mqtt_pending *request)
{
    tw_mqtt_emit_request(c, request, tw_mqtt_pending_body(request));
}
