#pragma once
/* Local time of a place, out of a file of the time zone database [RFC8536]. Private to registry/.
 */

#include "base/cursor.h"

enum { TW_ZONE_MAX_TIMES = 1024, TW_ZONE_MAX_BYTES = 1 << 14 };

/* A day of each year, and the second of local time that counts from its midnight. */
struct tw_zone_day {
    enum { TW_ZONE_JULIAN, TW_ZONE_YEAR_DAY, TW_ZONE_WEEKDAY } kind;
    int month, week, day; /* JULIAN, YEAR_DAY: `day` alone */
    int32_t time_s;
};

struct tw_zone {
    size_t n;
    int64_t at_s[TW_ZONE_MAX_TIMES]; /* ascending: from then on … */
    int32_t to_s[TW_ZONE_MAX_TIMES]; /* … local time is so much ahead of UTC */
    int32_t first_s;                 /* before all of them */
    bool has_rule, has_summer;       /* behind all of them */
    int32_t standard_s, summer_s;
    struct tw_zone_day begin, end; /* of summer time */
};

/* False when the bytes are no such file. */
bool tw_zone_read(struct tw_cur file, struct tw_zone *out);
/* Local time minus UTC in seconds. */
int32_t tw_zone_ahead_s(const struct tw_zone *z, int64_t utc_s);
