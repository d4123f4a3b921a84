#include "event/event.h"

const char *tw_action_name(enum tw_action action)
{
    static const char *const names[] = {
#define TW_ACTION_TEXT(name, text) [TW_ACTION_##name] = text,
        TW_ACTION_TABLE(TW_ACTION_TEXT)
#undef TW_ACTION_TEXT
    };
    return (unsigned)action < TW_ACTION_UNKNOWN ? names[action] : "unknown";
}

bool tw_action_of(struct tw_str name, enum tw_action *out)
{
    for (unsigned i = 0; i < TW_ACTION_UNKNOWN; i++) {
        if (tw_str_is(name, tw_action_name((enum tw_action)i))) {
            *out = (enum tw_action)i;
            return true;
        }
    }
    return false;
}
