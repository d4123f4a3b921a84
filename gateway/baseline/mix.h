#pragma once
/* What an AI system does all day: how many of its acts are of which kind, and on what class of
 * target. */

#include "event/facts.h"

enum {
    TW_MIX_ACTIONS = 11,
    TW_MIX_ROLES = TW_ROLE_MODEL + 1,
    TW_MIX_CLASSES = TW_MIX_ROLES + 3, /* without a variable: servers of OPC UA, brokers, others */
    TW_MIX_CELLS = TW_MIX_ACTIONS * TW_MIX_CLASSES,

    TW_MIX_WINDOW_S = 300,
    TW_MIX_LEAST = 30,  /* acts of a window that say something */
    TW_MIX_IN_A_ROW = 3 /* windows: then it is told, with each one that follows */
};

/* Up to this divergence it is the same behaviour; where windows differed more from each other while
 * they were learned, half as much again. */
#define TW_MIX_LEAST_LIMIT 0.15
#define TW_MIX_MARGIN 1.5

struct tw_mix {
    uint64_t n;
    uint32_t cells[TW_MIX_CELLS];
};

/* Of an act; TW_MIX_CELLS: it is none. Once for each message, and only the actor's own. */
unsigned tw_mix_cell(const struct tw_event *e, const struct tw_facts *f);
const char *tw_mix_action(unsigned cell); /* "write" */
const char *tw_mix_on(unsigned cell);     /* "command" */
/* Jensen and Shannon's, in bits: 0 for equal shares, 1 where nothing is in common. */
double tw_mix_divergence(const struct tw_mix *now, const struct tw_mix *usual);
/* Add a window, and keep the limit above what it differed by. */
void tw_mix_learn(struct tw_mix *usual, const struct tw_mix *window, double *limit);

/* What there is more of than there used to be, most of all; shares in %. */
struct tw_mix_rise {
    const char *action, *on;
    double share, usual;
};
struct tw_mix_rise tw_mix_rise(const struct tw_mix *now, const struct tw_mix *usual);
