#pragma once
/* The one record that the whole program speaks: an action that was seen on the wire.
 *
 * Lifetime: a dissector fills an event with views that borrow from its PDU and hands it to
 * tw_emit(); it is good during the call. The receiver copies what it keeps (batch.h). Absent
 * strings have p == NULL; "applies but unknown" is said by the flag named beside the field. */

#include "base/addr.h"
#include "event/carrier.h"
#include "event/decision.h"
#include "event/mcp.h"
#include "event/payload_names.h"
#include "event/practice.h"
#include "event/series.h"
#include "event/value.h"

enum tw_protocol { TW_PROTO_OTHER, TW_PROTO_OPCUA, TW_PROTO_MQTT };

#define TW_ACTION_TABLE(X)                                                                         \
    X(CONNECT, "connect")                                                                          \
    X(SECURE, "secure")                                                                            \
    X(SESSION, "session")                                                                          \
    X(AUTHENTICATE, "authenticate")                                                                \
    X(DISCONNECT, "disconnect")                                                                    \
    X(DISCOVER, "discover")                                                                        \
    X(BROWSE, "browse")                                                                            \
    X(READ, "read")                                                                                \
    X(WRITE, "write")                                                                              \
    X(CALL, "call")                                                                                \
    X(SUBSCRIBE, "subscribe")                                                                      \
    X(UNSUBSCRIBE, "unsubscribe")                                                                  \
    X(NOTIFY, "notify")                                                                            \
    X(ALARM, "alarm")                                                                              \
    X(PUBLISH, "publish")                                                                          \
    X(DELIVER, "deliver")                                                                          \
    X(REFUSED, "refused")                                                                          \
    X(HISTORY_READ, "history_read")                                                                \
    X(HISTORY_WRITE, "history_write")                                                              \
    X(MANAGE, "manage")                                                                            \
    X(TOOL, "tool")                                                                                \
    X(FLOW, "flow")                                                                                \
    X(MALFORMED, "malformed")                                                                      \
    X(GAP, "gap")                                                                                  \
    X(CONFLICT, "conflict")                                                                        \
    X(SILENCE, "silence") /* what was declared to come did not; told by detect/, never captured */ \
    X(DEVIATION, "deviation") /* not what was learned; told by baseline/, never captured */

enum tw_action {
#define TW_ACTION_ENUM(name, text) TW_ACTION_##name,
    TW_ACTION_TABLE(TW_ACTION_ENUM)
#undef TW_ACTION_ENUM
        TW_ACTION_UNKNOWN, /* something was done, but what is encrypted: printed as null */
    TW_ACTION_COUNT
};

const char *tw_action_name(enum tw_action action);
bool tw_action_of(struct tw_str name, enum tw_action *out);

/* A view that may be absent, null (unknown) or present. */
struct tw_maybe {
    struct tw_str s;
    bool is_null;
};

/* Which part of the past was asked for or changed [UA11 6]. */
struct tw_opcua_history {
    const char *kind;       /* raw modified processed at_time events annotations; updates: data
                             * structure_data events delete_raw delete_modified delete_at_time
                             * delete_events */
    const char *perform;    /* insert replace update remove; NULL: no such choice */
    int64_t from_ns, to_ns; /* 0: open */
    bool has_values, has_returned;
    uint32_t values;         /* at most so many of each node, or so many points in time or values */
    uint32_t returned;       /* that the server gave for this node */
    struct tw_str aggregate; /* "Average", or a NodeId */
    double interval_ms;      /* of the aggregate; 0: none */
};

/* What a certificate says, that of the client, beside its SHA-256 and URI. */
struct tw_opcua_certificate {
    struct tw_str sha1;            /* the thumbprint that OPC UA itself uses */
    struct tw_str subject, issuer; /* RFC 2253 */
    struct tw_str key, signature;  /* "RSA", "EC"; "sha256WithRSAEncryption" */
    uint32_t key_bits, chain;      /* certificates that were sent, the leaf included */
    bool self_signed;
    int64_t not_before_ns, not_after_ns; /* 0: not known */
};

/* Properties that say what a variable's values mean [UA8 5.3, 5.6]. */
enum tw_opcua_property_kind {
    TW_UA_PROPERTY_NONE,
    TW_UA_PROPERTY_EU_RANGE,
    TW_UA_PROPERTY_UNITS,
    TW_UA_PROPERTY_INSTRUMENT_RANGE,
    TW_UA_PROPERTY_ENUM_STRINGS,
};

/* A property node of the event's object. Never printed: session/ ties them together. */
struct tw_opcua_property {
    enum tw_opcua_property_kind kind;
    struct tw_str node;
};

/* A keyed hash of a NodeId as it was sent; zero: of none. */
struct tw_node_key {
    uint64_t h[2];
};

/* OPC UA facts of one message; shared by its events. Identity (application_uri … session) is filled
 * by session/ after the merge, from the session that `auth_token` names. */
struct tw_opcua_info {
    uint64_t serial;         /* of the message, unique per worker: lets copies be shared */
    struct tw_str service;   /* "Write", "CreateSession", "Hello", … */
    struct tw_str attribute; /* "Value", … where the service has attributes; else absent */
    struct tw_maybe index_range;
    bool has_request_id, has_request_handle, has_channel;
    bool service_null;   /* it is encrypted */
    bool clear_password; /* a user name token whose password was sent unprotected */
    bool sessionless;    /* it came in a SessionlessInvoke */
    bool has_subscription, has_handle, has_monitored_item;
    bool has_publishing_interval, has_sampling_interval;
    bool identity_resolved; /* session/ has been here */
    uint32_t request_id, request_handle, channel_id;
    struct tw_maybe audit_entry_id;
    struct tw_maybe security_policy; /* the part after '#': "None", "Basic256Sha256" */
    struct tw_maybe security_mode;   /* None | Sign | SignAndEncrypt */
    struct tw_maybe application_uri, application_name, product_uri;
    struct tw_maybe session_name, user, session; /* session: the SessionId NodeId */
    struct tw_str user_token;                    /* anonymous | username | certificate | issued */
    struct tw_maybe certificate_sha256;
    struct tw_str certificate_uri; /* URI in the client certificate's subjectAltName */
    struct tw_str server_uri, endpoint_url;
    struct tw_str object_id;                 /* call */
    const struct tw_value *outputs;          /* call */
    uint32_t subscription_id, client_handle; /* client_handle: notify and subscribe */
    uint32_t monitored_item_id;
    uint32_t n_properties, chunks; /* chunks: of the message that completed the event */
    /* ms, as sent: 0 is the fastest, a sampling of -1 that of the subscription [UA4 7.21] */
    double publishing_interval, sampling_interval;
    /* Facts of services other than the everyday ones; NULL for most events. */
    const struct tw_value *details; /* OBJECT: printed member by member */
    const struct tw_value *select;  /* ARRAY of names: fields that an EventFilter asks for */
    const struct tw_opcua_history *history;
    const struct tw_opcua_certificate *certificate;
    const struct tw_decision_context *decision; /* in the AuditEntryId */
    const struct tw_opcua_property *properties; /* n_properties of them */
    struct tw_str namespace_uri; /* of the object, once the server's table was read on the wire */
    /* Never printed: digests of the ContinuationPoints used and given; 0 = none. */
    uint64_t continues, continuation;
    uint64_t message_bytes; /* of the message that completed the event */
    /* Never printed: digests of 48 bits of what client and server sent as nonces; 0 = none, or one
     * too short to be one. */
    uint64_t client_nonce, server_nonce;
    /* Never printed: the session's bearer token, as a keyed digest. 0 = none. */
    uint64_t auth_token;
    struct tw_node_key node; /* never printed: the object of a read */
};

/* Which item of the message: in this alone infos of the same serial may differ. */
static inline bool tw_opcua_info_same_item(
    const struct tw_opcua_info *a, const struct tw_opcua_info *b)
{
    return a->has_handle == b->has_handle && a->client_handle == b->client_handle &&
           a->has_monitored_item == b->has_monitored_item &&
           a->monitored_item_id == b->monitored_item_id && a->node.h[0] == b->node.h[0] &&
           a->node.h[1] == b->node.h[1];
}

static inline void tw_opcua_info_set_item(
    struct tw_opcua_info *to, const struct tw_opcua_info *from)
{
    to->has_handle = from->has_handle;
    to->client_handle = from->client_handle;
    to->has_monitored_item = from->has_monitored_item;
    to->monitored_item_id = from->monitored_item_id;
    to->node = from->node;
}

/* What one end asks of the other, and says that it takes, when they connect [MQTT5 3.1.2.11,
 * 3.2.2.3]. Only what was sent counts: a bit for each, TW_MQTT_SAID_…. */
enum {
    TW_MQTT_SAID_SESSION_EXPIRY = 1 << 0,
    TW_MQTT_SAID_RECEIVE_MAX = 1 << 1,
    TW_MQTT_SAID_PACKET_MAX = 1 << 2,
    TW_MQTT_SAID_ALIAS_MAX = 1 << 3,
    TW_MQTT_SAID_KEEP_ALIVE = 1 << 4, /* from here on the server only */
    TW_MQTT_SAID_QOS_MAX = 1 << 5,
    TW_MQTT_SAID_RETAIN = 1 << 6,
    TW_MQTT_SAID_WILDCARDS = 1 << 7,
    TW_MQTT_SAID_SUBSCRIPTION_IDS = 1 << 8,
    TW_MQTT_SAID_SHARED = 1 << 9,
    TW_MQTT_SAID_ASSIGNED_ID = 1 << 10,
    TW_MQTT_SAID_WANTS_RESPONSE = 1 << 11, /* the client only */
    TW_MQTT_SAID_WANTS_PROBLEM = 1 << 12,
};
struct tw_mqtt_terms {
    uint32_t said;
    uint32_t session_expiry, packet_max;
    uint16_t receive_max, alias_max, keep_alive;
    uint8_t qos_max;
    bool retain, wildcards, subscription_ids, shared;
    bool wants_response, wants_problem;
};

enum { TW_MQTT_MAX_SUBSCRIPTION_IDS = 8 }; /* of a delivery that are told */

/* Facts that only some messages have: those of connecting, and most properties of 5.0. */
struct tw_mqtt_more {
    struct tw_mqtt_terms client, server; /* connect */
    bool has_session_present, session_present;
    struct tw_str auth_method, response_information, server_reference;
    bool has_auth_data;
    uint32_t auth_bytes; /* the data itself goes nowhere */
    /* Never printed: a digest of 48 bits of a password that is a JSON Web Token [RFC7519]; 0: it is
     * none. */
    uint64_t token;
    /* publish and deliver, and what a will asks for. */
    bool has_expiry, has_correlation, is_utf8;
    uint32_t message_expiry;   /* s */
    struct tw_str correlation; /* bytes */
    uint64_t correlation_hash; /* never printed: tells equal ones */
    uint32_t subscription_ids[TW_MQTT_MAX_SUBSCRIPTION_IDS];
    uint8_t n_subscription_ids;
    uint32_t will_delay; /* s; 0: none */
    struct tw_str will_content_type, will_response_topic;
    /* subscribe, 5.0 */
    bool has_options, no_local, retain_as_published;
    uint8_t retain_handling;
};

struct tw_mqtt_info {
    uint64_t serial;
    const char *version; /* "3.1" "3.1.1" "5.0"; NULL when not known */
    struct tw_maybe client_id;
    struct tw_maybe username; /* absent when the client sent none */
    bool has_qos, retain, dup, has_publish_flags;
    int8_t qos; /* -1: MQTT-SN without a connection */
    bool has_packet_id;
    uint16_t packet_id;
    bool has_payload;
    uint64_t payload_bytes;
    const char *payload_format; /* json number text empty binary sparkplug opcua-json uadp */
    bool has_sha256;
    uint8_t payload_sha256[32];
    enum tw_payload_kind payload_kind;
    enum tw_payload_problem payload_problem;
    enum tw_payload_danger payload_danger;
    enum tw_payload_origin payload_origin;
    const char *payload_calls; /* pickle-call: module of the first such function; static */
    bool has_items;            /* CBOR, MessagePack */
    uint32_t payload_items;    /* values in it, containers not counted */
    uint64_t inflated_bytes;   /* of a payload that was compressed; 0: it was not */
    uint64_t payload_hash;     /* never printed: tells equal payloads; 0: not seen as a whole */
    struct tw_str payload;     /* never printed: a deliver's bytes, for expansion after the merge */
    bool has_reason;
    uint8_t reason; /* as sent */
    struct tw_str reason_string, content_type, response_topic;
    const struct tw_value *user_properties; /* OBJECT */
    const struct tw_decision_context *decision;
    const struct tw_mcp_info *mcp;
    bool has_keep_alive, has_clean_start, clean_start;
    uint16_t keep_alive;
    bool has_will;
    struct tw_str will_topic;
    uint8_t will_qos;
    bool will_retain;
    uint64_t will_payload_bytes, will_payload_hash;
    bool clear_password; /* CONNECT with a password outside TLS */
    bool alias_unresolved;
    bool has_alias;
    uint16_t topic_alias;
    bool has_options; /* subscribe */
    uint8_t requested_qos;
    bool keep_alive_expired; /* disconnect: the client had been silent for too long */
    const char *packet;      /* the packet type, for `malformed`, `disconnect`, `refused` */
    /* MQTT-SN: how a topic was named, and behind which node of a forwarder the client is. */
    const char *topic_id_type; /* normal | predefined | short; NULL: not by an id */
    uint16_t topic_id;
    struct tw_str node;               /* hex; absent: no forwarder */
    const struct tw_carrier *carrier; /* NULL: TCP, without a proxy that tells of itself */
    const struct tw_mqtt_more *more;  /* NULL: none of it */
};

/* How a field of a DataSet is encoded where nothing else tells [UA14 6.2.3.2.4]. */
enum { TW_PUBSUB_FIELDS = 128, TW_PUBSUB_DIMENSIONS = 3 };
struct tw_pubsub_shape {
    uint8_t type;        /* built-in type; 0: not told */
    int8_t rank;         /* ValueRank: -1 scalar, n > 0 dimensions; others can not be read */
    uint32_t max_length; /* of a String or ByteString; 0: not told */
    uint32_t size;       /* bytes of a structure; 0: not known */
    uint32_t dimensions[TW_PUBSUB_DIMENSIONS]; /* the largest ones; 0: not told */
};

/* Those of a DataSet, as far as they are known. */
struct tw_pubsub_layout {
    const struct tw_pubsub_shape *fields;
    uint32_t n;
    bool sure; /* a message says that it is of this very version */
};

struct tw_pubsub_field {
    struct tw_str name;
    struct tw_pubsub_shape shape;
};

/* OPC UA PubSub facts of one DataSetMessage, or of a NetworkMessage without one [UA14 7.2]; shared
 * by its events. What messages say together (missing … version_unannounced) and the names of fields
 * are filled in by session/ after the merge. */
struct tw_pubsub_info {
    uint64_t serial;      /* of the DataSetMessage, unique per worker: lets copies be shared */
    const char *encoding; /* uadp | json */
    struct tw_str message_type; /* "data", "metadata", "action-request", … without "ua-" */
    const char *dataset_type;   /* keyframe | deltaframe | event | keepalive */
    const char *field_encoding; /* variant | raw | datavalue; UADP only */
    struct tw_str publisher_id, writer_group; /* a number as text, or a name */
    struct tw_str data_set_writer;            /* the id, else the name */
    struct tw_str writer_name;                /* never printed: the name where there is one */
    bool has_sequence, has_group_sequence, has_number, has_major, has_minor, has_chunk;
    uint32_t sequence;       /* of the DataSetMessage */
    uint32_t group_sequence; /* of the NetworkMessage within its WriterGroup */
    uint32_t number;         /* NetworkMessageNumber */
    uint32_t major, minor;   /* version of the metadata */
    uint32_t chunk_offset, chunk_total;
    int64_t timestamp_ns;   /* 0: not sent */
    struct tw_str status;   /* of the DataSetMessage; of a `status` message the PubSubState */
    const char *security;   /* none | signed | encrypted; NULL: the encoding has none */
    bool publisher_differs; /* the message names another publisher than its topic */
    bool invalid;           /* its sender says that it is to be ignored */
    uint64_t message_bytes; /* of what can not be read here: encrypted, raw, a chunk; 0: read */
    /* Never printed: the fields that metadata declares; what session/ has opened with what it knows
     * more: RawData fields as they were sent, or a chunk's NetworkMessage, whose part of the
     * payload is there. With `carrier` an event is there for these bytes alone: that of one
     * DataSetMessage of several over MQTT. */
    bool declares, carrier;
    uint32_t n_fields, part_at, part_len;
    const struct tw_pubsub_field *fields;
    struct tw_str bytes;
    /* From session/. */
    uint32_t missing;         /* messages of this writer that were not seen before this one */
    bool duplicate, late;     /* its number was there before; it is lower than the last one */
    bool before_metadata;     /* its first message, and no metadata was seen */
    bool version_unannounced; /* another version than before, or than the metadata seen */
};

/* The version of the metadata as text: "3.17", "3" or ".17" where only one part was sent; absent
 * where none was. Borrows from `out`. */
enum { TW_PUBSUB_VERSION = 24 };
struct tw_str tw_pubsub_version(const struct tw_pubsub_info *p, char out[TW_PUBSUB_VERSION]);

struct tw_flow_info {
    bool has_totals; /* the flow's last event */
    uint64_t bytes, packets;
    const char *state;             /* established | refused | unanswered */
    bool guessed;                  /* only the port tells */
    const char *transport;         /* tcp | udp | icmp … */
    struct tw_str path;            /* of the first HTTP request, without its query; may be absent */
    const struct tw_tls_info *tls; /* NULL: not TLS */
};

/* What was read on the wire about a variable, by any client [UA8 5.3]. */
struct tw_learned {
    bool has_range, has_instrument_range, has_access;
    double low, high; /* EURange */
    double instrument_low, instrument_high;
    uint8_t access;                   /* AccessLevel: 1 readable, 2 writable, 4, 8 of its history */
    struct tw_str unit, type, states; /* EngineeringUnits, DataType, EnumStrings joined by '|' */
};

/* Room kept with the thing that an event is about, a monitored item: what those who judge events
 * found out about it. Zero when the thing is new. */
struct tw_thing_note {
    uint64_t context; /* under which this was found; 0: nothing was */
    uint32_t kinds;   /* bit per kind of event that needs no further look */
    uint32_t series;  /* of baseline/, that its values belong to; 0: none, or not looked up */
};

/* What session/ knows about an event from everything it saw before, for rules; never printed. */
struct tw_session_facts {
    struct tw_ip
        live_elsewhere; /* the same client id or ApplicationUri is live from this address too */
    uint32_t takeovers; /* of this MQTT client id by another connection, in the last 60 s */
    uint32_t
        topic_publishers; /* identities that published on this topic so far, this one included */
    struct tw_str first_publisher;        /* client id (or address) of the first of them */
    uint32_t filter_topics, known_topics; /* SUBSCRIBE: topics the filter matches, of those known */
    /* A delivery: the publish that it belongs to (the same broker, topic and payload). */
    struct tw_str origin; /* client id (or address) of who published it; absent: not known */
    uint64_t origin_packet;
    int64_t origin_ns;
    struct tw_str will_of; /* client id on whose behalf the server published this will */
    /* A delivery of a retained message: who set it, and when. */
    struct tw_str retained_by;
    int64_t retained_ns;
    /* A publish on the Response Topic of an earlier request [MQTT5 4.10]. */
    struct tw_str reply_to; /* client id of who asked */
    struct tw_str reply_topic;
    int64_t reply_asked_ns;
    uint64_t repeats; /* packet of the earlier PUBLISH that this one sends again; 0: none */
    const struct tw_learned *learned; /* about the object; NULL: nothing */
    bool after_gap;                   /* bytes of this flow were not seen in the last 10 s */
    struct tw_thing_note *note;       /* NULL: none is kept */
    uint64_t identity; /* equal for events of a flow: the client is known by the same names, and the
                          same is known of nodes; 0: not known */
    uint64_t message;  /* equal for what passes one after the other, of one message; else 0 */
};

struct tw_event {
    int64_t ts_ns;
    uint64_t packet; /* 1-based, in capture order */
    int64_t request_ts_ns;
    uint64_t request_packet; /* 0: none */
    /* Order of the merge: events of a packet (phase 0), deadlines that passed after it (1), the end
     * of input (2); deadlines sort by time and then by the first packet of their flow. */
    uint8_t phase;
    uint64_t flow_first_packet;

    enum tw_protocol protocol;
    struct tw_str app; /* protocol name of a `flow` event, lower case */
    enum tw_action action;
    struct tw_endpoint src, dst; /* src is who acts */
    uint16_t vlan[2];
    uint8_t n_vlan;
    const struct tw_tunnel *tunnel; /* NULL: none */
    bool nano;                      /* print nine fractional digits */
    bool is_tcp;
    uint64_t flow;

    struct tw_str object, field;
    bool object_null; /* applies but is not known */
    struct tw_value value;
    const char *type; /* "Double", "Double[]", "number", "string", "boolean"; static */
    int64_t source_ts_ns, server_ts_ns; /* 0: not sent */
    struct tw_maybe status;             /* symbolic */
    bool status_bad; /* severity bits of OPC UA, or an MQTT reason >= 0x80 (v3: != 0) */
    uint32_t status_code;
    bool encrypted, has_encrypted;
    bool truncated;
    /* Of what is shown to tw_pass_fn: a leaf whose value is a plain number, as those of so many
     * more leaves of its message are, which are not shown when this one passes. */
    uint16_t alike;

    struct tw_opcua_info *opcua;
    struct tw_mqtt_info *mqtt;
    struct tw_flow_info *flow_info;
    struct tw_pubsub_info *pubsub;
    struct tw_sparkplug_info *sparkplug; /* event/sparkplug.h */
    struct tw_sparkplug_metric *metric;
    const struct tw_session_facts *facts; /* NULL before session/ */
    const struct tw_deviation *deviation; /* of a `deviation` of values; else NULL */
    const struct tw_departure *departure; /* of one of what an AI system does; else NULL */

    /* gap, conflict, malformed: what and how much. */
    uint64_t missing_bytes;
    struct tw_str
        detail; /* malformed: the anomaly's name, "sequence-gap"; conflict: which copy won */
};

/* What the actor says about the decision behind this; NULL: nothing. */
static inline const struct tw_decision_context *tw_event_decision(const struct tw_event *e)
{
    return e->mqtt != NULL ? e->mqtt->decision : e->opcua != NULL ? e->opcua->decision : NULL;
}

/* Where events go. `fn` may keep nothing. */
typedef void (*tw_emit_fn)(void *user, const struct tw_event *event);
struct tw_emit {
    tw_emit_fn fn;
    void *user;
};

static inline void tw_emit(const struct tw_emit *emit, const struct tw_event *event)
{
    emit->fn(emit->user, event);
}

/* Data changes, deliveries and leaves of payloads are most of a plant's traffic, and nobody has a
 * question about most of them. Such an event is shown here first, while its facts of OPC UA lack
 * serial, details and what session/ adds, and a delivery all that its payload would say: true when
 * that was all there is to do. */
typedef bool (*tw_pass_fn)(void *user, const struct tw_event *event);
/* An event of this flow, protocol and action will be shown or given soon: what is kept of the
 * connection may be fetched into the cache meanwhile. The rest of it need not be set yet. */
typedef void (*tw_expect_fn)(void *user, const struct tw_event *event);
