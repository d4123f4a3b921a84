#pragma once
/* Diagnostics as text, so that a test states them line by line. */

#include <stdio.h>
#include <stdlib.h>

#include "config/yaml.h"

/* "line:column message | hint" a line; warnings begin with "warning ". Good until the next call. */
static inline const char *said(const struct tw_diags *d)
{
    static char text[16384];
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < d->n && at < sizeof(text); i++) {
        const struct tw_diag *m = &d->list[i];
        int n = snprintf(text + at, sizeof(text) - at, "%s%u:%u %s%s%s\n",
            m->severity == TW_DIAG_WARNING ? "warning " : "", m->line, m->column, m->message,
            m->hint != NULL ? " | " : "", m->hint != NULL ? m->hint : "");
        at += n > 0 ? (size_t)n : 0;
    }
    return text;
}

static inline struct tw_yaml *yaml_of(const char *text, struct tw_diags *d)
{
    return tw_yaml_load_bytes("x.yaml", text, strlen(text), d);
}
