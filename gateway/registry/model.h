#pragma once
/* The inventory as the program holds it: made by load_*.c, read by everything else in registry/.
 * Private to registry/. Texts borrow from the YAML tree, which lives as long as the registry. */

#include "base/hash.h"
#include "base/limits.h"
#include "config/rate.h"
#include "registry/clock.h"
#include "registry/registry.h"

/* ---- who */

enum tw_id_kind { /* strongest first: what names an entry, and what can contradict it */
    TW_ID_CERTIFICATE,
    TW_ID_URI,
    TW_ID_CLIENT_ID,
    TW_ID_IP,
    TW_ID_MAC,
    TW_ID_SPARKPLUG, /* "group/edge node", "group/edge node/device", "STATE/host" */
    TW_ID_OPCUA_USER,
    TW_ID_MQTT_USER,
    TW_ID_KINDS
};

struct tw_strs {
    struct tw_str *list;
    size_t n;
};

struct tw_ports {
    uint16_t *list;
    size_t n;
};

struct tw_cidr {
    struct tw_ip ip;
    unsigned bits;
};

struct tw_cidrs {
    struct tw_cidr *list;
    size_t n;
};

struct tw_network {
    struct tw_str name;
    struct tw_cidrs cidrs;
    bool registered_only;
};

/* ---- what may be done */

enum tw_grant_kind { TW_GRANT_OPCUA, TW_GRANT_MQTT, TW_GRANT_PROTOCOL };

struct tw_entry;
struct tw_schedule;

struct tw_grant {
    enum tw_grant_kind kind;
    const struct tw_entry *target; /* opcua, mqtt */
    uint32_t actions;              /* bit per enum tw_action */
    struct tw_strs nodes, objects, methods, topics;
    struct tw_strs protocols, hosts; /* hosts: none, any name or none at all */
    struct tw_cidrs to_cidrs;
    const struct tw_entry **to_entries;
    const struct tw_network **to_networks;
    size_t n_to_entries, n_to_networks;
    bool has_to;
    struct tw_ports ports;
    struct tw_str needs_approval, rate_text;
    bool has_max_step, has_rate;
    double max_step, rate_per_s;
    int64_t max_window_ns; /* of one history read; 0: any */
};

/* What every event reads comes first and together, here and in variables: there may be thousands.
 */
struct tw_entry { /* an asset or an AI system */
    struct tw_str id;
    bool is_ai, is_gateway, has_min_confidence, has_may;
    bool passes_on;     /* messages of others: a broker, which may be the bridge of another one */
    bool trainer;       /* models are trained on what it collects */
    bool is_publisher;  /* listed as one of some variable */
    bool lists_devices; /* of its Sparkplug edge node: there are no others */
    enum tw_tier tier;
    enum tw_importance importance;
    uint32_t index, ai; /* ai: among the AI systems, from 1; 0: an asset */
    struct tw_str kind, technology, security, mqtt_security, min_security;
    struct tw_str model_name, model_version;
    double min_confidence;
    int64_t max_input_age_ns;
    double quota_per_s;                 /* acts; 0: not declared */
    double history_per_s, egress_per_s; /* bytes; 0: not declared */
    bool has_clearance;
    uint32_t clearance; /* bit per enum tw_label */
    struct tw_grant *grants;
    size_t n_grants;
    struct tw_strs orchestrators; /* ids of AI systems and assets that may direct it */
    struct tw_report_def *reports;
    size_t n_reports;
    struct tw_schedule *schedule;    /* NULL: it may act at any time */
    struct tw_strs ids[TW_ID_KINDS]; /* IP and MAC: bytes of struct tw_ip, of 6; others: text */
    struct tw_ports ports;
    const struct tw_node *node;
};

/* The variables of one topic, all of them fields of its payload. */
struct tw_topic_fields {
    const struct tw_name_row *rows; /* NULL: others may be there as well */
    size_t n;
    bool known;
};

struct tw_variable {
    struct tw_str id, unit, type;
    enum tw_role role;
    enum tw_label label;
    bool has_max_step, has_max_rate, has_publishers;
    const struct tw_command_def *command;
    bool is_input;                  /* of some AI system */
    bool is_followed;               /* readback or permissive of some command */
    bool is_stated;                 /* some AI system says what it is at */
    uint8_t normal;                 /* TW_NORMAL_… */
    bool is_zoned;                  /* its value may not go everywhere */
    struct tw_range range, learned; /* learned: from EURange on the wire */
    double max_step, max_rate;
    int64_t hold_off_ns;
    const struct tw_entry **publishers;
    const struct tw_network **zones; /* where it may go; none: any network of the plant */
    size_t n_publishers, n_zones;
    const struct tw_entry *server; /* opcua; NULL when it is not there */
    int64_t every_ns;              /* 0: not declared */
    struct tw_str ai_system;       /* whose prompt … it is */
    struct tw_str opcua_node;
    struct tw_str topic, field;    /* mqtt; field absent: not given */
    struct tw_topic_fields fields; /* of its topic, once somebody asked */
    const struct tw_node *node;    /* of the YAML tree */
};

/* What a gateway of MQTT-SN and its clients agreed on beforehand. */
struct tw_sn_topic_def {
    const struct tw_entry *gateway;
    struct tw_str topic;
    uint16_t id;
};

/* Sorted by text (and owner) for exact look-ups; what needs matching comes as a list, in file
 * order. */
struct tw_name_row {
    struct tw_str text;
    uint32_t item;
};

struct tw_name_index {
    struct tw_name_row *rows;
    size_t n;
};

enum { TW_RESOLVED_NAMES = 3 };

/* The message that was resolved last, and what its events have in common. */
struct tw_resolved {
    struct tw_endpoint src, dst;
    struct tw_grant_facts grant; /* with plain_leaves */
    struct tw_parties *parties;  /* good until others are asked for */
    const struct tw_entry *entry, *server;
    uint64_t flow, packet, serial, session;
    struct tw_str names[TW_RESOLVED_NAMES];
    enum tw_action action;
    bool known;
    bool plain_leaves; /* nothing is declared about its leaves, but for these fields */
    struct tw_topic_fields fields;
};

struct tw_registry {
    struct tw_yaml *yaml;       /* owned; NULL where the inventory is part of another file */
    const struct tw_node *root; /* NULL: an empty inventory */
    char digest[7 + 64 + 1];
    struct tw_str site;
    struct tw_network *networks;
    size_t n_networks;
    struct tw_entry *entries; /* assets, then AI systems */
    size_t n_entries, n_assets;
    struct tw_variable *variables;
    size_t n_variables;
    struct tw_approval_def *approvals;
    size_t n_approvals;
    struct tw_change_def *changes;
    size_t n_changes;
    struct tw_heartbeat_def *heartbeats, *last_heartbeat; /* lists */
    struct tw_stop_def *stops, *last_stop;
    struct tw_input_def *inputs, *last_input;
    struct tw_command_def *commands, *last_command;
    struct tw_sn_topic_def *sn_topics;
    size_t n_sn_topics;
    size_t n_followed, n_stated;
    struct tw_name_index by_id[TW_ID_KINDS];        /* item: entry index */
    struct tw_name_index exact_nodes, exact_topics; /* item: variable index */
    uint32_t *glob_nodes, *filter_topics;
    size_t n_glob_nodes, n_filter_topics;
    struct tw_resolved last;
    struct tw_clock clock;
    bool grants_steps;  /* some grant has a greatest step */
    uint64_t learned;   /* ranges */
    struct tw_who *who; /* caches, see who.c, decide.c and parties.c */
    struct tw_party_cache *parties;
    struct tw_decisions *decisions;
    char version_text[TW_NUM_TEXT]; /* a model version that came as a number */
    void **kept;                    /* everything allocated */
    size_t n_kept, size_kept;
};

/* Zeroed memory that lives as long as the registry; NULL when there is none (then loading fails).
 */
void *tw_registry_keep(struct tw_registry *r, size_t n, size_t size);

/* ---- texts of the format */

/* A NodeId, or a pattern of one, as events print them. `*out_why` says what is wrong. */
bool tw_nodeid_valid(struct tw_str pattern, const char **out_why);
static inline bool tw_has_glob(struct tw_str s)
{
    return s.len > 0 && (memchr(s.p, '*', s.len) != NULL || memchr(s.p, '?', s.len) != NULL);
}
/* Is every topic that `sub` matches matched by `filter` as well? Both may hold wildcards. */
bool tw_topic_covers(struct tw_str filter, struct tw_str sub);
bool tw_cidr_parse(struct tw_str s, struct tw_cidr *out);
bool tw_cidr_has(const struct tw_cidr *c, const struct tw_ip *ip);
bool tw_cidrs_have(const struct tw_cidrs *c, const struct tw_ip *ip);

/* ---- tiers */

struct tw_tier_case {
    int autonomy, consequence; /* 0 to 3; -1: not given */
    bool is_llm, may_write;
};
/* The tier of the matrix with its uplifts; NONE when either axis is missing. `out_why` says how. */
enum tw_tier tw_tier_derive(const struct tw_tier_case *c, char *out_why, size_t size);

/* ---- index.c */

/* False when memory is short. `rows` stays the caller's (kept) memory. */
void tw_name_index_sort(struct tw_name_index *index);
/* The first row with this text, NULL when there is none; its equals follow it. */
const struct tw_name_row *tw_name_index_find(const struct tw_name_index *index, struct tw_str text);
bool tw_registry_index(struct tw_registry *r);

/* ---- who.c: who is it */

struct tw_claim { /* what a client says about itself, and what its packets say */
    struct tw_str facts[TW_ID_KINDS]; /* absent: not known */
    struct tw_str certificate_uri;
    struct tw_ip ip;
    uint8_t ip_key[17], mac[6]; /* what facts[] of addresses point to */
    char sparkplug[3 * (TW_MAX_IDENTITY + 1)];
};

struct tw_who_facts {
    const struct tw_entry *entry; /* NULL: unregistered */
    enum tw_identity identity;
    bool certain, registered_address, in_registered_only;
    struct tw_str network, mismatch;
};

/* An address and a port as a place to go to. */
struct tw_place {
    const struct tw_entry *entry;  /* NULL: unregistered */
    bool in_plant, is_server_port; /* the entry declares the port */
};

struct tw_who *tw_who_new(void);
void tw_who_free(struct tw_who *w);
/* Begin a claim: nothing is known but the addresses. */
void tw_claim_address(struct tw_claim *c, const struct tw_endpoint *at);
/* Good until the next call for the same side (0 or 1); `flow` spreads the cache. */
const struct tw_who_facts *tw_who_is(
    struct tw_registry *r, const struct tw_claim *claim, uint64_t flow, unsigned side);
struct tw_place tw_who_at(
    struct tw_registry *r, const struct tw_endpoint *at, enum tw_protocol protocol);

/* Absent, too, where it applies and nobody knows it. */
static inline struct tw_str tw_maybe_known(const struct tw_maybe *m)
{
    return m->is_null ? TW_STR_NONE : m->s;
}

/* parties.c: who acts on whom. */
struct tw_parties {
    struct tw_who_facts who;                        /* of the actor */
    const struct tw_entry *entry, *server, *target; /* entry: the actor's */
    const struct tw_entry *commanded;               /* the edge node that is to obey; NULL: none */
    bool from_server, in_plant, is_kept;            /* in_plant: the target; is_kept: parties.c */
};

struct tw_party_cache;
struct tw_party_cache *tw_party_cache_new(void);
void tw_party_cache_free(struct tw_party_cache *c);
/* Good until the next call. */
struct tw_parties *tw_parties_of(struct tw_registry *r, const struct tw_event *event);

/* identity.c: the same without a cache; the mismatch is written into `text`. */
void tw_identity_judge(const struct tw_registry *r, const struct tw_claim *claim, char *text,
    size_t size, struct tw_who_facts *out);
struct tw_place tw_identity_place(
    const struct tw_registry *r, const struct tw_endpoint *at, enum tw_protocol protocol);

/* resolve.c: what the inventory says of an entry that acts. */
void tw_entry_facts(const struct tw_entry *e, struct tw_actor_facts *out);

/* ---- decide.c: what does the inventory say of this action */

struct tw_decision {
    const struct tw_variable *variable;
    bool is_payload;   /* the event is the whole value of the variable */
    bool is_part;      /* the event only belongs to a message that carries the variable */
    bool is_publisher; /* the variable lists the actor */
    const struct tw_grant *grant;
    bool allowed, default_open;
    bool is_order; /* approvals, change orders or stops come by this topic */
    const struct tw_report_def *report;
};

struct tw_decisions *tw_decisions_new(void);
void tw_decisions_free(struct tw_decisions *d);
const struct tw_decision *tw_decide(struct tw_registry *r, const struct tw_event *event,
    const struct tw_entry *actor, const struct tw_entry *server);
/* parties.c: the same, kept with those who do it. `p` came last from tw_parties_of(). */
const struct tw_decision *tw_parties_decide(
    struct tw_registry *r, struct tw_parties *p, const struct tw_event *event);

/* variable.c: fills variable, is_payload, is_part. */
void tw_variable_find(const struct tw_registry *r, const struct tw_event *event,
    const struct tw_entry *server, struct tw_decision *out);

/* variable.c: the variables of the topic of this one. */
struct tw_topic_fields tw_variable_fields(struct tw_registry *r, const struct tw_variable *v);

/* Command variables that a Topic Filter takes in. */
void tw_variable_commands(
    const struct tw_registry *r, struct tw_str filter, struct tw_filter_facts *out);

/* Take the range out of an EURange property that is read. */
void tw_variable_learn(
    struct tw_registry *r, const struct tw_event *event, const struct tw_entry *server);

/* grant.c: fills grant, allowed, default_open. */
void tw_grant_find(const struct tw_event *event, const struct tw_entry *actor,
    const struct tw_entry *server, struct tw_decision *out);

/* Which topic a right has to cover: the object, or that a tool call went to. */
struct tw_str tw_grant_topic(const struct tw_event *event);

/* report.c */
const struct tw_report_def *tw_report_find(
    const struct tw_entry *actor, const struct tw_event *event);
void tw_report_fill(struct tw_registry *r, const struct tw_event *event,
    const struct tw_entry *actor, const struct tw_report_def *report, struct tw_report_facts *out);
/* What an AI system's action says about the decision behind it: told once a message. */
void tw_report_of_decision(struct tw_registry *r, const struct tw_event *event,
    const struct tw_entry *actor, struct tw_report_facts *out);
