#pragma once
/* An AI system that acts otherwise than it was learned to. baseline/ makes an event of action
 * `deviation` for it, from the act at hand. */

#include <stdint.h>

#include "base/str.h"

enum tw_departure_kind {
    TW_DEPARTURE_SEQUENCE, /* a command that hardly ever followed the one before */
    TW_DEPARTURE_PACE,     /* it acts more often, for too long */
    TW_DEPARTURE_HOURS,    /* it acts at a time of the week at which it hardly ever did */
    TW_DEPARTURE_HISTORY,  /* it reads more history within an hour */
    TW_DEPARTURE_EGRESS,   /* it sends more out of the plant within an hour */
    TW_DEPARTURE_ROUTINE,  /* the shares of what it does are others, for three windows of 5 min */
    TW_DEPARTURE_LIMIT,    /* more of its commands to this target are at a limit of the range */
    TW_DEPARTURE_KINDS
};
/* "sequence" … "limit" */
const char *tw_departure_name(enum tw_departure_kind kind);

struct tw_departure {
    enum tw_departure_kind kind;
    /* SEQUENCE: the step, how often it was learned, and how often any from the same command.
     * PACE: acts a minute. ROUTINE: divergence of shares, 0 to 1, and how much was learned. HOURS,
     * LIMIT: shares in %. HISTORY, EGRESS: bytes within an hour. */
    double now, usual;
    struct tw_str before, after; /* SEQUENCE: the two commands */
    /* ROUTINE: what it does more than it used to, and to what; in % of all that it does. */
    const char *action, *on;
    double share, share_usual;
    double samples; /* that `usual` was learned from */
};
