#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "event/batch.h"
#include "event/sparkplug.h"

/* A string whose bytes the test can spoil afterwards: a copy must not care. */
struct ink {
    char bytes[4096];
    size_t used;
};

static struct tw_str ink(struct ink *i, const char *z)
{
    size_t n = strlen(z);
    char *p = i->bytes + i->used;
    memcpy(p, z, n);
    i->used += n;
    return (struct tw_str){p, n};
}

static struct tw_maybe known(struct tw_str s)
{
    return (struct tw_maybe){.s = s};
}

static void every_string_is_copied(void **state)
{
    struct ink i = {.used = 0};
    struct tw_value names[] = {{.kind = TW_VALUE_INT, .i = -4, .name = ink(&i, "low")},
        {.kind = TW_VALUE_STRING, .s = ink(&i, "deep"), .name = ink(&i, "high")}};
    struct tw_value rows[] = {{.kind = TW_VALUE_OBJECT, .n = 2, .items = names},
        {.kind = TW_VALUE_BYTES, .s = ink(&i, "raw")}};
    struct tw_value outputs = {.kind = TW_VALUE_ARRAY, .n = 2, .items = rows};
    struct tw_value properties = {.kind = TW_VALUE_OBJECT, .n = 2, .items = names};
    struct tw_opcua_info o = {.serial = 1,
        .service = ink(&i, "Call"),
        .attribute = ink(&i, "Value"),
        .index_range = known(ink(&i, "1:2")),
        .audit_entry_id = known(ink(&i, "audit")),
        .security_policy = known(ink(&i, "None")),
        .security_mode = {.is_null = true},
        .application_uri = known(ink(&i, "urn:a")),
        .application_name = known(ink(&i, "A")),
        .product_uri = known(ink(&i, "urn:p")),
        .session_name = known(ink(&i, "S")),
        .user = known(ink(&i, "operator")),
        .session = known(ink(&i, "ns=1;i=1")),
        .user_token = ink(&i, "username"),
        .certificate_sha256 = known(ink(&i, "c0ffee")),
        .certificate_uri = ink(&i, "urn:c"),
        .server_uri = ink(&i, "urn:s"),
        .endpoint_url = ink(&i, "opc.tcp://plc:4840"),
        .object_id = ink(&i, "ns=2;s=Filters"),
        .outputs = &outputs,
        .request_id = 7};
    struct tw_decision_context decision = {.carrier = "payload",
        .agent = ink(&i, "opt"),
        .model = ink(&i, "forge"),
        .model_version = ink(&i, "2.4"),
        .model_sha256 = ink(&i, "9f86"),
        .approval = ink(&i, "CO-7"),
        .trace = ink(&i, "4bf9")};
    struct tw_mcp_tool tool = {.name = ink(&i, "set"), .sha256 = {7}};
    struct tw_mcp_info mcp = {.kind = "request",
        .topic = ink(&i, "$mcp-rpc"),
        .client_id = ink(&i, "planner"),
        .server_id = ink(&i, "gw"),
        .server_name = ink(&i, "valves"),
        .method = ink(&i, "tools/call"),
        .id = ink(&i, "3"),
        .tool = ink(&i, "get"),
        .arguments = ink(&i, "{}"),
        .error = ink(&i, "no"),
        .tools = &tool,
        .n_tools = 1};
    o.decision = &decision;
    struct tw_mqtt_more more = {.auth_method = ink(&i, "SCRAM"),
        .response_information = ink(&i, "r/"),
        .server_reference = ink(&i, "elsewhere"),
        .correlation = ink(&i, "job"),
        .will_content_type = ink(&i, "text/plain"),
        .will_response_topic = ink(&i, "r/w"),
        .will_delay = 30};
    struct tw_mqtt_info m = {.serial = 2,
        .decision = &decision,
        .mcp = &mcp,
        .version = "5.0",
        .client_id = known(ink(&i, "hmi-1")),
        .username = known(ink(&i, "hmi")),
        .payload = ink(&i, "{\"a\":1}"),
        .reason_string = ink(&i, "quota"),
        .content_type = ink(&i, "application/json"),
        .response_topic = ink(&i, "answers"),
        .will_topic = ink(&i, "wills"),
        .user_properties = &properties,
        .more = &more};
    struct tw_flow_info f = {
        .has_totals = true, .bytes = 12, .state = "established", .path = ink(&i, "/v1/models")};
    struct tw_session_facts facts = {.takeovers = 1};
    struct tw_event e = {.ts_ns = 5,
        .packet = 9,
        .action = TW_ACTION_CALL,
        .app = ink(&i, "ssh"),
        .object = ink(&i, "ns=2;s=Filters.StartBackwash"),
        .field = ink(&i, "/a/b"),
        .status = known(ink(&i, "Good")),
        .detail = ink(&i, "detail"),
        .value = outputs,
        .opcua = &o,
        .mqtt = &m,
        .flow_info = &f,
        .facts = &facts};
    struct tw_batch *b = tw_batch_new(16384);
    (void)state;
    assert_int_equal(tw_batch_add(b, &e), TW_OK);
    memset(&i, '#', sizeof(i));
    memset(names, 0x23, sizeof(names));
    memset(rows, 0x23, sizeof(rows));
    memset(&outputs, 0x23, sizeof(outputs));
    memset(&properties, 0x23, sizeof(properties));
    memset(&o, 0x23, sizeof(o));
    memset(&m, 0x23, sizeof(m));
    memset(&decision, 0x23, sizeof(decision));
    memset(&mcp, 0x23, sizeof(mcp));
    memset(&tool, 0x23, sizeof(tool));
    memset(&f, 0x23, sizeof(f));
    const struct tw_event *c = b->events[0];
    assert_int_equal(b->n, 1);
    assert_int_equal(c->ts_ns, 5);
    assert_true(tw_str_is(c->app, "ssh"));
    assert_true(tw_str_is(c->object, "ns=2;s=Filters.StartBackwash"));
    assert_true(tw_str_is(c->field, "/a/b"));
    assert_true(tw_str_is(c->status.s, "Good"));
    assert_true(tw_str_is(c->detail, "detail"));
    assert_null(c->facts);
    const struct {
        struct tw_str s;
        const char *want;
    } copies[] = {{c->opcua->service, "Call"}, {c->opcua->attribute, "Value"},
        {c->opcua->index_range.s, "1:2"}, {c->opcua->audit_entry_id.s, "audit"},
        {c->opcua->security_policy.s, "None"}, {c->opcua->application_uri.s, "urn:a"},
        {c->opcua->application_name.s, "A"}, {c->opcua->product_uri.s, "urn:p"},
        {c->opcua->session_name.s, "S"}, {c->opcua->user.s, "operator"},
        {c->opcua->session.s, "ns=1;i=1"}, {c->opcua->user_token, "username"},
        {c->opcua->certificate_sha256.s, "c0ffee"}, {c->opcua->certificate_uri, "urn:c"},
        {c->opcua->server_uri, "urn:s"}, {c->opcua->endpoint_url, "opc.tcp://plc:4840"},
        {c->opcua->object_id, "ns=2;s=Filters"}, {c->mqtt->client_id.s, "hmi-1"},
        {c->mqtt->username.s, "hmi"}, {c->mqtt->payload, "{\"a\":1}"},
        {c->mqtt->reason_string, "quota"}, {c->mqtt->content_type, "application/json"},
        {c->mqtt->response_topic, "answers"}, {c->mqtt->will_topic, "wills"},
        {c->value.items[1].s, "raw"}, {c->value.items[0].items[1].s, "deep"},
        {c->value.items[0].items[1].name, "high"},
        {c->opcua->outputs->items[0].items[0].name, "low"}, {c->mqtt->more->auth_method, "SCRAM"},
        {c->mqtt->more->response_information, "r/"}, {c->mqtt->more->server_reference, "elsewhere"},
        {c->mqtt->more->correlation, "job"}, {c->mqtt->more->will_content_type, "text/plain"},
        {c->mqtt->more->will_response_topic, "r/w"}, {c->mqtt->user_properties->items[1].s, "deep"},
        {c->mqtt->decision->agent, "opt"}, {c->mqtt->decision->model, "forge"},
        {c->mqtt->decision->model_version, "2.4"}, {c->mqtt->decision->model_sha256, "9f86"},
        {c->mqtt->decision->approval, "CO-7"}, {c->mqtt->decision->trace, "4bf9"},
        {c->opcua->decision->agent, "opt"}, {c->mqtt->mcp->topic, "$mcp-rpc"},
        {c->mqtt->mcp->client_id, "planner"}, {c->mqtt->mcp->server_id, "gw"},
        {c->mqtt->mcp->server_name, "valves"}, {c->mqtt->mcp->method, "tools/call"},
        {c->mqtt->mcp->id, "3"}, {c->mqtt->mcp->tool, "get"}, {c->mqtt->mcp->arguments, "{}"},
        {c->mqtt->mcp->error, "no"}, {c->mqtt->mcp->tools[0].name, "set"}};
    assert_int_equal(c->mqtt->mcp->tools[0].sha256[0], 7);
    for (size_t k = 0; k < sizeof(copies) / sizeof(copies[0]); k++)
        assert_true(tw_str_is(copies[k].s, copies[k].want));
    assert_int_equal(c->value.items[0].items[0].i, -4);
    assert_true(c->opcua->security_mode.is_null);
    assert_null(c->opcua->security_mode.s.p);
    assert_int_equal(c->opcua->request_id, 7);
    assert_string_equal(c->mqtt->version, "5.0");
    assert_int_equal(c->mqtt->more->will_delay, 30);
    assert_int_equal(c->flow_info->bytes, 12);
    assert_string_equal(c->flow_info->state, "established");
    assert_true(tw_str_is(c->flow_info->path, "/v1/models"));
    tw_batch_free(b);
}

static void facts_of_one_message_are_shared(void **state)
{
    struct tw_opcua_info o = {.serial = 3, .service = TW_STR("Write")};
    struct tw_mqtt_info m = {.serial = 3, .client_id = {.s = TW_STR("a")}};
    struct tw_event e = {.opcua = &o}, f = {.mqtt = &m};
    struct tw_batch *b = tw_batch_new(32768);
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tw_batch_add(b, &e), TW_OK);
        assert_int_equal(tw_batch_add(b, &f), TW_OK);
    }
    assert_ptr_equal(b->events[0]->opcua, b->events[2]->opcua);
    assert_ptr_equal(b->events[1]->mqtt, b->events[3]->mqtt);
    o.serial = m.serial = 4;
    assert_int_equal(tw_batch_add(b, &e), TW_OK);
    assert_int_equal(tw_batch_add(b, &f), TW_OK);
    assert_ptr_not_equal(b->events[4]->opcua, b->events[0]->opcua);
    assert_ptr_not_equal(b->events[5]->mqtt, b->events[1]->mqtt);
    o.serial = m.serial = 0; /* no serial: never shared */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tw_batch_add(b, &e), TW_OK);
        assert_int_equal(tw_batch_add(b, &f), TW_OK);
    }
    assert_ptr_not_equal(b->events[6]->opcua, b->events[8]->opcua);
    assert_ptr_not_equal(b->events[7]->mqtt, b->events[9]->mqtt);
    tw_batch_free(b);
}

static void a_reset_forgets_what_was_shared(void **state)
{
    struct tw_opcua_info o = {.serial = 3, .service = TW_STR("Write")};
    struct tw_event e = {.opcua = &o};
    struct tw_batch *b = tw_batch_new(8192);
    (void)state;
    assert_int_equal(tw_batch_add(b, &e), TW_OK);
    tw_batch_reset(b);
    assert_int_equal(b->n, 0);
    memset(b->arena.base, 0xee, b->arena.size);
    assert_int_equal(tw_batch_add(b, &e), TW_OK);
    assert_true(tw_str_is(b->events[0]->opcua->service, "Write"));
    tw_batch_free(b);
}

/* With every size of batch: what was added is whole, what did not fit is refused, and the next
 * batch gets its own copy of the facts. */
static void full_is_said_and_nothing_is_half(void **state)
{
    char long_text[700];
    memset(long_text, 'v', sizeof(long_text));
    struct tw_value items[3] = {{.kind = TW_VALUE_STRING, .s = {long_text, 100}},
        {.kind = TW_VALUE_STRING, .s = {long_text, 200}}, {.kind = TW_VALUE_INT, .i = 3}};
    struct tw_opcua_info o = {.service = TW_STR("Write"), .user = {.s = {long_text, 50}}};
    struct tw_event e = {.object = {long_text, sizeof(long_text)},
        .value = {.kind = TW_VALUE_ARRAY, .n = 3, .items = items},
        .opcua = &o};
    (void)state;
    for (size_t size = 512; size < 12000; size += 61) {
        struct tw_batch *b = tw_batch_new(size);
        for (unsigned round = 0; round < 2; round++) {
            enum tw_status st = TW_OK;
            for (uint64_t serial = 1; serial < 40 && st == TW_OK; serial++) {
                o.serial = serial / 2;
                st = tw_batch_add(b, &e);
            }
            assert_int_equal(st, TW_FULL);
            assert_int_equal(tw_batch_add(b, &e), TW_FULL);
            for (size_t i = 0; i < b->n; i++) {
                const struct tw_event *c = b->events[i];
                assert_int_equal(c->object.len, 700);
                assert_memory_equal(c->object.p, long_text, 700);
                assert_int_equal(c->value.items[1].s.len, 200);
                assert_int_equal(c->value.items[2].i, 3);
                assert_true(tw_str_is(c->opcua->service, "Write"));
                assert_int_equal(c->opcua->user.s.len, 50);
            }
            tw_batch_reset(b);
        }
        tw_batch_free(b);
    }
}

static void values_nest_only_so_deep(void **state)
{
    enum { DEPTH = 100 };
    struct tw_value v[DEPTH];
    struct tw_event e = {.action = TW_ACTION_READ};
    struct tw_batch *b = tw_batch_new(65536);
    (void)state;
    v[DEPTH - 1] = (struct tw_value){.kind = TW_VALUE_INT, .i = 1};
    for (int i = DEPTH - 2; i >= 0; i--)
        v[i] = (struct tw_value){.kind = TW_VALUE_ARRAY, .n = 1, .items = &v[i + 1]};
    e.value = v[0];
    assert_int_equal(tw_batch_add(b, &e), TW_OK);
    const struct tw_value *at = &b->events[0]->value;
    unsigned depth = 0;
    while (at->kind == TW_VALUE_ARRAY && at->items != NULL) {
        at = at->items;
        depth++;
    }
    assert_in_range(depth, 16, 40);
    tw_batch_free(b);
}

/* What belongs to a Sparkplug message is copied once for its metrics, what to a metric each time.
 */
static void sparkplug_facts_are_copied(void **state)
{
    struct ink i = {.used = 0};
    struct tw_value units[] = {
        {.kind = TW_VALUE_STRING, .s = ink(&i, "degC"), .name = ink(&i, "engUnit")}};
    struct tw_value properties = {.kind = TW_VALUE_OBJECT, .n = 1, .items = units};
    struct tw_sparkplug_info info = {.serial = 4,
        .kind = TW_SPARKPLUG_DDATA,
        .group = ink(&i, "g"),
        .edge_node = ink(&i, "e"),
        .device = ink(&i, "d"),
        .host = ink(&i, "h"),
        .uuid = ink(&i, "u")};
    struct tw_sparkplug_metric m = {.properties = &properties,
        .metadata = &properties,
        .unit = ink(&i, "degC"),
        .has_alias = true,
        .alias = 7};
    const struct tw_event e = {
        .protocol = TW_PROTO_MQTT, .action = TW_ACTION_PUBLISH, .sparkplug = &info, .metric = &m};
    struct tw_batch *b = tw_batch_new(64 * 1024);
    (void)state;
    assert_non_null(b);
    assert_int_equal(TW_OK, tw_batch_add(b, &e));
    m.alias = 8;
    assert_int_equal(TW_OK, tw_batch_add(b, &e));
    info.serial = 5;
    assert_int_equal(TW_OK, tw_batch_add(b, &e));
    memset(i.bytes, '!', i.used);
    memset(units, 0, sizeof(units));
    const struct tw_sparkplug_info *first = b->events[0]->sparkplug;
    assert_ptr_equal(first, b->events[1]->sparkplug);
    assert_ptr_not_equal(first, b->events[2]->sparkplug);
    const struct tw_str texts[] = {
        first->group, first->edge_node, first->device, first->host, first->uuid};
    static const char *const expected[] = {"g", "e", "d", "h", "u"};
    for (size_t k = 0; k < 5; k++)
        assert_true(tw_str_is(texts[k], expected[k]));
    for (unsigned k = 0; k < 2; k++) {
        const struct tw_sparkplug_metric *copy = b->events[k]->metric;
        assert_int_equal(7 + k, copy->alias);
        assert_true(tw_str_is(copy->unit, "degC"));
        assert_true(tw_str_is(copy->properties->items[0].name, "engUnit"));
        assert_true(tw_str_is(copy->metadata->items[0].s, "degC"));
    }
    tw_batch_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_string_is_copied),
        cmocka_unit_test(facts_of_one_message_are_shared),
        cmocka_unit_test(a_reset_forgets_what_was_shared),
        cmocka_unit_test(full_is_said_and_nothing_is_half),
        cmocka_unit_test(values_nest_only_so_deep),
        cmocka_unit_test(sparkplug_facts_are_copied),
    };
    return cmocka_run_group_tests_name("event/batch", tests, NULL, NULL);
}
