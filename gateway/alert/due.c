#include "alert/due.h"

#include <assert.h>
#include <stdlib.h>

bool tw_due_init(struct tw_due *d, size_t capacity)
{
    *d = (struct tw_due){.capacity = capacity};
    d->heap = calloc(capacity + 1, sizeof(*d->heap)); /* the root is at 1 */
    return d->heap != NULL;
}

void tw_due_fini(struct tw_due *d)
{
    free(d->heap);
    *d = (struct tw_due){0};
}

static bool before(const struct tw_due_node *a, const struct tw_due_node *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->serial < b->serial);
}

static void put(struct tw_due *d, size_t place, struct tw_due_node *node)
{
    d->heap[place] = node;
    node->place = place;
}

static void settle(struct tw_due *d, struct tw_due_node *node, size_t place)
{
    while (place > 1 && before(node, d->heap[place / 2])) {
        put(d, place, d->heap[place / 2]);
        place /= 2;
    }
    for (size_t child = 2 * place; child <= d->n; child = 2 * place) {
        if (child < d->n && before(d->heap[child + 1], d->heap[child]))
            child++;
        if (!before(d->heap[child], node))
            break;
        put(d, place, d->heap[child]);
        place = child;
    }
    put(d, place, node);
}

void tw_due_set(struct tw_due *d, struct tw_due_node *node, int64_t at_ns)
{
    size_t place = node->place;
    if (place == 0) {
        assert(d->n < d->capacity);
        place = ++d->n;
    }
    node->at_ns = at_ns;
    settle(d, node, place);
}

void tw_due_remove(struct tw_due *d, struct tw_due_node *node)
{
    size_t place = node->place;
    if (place == 0)
        return;
    node->place = 0;
    struct tw_due_node *last = d->heap[d->n--];
    if (last != node)
        settle(d, last, place);
}

struct tw_due_node *tw_due_first(const struct tw_due *d)
{
    return d->n > 0 ? d->heap[1] : NULL;
}
