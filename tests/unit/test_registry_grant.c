#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry/model.h"
#include "registry_help.h"

#define MASH "192.168.7.51"
#define KETTLE "192.168.7.10"
#define CELLAR "192.168.7.11"

static const struct {
    const char *ip, *server;
    enum tw_action action;
    const char *object, *object_id;
    bool allowed;
    const char *approval;
} opcua[] = {
    {MASH, KETTLE, TW_ACTION_READ, "ns=2;s=Kettle.Temp.PV", NULL, true, "-"},
    {MASH, KETTLE, TW_ACTION_SUBSCRIBE, "ns=2;s=Kettle.Temp.PV", NULL, true, "-"},
    {MASH, KETTLE, TW_ACTION_READ, "ns=2;s=Tank.Level", NULL, false, "-"},
    {MASH, KETTLE, TW_ACTION_READ, "ns=3;s=Kettle.Temp.PV", NULL, false, "-"},
    {MASH, CELLAR, TW_ACTION_READ, "ns=2;s=Kettle.Temp.PV", NULL, false, "-"},
    {MASH, "192.168.7.99", TW_ACTION_READ, "ns=2;s=Kettle.Temp.PV", NULL, false, "-"},
    /* Namespace 0 is open to everybody for looking, not for changing. */
    {MASH, CELLAR, TW_ACTION_READ, "i=2258", NULL, true, "-"},
    {MASH, CELLAR, TW_ACTION_BROWSE, "i=85", NULL, true, "-"},
    {MASH, CELLAR, TW_ACTION_SUBSCRIBE, "i=2253", NULL, true, "-"},
    {MASH, CELLAR, TW_ACTION_WRITE, "i=2258", NULL, false, "-"},
    {MASH, CELLAR, TW_ACTION_CALL, "i=11492", "i=2253", false, "-"},
    {MASH, CELLAR, TW_ACTION_HISTORY_READ, "i=2258", NULL, false, "-"},
    /* Browsing: what is granted, and the way to it. */
    {MASH, KETTLE, TW_ACTION_BROWSE, "ns=2;s=Kettle.Temp", NULL, true, "-"},
    {MASH, KETTLE, TW_ACTION_BROWSE, "ns=2;s=Kettle", NULL, true, "-"},
    {MASH, KETTLE, TW_ACTION_BROWSE, "ns=2;s=Kett", NULL, false, "-"},
    {MASH, KETTLE, TW_ACTION_BROWSE, "ns=2;s=Safety", NULL, false, "-"},
    {MASH, KETTLE, TW_ACTION_READ, "ns=2;s=Kettle", NULL, false, "-"},
    /* Writing: the exact node with its conditions, a pattern without. */
    {MASH, KETTLE, TW_ACTION_WRITE, "ns=2;s=Kettle.Temp.SP", NULL, true, "brewer-ok"},
    {MASH, KETTLE, TW_ACTION_WRITE, "ns=2;s=Kettle.Hop.Note", NULL, true, "-"},
    {MASH, KETTLE, TW_ACTION_WRITE, "ns=2;s=Kettle.Temp.PV", NULL, false, "-"},
    {MASH, KETTLE, TW_ACTION_WRITE, "ns=2;s=kettle.temp.sp", NULL, false, "-"},
    /* Calling: object and method both. */
    {MASH, KETTLE, TW_ACTION_CALL, "ns=2;s=Hop.Dose", "ns=2;s=Hop", true, "-"},
    {MASH, KETTLE, TW_ACTION_CALL, "ns=2;s=Hop.Dose", "ns=2;s=Safety", false, "-"},
    {MASH, KETTLE, TW_ACTION_CALL, "ns=2;s=Hop.Empty", "ns=2;s=Hop", false, "-"},
    {MASH, KETTLE, TW_ACTION_HISTORY_READ, "ns=2;s=Kettle.Temp.PV", NULL, true, "-"},
    {MASH, KETTLE, TW_ACTION_HISTORY_READ, "ns=2;s=Kettle.Temp.SP", NULL, false, "-"},
    {MASH, KETTLE, TW_ACTION_HISTORY_WRITE, "ns=2;s=Kettle.Temp.PV", NULL, false, "-"},
    {MASH, KETTLE, TW_ACTION_MANAGE, "ns=2;s=Kettle.Temp.PV", NULL, false, "-"},
    /* Coming and going needs no right. */
    {MASH, CELLAR, TW_ACTION_CONNECT, "opc.tcp://x", NULL, true, "-"},
    {MASH, CELLAR, TW_ACTION_SESSION, "s", NULL, true, "-"},
    {MASH, CELLAR, TW_ACTION_DISCOVER, "opc.tcp://x", NULL, true, "-"},
    {MASH, CELLAR, TW_ACTION_UNSUBSCRIBE, "ns=2;s=X", NULL, true, "-"},
    /* Nor is what is encrypted held against one: nobody can say what it was. */
    {MASH, KETTLE, TW_ACTION_UNKNOWN, NULL, NULL, true, "-"},
    /* A right without nodes is for all of them. */
    {"192.168.7.52", CELLAR, TW_ACTION_READ, "ns=9;s=Anything", NULL, true, "-"},
    {"192.168.7.52", CELLAR, TW_ACTION_WRITE, "ns=9;s=Anything", NULL, false, "-"},
    /* PubSub: who may publish, of whatever is called a DataSet there. */
    {"192.168.7.52", CELLAR, TW_ACTION_PUBLISH, "2234/100/1", NULL, true, "-"},
    {"192.168.7.52", KETTLE, TW_ACTION_PUBLISH, "2234/100/1", NULL, false, "-"},
    {MASH, KETTLE, TW_ACTION_PUBLISH, "2234/100/1", NULL, false, "-"},
    /* An asset without rights is free; one with rights is not; a stranger has none. */
    {"192.168.7.40", KETTLE, TW_ACTION_WRITE, "ns=2;s=Safety.Trip", NULL, true, "-"},
    {KETTLE, CELLAR, TW_ACTION_WRITE, "ns=2;s=Safety.Trip", NULL, false, "-"},
    {"192.168.7.99", KETTLE, TW_ACTION_READ, "ns=2;s=Kettle.Temp.PV", NULL, false, "-"},
    {"192.168.7.99", KETTLE, TW_ACTION_READ, "i=2258", NULL, false, "-"},
};

static void opcua_rights(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(opcua) / sizeof(opcua[0]); i++) {
        struct tw_opcua_info info = {.object_id = tw_str_of(opcua[i].object_id)};
        struct tw_event e = opcua_event(opcua[i].action, opcua[i].ip, opcua[i].object, &info);
        e.dst = place(opcua[i].server, 4840, NULL);
        struct tw_facts f = resolve(&e);
        if (f.grant.allowed != opcua[i].allowed)
            print_error("row %zu: %s %s\n", i, tw_action_name(opcua[i].action), opcua[i].object);
        assert_int_equal(f.grant.allowed, opcua[i].allowed);
        assert_string_equal(text(f.grant.needs_approval), opcua[i].approval);
    }
}

static void conditions_come_along(void **state)
{
    (void)state;
    struct tw_opcua_info info = {0};
    struct tw_event e = opcua_event(TW_ACTION_WRITE, MASH, "ns=2;s=Kettle.Temp.SP", &info);
    struct tw_facts f = resolve(&e);
    assert_true(f.grant.has_max_step);
    assert_true(f.grant.max_step == 2.5);
    assert_true(f.grant.has_rate);
    assert_true(f.grant.rate_per_s == 0.1);
    assert_string_equal(text(f.grant.rate_text), "6/min");
    assert_false(f.grant.default_open);
    e.src = place("192.168.7.40", 50000, NULL);
    f = resolve(&e);
    assert_true(f.grant.default_open);
    assert_false(f.grant.has_max_step);
}

static const struct {
    const char *ip;
    enum tw_action action;
    const char *topic;
    bool allowed;
} mqtt[] = {
    {MASH, TW_ACTION_PUBLISH, "brew/ai/mash/decision", true},
    {MASH, TW_ACTION_PUBLISH, "brew/ai/mash", true},
    {MASH, TW_ACTION_PUBLISH, "brew/ai/mashed", false},
    {MASH, TW_ACTION_PUBLISH, "brew/cmd/valve", false},
    {MASH, TW_ACTION_PUBLISH, "brew/kettle/temp", false},
    {MASH, TW_ACTION_SUBSCRIBE, "brew/kettle/temp", true},
    {MASH, TW_ACTION_SUBSCRIBE, "brew/kettle/+", true},
    {MASH, TW_ACTION_SUBSCRIBE, "$share/g/brew/kettle/+", true},
    {MASH, TW_ACTION_SUBSCRIBE, "brew/kettle/#", false},
    {MASH, TW_ACTION_SUBSCRIBE, "brew/ok/x/y", true},
    {MASH, TW_ACTION_SUBSCRIBE, "brew/ok", true},
    {MASH, TW_ACTION_SUBSCRIBE, "#", false},
    {MASH, TW_ACTION_SUBSCRIBE, "$SYS/#", false},
    {MASH, TW_ACTION_TOOL, "brew/ai/mash/x", false},
    {MASH, TW_ACTION_UNSUBSCRIBE, "#", true},
    {KETTLE, TW_ACTION_PUBLISH, "brew/kettle/temp", true},
    {KETTLE, TW_ACTION_PUBLISH, "brew/kettle/a/b", false},
    {"192.168.7.99", TW_ACTION_PUBLISH, "brew/ai/mash/decision", false},
};

static void mqtt_rights(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mqtt) / sizeof(mqtt[0]); i++) {
        struct tw_mqtt_info info = {0};
        struct tw_event e = mqtt_event(mqtt[i].action, mqtt[i].ip, mqtt[i].topic, NULL, &info);
        struct tw_facts f = resolve(&e);
        if (f.grant.allowed != mqtt[i].allowed)
            print_error("row %zu: %s %s\n", i, tw_action_name(mqtt[i].action), mqtt[i].topic);
        assert_int_equal(f.grant.allowed, mqtt[i].allowed);
    }
    /* A right is for one broker. */
    struct tw_mqtt_info info = {0};
    struct tw_event e = mqtt_event(TW_ACTION_PUBLISH, MASH, "brew/ai/mash/decision", NULL, &info);
    e.dst = place("192.168.7.10", 1883, NULL);
    assert_false(resolve(&e).grant.allowed);
}

/* A call's object is the tool; what a right covers is the topic that carries it. */
static void tool_rights(void **state)
{
    static const struct {
        const char *ip, *topic;
        bool allowed;
    } tools[] = {{"192.168.7.52", "$mcp-rpc/c/cellar/valves", true},
        {"192.168.7.52", "$mcp-rpc/c/kettle/valves", false},
        {"192.168.7.52", "$mcp-rpc/d/cellar/valves", true},
        {MASH, "$mcp-rpc/c/cellar/valves", false}};
    (void)state;
    for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++) {
        const struct tw_mcp_info mcp = {.topic = tw_str_of(tools[i].topic)};
        struct tw_mqtt_info info = {.mcp = &mcp};
        struct tw_event e = mqtt_event(TW_ACTION_TOOL, tools[i].ip, "set_valve", NULL, &info);
        assert_int_equal(resolve(&e).grant.allowed, tools[i].allowed);
    }
}

static const struct {
    const char *ip, *app, *to;
    uint16_t port;
    bool allowed;
} flows[] = {
    {MASH, "dns", "192.168.7.1", 53, true},
    {MASH, "DNS", "192.168.7.1", 53, true},
    {MASH, "ntp", "10.9.3.4", 123, true},
    {MASH, "ntp", "10.10.3.4", 123, false},
    {MASH, "ssh", "192.168.7.1", 22, false},
    {MASH, "http", "192.168.9.9", 8080, true},
    {MASH, "http", "192.168.9.9", 80, false},
    {MASH, "http", "203.0.113.1", 8080, false},
    /* A connection to a server that it has rights on, whatever nDPI calls it. */
    {MASH, "tls", "192.168.7.20", 8883, true},
    {MASH, "tls", "192.168.7.20", 443, false},
    {MASH, "tls", "192.168.7.11", 4840, false},
    {"192.168.7.40", "ssh", "203.0.113.1", 22, true},
    {"192.168.7.99", "dns", "192.168.7.1", 53, false},
};

static void rights_for_other_protocols(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
        struct tw_event e = {.action = TW_ACTION_FLOW,
            .app = tw_str_of(flows[i].app),
            .src = place(flows[i].ip, 50000, NULL),
            .dst = place(flows[i].to, flows[i].port, NULL),
            .flow = 3};
        struct tw_facts f = resolve(&e);
        if (f.grant.allowed != flows[i].allowed)
            print_error("row %zu: %s to %s\n", i, flows[i].app, flows[i].to);
        assert_int_equal(f.grant.allowed, flows[i].allowed);
    }
}

static void filters_cover_filters(void **state)
{
    static const struct {
        const char *filter, *sub;
        bool covers;
    } rows[] = {{"a", "a", true}, {"a", "b", false}, {"a/b", "a", false}, {"a", "a/b", false},
        {"+", "a", true}, {"+", "+", true}, {"a", "+", false}, {"#", "a/b", true}, {"#", "#", true},
        {"#", "+/x", true}, {"+", "#", false}, {"a/#", "a", true}, {"a/#", "a/b/c", true},
        {"a/#", "a/#", true}, {"a/#", "a/+/#", true}, {"a/+/#", "a/#", false}, {"a/+", "a", false},
        {"a/+", "a/#", false}, {"+/+", "a/b", true}, {"+/b", "a/+", false},
        {"a/+/c", "a/b/c", true}, {"a/+/c", "a/+/c", true}, {"a/+/c", "a/+/+", false},
        {"#", "$SYS/x", false}, {"+/x", "$SYS/x", false}, {"$SYS/#", "$SYS/x", true},
        {"$share/g/a/#", "a/b", true}, {"a/#", "$share/g/a/b", true}, {"", "a", false},
        {"a", "", false}, {"a//b", "a//b", true}, {"a/+/b", "a//b", true}, {"/", "/", true},
        {"/+", "/", true}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool covers = tw_topic_covers(tw_str_of(rows[i].filter), tw_str_of(rows[i].sub));
        if (covers != rows[i].covers)
            print_error("%s over %s\n", rows[i].filter, rows[i].sub);
        assert_int_equal(covers, rows[i].covers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opcua_rights),
        cmocka_unit_test(conditions_come_along),
        cmocka_unit_test(mqtt_rights),
        cmocka_unit_test(tool_rights),
        cmocka_unit_test(rights_for_other_protocols),
        cmocka_unit_test(filters_cover_filters),
    };
    return cmocka_run_group_tests(tests, open_brewery, close_brewery);
}
