#include "baseline/profile.h"

#include <stddef.h>

enum {
    MIN_SAMPLES = 50,
    MIN_STEPS = 64,          /* fewer are a switch, or too coarse to tell anything by */
    MIN_CHANGES_PERCENT = 20 /* of the values of a measurement that differ from the one before */
};

#define NUMBER(name)                                                                               \
    {                                                                                              \
#name, offsetof(struct tw_profile, name), false                                            \
    }
#define SIGNED(name)                                                                               \
    {                                                                                              \
#name, offsetof(struct tw_profile, name), true                                             \
    }
const struct tw_profile_number tw_profile_numbers[] = {NUMBER(samples), NUMBER(changes),
    NUMBER(rising), NUMBER(repeats), SIGNED(min), SIGNED(max), SIGNED(mean), NUMBER(deviation),
    SIGNED(phi), SIGNED(intercept), NUMBER(residual), NUMBER(excursion), NUMBER(unrest),
    NUMBER(step_max), NUMBER(slope_max), NUMBER(resolution), NUMBER(period_s),
    NUMBER(period_deviation_s), NUMBER(steady_s)};
const size_t tw_profile_numbers_count = sizeof(tw_profile_numbers) / sizeof(tw_profile_numbers[0]);

const char *tw_series_source_name(enum tw_series_source s)
{
    static const char *const names[] = {"read", "notify", "publish", "deliver"};
    return names[s];
}

const char *tw_series_kind_name(enum tw_series_kind k)
{
    static const char *const names[] = {"constant", "discrete", "counter", "analog"};
    return names[k];
}

static int cmp_ip(const struct tw_ip *a, const struct tw_ip *b)
{
    return a->family != b->family ? (a->family < b->family ? -1 : 1)
                                  : memcmp(a->b, b->b, a->family == 6 ? 16 : 4);
}

int tw_series_name_cmp(const struct tw_series_name *a, const struct tw_series_name *b)
{
    int c = tw_str_cmp(a->object, b->object);
    if (c == 0)
        c = tw_str_cmp(a->field, b->field);
    if (c == 0)
        c = (a->source > b->source) - (a->source < b->source);
    if (c == 0)
        c = cmp_ip(&a->server, &b->server);
    if (c == 0)
        c = (a->port > b->port) - (a->port < b->port);
    return c != 0 ? c : cmp_ip(&a->client, &b->client);
}

/* Values that the range has room for. */
static double steps(const struct tw_profile *p)
{
    return p->resolution > 0 ? (p->max - p->min) / p->resolution + 1 : 1;
}

enum tw_series_kind tw_profile_kind(const struct tw_profile *p)
{
    if (p->changes == 0)
        return TW_SERIES_CONSTANT;
    /* A counter may begin anew now and then. */
    if (p->changes >= 8 && (p->rising > 0.95 || p->rising < 0.05))
        return TW_SERIES_COUNTER;
    if (p->changes * 100 < p->samples * MIN_CHANGES_PERCENT || steps(p) < MIN_STEPS)
        return TW_SERIES_DISCRETE;
    return TW_SERIES_ANALOG;
}

bool tw_profile_is_active(const struct tw_profile *p)
{
    return p->samples >= MIN_SAMPLES;
}
