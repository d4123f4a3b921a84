#pragma once
/* What an AI system sets in motion, and under what: stops, the quality of its inputs. Part of
 * state.h's state; the parts are put together by acts.c. Inside detect/. */

#include "detect/state.h"

/* May set facts->act, which is good until the next event. False for an event that nothing is
 * learned from, and neither is from others that differ from it in the value only. */
struct tw_acts;
struct tw_acts *tw_acts_new(const struct tw_registry *registry, const struct tw_pulse *pulse);
void tw_acts_free(struct tw_acts *a);
bool tw_acts_event(struct tw_acts *a, const struct tw_event *e, struct tw_facts *facts);
/* Another number whenever values count that did not before. */
uint64_t tw_acts_epoch(const struct tw_acts *a);

/* The parts: `event` learns, and is true for what has to be seen again; `judge` fills its facts of
 * an act. */
struct tw_stops;
struct tw_stops *tw_stops_new(const struct tw_registry *registry, const struct tw_pulse *pulse);
void tw_stops_free(struct tw_stops *s);
bool tw_stops_event(struct tw_stops *s, const struct tw_event *e, const struct tw_facts *facts);
void tw_stops_judge(const struct tw_stops *s, const struct tw_event *e,
    const struct tw_facts *facts, struct tw_act_facts *out);

/* Values that an AI system is given of its inputs. Good ones count only behind a poor one. */
struct tw_inputs;
struct tw_inputs *tw_inputs_new(const struct tw_registry *registry, const struct tw_pulse *pulse);
void tw_inputs_free(struct tw_inputs *in);
bool tw_inputs_event(struct tw_inputs *in, const struct tw_event *e, const struct tw_facts *facts);
void tw_inputs_judge(const struct tw_inputs *in, const struct tw_event *e,
    const struct tw_facts *facts, struct tw_act_facts *out);
uint64_t tw_inputs_epoch(const struct tw_inputs *in);
