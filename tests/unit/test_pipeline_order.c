#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "pipeline/order.h"

static void packets_then_deadlines_then_the_end(void **state)
{
    static const struct tw_event rows[] = {
        {.packet = 1},
        {.packet = 2, .ts_ns = 90}, /* within a packet, time does not matter */
        {.packet = 2, .phase = 1, .ts_ns = 10, .flow_first_packet = 1},
        {.packet = 2, .phase = 1, .ts_ns = 10, .flow_first_packet = 2},
        {.packet = 2, .phase = 1, .ts_ns = 10, .flow_first_packet = UINT64_MAX},
        {.packet = 2, .phase = 1, .ts_ns = 11, .flow_first_packet = 1},
        {.packet = 2, .phase = 2, .ts_ns = 5, .flow_first_packet = 2},
        {.packet = 3},
    };
    (void)state;
    for (size_t a = 0; a < sizeof(rows) / sizeof(rows[0]); a++) {
        for (size_t b = 0; b < sizeof(rows) / sizeof(rows[0]); b++) {
            int order = tw_event_order(&rows[a], &rows[b]);
            assert_int_equal(order < 0, a < b);
            assert_int_equal(order > 0, a > b);
        }
    }
    const struct tw_event x = {.packet = 2, .ts_ns = 1, .flow_first_packet = 7};
    assert_int_equal(tw_event_order(&x, &rows[1]), 0);
}

static uint32_t next_random(uint32_t *r)
{
    return *r = *r * 1664525u + 1013904223u;
}

/* `flow` numbers the events before sorting, so that what is not stable shows. */
static void sorting_is_stable(void **state)
{
    enum { MAX = 3000 };
    struct tw_event *events = calloc(MAX, sizeof(*events));
    struct tw_event **at = calloc(MAX, sizeof(struct tw_event *));
    struct tw_event **scratch = calloc(MAX, sizeof(struct tw_event *));
    uint32_t random = 5;
    (void)state;
    for (size_t n = 0; n <= MAX; n = n < 70 ? n + 1 : n + 401) {
        for (unsigned shape = 0; shape < 4; shape++) {
            for (size_t i = 0; i < n; i++) {
                uint32_t r = next_random(&random) >> 8;
                uint64_t key = shape == 0   ? i / 3
                               : shape == 1 ? n - i
                               : shape == 2 ? r % 7
                                            : r % 1000;
                events[i] = (struct tw_event){.packet = 9,
                    .phase = (uint8_t)(1 + key % 2),
                    .ts_ns = (int64_t)key / 2 % 5,
                    .flow_first_packet = key,
                    .flow = i};
                at[i] = &events[i];
            }
            tw_event_sort(at, n, scratch);
            for (size_t i = 1; i < n; i++) {
                int order = tw_event_order(at[i - 1], at[i]);
                assert_true(order < 0 || (order == 0 && at[i - 1]->flow < at[i]->flow));
            }
        }
    }
    free(scratch);
    free(at);
    free(events);
}

/* As many flows as end with the input in a large plant, in the worst order. */
static void a_hundred_thousand_are_sorted_at_once(void **state)
{
    enum { N = 100000 };
    struct tw_event *events = calloc(N, sizeof(*events));
    struct tw_event **at = calloc(N, sizeof(struct tw_event *));
    struct tw_event **scratch = calloc(N, sizeof(struct tw_event *));
    (void)state;
    for (size_t i = 0; i < N; i++) {
        events[i] = (struct tw_event){.phase = 2, .flow_first_packet = N - i};
        at[i] = &events[i];
    }
    tw_event_sort(at, N, scratch);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(at[i]->flow_first_packet, i + 1);
    free(scratch);
    free(at);
    free(events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_then_deadlines_then_the_end),
        cmocka_unit_test(sorting_is_stable),
        cmocka_unit_test(a_hundred_thousand_are_sorted_at_once),
    };
    return cmocka_run_group_tests_name("pipeline/order", tests, NULL, NULL);
}
