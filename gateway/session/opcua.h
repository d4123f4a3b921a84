#pragma once
/* Inside the OPC UA part of session/: what it keeps, table by table. All of it belongs to one
 * tw_opcua_sessions and is touched by the analysis thread only. */

#include "base/table.h"
#include "session/stages.h"

/* A server as the wire shows it. Compared as bytes, so it has no padding. */
struct tw_opcua_server {
    uint8_t ip[16];
    uint16_t port;
    uint8_t family, zero;
};

/* The server's side of an event. */
struct tw_opcua_server tw_opcua_server_of(const struct tw_event *event);

/* Which addresses use an ApplicationUri now. */
struct tw_opcua_live;
struct tw_opcua_live *tw_opcua_live_new(size_t capacity);
void tw_opcua_live_free(struct tw_opcua_live *live);
struct tw_text_key tw_opcua_live_key(const struct tw_opcua_live *live, struct tw_str uri);
/* A session of this application begins or is over at this address. */
void tw_opcua_live_add(struct tw_opcua_live *live, const struct tw_text_key *app,
    const struct tw_ip *ip, int64_t ts_ns);
void tw_opcua_live_remove(
    struct tw_opcua_live *live, const struct tw_text_key *app, const struct tw_ip *ip);
/* Where it is kept, good as long as none is added and evictions stay the same. */
#define TW_OPCUA_NOT_LIVE UINT32_MAX
uint32_t tw_opcua_live_app(struct tw_opcua_live *live, const struct tw_text_key *app);
/* It was used. True with another address in `out` when one is live there, too. */
bool tw_opcua_live_touch(struct tw_opcua_live *live, uint32_t app, const struct tw_ip *ip,
    int64_t ts_ns, struct tw_ip *out);
uint64_t tw_opcua_live_evictions(const struct tw_opcua_live *live);

/* Names of the fields that event notifications carry. */
struct tw_opcua_filters;
struct tw_opcua_filters *tw_opcua_filters_new(size_t capacity);
void tw_opcua_filters_free(struct tw_opcua_filters *f);
/* Remember the names; false when there are none or too many. `out` stands for them. */
bool tw_opcua_filters_keep(
    struct tw_opcua_filters *f, const struct tw_value *names, struct tw_text_key *out);
/* An array of as many values becomes an object with these names, good until the next call. */
void tw_opcua_filters_name(
    struct tw_opcua_filters *f, const struct tw_text_key *key, struct tw_value *values);

/* What client handles and monitored item ids stand for. With each item is kept what is known of its
 * node, as long as nothing about nodes was learned: `version` is the sum of both versions below. */
struct tw_opcua_item {
    const struct tw_learned *learned;
    const char *namespace_uri;
    uint32_t namespace_len, version;
    bool is_property;
};
struct tw_opcua_items;
struct tw_opcua_items *tw_opcua_items_new(size_t capacity);
void tw_opcua_items_free(struct tw_opcua_items *items);
/* Note what a CreateMonitoredItems says; name the object of events that have only a number. The
 * item of a notification, NULL when it is not known. */
struct tw_opcua_item *tw_opcua_items_event(struct tw_opcua_items *items, struct tw_event *event);
/* A number for the subscription that the event is about: servers give ids out again. */
uint32_t tw_opcua_items_generation(struct tw_opcua_items *items, const struct tw_event *event);
/* The note about an item of it, by the client handle; NULL when the item is not known. */
struct tw_thing_note *tw_opcua_items_note(
    struct tw_opcua_items *items, uint32_t generation, uint32_t handle);
/* The same of several, up to the first that is not known: how many. */
uint32_t tw_opcua_items_notes(struct tw_opcua_items *items, uint32_t generation,
    const uint32_t *handles, uint32_t n, struct tw_thing_note **notes);
/* Items and subscriptions that were forgotten for others. */
uint64_t tw_opcua_items_evicted(const struct tw_opcua_items *items);

/* Names of nodes. */
struct tw_opcua_nodes;
struct tw_opcua_nodes *tw_opcua_nodes_new(size_t sessions);
void tw_opcua_nodes_free(struct tw_opcua_nodes *n);
/* The object of a BrowseNext, and the node behind an alias; before client handles are looked up. */
void tw_opcua_nodes_resolve(struct tw_opcua_nodes *n, struct tw_event *event);
/* Is any node known by an alias? */
bool tw_opcua_nodes_has_aliases(const struct tw_opcua_nodes *n);
/* Learn the server's NamespaceArray; say which of it the object is in. */
void tw_opcua_nodes_namespace(struct tw_opcua_nodes *n, struct tw_event *event);
/* Another one whenever a server's namespaces are not what they were. */
uint32_t tw_opcua_nodes_version(const struct tw_opcua_nodes *n);

/* Ranges, units and types of variables, as any client read them. */
struct tw_opcua_learned;
struct tw_opcua_learned *tw_opcua_learned_new(size_t sessions);
void tw_opcua_learned_free(struct tw_opcua_learned *l);
void tw_opcua_learned_event(
    struct tw_opcua_learned *l, const struct tw_event *event, struct tw_session_facts *facts);
/* Is the event's object one whose value says something about a variable? */
bool tw_opcua_learned_is_property(const struct tw_opcua_learned *l, const struct tw_event *event);
/* Is any node known as one whose value does? */
bool tw_opcua_learned_has_properties(const struct tw_opcua_learned *l);
/* Another one whenever something is known of another set of nodes. */
uint32_t tw_opcua_learned_version(const struct tw_opcua_learned *l);
