#include "base/status.h"

const char *tw_status_text(enum tw_status status)
{
    static const char *const texts[] = {
#define TW_STATUS_TEXT(name, text) [name] = text,
        TW_STATUS_TABLE(TW_STATUS_TEXT)
#undef TW_STATUS_TEXT
    };
    if ((unsigned)status >= sizeof(texts) / sizeof(texts[0]))
        return "unknown status";
    return texts[status];
}
