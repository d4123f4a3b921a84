#pragma once
/* How far the clock of the capture is ahead of the plant's. A capture with a wrong clock (another
 * time zone, no time service) must not make every input look stale. */

#include "event/plain_value.h"

struct tw_clock {
    int64_t window_ns;   /* when the present window began */
    uint32_t n;          /* samples in it */
    int64_t least_ns[2]; /* least lag of the present window, and of the last full one */
    bool has[2];
};

/* Learns from the time that OPC UA servers give to what they send [UA4 7.11]. */
void tw_clock_event(struct tw_clock *c, const struct tw_event *event);
void tw_clock_values(
    struct tw_clock *c, int64_t now_ns, const struct tw_plain_value *values, uint32_t n);

/* Capture time minus plant time; 0 where they agree or nothing is known. */
int64_t tw_clock_ahead_ns(const struct tw_clock *c);

/* An age that was measured with both clocks, in the plant's favour where they differ. */
int64_t tw_clock_age_ns(const struct tw_clock *c, int64_t age_ns);
