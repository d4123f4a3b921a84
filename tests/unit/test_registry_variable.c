#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry_help.h"

#define MASH "192.168.7.51"

static const struct {
    const char *server;
    enum tw_action action;
    const char *object, *object_id, *field;
    const char *id;
    enum tw_role role;
    const char *unit;
} opcua[] = {
    {"192.168.7.10", TW_ACTION_WRITE, "ns=2;s=Kettle.Temp.SP", NULL, NULL, "kettle.sp",
        TW_ROLE_COMMAND, "degC"},
    {"192.168.7.10", TW_ACTION_READ, "ns=2;s=Kettle.Temp.PV", NULL, NULL, "kettle.temp",
        TW_ROLE_MEASUREMENT, "degC"},
    {"192.168.7.10", TW_ACTION_READ, "ns=2;s=Kettle.Other", NULL, NULL, "kettle.any",
        TW_ROLE_STATUS, "-"},
    {"192.168.7.10", TW_ACTION_WRITE, "ns=2;s=Kettle.Temp.SP", NULL, "Inner", "kettle.sp",
        TW_ROLE_COMMAND, "-"},
    {"192.168.7.11", TW_ACTION_WRITE, "ns=2;s=Kettle.Temp.SP", NULL, NULL, "-", TW_ROLE_NONE, "-"},
    {"192.168.7.99", TW_ACTION_WRITE, "ns=2;s=Kettle.Temp.SP", NULL, NULL, "-", TW_ROLE_NONE, "-"},
    {"192.168.7.10", TW_ACTION_CALL, "ns=2;s=Safety.Reset", "ns=2;s=Panel", NULL, "interlock",
        TW_ROLE_SAFETY, "-"},
    {"192.168.7.10", TW_ACTION_CALL, "ns=2;s=Reset", "ns=2;s=Safety.Panel", NULL, "interlock",
        TW_ROLE_SAFETY, "-"},
    {"192.168.7.10", TW_ACTION_CALL, "ns=2;s=Hop.Dose", "ns=2;s=Hop", NULL, "-", TW_ROLE_NONE, "-"},
    {"192.168.7.11", TW_ACTION_READ, "ns=3;g=09087E75-8E5E-499B-954F-F2A9603DB28A", NULL, NULL,
        "cellar.guid", TW_ROLE_MEASUREMENT, "-"},
    {"192.168.7.10", TW_ACTION_SUBSCRIBE, NULL, NULL, NULL, "-", TW_ROLE_NONE, "-"},
};

static void nodes_are_variables(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(opcua) / sizeof(opcua[0]); i++) {
        struct tw_opcua_info info = {.object_id = tw_str_of(opcua[i].object_id)};
        struct tw_event e = opcua_event(opcua[i].action, MASH, opcua[i].object, &info);
        e.dst = place(opcua[i].server, 4840, NULL);
        e.field = tw_str_of(opcua[i].field);
        struct tw_facts f = resolve(&e);
        assert_string_equal(text(f.variable.id), opcua[i].id);
        assert_int_equal(f.variable.role, opcua[i].role);
        assert_string_equal(text(f.variable.unit), opcua[i].unit);
    }
}

static void a_variable_brings_its_limits(void **state)
{
    (void)state;
    struct tw_opcua_info info = {0};
    struct tw_event e = opcua_event(TW_ACTION_WRITE, MASH, "ns=2;s=Kettle.Temp.SP", &info);
    struct tw_variable_facts v = resolve(&e).variable;
    assert_string_equal(text(v.type), "Double");
    assert_true(v.range.has_min && v.range.has_max);
    assert_true(v.range.min == 20 && v.range.max == 100);
    assert_true(v.has_max_step && v.max_step == 5);
    assert_true(v.has_max_rate && v.max_rate == 1);
    assert_false(v.range_learned);
    e.object = TW_STR("ns=2;s=Kettle.Temp.PV");
    v = resolve(&e).variable;
    assert_false(v.range.has_min);
    assert_true(v.range.has_max && v.range.max == 110);
    assert_false(v.has_max_step);
}

static void a_range_is_learned_from_its_property(void **state)
{
    const struct tw_value ends[] = {{.kind = TW_VALUE_DOUBLE, .name = TW_STR("Low"), .d = 5},
        {.kind = TW_VALUE_DOUBLE, .name = TW_STR("High"), .d = 40},
        {.kind = TW_VALUE_DOUBLE, .name = TW_STR("High"), .d = 5}};
    (void)state;
    struct tw_opcua_info info = {0};
    struct tw_event value = opcua_event(TW_ACTION_READ, MASH, "ns=2;s=Hop.Level", &info);
    assert_false(resolve(&value).variable.range_learned);
    struct tw_event range = opcua_event(TW_ACTION_READ, MASH, "ns=2;s=Hop.Level-EURange", &info);
    range.value = (struct tw_value){.kind = TW_VALUE_OBJECT, .n = 2, .items = ends};
    resolve(&range);
    struct tw_variable_facts v = resolve(&value).variable;
    assert_true(v.range_learned && v.range.has_min && v.range.has_max);
    assert_true(v.range.min == 5 && v.range.max == 40);
    /* An empty range teaches nothing; what the inventory says is not overruled. */
    range.value.items = ends + 1;
    resolve(&range);
    assert_true(resolve(&value).variable.range.max == 40);
    range.value.items = ends;
    range.object = TW_STR("ns=2;s=Kettle.Temp.SP-EURange");
    resolve(&range);
    value.object = TW_STR("ns=2;s=Kettle.Temp.SP");
    v = resolve(&value).variable;
    assert_true(!v.range_learned && v.range.max == 100);
}

/* session/ knows which property belongs to which variable. */
static void a_range_is_learned_by_whoever_browsed(void **state)
{
    const struct tw_learned learned = {.has_range = true, .low = 1, .high = 9};
    const struct tw_session_facts facts = {.learned = &learned};
    struct tw_opcua_info info = {0};
    (void)state;
    struct tw_event value = opcua_event(TW_ACTION_WRITE, MASH, "ns=2;s=Hop.Level", &info);
    value.facts = &facts;
    struct tw_variable_facts v = resolve(&value).variable;
    assert_true(v.range_learned && v.range.min == 1 && v.range.max == 9);
    value.object = TW_STR("ns=2;s=Kettle.Temp.SP");
    v = resolve(&value).variable;
    assert_true(!v.range_learned && v.range.max == 100);
    value.object = TW_STR("ns=2;s=Nobody.Knows");
    assert_false(resolve(&value).variable.range.has_max);
}

/* MQTT: which variable, whether its limits are for this event, whether it is the whole payload. */
static const struct {
    enum tw_action action;
    const char *topic, *field;
    bool has_value;
    const char *id;
    bool has_range, is_payload;
} mqtt[] = {
    {TW_ACTION_PUBLISH, "brew/kettle/temp", "/t", true, "kettle.temp", true, false},
    {TW_ACTION_DELIVER, "brew/kettle/temp", "/t", true, "kettle.temp", true, false},
    {TW_ACTION_PUBLISH, "brew/kettle/temp", "/unit", true, "-", false, false},
    {TW_ACTION_PUBLISH, "brew/kettle/temp", NULL, false, "kettle.temp", false, false},
    {TW_ACTION_DELIVER, "brew/kettle/temp", NULL, false, "-", false, false},
    /* An exact topic before a filter, a filter where there is no exact one. */
    {TW_ACTION_PUBLISH, "brew/cellar/temp", "/t", true, "all.temps", true, false},
    {TW_ACTION_PUBLISH, "brew/cellar/temp", "/u", true, "-", false, false},
    {TW_ACTION_PUBLISH, "brew/cellar/temp", NULL, false, "all.temps", false, false},
    /* The whole payload is the value; inside it there is nothing of the kind. */
    {TW_ACTION_PUBLISH, "brew/cmd/valve", NULL, true, "valve", true, true},
    {TW_ACTION_PUBLISH, "brew/cmd/valve", NULL, false, "valve", true, false},
    {TW_ACTION_PUBLISH, "brew/cmd/valve", "/x", true, "-", false, false},
    /* A message that is one variable: its parts belong to it. */
    {TW_ACTION_PUBLISH, "brew/notes", NULL, true, "notes", false, true},
    {TW_ACTION_PUBLISH, "brew/notes", "/text", true, "notes", false, false},
    {TW_ACTION_DELIVER, "brew/notes", "/text", true, "notes", false, false},
    /* Sparkplug: metric names. */
    {TW_ACTION_PUBLISH, "spBv1.0/brew/DDATA/e1/tank", "Level/Now", true, "sparkplug", true, false},
    {TW_ACTION_PUBLISH, "spBv1.0/brew/DDATA/e1/tank", "Level", true, "-", false, false},
    {TW_ACTION_SUBSCRIBE, "brew/notes", NULL, false, "notes", false, false},
    {TW_ACTION_SUBSCRIBE, "brew/#", NULL, false, "-", false, false},
    {TW_ACTION_PUBLISH, "other", NULL, true, "-", false, false},
};

static void topics_are_variables(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mqtt) / sizeof(mqtt[0]); i++) {
        struct tw_mqtt_info info = {0};
        struct tw_event e = mqtt_event(mqtt[i].action, MASH, mqtt[i].topic, mqtt[i].field, &info);
        if (mqtt[i].has_value)
            e.value = (struct tw_value){.kind = TW_VALUE_INT, .i = 5};
        struct tw_facts f = resolve(&e);
        if (strcmp(text(f.variable.id), mqtt[i].id) != 0)
            print_error("row %zu: %s\n", i, mqtt[i].topic);
        assert_string_equal(text(f.variable.id), mqtt[i].id);
        assert_int_equal(f.variable.range.has_max, mqtt[i].has_range);
        assert_int_equal(f.variable.is_payload, mqtt[i].is_payload);
    }
}

static const struct {
    const char *ip, *client_id, *topic, *field;
    bool has, ok;
} publishers[] = {
    {"192.168.7.10", "kettle-bridge", "brew/kettle/temp", "/t", true, true},
    {"192.168.7.10", "kettle-bridge", "brew/kettle/temp", NULL, true, true},
    {MASH, "mash-ai", "brew/kettle/temp", "/t", true, false},
    {"192.168.7.99", "x", "brew/kettle/temp", "/t", true, false},
    /* Who only calls itself the publisher is none. */
    {"192.168.7.99", "kettle-bridge", "brew/kettle/temp", "/t", true, false},
    {"192.168.7.40", "desk", "brew/notes", NULL, true, true},
    {"192.168.7.40", "desk", "brew/cellar/temp", "/t", false, false},
};

static void publishers_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(publishers) / sizeof(publishers[0]); i++) {
        struct tw_mqtt_info info = {.client_id = maybe(publishers[i].client_id)};
        struct tw_event e = mqtt_event(
            TW_ACTION_PUBLISH, publishers[i].ip, publishers[i].topic, publishers[i].field, &info);
        struct tw_variable_facts v = resolve(&e).variable;
        assert_int_equal(v.has_publishers, publishers[i].has);
        assert_int_equal(v.publisher_ok, publishers[i].ok);
    }
}

/* More objects than the cache has places, twice: every answer stays its own. */
static void the_cache_never_mixes_things_up(void **state)
{
    (void)state;
    struct tw_opcua_info info = {0};
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 40000; i++) {
            char node[64];
            bool ours = i % 3 == 0;
            snprintf(node, sizeof(node), "ns=2;s=%s.V%u", ours ? "Kettle" : "Mill", i);
            struct tw_event e = opcua_event(TW_ACTION_READ, MASH, node, &info);
            struct tw_facts f;
            e.flow = i;
            tw_registry_resolve(brewery, &e, &f);
            assert_int_equal(f.grant.allowed, ours);
            assert_int_equal(f.variable.role, ours ? TW_ROLE_STATUS : TW_ROLE_NONE);
        }
    }
}

static void filters_that_take_in_commands(void **state)
{
    static const struct {
        enum tw_action action;
        const char *filter;
        unsigned commands;
    } rows[] = {{TW_ACTION_SUBSCRIBE, "brew/cmd/valve", 1}, {TW_ACTION_SUBSCRIBE, "#", 1},
        {TW_ACTION_SUBSCRIBE, "brew/+/valve", 1}, {TW_ACTION_SUBSCRIBE, "$share/g/brew/cmd/#", 1},
        {TW_ACTION_SUBSCRIBE, "brew/kettle/#", 0}, {TW_ACTION_SUBSCRIBE, "$SYS/#", 0},
        {TW_ACTION_UNSUBSCRIBE, "#", 0}, {TW_ACTION_PUBLISH, "brew/cmd/valve", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_mqtt_info info = {.serial = 1000 + i};
        struct tw_event e = mqtt_event(rows[i].action, MASH, rows[i].filter, NULL, &info);
        struct tw_facts f = resolve(&e);
        assert_int_equal(f.filter.commands, rows[i].commands);
        assert_true(
            rows[i].commands > 0 ? tw_str_is(f.filter.first, "valve") : f.filter.first.p == NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_are_variables),
        cmocka_unit_test(a_variable_brings_its_limits),
        cmocka_unit_test(a_range_is_learned_from_its_property),
        cmocka_unit_test(a_range_is_learned_by_whoever_browsed),
        cmocka_unit_test(topics_are_variables),
        cmocka_unit_test(publishers_are_checked),
        cmocka_unit_test(filters_that_take_in_commands),
        cmocka_unit_test(the_cache_never_mixes_things_up),
    };
    return cmocka_run_group_tests(tests, open_brewery, close_brewery);
}
