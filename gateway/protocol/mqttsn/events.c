#include "base/hash.h"
#include "protocol/mqttsn/state.h"
#include "protocol/payload.h"

/* As in MQTT: a longer payload of a deliver is not carried to its expansion. */
enum { MAX_CARRIED = TW_BATCH_BYTES / 4, MAX_NODE_TEXT = 2 * 32 };

/* An event and what it points to. */
struct report {
    struct tw_event event;
    struct tw_mqtt_info info;
    char hex[4];
    char node[MAX_NODE_TEXT];
    char short_topic[2];
};

static const char digits[] = "0123456789abcdef";

static void set_identity(struct report *r, const struct tw_sn_client *k)
{
    r->info.client_id.is_null = k->id.len == 0;
    if (k->id.len > 0)
        r->info.client_id.s = tw_str_bytes(k->id.p, k->id.len);
    for (size_t i = 0; i < k->node.len && 2 * i < sizeof(r->node); i++) {
        r->node[2 * i] = digits[k->node.p[i] >> 4];
        r->node[2 * i + 1] = digits[k->node.p[i] & 15];
    }
    if (k->node.len > 0)
        r->info.node = (struct tw_str){r->node, 2 * k->node.len};
}

static void begin(
    const struct tw_sn_call *c, struct report *r, unsigned side, enum tw_action action)
{
    tw_proto_event(&r->event, &c->st->conn, side, c->when, TW_PROTO_MQTT, action);
    r->event.is_tcp = false;
    r->info = (struct tw_mqtt_info){
        .serial = c->env->next_serial++, .version = "SN-1.2", .carrier = &c->st->carrier};
    r->event.mqtt = &r->info;
    if (c->k != NULL)
        set_identity(r, c->k);
    else
        r->info.client_id.is_null = true;
}

static void set_object(struct report *r, struct tw_str object)
{
    r->event.object = tw_utf8_cut(object, TW_MAX_TOPIC);
    r->event.object_null = object.p == NULL;
    r->event.truncated |= r->event.object.len < object.len;
}

static void set_topic_id(struct report *r, unsigned kind, uint16_t id)
{
    static const char *const kinds[] = {"normal", "predefined", "short", NULL};
    r->info.topic_id_type = kinds[kind];
    r->info.topic_id = id;
}

/* The topic of a request: by its name, or by what its flags say the number is. */
static void set_topic(const struct tw_sn_call *c, struct report *r, const struct tw_sn_pending *p)
{
    const unsigned kind = tw_sn_topic_type(p->flags);
    if (p->text.len > 0) {
        set_object(r, tw_str_bytes(p->text.p, p->text.len));
        return;
    }
    struct tw_str topic = TW_STR_NONE;
    if (kind == TW_SN_SHORT) {
        r->short_topic[0] = (char)(p->topic_id >> 8);
        r->short_topic[1] = (char)p->topic_id;
        topic = (struct tw_str){r->short_topic, sizeof(r->short_topic)};
    } else if (kind == TW_SN_NORMAL) {
        topic = tw_sn_topic_get(c->k, p->topic_id);
        r->info.alias_unresolved = topic.p == NULL;
    }
    set_object(r, topic);
    set_topic_id(r, kind, p->topic_id);
}

/* [MQTT-SN 5.3.10] */
static void set_code(struct report *r, uint8_t code, const char *good)
{
    static const char *const names[] = {NULL, "Congestion", "InvalidTopicId", "NotSupported"};
    const char *name = code == 0 ? good : code < 4 ? names[code] : NULL;
    static const char upper[] = "0123456789ABCDEF";
    r->hex[0] = '0';
    r->hex[1] = 'x';
    r->hex[2] = upper[code >> 4];
    r->hex[3] = upper[code & 15];
    r->event.status.s = name != NULL ? tw_str_of(name) : (struct tw_str){r->hex, sizeof(r->hex)};
    r->event.status_code = code;
    r->event.status_bad = code != 0;
    r->info.has_reason = true;
    r->info.reason = code;
}

void tw_sn_emit_malformed(const struct tw_sn_call *c, const char *detail, unsigned type)
{
    struct report r;
    begin(c, &r, c->dir, TW_ACTION_MALFORMED);
    r.info.packet = tw_sn_type_name(type);
    r.event.detail = tw_str_of(detail);
    c->env->counters->malformed++;
    tw_emit(&c->env->emit, &r.event);
}

static void set_publish(struct report *r, const struct tw_sn_message *m)
{
    struct tw_mqtt_info *info = &r->info;
    const unsigned qos = tw_sn_qos(m->flags);
    info->has_qos = true;
    info->qos = (int8_t)(qos == 3 ? -1 : (int)qos); /* [MQTT-SN 6.8] */
    info->has_publish_flags = true;
    info->retain = (m->flags & TW_SN_RETAIN) != 0;
    info->dup = (m->flags & TW_SN_DUP) != 0;
    info->has_packet_id = qos == 1 || qos == 2;
    info->packet_id = m->msg_id;
    set_topic_id(r, tw_sn_topic_type(m->flags), m->topic_id);
}

void tw_sn_emit_publish(
    const struct tw_sn_call *c, const struct tw_sn_message *m, struct tw_str topic)
{
    const bool deliver = c->dir != c->st->client_dir;
    struct report r;
    struct tw_payload read;
    begin(c, &r, c->dir, deliver ? TW_ACTION_DELIVER : TW_ACTION_PUBLISH);
    set_publish(&r, m);
    set_object(&r, topic);
    r.info.alias_unresolved = topic.p == NULL;
    tw_payload_read(c->env->shapes, topic, &r.info, m->text, &read);
    r.info.has_payload = true;
    r.info.payload_bytes = m->text.len;
    r.info.payload_format = read.format;
    r.info.payload_kind = read.kind;
    r.info.payload_danger = read.danger;
    r.info.payload_calls = read.calls;
    r.info.payload_origin = read.origin;
    r.info.payload_hash = tw_hash_stable(m->text.p, m->text.len);
    r.info.has_sha256 = c->env->payload_sha256 != NULL;
    if (r.info.has_sha256)
        c->env->payload_sha256(m->text.p, m->text.len, r.info.payload_sha256);
    r.event.value = read.value;
    r.event.type = read.type;
    r.event.truncated |= read.truncated;
    if (deliver && read.container && m->text.len <= MAX_CARRIED)
        r.info.payload = m->text;
    c->env->counters->malformed +=
        tw_payload_give(&read, &r.event, !deliver, c->env->asks.pass, &c->env->emit);
}

static void set_connect(const struct tw_sn_call *c, struct report *r, const struct tw_sn_pending *p)
{
    const struct tw_sn_client *k = c->k;
    struct tw_mqtt_info *info = &r->info;
    info->has_keep_alive = info->has_clean_start = true;
    info->keep_alive = p->duration;
    info->clean_start = (p->flags & TW_SN_CLEAN) != 0;
    info->has_will = k->has_will;
    set_object(r, info->client_id.s);
    if (!k->has_will)
        return;
    info->will_topic = tw_str_bytes(k->will_topic.p, k->will_topic.len);
    info->will_qos = (uint8_t)tw_sn_qos(k->will_flags);
    info->will_retain = (k->will_flags & TW_SN_RETAIN) != 0;
    info->will_payload_bytes = k->will_bytes;
    info->will_payload_hash = k->will_hash;
}

static enum tw_action action_of(const struct tw_sn_pending *p)
{
    switch (p->type) {
    case TW_SN_CONNECT:
        return TW_ACTION_CONNECT;
    case TW_SN_SUBSCRIBE:
        return TW_ACTION_SUBSCRIBE;
    case TW_SN_UNSUBSCRIBE:
        return TW_ACTION_UNSUBSCRIBE;
    default:
        return TW_ACTION_REFUSED; /* of a REGISTER or PUBLISH only a refusal is told */
    }
}

static const char *good_answer(const struct tw_sn_pending *p, const struct tw_sn_message *m)
{
    static const char *const granted[] = {
        "GrantedQoS0", "GrantedQoS1", "GrantedQoS2", "GrantedQoS0"};
    return p->type == TW_SN_SUBSCRIBE ? granted[tw_sn_qos(m->flags)] : "Success";
}

void tw_sn_emit_answered(
    const struct tw_sn_call *c, const struct tw_sn_pending *p, const struct tw_sn_message *m)
{
    const enum tw_action action = action_of(p);
    struct report r;
    if (action == TW_ACTION_REFUSED && (m == NULL || m->code == 0))
        return;
    begin(c, &r, p->dir, action);
    r.event.request_ts_ns = p->ts_ns;
    r.event.request_packet = p->packet;
    r.info.has_packet_id = p->type != TW_SN_CONNECT;
    r.info.packet_id = p->msg_id;
    if (p->type == TW_SN_CONNECT)
        set_connect(c, &r, p);
    else
        set_topic(c, &r, p);
    r.info.has_options = p->type == TW_SN_SUBSCRIBE;
    r.info.requested_qos = (uint8_t)(tw_sn_qos(p->flags) & 3);
    if (action == TW_ACTION_REFUSED)
        r.info.packet = tw_sn_type_name(m->type);
    if (m == NULL)
        r.event.status.is_null = true;
    else
        set_code(&r, m->code, good_answer(p, m));
    tw_emit(&c->env->emit, &r.event);
}

void tw_sn_emit_disconnect(const struct tw_sn_call *c, const struct tw_sn_message *m)
{
    struct report r;
    begin(c, &r, c->dir, TW_ACTION_DISCONNECT);
    r.info.packet = tw_sn_type_name(m->type);
    r.info.has_keep_alive = m->has_duration;
    r.info.keep_alive = m->duration;
    tw_emit(&c->env->emit, &r.event);
}
