#pragma once
/* A variable that behaves otherwise than it was learned to. baseline/ makes an event of action
 * `deviation` for it: when it begins, and every 30 s as long as it lasts. */

#include <stdint.h>

enum tw_deviation_kind {
    TW_DEVIATION_FROZEN,   /* the value does not change */
    TW_DEVIATION_REPEATED, /* a stretch of values comes again, exactly */
    TW_DEVIATION_SMOOTH,   /* changes from value to value are smaller than learned */
    TW_DEVIATION_ROUGH,    /* … larger */
    TW_DEVIATION_RANGE,    /* values outside the learned range */
    TW_DEVIATION_DRIFT,    /* many small deviations to the same side */
    TW_DEVIATION_SLOPE,    /* it rises or falls faster than learned */
    TW_DEVIATION_KINDS
};
/* "frozen" … "slope" */
const char *tw_deviation_name(enum tw_deviation_kind kind);

struct tw_deviation {
    enum tw_deviation_kind kind;
    int64_t frozen_ns; /* since the value changed last */
    int64_t steady_ns; /* longest time without a change that was learned */
    double low, high;  /* learned range */
    double unrest;    /* REPEATED … ROUGH: mean square of changes, as a multiple of the learned */
    double drift;     /* DRIFT: the sum of deviations, as a multiple of its threshold */
    double slope;     /* SLOPE: change over five values, as a multiple of the largest learned */
    uint32_t repeats; /* REPEATED: values that came again */
    uint32_t lag;     /* REPEATED: after how many values */
    uint64_t samples; /* that all of it was learned from */
};
