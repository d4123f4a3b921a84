#pragma once
/* What carries MQTT where that is not TCP alone, and what a TLS handshake shows of a connection.
 * Both stay the same as long as the connection lives; events borrow them. */

#include "base/addr.h"
#include "base/arena.h"
#include "base/proxy.h"
#include "base/text.h"

/* As far as it could be seen; absent strings were not sent, or are encrypted (all that a server
 * says after ServerHello in TLS 1.3). */
struct tw_tls_info {
    const char *version;                 /* "TLSv1.2"; NULL: not known */
    const char *cipher;                  /* IANA's name, of what the server chose; NULL */
    struct tw_str sni;                   /* [RFC6066 3] */
    struct tw_str alpn;                  /* [RFC7301]: offered, joined by commas */
    struct tw_str ja3, ja3s, ja4;        /* fingerprints of client, server, client */
    struct tw_str sha1;                  /* of the server's certificate, 40 hex digits */
    struct tw_str subject, issuer;       /* of the same */
    int64_t not_before_ns, not_after_ns; /* of the same; 0: not known */
};

struct tw_carrier {
    const char *transport;     /* tcp websocket tls websocket-tls udp; static */
    struct tw_endpoint client; /* for whom a proxy says that it speaks; family 0: it does not */
    struct tw_str proxy_tls;   /* TLS between that client and the proxy, as the proxy says it */
    /* WebSocket: of the request that became it [RFC6455 4.1]. */
    struct tw_str path, host, origin, subprotocol;
    bool deflate;                  /* permessage-deflate was agreed on [RFC7692] */
    const struct tw_tls_info *tls; /* NULL: not TLS */
};

/* What a proxy says of whom it speaks for. `text` holds what the carrier then points to. */
enum { TW_PROXY_TLS = 16 };
void tw_carrier_proxied(
    struct tw_carrier *c, const struct tw_proxy *proxy, char text[TW_PROXY_TLS]);

/* "TLSv1.3"; NULL for a version that is none. */
const char *tw_tls_version_name(uint16_t version);
/* IANA's name; NULL for a suite that is not in use any more, or not yet. */
const char *tw_tls_cipher_name(uint16_t suite);

/* Members of an event's `mqtt` object; `all`: also what is said once, with CONNECT. */
void tw_carrier_json(struct tw_text *t, const struct tw_carrier *c, bool all);
/* The member `tls`. */
void tw_tls_info_json(struct tw_text *t, const struct tw_tls_info *tls);
/* A copy with everything that it points to; NULL for NULL or when the arena is full. */
const struct tw_carrier *tw_carrier_copy(struct tw_arena *a, const struct tw_carrier *from);
const struct tw_tls_info *tw_tls_info_copy(struct tw_arena *a, const struct tw_tls_info *from);
