#pragma once
/* The pulse of the capture: a plant that talks all the time and then falls silent altogether was
 * rather not looked at. Lost bytes show themselves only when their flow speaks again, which may be
 * long after what they led to. */

#include <stdbool.h>
#include <stdint.h>

struct tw_pulse {
    bool started;
    int64_t last_ns;
    int64_t window_ns;     /* when the present window began */
    uint32_t n;            /* events in it */
    int64_t longest_ns[2]; /* silence of the present window, and of the last full one */
    int64_t hole_ns;       /* when the last hole ended; 0: there was none */
};

/* Is the capture silent for longer than is usual, at `now_ns` behind its last event? */
bool tw_pulse_is_silent(const struct tw_pulse *p, int64_t now_ns);

/* An event at another time than the one before. */
void tw_pulse_beat(struct tw_pulse *p, int64_t now_ns);

/* So many events at `now_ns`. */
static inline void tw_pulse_events(struct tw_pulse *p, int64_t now_ns, uint32_t n)
{
    if (!p->started || now_ns != p->last_ns) {
        tw_pulse_beat(p, now_ns);
        n--;
    }
    p->n += n;
}

static inline void tw_pulse_event(struct tw_pulse *p, int64_t now_ns)
{
    tw_pulse_events(p, now_ns, 1);
}
