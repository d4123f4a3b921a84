/* Fields of what payloads are, of the decision behind an action, and of MCP over MQTT. */
#include "event/field_get.h"

GET(payload_kind)
{
    if (s->event->mqtt)
        set_text(out, tw_payload_kind_name(s->event->mqtt->payload_kind));
}
GET(payload_problem)
{
    if (s->event->mqtt)
        set_text(out, tw_payload_problem_name(s->event->mqtt->payload_problem));
}
GET(payload_danger)
{
    if (s->event->mqtt)
        set_text(out, tw_payload_danger_name(s->event->mqtt->payload_danger));
}
GET(payload_calls)
{
    if (s->event->mqtt)
        set_text(out, s->event->mqtt->payload_calls);
}
GET(payload_origin)
{
    if (s->event->mqtt)
        set_text(out, tw_payload_origin_name(s->event->mqtt->payload_origin));
}
GET(payload_is_media)
{
    if (s->event->mqtt && s->event->mqtt->has_payload)
        set_flag(out, tw_payload_kind_is_media(s->event->mqtt->payload_kind));
}
M_NUM(payload_items, has_items, payload_items)
M_NUM(payload_inflated, inflated_bytes > 0, inflated_bytes)

GET(payload_is_model)
{
    if (s->event->mqtt && s->event->mqtt->has_payload)
        set_flag(out, tw_payload_kind_is_model(s->event->mqtt->payload_kind));
}

/* What the actor says about its decision. */
#define D_STR(name, from)                                                                          \
    GET(name)                                                                                      \
    {                                                                                              \
        const struct tw_decision_context *c = tw_event_decision(s->event);                         \
        if (c)                                                                                     \
            set_str(out, c->from);                                                                 \
    }

GET(d_carrier)
{
    const struct tw_decision_context *c = tw_event_decision(s->event);
    if (c)
        set_text(out, c->carrier);
}
D_STR(d_agent, agent)
D_STR(d_model, model)
D_STR(d_model_version, model_version)
D_STR(d_model_sha256, model_sha256)
D_STR(d_approval, approval)
D_STR(d_trace, trace)
GET(d_confidence)
{
    const struct tw_decision_context *c = tw_event_decision(s->event);
    if (c && c->has_confidence)
        set_number(out, c->confidence);
}
GET(d_inputs_age)
{
    const struct tw_decision_context *c = tw_event_decision(s->event);
    if (c && c->inputs_ts_ns != 0)
        set_seconds(out, s->event->ts_ns - c->inputs_ts_ns);
}

/* MCP over MQTT. */
#define MCP (s->event->mqtt ? s->event->mqtt->mcp : NULL)
#define C_STR(name, from)                                                                          \
    GET(name)                                                                                      \
    {                                                                                              \
        const struct tw_mcp_info *m = MCP;                                                         \
        if (m)                                                                                     \
            set_str(out, m->from);                                                                 \
    }
#define C_FLAG(name, when, from)                                                                   \
    GET(name)                                                                                      \
    {                                                                                              \
        const struct tw_mcp_info *m = MCP;                                                         \
        if (m && (m->when))                                                                        \
            set_flag(out, m->from);                                                                \
    }
#define C_NUM(name, when, from)                                                                    \
    GET(name)                                                                                      \
    {                                                                                              \
        const struct tw_mcp_info *m = MCP;                                                         \
        if (m && (m->when))                                                                        \
            set_number(out, (double)m->from);                                                      \
    }

GET(c_kind)
{
    const struct tw_mcp_info *m = MCP;
    if (m)
        set_text(out, m->kind);
}
C_STR(c_topic, topic)
C_STR(c_client, client_id)
C_STR(c_server, server_id)
C_STR(c_server_name, server_name)
C_STR(c_method, method)
C_STR(c_tool, tool)
C_FLAG(c_is_error, tool.p || m->kind, is_error)
C_NUM(c_code, has_code, code)
C_STR(c_error, error)
C_FLAG(c_declared, has_declared, declared)
C_FLAG(c_changed, has_declared, changed)
C_NUM(c_tools, has_tools, n_tools)
C_NUM(c_added, has_seen, tools_added)
C_NUM(c_tools_changed, has_seen, tools_changed)

static const char *const carriers[] = {"user_properties", "payload", "audit_entry_id", NULL};
static const char *const mcp_kinds[] = {"request", "response", "notification", NULL};
#define KIND(name, text, is_model) text,
static const char *const kinds[] = {TW_PAYLOAD_KIND_TABLE(KIND) NULL};
#undef KIND
#define PROBLEM(name, text) text,
#define NAMED(name, text) text,
static const char *const dangers[] = {TW_PAYLOAD_DANGER_TABLE(NAMED) NULL};
static const char *const origins[] = {TW_PAYLOAD_ORIGIN_TABLE(NAMED) NULL};
#undef NAMED
static const char *const problems[] = {TW_PAYLOAD_PROBLEM_TABLE(PROBLEM) NULL};
#undef PROBLEM

#define S TW_FIELD_STRING
#define N TW_FIELD_NUMBER
#define B TW_FIELD_BOOL
#define E TW_FIELD_ENUM

const struct tw_field tw_fields_payload[] = {
    {"mqtt.payload_kind", "What the payload's bytes are, by their own marks or as declared", "onnx",
        E, kinds, get_payload_kind},
    {"mqtt.payload_is_model", "They are an artefact of a model", "true", B, NULL,
        get_payload_is_model},
    {"mqtt.payload_problem", "What is wrong with the payload", "duplicate-key", E, problems,
        get_payload_problem},
    {"mqtt.payload_danger", "What loading it does, beyond restoring data", "pickle-call", E,
        dangers, get_payload_danger},
    {"mqtt.payload_calls", "Module of the first function that a pickle would run commands with",
        "os", S, NULL, get_payload_calls},
    {"mqtt.payload_is_media", "It is a picture, film, sound or document", "true", B, NULL,
        get_payload_is_media},
    {"mqtt.payload_origin", "Label in it that says where a picture, film or sound comes from",
        "aigc-label", E, origins, get_payload_origin},
    {"mqtt.payload_items", "Values in a CBOR or MessagePack payload", "12", N, NULL,
        get_payload_items},
    {"mqtt.payload_inflated_bytes", "Bytes of a payload that was compressed", "4096", N, NULL,
        get_payload_inflated},

    {"decision.carrier", "How the actor speaks about its decision", "user_properties", E, carriers,
        get_d_carrier},
    {"decision.agent", "Who decided, in its own words", "press-opt-07", S, NULL, get_d_agent},
    {"decision.model", "Model that decided", "forge-opt", S, NULL, get_d_model},
    {"decision.model_version", "Its version", "2.4.1", S, NULL, get_d_model_version},
    {"decision.model_sha256", "Its digest", "9f86…", S, NULL, get_d_model_sha256},
    {"decision.confidence", "How sure it says to be", "0.93", N, NULL, get_d_confidence},
    {"decision.inputs_age", "Seconds since its inputs were taken", "1.5", N, NULL,
        get_d_inputs_age},
    {"decision.approval", "Approval that it refers to", "CO-2026-0113", S, NULL, get_d_approval},
    {"decision.trace", "Trace id", "4bf92f35", S, NULL, get_d_trace},

    {"mcp.kind", "MCP over MQTT: what the message is", "request", E, mcp_kinds, get_c_kind},
    {"mcp.topic", "Topic of a tool call", "$mcp-rpc/c1/plc-gw/valves", S, NULL, get_c_topic},
    {"mcp.client_id", "MCP client", "planner-7f3a", S, NULL, get_c_client},
    {"mcp.server_id", "MCP server", "plc-gw-01", S, NULL, get_c_server},
    {"mcp.server_name", "Its name", "plant/line1/valves", S, NULL, get_c_server_name},
    {"mcp.method", "Method of a request or notification", "tools/call", S, NULL, get_c_method},
    {"mcp.tool", "Tool that is called", "set_valve", S, NULL, get_c_tool},
    {"mcp.is_error", "The result is an error", "false", B, NULL, get_c_is_error},
    {"mcp.code", "Code of a JSON-RPC error", "-32602", N, NULL, get_c_code},
    {"mcp.error", "Its message", "unknown tool", S, NULL, get_c_error},
    {"mcp.declared", "The tool is one that the server listed", "true", B, NULL, get_c_declared},
    {"mcp.changed", "The server lists the tool otherwise than at first", "false", B, NULL,
        get_c_changed},
    {"mcp.tools", "Tools of a list", "7", N, NULL, get_c_tools},
    {"mcp.tools_added", "Tools of a list that an earlier one did not have", "0", N, NULL,
        get_c_added},
    {"mcp.tools_changed", "Tools of a list that are described otherwise than before", "0", N, NULL,
        get_c_tools_changed},
};
const size_t tw_fields_payload_count = sizeof(tw_fields_payload) / sizeof(tw_fields_payload[0]);
