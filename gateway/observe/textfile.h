#pragma once
/* A file that is always whole: written beside its place and moved there. Whoever reads it, such as
 * node_exporter's textfile collector, never sees half of it. */

#include "base/status.h"
#include "base/str.h"

/* TW_IO with errno set; the file before then stays. */
TW_MUST_CHECK enum tw_status tw_textfile_write(const char *path, struct tw_str content);
