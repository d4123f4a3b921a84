/* Fields of what AI systems were given and did before. */
#include "event/field_get.h"

#define C s->facts->conduct

GET(first_time)
{
    if (C != NULL && C->has_first)
        set_flag(out, C->first);
}
GET(known_for)
{
    if (C != NULL && s->facts->actor.ai != 0)
        set_seconds(out, C->known_ns);
}
NUM(alike, C != NULL && C->alike > 0, C->alike)
NUM(new_names, C != NULL && C->new_names > 0, C->new_names)
FLAG(trainer, s->facts->actor.trainer)

STR(injected_object, C != NULL ? C->injected_object : TW_STR_NONE)
STR(injected_by, C != NULL ? C->injected_by : TW_STR_NONE)
GET(injected_age)
{
    if (C != NULL && C->injected_ns != 0)
        set_seconds(out, s->event->ts_ns - C->injected_ns);
}
NUM(injected_packet, C != NULL && C->injected_packet != 0, C->injected_packet)

STR(doubt_object, C != NULL ? C->doubt_object : TW_STR_NONE)
STR(doubt_rule, C != NULL ? C->doubt_rule : TW_STR_NONE)
GET(doubt_age)
{
    if (C != NULL && C->doubt_ns != 0)
        set_seconds(out, s->event->ts_ns - C->doubt_ns);
}

GET(inputs_missing)
{
    if (C != NULL && C->has_basis)
        set_flag(out, C->basis_missing);
}
GET(inputs_silent_for)
{
    if (C != NULL && C->basis_ns > 0)
        set_seconds(out, C->basis_ns);
}
GET(inputs_limit)
{
    if (C != NULL && C->basis_limit_ns > 0)
        set_seconds(out, C->basis_limit_ns);
}

NUM(habit_deviation, C != NULL && C->habit_n > 0, C->habit_deviation)
NUM(habit_usual, C != NULL && C->habit_n > 0, C->habit_mean)
NUM(habit_count, C != NULL && C->habit_n > 0, C->habit_n)

#define CHAIN (C != NULL && C->chain_by.p != NULL)
STR(chain_by, CHAIN ? C->chain_by : TW_STR_NONE)
GET(chain_tier)
{
    if (CHAIN)
        set_text(out, tw_tier_name(C->chain_tier));
}
STR(chain_variable, CHAIN ? C->chain_variable : TW_STR_NONE)
GET(chain_age)
{
    if (CHAIN)
        set_seconds(out, C->chain_ns);
}
NUM(chain_depth, CHAIN, C->chain_depth)
GET(chain_declared)
{
    if (CHAIN)
        set_flag(out, C->chain_declared);
}
GET(chain_granted)
{
    if (CHAIN)
        set_flag(out, C->chain_granted);
}
GET(chain_follows)
{
    if (CHAIN)
        set_flag(out, C->chain_follows);
}
/* The lower tier gives to the higher one. */
GET(chain_upwards)
{
    if (CHAIN)
        set_flag(out, C->chain_tier < s->facts->actor.tier);
}

STR(loop_with, C != NULL ? C->loop_with : TW_STR_NONE)
NUM(loop_rounds, C != NULL && C->loop_rounds > 0, C->loop_rounds)
NUM(loop_rate_gain, C != NULL && C->loop_rate_gain > 0, C->loop_rate_gain)
NUM(loop_size_gain, C != NULL && C->loop_size_gain > 0, C->loop_size_gain)

#define CLAIM s->facts->claim
STR(claim_variable, CLAIM != NULL ? CLAIM->variable : TW_STR_NONE)
NUM(claim_actual, CLAIM != NULL, CLAIM->actual)
NUM(claim_deviation, CLAIM != NULL, CLAIM->deviation)
NUM(claim_wrong, CLAIM != NULL, CLAIM->wrong)
NUM(claim_judged, CLAIM != NULL, CLAIM->judged)
GET(claim_age)
{
    if (CLAIM != NULL)
        set_seconds(out, CLAIM->age_ns);
}
GET(claim_contradicts)
{
    if (CLAIM != NULL)
        set_flag(out, CLAIM->contradicts);
}

#define ROUTINE s->facts->routine
NUM(routine_windows, ROUTINE != NULL, ROUTINE->windows)
NUM(routine_divergence, ROUTINE != NULL, ROUTINE->divergence)
NUM(routine_limit, ROUTINE != NULL, ROUTINE->limit)
NUM(routine_share, ROUTINE != NULL, ROUTINE->share)
NUM(routine_usual, ROUTINE != NULL, ROUTINE->usual)
GET(routine_action)
{
    if (ROUTINE != NULL)
        set_text(out, ROUTINE->action);
}
GET(routine_on)
{
    if (ROUTINE != NULL)
        set_text(out, ROUTINE->on);
}

static const char *const tiers[] = {"none", "T0", "T1", "T2", "T3", "T4", NULL};

#define E TW_FIELD_ENUM
#define S TW_FIELD_STRING
#define N TW_FIELD_NUMBER
#define B TW_FIELD_BOOL

const struct tw_field tw_fields_conduct[] = {
    {"deed.first", "The AI system never did this to this object before; known after five minutes",
        "true", B, NULL, get_first_time},
    {"deed.known_for", "Seconds since the AI system was first seen doing anything", "86400", N,
        NULL, get_known_for},
    {"deed.alike",
        "AI systems of its model and version, it included, that did the same to the same object, "
        "or "
        "with the same value, for the first time within 60 s",
        "3", N, NULL, get_alike},
    {"actor.new_names",
        "Names unknown to the inventory under which this address connected within an hour", "12", N,
        NULL, get_new_names},
    {"actor.trainer", "Models are trained on what it collects", "false", B, NULL, get_trainer},
    {"injected.object",
        "Where the last text came from, of those that a rule marked as injected, that the AI system"
        " was given",
        "ns=2;s=Batch.Note", S, NULL, get_injected_object},
    {"injected.by", "Who put that text there, as far as it was seen", "hmi-1", S, NULL,
        get_injected_by},
    {"injected.age", "Seconds since it was given it", "40", N, NULL, get_injected_age},
    {"injected.packet", "Packet that brought it", "1230", N, NULL, get_injected_packet},
    {"inputs.missing",
        "None of the declared inputs reached the AI system since it came, or for too long", "true",
        B, NULL, get_inputs_missing},
    {"inputs.silent_for", "Seconds since one did", "95", N, NULL, get_inputs_silent_for},
    {"inputs.limit", "Three times the longest declared period of its inputs, in s", "30", N, NULL,
        get_inputs_limit},
    {"habit.deviation",
        "How far the command is from what the AI system usually commands while its inputs are as"
        " they are, in standard deviations (of at least a hundredth of the range)",
        "6.2", N, NULL, get_habit_deviation},
    {"habit.usual", "What it usually commands then", "70", N, NULL, get_habit_usual},
    {"habit.count", "How often it did", "12", N, NULL, get_habit_count},
    {"chain.by",
        "AI system that wrote to a declared input of the actor, within 30 s before this act",
        "ai-advisor", S, NULL, get_chain_by},
    {"chain.by_tier", "Its risk tier", "T1", E, tiers, get_chain_tier},
    {"chain.variable", "That input", "advice", S, NULL, get_chain_variable},
    {"chain.age", "Seconds since then", "4", N, NULL, get_chain_age},
    {"chain.depth", "AI systems behind each other before the actor", "1", N, NULL, get_chain_depth},
    {"chain.declared",
        "It is one of the actor's orchestrators, or a declared publisher of the input", "false", B,
        NULL, get_chain_declared},
    {"chain.granted", "A line of its `may` names the input's topic or node", "true", B, NULL,
        get_chain_granted},
    {"chain.follows", "The command is, within a hundredth of the range, one of the numbers given",
        "true", B, NULL, get_chain_follows},
    {"chain.upwards", "Its tier is lower than the actor's", "true", B, NULL, get_chain_upwards},
    {"loop.with", "AI system that is sent to, and what the actor acts on came from", "ai-planner",
        S, NULL, get_loop_with},
    {"loop.rounds", "Messages that went around so far", "40", N, NULL, get_loop_rounds},
    {"loop.rate_gain",
        "By how much their rate grew in each of the last three rounds of 10 s, at least", "1.8", N,
        NULL, get_loop_rate_gain},
    {"loop.size_gain", "By how much the last five grew, each longer than the one before", "2.4", N,
        NULL, get_loop_size_gain},
    {"doubt.object", "Values that it collects and that a rule marked as doubtful", "feed/temp", S,
        NULL, get_doubt_object},
    {"doubt.rule", "That rule", "INP-05", S, NULL, get_doubt_rule},
    {"doubt.age", "Seconds since they last were", "600", N, NULL, get_doubt_age},
    {"routine.windows",
        "Windows of 5 min in a row, three or more, in which the AI system did other things, or more"
        " of them, than in its first hour; with the act that ends the last one",
        "3", N, NULL, get_routine_windows},
    {"routine.divergence", "How far the shares of its acts are from those, 0 to 1", "0.31", N, NULL,
        get_routine_divergence},
    {"routine.limit", "As far as they may be", "0.15", N, NULL, get_routine_limit},
    {"routine.action", "What it does more than before", "write", S, NULL, get_routine_action},
    {"routine.on", "To what: a role of variables, or kind of targets", "command", S, NULL,
        get_routine_on},
    {"routine.share", "In % of all its acts", "45", N, NULL, get_routine_share},
    {"routine.usual", "And before", "2", N, NULL, get_routine_usual},
    {"claim.variable", "Variable that the AI system says is at this value", "kiln.pv", S, NULL,
        get_claim_variable},
    {"claim.contradicts", "It is not, by more than 5 % of its range", "true", B, NULL,
        get_claim_contradicts},
    {"claim.actual", "Where it was seen last", "742", N, NULL, get_claim_actual},
    {"claim.age", "Seconds since then", "1.5", N, NULL, get_claim_age},
    {"claim.deviation",
        "How far the value is from all that the variable was in the last seconds, in % of its "
        "range",
        "12.5", N, NULL, get_claim_deviation},
    {"claim.wrong", "Claims of the AI system that contradicted, of those that were judged", "3", N,
        NULL, get_claim_wrong},
    {"claim.judged", "Its last claims that could be judged, up to ten", "10", N, NULL,
        get_claim_judged},
};
const size_t tw_fields_conduct_count = sizeof(tw_fields_conduct) / sizeof(tw_fields_conduct[0]);
