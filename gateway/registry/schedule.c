#include "registry/schedule.h"

#include "base/timefmt.h"

/* Down, also before 1970. */
static int64_t divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool has_day(const struct tw_schedule *s, int64_t day)
{
    const int64_t weekday = ((day + 3) % 7 + 7) % 7; /* 1970 began on a Thursday */
    return (s->days & 1u << weekday) != 0;
}

static bool is_on(const struct tw_schedule *s, int64_t local_min)
{
    const int64_t day = divide(local_min, TW_SCHEDULE_DAY_MIN),
                  minute = local_min - day * TW_SCHEDULE_DAY_MIN;
    if (s->from_min < s->to_min)
        return has_day(s, day) && minute >= s->from_min && minute < s->to_min;
    return (has_day(s, day) && minute >= s->from_min) ||
           (has_day(s, day - 1) && minute < s->to_min);
}

bool tw_schedule_is_on(struct tw_schedule *s, int64_t ts_ns)
{
    const int64_t utc_s = divide(ts_ns, TW_NS_PER_S), minute = divide(utc_s, 60);
    if (minute != s->minute) {
        s->minute = minute;
        s->is_on = is_on(s, divide(utc_s + tw_zone_ahead_s(&s->zone, utc_s), 60));
    }
    return s->is_on;
}
