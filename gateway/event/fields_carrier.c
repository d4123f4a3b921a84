/* Fields of what carries MQTT, and of TLS. */
#include "event/field_get.h"

static const struct tw_carrier *carrier_of(const struct tw_scene *s)
{
    return s->event->mqtt != NULL ? s->event->mqtt->carrier : NULL;
}

static const struct tw_tls_info *tls_of(const struct tw_scene *s)
{
    if (s->event->flow_info != NULL)
        return s->event->flow_info->tls;
    return carrier_of(s) != NULL ? carrier_of(s)->tls : NULL;
}

#define C_STR(name, from)                                                                          \
    GET(name)                                                                                      \
    {                                                                                              \
        if (carrier_of(s) != NULL)                                                                 \
            set_str(out, carrier_of(s)->from);                                                     \
    }
#define T_STR(name, from)                                                                          \
    GET(name)                                                                                      \
    {                                                                                              \
        if (tls_of(s) != NULL)                                                                     \
            set_str(out, tls_of(s)->from);                                                         \
    }
#define T_TEXT(name, from)                                                                         \
    GET(name)                                                                                      \
    {                                                                                              \
        if (tls_of(s) != NULL)                                                                     \
            set_text(out, tls_of(s)->from);                                                        \
    }
#define T_TIME(name, from)                                                                         \
    GET(name)                                                                                      \
    {                                                                                              \
        if (tls_of(s) != NULL && tls_of(s)->from != 0)                                             \
            set_seconds(out, tls_of(s)->from);                                                     \
    }

GET(transport)
{
    if (s->event->mqtt != NULL)
        set_text(out, carrier_of(s) != NULL ? carrier_of(s)->transport : "tcp");
}
GET(client_ip)
{
    if (carrier_of(s) != NULL)
        set_ip(out, &carrier_of(s)->client.ip);
}
GET(client_port)
{
    if (carrier_of(s) != NULL && carrier_of(s)->client.ip.family != 0)
        set_number(out, carrier_of(s)->client.port);
}
M_TEXT(topic_id_type, topic_id_type)
M_NUM(topic_id, topic_id_type != NULL, topic_id)
M_STR(node, node)
C_STR(path, path)
C_STR(host, host)
C_STR(origin, origin)
T_TEXT(version, version)
T_TEXT(cipher, cipher)
T_STR(sni, sni)
T_STR(alpn, alpn)
T_STR(ja3, ja3)
T_STR(ja3s, ja3s)
T_STR(ja4, ja4)
T_STR(sha1, sha1)
T_STR(subject, subject)
T_STR(issuer, issuer)
T_TIME(not_before, not_before_ns)
T_TIME(not_after, not_after_ns)

static const char *const topic_id_types[] = {"normal", "predefined", "short", NULL};
static const char *const transports[] = {"tcp", "websocket", "tls", "websocket-tls", "udp", NULL};

#define S TW_FIELD_STRING
#define N TW_FIELD_NUMBER
#define E TW_FIELD_ENUM
#define I TW_FIELD_IP

const struct tw_field tw_fields_carrier[] = {
    {"mqtt.transport", "What carries MQTT; udp is MQTT-SN, tls only where --tls-keys opened it",
        "websocket", E, transports, get_transport},
    {"mqtt.client_ip", "Address of the client, where a proxy tells it (PROXY protocol)",
        "10.10.0.32", I, NULL, get_client_ip},
    {"mqtt.client_port", "Its port", "51122", N, NULL, get_client_port},
    {"mqtt.websocket_path", "WebSocket: path of the HTTP request", "/mqtt", S, NULL, get_path},
    {"mqtt.websocket_host", "WebSocket: host that was asked for", "broker:9001", S, NULL, get_host},
    {"mqtt.websocket_origin", "WebSocket: site whose page opened it, in a browser",
        "https://hmi.example", S, NULL, get_origin},
    {"mqtt.topic_id", "MQTT-SN: number that stands for the topic", "7", N, NULL, get_topic_id},
    {"mqtt.topic_id_type", "MQTT-SN: what kind of number", "predefined", E, topic_id_types,
        get_topic_id_type},
    {"mqtt.node", "MQTT-SN: wireless node behind a forwarder, in hex", "0a1b", S, NULL, get_node},
    {"tls.version", "Version of TLS", "TLSv1.2", S, NULL, get_version},
    {"tls.cipher", "Cipher suite that the server chose", "TLS_AES_128_GCM_SHA256", S, NULL,
        get_cipher},
    {"tls.sni", "Host name that the client asked for", "broker.example", S, NULL, get_sni},
    {"tls.alpn", "Protocols that the client offered, joined by commas", "mqtt", S, NULL, get_alpn},
    {"tls.ja3", "JA3 fingerprint of the client", "e7d705a3286e19ea42f587b344ee6865", S, NULL,
        get_ja3},
    {"tls.ja3s", "JA3S fingerprint of the server", "15af977ce25de452b96affa2addb1036", S, NULL,
        get_ja3s},
    {"tls.ja4", "JA4 fingerprint of the client, with nDPI 4.10 and later",
        "t13d1516h2_8daaf6152771_e5627efa2ab1", S, NULL, get_ja4},
    {"tls.certificate_sha1", "SHA-1 of the server's certificate, where it is sent in clear",
        "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3", S, NULL, get_sha1},
    {"tls.certificate_subject", "Its subject", "CN=broker", S, NULL, get_subject},
    {"tls.certificate_issuer", "Its issuer", "CN=plant CA", S, NULL, get_issuer},
    {"tls.certificate_not_before", "Valid from, in s since 1970", "1772352000", N, NULL,
        get_not_before},
    {"tls.certificate_not_after", "Valid until, in s since 1970", "1803888000", N, NULL,
        get_not_after},
};
const size_t tw_fields_carrier_count = sizeof(tw_fields_carrier) / sizeof(tw_fields_carrier[0]);
