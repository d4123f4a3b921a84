#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>

#include "crypto/locked.h"
#include "crypto/tls_secrets.h"

enum { BLOCK = 16, TAG = 16, NONCE = 12, SALT = 4, MAX_KEY = 32, MAX_MAC = 48, HEADER = 13 };
enum { SLOTS = 256, MAX_UPDATES = 1000, ALERT = 21, APPLICATION = 23, HANDSHAKE = 22 };

enum way { GCM, CHACHA20, CBC };
enum hash { SHA1, SHA256, SHA384, HASHES };

static const struct suite {
    uint16_t number;
    uint8_t way, key_len;
    uint8_t mac; /* of CBC */
    uint8_t prf;
} suites[] = {
    {0x002f, CBC, 16, SHA1, SHA256},
    {0x0033, CBC, 16, SHA1, SHA256},
    {0x0035, CBC, 32, SHA1, SHA256},
    {0x0039, CBC, 32, SHA1, SHA256},
    {0x003c, CBC, 16, SHA256, SHA256},
    {0x003d, CBC, 32, SHA256, SHA256},
    {0x0067, CBC, 16, SHA256, SHA256},
    {0x006b, CBC, 32, SHA256, SHA256},
    {0x009c, GCM, 16, 0, SHA256},
    {0x009d, GCM, 32, 0, SHA384},
    {0x009e, GCM, 16, 0, SHA256},
    {0x009f, GCM, 32, 0, SHA384},
    {0x1301, GCM, 16, 0, SHA256},
    {0x1302, GCM, 32, 0, SHA384},
    {0x1303, CHACHA20, 32, 0, SHA256},
    {0xc009, CBC, 16, SHA1, SHA256},
    {0xc00a, CBC, 32, SHA1, SHA256},
    {0xc013, CBC, 16, SHA1, SHA256},
    {0xc014, CBC, 32, SHA1, SHA256},
    {0xc023, CBC, 16, SHA256, SHA256},
    {0xc024, CBC, 32, SHA384, SHA384},
    {0xc027, CBC, 16, SHA256, SHA256},
    {0xc028, CBC, 32, SHA384, SHA384},
    {0xc02b, GCM, 16, 0, SHA256},
    {0xc02c, GCM, 32, 0, SHA384},
    {0xc02f, GCM, 16, 0, SHA256},
    {0xc030, GCM, 32, 0, SHA384},
    {0xcca8, CHACHA20, 32, 0, SHA256},
    {0xcca9, CHACHA20, 32, 0, SHA256},
    {0xccaa, CHACHA20, 32, 0, SHA256},
};

static const char *const hash_names[HASHES] = {"SHA1", "SHA256", "SHA384"};
static const uint8_t hash_sizes[HASHES] = {20, 32, 48};

/* What one side of one session seals with, derived from its secret. */
struct side {
    uint8_t client_random[TW_TLS_RANDOM], server_random[TW_TLS_RANDOM];
    uint8_t key[MAX_KEY], iv[NONCE], mac[MAX_MAC];
    unsigned updates;
    uint16_t version, suite;
    bool used, from_client;
};

struct tw_tls_opener {
    const struct tw_tls_keys *keys;
    struct side *slots; /* locked memory: what was used last */
    EVP_CIPHER *gcm128, *gcm256, *chacha20, *cbc128, *cbc256;
    EVP_CIPHER_CTX *ctx;
    EVP_KDF_CTX *prf, *hkdf;
    EVP_MAC_CTX *hmac;
};

static const struct suite *suite_of(uint16_t version, uint16_t number)
{
    if (version != TW_TLS_12 && version != TW_TLS_13)
        return NULL;
    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
        if (suites[i].number == number && (number >> 8 == 0x13) == (version == TW_TLS_13))
            return &suites[i];
    }
    return NULL;
}

bool tw_tls_opener_can(uint16_t version, uint16_t suite)
{
    return suite_of(version, suite) != NULL;
}

static EVP_KDF_CTX *kdf(const char *name)
{
    EVP_KDF *k = EVP_KDF_fetch(NULL, name, NULL);
    EVP_KDF_CTX *ctx = k != NULL ? EVP_KDF_CTX_new(k) : NULL;
    EVP_KDF_free(k);
    return ctx;
}

static EVP_MAC_CTX *new_hmac(void)
{
    EVP_MAC *m = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = m != NULL ? EVP_MAC_CTX_new(m) : NULL;
    EVP_MAC_free(m);
    return ctx;
}

struct tw_tls_opener *tw_tls_opener_new(const struct tw_tls_keys *keys)
{
    struct tw_tls_opener *o = calloc(1, sizeof(*o));
    if (o == NULL)
        return NULL;
    o->keys = keys;
    o->slots = tw_locked_new(SLOTS * sizeof(*o->slots));
    o->gcm128 = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    o->gcm256 = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    o->chacha20 = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
    o->cbc128 = EVP_CIPHER_fetch(NULL, "AES-128-CBC", NULL);
    o->cbc256 = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
    o->ctx = EVP_CIPHER_CTX_new();
    o->prf = kdf("TLS1-PRF");
    o->hkdf = kdf("HKDF");
    o->hmac = new_hmac();
    if (o->slots != NULL && o->gcm128 != NULL && o->gcm256 != NULL && o->chacha20 != NULL &&
        o->cbc128 != NULL && o->cbc256 != NULL && o->ctx != NULL && o->prf != NULL &&
        o->hkdf != NULL && o->hmac != NULL)
        return o;
    ERR_clear_error();
    tw_tls_opener_free(o);
    return NULL;
}

void tw_tls_opener_free(struct tw_tls_opener *o)
{
    if (o == NULL)
        return;
    EVP_CIPHER_free(o->gcm128);
    EVP_CIPHER_free(o->gcm256);
    EVP_CIPHER_free(o->chacha20);
    EVP_CIPHER_free(o->cbc128);
    EVP_CIPHER_free(o->cbc256);
    EVP_CIPHER_CTX_free(o->ctx);
    EVP_KDF_CTX_free(o->prf);
    EVP_KDF_CTX_free(o->hkdf);
    EVP_MAC_CTX_free(o->hmac);
    tw_locked_free(o->slots, SLOTS * sizeof(*o->slots));
    free(o);
}

bool tw_tls_opener_knows(const struct tw_tls_opener *o, const uint8_t client_random[TW_TLS_RANDOM])
{
    for (unsigned kind = TW_TLS_MASTER; kind <= TW_TLS_SERVER; kind++) {
        if (tw_tls_keys_find(o->keys, client_random, kind) != NULL)
            return true;
    }
    return false;
}

/* ---- keys of a side ---- */

static OSSL_PARAM octets(const char *name, const void *p, size_t len)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)p, len);
}

static OSSL_PARAM digest(enum hash h)
{
    return OSSL_PARAM_construct_utf8_string(
        OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)hash_names[h], 0);
}

/* PRF(master_secret, "key expansion", server_random + client_random) [RFC5246 6.3] */
static bool expand_12(struct tw_tls_opener *o, const struct suite *u, const uint8_t *master,
    const struct tw_tls_sealed *r, uint8_t *out, size_t len)
{
    static const char label[] = "key expansion";
    const OSSL_PARAM params[] = {digest(u->prf),
        octets(OSSL_KDF_PARAM_SECRET, master, TW_TLS_SECRET),
        octets(OSSL_KDF_PARAM_SEED, label, sizeof(label) - 1),
        octets(OSSL_KDF_PARAM_SEED, r->server_random, TW_TLS_RANDOM),
        octets(OSSL_KDF_PARAM_SEED, r->client_random, TW_TLS_RANDOM), OSSL_PARAM_construct_end()};
    EVP_KDF_CTX_reset(o->prf);
    bool ok = EVP_KDF_derive(o->prf, out, len, params) == 1;
    EVP_KDF_CTX_reset(o->prf);
    return ok;
}

/* HKDF-Expand-Label with an empty context [RFC8446 7.1] */
static bool expand_13(struct tw_tls_opener *o, const struct suite *u, const uint8_t *secret,
    const char *label, uint8_t *out, size_t len)
{
    uint8_t info[32];
    const size_t n = strlen(label);
    info[0] = 0;
    info[1] = (uint8_t)len;
    info[2] = (uint8_t)(6 + n);
    memcpy(info + 3, "tls13 ", 6);
    memcpy(info + 9, label, n);
    info[9 + n] = 0;
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    const OSSL_PARAM params[] = {digest(u->prf),
        octets(OSSL_KDF_PARAM_KEY, secret, hash_sizes[u->prf]),
        octets(OSSL_KDF_PARAM_INFO, info, 10 + n),
        OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode), OSSL_PARAM_construct_end()};
    EVP_KDF_CTX_reset(o->hkdf);
    bool ok = EVP_KDF_derive(o->hkdf, out, len, params) == 1;
    EVP_KDF_CTX_reset(o->hkdf);
    return ok;
}

/* Both sides' MAC keys, keys and vectors stand one after the other [RFC5246 6.3]. */
static bool derive_12(
    struct tw_tls_opener *o, const struct suite *u, const struct tw_tls_sealed *r, struct side *out)
{
    uint8_t block[2 * (MAX_MAC + MAX_KEY + NONCE)];
    const struct tw_tls_secret *s = tw_tls_keys_find(o->keys, r->client_random, TW_TLS_MASTER);
    const size_t mac = u->way == CBC ? hash_sizes[u->mac] : 0;
    const size_t iv = u->way == CBC ? 0 : u->way == GCM ? SALT : NONCE;
    const size_t side = r->from_client ? 0 : 1, key = u->key_len;
    if (s == NULL || !expand_12(o, u, s->secret, r, block, 2 * (mac + key + iv)))
        return false;
    memcpy(out->mac, block + side * mac, mac);
    memcpy(out->key, block + 2 * mac + side * key, key);
    memcpy(out->iv, block + 2 * (mac + key) + side * iv, iv);
    OPENSSL_cleanse(block, sizeof(block));
    return true;
}

static bool derive_13(
    struct tw_tls_opener *o, const struct suite *u, const struct tw_tls_sealed *r, struct side *out)
{
    uint8_t secret[TW_TLS_SECRET];
    const struct tw_tls_secret *s =
        tw_tls_keys_find(o->keys, r->client_random, r->from_client ? TW_TLS_CLIENT : TW_TLS_SERVER);
    if (s == NULL || s->len != hash_sizes[u->prf] || r->updates > MAX_UPDATES)
        return false;
    memcpy(secret, s->secret, s->len);
    bool ok = true;
    for (unsigned i = 0; ok && i < r->updates; i++)
        ok = expand_13(o, u, secret, "traffic upd", secret, s->len);
    ok = ok && expand_13(o, u, secret, "key", out->key, u->key_len) &&
         expand_13(o, u, secret, "iv", out->iv, NONCE);
    OPENSSL_cleanse(secret, sizeof(secret));
    return ok;
}

static bool is_side(const struct side *s, const struct tw_tls_sealed *r)
{
    return s->used && s->from_client == r->from_client && s->updates == r->updates &&
           s->version == r->version && s->suite == r->suite &&
           memcmp(s->client_random, r->client_random, TW_TLS_RANDOM) == 0 &&
           memcmp(s->server_random, r->server_random, TW_TLS_RANDOM) == 0;
}

/* Derived once and kept until another session needs its place. NULL when there is no secret. */
static const struct side *side_of(
    struct tw_tls_opener *o, const struct suite *u, const struct tw_tls_sealed *r)
{
    const size_t at = (size_t)(r->client_random[0] ^ (r->from_client ? 0x80 : 0)) % SLOTS;
    struct side *s = &o->slots[at];
    if (is_side(s, r))
        return s;
    OPENSSL_cleanse(s, sizeof(*s));
    if (!(r->version == TW_TLS_13 ? derive_13(o, u, r, s) : derive_12(o, u, r, s)))
        return NULL;
    memcpy(s->client_random, r->client_random, TW_TLS_RANDOM);
    memcpy(s->server_random, r->server_random, TW_TLS_RANDOM);
    s->updates = r->updates;
    s->version = r->version;
    s->suite = r->suite;
    s->from_client = r->from_client;
    s->used = true;
    return s;
}

/* ---- records ---- */

static void put_64(uint8_t *p, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++)
        p[i] = (uint8_t)(v >> (56 - 8 * i));
}

/* Sequence number, type, version, length: what a MAC covers before the content [RFC5246 6.2.3.1].
 */
static void header_12(const struct tw_tls_sealed *r, size_t len, uint8_t out[HEADER])
{
    put_64(out, r->sequence);
    out[8] = r->type;
    out[9] = (uint8_t)(r->record_version >> 8);
    out[10] = (uint8_t)r->record_version;
    out[11] = (uint8_t)(len >> 8);
    out[12] = (uint8_t)len;
}

static EVP_CIPHER *cipher_of(const struct tw_tls_opener *o, const struct suite *u)
{
    switch (u->way) {
    case GCM:
        return u->key_len == 16 ? o->gcm128 : o->gcm256;
    case CHACHA20:
        return o->chacha20;
    default:
        return u->key_len == 16 ? o->cbc128 : o->cbc256;
    }
}

/* What the context made of the key is as good as the key: it is freed with the next one at the
 * latest, and overwritten now. */
static void forget(EVP_CIPHER_CTX *ctx)
{
    (void)EVP_CIPHER_CTX_reset(ctx);
}

static bool open_aead(struct tw_tls_opener *o, const struct suite *u, const struct side *s,
    const struct tw_tls_sealed *r, uint8_t *out, size_t *out_len)
{
    uint8_t nonce[NONCE], aad[HEADER], number[8];
    const uint8_t *p = r->p;
    size_t len = r->len, aad_len = HEADER;
    const bool explicit = r->version == TW_TLS_12 && u->way == GCM;
    if (len < TAG + (explicit ? 8u : 0u))
        return false;
    memcpy(nonce, s->iv, NONCE);
    if (explicit) {
        memcpy(nonce + SALT, p, 8);
        p += 8;
        len -= 8;
    } else {
        put_64(number, r->sequence);
        for (unsigned i = 0; i < 8; i++)
            nonce[SALT + i] ^= number[i];
    }
    len -= TAG;
    if (r->version == TW_TLS_13) {
        const uint8_t head[] = {r->type, (uint8_t)(r->record_version >> 8),
            (uint8_t)r->record_version, (uint8_t)(r->len >> 8), (uint8_t)r->len};
        aad_len = sizeof(head);
        memcpy(aad, head, sizeof(head));
    } else {
        header_12(r, len, aad);
    }
    int n = 0, last = 0;
    EVP_CIPHER_CTX *c = o->ctx;
    bool ok =
        EVP_DecryptInit_ex2(c, cipher_of(o, u), s->key, nonce, NULL) == 1 &&
        EVP_DecryptUpdate(c, NULL, &n, aad, (int)aad_len) == 1 &&
        EVP_DecryptUpdate(c, out, &n, p, (int)len) == 1 &&
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, (void *)(uintptr_t)(p + len)) == 1 &&
        EVP_DecryptFinal_ex(c, out + n, &last) == 1;
    forget(c);
    *out_len = len;
    return ok;
}

/* HMAC over header and bytes, compared with `mac`. */
static bool is_authentic(struct tw_tls_opener *o, const struct suite *u, const struct side *s,
    const uint8_t header[HEADER], const uint8_t *p, size_t len, const uint8_t *mac)
{
    uint8_t own[MAX_MAC];
    size_t n = 0;
    const size_t size = hash_sizes[u->mac];
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                     (char *)(uintptr_t)hash_names[u->mac], 0),
        OSSL_PARAM_construct_end()};
    bool ok = EVP_MAC_init(o->hmac, s->mac, size, params) == 1 &&
              EVP_MAC_update(o->hmac, header, HEADER) == 1 &&
              EVP_MAC_update(o->hmac, p, len) == 1 &&
              EVP_MAC_final(o->hmac, own, &n, sizeof(own)) == 1;
    return ok && n == size && CRYPTO_memcmp(own, mac, size) == 0;
}

/* A byte that says how many follow, and those, of the same value [RFC5246 6.2.3.2]. */
static bool cut_padding(const uint8_t *p, size_t *len)
{
    const size_t n = (size_t)p[*len - 1] + 1;
    if (n > *len)
        return false;
    for (size_t i = *len - n; i < *len; i++) {
        if (p[i] != n - 1)
            return false;
    }
    *len -= n;
    return true;
}

static bool open_cbc(struct tw_tls_opener *o, const struct suite *u, const struct side *s,
    const struct tw_tls_sealed *r, uint8_t *out, size_t *out_len)
{
    uint8_t header[HEADER];
    const size_t mac = hash_sizes[u->mac];
    size_t len = r->len;
    if (r->encrypt_then_mac) { /* [RFC7366 3] */
        if (len < mac)
            return false;
        len -= mac;
        header_12(r, len, header);
        if (!is_authentic(o, u, s, header, r->p, len, r->p + len))
            return false;
    }
    if (len < (size_t)2 * BLOCK || len % BLOCK != 0)
        return false;
    int n = 0;
    EVP_CIPHER_CTX *c = o->ctx;
    len -= BLOCK;
    bool ok = EVP_DecryptInit_ex2(c, cipher_of(o, u), s->key, r->p, NULL) == 1 &&
              EVP_CIPHER_CTX_set_padding(c, 0) == 1 &&
              EVP_DecryptUpdate(c, out, &n, r->p + BLOCK, (int)len) == 1 && (size_t)n == len;
    forget(c);
    if (!ok || !cut_padding(out, &len))
        return false;
    if (!r->encrypt_then_mac) {
        if (len < mac)
            return false;
        len -= mac;
        header_12(r, len, header);
        if (!is_authentic(o, u, s, header, out, len, out + len))
            return false;
    }
    *out_len = len;
    return true;
}

/* The true type is the last byte that is not 0 [RFC8446 5.4]. */
static bool cut_inner_type(const uint8_t *p, size_t *len, uint8_t *out_type)
{
    while (*len > 0 && p[*len - 1] == 0)
        --*len;
    if (*len == 0)
        return false;
    *out_type = p[--*len];
    return *out_type == ALERT || *out_type == HANDSHAKE || *out_type == APPLICATION;
}

bool tw_tls_opener_open(struct tw_tls_opener *o, const struct tw_tls_sealed *r, uint8_t *out,
    size_t *out_len, uint8_t *out_type)
{
    const struct suite *u = suite_of(r->version, r->suite);
    const struct side *s = u != NULL && r->len <= UINT16_MAX ? side_of(o, u, r) : NULL;
    size_t len = 0;
    if (s == NULL)
        return false;
    if (!(u->way == CBC ? open_cbc(o, u, s, r, out, &len) : open_aead(o, u, s, r, out, &len))) {
        ERR_clear_error();
        return false;
    }
    *out_type = r->type;
    if (r->version == TW_TLS_13 && !cut_inner_type(out, &len, out_type))
        return false;
    *out_len = len;
    return true;
}
