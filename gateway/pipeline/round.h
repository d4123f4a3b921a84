#pragma once
/* A stretch of the capture on its way through the threads: filled by the reader, worked on by every
 * worker at once, read by the analyst, emptied. */

#include "pipeline/outbox.h"
#include "pipeline/worker.h"

enum {
    TW_ROUND_ITEMS = 1024,
    TW_ROUND_BYTES = 1 << 20, /* of packets; more than the largest packet libpcap returns */
};

enum tw_item_kind { TW_ITEM_PACKET, TW_ITEM_TICK, TW_ITEM_FINISH };

struct tw_round_item {
    enum tw_item_kind kind;
    unsigned owner; /* packets: the worker */
    int64_t now_ns; /* ticks and the end */
    uint64_t last_packet;
    struct tw_packet packet; /* its views point into the round's bytes */
};

struct tw_round {
    struct tw_round_item *items;
    size_t n;
    uint8_t *bytes;
    size_t used;
    bool last;                  /* nothing comes after this one */
    struct tw_outbox *outboxes; /* one for each worker */
    unsigned workers;
    bool has_figures;                /* are wanted with every tick */
    struct tw_worker_stats *figures; /* one for each worker, as of its last tick */
};

bool tw_round_init(struct tw_round *r, unsigned workers);
void tw_round_fini(struct tw_round *r);
void tw_round_reset(struct tw_round *r);
/* False when the round is full: hand it over and use the next. */
bool tw_round_add_packet(struct tw_round *r, const struct tw_packet *p);
bool tw_round_add_time(
    struct tw_round *r, enum tw_item_kind kind, int64_t now_ns, uint64_t last_packet);
/* What worker `index` does with a round. */
void tw_round_work(struct tw_round *r, struct tw_worker *w, unsigned index);
/* Merge the workers' events in order; a mark that all of them set becomes one tick. */
struct tw_pipeline_sink;
void tw_round_merge(struct tw_round *r, const struct tw_pipeline_sink *sink, size_t *cursors);
