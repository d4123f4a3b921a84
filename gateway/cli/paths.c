#include "cli/paths.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* PREFIX/share/tierwatch/rules of the PREFIX/bin that this program runs from: where `make install`
 * put them, whatever the prefix. False when that can not be told. */
static bool beside_program(char *out, size_t size)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n <= 0)
        return false;
    self[n] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(self, '/');
        if (slash == NULL)
            return false;
        *slash = '\0';
    }
    int length = snprintf(out, size, "%s/share/tierwatch/rules", self);
    return length > 0 && (size_t)length < size && access(out, R_OK) == 0;
}

const char *tw_default_rules(void)
{
    static char installed[4200];
    static const char packaged[] = "/usr/share/tierwatch/rules"; /* also where there is no /proc */
    if (beside_program(installed, sizeof(installed)))
        return installed;
    return access("rules", R_OK) != 0 && access(packaged, R_OK) == 0 ? packaged : "rules";
}
