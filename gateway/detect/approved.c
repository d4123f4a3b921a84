#include "detect/approved.h"

#include <math.h>

#include "base/num.h"

struct tw_approved tw_approved_of(struct tw_seed seed, const struct tw_value *v)
{
    struct tw_approved out = {.kind = TW_APPROVED_ANY};
    struct tw_number n;
    if (tw_value_number(v, &out.number)) {
        out.kind = TW_APPROVED_NUMBER;
    } else if (v->kind == TW_VALUE_BOOL) {
        out.kind = TW_APPROVED_TRUTH;
        out.truth = v->b;
    } else if (v->kind == TW_VALUE_STRING && tw_num_parse(v->s, &n)) {
        out.kind = TW_APPROVED_NUMBER;
        out.number = n.d;
    } else if (v->kind == TW_VALUE_STRING) {
        out.kind = TW_APPROVED_TEXT;
        out.text = tw_text_key(seed, v->s);
    }
    return out;
}

void tw_approved_add(struct tw_approved *a, const struct tw_value *item)
{
    double d;
    if (a->kind != TW_APPROVED_NUMBERS)
        *a = (struct tw_approved){.kind = TW_APPROVED_NUMBERS};
    if (tw_value_number(item, &d) && a->n < TW_APPROVED_MAX_ITEMS)
        a->items[a->n++] = d;
}

bool tw_approved_eq(const struct tw_approved *a, const struct tw_approved *b)
{
    if (a->kind != b->kind || a->n != b->n)
        return false;
    if (a->kind == TW_APPROVED_NUMBERS)
        return memcmp(a->items, b->items, a->n * sizeof(a->items[0])) == 0;
    return a->number == b->number && a->truth == b->truth && a->text.a == b->text.a &&
           a->text.b == b->text.b;
}

static bool is_integer_type(struct tw_str type)
{
    return tw_str_starts(type, TW_STR("Int")) || tw_str_starts(type, TW_STR("UInt")) ||
           tw_str_is(type, "Byte") || tw_str_is(type, "SByte");
}

/* Both as the variable's type keeps them. */
static bool number_fits(double approved, const struct tw_value *v, struct tw_str type)
{
    double written;
    if (!tw_value_number(v, &written))
        return v->kind == TW_VALUE_BOOL && (approved != 0) == v->b;
    if (v->kind == TW_VALUE_FLOAT || tw_str_starts(type, TW_STR("Float")))
        return (float)approved == (float)written;
    if (v->kind == TW_VALUE_INT || v->kind == TW_VALUE_UINT || is_integer_type(type))
        return rint(approved) == rint(written);
    return approved == written;
}

static bool numbers_fit(const struct tw_approved *a, const struct tw_value *v, struct tw_str type)
{
    if (v->kind != TW_VALUE_ARRAY)
        return a->n == 1 && number_fits(a->items[0], v, type);
    if (v->n != a->n)
        return false;
    for (uint32_t i = 0; i < v->n; i++) {
        if (!number_fits(a->items[i], &v->items[i], type))
            return false;
    }
    return true;
}

bool tw_approved_fits(
    struct tw_seed seed, const struct tw_approved *a, const struct tw_value *v, struct tw_str type)
{
    if (v->kind == TW_VALUE_NONE || v->kind == TW_VALUE_NULL || a->kind == TW_APPROVED_ANY)
        return true;
    if (a->kind == TW_APPROVED_NUMBERS)
        return numbers_fit(a, v, type);
    if (v->kind == TW_VALUE_ARRAY && v->n == 1)
        v = &v->items[0];
    if (a->kind == TW_APPROVED_NUMBER)
        return number_fits(a->number, v, type);
    if (a->kind == TW_APPROVED_TRUTH) {
        double d;
        return v->kind == TW_VALUE_BOOL ? v->b == a->truth
                                        : tw_value_number(v, &d) && (d != 0) == a->truth;
    }
    struct tw_text_key text = tw_text_key(seed, v->kind == TW_VALUE_STRING ? v->s : TW_STR_NONE);
    return v->kind == TW_VALUE_STRING && text.a == a->text.a && text.b == a->text.b;
}
