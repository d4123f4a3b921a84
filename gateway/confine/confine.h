#pragma once
/* What this process can not do any more, whoever should come to speak through it. Everything is
 * given up by the thread that calls, and by those that it starts later. Nothing here needs a
 * privilege. */

#include "base/status.h"

/* For the whole process: no core dumps, no memory for others to look at, no privileges to be gained
 * by what is executed. */
TW_MUST_CHECK enum tw_status tw_confine_process(void);

enum tw_confine_role {
    TW_CONFINE_WORKER, /* packets, events, alerts: opens no capture */
    TW_CONFINE_OPENER  /* may open an interface again */
};

/* Keep no capability; an opener keeps CAP_NET_RAW where it has it. TW_PERMISSION: the kernel
 * refused.
 */
TW_MUST_CHECK enum tw_status tw_confine_capabilities(enum tw_confine_role role);

/* From now on the kernel answers only the calls listed in syscalls.c. TW_NOT_FOUND: it can not
 * filter, or this is a build whose instrumentation needs more; nothing is filtered then. */
TW_MUST_CHECK enum tw_status tw_confine_calls(enum tw_confine_role role);
