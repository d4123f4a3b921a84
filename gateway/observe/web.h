#pragma once
/* Two pages over HTTP, for Prometheus and for whoever asks whether all is well: /metrics and
 * /healthz. A thread of its own serves them; anything else is 404, anything but GET and HEAD 405.
 */

#include "base/status.h"
#include "base/text.h"

struct tw_web;

struct tw_web_pages {
    void *user;
    /* Both on the serving thread. Append the page. */
    void (*metrics)(void *user, struct tw_text *out);
    bool (*health)(void *user, struct tw_text *out); /* false: 503 */
};

/* `listen` is ADDRESS:PORT, "[::1]:9477". TW_INVALID: no numeric address. TW_IO otherwise; `err`
 * says why. Threads that the caller confined confine this one. */
TW_MUST_CHECK enum tw_status tw_web_open(const char *listen, const struct tw_web_pages *pages,
    struct tw_web **out, char *err, size_t err_size);
/* Waits for answers that are underway. */
void tw_web_close(struct tw_web *w);
