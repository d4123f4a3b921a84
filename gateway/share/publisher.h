#pragma once
/* Alerts to the shared broker: MQTT 5 (3.1.1 when the broker refuses 5), QoS 1, one thread that
 * drives libmosquitto itself, a window of unacknowledged messages, reconnecting with back-off, last
 * will and retained state. A message leaves the spool on its PUBACK, never before. */

#include "base/status.h"
#include "base/str.h"

struct tw_publisher;

struct tw_broker_config {
    const char *host;
    int port;
    const char *client_id; /* stable: site and gateway */
    const char *user, *password;
    const char *ca, *cert, *key; /* TLS when any is set */
    const char *root; /* "tierwatch/1/SITE/GATEWAY" or "tierwatch-replay/1/SITE/GATEWAY" */
    const char *online, *offline; /* payloads of ROOT/state */
    const char *spool;            /* file of what is not acknowledged yet; NULL: memory only */
    int64_t drain_ms;             /* at stop: how long to wait for acknowledgements */
    int64_t ack_timeout_ms; /* a broker silent for so long about a message is given up; 0: 20 s */
    int64_t retry_ms;       /* the first pause after a failure, doubled up to 30 of it; 0: 1 s */
};

/* On TW_OK `err` is empty or holds a remark that is worth a warning (the spool was moved aside). */
TW_MUST_CHECK enum tw_status tw_publisher_start(
    const struct tw_broker_config *config, struct tw_publisher **out, char *err, size_t err_size);
/* Connect once, report the broker's answer, disconnect: for --test. */
TW_MUST_CHECK enum tw_status tw_publisher_test(
    const struct tw_broker_config *config, char *err, size_t err_size);

struct tw_message {
    struct tw_str topic; /* below the root */
    struct tw_str payload;
    bool retain;
    uint32_t expiry_s; /* 0: none */
    bool volatile_;    /* only the newest per topic matters (stats, risk): may be replaced */
    /* MQTT 5 user properties, a convenience for subscribers: every fact is in the payload too. */
    struct tw_str schema, tier;
    uint64_t seq; /* 0: none */
};
/* Copies; thread-safe; never blocks on the network. TW_FULL when the spool is at its limit. */
TW_MUST_CHECK enum tw_status tw_publisher_send(
    struct tw_publisher *p, const struct tw_message *message);

struct tw_publisher_stats {
    uint64_t queued, sent, acknowledged, refused, reconnects, dead, spooled;
    uint64_t ack_ms; /* what the acknowledged ones waited for it, together */
    bool connected;
    char last_error[256];
};
struct tw_publisher_stats tw_publisher_stats(struct tw_publisher *p);
/* Drain within drain_ms, publish the offline state, disconnect, join. True when everything was
 * acknowledged. */
bool tw_publisher_stop(struct tw_publisher *p);

/* One level of a topic [MQTT5 4.7]: every byte outside [A-Za-z0-9_-] becomes `_`, nothing becomes
 * `_`. Returns the length; terminated, cut to `size`. */
size_t tw_topic_level(char *out, size_t size, struct tw_str s);
