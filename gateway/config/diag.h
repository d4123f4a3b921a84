#pragma once
/* What is wrong with a file that a person wrote: all of it, each with file, line, column, the line
 * itself with a caret, and the nearest valid name. */

#include <stdio.h>

#include "base/text.h"

enum tw_severity_of_diag { TW_DIAG_ERROR, TW_DIAG_WARNING };

struct tw_diag {
    enum tw_severity_of_diag severity;
    const char *code;                     /* of a warning that has one: "W001"; static, else NULL */
    char *file, *message, *hint, *source; /* hint and source may be NULL; source: the line's text */
    unsigned line, column;                /* 1-based; 0 when the whole file is meant */
};

struct tw_diags {
    struct tw_diag *list;
    size_t n, size, errors;
};

void tw_diags_fini(struct tw_diags *d);
/* `hint` may be NULL; a name without blanks becomes 'did you mean "name"?', a phrase stays as it
 * is. `source` may be NULL. Copies everything. The same message at the same place is kept once. */
void tw_diag_add(struct tw_diags *d, enum tw_severity_of_diag severity, const char *file,
    unsigned line, unsigned column, const char *source, const char *hint, const char *format, ...)
    __attribute__((format(printf, 8, 9)));
/* Give what was added since there were `before` messages a code. */
void tw_diag_code(struct tw_diags *d, size_t before, const char *code);
/* Bring everything from list[from] on into the order of the file. */
void tw_diags_sort(struct tw_diags *d, size_t from);
/* "file:line:column: message", the source line, a caret, the hint. */
void tw_diags_print(const struct tw_diags *d, FILE *out);
/* One JSON array: [{"file","line","column","severity","message","hint"}] and a newline. */
void tw_diags_json(const struct tw_diags *d, struct tw_text *out);
