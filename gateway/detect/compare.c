/* FIELD OPERATOR OPERAND: which operators there are and which fields they take. */

#include "detect/expr_parse.h"

/* `action` compared with names only: the actions with which the test holds. */
static void note_actions(struct tw_expr *e)
{
    struct tw_test *t = &e->test;
    if (!tw_str_is(tw_str_of(t->left->name), "action") || t->right != NULL)
        return;
    uint32_t mask = 0;
    enum tw_action action;
    if (t->op == TW_OP_EQ || t->op == TW_OP_NE) {
        mask = tw_action_of(t->one.text, &action) ? 1u << action : 0;
    } else if (t->op == TW_OP_IN) {
        for (size_t i = 0; i < t->many.n; i++)
            mask |= tw_action_of(t->many.list[i].text, &action) ? 1u << action : 0;
    } else {
        return;
    }
    /* Nothing is compared with what is not known. */
    if (t->op == TW_OP_NE)
        mask = TW_EXPR_ALL_ACTIONS & ~(mask | 1u << TW_ACTION_UNKNOWN);
    t->actions = mask;
    t->op = TW_OP_ACTION;
    e->can_be_true = t->actions;
    e->can_be_false = TW_EXPR_ALL_ACTIONS & ~t->actions;
}

static void parse_is(struct tw_parser *p, struct tw_test *test)
{
    static const char *const names[] = {
        "nan", "infinite", "subnormal", "number", "string", "bool", "array", "empty", "null", NULL};
    size_t at = p->token.offset;
    for (unsigned i = 0; names[i] != NULL; i++) {
        if (!tw_parser_is_word(p, names[i]))
            continue;
        test->op = (enum tw_op)(TW_OP_IS_NAN + i);
        if (test->left->type != TW_FIELD_VALUE && test->op != TW_OP_IS_EMPTY)
            tw_parser_report(p, at, NULL, "\"is %s\" asks about a value, and %s is not one",
                names[i], test->left->name);
        tw_parser_advance(p);
        return;
    }
    if (p->token.kind != TW_TOKEN_WORD) {
        tw_parser_lost(p, "nan, infinite, number, string, bool, array, empty or null");
        return;
    }
    tw_parser_report(p, at, tw_nearest(p->token.text, names),
        "after \"is\" comes nan, infinite, subnormal, number, string, bool, array, empty or null");
    tw_parser_advance(p);
}

static bool is_textual(const struct tw_field *f)
{
    return f->type == TW_FIELD_STRING || f->type == TW_FIELD_VALUE;
}

static bool has_order(const struct tw_field *f)
{
    return f->type == TW_FIELD_NUMBER || f->type == TW_FIELD_VALUE || f->type == TW_FIELD_ENUM;
}

static bool is_any(const struct tw_field *f)
{
    return f->type != TW_FIELD_RANGE;
}

static bool is_listed(const struct tw_field *f)
{
    return f->type != TW_FIELD_RANGE && f->type != TW_FIELD_BOOL;
}

static bool is_numeric(const struct tw_field *f)
{
    return f->type == TW_FIELD_NUMBER || f->type == TW_FIELD_VALUE;
}

static void parse_nothing(struct tw_parser *p, struct tw_test *test)
{
    (void)p, (void)test;
}

static bool is_field(const struct tw_field *f)
{
    return f != NULL;
}

/* Operators: how they are written, which fields take them, what follows. */
static const struct operator_row {
    enum tw_token_kind token; /* WORD: `word` says which */
    const char *word;
    enum tw_op op;
    bool (*takes)(const struct tw_field *f);
    void (*operand)(struct tw_parser *p, struct tw_test *test);
    unsigned cost;
} operators[] = {
    {TW_TOKEN_EQ, "=", TW_OP_EQ, is_any, tw_operand_single, 2},
    {TW_TOKEN_NE, "!=", TW_OP_NE, is_any, tw_operand_single, 2},
    {TW_TOKEN_LT, "<", TW_OP_LT, has_order, tw_operand_single, 2},
    {TW_TOKEN_LE, "<=", TW_OP_LE, has_order, tw_operand_single, 2},
    {TW_TOKEN_GT, ">", TW_OP_GT, has_order, tw_operand_single, 2},
    {TW_TOKEN_GE, ">=", TW_OP_GE, has_order, tw_operand_single, 2},
    {TW_TOKEN_WORD, "in", TW_OP_IN, is_listed, tw_operand_list, 3},
    {TW_TOKEN_WORD, "glob", TW_OP_GLOB, is_textual, tw_operand_single, 6},
    {TW_TOKEN_WORD, "contains", TW_OP_CONTAINS, is_textual, tw_operand_single, 6},
    {TW_TOKEN_WORD, "startswith", TW_OP_STARTSWITH, is_textual, tw_operand_single, 2},
    {TW_TOKEN_WORD, "endswith", TW_OP_ENDSWITH, is_textual, tw_operand_single, 2},
    {TW_TOKEN_WORD, "matches", TW_OP_MATCHES, is_textual, tw_operand_matches, 20},
    {TW_TOKEN_WORD, "under", TW_OP_UNDER, is_textual, tw_operand_list, 8},
    {TW_TOKEN_WORD, "inside", TW_OP_INSIDE, is_numeric, tw_operand_range, 3},
    {TW_TOKEN_WORD, "outside", TW_OP_OUTSIDE, is_numeric, tw_operand_range, 3},
    {TW_TOKEN_WORD, "exists", TW_OP_EXISTS, is_field, parse_nothing, 1},
    {TW_TOKEN_WORD, "is", TW_OP_IS_NAN, is_field, parse_is, 2},
};

static const struct operator_row *operator_here(const struct tw_parser *p)
{
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        const struct operator_row *o = &operators[i];
        if (p->token.kind == o->token &&
            (o->token != TW_TOKEN_WORD || tw_str_is(p->token.text, o->word)))
            return o;
    }
    return NULL;
}

bool tw_parser_reserved(struct tw_str word)
{
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        if (tw_str_is(word, operators[i].word))
            return true;
    }
    return tw_str_is(word, "and") || tw_str_is(word, "or") || tw_str_is(word, "not");
}

bool tw_parser_at_operator(const struct tw_parser *p)
{
    return operator_here(p) != NULL;
}

void tw_parser_skip(struct tw_parser *p)
{
    if (operator_here(p) == NULL)
        return;
    tw_parser_advance(p);
    unsigned depth = 0;
    do {
        if (p->token.kind == TW_TOKEN_END || p->lost)
            return;
        depth += p->token.kind == TW_TOKEN_OPEN;
        if (p->token.kind == TW_TOKEN_CLOSE) {
            if (depth == 0)
                return;
            depth--;
        }
        tw_parser_advance(p);
    } while (depth > 0);
}

/* Can arithmetic stand on both sides? */
static bool is_reckoned(const struct operator_row *o)
{
    return o->op >= TW_OP_EQ && o->op <= TW_OP_GE;
}

/* The operator was read; what it compares `left` with follows. */
static struct tw_expr *compare_calc(struct tw_parser *p, struct tw_expr *e,
    const struct tw_calc *left, const struct operator_row *o)
{
    struct tw_test *t = &e->test;
    t->op = TW_OP_CALC;
    t->left = NULL;
    t->calc = left;
    t->compare = o->op;
    if (is_reckoned(o))
        t->right_calc = tw_calc_parse(p);
    else
        tw_operand_range(p, t);
    if (p->failed || t->calc == NULL)
        return NULL;
    const uint32_t n_calls = tw_test_calls(t);
    e->cost = n_calls > 0 ? TW_COST_CALL * n_calls : TW_COST_CALC;
    return e;
}

struct tw_expr *tw_parser_calc(struct tw_parser *p)
{
    struct tw_expr *e = tw_parser_new(p, TW_EXPR_TEST);
    const struct tw_calc *left = tw_calc_parse(p);
    if (e == NULL || p->lost)
        return NULL;
    e->depth = 1;
    const struct operator_row *o = operator_here(p);
    if (o == NULL || (!is_reckoned(o) && o->op != TW_OP_INSIDE && o->op != TW_OP_OUTSIDE)) {
        tw_parser_lost(p, "a comparison");
        return NULL;
    }
    tw_parser_advance(p);
    return compare_calc(p, e, left, o);
}

struct tw_expr *tw_parser_comparison(struct tw_parser *p, const struct tw_field *field, size_t at)
{
    struct tw_expr *e = tw_parser_new(p, TW_EXPR_TEST);
    if (e == NULL)
        return NULL;
    const struct operator_row *o = operator_here(p);
    e->test.left = field;
    e->depth = 1;
    if (o == NULL) {
        e->test.op = TW_OP_TRUE;
        e->cost = 1;
        if (field->type != TW_FIELD_BOOL)
            tw_parser_report(p, at, NULL,
                "%s is not true or false by itself: compare it, or write \"%s exists\"",
                field->name, field->name);
        return e;
    }
    e->test.op = o->op;
    e->cost = o->cost;
    size_t op_at = p->token.offset;
    tw_parser_advance(p);
    if (!o->takes(field)) {
        static const char *const kinds[] = {"a text", "a number", "true or false",
            "one of a few names", "an address", "a range", "a value"};
        tw_parser_report(p, op_at, NULL, "\"%s\" can not be asked of %s, which is %s", o->word,
            field->name, kinds[field->type]);
        p->lost = true;
        return NULL;
    }
    if (is_numeric(field) && is_reckoned(o) && tw_calc_begins(p, false))
        return compare_calc(p, e, tw_calc_of_field(p, field), o);
    o->operand(p, &e->test);
    if (!p->failed)
        note_actions(e);
    if (e->test.op == TW_OP_ACTION)
        e->cost = 0;
    return e;
}
