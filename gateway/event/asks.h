#pragma once
/* What is asked of who receives events, before there are any: most need not be made. Members that
 * are NULL are not asked. */

#include "event/plain_value.h"

struct tw_asks {
    tw_pass_fn pass;
    tw_pass_values_fn pass_values;
    tw_expect_fn expect;
};
