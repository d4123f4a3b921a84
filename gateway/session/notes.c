#include "session/notes.h"

#include <stdlib.h>

#include "base/hash.h"

/* Room for a hundred clients that poll some hundred nodes each. */
enum { SETS = 32768 };

/* The key is made of keyed hashes: two things never share one. */
struct place {
    uint64_t key[2];
    struct tw_thing_note note;
};

struct tw_notes {
    struct place places[SETS][2]; /* the newer one first */
};

struct tw_notes *tw_notes_new(void)
{
    return calloc(1, sizeof(struct tw_notes));
}

void tw_notes_free(struct tw_notes *n)
{
    free(n);
}

static inline struct place *set_of(struct tw_notes *n, uint64_t first)
{
    return n->places[first % SETS];
}

void tw_notes_fetch(struct tw_notes *n, uint64_t flow, const struct tw_node_key *node)
{
    __builtin_prefetch(set_of(n, tw_hash_mix(node->h[0], flow)));
}

static inline struct place *find(
    struct tw_notes *n, uint64_t flow, const struct tw_node_key *node, uint64_t key[2])
{
    for (unsigned i = 0; i < 2; i++)
        key[i] = tw_hash_mix(node->h[i], flow);
    struct place *set = set_of(n, key[0]);
    for (unsigned i = 0; i < 2; i++)
        if (set[i].key[0] == key[0] && set[i].key[1] == key[1])
            return &set[i];
    return NULL;
}

struct tw_thing_note *tw_notes_find(
    struct tw_notes *n, uint64_t flow, const struct tw_node_key *node)
{
    uint64_t key[2];
    struct place *place = find(n, flow, node, key);
    return place == NULL ? NULL : &place->note;
}

struct tw_thing_note *tw_notes_of(struct tw_notes *n, uint64_t flow, const struct tw_node_key *node)
{
    uint64_t key[2];
    struct place *place = find(n, flow, node, key);
    if (place != NULL)
        return &place->note;
    struct place *set = set_of(n, key[0]);
    set[1] = set[0];
    set[0] = (struct place){.key = {key[0], key[1]}};
    return &set[0].note;
}
