#include "alert/alert.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert_scene.h"
#include "protocol/json.h"

struct seen {
    char json[8192], id[37], actor[64], target[128], rule[16];
    size_t n;
};

static void keep(void *user, const struct tw_alert_record *r)
{
    struct seen *s = user;
    assert_true(r->json.len < sizeof(s->json));
    tw_str_copy(s->json, sizeof(s->json), r->json);
    tw_str_copy(s->actor, sizeof(s->actor), r->actor);
    tw_str_copy(s->target, sizeof(s->target), r->target);
    tw_str_copy(s->rule, sizeof(s->rule), tw_str_of(r->rule));
    memcpy(s->id, r->id, sizeof(s->id));
    s->n++;
}

static struct seen one(const struct alert_scene *scene, const struct tw_alerts_config *config)
{
    struct seen seen = {.n = 0};
    struct tw_alerts *a = tw_alerts_new(config, keep, &seen);
    assert_non_null(a);
    tw_alerts_finding(a, &scene->finding);
    tw_alerts_finish(a);
    tw_alerts_free(a);
    assert_int_equal(seen.n, 1);
    return seen;
}

static void line_is_as_promised(void **state)
{
    (void)state;
    struct alert_scene s;
    scene_init(&s);
    struct tw_alerts_config config = scene_config();
    struct seen seen = one(&s, &config);
    char expected[4096];
    snprintf(expected, sizeof(expected),
        "{\"schema\":\"tierwatch.alert/1\",\"id\":\"%s\",\"ts\":\"2026-03-01T08:00:01.123456Z\","
        "\"site\":\"plant-a\",\"gateway\":\"gw-1\",\"severity\":\"high\",\"score\":73,\"tier\":"
        "\"T2\","
        "\"rule\":{\"id\":\"CMD-01\",\"name\":\"Command outside its engineering range\",\"rev\":1},"
        "\"family\":\"CMD\",\"actor\":{\"id\":\"ai-optimizer\",\"kind\":\"ai_system\","
        "\"ip\":\"10.10.0.32\",\"mac\":\"02:00:00:00:00:32\",\"identity\":\"registered\","
        "\"application_uri\":\"urn:plant-a:ai-optimizer\"},"
        "\"target\":{\"asset\":\"plc-1\",\"ip\":\"10.10.0.10\","
        "\"object\":\"ns=2;s=Boiler.Setpoint\",\"variable\":\"boiler.setpoint\"},"
        "\"summary\":\"ai-optimizer wrote 131 degC\",\"observed\":131,"
        "\"expected\":{\"range\":[20,90]},"
        "\"why\":[{\"rule\":\"CMD-01\",\"evidence\":\"D\",\"strength\":1,\"severity\":60,\"p\":0."
        "57},"
        "{\"tier\":\"T2\",\"factor\":1},{\"asset\":\"essential\",\"factor\":2},{\"floor\":60}],"
        "\"evidence\":{\"capture\":\"plant.pcap\",\"sha256\":\"00ff\",\"packets\":[1230,1234],"
        "\"flow\":\"9f3c02d41b7a66e0\",\"tuple\":\"10.10.0.32:51122>10.10.0.10:4840/tcp\"},"
        "\"count\":1,\"first_ts\":\"2026-03-01T08:00:01.123456Z\","
        "\"last_ts\":\"2026-03-01T08:00:01.123456Z\",\"risk\":73,\"coverage\":{\"readable\":100},"
        "\"ruleset\":\"sha256:aa\",\"inventory\":\"sha256:bb\",\"engine\":\"1.0.0\","
        "\"ndpi\":\"4.2.0\",\"tags\":[\"attack.ics.T0836\",\"owasp.llm05\"],\"tlp\":\"amber\","
        "\"advice\":\"Compare with the batch order.\"}",
        seen.id);
    assert_string_equal(seen.json, expected);
    assert_string_equal(seen.actor, "ai-optimizer");
    assert_string_equal(seen.target, "plc-1 ns=2;s=Boiler.Setpoint");
    assert_string_equal(seen.rule, "CMD-01");
}

/* The line is valid JSON from end to end. */
static void parses(const struct seen *seen)
{
    struct tw_json r;
    struct tw_json_token token;
    enum tw_json_kind kind;
    tw_json_init(&r, tw_str_of(seen->json));
    while ((kind = tw_json_next(&r, &token)) != TW_JSON_END)
        assert_int_not_equal(kind, TW_JSON_ERROR);
}

/* The number behind `key` within the first element of `why` that has `element`, or `none`. */
static double number_of(const struct seen *seen, const char *element, const char *key, double none)
{
    const char *why = strstr(seen->json, "\"why\":[");
    const char *at = why != NULL ? strstr(why, element) : NULL;
    const char *end = at != NULL ? strchr(at, '}') : NULL;
    const char *number = at != NULL ? strstr(at, key) : NULL;
    return number != NULL && number < end ? strtod(number + strlen(key), NULL) : none;
}

/* The score from nothing but the line. */
static int recompute(const struct seen *seen)
{
    double p = number_of(seen, "{\"rule\":", "\"p\":", 0);
    double odds = p / (1 - p) * number_of(seen, "{\"tier\":", "\"factor\":", 1) *
                  number_of(seen, "{\"asset\":", "\"factor\":", 1) *
                  number_of(seen, "{\"context\":", "\"factor\":", 1);
    double least = number_of(seen, "{\"floor\":", "\"floor\":", 0);
    return (int)floor(fmax(100 * odds / (1 + odds), least) + 0.5 + 1e-9);
}

static void score_follows_from_the_line(void **state)
{
    (void)state;
    static const double strengths[] = {0.1, 0.333333, 0.5, 0.87654, 1};
    struct tw_alerts_config config = scene_config();
    for (int i = 0; i < 4 * 5 * 6 * 4 * 2; i++) {
        struct alert_scene s;
        scene_init(&s);
        s.finding.evidence = (enum tw_evidence)(i % 4);
        s.finding.strength = strengths[i / 4 % 5];
        s.facts.actor.tier = (enum tw_tier)(i / 20 % 6);
        s.facts.actor.kind = (enum tw_actor_kind)(i / 7 % 3);
        s.facts.target.importance = (enum tw_importance)(i / 120 % 4);
        s.facts.change_open = i / 480 != 0;
        s.rule.severity = 1 + i * 37 % 100;
        s.finding.floor = i % 3 == 0 ? 55 : 0;
        struct seen seen = one(&s, &config);
        parses(&seen);
        int score = (int)strtol(strstr(seen.json, "\"score\":") + 8, NULL, 10);
        assert_int_equal(score, recompute(&seen));
        char severity[64];
        snprintf(severity, sizeof(severity), "\"severity\":\"%s\",\"score\":%d,",
            tw_severity_name(tw_severity_of_score(score)), score);
        assert_non_null(strstr(seen.json, severity));
    }
}

static void change_order_explains_deviations_only(void **state)
{
    (void)state;
    struct tw_alerts_config config = scene_config();
    for (enum tw_evidence e = TW_EVIDENCE_D; e <= TW_EVIDENCE_W; e++) {
        struct alert_scene s;
        scene_init(&s);
        s.finding.evidence = e;
        s.facts.change_open = true;
        struct seen seen = one(&s, &config);
        bool explained = strstr(seen.json, "{\"context\":\"change order open\",\"factor\":0.3}");
        assert_int_equal(explained, e >= TW_EVIDENCE_M);
        s.rule.safety = true;
        seen = one(&s, &config);
        assert_null(strstr(seen.json, "change order"));
    }
}

static void has(const struct seen *seen, const char *part)
{
    if (strstr(seen->json, part) == NULL)
        fail_msg("no %s in %s", part, seen->json);
}

static void unregistered_actor(void **state)
{
    (void)state;
    struct alert_scene s;
    scene_init(&s);
    s.facts = (struct tw_facts){
        .actor = {.client_id = TW_STR("mqttjs_1"), .mismatch = TW_STR("MAC of hmi-1")}};
    s.event.src = scene_endpoint("fd00:10::5", 40000, 5);
    s.event.dst = scene_endpoint("fd00:10::1", 1883, 1);
    s.event.src.has_mac = false;
    struct tw_alerts_config config = scene_config();
    struct seen seen = one(&s, &config);
    has(&seen, "\"tier\":null");
    has(&seen, "{\"tier\":\"T3\",\"factor\":1.5,\"because\":\"unregistered\"}");
    has(&seen, "\"actor\":{\"id\":null,\"kind\":\"unregistered\",\"ip\":\"fd00:10::5\","
               "\"identity\":\"unregistered\",\"mismatch\":\"MAC of hmi-1\","
               "\"client_id\":\"mqttjs_1\"}");
    has(&seen, "\"target\":{\"asset\":null,\"ip\":\"fd00:10::1\",\"object\":");
    has(&seen, "{\"asset\":\"normal\",\"factor\":1}");
    has(&seen, "\"tuple\":\"[fd00:10::5]:40000>[fd00:10::1]:1883/tcp\"");
    assert_string_equal(seen.actor, "fd00:10::5");
}

static void registered_asset_has_no_tier(void **state)
{
    (void)state;
    struct alert_scene s;
    scene_init(&s);
    s.facts.actor.kind = TW_ACTOR_ASSET;
    s.facts.actor.tier = TW_TIER_NONE;
    struct tw_alerts_config config = scene_config();
    struct seen seen = one(&s, &config);
    has(&seen, "\"tier\":null,\"rule\"");
    has(&seen, "{\"tier\":null,\"factor\":1,\"because\":\"asset\"}");
}

/* Live, an absence: no capture, no addresses, no object, nothing observed. */
static void absent_things_have_no_key(void **state)
{
    (void)state;
    struct alert_scene s;
    scene_init(&s);
    s.event = (struct tw_event){.ts_ns = T0, .nano = true};
    s.facts.actor.endpoint = (struct tw_endpoint){0};
    s.facts.target = (struct tw_target_facts){0};
    s.facts.variable.id = TW_STR_NONE;
    s.finding.observed = NULL;
    s.finding.expected_json = TW_STR_NONE;
    s.finding.n_packets = 0;
    s.finding.readable_percent = 40;
    s.rule.advice = NULL;
    struct tw_alerts_config config = scene_config();
    config.source = NULL;
    config.inventory = NULL;
    struct seen seen = one(&s, &config);
    has(&seen, "\"evidence\":{\"packets\":[]},\"count\":1");
    s.event.packet = 77;
    seen = one(&s, &config);
    has(&seen, "\"evidence\":{\"packets\":[77]},\"count\":1");
    has(&seen, "\"target\":{\"asset\":null},\"summary\"");
    has(&seen, "degC\",\"why\":");
    has(&seen, "\"coverage\":{\"readable\":40}");
    has(&seen, "\"inventory\":null");
    has(&seen, "\"ts\":\"2026-03-01T08:00:01.123456000Z\"");
    has(&seen, "\"tlp\":\"amber\"}");
    parses(&seen);
}

static void secrets_and_hostile_text(void **state)
{
    (void)state;
    struct alert_scene s;
    scene_init(&s);
    s.event.field = TW_STR("/login/password");
    s.observed = (struct tw_value){.kind = TW_VALUE_STRING, .s = TW_STR("hunter2")};
    s.finding.summary = (struct tw_str){"a\"b\n\x1b[31m\xff<img>", 14};
    struct tw_alerts_config config = scene_config();
    struct seen seen = one(&s, &config);
    has(&seen, "\"observed\":\"(redacted)\"");
    assert_null(strstr(seen.json, "hunter2"));
    assert_null(strchr(seen.json, '\n'));
    has(&seen, "\"field\":\"/login/password\"");
    parses(&seen);
}

/* The id depends on what it is made of, and on nothing else. */
static void id_is_of_the_first_hit(void **state)
{
    (void)state;
    struct alert_scene s;
    struct tw_alerts_config config = scene_config();
    scene_init(&s);
    struct seen first = one(&s, &config);
    s.finding.summary = TW_STR("other words");
    s.finding.packets[0] = 7;
    s.finding.strength = 0.5;
    config.source = NULL;
    config.inventory = "sha256:cc";
    assert_string_equal(one(&s, &config).id, first.id);
    for (int i = 0; i < 9; i++) {
        scene_init(&s);
        config = scene_config();
        switch (i) {
        case 0:
            config.ruleset = "sha256:ab";
            break;
        case 1:
            s.rule.id = "CMD-02";
            break;
        case 2:
            s.rule.rev = 2;
            break;
        case 3:
            s.facts.actor.id = TW_STR("ai-other");
            break;
        case 4:
            s.facts.target.asset = TW_STR("plc-2");
            break;
        case 5:
            s.event.object = TW_STR("ns=2;s=Boiler");
            break;
        case 6:
            s.finding.ts_ns++;
            break;
        case 7:
            s.event.src.port++;
            break;
        case 8:
            s.event.field = TW_STR("/x");
            break;
        }
        assert_string_not_equal(one(&s, &config).id, first.id);
    }
}

static void risk_adds_up_over_rules(void **state)
{
    (void)state;
    struct alert_scene s;
    struct seen seen = {.n = 0};
    struct tw_alerts_config config = scene_config();
    struct tw_alerts *a = tw_alerts_new(&config, keep, &seen);
    scene_init(&s);
    tw_alerts_finding(a, &s.finding);
    s.rule.id = "PRV-01";
    s.rule.family = "PRV";
    s.rule.severity = 20;
    s.finding.key = TW_STR("PRV-01|ai-optimizer");
    s.finding.floor = 0;
    tw_alerts_finding(a, &s.finding);
    has(&seen, "\"score\":32");
    has(&seen, "\"risk\":79"); /* 1 - .43 x .81, odds doubled */
    assert_int_equal(tw_risks_now(tw_alerts_risks(a), TW_STR("ai-optimizer"), T0), 79);
    tw_alerts_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_is_as_promised),
        cmocka_unit_test(score_follows_from_the_line),
        cmocka_unit_test(change_order_explains_deviations_only),
        cmocka_unit_test(unregistered_actor),
        cmocka_unit_test(registered_asset_has_no_tier),
        cmocka_unit_test(absent_things_have_no_key),
        cmocka_unit_test(secrets_and_hostile_text),
        cmocka_unit_test(id_is_of_the_first_hit),
        cmocka_unit_test(risk_adds_up_over_rules),
    };
    return cmocka_run_group_tests_name("alert record", tests, NULL, NULL);
}
