#include "session/notes.h"

#include <stdlib.h>

#include "base/hash.h"

/* Room for a hundred clients that poll some hundred nodes each. */
enum { SETS = 32768 };

/* The key is a keyed digest: two things never share one. */
struct place {
    uint64_t key[2];
    struct tw_thing_note note;
};

struct tw_notes {
    struct tw_seed seed;
    struct place places[SETS][2]; /* the newer one first */
};

struct tw_notes *tw_notes_new(void)
{
    struct tw_notes *n = calloc(1, sizeof(*n));
    if (n != NULL)
        n->seed = tw_seed_random();
    return n;
}

void tw_notes_free(struct tw_notes *n)
{
    free(n);
}

struct tw_thing_note *tw_notes_of(struct tw_notes *n, const struct tw_event *event)
{
    uint64_t key[2];
    tw_hash_wide(n->seed, event->object.p, event->object.len, key);
    for (unsigned i = 0; i < 2; i++)
        key[i] = tw_hash_mix(key[i], event->flow);
    struct place *set = n->places[key[0] % SETS];
    for (unsigned i = 0; i < 2; i++)
        if (set[i].key[0] == key[0] && set[i].key[1] == key[1])
            return &set[i].note;
    set[1] = set[0];
    set[0] = (struct place){.key = {key[0], key[1]}};
    return &set[0].note;
}
