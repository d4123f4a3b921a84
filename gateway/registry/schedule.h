#pragma once
/* Hours in which an AI system is supposed to act, in the local time of its plant. Private to
 * registry/. */

#include "registry/zone.h"

enum { TW_SCHEDULE_ALL_DAYS = 0x7f, TW_SCHEDULE_DAY_MIN = 24 * 60 };

struct tw_schedule {
    unsigned days;        /* bit 0: Monday */
    int from_min, to_min; /* since midnight; a shift that goes over midnight is of the day before */
    struct tw_zone zone;  /* zeroed: UTC */
    int64_t minute;       /* the one asked about last, since 1970 … */
    bool is_on;           /* … and the answer */
};

bool tw_schedule_is_on(struct tw_schedule *s, int64_t ts_ns);
