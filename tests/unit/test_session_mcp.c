#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/timefmt.h"
#include "event/emit_json.h"
#include "protocol/mcp.h"
#include "protocol/payload.h"
#include "session/session.h"

/* A broker with a planner and a valve server, seen at its tap: what they send comes out as lines.
 */
struct tap {
    struct tw_sessions *sessions;
    struct tw_text lines;
    int64_t now_ns;
    uint64_t packet, serial;
};

enum { PLANNER = 1, SERVER = 2, BROKER = 9 };

#define RPC "$mcp-rpc/planner/gw/valves"

static void add_mcp(struct tw_text *t, const struct tw_mcp_info *m)
{
    if (m->has_declared)
        tw_text_addf(t, " declared=%d", m->declared);
    if (m->changed)
        tw_text_addz(t, " changed");
    if (m->has_code)
        tw_text_addf(t, " code=%d", (int)m->code);
    if (m->error.p != NULL)
        tw_text_addf(t, " '%.*s'", TW_STR_ARG(m->error));
    if (m->has_seen)
        tw_text_addf(t, " added=%u changed=%u", m->tools_added, m->tools_changed);
}

static void note(void *user, const struct tw_event *e)
{
    struct tap *tap = user;
    struct tw_text *t = &tap->lines;
    if (e->action != TW_ACTION_TOOL && !e->mqtt->mcp->has_seen)
        return;
    tw_text_addf(t, "%u", (unsigned)e->packet);
    if (e->request_packet != 0)
        tw_text_addf(t, "<-%u", (unsigned)e->request_packet);
    tw_text_addf(t, " %s .%u", tw_action_name(e->action), e->src.ip.b[3]);
    if (e->mqtt->client_id.s.p != NULL)
        tw_text_addf(t, " %.*s", TW_STR_ARG(e->mqtt->client_id.s));
    if (e->action == TW_ACTION_TOOL)
        tw_text_addf(t, " %.*s", TW_STR_ARG(e->object));
    if (e->field.p != NULL) {
        tw_text_addf(t, " %.*s:", TW_STR_ARG(e->field));
        tw_value_json(t, &e->value);
    } else if (e->status.is_null) {
        tw_text_addz(t, " unanswered");
    } else if (e->status.s.p != NULL) {
        tw_text_addf(t, " %.*s%s", TW_STR_ARG(e->status.s), e->status_bad ? "!" : "");
    }
    if (e->field.p == NULL)
        add_mcp(t, e->mqtt->mcp);
    if (e->truncated)
        tw_text_addz(t, " truncated");
    tw_text_addz(t, "\n");
}

static struct tap tap_new(void)
{
    const struct tw_limits limits = tw_limits_default();
    static const struct tw_session_readers readers = {.leaves = tw_payload_leaves};
    struct tap tap = {.now_ns = INT64_C(1772352000) * TW_NS_PER_S};
    tap.sessions = tw_sessions_new(&limits, &readers);
    assert_non_null(tap.sessions);
    return tap;
}

static void tap_free(struct tap *tap)
{
    tw_sessions_free(tap->sessions);
    tw_text_free(&tap->lines);
}

static struct tw_endpoint at(unsigned host)
{
    struct tw_endpoint e = {.port = host == BROKER ? 1883 : (uint16_t)(40000 + host)};
    e.ip.family = 4;
    e.ip.b[0] = 10;
    e.ip.b[3] = (uint8_t)host;
    return e;
}

static void length_as_digest(const void *p, size_t len, uint8_t out[TW_MCP_DIGEST])
{
    (void)p;
    memset(out, (int)len, TW_MCP_DIGEST);
}

/* One leg of a message, 100 ms after the last one. */
static void leg(struct tap *tap, enum tw_action action, unsigned from, unsigned to,
    const char *topic, const char *payload)
{
    const struct tw_emit out = {note, tap};
    static const char *const names[] = {[PLANNER] = "planner", [SERVER] = "gw"};
    const unsigned client = action == TW_ACTION_PUBLISH ? from : to;
    struct tw_mqtt_info mqtt = {.serial = ++tap->serial,
        .version = "5.0",
        .client_id = {.s = tw_str_of(names[client])},
        .payload_hash = tw_hash_stable(payload, strlen(payload))};
    struct tw_event e = {.ts_ns = tap->now_ns += 100 * TW_NS_PER_MS,
        .packet = ++tap->packet,
        .protocol = TW_PROTO_MQTT,
        .action = action,
        .src = at(from),
        .dst = at(to),
        .flow = client,
        .object = tw_str_of(topic),
        .mqtt = &mqtt};
    struct tw_mcp_read read;
    assert_int_equal(
        tw_mcp_read(e.object, tw_str_of(payload), length_as_digest, &read), TW_PROBLEM_NONE);
    mqtt.mcp = &read.info;
    tw_sessions_event(tap->sessions, &e, &out);
}

static void send(struct tap *tap, unsigned from, const char *topic, const char *payload)
{
    leg(tap, TW_ACTION_PUBLISH, from, BROKER, topic, payload);
    leg(tap, TW_ACTION_DELIVER, BROKER, from == PLANNER ? SERVER : PLANNER, topic, payload);
}

static void tick(struct tap *tap, int64_t seconds)
{
    const struct tw_emit out = {note, tap};
    tap->now_ns += seconds * TW_NS_PER_S;
    tw_sessions_tick(tap->sessions, tap->now_ns, &out);
}

static void expect(struct tap *tap, const char *lines)
{
    tw_text_add(&tap->lines, "", 1);
    assert_string_equal(tap->lines.p, lines);
    tw_text_clear(&tap->lines);
}

static const char call_3[] = "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":"
                             "{\"name\":\"set\",\"arguments\":{\"id\":\"V1\",\"pos\":[95,null]}}}";
static const char good_3[] = "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"content\":[]}}";

static void a_call_and_its_result(void **state)
{
    struct tap tap = tap_new();
    (void)state;
    send(&tap, PLANNER, RPC, call_3);
    expect(&tap, "");
    send(&tap, SERVER, RPC, good_3);
    expect(&tap, "3<-1 tool .1 planner set Success\n"
                 "3<-1 tool .1 planner set /id:\"V1\"\n"
                 "3<-1 tool .1 planner set /pos/0:95\n"
                 "3<-1 tool .1 planner set /pos/1:null\n");
    /* The same result once more, and time: nothing. */
    send(&tap, SERVER, RPC, good_3);
    tick(&tap, 100);
    expect(&tap, "");
    tap_free(&tap);
}

static void results_that_are_bad(void **state)
{
    static const struct {
        const char *result, *line;
    } rows[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"isError\":true}}", " ToolError!"},
        {"{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32601,\"message\":\"m\"}}",
            " MethodNotFound! code=-32601 'm'"},
        {"{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32602}}",
            " InvalidParams! code=-32602"},
        {"{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32600}}",
            " InvalidRequest! code=-32600"},
        {"{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32603}}",
            " InternalError! code=-32603"},
        {"{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-32700}}", " ParseError! code=-32700"},
        {"{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":{\"code\":-1}}", " ServerError! code=-1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tap tap = tap_new();
        char line[128];
        snprintf(line, sizeof(line), "3<-1 tool .1 planner get%s\n", rows[i].line);
        send(&tap, PLANNER, RPC,
            "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/"
            "call\",\"params\":{\"name\":\"get\"}}");
        send(&tap, SERVER, RPC, rows[i].result);
        expect(&tap, line);
        tap_free(&tap);
    }
}

static void calls_that_nobody_answers(void **state)
{
    struct tap tap = tap_new();
    const struct tw_emit out = {note, &tap};
    (void)state;
    send(&tap, PLANNER, RPC, call_3);
    tick(&tap, 59);
    expect(&tap, "");
    tick(&tap, 2);
    expect(&tap, "2<-1 tool .1 planner set unanswered\n"
                 "2<-1 tool .1 planner set /id:\"V1\"\n"
                 "2<-1 tool .1 planner set /pos/0:95\n"
                 "2<-1 tool .1 planner set /pos/1:null\n");
    send(&tap, SERVER, RPC, good_3); /* too late */
    expect(&tap, "");
    /* An id that is used again takes the older call's place. */
    send(&tap, PLANNER, RPC,
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"a\"}}");
    send(&tap, PLANNER, RPC,
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{\"name\":\"b\"}}");
    expect(&tap, "7<-5 tool .1 planner a unanswered\n");
    tw_sessions_finish(tap.sessions, &out);
    expect(&tap, "8<-7 tool .1 planner b unanswered\n");
    tap_free(&tap);
}

/* 7 and "7", another client, another server, another broker's client: no result of this call. */
static void results_of_others(void **state)
{
    struct tap tap = tap_new();
    (void)state;
    send(&tap, PLANNER, RPC, call_3);
    send(&tap, SERVER, RPC, "{\"jsonrpc\":\"2.0\",\"id\":\"3\",\"result\":{}}");
    send(&tap, SERVER, RPC, "{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{}}");
    send(&tap, SERVER, "$mcp-rpc/other/gw/valves", good_3);
    send(&tap, SERVER, "$mcp-rpc/planner/gw2/valves", good_3);
    send(&tap, SERVER, "$mcp-rpc/planner/gw/pumps", good_3);
    send(&tap, SERVER, "$mcp-server/gw/valves", good_3);
    expect(&tap, "");
    tap_free(&tap);
}

/* Where only the server's connection is seen, nobody knows who called. */
static void only_the_servers_leg(void **state)
{
    struct tap tap = tap_new();
    (void)state;
    leg(&tap, TW_ACTION_DELIVER, BROKER, SERVER, RPC, call_3);
    leg(&tap, TW_ACTION_PUBLISH, SERVER, BROKER, RPC, good_3);
    expect(&tap, "2<-1 tool .9 set Success\n"
                 "2<-1 tool .9 set /id:\"V1\"\n"
                 "2<-1 tool .9 set /pos/0:95\n"
                 "2<-1 tool .9 set /pos/1:null\n");
    /* And only the client's. */
    leg(&tap, TW_ACTION_PUBLISH, PLANNER, BROKER, RPC,
        "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"tools/call\",\"params\":{\"name\":\"get\"}}");
    leg(&tap, TW_ACTION_DELIVER, BROKER, PLANNER, RPC,
        "{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{}}");
    expect(&tap, "4<-3 tool .1 planner get Success\n");
    tap_free(&tap);
}

#define LIST(tools) "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[" tools "]}}"
#define CALL(name)                                                                                 \
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/call\",\"params\":{\"name\":\"" name "\"}}"

static void call(struct tap *tap, const char *payload)
{
    send(tap, PLANNER, RPC, payload);
    send(tap, SERVER, RPC, "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{}}");
}

static void tools_are_held_against_the_list(void **state)
{
    struct tap tap = tap_new();
    (void)state;
    call(&tap, CALL("get"));
    expect(&tap, "3<-1 tool .1 planner get Success\n"); /* no list: nothing to say */
    leg(&tap, TW_ACTION_PUBLISH, SERVER, BROKER, RPC,
        LIST("{\"name\":\"get\"},{\"name\":\"set\"}"));
    expect(&tap, "");
    call(&tap, CALL("get"));
    call(&tap, CALL("reboot"));
    expect(&tap, "8<-6 tool .1 planner get Success declared=1\n"
                 "12<-10 tool .1 planner reboot Success declared=0\n");
    /* Another description, and another tool. */
    leg(&tap, TW_ACTION_PUBLISH, SERVER, BROKER, RPC,
        LIST("{\"name\":\"get\",\"description\":\"d\"},{\"name\":\"set\"},{\"name\":\"reboot\"}"));
    expect(&tap, "14 publish .2 gw added=1 changed=1\n");
    call(&tap, CALL("get"));
    call(&tap, CALL("set"));
    call(&tap, CALL("reboot"));
    expect(&tap, "17<-15 tool .1 planner get Success declared=1 changed\n"
                 "21<-19 tool .1 planner set Success declared=1\n"
                 "25<-23 tool .1 planner reboot Success declared=1\n");
    /* Back again. */
    leg(&tap, TW_ACTION_PUBLISH, SERVER, BROKER, RPC, LIST("{\"name\":\"get\"}"));
    call(&tap, CALL("get"));
    expect(&tap, "27 publish .2 gw added=0 changed=1\n"
                 "30<-28 tool .1 planner get Success declared=1\n");
    tap_free(&tap);
}

/* More tools than are remembered, or than are read of one list: of a tool that is not among them
 * nobody knows whether it was. */
static void more_tools_than_are_remembered(void **state)
{
    static const struct {
        unsigned lists, tools;
    } cases[] = {{1, TW_MCP_TOOLS + 1}, {33, TW_MCP_TOOLS}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tap tap = tap_new();
        struct tw_text list = {0};
        for (unsigned n = 0; n < cases[i].lists; n++) {
            tw_text_clear(&list);
            tw_text_addz(&list, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[");
            for (unsigned k = 0; k < cases[i].tools; k++)
                tw_text_addf(&list, "%s{\"name\":\"t%u-%u\"}", k > 0 ? "," : "", n, k);
            tw_text_addz(&list, "]}}");
            tw_text_add(&list, "", 1);
            leg(&tap, TW_ACTION_PUBLISH, SERVER, BROKER, RPC, list.p);
        }
        tw_text_clear(&tap.lines);
        leg(&tap, TW_ACTION_PUBLISH, PLANNER, BROKER, RPC, CALL("get"));
        leg(&tap, TW_ACTION_PUBLISH, SERVER, BROKER, RPC,
            "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{}}");
        tw_text_add(&tap.lines, "", 1);
        assert_non_null(strstr(tap.lines.p, "tool .1 planner get Success\n"));
        tw_text_free(&list);
        tap_free(&tap);
    }
}

/* More calls at once than there is room for: the oldest is given up, none is lost. */
static void many_calls(void **state)
{
    struct tap tap = tap_new();
    const struct tw_emit out = {note, &tap};
    unsigned n = 0;
    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        char payload[128];
        snprintf(payload, sizeof(payload),
            "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"tools/call\",\"params\":{\"name\":\"t\"}}",
            i);
        leg(&tap, TW_ACTION_PUBLISH, PLANNER, BROKER, RPC, payload);
    }
    tw_sessions_finish(tap.sessions, &out);
    for (size_t i = 0; i < tap.lines.len; i++)
        n += tap.lines.p[i] == '\n';
    assert_int_equal(n, 300);
    tap_free(&tap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_and_its_result),
        cmocka_unit_test(results_that_are_bad),
        cmocka_unit_test(calls_that_nobody_answers),
        cmocka_unit_test(results_of_others),
        cmocka_unit_test(only_the_servers_leg),
        cmocka_unit_test(tools_are_held_against_the_list),
        cmocka_unit_test(more_tools_than_are_remembered),
        cmocka_unit_test(many_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
