#pragma once
/* The messages of a TLS handshake that stand in clear and tell how the rest is sealed
 * [RFC5246 7.4.1, RFC8446 4.1]. */

#include "base/cursor.h"

enum { TW_TLS_CLIENT_HELLO = 1, TW_TLS_SERVER_HELLO = 2 };
enum { TW_TLS_RECORD_HEADER = 5, TW_TLS_MAX_ALPN = 64 };

struct tw_tls_hello {
    struct tw_str random;  /* 32 bytes */
    uint16_t version;      /* of a server: what it chose */
    uint16_t suite;        /* the same */
    bool encrypt_then_mac; /* [RFC7366] */
    bool retry;            /* a HelloRetryRequest: another one follows */
    struct tw_str sni;
    struct tw_str alpn; /* offered or chosen, joined by commas; in alpn_text */
    char alpn_text[TW_TLS_MAX_ALPN];
};

/* The handshake message at the start of `c`, which moves behind it; `out` is its body. TW_NEED_MORE
 * when it goes on behind `c`. */
enum tw_status tw_tls_handshake_next(struct tw_cur *c, uint8_t *out_type, struct tw_cur *out);
/* Bodies. False when they break their grammar. */
bool tw_tls_hello_read(struct tw_cur body, bool server, struct tw_tls_hello *out);
