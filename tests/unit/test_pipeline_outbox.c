#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/limits.h"
#include "pipeline/outbox.h"

static void events_come_out_in_order(void **state)
{
    static const uint64_t packets[] = {1, 1, 2, 5, 5, 3, 5};
    static const uint8_t phases[] = {0, 0, 0, 1, 0, 0, 2};
    static const size_t order[] = {0, 1, 2, 5, 4, 3, 6};
    struct tw_outbox o;
    (void)state;
    assert_true(tw_outbox_init(&o));
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < 7; i++) {
            const struct tw_event e = {.packet = packets[i], .phase = phases[i], .flow = i};
            tw_outbox_add(&o, &e);
        }
        tw_outbox_close(&o);
        assert_int_equal(o.n, 7);
        for (size_t i = 0; i < 7; i++)
            assert_int_equal(o.sorted[i]->flow, order[i]);
        tw_outbox_reset(&o);
        assert_int_equal(o.n, 0);
    }
    tw_outbox_close(&o);
    assert_int_equal(o.n, 0);
    assert_int_equal(o.lost, 0);
    assert_int_equal(o.extra, 0);
    tw_outbox_fini(&o);
}

static void it_grows_and_keeps_what_it_grew(void **state)
{
    char text[3000];
    struct tw_outbox o;
    (void)state;
    memset(text, 'x', sizeof(text));
    assert_true(tw_outbox_init(&o));
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < 1000; i++) {
            const struct tw_event e = {.packet = i, .object = {text, sizeof(text)}};
            tw_outbox_add(&o, &e);
        }
        tw_outbox_close(&o);
        assert_int_equal(o.n, 1000);
        for (size_t i = 0; i < 1000; i++) {
            assert_int_equal(o.sorted[i]->packet, i);
            assert_int_equal(o.sorted[i]->object.len, sizeof(text));
        }
        assert_in_range(o.extra, 11, 20); /* grown once, then reused */
        tw_outbox_reset(&o);
    }
    assert_int_equal(o.lost, 0);
    tw_outbox_fini(&o);
}

static void an_event_larger_than_a_batch_is_kept(void **state)
{
    struct tw_outbox o;
    char *text = malloc(2 * TW_BATCH_BYTES);
    (void)state;
    memset(text, 'y', 2 * TW_BATCH_BYTES);
    assert_true(tw_outbox_init(&o));
    for (uint64_t i = 0; i < 5; i++) {
        const struct tw_event e = {.packet = i, .object = {text, i % 2 ? 2 * TW_BATCH_BYTES : 10}};
        tw_outbox_add(&o, &e);
    }
    tw_outbox_close(&o);
    assert_int_equal(o.n, 5);
    assert_int_equal(o.lost, 0);
    for (uint64_t i = 0; i < 5; i++) {
        assert_int_equal(o.sorted[i]->packet, i);
        assert_int_equal(o.sorted[i]->object.len, i % 2 ? 2 * TW_BATCH_BYTES : 10);
    }
    tw_outbox_fini(&o);
    free(text);
}

static void what_can_not_be_kept_is_counted(void **state)
{
    static char none[1];
    struct tw_outbox o;
    (void)state;
    assert_true(tw_outbox_init(&o));
    const struct tw_event huge = {.packet = 1, .object = {none, (size_t)1 << 40}};
    const struct tw_event small = {.packet = 2};
    tw_outbox_add(&o, &huge);
    tw_outbox_add(&o, &small);
    tw_outbox_close(&o);
    assert_int_equal(o.lost, 1);
    assert_int_equal(o.n, 1);
    assert_int_equal(o.sorted[0]->packet, 2);
    tw_outbox_fini(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_out_in_order),
        cmocka_unit_test(it_grows_and_keeps_what_it_grew),
        cmocka_unit_test(an_event_larger_than_a_batch_is_kept),
        cmocka_unit_test(what_can_not_be_kept_is_counted),
    };
    return cmocka_run_group_tests_name("pipeline/outbox", tests, NULL, NULL);
}
