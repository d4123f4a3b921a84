#pragma once
/* How structures and messages are laid out, as tables: a service or a structure is added by writing
 * down its fields. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the walk over a message does with a field; SKIP in structures that are shown whole. */
enum tw_opcua_role {
    TW_UA_ROLE_SKIP,
    TW_UA_ROLE_INFO_STRING, /* into the struct tw_str of tw_opcua_info at `at` */
    TW_UA_ROLE_INFO_TEXT,   /* a LocalizedText or String into the struct tw_maybe at `at` */
    TW_UA_ROLE_INFO_U32,    /* into the uint32_t at `at`, with the flag at `has` */
    TW_UA_ROLE_INFO_DOUBLE, /* into the double at `at`, with the flag at `has` */
    TW_UA_ROLE_INFO_NODE,   /* a NodeId's text into the struct tw_maybe at `at` */
    TW_UA_ROLE_INFO_NONCE,  /* digest of a nonce into the uint64_t at `at` */
    TW_UA_ROLE_INDEX_RANGE,
    TW_UA_ROLE_ATTRIBUTE,
    TW_UA_ROLE_OBJECT,       /* NodeId, ExpandedNodeId or String: the event's object */
    TW_UA_ROLE_NEW_OBJECT,   /* the same, where a null NodeId leaves the choice to the server */
    TW_UA_ROLE_OBJECT_ID,    /* of a method call */
    TW_UA_ROLE_URL,          /* object and endpoint_url */
    TW_UA_ROLE_DATA_VALUE,   /* the event's value, with its status and times */
    TW_UA_ROLE_RESULT_VALUE, /* the same, and its status is the status of the event */
    TW_UA_ROLE_INPUTS,
    TW_UA_ROLE_OUTPUTS,
    TW_UA_ROLE_STATUS,
    TW_UA_ROLE_TOKEN, /* a session's AuthenticationToken */
    TW_UA_ROLE_CERTIFICATE,
    TW_UA_ROLE_USER,         /* a UserIdentityToken */
    TW_UA_ROLE_NOTIFICATION, /* NotificationData of a subscription */
    TW_UA_ROLE_PUBLISHED,    /* all of a Publish response: most of the traffic */
    TW_UA_ROLE_SHOW,         /* a detail of the event under the field's name */
    TW_UA_ROLE_SHOW_SOME,    /* the same, of an array that is not empty */
    TW_UA_ROLE_COUNT,        /* the same, of an array only how long it is */
    TW_UA_ROLE_PAST,         /* HistoryReadDetails */
    TW_UA_ROLE_PAST_VALUES,  /* what a HistoryRead gave */
    TW_UA_ROLE_PAST_UPDATE,  /* HistoryUpdateDetails: begin with the NodeId */
    TW_UA_ROLE_CONTINUATION, /* a ContinuationPoint */
    TW_UA_ROLE_REFERENCES,   /* what a Browse found */
    TW_UA_ROLE_ROWS,         /* what a Query found */
    TW_UA_ROLE_PATH,         /* a RelativePath, and where it leads */
    TW_UA_ROLE_PATH_TARGETS,
    TW_UA_ROLE_FILTER, /* MonitoringFilter */
};

/* A field that is no built-in type but a structure without a header of its own. */
enum { TW_UA_STRUCTURE = 32 };

struct tw_opcua_layout;

/* Names of an enumeration's values. */
struct tw_opcua_words {
    const char *const *names; /* NULL where a value has none */
    uint8_t n;
};

#define TW_WORDS(list)                                                                             \
    {                                                                                              \
        (list), sizeof(list) / sizeof((list)[0])                                                   \
    }

struct tw_opcua_field {
    const char *name; /* what it is shown as; NULL: passed over */
    uint8_t type;     /* enum tw_opcua_type or TW_UA_STRUCTURE */
    bool array;
    uint8_t role;
    uint16_t at, has; /* offsets in struct tw_opcua_info; 0: none */
    const struct tw_opcua_layout *of;
    const struct tw_opcua_words *words; /* of a number */
};

struct tw_opcua_layout {
    const struct tw_opcua_field *fields;
    uint16_t n;
    uint16_t limit; /* of elements, above which an array of these is an attack; 0: none */
};

#define TW_LAYOUT(list)                                                                            \
    {                                                                                              \
        (list), sizeof(list) / sizeof((list)[0]), 0                                                \
    }

/* Structures that are shown with their members when a Variant holds one: the DataType's encoding id
 * in namespace 0. NULL for all others. */
const struct tw_opcua_layout *tw_opcua_structure(uint32_t encoding_id);
