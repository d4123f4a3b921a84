/* One test of an expression against one scene. */

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "detect/expr.h"

/* What is compared, without the many kinds that numbers have on the wire. */
struct operand {
    enum { NOTHING, NUMBER, TEXT, TRUTH } kind;
    double number;
    bool is_float; /* had 32 bits: so is whatever it is compared with */
    struct tw_str text;
    bool truth;
};

static struct operand of_value(const struct tw_value *v)
{
    struct operand o = {.kind = NOTHING};
    if (tw_value_number(v, &o.number)) {
        o.kind = NUMBER;
        o.is_float = v->kind == TW_VALUE_FLOAT;
    } else if (v->kind == TW_VALUE_STRING || v->kind == TW_VALUE_BYTES) {
        o.kind = TEXT;
        o.text = v->s;
    } else if (v->kind == TW_VALUE_BOOL) {
        o.kind = TRUTH;
        o.truth = v->b;
    }
    return o;
}

static struct operand of_literal(const struct tw_literal *l)
{
    switch (l->kind) {
    case TW_LITERAL_NUMBER:
        return (struct operand){.kind = NUMBER, .number = l->number};
    case TW_LITERAL_BOOL:
        return (struct operand){.kind = TRUTH, .truth = l->truth};
    case TW_LITERAL_TEXT:
    case TW_LITERAL_NET:
        break;
    }
    return (struct operand){.kind = TEXT, .text = l->text};
}

/* Both as the narrower of the two saw them. */
static void level(struct operand *a, struct operand *b)
{
    if (a->kind != NUMBER || b->kind != NUMBER || (!a->is_float && !b->is_float))
        return;
    a->number = (double)(float)a->number;
    b->number = (double)(float)b->number;
}

static bool same(struct operand a, struct operand b)
{
    if (a.kind != b.kind)
        return false;
    level(&a, &b);
    switch (a.kind) {
    case NUMBER:
        return a.number == b.number;
    case TEXT:
        return tw_str_eq(a.text, b.text);
    case TRUTH:
        return a.truth == b.truth;
    case NOTHING:
        break;
    }
    return false;
}

static bool in_net(const struct tw_ip *ip, const struct tw_literal *net)
{
    if (ip->family != net->ip.family)
        return false;
    unsigned whole = net->prefix / 8, bits = net->prefix % 8;
    if (memcmp(ip->b, net->ip.b, whole) != 0)
        return false;
    return bits == 0 || ((ip->b[whole] ^ net->ip.b[whole]) >> (8 - bits)) == 0;
}

static bool get(const struct tw_field *f, const struct tw_scene *scene, struct tw_field_value *out)
{
    out->present = false;
    out->value.kind = TW_VALUE_NONE;
    f->get(scene, out);
    return out->present;
}

/* The right-hand side; false when it is a field that is absent. */
static bool right_side(const struct tw_test *t, const struct tw_scene *scene,
    struct tw_field_value *value, struct operand *out)
{
    if (t->right == NULL) {
        *out = of_literal(&t->one);
        return true;
    }
    if (!get(t->right, scene, value))
        return false;
    *out = of_value(&value->value);
    return true;
}

static bool test_true(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    (void)t, (void)scene;
    return left->value.kind == TW_VALUE_BOOL && left->value.b;
}

static bool test_exists(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    (void)t, (void)scene, (void)left;
    return true;
}

/* -1 when they can not be compared at all. */
static int equality(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    struct tw_field_value value;
    struct operand right;
    if (t->left->type == TW_FIELD_IP) {
        if (t->right == NULL)
            return in_net(&left->ip, &t->one);
        return get(t->right, scene, &value) ? tw_ip_eq(&left->ip, &value.ip) : -1;
    }
    if (!right_side(t, scene, &value, &right))
        return -1;
    return same(of_value(&left->value), right);
}

static bool test_eq(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    return equality(t, scene, left) == 1;
}

static bool test_ne(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    return equality(t, scene, left) == 0;
}

static double place_of(const struct tw_field *f, struct tw_str text)
{
    for (int i = 0; f->choices[i] != NULL; i++) {
        if (tw_str_is(text, f->choices[i]))
            return i;
    }
    return -1;
}

/* Below, equal, above: -1, 0, 1; 2 when there is no order between them (NaN, other kinds). */
static int order(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    struct tw_field_value value;
    struct operand a = of_value(&left->value), b;
    if (!right_side(t, scene, &value, &b))
        return 2;
    if (t->left->type == TW_FIELD_ENUM && a.kind == TEXT && b.kind == TEXT) {
        a = (struct operand){.kind = NUMBER, .number = place_of(t->left, a.text)};
        b = (struct operand){.kind = NUMBER, .number = place_of(t->left, b.text)};
        if (b.number < 0)
            return 2;
    }
    if (a.kind != NUMBER || b.kind != NUMBER || isnan(a.number) || isnan(b.number))
        return 2;
    level(&a, &b);
    return (a.number > b.number) - (a.number < b.number);
}

static bool test_lt(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    return order(t, scene, left) == -1;
}

static bool test_le(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    return order(t, scene, left) <= 0;
}

static bool test_gt(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    return order(t, scene, left) == 1;
}

static bool test_ge(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    int o = order(t, scene, left);
    return o == 0 || o == 1;
}

static int by_text(const void *key, const void *item)
{
    return tw_str_cmp(*(const struct tw_str *)key, ((const struct tw_literal *)item)->text);
}

static bool test_in(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    (void)scene;
    if (t->many.sorted)
        return t->many.n > 0 && bsearch(&left->value.s, t->many.list, t->many.n,
                                    sizeof(*t->many.list), by_text) != NULL;
    for (size_t i = 0; i < t->many.n; i++) {
        const struct tw_literal *item = &t->many.list[i];
        if (item->kind == TW_LITERAL_NET ? in_net(&left->ip, item)
                                         : same(of_value(&left->value), of_literal(item)))
            return true;
    }
    return false;
}

static bool str_contains(struct tw_str text, struct tw_str part)
{
    return part.len == 0 || (text.len > 0 && memmem(text.p, text.len, part.p, part.len) != NULL);
}

static bool str_ends(struct tw_str text, struct tw_str end)
{
    return text.len >= end.len &&
           (end.len == 0 || memcmp(text.p + text.len - end.len, end.p, end.len) == 0);
}

static bool str_globs(struct tw_str text, struct tw_str pattern)
{
    return tw_str_glob(pattern, text);
}

static bool text_test(const struct tw_test *t, const struct tw_scene *scene,
    const struct tw_field_value *left, bool (*holds)(struct tw_str text, struct tw_str other))
{
    struct tw_field_value value;
    struct operand a = of_value(&left->value), b;
    return a.kind == TEXT && right_side(t, scene, &value, &b) && b.kind == TEXT &&
           holds(a.text, b.text);
}

static bool test_glob(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    return text_test(t, scene, left, str_globs);
}

static bool test_contains(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    return text_test(t, scene, left, str_contains);
}

static bool test_startswith(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    return text_test(t, scene, left, tw_str_starts);
}

static bool test_endswith(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    return text_test(t, scene, left, str_ends);
}

static bool test_matches(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    (void)scene;
    struct operand a = of_value(&left->value);
    if (a.kind != TEXT)
        return false;
    return t->pattern != NULL ? tw_pattern_match(t->pattern, a.text)
                              : tw_words_match(t->words, a.text);
}

static bool test_under(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    const struct operand host = of_value(&left->value);
    (void)scene;
    for (size_t i = 0; host.kind == TEXT && i < t->many.n; i++) {
        if (tw_str_is_under(host.text, t->many.list[i].text))
            return true;
    }
    return false;
}

/* 1 inside, 0 outside, -1 neither (not a number, no range). */
static int placed(const struct tw_value *v, const struct tw_range *r)
{
    struct operand n = of_value(v);
    if (n.kind != NUMBER || isnan(n.number) || (!r->has_min && !r->has_max))
        return -1;
    double min = n.is_float ? (double)(float)r->min : r->min;
    double max = n.is_float ? (double)(float)r->max : r->max;
    return !((r->has_min && n.number < min) || (r->has_max && n.number > max));
}

/* Of an array, one item outside is enough to be outside, and all must be inside. */
static int range_place(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    struct tw_field_value value;
    const struct tw_range *range = &t->range;
    if (t->right != NULL) {
        if (!get(t->right, scene, &value))
            return -1;
        range = &value.range;
    }
    if (left->value.kind != TW_VALUE_ARRAY)
        return placed(&left->value, range);
    int result = -1;
    for (uint32_t i = 0; i < left->value.n; i++) {
        int here = placed(&left->value.items[i], range);
        if (here == 0)
            return 0;
        result = here == 1 && (i == 0 || result == 1) ? 1 : -1;
    }
    return result;
}

static bool test_inside(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    return range_place(t, scene, left) == 1;
}

static bool test_outside(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    return range_place(t, scene, left) == 0;
}

static bool is_float_kind(const struct tw_value *v)
{
    return v->kind == TW_VALUE_FLOAT || v->kind == TW_VALUE_DOUBLE;
}

/* Texts count where JSON leaves no other way to write it. */
static bool is_nan_value(const struct tw_value *v)
{
    return (is_float_kind(v) && isnan(v->d)) ||
           (v->kind == TW_VALUE_STRING && tw_str_eq_nocase(v->s, TW_STR("nan")));
}

static bool is_infinite_value(const struct tw_value *v)
{
    if (is_float_kind(v))
        return isinf(v->d);
    struct tw_str s = v->kind == TW_VALUE_STRING ? v->s : TW_STR_NONE;
    if (s.len > 0 && (s.p[0] == '-' || s.p[0] == '+'))
        s = (struct tw_str){s.p + 1, s.len - 1};
    return tw_str_eq_nocase(s, TW_STR("infinity")) || tw_str_eq_nocase(s, TW_STR("inf"));
}

static bool is_subnormal_value(const struct tw_value *v)
{
    double least = v->kind == TW_VALUE_FLOAT ? (double)FLT_MIN : DBL_MIN;
    return is_float_kind(v) && v->d != 0 && fabs(v->d) < least;
}

static bool any_item(const struct tw_value *v, bool (*is)(const struct tw_value *v))
{
    if (v->kind != TW_VALUE_ARRAY)
        return is(v);
    for (uint32_t i = 0; i < v->n; i++) {
        if (is(&v->items[i]))
            return true;
    }
    return false;
}

static bool test_nan(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    (void)t, (void)scene;
    return any_item(&left->value, is_nan_value);
}

static bool test_infinite(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    (void)t, (void)scene;
    return any_item(&left->value, is_infinite_value);
}

static bool test_subnormal(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    (void)t, (void)scene;
    return any_item(&left->value, is_subnormal_value);
}

static bool test_number(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    (void)t, (void)scene;
    return of_value(&left->value).kind == NUMBER;
}

static bool test_kind(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    static const enum tw_value_kind kinds[TW_OP_COUNT] = {
        [TW_OP_IS_STRING] = TW_VALUE_STRING,
        [TW_OP_IS_BOOL] = TW_VALUE_BOOL,
        [TW_OP_IS_ARRAY] = TW_VALUE_ARRAY,
        [TW_OP_IS_NULL] = TW_VALUE_NULL,
    };
    (void)scene;
    return left->value.kind == kinds[t->op];
}

static bool test_empty(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left)
{
    (void)t, (void)scene;
    const struct tw_value *v = &left->value;
    if (v->kind == TW_VALUE_ARRAY || v->kind == TW_VALUE_OBJECT)
        return v->n == 0;
    return (v->kind == TW_VALUE_STRING || v->kind == TW_VALUE_BYTES) && v->s.len == 0;
}

typedef bool (*test_fn)(
    const struct tw_test *t, const struct tw_scene *scene, const struct tw_field_value *left);

static const test_fn tests[TW_OP_COUNT] = {
    [TW_OP_TRUE] = test_true,
    [TW_OP_EXISTS] = test_exists,
    [TW_OP_EQ] = test_eq,
    [TW_OP_NE] = test_ne,
    [TW_OP_LT] = test_lt,
    [TW_OP_LE] = test_le,
    [TW_OP_GT] = test_gt,
    [TW_OP_GE] = test_ge,
    [TW_OP_IN] = test_in,
    [TW_OP_GLOB] = test_glob,
    [TW_OP_CONTAINS] = test_contains,
    [TW_OP_STARTSWITH] = test_startswith,
    [TW_OP_ENDSWITH] = test_endswith,
    [TW_OP_MATCHES] = test_matches,
    [TW_OP_UNDER] = test_under,
    [TW_OP_INSIDE] = test_inside,
    [TW_OP_OUTSIDE] = test_outside,
    [TW_OP_IS_NAN] = test_nan,
    [TW_OP_IS_INFINITE] = test_infinite,
    [TW_OP_IS_SUBNORMAL] = test_subnormal,
    [TW_OP_IS_NUMBER] = test_number,
    [TW_OP_IS_STRING] = test_kind,
    [TW_OP_IS_BOOL] = test_kind,
    [TW_OP_IS_ARRAY] = test_kind,
    [TW_OP_IS_EMPTY] = test_empty,
    [TW_OP_IS_NULL] = test_kind,
};

/* What arithmetic comes to against a number. */
static bool reckon(double a, double b, enum tw_op compare)
{
    switch (compare) {
    case TW_OP_EQ:
        return a == b;
    case TW_OP_NE:
        return a != b;
    case TW_OP_LT:
        return a < b;
    case TW_OP_LE:
        return a <= b;
    case TW_OP_GT:
        return a > b;
    default:
        return a >= b;
    }
}

static bool calc_holds(const struct tw_test *t, const struct tw_scene *scene,
    const struct tw_recall_at *at, uint32_t slot)
{
    double a, b = 0;
    bool ok = tw_calc_run(t->calc, scene, at, slot, &a);
    if (t->right_calc != NULL) {
        ok = tw_calc_run(t->right_calc, scene, at, slot + t->calc->n_calls, &b) && ok;
        return ok && reckon(a, b, t->compare);
    }
    const struct tw_field_value left = {
        .present = true, .value = {.kind = TW_VALUE_DOUBLE, .d = a}};
    return ok && range_place(t, scene, &left) == (t->compare == TW_OP_INSIDE);
}

static bool call_holds(const struct tw_test *t, const struct tw_scene *scene,
    const struct tw_recall_at *at, uint32_t slot)
{
    double truth;
    return tw_recall_ask(at, slot, t->call, scene, &truth) && truth != 0;
}

uint32_t tw_test_calls(const struct tw_test *t)
{
    if (t->op == TW_OP_CALL)
        return 1;
    if (t->op != TW_OP_CALC)
        return 0;
    return t->calc->n_calls + (t->right_calc != NULL ? t->right_calc->n_calls : 0);
}

bool tw_test_ask(const struct tw_test *t, const struct tw_scene *scene,
    const struct tw_recall_at *at, uint32_t slot)
{
    if (t->op == TW_OP_ACTION)
        return (t->actions >> scene->event->action & 1u) != 0;
    if (t->op == TW_OP_CALC || t->op == TW_OP_CALL)
        return t->op == TW_OP_CALC ? calc_holds(t, scene, at, slot)
                                   : call_holds(t, scene, at, slot);
    struct tw_field_value left;
    return get(t->left, scene, &left) && tests[t->op](t, scene, &left);
}

bool tw_test_eval(const struct tw_test *t, const struct tw_scene *scene)
{
    static const struct tw_recall_at nothing;
    return tw_test_ask(t, scene, &nothing, 0);
}
