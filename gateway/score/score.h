#pragma once
/* Evidence to score to severity, and the risk of an actor over time. Whoever has a tw_risks calls
 * it from one thread. IEEE doubles in a fixed order of operations; only rounded figures are
 * published. */

#include "event/facts.h"

enum tw_severity { TW_SEV_INFO, TW_SEV_LOW, TW_SEV_MEDIUM, TW_SEV_HIGH, TW_SEV_CRITICAL };
const char *tw_severity_name(enum tw_severity s);
bool tw_severity_of(struct tw_str name, enum tw_severity *out);
/* info < 20 <= low < 40 <= medium < 60 <= high < 80 <= critical */
enum tw_severity tw_severity_of_score(int score);

struct tw_score_input {
    char evidence;   /* D S M W */
    double strength; /* 0 to 1 */
    double severity; /* 0 to 100 */
    enum tw_actor_kind kind;
    enum tw_tier tier;
    enum tw_importance importance;
    double context; /* 0.1 to 4, 1 when nothing applies */
    double floor;   /* 0: none */
};
struct tw_score {
    double p; /* rounded to six decimals: what the alert prints and the score is made of */
    double tier_factor, asset_factor, context_factor;
    bool floored; /* the floor decided */
    int score;    /* 0 to 100 */
    enum tw_severity severity;
};
struct tw_score tw_score_of(const struct tw_score_input *in);

/* Risk: per actor, the strongest evidence of each rule, decaying with its family's half-life. */
struct tw_risks;
struct tw_risks *tw_risks_new(size_t capacity);
void tw_risks_free(struct tw_risks *r);
/* Note a finding and return the actor's present risk, 0 to 100. */
int tw_risks_add(struct tw_risks *r, struct tw_str actor, const char *family, const char *rule_id,
    const struct tw_score_input *in, const struct tw_score *score, int64_t ts_ns);
/* Present risk without adding; and the rules that carry it, strongest first (at most n), good until
 * the next finding is noted. */
int tw_risks_now(struct tw_risks *r, struct tw_str actor, int64_t ts_ns);
size_t tw_risks_reasons(
    struct tw_risks *r, struct tw_str actor, int64_t ts_ns, const char **out_rule_ids, size_t n);
