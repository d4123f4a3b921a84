#pragma once
/* The plant inventory: who is who, which tier, what may be done. Loaded once, read
 * by the analysis thread. Identity is tried by client id, user, ApplicationUri, certificate, MAC
 * and address; what contradicts what is said in words. */

#include "config/yaml.h"
#include "event/plain_value.h"
#include "event/facts.h"

struct tw_registry;

/* Load and check everything; NULL when there were errors. `path` NULL: an empty inventory,
 * everybody unregistered, no network registered-only. */
struct tw_registry *tw_registry_load(const char *path, struct tw_diags *diags);
/* The same for an inventory that is part of another file, which must outlive it. */
struct tw_registry *tw_registry_load_part(
    const struct tw_yaml *y, const struct tw_node *root, struct tw_diags *diags);
void tw_registry_free(struct tw_registry *r);
/* The JSON schema of the format. */
void tw_registry_schema(struct tw_text *out);

/* Fill `facts` (zeroed by the callee) for `event`: actor, target, variable, grant, report pointers.
 * Also learns ranges from EURange properties that pass by, so it is called once for every event, in
 * order. Views are good until the next call. */
void tw_registry_resolve(
    struct tw_registry *r, const struct tw_event *event, struct tw_facts *facts);

/* The same for a caller that keeps `facts` from event to event, zeroed before the first one, and
 * leaves `actor` and `target` in it alone: they are not written again for the same message. */
void tw_registry_resolve_next(
    struct tw_registry *r, const struct tw_event *event, struct tw_facts *facts);

/* The event will be resolved soon: what is kept of its connection is fetched into the cache. */
void tw_registry_expect(const struct tw_registry *r, const struct tw_event *event);

/* Was this message resolved last, and is nothing declared about its leaves but for some fields?
 * Facts of the others are those of the message. */
bool tw_registry_has_plain_leaves(const struct tw_registry *r, const struct tw_event *message);
/* Of such a message: is this leaf one of those fields? */
bool tw_registry_is_declared(const struct tw_registry *r, const struct tw_event *leaf);
/* Are there any? */
bool tw_registry_declares_fields(const struct tw_registry *r);
/* Give a message whose topic is only a number that was agreed on beforehand (MQTT-SN) the name that
 * the inventory has for it. Before anything else looks at the event. */
void tw_registry_name_topic(const struct tw_registry *r, struct tw_event *event);

/* For an event that is not resolved: what has to be learned of it all the same. */
void tw_registry_pass(struct tw_registry *r, const struct tw_event *event);
void tw_registry_pass_values(
    struct tw_registry *r, int64_t now_ns, const struct tw_plain_value *values, uint32_t n);
/* Another number whenever a variable got a range from the wire that had none. */
uint64_t tw_registry_learned(const struct tw_registry *r);

/* Take over what `old` learned from the wire, as far as this inventory declares it. */
void tw_registry_adopt(struct tw_registry *r, const struct tw_registry *old);
/* Facts that another registry filled in, as this one says them: by the ids that they name. Who is
 * not declared any more stays without id. */
void tw_registry_renew(
    const struct tw_registry *r, struct tw_actor_facts *actor, struct tw_target_facts *target);

struct tw_str tw_registry_site(const struct tw_registry *r);
/* SHA-256 of the file's bytes, "sha256:…"; of nothing for an empty inventory. */
const char *tw_registry_digest(const struct tw_registry *r);
size_t tw_registry_ai_systems(const struct tw_registry *r);
size_t tw_registry_assets(const struct tw_registry *r);
size_t tw_registry_variables(const struct tw_registry *r);

/* Its id, the very bytes of tw_actor_facts.id; `i` counts from 0, as tw_actor_facts.ai from 1. */
struct tw_str tw_registry_ai_system(const struct tw_registry *r, size_t i);

/* Declarations that detect/ keeps state for. */
struct tw_approval_def {
    struct tw_str id, topic; /* topic filter */
    const struct tw_str *by; /* actor ids */
    size_t n_by;
    struct tw_str approved, ai_system, object, value,
        expires_s; /* JSON Pointers; absent: not used */
    int64_t valid_ns;
    uint32_t uses;
};
size_t tw_registry_approvals(const struct tw_registry *r, const struct tw_approval_def **out);

struct tw_change_def {
    /* Declared in the file … */
    struct tw_str ai_system_id, version, ticket;
    int64_t from_ns, to_ns;
    /* … or announced on the wire (topic present). */
    struct tw_str topic;
    const struct tw_str *by;
    size_t n_by;
    struct tw_str ai_system, to_version, ticket_at, window_s; /* JSON Pointers */
};
size_t tw_registry_changes(const struct tw_registry *r, const struct tw_change_def **out);

/* Is there a grant with a greatest step? Else only variables say how far a command may go. */
bool tw_registry_grants_steps(const struct tw_registry *r);

/* A sign of life that an AI system gives. */
struct tw_heartbeat_def {
    struct tw_str ai_system; /* its id, the very bytes of tw_actor_facts.id */
    struct tw_str server;    /* id of the OPC UA server; absent: MQTT */
    struct tw_str object;    /* the node that it writes, or the topic (filter) it publishes on */
    int64_t limit_ns;        /* longer silence is an alarm: `timeout`, else three times `every` */
    const struct tw_heartbeat_def *next;
};
/* In the order of the file; NULL when there are none. */
const struct tw_heartbeat_def *tw_registry_heartbeats(const struct tw_registry *r);

/* Where an AI system is told to stop, and to go on. */
struct tw_stop_def {
    struct tw_str ai_system; /* its id, the very bytes of tw_actor_facts.id */
    struct tw_str server;    /* id of the OPC UA server; absent: MQTT */
    struct tw_str object;    /* the node, or the topic filter */
    struct tw_str field, to; /* JSON Pointers to the word and to the AI system; absent: not used */
    const struct tw_str *by; /* ids of those who may; none: anybody else than itself */
    const struct tw_str
        *values; /* that mean stop, others that it may go on; none: the usual ones */
    size_t n_by, n_values;
    const struct tw_stop_def *next;
};
/* In the order of the file; NULL when there are none. */
const struct tw_stop_def *tw_registry_stops(const struct tw_registry *r);

/* What has to be so before a command is given. */
struct tw_require_def {
    struct tw_str variable;                  /* id */
    const struct tw_str *is, *is_not, *only; /* values as texts; `only`: commands it is asked of */
    size_t n_is, n_is_not, n_only;
    struct tw_range range;
};

/* What commands on a variable ask for, and lead to. Ids are the very bytes of the facts'. */
struct tw_command_def {
    struct tw_str variable;
    struct tw_str readback; /* the variable that follows; absent: none */
    double span;            /* of its range, else of the command's; 0: there is none */
    double tolerance;       /* 0: not declared */
    int64_t settle_ns;      /* 0: not declared */
    int gain;               /* 1, -1; 0: not declared */
    const struct tw_require_def *requires;
    size_t n_requires;
    const struct tw_command_def *next;
};
const struct tw_command_def *tw_registry_commands(const struct tw_registry *r);
/* How many variables are a readback, or required by some command. */
size_t tw_registry_followed(const struct tw_registry *r);

/* A variable that an AI system decides from; both are the very bytes of the facts' ids. */
struct tw_input_def {
    struct tw_str ai_system, variable;
    uint32_t ai;      /* the number of the AI system, from 1 */
    int64_t every_ns; /* of the variable; 0: not declared */
    const struct tw_input_def *next;
};
const struct tw_input_def *tw_registry_inputs(const struct tw_registry *r);

/* May the AI system `by` direct the AI system `ai`? Both count from 0. */
bool tw_registry_orchestrates(const struct tw_registry *r, size_t by, size_t ai);

/* Where a report says what a variable is at; `variable` is the very bytes of the facts' id. */
struct tw_state_def {
    struct tw_str field, variable; /* JSON Pointer, id */
};
/* How many such places there are. */
size_t tw_registry_stated(const struct tw_registry *r);

struct tw_report_def {
    struct tw_str topic;                                                      /* topic filter */
    struct tw_str confidence, inputs_ts, model, model_version, object, value; /* JSON Pointers */
    const struct tw_state_def *states;
    size_t n_states;
};
/* The reports of an AI system; 0 for anybody else. */
size_t tw_registry_reports(
    const struct tw_registry *r, struct tw_str ai_system_id, const struct tw_report_def **out);
