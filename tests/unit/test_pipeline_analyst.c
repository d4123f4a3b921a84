#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "event/emit_json.h"
#include "event/sparkplug.h"
#include "pipeline/analyst.h"

static void keep_json(void *user, const struct tw_event *event)
{
    tw_event_json(user, event);
}

static bool says(const struct tw_text *t, const char *words)
{
    return t->len > 0 && memmem(t->p, t->len, words, strlen(words)) != NULL;
}

/* What a node's name calls a secret is not printed, whatever carried it. */
static void secrets_of_nodes_are_hidden(void **state)
{
    (void)state;
    static const struct tw_value argument = {.kind = TW_VALUE_STRING, .s = {"hunter2", 7}};
    static const struct {
        const char *object;
        struct tw_value value;
        bool outputs, hidden;
    } rows[] = {
        {"ns=2;s=Config.Password", {.kind = TW_VALUE_STRING, .s = {"hunter2", 7}}, false, true},
        {"ns=2;s=Config.Password", {.kind = TW_VALUE_BYTES, .s = {"hunter2", 7}}, false, true},
        {"ns=2;s=User.SetPassword", {.kind = TW_VALUE_ARRAY, .n = 1, .items = &argument}, true,
            true},
        {"ns=2;s=Device/api_key", {.kind = TW_VALUE_STRING, .s = {"hunter2", 7}}, false, true},
        {"ns=2;s=Config.Text", {.kind = TW_VALUE_STRING, .s = {"hunter2", 7}}, false, false},
        {"ns=2;s=Line.Token", {.kind = TW_VALUE_INT, .i = 5}, false, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_text out = {0};
        const struct tw_analyst_config config = {
            .limits = tw_limits_default(), .event = keep_json, .event_user = &out};
        struct tw_analyst *a = tw_analyst_new(&config);
        struct tw_opcua_info info = {.outputs = rows[i].outputs ? &argument : NULL};
        struct tw_event event = {.ts_ns = 1,
            .protocol = TW_PROTO_OPCUA,
            .action = TW_ACTION_WRITE,
            .object = tw_str_of(rows[i].object),
            .value = rows[i].value,
            .opcua = &info};
        assert_non_null(a);
        tw_analyst_event(a, &event);
        assert_int_equal(says(&out, "\"value\":\"(redacted)\""), rows[i].hidden);
        assert_int_equal(says(&out, "\"outputs\":\"(redacted)\""), rows[i].outputs);
        assert_int_equal(
            says(&out, "hunter2"), !rows[i].hidden && rows[i].value.kind != TW_VALUE_INT);
        tw_analyst_free(a);
        tw_text_free(&out);
    }
}

static const char rule[] = "rules: [{id: X-1, name: n, rev: 1, evidence: D, severity: 50, when: "
                           "action = flow and indicator.id exists, suppress: {by: [packet], for: "
                           "1s}, output: \"%indicator.value\"}]\n";
static const char indicator[] =
    "{\"type\":\"indicator\",\"id\":\"indicator--1\",\"pattern_type\":\"stix\",\"valid_from\":"
    "\"2020-01-01T00:00:00Z\",\"pattern\":\"[domain-name:value = 'a.example']\"}";

static char *file_of(const char *text, const char *suffix)
{
    char *path = NULL;
    assert_true(asprintf(&path, "/tmp/tierwatch-analyst-XXXXXX%s", suffix) > 0);
    const int fd = mkstemps(path, (int)strlen(suffix));
    assert_true(fd >= 0);
    assert_int_equal((ssize_t)strlen(text), write(fd, text, strlen(text)));
    close(fd);
    return path;
}

static void count_alert(void *user, const struct tw_alert_record *r)
{
    size_t *n = user;
    assert_true(tw_str_is(r->summary, "a.example"));
    ++*n;
}

/* Which indicators are in force is changed as rules are. */
static void indicators_come_and_go(void **state)
{
    struct tw_diags d = {0};
    size_t n = 0;
    char *rule_path = file_of(rule, ".yaml"), *indicator_path = file_of(indicator, ".json");
    const char *paths[] = {rule_path};
    (void)state;
    struct tw_rules *rules = tw_rules_load(paths, 1, &d);
    struct tw_registry *registry = tw_registry_load(NULL, &d);
    struct tw_indicators *some = tw_indicators_load(indicator_path, &d);
    assert_non_null(rules);
    assert_non_null(some);
    const struct tw_analyst_config config = {.limits = tw_limits_default(),
        .registry = registry,
        .rules = rules,
        .alerts = {.site = "s",
            .gateway = "g",
            .ruleset = tw_rules_digest(rules),
            .inventory = tw_registry_digest(registry),
            .engine = "1",
            .ndpi = "-"},
        .alert = count_alert,
        .alert_user = &n};
    struct tw_analyst *a = tw_analyst_new(&config);
    assert_non_null(a);
    struct tw_flow_info flow = {.transport = "tcp"};
    struct tw_event e = {.ts_ns = INT64_C(1772352000) * 1000000000,
        .packet = 1,
        .action = TW_ACTION_FLOW,
        .app = TW_STR("tls"),
        .object = TW_STR("a.example"),
        .flow_info = &flow};
    tw_analyst_whole(a, &e);
    assert_int_equal(0, n);
    tw_analyst_indicators(a, some);
    e.packet++;
    tw_analyst_whole(a, &e);
    assert_int_equal(1, n);
    static const size_t wanted[] = {2, 2}; /* they stay; none */
    for (size_t i = 0; i < 2; i++) {
        struct tw_analyst_next *next = tw_analyst_next_new(a, rules, registry);
        assert_non_null(next);
        if (i == 1)
            tw_analyst_next_indicators(next, NULL);
        tw_analyst_change(a, next);
        tw_analyst_next_free(next);
        e.packet++;
        tw_analyst_whole(a, &e);
        assert_int_equal(wanted[i], n);
    }
    tw_analyst_free(a);
    tw_indicators_free(some);
    tw_registry_free(registry);
    tw_rules_free(rules);
    tw_diags_fini(&d);
    unlink(rule_path);
    unlink(indicator_path);
    free(rule_path);
    free(indicator_path);
}

static const char later_rule[] =
    "rules: [{id: X-2, name: n, rev: 1, evidence: D, severity: 50, when: action = silence and "
    "indicator.age exists, suppress: {by: [packet], for: 1s}, output: \"%packet "
    "%indicator.age\"}]\n";

struct said {
    size_t n;
    char last[64];
};

static void keep_said(void *user, const struct tw_alert_record *r)
{
    struct said *s = user;
    s->n += !r->update;
    snprintf(s->last, sizeof(s->last), "%.*s", TW_STR_ARG(r->summary));
}

static void change_to(struct tw_analyst *a, const struct tw_rules *rules,
    struct tw_registry *registry, const struct tw_indicators *indicators)
{
    struct tw_analyst_next *next = tw_analyst_next_new(a, rules, registry);
    assert_non_null(next);
    tw_analyst_next_indicators(next, indicators);
    tw_analyst_change(a, next);
    tw_analyst_next_free(next);
}

/* Indicators that come are held against who was here; the same ones, read again, are not, and who
 * arrived under them was told of. */
static void arrivals_are_looked_back_at(void **state)
{
    struct tw_diags d = {0};
    struct said said = {0};
    char *rule_path = file_of(later_rule, ".yaml"), *path = file_of(indicator, ".json");
    const char *paths[] = {rule_path};
    (void)state;
    struct tw_rules *rules = tw_rules_load(paths, 1, &d);
    struct tw_registry *registry = tw_registry_load(NULL, &d);
    struct tw_indicators *one = tw_indicators_load(path, &d), *two = tw_indicators_load(path, &d);
    const struct tw_analyst_config config = {.limits = tw_limits_default(),
        .registry = registry,
        .rules = rules,
        .looks_back = true,
        .alerts = {.site = "s",
            .gateway = "g",
            .ruleset = tw_rules_digest(rules),
            .inventory = tw_registry_digest(registry),
            .engine = "1",
            .ndpi = "-"},
        .alert = keep_said,
        .alert_user = &said};
    struct tw_analyst *a = tw_analyst_new(&config);
    assert_non_null(a);
    struct tw_flow_info flow = {.transport = "tcp"};
    struct tw_event e = {.ts_ns = INT64_C(1772352000) * 1000000000,
        .action = TW_ACTION_FLOW,
        .app = TW_STR("tls"),
        .flow_info = &flow};
    /* The same arrival three times, and another one. */
    for (e.packet = 1; e.packet < 5; e.packet++) {
        e.object = e.packet == 4 ? TW_STR("b.example") : TW_STR("A.example");
        tw_analyst_whole(a, &e);
        e.ts_ns += INT64_C(1000000000);
    }
    /* A while in which nobody does anything that is judged. */
    tw_analyst_tick(a, e.ts_ns + INT64_C(8000000000));
    change_to(a, rules, registry, one);
    assert_int_equal(1, said.n);
    assert_string_equal("3 10", said.last);
    change_to(a, rules, registry, two);
    assert_int_equal(1, said.n);
    change_to(a, rules, registry, NULL);
    change_to(a, rules, registry, one);
    assert_int_equal(1, said.n); /* folded: within a second of the first one */
    tw_analyst_free(a);
    tw_indicators_free(one);
    tw_indicators_free(two);
    tw_registry_free(registry);
    tw_rules_free(rules);
    tw_diags_fini(&d);
    unlink(rule_path);
    unlink(path);
    free(rule_path);
    free(path);
}

static const char plant[] =
    "inventory: 1\nassets:\n"
    "  - {id: edge, kind: edge, ip: [10.7.0.50], identity: {mqtt_client_id: [edge]}}\n"
    "  - {id: broker, kind: mqtt-broker, ip: [10.7.0.20], ports: [1883]}\n";

static void only_leaves_of_the_last_message_pass(
    struct tw_analyst *a, struct tw_event *message, struct tw_event *leaf)
{
    struct tw_mqtt_info later = *message->mqtt, *first = message->mqtt;
    later.serial++;
    leaf->flow++;
    assert_false(tw_analyst_pass(a, leaf));
    leaf->flow--;
    leaf->mqtt = &later;
    assert_false(tw_analyst_pass(a, leaf));
    leaf->mqtt = first;
    leaf->action = TW_ACTION_DELIVER;
    assert_false(tw_analyst_pass(a, leaf));
    leaf->action = TW_ACTION_PUBLISH;
    assert_true(tw_analyst_pass(a, leaf));
    /* Nothing passes behind a look at the clock, at other indicators, or another message. */
    tw_analyst_tick(a, leaf->ts_ns);
    assert_false(tw_analyst_pass(a, leaf));
    tw_analyst_event(a, message);
    assert_true(tw_analyst_pass(a, leaf));
    tw_analyst_indicators(a, NULL);
    assert_false(tw_analyst_pass(a, leaf));
    message->mqtt = &later;
    tw_analyst_event(a, message);
    assert_false(tw_analyst_pass(a, leaf));
    leaf->mqtt = &later;
    assert_true(tw_analyst_pass(a, leaf));
    /* A leaf that went the whole way is no other message. */
    struct tw_event whole = *leaf;
    tw_analyst_event(a, &whole);
    assert_true(tw_analyst_pass(a, leaf));
    message->action = TW_ACTION_DISCONNECT;
    tw_analyst_event(a, message);
    assert_false(tw_analyst_pass(a, leaf));
}

/* Leaves of JSON are alike. Metrics of Sparkplug and fields of PubSub have names, ranges and a
 * status of their own, whoever shows them: a dissector does not, the merge of several workers does.
 */
static void only_mere_leaves_pass(void **state)
{
    struct tw_diags d = {0};
    struct said said = {0};
    char *rule_path = file_of(later_rule, ".yaml"), *plant_path = file_of(plant, ".yaml");
    const char *paths[] = {rule_path};
    struct tw_sparkplug_info sparkplug = {.kind = TW_SPARKPLUG_NBIRTH};
    struct tw_sparkplug_metric metric = {.datatype = 9};
    struct tw_pubsub_info pubsub = {.encoding = "json"};
    (void)state;
    struct tw_rules *rules = tw_rules_load(paths, 1, &d);
    struct tw_registry *registry = tw_registry_load(plant_path, &d);
    assert_non_null(rules);
    assert_non_null(registry);
    const struct tw_analyst_config config = {.limits = tw_limits_default(),
        .registry = registry,
        .rules = rules,
        .alerts = {.site = "s",
            .gateway = "g",
            .ruleset = tw_rules_digest(rules),
            .inventory = tw_registry_digest(registry),
            .engine = "1",
            .ndpi = "-"},
        .alert = keep_said,
        .alert_user = &said};
    struct tw_analyst *a = tw_analyst_new(&config);
    assert_non_null(a);
    struct tw_mqtt_info mqtt = {.serial = 1, .client_id = {.s = TW_STR("edge")}};
    struct tw_event message = {.ts_ns = INT64_C(1772352000) * 1000000000,
        .packet = 1,
        .protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_PUBLISH,
        .src = {.ip = {4, {10, 7, 0, 50}}, .port = 50001},
        .dst = {.ip = {4, {10, 7, 0, 20}}, .port = 1883},
        .object = TW_STR("plant/telemetry"),
        .flow = 7,
        .mqtt = &mqtt};
    struct tw_event leaf = message;
    leaf.field = TW_STR("/a");
    leaf.value = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = 1};
    tw_analyst_event(a, &message);
    assert_true(tw_analyst_pass(a, &leaf));
    leaf.sparkplug = &sparkplug;
    assert_false(tw_analyst_pass(a, &leaf));
    leaf.sparkplug = NULL;
    leaf.metric = &metric;
    assert_false(tw_analyst_pass(a, &leaf));
    leaf.metric = NULL;
    leaf.pubsub = &pubsub;
    assert_false(tw_analyst_pass(a, &leaf));
    leaf.pubsub = NULL;
    assert_true(tw_analyst_pass(a, &leaf));
    assert_int_equal(3, tw_analyst_stats(a).events);
    only_leaves_of_the_last_message_pass(a, &message, &leaf);
    tw_analyst_free(a);
    tw_registry_free(registry);
    tw_rules_free(rules);
    tw_diags_fini(&d);
    unlink(rule_path);
    unlink(plant_path);
    free(rule_path);
    free(plant_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_of_nodes_are_hidden),
        cmocka_unit_test(indicators_come_and_go),
        cmocka_unit_test(arrivals_are_looked_back_at),
        cmocka_unit_test(only_mere_leaves_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
