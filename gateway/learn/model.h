#pragma once
/* What is kept of the events, and what the draft is made of. Private to learn/. Texts live in the
 * arena of struct tw_learn. */

#include <stdio.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/table.h"
#include "base/timefmt.h"
#include "event/sparkplug.h"
#include "learn/learn.h"
#include "registry/keys.h"

enum { LEARN_NAMES = 4, LEARN_PORTS = 8, LEARN_GAPS = 32, LEARN_TARGETS = 64, LEARN_LISTED = 16 };

struct learn_span { /* how often, and when */
    uint64_t n;
    int64_t first_ns, last_ns;
};

/* Names of one kind that somebody uses; of many only the first are kept. */
struct learn_names {
    struct tw_str list[LEARN_NAMES];
    size_t n;
    uint64_t more; /* others, counted each time they come */
};

/* What AI systems and bridges of language models give away. The strong ones suffice alone. */
enum learn_sign {
    LEARN_SIGN_NAME,
    LEARN_SIGN_MCP,
    LEARN_SIGN_REPORT,
    LEARN_SIGN_CONTEXT,
    LEARN_STRONG, /* from here on two are needed */
    LEARN_SIGN_LIBRARY = LEARN_STRONG,
    LEARN_SIGN_READ_WRITE,
    LEARN_SIGN_SWEEP,
    LEARN_SIGN_ONE_SHOT,
    LEARN_SIGN_EVERYTHING,
    LEARN_SIGN_TOPIC,
    LEARN_SIGNS
};

/* Keys are compared as bytes: texts as keyed digests, addresses whole, no padding that is not
 * named.
 */
struct learn_place_key {
    struct tw_ip ip;
    uint8_t mac[6]; /* where there is no address */
    uint8_t protocol;
};

struct learn_client_key {
    struct tw_text_key name;
    struct learn_place_key at;
};

struct learn_variable_key {
    struct tw_text_key object, field;
    const void *server;
};

struct learn_server;
struct learn_entry;

/* Who acts: one name at one address. */
struct learn_client {
    struct tw_endpoint at; /* port 0 */
    enum tw_protocol protocol;
    struct tw_str name;  /* absent: it did not say */
    struct tw_str known; /* id in the known inventory */
    bool known_ai;
    struct tw_str mismatch;
    struct learn_names client_ids, users, uris, applications, policies, certificates;
    struct learn_names sparkplug_nodes, sparkplug_devices, hosts; /* group/node, device, host id */
    struct learn_span seen;
    uint64_t accepted; /* what it did was not refused; 0: it only tried to get in */
    uint64_t connects, made_up_ids, plain, tls, encrypted, signs[LEARN_SIGNS];
    struct tw_str model, model_version;
    /* For the signs: the node read last, and the burst that is going on. */
    uint64_t last_read;
    int64_t last_read_ns, burst_ns;
    uint64_t burst_packet, burst_requests, burst_browses, burst_items;
    struct learn_entry *entry;
};

struct learn_server { /* a place that requests go to */
    struct tw_endpoint at;
    enum tw_protocol protocol;
    uint16_t ports[LEARN_PORTS];
    size_t n_ports;
    struct tw_str name; /* ApplicationUri of the server */
    struct tw_str known;
    bool answers; /* else DataSets of PubSub were sent there */
    struct learn_span seen;
    struct learn_entry *entry;
    struct tw_str *all; /* nodes it was asked for, or topics published there; made when needed */
    size_t n_all;
};

/* Something that a client did: to an object of a server, or with another protocol to a place. */
struct learn_right {
    struct learn_client *client;
    struct learn_server *server; /* NULL: another protocol */
    enum tw_action action;
    struct tw_str object, owner; /* owner: the object of a method */
    struct tw_ip to;
    uint16_t port;
    struct tw_str to_known; /* id of what is there in the known inventory */
    struct learn_span done;
    uint64_t refused;
};

/* A node or a field of payloads, and its values. */
struct learn_variable {
    enum tw_protocol protocol;
    struct learn_server *server; /* OPC UA */
    struct tw_str object, field, unit, type;
    bool whole;     /* MQTT: the payload itself is the value */
    bool single;    /* 32-bit floats */
    bool is_metric; /* Sparkplug: the field is its name */
    struct learn_span seen;
    uint64_t writes, numbers, texts, truths, others, models;
    double min, max, last, step; /* step: the largest change by a write */
    bool varies, falls, fractional, has_range;
    double low, high; /* EURange, engLow and engHigh */
    struct learn_client *publishers[LEARN_NAMES];
    size_t n_publishers;
    bool more_publishers;
    uint32_t gaps_ms[LEARN_GAPS]; /* times between values of one flow: every `stride`th */
    uint32_t n_gaps, stride, skipped;
    uint64_t timed_flow;
    int64_t timed_ns;
    /* Known inventory: what is declared, when values went beyond it. */
    struct tw_str known;
    struct tw_range declared;
    uint64_t outside;
};

/* What leaves of a message mean. */
enum learn_meaning {
    LEARN_CONFIDENCE,
    LEARN_INPUTS_TS,
    LEARN_MODEL,
    LEARN_MODEL_VERSION,
    LEARN_OBJECT,
    LEARN_VALUE,
    LEARN_APPROVED,
    LEARN_AI_SYSTEM,
    LEARN_EXPIRES,
    LEARN_TICKET,
    LEARN_TO,
    LEARN_WINDOW,
    LEARN_UNIT,
    LEARN_MEANINGS
};

struct learn_topic {
    struct tw_str topic;
    struct tw_str fields[LEARN_MEANINGS]; /* JSON Pointers; absent: none */
    struct tw_str unit;
    struct learn_client *by[LEARN_NAMES];
    size_t n_by;
    struct tw_str approved[LEARN_TARGETS]; /* objects that approvals named */
    size_t n_approved;
    uint64_t reports; /* messages with a confidence */
};

/* Rights that go into one line of the draft, by how their objects may be summed up. */
enum learn_form {
    LEARN_LOOK, /* read, browse, subscribe */
    LEARN_EXACT,
    LEARN_CALL,
    LEARN_DATA_SET, /* of PubSub: it has no NodeId */
    LEARN_PUBLISH,
    LEARN_SUBSCRIBE,
    LEARN_FLOW
};

enum learn_kind { LEARN_SERVES_OPCUA, LEARN_SERVES_MQTT, LEARN_ACTS, LEARN_ROUTES };

/* An asset or AI system of the draft. */
struct learn_entry {
    enum learn_kind kind;
    bool is_ai;
    struct tw_str id;
    struct tw_str known; /* registered under this id already */
    struct tw_endpoint at;
    struct tw_ip more_ips[LEARN_NAMES];
    size_t n_more_ips;
    struct learn_server *server;
    struct learn_client **clients;
    size_t n_clients;
    struct learn_right **rights; /* sorted: those of one line together */
    size_t n_rights;
};

struct tw_learn {
    struct tw_registry *known;
    struct tw_facts facts;
    struct tw_seed seed;
    struct tw_arena arena;
    void *arena_memory;
    struct tw_table *clients, *servers, *rights, *variables, *topics;
    /* The same in the order of their coming. */
    struct learn_client **client_list;
    struct learn_server **server_list;
    struct learn_right **right_list;
    struct learn_variable **variable_list;
    struct learn_topic **topic_list;
    size_t n_clients, n_servers, n_rights, n_variables, n_topics;
    uint64_t no_clients, no_servers, no_rights, no_variables, no_topics, no_text;
    uint64_t refused_connects;
    /* The message that events belong to, looked up once. */
    uint64_t message_flow, message_packet;
    struct learn_client *message_client;
    struct learn_server *message_server;
    /* Made by tw_learn_write(). */
    struct learn_entry *entries;
    size_t n_entries;
    bool failed;
};

/* learn.c */
/* A copy in the arena; absent stays absent, and is what comes when there is no room. */
struct tw_str learn_keep(struct tw_learn *l, struct tw_str s);
/* Add to names what is not there yet. */
void learn_name(struct tw_learn *l, struct learn_names *names, struct tw_str s);
/* The row of `key`, or a new one; NULL when all `capacity` are taken, which is counted. */
void *learn_row(
    struct tw_table *t, const void *key, size_t capacity, uint64_t *left_out, bool *out_new);
static inline void learn_count(struct learn_span *s, int64_t ts_ns)
{
    s->first_ns = s->n == 0 ? ts_ns : s->first_ns;
    s->last_ns = ts_ns;
    s->n++;
}

/* clients.c */
/* NULL: it says nothing of who it is yet, was not let in, or there is no room. */
struct learn_client *learn_client_of(struct tw_learn *l, const struct tw_event *event);
struct learn_server *learn_server_of(
    struct tw_learn *l, const struct tw_endpoint *at, enum tw_protocol protocol);
/* What is done under this name gives away who it is. */
void learn_signs(struct learn_client *c, const struct tw_event *event);
bool learn_is_ai(const struct learn_client *c);
/* "mqttjs_1f3a8c02", "": made up by a library for one connection. */
bool learn_made_up(struct tw_str client_id);

/* values.c */
void learn_value(struct tw_learn *l, const struct tw_event *event, struct learn_client *by,
    struct learn_server *server);
/* The variable of a node, NULL when no value was seen. */
const struct learn_variable *learn_variable_find(
    const struct tw_learn *l, const struct learn_server *server, struct tw_str node);
/* How often the values come, when they do so regularly; else 0. */
int64_t learn_period_ns(const struct learn_variable *v);
enum tw_role learn_role(const struct tw_learn *l, const struct learn_variable *v);
/* Does one of the names in `name` begin with one of these words? */
bool learn_has_word(struct tw_str name, const char *const *words);

bool learn_is_heartbeat(struct tw_str name);
/* Of a safety function, as far as words tell [rules/lists/safety-words.txt]. */
bool learn_is_safety(struct tw_str name);

/* shapes.c */
void learn_shape(struct tw_learn *l, const struct tw_event *event, struct learn_client *by);
const struct learn_topic *learn_topic_find(const struct tw_learn *l, struct tw_str topic);
bool learn_is_report(const struct learn_topic *t);
bool learn_is_approval(const struct learn_topic *t);
bool learn_is_change(const struct learn_topic *t);

/* patterns.c: fewer texts that say the same. A pattern stands only where it matches nothing but
 * `mine` among `all`; both are sorted, without doubles, `mine` is a part of `all`. `out` has room
 * for n; the number of texts is returned, 0 when memory is short. */
size_t learn_globs(struct tw_arena *a, const struct tw_str *mine, size_t n,
    const struct tw_str *all, size_t n_all, struct tw_str *out);
size_t learn_filters(struct tw_arena *a, const struct tw_str *mine, size_t n,
    const struct tw_str *all, size_t n_all, struct tw_str *out);
/* Sort, drop doubles; how many are left. */
size_t learn_sort(struct tw_str *list, size_t n);

/* entries.c: who is one system; their ids. An entry without id was joined with another one. */
bool learn_entries(struct tw_learn *l);
struct learn_entry *learn_entry_at(struct tw_learn *l, const struct tw_ip *ip);
bool learn_is_private(const struct tw_ip *ip);
enum learn_form learn_form_of(const struct learn_right *r);

/* write_*.c */
void learn_write_entries(struct tw_learn *l, struct tw_text *out);
void learn_write_rights(struct tw_learn *l, const struct learn_entry *e, struct tw_text *out);
void learn_write_variables(struct tw_learn *l, struct tw_text *out, size_t *out_n);
void learn_write_shapes(struct tw_learn *l, struct tw_text *out);
/* Commented out below an AI system: its reports, heartbeats, model. */
void learn_write_suggestions(
    const struct tw_learn *l, const struct learn_entry *e, struct tw_text *out);

/* text.c: YAML that any text of the wire can be put into. */
void learn_scalar(struct tw_text *out, struct tw_str s);
/* Within a comment: always in quotes, cut. */
void learn_shown(struct tw_text *out, struct tw_str s);
/* "[a, b]"; goes on in the next line, at `indent`, where it would become too long. */
/* Is it one of the names that the inventory's format knows? */
bool learn_is_one_of(struct tw_str s, const char *const *list);
void learn_list(struct tw_text *out, const struct tw_str *list, size_t n, unsigned indent);
void learn_number(struct tw_text *out, double v, bool single);
/* For people: six digits of it. */
void learn_about(struct tw_text *out, double v);
void learn_duration(struct tw_text *out, int64_t ns);
void learn_ip(struct tw_text *out, const struct tw_ip *ip);
