#include "crypto/digest.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Fetching an algorithm takes longer than hashing a payload, so it happens once per process, and
 * each thread keeps its contexts. What is here is set once and only read afterwards. */
struct algorithms {
    EVP_MD *sha256, *sha1;
    pthread_key_t contexts;
};

static struct algorithms algorithms;
static pthread_once_t algorithms_once = PTHREAD_ONCE_INIT;

struct contexts {
    EVP_MD_CTX *sha256, *sha1;
};

struct tw_sha256_stream {
    EVP_MD_CTX *ctx;
};

/* A digest that could not be made would pass for one: nothing may go on with it. */
static void must(bool ok)
{
    if (!ok)
        abort();
}

static void free_contexts(void *p)
{
    struct contexts *c = p;
    EVP_MD_CTX_free(c->sha256);
    EVP_MD_CTX_free(c->sha1);
    free(c);
}

static void fetch_algorithms(void)
{
    algorithms.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    algorithms.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    must(algorithms.sha256 != NULL && algorithms.sha1 != NULL);
    must(pthread_key_create(&algorithms.contexts, free_contexts) == 0);
}

static EVP_MD_CTX *context_of(const EVP_MD *md)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    must(ctx != NULL && EVP_DigestInit_ex2(ctx, md, NULL) == 1);
    return ctx;
}

static struct contexts *contexts(void)
{
    pthread_once(&algorithms_once, fetch_algorithms);
    struct contexts *c = pthread_getspecific(algorithms.contexts);
    if (c != NULL)
        return c;
    c = calloc(1, sizeof(*c));
    must(c != NULL);
    c->sha256 = context_of(algorithms.sha256);
    c->sha1 = context_of(algorithms.sha1);
    must(pthread_setspecific(algorithms.contexts, c) == 0);
    return c;
}

/* Without a new algorithm the context keeps the one that it has, and fetches nothing. */
static void restart(EVP_MD_CTX *ctx)
{
    must(EVP_DigestInit_ex2(ctx, NULL, NULL) == 1);
}

static void add(EVP_MD_CTX *ctx, const void *p, size_t len)
{
    must(len == 0 || EVP_DigestUpdate(ctx, p, len) == 1);
}

void tw_sha256(const void *p, size_t len, uint8_t out[32])
{
    EVP_MD_CTX *ctx = contexts()->sha256;
    restart(ctx);
    add(ctx, p, len);
    must(EVP_DigestFinal_ex(ctx, out, NULL) == 1);
}

static char *hex(char *at, const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *at++ = digits[p[i] >> 4];
        *at++ = digits[p[i] & 15];
    }
    return at;
}

void tw_sha256_hex(const void *p, size_t len, char out[65])
{
    uint8_t digest[32];
    tw_sha256(p, len, digest);
    *hex(out, digest, sizeof(digest)) = '\0';
}

void tw_uuid5(const void *name, size_t len, char out[37])
{
    /* tierwatch's namespace: drawn once at random, never to change, or ids of old alerts would. */
    static const uint8_t namespace[16] = {0x3d, 0x5e, 0xc1, 0x0a, 0x9b, 0x72, 0x4f, 0x4e, 0x8a,
        0x16, 0xe7, 0x54, 0xd2, 0x60, 0x0f, 0x93};
    static const uint8_t groups[] = {4, 2, 2, 2, 6};
    uint8_t u[20];
    EVP_MD_CTX *ctx = contexts()->sha1;
    restart(ctx);
    add(ctx, namespace, sizeof(namespace));
    add(ctx, name, len);
    must(EVP_DigestFinal_ex(ctx, u, NULL) == 1);
    u[6] = (uint8_t)((u[6] & 0x0f) | 0x50); /* version [RFC 9562 4.2] */
    u[8] = (uint8_t)((u[8] & 0x3f) | 0x80); /* variant [RFC 9562 4.1] */
    const uint8_t *from = u;
    for (size_t i = 0; i < sizeof(groups); from += groups[i++]) {
        if (i > 0)
            *out++ = '-';
        out = hex(out, from, groups[i]);
    }
    *out = '\0';
}

struct tw_sha256_stream *tw_sha256_begin(void)
{
    struct tw_sha256_stream *s = calloc(1, sizeof(*s));
    must(s != NULL);
    contexts();
    s->ctx = context_of(algorithms.sha256);
    return s;
}

void tw_sha256_add(struct tw_sha256_stream *s, const void *p, size_t len)
{
    add(s->ctx, p, len);
}

void tw_sha256_end(struct tw_sha256_stream *s, uint8_t out[32])
{
    must(EVP_DigestFinal_ex(s->ctx, out, NULL) == 1);
    EVP_MD_CTX_free(s->ctx);
    free(s);
}
