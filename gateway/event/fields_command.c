/* Fields of what an AI system does to the plant: when, on whose word, and after what. */
#include "event/field_get.h"

FLAG(off_hours, s->facts->actor.off_hours)
FLAG(retained_ok, (s->facts->variable.normal & TW_NORMAL_RETAINED) != 0)
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

#define S TW_FIELD_STRING
#define N TW_FIELD_NUMBER
#define B TW_FIELD_BOOL

const struct tw_field tw_fields_command[] = {
    {"actor.off_hours", "It is outside the hours in which the actor is declared to be active",
        "false", B, NULL, get_off_hours},
    {"variable.retained_ok", "Commands on it are retained by design", "false", B, NULL,
        get_retained_ok},
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
};

const size_t tw_fields_command_count = sizeof(tw_fields_command) / sizeof(tw_fields_command[0]);
