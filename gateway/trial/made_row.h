#pragma once
/* Inside trial/: the table of fields that can be written. */

#include "trial/made.h"

enum tw_made_kind {
    TW_MADE_STR,    /* struct tw_str */
    TW_MADE_MAYBE,  /* struct tw_maybe */
    TW_MADE_TEXT,   /* const char * */
    TW_MADE_FLAG,   /* bool */
    TW_MADE_UINT,   /* an unsigned or signed integer of `size` bytes */
    TW_MADE_DOUBLE, /* double */
    TW_MADE_IP,     /* struct tw_ip */
    TW_MADE_AGO,    /* int64_t: a time so many seconds before the event */
    TW_MADE_AHEAD,  /* … after it */
    TW_MADE_MOMENT, /* int64_t: seconds since 1970 */
    TW_MADE_DETAIL, /* member of opcua.details, called `member` */
    TW_MADE_ALARM,  /* member of the value of an alarm */
    TW_MADE_OWN     /* `set` does it */
};

/* What was written for a field, checked against its type. */
struct tw_made_cell {
    const struct tw_made_place *place;
    const struct tw_node *node;
    struct tw_value value; /* STRING, DOUBLE or INT, BOOL as the field is; of VALUE anything */
    struct tw_ip ip;
};

struct tw_made_row {
    const char *name; /* of the field */
    enum tw_made_part part;
    enum tw_made_kind kind;
    size_t offset, size; /* in the part */
    size_t has;          /* offset of a bool that goes with it, plus 1; 0: none */
    const char *member;
    void (*set)(struct tw_made *m, const struct tw_made_cell *cell);
};

extern const struct tw_made_row tw_made_rows[];
extern const size_t tw_made_rows_count;

/* A value of any kind as YAML writes it: numbers, truths and null only without quotes. */
bool tw_made_value(
    const struct tw_made_place *place, const struct tw_node *node, struct tw_value *out);
/* The text of a scalar, with {n} replaced. */
struct tw_str tw_made_text(const struct tw_made_place *place, const struct tw_node *node);
