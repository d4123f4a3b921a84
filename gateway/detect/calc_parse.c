/* Arithmetic and calls in an expression: where they begin, and what they are made of. */

#include "base/timefmt.h"
#include "detect/expr_parse.h"

static const struct {
    const char *name;
    enum tw_call_kind kind;
    bool is_truth;
} calls[] = {
    {"first_seen", TW_CALL_FIRST_SEEN, true},
    {"changed", TW_CALL_CHANGED, true},
    {"delta", TW_CALL_DELTA, false},
    {"rate_of_change", TW_CALL_RATE, false},
    {"age", TW_CALL_AGE, false},
};
enum { N_CALLS = sizeof(calls) / sizeof(calls[0]) };

static int call_of(const struct tw_token *t)
{
    for (int i = 0; t->kind == TW_TOKEN_WORD && i < N_CALLS; i++) {
        if (tw_str_is(t->text, calls[i].name))
            return i;
    }
    return -1;
}

const char *tw_call_name(enum tw_call_kind kind)
{
    return calls[kind].name;
}

/* + - * / stand by themselves, between blanks: "a-b" is a name. */
static bool is_sign(const struct tw_token *t)
{
    return t->kind == TW_TOKEN_STAR ||
           (t->kind == TW_TOKEN_WORD && t->text.len == 1 && strchr("+-/", t->text.p[0]) != NULL);
}

static bool is_comparison(const struct tw_token *t)
{
    return (t->kind >= TW_TOKEN_EQ && t->kind <= TW_TOKEN_GE) ||
           (t->kind == TW_TOKEN_WORD &&
               (tw_str_is(t->text, "inside") || tw_str_is(t->text, "outside")));
}

/* What follows the present token, or, where that is a parenthesis, the one that closes it. */
static struct tw_token next_token(const struct tw_parser *p)
{
    struct tw_lexer lexer = p->lexer;
    unsigned depth = p->token.kind == TW_TOKEN_OPEN;
    struct tw_token t = tw_lexer_next(&lexer);
    while (depth > 0 && t.kind != TW_TOKEN_END && t.kind != TW_TOKEN_ERROR) {
        depth += t.kind == TW_TOKEN_OPEN;
        depth -= t.kind == TW_TOKEN_CLOSE;
        t = tw_lexer_next(&lexer);
    }
    return t;
}

bool tw_calc_begins(const struct tw_parser *p, bool left)
{
    const struct tw_token *t = &p->token;
    const int call = call_of(t);
    if (t->kind == TW_TOKEN_WORD && t->text.len == 1 && is_sign(t))
        return true;
    if (t->kind != TW_TOKEN_NUMBER && t->kind != TW_TOKEN_WORD && t->kind != TW_TOKEN_OPEN)
        return false;
    if (!left && t->kind == TW_TOKEN_OPEN)
        return true;
    if (left && t->kind == TW_TOKEN_NUMBER)
        return true;
    const struct tw_token next = next_token(p);
    if (call >= 0 && next.kind == TW_TOKEN_OPEN)
        return !calls[call].is_truth;
    return is_sign(&next) || (left && t->kind == TW_TOKEN_OPEN && is_comparison(&next));
}

bool tw_call_begins(const struct tw_parser *p)
{
    return call_of(&p->token) >= 0 && next_token(p).kind == TW_TOKEN_OPEN;
}

/* ---- calls */

static void call_by(struct tw_parser *p, struct tw_call *call)
{
    do {
        tw_parser_advance(p);
        if (p->token.kind != TW_TOKEN_WORD) {
            tw_parser_lost(p, "a field");
            return;
        }
        const struct tw_field *f = tw_expr_by_field(p->place, p->token.text, p->token.offset);
        p->failed |= f == NULL;
        if (call->by.n == TW_BY_MAX)
            tw_parser_report(p, p->token.offset, NULL, "at most %d fields", TW_BY_MAX);
        else if (f != NULL)
            call->by.fields[call->by.n++] = f;
        tw_parser_advance(p);
    } while (!p->lost && p->token.kind == TW_TOKEN_COMMA);
}

static void call_after(struct tw_parser *p, struct tw_call *call)
{
    const size_t at = p->token.offset;
    tw_parser_advance(p);
    if (p->token.kind != TW_TOKEN_NUMBER) {
        tw_parser_lost(p, "a duration");
        return;
    }
    if (call->kind != TW_CALL_FIRST_SEEN)
        tw_parser_report(p, at, NULL, "\"after\" goes with first_seen only");
    else if (!(p->token.number >= 0 && p->token.number <= 7 * 86400))
        tw_parser_report(p, p->token.offset, NULL, "at most 7d");
    else
        call->after_ns = (int64_t)(p->token.number * (double)TW_NS_PER_S);
    tw_parser_advance(p);
}

static void call_field(struct tw_parser *p, struct tw_call *call)
{
    const size_t at = p->token.offset;
    if (p->token.kind != TW_TOKEN_WORD) {
        tw_parser_lost(p, "a field");
        return;
    }
    call->of = tw_expr_field(p->place, p->token.text, at);
    p->failed |= call->of == NULL;
    const bool number = call->kind == TW_CALL_DELTA || call->kind == TW_CALL_RATE;
    if (call->of != NULL && number && call->of->type != TW_FIELD_NUMBER &&
        call->of->type != TW_FIELD_VALUE)
        tw_parser_report(p, at, NULL, "%s holds no numbers", call->of->name);
    tw_parser_advance(p);
}

/* NAME ( FIELD by FIELD, … [after DURATION] ) */
static const struct tw_call *parse_call(struct tw_parser *p)
{
    struct tw_call *call = tw_blocks_alloc(p->place->blocks, 1, sizeof(*call));
    const size_t at = p->token.offset;
    if (call == NULL) {
        p->failed = p->lost = true;
        return NULL;
    }
    call->kind = calls[call_of(&p->token)].kind;
    tw_parser_advance(p);
    tw_parser_advance(p);
    call_field(p, call);
    if (!p->lost && tw_parser_is_word(p, "by"))
        call_by(p, call);
    else
        tw_parser_report(p, at, "such as by actor, object", "say what it is remembered by");
    if (!p->lost && tw_parser_is_word(p, "after"))
        call_after(p, call);
    if (!p->lost && p->token.kind != TW_TOKEN_CLOSE)
        tw_parser_lost(p, "a closing parenthesis");
    tw_parser_advance(p);
    return call;
}

struct tw_expr *tw_parser_call(struct tw_parser *p)
{
    struct tw_expr *e = tw_parser_new(p, TW_EXPR_TEST);
    if (e == NULL)
        return NULL;
    e->test.op = TW_OP_CALL;
    e->test.call = parse_call(p);
    e->cost = TW_COST_CALL;
    e->depth = 1;
    return p->failed ? NULL : e;
}

/* ---- arithmetic */

struct builder {
    struct tw_parser *p;
    struct tw_calc_step steps[TW_CALC_MAX_STEPS];
    uint32_t n, n_calls, height;
};

static void sum(struct builder *b);

static void add(struct builder *b, struct tw_calc_step step, size_t at)
{
    if (b->n == TW_CALC_MAX_STEPS || b->height == TW_CALC_MAX_STACK) {
        tw_parser_report(b->p, at, "split it", "too much is reckoned at once");
        b->p->lost = true;
        return;
    }
    b->n_calls += step.kind == TW_CALC_CALL;
    if (step.kind <= TW_CALC_CALL)
        b->height++;
    else if (step.kind != TW_CALC_NEGATE)
        b->height--;
    b->steps[b->n++] = step;
}

static void field_factor(struct builder *b)
{
    struct tw_parser *p = b->p;
    const size_t at = p->token.offset;
    const struct tw_field *f = tw_expr_field(p->place, p->token.text, at);
    p->failed |= f == NULL;
    if (f != NULL && f->type != TW_FIELD_NUMBER && f->type != TW_FIELD_VALUE)
        tw_parser_report(p, at, NULL, "%s is no number: nothing can be reckoned with it", f->name);
    add(b, (struct tw_calc_step){.kind = TW_CALC_FIELD, .field = f}, at);
    tw_parser_advance(p);
}

static void call_factor(struct builder *b)
{
    const size_t at = b->p->token.offset;
    if (calls[call_of(&b->p->token)].is_truth)
        tw_parser_report(b->p, at, NULL, "%s is true or false, and no number",
            calls[call_of(&b->p->token)].name);
    const struct tw_call *call = parse_call(b->p);
    add(b, (struct tw_calc_step){.kind = TW_CALC_CALL, .call = call}, at);
}

static void factor(struct builder *b)
{
    struct tw_parser *p = b->p;
    const size_t at = p->token.offset;
    if (++p->depth > TW_EXPR_MAX_DEPTH) {
        tw_parser_report(p, at, "split it", "the expression is nested too deeply");
        p->lost = true;
    }
    if (p->lost) {
        p->depth--;
        return;
    }
    if (p->token.kind == TW_TOKEN_OPEN) {
        tw_parser_advance(p);
        sum(b);
        if (!p->lost && p->token.kind != TW_TOKEN_CLOSE)
            tw_parser_lost(p, "a closing parenthesis");
        tw_parser_advance(p);
    } else if (tw_parser_is_word(p, "-")) {
        tw_parser_advance(p);
        factor(b);
        if (!p->lost)
            add(b, (struct tw_calc_step){.kind = TW_CALC_NEGATE}, at);
    } else if (p->token.kind == TW_TOKEN_NUMBER) {
        add(b, (struct tw_calc_step){.kind = TW_CALC_NUMBER, .number = p->token.number}, at);
        tw_parser_advance(p);
    } else if (tw_call_begins(p)) {
        call_factor(b);
    } else if (p->token.kind == TW_TOKEN_WORD && !tw_parser_reserved(p->token.text)) {
        field_factor(b);
    } else {
        tw_parser_lost(p, "a number or a field");
    }
    p->depth--;
}

/* Operands joined by one of two signs, from the left to the right. */
static void joined(struct builder *b, void (*operand)(struct builder *b), char first, char second,
    enum tw_calc_kind first_kind, enum tw_calc_kind second_kind)
{
    struct tw_parser *p = b->p;
    operand(b);
    while (!p->lost && is_sign(&p->token) &&
           (p->token.text.p[0] == first || p->token.text.p[0] == second)) {
        const size_t at = p->token.offset;
        const struct tw_calc_step step = {
            .kind = p->token.text.p[0] == first ? first_kind : second_kind};
        tw_parser_advance(p);
        operand(b);
        if (!p->lost)
            add(b, step, at);
    }
}

static void product(struct builder *b)
{
    joined(b, factor, '*', '/', TW_CALC_MULTIPLY, TW_CALC_DIVIDE);
}

static void sum(struct builder *b)
{
    joined(b, product, '+', '-', TW_CALC_ADD, TW_CALC_SUBTRACT);
}

const struct tw_calc *tw_calc_parse(struct tw_parser *p)
{
    struct builder b = {.p = p};
    sum(&b);
    struct tw_calc *calc = tw_blocks_alloc(p->place->blocks, 1, sizeof(*calc));
    struct tw_calc_step *steps = tw_blocks_alloc(p->place->blocks, b.n + 1, sizeof(*steps));
    if (p->failed || calc == NULL || steps == NULL) {
        p->failed = true;
        return NULL;
    }
    memcpy(steps, b.steps, b.n * sizeof(*steps));
    *calc = (struct tw_calc){steps, b.n, b.n_calls};
    return calc;
}

const struct tw_calc *tw_calc_of_field(struct tw_parser *p, const struct tw_field *field)
{
    struct tw_calc *calc = tw_blocks_alloc(p->place->blocks, 1, sizeof(*calc));
    struct tw_calc_step *step = tw_blocks_alloc(p->place->blocks, 1, sizeof(*step));
    if (calc == NULL || step == NULL) {
        p->failed = true;
        return NULL;
    }
    *step = (struct tw_calc_step){.kind = TW_CALC_FIELD, .field = field};
    *calc = (struct tw_calc){step, 1, 0};
    return calc;
}
