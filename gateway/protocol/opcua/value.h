#pragma once
/* Variant, DataValue and everything in them, as values of an event [UA6 5.2.2]. With a NULL `out` a
 * value is only passed over. */

#include "event/value.h"
#include "protocol/opcua/anomaly.h"
#include "protocol/opcua/types.h"

/* What the values of one event may take, and what was found wrong on the way. */
struct tw_opcua_scratch {
    struct tw_arena *arena;
    size_t budget;      /* bytes that the values of this event may still show */
    uint32_t anomalies; /* TW_OPCUA_BIT() */
    unsigned depth;
    bool truncated;
};

/* Enough for the longest string and a full array; small enough for a batch to hold several events.
 */
enum { TW_OPCUA_EVENT_BYTES = 40 * 1024 };

static inline void tw_opcua_scratch_reset(struct tw_opcua_scratch *s)
{
    tw_arena_reset(s->arena);
    s->budget = TW_OPCUA_EVENT_BYTES;
    s->truncated = false;
    s->depth = 0;
}

struct tw_opcua_typed {
    struct tw_value value;
    const char *type; /* static; NULL for a null Variant */
};

TW_MUST_CHECK bool tw_opcua_variant(
    struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_opcua_typed *out);

/* Variant[], as in the arguments of a method: one array value. */
TW_MUST_CHECK bool tw_opcua_variants(
    struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out);

struct tw_opcua_data_value {
    struct tw_opcua_typed v;
    bool has_value;
    uint32_t status;                    /* 0 (Good) when it was not sent */
    int64_t source_ts_ns, server_ts_ns; /* 0: not sent */
};
TW_MUST_CHECK bool tw_opcua_data_value(
    struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_opcua_data_value *out);

/* Pass over one value of a built-in type. */
TW_MUST_CHECK bool tw_opcua_skip(struct tw_opcua_scratch *s, struct tw_cur *c, unsigned type);
/* The fewest bytes that a value of this type takes. */
size_t tw_opcua_min_size(unsigned type);

/* A string as an event may show it: cut to what is left of the budget. */
struct tw_str tw_opcua_clip(struct tw_opcua_scratch *s, struct tw_str text);
/* The same for text, with a check that it is UTF-8 [UA6 5.2.2.4]. */
struct tw_str tw_opcua_clip_text(struct tw_opcua_scratch *s, struct tw_str text);
