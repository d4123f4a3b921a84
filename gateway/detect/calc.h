#pragma once
/* Arithmetic in expressions: numbers, fields that hold numbers (durations are seconds) and calls
 * that remember, joined by + - * / and parentheses. Compiled to steps for a small stack. */

#include "detect/recall.h"

enum { TW_CALC_MAX_STEPS = 64, TW_CALC_MAX_STACK = 16 };

struct tw_calc_step {
    enum tw_calc_kind {
        TW_CALC_NUMBER,
        TW_CALC_FIELD,
        TW_CALC_CALL,
        TW_CALC_ADD,
        TW_CALC_SUBTRACT,
        TW_CALC_MULTIPLY,
        TW_CALC_DIVIDE,
        TW_CALC_NEGATE
    } kind;
    double number;
    const struct tw_field *field;
    const struct tw_call *call;
};

struct tw_calc {
    struct tw_calc_step *steps;
    uint32_t n, n_calls;
};

/* Calls are places `slot` and following of the rule. False when there is no number: a field is
 * absent or holds none, or something is divided by zero. */
bool tw_calc_run(const struct tw_calc *c, const struct tw_scene *scene,
    const struct tw_recall_at *at, uint32_t slot, double *out);
