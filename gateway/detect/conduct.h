#pragma once
/* What AI systems were given, and what they did: what their prompts hold. Bounded, event time; fed
 * with every event, in order. Its parts are in files of their names. Inside detect/. */

#include "detect/state.h"

struct tw_conduct;
/* NULL when memory is short. */
struct tw_conduct *tw_conduct_new(void);
void tw_conduct_free(struct tw_conduct *c);
void tw_conduct_adopt(struct tw_conduct *c, struct tw_conduct *old);
/* Say in `facts` what is known of the event's past, then learn from it. */
void tw_conduct_event(struct tw_conduct *c, const struct tw_event *e, struct tw_facts *facts);
uint64_t tw_conduct_evictions(const struct tw_conduct *c);

/* What prompts, policies, lists of tools and configurations of AI systems hold: to publish the same
 * again, as many do when they start, is no change. The 4,096 used last. */
struct tw_contents;
struct tw_contents *tw_contents_new(void);
void tw_contents_free(struct tw_contents *c);
void tw_contents_adopt(struct tw_contents *c, struct tw_contents *old);
/* Set facts->variable.changed, then learn. */
void tw_contents_event(struct tw_contents *c, const struct tw_event *e, struct tw_facts *facts);
uint64_t tw_contents_evictions(const struct tw_contents *c);
