#pragma once
/* Payload, Metric and what is in them [SPB 6.4], read field by field. A grammar: bytes in, facts
 * out, and the first thing that is wrong. Everything borrows from the message and the arena. */

#include "event/sparkplug.h"
#include "protocol/sparkplug/anomaly.h"
#include "protocol/sparkplug/wire.h"

/* What a oneof may carry, in the order of its fields everywhere: those of PropertyValue, Parameter
 * and DataSetValue have a part of these. */
enum tw_sparkplug_form {
    TW_SPARKPLUG_NO_VALUE,
    TW_SPARKPLUG_OF_INT,
    TW_SPARKPLUG_OF_LONG,
    TW_SPARKPLUG_OF_FLOAT,
    TW_SPARKPLUG_OF_DOUBLE,
    TW_SPARKPLUG_OF_BOOLEAN,
    TW_SPARKPLUG_OF_STRING,
    TW_SPARKPLUG_OF_BYTES,
    TW_SPARKPLUG_OF_DATASET,
    TW_SPARKPLUG_OF_TEMPLATE,
    TW_SPARKPLUG_OF_PROPERTIES,
    TW_SPARKPLUG_OF_PROPERTY_LIST,
    TW_SPARKPLUG_OF_EXTENSION,
};

struct tw_sparkplug_content {
    enum tw_sparkplug_form form;
    uint64_t v;
    struct tw_cur bytes;
};

struct tw_sparkplug_payload {
    bool has_timestamp, has_seq;
    uint64_t timestamp_ms, seq;
    struct tw_str uuid, body;
    uint32_t n_metrics;
    /* NBIRTH and NDEATH: that of the metric bdSeq. */
    bool has_bd_seq;
    uint64_t bd_seq;
};

/* Everything but the metrics. Not OK: `out` has what was read before. */
enum tw_sparkplug_anomaly tw_sparkplug_payload_read(
    struct tw_cur bytes, enum tw_sparkplug_kind kind, struct tw_sparkplug_payload *out);

struct tw_sparkplug_wire_metric {
    bool has_alias, has_timestamp, is_historical, is_transient, is_null;
    bool has_metadata, has_properties;
    struct tw_str name; /* absent: it was not sent */
    uint64_t alias, timestamp_ms;
    uint32_t datatype; /* 0: not sent */
    struct tw_cur metadata, properties;
    struct tw_sparkplug_content content;
};

TW_MUST_CHECK bool tw_sparkplug_metric_read(
    struct tw_cur bytes, struct tw_sparkplug_wire_metric *out);

struct tw_sparkplug_wire_template {
    bool is_definition;
    struct tw_str version, ref;
    uint32_t n_parameters;
};
TW_MUST_CHECK bool tw_sparkplug_template_read(
    struct tw_cur bytes, struct tw_sparkplug_wire_template *out);

/* The next metric of a Payload (`number` 2) or Template (`number` 2 too) from `*c`; false when
 * there is none, and where it is not well-formed: then something is left. */
enum { TW_SPARKPLUG_METRICS = 2 };
bool tw_sparkplug_next_metric(struct tw_cur *c, struct tw_cur *out);

/* What values become: where their items stand, what was cut, what is wrong. */
struct tw_sparkplug_build {
    struct tw_arena *arena;
    bool truncated;
    unsigned depth;                  /* of property sets around the present one */
    enum tw_sparkplug_anomaly wrong; /* the first */
};

static inline void tw_sparkplug_note(
    struct tw_sparkplug_build *b, enum tw_sparkplug_anomaly anomaly)
{
    if (b->wrong == TW_SPARKPLUG_OK)
        b->wrong = anomaly;
}

/* A value as the wire has it; NULL when it has none. Structures are read: a data set becomes an
 * object of columns, types and rows, a template one of what is not a metric of it. */
void tw_sparkplug_content_value(
    struct tw_sparkplug_build *b, const struct tw_sparkplug_content *content, struct tw_value *out);

/* The same as one of `type`; 0 leaves it as it is. Returns the type's name, NULL when it has none.
 */
const char *tw_sparkplug_typed(struct tw_sparkplug_build *b, uint32_t type,
    const struct tw_sparkplug_content *content, struct tw_value *out);

/* A PropertySet as an object; MetaData as one. */
void tw_sparkplug_properties(
    struct tw_sparkplug_build *b, struct tw_cur bytes, struct tw_value *out);
void tw_sparkplug_metadata(struct tw_sparkplug_build *b, struct tw_cur bytes, struct tw_value *out);
