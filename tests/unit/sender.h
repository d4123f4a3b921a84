#pragma once
/* What the tests of the publisher have in common: somebody who hands alerts over. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "share/publisher.h"

static inline void wait_ms(int ms)
{
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static inline struct tw_publisher *start(const struct tw_broker_config *config)
{
    struct tw_publisher *p = NULL;
    char err[256];
    if (tw_publisher_start(config, &p, err, sizeof(err)) != TW_OK)
        fail_msg("%s", err);
    return p;
}

/* Alerts `from` to `to` - 1, each with its number as "id". */
static inline void send_ids(struct tw_publisher *p, int from, int to)
{
    for (int i = from; i < to; i++) {
        char payload[64];
        snprintf(payload, sizeof(payload), "{\"id\":%d,\"text\":\"alert\"}", i);
        struct tw_message m = {.topic = TW_STR("alert/high/T2/CMD-01"),
            .payload = tw_str_of(payload),
            .expiry_s = 604800,
            .schema = TW_STR("tierwatch.alert/1"),
            .tier = TW_STR("T2"),
            .seq = (uint64_t)i + 1};
        if (tw_publisher_send(p, &m) != TW_OK)
            abort();
    }
}

/* True when `n` are acknowledged within `ms`. */
static inline bool acknowledged(struct tw_publisher *p, uint64_t n, int ms)
{
    for (; ms > 0 && tw_publisher_stats(p).acknowledged < n; ms -= 10)
        wait_ms(10);
    return tw_publisher_stats(p).acknowledged >= n;
}
