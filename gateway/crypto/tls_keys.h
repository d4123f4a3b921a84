#pragma once
/* Secrets of TLS sessions from a key log in the NSS format (SSLKEYLOGFILE), and the opening of
 * records with them. A line is LABEL CLIENT-RANDOM SECRET, the last two in hexadecimal digits:
 *
 *     CLIENT_RANDOM: the master secret of TLS 1.2, 48 bytes
 *     CLIENT_TRAFFIC_SECRET_0, SERVER_TRAFFIC_SECRET_0: of TLS 1.3, 32 or 48 bytes
 *
 * Other labels are passed over: what is encrypted before application data is not read. Blank lines
 * and lines that begin with '#' are skipped. AES-GCM, ChaCha20-Poly1305 and AES-CBC suites are
 * opened [RFC5246, RFC5288, RFC7905, RFC7366, RFC8446]; every record is authenticated.
 *
 * Secrets are read only once loaded and may be shared by threads; an opener belongs to one. */

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { TW_TLS_RANDOM = 32, TW_TLS_12 = 0x0303, TW_TLS_13 = 0x0304 };

struct tw_tls_keys;

/* A mistake. Never quotes a value. */
struct tw_tls_keys_problem {
    unsigned line; /* 1-based; 0: the file itself */
    bool warning;
    const char *text; /* valid during the call */
};
typedef void (*tw_tls_keys_problem_fn)(void *user, const struct tw_tls_keys_problem *problem);

/* NULL when anything but warnings was reported. While secrets are held there is no core dump. */
struct tw_tls_keys *tw_tls_keys_load(const char *path, tw_tls_keys_problem_fn problem, void *user);
/* The same for bytes in memory; the caller overwrites them. */
struct tw_tls_keys *tw_tls_keys_parse(
    struct tw_str text, tw_tls_keys_problem_fn problem, void *user);
void tw_tls_keys_free(struct tw_tls_keys *keys);
/* Secrets that can be used. */
size_t tw_tls_keys_count(const struct tw_tls_keys *keys);

struct tw_tls_opener;

/* `keys` must live as long. NULL when memory is short. */
struct tw_tls_opener *tw_tls_opener_new(const struct tw_tls_keys *keys);
void tw_tls_opener_free(struct tw_tls_opener *o);

/* Is there a secret of the session that this client random names? */
bool tw_tls_opener_knows(const struct tw_tls_opener *o, const uint8_t client_random[TW_TLS_RANDOM]);
/* Can records of this cipher suite be opened? */
bool tw_tls_opener_can(uint16_t version, uint16_t suite);

/* An encrypted record. */
struct tw_tls_sealed {
    const uint8_t *client_random, *server_random;
    uint16_t version; /* TW_TLS_12, TW_TLS_13 */
    uint16_t suite;
    bool from_client;
    bool encrypt_then_mac; /* was agreed on [RFC7366] */
    unsigned updates;      /* of this side's keys [RFC8446 4.6.3] */
    uint64_t sequence;
    uint8_t type;            /* of the record's header */
    uint16_t record_version; /* of the same */
    const uint8_t *p;
    size_t len;
};
/* Decrypt into `out`, which has room for sealed->len bytes: `*out_len` bytes of content of
 * `*out_type`. False: there is no such secret, or the record is not authentic with it; `out` then
 * holds garbage. */
bool tw_tls_opener_open(struct tw_tls_opener *o, const struct tw_tls_sealed *sealed, uint8_t *out,
    size_t *out_len, uint8_t *out_type);
