#pragma once
/* The walk over a request and its response, side by side, which gives one event per item. */

#include "protocol/opcua/service.h"
#include "protocol/opcua/value.h"
#include "protocol/protocol.h"

struct tw_opcua_walk {
    struct tw_proto_env *env;
    const struct tw_opcua_service *service;
    struct tw_opcua_scratch s;
    struct tw_arena arena;

    /* Bodies after their headers. A cut one ended early because not all of it was kept or seen. */
    bool has_request, has_response, cut_request, cut_response;
    struct tw_cur request, response;
    bool answered; /* by a response or a fault; else the status is not known */
    uint32_t service_result;
    bool quiet; /* only look for anomalies */

    struct tw_event base; /* what the events of this message have in common */
    struct tw_opcua_info base_info;

    /* The item at hand. */
    struct tw_event event;
    struct tw_opcua_info info;
    struct tw_opcua_info last; /* as it was emitted last: equal ones share a serial */
    bool fresh;                /* the info holds text that was just made: never equal to the last */
    bool has_status, has_object, status_unknown;
    uint32_t status;
    char status_text[TW_OPCUA_STATUS_TEXT];
    struct tw_value outputs;
    uint32_t emitted;

    uint32_t request_anomalies, response_anomalies; /* TW_OPCUA_BIT() */
    bool complete;                                  /* both bodies were read to their ends */
};

enum { TW_OPCUA_SCRATCH_BYTES = 64 * 1024 };

/* `w` is zeroed but for env, service, base, base_info and what is known of the bodies. `memory`
 * holds TW_OPCUA_SCRATCH_BYTES. */
void tw_opcua_walk(struct tw_opcua_walk *w, void *memory);

/* For roles.c. */
void tw_opcua_walk_begin(struct tw_opcua_walk *w);
void tw_opcua_walk_emit(struct tw_opcua_walk *w);
TW_MUST_CHECK bool tw_opcua_walk_layout(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_layout *layout);

typedef bool (*tw_opcua_role_fn)(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f);
/* By enum tw_opcua_role; NULL for SKIP. */
extern const tw_opcua_role_fn tw_opcua_roles[];

/* Who the first certificate of a chain belongs to: its digest and URI into `info`, text in `arena`.
 */
void tw_opcua_certificate(struct tw_proto_env *env, struct tw_opcua_scratch *s, struct tw_str chain,
    struct tw_opcua_info *info);
