#pragma once
/* Values before they are made into events. What OPC UA sends is mostly lists of values, told of
 * monitored items [UA4 7.25.2] or read [UA4 5.11.2], which differ in little else, and nobody has a
 * question about most of them: who can tell by what is here is asked about so many at a time. */

#include "event/event.h"

enum { TW_PLAIN_VALUES = 32 }; /* that are shown at a time */

/* A number, a truth, or an array of them, whose status is not bad. */
struct tw_plain_value {
    enum tw_value_kind kind;
    bool is_odd;   /* a number that is not finite, or too small to be exact */
    uint8_t below; /* bits of the word that are none of the number's */
    uint32_t status;
    uint64_t word;        /* the number's bytes are the upper ones */
    int64_t server_ts_ns; /* 0: not sent */
};

/* False for what is no number [tw_value_number()]. */
static inline bool tw_plain_number(const struct tw_plain_value *v, double *out)
{
    float narrow;
    switch (v->kind) {
    case TW_VALUE_INT:
        *out = (double)((int64_t)v->word >> v->below);
        return true;
    case TW_VALUE_UINT:
        *out = (double)(v->word >> v->below);
        return true;
    case TW_VALUE_FLOAT: {
        const uint32_t bits = (uint32_t)(v->word >> v->below);
        memcpy(&narrow, &bits, sizeof(narrow));
        *out = (double)narrow;
        return true;
    }
    case TW_VALUE_DOUBLE:
        memcpy(out, &v->word, sizeof(*out));
        return true;
    default:
        return false;
    }
}

struct tw_plain_values {
    uint32_t n;
    struct tw_plain_value list[TW_PLAIN_VALUES];
    union {
        uint32_t handles[TW_PLAIN_VALUES];         /* notify: the client's, of monitored items */
        struct tw_node_key nodes[TW_PLAIN_VALUES]; /* read: the Value attribute of these, all of it;
                                                      arrays of none in namespace 0 */
    } of;
};

/* The value of a read that was made into an event, as one that was not; false for what is none of
 * these. */
bool tw_plain_read(const struct tw_event *read, struct tw_plain_values *out);

/* The next ones of a list; `message` is what all have in common, but for the status, which is
 * "Good". Returns how many of them, from the first on, pass [event.h, tw_pass_fn]: that was all
 * there is to do about them. */
typedef uint32_t (*tw_pass_values_fn)(
    void *user, const struct tw_event *message, const struct tw_plain_values *values);
