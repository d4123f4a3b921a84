#include <math.h>
#include <stdlib.h>

#include "base/table.h"
#include "base/timefmt.h"
#include "score/score.h"

/* Risk of an actor: one value per rule, which halves with its family's half-life;
 * the strongest of each family; the families combined as independent causes, 1 - Π(1 - P); the odds
 * of that times the tier factor and the weight of what was touched. The weight is the mean of the
 * families' asset and context factors by their probability, so that a faint trace on an essential
 * asset does not multiply everything else. Floors fade with the evidence that set them. Never less
 * than the strongest single rule. */

enum { MAX_RULES = 24, MAX_ID = 32, MAX_FAMILY = 8 };

struct evidence {
    char rule_id[MAX_ID], family[MAX_FAMILY];
    double p, weight, floor;
    int64_t ts_ns;
};

struct subject {
    double tier_factor;
    size_t n;
    struct evidence list[MAX_RULES];
};

struct tw_risks {
    struct tw_table *table;
    struct tw_seed seed;
};

static const struct {
    const char *family;
    int64_t half_life_s;
} half_lives[] = {
    {"IDN", 86400}, {"PRV", 86400}, {"OVR", 86400}, {"MDL", 86400}, {"CRY", 86400}, {"NET", 21600},
    {"EXF", 21600}, {"INJ", 3600}, {"HAL", 3600}, {"MAS", 3600}, {"CMD", 900}, {"INP", 900},
    {"AVL", 900},
    {"CTL", 900}, /* ten loop periods where the loop is known; slow loops take a minute and more */
};
enum { OTHER_HALF_LIFE_S = 3600 }; /* a plant's own families */

static int64_t half_life_ns(const char *family)
{
    int64_t s = OTHER_HALF_LIFE_S;
    for (size_t i = 0; i < sizeof(half_lives) / sizeof(half_lives[0]); i++) {
        if (strcmp(half_lives[i].family, family) == 0)
            s = half_lives[i].half_life_s;
    }
    return s * TW_NS_PER_S;
}

/* 2^-x by square roots, which IEEE 754 rounds the same everywhere; libm's exp2 need not. */
static double halved(double x)
{
    if (x >= 1000)
        return 0;
    int whole = (int)x;
    double rest = x - whole, root = 0.5, factor = 1;
    for (int bit = 0; bit < 30; bit++) {
        root = sqrt(root);
        rest *= 2;
        if (rest >= 1) {
            factor *= root;
            rest -= 1;
        }
    }
    return ldexp(factor, -whole);
}

static double decay(const struct evidence *e, int64_t now_ns)
{
    if (now_ns <= e->ts_ns)
        return 1; /* a deadline may be noted after a later packet */
    return halved((double)(now_ns - e->ts_ns) / (double)half_life_ns(e->family));
}

struct tw_risks *tw_risks_new(size_t capacity)
{
    struct tw_risks *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    r->seed = tw_seed_random();
    r->table = tw_table_new(
        sizeof(struct tw_text_key), sizeof(struct subject), capacity ? capacity : 1, r->seed);
    if (r->table == NULL) {
        free(r);
        return NULL;
    }
    return r;
}

void tw_risks_free(struct tw_risks *r)
{
    if (r == NULL)
        return;
    tw_table_free(r->table);
    free(r);
}

static double odds_share(double p, double factor)
{
    double odds = p / (1 - p) * factor;
    return 100 * odds / (1 + odds);
}

/* The strongest of e's family at `now`, itself included: ties go to the earlier slot. */
static bool leads_family(const struct subject *s, size_t at, const double *p)
{
    for (size_t i = 0; i < s->n; i++) {
        if (i == at || strcmp(s->list[i].family, s->list[at].family) != 0)
            continue;
        if (p[i] > p[at] || (p[i] == p[at] && i < at))
            return false;
    }
    return true;
}

static int risk_of(const struct subject *s, int64_t now_ns)
{
    double p[MAX_RULES], none = 1, sum = 0, weighted = 0, least = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct evidence *e = &s->list[i];
        double left = decay(e, now_ns);
        double alone = odds_share(e->p * left, s->tier_factor * e->weight);
        p[i] = e->p * left;
        least = fmax(least, fmax(alone, e->floor * left));
    }
    for (size_t i = 0; i < s->n; i++) {
        if (!leads_family(s, i, p))
            continue;
        none *= 1 - p[i];
        sum += p[i];
        weighted += p[i] * s->list[i].weight;
    }
    if (sum <= 0)
        return (int)floor(least + 0.5 + 1e-9);
    double both = fmin(1 - none, 0.999999);
    return (int)floor(
        fmax(least, odds_share(both, s->tier_factor * (weighted / sum))) + 0.5 + 1e-9);
}

static double present(const struct evidence *e, int64_t now_ns)
{
    return fmax(100 * e->p * e->weight, e->floor) * decay(e, now_ns);
}

/* The rule's slot, a new one, or that of the faintest evidence. */
static struct evidence *slot_of(struct subject *s, const char *rule_id, int64_t now_ns)
{
    struct evidence *faintest = &s->list[0];
    for (size_t i = 0; i < s->n; i++) {
        if (strncmp(s->list[i].rule_id, rule_id, MAX_ID - 1) == 0)
            return &s->list[i];
        if (present(&s->list[i], now_ns) < present(faintest, now_ns))
            faintest = &s->list[i];
    }
    struct evidence *e = s->n < MAX_RULES ? &s->list[s->n++] : faintest;
    *e = (struct evidence){0};
    tw_str_copy(e->rule_id, sizeof(e->rule_id), tw_str_of(rule_id));
    return e;
}

int tw_risks_add(struct tw_risks *r, struct tw_str actor, const char *family, const char *rule_id,
    const struct tw_score_input *in, const struct tw_score *score, int64_t ts_ns)
{
    struct tw_text_key key = tw_text_key(r->seed, actor);
    struct subject *s = tw_table_put(r->table, &key, NULL);
    struct evidence *e = slot_of(s, rule_id, ts_ns);
    struct evidence now = *e;
    tw_str_copy(now.family, sizeof(now.family), tw_str_of(family));
    now.p = score->p;
    now.weight = score->asset_factor * score->context_factor;
    now.floor = in->floor > 0 ? fmin(in->floor, 100) : 0;
    now.ts_ns = ts_ns > e->ts_ns || e->p <= 0 ? ts_ns : e->ts_ns;
    /* The latest, or an older one that even now says more. */
    if (present(&now, ts_ns) >= present(e, ts_ns))
        *e = now;
    s->tier_factor = score->tier_factor;
    return risk_of(s, ts_ns);
}

static struct subject *subject_of(struct tw_risks *r, struct tw_str actor)
{
    struct tw_text_key key = tw_text_key(r->seed, actor);
    return tw_table_peek(r->table, &key);
}

int tw_risks_now(struct tw_risks *r, struct tw_str actor, int64_t ts_ns)
{
    const struct subject *s = subject_of(r, actor);
    return s == NULL ? 0 : risk_of(s, ts_ns);
}

size_t tw_risks_reasons(
    struct tw_risks *r, struct tw_str actor, int64_t ts_ns, const char **out_rule_ids, size_t n)
{
    const struct subject *s = subject_of(r, actor);
    if (s == NULL)
        return 0;
    bool taken[MAX_RULES] = {false};
    size_t found = 0;
    for (; found < n; found++) {
        const struct evidence *best = NULL;
        for (size_t i = 0; i < s->n; i++) {
            const struct evidence *e = &s->list[i];
            if (taken[i] || present(e, ts_ns) < 0.5)
                continue;
            if (best == NULL || present(e, ts_ns) > present(best, ts_ns))
                best = e;
        }
        if (best == NULL)
            break;
        taken[best - s->list] = true;
        out_rule_ids[found] = best->rule_id;
    }
    return found;
}
