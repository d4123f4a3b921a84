#pragma once
/* What a loaded rule is, for people: what it is asked of, what it looks at, what it remembers. */

#include "base/text.h"
#include "detect/detect.h"

struct tw_exception_info {
    struct tw_str name, reason, owner;
    int64_t expires_ns;
};

/* All of them append to `out`. `i` is the place of the rule (tw_rules_at()). */

/* Its condition, macros put in, in the order of evaluation; empty when a sequence has none. */
void tw_rule_explain_when(const struct tw_rules *r, size_t i, struct tw_text *out);
/* Names of the actions by which it is found; "all". */
void tw_rule_explain_actions(const struct tw_rules *r, size_t i, struct tw_text *out);
/* "T2, T3, T4", "everybody", … */
void tw_rule_explain_tiers(const struct tw_rules *r, size_t i, struct tw_text *out);
/* Window, sequence, absence …, one a line. */
void tw_rule_explain_memory(const struct tw_rules *r, size_t i, struct tw_text *out);
/* What repeats are folded by, and for how long. */
void tw_rule_explain_suppress(const struct tw_rules *r, size_t i, struct tw_text *out);

/* Names of the fields that its conditions look at, each once. */
void tw_rule_reads(
    const struct tw_rules *r, size_t i, void (*fn)(void *user, const char *name), void *user);
/* What its condition costs at most, in comparisons of numbers; and in a word: cheap, moderate or
 * expensive. */
unsigned tw_rule_cost(const struct tw_rules *r, size_t i, const char **out_class);

size_t tw_rule_exceptions(const struct tw_rules *r, size_t i);
struct tw_exception_info tw_rule_exception(
    const struct tw_rules *r, size_t i, size_t exception, struct tw_text *out_when);
