#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "trial/made.h"

/* Events made of what a person writes: every field that can be written is read back as a rule would
 * read it. */

enum { MAX_TEXT = 4096 };
static const int64_t now_ns = 1772352000 * TW_NS_PER_S;

struct written {
    struct tw_yaml *yaml;
    struct tw_diags diags;
    struct tw_blocks blocks;
    struct tw_made made;
    struct tw_made_place place;
    bool ok;
};

static void write_event(struct written *w, const char *yaml, uint64_t n)
{
    static const char *const others[] = {"at", NULL};
    memset(w, 0, sizeof(*w));
    w->yaml = tw_yaml_load_bytes("event.yaml", yaml, strlen(yaml), &w->diags);
    assert_non_null(w->yaml);
    w->place = (struct tw_made_place){w->yaml, &w->diags, &w->blocks, n};
    tw_made_init(&w->made, now_ns);
    w->ok = tw_made_write(&w->made, &w->place, w->yaml->root, others);
    tw_made_done(&w->made, 7);
}

static void forget(struct written *w)
{
    tw_yaml_free(w->yaml);
    tw_diags_fini(&w->diags);
    tw_blocks_fini(&w->blocks);
}

/* What a rule would see in the field, as text. */
static void read_field(const struct tw_made *m, const char *name, char out[MAX_TEXT])
{
    static const struct tw_facts facts;
    const struct tw_scene scene = {&m->event, &facts};
    struct tw_field_value v = {.present = false};
    const struct tw_field *f = tw_field_find(tw_str_of(name));
    double number = 0;
    assert_non_null(f);
    f->get(&scene, &v);
    out[0] = '\0';
    if (!v.present)
        snprintf(out, MAX_TEXT, "(absent)");
    else if (f->type == TW_FIELD_IP)
        out[tw_ip_text(out, &v.ip)] = '\0';
    else if (f->type == TW_FIELD_RANGE)
        snprintf(out, MAX_TEXT, "[%g, %g]", v.range.min, v.range.max);
    else if (v.value.kind == TW_VALUE_BOOL)
        snprintf(out, MAX_TEXT, "%s", v.value.b ? "true" : "false");
    else if (tw_value_number(&v.value, &number))
        snprintf(out, MAX_TEXT, "%g", number);
    else
        tw_str_copy(out, MAX_TEXT, v.value.s);
}

/* The example of the field table, as YAML. */
static void example_of(const struct tw_field *f, char out[MAX_TEXT])
{
    if (f->type == TW_FIELD_RANGE)
        snprintf(out, MAX_TEXT, "[1, 150]");
    else if (f->type == TW_FIELD_NUMBER)
        snprintf(out, MAX_TEXT, "17");
    else if (f->type == TW_FIELD_BOOL)
        snprintf(out, MAX_TEXT, "true");
    else
        snprintf(out, MAX_TEXT, "%s", f->example);
}

/* What has to stand beside a field so that it applies. */
static const char *beside(const struct tw_field *f)
{
    const struct tw_str name = tw_str_of(f->name);
    if (tw_str_starts(name, TW_STR("flow.")))
        return "action: flow\n";
    if (tw_str_starts(name, TW_STR("alarm.")))
        return "action: alarm\nprotocol: opcua\n";
    if (tw_str_starts(name, TW_STR("opcua.")) || tw_str_starts(name, TW_STR("learned.")))
        return "action: write\nprotocol: opcua\n";
    if (tw_str_is(name, "action"))
        return "protocol: mqtt\n";
    if (tw_str_is(name, "protocol"))
        return "action: read\n";
    if (tw_str_is(name, "mqtt.topic_id"))
        return "action: publish\nprotocol: mqtt\nmqtt.topic_id_type: normal\n";
    if (tw_str_is(name, "mqtt.client_port"))
        return "action: publish\nprotocol: mqtt\nmqtt.client_ip: 10.7.0.1\n";
    if (tw_str_is(name, "filter.topics"))
        return "action: subscribe\nprotocol: mqtt\nfilter.known_topics: 40\n";
    if (tw_str_is(name, "retained.age"))
        return "action: deliver\nprotocol: mqtt\nretained.publisher: edge\n";
    if (tw_str_is(name, "reply.delay"))
        return "action: publish\nprotocol: mqtt\nreply.requester: edge\n";
    if (tw_str_is(name, "sparkplug.metric_age"))
        return "action: publish\nprotocol: mqtt\nsparkplug.alias: 3\n";
    if (tw_str_is(name, "mcp.is_error"))
        return "action: tool\nprotocol: mqtt\nmcp.tool: valve\n";
    return "action: publish\nprotocol: mqtt\n";
}

static void every_field_reads_as_written(void **state)
{
    size_t n = 0;
    (void)state;
    for (size_t i = 0; i < tw_fields_count(); i++) {
        const struct tw_field *f = tw_fields_at(i);
        char yaml[MAX_TEXT * 2], value[MAX_TEXT], got[MAX_TEXT];
        struct written w;
        if (!tw_made_has(f))
            continue;
        example_of(f, value);
        const bool bare = f->type == TW_FIELD_NUMBER || f->type == TW_FIELD_BOOL ||
                          f->type == TW_FIELD_RANGE || f->type == TW_FIELD_VALUE;
        const char *quote = bare ? "" : "'";
        snprintf(yaml, sizeof(yaml), "%s%s: %s%s%s\n", beside(f), f->name, quote, value, quote);
        write_event(&w, yaml, 1);
        if (!w.ok)
            tw_diags_print(&w.diags, stderr);
        assert_true(w.ok);
        read_field(&w.made, f->name, got);
        if (strcmp(value, got) != 0)
            fail_msg("%s: wrote %s, read %s", f->name, value, got);
        forget(&w);
        n++;
    }
    assert_true(n > 250);
}

/* What is on the wire can be written, but for what follows from the rest of it. */
static void the_wire_can_be_written(void **state)
{
    static const char *const groups[] = {"src.", "dst.", "status", "flow.", "opcua.", "alarm.",
        "learned.", "mqtt.", "mcp.", "decision.", "tls.", "pubsub.", "sparkplug.", "session.",
        "delivery.", "retained.", "reply."};
    (void)state;
    for (size_t i = 0; i < tw_fields_count(); i++) {
        const struct tw_field *f = tw_fields_at(i);
        bool wire = false;
        for (size_t k = 0; k < sizeof(groups) / sizeof(groups[0]); k++)
            wire = wire || tw_str_starts(tw_str_of(f->name), tw_str_of(groups[k]));
        if (wire && !tw_made_has(f) && strncmp(f->name, "mqtt.payload_is_", 16) != 0)
            fail_msg("%s can not be written", f->name);
    }
}

static void maps_stand_for_fields_below(void **state)
{
    struct written w;
    char got[MAX_TEXT];
    (void)state;
    write_event(&w,
        "{action: publish, protocol: mqtt, src: {ip: 10.7.0.3, port: 44}, mqtt: {client_id: x}}",
        1);
    assert_true(w.ok);
    read_field(&w.made, "src.ip", got);
    assert_string_equal("10.7.0.3", got);
    assert_int_equal(44, w.made.event.src.port);
    assert_int_equal(1883, w.made.event.dst.port);
    read_field(&w.made, "mqtt.client_id", got);
    assert_string_equal("x", got);
    assert_true(w.made.event.flow != 0);
    assert_int_equal(7, w.made.event.packet);
    forget(&w);
}

static void repetitions_have_a_number(void **state)
{
    struct written w;
    (void)state;
    write_event(&w, "{action: write, protocol: opcua, object: \"a{n}b{n}\", value: \"{n}\"}", 12);
    assert_true(w.ok);
    assert_true(tw_str_is(w.made.event.object, "a12b12"));
    assert_int_equal(TW_VALUE_DOUBLE, w.made.event.value.kind);
    assert_true(w.made.event.value.d == 12);
    assert_string_equal("Double", w.made.event.type);
    forget(&w);
    write_event(&w, "{action: write, protocol: opcua, value: \"20.{n}\"}", 5);
    assert_true(w.ok && w.made.event.value.kind == TW_VALUE_DOUBLE && w.made.event.value.d == 20.5);
    forget(&w);
    write_event(&w, "{action: write, protocol: opcua, value: \"no {n}\"}", 5);
    assert_true(w.ok && tw_str_is(w.made.event.value.s, "no 5"));
    forget(&w);
}

static void values_are_what_yaml_says(void **state)
{
    static const struct {
        const char *yaml;
        enum tw_value_kind kind;
        const char *type;
    } rows[] = {{"93.5", TW_VALUE_DOUBLE, "Double"}, {"93", TW_VALUE_DOUBLE, "Double"},
        {"\"93\"", TW_VALUE_STRING, "String"}, {"true", TW_VALUE_BOOL, "Boolean"},
        {"\"true\"", TW_VALUE_STRING, "String"}, {"NaN", TW_VALUE_DOUBLE, "Double"},
        {"hello", TW_VALUE_STRING, "String"}, {"[1, 2]", TW_VALUE_ARRAY, NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char yaml[256];
        struct written w;
        snprintf(yaml, sizeof(yaml), "{action: write, protocol: opcua, value: %s}", rows[i].yaml);
        write_event(&w, yaml, 1);
        assert_true(w.ok);
        assert_int_equal(rows[i].kind, w.made.event.value.kind);
        assert_true(rows[i].type == NULL ? w.made.event.type == NULL
                                         : strcmp(rows[i].type, w.made.event.type) == 0);
        forget(&w);
    }
    struct written w;
    write_event(&w, "{action: write, protocol: opcua, value: 4, type: Int32}", 1);
    assert_int_equal(TW_VALUE_INT, w.made.event.value.kind);
    forget(&w);
    write_event(&w, "{action: write, protocol: opcua, value: 4, type: Float}", 1);
    assert_int_equal(TW_VALUE_FLOAT, w.made.event.value.kind);
    forget(&w);
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *yaml, *message, *hint;
    } rows[] = {
        {"{action: wirte}", "\"wirte\" is no value of action", "did you mean \"write\"?"},
        {"{objekt: x}", "there is no field \"objekt\"", "did you mean \"object\"?"},
        {"{mqtt: {clientid: x}}", "there is no field \"mqtt.clientid\"",
            "did you mean \"mqtt.client_id\"?"},
        {"{actor.tier: T2}",
            "actor.tier follows from the inventory and from what happened before; it can not be "
            "written",
            NULL},
        {"{src.ip: 10.7.0}", "src.ip is an address, not \"10.7.0\"", NULL},
        {"{mqtt.qos: high}", "mqtt.qos is a number, not \"high\"", NULL},
        {"{mqtt.retain: 1}", "mqtt.retain is true or false, not \"1\"", NULL},
        {"{src.mac: nn}", "this is no hardware address",
            "such as \"02:00:00:00:00:32\", in quotes"},
        {"{object: [a]}", "object is one word or number", NULL},
        {"{learned.range: 3}", "a range is two numbers: [lowest, highest]", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct written w;
        write_event(&w, rows[i].yaml, 1);
        assert_false(w.ok);
        assert_int_equal(1, w.diags.n);
        assert_string_equal(rows[i].message, w.diags.list[0].message);
        if (rows[i].hint != NULL)
            assert_string_equal(rows[i].hint, w.diags.list[0].hint);
        else
            assert_null(w.diags.list[0].hint);
        forget(&w);
    }
}

struct seen {
    char text[MAX_TEXT];
};

static void note(void *user, const struct tw_event *e)
{
    struct seen *s = user;
    const size_t n = strlen(s->text);
    double number;
    const bool is_number = tw_value_number(&e->value, &number);
    snprintf(s->text + n, MAX_TEXT - n, "%.*s=%s ", TW_STR_ARG(e->field),
        e->value.kind == TW_VALUE_NONE ? "-"
        : is_number                    ? "number"
                                       : e->type);
}

static void payloads_become_leaves(void **state)
{
    struct written w;
    struct seen s = {.text = ""};
    (void)state;
    write_event(&w,
        "{action: publish, protocol: mqtt, object: t, payload: {c: 0.5, m: {\"a/b\": x, l: [1, "
        "true]}}}",
        1);
    assert_true(w.ok);
    tw_made_emit(&w.made, &w.place, note, &s);
    assert_string_equal("=- /c=number /m/a~1b=string /m/l/0=number /m/l/1=boolean ", s.text);
    forget(&w);
    s.text[0] = '\0';
    write_event(&w, "{action: publish, protocol: mqtt, object: t, payload: 20.5}", 1);
    tw_made_emit(&w.made, &w.place, note, &s);
    assert_string_equal("=number ", s.text);
    forget(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_reads_as_written),
        cmocka_unit_test(the_wire_can_be_written),
        cmocka_unit_test(maps_stand_for_fields_below),
        cmocka_unit_test(repetitions_have_a_number),
        cmocka_unit_test(values_are_what_yaml_says),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(payloads_become_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
