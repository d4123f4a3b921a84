#pragma once
/* Lists of values, looked through for those that pass before anything is made of them
 * [event/plain_value.h]: numbers and truths with a status and times, and short arrays of them. */

#include "protocol/opcua/walk.h"

/* How far a list is looked at ahead. */
struct tw_opcua_ahead {
    uint32_t window;
    bool asked; /* the next one was asked about, and does not pass */
};

static inline struct tw_opcua_ahead tw_opcua_ahead_of_all(void)
{
    return (struct tw_opcua_ahead){.window = TW_PLAIN_VALUES};
}

/* Of the `left` MonitoredItemNotifications there [UA4 7.25.2], those at the head that pass: how
 * many; `c` moves past them. */
uint32_t tw_opcua_pass_changes(
    struct tw_opcua_walk *w, struct tw_cur *c, uint32_t left, struct tw_opcua_ahead *a);

/* The same of ReadValueIds and what was read of each [UA4 5.11.2]. */
uint32_t tw_opcua_pass_reads(struct tw_opcua_walk *w, struct tw_cur *request,
    struct tw_cur *response, uint32_t left, struct tw_opcua_ahead *a);
