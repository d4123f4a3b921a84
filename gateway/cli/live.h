#pragma once
/* A gateway while it runs: what run.c opens, and what its threads share. */

#include "cli/messages.h"
#include "cli/metrics.h"
#include "cli/sink.h"
#include "cli/watch.h"
#include "confine/confine.h"
#include "observe/notify.h"
#include "observe/web.h"

struct tw_keeper;

struct tw_live {
    const struct tw_options *o;
    struct tw_watch watch; /* its rules and inventory: the keeper's while it lives */
    struct tw_capture *capture;
    struct tw_evidence_source *evidence;
    struct tw_analyst *analyst;
    struct tw_alert_sink sink;     /* the analyst's */
    struct tw_gateway_state state; /* the analyst's */
    struct tw_figures figures;
    struct tw_notify notify;
    struct tw_keeper *keeper;
    struct tw_web *web; /* NULL: not asked for */
    struct tw_metrics_source metrics;
    char boot[24];
    int64_t started_ns;
    /* The analyst's. */
    int64_t next_stats_ns, next_look_ns;
    uint64_t losses_told; /* windows */
    bool broker_up;
    char broker_said[256]; /* the last complaint that was logged */
};

/* Give up what the calling thread does not need, and what it could not do is logged. */
void tw_live_confine(const struct tw_live *l, enum tw_confine_role role);
/* Tell the broker what the gateway is now. On the analyst's thread. */
void tw_live_announce(struct tw_live *l);

/* What its metrics are made of; the publisher in it is good until the gateway winds up. */
struct tw_metrics_source tw_live_metrics(struct tw_live *l);

/* The keeper is the thread that looks after the others: it answers on the control socket, reloads,
 * opens interfaces that came back, and tells the service manager that all goes on. */

/* Started before the others, because it alone may open interfaces later. False (and a message) when
 * a socket that was asked for can not be had. */
bool tw_keeper_start(struct tw_live *l);
/* Everything is set up: from here on it answers, and SIGHUP reloads rules and inventory. */
void tw_keeper_open(struct tw_keeper *k);
/* On the analyst's thread, between two events: it goes on; and changes over where that was asked.
 */
void tw_keeper_turn(struct tw_keeper *k);
/* No analyst takes its turn any more: what waits for one is refused. */
void tw_keeper_over(struct tw_keeper *k);
/* Ends the thread and the socket. */
void tw_keeper_stop(struct tw_keeper *k);

/* Where the gateway answers when neither configuration nor command line say: NULL when there is no
 * such place. */
const char *tw_default_socket(void);
