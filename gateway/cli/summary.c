#include "cli/summary.h"

#include "base/log.h"
#include "score/score.h"

static void words(
    const struct tw_pipeline_result *r, const struct tw_analyst_stats *s, int64_t wall_ns)
{
    double seconds = (double)(r->last_ns - r->first_ns) / 1e9;
    tw_log(TW_LOG_INFO, "%llu packets (%.1f s of traffic) in %.2f s, %llu flows, %llu actions",
        (unsigned long long)r->packets, r->packets ? seconds : 0.0, (double)wall_ns / 1e9,
        (unsigned long long)r->workers.flows.flows, (unsigned long long)s->events);
    tw_log(TW_LOG_INFO, "%llu alerts: %llu critical, %llu high, %llu medium, %llu low, %llu info",
        (unsigned long long)s->alerts.alerts,
        (unsigned long long)s->alerts.by_severity[TW_SEV_CRITICAL],
        (unsigned long long)s->alerts.by_severity[TW_SEV_HIGH],
        (unsigned long long)s->alerts.by_severity[TW_SEV_MEDIUM],
        (unsigned long long)s->alerts.by_severity[TW_SEV_LOW],
        (unsigned long long)s->alerts.by_severity[TW_SEV_INFO]);
    if (s->series.digest != NULL)
        tw_log(TW_LOG_INFO,
            "baseline: %llu of %llu series are told of, %llu were seen; %llu deviations, %llu of"
            " them in shadow",
            (unsigned long long)s->series.active, (unsigned long long)s->series.series,
            (unsigned long long)s->series.seen, (unsigned long long)s->series.deviations,
            (unsigned long long)s->series.shadowed);
    if (s->detect.shadowed > 0)
        tw_log(TW_LOG_INFO, "%llu matches of rules in shadow mode",
            (unsigned long long)s->detect.shadowed);
    if (s->detect.expired > 0)
        tw_log(TW_LOG_WARN, "%llu matches would have been excused by exceptions that have expired",
            (unsigned long long)s->detect.expired);
    if (s->cost_median_ns > 0)
        tw_log(TW_LOG_DEBUG, "judging an action: median %llu ns, 99 of 100 within %llu ns",
            (unsigned long long)s->cost_median_ns, (unsigned long long)s->cost_99_ns);
    const struct tw_flows_stats *f = &r->workers.flows;
    const uint64_t cut = r->workers.counters.cut;
    if (f->gaps + f->evicted + r->cut_packets + cut + s->encrypted > 0)
        tw_log(TW_LOG_INFO,
            "not seen: %llu gaps (%llu bytes), %llu cut packets, %llu cut messages, %llu flows"
            " evicted; %llu encrypted actions",
            (unsigned long long)f->gaps, (unsigned long long)f->gap_bytes,
            (unsigned long long)r->cut_packets, (unsigned long long)cut,
            (unsigned long long)f->evicted, (unsigned long long)s->encrypted);
}

static void alerts(struct tw_text *t, const struct tw_alerts_stats *a)
{
    tw_json_key(t, "alerts");
    tw_json_object(t);
    tw_json_member_u64(t, "total", a->alerts);
    for (int i = TW_SEV_CRITICAL; i >= TW_SEV_INFO; i--)
        tw_json_member_u64(t, tw_severity_name((enum tw_severity)i), a->by_severity[i]);
    tw_json_member_u64(t, "updates", a->updates);
    tw_json_object_end(t);
}

static void baseline(struct tw_text *t, const struct tw_series_stats *s)
{
    if (s->digest == NULL)
        return;
    tw_json_key(t, "baseline");
    tw_json_object(t);
    tw_json_member_z(t, "digest", s->digest);
    tw_json_member_u64(t, "series", s->series);
    tw_json_member_u64(t, "active", s->active);
    tw_json_member_u64(t, "seen", s->seen);
    tw_json_member_u64(t, "values", s->values);
    tw_json_member_u64(t, "deviations", s->deviations);
    tw_json_member_u64(t, "shadowed", s->shadowed);
    tw_json_object_end(t);
}

static void actions(struct tw_text *t, const struct tw_analyst_stats *s)
{
    tw_json_key(t, "actions");
    tw_json_object(t);
    tw_json_member_u64(t, "total", s->events);
    for (unsigned i = 0; i < TW_ACTION_COUNT; i++) {
        if (s->by_action[i] > 0)
            tw_json_member_u64(t, tw_action_name((enum tw_action)i), s->by_action[i]);
    }
    tw_json_member_u64(t, "encrypted", s->encrypted);
    tw_json_object_end(t);
}

static void messages_of(struct tw_text *t, const char *protocol, const uint64_t counts[256],
    size_t (*counter_name)(unsigned slot, char *out, size_t size))
{
    tw_json_key(t, protocol);
    tw_json_object(t);
    for (unsigned slot = 0; slot < 256; slot++) {
        char name[64];
        if (counts[slot] > 0 && counter_name(slot, name, sizeof(name)) > 0)
            tw_json_member_u64(t, name, counts[slot]);
    }
    tw_json_object_end(t);
}

/* Messages of each protocol by type, as dissectors count them. */
static void messages(struct tw_text *t, const struct tw_proto_counters *c)
{
    for (const struct tw_proto *const *p = tw_protocols; *p != NULL; p++)
        messages_of(t, (*p)->name, c->messages[(*p)->counters], (*p)->counter_name);
    for (const struct tw_datagram_proto *const *p = tw_datagram_protocols; *p != NULL; p++)
        messages_of(t, (*p)->name, c->messages[(*p)->counters], (*p)->counter_name);
}

/* What rules did beside alerts. */
static void rules(struct tw_text *t, const struct tw_detect_stats *d)
{
    tw_json_key(t, "rules");
    tw_json_object(t);
    tw_json_member_u64(t, "evaluated", d->evaluated);
    tw_json_member_u64(t, "matched", d->matched);
    tw_json_member_u64(t, "forgotten", d->window_evictions + d->state_evictions);
    tw_json_member_u64(t, "patterns_given_up", d->pattern_limits);
    tw_json_member_u64(t, "expired_exceptions", d->expired);
    tw_json_key(t, "shadow");
    tw_json_object(t);
    for (size_t i = 0; i < d->n_shadow; i++)
        tw_json_member_u64(t, d->shadow[i].rule, d->shadow[i].n);
    tw_json_object_end(t);
    tw_json_object_end(t);
}

static void unseen(
    struct tw_text *t, const struct tw_pipeline_result *r, const struct tw_analyst_stats *s)
{
    const struct tw_flows_stats *f = &r->workers.flows;
    const struct tw_proto_counters *c = &r->workers.counters;
    tw_json_key(t, "unseen");
    tw_json_object(t);
    tw_json_member_u64(t, "gaps", f->gaps);
    tw_json_member_u64(t, "gap_bytes", f->gap_bytes);
    tw_json_member_u64(t, "cut_packets", r->cut_packets);
    tw_json_member_u64(t, "bad_headers", r->bad_headers);
    tw_json_member_u64(t, "bad_checksums", f->bad_checksums);
    tw_json_member_u64(t, "flows_evicted", f->evicted);
    tw_json_member_u64(t, "conflicts", f->conflicts);
    tw_json_member_u64(t, "chunked_messages", s->sessions.chunked_incomplete);
    tw_json_member_u64(t, "cut_messages", c->cut);
    tw_json_member_u64(t, "resyncs", c->resyncs);
    tw_json_member_u64(t, "unknown_services", c->unknown_services);
    tw_json_member_u64(t, "memory_refused", r->workers.pool.refused);
    tw_json_member_u64(t, "sessions_evicted", s->sessions.evicted);
    tw_json_object_end(t);
}

bool tw_summary_write(
    const char *path, const struct tw_pipeline_result *r, const struct tw_analyst_stats *s)
{
    struct tw_text t = {0};
    struct tw_output out;
    tw_json_object(&t);
    tw_json_member_u64(&t, "packets", r->packets);
    tw_json_member_u64(&t, "bytes", r->bytes);
    tw_json_member_u64(&t, "flows", r->workers.flows.flows);
    if (r->packets > 0) {
        tw_json_member_time(&t, "first_ts", r->first_ns, false);
        tw_json_member_time(&t, "last_ts", r->last_ns, false);
    }
    actions(&t, s);
    messages(&t, &r->workers.counters);
    alerts(&t, &s->alerts);
    baseline(&t, &s->series);
    rules(&t, &s->detect);
    unseen(&t, r, s);
    tw_json_key(&t, "damaged");
    if (r->damaged)
        tw_json_z(&t, r->damage.text);
    else
        tw_json_null(&t);
    tw_json_object_end(&t);
    tw_text_add(&t, "\n", 1);
    bool ok = tw_output_open(&out, path);
    if (ok) {
        tw_output_write(&out, tw_text_str(&t));
        ok = tw_output_close(&out);
    }
    tw_text_free(&t);
    return ok;
}

bool tw_summary(const struct tw_options *o, const struct tw_pipeline_result *result,
    const struct tw_analyst_stats *stats, int64_t wall_ns)
{
    if (!o->quiet)
        words(result, stats, wall_ns);
    return o->summary == NULL || tw_summary_write(o->summary, result, stats);
}
