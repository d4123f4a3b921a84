#include <math.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "detect/acts.h"

enum {
    MAX_BUCKETS = 4096,
    USUAL_PER_MIN = 30, /* where nothing is declared … */
    USUAL_BURST = 10,   /* … and at once */
    LEAST_BURST = 3,
    SLOTS = 6, /* of a minute */
    SLOT_S = 10
};

/* Acts of one AI system, or those under one of its grants that has a rate. */
struct bucket_key {
    const char *ai_system, *rate; /* where they are written; `rate` NULL: all acts */
};

struct bucket {
    int64_t ts_ns; /* 0: new */
    double tokens;
    int64_t slots[SLOTS]; /* numbers of the last ones … */
    unsigned counts[SLOTS];
};

struct tw_budgets {
    struct tw_table *buckets;
};

struct tw_budgets *tw_budgets_new(void)
{
    struct tw_budgets *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    b->buckets = tw_table_new(
        sizeof(struct bucket_key), sizeof(struct bucket), MAX_BUCKETS, tw_seed_random());
    if (b->buckets != NULL)
        return b;
    free(b);
    return NULL;
}

void tw_budgets_free(struct tw_budgets *b)
{
    if (b == NULL)
        return;
    tw_table_free(b->buckets);
    free(b);
}

/* This act, and those of about the last minute. */
static unsigned count(struct bucket *b, int64_t ts_ns)
{
    const int64_t number = ts_ns / (SLOT_S * TW_NS_PER_S);
    const size_t at = (size_t)(number % SLOTS);
    unsigned n = 0;
    if (b->slots[at] != number) {
        b->slots[at] = number;
        b->counts[at] = 0;
    }
    b->counts[at]++;
    for (size_t i = 0; i < SLOTS; i++)
        n += number - b->slots[i] < SLOTS ? b->counts[i] : 0;
    return n;
}

static void spend(struct tw_budgets *budgets, struct bucket_key key, double per_s, double burst,
    bool declared, int64_t ts_ns, struct tw_act_facts *out)
{
    bool created;
    struct bucket *b = tw_table_put(budgets->buckets, &key, &created);
    const double passed_s = (double)(ts_ns - b->ts_ns) / (double)TW_NS_PER_S;
    b->tokens = created ? burst : fmin(burst, b->tokens + fmax(passed_s, 0) * per_s);
    b->ts_ns = ts_ns;
    const unsigned n = count(b, ts_ns);
    if (b->tokens >= 1) {
        b->tokens -= 1;
        return;
    }
    if (out->budget_per_s > 0 && out->budget_declared >= declared)
        return;
    out->budget_per_s = per_s;
    out->budget_burst = burst;
    out->budget_declared = declared;
    out->acts = n;
}

void tw_budgets_judge(struct tw_budgets *b, const struct tw_event *e, const struct tw_facts *f,
    struct tw_act_facts *out)
{
    const double quota = f->actor.quota_per_s, rate = f->grant.rate_per_s;
    const double per_s = quota > 0 ? quota : USUAL_PER_MIN / 60.0;
    const double burst = quota > 0 ? fmax(LEAST_BURST, quota * 60) : USUAL_BURST;
    spend(b, (struct bucket_key){f->actor.id.p, NULL}, per_s, burst, quota > 0, e->ts_ns, out);
    if (f->grant.has_rate)
        spend(b, (struct bucket_key){f->actor.id.p, f->grant.rate_text.p}, rate,
            fmax(LEAST_BURST, rate * 60), true, e->ts_ns, out);
}
