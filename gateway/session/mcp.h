#pragma once
/* Inside session/: MCP over MQTT across connections. A call and its result come from two clients of
 * a broker; what a server declares is remembered from wherever it passes. One thread, bounded
 * tables. */

#include "session/session.h"

struct tw_mcp_sessions;
/* NULL when memory is short. */
struct tw_mcp_sessions *tw_mcp_sessions_new(const struct tw_limits *limits);
void tw_mcp_sessions_free(struct tw_mcp_sessions *s);

/* Note a call, or what a tools/list declares; complete event->mqtt->mcp, whose copy is good until
 * the next call. Only for events with MCP facts. */
void tw_mcp_sessions_event(struct tw_mcp_sessions *s, struct tw_event *event);

/* Give `out` the `tool` event, and one for each of its arguments, of the call that `event` is the
 * result of, if it is one. Asked after tw_mcp_sessions_event(), when `event` itself was given. */
void tw_mcp_sessions_answer(struct tw_mcp_sessions *s, const struct tw_event *event,
    tw_expand_fn expand, const struct tw_emit *out);

/* How far the capture has come. */
struct tw_mcp_time {
    int64_t ts_ns;
    uint64_t packet;
};

/* Calls that waited too long, or `all` that wait, without a status. */
void tw_mcp_sessions_tick(struct tw_mcp_sessions *s, const struct tw_mcp_time *now, bool all,
    tw_expand_fn expand, const struct tw_emit *out);
