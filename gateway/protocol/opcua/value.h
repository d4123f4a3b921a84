#pragma once
/* Variant, DataValue and everything in them, as values of an event [UA6 5.2.2]. With a NULL `out` a
 * value is only passed over. */

#include "event/value.h"
#include "protocol/opcua/anomaly.h"
#include "protocol/opcua/types.h"

/* What the values of one event may take, and what was found wrong on the way. */
struct tw_opcua_scratch {
    struct tw_arena *arena;
    size_t keep;        /* bytes of the arena that outlive the event */
    size_t budget;      /* bytes that the values of this event may still show */
    uint32_t anomalies; /* TW_OPCUA_BIT() */
    unsigned depth;
    bool truncated;
    struct tw_cur strings; /* the message's StringTable, for DiagnosticInfo */
};

/* Enough for the longest string and a full array; small enough for a batch to hold several events.
 */
enum { TW_OPCUA_EVENT_BYTES = 40 * 1024 };

static inline void tw_opcua_scratch_reset(struct tw_opcua_scratch *s)
{
    s->arena->used = s->keep;
    s->arena->overflowed = false;
    s->budget = TW_OPCUA_EVENT_BYTES;
    s->truncated = false;
    s->depth = 0;
}

struct tw_opcua_typed {
    struct tw_value value;
    const char *type;                  /* static; NULL for a null Variant */
    const struct tw_value *dimensions; /* of an array with more than one; NULL else */
};

TW_MUST_CHECK bool tw_opcua_variant(
    struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_opcua_typed *out);

/* Variant[], as in the arguments of a method: one array value. */
TW_MUST_CHECK bool tw_opcua_variants(
    struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out);

/* What the first byte of a DataValue says that there is [UA6 5.2.2.17]; each picosecond part
 * follows its timestamp. */
enum {
    TW_OPCUA_HAS_VALUE = 1,
    TW_OPCUA_HAS_STATUS = 2,
    TW_OPCUA_HAS_SOURCE = 4,
    TW_OPCUA_HAS_SERVER = 8,
    TW_OPCUA_SOURCE_PS = 16,
    TW_OPCUA_SERVER_PS = 32
};

struct tw_opcua_data_value {
    struct tw_opcua_typed v;
    bool has_value;
    uint32_t status;                    /* 0 (Good) when it was not sent */
    int64_t source_ts_ns, server_ts_ns; /* 0: not sent */
};
/* What `out` holds after a failure says nothing. */
TW_MUST_CHECK bool tw_opcua_data_value(
    struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_opcua_data_value *out);

/* One value of a built-in type, or an array of them; `n` elements were sent. */
TW_MUST_CHECK bool tw_opcua_value(
    struct tw_opcua_scratch *s, struct tw_cur *c, unsigned type, struct tw_value *out);
TW_MUST_CHECK bool tw_opcua_array(
    struct tw_opcua_scratch *s, struct tw_cur *c, unsigned type, uint32_t *n, struct tw_value *out);
/* Room for those of `n` elements that an event shows. NULL when that is none of them. */
struct tw_value *tw_opcua_elements(struct tw_opcua_scratch *s, uint32_t n, uint32_t *shown);
/* Around a value inside a value: false when they are nested too deeply. */
bool tw_opcua_enter(struct tw_opcua_scratch *s);
bool tw_opcua_leave(struct tw_opcua_scratch *s, bool ok);

/* shown.c: structures by their layouts. `out` is not NULL. */
struct tw_opcua_field;
struct tw_opcua_layout;
TW_MUST_CHECK bool tw_opcua_show(struct tw_opcua_scratch *s, struct tw_cur *c,
    const struct tw_opcua_field *f, struct tw_value *out);
TW_MUST_CHECK bool tw_opcua_show_layout(struct tw_opcua_scratch *s, struct tw_cur *c,
    const struct tw_opcua_layout *layout, struct tw_value *out);
/* A structure that is known becomes its members; any other its type and bytes. */
void tw_opcua_show_extension(
    struct tw_opcua_scratch *s, const struct tw_opcua_extension *e, struct tw_value *out);

/* Pass over one value of a built-in type. */
TW_MUST_CHECK bool tw_opcua_skip(struct tw_opcua_scratch *s, struct tw_cur *c, unsigned type);
/* The bytes that every value of this type takes; 0 when they differ. */
size_t tw_opcua_fixed_size(unsigned type);
/* The fewest bytes that a value of this type takes. */
size_t tw_opcua_min_size(unsigned type);

/* Text that was made in the arena as a value. */
void tw_opcua_made(struct tw_opcua_scratch *s, struct tw_str text, struct tw_value *out);
/* A string as an event may show it: cut to what is left of the budget. */
struct tw_str tw_opcua_clip(struct tw_opcua_scratch *s, struct tw_str text);
/* The same for text, with a check that it is UTF-8 [UA6 5.2.2.4]. */
struct tw_str tw_opcua_clip_text(struct tw_opcua_scratch *s, struct tw_str text);
