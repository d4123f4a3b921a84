#pragma once
/* The words of an alert: what a finding says about itself, as pieces of the JSON line that stay the
 * same while repeats are folded, and the line put together from them. Used by alert.c. */

#include "alert/alert.h"
#include "base/text.h"

/* Pieces of one text, in this order. Those of JSON begin with their comma. */
enum tw_alert_piece {
    TW_PIECE_WHO,     /* rule, family, actor, target */
    TW_PIECE_WHAT,    /* summary, observed, expected, why */
    TW_PIECE_PROOF,   /* evidence, up to its packets */
    TW_PIECE_FLOW,    /* the rest of evidence */
    TW_PIECE_ADVICE,  /* tags, tlp, advice */
    TW_PIECE_RULE,    /* plain text from here on: rule id with its terminator, */
    TW_PIECE_ACTOR,   /* id or address, */
    TW_PIECE_TARGET,  /* asset and object, */
    TW_PIECE_SUMMARY, /* the summary */
    TW_PIECES
};

struct tw_alert_text {
    const char *p;
    size_t at[TW_PIECES + 1];
};

static inline struct tw_str tw_alert_piece(const struct tw_alert_text *t, enum tw_alert_piece piece)
{
    return (struct tw_str){t->p + t->at[piece], t->at[piece + 1] - t->at[piece]};
}

/* What the score of a finding is made of. */
struct tw_score_input tw_alert_score_input(const struct tw_finding *finding);

/* Id or address of the actor, written to `out` when it is an address. */
struct tw_str tw_alert_actor(const struct tw_finding *finding, char out[TW_IP_TEXT]);

/* UUID version 5 over what makes this alert this one. */
void tw_alert_id(
    struct tw_text *scratch, const char *ruleset, const struct tw_finding *finding, char out[37]);

/* All pieces of a finding, appended to an empty `out`; `out_at` are their places. */
void tw_alert_pieces(struct tw_text *out, const struct tw_alerts_config *config,
    const struct tw_finding *finding, const struct tw_score_input *input,
    const struct tw_score *score, size_t out_at[TW_PIECES + 1]);

/* What changes from line to line. */
struct tw_alert_state {
    const char *id;
    enum tw_severity severity;
    int score, risk;
    enum tw_tier tier;
    uint64_t count;
    int64_t first_ns, last_ns;
    bool nano;
    unsigned readable_percent;
    const uint64_t *packets;
    size_t n_packets;
    const char *ruleset, *inventory; /* digests: by which it was opened; by which it says this */
    bool by_baseline;                /* it says that something is not what was learned */
};
void tw_alert_line(struct tw_text *out, const struct tw_alerts_config *config,
    const struct tw_alert_text *text, const struct tw_alert_state *state);
