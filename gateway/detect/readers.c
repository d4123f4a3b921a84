#include "detect/readers.h"

#include <stdlib.h>

static int order(const void *a, const void *b)
{
    const struct tw_reader *x = a, *y = b;
    if (x->variable.p != y->variable.p)
        return (uintptr_t)x->variable.p < (uintptr_t)y->variable.p ? -1 : 1;
    return x->ai < y->ai ? -1 : x->ai > y->ai;
}

struct tw_readers *tw_readers_new(const struct tw_registry *registry)
{
    struct tw_readers *r = calloc(1, sizeof(*r));
    size_t n = 0;
    if (r == NULL)
        return NULL;
    for (const struct tw_input_def *d = tw_registry_inputs(registry); d != NULL; d = d->next)
        n++;
    r->list = calloc(n + 1, sizeof(*r->list));
    r->places = tw_table_new(sizeof(const char *), sizeof(size_t), n + 1, tw_seed_random());
    if (r->list == NULL || r->places == NULL) {
        tw_readers_free(r);
        return NULL;
    }
    for (const struct tw_input_def *d = tw_registry_inputs(registry); d != NULL; d = d->next)
        r->list[r->n++] = (struct tw_reader){d->variable, d->ai, d->every_ns};
    qsort(r->list, r->n, sizeof(*r->list), order);
    for (size_t i = 0; i < r->n; i++) {
        bool created;
        size_t *first = tw_table_put(r->places, &r->list[i].variable.p, &created);
        if (created)
            *first = i;
    }
    return r;
}

void tw_readers_free(struct tw_readers *r)
{
    if (r == NULL)
        return;
    tw_table_free(r->places);
    free(r->list);
    free(r);
}

size_t tw_readers_first(const struct tw_readers *r, const struct tw_facts *f)
{
    if (!f->variable.is_input)
        return r->n;
    const size_t *first = tw_table_peek(r->places, &f->variable.id.p);
    return first != NULL ? *first : r->n;
}
