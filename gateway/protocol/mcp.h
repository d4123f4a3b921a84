#pragma once
/* Reading MCP over MQTT (event/mcp.h): the topic, and the JSON-RPC message on it. */

#include "event/mcp.h"
#include "event/payload_names.h"
#include "protocol/json.h"

/* A message as it was read, with memory for what has to be made. For the stack. */
struct tw_mcp_read {
    struct tw_mcp_info info;
    struct tw_mcp_tool tools[TW_MCP_TOOLS];
    size_t text_len;
    char text[4096]; /* names that were written with escapes, ids that were numbers */
};

typedef void (*tw_mcp_digest_fn)(const void *p, size_t len, uint8_t out[TW_MCP_DIGEST]);

static inline bool tw_mcp_is_topic(struct tw_str topic)
{
    return topic.len > 5 && topic.p[0] == '$' && memcmp(topic.p + 1, "mcp-", 4) == 0;
}

/* Read `payload` from one of MCP's topics. `digest` may be NULL: declared tools have none. Returns
 * BAD_JSON_RPC when it is no message of JSON-RPC 2.0; an empty one, which takes back what was
 * retained, is right. `out` is filled as far as it goes, and borrows from both texts and itself. */
enum tw_payload_problem tw_mcp_read(
    struct tw_str topic, struct tw_str payload, tw_mcp_digest_fn digest, struct tw_mcp_read *out);
