#pragma once
/* Diagnostics of configuration files, for people on standard error or as data on standard output.
 */

#include "cli/cli.h"
#include "config/diag.h"

void tw_report_diags(const struct tw_diags *diags, bool json);
