/* Fields of OPC UA PubSub, over UDP and over MQTT. */
#include "event/field_get.h"

#define P_STR(name, from)                                                                          \
    GET(name)                                                                                      \
    {                                                                                              \
        if (s->event->pubsub)                                                                      \
            set_str(out, s->event->pubsub->from);                                                  \
    }
#define P_TEXT(name, from)                                                                         \
    GET(name)                                                                                      \
    {                                                                                              \
        if (s->event->pubsub)                                                                      \
            set_text(out, s->event->pubsub->from);                                                 \
    }
#define P_NUM(name, when, from)                                                                    \
    NUM(name, s->event->pubsub && s->event->pubsub->when, s->event->pubsub->from)
#define P_FLAG(name, from)                                                                         \
    GET(name)                                                                                      \
    {                                                                                              \
        if (s->event->pubsub)                                                                      \
            set_flag(out, s->event->pubsub->from);                                                 \
    }

P_TEXT(encoding, encoding)
P_STR(message_type, message_type)
P_TEXT(dataset_type, dataset_type)
P_TEXT(field_encoding, field_encoding)
P_STR(publisher_id, publisher_id)
P_STR(writer_group, writer_group)
P_STR(data_set_writer, data_set_writer)
P_NUM(sequence, has_sequence, sequence)
P_NUM(group_sequence, has_group_sequence, group_sequence)
P_NUM(number, has_number, number)
GET(version)
{
    if (s->event->pubsub)
        set_str(out, tw_pubsub_version(s->event->pubsub, out->text));
}
GET(age)
{
    if (s->event->pubsub && s->event->pubsub->timestamp_ns != 0)
        set_seconds(out, s->event->ts_ns - s->event->pubsub->timestamp_ns);
}
GET(timestamp)
{
    if (s->event->pubsub && s->event->pubsub->timestamp_ns != 0)
        set_seconds(out, s->event->pubsub->timestamp_ns);
}
P_STR(status, status)
P_TEXT(security, security)
P_NUM(chunk_offset, has_chunk, chunk_offset)
P_NUM(chunk_total, has_chunk, chunk_total)
P_NUM(message_bytes, message_bytes > 0, message_bytes)
P_FLAG(invalid, invalid)
P_FLAG(publisher_differs, publisher_differs)
P_NUM(missing, missing > 0, missing)
P_FLAG(duplicate, duplicate)
P_FLAG(late, late)
P_FLAG(before_metadata, before_metadata)
P_FLAG(version_unannounced, version_unannounced)

static const char *const encodings[] = {"uadp", "json", NULL};
static const char *const dataset_types[] = {"keyframe", "deltaframe", "event", "keepalive", NULL};
static const char *const field_encodings[] = {"variant", "raw", "datavalue", NULL};
static const char *const securities[] = {"none", "signed", "encrypted", NULL};

#define S TW_FIELD_STRING
#define N TW_FIELD_NUMBER
#define B TW_FIELD_BOOL
#define E TW_FIELD_ENUM

const struct tw_field tw_fields_pubsub[] = {
    {"pubsub.encoding", "OPC UA PubSub: how the message is encoded", "uadp", E, encodings,
        get_encoding},
    {"pubsub.message_type",
        "What it is: data, metadata, status, action-request (a remote method call) …", "data", S,
        NULL, get_message_type},
    {"pubsub.dataset_type", "What its DataSetMessage is", "keyframe", E, dataset_types,
        get_dataset_type},
    {"pubsub.field_encoding", "How the fields of a UADP message are encoded", "variant", E,
        field_encodings, get_field_encoding},
    {"pubsub.publisher_id", "PublisherId", "2234", S, NULL, get_publisher_id},
    {"pubsub.writer_group", "WriterGroup, by its number or name", "100", S, NULL, get_writer_group},
    {"pubsub.data_set_writer", "DataSetWriter, by its number, else its name", "62541", S, NULL,
        get_data_set_writer},
    {"pubsub.sequence", "SequenceNumber of the DataSetMessage", "17", N, NULL, get_sequence},
    {"pubsub.group_sequence", "SequenceNumber of the NetworkMessage within its WriterGroup", "17",
        N, NULL, get_group_sequence},
    {"pubsub.network_message_number", "Number of the NetworkMessage within a publishing cycle", "1",
        N, NULL, get_number},
    {"pubsub.metadata_version", "Version of the metadata: major.minor", "1.4", S, NULL,
        get_version},
    {"pubsub.timestamp", "When it was made, in s since 1970", "1772352000", N, NULL, get_timestamp},
    {"pubsub.age", "Seconds from then until it was seen", "0.02", N, NULL, get_age},
    {"pubsub.status", "Status of the DataSetMessage; of a status message the state", "Operational",
        S, NULL, get_status},
    {"pubsub.security", "How a UADP message is protected", "none", E, securities, get_security},
    {"pubsub.chunk_offset", "Place of a chunk in its message", "1400", N, NULL, get_chunk_offset},
    {"pubsub.chunk_total", "Bytes of the message that is sent in chunks", "8192", N, NULL,
        get_chunk_total},
    {"pubsub.message_bytes", "Bytes of it that can not be read: encrypted, raw, a chunk", "96", N,
        NULL, get_message_bytes},
    {"pubsub.invalid", "Its sender says that it is to be ignored", "true", B, NULL, get_invalid},
    {"pubsub.publisher_differs", "The message names another publisher than its topic", "true", B,
        NULL, get_publisher_differs},
    {"pubsub.missing", "Messages of this writer that were not seen before it", "1", N, NULL,
        get_missing},
    {"pubsub.duplicate", "This writer sent its number before: sent twice, or replayed", "true", B,
        NULL, get_duplicate},
    {"pubsub.late", "Its number is lower than the last one: overtaken, or replayed", "true", B,
        NULL, get_late},
    {"pubsub.before_metadata", "First message of a writer whose metadata was not seen", "true", B,
        NULL, get_before_metadata},
    {"pubsub.version_unannounced", "The metadata's version changed without new metadata", "true", B,
        NULL, get_version_unannounced},
};
const size_t tw_fields_pubsub_count = sizeof(tw_fields_pubsub) / sizeof(tw_fields_pubsub[0]);
