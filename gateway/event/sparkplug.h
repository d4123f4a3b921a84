#pragma once
/* Sparkplug B, versions 2 and 3 [SPB: Eclipse Sparkplug Specification 3.0.0]: the facts of one
 * message, those of one metric in it, and its datatypes. What messages say together (`found`, and
 * the flags of a metric) is filled in by session/ after the merge. */

#include "base/arena.h"
#include "event/event.h"

/* The third level of a topic [SPB 4.1.3]; STATE is that of a host. */
enum tw_sparkplug_kind {
    TW_SPARKPLUG_NONE, /* not Sparkplug */
    TW_SPARKPLUG_NBIRTH,
    TW_SPARKPLUG_NDEATH,
    TW_SPARKPLUG_NDATA,
    TW_SPARKPLUG_NCMD,
    TW_SPARKPLUG_DBIRTH,
    TW_SPARKPLUG_DDEATH,
    TW_SPARKPLUG_DDATA,
    TW_SPARKPLUG_DCMD,
    TW_SPARKPLUG_STATE,
    TW_SPARKPLUG_BAD, /* a topic of the namespace that means nothing in it */
};

const char *tw_sparkplug_kind_name(enum tw_sparkplug_kind kind); /* "NBIRTH"; NULL: no such */

/* What a message is against those before it: member, what it says. */
#define TW_SPARKPLUG_FOUND_TABLE(X)                                                                \
    X(before_birth, "Sent before the birth that has to come first, or after the death")            \
    X(birth_unseen, "The birth was not seen: it came before watching began")                       \
    X(device_unborn, "The edge node is born, this device is not, or has died")                     \
    X(rebirth, "A birth of what is alive already")                                                 \
    X(rebirth_unasked, "An edge node was born again without a request in the last 60 s")           \
    X(bd_seq_missing, "A birth or death of an edge node, or its will, without bdSeq")              \
    X(bd_seq_differs, "bdSeq is not that of the will (births) or of the birth (deaths)")           \
    X(bd_seq_skipped, "bdSeq of a new connection's will does not follow that of the last one")     \
    X(seq_missing, "A message of an edge node without seq")                                        \
    X(seq_unexpected, "seq in a message that has none: a command or an NDEATH")                    \
    X(seq_repeated, "The same seq as the message before")                                          \
    X(seq_not_zero, "An NBIRTH that does not begin the count at 0")                                \
    X(other_publisher, "Sent by another client than the one that this node or host is")            \
    X(wrong_qos, "Not the QoS that messages of this type have")                                    \
    X(wrong_retain, "Retained where it must not be, or not where it must")                         \
    X(host_offline, "Sent although its primary host says that it is offline")                      \
    X(state_older, "A STATE with an older time than the last one")                                 \
    X(state_will_differs, "A STATE of another time than the will of its connection")

/* What a metric is against the birth. */
#define TW_SPARKPLUG_METRIC_TABLE(X)                                                               \
    X(alias_unresolved, "The metric's name is not known; the field is its alias")                  \
    X(unknown_alias, "The birth was seen, and has no such alias")                                  \
    X(undeclared, "The birth was seen, and has no such metric")                                    \
    X(type_differs, "Another datatype than in the birth, or a value that is none of it")           \
    X(alias_taken, "Another metric of the edge node was born with the same alias")

#define TW_SPARKPLUG_FLAG(name, doc) bool name;

struct tw_sparkplug_found {
    uint32_t missing;           /* messages of this edge node that were not seen before this one */
    struct tw_str sender_host;  /* of a command: the host that its sender says it is */
    struct tw_str primary_host; /* of an edge node's message: the host that it waits for */
    TW_SPARKPLUG_FOUND_TABLE(TW_SPARKPLUG_FLAG)
};

/* One message; of a CONNECT its will. Shared by the message's events. */
struct tw_sparkplug_info {
    uint64_t serial; /* that of the MQTT message */
    enum tw_sparkplug_kind kind;
    struct tw_str group, edge_node, device; /* device absent: of the node itself */
    struct tw_str host;                     /* STATE */
    bool has_seq, has_bd_seq, has_online, online, compressed;
    uint64_t seq, bd_seq;
    int64_t timestamp_ns; /* 0: not sent */
    struct tw_str uuid;
    uint64_t body_bytes;
    /* Never printed: of some metrics no event is given; or there is no saying what they are. */
    bool cut, incomplete;
    struct tw_sparkplug_found found;
};

/* One metric [SPB 6.4.6]; NULL in the event of the message itself. */
struct tw_sparkplug_metric {
    uint32_t datatype; /* never printed: as sent, 0 when it was not */
    bool has_alias, is_null, is_historical, is_transient, has_quality;
    uint64_t alias;
    int64_t quality;                              /* 192 good, 500 stale, 0 bad */
    const struct tw_value *properties, *metadata; /* OBJECT; NULL: none */
    /* Never printed: properties that session/ learns from. */
    bool has_low, has_high;
    double low, high;
    struct tw_str unit;
    /* Never printed. In a template that has only an alias, whose digits its field begins with. */
    size_t base_len; /* 0: it is not */
    uint64_t base_alias;
    /* From session/. */
    uint32_t
        rebirth_requests; /* of a Node Control/Rebirth: those in the last 60 s, this included */
    TW_SPARKPLUG_METRIC_TABLE(TW_SPARKPLUG_FLAG)
};

/* Datatypes by their numbers on the wire [SPB 6.4.16]. */
#define TW_SPARKPLUG_TYPE_TABLE(X)                                                                 \
    X(INT8, 1, "Int8")                                                                             \
    X(INT16, 2, "Int16")                                                                           \
    X(INT32, 3, "Int32")                                                                           \
    X(INT64, 4, "Int64")                                                                           \
    X(UINT8, 5, "UInt8")                                                                           \
    X(UINT16, 6, "UInt16")                                                                         \
    X(UINT32, 7, "UInt32")                                                                         \
    X(UINT64, 8, "UInt64")                                                                         \
    X(FLOAT, 9, "Float")                                                                           \
    X(DOUBLE, 10, "Double")                                                                        \
    X(BOOLEAN, 11, "Boolean")                                                                      \
    X(STRING, 12, "String")                                                                        \
    X(DATETIME, 13, "DateTime")                                                                    \
    X(TEXT, 14, "Text")                                                                            \
    X(UUID, 15, "UUID")                                                                            \
    X(DATASET, 16, "DataSet")                                                                      \
    X(BYTES, 17, "Bytes")                                                                          \
    X(FILE, 18, "File")                                                                            \
    X(TEMPLATE, 19, "Template")                                                                    \
    X(PROPERTYSET, 20, "PropertySet")                                                              \
    X(PROPERTYSETLIST, 21, "PropertySetList")                                                      \
    X(INT8_ARRAY, 22, "Int8[]")                                                                    \
    X(INT16_ARRAY, 23, "Int16[]")                                                                  \
    X(INT32_ARRAY, 24, "Int32[]")                                                                  \
    X(INT64_ARRAY, 25, "Int64[]")                                                                  \
    X(UINT8_ARRAY, 26, "UInt8[]")                                                                  \
    X(UINT16_ARRAY, 27, "UInt16[]")                                                                \
    X(UINT32_ARRAY, 28, "UInt32[]")                                                                \
    X(UINT64_ARRAY, 29, "UInt64[]")                                                                \
    X(FLOAT_ARRAY, 30, "Float[]")                                                                  \
    X(DOUBLE_ARRAY, 31, "Double[]")                                                                \
    X(BOOLEAN_ARRAY, 32, "Boolean[]")                                                              \
    X(STRING_ARRAY, 33, "String[]")                                                                \
    X(DATETIME_ARRAY, 34, "DateTime[]")

enum tw_sparkplug_type {
#define TW_SPARKPLUG_TYPE_ENUM(name, number, text) TW_SPARKPLUG_##name = number,
    TW_SPARKPLUG_TYPE_TABLE(TW_SPARKPLUG_TYPE_ENUM)
#undef TW_SPARKPLUG_TYPE_ENUM
};

/* Static; NULL for a number that is no datatype. */
const char *tw_sparkplug_type_name(uint32_t type);

/* A value as the wire has it (an unsigned number, Float, Double, Boolean, text, bytes, a decoded
 * structure) as one of `type`: signed where it is, arrays out of bytes, times as text. What it
 * needs comes from `arena`; `out->truncated` when that is full or more was sent than is shown.
 * False when it is no value of that type. */
bool tw_sparkplug_value(
    uint32_t type, const struct tw_value *wire, struct tw_arena *arena, struct tw_value *out);

/* Milliseconds since 1970 as event time; false beyond the year 9999. */
bool tw_sparkplug_time(uint64_t ms, int64_t *out_ns);
