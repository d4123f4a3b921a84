#include "pipeline/drivers.h"
#include "pipeline/order.h"
#include "pipeline/outbox.h"

struct inline_run {
    const struct tw_pipeline_config *config;
    struct tw_worker *worker;
    struct tw_outbox deadlines; /* events of a tick, until they are in order */
    /* The sink may change what it is shown; the dissector's own facts stay as they are. */
    struct tw_event event;
    struct tw_opcua_info opcua;
    struct tw_mqtt_info mqtt;
    struct tw_pubsub_info pubsub;
};

static void show(void *user, const struct tw_event *event)
{
    struct inline_run *run = user;
    run->event = *event;
    if (event->opcua != NULL) {
        if (event->opcua->serial == 0 || event->opcua->serial != run->opcua.serial)
            run->opcua = *event->opcua;
        else
            tw_opcua_info_set_item(&run->opcua, event->opcua);
        run->event.opcua = &run->opcua;
    }
    if (event->mqtt != NULL) {
        if (event->mqtt->serial == 0 || event->mqtt->serial != run->mqtt.serial)
            run->mqtt = *event->mqtt;
        run->event.mqtt = &run->mqtt;
    }
    if (event->pubsub != NULL) {
        if (event->pubsub->serial == 0 || event->pubsub->serial != run->pubsub.serial)
            run->pubsub = *event->pubsub;
        run->event.pubsub = &run->pubsub;
    }
    run->config->sink.event(run->config->sink.user, &run->event);
}

static bool pass(void *user, const struct tw_event *event)
{
    const struct tw_pipeline_sink *sink = &((const struct inline_run *)user)->config->sink;
    return sink->asks.pass(sink->user, event);
}

static uint32_t pass_values(
    void *user, const struct tw_event *message, const struct tw_plain_values *values)
{
    const struct tw_pipeline_sink *sink = &((const struct inline_run *)user)->config->sink;
    return sink->asks.pass_values(sink->user, message, values);
}

static void expect(void *user, const struct tw_event *event)
{
    const struct tw_pipeline_sink *sink = &((const struct inline_run *)user)->config->sink;
    sink->asks.expect(sink->user, event);
}

static void show_events(struct inline_run *run)
{
    const struct tw_asks *of_sink = &run->config->sink.asks;
    const struct tw_asks asks = {.pass = of_sink->pass != NULL ? pass : NULL,
        .pass_values = of_sink->pass_values != NULL ? pass_values : NULL,
        .expect = of_sink->expect != NULL ? expect : NULL};
    tw_worker_emit_to(run->worker, (struct tw_emit){show, run}, &asks);
}

static void keep(void *user, const struct tw_event *event)
{
    struct inline_run *run = user;
    tw_outbox_add(&run->deadlines, event);
}

static void packet(void *user, const struct tw_packet *p)
{
    struct inline_run *run = user;
    tw_worker_packet(run->worker, p);
}

static void begin_deadlines(struct inline_run *run)
{
    tw_outbox_reset(&run->deadlines);
    tw_worker_emit_to(run->worker, (struct tw_emit){keep, run}, NULL);
}

static void end_deadlines(struct inline_run *run)
{
    const struct tw_pipeline_sink *sink = &run->config->sink;
    show_events(run);
    tw_outbox_close(&run->deadlines);
    for (size_t i = 0; i < run->deadlines.n; i++)
        sink->event(sink->user, run->deadlines.sorted[i]);
}

static void turn(void *user)
{
    const struct tw_pipeline_config *config = ((const struct inline_run *)user)->config;
    if (config->live && config->sink.turn != NULL)
        config->sink.turn(config->sink.user);
}

static void tell_figures(const struct inline_run *run)
{
    const struct tw_pipeline_sink *sink = &run->config->sink;
    struct tw_worker_stats stats = {.flows.flows = 0};
    if (!run->config->live || sink->figures == NULL)
        return;
    tw_worker_stats_add(run->worker, &stats);
    sink->figures(sink->user, &stats);
}

static void tick(void *user, int64_t now_ns, uint64_t last)
{
    struct inline_run *run = user;
    begin_deadlines(run);
    tw_worker_tick(run->worker, now_ns, last);
    end_deadlines(run);
    tell_figures(run);
    run->config->sink.tick(run->config->sink.user, now_ns);
    turn(run);
}

static void finish(void *user, int64_t now_ns, uint64_t last)
{
    struct inline_run *run = user;
    begin_deadlines(run);
    tw_worker_finish(run->worker, now_ns, last);
    end_deadlines(run);
}

enum tw_status tw_drive_inline(
    const struct tw_pipeline_config *config, struct tw_pipeline_result *out)
{
    struct inline_run run = {.config = config};
    const struct tw_worker_config worker = {
        .limits = config->limits,
        .n_workers = 1,
        .payload_digests = config->payload_digests,
        .ndpi = true,
        .opcua_keys = config->opcua_keys,
        .tls_keys = config->tls_keys,
    };
    const struct tw_reader_ops ops = {&run, packet, tick, finish, turn, config->live ? turn : NULL};
    enum tw_status st = TW_NO_MEMORY;
    run.worker = tw_worker_new(&worker);
    if (run.worker != NULL && tw_outbox_init(&run.deadlines)) {
        show_events(&run);
        st = tw_reader_run(config, &ops, out);
        tw_worker_stats_add(run.worker, &out->workers);
        out->extra_batches = run.deadlines.extra;
        if (run.deadlines.lost > 0)
            st = TW_NO_MEMORY;
    }
    tw_outbox_fini(&run.deadlines);
    tw_worker_free(run.worker);
    return st;
}
