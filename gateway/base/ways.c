#include "base/ways.h"

#include <stdlib.h>
#include <string.h>

enum { SETS = 16384, WAYS = 4 };
_Static_assert(SETS *WAYS == TW_WAYS_PLACES && SETS == 1 << 14, "a place for each, 14 bits a set");

struct way {
    uint16_t tag; /* of the number; 0: nothing was kept here yet */
    uint16_t place;
};

struct tw_ways {
    uint32_t n_used;
    struct way sets[SETS][WAYS];
};

struct tw_ways *tw_ways_new(void)
{
    return calloc(1, sizeof(struct tw_ways));
}

void tw_ways_free(struct tw_ways *w)
{
    free(w);
}

static inline uint64_t mix(uint64_t number)
{
    return number * 0x9e3779b97f4a7c15u;
}

static inline uint16_t tag_of(uint64_t mixed)
{
    return (uint16_t)(mixed >> 34 | 1);
}

bool tw_ways_find(const struct tw_ways *w, uint64_t number, size_t *out)
{
    const uint64_t mixed = mix(number);
    const struct way *set = w->sets[mixed >> 50];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].tag == tag_of(mixed)) {
            *out = set[i].place;
            return true;
        }
    }
    return false;
}

size_t tw_ways_of(struct tw_ways *w, uint64_t number)
{
    const uint64_t mixed = mix(number);
    struct way *set = w->sets[mixed >> 50];
    size_t place;
    if (tw_ways_find(w, number, &place))
        return place;
    const struct way last = set[WAYS - 1];
    memmove(set + 1, set, (WAYS - 1) * sizeof(*set));
    set[0] = (struct way){tag_of(mixed), last.tag != 0 ? last.place : (uint16_t)w->n_used++};
    return set[0].place;
}
