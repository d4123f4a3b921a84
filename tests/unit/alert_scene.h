#pragma once
/* A finding with everything in it, as detect/ would give it, for the tests of alert/. */

#include "alert/alert.h"
#include "base/timefmt.h"

#define T0 (INT64_C(1772352001) * TW_NS_PER_S + 123456000)
#define SECONDS(n) ((int64_t)(n)*TW_NS_PER_S)

struct alert_scene {
    struct tw_rule_info rule;
    struct tw_event event;
    struct tw_facts facts;
    struct tw_finding finding;
    struct tw_value observed;
    const char *tags[2];
};

static inline struct tw_endpoint scene_endpoint(const char *ip, uint16_t port, uint8_t last)
{
    struct tw_endpoint e = {.port = port, .has_mac = true, .mac = {2, 0, 0, 0, 0, last}};
    (void)tw_ip_parse(tw_str_of(ip), &e.ip);
    return e;
}

static inline void scene_facts(struct tw_facts *f, const struct tw_event *event)
{
    f->actor = (struct tw_actor_facts){.id = TW_STR("ai-optimizer"),
        .kind = TW_ACTOR_AI_SYSTEM,
        .identity = TW_IDENTITY_REGISTERED,
        .tier = TW_TIER_T2,
        .endpoint = event->src,
        .application_uri = TW_STR("urn:plant-a:ai-optimizer")};
    f->target = (struct tw_target_facts){
        .asset = TW_STR("plc-1"), .importance = TW_IMPORTANCE_ESSENTIAL, .endpoint = event->dst};
    f->variable.id = TW_STR("boiler.setpoint");
}

/* In place: the finding points into the scene. */
static inline void scene_init(struct alert_scene *s)
{
    *s = (struct alert_scene){.tags = {"attack.ics.T0836", "owasp.llm05"}};
    s->rule = (struct tw_rule_info){.id = "CMD-01",
        .name = "Command outside its engineering range",
        .family = "CMD",
        .rev = 1,
        .evidence = TW_EVIDENCE_D,
        .severity = 60,
        .tags = s->tags,
        .n_tags = 2,
        .advice = "Compare with the batch order."};
    s->event = (struct tw_event){.ts_ns = T0,
        .packet = 1234,
        .request_packet = 1230,
        .protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_WRITE,
        .src = scene_endpoint("10.10.0.32", 51122, 0x32),
        .dst = scene_endpoint("10.10.0.10", 4840, 0x10),
        .is_tcp = true,
        .flow = 0x9f3c02d41b7a66e0,
        .object = TW_STR("ns=2;s=Boiler.Setpoint")};
    scene_facts(&s->facts, &s->event);
    s->observed = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = 131};
    s->finding = (struct tw_finding){.rule = &s->rule,
        .event = &s->event,
        .facts = &s->facts,
        .ts_ns = T0,
        .key = TW_STR("CMD-01|ai-optimizer|ns=2;s=Boiler.Setpoint"),
        .window_ns = SECONDS(600),
        .strength = 1,
        .evidence = TW_EVIDENCE_D,
        .floor = 60,
        .summary = TW_STR("ai-optimizer wrote 131 degC"),
        .observed = &s->observed,
        .expected_json = TW_STR("{\"range\":[20,90]}"),
        .packets = {1230, 1234},
        .n_packets = 2,
        .window_count = 1,
        .readable_percent = 100};
}

static inline void scene_source(
    void *user, uint64_t packet, struct tw_str *out_name, struct tw_str *out_sha256)
{
    (void)user, (void)packet;
    *out_name = TW_STR("/some/where/plant.pcap");
    *out_sha256 = TW_STR("00ff");
}

static inline struct tw_alerts_config scene_config(void)
{
    return (struct tw_alerts_config){.site = "plant-a",
        .gateway = "gw-1",
        .ruleset = "sha256:aa",
        .inventory = "sha256:bb",
        .engine = "1.0.0",
        .ndpi = "4.2.0",
        .source = scene_source};
}
