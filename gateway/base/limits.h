#pragma once
/* Every limit in one place: what is capped, why there. Those that a plant may change are fields of
 * struct tw_limits (configuration `limits:`); the rest are constants of the formats. */

#include <stddef.h>
#include <stdint.h>

enum {
    /* Events: what one event keeps of long values; the rest is cut and says "truncated". */
    TW_MAX_EVENT_STRING = 4096,
    TW_MAX_EVENT_ITEMS = 256, /* array elements in one value */
    TW_MAX_EVENT_DEPTH = 16,  /* nested arrays and objects in one value */
    TW_MAX_IDENTITY = 256,    /* client ids, user names, URIs kept per session */
    TW_MAX_TOPIC = 1024,      /* topic bytes kept */
    TW_MAX_LEAVES = 4096,     /* leaves of JSON, fields of UADP, reported of one message */
    TW_MAX_JSON_DEPTH = 64,
    TW_BATCH_BYTES = 256 * 1024, /* one batch of events; no event is larger than half of it */

    /* TCP reassembly, per direction of a flow. */
    TW_MAX_SEGMENTS = 256,    /* out-of-order segments kept */
    TW_MAX_REORDER = 1 << 20, /* bytes they may hold before the hole is given up */

    /* OPC UA: see the limits that peers enforce [UA6 6.7.2]. */
    TW_OPCUA_MAX_CHUNK = 1 << 20,
    TW_OPCUA_MAX_CHUNKS = 512,
    TW_OPCUA_MAX_MESSAGE = 4 << 20,
    TW_OPCUA_MAX_PENDING = 256,     /* requests waiting for their response, per connection */
    TW_OPCUA_MAX_REQUEST = 1 << 20, /* bytes of a request kept until its response */
    TW_OPCUA_MAX_KEPT = 16 << 20, /* bytes of all that waits, requests and chunks, per connection */
    TW_OPCUA_MAX_ITEMS = 10000,
    TW_OPCUA_MAX_DEPTH = 100,

    /* MQTT: a packet may announce 256 MiB [MQTT5 1.5.5]; this much of it is kept. */
    TW_MQTT_MAX_PACKET = 2 << 20,
    TW_MQTT_MAX_PENDING = 256, /* unacknowledged SUBSCRIBE, UNSUBSCRIBE, PUBLISH per connection */
    TW_MQTT_MAX_REQUESTS = 2 << 20, /* bytes of those SUBSCRIBE, UNSUBSCRIBE */
    TW_MQTT_MAX_ALIASES = 16384,    /* per direction, and the bytes that their topics may take */
    TW_MQTT_MAX_ALIAS_BYTES = 1 << 20,

    /* OPC UA PubSub: raw fields, and messages that come in chunks. */
    TW_PUBSUB_MAX_RAW = 64 << 10,    /* of one DataSetMessage, and one chunk with its headers */
    TW_PUBSUB_MAX_WHOLE = 1 << 20,   /* put together */
    TW_PUBSUB_MAX_PARTIAL = 64,      /* messages that wait for chunks */
    TW_PUBSUB_CHUNK_BYTES = 8 << 20, /* that they may hold */

    /* WebSocket, per direction: deflate may give 1,032 bytes for one. Telegrams that repeat come to
     * some 130, and not to millions of bytes. */
    TW_WS_FREE_BYTES = 8 << 20, /* inflated before the ratio counts */
    TW_WS_MAX_RATIO = 256,
    TW_WS_MAX_ANOMALIES = 100, /* events of one connection; more are only counted */

    /* MQTT-SN: a gateway's flow may carry several clients, those behind a forwarder. */
    TW_SN_MAX_CLIENTS = 64,
    TW_SN_MAX_TOPICS = 256, /* registered by one client */
    TW_SN_MAX_PENDING = 16, /* requests of one client that wait for their answer */

    TW_MAX_STATES = 64, /* places of one report that say what variables are at */

    /* What `inventory learn` keeps of captures; more is counted, and the draft says so. */
    TW_LEARN_CLIENTS = 4096,
    TW_LEARN_SERVERS = 1024,
    TW_LEARN_RIGHTS = 65536,    /* one thing that one client did to one object */
    TW_LEARN_VARIABLES = 32768, /* nodes and payload fields */
    TW_LEARN_TOPICS = 4096,     /* whose messages have the shape of a report or an approval */
    TW_LEARN_TEXT_BYTES = 32 << 20,

    /* Baselines, 9 KiB a series: those learned, and those with most values, which the file takes: a
     * YAML or JSON file is at most 200,000 values. */
    TW_BASELINE_MAX_LEARNED = 8192,
    TW_BASELINE_MAX_SERIES = 3072,
    /* Keys count as well; series give way to what was learned of AI systems. */
    TW_BASELINE_MAX_VALUES = 199000,
    /* AI systems whose practice is learned, 30 KiB each; steps of them all that the file takes. */
    TW_BASELINE_MAX_SYSTEMS = 64,
    TW_BASELINE_MAX_STEPS = 30000,
};

struct tw_limits {
    size_t flows;        /* flows tracked at once, all workers together */
    size_t sessions;     /* OPC UA and MQTT sessions */
    size_t pool_bytes;   /* reassembly and pending requests, all workers together */
    int64_t tcp_idle_ns; /* a TCP flow without packets for so long is over */
    int64_t udp_idle_ns;
    int64_t request_timeout_ns; /* a request without an answer for so long is reported as such … */
    int64_t one_sided_ns;       /* … and for so long where the other side was never seen at all */
};

static inline struct tw_limits tw_limits_default(void)
{
    return (struct tw_limits){
        .flows = 200000,
        .sessions = 20000,
        .pool_bytes = (size_t)256 << 20,
        .tcp_idle_ns = INT64_C(3600) * 1000000000,
        .udp_idle_ns = INT64_C(120) * 1000000000,
        .request_timeout_ns = INT64_C(60) * 1000000000,
        .one_sided_ns = INT64_C(5) * 1000000000,
    };
}
