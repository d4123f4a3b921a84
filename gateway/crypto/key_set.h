#pragma once
/* Inside crypto: the keys of OPC UA SecureChannels in memory. */

#include "crypto/opcua_keys.h"

enum { TW_AES128 = 16, TW_AES256 = 32, TW_IV = 16 };
enum { TW_CLIENT, TW_SERVER };

/* What one side seals its chunks with. */
struct tw_side_keys {
    uint8_t key[TW_AES256], iv[TW_IV];
    uint8_t key_len, iv_len;
    uint8_t signature; /* bytes at the end of each chunk */
};

struct tw_key_set {
    uint32_t channel, token;
    unsigned line; /* where it begins */
    uint8_t given; /* bits by name */
    bool usable;
    struct tw_side_keys side[2];
};

struct tw_opcua_keys {
    struct tw_key_set *sets; /* locked memory, in the order of the file */
    size_t n, size;
    uint32_t
        *sorted; /* places of usable ones, by channel and token, then in the order of the file */
    size_t n_sorted;
};

/* Fill `sorted`. False when memory is short. */
bool tw_opcua_keys_index(struct tw_opcua_keys *keys);
