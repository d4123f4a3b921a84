#include <math.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "detect/conduct.h"
#include "detect/filter.h"

enum {
    LAG_S = 5,         /* a claim speaks of a moment before: so long, up to twice that */
    READ_S = 60,       /* after which what was read may have changed unseen */
    TOLD_S = 3600,     /* the same of what is told when it changes */
    CONTRADICTION = 5, /* percent of the range */
    CLAIMS = 10        /* of an AI system that are remembered */
};

struct span {
    double low, high;
};

/* What a variable is at. */
struct held {
    bool known;
    double value;
    struct tw_range range;
    int64_t seen_ns, until_ns;
    int64_t since_ns;         /* when the span of now began */
    struct span now, earlier; /* all that it was then, and right before */
};

struct speaker {
    uint16_t wrong; /* a bit per claim, the last one lowest */
    unsigned judged;
};

struct tw_claims {
    const struct tw_pulse *pulse;
    struct tw_table *held;    /* by where the variable's id is written; as many as are declared */
    struct speaker *speakers; /* by the number of the AI system, from 1 */
    struct tw_claim_facts facts;
};

struct tw_claims *tw_claims_new(
    const struct tw_registry *registry, const struct tw_pulse *pulse, size_t n)
{
    struct tw_claims *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->pulse = pulse;
    c->held = tw_table_new(sizeof(const char *), sizeof(struct held),
        tw_registry_stated(registry) + 1, tw_seed_random());
    c->speakers = calloc(n + 1, sizeof(*c->speakers));
    if (c->held != NULL && c->speakers != NULL)
        return c;
    tw_claims_free(c);
    return NULL;
}

void tw_claims_free(struct tw_claims *c)
{
    if (c == NULL)
        return;
    tw_table_free(c->held);
    free(c->speakers);
    free(c);
}

void tw_claims_adopt(
    struct tw_claims *c, const struct tw_claims *old, const struct tw_conduct_order *order)
{
    for (size_t i = 0; i < order->n; i++) {
        if (order->before[i] < order->n_before)
            c->speakers[i + 1] = old->speakers[order->before[i] + 1];
    }
}

/* ---- what variables are at */

static bool is_news(const struct tw_event *e)
{
    if (e->status_bad)
        return false;
    if (e->protocol == TW_PROTO_MQTT)
        return tw_message_is_news(e);
    const bool accepted = e->action == TW_ACTION_WRITE && e->status.s.p != NULL;
    return e->protocol == TW_PROTO_OPCUA && tw_event_is_whole_value(e) &&
           (accepted || e->action == TW_ACTION_READ || e->action == TW_ACTION_NOTIFY);
}

static bool number_of(const struct tw_event *e, double *out)
{
    return e->value.kind != TW_VALUE_NONE && tw_like_value(&e->value) == TW_LIKE_NUMBER &&
           tw_value_number(&e->value, out);
}

static void pass_time(struct held *h, int64_t now_ns)
{
    const int64_t lag_ns = LAG_S * TW_NS_PER_S, passed_ns = now_ns - h->since_ns;
    if (passed_ns < lag_ns)
        return;
    const struct span still = {h->value, h->value};
    h->earlier = passed_ns < 2 * lag_ns ? h->now : still;
    h->now = still;
    h->since_ns = now_ns;
}

static bool is_known(const struct tw_claims *c, const struct held *h, int64_t now_ns)
{
    return h != NULL && h->known && now_ns <= h->until_ns && c->pulse->hole_ns <= h->seen_ns;
}

static void take(struct tw_claims *c, const struct tw_event *e, const struct tw_variable_facts *v)
{
    const int64_t good_s = e->action == TW_ACTION_READ ? READ_S : TOLD_S;
    double value;
    if (!v->is_value || !is_news(e))
        return;
    struct held *h = tw_table_put(c->held, &v->id.p, NULL);
    if (!number_of(e, &value)) {
        h->known = false;
        return;
    }
    if (!is_known(c, h, e->ts_ns))
        *h = (struct held){.since_ns = e->ts_ns, .now = {value, value}, .earlier = {value, value}};
    else
        pass_time(h, e->ts_ns);
    h->known = true;
    h->value = value;
    h->range = v->range;
    h->now = (struct span){fmin(h->now.low, value), fmax(h->now.high, value)};
    h->seen_ns = e->ts_ns;
    h->until_ns = e->ts_ns + good_s * TW_NS_PER_S;
}

/* ---- what is said of them */

/* Of `size`, in percent as people read it: no limit is exceeded by rounding. */
static double deviation(const struct held *h, double value, double size)
{
    enum { SHOWN = 1000, MOST = 1000000000 };
    const double low = fmin(h->now.low, h->earlier.low), high = fmax(h->now.high, h->earlier.high),
                 distance = value < low    ? low - value
                            : value > high ? value - high
                                           : 0;
    return fmin(round(100 * distance / size * SHOWN) / SHOWN, MOST);
}

static void count(struct speaker *s, bool is_wrong, struct tw_claim_facts *out)
{
    s->wrong = (uint16_t)(((unsigned)s->wrong << 1 | is_wrong) & ((1u << CLAIMS) - 1));
    s->judged += s->judged < CLAIMS;
    out->wrong = (unsigned)__builtin_popcount(s->wrong);
    out->judged = s->judged;
}

static void judge(struct tw_claims *c, const struct tw_event *e, struct tw_facts *facts)
{
    struct held *h = tw_table_find(c->held, &facts->report.stated.p);
    double value;
    if (!is_known(c, h, e->ts_ns) || !number_of(e, &value))
        return;
    const double size = h->range.max - h->range.min;
    if (!h->range.has_min || !h->range.has_max || !(size > 0) || !isfinite(size))
        return;
    pass_time(h, e->ts_ns);
    struct tw_claim_facts *out = &c->facts;
    *out = (struct tw_claim_facts){.variable = facts->report.stated,
        .actual = h->value,
        .age_ns = e->ts_ns - h->seen_ns,
        .deviation = deviation(h, value, size)};
    out->contradicts = out->deviation > CONTRADICTION;
    count(&c->speakers[facts->actor.ai], out->contradicts, out);
    facts->claim = out;
}

bool tw_claims_event(struct tw_claims *c, const struct tw_event *e, struct tw_facts *facts)
{
    if (facts->report.stated.p != NULL)
        judge(c, e, facts);
    else if (facts->variable.is_stated)
        take(c, e, &facts->variable);
    return facts->variable.is_stated;
}
