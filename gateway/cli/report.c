#include "cli/report.h"

void tw_report_diags(const struct tw_diags *diags, bool json)
{
    if (!json) {
        tw_diags_print(diags, stderr);
        return;
    }
    struct tw_text t = {0};
    tw_diags_json(diags, &t);
    fwrite(t.p, 1, t.len, stdout);
    tw_text_free(&t);
}
