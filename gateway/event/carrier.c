#include "event/carrier.h"

/* SSL 3.0 and later, DTLS [RFC8446 4.2.1, RFC9147 5.3]. */
static const struct {
    uint16_t version;
    const char *name;
} versions[] = {{0x0300, "SSLv3"}, {0x0301, "TLSv1"}, {0x0302, "TLSv1.1"}, {0x0303, "TLSv1.2"},
    {0x0304, "TLSv1.3"}, {0xfeff, "DTLSv1"}, {0xfefd, "DTLSv1.2"}, {0xfefc, "DTLSv1.3"}};

static const struct {
    uint16_t suite;
    const char *name;
} ciphers[] = {
    {0x0005, "TLS_RSA_WITH_RC4_128_SHA"},
    {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"},
    {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"},
    {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"},
    {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
    {0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
    {0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"},
    {0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"},
    {0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"},
    {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
    {0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"},
    {0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0x1301, "TLS_AES_128_GCM_SHA256"},
    {0x1302, "TLS_AES_256_GCM_SHA384"},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
    {0x1304, "TLS_AES_128_CCM_SHA256"},
    {0x1305, "TLS_AES_128_CCM_8_SHA256"},
    {0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
    {0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
    {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
    {0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
    {0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
    {0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
    {0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
    {0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
    {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
    {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0xc0ae, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"},
    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
};

const char *tw_tls_version_name(uint16_t version)
{
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        if (versions[i].version == version)
            return versions[i].name;
    }
    return NULL;
}

const char *tw_tls_cipher_name(uint16_t suite)
{
    for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
        if (ciphers[i].suite == suite)
            return ciphers[i].name;
    }
    return NULL;
}

void tw_carrier_proxied(struct tw_carrier *c, const struct tw_proxy *proxy, char text[TW_PROXY_TLS])
{
    c->client = proxy->client;
    if (proxy->tls.len == 0 || proxy->tls.len > TW_PROXY_TLS)
        return;
    memcpy(text, proxy->tls.p, proxy->tls.len);
    c->proxy_tls = (struct tw_str){text, proxy->tls.len};
}

void tw_tls_info_json(struct tw_text *t, const struct tw_tls_info *tls)
{
    tw_json_key(t, "tls");
    tw_json_object(t);
    tw_json_maybe_str(t, "version", tw_str_of(tls->version));
    tw_json_maybe_str(t, "cipher", tw_str_of(tls->cipher));
    tw_json_maybe_str(t, "sni", tls->sni);
    tw_json_maybe_str(t, "alpn", tls->alpn);
    tw_json_maybe_str(t, "ja3", tls->ja3);
    tw_json_maybe_str(t, "ja3s", tls->ja3s);
    tw_json_maybe_str(t, "ja4", tls->ja4);
    tw_json_maybe_str(t, "certificate_sha1", tls->sha1);
    tw_json_maybe_str(t, "certificate_subject", tls->subject);
    tw_json_maybe_str(t, "certificate_issuer", tls->issuer);
    tw_json_maybe_time(t, "certificate_not_before", tls->not_before_ns, false);
    tw_json_maybe_time(t, "certificate_not_after", tls->not_after_ns, false);
    tw_json_object_end(t);
}

static void websocket(struct tw_text *t, const struct tw_carrier *c)
{
    if (c->path.p == NULL)
        return;
    tw_json_key(t, "websocket");
    tw_json_object(t);
    tw_json_maybe_str(t, "path", c->path);
    tw_json_maybe_str(t, "host", c->host);
    tw_json_maybe_str(t, "origin", c->origin);
    tw_json_maybe_str(t, "subprotocol", c->subprotocol);
    tw_json_member_bool(t, "deflate", c->deflate);
    tw_json_object_end(t);
}

void tw_carrier_json(struct tw_text *t, const struct tw_carrier *c, bool all)
{
    char text[TW_IP_TEXT];
    tw_json_member_z(t, "transport", c->transport);
    if (c->client.ip.family != 0) {
        tw_json_key(t, "proxied_client");
        tw_json_object(t);
        tw_json_member_str(t, "ip", (struct tw_str){text, tw_ip_text(text, &c->client.ip)});
        tw_json_member_u64(t, "port", c->client.port);
        tw_json_maybe_str(t, "tls", c->proxy_tls);
        tw_json_object_end(t);
    }
    if (all)
        websocket(t, c);
    if (all && c->tls != NULL)
        tw_tls_info_json(t, c->tls);
}

static void keep(struct tw_arena *a, struct tw_str *s)
{
    *s = tw_arena_str(a, *s);
}

const struct tw_tls_info *tw_tls_info_copy(struct tw_arena *a, const struct tw_tls_info *from)
{
    struct tw_tls_info *to = from == NULL ? NULL : tw_arena_alloc(a, sizeof(*to));
    if (to == NULL)
        return NULL;
    *to = *from;
    struct tw_str *const strings[] = {
        &to->sni, &to->alpn, &to->ja3, &to->ja3s, &to->ja4, &to->sha1, &to->subject, &to->issuer};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        keep(a, strings[i]);
    return to;
}

const struct tw_carrier *tw_carrier_copy(struct tw_arena *a, const struct tw_carrier *from)
{
    struct tw_carrier *to = from == NULL ? NULL : tw_arena_alloc(a, sizeof(*to));
    if (to == NULL)
        return NULL;
    *to = *from;
    struct tw_str *const strings[] = {
        &to->proxy_tls, &to->path, &to->host, &to->origin, &to->subprotocol};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        keep(a, strings[i]);
    to->tls = tw_tls_info_copy(a, from->tls);
    return to;
}
