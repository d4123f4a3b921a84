#pragma once
/* An approved value, kept small, and whether a written one is it. */

#include "base/table.h"
#include "event/value.h"

enum { TW_APPROVED_MAX_ITEMS = 16 };

struct tw_approved {
    enum {
        TW_APPROVED_ANY, /* the approval names no value */
        TW_APPROVED_NUMBER,
        TW_APPROVED_TEXT,
        TW_APPROVED_TRUTH,
        TW_APPROVED_NUMBERS
    } kind;
    double number;
    bool truth;
    struct tw_text_key text;
    uint32_t n;
    double items[TW_APPROVED_MAX_ITEMS];
};

struct tw_approved tw_approved_of(struct tw_seed seed, const struct tw_value *v);
/* The next item of an array; the first one makes it one. */
void tw_approved_add(struct tw_approved *a, const struct tw_value *item);
bool tw_approved_eq(const struct tw_approved *a, const struct tw_approved *b);
/* Is a written value the approved one, both rounded to what a variable of `type` (may be absent)
 * keeps? A value that is not known (encrypted, none sent) can not contradict. */
bool tw_approved_fits(
    struct tw_seed seed, const struct tw_approved *a, const struct tw_value *v, struct tw_str type);
