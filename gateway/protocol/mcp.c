#include "protocol/mcp.h"

#include "base/num.h"

struct scan {
    struct tw_json r;
    struct tw_json_token t; /* the last one */
    struct tw_mcp_read *out;
    tw_mcp_digest_fn digest;
    bool is_2_0, has_result, has_error;
};

static bool next(struct scan *s)
{
    return tw_json_next(&s->r, &s->t) > TW_JSON_TOO_DEEP;
}

static struct tw_str keep(struct scan *s, const char *p, size_t len)
{
    struct tw_mcp_read *o = s->out;
    if (len > sizeof(o->text) - o->text_len)
        return TW_STR_NONE;
    char *at = o->text + o->text_len;
    memcpy(at, p, len);
    o->text_len += len;
    return (struct tw_str){at, len};
}

/* The last token, a string, as it reads; absent for anything else. */
static struct tw_str text_of(struct scan *s, size_t most)
{
    char buffer[TW_MCP_NAME];
    bool cut;
    if (s->t.kind != TW_JSON_STRING)
        return TW_STR_NONE;
    if (!s->t.escaped)
        return tw_utf8_cut(s->t.text, most);
    return keep(s, buffer, tw_json_unescape(s->t.text, buffer, most, &cut));
}

static void take_id(struct scan *s)
{
    struct tw_mcp_info *m = &s->out->info;
    char buffer[TW_NUM_TEXT];
    m->id_is_text = s->t.kind == TW_JSON_STRING;
    if (m->id_is_text)
        m->id = text_of(s, TW_MCP_ID);
    else if (s->t.kind == TW_JSON_INT)
        m->id = keep(s, buffer, tw_num_i64(buffer, s->t.i));
    else if (s->t.kind == TW_JSON_UINT)
        m->id = keep(s, buffer, tw_num_u64(buffer, s->t.u));
}

/* {name, arguments, …} */
static bool take_params(struct scan *s)
{
    struct tw_mcp_info *m = &s->out->info;
    struct tw_str key;
    if (s->t.kind != TW_JSON_OBJECT)
        return tw_json_skip(&s->r, &s->t);
    while (tw_json_member(&s->r, &s->t, &key)) {
        const size_t from = s->r.at - 1;
        const bool arguments = tw_str_is(key, "arguments") && s->t.kind == TW_JSON_OBJECT;
        if (tw_str_is(key, "name"))
            m->tool = text_of(s, TW_MCP_NAME);
        if (!tw_json_skip(&s->r, &s->t))
            return false;
        if (arguments)
            m->arguments = (struct tw_str){s->r.text.p + from, s->r.at - from};
    }
    return s->t.kind == TW_JSON_OBJECT_END;
}

/* One object of "tools", whose first token was read. */
static bool take_tool(struct scan *s)
{
    struct tw_mcp_info *m = &s->out->info;
    const size_t from = s->r.at - 1;
    struct tw_str key, name = TW_STR_NONE;
    if (s->t.kind != TW_JSON_OBJECT)
        return tw_json_skip(&s->r, &s->t);
    while (tw_json_member(&s->r, &s->t, &key)) {
        if (tw_str_is(key, "name"))
            name = text_of(s, TW_MCP_NAME);
        if (!tw_json_skip(&s->r, &s->t))
            return false;
    }
    if (s->t.kind != TW_JSON_OBJECT_END)
        return false;
    if (m->n_tools == TW_MCP_TOOLS)
        m->tools_cut = true;
    else if (name.len > 0) {
        struct tw_mcp_tool *tool = &s->out->tools[m->n_tools++];
        *tool = (struct tw_mcp_tool){.name = name};
        if (s->digest != NULL)
            s->digest(s->r.text.p + from, s->r.at - from, tool->sha256);
    }
    return true;
}

static bool take_tools(struct scan *s)
{
    struct tw_mcp_info *m = &s->out->info;
    if (s->t.kind != TW_JSON_ARRAY)
        return tw_json_skip(&s->r, &s->t);
    m->has_tools = true;
    while (next(s) && s->t.kind != TW_JSON_ARRAY_END)
        if (!take_tool(s))
            return false;
    return s->t.kind == TW_JSON_ARRAY_END;
}

/* A tool that failed answers with a result that says so. */
static bool take_result(struct scan *s)
{
    struct tw_mcp_info *m = &s->out->info;
    struct tw_str key;
    s->has_result = true;
    if (s->t.kind != TW_JSON_OBJECT)
        return tw_json_skip(&s->r, &s->t);
    while (tw_json_member(&s->r, &s->t, &key)) {
        bool good;
        if (tw_str_is(key, "isError") && s->t.kind == TW_JSON_BOOL)
            m->is_error |= s->t.b;
        if (tw_str_is(key, "tools"))
            good = take_tools(s);
        else
            good = tw_json_skip(&s->r, &s->t);
        if (!good)
            return false;
    }
    return s->t.kind == TW_JSON_OBJECT_END;
}

/* {code, message, …} */
static bool take_error(struct scan *s)
{
    struct tw_mcp_info *m = &s->out->info;
    struct tw_str key;
    s->has_error = m->is_error = true;
    if (s->t.kind != TW_JSON_OBJECT)
        return tw_json_skip(&s->r, &s->t);
    while (tw_json_member(&s->r, &s->t, &key)) {
        if (tw_str_is(key, "code") && s->t.kind == TW_JSON_INT) {
            m->has_code = true;
            m->code = s->t.i;
        } else if (tw_str_is(key, "message")) {
            m->error = text_of(s, TW_MCP_NAME);
        }
        if (!tw_json_skip(&s->r, &s->t))
            return false;
    }
    return s->t.kind == TW_JSON_OBJECT_END;
}

static bool take_member(struct scan *s, struct tw_str key)
{
    if (tw_str_is(key, "jsonrpc"))
        s->is_2_0 = s->t.kind == TW_JSON_STRING && tw_str_is(s->t.text, "2.0");
    else if (tw_str_is(key, "id"))
        take_id(s);
    else if (tw_str_is(key, "method"))
        s->out->info.method = text_of(s, TW_MCP_NAME);
    else if (tw_str_is(key, "params"))
        return take_params(s);
    else if (tw_str_is(key, "result"))
        return take_result(s);
    else if (tw_str_is(key, "error"))
        return take_error(s);
    return tw_json_skip(&s->r, &s->t);
}

/* A request has a method and an id, a notification no id, a response a result or an error. */
static bool judge(struct scan *s)
{
    struct tw_mcp_info *m = &s->out->info;
    const bool answers = s->has_result || s->has_error;
    if (!s->is_2_0 || answers == (m->method.p != NULL) || (s->has_result && s->has_error))
        return false;
    m->kind = answers ? "response" : m->id.p != NULL ? "request" : "notification";
    const bool calls = !answers && m->id.p != NULL && tw_str_is(m->method, "tools/call");
    if (!calls)
        m->tool = m->arguments = TW_STR_NONE;
    if (m->arguments.len > TW_MCP_ARGUMENTS) {
        m->arguments = tw_utf8_cut(m->arguments, TW_MCP_ARGUMENTS);
        m->arguments_cut = true;
    }
    return !calls || m->tool.len > 0;
}

static bool read_message(struct scan *s)
{
    struct tw_str key;
    if (!next(s) || s->t.kind != TW_JSON_OBJECT)
        return false;
    while (tw_json_member(&s->r, &s->t, &key))
        if (!take_member(s, key))
            return false;
    return s->t.kind == TW_JSON_OBJECT_END && tw_json_next(&s->r, &s->t) == TW_JSON_END && judge(s);
}

static struct tw_str level(struct tw_str *rest)
{
    const char *slash = rest->len > 0 ? memchr(rest->p, '/', rest->len) : NULL;
    const size_t len = slash != NULL ? (size_t)(slash - rest->p) : rest->len;
    const struct tw_str first = {rest->p, len};
    *rest = slash != NULL ? (struct tw_str){slash + 1, rest->len - len - 1} : TW_STR_NONE;
    return first;
}

static void read_topic(struct tw_str topic, struct tw_mcp_info *out)
{
    struct tw_str rest = topic;
    const struct tw_str root = level(&rest);
    if (tw_str_is(root, "$mcp-rpc")) {
        out->client_id = level(&rest);
        out->server_id = level(&rest);
        out->server_name = rest;
        return;
    }
    struct tw_str first = level(&rest);
    if (tw_str_is(first, "presence") || tw_str_is(first, "capability"))
        first = level(&rest);
    if (tw_str_is(root, "$mcp-client")) {
        out->client_id = first;
    } else if (tw_str_is(root, "$mcp-server")) {
        out->server_id = first;
        out->server_name = rest;
    }
}

enum tw_payload_problem tw_mcp_read(
    struct tw_str topic, struct tw_str payload, tw_mcp_digest_fn digest, struct tw_mcp_read *out)
{
    struct scan s = {.out = out, .digest = digest};
    out->info = (struct tw_mcp_info){0};
    out->text_len = 0;
    read_topic(topic, &out->info);
    if (payload.len == 0)
        return TW_PROBLEM_NONE;
    tw_json_init(&s.r, payload);
    const bool good = read_message(&s);
    out->info.tools = out->tools;
    return good ? TW_PROBLEM_NONE : TW_PROBLEM_BAD_JSON_RPC;
}
