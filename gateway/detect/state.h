#pragma once
/* What happened before that an event is judged by: approvals given, change orders opened, versions
 * reported, values commanded, signs of life given. Fed with every event, in order; bounded; event
 * time. An …_adopt() takes over what another one knows, as far as the inventory still declares it;
 * the other one is then only to be freed. It has seen no event itself. */

#include "base/table.h"
#include "detect/pulse.h"
#include "registry/registry.h"

/* Which message a leaf belongs to. */
struct tw_message_id {
    uint64_t flow, packet, serial;
};
struct tw_message_id tw_message_of(const struct tw_event *e);
static inline bool tw_message_eq(struct tw_message_id a, struct tw_message_id b)
{
    return a.flow == b.flow && a.packet == b.packet && a.serial == b.serial;
}
/* A publish, or a delivery of something whose publish was not seen (its origin is then not known; a
 * retained delivery is old and does not count). */
bool tw_message_is_news(const struct tw_event *e);
/* Objects that people write into messages; the letters of a GUID may be of either case
 * [UA6 5.3.1.10]. */
struct tw_text_key tw_node_key(struct tw_seed seed, struct tw_str node);
/* Where a command goes or a value is: the server or broker, the node or topic, the field of a
 * payload. */
struct tw_place_id {
    struct tw_text_key object;
    uint64_t server, field;
};
struct tw_place_id tw_place_of(struct tw_seed seed, const struct tw_event *e);
/* The value of a node as a whole: no property, no item of an array, no member of a structure. */
bool tw_event_is_whole_value(const struct tw_event *e);
/* Tells values apart; what of a long text or array was cut does not count. */
uint64_t tw_value_digest(struct tw_seed seed, const struct tw_value *v);
/* May a message with this many fields have been among the bytes that were lost? Acknowledgements
 * and pings are shorter. */
bool tw_message_may_be_lost(const struct tw_event *gap, unsigned fields);
/* One of `by` talks where nobody can read: what it says may not be seen at all. */
bool tw_message_is_hidden(
    const struct tw_event *e, const struct tw_facts *facts, const struct tw_str *by, size_t n_by);
/* May the sender of this message speak on a topic that `by` reserves? */
bool tw_message_sender_ok(
    const struct tw_event *e, const struct tw_facts *facts, const struct tw_str *by, size_t n_by);

struct tw_approvals;
/* NULL when memory is short. `pulse` is the caller's, and was given the event before this is. */
struct tw_approvals *tw_approvals_new(
    const struct tw_registry *registry, const struct tw_pulse *pulse);
void tw_approvals_free(struct tw_approvals *a);
void tw_approvals_adopt(struct tw_approvals *a, struct tw_approvals *old);
/* Learn from the event, and say in facts->approval whether it was approved. */
void tw_approvals_event(struct tw_approvals *a, const struct tw_event *e, struct tw_facts *facts);
/* Event time passed `now_ns`: nothing more of an earlier message comes, it is taken as it is. */
void tw_approvals_flush(struct tw_approvals *a, int64_t now_ns);

struct tw_changes;
struct tw_changes *tw_changes_new(const struct tw_registry *registry);
void tw_changes_free(struct tw_changes *c);
void tw_changes_adopt(struct tw_changes *c, struct tw_changes *old);
/* Learn from the event; set facts->change_open: an order for the actor, or for the AI system whose
 * prompt, policy … the variable is. */
void tw_changes_event(struct tw_changes *c, const struct tw_event *e, struct tw_facts *facts);
void tw_changes_flush(struct tw_changes *c, int64_t now_ns);
/* Equal for times between which no change order opens or closes; 0 while one is being announced. */
uint64_t tw_changes_epoch(struct tw_changes *c, int64_t now_ns);
/* Does a change order name `version` for the system: one that is open, or one during which the
 * version was seen first? Also true where announcements can not be read at all: then nobody can
 * say. `out_ticket` is good until the next event. */
bool tw_changes_declare(struct tw_changes *c, struct tw_str ai_system, struct tw_str version,
    int64_t now_ns, struct tw_str *out_ticket);

/* What numbers the targets of commands stand at: as was accepted, or as somebody read or was told
 * since. Of variables with role command or a greatest step or rate, and of what a grant with a
 * greatest step lets be written; the 16,384 used last. What is read or told of a command is
 * followed only where some limit could be exceeded by the next one: there are many such values. */
struct tw_lasts;
struct tw_lasts *tw_lasts_new(const struct tw_pulse *pulse, const struct tw_registry *registry);
void tw_lasts_free(struct tw_lasts *l);
void tw_lasts_adopt(struct tw_lasts *l, struct tw_lasts *old);
/* Set facts->step, then learn. False for an event that nothing is learned from: neither is from
 * others that differ from it in the value only. */
bool tw_lasts_event(struct tw_lasts *l, const struct tw_event *e, struct tw_facts *facts);
uint64_t tw_lasts_evictions(const struct tw_lasts *l);

/* Signs of life. One is overdue when it was seen before, is not for longer than declared, and its
 * AI system goes on acting where it can be read: who is silent altogether was rather stopped, and a
 * capture that is silent sees nothing. */
struct tw_heartbeats;
struct tw_heartbeats *tw_heartbeats_new(
    const struct tw_registry *registry, const struct tw_pulse *pulse);
void tw_heartbeats_free(struct tw_heartbeats *h);
/* `registry` is the one that `h` was made of. */
void tw_heartbeats_adopt(
    struct tw_heartbeats *h, const struct tw_heartbeats *old, const struct tw_registry *registry);
/* Learn from an event; set facts->heartbeat when its actor's is overdue. */
void tw_heartbeats_event(struct tw_heartbeats *h, const struct tw_event *e, struct tw_facts *facts);
/* Told once for each silence whose deadline passed, with an event made for it. */
typedef void (*tw_silence_fn)(void *user, const struct tw_event *e, struct tw_facts *facts);
void tw_heartbeats_tick(struct tw_heartbeats *h, int64_t now_ns, tw_silence_fn fn, void *user);

/* "v2.4.0" and "2.4.0" are one version: the latter. */
struct tw_str tw_version_plain(struct tw_str v);
/* Where a report names a version that is not the registered one: does a change order name it? */
void tw_reports_event(struct tw_changes *changes, const struct tw_event *e, struct tw_facts *facts);
