#pragma once
/* A compiled rule, and the set of them. Immutable after loading. */

#include "detect/by.h"
#include "detect/detect.h"
#include "detect/expr.h"
#include "detect/template.h"

enum {
    TW_RULE_MAX_UPGRADES = 4,
    TW_RULE_MAX_EXPECTED = 6,
    TW_RULE_MAX_COUNT = 1024, /* counted one by one */
    TW_RULE_MAX_TALLY = 1000000
};

/* Floors by tier; actors without one: as written for them, unregistered else as T3. */
struct tw_floors {
    double tier[6];
    double asset, unregistered;
};

struct tw_upgrade {
    struct tw_program when;
    enum tw_evidence evidence;
    bool has_floor;
    struct tw_floors floor;
};

struct tw_exception {
    struct tw_str name, reason, owner;
    struct tw_program when;
    int64_t expires_ns;
};

enum tw_window_kind { TW_WINDOW_COUNT, TW_WINDOW_DISTINCT, TW_WINDOW_SUM, TW_WINDOW_RATE };

struct tw_window_spec {
    int64_t over_ns; /* 0: no window */
    enum tw_window_kind kind;
    const struct tw_field *field; /* whose values differ or add up; NULL: events count */
    double least;                 /* a rate is per second */
    bool exact;                   /* COUNT and DISTINCT of at most TW_RULE_MAX_COUNT: one by one */
    struct tw_by by;
};

enum { TW_SEQUENCE_MAX_STEPS = 8 };

struct tw_sequence_spec {
    size_t n; /* 0: no sequence */
    int64_t within_ns;
    struct tw_by by;
    struct tw_program steps[TW_SEQUENCE_MAX_STEPS];
    uint32_t actions; /* of any step */
};

/* What has to come after what the rule is about. */
struct tw_absence_spec {
    int64_t within_ns; /* 0: nothing has to */
    struct tw_program of;
    struct tw_by by;
};

struct tw_sprt_spec {
    bool used;
    struct tw_program bad;
    struct tw_by by;
    double step_bad, step_good, accept, reject; /* log likelihood ratios; `reject` raises */
};

struct tw_hold_spec {
    int64_t for_ns; /* 0: never held */
    struct tw_program when;
    struct tw_by by;
};

struct tw_expected {
    const char *key;
    const struct tw_field *field; /* NULL: `text` as it is */
    struct tw_str text;
};

enum tw_observed { TW_OBSERVED_VALUE, TW_OBSERVED_FIELD, TW_OBSERVED_COUNT };

/* What a match says of its object, for what happens later: a text that talks to models, or values
 * that are not to be trusted. */
enum tw_mark { TW_MARK_NONE, TW_MARK_INJECTED, TW_MARK_DOUBTFUL };

struct tw_rule {
    struct tw_rule_info info; /* first: findings point to it */
    enum tw_mark mark;
    bool enabled;
    struct tw_program when;
    uint64_t recall_key; /* id and revision: under which its calls remember */
    bool has_tiers, for_assets;
    bool tiers[6];
    struct tw_floors floor;
    struct tw_by suppress;
    int64_t suppress_ns;
    struct tw_window_spec window;
    struct tw_sprt_spec sprt;
    struct tw_hold_spec hold;
    struct tw_sequence_spec sequence;
    struct tw_absence_spec absence;
    struct tw_upgrade upgrades[TW_RULE_MAX_UPGRADES];
    size_t n_upgrades;
    struct tw_exception *exceptions;
    size_t n_exceptions;
    struct tw_template output;
    enum tw_observed observed;
    const struct tw_field *observed_field;
    struct tw_expected expected[TW_RULE_MAX_EXPECTED];
    size_t n_expected;
    const struct tw_yaml *yaml; /* while loading */
    const struct tw_node *node;
};

struct tw_rules {
    struct tw_blocks blocks;
    struct tw_rule *list;
    size_t n, n_calls; /* n_calls: of all rules */
    /* Rules that an event of an action can match or hold, ascending. */
    uint16_t *by_action[TW_ACTION_COUNT];
    size_t n_by_action[TW_ACTION_COUNT];
    const struct tw_pattern *patterns;
    char digest[80];
};

/* The format, for checking and for tw_rules_schema(). */
extern const struct tw_key tw_rule_file_keys[];
extern const char *const tw_rule_tier_names[];
extern const char *const tw_rule_mark_names[]; /* from INJECTED on */

/* Fill `out` from one item of `rules:`; what is wrong is reported. */
void tw_rule_read(const struct tw_expr_place *at, struct tw_rule *out);
