#pragma once
/* What can be wrong with OPC UA traffic: the `detail` of a malformed event. */

#include <stdint.h>

#define TW_OPCUA_ANOMALY_TABLE(X)                                                                  \
    X(BAD_MESSAGE_TYPE, "bad-message-type")                                                        \
    X(BAD_CHUNK_TYPE, "bad-chunk-type")                                                            \
    X(BAD_CHUNK_SIZE, "bad-chunk-size")                                                            \
    X(BAD_BUFFER_SIZE, "bad-buffer-size")                                                          \
    X(MESSAGE_BEFORE_HELLO, "message-before-hello")                                                \
    X(MESSAGE_BEFORE_OPEN, "message-before-open")                                                  \
    X(UNEXPECTED_HELLO, "unexpected-hello")                                                        \
    X(UNEXPECTED_ACKNOWLEDGE, "unexpected-acknowledge")                                            \
    X(UNKNOWN_CHANNEL, "unknown-channel")                                                          \
    X(SEQUENCE_GAP, "sequence-gap")                                                                \
    X(SEQUENCE_REUSE, "sequence-reuse")                                                            \
    X(REQUEST_ID_REUSE, "request-id-reuse")                                                        \
    X(RESPONSE_WITHOUT_REQUEST, "response-without-request")                                        \
    X(RESPONSE_MISMATCH, "response-mismatch")                                                      \
    X(WRONG_DIRECTION, "wrong-direction")                                                          \
    X(UNKNOWN_SERVICE, "unknown-service")                                                          \
    X(CHUNK_LIMIT, "chunk-limit")                                                                  \
    X(MESSAGE_LIMIT, "message-limit")                                                              \
    X(DECODE_ERROR, "decode-error")                                                                \
    X(TRAILING_BYTES, "trailing-bytes")                                                            \
    X(STRING_TOO_LONG, "string-too-long")                                                          \
    X(BAD_UTF8, "bad-utf8")                                                                        \
    X(NESTING_LIMIT, "nesting-limit")                                                              \
    X(BAD_DIMENSIONS, "bad-dimensions")                                                            \
    X(RELATIVE_PATH_LIMIT, "relative-path-limit")                                                  \
    X(CERTIFICATE_CHAIN_LIMIT, "certificate-chain-limit")                                          \
    X(INCOMPLETE_MESSAGE, "incomplete-message")                                                    \
    X(UNKNOWN_TOKEN, "unknown-token")

enum tw_opcua_anomaly {
#define TW_OPCUA_ANOMALY_ENUM(name, text) TW_OPCUA_##name,
    TW_OPCUA_ANOMALY_TABLE(TW_OPCUA_ANOMALY_ENUM)
#undef TW_OPCUA_ANOMALY_ENUM
        TW_OPCUA_ANOMALIES
};

/* Sets of them, one bit each. */
#define TW_OPCUA_BIT(anomaly) (UINT32_C(1) << (anomaly))

const char *tw_opcua_anomaly_name(enum tw_opcua_anomaly anomaly);
