#include "protocol/mqtt/packet.h"

enum {
    CONNACK = 1 << TW_MQTT_CONNACK,
    PUBACK = 1 << TW_MQTT_PUBACK | 1 << TW_MQTT_PUBREC,
    PUBREL = 1 << TW_MQTT_PUBREL | 1 << TW_MQTT_PUBCOMP,
    SUBACK = 1 << TW_MQTT_SUBACK,
    UNSUBACK = 1 << TW_MQTT_UNSUBACK,
    DISCONNECT = 1 << TW_MQTT_DISCONNECT,
    AUTH = 1 << TW_MQTT_AUTH,
};

/* [MQTT5 2.4] and the table of each packet. */
static const struct {
    uint8_t code;
    uint16_t where;
    const char *name;
} reasons[] = {
    {0x00, CONNACK | PUBACK | PUBREL | UNSUBACK | AUTH, "Success"},
    {0x00, DISCONNECT, "NormalDisconnection"},
    {0x00, SUBACK, "GrantedQoS0"},
    {0x01, SUBACK, "GrantedQoS1"},
    {0x02, SUBACK, "GrantedQoS2"},
    {0x04, DISCONNECT, "DisconnectWithWillMessage"},
    {0x10, PUBACK, "NoMatchingSubscribers"},
    {0x11, UNSUBACK, "NoSubscriptionExisted"},
    {0x18, AUTH, "ContinueAuthentication"},
    {0x19, AUTH, "ReAuthenticate"},
    {0x80, CONNACK | PUBACK | SUBACK | UNSUBACK | DISCONNECT, "UnspecifiedError"},
    {0x81, CONNACK | DISCONNECT, "MalformedPacket"},
    {0x82, CONNACK | DISCONNECT, "ProtocolError"},
    {0x83, CONNACK | PUBACK | SUBACK | UNSUBACK | DISCONNECT, "ImplementationSpecificError"},
    {0x84, CONNACK, "UnsupportedProtocolVersion"},
    {0x85, CONNACK, "ClientIdentifierNotValid"},
    {0x86, CONNACK, "BadUserNameOrPassword"},
    {0x87, CONNACK | PUBACK | SUBACK | UNSUBACK | DISCONNECT, "NotAuthorized"},
    {0x88, CONNACK, "ServerUnavailable"},
    {0x89, CONNACK | DISCONNECT, "ServerBusy"},
    {0x8a, CONNACK, "Banned"},
    {0x8b, DISCONNECT, "ServerShuttingDown"},
    {0x8c, CONNACK | DISCONNECT, "BadAuthenticationMethod"},
    {0x8d, DISCONNECT, "KeepAliveTimeout"},
    {0x8e, DISCONNECT, "SessionTakenOver"},
    {0x8f, SUBACK | UNSUBACK | DISCONNECT, "TopicFilterInvalid"},
    {0x90, CONNACK | PUBACK | DISCONNECT, "TopicNameInvalid"},
    {0x91, PUBACK | SUBACK | UNSUBACK, "PacketIdentifierInUse"},
    {0x92, PUBREL, "PacketIdentifierNotFound"},
    {0x93, DISCONNECT, "ReceiveMaximumExceeded"},
    {0x94, DISCONNECT, "TopicAliasInvalid"},
    {0x95, CONNACK | DISCONNECT, "PacketTooLarge"},
    {0x96, DISCONNECT, "MessageRateTooHigh"},
    {0x97, CONNACK | PUBACK | SUBACK | DISCONNECT, "QuotaExceeded"},
    {0x98, DISCONNECT, "AdministrativeAction"},
    {0x99, CONNACK | PUBACK | DISCONNECT, "PayloadFormatInvalid"},
    {0x9a, CONNACK | DISCONNECT, "RetainNotSupported"},
    {0x9b, CONNACK | DISCONNECT, "QoSNotSupported"},
    {0x9c, CONNACK | DISCONNECT, "UseAnotherServer"},
    {0x9d, CONNACK | DISCONNECT, "ServerMoved"},
    {0x9e, SUBACK | DISCONNECT, "SharedSubscriptionsNotSupported"},
    {0x9f, CONNACK | DISCONNECT, "ConnectionRateExceeded"},
    {0xa0, DISCONNECT, "MaximumConnectTime"},
    {0xa1, SUBACK | DISCONNECT, "SubscriptionIdentifiersNotSupported"},
    {0xa2, SUBACK | DISCONNECT, "WildcardSubscriptionsNotSupported"},
};

/* The return codes of a 3.x CONNACK [MQTT311 3.2.2.3] as MQTT 5 calls them. */
static const uint8_t v3_connack[] = {0x00, 0x84, 0x85, 0x88, 0x86, 0x87};

const char *tw_mqtt_reason_name(unsigned type, unsigned version, uint8_t code)
{
    bool v5 = version == TW_MQTT_V5;
    if (type == TW_MQTT_CONNACK && code < sizeof(v3_connack) && (!v5 || code == 0))
        code = v3_connack[code];
    else if (type == TW_MQTT_CONNACK && !v5 && code != 0x84)
        return NULL; /* 0x84: how a server refuses a level it does not know */
    else if (type == TW_MQTT_SUBACK && !v5 && code > 2 && code != 0x80)
        return NULL;
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].code == code && (reasons[i].where >> (type & 15) & 1) != 0)
            return reasons[i].name;
    }
    return NULL;
}
