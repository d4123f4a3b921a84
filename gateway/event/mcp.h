#pragma once
/* The Model Context Protocol over MQTT: what one JSON-RPC 2.0 message says, and with action `tool`
 * what a call and its result say together. Topics tell who is meant:
 *   $mcp-server/<server id>/<server name>             initialize
 *   $mcp-server/presence|capability/<server id>/<server name>
 *   $mcp-client/presence|capability/<client id>
 *   $mcp-rpc/<client id>/<server id>/<server name>    everything else, both ways */

#include "base/text.h"

enum {
    TW_MCP_TOOLS = 128,      /* of one tools/list that are told apart */
    TW_MCP_DIGEST = 32,      /* SHA-256 */
    TW_MCP_NAME = 256,       /* bytes of a tool's or method's name that are kept */
    TW_MCP_ID = 64,          /* of a request's id */
    TW_MCP_ARGUMENTS = 4096, /* of a call's arguments, as JSON */
};

/* A tool that a server declares, with the digest of all that it says about it. */
struct tw_mcp_tool {
    struct tw_str name;
    uint8_t sha256[TW_MCP_DIGEST];
};

struct tw_mcp_info {
    const char *kind; /* request | response | notification; NULL: none of them, or a `tool` event */
    struct tw_str topic; /* of a `tool` event, whose object is the tool */
    struct tw_str client_id, server_id, server_name;
    struct tw_str method;    /* request, notification */
    struct tw_str id;        /* request, response */
    bool id_is_text;         /* "7", not 7: they are two ids */
    struct tw_str tool;      /* of a tools/call */
    struct tw_str arguments; /* never printed: its arguments, an object of JSON */
    bool arguments_cut;
    bool is_error, has_code; /* the result says so, or there is none */
    int64_t code;            /* of a JSON-RPC error */
    struct tw_str error;     /* its message */
    bool has_tools, tools_cut;
    const struct tw_mcp_tool *tools; /* of a tools/list result */
    uint32_t n_tools;
    /* From session/, which remembers what each server declares. */
    bool has_declared, declared; /* a call: of a tool that a tools/list named */
    bool changed;                /* … and that is declared otherwise than at first */
    bool has_digest;             /* of its last declaration */
    uint8_t sha256[TW_MCP_DIGEST];
    bool has_seen;                       /* a tools/list, and another one was seen before it */
    uint32_t tools_added, tools_changed; /* against what was known */
};

/* As member "mcp"; with `lists` also the tools that are declared, which is much to say again with
 * every leaf of a message. */
void tw_mcp_json(struct tw_text *out, const struct tw_mcp_info *m, bool lists);
