#pragma once
/* The alert record: scoring of a finding, explanation, stable id, folding of repeats
 * in event time, and the JSON line. Used by the analysis thread. */

#include "detect/detect.h"
#include "score/score.h"

struct tw_alerts;

struct tw_alert_record {
    struct tw_str json; /* one line without newline; no boot, seq, prev */
    char id[37];
    enum tw_severity severity;
    int score, risk;
    enum tw_tier tier;
    const char *rule;
    struct tw_str actor; /* id or address, for topics and tables */
    bool actor_is_ai;
    struct tw_str target, summary;
    int64_t ts_ns, last_ts_ns;
    uint64_t count;
    bool update; /* a later line of an id that went out before */
    const uint64_t *packets;
    size_t n_packets;
};
typedef void (*tw_alert_fn)(void *user, const struct tw_alert_record *record);

struct tw_alerts_config {
    const char *site, *gateway;
    const char *ruleset, *inventory; /* digests */
    const char *baseline;            /* the same; NULL: none is used */
    const char *engine, *ndpi;       /* versions */
    /* Name and SHA-256 of the input that holds a packet; empty strings when live. */
    void (*source)(void *user, uint64_t packet, struct tw_str *out_name, struct tw_str *out_sha256);
    void *source_user;
    size_t capacity;         /* folded alerts kept; 0: 16384 */
    int64_t update_every_ns; /* 0: 10 s */
};

struct tw_alerts *tw_alerts_new(const struct tw_alerts_config *config, tw_alert_fn fn, void *user);
void tw_alerts_free(struct tw_alerts *a);
void tw_alerts_finding(struct tw_alerts *a, const struct tw_finding *finding);
/* Event time passed `now_ns`: updates that are due, windows that closed. */
void tw_alerts_tick(struct tw_alerts *a, int64_t now_ns);
/* Findings come of these rules from now on, and the digests are those of the config. Alerts whose
 * rule is gone or has another revision get their last update and are closed. The others go on, with
 * the rule set that their id was made of; risk does, too. */
void tw_alerts_reload(
    struct tw_alerts *a, const struct tw_rules *rules, const char *ruleset, const char *inventory);
/* The input is over: last updates. */
void tw_alerts_finish(struct tw_alerts *a);

struct tw_alerts_stats {
    uint64_t alerts, updates, folded, by_severity[5]; /* as they are now */
    uint64_t by_tier[TW_TIER_T4 + 1];                 /* of the actor, as the alert was opened */
};
struct tw_alerts_stats tw_alerts_stats(const struct tw_alerts *a);
/* For the risk topic. */
struct tw_risks *tw_alerts_risks(struct tw_alerts *a);
