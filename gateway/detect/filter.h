#pragma once
/* Which rules can match at all, told by a few facts that most tests ask about: who acts, whether a
 * variable is declared, what kind of value it is. Nearly every event is in these like many before
 * it, so the rules that are left for its likes are kept, with what is left to ask of each, and the
 * others are not asked. */

#include "detect/rule.h"

struct tw_filter;

/* A rule that such an event can match or hold, and what is left to ask of its condition. */
struct tw_left {
    struct tw_rest when;
    uint16_t rule;
};

/* NULL when memory is short. */
struct tw_filter *tw_filter_new(const struct tw_rules *rules);
void tw_filter_free(struct tw_filter *f);
/* The rules, ascending, that such an event can match or hold; good until the next call. */
const struct tw_left *tw_filter_rules(
    struct tw_filter *f, const struct tw_scene *scene, size_t *out_n);
/* The same for who knows already what the event is like. */
const struct tw_left *tw_filter_rules_of(
    struct tw_filter *f, tw_like like, const struct tw_scene *scene, size_t *out_n);
/* The same where an event like it was there before; else NULL. */
const struct tw_left *tw_filter_known(const struct tw_filter *f, tw_like like, size_t *out_n);

/* Can an event that is like this one match the rule or hold it? */
bool tw_rule_can_match(const struct tw_rule *rule, const struct tw_scene *scene);
/* Does the rule apply to such an actor? */
bool tw_rule_concerns(const struct tw_rule *rule, const struct tw_actor_facts *actor);

/* What an event is like, in bits. Equal ones come out equal in every test whose `asks` has none of
 * the bits; a field that is not covered asks TW_LIKE_ANY, which all have. */
#define TW_LIKE_ANY ((tw_like)1 << 127)
tw_like tw_like_of(const struct tw_scene *scene);
/* What a leaf is like, of a message that is like this, when nothing is declared about the leaf and
 * nothing is remembered of its actor: as tw_like_of() of it and such facts. */
tw_like tw_like_of_leaf(tw_like message, const struct tw_event *leaf);
/* A payload of so many bytes is large: only then it matters how many these are to a rule whose
 * limit is above. */
enum { TW_LIKE_LARGE_BYTES = 4096 };
/* The part of it that a value alone decides. */
enum { TW_LIKE_NUMBER, TW_LIKE_TEXT, TW_LIKE_RICH, TW_LIKE_TRUTH, TW_LIKE_OTHER };
unsigned tw_like_text(struct tw_str text);

static inline unsigned tw_like_value(const struct tw_value *v)
{
    switch (v->kind) {
    case TW_VALUE_INT:
    case TW_VALUE_UINT:
        return TW_LIKE_NUMBER;
    case TW_VALUE_FLOAT:
    case TW_VALUE_DOUBLE:
        return tw_value_is_ordinary(v) ? TW_LIKE_NUMBER : TW_LIKE_OTHER;
    case TW_VALUE_STRING:
        return tw_like_text(v->s);
    case TW_VALUE_BOOL:
        return TW_LIKE_TRUTH;
    default:
        return TW_LIKE_OTHER;
    }
}

tw_like tw_like_asks(const struct tw_test *test);
/* Does it ask about the value alone, by what is written in the rule? */
bool tw_like_is_of_value(const struct tw_test *test);
