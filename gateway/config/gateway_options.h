#pragma once
/* The options of the configuration, one row each: where it is kept, what it may be, what it is when
 * nobody says. Private to config/. */

#include "config/gateway.h"

enum tw_option_kind {
    TW_OPTION_TEXT,
    TW_OPTION_PATH, /* relative to the file */
    TW_OPTION_INT,
    TW_OPTION_PERCENT, /* 0 to 100, with a fraction */
    TW_OPTION_CHOICE,
    TW_OPTION_LISTEN, /* ADDRESS:PORT */
    TW_OPTION_TEXTS,
    TW_OPTION_PATHS
};

struct tw_option {
    const char *name; /* "broker.port" */
    enum tw_option_kind kind;
    size_t offset;          /* in struct tw_config */
    int64_t min, max, init; /* INT; of PERCENT `init` only, in thousandths */
    const char *const *choices;
    const char *text; /* initial text */
};

/* Ended by a NULL name, in the order of the dump. */
const struct tw_option *tw_config_options(void);
const struct tw_key *tw_config_keys(void);

static inline void *tw_option_at(struct tw_config *c, const struct tw_option *o)
{
    return (char *)c + o->offset;
}

static inline const void *tw_option_of(const struct tw_config *c, const struct tw_option *o)
{
    return (const char *)c + o->offset;
}
