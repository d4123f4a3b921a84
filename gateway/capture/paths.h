#pragma once
/* Inside capture/: paths as given, with folders replaced by the captures in them. */

#include "base/status.h"

#include <stddef.h>

struct tw_paths {
    char **names; /* owned */
    size_t n, size;
};

/* TW_NOT_FOUND: a folder without captures. TW_IO: it can not be read. */
TW_MUST_CHECK enum tw_status tw_paths_add(struct tw_paths *list, const char *path);
void tw_paths_free(struct tw_paths *list);
