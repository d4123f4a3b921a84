#pragma once
/* What a running gateway counts, where anybody may look: the reading thread and the analyst put
 * copies here, about once a second; the threads that answer questions take them. */

#include <pthread.h>
#include <stdatomic.h>

#include "pipeline/analyst.h"
#include "pipeline/pipeline.h"

#define TW_LOSS_WINDOW_NS (10 * TW_NS_PER_S)

/* How much was lost of what came in, window by window. */
struct tw_loss {
    /* More than this is worth an alert: what rules conclude from the rest may be wrong. */
    double limit_percent;
    int64_t from_ns;            /* when the present window began; 0: not begun */
    uint64_t received, dropped; /* in all, when it began */
    struct tw_loss_window {
        uint64_t lost, wanted;
        double percent;
    } last, lossy;          /* the last full one; the last one above the limit */
    uint64_t lossy_windows; /* so far */
};
/* Figures in all at `now_ns`. True when a window above the limit ended with them. */
bool tw_loss_count(struct tw_loss *l, uint64_t received, uint64_t dropped, int64_t now_ns);
/* As it is printed: to a thousandth. */
double tw_loss_percent(const struct tw_loss_window *w);

struct tw_figures {
    pthread_mutex_t lock;
    /* The reading thread. */
    struct tw_capture_stats capture;
    struct tw_capture_interface interfaces[TW_MAX_INTERFACES];
    size_t n_interfaces;
    struct tw_loss loss;
    int64_t last_packet_ns; /* wall clock when packets last came in; 0: never */
    /* The analyst. */
    struct tw_analyst_stats analyst;
    struct tw_worker_stats workers;
    int64_t event_ns; /* event time of the last tick; 0: none yet */
    bool alerts_lost; /* an alert could not be kept */
    char ruleset[80], inventory[80];
    size_t rules, ai_systems;
    /* Its turns, without the lock. */
    atomic_int_fast64_t turned_ns; /* monotonic clock; 0: none yet */
};

/* `loss_percent`: the limit of its `loss`. */
bool tw_figures_init(struct tw_figures *f, double loss_percent);
void tw_figures_fini(struct tw_figures *f);
/* On the reading thread. True when a window ended in which more was lost than the limit. */
bool tw_figures_read(
    struct tw_figures *f, struct tw_capture *capture, const struct tw_capture_stats *stats);
/* On the analyst's thread. */
void tw_figures_workers(struct tw_figures *f, const struct tw_worker_stats *stats);
void tw_figures_analyst(
    struct tw_figures *f, const struct tw_analyst *analyst, int64_t event_ns, bool alerts_lost);
/* What is in force. */
void tw_figures_sets(
    struct tw_figures *f, const struct tw_rules *rules, const struct tw_registry *registry);
/* The analyst, or whoever prepares it, came on. */
void tw_figures_turn(struct tw_figures *f);
/* Has it not, for longer than anything should take? */
bool tw_figures_is_stuck(const struct tw_figures *f);
int64_t tw_figures_clock_ns(void);
/* A copy of everything; its lock is not to be used. */
void tw_figures_copy(struct tw_figures *f, struct tw_figures *out);

/* Members of an object that is open: for ctl status, and all of them for ctl counters. */
void tw_figures_interfaces_json(struct tw_text *t, const struct tw_figures *f);
void tw_figures_json(struct tw_text *t, const struct tw_figures *f);
