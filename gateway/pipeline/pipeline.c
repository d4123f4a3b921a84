#include "pipeline/pipeline.h"

#include <unistd.h>

#include "pipeline/drivers.h"

enum { MAX_WORKERS = 64 };

enum tw_status tw_pipeline_run(
    const struct tw_pipeline_config *config, struct tw_pipeline_result *out)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned workers = config->workers;
    if (workers == 0)
        workers = cores > 0 ? (unsigned)cores : 1;
    if (workers > MAX_WORKERS)
        workers = MAX_WORKERS;
    *out = (struct tw_pipeline_result){0};
    if (workers == 1)
        return tw_drive_inline(config, out);
    return tw_drive_parallel(config, workers, out);
}
