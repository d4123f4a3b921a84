#pragma once
/* What an AI system sets in motion, and under what: stops, the quality of its inputs. Part of
 * state.h's state; the parts are put together by acts.c. Inside detect/. */

#include "detect/standing.h"

/* May set facts->act, which is good until the next event. False for an event that nothing is
 * learned from, and neither is from others that differ from it in the value only. */
struct tw_acts;
struct tw_acts *tw_acts_new(const struct tw_registry *registry, const struct tw_pulse *pulse);
void tw_acts_free(struct tw_acts *a);
/* `registry` is the one that `a` was made of; `same_registry`: `old` as well. */
void tw_acts_adopt(
    struct tw_acts *a, struct tw_acts *old, const struct tw_registry *registry, bool same_registry);
bool tw_acts_event(struct tw_acts *a, const struct tw_event *e, struct tw_facts *facts);
/* Told of commands whose effect did not come, with events made for them. */
void tw_acts_tick(struct tw_acts *a, int64_t now_ns, tw_silence_fn fn, void *user);
/* Another number whenever values count that did not before. */
uint64_t tw_acts_epoch(const struct tw_acts *a);
uint64_t tw_acts_evictions(const struct tw_acts *a);

/* A number that somebody, whoever it is, wants a target to have. */
struct tw_command {
    struct tw_place_id target;
    double value;
    double low, span; /* of the declared range; span 0: there is none */
    bool is_quantity; /* it has a unit or a range, and is no truth */
    bool is_accepted;
    int64_t ts_ns, at_ns; /* of the event; of its request */
};

/* The parts: `event` learns, and is true for what has to be seen again; `judge` fills its facts of
 * an act. */
struct tw_stops;
struct tw_stops *tw_stops_new(const struct tw_registry *registry, const struct tw_pulse *pulse);
void tw_stops_free(struct tw_stops *s);
void tw_stops_adopt(struct tw_stops *s, const struct tw_stops *old);
bool tw_stops_event(struct tw_stops *s, const struct tw_event *e, const struct tw_facts *facts);
void tw_stops_judge(const struct tw_stops *s, const struct tw_event *e,
    const struct tw_facts *facts, struct tw_act_facts *out);

/* Values that an AI system is given of its inputs. Good ones count only behind a poor one. */
struct tw_inputs;
struct tw_inputs *tw_inputs_new(const struct tw_registry *registry, const struct tw_pulse *pulse);
void tw_inputs_free(struct tw_inputs *in);
void tw_inputs_adopt(struct tw_inputs *in, const struct tw_inputs *old);
bool tw_inputs_event(struct tw_inputs *in, const struct tw_event *e, const struct tw_facts *facts);
void tw_inputs_judge(const struct tw_inputs *in, const struct tw_event *e,
    const struct tw_facts *facts, struct tw_act_facts *out);
uint64_t tw_inputs_epoch(const struct tw_inputs *in);

/* Who commands what, and whether a person wanted something else a while ago; the 4,096 targets
 * commanded last. `out` NULL: the command is no act of an AI system. */
struct tw_rivals;
struct tw_rivals *tw_rivals_new(const struct tw_pulse *pulse);
void tw_rivals_free(struct tw_rivals *r);
void tw_rivals_adopt(struct tw_rivals *r, struct tw_rivals *old);
void tw_rivals_command(struct tw_rivals *r, const struct tw_command *c,
    const struct tw_facts *facts, struct tw_act_facts *out);
uint64_t tw_rivals_evictions(const struct tw_rivals *r);

/* How commands to a target go: what is usual, back and forth, always the same way, at a limit. */
struct tw_courses;
struct tw_courses *tw_courses_new(const struct tw_pulse *pulse);
void tw_courses_free(struct tw_courses *c);
void tw_courses_adopt(struct tw_courses *c, struct tw_courses *old);
void tw_courses_command(
    struct tw_courses *courses, const struct tw_command *c, struct tw_act_facts *out);
uint64_t tw_courses_evictions(const struct tw_courses *c);

/* How often an AI system acts: token buckets. */
struct tw_budgets;
struct tw_budgets *tw_budgets_new(void);
void tw_budgets_free(struct tw_budgets *b);
void tw_budgets_judge(struct tw_budgets *b, const struct tw_event *e, const struct tw_facts *facts,
    struct tw_act_facts *out);

/* What has to be so before a command is given. What is not known permits everything. */
void tw_permissives_judge(const struct tw_standings *s, const struct tw_event *e,
    const struct tw_facts *facts, struct tw_act_facts *out);

/* Whether the plant follows its commands. `told` is given what a followed variable stands at. */
struct tw_readbacks;
struct tw_readbacks *tw_readbacks_new(const struct tw_registry *registry,
    const struct tw_pulse *pulse, const struct tw_standings *standings);
void tw_readbacks_free(struct tw_readbacks *r);
void tw_readbacks_command(struct tw_readbacks *r, const struct tw_command *c,
    const struct tw_event *e, const struct tw_facts *facts, struct tw_act_facts *out);
void tw_readbacks_told(struct tw_readbacks *r, struct tw_str variable, const struct tw_standing *v);
void tw_readbacks_tick(struct tw_readbacks *r, int64_t now_ns, tw_silence_fn fn, void *user);
