#pragma once
/* Inside indicator/: STIX patterns [STIX 2.1 9]. */

#include "indicator/indicator.h"

/* What of an event is compared. */
enum tw_trait {
    TW_TRAIT_IP,
    TW_TRAIT_DOMAIN,
    TW_TRAIT_CERTIFICATE_SHA256,
    TW_TRAIT_CERTIFICATE_SHA1,
    TW_TRAIT_FILE_SHA256,
    TW_TRAIT_APPLICATION_URI,
    TW_TRAIT_APPLICATION_NAME,
    TW_TRAIT_CLIENT_ID,
    TW_TRAIT_JA3,
    TW_TRAIT_JA4,
    TW_TRAITS
};

struct tw_compared {
    enum tw_trait trait;
    struct tw_str type;  /* of the object: "ipv4-addr" */
    struct tw_str value; /* between its quotes, escapes resolved into `room` */
};

/* How many comparisons the pattern has, put into `out`; 0 with `*out_why` when it is none of those
 * that are used. `room` holds as many bytes as the pattern has. */
size_t tw_pattern_read(struct tw_str pattern, char *room,
    struct tw_compared out[TW_INDICATOR_VALUES], const char **out_why);
