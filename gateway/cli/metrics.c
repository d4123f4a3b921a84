#include "cli/metrics.h"

#include "base/timefmt.h"
#include "flow/flow.h"
#include "share/ledger.h"

static void head(struct tw_text *t, const char *name, const char *type, const char *help)
{
    tw_text_addf(t, "# HELP tierwatch_%s %s\n# TYPE tierwatch_%s %s\n", name, help, name, type);
}

static void sample(struct tw_text *t, const char *name, uint64_t value)
{
    tw_text_addf(t, "tierwatch_%s %llu\n", name, (unsigned long long)value);
}

/* Names of interfaces, versions and digests have nothing in them that would have to be escaped but
 * quotes and backslashes [exposition format]. */
static void label(struct tw_text *t, const char *name, const char *key, const char *value)
{
    tw_text_addf(t, "tierwatch_%s{%s=\"", name, key);
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            tw_text_add(t, "\\", 1);
        tw_text_add(t, *value == '\n' ? " " : value, 1);
    }
    tw_text_addz(t, "\"} ");
}

static void labelled(
    struct tw_text *t, const char *name, const char *key, const char *value, uint64_t number)
{
    label(t, name, key, value);
    tw_text_addf(t, "%llu\n", (unsigned long long)number);
}

static void seconds(struct tw_text *t, const char *name, int64_t ns)
{
    tw_text_addf(t, "tierwatch_%s %lld.%09lld\n", name, (long long)(ns / TW_NS_PER_S),
        (long long)(ns % TW_NS_PER_S));
}

static void number(
    struct tw_text *t, const char *name, const char *type, const char *help, uint64_t value)
{
    head(t, name, type, help);
    sample(t, name, value);
}

static void about(struct tw_text *t, const struct tw_metrics_source *s, const struct tw_figures *f)
{
    head(t, "build_info", "gauge", "Version of tierwatch.");
    labelled(t, "build_info", "version", TW_VERSION, 1);
    head(t, "ruleset_info", "gauge", "Digest of the rules in force.");
    labelled(t, "ruleset_info", "sha256", f->ruleset, 1);
    head(t, "inventory_info", "gauge", "Digest of the inventory in force.");
    labelled(t, "inventory_info", "sha256", f->inventory, 1);
    number(t, "rules", "gauge", "Rules in force.", f->rules);
    number(t, "ai_systems", "gauge", "AI systems of the inventory in force.", f->ai_systems);
    head(t, "start_timestamp_seconds", "gauge", "When the gateway started.");
    seconds(t, "start_timestamp_seconds", s->started_ns);
    struct tw_text problems = {0};
    number(t, "problems", "gauge", "What a person should look at; 0 when all is well.",
        tw_problems_json(f, &problems));
    tw_text_free(&problems);
}

static void capture(struct tw_text *t, const struct tw_figures *f)
{
    number(t, "capture_packets_total", "counter", "Packets read.", f->capture.packets);
    number(t, "capture_bytes_total", "counter", "Bytes of them on the wire.", f->capture.bytes);
    head(t, "capture_dropped_total", "counter", "Packets or parts of them lost, by where.");
    labelled(t, "capture_dropped_total", "where", "kernel", f->capture.dropped);
    labelled(t, "capture_dropped_total", "where", "interface", f->capture.if_dropped);
    labelled(t, "capture_dropped_total", "where", "memcap", f->workers.pool.refused);
    head(t, "capture_lost_ratio", "gauge", "Share of the packets lost in the last 10 seconds.");
    tw_text_addf(t, "tierwatch_capture_lost_ratio %.6f\n", f->loss.last.percent / 100);
    head(t, "last_packet_timestamp_seconds", "gauge", "When packets last came in; 0: never.");
    seconds(t, "last_packet_timestamp_seconds", f->last_packet_ns);
    if (f->n_interfaces == 0)
        return;
    head(t, "interface_up", "gauge", "1 while the interface is there.");
    for (size_t i = 0; i < f->n_interfaces; i++)
        labelled(t, "interface_up", "interface", f->interfaces[i].name, f->interfaces[i].up);
    head(t, "interface_received_total", "counter", "Packets received on an interface.");
    for (size_t i = 0; i < f->n_interfaces; i++)
        labelled(t, "interface_received_total", "interface", f->interfaces[i].name,
            f->interfaces[i].received);
}

static void flows(struct tw_text *t, const struct tw_figures *f)
{
    const struct tw_flows_stats *s = &f->workers.flows;
    number(t, "flows", "gauge", "Flows tracked now.", s->active);
    number(t, "flows_total", "counter", "Flows seen.", s->flows);
    number(t, "flows_evicted_total", "counter", "Flows forgotten for want of room.", s->evicted);
    number(t, "reassembly_gap_total", "counter", "Holes in TCP streams.", s->gaps);
    number(t, "reassembly_gap_bytes_total", "counter", "Bytes missing in them.", s->gap_bytes);
    number(t, "reassembly_conflict_total", "counter", "Two different bytes for one place.",
        s->conflicts);
    number(t, "pool_bytes", "gauge", "Memory for reassembly and requests in use.",
        f->workers.pool.in_use_bytes);
}

static void actions(struct tw_text *t, const struct tw_analyst_stats *s)
{
    static const char *const protocols[] = {"other", "opcua", "mqtt"};
    head(t, "actions_total", "counter", "Actions seen, by protocol.");
    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
        labelled(t, "actions_total", "proto", protocols[i], s->by_protocol[i]);
    number(t, "actions_encrypted_total", "counter", "Actions that could only be half seen.",
        s->encrypted);
    head(t, "parse_errors_total", "counter", "Malformed messages, by protocol.");
    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
        labelled(t, "parse_errors_total", "proto", protocols[i], s->malformed[i]);
    number(t, "rule_evaluations_total", "counter", "Rules asked about an action.",
        s->detect.evaluated);
    number(t, "rule_matches_total", "counter", "Rules that matched.", s->detect.matched);
    head(t, "rule_eval_seconds_total", "counter",
        "Time to resolve and judge actions, estimated from every 64th.");
    seconds(t, "rule_eval_seconds_total", (int64_t)s->judged_ns);
    number(t, "state_evictions_total", "counter", "Remembered states forgotten for want of room.",
        s->detect.window_evictions + s->detect.state_evictions + s->sessions.evicted);
}

static void alerts(struct tw_text *t, const struct tw_figures *f)
{
    const struct tw_alerts_stats *s = &f->analyst.alerts;
    head(t, "alerts_total", "counter", "Alerts raised, by the tier of the actor.");
    for (int i = TW_TIER_NONE; i <= TW_TIER_T4; i++)
        labelled(t, "alerts_total", "tier", tw_tier_name((enum tw_tier)i), s->by_tier[i]);
    number(t, "alert_updates_total", "counter", "Later lines of alerts.", s->updates);
    number(t, "suppressed_total", "counter", "Repeats folded into an alert.", s->folded);
    number(t, "alerts_unkept", "gauge", "1 when an alert could not be kept.", f->alerts_lost);
}

static void outside(struct tw_text *t, const struct tw_metrics_source *s)
{
    if (s->ledger != NULL)
        number(t, "journal_bytes", "gauge", "Size of the ledger.", tw_ledger_bytes(s->ledger));
    if (s->publisher == NULL)
        return;
    const struct tw_publisher_stats p = tw_publisher_stats(s->publisher);
    number(t, "journal_unsent", "gauge", "Messages that wait for the broker.", p.spooled);
    number(t, "mqtt_connected", "gauge", "1 while the broker is there.", p.connected);
    number(t, "mqtt_reconnects_total", "counter", "Connections after the first.", p.reconnects);
    number(t, "mqtt_refused_total", "counter", "Messages that the broker refused.", p.refused);
    head(t, "mqtt_puback_seconds", "summary", "From sending a message to its acknowledgement.");
    seconds(t, "mqtt_puback_seconds_sum", (int64_t)p.ack_ms * TW_NS_PER_MS);
    sample(t, "mqtt_puback_seconds_count", p.acknowledged);
}

void tw_metrics_text(struct tw_metrics_source *s, struct tw_text *out)
{
    struct tw_figures f;
    tw_figures_copy(s->figures, &f);
    about(out, s, &f);
    capture(out, &f);
    flows(out, &f);
    actions(out, &f.analyst);
    alerts(out, &f);
    outside(out, s);
}

static void problem(struct tw_text *t, size_t *n, const char *text)
{
    tw_json_z(t, text);
    ++*n;
}

size_t tw_problems_json(const struct tw_figures *f, struct tw_text *out)
{
    size_t n = 0;
    char text[160];
    tw_json_array(out);
    for (size_t i = 0; i < f->n_interfaces; i++) {
        snprintf(text, sizeof(text), "interface %s is gone", f->interfaces[i].name);
        if (!f->interfaces[i].up)
            problem(out, &n, text);
    }
    snprintf(text, sizeof(text), "%.3f %% of the packets were lost lately", f->loss.last.percent);
    if (f->loss.last.percent > f->loss.limit_percent)
        problem(out, &n, text);
    if (f->alerts_lost)
        problem(out, &n, "an alert could not be kept");
    if (tw_figures_is_stuck(f))
        problem(out, &n, "no packet or alert moves on");
    tw_json_array_end(out);
    return n;
}

bool tw_metrics_health(struct tw_metrics_source *s, struct tw_text *out)
{
    struct tw_figures f;
    struct tw_text problems = {0};
    tw_figures_copy(s->figures, &f);
    const bool healthy = tw_problems_json(&f, &problems) == 0;
    tw_json_object(out);
    tw_json_member_bool(out, "healthy", healthy);
    tw_json_key(out, "problems");
    tw_json_raw(out, tw_text_str(&problems));
    tw_json_object_end(out);
    tw_text_add(out, "\n", 1);
    out->failed |= problems.failed;
    tw_text_free(&problems);
    return healthy;
}
