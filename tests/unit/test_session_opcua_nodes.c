#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "session/stages.h"

static struct tw_opcua_sessions *sessions;
static struct tw_opcua_info info;
static struct tw_session_facts facts;
static uint64_t packets;

static int setup(void **state)
{
    struct tw_limits limits = tw_limits_default();
    (void)state;
    limits.sessions = 64;
    sessions = tw_opcua_sessions_new(&limits);
    return sessions == NULL;
}

static int teardown(void **state)
{
    (void)state;
    tw_opcua_sessions_free(sessions);
    return 0;
}

/* An event at server 10.0.1.`server`. */
static struct tw_event event_of(enum tw_action action, unsigned server, const char *service)
{
    const struct tw_endpoint c = {.ip = {4, {10, 0, 0, 1}}, .port = 40000};
    const struct tw_endpoint s = {.ip = {4, {10, 0, 1, (uint8_t)server}}, .port = 4840};
    bool server_acts = action == TW_ACTION_NOTIFY || action == TW_ACTION_ALARM;
    info = (struct tw_opcua_info){.service = tw_str_of(service)};
    return (struct tw_event){.packet = ++packets,
        .protocol = TW_PROTO_OPCUA,
        .action = action,
        .src = server_acts ? s : c,
        .dst = server_acts ? c : s,
        .flow = 1,
        .status = {.s = TW_STR("Good")},
        .opcua = &info};
}

static void give(struct tw_event *e)
{
    facts = (struct tw_session_facts){0};
    tw_opcua_sessions_event(sessions, e, &facts);
}

static void set_item(uint32_t subscription, uint32_t handle, uint32_t item)
{
    info.has_subscription = true;
    info.subscription_id = subscription;
    info.has_handle = handle != 0;
    info.client_handle = handle;
    info.has_monitored_item = item != 0;
    info.monitored_item_id = item;
}

static void create_subscription(uint32_t id)
{
    struct tw_event e = event_of(TW_ACTION_SUBSCRIBE, 1, "CreateSubscription");
    set_item(id, 0, 0);
    give(&e);
}

static void create_item(uint32_t subscription, uint32_t handle, uint32_t item, const char *node,
    const struct tw_value *select)
{
    struct tw_event e = event_of(TW_ACTION_SUBSCRIBE, 1, "CreateMonitoredItems");
    set_item(subscription, handle, item);
    info.select = select;
    e.object = tw_str_of(node);
    give(&e);
}

static void modify_item(uint32_t subscription, uint32_t handle, uint32_t item, const char *node)
{
    struct tw_event e = event_of(TW_ACTION_SUBSCRIBE, 1, "ModifyMonitoredItems");
    set_item(subscription, handle, item);
    e.object_null = true;
    give(&e);
    assert_int_equal(e.object_null, node == NULL);
    if (node != NULL)
        assert_true(tw_str_is(e.object, node));
}

/* What a handle means now; NULL: nothing. */
static void assert_handle(uint32_t subscription, uint32_t handle, const char *node)
{
    struct tw_event e = event_of(TW_ACTION_NOTIFY, 1, "Publish");
    set_item(subscription, handle, 0);
    e.object_null = true;
    give(&e);
    assert_int_equal(e.object_null, node == NULL);
    if (node != NULL)
        assert_true(tw_str_is(e.object, node));
}

static void handles_follow_modifications(void **state)
{
    (void)state;
    create_item(33, 71, 88, "ns=2;s=A", NULL);
    create_item(33, 72, 89, "ns=2;s=B", NULL);
    modify_item(33, 72, 88, "ns=2;s=A"); /* the two change places */
    modify_item(33, 71, 89, "ns=2;s=B");
    assert_handle(33, 72, "ns=2;s=A");
    assert_handle(33, 71, "ns=2;s=B");
    modify_item(33, 73, 88, "ns=2;s=A");
    assert_handle(33, 73, "ns=2;s=A");
    modify_item(33, 74, 99, NULL);
    assert_handle(33, 74, NULL);
    /* One that was refused changes nothing. */
    struct tw_event e = event_of(TW_ACTION_SUBSCRIBE, 1, "ModifyMonitoredItems");
    set_item(33, 75, 88);
    e.status.s = TW_STR("BadMonitoredItemIdInvalid");
    e.status_bad = true;
    give(&e);
    assert_handle(33, 75, NULL);
    /* Modes, triggers and transfers name items by their ids. */
    static const char *const services[] = {"SetMonitoringMode", "SetTriggering"};
    for (size_t i = 0; i < 2; i++) {
        e = event_of(TW_ACTION_SUBSCRIBE, 1, services[i]);
        set_item(33, 0, 88);
        e.object_null = true;
        give(&e);
        assert_true(tw_str_is(e.object, "ns=2;s=A"));
    }
    e = event_of(TW_ACTION_SUBSCRIBE, 1, "TransferSubscriptions");
    set_item(33, 0, 0);
    give(&e);
    assert_handle(33, 73, "ns=2;s=A");
}

static void a_subscription_id_may_come_again(void **state)
{
    (void)state;
    create_subscription(33);
    create_item(33, 71, 88, "ns=2;s=A", NULL);
    create_item(33, 72, 89, "ns=2;s=B", NULL);
    create_subscription(34);
    assert_handle(33, 71, "ns=2;s=A");
    create_subscription(33);
    assert_handle(33, 71, NULL);
    create_item(33, 71, 88, "ns=2;s=C", NULL);
    assert_handle(33, 71, "ns=2;s=C");
    assert_handle(33, 72, NULL);
}

static const struct tw_value clauses[] = {{.kind = TW_VALUE_STRING, .s = {"Severity", 8}},
    {.kind = TW_VALUE_STRING, .s = {"Message", 7}}};
static const struct tw_value others[] = {
    {.kind = TW_VALUE_STRING, .s = {"EventId", 7}}, {.kind = TW_VALUE_STRING, .s = {"2:Batch", 7}}};
static const struct tw_value select_clauses = {.kind = TW_VALUE_ARRAY, .n = 2, .items = clauses};
static const struct tw_value select_others = {.kind = TW_VALUE_ARRAY, .n = 2, .items = others};

static struct tw_event alarm_of(uint32_t subscription, uint32_t handle, uint32_t n)
{
    static const struct tw_value values[3] = {{.kind = TW_VALUE_UINT, .u = 700},
        {.kind = TW_VALUE_STRING, .s = {"hot", 3}}, {.kind = TW_VALUE_NULL}};
    struct tw_event e = event_of(TW_ACTION_ALARM, 1, "Publish");
    set_item(subscription, handle, 0);
    e.object_null = true;
    e.value = (struct tw_value){.kind = TW_VALUE_ARRAY, .n = n, .items = values};
    give(&e);
    return e;
}

static void assert_names(const struct tw_event *e, const struct tw_value *names)
{
    assert_int_equal(e->value.kind, TW_VALUE_OBJECT);
    assert_int_equal(e->value.n, 2);
    for (unsigned i = 0; i < 2; i++)
        assert_true(tw_str_eq(e->value.items[i].name, names[i].s));
    assert_int_equal(e->value.items[0].u, 700);
}

static void alarms_have_named_fields(void **state)
{
    (void)state;
    create_item(33, 71, 88, "i=2253", &select_clauses);
    create_item(33, 72, 89, "ns=2;s=Boiler", &select_others);
    create_item(33, 73, 90, "ns=2;s=Pump", NULL);
    struct tw_event e = alarm_of(33, 71, 2);
    assert_true(tw_str_is(e.object, "i=2253"));
    assert_names(&e, clauses);
    e = alarm_of(33, 72, 2);
    assert_names(&e, others);
    /* Another number of fields was not asked for by this filter. */
    e = alarm_of(33, 71, 3);
    assert_int_equal(e.value.kind, TW_VALUE_ARRAY);
    e = alarm_of(33, 73, 2);
    assert_int_equal(e.value.kind, TW_VALUE_ARRAY);
    /* The filter stays with its item, or changes with it. */
    modify_item(33, 74, 88, "i=2253");
    e = alarm_of(33, 74, 2);
    assert_names(&e, clauses);
    e = event_of(TW_ACTION_SUBSCRIBE, 1, "ModifyMonitoredItems");
    set_item(33, 74, 88);
    info.select = &select_others;
    give(&e);
    e = alarm_of(33, 74, 2);
    assert_names(&e, others);
}

static struct tw_event about(enum tw_action action, const char *service, const char *node)
{
    struct tw_event e = event_of(action, 1, service);
    e.object = tw_str_of(node);
    info.attribute = TW_STR("Value");
    return e;
}

static void aliases_are_the_nodes_they_stand_for(void **state)
{
    static const struct tw_value alias = {
        .kind = TW_VALUE_STRING, .name = {"alias", 5}, .s = {"ns=9;i=1", 8}};
    static const struct tw_value details = {.kind = TW_VALUE_OBJECT, .n = 1, .items = &alias};
    (void)state;
    struct tw_event e = about(TW_ACTION_BROWSE, "RegisterNodes", "ns=2;s=Set");
    info.details = &details;
    give(&e);
    e = about(TW_ACTION_WRITE, "Write", "ns=9;i=1");
    give(&e);
    assert_true(tw_str_is(e.object, "ns=2;s=Set"));
    e = event_of(TW_ACTION_WRITE, 2, "Write");
    e.object = TW_STR("ns=9;i=1"); /* another server's */
    give(&e);
    assert_true(tw_str_is(e.object, "ns=9;i=1"));
    e = about(TW_ACTION_BROWSE, "UnregisterNodes", "ns=9;i=1");
    give(&e);
    assert_true(tw_str_is(e.object, "ns=2;s=Set"));
    e = about(TW_ACTION_WRITE, "Write", "ns=9;i=1");
    give(&e);
    assert_true(tw_str_is(e.object, "ns=9;i=1"));
}

static void browsing_goes_on_where_it_was(void **state)
{
    (void)state;
    struct tw_event e = about(TW_ACTION_BROWSE, "Browse", "ns=2;s=Folder");
    info.continuation = 5;
    give(&e);
    for (uint64_t point = 5; point < 8; point++) {
        e = event_of(TW_ACTION_BROWSE, 1, "BrowseNext");
        e.object_null = true;
        info.continues = point;
        info.continuation = point + 1;
        give(&e);
        assert_true(tw_str_is(e.object, "ns=2;s=Folder") && !e.object_null);
    }
    e = event_of(TW_ACTION_BROWSE, 1, "BrowseNext");
    e.object_null = true;
    info.continues = 77;
    give(&e);
    assert_true(e.object_null && e.object.p == NULL);
}

static void namespaces_have_uris(void **state)
{
    static const struct tw_value uris[] = {
        {.kind = TW_VALUE_STRING, .s = {"http://opcfoundation.org/UA/", 28}},
        {.kind = TW_VALUE_STRING, .s = {"urn:server", 10}},
        {.kind = TW_VALUE_STRING, .s = {"urn:boiler", 10}},
        {.kind = TW_VALUE_STRING, .s = {"urn:a;b%", 8}}};
    static const struct {
        const char *node, *uri;
    } rows[] = {{"ns=2;s=Temp", "urn:boiler"}, {"ns=1;i=7", "urn:server"}, {"i=85", NULL},
        {"ns=4;i=7", NULL}, {"ns=;i=7", NULL}, {"ns=99999999999;i=7", NULL}, {"ns=2", NULL}};
    (void)state;
    struct tw_event e = about(TW_ACTION_READ, "Read", "i=2255");
    e.value = (struct tw_value){.kind = TW_VALUE_ARRAY, .n = 4, .items = uris};
    give(&e);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        e = about(TW_ACTION_WRITE, "Write", rows[i].node);
        info.namespace_uri = TW_STR("of another event");
        give(&e);
        if (rows[i].uri == NULL)
            assert_null(info.namespace_uri.p);
        else
            assert_true(tw_str_is(info.namespace_uri, rows[i].uri));
    }
    e = event_of(TW_ACTION_WRITE, 2, "Write");
    e.object = TW_STR("ns=2;s=Temp");
    give(&e);
    assert_null(info.namespace_uri.p);
    /* A node that is named by the URI is the same node. */
    static const struct {
        const char *node, *same;
    } named[] = {{"nsu=urn:boiler;s=Temp", "ns=2;s=Temp"}, {"nsu=urn:a%3Bb%25;s=x", "ns=3;s=x"},
        {"nsu=urn:a%3Bb%;s=x", "nsu=urn:a%3Bb%;s=x"}, {"nsu=urn:b;s=x", "nsu=urn:b;s=x"},
        {"nsu=http://opcfoundation.org/UA/;i=85", "i=85"}, {"nsu=urn:x;i=85", "nsu=urn:x;i=85"},
        {"nsu=urn:boiler", "nsu=urn:boiler"}, {"nsu=", "nsu="}, {"nsu=;i=1", "nsu=;i=1"}};
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        e = about(TW_ACTION_MANAGE, "AddNodes", named[i].node);
        give(&e);
        assert_true(tw_str_is(e.object, named[i].same));
    }
}

static void tie(
    const char *service, const char *variable, enum tw_opcua_property_kind kind, const char *node)
{
    struct tw_event e = about(TW_ACTION_BROWSE, service, variable);
    const struct tw_opcua_property property = {kind, tw_str_of(node)};
    info.properties = &property;
    info.n_properties = 1;
    give(&e);
}

static void see(
    enum tw_action action, const char *node, const char *attribute, const struct tw_value *value)
{
    struct tw_event e = about(action, "x", node);
    info.attribute = tw_str_of(attribute);
    e.value = *value;
    give(&e);
}

static const struct tw_learned *learned_of(const char *node)
{
    struct tw_event e = about(TW_ACTION_WRITE, "Write", node);
    give(&e);
    return facts.learned;
}

static const struct tw_value ends[] = {{.kind = TW_VALUE_DOUBLE, .name = {"Low", 3}, .d = 0},
    {.kind = TW_VALUE_DOUBLE, .name = {"High", 4}, .d = 150}};
static const struct tw_value range = {.kind = TW_VALUE_OBJECT, .n = 2, .items = ends};
static const struct tw_value unit_members[] = {
    {.kind = TW_VALUE_INT, .name = {"UnitId", 6}, .i = 4408652},
    {.kind = TW_VALUE_STRING, .name = {"DisplayName", 11}, .s = {"degC", 4}}};
static const struct tw_value unit = {.kind = TW_VALUE_OBJECT, .n = 2, .items = unit_members};

static void properties_tell_about_their_variable(void **state)
{
    static const struct tw_value words[] = {
        {.kind = TW_VALUE_STRING, .s = {"Off", 3}}, {.kind = TW_VALUE_STRING, .s = {"Auto", 4}}};
    static const struct tw_value states = {.kind = TW_VALUE_ARRAY, .n = 2, .items = words};
    static const struct tw_value type = {.kind = TW_VALUE_STRING, .s = {"i=11", 4}};
    static const struct tw_value access = {.kind = TW_VALUE_UINT, .u = 3};
    (void)state;
    assert_null(learned_of("ns=2;s=Temp"));
    tie("Browse", "ns=2;s=Temp", TW_UA_PROPERTY_EU_RANGE, "ns=2;i=100");
    assert_null(learned_of("ns=2;s=Temp"));
    see(TW_ACTION_READ, "ns=2;i=100", "Value", &range);
    const struct tw_learned *l = learned_of("ns=2;s=Temp");
    assert_non_null(l);
    assert_true(l->has_range && l->low == 0 && l->high == 150);
    assert_true(!l->has_instrument_range && !l->has_access && l->unit.p == NULL);
    /* By a translated path, and as a data change. */
    tie("TranslateBrowsePathsToNodeIds", "ns=2;s=Temp", TW_UA_PROPERTY_UNITS, "ns=2;i=101");
    see(TW_ACTION_NOTIFY, "ns=2;i=101", NULL, &unit);
    tie("Browse", "ns=2;s=Temp", TW_UA_PROPERTY_INSTRUMENT_RANGE, "ns=2;i=102");
    see(TW_ACTION_READ, "ns=2;i=102", "Value", &range);
    tie("Browse", "ns=2;s=Temp", TW_UA_PROPERTY_ENUM_STRINGS, "ns=2;i=103");
    see(TW_ACTION_READ, "ns=2;i=103", "Value", &states);
    see(TW_ACTION_READ, "ns=2;s=Temp", "DataType", &type);
    see(TW_ACTION_READ, "ns=2;s=Temp", "AccessLevel", &access);
    l = learned_of("ns=2;s=Temp");
    assert_true(tw_str_is(l->unit, "degC") && tw_str_is(l->type, "Double"));
    assert_true(tw_str_is(l->states, "Off|Auto"));
    assert_true(l->has_instrument_range && l->instrument_high == 150);
    assert_true(l->has_access && l->access == 3);
    assert_null(learned_of("ns=2;i=100"));
}

static void a_property_may_be_read_before_it_is_tied(void **state)
{
    static const struct tw_value bad_ends[] = {
        {.kind = TW_VALUE_DOUBLE, .name = {"Low", 3}, .d = 5},
        {.kind = TW_VALUE_DOUBLE, .name = {"High", 4}, .d = 5}};
    static const struct tw_value bad = {.kind = TW_VALUE_OBJECT, .n = 2, .items = bad_ends};
    (void)state;
    see(TW_ACTION_READ, "ns=2;i=100", "Value", &range);
    see(TW_ACTION_READ, "ns=2;i=101", "Value", &unit);
    see(TW_ACTION_READ, "ns=2;i=102", "Value", &bad);
    assert_null(learned_of("ns=2;i=100"));
    tie("Browse", "ns=2;s=Temp", TW_UA_PROPERTY_EU_RANGE, "ns=2;i=100");
    tie("Browse", "ns=2;s=Temp", TW_UA_PROPERTY_UNITS, "ns=2;i=101");
    const struct tw_learned *l = learned_of("ns=2;s=Temp");
    assert_true(l->has_range && l->high == 150 && tw_str_is(l->unit, "degC"));
    /* A range without extent says nothing, and takes nothing back. */
    see(TW_ACTION_READ, "ns=2;i=100", "Value", &bad);
    l = learned_of("ns=2;s=Temp");
    assert_true(l->has_range && l->high == 150);
}

static void nobody_fills_the_tables(void **state)
{
    char name[32], node[32];
    (void)state;
    for (unsigned i = 0; i < 30000; i++) {
        snprintf(name, sizeof(name), "ns=2;i=%u", i);
        snprintf(node, sizeof(node), "ns=3;i=%u", i);
        tie("Browse", name, TW_UA_PROPERTY_EU_RANGE, node);
        see(TW_ACTION_READ, node, "Value", &range);
    }
    assert_non_null(learned_of("ns=2;i=29999"));
    assert_null(learned_of("ns=2;i=1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(handles_follow_modifications),
        TEST(a_subscription_id_may_come_again),
        TEST(alarms_have_named_fields),
        TEST(aliases_are_the_nodes_they_stand_for),
        TEST(browsing_goes_on_where_it_was),
        TEST(namespaces_have_uris),
        TEST(properties_tell_about_their_variable),
        TEST(a_property_may_be_read_before_it_is_tied),
        TEST(nobody_fills_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
