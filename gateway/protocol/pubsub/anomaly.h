#pragma once
/* What can be wrong with a PubSub message: the `detail` of a malformed event. */

#include <stdint.h>

#define TW_PUBSUB_ANOMALY_TABLE(X)                                                                 \
    X(NONE, "")                                                                                    \
    X(BAD_VERSION, "bad-uadp-version")                                                             \
    X(RESERVED_FLAGS, "reserved-flags")                                                            \
    X(BAD_PUBLISHER_TYPE, "bad-publisher-id-type")                                                 \
    X(BAD_MESSAGE_TYPE, "bad-network-message-type")                                                \
    X(TRUNCATED, "truncated-message")                                                              \
    X(NO_MESSAGES, "empty-payload-header")                                                         \
    X(BAD_SECURITY, "bad-security-header")                                                         \
    X(BAD_SIZES, "bad-message-sizes")                                                              \
    X(BAD_CHUNK, "bad-chunk")                                                                      \
    X(BAD_DATASET_TYPE, "bad-dataset-message-type")                                                \
    X(BAD_FIELD_ENCODING, "bad-field-encoding")                                                    \
    X(BAD_PROMOTED, "bad-promoted-fields")                                                         \
    X(BAD_ANNOUNCEMENT, "bad-announcement")                                                        \
    X(FIELD_LIMIT, "field-limit")                                                                  \
    X(DECODE_ERROR, "decode-error")                                                                \
    X(TRAILING_BYTES, "trailing-bytes")

enum tw_pubsub_anomaly {
#define TW_PUBSUB_ANOMALY_ENUM(name, text) TW_PUBSUB_##name,
    TW_PUBSUB_ANOMALY_TABLE(TW_PUBSUB_ANOMALY_ENUM)
#undef TW_PUBSUB_ANOMALY_ENUM
        TW_PUBSUB_ANOMALIES
};

/* Static; "" for NONE. */
const char *tw_pubsub_anomaly_name(enum tw_pubsub_anomaly anomaly);
