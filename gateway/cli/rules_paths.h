#pragma once
/* Which rules a command is about. */

#include "cli/watch.h"

struct tw_trial_files; /* trial/files.h */

/* Rules of the arguments, else those that replay and run would take; the tests beside them go to
 * `out_tests`. With `warn`, what is rather not meant is said as well. NULL when there is anything
 * wrong; `*out_code` says whether with them or with the configuration. */
struct tw_rules *tw_rules_of_options(const struct tw_options *o, bool warn, struct tw_diags *diags,
    struct tw_trial_files *out_tests, int *out_code);
