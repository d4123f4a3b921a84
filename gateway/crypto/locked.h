#pragma once
/* Memory for secrets: not written to swap where the system lets us lock it, left out of core dumps,
 * overwritten before it is given back. Start-up only. */

#include <stddef.h>

/* Zeroed pages for `size` bytes; NULL when memory is short. */
void *tw_locked_new(size_t size);
/* `size` as it was asked for. NULL is fine. */
void tw_locked_free(void *p, size_t size);
/* Nobody can look into the process while secrets are held: no core dump, no debugger of the same
 * user. Calls nest; the last end restores what was before. */
void tw_locked_begin(void);
void tw_locked_end(void);
