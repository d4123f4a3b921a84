/* Fields of what an AI system does to the plant: when, on whose word, and after what. */
#include "event/field_get.h"

FLAG(off_hours, s->facts->actor.off_hours)
FLAG(retained_ok, (s->facts->variable.normal & TW_NORMAL_RETAINED) != 0)
GET(will_command)
{
    if (s->event->action == TW_ACTION_CONNECT && s->event->mqtt)
        set_str(out, s->facts->filter.first);
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
};

const size_t tw_fields_command_count = sizeof(tw_fields_command) / sizeof(tw_fields_command[0]);
