/* The rule loader on any bytes, and what it made of them on a few events. A set that loads is
 * whole: every rule has an id, loading again gives the same digest, and evaluation ends, with
 * findings that hold together. What does not load says why. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "detect/detect.h"
#include "detect/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_finding(void *user, const struct tw_finding *f)
{
    unsigned *n = user;
    (*n)++;
    assert(f->rule != NULL && f->rule->id[0] != '\0');
    assert(f->strength >= 0 && f->strength <= 1 && f->window_count > 0);
    assert(f->floor >= 0 && f->floor <= 100 && f->readable_percent <= 100);
    assert(f->key.len > 0 && f->summary.p != NULL);
    assert(f->n_packets > 0 && f->n_packets <= 8);
    for (size_t i = 1; i < f->n_packets; i++)
        assert(f->packets[i - 1] < f->packets[i]);
    assert(f->expected_json.p == NULL || f->expected_json.p[0] == '{');
}

static bool has_test(void *user, const char *rule)
{
    (void)user;
    return rule[0] % 2 == 0;
}

static struct tw_rules *load(const char *path, struct tw_diags *diags)
{
    const char *const paths[] = {path};
    const struct tw_rules_lint lint = {.now_ns = INT64_C(1) << 60, .has_test = has_test};
    return tw_rules_check(paths, 1, &lint, diags);
}

static void count(void *user, const char *name)
{
    size_t *n = user;
    *n += strlen(name);
}

/* Whatever was understood can be said. */
static void explain(const struct tw_rules *rules)
{
    struct tw_text t = {0};
    for (size_t i = 0; i < tw_rules_count(rules); i++) {
        const char *class = NULL;
        size_t n = 0;
        tw_text_clear(&t);
        tw_rule_explain_when(rules, i, &t);
        tw_rule_explain_memory(rules, i, &t);
        tw_rule_explain_tiers(rules, i, &t);
        tw_rule_explain_actions(rules, i, &t);
        tw_rule_explain_suppress(rules, i, &t);
        tw_rule_reads(rules, i, count, &n);
        for (size_t k = 0; k < tw_rule_exceptions(rules, i); k++)
            (void)tw_rule_exception(rules, i, k, &t);
        (void)tw_rule_cost(rules, i, &class);
        assert(class != NULL && !t.failed && t.len > 0);
    }
    tw_text_free(&t);
}

static void evaluate(const struct tw_rules *rules, const uint8_t *data, size_t size)
{
    struct tw_diags diags = {0};
    unsigned n = 0;
    struct tw_registry *registry = tw_registry_load(NULL, &diags);
    struct tw_detect *d = registry ? tw_detect_new(rules, registry, check_finding, &n) : NULL;
    assert(d != NULL);
    struct tw_opcua_info opcua = {.attribute = TW_STR("Value"), .user_token = TW_STR("anonymous")};
    struct tw_mqtt_info mqtt = {.client_id = {.s = TW_STR("c")}, .has_publish_flags = true};
    struct tw_str text = {(const char *)data, size < 64 ? size : 64};
    const struct tw_value values[] = {{.kind = TW_VALUE_DOUBLE, .d = 93.5},
        {.kind = TW_VALUE_STRING, .s = text}, {.kind = TW_VALUE_BOOL, .b = true},
        {.kind = TW_VALUE_NULL}};
    for (unsigned i = 0; i < 2 * TW_ACTION_COUNT; i++) {
        struct tw_event e = {.ts_ns = 1 + i,
            .packet = 1 + i,
            .action = (enum tw_action)(i % TW_ACTION_COUNT),
            .protocol = i % 2 ? TW_PROTO_OPCUA : TW_PROTO_MQTT,
            .object = text,
            .value = values[i % 4],
            .type = "Double",
            .status = {.s = TW_STR("BadNodeIdUnknown")},
            .status_bad = true};
        e.opcua = i % 2 ? &opcua : NULL;
        e.mqtt = i % 2 ? NULL : &mqtt;
        struct tw_facts facts;
        tw_registry_resolve(registry, &e, &facts);
        facts.variable.id = TW_STR("v");
        facts.variable.range = (struct tw_range){true, true, 20, 90};
        tw_detect_event(d, &e, &facts);
    }
    tw_detect_tick(d, INT64_MAX);
    assert(tw_detect_stats(d).matched == n);
    tw_detect_free(d);
    tw_registry_free(registry);
    tw_diags_fini(&diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tw_diags diags = {0};
    char path[64];
    int fd = memfd_create("rules", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    struct tw_rules *rules = load(path, &diags);
    assert((rules == NULL) == (diags.errors > 0));
    if (rules != NULL) {
        struct tw_rules *again = load(path, &diags);
        assert(again != NULL && strcmp(tw_rules_digest(rules), tw_rules_digest(again)) == 0);
        for (size_t i = 0; i < tw_rules_count(rules); i++)
            assert(tw_rules_at(rules, i)->id[0] != '\0');
        tw_rules_free(again);
        explain(rules);
        evaluate(rules, data, size);
    }
    tw_rules_free(rules);
    tw_diags_fini(&diags);
    close(fd);
    return 0;
}
