#pragma once
/* The grammar of MQTT-SN messages [MQTT-SN 5]. */

#include "base/cursor.h"

enum tw_sn_type {
    TW_SN_ADVERTISE = 0x00,
    TW_SN_SEARCHGW = 0x01,
    TW_SN_GWINFO = 0x02,
    TW_SN_CONNECT = 0x04,
    TW_SN_CONNACK = 0x05,
    TW_SN_WILLTOPICREQ = 0x06,
    TW_SN_WILLTOPIC = 0x07,
    TW_SN_WILLMSGREQ = 0x08,
    TW_SN_WILLMSG = 0x09,
    TW_SN_REGISTER = 0x0a,
    TW_SN_REGACK = 0x0b,
    TW_SN_PUBLISH = 0x0c,
    TW_SN_PUBACK = 0x0d,
    TW_SN_PUBCOMP = 0x0e,
    TW_SN_PUBREC = 0x0f,
    TW_SN_PUBREL = 0x10,
    TW_SN_SUBSCRIBE = 0x12,
    TW_SN_SUBACK = 0x13,
    TW_SN_UNSUBSCRIBE = 0x14,
    TW_SN_UNSUBACK = 0x15,
    TW_SN_PINGREQ = 0x16,
    TW_SN_PINGRESP = 0x17,
    TW_SN_DISCONNECT = 0x18,
    TW_SN_WILLTOPICUPD = 0x1a,
    TW_SN_WILLTOPICRESP = 0x1b,
    TW_SN_WILLMSGUPD = 0x1c,
    TW_SN_WILLMSGRESP = 0x1d,
    TW_SN_ENCAPSULATED = 0xfe,
};

/* [MQTT-SN 5.3.4] */
enum { TW_SN_DUP = 0x80, TW_SN_RETAIN = 0x10, TW_SN_WILL = 0x08, TW_SN_CLEAN = 0x04 };
enum { TW_SN_NORMAL = 0, TW_SN_PREDEFINED = 1, TW_SN_SHORT = 2 };
static inline unsigned tw_sn_qos(uint8_t flags)
{
    return flags >> 5 & 3u; /* 3: without a connection, "-1" */
}
static inline unsigned tw_sn_topic_type(uint8_t flags)
{
    return flags & 3u;
}

/* "CONNECT", …; NULL where none is defined. */
const char *tw_sn_type_name(unsigned type);
/* Who sends it: bit 0 the client, bit 1 the gateway. */
unsigned tw_sn_senders(unsigned type);

struct tw_sn_message {
    uint8_t type, flags, code;
    bool has_id;       /* `topic_id` is there */
    bool has_duration; /* DISCONNECT: the client goes to sleep */
    uint16_t topic_id, msg_id, duration;
    struct tw_str text; /* client id, topic, filter, data; absent where an id stands for a topic */
    struct tw_str node; /* of a forwarder [MQTT-SN 5.5]; absent without one */
    uint8_t short_topic[2];
};

/* All of a datagram. What is wrong with it, NULL when nothing is; what stands before that is set.
 */
const char *tw_sn_read(struct tw_cur datagram, struct tw_sn_message *out);
