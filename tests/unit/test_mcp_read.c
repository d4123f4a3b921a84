#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard.h"
#include "protocol/mcp.h"

static void length_as_digest(const void *p, size_t len, uint8_t out_digest[TW_MCP_DIGEST])
{
    memset(out_digest, 0, TW_MCP_DIGEST);
    out_digest[0] = (uint8_t)len;
    out_digest[1] = len > 0 ? ((const uint8_t *)p)[0] : 0;
}

static const struct {
    const char *payload, *line; /* line NULL: no message of JSON-RPC 2.0 */
} rows[] = {
    {"{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":\"set\","
     "\"arguments\":{\"id\":\"V1\",\"n\":{\"x\":[1,2]}}}}",
        "request id 3 tools/call set {\"id\":\"V1\",\"n\":{\"x\":[1,2]}}"},
    {"{\"params\":{\"arguments\":{},\"name\":\"s\\u0065t\"},\"method\":\"tools/call\",\"id\":\"a\","
     "\"jsonrpc\":\"2.0\"}",
        "request id \"a\" tools/call set {}"},
    {"{\"jsonrpc\":\"2.0\",\"id\":18446744073709551615,\"method\":\"tools/list\"}",
        "request id 18446744073709551615 tools/list"},
    {"{\"jsonrpc\":\"2.0\",\"id\":-1,\"method\":\"tools/call\",\"params\":{\"name\":\"get\"}}",
        "request id -1 tools/call get"},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
        "notification notifications/initialized"},
    /* name and arguments of another method are no call */
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"prompts/get\",\"params\":{\"name\":\"p\","
     "\"arguments\":{\"a\":\"b\"}}}",
        "request id 1 prompts/get"},
    {"{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"ok\"}]}"
     "}",
        "response id 3"},
    {"{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"content\":[],\"isError\":true}}",
        "response id 3 error"},
    {"{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"isError\":false}}", "response id 3"},
    {"{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":null}", "response id 3"},
    {"{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32602,\"message\":\"no such tool\","
     "\"data\":[1]}}",
        "response id 3 error -32602 'no such tool'"},
    {"{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"?\"}}",
        "response error -32700 '?'"},
    {"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[{\"name\":\"a\"},{\"description\":\"d\","
     "\"name\":\"b\",\"inputSchema\":{\"type\":\"object\"}},{\"title\":\"no name\"},7],"
     "\"nextCursor\":\"x\"}}",
        "response id 2 tools a:12{ b:62{"},
    {"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[]}}", "response id 2 tools"},
    {"", ""},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}", NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":7}}", NULL},
    {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"x\"}", NULL},
    {"{\"id\":1,\"method\":\"x\"}", NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1}", NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"result\":{}}", NULL},
    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{},\"result\":{}}", NULL},
    {"[]", NULL},
    {"7", NULL},
    {"hello", NULL},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"x\"", NULL},
};

static void describe(const struct tw_mcp_info *m, struct tw_text *out)
{
    const char *quote = m->id_is_text ? "\"" : "";
    tw_text_clear(out);
    if (m->kind != NULL)
        tw_text_addz(out, m->kind);
    if (m->id.p != NULL)
        tw_text_addf(out, " id %s%.*s%s", quote, TW_STR_ARG(m->id), quote);
    if (m->method.p != NULL)
        tw_text_addf(out, " %.*s", TW_STR_ARG(m->method));
    if (m->tool.p != NULL)
        tw_text_addf(out, " %.*s", TW_STR_ARG(m->tool));
    if (m->arguments.p != NULL)
        tw_text_addf(out, " %.*s", TW_STR_ARG(m->arguments));
    if (m->is_error)
        tw_text_addz(out, " error");
    if (m->has_code)
        tw_text_addf(out, " %d", (int)m->code);
    if (m->error.p != NULL)
        tw_text_addf(out, " '%.*s'", TW_STR_ARG(m->error));
    if (m->has_tools)
        tw_text_addz(out, " tools");
    for (uint32_t i = 0; i < m->n_tools; i++)
        tw_text_addf(out, " %.*s:%u%c", TW_STR_ARG(m->tools[i].name), m->tools[i].sha256[0],
            m->tools[i].sha256[1]);
    tw_text_add(out, "", 1);
}

static void reads_messages(void **state)
{
    struct guard g = guard_new();
    struct tw_text out = {0};
    struct tw_mcp_read read;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const size_t n = strlen(rows[i].payload);
        const struct tw_str whole = tw_str_bytes(guard_put(&g, rows[i].payload, n), n);
        const enum tw_payload_problem problem =
            tw_mcp_read(TW_STR("$mcp-rpc/c/s/n"), whole, length_as_digest, &read);
        assert_int_equal(problem, rows[i].line != NULL ? TW_PROBLEM_NONE : TW_PROBLEM_BAD_JSON_RPC);
        describe(&read.info, &out);
        if (rows[i].line != NULL)
            assert_string_equal(out.p, rows[i].line);
        for (size_t keep = 1; keep < n; keep++)
            assert_int_equal(
                tw_mcp_read(TW_STR("$mcp-rpc/c/s/n"),
                    tw_str_bytes(guard_put(&g, rows[i].payload, keep), keep), NULL, &read),
                TW_PROBLEM_BAD_JSON_RPC);
    }
    tw_text_free(&out);
    guard_free(&g);
}

static const struct {
    const char *topic, *client, *server, *name;
} topics[] = {
    {"$mcp-rpc/c1/s1/plant/line1/valves", "c1", "s1", "plant/line1/valves"},
    {"$mcp-rpc/c1/s1", "c1", "s1", NULL},
    {"$mcp-rpc/c1", "c1", NULL, NULL},
    {"$mcp-server/s1/plant/valves", NULL, "s1", "plant/valves"},
    {"$mcp-server/presence/s1/plant/valves", NULL, "s1", "plant/valves"},
    {"$mcp-server/capability/s1/n", NULL, "s1", "n"},
    {"$mcp-client/presence/c1", "c1", NULL, NULL},
    {"$mcp-client/capability/c1", "c1", NULL, NULL},
    {"$mcp-other/c1", NULL, NULL, NULL},
    {"$mcp-rpc", NULL, NULL, NULL},
};

static bool is(struct tw_str s, const char *z)
{
    return z == NULL ? s.len == 0 : tw_str_is(s, z);
}

static void reads_topics(void **state)
{
    struct guard g = guard_new();
    struct tw_mcp_read read;
    (void)state;
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        const size_t n = strlen(topics[i].topic);
        const struct tw_str topic = tw_str_bytes(guard_put(&g, topics[i].topic, n), n);
        assert_true(tw_mcp_is_topic(topic));
        (void)tw_mcp_read(topic, TW_STR(""), NULL, &read);
        assert_true(is(read.info.client_id, topics[i].client));
        assert_true(is(read.info.server_id, topics[i].server));
        assert_true(is(read.info.server_name, topics[i].name));
    }
    assert_false(tw_mcp_is_topic(TW_STR("$mcp-")));
    assert_false(tw_mcp_is_topic(TW_STR("$SYS/broker")));
    assert_false(tw_mcp_is_topic(TW_STR("mcp-rpc/c/s")));
    guard_free(&g);
}

static void cuts_what_is_long(void **state)
{
    struct tw_text t = {0};
    struct tw_mcp_read read;
    (void)state;
    tw_text_addz(&t, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":"
                     "\"t\",\"arguments\":{\"a\":\"");
    for (unsigned i = 0; i < TW_MCP_ARGUMENTS; i++)
        tw_text_addz(&t, "x");
    tw_text_addz(&t, "\"}}}");
    assert_int_equal(
        tw_mcp_read(TW_STR("$mcp-rpc/c/s/n"), tw_text_str(&t), NULL, &read), TW_PROBLEM_NONE);
    assert_true(read.info.arguments_cut);
    assert_int_equal(read.info.arguments.len, TW_MCP_ARGUMENTS);
    tw_text_clear(&t);
    tw_text_addz(&t, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[");
    for (unsigned i = 0; i <= TW_MCP_TOOLS; i++)
        tw_text_addf(&t, "%s{\"name\":\"\\u0074%u\"}", i > 0 ? "," : "", i);
    tw_text_addz(&t, "]}}");
    assert_int_equal(
        tw_mcp_read(TW_STR("$mcp-rpc/c/s/n"), tw_text_str(&t), NULL, &read), TW_PROBLEM_NONE);
    assert_true(read.info.tools_cut && read.info.n_tools == TW_MCP_TOOLS);
    assert_true(tw_str_is(read.info.tools[TW_MCP_TOOLS - 1].name, "t127"));
    tw_text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_messages),
        cmocka_unit_test(reads_topics),
        cmocka_unit_test(cuts_what_is_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
