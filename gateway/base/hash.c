#include "base/hash.h"

#include <endian.h>
#include <sys/random.h>

#include "base/mix.h"

static inline uint64_t rotl(uint64_t v, int by)
{
    return v << by | v >> (64 - by);
}

static uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return le64toh(v);
}

/* 1 to 7 bytes, the first one lowest. */
static inline uint64_t load_tail(const uint8_t *p, size_t n)
{
    if (n < 4)
        return p[0] | (uint64_t)p[n / 2] << (n / 2 * 8) | (uint64_t)p[n - 1] << ((n - 1) * 8);
    uint32_t low, high;
    memcpy(&low, p, sizeof(low));
    memcpy(&high, p + n - 4, sizeof(high));
    return le32toh(low) | (uint64_t)le32toh(high) << ((n - 4) * 8);
}

struct sip {
    uint64_t v0, v1, v2, v3;
};

/* Inlined, so that the state stays in registers. */
__attribute__((always_inline)) static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = rotl(s->v1, 13) ^ s->v0;
    s->v0 = rotl(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotl(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotl(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotl(s->v1, 17) ^ s->v2;
    s->v2 = rotl(s->v2, 32);
}

struct tw_seed tw_seed_random(void)
{
    struct tw_seed seed = {0x7469657277617463u, 0x6831303030303031u};
    /* A failing getrandom leaves the fixed seed: still correct, only guessable. */
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        return (struct tw_seed){0x7469657277617463u, 0x6831303030303031u};
    return seed;
}

/* Everything up to the rounds that end it. */
__attribute__((always_inline)) static inline struct sip absorb(
    struct tw_seed seed, const uint8_t *p, size_t len)
{
    struct sip s = {seed.k0 ^ 0x736f6d6570736575u, seed.k1 ^ 0x646f72616e646f6du,
        seed.k0 ^ 0x6c7967656e657261u, seed.k1 ^ 0x7465646279746573u};
    size_t left = len;
    for (; left >= 8; left -= 8, p += 8) {
        uint64_t m = load64(p);
        s.v3 ^= m;
        sip_round(&s);
        s.v0 ^= m;
    }
    uint64_t last = (uint64_t)len << 56;
    if (left > 0)
        last |= load_tail(p, left);
    s.v3 ^= last;
    sip_round(&s);
    s.v0 ^= last;
    return s;
}

__attribute__((always_inline)) static inline uint64_t squeeze(struct sip *s)
{
    sip_round(s);
    sip_round(s);
    sip_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

/* ---- tables: folded products with secret factors */

static const uint64_t primes[] = {0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu, 0x8ebc6af09c88c6e3u};

/* The last 16 bytes, or all of them where there are fewer. */
static inline void load_end(const uint8_t *p, size_t len, uint64_t *low, uint64_t *high)
{
    *low = *high = 0;
    if (len >= 8) {
        *low = load64(p + (len >= 16 ? len - 16 : 0));
        *high = load64(p + len - 8);
    } else if (len > 0) {
        *low = load_tail(p, len);
    }
}

/* No two factors of a step may differ by something known: a product does not tell them apart, and
 * words could be chosen that trade places. */
uint64_t tw_hash(struct tw_seed seed, const void *data, size_t len)
{
    const uint8_t *p = data;
    const uint64_t a = seed.k0 ^ primes[0], b = seed.k1 ^ primes[1], c = tw_mix_fold(a, b);
    uint64_t h = c, low, high;
    size_t at = 0;
    if (len > 32) {
        uint64_t g = b; /* a second chain, so that one product need not wait for the other */
        for (; at + 32 < len; at += 32) {
            h = tw_mix_fold(load64(p + at) ^ a, load64(p + at + 8) ^ h);
            g = tw_mix_fold(load64(p + at + 16) ^ c, load64(p + at + 24) ^ g);
        }
        h ^= g;
    }
    if (at + 16 < len)
        h = tw_mix_fold(load64(p + at) ^ a, load64(p + at + 8) ^ h);
    load_end(p, len, &low, &high);
    h = tw_mix_fold(low ^ b, high ^ h);
    return tw_mix_fold(h ^ a, len ^ b);
}

/* Two of them with factors of their own. */
void tw_hash_wide(struct tw_seed seed, const void *data, size_t len, uint64_t out[2])
{
    const uint8_t *p = data;
    const uint64_t a = seed.k0 ^ primes[1], b = seed.k1 ^ primes[2];
    const uint64_t c = seed.k1 ^ primes[0], d = tw_mix_fold(a, b);
    uint64_t h = d, g = tw_mix_fold(b, c), low, high;
    for (size_t at = 0; at + 16 < len; at += 16) {
        const uint64_t x = load64(p + at), y = load64(p + at + 8);
        h = tw_mix_fold(x ^ a, y ^ h);
        g = tw_mix_fold(y ^ c, x ^ g);
    }
    load_end(p, len, &low, &high);
    h = tw_mix_fold(low ^ b, high ^ h);
    g = tw_mix_fold(high ^ d, low ^ g);
    out[0] = tw_mix_fold(h ^ a, len ^ b);
    out[1] = tw_mix_fold(g ^ c, len ^ d);
}

/* ---- what is printed: SipHash-1-3 */

uint64_t tw_hash_stable(const void *data, size_t len)
{
    struct sip s = absorb((struct tw_seed){0x0123456789abcdefu, 0xfedcba9876543210u}, data, len);
    s.v2 ^= 0xff;
    return squeeze(&s);
}
