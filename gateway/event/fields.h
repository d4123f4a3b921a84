#pragma once
/* The table of everything that a rule can look at: `tierwatch fields` prints it, the rule compiler
 * type-checks against it, evaluation and output templates read through it. A new field is one row.
 */

#include "event/facts.h"

enum tw_field_type {
    TW_FIELD_STRING,
    TW_FIELD_NUMBER,
    TW_FIELD_BOOL,
    TW_FIELD_ENUM,  /* a string out of `choices` */
    TW_FIELD_IP,    /* compared with addresses, CIDR and network names */
    TW_FIELD_RANGE, /* right-hand side of inside and outside */
    TW_FIELD_VALUE, /* whatever the wire carried: number, string, boolean, array */
};

enum { TW_FIELD_TEXT = 64 };

struct tw_scene {
    const struct tw_event *event;
    const struct tw_facts *facts;
};

/* A field's value in one scene; absent when it does not apply or is not known. */
struct tw_field_value {
    bool present;
    struct tw_value value;    /* STRING, DOUBLE/INT, BOOL, or the event's value */
    struct tw_range range;    /* TW_FIELD_RANGE */
    struct tw_ip ip;          /* TW_FIELD_IP */
    char text[TW_FIELD_TEXT]; /* bytes of a string that is made on demand (an address): value.s
                               * points here, so the struct is not copied by value */
};

struct tw_field {
    const char *name, *doc, *example;
    enum tw_field_type type;
    const char *const *choices; /* NULL-ended; ENUM only */
    void (*get)(const struct tw_scene *scene, struct tw_field_value *out);
};

size_t tw_fields_count(void);
const struct tw_field *tw_fields_at(size_t i);
const struct tw_field *tw_field_find(struct tw_str name);
/* Its value is the same in all events of one message: a test of it need not be repeated for each
 * leaf of a payload and each item of a notification. */
bool tw_field_is_shared(const struct tw_field *field);
