#pragma once
/* Keyed hashing for tables that hold bytes an attacker chose: who does not know the seed, and sees
 * no value, can not make two that collide. Values are the same on every machine for the same seed;
 * they are never shown to users. */

#include "base/str.h"

struct tw_seed {
    uint64_t k0, k1;
};

/* Seeds are drawn once per process; a fixed one keeps tests and replays repeatable. No output may
 * depend on it. */
struct tw_seed tw_seed_random(void);

uint64_t tw_hash(struct tw_seed seed, const void *p, size_t len);
/* The same with 128 bits, for keys that stand for a text. */
void tw_hash_wide(struct tw_seed seed, const void *p, size_t len, uint64_t out[2]);

/* An unkeyed, stable 64-bit digest (SipHash-1-3 shape) for identifiers that are printed (flow ids)
 * and for telling payloads apart. Not for tables filled by strangers. */
uint64_t tw_hash_stable(const void *p, size_t len);

/* Mix a further value into a stable digest. */
static inline uint64_t tw_hash_mix(uint64_t h, uint64_t v)
{
    h ^= v + 0x9e3779b97f4a7c15u + (h << 6) + (h >> 2);
    h *= 0xff51afd7ed558ccdu;
    return h ^ (h >> 33);
}
