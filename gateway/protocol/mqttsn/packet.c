#include "protocol/mqttsn/packet.h"

enum { CLIENT = 1, GATEWAY = 2, BOTH = 3, TYPES = 0x1e };
enum { PROTOCOL_ID = 1, LONG_LENGTH = 1, NO_TYPE = 0xff };

/* What follows the type, a letter a field: f flags, p protocol id, d duration, i TopicId, m MsgId,
 * c return code, t a topic's name or what the flags say, s text, b any bytes, 1 one byte; '?': what
 * follows may be missing as a whole. */
static const struct {
    const char *name;
    uint8_t senders;
    const char *fields;
} types[TYPES] = {
    [TW_SN_ADVERTISE] = {"ADVERTISE", GATEWAY, "1d"},
    [TW_SN_SEARCHGW] = {"SEARCHGW", CLIENT, "1"},
    [TW_SN_GWINFO] = {"GWINFO", BOTH, "1b"},
    [TW_SN_CONNECT] = {"CONNECT", CLIENT, "fpds"},
    [TW_SN_CONNACK] = {"CONNACK", GATEWAY, "c"},
    [TW_SN_WILLTOPICREQ] = {"WILLTOPICREQ", GATEWAY, ""},
    [TW_SN_WILLTOPIC] = {"WILLTOPIC", CLIENT, "?fs"},
    [TW_SN_WILLMSGREQ] = {"WILLMSGREQ", GATEWAY, ""},
    [TW_SN_WILLMSG] = {"WILLMSG", CLIENT, "b"},
    [TW_SN_REGISTER] = {"REGISTER", BOTH, "ims"},
    [TW_SN_REGACK] = {"REGACK", BOTH, "imc"},
    [TW_SN_PUBLISH] = {"PUBLISH", BOTH, "fimb"},
    [TW_SN_PUBACK] = {"PUBACK", BOTH, "imc"},
    [TW_SN_PUBCOMP] = {"PUBCOMP", BOTH, "m"},
    [TW_SN_PUBREC] = {"PUBREC", BOTH, "m"},
    [TW_SN_PUBREL] = {"PUBREL", BOTH, "m"},
    [TW_SN_SUBSCRIBE] = {"SUBSCRIBE", CLIENT, "fmt"},
    [TW_SN_SUBACK] = {"SUBACK", GATEWAY, "fimc"},
    [TW_SN_UNSUBSCRIBE] = {"UNSUBSCRIBE", CLIENT, "fmt"},
    [TW_SN_UNSUBACK] = {"UNSUBACK", GATEWAY, "m"},
    [TW_SN_PINGREQ] = {"PINGREQ", BOTH, "b"},
    [TW_SN_PINGRESP] = {"PINGRESP", BOTH, ""},
    [TW_SN_DISCONNECT] = {"DISCONNECT", BOTH, "?d"},
    [TW_SN_WILLTOPICUPD] = {"WILLTOPICUPD", CLIENT, "?fs"},
    [TW_SN_WILLTOPICRESP] = {"WILLTOPICRESP", GATEWAY, "c"},
    [TW_SN_WILLMSGUPD] = {"WILLMSGUPD", CLIENT, "b"},
    [TW_SN_WILLMSGRESP] = {"WILLMSGRESP", GATEWAY, "c"},
};

const char *tw_sn_type_name(unsigned type)
{
    return type < TYPES ? types[type].name : NULL;
}

unsigned tw_sn_senders(unsigned type)
{
    return type < TYPES ? types[type].senders : 0;
}

/* [MQTT-SN 5.2.1, 5.2.2]: the length counts itself; one that takes three bytes begins with 1. */
static bool read_header(struct tw_cur *c, size_t *out_rest, uint8_t *out_type)
{
    uint8_t first;
    uint16_t len;
    if (!tw_cur_u8(c, &first))
        return false;
    size_t size = 1;
    len = first;
    if (first == LONG_LENGTH) {
        if (!tw_cur_u16be(c, &len))
            return false;
        size = 3;
    }
    if (len < size + 1 || !tw_cur_u8(c, out_type))
        return false;
    *out_rest = len - size - 1;
    return true;
}

static const char *text_anomaly(struct tw_str s)
{
    if (s.len == 0)
        return "empty-text";
    return memchr(s.p, 0, s.len) != NULL || !tw_utf8_valid(s) ? "bad-utf8" : NULL;
}

/* The place of a topic in SUBSCRIBE and UNSUBSCRIBE [MQTT-SN 5.4.15]. */
static const char *read_topic(struct tw_cur *c, struct tw_sn_message *out)
{
    const unsigned kind = tw_sn_topic_type(out->flags);
    if (kind == TW_SN_NORMAL) {
        if (!tw_cur_bytes(c, c->left, &out->text))
            return "truncated-message";
        return text_anomaly(out->text);
    }
    if (kind > TW_SN_SHORT)
        return "bad-topic-id-type";
    out->has_id = tw_cur_u16be(c, &out->topic_id);
    return out->has_id ? NULL : "truncated-message";
}

static const char *read_field(struct tw_cur *c, char field, struct tw_sn_message *out)
{
    uint8_t one;
    switch (field) {
    case 'f':
        return tw_cur_u8(c, &out->flags) ? NULL : "truncated-message";
    case 'p':
        if (!tw_cur_u8(c, &one))
            return "truncated-message";
        return one == PROTOCOL_ID ? NULL : "bad-protocol-id"; /* [MQTT-SN 5.3.8] */
    case 'd':
        out->has_duration = tw_cur_u16be(c, &out->duration);
        return out->has_duration ? NULL : "truncated-message";
    case 'i':
        out->has_id = tw_cur_u16be(c, &out->topic_id);
        return out->has_id ? NULL : "truncated-message";
    case 'm':
        return tw_cur_u16be(c, &out->msg_id) ? NULL : "truncated-message";
    case 'c':
        return tw_cur_u8(c, &out->code) ? NULL : "truncated-message";
    case 't':
        return read_topic(c, out);
    case 's':
        if (!tw_cur_bytes(c, c->left, &out->text))
            return "truncated-message";
        return text_anomaly(out->text);
    case 'b':
        return tw_cur_bytes(c, c->left, &out->text) ? NULL : "truncated-message";
    default:
        return tw_cur_u8(c, &one) ? NULL : "truncated-message";
    }
}

/* What the grammar of single fields does not say. */
static const char *message_anomaly(const struct tw_sn_message *m)
{
    const bool publish = m->type == TW_SN_PUBLISH;
    if (publish && tw_sn_topic_type(m->flags) > TW_SN_SHORT)
        return "bad-topic-id-type";
    /* Without a connection there is no number to have registered [MQTT-SN 6.8]. */
    if (publish && tw_sn_qos(m->flags) == 3 && tw_sn_topic_type(m->flags) == TW_SN_NORMAL)
        return "topic-id-without-connection";
    const bool normal = m->has_id && tw_sn_topic_type(m->flags) == TW_SN_NORMAL;
    /* 0x0000 and 0xffff are reserved [MQTT-SN 5.3.11]. */
    if (publish && normal && (m->topic_id == 0 || m->topic_id == UINT16_MAX))
        return "reserved-topic-id";
    const bool answered = (publish && (tw_sn_qos(m->flags) == 1 || tw_sn_qos(m->flags) == 2)) ||
                          m->type == TW_SN_REGISTER || m->type == TW_SN_SUBSCRIBE ||
                          m->type == TW_SN_UNSUBSCRIBE;
    return answered && m->msg_id == 0 ? "packet-id-0" : NULL;
}

static const char *read_body(struct tw_cur c, struct tw_sn_message *out)
{
    const char *fields = types[out->type].fields;
    if (*fields == '?') {
        fields++;
        if (c.left == 0)
            return NULL;
    }
    for (; *fields != '\0'; fields++) {
        const char *anomaly = read_field(&c, *fields, out);
        if (anomaly != NULL)
            return anomaly;
    }
    out->short_topic[0] = (uint8_t)(out->topic_id >> 8);
    out->short_topic[1] = (uint8_t)out->topic_id;
    return c.left > 0 ? "trailing-bytes" : message_anomaly(out);
}

/* A byte of control, the node, and behind what the length counts the message [MQTT-SN 5.5]. */
static const char *read_forwarded(struct tw_cur *c, size_t rest, struct tw_sn_message *out)
{
    struct tw_cur head;
    uint8_t control;
    if (!tw_cur_sub(c, rest, &head) || !tw_cur_u8(&head, &control))
        return "truncated-message";
    out->node = tw_cur_rest(&head);
    return NULL;
}

const char *tw_sn_read(struct tw_cur c, struct tw_sn_message *out)
{
    size_t rest;
    *out = (struct tw_sn_message){.type = NO_TYPE};
    if (!read_header(&c, &rest, &out->type))
        return "bad-length";
    if (out->type == TW_SN_ENCAPSULATED) {
        const char *anomaly = read_forwarded(&c, rest, out);
        if (anomaly != NULL)
            return anomaly;
        if (!read_header(&c, &rest, &out->type))
            return "bad-length";
    }
    if (rest != c.left)
        return "bad-length";
    if (tw_sn_type_name(out->type) == NULL)
        return "reserved-type";
    return read_body(c, out);
}
