#pragma once
/* `matches @list`: does a text contain one of a list's words as a word of its own? Words end where
 * letters end, where a digit begins, and at the humps of CamelCase, so "trip" is found in
 * "HighTempTrip.Limit" and "TRIP_2", not in "Stripper". Case does not matter, nor does a plural s,
 * nor which separator stands inside a word of several parts ("e-stop" finds "EStop"). Words that
 * are not ASCII are found anywhere. */

#include "detect/blocks.h"

struct tw_words;

/* NULL when memory is short. */
struct tw_words *tw_words_new(struct tw_blocks *blocks, const struct tw_str *list, size_t n);
bool tw_words_match(const struct tw_words *w, struct tw_str text);
