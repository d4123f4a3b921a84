#include "trial/wish.h"

#include <stdlib.h>

static const char *const severities[] = {"info", "low", "medium", "high", "critical", NULL};
static const char *const tiers[] = {"none", "T0", "T1", "T2", "T3", "T4", NULL};

const struct tw_key tw_wish_keys[] = {
    {"rule", TW_KEY_STR, true, NULL, NULL, "Id of the rule."},
    {"alerts", TW_KEY_INT, false, NULL, NULL, "How many such alerts; by default 1."},
    {"count", TW_KEY_INT, false, NULL, NULL, "How many matches are folded into it."},
    {"severity", TW_KEY_CHOICE, false, severities, NULL, "Its severity."},
    {"tier", TW_KEY_CHOICE, false, tiers, NULL, "Tier of its actor."},
    {"score", TW_KEY_INT, false, NULL, NULL, "Its score."},
    {"at", TW_KEY_DURATION, false, NULL, NULL, "When it comes, after the start."},
    {"actor", TW_KEY_STR, false, NULL, NULL, "Id or address of its actor."},
    {"target", TW_KEY_STR, false, NULL, NULL, "Asset (or address) and object, as listed."},
    {"output", TW_KEY_STR, false, NULL, NULL, "The whole summary."},
    {"output_contains", TW_KEY_STR, false, NULL, NULL, "A part of the summary."},
    {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
};

static struct tw_str text(const struct tw_node *map, const char *key)
{
    const struct tw_node *n = tw_node_get(map, key);
    return n != NULL && n->kind == TW_NODE_SCALAR ? n->text : TW_STR_NONE;
}

static bool rule_exists(const struct tw_stage *s, struct tw_str id)
{
    for (size_t i = 0; i < tw_rules_count(s->rules); i++) {
        if (tw_str_is(id, tw_rules_at(s->rules, i)->id))
            return true;
    }
    return false;
}

static void check_rule(const struct tw_stage *s, const struct tw_node *n, struct tw_str id)
{
    const char **ids = calloc(tw_rules_count(s->rules) + 1, sizeof(*ids));
    for (size_t i = 0; ids != NULL && i < tw_rules_count(s->rules); i++)
        ids[i] = tw_rules_at(s->rules, i)->id;
    if (n != NULL && !rule_exists(s, id))
        tw_yaml_error(s->yaml, s->diags, n, false, ids ? tw_nearest(id, ids) : NULL,
            "there is no rule \"%.*s\"", TW_STR_ARG(id));
    free(ids);
}

static bool integer(const struct tw_stage *s, const struct tw_node *map, const char *key,
    int64_t min, int64_t max, int64_t *out)
{
    const struct tw_node *n = tw_node_get(map, key);
    return n != NULL && tw_node_int(s->yaml, s->diags, n, min, max, out);
}

static bool choice(const struct tw_stage *s, const struct tw_node *map, const char *key,
    const char *const *names, int *out)
{
    const struct tw_node *n = tw_node_get(map, key);
    return n != NULL && tw_node_choice(s->yaml, s->diags, n, names, out);
}

static void read_wish(const struct tw_stage *s, const struct tw_node *n, struct tw_trial_wish *out)
{
    int64_t alerts = 1;
    int severity = 0, tier = 0;
    const struct tw_node *at = tw_node_get(n, "at");
    *out = (struct tw_trial_wish){.node = n,
        .rule = text(n, "rule"),
        .actor = text(n, "actor"),
        .target = text(n, "target"),
        .output = text(n, "output"),
        .output_contains = text(n, "output_contains")};
    check_rule(s, tw_node_get(n, "rule"), out->rule);
    (void)integer(s, n, "alerts", 1, TW_TRIAL_MAX_ALERTS, &alerts);
    out->alerts = (size_t)alerts;
    out->has_count = integer(s, n, "count", 1, INT64_MAX, &out->count);
    out->has_score = integer(s, n, "score", 0, 100, &out->score);
    out->has_severity = choice(s, n, "severity", severities, &severity);
    out->severity = (enum tw_severity)severity;
    out->has_tier = choice(s, n, "tier", tiers, &tier);
    out->tier = (enum tw_tier)tier;
    out->has_at = at != NULL && tw_node_duration(s->yaml, s->diags, at, &out->at_ns);
}

enum tw_status tw_wishes_read(struct tw_stage *s, const struct tw_node *test, struct tw_wishes *out)
{
    const size_t errors = s->diags->errors;
    const struct tw_node *expect = tw_node_get(test, "expect"), *rules = tw_node_get(test, "rules");
    out->list = calloc(expect->n + 1, sizeof(*out->list));
    if (out->list == NULL)
        return TW_NO_MEMORY;
    for (size_t i = 0; i < expect->n; i++)
        read_wish(s, &expect->children[i], &out->list[out->n++]);
    for (size_t i = 0; rules != NULL && i < rules->n; i++)
        check_rule(s, &rules->children[i], rules->children[i].text);
    return s->diags->errors == errors ? TW_OK : TW_INVALID;
}

void tw_wishes_fini(struct tw_wishes *w)
{
    free(w->list);
    free(w->met);
    free(w->wanted);
}

/* ---- matching */

static bool answers(const struct tw_trial_alert *a, const struct tw_trial_wish *w, int64_t start_ns)
{
    const struct tw_str summary = tw_str_of(a->summary);
    return tw_str_is(w->rule, a->rule) && (!w->has_count || (uint64_t)w->count == a->count) &&
           (!w->has_score || w->score == a->score) &&
           (!w->has_severity || w->severity == a->severity) &&
           (!w->has_tier || w->tier == a->tier) &&
           (!w->has_at || w->at_ns == a->ts_ns - start_ns) &&
           (w->actor.p == NULL || tw_str_is(w->actor, a->actor)) &&
           (w->target.p == NULL || tw_str_is(w->target, a->target)) &&
           (w->output.p == NULL || tw_str_eq(w->output, summary)) &&
           (w->output_contains.p == NULL || memmem(summary.p, summary.len, w->output_contains.p,
                                                w->output_contains.len) != NULL);
}

struct matching {
    const struct tw_stage *s;
    const struct tw_wishes *w;
    size_t *given; /* by alert: its wish plus 1; 0: none */
    bool *seen;    /* by alert, during one search */
};

/* Find an alert for one more of `wish`, moving others to where they do as well. */
static bool give(struct matching *m, size_t wish)
{
    for (size_t a = 0; a < m->s->alerts.n; a++) {
        if (m->seen[a] || !answers(&m->s->alerts.list[a], &m->w->list[wish], m->s->start_ns))
            continue;
        m->seen[a] = true;
        if (m->given[a] == 0 || give(m, m->given[a] - 1)) {
            m->given[a] = wish + 1;
            return true;
        }
    }
    return false;
}

static void match_all(struct matching *m, const struct tw_wishes *w)
{
    for (size_t i = 0; i < w->n; i++) {
        for (size_t k = 0; k < w->list[i].alerts; k++) {
            memset(m->seen, 0, m->s->alerts.n * sizeof(*m->seen));
            if (!give(m, i))
                break;
        }
    }
}

enum tw_status tw_wishes_match(
    const struct tw_stage *s, struct tw_wishes *w, struct tw_trial_result *out)
{
    struct matching m = {.s = s, .w = w};
    m.given = calloc(s->alerts.n + 1, sizeof(*m.given));
    m.seen = calloc(s->alerts.n + 1, sizeof(*m.seen));
    w->met = calloc(w->n + 1, sizeof(*w->met));
    w->wanted = calloc(s->alerts.n + 1, sizeof(*w->wanted));
    const bool ok = m.given != NULL && m.seen != NULL && w->met != NULL && w->wanted != NULL;
    out->passed = true;
    if (ok)
        match_all(&m, w);
    for (size_t i = 0; ok && i < s->alerts.n; i++) {
        w->wanted[i] = m.given[i] != 0;
        if (w->wanted[i])
            w->met[m.given[i] - 1]++;
        out->passed &= w->wanted[i];
    }
    for (size_t i = 0; ok && i < w->n; i++)
        out->passed &= w->met[i] == w->list[i].alerts;
    out->wishes = w->list;
    out->n_wishes = w->n;
    out->met = w->met;
    out->wanted = w->wanted;
    out->alerts = s->alerts.list;
    out->start_ns = s->start_ns;
    out->n_alerts = s->alerts.n;
    free(m.given);
    free(m.seen);
    return ok ? TW_OK : TW_NO_MEMORY;
}
