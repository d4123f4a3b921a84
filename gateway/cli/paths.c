#include "cli/paths.h"

#include <unistd.h>

#ifndef TW_DATADIR
#define TW_DATADIR "/usr/share/tierwatch"
#endif

const char *tw_default_rules(void)
{
    static const char installed[] = TW_DATADIR "/rules";
    return access(installed, R_OK) == 0 ? installed : "rules";
}
