#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "pipeline/order.h"
#include "pipeline/pipeline.h"
#include "pipeline/round.h"

/* A worker that answers every packet with one event. */
struct tw_worker {
    struct tw_emit emit;
};

void tw_worker_emit_to(struct tw_worker *w, struct tw_emit emit, const struct tw_asks *asks)
{
    (void)asks;
    w->emit = emit;
}

void tw_worker_packet(struct tw_worker *w, const struct tw_packet *p)
{
    const struct tw_event e = {.packet = p->number, .object = tw_cur_rest(&p->payload)};
    tw_emit(&w->emit, &e);
}

void tw_worker_tick(struct tw_worker *w, int64_t now_ns, uint64_t packet)
{
    const struct tw_event e = {
        .packet = packet, .phase = 1, .ts_ns = now_ns - 1, .object = TW_STR("due")};
    tw_emit(&w->emit, &e);
}

void tw_worker_finish(struct tw_worker *w, int64_t now_ns, uint64_t packet)
{
    const struct tw_event e = {
        .packet = packet, .phase = 2, .ts_ns = now_ns, .object = TW_STR("over")};
    tw_emit(&w->emit, &e);
}

void tw_worker_stats_add(const struct tw_worker *w, struct tw_worker_stats *sum)
{
    (void)w;
    sum->flows.packets += 7;
}

void tw_worker_stats_sum(const struct tw_worker_stats *stats, struct tw_worker_stats *sum)
{
    sum->flows.packets += stats->flows.packets;
}

static struct tw_packet packet_of(uint64_t number, const uint8_t *ip, size_t len, size_t payload_at)
{
    struct tw_packet p = {
        .number = number, .ip = tw_cur_of(ip, len), .payload = tw_cur_of(ip, len)};
    p.src.ip = (struct tw_ip){4, {10, 0, 0, (uint8_t)number}};
    p.dst.ip = (struct tw_ip){4, {10, 0, 1, 1}};
    p.src.port = (uint16_t)number;
    if (!tw_cur_skip(&p.payload, payload_at))
        fail();
    return p;
}

static void packets_are_copied(void **state)
{
    struct tw_round r;
    uint8_t ip[100], elsewhere[40];
    (void)state;
    assert_true(tw_round_init(&r, 3));
    for (size_t i = 0; i < sizeof(ip); i++)
        ip[i] = (uint8_t)i;
    memset(elsewhere, 'e', sizeof(elsewhere));
    struct tw_packet p = packet_of(1, ip, sizeof(ip), 28);
    assert_true(tw_round_add_packet(&r, &p));
    p.payload = tw_cur_of(elsewhere, sizeof(elsewhere)); /* put together from fragments */
    assert_true(tw_round_add_packet(&r, &p));
    p.payload = tw_cur_of(ip + 100, 0);
    assert_true(tw_round_add_packet(&r, &p));
    memset(ip, '#', sizeof(ip));
    memset(elsewhere, '#', sizeof(elsewhere));
    assert_int_equal(r.n, 3);
    const struct tw_packet *q = &r.items[0].packet;
    assert_int_equal(q->ip.left, 100);
    assert_int_equal(q->ip.p[99], 99);
    assert_ptr_equal(q->payload.p, q->ip.p + 28);
    assert_int_equal(q->payload.left, 72);
    q = &r.items[1].packet;
    assert_int_equal(q->payload.left, 40);
    assert_memory_equal(q->payload.p, "eeeeeeee", 8);
    assert_int_equal(r.items[2].packet.payload.left, 0);
    assert_int_equal(r.items[0].owner, r.items[1].owner);
    assert_in_range(r.items[0].owner, 0, 2);
    tw_round_fini(&r);
}

static void a_full_round_says_so(void **state)
{
    struct tw_round r;
    static uint8_t ip[65535];
    (void)state;
    assert_true(tw_round_init(&r, 1));
    struct tw_packet p = packet_of(1, ip, sizeof(ip), 20);
    size_t n = 0;
    while (tw_round_add_packet(&r, &p))
        n++;
    assert_in_range(n, 7, 16);
    assert_true(r.used <= TW_ROUND_BYTES);
    tw_round_reset(&r);
    p = packet_of(1, ip, 40, 40);
    for (n = 0; n < TW_ROUND_ITEMS; n++)
        assert_true(tw_round_add_packet(&r, &p));
    assert_false(tw_round_add_packet(&r, &p));
    assert_false(tw_round_add_time(&r, TW_ITEM_TICK, 1, 1));
    tw_round_reset(&r);
    assert_true(tw_round_add_time(&r, TW_ITEM_TICK, 1, 1));
    tw_round_fini(&r);
}

struct seen {
    char text[4096];
    size_t n;
};

static void on_event(void *user, struct tw_event *e)
{
    struct seen *s = user;
    s->n += (size_t)snprintf(
        s->text + s->n, sizeof(s->text) - s->n, "%d:%.*s ", (int)e->packet, TW_STR_ARG(e->object));
}

static void on_tick(void *user, int64_t now_ns)
{
    struct seen *s = user;
    s->n += (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n, "<%d> ", (int)now_ns);
}

static void on_figures(void *user, const struct tw_worker_stats *stats)
{
    struct seen *s = user;
    s->n +=
        (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n, "[%d]", (int)stats->flows.packets);
}

static void workers_are_merged_and_ticks_come_once(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 5; workers++) {
        struct tw_round r;
        struct seen seen = {.n = 0};
        size_t cursors[5];
        const struct tw_pipeline_sink sink = {
            .user = &seen, .event = on_event, .tick = on_tick, .figures = on_figures};
        assert_true(tw_round_init(&r, workers));
        for (unsigned pass = 0; pass < 2; pass++) {
            seen.n = 0;
            r.has_figures = pass == 1;
            for (uint8_t i = 1; i <= 6; i++) {
                uint8_t ip[2] = {0, (uint8_t)('a' + i)};
                struct tw_packet p = packet_of(i, ip, sizeof(ip), 1);
                assert_true(tw_round_add_packet(&r, &p));
                if (i == 3)
                    assert_true(tw_round_add_time(&r, TW_ITEM_TICK, 100, 3) &&
                                tw_round_add_time(&r, TW_ITEM_TICK, 200, 3));
            }
            assert_true(tw_round_add_time(&r, TW_ITEM_FINISH, 300, 6));
            for (unsigned i = workers; i-- > 0;) {
                struct tw_worker w = {0};
                tw_round_work(&r, &w, i);
            }
            tw_round_merge(&r, &sink, cursors);
            char want[4096];
            int n = snprintf(want, sizeof(want), "1:b 2:c 3:d ");
            for (int tick = 1; tick <= 2; tick++) {
                for (unsigned i = 0; i < workers; i++)
                    n += snprintf(want + n, sizeof(want) - (size_t)n, "3:due ");
                if (pass == 1)
                    n += snprintf(want + n, sizeof(want) - (size_t)n, "[%u]", 7 * workers);
                n += snprintf(want + n, sizeof(want) - (size_t)n, "<%d> ", 100 * tick);
            }
            n += snprintf(want + n, sizeof(want) - (size_t)n, "4:e 5:f 6:g ");
            for (unsigned i = 0; i < workers; i++)
                n += snprintf(want + n, sizeof(want) - (size_t)n, "6:over ");
            assert_string_equal(seen.text, want);
            tw_round_reset(&r);
        }
        tw_round_fini(&r);
    }
}

static void on_expect(void *user, const struct tw_event *e)
{
    struct seen *s = user;
    s->n += (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n, "(%d)", (int)e->packet);
}

static void the_next_one_is_expected(void **state)
{
    struct tw_round r;
    struct seen seen = {.n = 0};
    struct tw_worker w = {0};
    size_t cursor;
    const struct tw_pipeline_sink sink = {
        .user = &seen, .event = on_event, .tick = on_tick, .asks = {.expect = on_expect}};
    (void)state;
    assert_true(tw_round_init(&r, 1));
    for (uint8_t i = 1; i <= 3; i++) {
        uint8_t ip[2] = {0, (uint8_t)('a' + i)};
        struct tw_packet p = packet_of(i, ip, sizeof(ip), 1);
        assert_true(tw_round_add_packet(&r, &p));
    }
    tw_round_work(&r, &w, 0);
    tw_round_merge(&r, &sink, &cursor);
    assert_string_equal(seen.text, "(2)1:b (3)2:c 3:d ");
    tw_round_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_are_copied),
        cmocka_unit_test(a_full_round_says_so),
        cmocka_unit_test(workers_are_merged_and_ticks_come_once),
        cmocka_unit_test(the_next_one_is_expected),
    };
    return cmocka_run_group_tests_name("pipeline/round", tests, NULL, NULL);
}
