#include "session/notes.h"

#include <stdlib.h>

#include "base/hash.h"

enum { PLACES = 8192 };

/* The key is a keyed digest: two things never share one. */
struct place {
    uint64_t key[2];
    struct tw_thing_note note;
};

struct tw_notes {
    struct tw_seed seed;
    struct place places[PLACES];
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
    struct place *at = &n->places[key[0] % PLACES];
    if (at->key[0] != key[0] || at->key[1] != key[1])
        *at = (struct place){.key = {key[0], key[1]}};
    return &at->note;
}
