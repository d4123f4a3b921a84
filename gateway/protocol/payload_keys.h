#pragma once
/* Does an object of a JSON text have the same key twice? While the text is read each key sets two
 * bits of a filter; only when both were set already is the text read again to find out. */

#include "protocol/json.h"

enum { TW_KEYS_WORDS = 128 };

struct tw_payload_keys {
    bool doubt;                             /* there may be one */
    uint32_t mask;                          /* of the bits in use, their number less one */
    uint32_t objects;                       /* opened so far */
    uint32_t object[TW_MAX_JSON_DEPTH + 1]; /* number of the open one at each depth */
    uint64_t seen[TW_KEYS_WORDS];
};

/* For a text of `len` bytes: only as much of the filter is used, and cleared, as it can fill. */
static inline void tw_payload_keys_init(struct tw_payload_keys *k, size_t len)
{
    const uint32_t words = len <= 512 ? 16 : TW_KEYS_WORDS;
    k->doubt = false;
    k->mask = words * 64 - 1;
    k->objects = 0;
    memset(k->seen, 0, words * sizeof(k->seen[0]));
}

static inline void tw_payload_keys_open(struct tw_payload_keys *k, unsigned depth)
{
    k->object[depth] = ++k->objects;
}

/* A quick mark of a key within its object: not for tables. */
static inline uint64_t tw_payload_key_mark(struct tw_str key, uint32_t object)
{
    uint64_t a = 0, b = 0;
    if (key.len >= 8) {
        memcpy(&a, key.p, 8);
        memcpy(&b, key.p + key.len - 8, 8);
    } else if (key.len >= 4) {
        memcpy(&a, key.p, 4);
        memcpy(&b, key.p + key.len - 4, 4);
    } else {
        for (size_t i = 0; i < key.len; i++)
            a = a << 8 | (unsigned char)key.p[i];
    }
    return (a + b * 0xc2b2ae3d27d4eb4fu + ((uint64_t)object << 8 | (key.len & 0xff))) *
           0x9e3779b97f4a7c15u;
}

static inline void tw_payload_keys_add(
    struct tw_payload_keys *k, unsigned depth, const struct tw_json_token *key)
{
    const uint64_t mark = tw_payload_key_mark(key->text, k->object[depth]);
    /* The upper bits are the ones that all of the key went into. */
    const uint32_t i = (uint32_t)(mark >> 48) & k->mask, j = (uint32_t)(mark >> 32) & k->mask;
    const uint64_t one = UINT64_C(1) << (i & 63), other = UINT64_C(1) << (j & 63);
    /* What is written with escapes may be equal to what is not. */
    k->doubt |= key->escaped || ((k->seen[i / 64] & one) != 0 && (k->seen[j / 64] & other) != 0);
    k->seen[i / 64] |= one;
    k->seen[j / 64] |= other;
}

/* Read a text that is valid again; the first few hundred keys are told apart. */
bool tw_payload_keys_repeat(struct tw_str text);
