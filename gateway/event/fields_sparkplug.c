/* Fields of Sparkplug B. */
#include "event/field_get.h"
#include "event/sparkplug.h"

#define INFO s->event->sparkplug
#define METRIC s->event->metric

#define I_STR(name, from)                                                                          \
    GET(name)                                                                                      \
    {                                                                                              \
        if (INFO)                                                                                  \
            set_str(out, INFO->from);                                                              \
    }
#define I_NUM(name, when, from) NUM(name, INFO && INFO->when, INFO->from)
#define I_FLAG(name, doc)                                                                          \
    GET(name)                                                                                      \
    {                                                                                              \
        if (INFO)                                                                                  \
            set_flag(out, INFO->found.name);                                                       \
    }
#define M_NUMBER(name, when, from) NUM(name, METRIC && METRIC->when, METRIC->from)
#define M_TRUTH(name, doc)                                                                         \
    GET(name)                                                                                      \
    {                                                                                              \
        if (METRIC)                                                                                \
            set_flag(out, METRIC->name);                                                           \
    }

GET(type)
{
    if (INFO)
        set_text(out, tw_sparkplug_kind_name(INFO->kind));
}
I_STR(group, group)
I_STR(edge_node, edge_node)
I_STR(device, device)
I_STR(host, host)
GET(online)
{
    if (INFO && INFO->has_online)
        set_flag(out, INFO->online);
}
I_NUM(seq, has_seq, seq)
I_NUM(bd_seq, has_bd_seq, bd_seq)
GET(timestamp)
{
    if (INFO && INFO->timestamp_ns != 0)
        set_seconds(out, INFO->timestamp_ns);
}
GET(age)
{
    if (INFO && INFO->timestamp_ns != 0)
        set_seconds(out, s->event->ts_ns - INFO->timestamp_ns);
}
I_STR(uuid, uuid)
GET(compressed)
{
    if (INFO)
        set_flag(out, INFO->compressed);
}
I_NUM(missing, found.missing > 0, found.missing)
I_STR(sender_host, found.sender_host)
I_STR(primary_host, found.primary_host)
TW_SPARKPLUG_FOUND_TABLE(I_FLAG)
M_NUMBER(alias, has_alias, alias)
M_TRUTH(is_null, )
M_TRUTH(is_historical, )
M_TRUTH(is_transient, )
M_NUMBER(quality, has_quality, quality)
GET(metric_age)
{
    if (METRIC && s->event->source_ts_ns != 0)
        set_seconds(out, s->event->ts_ns - s->event->source_ts_ns);
}
M_NUMBER(rebirth_requests, rebirth_requests > 0, rebirth_requests)
TW_SPARKPLUG_METRIC_TABLE(M_TRUTH)

static const char *const types[] = {
    "NBIRTH", "NDEATH", "NDATA", "NCMD", "DBIRTH", "DDEATH", "DDATA", "DCMD", "STATE", NULL};

#define S TW_FIELD_STRING
#define N TW_FIELD_NUMBER
#define B TW_FIELD_BOOL
#define E TW_FIELD_ENUM
#define FOUND_ROW(name, doc) {"sparkplug." #name, doc, "true", B, NULL, get_##name},

const struct tw_field tw_fields_sparkplug[] = {
    {"sparkplug.type", "Sparkplug B: what the message is; of a connect, what its will is", "DCMD",
        E, types, get_type},
    {"sparkplug.group", "Group", "PlantA", S, NULL, get_group},
    {"sparkplug.edge_node", "Edge node", "Edge1", S, NULL, get_edge_node},
    {"sparkplug.device", "Device of the edge node", "Packer1", S, NULL, get_device},
    {"sparkplug.host", "Host application that a STATE is of", "ScadaA", S, NULL, get_host},
    {"sparkplug.online", "What the STATE says", "true", B, NULL, get_online},
    {"sparkplug.seq", "Sequence number", "17", N, NULL, get_seq},
    {"sparkplug.bd_seq", "bdSeq of a birth, death or will", "3", N, NULL, get_bd_seq},
    {"sparkplug.timestamp", "When it was made, in s since 1970", "1772352000", N, NULL,
        get_timestamp},
    {"sparkplug.age", "Seconds from then until it was seen", "0.02", N, NULL, get_age},
    {"sparkplug.uuid", "Its schema", "SPBV1.0_COMPRESSED", S, NULL, get_uuid},
    {"sparkplug.compressed", "The metrics are in a compressed body, which is not read", "true", B,
        NULL, get_compressed},
    {"sparkplug.missing", "Messages of this edge node that were not seen before it", "1", N, NULL,
        get_missing},
    {"sparkplug.sender_host", "Command: the host that its sender says it is", "ScadaA", S, NULL,
        get_sender_host},
    {"sparkplug.primary_host", "Host whose STATE the edge node asked for", "ScadaA", S, NULL,
        get_primary_host},
    TW_SPARKPLUG_FOUND_TABLE(FOUND_ROW)
    /* Of one metric. */
    {"sparkplug.alias", "Alias of the metric", "7", N, NULL, get_alias},
    {"sparkplug.is_null", "It has no value, and says so", "true", B, NULL, get_is_null},
    {"sparkplug.is_historical", "A value of the past, sent late", "true", B, NULL,
        get_is_historical},
    {"sparkplug.is_transient", "Not to be stored", "true", B, NULL, get_is_transient},
    {"sparkplug.quality", "Its property Quality: 192 good, 500 stale, 0 bad", "0", N, NULL,
        get_quality},
    {"sparkplug.metric_age", "Seconds from its own time until it was seen", "0.02", N, NULL,
        get_metric_age},
    {"sparkplug.rebirth_requests", "Node Control/Rebirth sent to the edge node in the last 60 s",
        "5", N, NULL, get_rebirth_requests},
    TW_SPARKPLUG_METRIC_TABLE(FOUND_ROW)};
const size_t tw_fields_sparkplug_count =
    sizeof(tw_fields_sparkplug) / sizeof(tw_fields_sparkplug[0]);
