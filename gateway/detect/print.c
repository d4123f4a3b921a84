#include "detect/print.h"

#include "base/num.h"
#include "base/timefmt.h"
#include "detect/expr_parse.h"

enum { MAX_ITEMS = 12 };

static const char *const names[TW_OP_COUNT] = {
    [TW_OP_EXISTS] = "exists",
    [TW_OP_EQ] = "=",
    [TW_OP_NE] = "!=",
    [TW_OP_LT] = "<",
    [TW_OP_LE] = "<=",
    [TW_OP_GT] = ">",
    [TW_OP_GE] = ">=",
    [TW_OP_IN] = "in",
    [TW_OP_GLOB] = "glob",
    [TW_OP_CONTAINS] = "contains",
    [TW_OP_STARTSWITH] = "startswith",
    [TW_OP_ENDSWITH] = "endswith",
    [TW_OP_MATCHES] = "matches",
    [TW_OP_UNDER] = "under",
    [TW_OP_INSIDE] = "inside",
    [TW_OP_OUTSIDE] = "outside",
    [TW_OP_IS_NAN] = "is nan",
    [TW_OP_IS_INFINITE] = "is infinite",
    [TW_OP_IS_SUBNORMAL] = "is subnormal",
    [TW_OP_IS_NUMBER] = "is number",
    [TW_OP_IS_STRING] = "is string",
    [TW_OP_IS_BOOL] = "is bool",
    [TW_OP_IS_ARRAY] = "is array",
    [TW_OP_IS_EMPTY] = "is empty",
    [TW_OP_IS_NULL] = "is null",
};

static void number(struct tw_text *out, double d)
{
    char text[TW_NUM_TEXT];
    tw_text_add(out, text, tw_num_double(text, d));
}

static bool is_bare(struct tw_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                (c != '\0' && strchr("_./:", c) != NULL)))
            return false;
    }
    return s.len > 0;
}

static void quoted(struct tw_text *out, struct tw_str s)
{
    const char *quote = s.len > 0 && memchr(s.p, '"', s.len) != NULL ? "'" : "\"";
    tw_text_addz(out, is_bare(s) ? "" : quote);
    tw_text_add_str(out, s);
    tw_text_addz(out, is_bare(s) ? "" : quote);
}

static void literal(struct tw_text *out, const struct tw_literal *l)
{
    char text[TW_IP_TEXT];
    switch (l->kind) {
    case TW_LITERAL_NUMBER:
        number(out, l->number);
        break;
    case TW_LITERAL_BOOL:
        tw_text_addz(out, l->truth ? "true" : "false");
        break;
    case TW_LITERAL_NET:
        tw_text_add(out, text, tw_ip_text(text, &l->ip));
        if (l->prefix != (l->ip.family == 6 ? 128 : 32))
            tw_text_addf(out, "/%u", l->prefix);
        break;
    case TW_LITERAL_TEXT:
        quoted(out, l->text);
        break;
    }
}

static void literals(struct tw_text *out, const struct tw_literals *many)
{
    tw_text_addz(out, "(");
    for (size_t i = 0; i < many->n && i < MAX_ITEMS; i++) {
        tw_text_addz(out, i > 0 ? ", " : "");
        literal(out, &many->list[i]);
    }
    if (many->n > MAX_ITEMS)
        tw_text_addf(out, ", and %zu more", many->n - MAX_ITEMS);
    tw_text_addz(out, ")");
}

static void range(struct tw_text *out, const struct tw_test *t)
{
    if (t->right != NULL) {
        tw_text_addz(out, t->right->name);
        return;
    }
    tw_text_addz(out, "[");
    number(out, t->range.min);
    tw_text_addz(out, ", ");
    number(out, t->range.max);
    tw_text_addz(out, "]");
}

void tw_by_print(const struct tw_by *by, struct tw_text *out)
{
    for (size_t i = 0; i < by->n; i++)
        tw_text_addf(out, "%s%s", i > 0 ? ", " : "", by->fields[i]->name);
}

static void call(struct tw_text *out, const struct tw_call *c)
{
    tw_text_addf(out, "%s(%s by ", tw_call_name(c->kind), c->of->name);
    tw_by_print(&c->by, out);
    if (c->after_ns > 0) {
        tw_text_addz(out, " after ");
        number(out, (double)c->after_ns / (double)TW_NS_PER_S);
        tw_text_addz(out, "s");
    }
    tw_text_addz(out, ")");
}

/* Where the operand that ends with step `last` begins. */
static uint32_t begin_of(const struct tw_calc *c, uint32_t last)
{
    uint32_t wanted = 1, i = last + 1;
    while (wanted > 0 && i > 0) {
        const struct tw_calc_step *s = &c->steps[--i];
        if (s->kind <= TW_CALC_CALL)
            wanted--;
        else if (s->kind != TW_CALC_NEGATE)
            wanted++;
    }
    return i;
}

/* The operand that ends with step `last`; parentheses around what is made of two. No deeper than
 * what was written, which has a limit. */
static void operand(struct tw_text *out, const struct tw_calc *c, uint32_t last, bool whole)
{
    static const char signs[] = {[TW_CALC_ADD] = '+',
        [TW_CALC_SUBTRACT] = '-',
        [TW_CALC_MULTIPLY] = '*',
        [TW_CALC_DIVIDE] = '/'};
    const struct tw_calc_step *s = &c->steps[last];
    if (s->kind == TW_CALC_NUMBER) {
        number(out, s->number);
    } else if (s->kind == TW_CALC_FIELD) {
        tw_text_addz(out, s->field->name);
    } else if (s->kind == TW_CALC_CALL) {
        call(out, s->call);
    } else if (s->kind == TW_CALC_NEGATE) {
        tw_text_addz(out, "- ");
        operand(out, c, last - 1, false);
    } else {
        tw_text_addz(out, whole ? "" : "(");
        operand(out, c, begin_of(c, last - 1) - 1, false);
        tw_text_addf(out, " %c ", signs[s->kind]);
        operand(out, c, last - 1, false);
        tw_text_addz(out, whole ? "" : ")");
    }
}

static void calc_test(struct tw_text *out, const struct tw_test *t)
{
    operand(out, t->calc, t->calc->n - 1, true);
    tw_text_addf(out, " %s ", names[t->compare]);
    if (t->right_calc != NULL)
        operand(out, t->right_calc, t->right_calc->n - 1, true);
    else
        range(out, t);
}

void tw_actions_print(uint32_t actions, struct tw_text *out)
{
    const uint32_t known = TW_EXPR_ALL_ACTIONS & ~(1u << TW_ACTION_UNKNOWN);
    bool any = false;
    if ((actions & known) == known) {
        tw_text_addz(out, "all");
        return;
    }
    for (unsigned i = 0; i < TW_ACTION_UNKNOWN; i++) {
        if ((actions >> i & 1u) == 0)
            continue;
        tw_text_addf(out, "%s%s", any ? ", " : "", tw_action_name((enum tw_action)i));
        any = true;
    }
}

static void test(struct tw_text *out, const struct tw_test *t)
{
    if (t->op == TW_OP_CALC) {
        calc_test(out, t);
    } else if (t->op == TW_OP_CALL) {
        call(out, t->call);
    } else if (t->op == TW_OP_ACTION) {
        tw_text_addz(out, "action in (");
        tw_actions_print(t->actions, out);
        tw_text_addz(out, ")");
    } else {
        tw_text_addz(out, t->left->name);
        if (names[t->op] != NULL)
            tw_text_addf(out, " %s", names[t->op]);
        if (t->op == TW_OP_EXISTS || t->op == TW_OP_TRUE || t->op >= TW_OP_IS_NAN)
            return;
        tw_text_addz(out, " ");
        if (t->op == TW_OP_INSIDE || t->op == TW_OP_OUTSIDE)
            range(out, t);
        else if (t->op == TW_OP_IN || t->op == TW_OP_UNDER)
            literals(out, &t->many);
        else if (t->pattern != NULL)
            quoted(out, tw_pattern_text(t->pattern));
        else if (t->op == TW_OP_MATCHES)
            tw_text_addf(out, "@%.*s", TW_STR_ARG(t->words_name));
        else if (t->right != NULL)
            tw_text_addz(out, t->right->name);
        else
            literal(out, &t->one);
    }
}

static void print(const struct tw_expr *e, bool whole, struct tw_text *out)
{
    switch (e->kind) {
    case TW_EXPR_TEST:
        test(out, &e->test);
        break;
    case TW_EXPR_MACRO:
        print(e->first, whole, out);
        break;
    case TW_EXPR_NOT:
        tw_text_addz(out, "not ");
        print(e->first, false, out);
        break;
    case TW_EXPR_AND:
    case TW_EXPR_OR:
        tw_text_addz(out, whole ? "" : "(");
        for (const struct tw_expr *c = e->first; c != NULL; c = c->next) {
            if (c != e->first)
                tw_text_addz(out, e->kind == TW_EXPR_AND ? " and " : " or ");
            print(c, false, out);
        }
        tw_text_addz(out, whole ? "" : ")");
        break;
    }
}

void tw_expr_print(const struct tw_expr *e, struct tw_text *out)
{
    print(e, true, out);
}
