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
    {"doubt.object", "Values that it collects and that a rule marked as doubtful", "feed/temp", S,
        NULL, get_doubt_object},
    {"doubt.rule", "That rule", "INP-05", S, NULL, get_doubt_rule},
    {"doubt.age", "Seconds since they last were", "600", N, NULL, get_doubt_age},
};
const size_t tw_fields_conduct_count = sizeof(tw_fields_conduct) / sizeof(tw_fields_conduct[0]);
