/* The parts of a rule that remember, grade, excuse and explain. */

#include <math.h>

#include "base/timefmt.h"
#include "detect/rule_read.h"

static struct tw_expr_place place_of(const struct tw_expr_place *at, const struct tw_node *node)
{
    struct tw_expr_place place = *at;
    place.node = node;
    return place;
}

static void read_window(
    const struct tw_expr_place *at, const struct tw_node *rule, struct tw_rule *out)
{
    const struct tw_node *n = tw_node_get(rule, "window");
    if (n == NULL || n->kind != TW_NODE_MAP)
        return;
    struct tw_window_spec *w = &out->window;
    w->over_ns = tw_rule_duration(at, n, "over", TW_NS_PER_S);
    w->by = tw_rule_by(at, n, "actor", NULL, NULL);
    double least = tw_rule_number(n, "at_least", 1);
    if (least < 1 || least > TW_RULE_MAX_COUNT)
        tw_rule_wrong(
            at, tw_node_get(n, "at_least"), NULL, "\"at_least\" is 1 to %d", TW_RULE_MAX_COUNT);
    else
        w->at_least = (unsigned)least;
    const struct tw_node *distinct = tw_node_get(n, "distinct");
    if (distinct != NULL && distinct->kind == TW_NODE_SCALAR) {
        struct tw_expr_place place = place_of(at, distinct);
        w->distinct = tw_expr_field(&place, distinct->text, 0);
    }
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
    if (out->window.over_ns != 0)
        tw_rule_wrong(at, n, NULL, "a rule has a window or an sprt, not both");
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
    read_upgrades(at, rule, out);
    read_exceptions(at, rule, out);
    read_observed(at, rule, out);
    read_expected(at, rule, out);
}
