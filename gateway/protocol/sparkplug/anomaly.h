#pragma once
/* What can be wrong with a Sparkplug message by itself: the `detail` of a malformed event. What is
 * wrong with it after those before is in event/sparkplug.h. */

#define TW_SPARKPLUG_ANOMALY_TABLE(X)                                                              \
    X(OK, "")                                                                                      \
    X(BAD_TOPIC, "bad-sparkplug-topic")                                                            \
    X(BAD_PROTOBUF, "bad-protobuf")                                                                \
    X(BAD_TIMESTAMP, "bad-timestamp")                                                              \
    X(BAD_SEQUENCE, "bad-sequence-number")                                                         \
    X(NO_NAME, "metric-without-name")                                                              \
    X(BAD_DATATYPE, "bad-datatype")                                                                \
    X(BAD_VALUE, "bad-value")                                                                      \
    X(BAD_PROPERTIES, "bad-property-set")                                                          \
    X(BAD_DATASET, "bad-data-set")                                                                 \
    X(BAD_STATE, "bad-state")

enum tw_sparkplug_anomaly {
#define TW_SPARKPLUG_ANOMALY_ENUM(name, text) TW_SPARKPLUG_##name,
    TW_SPARKPLUG_ANOMALY_TABLE(TW_SPARKPLUG_ANOMALY_ENUM)
#undef TW_SPARKPLUG_ANOMALY_ENUM
        TW_SPARKPLUG_ANOMALIES
};

/* Static; "" for OK. */
const char *tw_sparkplug_anomaly_name(enum tw_sparkplug_anomaly anomaly);
