#pragma once
/* What expressions remember: first_seen(), changed(), delta(), rate_of_change() and age(). Each
 * place in a rule where one stands remembers for itself, by key; it learns from the events of which
 * it is asked, which are those for which everything beside it holds. One table for all rules, which
 * forgets what was used least recently; event time; the analysis thread. */

#include "detect/by.h"

enum tw_call_kind {
    TW_CALL_FIRST_SEEN, /* the value was not there before, under this key */
    TW_CALL_CHANGED,    /* it is another one than the last one */
    TW_CALL_DELTA,      /* number minus the last one */
    TW_CALL_RATE,       /* that per second; less than 1 s counts as 1 s */
    TW_CALL_AGE,        /* seconds since the last one */
};

struct tw_call {
    enum tw_call_kind kind;
    const struct tw_field *of;
    struct tw_by by;
    int64_t after_ns; /* first_seen: the key is known for so long */
};

struct tw_recall;
/* NULL when memory is short. */
struct tw_recall *tw_recall_new(struct tw_seed seed);
void tw_recall_free(struct tw_recall *r);
uint64_t tw_recall_evictions(const struct tw_recall *r);

/* Which rule asks: its id and revision as a number, so that a rule keeps what it knows when rules
 * are loaded anew. */
struct tw_recall_at {
    struct tw_recall *recall;
    uint64_t rule;
};

/* What the call at place `slot` of the rule comes to, and learn. False when it has no value: a
 * field is absent, or this is the first one. Truths are 0 and 1. */
bool tw_recall_ask(const struct tw_recall_at *at, uint32_t slot, const struct tw_call *call,
    const struct tw_scene *scene, double *out);
