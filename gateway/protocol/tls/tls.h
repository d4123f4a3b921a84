#pragma once
/* MQTT over TLS 1.2 and 1.3, where the secrets of a session are known (crypto/tls_keys.h): records
 * are opened and what they carry goes to the dissector of MQTT, or of MQTT over WebSocket, as if it
 * had come over TCP. A PROXY header may stand before them. A session without a secret is left to
 * nDPI, which names it either way; one that began before the capture is known by its records. */

#include "protocol/protocol.h"

extern const struct tw_proto tw_mqtt_tls;

/* Slots of its message counters. */
enum tw_tls_count {
    TW_TLS_COUNT_OPENED,      /* sessions whose records were opened and hold MQTT */
    TW_TLS_COUNT_OTHER,       /* opened, but something else is inside */
    TW_TLS_COUNT_NO_SECRET,   /* the key log does not have them */
    TW_TLS_COUNT_UNSUPPORTED, /* of another version or cipher suite */
    TW_TLS_COUNT_FAILED,      /* the secret does not fit, or records are missing */
    TW_TLS_COUNT_RECORDS,     /* opened */
    TW_TLS_COUNT_MIDSTREAM,   /* their beginning was not seen, nor so whose secret is theirs */
    TW_TLS_COUNTS
};
