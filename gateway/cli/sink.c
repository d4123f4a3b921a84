#include "cli/sink.h"

#include "base/log.h"
#include "base/timefmt.h"

enum { ALERT_EXPIRY_S = 7 * 86400 };

/* The alert as it goes over the wire: with boot and seq, so that a receiver sees what it missed. */
static bool wire_form(struct tw_alert_sink *s, struct tw_str json, struct tw_str *out)
{
    if (s->ledger != NULL) {
        uint64_t seq;
        enum tw_status st = tw_ledger_append(s->ledger, json, &seq, out);
        if (st != TW_OK)
            tw_log(TW_LOG_ERROR, "can not write the ledger: %s", tw_status_text(st));
        return st == TW_OK;
    }
    tw_text_clear(&s->wire);
    tw_text_add(&s->wire, json.p, json.len - 1);
    tw_text_addf(&s->wire, ",\"boot\":\"%s\",\"seq\":%llu}", s->boot, (unsigned long long)++s->seq);
    *out = tw_text_str(&s->wire);
    return !s->wire.failed;
}

static void publish(struct tw_alert_sink *s, const struct tw_alert_record *r, struct tw_str wire)
{
    char topic[256], rule[64];
    tw_topic_level(rule, sizeof(rule), tw_str_of(r->rule));
    int n = snprintf(topic, sizeof(topic), "alert/%s/%s/%s", tw_severity_name(r->severity),
        tw_tier_name(r->tier), rule);
    const struct tw_message message = {
        .topic = {topic, (size_t)n}, .payload = wire, .expiry_s = ALERT_EXPIRY_S};
    if (tw_publisher_send(s->publisher, &message) != TW_OK) {
        tw_log(TW_LOG_ERROR, "the spool is full: an alert is in the ledger only");
        s->failed = true;
    }
}

static void print_row(const struct tw_alert_record *r)
{
    char when[TW_TIME_TEXT];
    size_t n = tw_time_text(when, r->ts_ns, false);
    printf("%.*s  %-8s %3d  %-4s %s\n", (int)n, when, tw_severity_name(r->severity), r->score,
        r->tier == TW_TIER_NONE ? "-" : tw_tier_name(r->tier), r->rule);
    printf("    %.*s\n", TW_STR_ARG(r->summary));
}

static void note(struct tw_alert_sink *s, const struct tw_alert_record *r)
{
    if (!s->any || r->severity > s->worst)
        s->worst = r->severity;
    s->any = true;
    s->alerts += !r->update;
    tw_progress_alerts(s->progress, s->alerts);
}

void tw_alert_sink_take(void *sink, const struct tw_alert_record *r)
{
    struct tw_alert_sink *s = sink;
    struct tw_str wire = TW_STR_NONE;
    note(s, r);
    if ((s->ledger != NULL || s->publisher != NULL) && !wire_form(s, r->json, &wire)) {
        s->failed = true;
        return;
    }
    if (s->table && !r->update) {
        tw_progress_clear(s->progress);
        print_row(r);
    } else if (s->lines.file != NULL) {
        tw_output_write(&s->lines, r->json);
        tw_output_write(&s->lines, TW_STR("\n"));
    }
    if (s->publisher != NULL)
        publish(s, r, wire);
}
