#pragma once
/* The layouts of every service's messages, after their headers; named in service.c. */

#include "protocol/opcua/service.h"

/* clang-format off */
#define TW_OPCUA_SHAPES(X) \
    X(find_servers) X(get_endpoints) X(register_server) X(open) X(empty) X(create_session) \
    X(activate_session) X(close_session) X(cancel) X(add_nodes) X(add_references) \
    X(delete_nodes) X(delete_references) X(browse) X(browse_next) X(translate) \
    X(register_nodes) X(unregister_nodes) X(query_first) X(query_next) X(read) X(history_read) \
    X(write) X(history_update) X(call) X(create_items) X(modify_items) X(set_mode) \
    X(set_triggering) X(delete_items) X(create_subscription) X(modify_subscription) \
    X(set_publishing) X(publish) X(republish) X(transfer) X(delete_subscriptions) \
    X(find_on_network) X(register_server2)
/* clang-format on */

#define TW_OPCUA_SHAPE_DECLARE(name) extern const struct tw_opcua_shape tw_opcua_shape_##name;
TW_OPCUA_SHAPES(TW_OPCUA_SHAPE_DECLARE)
#undef TW_OPCUA_SHAPE_DECLARE

/* Shorthands of the tables. */
#define TW_F(kind)                                                                                 \
    {                                                                                              \
        .type = TW_UA_##kind                                                                       \
    }
#define TW_FS(kind)                                                                                \
    {                                                                                              \
        .type = TW_UA_##kind, .array = true                                                        \
    }
#define TW_FR(kind, does)                                                                          \
    {                                                                                              \
        .type = TW_UA_##kind, .role = TW_UA_ROLE_##does                                            \
    }
#define TW_FRS(kind, does)                                                                         \
    {                                                                                              \
        .type = TW_UA_##kind, .array = true, .role = TW_UA_ROLE_##does                             \
    }
#define TW_FI(kind, does, field)                                                                   \
    {                                                                                              \
        .type = TW_UA_##kind, .role = TW_UA_ROLE_INFO_##does,                                      \
        .at = offsetof(struct tw_opcua_info, field)                                                \
    }
#define TW_FU(field, flag)                                                                         \
    {                                                                                              \
        .type = TW_UA_UINT32, .role = TW_UA_ROLE_INFO_U32,                                         \
        .at = offsetof(struct tw_opcua_info, field), .has = offsetof(struct tw_opcua_info, flag)   \
    }
#define TW_FD(field, flag)                                                                         \
    {                                                                                              \
        .type = TW_UA_DOUBLE, .role = TW_UA_ROLE_INFO_DOUBLE,                                      \
        .at = offsetof(struct tw_opcua_info, field), .has = offsetof(struct tw_opcua_info, flag)   \
    }
#define TW_FL(layout)                                                                              \
    {                                                                                              \
        .type = TW_UA_STRUCTURE, .of = &(layout)                                                   \
    }
#define TW_FLS(layout)                                                                             \
    {                                                                                              \
        .type = TW_UA_STRUCTURE, .array = true, .of = &(layout)                                    \
    }

/* Details of the event, under a name. */
#define TW_FN(kind, as)                                                                            \
    {                                                                                              \
        .name = (as), .type = TW_UA_##kind, .role = TW_UA_ROLE_SHOW                                \
    }
#define TW_FNS(kind, as)                                                                           \
    {                                                                                              \
        .name = (as), .type = TW_UA_##kind, .array = true, .role = TW_UA_ROLE_SHOW                 \
    }
#define TW_FNW(kind, as, from)                                                                     \
    {                                                                                              \
        .name = (as), .type = TW_UA_##kind, .role = TW_UA_ROLE_SHOW, .words = &(from)              \
    }
#define TW_FNLS(layout, as)                                                                        \
    {                                                                                              \
        .name = (as), .type = TW_UA_STRUCTURE, .array = true, .role = TW_UA_ROLE_SHOW,             \
        .of = &(layout)                                                                            \
    }
/* An array that is mostly empty. */
#define TW_FNX(kind, as)                                                                           \
    {                                                                                              \
        .name = (as), .type = TW_UA_##kind, .array = true, .role = TW_UA_ROLE_SHOW_SOME            \
    }
/* Of an array only how many. */
#define TW_FNC(kind, as)                                                                           \
    {                                                                                              \
        .name = (as), .type = TW_UA_##kind, .array = true, .role = TW_UA_ROLE_COUNT                \
    }
#define TW_FNCL(layout, as)                                                                        \
    {                                                                                              \
        .name = (as), .type = TW_UA_STRUCTURE, .array = true, .role = TW_UA_ROLE_COUNT,            \
        .of = &(layout)                                                                            \
    }
/* A name for a role that shows something itself. */
#define TW_FRN(kind, does, as)                                                                     \
    {                                                                                              \
        .name = (as), .type = TW_UA_##kind, .role = TW_UA_ROLE_##does                              \
    }
/* A ContinuationPoint. */
#define TW_FC(field, as)                                                                           \
    {                                                                                              \
        .name = (as), .type = TW_UA_BYTESTRING, .role = TW_UA_ROLE_CONTINUATION,                   \
        .at = offsetof(struct tw_opcua_info, field)                                                \
    }
/* A structure that the role reads itself. */
#define TW_FRL(layout, does, as)                                                                   \
    {                                                                                              \
        .name = (as), .type = TW_UA_STRUCTURE, .array = true, .role = TW_UA_ROLE_##does,           \
        .of = &(layout)                                                                            \
    }

/* Used by several: StatusCode results with their DiagnosticInfos after them. */
extern const struct tw_opcua_field tw_opcua_result_status[1];
extern const struct tw_opcua_field tw_opcua_diagnostics[1];
