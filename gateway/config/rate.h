#pragma once
/* Rates as people write them: "6/min", "2/s", "10MB/h". */

#include "base/str.h"

struct tw_rate {
    double per_s;
    bool is_bytes; /* then per_s is bytes per second */
};

/* A number, for bytes with B, kB, MB, GB, KiB, MiB or GiB, then "/" and s, min, h or d. */
bool tw_rate_parse(struct tw_str s, struct tw_rate *out);
