/* Files of the time zone database. Properties: whatever a file holds, local time is within a week
 * of UTC at any time of a capture, and the same when asked again. */

#include <assert.h>
#include <stdlib.h>

#include "registry/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { LIMIT_S = 168 * 3600, STEP_S = 86400 * 91 };
    static struct tw_zone z;
    if (!tw_zone_read(tw_cur_of(data, size), &z))
        return 0;
    for (int64_t at = -INT64_C(9000000000); at < INT64_C(9300000000); at += STEP_S * 16) {
        const int32_t ahead = tw_zone_ahead_s(&z, at);
        assert(abs(ahead) <= LIMIT_S);
        assert(ahead == tw_zone_ahead_s(&z, at));
    }
    return 0;
}
