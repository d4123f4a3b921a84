#pragma once
/* What an AI system does all week: which command follows which, how often it acts and when, how
 * much history it reads and how much it sends out of the plant, how often its commands are at a
 * limit. Learned as the values of series are, judged with each of its acts. Inside baseline/, but
 * for the judge. */

#include "base/hash.h"
#include "baseline/mix.h"
#include "event/facts.h"

enum {
    TW_PRACTICE_CLASSES = 64, /* of commands; the last one is of all others */
    TW_PRACTICE_TARGETS = 32,
    TW_PRACTICE_NAME = 96,
    TW_PRACTICE_HOURS = 168 /* of a week, from Monday 0:00 UTC on */
};

struct tw_practice_target {
    struct tw_str on; /* id of the variable */
    double commands, at_limit;
};

struct tw_practice_volume {
    double hours, q999; /* with any bytes; 99.9th percentile of their bytes */
};

struct tw_practice {
    struct tw_str ai_system;
    double seconds; /* of learning time in which anything was seen */
    double acts;
    double excursion; /* of the sum that judges the pace, see tw_pace_add() */
    uint32_t n_classes, n_targets;
    struct tw_str classes[TW_PRACTICE_CLASSES]; /* "kiln.fan up" */
    uint32_t steps[TW_PRACTICE_CLASSES][TW_PRACTICE_CLASSES];
    struct tw_practice_target targets[TW_PRACTICE_TARGETS];
    uint32_t hours[TW_PRACTICE_HOURS];
    struct tw_practice_volume history, egress;
    struct tw_mix mix; /* of all that it does, and how far windows of 5 min were from it */
    double windows, divergence;
};

/* The window of five minutes that acts fall into. */
struct tw_practice_window {
    int64_t begin_ns; /* 0: none yet */
    struct tw_mix mix;
};
/* Has it ended before `ts_ns`? Then it begins anew; `out` is what it was, empty where it says
 * nothing: too few acts, or a pause. */
bool tw_practice_window_ends(struct tw_practice_window *w, int64_t ts_ns, struct tw_mix *out);

/* What an event is to the practice of the AI system that acts. */
struct tw_practice_deed {
    bool act;      /* something that it sets in motion and that was not refused */
    double egress; /* bytes sent out of the plant; 0: none */
    unsigned cell; /* of its mix; TW_MIX_CELLS: none */
};
/* False when it is nothing of all that, or no AI system acts. */
bool tw_practice_deed_of(
    const struct tw_event *e, const struct tw_facts *f, struct tw_practice_deed *out);
unsigned tw_practice_hour(int64_t ts_ns);
/* Bytes of history that the event is about; 0: none. */
double tw_practice_history(const struct tw_event *e, uint64_t *last_packet);
/* Of a command whose variable has a range: is it at one of its limits? */
bool tw_practice_limit(const struct tw_event *e, const struct tw_facts *f, bool *out_at_limit);

/* The class of a command: its target, and which way it goes from the one before. */
struct tw_practice_trace {
    struct {
        uint64_t target; /* 0: free */
        double value;
    } last[TW_PRACTICE_CLASSES];
    unsigned next; /* to be taken for a new one */
    int before;    /* class of the command before; -1: none */
    int64_t before_ns;
};
/* The class's name, borrowed from `out`; absent where it has none that the file can hold. */
struct tw_str tw_practice_class(struct tw_practice_trace *t, struct tw_seed seed,
    const struct tw_event *e, const struct tw_facts *f, char out[TW_PRACTICE_NAME]);
/* Its place among `n` names; -1: it is none of them. */
int tw_practice_find(const struct tw_str *classes, size_t n, struct tw_str name);

/* Page's sum for counts in time: each act adds one, and what acts at the usual pace and half as
 * much again would take it down [a rate of twice the usual against the usual]. */
struct tw_pace {
    double sum;
    int64_t last_ns;
};
static inline double tw_pace_add(struct tw_pace *p, double per_s, int64_t ts_ns)
{
    const double slack = per_s / 0.6931471805599453; /* (2r - r) / ln 2 */
    const double passed_s = (double)(ts_ns - p->last_ns) / 1e9;
    const double left = p->sum - slack * (passed_s > 0 ? passed_s : 0);
    p->sum = (left > 0 ? left : 0) + 1;
    p->last_ns = ts_ns;
    return p->sum;
}

/* ---- learning */

struct tw_practice_learner;
/* NULL when memory is short. */
struct tw_practice_learner *tw_practice_learner_new(void);
void tw_practice_learner_free(struct tw_practice_learner *l);
/* `observed_s`: of learning time so far; `hole_ns`: what lies before it joins nothing after it. */
void tw_practice_learner_event(struct tw_practice_learner *l, const struct tw_event *e,
    const struct tw_facts *f, double observed_s, int64_t hole_ns);
/* By id. Good until the next event; NULL when memory is short. To be freed. */
struct tw_practice *tw_practice_learner_list(
    struct tw_practice_learner *l, double observed_s, size_t *out_n);
uint64_t tw_practice_learner_evictions(const struct tw_practice_learner *l);

/* ---- the file */

struct tw_text;
struct tw_yaml;
struct tw_diags;
struct tw_node;
/* How many values it is of, its keys among them, or fewer. */
size_t tw_practice_values(const struct tw_practice *list, size_t n);
/* The member "systems". */
void tw_practice_write(struct tw_text *out, const struct tw_practice *list, size_t n);
/* NULL, with a diagnostic, when it is none. To be freed. */
struct tw_practice *tw_practice_load(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *list, size_t *out_n);
