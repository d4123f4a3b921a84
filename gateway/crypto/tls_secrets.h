#pragma once
/* Inside crypto: secrets of TLS sessions in memory. */

#include "crypto/tls_keys.h"

enum { TW_TLS_SECRET = 48, TW_TLS_MASTER = 0, TW_TLS_CLIENT = 1, TW_TLS_SERVER = 2 };

struct tw_tls_secret {
    uint8_t client_random[TW_TLS_RANDOM];
    uint8_t secret[TW_TLS_SECRET];
    uint8_t len;
    uint8_t kind; /* TW_TLS_MASTER, TW_TLS_CLIENT, TW_TLS_SERVER */
};

struct tw_tls_keys {
    struct tw_tls_secret *secrets; /* locked memory, in the order of the file */
    size_t n, size;
    uint32_t *sorted; /* their places, by random and kind, then in the order of the file */
};

/* Fill `sorted`. False when memory is short. */
bool tw_tls_keys_index(struct tw_tls_keys *keys);
/* NULL when there is none; of several the last one written. */
const struct tw_tls_secret *tw_tls_keys_find(
    const struct tw_tls_keys *keys, const uint8_t random[TW_TLS_RANDOM], unsigned kind);
