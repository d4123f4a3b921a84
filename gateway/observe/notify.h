#pragma once
/* What a service manager is told [sd_notify(3)]: a datagram to the socket that it names in the
 * environment. Without one nothing is sent. */

#include <stdbool.h>
#include <stdint.h>

struct tw_notify {
    int fd;              /* -1: nobody wants to know */
    int64_t watchdog_ns; /* it expects a sign of life at least so often; 0: none */
};

/* NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. */
void tw_notify_open(struct tw_notify *n);
void tw_notify_close(struct tw_notify *n);
/* Lines of assignments, "READY=1\nSTATUS=…". Never waits; lost is lost. */
void tw_notify_say(const struct tw_notify *n, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* RELOADING=1 with the time that goes with it. */
void tw_notify_reloading(const struct tw_notify *n);
