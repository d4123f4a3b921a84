#include "crypto/opcua_keys.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "crypto/key_set.h"
#include "crypto/locked.h"

enum { BLOCK = 16 };

struct tw_opcua_opener {
    const struct tw_opcua_keys *keys;
    /* Keyed anew for each chunk: every chunk starts with the same vector. */
    EVP_CIPHER *aes128, *aes256;
    EVP_CIPHER_CTX *ctx128, *ctx256;
};

struct id {
    uint32_t channel, token;
};

static int order_of_ids(struct id a, struct id b)
{
    if (a.channel != b.channel)
        return a.channel < b.channel ? -1 : 1;
    return a.token < b.token ? -1 : a.token > b.token;
}

/* Only places are sorted: a sorter may keep copies of what it moves. */
static int order(const void *a, const void *b, void *user)
{
    const struct tw_key_set *sets = user;
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    int c = order_of_ids(
        (struct id){sets[i].channel, sets[i].token}, (struct id){sets[k].channel, sets[k].token});
    return c != 0 ? c : i < k ? -1 : i > k;
}

bool tw_opcua_keys_index(struct tw_opcua_keys *keys)
{
    keys->sorted = calloc(keys->n ? keys->n : 1, sizeof(*keys->sorted));
    if (keys->sorted == NULL)
        return false;
    for (size_t i = 0; i < keys->n; i++) {
        if (keys->sets[i].usable)
            keys->sorted[keys->n_sorted++] = (uint32_t)i;
    }
    qsort_r(keys->sorted, keys->n_sorted, sizeof(*keys->sorted), order, keys->sets);
    return true;
}

void tw_opcua_keys_free(struct tw_opcua_keys *keys)
{
    if (keys == NULL)
        return;
    tw_locked_free(keys->sets, keys->size * sizeof(*keys->sets));
    free(keys->sorted);
    free(keys);
    tw_locked_end();
}

size_t tw_opcua_keys_count(const struct tw_opcua_keys *keys)
{
    return keys->n_sorted;
}

static const struct tw_key_set *set_at(const struct tw_opcua_keys *keys, size_t i)
{
    return &keys->sets[keys->sorted[i]];
}

/* The first set of this id or of a higher one. */
static size_t lower_bound(const struct tw_opcua_keys *keys, struct id id)
{
    size_t low = 0, high = keys->n_sorted;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct tw_key_set *set = set_at(keys, middle);
        if (order_of_ids((struct id){set->channel, set->token}, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

unsigned tw_opcua_opener_sets(const struct tw_opcua_opener *o, uint32_t channel, uint32_t token)
{
    size_t first = lower_bound(o->keys, (struct id){channel, token}), n = 0;
    while (first + n < o->keys->n_sorted) {
        const struct tw_key_set *set = set_at(o->keys, first + n);
        if (set->channel != channel || set->token != token)
            break;
        n++;
    }
    return (unsigned)n;
}

struct tw_opcua_opener *tw_opcua_opener_new(const struct tw_opcua_keys *keys)
{
    struct tw_opcua_opener *o = calloc(1, sizeof(*o));
    if (o == NULL)
        return NULL;
    o->keys = keys;
    o->aes128 = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
    o->aes256 = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    o->ctx128 = EVP_CIPHER_CTX_new();
    o->ctx256 = EVP_CIPHER_CTX_new();
    if (o->aes128 != NULL && o->aes256 != NULL && o->ctx128 != NULL && o->ctx256 != NULL &&
        EVP_DecryptInit_ex2(o->ctx128, o->aes128, NULL, NULL, NULL) == 1 &&
        EVP_DecryptInit_ex2(o->ctx256, o->aes256, NULL, NULL, NULL) == 1)
        return o;
    ERR_clear_error();
    tw_opcua_opener_free(o);
    return NULL;
}

void tw_opcua_opener_free(struct tw_opcua_opener *o)
{
    if (o == NULL)
        return;
    EVP_CIPHER_CTX_free(o->ctx128);
    EVP_CIPHER_CTX_free(o->ctx256);
    EVP_CIPHER_free(o->aes128);
    EVP_CIPHER_free(o->aes256);
    free(o);
}

/* What the context made of the key is as good as the key, and not in locked memory: another one is
 * put in its place. */
static void forget(EVP_CIPHER_CTX *ctx)
{
    static const uint8_t none[TW_AES256], nowhere[TW_IV];
    (void)EVP_DecryptInit_ex2(ctx, NULL, none, nowhere, NULL);
}

static bool decrypt(struct tw_opcua_opener *o, const struct tw_side_keys *k, const void *in,
    size_t len, uint8_t *out)
{
    EVP_CIPHER_CTX *ctx = k->key_len == TW_AES128 ? o->ctx128 : o->ctx256;
    int n = 0;
    bool ok = EVP_DecryptInit_ex2(ctx, NULL, k->key, k->iv, NULL) == 1 &&
              EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
              EVP_DecryptUpdate(ctx, out, &n, in, (int)len) == 1 && n == (int)len;
    forget(ctx);
    if (!ok)
        ERR_clear_error();
    return ok;
}

/* [UA6 6.7.2.5]: a byte that says how many follow, and those, of the same value. Returns how many
 * bytes it takes in all, 0 when it is wrong. `end` is where the signature begins. */
static size_t padding_before(const uint8_t *p, size_t end)
{
    size_t n = (size_t)p[end - 1] + 1;
    if (n > end)
        return 0;
    for (size_t i = end - n; i < end; i++) {
        if (p[i] != p[end - 1])
            return 0;
    }
    return n;
}

bool tw_opcua_opener_open(struct tw_opcua_opener *o, const struct tw_opcua_chunk_sealed *sealed,
    void *out, size_t *out_len, unsigned *out_padding)
{
    enum { SEQUENCE_HEADER = 8 };
    size_t at = lower_bound(o->keys, (struct id){sealed->channel, sealed->token}) + sealed->set;
    if (at >= o->keys->n_sorted || sealed->len > INT32_MAX || sealed->len % BLOCK != 0)
        return false;
    const struct tw_key_set *set = set_at(o->keys, at);
    if (set->channel != sealed->channel || set->token != sealed->token)
        return false;
    const struct tw_side_keys *k = &set->side[sealed->from_client ? TW_CLIENT : TW_SERVER];
    if (sealed->len < SEQUENCE_HEADER + 1u + k->signature ||
        !decrypt(o, k, sealed->p, sealed->len, out))
        return false;
    size_t end = sealed->len - k->signature, padding = padding_before(out, end);
    if (padding == 0 || end - padding < SEQUENCE_HEADER)
        return false;
    *out_len = end - padding;
    *out_padding = (unsigned)padding - 1;
    return true;
}
