#include "baseline/repeats.h"

#include <string.h>

enum { WINDOW = TW_REPEATS_WINDOW, KEEP_ONE_IN = 4, MIN_DISTINCT = 12, MIN_FOUND = 2 };

static const uint64_t base = 0x9e3779b97f4a7c15u; /* odd: a polynomial modulo 2^64 */

static uint64_t mix(uint64_t h)
{
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return h ^ (h >> 33);
}

static uint64_t hash_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return mix(bits + base);
}

static uint64_t power(unsigned n)
{
    uint64_t p = 1;
    while (n-- > 0)
        p *= base;
    return p;
}

/* A place that was not used yet holds 0, which takes nothing away. */
static void roll(struct tw_repeats *r, uint64_t value)
{
    uint64_t *slot = &r->values[r->n % WINDOW];
    r->hash = (r->hash - *slot * power(WINDOW - 1)) * base + value;
    *slot = value;
    r->n++;
}

static unsigned distinct(const uint64_t values[WINDOW])
{
    unsigned n = 0;
    for (unsigned i = 0; i < WINDOW; i++) {
        unsigned k = 0;
        while (k < i && values[k] != values[i])
            k++;
        n += k == i;
    }
    return n;
}

/* The window that ends here was seen before, `lag` values ago. */
static void found(struct tw_repeats *r, uint32_t lag)
{
    if (r->found == 0 || r->lag != lag) {
        r->found = 0;
        r->lag = lag;
        r->from = r->n - WINDOW;
    }
    r->found++;
}

uint32_t tw_repeats_add(struct tw_repeats *r, double value)
{
    roll(r, hash_of(value));
    const uint64_t h = mix(r->hash);
    if (r->n < WINDOW || h % KEEP_ONE_IN != 0)
        return r->found >= MIN_FOUND ? r->n - r->from : 0;
    const uint32_t tag = (uint32_t)(h >> 32), at = (uint32_t)(h >> 8) % TW_REPEATS_SLOTS;
    const bool seen = r->slots[at].at != 0 && r->slots[at].tag == tag;
    if (seen && distinct(r->values) >= MIN_DISTINCT)
        found(r, r->n - r->slots[at].at);
    else
        r->found = 0;
    r->slots[at].tag = tag;
    r->slots[at].at = r->n;
    return r->found >= MIN_FOUND ? r->n - r->from : 0;
}
