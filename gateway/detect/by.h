#pragma once
/* Fields whose values make a key: what tells windows, sequences and folded alerts apart. */

#include "base/table.h"
#include "base/text.h"
#include "event/fields.h"

enum { TW_BY_MAX = 8, TW_BY_TEXT_BYTES = 8192 };

/* An actor without id counts by its address. */
struct tw_by {
    const struct tw_field *fields[TW_BY_MAX];
    size_t n;
};

bool tw_by_eq(const struct tw_by *a, const struct tw_by *b);

/* Room made at the start, so that evaluation does not allocate. False when memory is short. */
bool tw_by_make_room(struct tw_text *out);
/* The values in one string, behind `prefix`. Texts go in whole and with their length, so that a
 * hostile one can not pass for two. */
struct tw_str tw_by_text(
    struct tw_text *out, const char *prefix, const struct tw_by *by, const struct tw_scene *scene);
/* The same as a key of a table; `scratch` is written to. */
struct tw_text_key tw_by_key(struct tw_text *scratch, struct tw_seed seed, const struct tw_by *by,
    const struct tw_scene *scene);
