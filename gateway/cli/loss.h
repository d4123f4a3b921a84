#pragma once
/* The alert GW-02: packets were lost before the gateway could look at them. It is the gateway's own
 * and not a rule of a set, because what it judges is in no capture. The analyst's thread. */

#include "alert/alert.h"
#include "cli/figures.h"

/* The last lossy window of `loss` ended; repeats are folded until there was none for ten minutes.
 */
void tw_loss_alert(
    struct tw_alerts *alerts, const struct tw_loss *loss, const char *gateway, int64_t now_ns);
