#include "cli/messages.h"

#include <stdio.h>

static void received_json(struct tw_text *t, const struct tw_gateway_state *s)
{
    tw_json_member_u64(t, "received", s->received);
    tw_json_member_u64(t, "dropped", s->dropped);
    tw_json_member_double(t, "dropped_percent", s->dropped_percent);
}

void tw_state_json(struct tw_text *t, const struct tw_gateway_state *s, bool online)
{
    tw_json_object(t);
    tw_json_member_z(t, "schema", "tierwatch.state/1");
    tw_json_member_z(t, "state", online ? "online" : "offline");
    tw_json_member_z(t, "site", s->site);
    tw_json_member_z(t, "gateway", s->gateway);
    tw_json_member_z(t, "boot", s->boot);
    tw_json_member_z(t, "version", TW_VERSION);
    tw_json_member_z(t, "ruleset", s->ruleset);
    tw_json_member_z(t, "inventory", s->inventory);
    tw_json_member_u64(t, "rules", s->rules);
    received_json(t, s);
    tw_json_object_end(t);
}

/* A lost state, stats or risk message is made good by the next one. */
static void send_newest(struct tw_publisher *p, const char *topic, const struct tw_text *t)
{
    const struct tw_message m = {
        .topic = tw_str_of(topic), .payload = tw_text_str(t), .retain = true, .volatile_ = true};
    enum tw_status st = t->failed ? TW_NO_MEMORY : tw_publisher_send(p, &m);
    (void)st;
}

void tw_publish_state(struct tw_publisher *p, const struct tw_gateway_state *s)
{
    struct tw_text t = {0};
    tw_state_json(&t, s, true);
    send_newest(p, "state", &t);
    tw_text_free(&t);
}

void tw_publish_stats(
    struct tw_publisher *p, const struct tw_gateway_state *s, const struct tw_analyst_stats *stats)
{
    struct tw_text t = {0};
    const struct tw_publisher_stats broker = tw_publisher_stats(p);
    tw_json_object(&t);
    tw_json_member_z(&t, "schema", "tierwatch.stats/1");
    tw_json_member_z(&t, "boot", s->boot);
    received_json(&t, s);
    tw_json_member_u64(&t, "actions", stats->events);
    tw_json_member_u64(&t, "encrypted", stats->encrypted);
    tw_json_member_u64(&t, "alerts", stats->alerts.alerts);
    tw_json_member_u64(&t, "updates", stats->alerts.updates);
    tw_json_member_u64(&t, "published", broker.acknowledged);
    tw_json_member_u64(&t, "spooled", broker.spooled);
    tw_json_member_u64(&t, "reconnects", broker.reconnects);
    tw_json_object_end(&t);
    send_newest(p, "stats", &t);
    tw_text_free(&t);
}

void tw_publish_risk(
    struct tw_publisher *p, struct tw_risks *risks, const struct tw_alert_record *last)
{
    struct tw_text t = {0};
    char topic[160], level[128];
    const char *reasons[5];
    size_t n = tw_risks_reasons(risks, last->actor, last->last_ts_ns, reasons, 5);
    tw_json_object(&t);
    tw_json_member_z(&t, "schema", "tierwatch.risk/1");
    tw_json_member_str(&t, "ai_system", last->actor);
    tw_json_member_time(&t, "ts", last->last_ts_ns, false);
    tw_json_member_u64(&t, "score", (uint64_t)last->risk);
    tw_json_member_z(&t, "severity", tw_severity_name(tw_severity_of_score(last->risk)));
    tw_json_member_z(&t, "tier", tw_tier_name(last->tier));
    tw_json_key(&t, "reasons");
    tw_json_array(&t);
    for (size_t i = 0; i < n; i++)
        tw_json_z(&t, reasons[i]);
    tw_json_array_end(&t);
    tw_json_member_z(&t, "last_alert", last->id);
    tw_json_member_str(&t, "summary", last->summary);
    tw_json_object_end(&t);
    tw_topic_level(level, sizeof(level), last->actor);
    snprintf(topic, sizeof(topic), "risk/%s", level);
    send_newest(p, topic, &t);
    tw_text_free(&t);
}

void tw_publish_discovered(struct tw_publisher *p, const struct tw_alert_record *last)
{
    char topic[160], level[128];
    struct tw_text t = {0};
    tw_json_object(&t);
    tw_json_member_z(&t, "schema", "tierwatch.discovered/1");
    tw_json_member_str(&t, "id", last->actor);
    tw_json_member_time(&t, "ts", last->last_ts_ns, false);
    tw_json_member_u64(&t, "count", last->count);
    tw_json_member_str(&t, "summary", last->summary);
    /* Addresses, identity and what it did are in the alert itself. */
    tw_json_key(&t, "alert");
    tw_json_raw(&t, last->json);
    tw_json_object_end(&t);
    tw_topic_level(level, sizeof(level), last->actor);
    snprintf(topic, sizeof(topic), "discovered/%s", level);
    send_newest(p, topic, &t);
    tw_text_free(&t);
}
