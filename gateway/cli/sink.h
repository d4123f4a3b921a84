#pragma once
/* An alert's way out: the ledger first, then standard output or a file, then the broker. Whoever
 * fills the struct owns what it points to. The analyst's thread. */

#include "cli/common.h"
#include "cli/progress.h"
#include "share/ledger.h"
#include "share/publisher.h"

struct tw_alert_sink {
    struct tw_ledger *ledger;       /* may be NULL */
    struct tw_publisher *publisher; /* may be NULL */
    struct tw_output lines;         /* JSON lines; file NULL: none */
    bool table;                     /* readable lines on standard output instead */
    const char *boot;
    uint64_t seq;        /* of the last alert, when there is no ledger to count them */
    struct tw_text wire; /* the alert with boot and seq, without a ledger */
    struct tw_progress *progress;
    enum tw_severity worst;
    bool any;    /* `worst` is of an alert */
    bool failed; /* an alert could not be kept */
    uint64_t alerts;
};

/* tw_alert_fn */
void tw_alert_sink_take(void *sink, const struct tw_alert_record *record);
