#pragma once
/* The sender's side of an encrypted OPC UA chunk, with OpenSSL: what tierwatch must be able to
 * open. */

#include <assert.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct seal_keys {
    uint8_t key[2][32], iv[2][16]; /* client, server */
    unsigned key_len, signature;
};

static inline struct seal_keys seal_keys_of(unsigned seed, unsigned key_len, unsigned signature)
{
    struct seal_keys k = {.key_len = key_len, .signature = signature};
    for (unsigned i = 0; i < 64; i++)
        k.key[i / 32][i % 32] = (uint8_t)(seed * 31 + i * 7 + 1);
    for (unsigned i = 0; i < 32; i++)
        k.iv[i / 16][i % 16] = (uint8_t)(seed * 17 + i * 5 + 3);
    return k;
}

static inline size_t seal_hex(char *out, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        snprintf(out + 2 * i, 3, "%02X", p[i]);
    return 2 * n;
}

/* Six lines of a key log, terminated. */
static inline size_t seal_log(
    char *out, size_t size, const struct seal_keys *k, uint32_t channel, uint32_t token)
{
    static const char *const sides[] = {"client", "server"};
    size_t n = 0;
    for (unsigned s = 0; s < 2; s++) {
        char iv[33], key[65];
        seal_hex(iv, k->iv[s], 16);
        seal_hex(key, k->key[s], k->key_len);
        n += (size_t)snprintf(out + n, size - n,
            "%s_iv_%u_%u: %s\n%s_key_%u_%u: %s\n%s_siglen_%u_%u: %u\n", sides[s], channel, token,
            iv, sides[s], channel, token, key, sides[s], channel, token, k->signature);
    }
    assert(n < size);
    return n;
}

/* Sequence header and body, padding, a signature of 0xAA, encrypted in CBC mode. Returns the
 * length. `out` has room for n + 64 bytes and more. */
static inline size_t seal(
    const struct seal_keys *k, unsigned side, const void *p, size_t n, uint8_t *out)
{
    static uint8_t plain[1 << 17];
    int len = 0;
    assert(n + 128 < sizeof(plain));
    memcpy(plain, p, n);
    size_t padding = (16 - (n + k->signature + 1) % 16) % 16;
    memset(plain + n, (int)padding, padding + 1);
    n += padding + 1;
    memset(plain + n, 0xaa, k->signature);
    n += k->signature;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    const EVP_CIPHER *aes = k->key_len == 16 ? EVP_aes_128_cbc() : EVP_aes_256_cbc();
    int ok = EVP_EncryptInit_ex(ctx, aes, NULL, k->key[side], k->iv[side]);
    ok = ok && EVP_CIPHER_CTX_set_padding(ctx, 0);
    ok = ok && EVP_EncryptUpdate(ctx, out, &len, plain, (int)n);
    assert(ok && (size_t)len == n);
    (void)ok;
    EVP_CIPHER_CTX_free(ctx);
    return n;
}
