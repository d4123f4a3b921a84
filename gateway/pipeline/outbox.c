#include "pipeline/outbox.h"

#include <stdlib.h>

#include "base/limits.h"
#include "pipeline/order.h"

enum { HUGE_BYTES = 16 * TW_BATCH_BYTES };

bool tw_outbox_init(struct tw_outbox *o)
{
    *o = (struct tw_outbox){0};
    o->first = o->last = tw_batch_new(TW_BATCH_BYTES);
    return o->first != NULL;
}

void tw_outbox_fini(struct tw_outbox *o)
{
    for (struct tw_batch *b = o->first; b != NULL;) {
        struct tw_batch *next = b->next;
        tw_batch_free(b);
        b = next;
    }
    free(o->sorted);
    free(o->scratch);
    *o = (struct tw_outbox){0};
}

void tw_outbox_reset(struct tw_outbox *o)
{
    for (struct tw_batch *b = o->first; b != NULL; b = b->next)
        tw_batch_reset(b);
    o->last = o->first;
    o->n = 0;
}

/* A new batch behind the last one, which it becomes. */
static bool extend(struct tw_outbox *o, size_t bytes)
{
    struct tw_batch *b = tw_batch_new(bytes);
    if (b == NULL)
        return false;
    b->next = o->last->next;
    o->last->next = b;
    o->last = b;
    o->extra++;
    return true;
}

/* The batch after the last one, kept from an earlier round or new. */
static bool advance(struct tw_outbox *o)
{
    if (o->last->next == NULL)
        return extend(o, TW_BATCH_BYTES);
    o->last = o->last->next;
    return true;
}

void tw_outbox_add(struct tw_outbox *o, const struct tw_event *event)
{
    if (tw_batch_add(o->last, event) == TW_OK)
        return;
    if (advance(o) && tw_batch_add(o->last, event) == TW_OK)
        return;
    /* Larger than a batch: rare, and no reason to lose it. */
    if (!extend(o, HUGE_BYTES) || tw_batch_add(o->last, event) != TW_OK)
        o->lost++;
}

static bool grow(struct tw_outbox *o, size_t size)
{
    struct tw_event **sorted = malloc(size * sizeof(*sorted));
    struct tw_event **scratch = malloc(size * sizeof(*scratch));
    if (sorted == NULL || scratch == NULL) {
        free(sorted);
        free(scratch);
        return false;
    }
    free(o->sorted);
    free(o->scratch);
    o->sorted = sorted;
    o->scratch = scratch;
    o->size = size;
    return true;
}

void tw_outbox_close(struct tw_outbox *o)
{
    size_t n = 0;
    for (struct tw_batch *b = o->first; b != NULL; b = b->next)
        n += b->n;
    o->n = 0;
    if (n > o->size && !grow(o, 2 * n)) {
        o->lost += n;
        return;
    }
    for (struct tw_batch *b = o->first; b != NULL; b = b->next) {
        if (b->n > 0)
            memcpy(o->sorted + o->n, b->events, b->n * sizeof(struct tw_event *));
        o->n += b->n;
    }
    tw_event_sort(o->sorted, o->n, o->scratch);
}
