#pragma once
/* The step of a keyed hash that is quick on short keys. With a secret in either
 * factor an attacker who sees no hash values can not aim for collisions. */

#include <stdint.h>

__extension__ typedef unsigned __int128 tw_wide_product;

static inline uint64_t tw_mix_fold(uint64_t a, uint64_t b)
{
    const tw_wide_product wide = (tw_wide_product)a * b;
    return (uint64_t)wide ^ (uint64_t)(wide >> 64);
}
