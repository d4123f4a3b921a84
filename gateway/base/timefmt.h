#pragma once
/* Event time: int64_t nanoseconds since 1970-01-01T00:00:00Z, taken from the capture. Text is
 * always UTC and independent of TZ and locale. */

#include "base/str.h"

#define TW_NS_PER_S INT64_C(1000000000)
#define TW_NS_PER_MS INT64_C(1000000)
enum { TW_TIME_TEXT = 40 };

/* "2026-03-01T08:00:01.123456Z", nine fractional digits when `nano`. Returns the length. */
size_t tw_time_text(char out[TW_TIME_TEXT], int64_t ns, bool nano);

/* ISO 8601 with date, and optionally time, fraction and zone ("Z", "+08:00"; none means UTC). */
bool tw_time_parse(struct tw_str s, int64_t *out_ns);

/* A number that is a time: epoch seconds, or milliseconds when above 1e11, micro- above 1e14, nano-
 * above 1e17. */
int64_t tw_time_of_number(double v);

/* "60s", "10m", "2h", "7d", "500ms". */
bool tw_duration_parse(struct tw_str s, int64_t *out_ns);

/* Days since 1970-01-01 of a proleptic Gregorian date, and back. */
int64_t tw_days_of_date(int64_t year, unsigned month, unsigned day);

/* CLOCK_REALTIME, for live mode only. */
int64_t tw_time_now(void);
