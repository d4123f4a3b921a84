#pragma once
/* What can be wrong with MQTT traffic: the `detail` of a malformed event, and what that says. One
 * list: the decoder takes its names from here, `tierwatch fields --anomalies` prints it. */

/* X(enumerator, name, meaning) */
#define TW_MQTT_ANOMALY_TABLE(X)                                                                   \
    /* framing */                                                                                  \
    X(RESERVED_TYPE, "reserved-type",                                                              \
        "A packet type that does not exist in this version [MQTT5 2.1.2]")                         \
    X(RESERVED_FLAGS, "reserved-flags",                                                            \
        "Flags of the fixed header that are not those of the type [MQTT5 2.1.3]")                  \
    X(BAD_REMAINING_LENGTH, "bad-remaining-length",                                                \
        "A Remaining Length of five bytes, of more bytes than needed, or that no packet of the "   \
        "type has [MQTT5 1.5.5]")                                                                  \
    X(SHORT_PACKET, "short-packet", "The packet ends within one of its parts [MQTT5 2]")           \
    X(TRAILING_BYTES, "trailing-bytes", "The packet goes on behind its last part [MQTT5 2]")       \
    X(TRUNCATED_PACKET, "truncated-packet", "The connection was closed within its CONNECT")        \
    X(WRONG_DIRECTION, "wrong-direction",                                                          \
        "A packet that only the other side may send [MQTT5 2.1.2]")                                \
    X(BAD_UTF8, "bad-utf8", "A string that is no UTF-8, or holds U+0000 [MQTT5 1.5.4]")            \
    X(CONTROL_CHARACTERS, "control-characters",                                                    \
        "A name with control characters, which a receiver may refuse [MQTT5 1.5.4]")               \
    X(BAD_VARINT, "bad-varint", "A Variable Byte Integer of more bytes than needed [MQTT5 1.5.5]") \
    X(PACKET_ID_ZERO, "packet-id-zero", "Packet Identifier 0 [MQTT5 2.2.1]")                       \
    X(PACKET_ID_IN_USE, "packet-id-in-use",                                                        \
        "The Packet Identifier of a packet that is not acknowledged yet, without DUP "             \
        "[MQTT5 2.2.1]")                                                                           \
    X(BAD_REASON, "bad-reason",                                                                    \
        "A reason code that the packet, or this side, may not use [MQTT5 2.4]")                    \
    /* the order of packets */                                                                     \
    X(PACKET_BEFORE_CONNECT, "packet-before-connect",                                              \
        "The client's first packet is not CONNECT [MQTT5 3.1]")                                    \
    X(PACKET_BEFORE_CONNACK, "packet-before-connack",                                              \
        "The server speaks before it accepted, or the client within an exchange of AUTH "          \
        "[MQTT5 3.2, 3.1.2.11.9]")                                                                 \
    X(PACKET_AFTER_DISCONNECT, "packet-after-disconnect",                                          \
        "A packet from a side that sent DISCONNECT [MQTT5 3.14.4]")                                \
    X(PACKET_AFTER_REFUSAL, "packet-after-refusal",                                                \
        "A packet from the server after a CONNACK that refuses [MQTT5 3.2.2.2]")                   \
    X(SECOND_CONNECT, "second-connect", "A second CONNECT on a connection [MQTT5 3.1]")            \
    X(SECOND_CONNACK, "second-connack", "A second CONNACK on a connection [MQTT5 3.2]")            \
    X(KEEP_ALIVE_EXCEEDED, "keep-alive-exceeded",                                                  \
        "The client was silent for more than one and a half times its Keep Alive and went on "     \
        "[MQTT5 3.1.2.10]")                                                                        \
    /* CONNECT and CONNACK */                                                                      \
    X(BAD_PROTOCOL_NAME, "bad-protocol-name",                                                      \
        "A protocol name other than MQTT or MQIsdp [MQTT5 3.1.2.1]")                               \
    X(BAD_PROTOCOL_LEVEL, "bad-protocol-level",                                                    \
        "A protocol version that does not exist [MQTT5 3.1.2.2]")                                  \
    X(CONNECT_FLAGS, "connect-flags", "The reserved flag of CONNECT is set [MQTT5 3.1.2.3]")       \
    X(WILL_FLAGS, "will-flags",                                                                    \
        "Will QoS 3, or QoS or retain of a will without a will [MQTT5 3.1.2.6]")                   \
    X(PASSWORD_WITHOUT_USER, "password-without-user",                                              \
        "A password without a user name, before 5.0 [MQTT311 3.1.2.9]")                            \
    X(EMPTY_CLIENT_ID, "empty-client-id", "No client id where one is needed [MQTT311 3.1.3.1]")    \
    X(CLIENT_ID_TOO_LONG, "client-id-too-long",                                                    \
        "A client id of more than 23 characters in 3.1 [MQTT31 3.1]")                              \
    X(CONNACK_FLAGS, "connack-flags",                                                              \
        "Reserved flags of CONNACK, or a session that is present though refused "                  \
        "[MQTT5 3.2.2.1]")                                                                         \
    X(SESSION_PRESENT, "session-present",                                                          \
        "The server resumes a session that the client asked to discard [MQTT5 3.2.2.1.1]")         \
    X(AUTH_DATA_WITHOUT_METHOD, "auth-data-without-method",                                        \
        "Authentication Data without an Authentication Method [MQTT5 3.1.2.11.10]")                \
    X(AUTH_WITHOUT_METHOD, "auth-without-method",                                                  \
        "AUTH, or a method in CONNACK, though CONNECT named none [MQTT5 4.12]")                    \
    X(AUTH_METHOD_CHANGED, "auth-method-changed",                                                  \
        "Another Authentication Method than that of CONNECT, or none [MQTT5 4.12]")                \
    X(AUTH_OUT_OF_ORDER, "auth-out-of-order",                                                      \
        "AUTH at a time when it is not this side's to send [MQTT5 4.12]")                          \
    /* properties */                                                                               \
    X(PROPERTY_LENGTH, "property-length",                                                          \
        "A property, or all of them, longer than there is room [MQTT5 2.2.2]")                     \
    X(PROPERTY_UNKNOWN, "property-unknown",                                                        \
        "A property identifier that does not exist [MQTT5 2.2.2.2]")                               \
    X(PROPERTY_NOT_ALLOWED, "property-not-allowed",                                                \
        "A property that the packet, or this side, may not use [MQTT5 2.2.2.2]")                   \
    X(PROPERTY_DUPLICATE, "property-duplicate",                                                    \
        "A property that may only stand once [MQTT5 2.2.2.2]")                                     \
    X(PROPERTY_VALUE, "property-value",                                                            \
        "A property with a value outside its range [MQTT5 3.1.2.11, 3.3.2.3, 3.14.2.2]")           \
    /* topics and filters */                                                                       \
    X(EMPTY_TOPIC, "empty-topic", "A topic without characters, and no alias [MQTT5 4.7.3]")        \
    X(WILDCARD_IN_TOPIC, "wildcard-in-topic", "+ or # in a topic [MQTT5 3.3.2.1]")                 \
    X(ALIAS_UNKNOWN, "alias-unknown", "A Topic Alias that was never set [MQTT5 3.3.2.3.4]")        \
    X(ALIAS_OVER_MAXIMUM, "alias-over-maximum",                                                    \
        "A Topic Alias above what the receiver allows [MQTT5 3.3.2.3.4]")                          \
    X(NO_FILTERS, "no-filters", "SUBSCRIBE or UNSUBSCRIBE of nothing [MQTT5 3.8.3]")               \
    X(EMPTY_FILTER, "empty-filter", "A filter without characters [MQTT5 4.7.3]")                   \
    X(BAD_FILTER, "bad-filter",                                                                    \
        "Wildcards where they may not stand, or a shared filter without its parts "                \
        "[MQTT5 4.7.1, 4.8.2]")                                                                    \
    X(SUBSCRIBE_OPTIONS, "subscribe-options", "Reserved subscription options [MQTT5 3.8.3.1]")     \
    X(NO_LOCAL_ON_SHARED, "no-local-on-shared",                                                    \
        "No Local on a shared subscription [MQTT5 3.8.3.1]")                                       \
    /* messages and their acknowledgement */                                                       \
    X(QOS_3, "qos-3", "QoS 3 [MQTT5 3.3.1.2]")                                                     \
    X(DUP_ON_QOS_0, "dup-on-qos-0", "DUP on a PUBLISH of QoS 0 [MQTT5 3.3.1.1]")                   \
    X(ACK_WITHOUT_PUBLISH, "ack-without-publish",                                                  \
        "An acknowledgement of a message that is not underway, or of another QoS [MQTT5 4.3]")     \
    X(ACK_WITHOUT_REQUEST, "ack-without-request",                                                  \
        "SUBACK or UNSUBACK of a request that was not made [MQTT5 3.8.4]")                         \
    X(ACK_COUNT, "ack-count", "Not one code for each filter [MQTT5 3.9.3]")                        \
    X(RECEIVE_MAXIMUM_EXCEEDED, "receive-maximum-exceeded",                                        \
        "More messages underway than the receiver allows [MQTT5 3.3.4]")                           \
    /* what the other side said that it does not do */                                             \
    X(PACKET_OVER_MAXIMUM, "packet-over-maximum",                                                  \
        "A packet above the receiver's Maximum Packet Size [MQTT5 3.1.2.11.4]")                    \
    X(QOS_OVER_MAXIMUM, "qos-over-maximum",                                                        \
        "A QoS above the server's Maximum QoS [MQTT5 3.2.2.3.4]")                                  \
    X(RETAIN_UNAVAILABLE, "retain-unavailable",                                                    \
        "RETAIN towards a server that has none [MQTT5 3.2.2.3.5]")                                 \
    X(WILDCARD_UNAVAILABLE, "wildcard-unavailable",                                                \
        "A wildcard towards a server that has none [MQTT5 3.2.2.3.11]")                            \
    X(SUBSCRIPTION_ID_UNAVAILABLE, "subscription-id-unavailable",                                  \
        "A Subscription Identifier towards a server that has none [MQTT5 3.2.2.3.12]")             \
    X(SHARED_UNAVAILABLE, "shared-unavailable",                                                    \
        "A shared subscription towards a server that has none [MQTT5 3.2.2.3.13]")                 \
    X(PROBLEM_INFORMATION, "problem-information",                                                  \
        "Reason String or User Properties though the client asked for none "                       \
        "[MQTT5 3.1.2.11.7]")                                                                      \
    X(RESPONSE_INFORMATION, "response-information",                                                \
        "Response Information though the client asked for none [MQTT5 3.1.2.11.6]")                \
    /* what carries it */                                                                          \
    X(PROXY_HEADER, "proxy-header", "A PROXY protocol header that is not one [PROXY 2]")

/* TW_MQTT_FINE is zero: what has no anomaly. */
enum tw_mqtt_anomaly {
    TW_MQTT_FINE,
#define TW_MQTT_ANOMALY_ENUM(id, name, doc) TW_MQTT_##id,
    TW_MQTT_ANOMALY_TABLE(TW_MQTT_ANOMALY_ENUM)
#undef TW_MQTT_ANOMALY_ENUM
        TW_MQTT_ANOMALIES
};

/* Static; NULL for TW_MQTT_FINE. */
const char *tw_mqtt_anomaly_name(enum tw_mqtt_anomaly anomaly);
