#include "detect/pulse.h"

#include "base/timefmt.h"

enum {
    WINDOW_S = 30,       /* what is usual is what was so in the last two of these … */
    WINDOW_EVENTS = 128, /* … that saw this much */
    LEAST_S = 1,         /* shorter silences are none */
    TIMES = 3            /* how much longer than usual a hole is */
};

static int64_t longest(const struct tw_pulse *p)
{
    return p->longest_ns[0] > p->longest_ns[1] ? p->longest_ns[0] : p->longest_ns[1];
}

static void turn_window(struct tw_pulse *p, int64_t now_ns)
{
    p->longest_ns[1] = p->longest_ns[0];
    p->longest_ns[0] = 0;
    p->window_ns = now_ns;
    p->n = 0;
}

/* Before the first window is full nothing is usual. */
static bool is_hole(const struct tw_pulse *p, int64_t silence_ns)
{
    return p->longest_ns[1] > 0 && silence_ns > LEAST_S * TW_NS_PER_S &&
           silence_ns / TIMES > longest(p);
}

bool tw_pulse_is_silent(const struct tw_pulse *p, int64_t now_ns)
{
    return is_hole(p, now_ns - p->last_ns);
}

void tw_pulse_beat(struct tw_pulse *p, int64_t now_ns)
{
    if (!p->started)
        *p = (struct tw_pulse){.started = true, .last_ns = now_ns, .window_ns = now_ns};
    int64_t silence_ns = now_ns - p->last_ns;
    p->n++;
    if (silence_ns <= 0)
        return;
    if (is_hole(p, silence_ns)) {
        p->hole_ns = now_ns;
        silence_ns = 2 * longest(p); /* becomes usual only when it goes on like this */
    }
    if (p->n >= WINDOW_EVENTS && p->last_ns - p->window_ns >= WINDOW_S * TW_NS_PER_S)
        turn_window(p, now_ns);
    if (silence_ns > p->longest_ns[0])
        p->longest_ns[0] = silence_ns;
    p->last_ns = now_ns;
}
