#pragma once
/* What AI systems were given, and what they did: which texts and inputs reached them, what came
 * from other AI systems, what they never did before, what their prompts hold. Bounded, event time;
 * fed with every event, in order. The parts are in files of their names, put together by conduct.c.
 * Inside detect/. */

#include "detect/rule.h"
#include "detect/state.h"

struct tw_conduct;
/* NULL when memory is short. */
struct tw_conduct *tw_conduct_new(const struct tw_registry *registry, const struct tw_pulse *pulse);
void tw_conduct_free(struct tw_conduct *c);
void tw_conduct_adopt(struct tw_conduct *c, struct tw_conduct *old);
/* Say in `facts` what is known of the event's past, then learn from it. facts->conduct, claim
 * and routine are good until the next event. True where its value counts: others that differ from
 * it in the value only have to be seen, too. */
bool tw_conduct_event(struct tw_conduct *c, const struct tw_event *e, struct tw_facts *facts);
/* A rule that marks what it matches (tw_rule.mark) matched the event. */
void tw_conduct_mark(struct tw_conduct *c, const struct tw_rule *rule, const struct tw_event *e,
    const struct tw_facts *facts);
uint64_t tw_conduct_evictions(const struct tw_conduct *c);

/* The AI systems of an inventory and those of the one before: `before[i]` is the place of the i-th
 * among those, n_before where it was not there. */
struct tw_conduct_order {
    const size_t *before;
    size_t n, n_before;
};

/* What prompts, policies, lists of tools and configurations of AI systems hold: to publish the same
 * again, as many do when they start, is no change. The 4,096 used last. */
struct tw_contents;
struct tw_contents *tw_contents_new(void);
void tw_contents_free(struct tw_contents *c);
void tw_contents_adopt(struct tw_contents *c, struct tw_contents *old);
/* Set facts->variable.changed, then learn. */
void tw_contents_event(struct tw_contents *c, const struct tw_event *e, struct tw_facts *facts);
uint64_t tw_contents_evictions(const struct tw_contents *c);

/* What each of `n` AI systems did to what, up to 4,096 such deeds of one and 65,536 of all: nothing
 * is said of who does more. What it never did is told from five minutes on. */
struct tw_deeds;
struct tw_deeds *tw_deeds_new(size_t n);
void tw_deeds_free(struct tw_deeds *d);
void tw_deeds_adopt(struct tw_deeds *d, struct tw_deeds *old, const struct tw_conduct_order *order);
/* True when `out` was written. */
bool tw_deeds_event(struct tw_deeds *d, const struct tw_event *e, const struct tw_facts *facts,
    struct tw_conduct_facts *out);

/* Names under which an address connects that the inventory does not know, for an hour; of the 1,024
 * addresses that did last, up to 32 names of each. */
struct tw_names_seen;
struct tw_names_seen *tw_names_seen_new(void);
void tw_names_seen_free(struct tw_names_seen *s);
void tw_names_seen_adopt(struct tw_names_seen *s, struct tw_names_seen *old);
bool tw_names_seen_event(struct tw_names_seen *s, const struct tw_event *e,
    const struct tw_facts *facts, struct tw_conduct_facts *out);
uint64_t tw_names_seen_evictions(const struct tw_names_seen *s);

/* Objects that rules marked, the 1,024 last, and the marked text that each AI system was given. */
struct tw_marks;
struct tw_marks *tw_marks_new(size_t n);
void tw_marks_free(struct tw_marks *m);
void tw_marks_adopt(struct tw_marks *m, struct tw_marks *old, const struct tw_conduct_order *order);
bool tw_marks_event(struct tw_marks *m, const struct tw_event *e, const struct tw_facts *facts,
    struct tw_conduct_facts *out);
void tw_marks_set(struct tw_marks *m, const struct tw_rule *rule, const struct tw_event *e,
    const struct tw_facts *facts);
uint64_t tw_marks_evictions(const struct tw_marks *m);

/* From what each AI system decides: what reached it of its declared inputs, and what it does to a
 * target while they are alike; of the 16,384 such habits used last. Notifications that pass unseen
 * need not be seen: a subscription is an input as long as it lives, and then no habits are judged.
 */
struct tw_basis;
struct tw_basis *tw_basis_new(
    const struct tw_registry *registry, const struct tw_pulse *pulse, size_t n);
void tw_basis_free(struct tw_basis *b);
void tw_basis_adopt(struct tw_basis *b, struct tw_basis *old, const struct tw_conduct_order *order);
bool tw_basis_event(struct tw_basis *b, const struct tw_event *e, const struct tw_facts *facts,
    struct tw_conduct_facts *out);
uint64_t tw_basis_evictions(const struct tw_basis *b);

/* What AI systems put into the declared inputs of others, who act on it within 30 s, or send it
 * back. Not taken over: it is short. */
struct tw_chains;
struct tw_chains *tw_chains_new(const struct tw_registry *registry, size_t n);
void tw_chains_free(struct tw_chains *c);
bool tw_chains_event(struct tw_chains *c, const struct tw_event *e, const struct tw_facts *facts,
    struct tw_conduct_facts *out);

/* What AI systems say variables are at [registry.h, tw_state_def], against what was seen of these:
 * read within a minute, told, written or published within an hour. Of variables with a range; a
 * value that was left seconds ago is no contradiction. What variables are at is not taken over. */
struct tw_claims;
struct tw_claims *tw_claims_new(
    const struct tw_registry *registry, const struct tw_pulse *pulse, size_t n);
void tw_claims_free(struct tw_claims *c);
void tw_claims_adopt(
    struct tw_claims *c, const struct tw_claims *old, const struct tw_conduct_order *order);
/* Set facts->claim, then learn; true for an event that was learned from, or of its kind. */
bool tw_claims_event(struct tw_claims *c, const struct tw_event *e, struct tw_facts *facts);

/* What each of `n` AI systems does to what class of target, in shares of each 5 min, against its
 * first hour (twelve such windows), by the divergence of Jensen and Shannon. Learned anew after a
 * change order, or when it reports another version. */
struct tw_routines;
struct tw_routines *tw_routines_new(const struct tw_pulse *pulse, size_t n);
void tw_routines_free(struct tw_routines *r);
void tw_routines_adopt(
    struct tw_routines *r, const struct tw_routines *old, const struct tw_conduct_order *order);
/* Set facts->routine with the act that ends a window, then learn. */
void tw_routines_event(struct tw_routines *r, const struct tw_event *e, struct tw_facts *facts);
