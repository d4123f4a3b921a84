#include "score/score.h"

#include <math.h>

/* p = evidence class x strength x severity / 100; odds p/(1-p), times the factors, as a share of
 * 100. What an alert prints is what the score is made of: strength is rounded to two
 * decimals before it is used, and p keeps six, which is all that the product of three such figures
 * can have. So a reader comes to the same score from p, and from evidence, strength and severity.
 */

struct named_factor {
    const char *name;
    double factor;
};

static const struct named_factor severities[] = {
    [TW_SEV_INFO] = {"info", 0},
    [TW_SEV_LOW] = {"low", 20},
    [TW_SEV_MEDIUM] = {"medium", 40},
    [TW_SEV_HIGH] = {"high", 60},
    [TW_SEV_CRITICAL] = {"critical", 80},
};
enum { N_SEVERITIES = sizeof(severities) / sizeof(severities[0]) };

static const double tier_factors[] = {
    [TW_TIER_NONE] = 1,
    [TW_TIER_T0] = 0.4,
    [TW_TIER_T1] = 0.7,
    [TW_TIER_T2] = 1,
    [TW_TIER_T3] = 1.5,
    [TW_TIER_T4] = 3,
};
static const double asset_factors[] = {
    [TW_IMPORTANCE_LOW] = 0.7,
    [TW_IMPORTANCE_NORMAL] = 1,
    [TW_IMPORTANCE_HIGH] = 1.5,
    [TW_IMPORTANCE_ESSENTIAL] = 2,
};

static const struct {
    char evidence;
    double probability;
} evidence_classes[] = {{'D', 0.95}, {'S', 0.60}, {'M', 0.35}, {'W', 0.15}};

const char *tw_severity_name(enum tw_severity s)
{
    return (unsigned)s < N_SEVERITIES ? severities[s].name : severities[TW_SEV_CRITICAL].name;
}

bool tw_severity_of(struct tw_str name, enum tw_severity *out)
{
    for (unsigned i = 0; i < N_SEVERITIES; i++) {
        if (tw_str_is(name, severities[i].name)) {
            *out = (enum tw_severity)i;
            return true;
        }
    }
    return false;
}

enum tw_severity tw_severity_of_score(int score)
{
    unsigned i = N_SEVERITIES - 1;
    while (i > 0 && score < (int)severities[i].factor)
        i--;
    return (enum tw_severity)i;
}

static double tier_factor_of(enum tw_actor_kind kind, enum tw_tier tier)
{
    if (kind == TW_ACTOR_ASSET)
        return 1;
    if (kind == TW_ACTOR_UNREGISTERED)
        return tier_factors[TW_TIER_T3]; /* until it is registered */
    return (unsigned)tier <= TW_TIER_T4 ? tier_factors[tier] : 1;
}

static double asset_factor_of(enum tw_importance importance)
{
    return (unsigned)importance <= TW_IMPORTANCE_ESSENTIAL ? asset_factors[importance] : 1;
}

static double clamp(double v, double low, double high)
{
    return v > low ? (v < high ? v : high) : low; /* NaN becomes low */
}

static double evidence_probability(char evidence)
{
    for (size_t i = 0; i < sizeof(evidence_classes) / sizeof(evidence_classes[0]); i++) {
        if (evidence_classes[i].evidence == evidence)
            return evidence_classes[i].probability;
    }
    return evidence_classes[3].probability;
}

/* Half up. The nudge undoes what binary fractions do to figures that are exact in decimal: a score
 * of 31.5 is 32, also where its double is 31.499999999999996. */
static double round_to(double v, double scale)
{
    return floor(v * scale + 0.5 + 1e-9) / scale;
}

struct tw_score tw_score_of(const struct tw_score_input *in)
{
    double strength = round_to(clamp(in->strength, 0, 1), 100);
    double severity = clamp(in->severity, 0, 100);
    struct tw_score s = {
        .tier_factor = tier_factor_of(in->kind, in->tier),
        .asset_factor = asset_factor_of(in->importance),
        .context_factor = round_to(clamp(in->context, 0.1, 4), 10000),
    };
    double p = evidence_probability(in->evidence) * strength * severity / 100;
    s.p = clamp(round_to(p, 1e6), 0, 0.999999);
    double odds = s.p / (1 - s.p) * s.tier_factor * s.asset_factor * s.context_factor;
    double score = 100 * odds / (1 + odds);
    double floor_score = clamp(in->floor, 0, 100);
    s.floored = floor_score > score;
    s.score = (int)round_to(s.floored ? floor_score : score, 1);
    s.severity = tw_severity_of_score(s.score);
    return s;
}
