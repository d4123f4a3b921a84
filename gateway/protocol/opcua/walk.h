#pragma once
/* The walk over a request and its response, side by side, which gives one event per item. */

#include "event/decision.h"
#include "protocol/opcua/service.h"
#include "protocol/opcua/value.h"
#include "protocol/protocol.h"

struct tw_opcua_walk {
    /* Up to `base` zero at the start: tw_opcua_walk_init(). */
    struct tw_proto_env *env;
    const struct tw_opcua_service *service;
    struct tw_opcua_scratch s;
    struct tw_arena arena;

    /* Bodies after their headers. A cut one ended early because not all of it was kept or seen. */
    bool has_request, has_response, cut_request, cut_response;
    struct tw_cur request, response;
    bool answered; /* by a response or a fault; else the status is not known */
    uint32_t service_result;
    bool quiet;            /* only look for anomalies */
    bool asks_diagnostics; /* of each item */

    bool fresh; /* the info holds text that was just made: never equal to the last */
    bool sent;  /* an event of this message was emitted, and not just passed */
    bool has_status, has_object, status_unknown;
    uint32_t status;
    uint32_t emitted;

    /* Details of the item after those of the message, all of it in the arena. */
    struct tw_value *details, *base_details;
    uint32_t n_details, n_base_details;
    enum tw_opcua_property_kind path_leads_to;

    struct tw_cur diagnostics; /* of the response's header: a DiagnosticInfo */

    uint32_t request_anomalies, response_anomalies; /* TW_OPCUA_BIT() */
    bool complete;                                  /* both bodies were read to their ends */

    struct tw_event base; /* what the events of this message have in common */
    struct tw_opcua_info base_info;
    struct tw_opcua_history base_history;

    /* What is read next says something about these: the base, or the item at hand. */
    struct tw_event *event;
    struct tw_opcua_info *info;
    struct tw_event item;
    struct tw_opcua_info item_info;
    struct tw_opcua_info last; /* as it was emitted last: equal ones share a serial */
    char status_text[TW_OPCUA_STATUS_TEXT];
    struct tw_value outputs;
    struct tw_value shown; /* the details, while the event is out */
    struct tw_opcua_history history;
    struct tw_opcua_certificate certificate;
    struct tw_decision_context decision;
};

enum { TW_OPCUA_SCRATCH_BYTES = 64 * 1024 };

/* Not all of it is zeroed: it is large, and most of it is written before it is read. `quiet` needs
 * no base. */
void tw_opcua_walk_init(struct tw_opcua_walk *w, struct tw_proto_env *env,
    const struct tw_opcua_service *service, bool quiet);

/* After tw_opcua_walk_init(), base, base_info and what is known of the bodies. `memory` holds
 * TW_OPCUA_SCRATCH_BYTES. */
void tw_opcua_walk(struct tw_opcua_walk *w, void *memory);

enum { TW_OPCUA_MAX_DETAILS = 24 };

/* For roles.c and its siblings. */
void tw_opcua_walk_begin(struct tw_opcua_walk *w);
/* Before the first item: the details by now are those of all that follow. */
void tw_opcua_walk_base(struct tw_opcua_walk *w);
/* Room for another detail of the event, called `name`; one more that is never shown when there are
 * too many. To be taken back by tw_opcua_walk_undo() when nothing comes of it. */
struct tw_value *tw_opcua_walk_detail(struct tw_opcua_walk *w, const char *name);
void tw_opcua_walk_undo(struct tw_opcua_walk *w, const struct tw_value *detail);
struct tw_str tw_opcua_walk_node(struct tw_opcua_walk *w, const struct tw_opcua_node *node);
void tw_opcua_walk_emit(struct tw_opcua_walk *w);
/* The next value of a list whose items differ in value, status, times and handle alone, after one
 * that was begun as above; and emit it, or let it pass [event.h] unless that was `asked` before.
 * They do the work of the two above only where it is needed. */
void tw_opcua_walk_next(struct tw_opcua_walk *w);
void tw_opcua_walk_emit_next(struct tw_opcua_walk *w, bool asked);
TW_MUST_CHECK bool tw_opcua_walk_layout(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_layout *layout);

typedef bool (*tw_opcua_role_fn)(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f);
/* By enum tw_opcua_role; NULL for SKIP. */
extern const tw_opcua_role_fn tw_opcua_roles[];
/* roles_past.c */
bool tw_opcua_role_past(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f);
bool tw_opcua_role_past_values(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f);
bool tw_opcua_role_past_update(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f);
/* roles_view.c */
bool tw_opcua_role_continuation(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f);
bool tw_opcua_role_references(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f);
bool tw_opcua_role_rows(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f);
bool tw_opcua_role_path(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f);
bool tw_opcua_role_path_targets(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f);
bool tw_opcua_role_filter(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f);

/* An EventFilter's names and where clause, as details of the event. */
TW_MUST_CHECK bool tw_opcua_walk_event_filter(struct tw_opcua_walk *w, struct tw_cur *c);

/* Who the first certificate of a chain belongs to: its digest and URI into `info`, the rest into
 * `out`; text in the arena. */
void tw_opcua_certificate(struct tw_proto_env *env, struct tw_opcua_scratch *s, struct tw_str chain,
    struct tw_opcua_info *info, struct tw_opcua_certificate *out);
/* The digest and the subject of a user's, as details of the event. */
void tw_opcua_user_certificate(struct tw_opcua_walk *w, struct tw_str der);
