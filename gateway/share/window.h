#pragma once
/* The messages that are with the library: taken from the spool, handed over, and forgotten once
 * they are acknowledged. At most 16 at a time, in slots. Used by the delivery thread; counters are
 * shared. */

#include <pthread.h>

#include "share/link.h"

struct tw_counters {
    pthread_mutex_t lock;
    struct tw_publisher_stats stats;
};
void tw_count(struct tw_counters *c, uint64_t *counter);
void tw_complain(struct tw_counters *c, const char *what);
int64_t tw_clock_ms(void);
/* 1 s, 2 s, 4 s … 30 s */
int64_t tw_pause_ms(const struct tw_broker_config *config, int failures);

enum {
    TW_WINDOW_SLOTS = TW_LINK_WINDOW + 1, /* one for the state */
    TW_WINDOW_DONE = 64,                  /* acknowledgements forgotten in one transaction … */
    TW_WINDOW_DONE_MS = 100,              /* … or after so long */
};

enum tw_slot_kind { TW_SLOT_FREE, TW_SLOT_SPOOLED, TW_SLOT_VOLATILE, TW_SLOT_STATE };

struct tw_slot {
    enum tw_slot_kind kind;
    int mid;
    int64_t id, sent_ms;
    int attempts;
};

struct tw_window {
    const struct tw_broker_config *config;
    struct tw_spool *spool;
    struct tw_counters *counters;
    struct tw_link *link;
    int size, fruitless;
    bool acked_since_up;
    int64_t next_due_ms, done_at_ms;
    int64_t cursor; /* id of the last message that was taken from the spool in order */
    struct tw_slot slots[TW_WINDOW_SLOTS];
    int64_t done[TW_WINDOW_DONE];
    size_t n_done;
};

void tw_window_init(struct tw_window *w, const struct tw_broker_config *config,
    struct tw_spool *spool, struct tw_counters *counters, struct tw_link *link);
/* The handle is thrown away: everything in the slots will be taken from the spool again. */
void tw_window_empty(struct tw_window *w);
/* The handle connected again: the library has just sent what is in the slots once more. */
void tw_window_sent_again(struct tw_window *w);
/* Hand over as many as there is room for. */
void tw_window_fill(struct tw_window *w);
/* What the callbacks reported. */
void tw_window_take_acks(struct tw_window *w);
/* Forget in the spool what was acknowledged: now, or when it is time. */
void tw_window_flush(struct tw_window *w);
void tw_window_flush_due(struct tw_window *w);
/* Some message waits for its acknowledgement for too long. */
bool tw_window_is_late(const struct tw_window *w);
/* A connection was lost. True when its handle is better thrown away: nothing was acknowledged on
 * it, several times in a row, and the messages are now to go one at a time. */
bool tw_window_lost(struct tw_window *w);
/* The gateway's state, retained. */
void tw_window_publish_state(struct tw_window *w, const char *payload);
bool tw_window_state_waits(const struct tw_window *w);
