#include "detect/calc.h"

#include <math.h>

static bool field_number(const struct tw_field *f, const struct tw_scene *scene, double *out)
{
    struct tw_field_value v = {.present = false};
    f->get(scene, &v);
    return v.present && tw_value_number(&v.value, out);
}

static bool join(const struct tw_calc_step *s, double a, double b, double *out)
{
    switch (s->kind) {
    case TW_CALC_ADD:
        *out = a + b;
        return true;
    case TW_CALC_SUBTRACT:
        *out = a - b;
        return true;
    case TW_CALC_MULTIPLY:
        *out = a * b;
        return true;
    default:
        *out = a / b;
        return b != 0;
    }
}

bool tw_calc_run(const struct tw_calc *c, const struct tw_scene *scene,
    const struct tw_recall_at *at, uint32_t slot, double *out)
{
    double stack[TW_CALC_MAX_STACK];
    size_t n = 0;
    bool ok = true;
    for (uint32_t i = 0; i < c->n; i++) {
        const struct tw_calc_step *s = &c->steps[i];
        double v = s->number;
        if (s->kind == TW_CALC_NEGATE) {
            stack[n - 1] = -stack[n - 1];
            continue;
        }
        if (s->kind > TW_CALC_CALL) {
            ok = join(s, stack[n - 2], stack[n - 1], &v) && ok;
            n -= 2;
        } else if (s->kind == TW_CALC_FIELD) {
            ok = field_number(s->field, scene, &v) && ok;
        } else if (s->kind == TW_CALC_CALL) {
            /* Every call learns, whether there will be a number or not. */
            ok = tw_recall_ask(at, slot++, s->call, scene, &v) && ok;
        }
        stack[n++] = v;
    }
    *out = stack[0];
    return ok && !isnan(stack[0]);
}
