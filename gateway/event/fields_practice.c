/* Fields of an AI system that acts otherwise than learned. */
#include <math.h>
#include <stdio.h>

#include "event/field_get.h"

static const char *const kinds[] = {
    "sequence", "pace", "hours", "history", "egress", "routine", "limit", NULL};

const char *tw_departure_name(enum tw_departure_kind kind)
{
    return kinds[kind];
}

#define DEPARTURE s->event->departure
GET(departure)
{
    if (DEPARTURE != NULL)
        set_text(out, tw_departure_name(DEPARTURE->kind));
}
STR(before, DEPARTURE != NULL ? DEPARTURE->before : TW_STR_NONE)
STR(after, DEPARTURE != NULL ? DEPARTURE->after : TW_STR_NONE)
/* Three digits after the point are enough for people and rules. */
NUM(now, DEPARTURE != NULL, round(DEPARTURE->now * 1000) / 1000)
NUM(usual, DEPARTURE != NULL, round(DEPARTURE->usual * 1000) / 1000)
TEXT(action, DEPARTURE != NULL ? DEPARTURE->action : NULL)
TEXT(on, DEPARTURE != NULL ? DEPARTURE->on : NULL)
NUM(share, DEPARTURE != NULL && DEPARTURE->action != NULL, DEPARTURE->share)
NUM(share_usual, DEPARTURE != NULL && DEPARTURE->action != NULL, DEPARTURE->share_usual)
NUM(samples, DEPARTURE != NULL, DEPARTURE->samples)

#define S TW_FIELD_STRING
#define N TW_FIELD_NUMBER
#define E TW_FIELD_ENUM

const struct tw_field tw_fields_practice[] = {
    {"practice.departure", "How an AI system acts otherwise than its baseline says", "sequence", E,
        kinds, get_departure},
    {"practice.before", "Of a sequence: the command before this one", "kiln.gas on", S, NULL,
        get_before},
    {"practice.after", "This command, as a step of the sequence", "kiln.fan down", S, NULL,
        get_after},
    {"practice.now",
        "What is unusual: acts a minute, share of the acts or commands in %, bytes within an hour; "
        "of a sequence, how often it was learned",
        "12.5", N, NULL, get_now},
    {"practice.usual",
        "What was learned of it: the mean, the share in %, the 99.9th percentile; of a sequence, "
        "how often any command was learned after the one before",
        "4", N, NULL, get_usual},
    {"practice.action", "Of a routine: what it does more than it used to", "write", S, NULL,
        get_action},
    {"practice.on", "To what", "command", S, NULL, get_on},
    {"practice.share", "Share of that in %", "40", N, NULL, get_share},
    {"practice.share_usual", "The same when it was learned", "5", N, NULL, get_share_usual},
    {"practice.samples", "From how many acts, commands or hours that was learned", "6021", N, NULL,
        get_samples},
};
const size_t tw_fields_practice_count = sizeof(tw_fields_practice) / sizeof(tw_fields_practice[0]);
