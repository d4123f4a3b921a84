#pragma once
/* The services: ids of their messages, what their action is called, and how the messages are laid
 * out [UA4 5], [UA6 A.3]. To add one, add a row and its layouts. */

#include "event/event.h"
#include "protocol/opcua/layout.h"

struct tw_opcua_shape {
    /* Request: head, then `has_items` ? an array of item : nothing, then tail. */
    struct tw_opcua_layout head, item, tail;
    /* Response: head, then `has_results` ? an array of result : nothing, then tail. */
    struct tw_opcua_layout response_head, result, response_tail;
    bool has_items, has_results;
    bool results_optional;             /* sent only where something is wrong */
    bool reads;                        /* items and results are those of Read */
    const char *part;                  /* what this list is, where a message has several */
    const struct tw_opcua_shape *then; /* the next list, and what follows it */
};

enum {
    TW_OPCUA_NEEDS_OBJECT = 1, /* it is about a node, a URL or a session, known or not */
    TW_OPCUA_SERVER_ACTS = 2,  /* the response carries what the server has to say: Publish */
    TW_OPCUA_DELIVERS = 4,     /* events come from the notifications in the response */
    TW_OPCUA_WAITS = 8,        /* left unanswered by design, until there is something to say */
};

struct tw_opcua_service {
    uint32_t request, response; /* encoding ids in namespace 0 */
    const char *name;
    enum tw_action action;
    uint8_t flags;
    const struct tw_opcua_shape *shape;
};

enum { TW_OPCUA_SERVICE_FAULT = 397, TW_OPCUA_OPEN_REQUEST = 446, TW_OPCUA_OPEN_RESPONSE = 449 };

/* NULL when the id is not that of a request, or of a response. */
const struct tw_opcua_service *tw_opcua_service_of_request(uint32_t id);
const struct tw_opcua_service *tw_opcua_service_of_response(uint32_t id);
/* Its place in the table, for counters. */
unsigned tw_opcua_service_index(const struct tw_opcua_service *service);

/* Slots of tw_proto_counters.messages[TW_PROTO_OPCUA]: transport messages by enum tw_opcua_message,
 * then these; each service has two slots, request and response. */
enum {
    TW_OPCUA_COUNT_SEALED = 8,
    TW_OPCUA_COUNT_FAULTS = 9,
    TW_OPCUA_COUNT_UNSEALED = 10,
    TW_OPCUA_COUNT_WRONG_KEYS = 11,
    /* How sets of keys were confirmed: once for each channel, token and direction. */
    TW_OPCUA_COUNT_KEYS_BY_PADDING = 12,
    TW_OPCUA_COUNT_KEYS_BY_MESSAGE = 13,
    TW_OPCUA_COUNT_AEAD = 14, /* of those sealed: keys would not help */
    TW_OPCUA_COUNT_SERVICES = 16,
};
/* tw_proto.counter_name */
size_t tw_opcua_counter_name(unsigned slot, char *out, size_t size);
