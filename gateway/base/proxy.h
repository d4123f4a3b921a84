#pragma once
/* The header that a load balancer puts before the first byte of a client, to say whose connection
 * it passes on: PROXY protocol, version 1 (a line) and 2 (binary). */

#include "base/addr.h"
#include "base/cursor.h"

struct tw_proxy {
    struct tw_endpoint client; /* family 0: the proxy speaks for itself, or does not tell */
    struct tw_str tls;         /* version 2: "TLSv1.3" between client and proxy; borrowed */
};

/* Length of the header that `bytes` start with; TW_NEED_MORE when its length is not known yet,
 * TW_NOT_FOUND when they start with something else. */
enum tw_status tw_proxy_length(struct tw_cur bytes, uint64_t *out_len);
/* Read a whole header. False when it breaks the rules of its version; `out` then says nothing. */
TW_MUST_CHECK bool tw_proxy_read(struct tw_cur header, struct tw_proxy *out);
