#pragma once
/* The engine as its own files see it: detect.c makes it, judge.c hands it every event, evaluate.c
 * asks one rule, tell.c says what was found. Inside detect/. */

#include "detect/absence.h"
#include "detect/acts.h"
#include "detect/conduct.h"
#include "detect/filter.h"
#include "detect/quiet.h"
#include "detect/rule.h"
#include "detect/sequence.h"
#include "detect/state.h"
#include "detect/tally.h"
#include "detect/window.h"

enum { TW_COVERAGE_NEAR = 8192, TW_COVERAGE_ID = 48 };

/* What a rule remembers; NULL where it does not. */
struct tw_rule_memory {
    struct tw_windows *windows;
    struct tw_tallies *tallies;
    struct tw_sprts *sprts;
    struct tw_holds *holds;
    struct tw_sequences *sequences;
    struct tw_absences *absences;
    uint64_t shadowed;
};

struct tw_coverage {
    uint64_t events, unread;
};

/* The way to the coverage of actors of the inventory without making a key, as long as none was
 * evicted. */
struct tw_near_coverage {
    struct tw_coverage *coverage;
    uint16_t len; /* 0: free */
    char id[TW_COVERAGE_ID];
};

/* Events of one message differ in a few fields only. Rules that failed on the others are not asked
 * again before the next message. */
struct tw_last_message {
    uint64_t flow, packet, serial, session;
    enum tw_action action;
    bool known;
    struct tw_coverage *coverage; /* of its actor */
    tw_like like;                 /* of its first event */
    bool followed;                /* tw_detect_follows() its actor */
    /* For messages that are like it, by what sort of value its leaves have: was looked at; no rule
     * can match such a leaf, or some have to be asked [leaves.c]. */
    uint32_t leaves_seen, leaves_dull, leaves_asked;
    bool declared; /* variables are among its leaves, or it is one */
    bool plain;    /* the facts that were handed in last are those of such a leaf */
    uint32_t number;
    uint32_t *done; /* by rule: number of the last message that it need not be asked about again */
};

struct tw_detect {
    const struct tw_rules *rules;
    tw_finding_fn fn;
    void *user;
    struct tw_seed seed;
    struct tw_rule_memory *memory;
    size_t n_absences; /* rules that wait for something */
    struct tw_filter *filter;
    struct tw_quiet *quiet;
    const struct tw_registry *registry;
    struct tw_approvals *approvals;
    struct tw_changes *changes;
    struct tw_lasts *lasts;
    struct tw_conduct *conduct;
    struct tw_heartbeats *heartbeats;
    struct tw_recall *recall; /* NULL: no rule remembers by itself */
    struct tw_acts *acts;
    struct tw_pulse pulse;
    struct tw_by actor; /* the field by which coverage is counted */
    struct tw_table *coverage;
    struct tw_near_coverage *near;
    struct tw_last_message message;
    struct tw_text key, summary, expected;
    int64_t first_ns;
    bool started;
    struct tw_detect_stats stats;
};

/* What a rule saw in one event, before it is told. */
struct tw_match {
    double strength, count;
    struct tw_proof proof;
};

struct tw_text_key tw_detect_key(
    struct tw_detect *d, const struct tw_by *by, const struct tw_scene *scene);
/* How much of what its actor did could be read, in percent. */
unsigned tw_detect_readable(struct tw_detect *d, const struct tw_scene *scene);
/* Agents, and those who collect for them, are followed in more ways than rules say. */
bool tw_detect_follows(const struct tw_facts *f);
/* Ask those rules of `list` that are not done with the message. */
void tw_detect_ask(
    struct tw_detect *d, const struct tw_scene *scene, const struct tw_left *list, size_t n);
/* Ask a rule. False when no other event of the same message can match it either. */
bool tw_detect_evaluate(
    struct tw_detect *d, const struct tw_left *left, const struct tw_scene *scene);
/* It matched. */
void tw_detect_tell(
    struct tw_detect *d, size_t rule, const struct tw_scene *scene, const struct tw_match *m);
/* A tw_finding_fn; `detect` is a struct tw_detect. */
void tw_detect_give(void *detect, const struct tw_finding *f);
