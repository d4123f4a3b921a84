#pragma once
/* The only door to nDPI: its headers, which change with every version, are seen by ndpi_shim.c
 * alone. An instance belongs to one thread. What is said of a flow depends on that flow's packets
 * only: caches in which nDPI carries findings from one flow to another are kept empty. */

#include "base/cursor.h"
#include "event/event.h"

struct tw_ndpi;

struct tw_ndpi_verdict {
    struct tw_str app; /* lower case; static. "unknown" when nDPI does not know */
    struct tw_str
        host; /* SNI, HTTP host, DNS query; borrowed from the flow's state; may be absent */
    struct tw_str path; /* of an HTTP request, without its query; borrowed; may be absent */
    bool known;         /* app is not "unknown" */
    bool guessed;       /* by port or address, not by what was said */
    bool more;          /* a TLS handshake goes on: more packets would tell more of it */
};

/* NULL when memory is short or the library is not the one the program was built for. */
struct tw_ndpi *tw_ndpi_new(void);
void tw_ndpi_free(struct tw_ndpi *n);

/* State of one flow: `tw_ndpi_flow_size()` zeroed bytes. fini() returns what nDPI holds behind it.
 */
size_t tw_ndpi_flow_size(void);
void tw_ndpi_flow_fini(void *flow);

/* One more packet with payload, from the IP header on. True when the verdict is final. */
bool tw_ndpi_packet(
    struct tw_ndpi *n, void *flow, struct tw_cur ip, int64_t ts_ns, struct tw_ndpi_verdict *out);
/* No more packets will be shown. */
void tw_ndpi_give_up(struct tw_ndpi *n, void *flow, struct tw_ndpi_verdict *out);
/* What was seen of a TLS handshake; false when it is none. `out` borrows from the flow's state and
 * from `text`. */
enum { TW_NDPI_TEXT = 40 };
bool tw_ndpi_tls(const void *flow, struct tw_tls_info *out, char text[TW_NDPI_TEXT]);
/* nDPI's version; declared for users in flow.h. */
const char *tw_ndpi_version(void);

/* Nothing was said at all: ask by protocol number, addresses and ports. */
void tw_ndpi_guess(struct tw_ndpi *n, uint8_t ip_proto, const struct tw_endpoint *a,
    const struct tw_endpoint *b, struct tw_ndpi_verdict *out);
