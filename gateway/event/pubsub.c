#include "base/num.h"
#include "event/event.h"

struct tw_str tw_pubsub_version(const struct tw_pubsub_info *p, char out[TW_PUBSUB_VERSION])
{
    char digits[TW_NUM_TEXT];
    size_t len = 0, n;
    if (!p->has_major && !p->has_minor)
        return TW_STR_NONE;
    if (p->has_major) {
        len = tw_num_u64(digits, p->major);
        memcpy(out, digits, len);
    }
    if (p->has_minor) {
        out[len++] = '.';
        n = tw_num_u64(digits, p->minor);
        memcpy(out + len, digits, n);
        len += n;
    }
    return (struct tw_str){out, len};
}
