#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/confine.h"

enum { WORDS = 2 }; /* of 32 capabilities each [capset(2)] */

enum tw_status tw_confine_process(void)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return TW_PERMISSION;
    return TW_OK;
}

/* The bounding set needs a capability of its own to be made smaller: whoever has none has nothing
 * to fear from it, because nothing executed gains privileges. */
static void shrink_bounding_set(void)
{
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        (void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

enum tw_status tw_confine_capabilities(enum tw_confine_role role)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct have[WORDS] = {{0}}, left[WORDS] = {{0}};
    shrink_bounding_set();
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capget, &head, have) != 0)
        return TW_PERMISSION;
    if (role == TW_CONFINE_OPENER) {
        left[0].permitted = have[0].permitted & 1u << CAP_NET_RAW;
        left[0].effective = left[0].permitted;
    }
    return syscall(SYS_capset, &head, left) == 0 ? TW_OK : TW_PERMISSION;
}
