#include "cli/watch.h"

int tw_cmd_config_schema(const struct tw_options *o)
{
    struct tw_text t = {0};
    (void)o;
    tw_config_schema(&t);
    tw_common_print(&t);
    return TW_EXIT_OK;
}
