/* Fields of what an AI system does to the plant: when, on whose word, and after what. */
#include "event/field_get.h"

#include <math.h>

FLAG(off_hours, s->facts->actor.off_hours)
FLAG(retained_ok, (s->facts->variable.normal & TW_NORMAL_RETAINED) != 0)
FLAG(ramps_ok, (s->facts->variable.normal & TW_NORMAL_RAMP) != 0)
FLAG(cycles_ok, (s->facts->variable.normal & TW_NORMAL_CYCLE) != 0)
FLAG(limits_ok, (s->facts->variable.normal & TW_NORMAL_LIMIT) != 0)
GET(will_command)
{
    if (s->event->action == TW_ACTION_CONNECT && s->event->mqtt)
        set_str(out, s->facts->filter.first);
}

#define ACT s->facts->act
STR(stop_object, ACT ? ACT->stop_object : TW_STR_NONE)
STR(stop_by, ACT ? ACT->stop_by : TW_STR_NONE)
GET(stop_for)
{
    if (ACT && ACT->stop_object.p)
        set_seconds(out, ACT->stopped_ns);
}
STR(input_bad, ACT ? ACT->input : TW_STR_NONE)
STR(input_status, ACT ? ACT->status : TW_STR_NONE)
GET(input_bad_for)
{
    if (ACT && ACT->input.p)
        set_seconds(out, ACT->input_ns);
}

NUM(budget_acts, ACT && ACT->budget_per_s > 0, ACT->acts)
NUM(budget_limit, ACT && ACT->budget_per_s > 0, ACT->budget_per_s * 60)
NUM(budget_burst, ACT && ACT->budget_per_s > 0, ACT->budget_burst)
FLAG(budget_declared, ACT && ACT->budget_declared)

GET(override_by)
{
    if (ACT && ACT->person_len > 0)
        set_str(out, (struct tw_str){ACT->person, ACT->person_len});
}
NUM(override_value, ACT && ACT->person_len > 0, ACT->wanted)
GET(override_age)
{
    if (ACT && ACT->person_len > 0)
        set_seconds(out, ACT->wanted_ns);
}
GET(override_hold_off)
{
    if (ACT && ACT->person_len > 0 && ACT->hold_off_ns > 0)
        set_seconds(out, ACT->hold_off_ns);
}
NUM(rivals_turns, ACT && ACT->turns > 0, ACT->turns)
GET(rivals_other)
{
    if (ACT && ACT->turns > 0)
        set_str(out, (struct tw_str){ACT->rival, ACT->rival_len});
}

TEXT(slip, ACT ? ACT->slip : NULL)
NUM(usual, ACT && ACT->slip, ACT->usual)
#define PERCENT(share) (round((share)*1000) / 10)
NUM(course_flips, ACT, ACT->flips)
NUM(course_waves, ACT, ACT->halves)
NUM(course_regularity, ACT && ACT->halves > 0, round(ACT->regularity * 100) / 100)
NUM(course_swing, ACT && ACT->swing > 0, PERCENT(ACT->swing))
NUM(course_same, ACT && ACT->same > 0, ACT->same)
NUM(course_travel, ACT && ACT->same > 0, PERCENT(ACT->travel))
NUM(course_drift, ACT && ACT->same > 0, PERCENT(ACT->drift))
NUM(course_commands, ACT && ACT->commands > 0, ACT->commands)
NUM(course_at_limit, ACT && ACT->commands > 0, PERCENT(ACT->at_limit))
FLAG(course_is_at_limit, ACT && ACT->is_at_limit)

STR(permissive_variable, ACT ? ACT->unmet : TW_STR_NONE)
GET(permissive_value)
{
    if (ACT && ACT->unmet.p)
        set_str(out, (struct tw_str){ACT->unmet_value, ACT->unmet_len});
}
FLAG(permissive_is_state, ACT && ACT->unmet_forbidden)

#define APPROVER s->facts->approval.approver
NUM(approver_answers, APPROVER.answers > 0, APPROVER.answers)
NUM(approver_median, APPROVER.answers > 0, round(APPROVER.median_s * 1000) / 1000)
#define DECIDED (APPROVER.yes + APPROVER.no)
NUM(approver_per_hour, DECIDED > 0, DECIDED)
NUM(approver_accepted, DECIDED > 0, PERCENT((double)APPROVER.yes / DECIDED))

#define READBACK s->facts->readback
STR(readback_variable, READBACK ? READBACK->variable : TW_STR_NONE)
NUM(readback_value, READBACK, READBACK->value)
NUM(readback_wanted, READBACK, READBACK->wanted)
NUM(readback_before, READBACK, READBACK->before)
GET(readback_after)
{
    if (READBACK)
        set_seconds(out, READBACK->after_ns);
}
FLAG(readback_is_missed, READBACK && READBACK->is_missed)
FLAG(readback_is_turned, READBACK && READBACK->is_turned)
NUM(readback_missed, READBACK, READBACK->missed)
NUM(readback_turned, READBACK, READBACK->turned)

#define S TW_FIELD_STRING
#define N TW_FIELD_NUMBER
#define B TW_FIELD_BOOL

const struct tw_field tw_fields_command[] = {
    {"actor.off_hours", "It is outside the hours in which the actor is declared to be active",
        "false", B, NULL, get_off_hours},
    {"variable.retained_ok", "Commands on it are retained by design", "false", B, NULL,
        get_retained_ok},
    {"variable.ramps_ok", "Commands on it go one way for long by design", "false", B, NULL,
        get_ramps_ok},
    {"variable.cycles_ok", "Commands on it go up and down by design", "false", B, NULL,
        get_cycles_ok},
    {"variable.limits_ok", "Commands on it are at a limit for long by design", "false", B, NULL,
        get_limits_ok},
    {"will.command", "Declared command variable that the will would set (connect)", "zone.cmd", S,
        NULL, get_will_command},

    {"stop.object", "Node or topic on which the actor of this act was told to stop",
        "ns=2;s=AI.Optimizer.Stop", S, NULL, get_stop_object},
    {"stop.by", "Who told it", "hmi-1", S, NULL, get_stop_by},
    {"stop.for", "Seconds since then, as long as it was not told to go on", "4", N, NULL,
        get_stop_for},
    {"input.bad", "Input of the actor of this act that was no good value when it came last",
        "boiler.temp", S, NULL, get_input_bad},
    {"input.status", "Its status", "BadSensorFailure", S, NULL, get_input_status},
    {"input.bad_for", "Seconds since it became so", "12", N, NULL, get_input_bad_for},

    {"budget.acts", "Acts of about the last minute, where the budget for them is spent", "41", N,
        NULL, get_budget_acts},
    {"budget.limit", "Acts per minute of that budget", "30", N, NULL, get_budget_limit},
    {"budget.burst", "Acts at once of that budget", "10", N, NULL, get_budget_burst},
    {"budget.declared", "It is a quota, or the rate of a grant", "true", B, NULL,
        get_budget_declared},
    {"override.by", "Person who commanded another value here a short while before", "hmi-1", S,
        NULL, get_override_by},
    {"override.value", "That value", "70", N, NULL, get_override_value},
    {"override.age", "Seconds since then", "30", N, NULL, get_override_age},
    {"override.hold_off", "Seconds for which it is declared to stand", "600", N, NULL,
        get_override_hold_off},
    {"rivals.turns",
        "How often in the last 5 min another one than before commanded another value here, this "
        "command included",
        "3", N, NULL, get_rivals_turns},
    {"rivals.other", "Who did before this command", "hmi-1", S, NULL, get_rivals_other},
    {"value.slip", "What this command looks like, of what is usual here", "ten times", S, NULL,
        get_slip},
    {"value.usual", "Median of up to 32 commands before it", "21.5", N, NULL, get_usual},
    {"course.flips", "How many of the last ten steps of this target went back", "9", N, NULL,
        get_course_flips},
    {"course.swing", "Their mean size in % of the range", "12.5", N, NULL, get_course_swing},
    {"course.waves",
        "Half-waves in a row in which the variable that follows this target goes around it; from "
        "ten on",
        "10", N, NULL, get_course_waves},
    {"course.regularity", "Mean of their lengths over three times the deviation", "2.5", N, NULL,
        get_course_regularity},
    {"course.same", "Steps of this target in one direction, one behind the other", "12", N, NULL,
        get_course_same},
    {"course.travel", "How far they went in % of the range", "18", N, NULL, get_course_travel},
    {"course.drift",
        "Steps of at least five commands added up, less 0.5 % of the range for each, in % of it; "
        "begins anew with a step of more than 10 %",
        "21", N, NULL, get_course_drift},
    {"course.commands", "Commands to this target within about an hour", "40", N, NULL,
        get_course_commands},
    {"course.at_limit", "Share of them in % that were at a limit of the range", "45", N, NULL,
        get_course_at_limit},
    {"course.is_at_limit", "This one is", "true", B, NULL, get_course_is_at_limit},

    {"permissive.variable", "Variable that does not permit this command", "valve.open", S, NULL,
        get_permissive_variable},
    {"permissive.value", "What it stands at", "false", S, NULL, get_permissive_value},
    {"permissive.is_state", "That is a state in which nothing is commanded", "true", B, NULL,
        get_permissive_is_state},
    {"approver.answers",
        "To how many proposals who gives this approval has answered before, up to 32", "20", N,
        NULL, get_approver_answers},
    {"approver.median", "Median of the seconds that these answers took", "1.5", N, NULL,
        get_approver_median},
    {"approver.per_hour", "Answers within about the last hour", "34", N, NULL,
        get_approver_per_hour},
    {"approver.accepted", "Share of them in % that were yes", "100", N, NULL,
        get_approver_accepted},
    {"readback.variable", "Variable that was to follow a command and did not (silence)",
        "boiler.temp", S, NULL, get_readback_variable},
    {"readback.value", "Where it stands", "60.2", N, NULL, get_readback_value},
    {"readback.wanted", "What was commanded", "70", N, NULL, get_readback_wanted},
    {"readback.before", "Where it stood then", "60", N, NULL, get_readback_before},
    {"readback.after", "Seconds since then", "60", N, NULL, get_readback_after},
    {"readback.is_missed", "It is not there", "true", B, NULL, get_readback_is_missed},
    {"readback.is_turned", "It went the other way than declared", "false", B, NULL,
        get_readback_is_turned},
    {"readback.missed", "How many of the last five commands were missed", "3", N, NULL,
        get_readback_missed},
    {"readback.turned", "How many of the last three went the other way", "2", N, NULL,
        get_readback_turned},
};

const size_t tw_fields_command_count = sizeof(tw_fields_command) / sizeof(tw_fields_command[0]);
