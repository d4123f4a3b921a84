#include "detect/expr.h"

#include "detect/filter.h"

/* Jumps to FALSE and TRUE end a run. */
enum { FALSE_AT, TRUE_AT, FIRST_JUMP };

struct tw_jump {
    const struct tw_test *test;
    uint32_t if_true, if_false;
    bool shared;
    uint32_t slot; /* of its first call, in what the rule remembers */
    tw_like asks;  /* with none of these bits, all events that are alike have the same result */
};

struct builder {
    struct tw_jump *jumps;
    uint32_t n, n_calls;
};

static size_t count_tests(const struct tw_expr *e)
{
    if (e->kind == TW_EXPR_TEST)
        return 1;
    size_t n = 0;
    for (const struct tw_expr *c = e->first; c != NULL; c = c->next) {
        n += count_tests(c);
        if (e->kind == TW_EXPR_MACRO || e->kind == TW_EXPR_NOT || n > TW_EXPR_MAX_TESTS)
            break;
    }
    return n;
}

static uint32_t emit(
    struct builder *b, const struct tw_expr *e, uint32_t if_true, uint32_t if_false);

/* Children are emitted from the last to the first, so that every jump goes to what already stands.
 */
static uint32_t emit_children(struct builder *b, const struct tw_expr *parent,
    const struct tw_expr *child, uint32_t if_true, uint32_t if_false)
{
    uint32_t entry = parent->kind == TW_EXPR_AND ? if_true : if_false;
    if (child->next != NULL)
        entry = emit_children(b, parent, child->next, if_true, if_false);
    return parent->kind == TW_EXPR_AND ? emit(b, child, entry, if_false)
                                       : emit(b, child, if_true, entry);
}

static bool is_shared_calc(const struct tw_calc *c)
{
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->steps[i].kind == TW_CALC_FIELD && !tw_field_is_shared(c->steps[i].field))
            return false;
    }
    return c->n_calls == 0;
}

static bool is_shared(const struct tw_test *t)
{
    if (t->op == TW_OP_CALL)
        return false;
    if (t->op == TW_OP_CALC)
        return is_shared_calc(t->calc) &&
               (t->right_calc == NULL || is_shared_calc(t->right_calc)) &&
               (t->right == NULL || tw_field_is_shared(t->right));
    return t->op == TW_OP_ACTION ||
           (tw_field_is_shared(t->left) && (t->right == NULL || tw_field_is_shared(t->right)));
}

/* The place where `e` begins. */
static uint32_t emit(
    struct builder *b, const struct tw_expr *e, uint32_t if_true, uint32_t if_false)
{
    switch (e->kind) {
    case TW_EXPR_AND:
    case TW_EXPR_OR:
        return emit_children(b, e, e->first, if_true, if_false);
    case TW_EXPR_NOT:
        return emit(b, e->first, if_false, if_true);
    case TW_EXPR_MACRO:
        return emit(b, e->first, if_true, if_false);
    case TW_EXPR_TEST:
        break;
    }
    b->jumps[b->n] = (struct tw_jump){
        &e->test, if_true, if_false, is_shared(&e->test), b->n_calls, tw_like_asks(&e->test)};
    b->n_calls += tw_test_calls(&e->test);
    return b->n++;
}

bool tw_program_build(
    const struct tw_expr_place *place, struct tw_expr *expr, struct tw_program *out)
{
    size_t n = count_tests(expr);
    if (n > TW_EXPR_MAX_TESTS) {
        tw_yaml_error(place->yaml, place->diags, place->node, false, NULL,
            "with its macros the expression has more than %d comparisons", TW_EXPR_MAX_TESTS);
        return false;
    }
    struct builder b = {
        .jumps = tw_blocks_alloc(place->blocks, n + FIRST_JUMP, sizeof(*b.jumps)),
        .n = FIRST_JUMP,
    };
    if (b.jumps == NULL)
        return false;
    uint32_t entry = emit(&b, expr, TRUE_AT, FALSE_AT);
    *out = (struct tw_program){b.jumps, b.n, entry, expr->can_be_true, b.n_calls, expr};
    return true;
}

bool tw_program_run_shared(const struct tw_program *p, const struct tw_scene *scene,
    const struct tw_recall_at *at_rule, bool *out_shared)
{
    *out_shared = true;
    if (p->n == 0)
        return true;
    uint32_t at = p->entry;
    while (at >= FIRST_JUMP) {
        const struct tw_jump *j = &p->jumps[at];
        *out_shared &= j->shared;
        at = tw_test_ask(j->test, scene, at_rule, j->slot) ? j->if_true : j->if_false;
    }
    return at == TRUE_AT;
}

bool tw_program_run(const struct tw_program *p, const struct tw_scene *scene)
{
    static const struct tw_recall_at nothing;
    bool shared;
    return tw_program_run_shared(p, scene, &nothing, &shared);
}

/* Jumps lead to what was emitted before, so one pass downwards meets all that can be reached. */
bool tw_program_can_hold(const struct tw_program *p, const struct tw_scene *scene, tw_like like)
{
    bool reached[FIRST_JUMP + TW_EXPR_MAX_TESTS] = {false};
    if (p->n == 0)
        return true;
    reached[p->entry] = true;
    for (uint32_t at = p->entry; at >= FIRST_JUMP; at--) {
        const struct tw_jump *j = &p->jumps[at];
        if (!reached[at])
            continue;
        const bool known = (j->asks & like) == 0, holds = known && tw_test_eval(j->test, scene);
        if (!known || holds)
            reached[j->if_true] = true;
        if (!known || !holds)
            reached[j->if_false] = true;
    }
    return reached[TRUE_AT];
}

enum outcome { UNKNOWN, FALSE_FOR_ALL, TRUE_FOR_ALL };

/* Where a run goes on at a test that is left, or ends, behind tests that are known. */
struct way {
    uint32_t to;
    bool shared;
};

static enum outcome outcome_of(const struct tw_jump *j, const struct tw_scene *scene, tw_like like)
{
    if ((j->asks & like) != 0)
        return UNKNOWN;
    return tw_test_eval(j->test, scene) ? TRUE_FOR_ALL : FALSE_FOR_ALL;
}

/* Tests lie above those that they lead to: all below `at` is known already. */
static struct way way_from(
    const struct way *ways, const enum outcome *outcomes, uint32_t at, const struct tw_jump *j)
{
    if (outcomes[at] == UNKNOWN)
        return (struct way){at, true};
    const struct way *next = &ways[outcomes[at] == TRUE_FOR_ALL ? j->if_true : j->if_false];
    return (struct way){next->to, next->shared && j->shared};
}

uint32_t tw_program_rest(const struct tw_program *p, const struct tw_scene *scene, tw_like like,
    struct tw_rest_jump *room, struct tw_rest *out)
{
    enum { MOST = FIRST_JUMP + TW_EXPR_MAX_TESTS };
    struct way ways[MOST] = {[FALSE_AT] = {FALSE_AT, true}, [TRUE_AT] = {TRUE_AT, true}};
    enum outcome outcomes[MOST];
    uint32_t number[MOST] = {[FALSE_AT] = FALSE_AT, [TRUE_AT] = TRUE_AT}, n = 0;
    *out = (struct tw_rest){.jumps = room, .entry = TRUE_AT, .shared = true, .of_value = true};
    if (p->n == 0)
        return 0;
    for (uint32_t at = FIRST_JUMP; at <= p->entry; at++) {
        const struct tw_jump *j = &p->jumps[at];
        outcomes[at] = outcome_of(j, scene, like);
        ways[at] = way_from(ways, outcomes, at, j);
        if (outcomes[at] != UNKNOWN)
            continue;
        const struct way *yes = &ways[j->if_true], *no = &ways[j->if_false];
        number[at] = FIRST_JUMP + n;
        out->of_value &= tw_like_is_of_value(j->test);
        room[n++] = (struct tw_rest_jump){.test = j->test,
            .if_true = number[yes->to],
            .if_false = number[no->to],
            .slot = j->slot,
            .shared = j->shared,
            .true_shared = yes->shared,
            .false_shared = no->shared};
    }
    out->entry = number[ways[p->entry].to];
    out->shared = ways[p->entry].shared;
    return n;
}

bool tw_rest_run(const struct tw_rest *rest, const struct tw_scene *scene,
    const struct tw_recall_at *at_rule, bool *out_shared)
{
    uint32_t at = rest->entry;
    *out_shared = rest->shared;
    while (at >= FIRST_JUMP) {
        const struct tw_rest_jump *j = &rest->jumps[at - FIRST_JUMP];
        const bool is = tw_test_ask(j->test, scene, at_rule, j->slot);
        *out_shared &= j->shared && (is ? j->true_shared : j->false_shared);
        at = is ? j->if_true : j->if_false;
    }
    return at == TRUE_AT;
}
