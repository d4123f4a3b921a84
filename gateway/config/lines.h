#pragma once
/* Where the lines of a text begin, so that a message can quote one. Lines end where YAML 1.1 ends
 * them: LF, CR, CR LF, NEL, LS, PS. Private to config/. */

#include "base/str.h"

struct tw_lines {
    struct tw_str text;
    size_t *starts; /* offsets into text */
    size_t n;
};

/* False when memory is short. `text` is borrowed. */
bool tw_lines_init(struct tw_lines *l, struct tw_str text);
void tw_lines_fini(struct tw_lines *l);
/* A line (1-based) without its end; absent when there is no such line. */
struct tw_str tw_lines_at(const struct tw_lines *l, unsigned line);
/* The line and the column (1-based, in characters) of a byte; the last ones when it is behind the
 * end. */
void tw_lines_find(
    const struct tw_lines *l, size_t offset, unsigned *out_line, unsigned *out_column);
/* The byte of a line and column. */
size_t tw_lines_offset(const struct tw_lines *l, unsigned line, unsigned column);
