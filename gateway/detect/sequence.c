#include "detect/sequence.h"

#include <stdlib.h>

enum { MAX_KEYS = 4096 };

/* How far it has come: when it began, and by which packets. */
struct stage {
    bool reached;
    int64_t began_ns;
    uint64_t packets[TW_SEQUENCE_MAX_STEPS];
};

struct progress {
    struct stage stages[TW_SEQUENCE_MAX_STEPS];
};

struct tw_sequences {
    struct tw_table *table;
    int64_t within_ns;
    size_t n;
};

struct tw_sequences *tw_sequences_new(const struct tw_sequence_spec *spec)
{
    struct tw_sequences *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->within_ns = spec->within_ns;
    s->n = spec->n;
    s->table = tw_table_new(
        sizeof(struct tw_text_key), sizeof(struct progress), MAX_KEYS, tw_seed_random());
    if (s->table != NULL)
        return s;
    free(s);
    return NULL;
}

void tw_sequences_free(struct tw_sequences *s)
{
    if (s == NULL)
        return;
    tw_table_free(s->table);
    free(s);
}

uint64_t tw_sequences_evictions(const struct tw_sequences *s)
{
    return tw_table_evictions(s->table);
}

static void begin(struct stage *to, int64_t ts_ns, uint64_t packet)
{
    to->reached = true;
    to->began_ns = ts_ns;
    to->packets[0] = packet;
}

/* From the stage before, if that is not too long ago. */
static bool reach(const struct tw_sequences *s, struct stage *to, const struct stage *from,
    size_t step, int64_t ts_ns, uint64_t packet)
{
    if (!from->reached || ts_ns - from->began_ns > s->within_ns)
        return false;
    *to = *from;
    to->packets[step] = packet;
    return true;
}

bool tw_sequences_add(struct tw_sequences *s, struct tw_text_key key, uint32_t steps, int64_t ts_ns,
    uint64_t packet, struct tw_proof *out_proof)
{
    bool done = false;
    struct progress *p =
        (steps & 1u) != 0 ? tw_table_put(s->table, &key, NULL) : tw_table_find(s->table, &key);
    if (p == NULL)
        return false;
    /* From the last to the first: one event is one step of a way. */
    for (size_t i = s->n; i-- > 0;) {
        if ((steps >> i & 1u) == 0)
            continue;
        if (i == 0)
            begin(&p->stages[0], ts_ns, packet);
        else if (reach(s, &p->stages[i], &p->stages[i - 1], i, ts_ns, packet))
            done |= i + 1 == s->n;
    }
    if (!done)
        return false;
    *out_proof = (struct tw_proof){.n = 0};
    for (size_t i = 0; i + 1 < s->n; i++)
        tw_proof_add(out_proof, p->stages[s->n - 1].packets[i]);
    tw_proof_last(out_proof, packet);
    /* A first step that came with the last one begins the next way. */
    const struct stage first = p->stages[0];
    *p = (struct progress){.stages = {{.reached = false}}};
    if ((steps & 1u) != 0)
        p->stages[0] = first;
    return true;
}
