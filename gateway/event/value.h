#pragma once
/* A value as it was on the wire: built-in types of OPC UA, JSON leaves, arrays of them. Borrowed:
 * an array's items and a string's bytes belong to whoever made the value (a PDU, an arena). */

#include <float.h>
#include <math.h>

#include "base/str.h"

enum tw_value_kind {
    TW_VALUE_NONE, /* does not apply: no key */
    TW_VALUE_NULL, /* applies, has no value or is not known */
    TW_VALUE_BOOL,
    TW_VALUE_INT,
    TW_VALUE_UINT,
    TW_VALUE_FLOAT, /* 32 bits on the wire; kept in `d` */
    TW_VALUE_DOUBLE,
    TW_VALUE_STRING, /* UTF-8 as sent, not checked */
    TW_VALUE_BYTES,
    TW_VALUE_ARRAY,
    TW_VALUE_OBJECT, /* items with names: a decoded structure */
};

struct tw_value {
    enum tw_value_kind kind;
    bool truncated;     /* a string or an array was cut */
    uint32_t n;         /* items of an array or object */
    struct tw_str name; /* of an object's member */
    union {
        bool b;
        int64_t i;
        uint64_t u;
        double d;
        struct tw_str s;              /* STRING, BYTES */
        const struct tw_value *items; /* ARRAY, OBJECT */
    };
};

/* The value as a number; false for anything that is not one (a boolean is not). */
bool tw_value_number(const struct tw_value *v, double *out);

/* The same for what programs put into JSON: some write numbers as texts. */
bool tw_value_as_number(const struct tw_value *v, double *out);

/* Is a FLOAT or DOUBLE nothing else than a number: finite, and not too small to be exact? */
static inline bool tw_value_is_ordinary(const struct tw_value *v)
{
    const double size = fabs(v->d), least = v->kind == TW_VALUE_FLOAT ? (double)FLT_MIN : DBL_MIN;
    return size == 0 || (size >= least && size <= DBL_MAX);
}

/* A time as a number (see tw_time_of_number) or as ISO 8601; they tell themselves apart. */
bool tw_value_as_time(const struct tw_value *v, int64_t *out_ns);
