#include "cli/report.h"

#include "cli/common.h"

void tw_report_diags(const struct tw_diags *diags, bool json)
{
    if (!json) {
        tw_diags_print(diags, stderr);
        return;
    }
    struct tw_text t = {0};
    tw_diags_json(diags, &t);
    tw_common_print(&t);
}
