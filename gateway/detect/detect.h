#pragma once
/* Rules: load, check, compile, evaluate. Rules are indexed by action, so an event
 * meets only those that can match it. State (windows, approvals, open changes) is bounded and lives
 * in event time. Used by the analysis thread. */

#include "config/yaml.h"
#include "event/plain_value.h"
#include "event/facts.h"
#include "registry/registry.h"

enum tw_evidence { TW_EVIDENCE_D, TW_EVIDENCE_S, TW_EVIDENCE_M, TW_EVIDENCE_W };

struct tw_rule_info {
    const char *id, *name, *family, *status, *advice;
    unsigned rev;
    enum tw_evidence evidence;
    double severity; /* 0 to 100 */
    double floor[6]; /* by enum tw_tier; NONE: for actors without a tier. 0: no floor */
    const char *const *tags;
    size_t n_tags;
    bool safety; /* context factors never touch its floor */
    bool shadow; /* matches are counted, and nothing comes of them */
    bool own;    /* the gateway's own: in no rule set, so no reload ends its alerts */
};

/* One match of one rule. Views are good during the callback. */
struct tw_finding {
    const struct tw_rule_info *rule;
    const struct tw_event *event;
    const struct tw_facts *facts;
    int64_t ts_ns;             /* of the event, or the deadline that passed */
    struct tw_str key;         /* what repeats fold on: rule id and the `suppress.by` values */
    int64_t window_ns;         /* the suppression window */
    double strength;           /* 0 to 1 */
    enum tw_evidence evidence; /* the rule's class, or a stronger one that this match earned */
    double floor;              /* that applies to this match, 0 for none */
    struct tw_str summary;
    const struct tw_value *observed; /* may be NULL */
    struct tw_str expected_json;     /* {"range":[20,90]}; absent when there is nothing to say */
    uint64_t packets[8]; /* that prove it, ascending: the window's first ones and the last */
    size_t n_packets;
    double window_count; /* count or distinct of a window, else 1 */
    unsigned
        readable_percent; /* coverage: 100 unless the actor's payload is partly encrypted or lost */
};
typedef void (*tw_finding_fn)(void *user, const struct tw_finding *finding);

struct tw_rules;

/* Load files and folders (every *.yaml and *.yml in it, by name, not those under tests/ or lists/).
 * NULL when there were errors; all of them are in `diags`. */
struct tw_rules *tw_rules_load(const char *const *paths, size_t n_paths, struct tw_diags *diags);
/* The same, and warnings about what is rather not meant: W001 a list that nothing uses, W002 a
 * macro, W003 a rule that is asked of every event, W004 an exception that has expired, W005 a
 * stable rule without a test. */
struct tw_rules_lint {
    int64_t now_ns;
    bool (*has_test)(void *user, const char *rule); /* NULL: W005 is not looked for */
    void *user;
};
struct tw_rules *tw_rules_check(const char *const *paths, size_t n_paths,
    const struct tw_rules_lint *lint, struct tw_diags *diags);
void tw_rules_free(struct tw_rules *r);
size_t tw_rules_count(const struct tw_rules *r);
const struct tw_rule_info *tw_rules_at(const struct tw_rules *r, size_t i);
/* NULL when there is none. */
const struct tw_rule_info *tw_rules_find(const struct tw_rules *r, const char *id);
/* "sha256:…" over the rules' files, the same wherever they are installed. */
const char *tw_rules_digest(const struct tw_rules *r);
void tw_rules_schema(struct tw_text *out);

struct tw_detect;

/* State for one run. `registry` and `rules` outlive it. NULL when memory is short. */
struct tw_detect *tw_detect_new(
    const struct tw_rules *rules, const struct tw_registry *registry, tw_finding_fn fn, void *user);
void tw_detect_free(struct tw_detect *d);
/* Go on where `old` stood, with other rules or another inventory. What rules remember is kept where
 * the rule has the same id and revision, and remembers the same things. `d` has seen no event;
 * `old` is then only to be freed, and its rules and registry must live until here. */
void tw_detect_adopt(struct tw_detect *d, struct tw_detect *old);

/* Add to `facts` what happened before (approvals, changes, reports) and give every match to fn. */
void tw_detect_event(struct tw_detect *d, const struct tw_event *event, struct tw_facts *facts);
/* True for a data change that no rule can match, as others like it showed: it is counted, and
 * neither tw_detect_event() nor more facts than those of its session are needed. */
bool tw_detect_pass(
    struct tw_detect *d, const struct tw_event *event, const struct tw_session_facts *facts);
/* The same for the first so many of a list [tw_pass_values_fn], with the note of each: how many. */
uint32_t tw_detect_pass_values(struct tw_detect *d, const struct tw_event *message,
    const struct tw_session_facts *facts, const struct tw_plain_value *values,
    struct tw_thing_note *const *notes, uint32_t n);
/* The same for a read or a delivery, with all that session/ knows of it. */
bool tw_detect_is_quiet(
    struct tw_detect *d, const struct tw_event *event, const struct tw_session_facts *facts);
/* Was this message seen last by tw_detect_event(), so that leaves of it may pass? */
bool tw_detect_passes_leaves(const struct tw_detect *d, const struct tw_event *message);
/* True for a leaf that no rule can match and nothing is remembered of, whatever its name: it is
 * counted. It is of the message that tw_detect_event() saw last, with the facts in `facts`, and
 * nothing is declared about it [tw_registry_is_declared()]. */
bool tw_detect_pass_leaf(struct tw_detect *d, const struct tw_event *leaf,
    const struct tw_session_facts *session, struct tw_facts *facts);
/* Event time passed `now_ns`: windows close. */
void tw_detect_tick(struct tw_detect *d, int64_t now_ns);

enum { TW_SHADOW_SHOWN = 32 };

/* Matches of a rule in shadow mode. */
struct tw_shadow_count {
    const char *rule;
    uint64_t n;
};

struct tw_detect_stats {
    uint64_t events, evaluated, matched, window_evictions;
    uint64_t state_evictions; /* last values and commands that were forgotten for room */
    uint64_t pattern_limits;  /* texts on which a regular expression was given up */
    uint64_t expired;         /* matches that an exception which has expired would have excused */
    uint64_t shadowed;        /* matches of rules in shadow mode; by rule as far as there is room */
    size_t n_shadow;
    struct tw_shadow_count shadow[TW_SHADOW_SHOWN];
};
struct tw_detect_stats tw_detect_stats(const struct tw_detect *d);
