#pragma once
/* TLS in the laboratory, with a cipher for children: a sealed record is its sequence number, its
 * type, and its content. What real ciphers do is tested with crypto/ and with captures of real
 * stacks. */

#include "mqtt_lab.h"
#include "protocol/tls/tls.h"

enum { TLS_HEAD = 9, TLS_ALERT = 21, TLS_HANDSHAKE = 22, TLS_DATA = 23 };

static inline bool toy_knows(const void *keys, const uint8_t client_random[TW_TLS_RANDOM])
{
    (void)keys;
    return client_random[0] == 'c';
}

static inline bool toy_can(uint16_t version, uint16_t suite)
{
    return (version == TW_TLS_13 && suite == 0x1301) || (version == TW_TLS_12 && suite == 0xc02f);
}

static inline bool toy_open(
    void *keys, const struct tw_tls_sealed *r, uint8_t *out, size_t *out_len, uint8_t *out_type)
{
    uint64_t sequence = 0;
    (void)keys;
    if (r->len < TLS_HEAD || r->client_random[0] != 'c')
        return false;
    for (unsigned i = 0; i < 8; i++)
        sequence = sequence << 8 | r->p[i];
    if (sequence != r->sequence + r->updates * 1000)
        return false;
    *out_type = r->p[8];
    *out_len = r->len - TLS_HEAD;
    if (*out_len > 0)
        memcpy(out, r->p + TLS_HEAD, *out_len);
    return true;
}

static inline void toy_lend(struct tw_proto_env *env)
{
    static int keys;
    env->tls_knows = toy_knows;
    env->tls_can = toy_can;
    env->tls_open = toy_open;
    env->tls_keys = &keys;
}

static inline size_t tls_record(unsigned type, const void *p, size_t len, uint8_t *out)
{
    out[0] = (uint8_t)type;
    out[1] = out[2] = 3;
    out[3] = (uint8_t)(len >> 8);
    out[4] = (uint8_t)len;
    if (len > 0)
        memcpy(out + 5, p, len);
    return 5 + len;
}

/* A record sealed by the toy; `outer` is the type that everybody sees. */
static inline size_t tls_sealed(
    unsigned outer, uint64_t sequence, unsigned type, const void *p, size_t len, uint8_t *out)
{
    uint8_t body[5000];
    for (unsigned i = 0; i < 8; i++)
        body[i] = (uint8_t)(sequence >> (56 - 8 * i));
    body[8] = (uint8_t)type;
    memcpy(body + TLS_HEAD, p, len);
    return tls_record(outer, body, TLS_HEAD + len, out);
}

/* A handshake message in a record of its own. */
static inline size_t tls_hello(bool server, const char *spec, uint8_t *out)
{
    uint8_t message[1024];
    size_t n = lab_body(spec, message + 4);
    message[0] = server ? 2 : 1;
    message[1] = 0;
    message[2] = (uint8_t)(n >> 8);
    message[3] = (uint8_t)n;
    return tls_record(TLS_HANDSHAKE, message, n + 4, out);
}

#define TLS_C32 "'cccccccccccccccccccccccccccccccc'"
#define TLS_S32 "'ssssssssssssssssssssssssssssssss'"
/* SNI "b", ALPN "mqtt" and "x". */
#define TLS_CLIENT                                                                                 \
    "0303 " TLS_C32 " 00 0004 1301 C02F 01 00 001B 0000 0006 0004 00 0001 'b' 0010 0009 0007 04 "  \
    "'mqtt' 01 'x' 0016 0000"
#define TLS_SERVER_13 "0303 " TLS_S32 " 00 1301 00 0006 002B 0002 0304"
#define TLS_SERVER_12 "0303 " TLS_S32 " 00 C02F 00 0004 0016 0000"
