#pragma once
/* Which values of events belong to a series, and to which one. Inside baseline/. */

#include "base/table.h"
#include "baseline/profile.h"
#include "event/event.h"

struct tw_sample {
    enum tw_series_source source;
    double value;
    const struct tw_endpoint *server, *client;
};
/* False for an event that carries no number of a variable as a whole. */
bool tw_sample_of(const struct tw_event *e, struct tw_sample *out);

struct tw_series_key {
    struct tw_text_key object;
    uint64_t place; /* source, server, client, field */
};
struct tw_series_key tw_series_key(struct tw_seed seed, const struct tw_series_name *name);
/* The same of an event's value; nothing but its texts is borrowed. */
struct tw_series_name tw_sample_name(const struct tw_event *e, const struct tw_sample *s);
