#include "detect/explain.h"

#include "base/timefmt.h"
#include "detect/print.h"
#include "detect/rule.h"

enum { CHEAP = 12, MODERATE = 60 };

static void when(const struct tw_program *p, struct tw_text *out)
{
    if (p->expr != NULL)
        tw_expr_print(p->expr, out);
}

void tw_rule_explain_when(const struct tw_rules *r, size_t i, struct tw_text *out)
{
    when(&r->list[i].when, out);
}

void tw_rule_explain_actions(const struct tw_rules *r, size_t i, struct tw_text *out)
{
    tw_actions_print(r->list[i].when.actions, out);
}

void tw_rule_explain_tiers(const struct tw_rules *r, size_t i, struct tw_text *out)
{
    const struct tw_rule *rule = &r->list[i];
    bool any = false;
    if (!rule->has_tiers) {
        tw_text_addz(out, rule->for_assets ? "everybody" : "AI systems and unregistered ones");
        return;
    }
    tw_text_addz(out, "AI systems of ");
    for (int tier = TW_TIER_T0; tier <= TW_TIER_T4; tier++) {
        if (!rule->tiers[tier])
            continue;
        tw_text_addf(out, "%s%s", any ? ", " : "", tw_tier_name((enum tw_tier)tier));
        any = true;
    }
    if (rule->tiers[TW_TIER_T3])
        tw_text_addz(out, ", unregistered ones");
    if (rule->for_assets)
        tw_text_addz(out, ", assets");
}

static void seconds(struct tw_text *out, int64_t ns)
{
    char text[TW_NUM_TEXT];
    tw_text_add(out, text, tw_num_double(text, (double)ns / (double)TW_NS_PER_S));
    tw_text_addz(out, " s");
}

static void window(const struct tw_window_spec *w, struct tw_text *out)
{
    static const char *const kinds[] = {
        "events", "different values of", "in all of", "by second of"};
    char text[TW_NUM_TEXT];
    tw_text_addz(out, "at least ");
    tw_text_add(out, text, tw_num_double(text, w->least));
    tw_text_addf(out, " %s%s%s within ", kinds[w->kind], w->field != NULL ? " " : "",
        w->field != NULL            ? w->field->name
        : w->kind == TW_WINDOW_RATE ? " events"
                                    : "");
    seconds(out, w->over_ns);
    tw_text_addz(out, ", by ");
    tw_by_print(&w->by, out);
    tw_text_addz(out, w->exact ? "\n" : " (by slices of that time)\n");
}

static void sequence(const struct tw_sequence_spec *s, struct tw_text *out)
{
    tw_text_addz(out, "steps within ");
    seconds(out, s->within_ns);
    tw_text_addz(out, ", by ");
    tw_by_print(&s->by, out);
    tw_text_addz(out, "\n");
    for (size_t i = 0; i < s->n; i++) {
        tw_text_addf(out, "  %zu. ", i + 1);
        when(&s->steps[i], out);
        tw_text_addz(out, "\n");
    }
}

/* "head CONDITION, 10 s, by FIELDS". */
static void condition(const char *head, const struct tw_program *p, int64_t ns,
    const struct tw_by *by, struct tw_text *out)
{
    tw_text_addz(out, head);
    when(p, out);
    if (ns > 0) {
        tw_text_addz(out, ", ");
        seconds(out, ns);
    }
    tw_text_addz(out, ", by ");
    tw_by_print(by, out);
    tw_text_addz(out, "\n");
}

void tw_rule_explain_memory(const struct tw_rules *r, size_t i, struct tw_text *out)
{
    const struct tw_rule *rule = &r->list[i];
    if (rule->window.over_ns != 0)
        window(&rule->window, out);
    if (rule->sequence.n != 0)
        sequence(&rule->sequence, out);
    if (rule->absence.within_ns != 0)
        condition("what does not follow: ", &rule->absence.of, rule->absence.within_ns,
            &rule->absence.by, out);
    if (rule->sprt.used)
        condition("the share of: ", &rule->sprt.bad, 0, &rule->sprt.by, out);
    if (rule->hold.for_ns != 0)
        condition("silent after: ", &rule->hold.when, rule->hold.for_ns, &rule->hold.by, out);
    if (rule->when.n_calls > 0)
        tw_text_addf(out, "%u places in its condition remember\n", rule->when.n_calls);
}

void tw_rule_explain_suppress(const struct tw_rules *r, size_t i, struct tw_text *out)
{
    tw_by_print(&r->list[i].suppress, out);
    tw_text_addz(out, ", ");
    seconds(out, r->list[i].suppress_ns);
}

/* ---- what it looks at */

struct reads {
    void (*fn)(void *user, const char *name);
    void *user;
    const struct tw_field *seen[256];
    size_t n;
};

static void read_field(struct reads *r, const struct tw_field *f)
{
    for (size_t i = 0; f != NULL && i < r->n; i++) {
        if (r->seen[i] == f)
            return;
    }
    if (f == NULL || r->n == sizeof(r->seen) / sizeof(r->seen[0]))
        return;
    r->seen[r->n++] = f;
    r->fn(r->user, f->name);
}

static void read_by(struct reads *r, const struct tw_by *by)
{
    for (size_t i = 0; i < by->n; i++)
        read_field(r, by->fields[i]);
}

static void read_call(struct reads *r, const struct tw_call *c)
{
    read_field(r, c->of);
    read_by(r, &c->by);
}

static void read_calc(struct reads *r, const struct tw_calc *c)
{
    for (uint32_t i = 0; c != NULL && i < c->n; i++) {
        read_field(r, c->steps[i].field);
        if (c->steps[i].call != NULL)
            read_call(r, c->steps[i].call);
    }
}

static void read_expr(struct reads *r, const struct tw_expr *e)
{
    if (e->kind != TW_EXPR_TEST) {
        for (const struct tw_expr *c = e->first; c != NULL; c = c->next) {
            read_expr(r, c);
            if (e->kind == TW_EXPR_MACRO || e->kind == TW_EXPR_NOT)
                break;
        }
        return;
    }
    if (e->test.op == TW_OP_ACTION)
        read_field(r, tw_field_find(TW_STR("action")));
    read_field(r, e->test.left);
    read_field(r, e->test.right);
    read_calc(r, e->test.calc);
    read_calc(r, e->test.right_calc);
    if (e->test.call != NULL)
        read_call(r, e->test.call);
}

static void read_program(struct reads *r, const struct tw_program *p)
{
    if (p->expr != NULL)
        read_expr(r, p->expr);
}

void tw_rule_reads(
    const struct tw_rules *rules, size_t i, void (*fn)(void *user, const char *name), void *user)
{
    const struct tw_rule *rule = &rules->list[i];
    struct reads r = {.fn = fn, .user = user};
    read_program(&r, &rule->when);
    for (size_t k = 0; k < rule->sequence.n; k++)
        read_program(&r, &rule->sequence.steps[k]);
    read_program(&r, &rule->absence.of);
    read_program(&r, &rule->sprt.bad);
    read_program(&r, &rule->hold.when);
    for (size_t k = 0; k < rule->n_upgrades; k++)
        read_program(&r, &rule->upgrades[k].when);
    for (size_t k = 0; k < rule->n_exceptions; k++)
        read_program(&r, &rule->exceptions[k].when);
    read_field(&r, rule->window.field);
    read_by(&r, &rule->window.by);
    read_by(&r, &rule->sequence.by);
    read_by(&r, &rule->absence.by);
    read_by(&r, &rule->sprt.by);
    read_by(&r, &rule->hold.by);
}

unsigned tw_rule_cost(const struct tw_rules *r, size_t i, const char **out_class)
{
    const struct tw_rule *rule = &r->list[i];
    unsigned cost = rule->when.expr != NULL ? rule->when.expr->cost : 0;
    for (size_t k = 0; k < rule->sequence.n; k++)
        cost += rule->sequence.steps[k].expr != NULL ? rule->sequence.steps[k].expr->cost : 0;
    *out_class = cost <= CHEAP ? "cheap" : cost <= MODERATE ? "moderate" : "expensive";
    return cost;
}

size_t tw_rule_exceptions(const struct tw_rules *r, size_t i)
{
    return r->list[i].n_exceptions;
}

struct tw_exception_info tw_rule_exception(
    const struct tw_rules *r, size_t i, size_t exception, struct tw_text *out_when)
{
    const struct tw_exception *e = &r->list[i].exceptions[exception];
    when(&e->when, out_when);
    return (struct tw_exception_info){e->name, e->reason, e->owner, e->expires_ns};
}
