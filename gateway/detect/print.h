#pragma once
/* A compiled expression as text again, macros put in, in the order in which it is evaluated. */

#include "base/text.h"
#include "detect/expr.h"

void tw_expr_print(const struct tw_expr *e, struct tw_text *out);
void tw_by_print(const struct tw_by *by, struct tw_text *out);
/* "write, publish"; "all" for every one. */
void tw_actions_print(uint32_t actions, struct tw_text *out);
