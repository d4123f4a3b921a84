#include "event/mcp.h"

static void digest(struct tw_text *t, const uint8_t sha256[TW_MCP_DIGEST])
{
    tw_json_key(t, "sha256");
    tw_json_hex(t, sha256, TW_MCP_DIGEST);
}

static void tools(struct tw_text *t, const struct tw_mcp_info *m)
{
    tw_json_key(t, "tools");
    tw_json_array(t);
    for (uint32_t i = 0; i < m->n_tools; i++) {
        tw_json_object(t);
        tw_json_maybe_str(t, "name", m->tools[i].name);
        digest(t, m->tools[i].sha256);
        tw_json_object_end(t);
    }
    tw_json_array_end(t);
    if (m->tools_cut)
        tw_json_member_bool(t, "tools_truncated", true);
    if (!m->has_seen)
        return;
    tw_json_member_u64(t, "tools_added", m->tools_added);
    tw_json_member_u64(t, "tools_changed", m->tools_changed);
}

void tw_mcp_json(struct tw_text *t, const struct tw_mcp_info *m, bool lists)
{
    tw_json_key(t, "mcp");
    tw_json_object(t);
    if (m->kind != NULL)
        tw_json_member_z(t, "kind", m->kind);
    tw_json_maybe_str(t, "topic", m->topic);
    tw_json_maybe_str(t, "client_id", m->client_id);
    tw_json_maybe_str(t, "server_id", m->server_id);
    tw_json_maybe_str(t, "server_name", m->server_name);
    tw_json_maybe_str(t, "method", m->method);
    tw_json_maybe_str(t, "id", m->id);
    tw_json_maybe_str(t, "tool", m->tool);
    if (m->is_error)
        tw_json_member_bool(t, "is_error", true);
    if (m->has_code)
        tw_json_member_i64(t, "code", m->code);
    tw_json_maybe_str(t, "error", m->error);
    if (m->has_tools && lists)
        tools(t, m);
    if (m->has_declared)
        tw_json_member_bool(t, "declared", m->declared);
    if (m->changed)
        tw_json_member_bool(t, "changed", true);
    if (m->has_digest)
        digest(t, m->sha256);
    tw_json_object_end(t);
}
