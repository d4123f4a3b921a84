#pragma once
/* `matches "…"`: regular expressions in the syntax of Perl, by PCRE2. Interpreted, never compiled
 * to machine code: that meets its limits at other texts, and a gateway whose memory may not become
 * executable would match differently from a replay. A match takes no more time and memory than the
 * limits say, after which the text counts as not matching and the pattern says so. Texts that are
 * not UTF-8 are matched as far as they are. One thread. */

#include "detect/blocks.h"

enum { TW_PATTERN_MAX_BYTES = 4096, TW_PATTERN_MATCH_LIMIT = 100000 };

struct tw_pattern;

/* NULL when memory is short or the pattern is wrong: then `out_why` (of `size` bytes) says what, at
 * byte `*out_offset` of it. Freed with `blocks`. */
struct tw_pattern *tw_pattern_new(struct tw_blocks *blocks, struct tw_str pattern, char *out_why,
    size_t size, size_t *out_offset);
bool tw_pattern_match(struct tw_pattern *p, struct tw_str text);
/* Put it before others; the chain. */
struct tw_pattern *tw_pattern_chain(struct tw_pattern *p, struct tw_pattern *others);
/* How often a limit was reached by any pattern of a chain, which may be NULL. */
uint64_t tw_patterns_limits(const struct tw_pattern *chain);
struct tw_str tw_pattern_text(const struct tw_pattern *p);
