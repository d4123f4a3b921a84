/* The parts of a rule that remember, grade, excuse and explain. */

#include <math.h>

#include "base/num.h"
#include "base/timefmt.h"
#include "config/rate.h"
#include "detect/rule_read.h"

static struct tw_expr_place place_of(const struct tw_expr_place *at, const struct tw_node *node)
{
    struct tw_expr_place place = *at;
    place.node = node;
    return place;
}

/* A number, or "6/min" as a rate in seconds. */
static double read_least(const struct tw_expr_place *at, const struct tw_node *n, bool rate)
{
    struct tw_number number;
    struct tw_rate per;
    if (n == NULL || n->kind != TW_NODE_SCALAR)
        return 1;
    if (tw_num_parse(n->text, &number))
        return number.d;
    if (rate && tw_rate_parse(n->text, &per))
        return per.per_s;
    tw_rule_wrong(at, n, NULL,
        rate ? "\"at_least\" is a number per second, or such as 6/min"
             : "\"at_least\" is a number");
    return 1;
}

static void check_least(
    const struct tw_expr_place *at, const struct tw_node *n, struct tw_window_spec *w)
{
    const bool counted = w->kind == TW_WINDOW_COUNT || w->kind == TW_WINDOW_DISTINCT;
    if (counted && !(w->least >= 1 && w->least <= TW_RULE_MAX_TALLY && w->least == floor(w->least)))
        tw_rule_wrong(at, n, NULL, "\"at_least\" is 1 to %d", TW_RULE_MAX_TALLY);
    else if (!counted && !(w->least > 0 && w->least <= 1e15))
        tw_rule_wrong(at, n, NULL, "\"at_least\" is more than 0");
    else
        w->exact = counted && w->least <= TW_RULE_MAX_COUNT;
}

/* Which of distinct, sum and rate there is, and of which field. */
static void read_kind(
    const struct tw_expr_place *at, const struct tw_node *n, struct tw_window_spec *w)
{
    static const struct {
        const char *key;
        enum tw_window_kind kind;
    } kinds[] = {
        {"distinct", TW_WINDOW_DISTINCT}, {"sum", TW_WINDOW_SUM}, {"rate", TW_WINDOW_RATE}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct tw_node *of = tw_node_get(n, kinds[i].key);
        if (of == NULL || of->kind != TW_NODE_SCALAR)
            continue;
        struct tw_expr_place place = place_of(at, of);
        if (w->kind != TW_WINDOW_COUNT)
            tw_rule_wrong(at, of, NULL, "a window has one of distinct, sum and rate");
        w->kind = kinds[i].kind;
        if (w->kind == TW_WINDOW_RATE && tw_str_is(of->text, "events"))
            continue;
        w->field = tw_expr_field(&place, of->text, 0);
        if (w->field != NULL && w->kind != TW_WINDOW_DISTINCT &&
            w->field->type != TW_FIELD_NUMBER && w->field->type != TW_FIELD_VALUE)
            tw_rule_wrong(at, of, NULL, "%s holds no numbers", w->field->name);
    }
}

static void read_window(
    const struct tw_expr_place *at, const struct tw_node *rule, struct tw_rule *out)
{
    const struct tw_node *n = tw_node_get(rule, "window");
    if (n == NULL || n->kind != TW_NODE_MAP)
        return;
    struct tw_window_spec *w = &out->window;
    const struct tw_node *least = tw_node_get(n, "at_least");
    w->over_ns = tw_rule_duration(at, n, "over", TW_NS_PER_S);
    w->by = tw_rule_by(at, n, "actor", NULL, NULL);
    read_kind(at, n, w);
    w->least = read_least(at, least, w->kind == TW_WINDOW_RATE);
    check_least(at, least, w);
}

static void read_sequence(
    const struct tw_expr_place *at, const struct tw_node *rule, struct tw_rule *out)
{
    const struct tw_node *n = tw_node_get(rule, "sequence");
    const struct tw_node *steps = tw_node_get(n, "steps");
    struct tw_sequence_spec *s = &out->sequence;
    if (n == NULL || n->kind != TW_NODE_MAP || steps == NULL || steps->kind != TW_NODE_LIST)
        return;
    s->within_ns = tw_rule_duration(at, n, "within", TW_NS_PER_S);
    s->by = tw_rule_by(at, n, "actor", NULL, NULL);
    if (steps->n < 2 || steps->n > TW_SEQUENCE_MAX_STEPS) {
        tw_rule_wrong(at, steps, NULL, "a sequence has 2 to %d steps", TW_SEQUENCE_MAX_STEPS);
        return;
    }
    for (size_t i = 0; i < steps->n; i++) {
        s->steps[i] = tw_rule_program(at, &steps->children[i], "when");
        s->actions |= s->steps[i].actions;
    }
    s->n = steps->n;
    /* Without a condition of its own, the rule is about whatever is a step. */
    if (tw_node_get(rule, "when") == NULL)
        out->when.actions = s->actions;
    else
        out->when.actions &= s->actions;
}

static void read_absence(
    const struct tw_expr_place *at, const struct tw_node *rule, struct tw_rule *out)
{
    const struct tw_node *n = tw_node_get(rule, "absence");
    if (n == NULL || n->kind != TW_NODE_MAP)
        return;
    out->absence.of = tw_rule_program(at, n, "of");
    out->absence.by = tw_rule_by(at, n, NULL, NULL, NULL);
    out->absence.within_ns = tw_rule_duration(at, n, "within", TW_NS_PER_S);
}

/* What is remembered decides what a match is: only one of them can. */
static void check_one_of(
    const struct tw_expr_place *at, const struct tw_node *rule, const struct tw_rule *r)
{
    const int n = (r->window.over_ns != 0) + (r->sprt.used ? 1 : 0) + (r->sequence.n != 0) +
                  (r->absence.within_ns != 0);
    if (n > 1)
        tw_rule_wrong(at, tw_node_get(rule, "id"), NULL,
            "a rule has one of window, sprt, sequence and absence");
    if (tw_node_get(rule, "when") == NULL && tw_node_get(rule, "sequence") == NULL)
        tw_rule_wrong(at, rule, NULL, "\"when\" is missing in the rule");
}

static void read_sprt(
    const struct tw_expr_place *at, const struct tw_node *rule, struct tw_rule *out)
{
    const struct tw_node *n = tw_node_get(rule, "sprt");
    if (n == NULL || n->kind != TW_NODE_MAP)
        return;
    struct tw_sprt_spec *s = &out->sprt;
    s->used = true;
    s->bad = tw_rule_program(at, n, "bad");
    s->by = tw_rule_by(at, n, "actor", "target", NULL);
    double p0 = tw_rule_number(n, "p0", 0), p1 = tw_rule_number(n, "p1", 0);
    double alpha = tw_rule_number(n, "alpha", 0), beta = tw_rule_number(n, "beta", 0);
    if (!(p0 > 0 && p0 < p1 && p1 < 1) || !(alpha > 0 && alpha < 0.5 && beta > 0 && beta < 0.5)) {
        tw_rule_wrong(
            at, n, NULL, "sprt wants 0 < p0 < p1 < 1, and alpha and beta between 0 and 0.5");
        return;
    }
    s->step_bad = log(p1 / p0);
    s->step_good = log((1 - p1) / (1 - p0));
    s->reject = log((1 - beta) / alpha);
    s->accept = log(beta / (1 - alpha));
}

static void read_hold(
    const struct tw_expr_place *at, const struct tw_node *rule, struct tw_rule *out)
{
    const struct tw_node *n = tw_node_get(rule, "hold");
    if (n == NULL || n->kind != TW_NODE_MAP)
        return;
    out->hold.when = tw_rule_program(at, n, "when");
    out->hold.by = tw_rule_by(at, n, NULL, NULL, NULL);
    out->hold.for_ns = tw_rule_duration(at, n, "for", TW_NS_PER_S);
}

static void read_upgrades(
    const struct tw_expr_place *at, const struct tw_node *rule, struct tw_rule *out)
{
    const struct tw_node *n = tw_node_get(rule, "upgrade");
    if (n == NULL || n->kind != TW_NODE_LIST)
        return;
    if (n->n > TW_RULE_MAX_UPGRADES) {
        tw_rule_wrong(at, n, NULL, "at most %d upgrades", TW_RULE_MAX_UPGRADES);
        return;
    }
    for (size_t i = 0; i < n->n; i++) {
        const struct tw_node *item = &n->children[i];
        struct tw_upgrade *u = &out->upgrades[out->n_upgrades++];
        u->when = tw_rule_program(at, item, "when");
        u->evidence = tw_rule_evidence(item);
        u->has_floor = tw_node_get(item, "floor") != NULL;
        u->floor = tw_rule_floors(at, item);
    }
}

static void read_exceptions(
    const struct tw_expr_place *at, const struct tw_node *rule, struct tw_rule *out)
{
    const struct tw_node *n = tw_node_get(rule, "exceptions");
    if (n == NULL || n->kind != TW_NODE_LIST || n->n == 0)
        return;
    out->exceptions = tw_blocks_alloc(at->blocks, n->n, sizeof(*out->exceptions));
    for (size_t i = 0; out->exceptions != NULL && i < n->n; i++) {
        const struct tw_node *item = &n->children[i], *expires = tw_node_get(item, "expires");
        struct tw_exception *e = &out->exceptions[out->n_exceptions++];
        e->name = tw_str_of(tw_rule_text(at, item, "name", ""));
        e->reason = tw_str_of(tw_rule_text(at, item, "reason", ""));
        e->owner = tw_str_of(tw_rule_text(at, item, "owner", ""));
        e->when = tw_rule_program(at, item, "when");
        if (expires == NULL || !tw_time_parse(expires->text, &e->expires_ns))
            continue;
        if (expires->text.len == strlen("2027-01-31"))
            e->expires_ns += 24 * 3600 * TW_NS_PER_S - 1;
    }
}

static void read_observed(
    const struct tw_expr_place *at, const struct tw_node *rule, struct tw_rule *out)
{
    const struct tw_node *n = tw_node_get(rule, "observed");
    if (n == NULL || n->kind != TW_NODE_SCALAR)
        return;
    struct tw_expr_place place = place_of(at, n);
    bool count = tw_str_is(n->text, "count");
    out->observed = count ? TW_OBSERVED_COUNT : TW_OBSERVED_FIELD;
    out->observed_field = count ? NULL : tw_expr_field(&place, n->text, 0);
}

static void read_expected(
    const struct tw_expr_place *at, const struct tw_node *rule, struct tw_rule *out)
{
    const struct tw_node *n = tw_node_get(rule, "expected");
    if (n == NULL || n->kind != TW_NODE_MAP)
        return;
    if (n->n > TW_RULE_MAX_EXPECTED) {
        tw_rule_wrong(at, n, NULL, "at most %d members", TW_RULE_MAX_EXPECTED);
        return;
    }
    for (size_t i = 0; i < n->n; i++) {
        const struct tw_node *item = &n->children[i];
        struct tw_expected *e = &out->expected[out->n_expected++];
        struct tw_expr_place place = place_of(at, item);
        e->key = tw_blocks_str(at->blocks, item->key).p;
        if (item->kind != TW_NODE_SCALAR)
            tw_rule_wrong(at, item, NULL, "a field, or a text in quotes, is expected here");
        else if (item->quoted)
            e->text = tw_blocks_str(at->blocks, item->text);
        else
            e->field = tw_expr_field(&place, item->text, 0);
    }
}

void tw_rule_read_parts(
    const struct tw_expr_place *at, const struct tw_node *rule, struct tw_rule *out)
{
    read_window(at, rule, out);
    read_sprt(at, rule, out);
    read_hold(at, rule, out);
    read_sequence(at, rule, out);
    read_absence(at, rule, out);
    check_one_of(at, rule, out);
    read_upgrades(at, rule, out);
    read_exceptions(at, rule, out);
    read_observed(at, rule, out);
    read_expected(at, rule, out);
}
