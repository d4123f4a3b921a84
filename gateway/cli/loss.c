#include "cli/loss.h"

#include <math.h>
#include <stdio.h>

#include "base/num.h"
#include "base/timefmt.h"

static const struct tw_rule_info rule = {
    .id = "GW-02",
    .name = "Packets lost before the gateway saw them",
    .family = "GW",
    .status = "stable",
    .advice = "Raise ring_mb, set a filter, or give the gateway a core more; until then a silent "
              "rule proves nothing.",
    .rev = 1,
    .evidence = TW_EVIDENCE_D,
    .severity = 70,
    .own = true,
};
#define QUIET_NS (600 * TW_NS_PER_S)

/* A loss just above the limit is medium, a hundred times as much is as bad as it gets: high. */
static double strength_of(const struct tw_loss *loss)
{
    const double limit = loss->limit_percent > 0.001 ? loss->limit_percent : 0.001;
    const double q = 0.62 + 0.19 * log10(loss->lossy.percent / limit);
    return q < 1 ? floor(q * 100 + 0.5) / 100 : 1;
}

void tw_loss_alert(
    struct tw_alerts *alerts, const struct tw_loss *loss, const char *gateway, int64_t now_ns)
{
    const struct tw_loss_window *w = &loss->lossy;
    const struct tw_event event = {.action = TW_ACTION_GAP, .ts_ns = now_ns};
    const struct tw_facts facts = {
        .actor = {
            .id = tw_str_of(gateway), .kind = TW_ACTOR_ASSET, .identity = TW_IDENTITY_REGISTERED}};
    const struct tw_value observed = {.kind = TW_VALUE_DOUBLE, .d = tw_loss_percent(w)};
    char summary[192], limit[TW_NUM_TEXT], expected[TW_NUM_TEXT + 32];
    const size_t len = tw_num_double(limit, loss->limit_percent);
    const int m = snprintf(expected, sizeof(expected), "{\"max_percent\":%.*s}", (int)len, limit);
    const int n = snprintf(summary, sizeof(summary),
        "%.64s lost %llu of %llu packets (%.3f %%) in %d s before it could look at them", gateway,
        (unsigned long long)w->lost, (unsigned long long)w->wanted, w->percent,
        (int)(TW_LOSS_WINDOW_NS / TW_NS_PER_S));
    const struct tw_finding finding = {.rule = &rule,
        .event = &event,
        .facts = &facts,
        .ts_ns = now_ns,
        .key = TW_STR("GW-02"),
        .window_ns = QUIET_NS,
        .strength = strength_of(loss),
        .evidence = rule.evidence,
        .summary = {summary, (size_t)n},
        .observed = &observed,
        .expected_json = {expected, (size_t)m},
        .window_count = 1,
        .readable_percent = (unsigned)(100 - w->percent)};
    tw_alerts_finding(alerts, &finding);
}
