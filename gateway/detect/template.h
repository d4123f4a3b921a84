#pragma once
/* `output:` of a rule: text with %field in it. %count is what a window counted, %over its length,
 * %% a percent sign. An absent field prints as "unknown"; an absent unit takes the space before it
 * along. */

#include "base/text.h"
#include "detect/expr.h"

struct tw_segment {
    enum { TW_SEGMENT_TEXT, TW_SEGMENT_FIELD, TW_SEGMENT_COUNT, TW_SEGMENT_OVER } kind;
    struct tw_str text;
    const struct tw_field *field;
};
struct tw_template {
    struct tw_segment *list;
    size_t n;
};

/* Compile the scalar at `place`; errors are reported. */
void tw_template_build(const struct tw_expr_place *place, struct tw_template *out);
void tw_template_print(const struct tw_template *t, const struct tw_scene *scene, double count,
    int64_t over_ns, struct tw_text *out);

/* One field as people read it ("20 to 90 degC"). */
void tw_field_print(const struct tw_field *f, const struct tw_scene *scene, struct tw_text *out);
/* The same as JSON; false (and nothing written) when absent. `key` NULL: the bare value. */
bool tw_field_json(
    const struct tw_field *f, const struct tw_scene *scene, const char *key, struct tw_text *out);
