#include "base/hash.h"
#include "event/secret.h"
#include "protocol/decision.h"
#include "protocol/mcp.h"
#include "protocol/mqtt/mqtt.h"
#include "protocol/mqtt/state.h"
#include "protocol/payload.h"
#include "protocol/payload_digest.h"
#include "protocol/sparkplug/report.h"

/* A deliver's payload goes along for expansion after the merge; a longer one stays behind. */
enum { MAX_CARRIED = TW_BATCH_BYTES / 4 };

/* An event and what it points to. */
struct report {
    struct tw_event event;
    struct tw_mqtt_info info;
    struct tw_mqtt_more more; /* not set unless `info` points to it */
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
    info->username.is_null = who == NULL || who->user_unseen;
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

static struct tw_mqtt_more *more_of(struct report *r)
{
    if (r->info.more == NULL)
        r->more = (struct tw_mqtt_more){0};
    r->info.more = &r->more;
    return &r->more;
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

/* What CONNECT, or CONNACK, says of its sender [MQTT5 3.1.2.11, 3.2.2.3]. */
static void set_terms(struct tw_mqtt_terms *t, const struct tw_mqtt_props *p)
{
    static const struct {
        uint8_t id;
        uint16_t bit;
    } said[] = {{0x11, TW_MQTT_SAID_SESSION_EXPIRY}, {0x12, TW_MQTT_SAID_ASSIGNED_ID},
        {0x13, TW_MQTT_SAID_KEEP_ALIVE}, {0x17, TW_MQTT_SAID_WANTS_PROBLEM},
        {0x19, TW_MQTT_SAID_WANTS_RESPONSE}, {0x21, TW_MQTT_SAID_RECEIVE_MAX},
        {0x22, TW_MQTT_SAID_ALIAS_MAX}, {0x24, TW_MQTT_SAID_QOS_MAX}, {0x25, TW_MQTT_SAID_RETAIN},
        {0x27, TW_MQTT_SAID_PACKET_MAX}, {0x28, TW_MQTT_SAID_WILDCARDS},
        {0x29, TW_MQTT_SAID_SUBSCRIPTION_IDS}, {0x2a, TW_MQTT_SAID_SHARED}};
    *t = (struct tw_mqtt_terms){.session_expiry = p->session_expiry,
        .packet_max = p->packet_max,
        .receive_max = p->receive_max,
        .alias_max = p->alias_max,
        .keep_alive = p->server_keep_alive,
        .qos_max = p->qos_max,
        .retain = p->retain != 0,
        .wildcards = p->wildcards != 0,
        .subscription_ids = p->subscription_ids != 0,
        .shared = p->shared != 0,
        .wants_response = p->wants_response != 0,
        .wants_problem = p->wants_problem != 0};
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
        t->said |= tw_mqtt_has(p, said[i].id) ? said[i].bit : 0;
}

static void set_auth(struct report *r, const struct tw_mqtt_props *p)
{
    if (!tw_mqtt_has(p, 0x15))
        return;
    struct tw_mqtt_more *m = more_of(r);
    m->auth_method = tw_utf8_cut(p->auth_method, TW_MAX_IDENTITY);
    m->has_auth_data = tw_mqtt_has(p, 0x16);
    m->auth_bytes = (uint32_t)p->auth_data.len;
}

/* Properties of a message: those of PUBLISH, of which a will has the same. */
static void set_message(struct report *r, const struct tw_mqtt_props *p)
{
    enum {
        OURS = 1 << 1 | 1 << 2 | 1 << 9 | 1 << 11, /* the identifiers themselves */
    };
    if ((p->seen & OURS) == 0)
        return;
    struct tw_mqtt_more *m = more_of(r);
    m->is_utf8 = p->payload_format == 1;
    m->has_expiry = tw_mqtt_has(p, 0x02);
    m->message_expiry = p->message_expiry;
    m->has_correlation = tw_mqtt_has(p, 0x09);
    m->correlation = p->correlation;
    if (m->correlation.len > TW_MAX_IDENTITY)
        m->correlation.len = TW_MAX_IDENTITY;
    m->correlation_hash = tw_hash_stable(p->correlation.p, p->correlation.len);
    struct tw_cur all = p->all;
    while (m->n_subscription_ids < TW_MQTT_MAX_SUBSCRIPTION_IDS && tw_mqtt_has(p, 0x0b) &&
           tw_mqtt_subscription_id_next(&all, &m->subscription_ids[m->n_subscription_ids]))
        m->n_subscription_ids++;
}

/* Kept out of the way of messages without any. */
__attribute__((noinline)) static void set_seen_props(
    struct report *r, const struct tw_mqtt_props *p)
{
    set_auth(r, p);
    set_message(r, p);
    if (tw_mqtt_has(p, 0x1c))
        more_of(r)->server_reference = tw_utf8_cut(p->server_reference, TW_MAX_EVENT_STRING);
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

static inline void set_props(struct report *r, const struct tw_mqtt_props *p)
{
    if (p->seen != 0)
        set_seen_props(r, p);
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

static void set_digest(
    const struct tw_mqtt_call *c, struct report *r, struct tw_str payload, const struct tw_pdu *pdu)
{
    struct tw_mqtt_info *info = &r->info;
    info->payload_hash = tw_digests_of(c->env->digests, payload);
    info->has_sha256 = c->env->payload_sha256 != NULL && !pdu->cut;
    if (info->has_sha256)
        c->env->payload_sha256(payload.p, payload.len, info->payload_sha256);
}

/* A whole delivery on a topic that is known: is there nothing to do about it, whatever is in it? */
static bool passes(const struct tw_mqtt_call *c, struct report *r, const struct tw_pdu *pdu)
{
    return c->env->asks.pass != NULL && !pdu->has_hole && !pdu->cut && !r->event.object_null &&
           !r->event.truncated && c->env->asks.pass(c->env->emit.user, &r->event);
}

static void set_payload(struct report *r, const struct tw_payload *read, const struct tw_pdu *pdu)
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
    info->payload_danger = read->danger;
    info->payload_calls = read->calls;
    info->payload_origin = read->origin;
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
    c->env->counters->malformed +=
        tw_payload_give(read, &r->event, !deliver, c->env->asks.pass, &c->env->emit);
    if (!deliver && r->info.payload_problem != TW_PROBLEM_NONE &&
        is_broken(r->info.payload_problem, read->says))
        emit_broken(c, r);
}

/* Only the beginning was seen: a number may go on, and nobody knows what it is a part of. */
static void give_beginning(const struct tw_mqtt_call *c, struct report *r)
{
    r->info.payload_format = NULL;
    r->info.payload_hash = 0;
    r->event.value = (struct tw_value){.kind = TW_VALUE_NONE};
    r->event.type = NULL;
    tw_emit(&c->env->emit, &r->event);
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
    if (c->env->asks.expect != NULL)
        c->env->asks.expect(c->env->emit.user, &r.event);
    set_object(&r, topic);
    r.info.has_qos = r.info.has_publish_flags = true;
    r.info.qos = (int8_t)(h->flags >> 1 & 3);
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
    set_digest(c, &r, p->payload, pdu);
    if (deliver && passes(c, &r, pdu))
        return;
    const struct tw_str text = is_gzip(p->payload) ? inflated(c, &r, p->payload, pdu) : p->payload;
    tw_payload_read(c->env->shapes, topic, &r.info, text, &read);
    set_payload(&r, &read, pdu);
    if (pdu->has_hole) {
        give_beginning(c, &r);
        return;
    }
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
    if (k->token != 0)
        more_of(r)->token = k->token;
    info->has_will = k->has_will && k->has_client_id;
    if (!info->has_will)
        return;
    info->will_topic = tw_utf8_cut(k->will_topic, TW_MAX_TOPIC);
    info->will_qos = k->will_qos;
    info->will_retain = k->will_retain;
    info->will_payload_bytes = k->will_payload.len;
    info->will_payload_hash = tw_hash_stable(k->will_payload.p, k->will_payload.len);
    const struct tw_mqtt_props *p = &k->will_props;
    if (p->seen == 0)
        return;
    set_message(r, p);
    struct tw_mqtt_more *m = more_of(r);
    m->will_delay = p->will_delay;
    m->will_content_type = tw_utf8_cut(p->content_type, TW_MAX_IDENTITY);
    m->will_response_topic = tw_utf8_cut(p->response_topic, TW_MAX_TOPIC);
}

static void set_connack(struct report *r, const struct tw_mqtt_ack *ack, unsigned version)
{
    const struct tw_mqtt_props *p = &ack->props;
    set_reason(r, TW_MQTT_CONNACK, version, ack->reason, true);
    r->info.reason_string = tw_utf8_cut(p->reason_string, TW_MAX_EVENT_STRING);
    if (tw_mqtt_has(p, 0x13)) {
        r->info.has_keep_alive = true;
        r->info.keep_alive = p->server_keep_alive; /* [MQTT5 3.2.2.3.14] */
    }
    if (version != TW_MQTT_V31) {
        more_of(r)->has_session_present = true;
        more_of(r)->session_present = ack->session_present;
    }
    if (p->seen == 0)
        return;
    set_terms(&more_of(r)->server, p);
    more_of(r)->response_information = tw_utf8_cut(p->response_information, TW_MAX_TOPIC);
    if (tw_mqtt_has(p, 0x1c))
        more_of(r)->server_reference = tw_utf8_cut(p->server_reference, TW_MAX_EVENT_STRING);
}

static void set_request_of_connect(
    struct report *r, const struct tw_mqtt_pending *request, const struct tw_mqtt_connect *k)
{
    set_request(r, request);
    set_props(r, &k->props);
    if (k->props.seen != 0)
        set_terms(&more_of(r)->client, &k->props);
    set_connect(r, k);
}

void tw_mqtt_emit_connect(const struct tw_mqtt_call *c, const struct tw_mqtt_pending *request,
    struct tw_cur body, const struct tw_mqtt_ack *ack, unsigned ack_version)
{
    struct tw_mqtt_connect k;
    struct tw_sparkplug_info will;
    struct report r;
    begin(c, &r, c->st->client, TW_ACTION_CONNECT);
    if (request != NULL) {
        /* Its anomaly was reported when it came. */
        (void)tw_mqtt_connect_read(body, request->flags, &k);
        set_request_of_connect(&r, request, &k);
        if (r.info.has_will &&
            tw_sparkplug_will(k.will_topic, k.will_payload, r.info.serial, &will))
            r.event.sparkplug = &will;
    }
    set_object(&r, r.info.client_id.s);
    if (ack != NULL)
        set_connack(&r, ack, ack_version);
    else
        r.event.status.is_null = true;
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

/* [MQTT5 3.8.3.1] */
static void set_options(struct report *r, uint8_t options)
{
    struct tw_mqtt_more *m = more_of(r);
    m->has_options = true;
    m->no_local = (options & 4) != 0;
    m->retain_as_published = (options & 8) != 0;
    m->retain_handling = options >> 4 & 3;
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
        if (subscribe && c->st->version == TW_MQTT_V5)
            set_options(&r, options);
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
    r.info.keep_alive_expired = tw_mqtt_is_silent(c->st, c->when->ts_ns);
    if (ack != NULL) {
        if (tw_mqtt_has(&ack->props, 0x11))
            set_terms(&more_of(&r)->client, &ack->props);
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
