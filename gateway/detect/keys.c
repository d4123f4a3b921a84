/* What a rule file may hold: one table for checking and for the schema that editors use. */

#include "detect/rule.h"

static const char *const statuses[] = {"experimental", "test", "stable", "deprecated", NULL};
static const char *const modes[] = {"active", "shadow", NULL};
static const char *const evidences[] = {"D", "S", "M", "W", NULL};

const char *const tw_rule_mark_names[] = {"injected", "doubtful", NULL};

static const struct tw_key ruleset_keys[] = {
    {"name", TW_KEY_STR, true, NULL, NULL, "Name of the rule set."},
    {"version", TW_KEY_STR, true, NULL, NULL, "Its version, quoted or with two dots."},
    {"description", TW_KEY_STR, false, NULL, NULL, "What it is for."},
    {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
};

static const struct tw_key suppress_keys[] = {
    {"by", TW_KEY_STR_LIST, false, NULL, NULL,
        "Fields; repeats with the same values are folded into one alert."},
    {"for", TW_KEY_DURATION, false, NULL, NULL, "How long, in event time."},
    {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
};

static const struct tw_key exception_keys[] = {
    {"name", TW_KEY_STR, true, NULL, NULL, "Short name, for people."},
    {"when", TW_KEY_STR, true, NULL, NULL, "Expression: matches that are excused."},
    {"reason", TW_KEY_STR, true, NULL, NULL, "Why; a ticket."},
    {"owner", TW_KEY_STR, true, NULL, NULL, "Who answers for it."},
    {"expires", TW_KEY_TIME, true, NULL, NULL,
        "Date (that day included) or time after which it no longer holds, in event time."},
    {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
};

static const struct tw_key window_keys[] = {
    {"over", TW_KEY_DURATION, true, NULL, NULL, "Length of the sliding window, in event time."},
    {"at_least", TW_KEY_ANY, true, NULL, NULL,
        "How many make an alert, up to 1000000; a sum; a rate by second, or such as 6/min."},
    {"distinct", TW_KEY_STR, false, NULL, NULL,
        "Field whose different values are counted (beyond 1024 by estimate); without it, events "
        "are."},
    {"sum", TW_KEY_STR, false, NULL, NULL, "Field whose numbers are added up."},
    {"rate", TW_KEY_STR, false, NULL, NULL,
        "Field whose numbers are added up by second, or \"events\"."},
    {"by", TW_KEY_STR_LIST, false, NULL, NULL, "Fields; each combination has a window of its own."},
    {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
};

static const struct tw_key step_keys[] = {
    {"when", TW_KEY_STR, true, NULL, NULL, "Expression."},
    {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
};

static const struct tw_key sequence_keys[] = {
    {"by", TW_KEY_STR_LIST, false, NULL, NULL, "Fields that the steps have in common."},
    {"within", TW_KEY_DURATION, true, NULL, NULL, "From the first step to the last."},
    {"steps", TW_KEY_LIST, true, NULL, step_keys, "In this order, with anything in between."},
    {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
};

static const struct tw_key absence_keys[] = {
    {"of", TW_KEY_STR, true, NULL, NULL, "Expression: what has to follow."},
    {"by", TW_KEY_STR_LIST, true, NULL, NULL, "Fields that both have in common."},
    {"within", TW_KEY_DURATION, true, NULL, NULL, "How long it may take."},
    {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
};

static const struct tw_key sprt_keys[] = {
    {"bad", TW_KEY_STR, true, NULL, NULL,
        "Expression: which of the matching events are bad; the others are good."},
    {"by", TW_KEY_STR_LIST, false, NULL, NULL, "Fields; each combination has a test of its own."},
    {"p0", TW_KEY_NUMBER, true, NULL, NULL, "Share of bad ones that is normal."},
    {"p1", TW_KEY_NUMBER, true, NULL, NULL, "Share of bad ones that is not."},
    {"alpha", TW_KEY_NUMBER, true, NULL, NULL, "Wanted probability of a false alarm."},
    {"beta", TW_KEY_NUMBER, true, NULL, NULL, "Wanted probability of a miss."},
    {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
};

static const struct tw_key hold_keys[] = {
    {"when", TW_KEY_STR, true, NULL, NULL, "Expression: after such an event the rule is held."},
    {"by", TW_KEY_STR_LIST, true, NULL, NULL, "Fields that the events have in common."},
    {"for", TW_KEY_DURATION, true, NULL, NULL, "How long."},
    {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
};

static const struct tw_key upgrade_keys[] = {
    {"when", TW_KEY_STR, true, NULL, NULL, "Expression: matches that are surer than the rest."},
    {"evidence", TW_KEY_CHOICE, true, evidences, NULL, "Their evidence class."},
    {"floor", TW_KEY_ANY, false, NULL, NULL, "Their floor: a number, or one by tier."},
    {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
};

static const struct tw_key rule_keys[] = {
    {"id", TW_KEY_STR, true, NULL, NULL, "FAMILY-NUMBER, unique."},
    {"name", TW_KEY_STR, true, NULL, NULL, "What it finds, in a few words."},
    {"rev", TW_KEY_INT, true, NULL, NULL, "Grows with every change."},
    {"status", TW_KEY_CHOICE, false, statuses, NULL, "How mature it is."},
    {"family", TW_KEY_STR, false, NULL, NULL, "Family; by default what precedes the dash in `id`."},
    {"enabled", TW_KEY_BOOL, false, NULL, NULL, "false: loaded and checked, never evaluated."},
    {"mode", TW_KEY_CHOICE, false, modes, NULL,
        "shadow: matches are counted in the summary, and no alert comes of them."},
    {"description", TW_KEY_STR, false, NULL, NULL, "Why it exists, for who maintains it."},
    {"when", TW_KEY_STR, false, NULL, NULL,
        "Expression over the fields of `tierwatch fields`; only a sequence can do without."},
    {"tiers", TW_KEY_STR_LIST, false, NULL, NULL,
        "AI systems of these tiers only (unregistered systems count as T3; assets not at all)."},
    {"assets", TW_KEY_BOOL, false, NULL, NULL, "With `tiers`: assets too."},
    {"evidence", TW_KEY_CHOICE, true, evidences, NULL,
        "How surely a match is a real problem: Deterministic, Strong, Moderate, Weak."},
    {"severity", TW_KEY_NUMBER, true, NULL, NULL, "0 to 100, at T2."},
    {"floor", TW_KEY_ANY, false, NULL, NULL,
        "Least score: a number for everybody, or a map of T0…T4, assets, unregistered."},
    {"safety", TW_KEY_BOOL, false, NULL, NULL, "Context never lowers its floor."},
    {"window", TW_KEY_MAP, false, NULL, window_keys, "Alert when so many match within a time."},
    {"sprt", TW_KEY_MAP, false, NULL, sprt_keys,
        "Alert when the share of bad ones is too large (sequential probability ratio test)."},
    {"hold", TW_KEY_MAP, false, NULL, hold_keys, "Be silent for a while after something else."},
    {"sequence", TW_KEY_MAP, false, NULL, sequence_keys, "Alert when steps follow each other."},
    {"absence", TW_KEY_MAP, false, NULL, absence_keys,
        "Alert when something does not follow what `when` is about."},
    {"upgrade", TW_KEY_LIST, false, NULL, upgrade_keys,
        "Surer evidence for some matches; the first that holds counts."},
    {"marks", TW_KEY_CHOICE, false, tw_rule_mark_names, NULL,
        "What a match says of its object, for other rules: see injected.* and doubt.*."},
    {"suppress", TW_KEY_MAP, false, NULL, suppress_keys,
        "Folding of repeats; by default actor, target and object for 10m."},
    {"exceptions", TW_KEY_LIST, false, NULL, exception_keys,
        "What is excused, why, and until when."},
    {"output", TW_KEY_STR, true, NULL, NULL, "One sentence for people, with %field in it."},
    {"observed", TW_KEY_STR, false, NULL, NULL,
        "Field that the alert shows as observed, or \"count\"; by default the value."},
    {"expected", TW_KEY_MAP, false, NULL, NULL,
        "What the alert shows as expected: key to field, or to a quoted text."},
    {"advice", TW_KEY_STR, false, NULL, NULL, "What to do, in a sentence."},
    {"tags", TW_KEY_STR_LIST, false, NULL, NULL, "attack.ics.…, atlas.…, owasp.…"},
    {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
};

const struct tw_key tw_rule_file_keys[] = {
    {"required_engine", TW_KEY_STR, false, NULL, NULL,
        "Versions of tierwatch that can use it: \">=1.0\"."},
    {"ruleset", TW_KEY_MAP, false, NULL, ruleset_keys, "What this file is part of."},
    {"lists", TW_KEY_MAP, false, NULL, NULL,
        "Named lists of texts, or {file: PATH} with one a line; used as @name."},
    {"macros", TW_KEY_MAP, false, NULL, NULL, "Named expressions; used by their name."},
    {"rules", TW_KEY_LIST, false, NULL, rule_keys, "The rules."},
    {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
};

void tw_rules_schema(struct tw_text *out)
{
    tw_keys_schema(out, tw_rule_file_keys, "tierwatch rules");
}
