#pragma once
/* The unix socket on which a running gateway answers: a request is one line of JSON, and so is its
 * answer. Whoever may write to the socket file (its owner and group) may ask. One thread serves; a
 * client that says nothing, too much, or does not take its answer is let go. */

#include "base/status.h"
#include "base/text.h"

enum { TW_CONTROL_MAX_REQUEST = 4096 };

struct tw_control;

/* Append the answer to one request, without its newline. */
typedef void (*tw_control_fn)(void *user, struct tw_str request, struct tw_text *answer);

/* Listen at `path`. What a gateway left there that is gone is replaced. TW_FULL: another one
 * answers there. TW_IO otherwise. `err` says why. */
TW_MUST_CHECK enum tw_status tw_control_open(const char *path, tw_control_fn fn, void *user,
    struct tw_control **out, char *err, size_t err_size);
/* Takes the file away. */
void tw_control_close(struct tw_control *c);
/* Wait up to `timeout_ms` for requests, or until `wake_fd` is readable; answer what is there. `c`
 * may be NULL: only wait. */
void tw_control_serve(struct tw_control *c, int wake_fd, int timeout_ms);

/* The asking side. A question that is not answered within `timeout_ms` is TW_AGAIN; TW_NOT_FOUND:
 * nobody answers there. The connection stays open for tw_control_wait_end(), or close(*out_fd). */
TW_MUST_CHECK enum tw_status tw_control_ask(
    const char *path, struct tw_str request, int timeout_ms, struct tw_text *answer, int *out_fd);
/* Until the gateway lets go of the connection, which it does when it has stopped. */
bool tw_control_wait_end(int fd, int timeout_ms);
