#pragma once
/* Inside the loader: what is no mistake and still rather not meant. Each kind has a code that
 * stays. */

#include "detect/loader.h"

/* After everything was read, and only when nothing is wrong. */
void tw_lint(const struct tw_loader *l, const struct tw_rules_lint *lint);
