#include "pipeline/round.h"

#include <stdlib.h>

#include "pipeline/order.h"
#include "pipeline/pipeline.h"

bool tw_round_init(struct tw_round *r, unsigned workers)
{
    *r = (struct tw_round){.workers = workers};
    r->items = calloc(TW_ROUND_ITEMS, sizeof(*r->items));
    r->bytes = malloc(TW_ROUND_BYTES);
    r->outboxes = calloc(workers, sizeof(*r->outboxes));
    r->figures = calloc(workers, sizeof(*r->figures));
    if (r->items == NULL || r->bytes == NULL || r->outboxes == NULL || r->figures == NULL)
        return false;
    for (unsigned i = 0; i < workers; i++) {
        if (!tw_outbox_init(&r->outboxes[i]))
            return false;
    }
    return true;
}

void tw_round_fini(struct tw_round *r)
{
    for (unsigned i = 0; r->outboxes != NULL && i < r->workers; i++)
        tw_outbox_fini(&r->outboxes[i]);
    free(r->outboxes);
    free(r->figures);
    free(r->items);
    free(r->bytes);
}

void tw_round_reset(struct tw_round *r)
{
    r->n = r->used = 0;
    for (unsigned i = 0; i < r->workers; i++)
        tw_outbox_reset(&r->outboxes[i]);
}

/* Copy the bytes of `from` into the round; false when there is no room. */
static bool stow(struct tw_round *r, struct tw_cur from, struct tw_cur *out)
{
    if (from.left > TW_ROUND_BYTES - r->used)
        return false;
    if (from.left > 0)
        memcpy(r->bytes + r->used, from.p, from.left);
    *out = tw_cur_of(r->bytes + r->used, from.left);
    r->used += from.left;
    return true;
}

/* The part of `whole` that `part` is, in the copy of `whole`; false when it lies elsewhere. */
static bool rebase(struct tw_cur whole, struct tw_cur copy, struct tw_cur part, struct tw_cur *out)
{
    uintptr_t base = (uintptr_t)whole.p, at = (uintptr_t)part.p;
    return at >= base && at - base <= whole.left && tw_cur_skip(&copy, at - base) &&
           tw_cur_sub(&copy, part.left, out);
}

bool tw_round_add_packet(struct tw_round *r, const struct tw_packet *p)
{
    if (r->n == TW_ROUND_ITEMS || p->ip.left + p->payload.left > TW_ROUND_BYTES - r->used)
        return false;
    struct tw_round_item *item = &r->items[r->n];
    item->kind = TW_ITEM_PACKET;
    item->owner = (unsigned)(tw_packet_flow_hash(p) % r->workers);
    item->packet = *p;
    if (!stow(r, p->ip, &item->packet.ip))
        return false;
    /* A reassembled datagram's payload is not inside the packet that completed it. */
    if (!rebase(p->ip, item->packet.ip, p->payload, &item->packet.payload) &&
        !stow(r, p->payload, &item->packet.payload))
        return false;
    r->n++;
    return true;
}

bool tw_round_add_time(
    struct tw_round *r, enum tw_item_kind kind, int64_t now_ns, uint64_t last_packet)
{
    if (r->n == TW_ROUND_ITEMS)
        return false;
    struct tw_round_item *item = &r->items[r->n++];
    item->kind = kind;
    item->now_ns = now_ns;
    item->last_packet = last_packet;
    return true;
}

static void keep(void *user, const struct tw_event *event)
{
    tw_outbox_add(user, event);
}

static void mark(struct tw_outbox *o, const struct tw_round_item *item)
{
    const struct tw_event e = {.action = TW_ACTION_MARK,
        .phase = 1,
        .packet = item->last_packet,
        .ts_ns = item->now_ns,
        .flow_first_packet = UINT64_MAX};
    tw_outbox_add(o, &e);
}

static void count(const struct tw_worker *w, struct tw_worker_stats *out)
{
    *out = (struct tw_worker_stats){.flows.flows = 0};
    tw_worker_stats_add(w, out);
}

void tw_round_work(struct tw_round *r, struct tw_worker *w, unsigned index)
{
    struct tw_outbox *o = &r->outboxes[index];
    tw_worker_emit_to(w, (struct tw_emit){keep, o}, NULL);
    for (size_t i = 0; i < r->n; i++) {
        const struct tw_round_item *item = &r->items[i];
        if (item->kind == TW_ITEM_TICK) {
            tw_worker_tick(w, item->now_ns, item->last_packet);
            mark(o, item);
            if (r->has_figures)
                count(w, &r->figures[index]);
        } else if (item->kind == TW_ITEM_FINISH) {
            tw_worker_finish(w, item->now_ns, item->last_packet);
        } else if (item->owner == index) {
            tw_worker_packet(w, &item->packet);
        }
    }
    tw_outbox_close(o);
}

/* The worker whose next event comes first; workers when none has any. */
static unsigned first_worker(const struct tw_round *r, const size_t *cursors)
{
    unsigned best = r->workers;
    for (unsigned i = 0; i < r->workers; i++) {
        const struct tw_outbox *o = &r->outboxes[i];
        if (cursors[i] == o->n)
            continue;
        if (best == r->workers ||
            tw_event_order(o->sorted[cursors[i]], r->outboxes[best].sorted[cursors[best]]) < 0)
            best = i;
    }
    return best;
}

static void tell_figures(const struct tw_round *r, const struct tw_pipeline_sink *sink)
{
    struct tw_worker_stats sum = {.flows.flows = 0};
    if (!r->has_figures)
        return;
    for (unsigned i = 0; i < r->workers; i++)
        tw_worker_stats_sum(&r->figures[i], &sum);
    sink->figures(sink->user, &sum);
}

/* While one event is looked at, what is kept for the next one of that worker is fetched. */
static void expect_next(
    const struct tw_outbox *o, size_t cursor, const struct tw_pipeline_sink *sink)
{
    if (sink->asks.expect != NULL && cursor < o->n)
        sink->asks.expect(sink->user, o->sorted[cursor]);
}

void tw_round_merge(struct tw_round *r, const struct tw_pipeline_sink *sink, size_t *cursors)
{
    unsigned marks = 0;
    for (unsigned i = 0; i < r->workers; i++)
        cursors[i] = 0;
    for (;;) {
        unsigned i = first_worker(r, cursors);
        if (i == r->workers)
            return;
        struct tw_event *event = r->outboxes[i].sorted[cursors[i]++];
        expect_next(&r->outboxes[i], cursors[i], sink);
        if (event->action != TW_ACTION_MARK) {
            if (sink->asks.pass == NULL || !sink->asks.pass(sink->user, event))
                sink->event(sink->user, event);
        } else if (++marks == r->workers) {
            tell_figures(r, sink);
            sink->tick(sink->user, event->ts_ns);
            marks = 0;
        }
    }
}
