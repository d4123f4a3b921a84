#include "pipeline/outbox.h"

#include <stdlib.h>

#include "base/limits.h"
#include "pipeline/order.h"

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
    *o = (struct tw_outbox){0};
}

void tw_outbox_reset(struct tw_outbox *o)
{
    for (struct tw_batch *b = o->first; b != NULL; b = b->next)
        tw_batch_reset(b);
    o->last = o->first;
    o->n = 0;
}

/* The batch after the last one, kept from an earlier round or new. */
static bool advance(struct tw_outbox *o)
{
    if (o->last->next == NULL) {
        o->last->next = tw_batch_new(TW_BATCH_BYTES);
        o->extra++;
    }
    if (o->last->next == NULL)
        return false;
    o->last = o->last->next;
    return true;
}

void tw_outbox_add(struct tw_outbox *o, const struct tw_event *event)
{
    if (tw_batch_add(o->last, event) == TW_OK)
        return;
    if (!advance(o) || tw_batch_add(o->last, event) != TW_OK)
        o->lost++;
}

void tw_outbox_close(struct tw_outbox *o)
{
    size_t n = 0;
    for (struct tw_batch *b = o->first; b != NULL; b = b->next)
        n += b->n;
    if (n > o->size) {
        struct tw_event **bigger = realloc(o->sorted, 2 * n * sizeof(struct tw_event *));
        if (bigger == NULL) {
            o->lost += n;
            return;
        }
        o->sorted = bigger;
        o->size = 2 * n;
    }
    o->n = 0;
    for (struct tw_batch *b = o->first; b != NULL; b = b->next) {
        if (b->n > 0)
            memcpy(o->sorted + o->n, b->events, b->n * sizeof(struct tw_event *));
        o->n += b->n;
    }
    tw_event_sort(o->sorted, o->n);
}
