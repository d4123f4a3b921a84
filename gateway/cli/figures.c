#include "cli/figures.h"

#include <math.h>
#include <time.h>

#include "base/timefmt.h"
#include "score/score.h"

/* No packet, no write of the ledger should hold up everything for so long. */
#define STUCK_NS (10 * TW_NS_PER_S)

static struct tw_loss_window window_of(uint64_t lost, uint64_t received)
{
    const uint64_t wanted = lost + received;
    return (struct tw_loss_window){
        lost, wanted, wanted == 0 ? 0 : 100 * (double)lost / (double)wanted};
}

bool tw_loss_count(struct tw_loss *l, uint64_t received, uint64_t dropped, int64_t now_ns)
{
    const bool is_over = l->from_ns != 0 && now_ns - l->from_ns >= TW_LOSS_WINDOW_NS;
    bool lossy = false;
    if (is_over) {
        l->last = window_of(dropped - l->dropped, received - l->received);
        lossy = l->last.percent > l->limit_percent;
        l->lossy_windows += lossy;
        if (lossy)
            l->lossy = l->last;
    }
    if (is_over || l->from_ns == 0) {
        l->from_ns = now_ns;
        l->received = received;
        l->dropped = dropped;
    }
    return lossy;
}

double tw_loss_percent(const struct tw_loss_window *w)
{
    return floor(w->percent * 1000 + 0.5) / 1000;
}

bool tw_figures_init(struct tw_figures *f, double loss_percent)
{
    f->loss.limit_percent = loss_percent;
    return pthread_mutex_init(&f->lock, NULL) == 0;
}

void tw_figures_fini(struct tw_figures *f)
{
    pthread_mutex_destroy(&f->lock);
}

bool tw_figures_read(
    struct tw_figures *f, struct tw_capture *capture, const struct tw_capture_stats *stats)
{
    const int64_t now_ns = tw_time_now();
    pthread_mutex_lock(&f->lock);
    if (stats->packets != f->capture.packets)
        f->last_packet_ns = now_ns;
    f->capture = *stats;
    f->n_interfaces = tw_capture_interfaces(capture, f->interfaces, TW_MAX_INTERFACES);
    const bool lossy =
        tw_loss_count(&f->loss, stats->received, stats->dropped + stats->if_dropped, now_ns);
    pthread_mutex_unlock(&f->lock);
    return lossy;
}

void tw_figures_workers(struct tw_figures *f, const struct tw_worker_stats *stats)
{
    pthread_mutex_lock(&f->lock);
    f->workers = *stats;
    pthread_mutex_unlock(&f->lock);
}

void tw_figures_analyst(
    struct tw_figures *f, const struct tw_analyst *analyst, int64_t event_ns, bool alerts_lost)
{
    const struct tw_analyst_stats stats = tw_analyst_stats(analyst);
    pthread_mutex_lock(&f->lock);
    f->analyst = stats;
    f->event_ns = event_ns;
    f->alerts_lost = alerts_lost;
    pthread_mutex_unlock(&f->lock);
}

void tw_figures_sets(
    struct tw_figures *f, const struct tw_rules *rules, const struct tw_registry *registry)
{
    pthread_mutex_lock(&f->lock);
    tw_str_copy(f->ruleset, sizeof(f->ruleset), tw_str_of(tw_rules_digest(rules)));
    tw_str_copy(f->inventory, sizeof(f->inventory), tw_str_of(tw_registry_digest(registry)));
    f->rules = tw_rules_count(rules);
    f->ai_systems = tw_registry_ai_systems(registry);
    pthread_mutex_unlock(&f->lock);
}

int64_t tw_figures_clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * TW_NS_PER_S + t.tv_nsec;
}

void tw_figures_turn(struct tw_figures *f)
{
    atomic_store_explicit(&f->turned_ns, tw_figures_clock_ns(), memory_order_relaxed);
}

bool tw_figures_is_stuck(const struct tw_figures *f)
{
    const int64_t turned_ns = atomic_load_explicit(&f->turned_ns, memory_order_relaxed);
    return turned_ns != 0 && tw_figures_clock_ns() - turned_ns > STUCK_NS;
}

void tw_figures_copy(struct tw_figures *f, struct tw_figures *out)
{
    pthread_mutex_lock(&f->lock);
    *out = *f;
    pthread_mutex_unlock(&f->lock);
}

void tw_figures_interfaces_json(struct tw_text *t, const struct tw_figures *f)
{
    tw_json_key(t, "interfaces");
    tw_json_array(t);
    for (size_t i = 0; i < f->n_interfaces; i++) {
        const struct tw_capture_interface *in = &f->interfaces[i];
        tw_json_object(t);
        tw_json_member_z(t, "name", in->name);
        tw_json_member_bool(t, "up", in->up);
        tw_json_member_u64(t, "received", in->received);
        tw_json_member_u64(t, "dropped", in->dropped);
        tw_json_member_u64(t, "interface_dropped", in->if_dropped);
        tw_json_object_end(t);
    }
    tw_json_array_end(t);
}

static void capture_json(struct tw_text *t, const struct tw_capture_stats *c)
{
    tw_json_key(t, "capture");
    tw_json_object(t);
    tw_json_member_u64(t, "packets", c->packets);
    tw_json_member_u64(t, "bytes", c->bytes);
    tw_json_member_u64(t, "received", c->received);
    tw_json_member_u64(t, "dropped", c->dropped);
    tw_json_member_u64(t, "interface_dropped", c->if_dropped);
    tw_json_object_end(t);
}

static void flows_json(struct tw_text *t, const struct tw_worker_stats *w)
{
    const struct tw_flows_stats *s = &w->flows;
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"active", s->active}, {"seen", s->flows}, {"evicted", s->evicted},
        {"tcp_packets", s->tcp_packets}, {"udp_packets", s->udp_packets}, {"gaps", s->gaps},
        {"gap_bytes", s->gap_bytes}, {"retransmitted_bytes", s->retransmitted_bytes},
        {"out_of_order", s->out_of_order}, {"conflicts", s->conflicts},
        {"bad_checksums", s->bad_checksums}, {"opcua", s->opcua_flows}, {"mqtt", s->mqtt_flows},
        {"malformed", w->counters.malformed}, {"resyncs", w->counters.resyncs},
        {"pool_bytes", w->pool.in_use_bytes}, {"pool_peak_bytes", w->pool.peak_bytes},
        {"pool_refused", w->pool.refused}};
    tw_json_key(t, "flows");
    tw_json_object(t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        tw_json_member_u64(t, rows[i].name, rows[i].value);
    tw_json_object_end(t);
}

static void actions_json(struct tw_text *t, const struct tw_analyst_stats *s)
{
    tw_json_key(t, "actions");
    tw_json_object(t);
    tw_json_member_u64(t, "all", s->events);
    tw_json_member_u64(t, "encrypted", s->encrypted);
    for (unsigned i = 0; i < TW_ACTION_COUNT; i++) {
        if (s->by_action[i] > 0)
            tw_json_member_u64(t, tw_action_name((enum tw_action)i), s->by_action[i]);
    }
    tw_json_object_end(t);
}

static void detect_json(struct tw_text *t, const struct tw_analyst_stats *s)
{
    tw_json_key(t, "rules");
    tw_json_object(t);
    tw_json_member_u64(t, "evaluated", s->detect.evaluated);
    tw_json_member_u64(t, "matched", s->detect.matched);
    tw_json_member_u64(t, "window_evictions", s->detect.window_evictions);
    tw_json_member_u64(t, "state_evictions", s->detect.state_evictions);
    tw_json_member_u64(t, "session_evictions", s->sessions.evicted);
    tw_json_object_end(t);
    tw_json_key(t, "alerts");
    tw_json_object(t);
    tw_json_member_u64(t, "all", s->alerts.alerts);
    tw_json_member_u64(t, "updates", s->alerts.updates);
    tw_json_member_u64(t, "folded", s->alerts.folded);
    for (int i = TW_SEV_INFO; i <= TW_SEV_CRITICAL; i++)
        tw_json_member_u64(t, tw_severity_name((enum tw_severity)i), s->alerts.by_severity[i]);
    tw_json_object_end(t);
}

void tw_figures_json(struct tw_text *t, const struct tw_figures *f)
{
    capture_json(t, &f->capture);
    flows_json(t, &f->workers);
    actions_json(t, &f->analyst);
    detect_json(t, &f->analyst);
}
