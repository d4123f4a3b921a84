/* The drivers with a worker of our own: the same stream for any number of workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "base/timefmt.h"
#include "pipeline/pipeline.h"

enum { FLOWS = 97, PACKETS = 12000, BIG = 300000 };
#define START_NS (1772352000 * TW_NS_PER_S)

/* A stand-in for flow/ and protocol/: remembers flows, emits none to three events a packet, some
 * with facts that they share, and has deadlines. */
struct flow {
    uint64_t id, first_packet, packets;
    int64_t deadline_ns;
};

struct tw_worker {
    struct tw_emit emit;
    struct flow flows[FLOWS];
    size_t n;
    uint64_t serial, packets;
    char *big;
};

struct tw_worker *tw_worker_new(const struct tw_worker_config *config)
{
    assert_true(config->n_workers >= 1);
    struct tw_worker *w = calloc(1, sizeof(*w));
    w->big = malloc(BIG);
    memset(w->big, 'B', BIG);
    return w;
}

void tw_worker_free(struct tw_worker *w)
{
    if (w != NULL)
        free(w->big);
    free(w);
}

void tw_worker_emit_to(struct tw_worker *w, struct tw_emit emit, const struct tw_asks *asks)
{
    (void)asks;
    w->emit = emit;
}

static struct flow *flow_of(struct tw_worker *w, const struct tw_packet *p)
{
    uint64_t id = tw_packet_flow_hash(p);
    for (size_t i = 0; i < w->n; i++) {
        if (w->flows[i].id == id)
            return &w->flows[i];
    }
    w->flows[w->n] = (struct flow){.id = id, .first_packet = p->number};
    return &w->flows[w->n++];
}

void tw_worker_packet(struct tw_worker *w, const struct tw_packet *p)
{
    struct flow *f = flow_of(w, p);
    struct tw_opcua_info facts = {.serial = ++w->serial};
    char service[24], object[48];
    w->packets++;
    f->packets++;
    f->deadline_ns = p->ts_ns + (int64_t)(p->number % 11) * 400 * TW_NS_PER_MS;
    int n = snprintf(service, sizeof(service), "S%llu", (unsigned long long)p->number);
    facts.service = (struct tw_str){service, (size_t)n};
    for (uint64_t i = 0; i < p->number * 7 % 4; i++) {
        n = snprintf(object, sizeof(object), "%llu.%zu.%c", (unsigned long long)f->packets,
            p->payload.left, p->payload.left ? p->payload.p[p->payload.left - 1] : '-');
        struct tw_event e = {.packet = p->number,
            .ts_ns = p->ts_ns,
            .flow = f->id,
            .flow_first_packet = f->first_packet,
            .src = p->src,
            .object = {object, (size_t)n},
            .opcua = p->number % 3 ? &facts : NULL};
        if (p->number % 1009 == 0)
            e.field = (struct tw_str){w->big, BIG};
        tw_emit(&w->emit, &e);
    }
    memset(service, '#', sizeof(service));
}

void tw_worker_tick(struct tw_worker *w, int64_t now_ns, uint64_t packet)
{
    for (size_t i = w->n; i-- > 0;) {
        struct flow *f = &w->flows[i];
        if (f->deadline_ns == 0 || f->deadline_ns > now_ns)
            continue;
        const struct tw_event e = {.packet = packet,
            .phase = 1,
            .ts_ns = f->deadline_ns,
            .flow = f->id,
            .flow_first_packet = f->first_packet,
            .object = TW_STR("deadline")};
        f->deadline_ns = 0;
        tw_emit(&w->emit, &e);
    }
}

void tw_worker_finish(struct tw_worker *w, int64_t now_ns, uint64_t packet)
{
    for (size_t i = w->n; i-- > 0;) {
        for (int k = 0; k < 2; k++) {
            const struct tw_event e = {.packet = packet,
                .phase = 2,
                .ts_ns = now_ns,
                .flow = w->flows[i].id,
                .flow_first_packet = w->flows[i].first_packet,
                .object = k ? TW_STR("end") : TW_STR("before the end")};
            tw_emit(&w->emit, &e);
        }
    }
}

void tw_worker_stats_add(const struct tw_worker *w, struct tw_worker_stats *sum)
{
    sum->flows.packets += w->packets;
}

void tw_worker_stats_sum(const struct tw_worker_stats *stats, struct tw_worker_stats *sum)
{
    sum->flows.packets += stats->flows.packets;
}

/* A capture of UDP packets of many sizes between few hosts, with quiet spells. */
static void put(FILE *f, const void *p, size_t n)
{
    assert_int_equal(fwrite(p, 1, n, f), n);
}

static void write_packet(FILE *f, int64_t ts_ns, unsigned flow, size_t payload)
{
    static char text[1400];
    uint8_t frame[42] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0};
    size_t ip = 28 + payload, udp = 8 + payload;
    const uint32_t head[] = {(uint32_t)(ts_ns / TW_NS_PER_S),
        (uint32_t)(ts_ns % TW_NS_PER_S / 1000), (uint32_t)(14 + ip), (uint32_t)(14 + ip)};
    frame[16] = (uint8_t)(ip >> 8);
    frame[17] = (uint8_t)ip;
    frame[22] = 64;
    frame[23] = 17;
    const uint8_t hosts[] = {10, 0, 0, (uint8_t)(flow % 8), 10, 0, 1, (uint8_t)(flow % 5)};
    memcpy(frame + 26, hosts, sizeof(hosts));
    frame[34] = 0x40;
    frame[35] = (uint8_t)flow;
    frame[36] = 0x13;
    frame[37] = 0x88;
    frame[38] = (uint8_t)(udp >> 8);
    frame[39] = (uint8_t)udp;
    memset(text, 'a' + (int)(flow % 26), sizeof(text));
    put(f, head, sizeof(head));
    put(f, frame, sizeof(frame));
    put(f, text, payload);
}

static char path[] = "/tmp/tierwatch-threads-XXXXXX";

static int make_capture(void **state)
{
    static const uint32_t header[] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1};
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "wb");
    uint32_t random = 1;
    int64_t ts_ns = START_NS + 300 * TW_NS_PER_MS;
    (void)state;
    put(f, header, sizeof(header));
    for (unsigned i = 0; i < PACKETS; i++) {
        random = random * 1664525u + 1013904223u;
        write_packet(f, ts_ns, (random >> 8) % FLOWS, (random >> 16) % 1400);
        ts_ns += i % 1500 == 1499 ? 7 * TW_NS_PER_S : (int64_t)(random >> 12);
        if (i % 100 == 50)
            ts_ns -= TW_NS_PER_MS; /* a capture's clock is not always tidy */
        ts_ns = ts_ns / 1000 * 1000;
    }
    return fclose(f);
}

static int remove_capture(void **state)
{
    (void)state;
    return unlink(path);
}

static void note_event(void *user, struct tw_event *e)
{
    struct tw_text *t = user;
    tw_text_addf(t, "%llu %u %lld %016llx %.*s %zu %.*s\n", (unsigned long long)e->packet, e->phase,
        (long long)e->ts_ns, (unsigned long long)e->flow, TW_STR_ARG(e->object), e->field.len,
        TW_STR_ARG(e->opcua ? e->opcua->service : TW_STR("-")));
    if (e->opcua != NULL)
        e->opcua->user.s = TW_STR("the sink may write here");
}

static void note_tick(void *user, int64_t now_ns)
{
    struct tw_text *t = user;
    tw_text_addf(t, "tick %lld\n", (long long)now_ns);
}

static struct tw_text run(unsigned workers, struct tw_pipeline_config config)
{
    struct tw_text t = {0};
    struct tw_capture_error err;
    const char *const paths[] = {path};
    struct tw_pipeline_result result;
    assert_int_equal(tw_capture_open_files(paths, 1, NULL, &config.capture, &err), TW_OK);
    config.workers = workers;
    config.limits = tw_limits_default();
    config.sink = (struct tw_pipeline_sink){.user = &t, .event = note_event, .tick = note_tick};
    assert_int_equal(tw_pipeline_run(&config, &result), TW_OK);
    assert_false(result.damaged);
    if (config.from_ns == 0 && config.to_ns == 0) {
        assert_int_equal(result.packets, PACKETS);
        assert_int_equal(result.workers.flows.packets, PACKETS);
    }
    tw_capture_close(config.capture);
    return t;
}

static size_t lines_with(const struct tw_text *t, const char *word)
{
    size_t n = 0;
    for (const char *at = t->p; (at = strstr(at, word)) != NULL; at++)
        n++;
    return n;
}

static void the_stream_is_the_same_for_any_number_of_workers(void **state)
{
    const struct tw_pipeline_config config = {0};
    struct tw_text one = run(1, config);
    (void)state;
    tw_text_add(&one, "", 1);
    assert_true(lines_with(&one, "\n") > PACKETS);
    assert_true(lines_with(&one, "tick ") > 50);
    assert_true(lines_with(&one, "deadline") > 100);
    assert_int_equal(lines_with(&one, "the end"), FLOWS);
    assert_true(lines_with(&one, " 300000 ") >= 6);
    for (unsigned workers = 0; workers <= 8; workers++) {
        struct tw_text many = run(workers, config);
        tw_text_add(&many, "", 1);
        assert_int_equal(many.len, one.len);
        assert_memory_equal(many.p, one.p, one.len);
        tw_text_free(&many);
    }
    tw_text_free(&one);
}

static void bounds_of_time_are_kept(void **state)
{
    const struct tw_pipeline_config config = {
        .from_ns = START_NS + 10 * TW_NS_PER_S, .to_ns = START_NS + 20 * TW_NS_PER_S};
    struct tw_text one = run(1, config), three = run(3, config);
    (void)state;
    assert_int_equal(one.len, three.len);
    assert_memory_equal(one.p, three.p, one.len);
    assert_true(one.len > 1000);
    tw_text_add(&one, "", 1);
    char *rest;
    for (char *line = strtok_r(one.p, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        long long packet, ts;
        unsigned phase;
        if (sscanf(line, "%lld %u %lld", &packet, &phase, &ts) == 3 && phase == 0)
            assert_in_range(ts, config.from_ns, config.to_ns);
    }
    tw_text_free(&three);
    tw_text_free(&one);
}

static void ticks_are_whole_seconds_and_come_once(void **state)
{
    const struct tw_pipeline_config config = {0};
    struct tw_text t = run(2, config);
    long long last = START_NS;
    (void)state;
    tw_text_add(&t, "", 1);
    for (const char *at = t.p; (at = strstr(at, "tick ")) != NULL; at++) {
        long long now = atoll(at + 5);
        assert_int_equal(now, last + TW_NS_PER_S);
        last = now;
    }
    tw_text_free(&t);
}

struct lively {
    uint64_t packets, figures, ticks, turns;
};

static void lively_event(void *user, struct tw_event *e)
{
    (void)user, (void)e;
}

static void lively_tick(void *user, int64_t now_ns)
{
    struct lively *l = user;
    (void)now_ns;
    assert_int_equal(l->figures, ++l->ticks); /* they were told before it */
}

static void lively_figures(void *user, const struct tw_worker_stats *stats)
{
    struct lively *l = user;
    l->figures++;
    assert_true(stats->flows.packets >= l->packets);
    l->packets = stats->flows.packets;
}

static void lively_turn(void *user)
{
    ((struct lively *)user)->turns++;
}

/* Live: whatever the number of workers, the analyst has its turn and is told what they counted. */
static void a_live_run_has_turns_and_figures(void **state)
{
    uint64_t packets = 0;
    (void)state;
    for (unsigned workers = 1; workers <= 3; workers++) {
        struct lively seen = {0};
        struct tw_capture_error err;
        struct tw_pipeline_result result;
        const char *const paths[] = {path};
        struct tw_pipeline_config config = {.live = true,
            .workers = workers,
            .limits = tw_limits_default(),
            .sink = {&seen, lively_event, lively_tick, {NULL}, lively_figures, lively_turn}};
        assert_int_equal(tw_capture_open_files(paths, 1, NULL, &config.capture, &err), TW_OK);
        assert_int_equal(tw_pipeline_run(&config, &result), TW_OK);
        tw_capture_close(config.capture);
        assert_true(seen.ticks > 50 && seen.turns >= seen.ticks);
        assert_true(seen.packets > 0 && seen.packets <= PACKETS);
        if (packets == 0)
            packets = seen.packets;
        assert_int_equal(packets, seen.packets);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stream_is_the_same_for_any_number_of_workers),
        cmocka_unit_test(bounds_of_time_are_kept),
        cmocka_unit_test(ticks_are_whole_seconds_and_come_once),
        cmocka_unit_test(a_live_run_has_turns_and_figures),
    };
    return cmocka_run_group_tests_name("pipeline/threads", tests, make_capture, remove_capture);
}
