/* Fields of a variable that behaves otherwise than learned. */
#include <math.h>
#include <stdio.h>

#include "event/field_get.h"

static const char *const kinds[] = {
    "frozen", "repeated", "smooth", "rough", "range", "drift", "slope", NULL};

const char *tw_deviation_name(enum tw_deviation_kind kind)
{
    return kinds[kind];
}

static double seconds(int64_t ns)
{
    return (double)ns / (double)TW_NS_PER_S;
}

GET(kind)
{
    if (s->event->deviation != NULL)
        set_text(out, tw_deviation_name(s->event->deviation->kind));
}
/* Numbers of other kinds of deviation are 0: they are not there. */
#define DEVIATION s->event->deviation
GET(frozen_for)
{
    if (DEVIATION != NULL && DEVIATION->frozen_ns > 0)
        set_seconds(out, DEVIATION->frozen_ns);
}
GET(steady)
{
    if (DEVIATION != NULL && DEVIATION->steady_ns > 0)
        set_seconds(out, DEVIATION->steady_ns);
}
GET(range)
{
    if (DEVIATION != NULL && DEVIATION->high > DEVIATION->low)
        set_range(out, DEVIATION->low, DEVIATION->high);
}
/* Three digits are enough for people; rules have the numbers. */
GET(finding)
{
    const struct tw_deviation *d = s->event->deviation;
    const size_t size = sizeof(out->text);
    int n = 0;
    if (d == NULL)
        return;
    if (d->kind == TW_DEVIATION_FROZEN)
        n = snprintf(out->text, size, "no change for %.3g s", seconds(d->frozen_ns));
    else if (d->kind == TW_DEVIATION_REPEATED)
        n = snprintf(out->text, size, "%u values as %u values before", d->repeats, d->lag);
    else if (d->kind == TW_DEVIATION_SMOOTH || d->kind == TW_DEVIATION_ROUGH)
        n = snprintf(out->text, size, "changes %.3g times as large", sqrt(d->unrest));
    else if (d->kind == TW_DEVIATION_RANGE)
        n = snprintf(out->text, size, "out of range, three of five values");
    else if (d->kind == TW_DEVIATION_DRIFT)
        n = snprintf(out->text, size, "drift, %.3g times what is usual", d->drift);
    else
        n = snprintf(out->text, size, "%.3g times as steep", fabs(d->slope));
    set_str(out, (struct tw_str){out->text, (size_t)n});
}
NUM(repeats, DEVIATION != NULL && DEVIATION->repeats > 0, DEVIATION->repeats)
NUM(repeats_after, DEVIATION != NULL && DEVIATION->lag > 0, DEVIATION->lag)
NUM(unrest, DEVIATION != NULL && DEVIATION->unrest > 0, DEVIATION->unrest)
NUM(drift, DEVIATION != NULL && DEVIATION->drift > 0, DEVIATION->drift)
NUM(slope, DEVIATION != NULL && fabs(DEVIATION->slope) > 0, DEVIATION->slope)
NUM(samples, DEVIATION != NULL && DEVIATION->samples > 0, DEVIATION->samples)

#define S TW_FIELD_STRING
#define N TW_FIELD_NUMBER
#define E TW_FIELD_ENUM
#define R TW_FIELD_RANGE

const struct tw_field tw_fields_series[] = {
    {"series.deviation", "How a variable behaves otherwise than its baseline says", "frozen", E,
        kinds, get_kind},
    {"series.finding", "What that is, in words", "20 values as 20 values before", S, NULL,
        get_finding},
    {"series.frozen_for", "Seconds since its value changed, where that is too long", "75", N, NULL,
        get_frozen_for},
    {"series.steady", "Longest time without a change that was learned, in s", "3.1", N, NULL,
        get_steady},
    {"series.range", "Range of the values that were learned", "[56.4, 58.4]", R, NULL, get_range},
    {"series.repeats", "Values in a row that are those of an earlier time", "32", N, NULL,
        get_repeats},
    {"series.repeats_after", "How many values earlier that was", "20", N, NULL, get_repeats_after},
    {"series.unrest",
        "Mean square of changes from value to value, as a multiple of what was learned, where "
        "they are too smooth or too rough",
        "0.04", N, NULL, get_unrest},
    {"series.drift",
        "Deviations to one side, summed up, as a multiple of what is tolerated, where it is more",
        "1.3", N, NULL, get_drift},
    {"series.slope",
        "Change over five values, as a multiple of the largest learned, where it is too steep",
        "2.4", N, NULL, get_slope},
    {"series.samples", "How many values the baseline was learned from", "587", N, NULL,
        get_samples},
};
const size_t tw_fields_series_count = sizeof(tw_fields_series) / sizeof(tw_fields_series[0]);
