#pragma once
/* The grammar of MQTT packets: bytes in, fields out, and the name of the first thing that is wrong.
 * Knows nothing of connections; what depends on them (version, direction) is handed in. */

#include "base/cursor.h"
#include "protocol/mqtt/anomaly.h"

enum tw_mqtt_type {
    TW_MQTT_RESERVED,
    TW_MQTT_CONNECT,
    TW_MQTT_CONNACK,
    TW_MQTT_PUBLISH,
    TW_MQTT_PUBACK,
    TW_MQTT_PUBREC,
    TW_MQTT_PUBREL,
    TW_MQTT_PUBCOMP,
    TW_MQTT_SUBSCRIBE,
    TW_MQTT_SUBACK,
    TW_MQTT_UNSUBSCRIBE,
    TW_MQTT_UNSUBACK,
    TW_MQTT_PINGREQ,
    TW_MQTT_PINGRESP,
    TW_MQTT_DISCONNECT,
    TW_MQTT_AUTH,
};

/* Protocol levels; 0 where the version is not known. */
enum { TW_MQTT_V31 = 3, TW_MQTT_V311 = 4, TW_MQTT_V5 = 5 };

/* "CONNECT", …, "RESERVED"; static. */
const char *tw_mqtt_type_name(unsigned type);

/* Who may send a packet of this type: bit 0 the client, bit 1 the server [MQTT5 2.1.2]. */
unsigned tw_mqtt_type_senders(unsigned type);

struct tw_mqtt_header {
    uint8_t type, flags;
    uint8_t size;  /* of the fixed header itself */
    bool overlong; /* Remaining Length in more bytes than needed [MQTT5 1.5.5] */
    uint32_t remaining;
};

/* TW_NEED_MORE when it is cut, TW_MALFORMED for a fifth length byte. */
enum tw_status tw_mqtt_header_read(struct tw_cur bytes, struct tw_mqtt_header *out);

/* What is wrong with type and flags [MQTT5 2.1.3]; TW_MQTT_FINE when nothing is. */
enum tw_mqtt_anomaly tw_mqtt_header_anomaly(const struct tw_mqtt_header *h, unsigned version);

/* Variable Byte Integer; false when cut or longer than four bytes. */
bool tw_mqtt_varint(struct tw_cur *c, uint32_t *out, bool *out_overlong);
/* Two bytes of length and as many bytes; false when cut. */
bool tw_mqtt_binary(struct tw_cur *c, struct tw_str *out);
/* TW_MQTT_BAD_UTF8 for a string that is no UTF-8 or holds U+0000 [MQTT5 1.5.4], else FINE. */
enum tw_mqtt_anomaly tw_mqtt_text_anomaly(struct tw_str s);

/* U+0001 to U+001F, U+007F to U+009F: a receiver may refuse them, and names have no use for them
 * [MQTT5 1.5.4]. `s` is UTF-8. */
bool tw_mqtt_has_control(struct tw_str s);

/* Bit of TW_MQTT_WILL in `where`: properties of a will [MQTT5 3.1.3.2]. */
enum { TW_MQTT_WILL = 0 };

struct tw_mqtt_props {
    uint64_t seen; /* a bit per property identifier */
    uint32_t session_expiry, message_expiry, will_delay, packet_max;
    uint32_t subscription_id; /* the last one */
    uint16_t receive_max, alias_max, alias, server_keep_alive;
    uint8_t payload_format, wants_problem, wants_response, qos_max;
    uint8_t retain, wildcards, subscription_ids, shared; /* what the server says that it has */
    struct tw_str content_type, response_topic, assigned_id, reason_string, auth_method;
    struct tw_str correlation, auth_data, response_information, server_reference;
    struct tw_cur all; /* the whole block, to walk through what may stand there more than once */
    unsigned n_user;
};

static inline bool tw_mqtt_has(const struct tw_mqtt_props *p, unsigned id)
{
    return (p->seen >> id & 1) != 0;
}

/* The property block at the start of `c` [MQTT5 2.2.2]; `where` is a packet type or TW_MQTT_WILL.
 * Returns what is wrong with it, TW_MQTT_FINE when nothing is. After an anomaly `c` stands behind
 * the block when its length was good, and is empty otherwise. */
enum tw_mqtt_anomaly tw_mqtt_props_read(
    struct tw_cur *c, unsigned where, bool from_server, struct tw_mqtt_props *out);
/* The next user property of a block, from `*c`, a copy of props->all. */
bool tw_mqtt_user_next(struct tw_cur *c, struct tw_str *out_name, struct tw_str *out_value);
/* The next subscription identifier, likewise. */
bool tw_mqtt_subscription_id_next(struct tw_cur *c, uint32_t *out);

/* Payload Format Indicator above 1: wrong, but servers let it pass [MQTT5 3.3.2.3.2]. */
static inline bool tw_mqtt_odd_format(const struct tw_mqtt_props *p)
{
    return p->payload_format > 1;
}

struct tw_mqtt_connect {
    struct tw_str name;
    uint8_t level; /* without the bridge bit */
    bool bridge, clean_start, has_will, will_retain, has_username, has_password;
    bool no_username; /* by its flag; else it may have been cut off */
    uint64_t token;   /* digest of a password that is one; 0: it is none */
    uint8_t will_qos;
    uint16_t keep_alive;
    struct tw_str client_id, will_topic, will_payload, username;
    bool has_client_id; /* the packet was good up to there */
    struct tw_mqtt_props props, will_props;
};

struct tw_mqtt_publish {
    struct tw_str topic;
    bool is_plain; /* the topic is there, and all of it printable ASCII */
    uint16_t id;
    struct tw_mqtt_props props;
    struct tw_str payload;
};

/* CONNACK (id: session present), PUBACK to PUBCOMP, SUBACK, UNSUBACK, DISCONNECT, AUTH. */
struct tw_mqtt_ack {
    uint16_t id;
    bool session_present, has_reason;
    uint8_t reason;
    struct tw_str codes; /* SUBACK, UNSUBACK */
    struct tw_mqtt_props props;
};

/* SUBSCRIBE and UNSUBSCRIBE. */
struct tw_mqtt_request {
    uint16_t id;
    unsigned n;
    struct tw_cur filters; /* walk with tw_mqtt_filter_next() */
    struct tw_mqtt_props props;
};

/* Each reads what follows the fixed header and returns the first anomaly or FINE; fields before it
 * are set, later ones are zero. `version` as above, 0 counts as 3.1.1. */
enum tw_mqtt_anomaly tw_mqtt_connect_read(
    struct tw_cur body, uint8_t flags, struct tw_mqtt_connect *out);
enum tw_mqtt_anomaly tw_mqtt_publish_read(struct tw_cur body, uint8_t flags, unsigned version,
    bool from_server, struct tw_mqtt_publish *out);
enum tw_mqtt_anomaly tw_mqtt_ack_read(
    struct tw_cur body, unsigned type, unsigned version, bool from_server, struct tw_mqtt_ack *out);
enum tw_mqtt_anomaly tw_mqtt_request_read(
    struct tw_cur body, unsigned type, unsigned version, struct tw_mqtt_request *out);

/* The next filter; `out_options` is 0 for UNSUBSCRIBE. False at the end or when cut. */
bool tw_mqtt_filter_next(
    struct tw_cur *c, unsigned type, struct tw_str *out_filter, uint8_t *out_options);

/* The MQTT 5 name of a reason code, as sent in a packet of this type; v3 return codes are mapped.
 * NULL where the code is not defined for the packet [MQTT5 2.4]. */
const char *tw_mqtt_reason_name(unsigned type, unsigned version, uint8_t code);
