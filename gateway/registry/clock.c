#include "registry/clock.h"

#include "base/timefmt.h"

enum {
    WINDOW_S = 60,
    ENOUGH = 4,            /* samples that a window needs to count */
    TOLERATED_S = 2,       /* what transport and scan cycles explain */
    NONSENSE_S = 315360000 /* ten years: that clock was never set */
};

static void turn_window(struct tw_clock *c, int64_t now_ns)
{
    if (c->n >= ENOUGH) {
        c->least_ns[1] = c->least_ns[0];
        c->has[1] = true;
    }
    c->has[0] = false;
    c->n = 0;
    c->window_ns = now_ns;
}

static bool makes_sense(int64_t lag_ns)
{
    return lag_ns <= NONSENSE_S * TW_NS_PER_S && lag_ns >= -NONSENSE_S * TW_NS_PER_S;
}

/* So many samples. An old value may be sent late; the least lag is that of the freshest. */
static void note(struct tw_clock *c, int64_t now_ns, int64_t lag_ns, uint32_t n)
{
    if (now_ns - c->window_ns >= WINDOW_S * TW_NS_PER_S)
        turn_window(c, now_ns);
    if (!c->has[0] || lag_ns < c->least_ns[0])
        c->least_ns[0] = lag_ns;
    c->has[0] = true;
    c->n += n;
}

void tw_clock_event(struct tw_clock *c, const struct tw_event *event)
{
    if (event->server_ts_ns == 0 || event->protocol != TW_PROTO_OPCUA ||
        (event->action != TW_ACTION_READ && event->action != TW_ACTION_NOTIFY))
        return;
    const int64_t lag_ns = event->ts_ns - event->server_ts_ns;
    if (makes_sense(lag_ns))
        note(c, event->ts_ns, lag_ns, 1);
}

void tw_clock_values(
    struct tw_clock *c, int64_t now_ns, const struct tw_plain_value *values, uint32_t n)
{
    int64_t least_ns = INT64_MAX;
    uint32_t samples = 0;
    for (uint32_t i = 0; i < n; i++) {
        const int64_t lag_ns = now_ns - values[i].server_ts_ns;
        if (values[i].server_ts_ns == 0 || !makes_sense(lag_ns))
            continue;
        least_ns = lag_ns < least_ns ? lag_ns : least_ns;
        samples++;
    }
    if (samples > 0)
        note(c, now_ns, least_ns, samples);
}

int64_t tw_clock_ahead_ns(const struct tw_clock *c)
{
    int64_t ahead_ns = c->least_ns[1];
    if (c->n >= ENOUGH && (!c->has[1] || c->least_ns[0] < ahead_ns))
        ahead_ns = c->least_ns[0];
    else if (!c->has[1])
        return 0;
    const bool agrees =
        ahead_ns < TOLERATED_S * TW_NS_PER_S && ahead_ns > -TOLERATED_S * TW_NS_PER_S;
    return agrees ? 0 : ahead_ns;
}

int64_t tw_clock_age_ns(const struct tw_clock *c, int64_t age_ns)
{
    const int64_t ahead_ns = tw_clock_ahead_ns(c);
    if (ahead_ns > 0)
        return age_ns > ahead_ns ? age_ns - ahead_ns : age_ns < 0 ? age_ns : 0;
    /* A server whose clock alone is ahead says nothing about others. */
    return age_ns < 0 ? age_ns - ahead_ns : age_ns;
}
