#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "opcua_wire.h"

/* Data changes are shown to `pass` before they are made into whole events. */

enum { ITEMS = 6 };

struct passer {
    struct talk *talk;
    uint32_t passes; /* bit per place in the message */
    unsigned shown;
    struct tw_text seen;
};

/* What a receiver may look at by then. */
static bool pass(void *user, const struct tw_event *e)
{
    struct passer *p = user;
    assert_int_equal(e->action, TW_ACTION_NOTIFY);
    assert_int_equal(e->protocol, TW_PROTO_OPCUA);
    assert_int_equal(e->flow, 1);
    assert_true(e->opcua->has_handle && e->opcua->has_subscription);
    assert_int_equal(e->opcua->subscription_id, 33);
    assert_true(e->opcua->auth_token != 0);
    assert_true(e->next == (p->shown > 0));
    tw_text_addf(&p->seen, "%u %.*s ", e->opcua->client_handle, TW_STR_ARG(e->status.s));
    talk_value(&p->seen, &e->value);
    tw_text_addz(&p->seen, "\n");
    return (p->passes >> p->shown++ & 1u) != 0;
}

static void forward(void *user, const struct tw_event *e)
{
    const struct passer *p = user;
    talk_event(p->talk, e);
}

static void publish(struct talk *t)
{
    static struct wire w, inner;
    w_request(&w, 826, 6, "token");
    w_u32(&w, 0);
    talk_message(t, 0, 4, &w);
    w_response(&w, 829, 6, 0);
    w_u32(&w, 33);
    w_u32(&w, 0);
    w_u8(&w, 0);
    w_u32(&w, 1);
    w_time(&w);
    w_u32(&w, 1);
    inner.n = 0;
    w_u32(&inner, ITEMS);
    for (uint32_t i = 0; i < ITEMS; i++) {
        w_u32(&inner, 70 + i);
        if (i == 2) { /* Bad, without a value */
            w_u8(&inner, 2);
            w_u32(&inner, 0x80310000u);
        } else if (i == 4) { /* an array, which is put together elsewhere */
            w_u8(&inner, 1);
            w_u8(&inner, 0x80 | 6);
            w_u32(&inner, 2);
            w_u32(&inner, 1);
            w_u32(&inner, 2);
        } else {
            w_double(&inner, i);
        }
    }
    w_u32(&inner, 0);
    w_node(&w, 0, 811);
    w_u8(&w, 1);
    w_bytes(&w, &inner);
    w_u32(&w, 0);
    w_u32(&w, 0);
    talk_message(t, 1, 4, &w);
}

/* The lines of the events that do not pass. */
static void run(uint32_t passes, bool asked, struct tw_text *said, struct tw_text *seen)
{
    struct talk t;
    struct passer p = {.talk = &t, .passes = passes};
    talk_start(&t);
    tw_text_clear(&t.said);
    t.env.emit = (struct tw_emit){forward, &p};
    t.env.pass = asked ? pass : NULL;
    publish(&t);
    tw_text_clear(said);
    tw_text_add_str(said, (struct tw_str){talk_said(&t), t.said.len});
    if (seen != NULL)
        tw_text_add_str(seen, tw_text_str(&p.seen));
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
    tw_text_free(&p.seen);
}

static void what_is_shown_before(void **state)
{
    struct tw_text said = {0}, seen = {0};
    (void)state;
    run(UINT32_MAX, true, &said, &seen);
    assert_int_equal(said.len, 0);
    tw_text_add(&seen, "", 1);
    assert_string_equal(seen.p, "70 Good 0\n71 Good 1\n72 BadNoCommunication null\n73 Good 3\n"
                                "74 Good [1,2]\n75 Good 5\n");
    tw_text_free(&said);
    tw_text_free(&seen);
}

/* Whichever pass, the others are what they are without it. */
static void the_others_stay_what_they_are(void **state)
{
    struct tw_text all = {0}, some = {0};
    (void)state;
    run(0, false, &all, NULL);
    for (uint32_t passes = 0; passes < 1u << ITEMS; passes++) {
        run(passes, true, &some, NULL);
        const char *line = all.p, *left = some.p, *end = some.p + some.len;
        for (unsigned i = 0; i < ITEMS; i++) {
            const size_t len = (size_t)(strchr(line, '\n') - line) + 1;
            if ((passes >> i & 1u) == 0) {
                assert_true((size_t)(end - left) >= len);
                assert_memory_equal(left, line, len);
                left += len;
            }
            line += len;
        }
        assert_ptr_equal(left, end);
    }
    tw_text_free(&all);
    tw_text_free(&some);
}

/* Values that are read, each shown before it is made into a whole event. */
static bool pass_read(void *user, const struct tw_event *e)
{
    struct passer *p = user;
    assert_int_equal(e->action, TW_ACTION_READ);
    assert_true(e->opcua->auth_token != 0 && !e->next);
    assert_true(tw_str_is(e->opcua->attribute, "Value"));
    tw_text_addf(&p->seen, "%.*s %.*s ", TW_STR_ARG(e->object), TW_STR_ARG(e->status.s));
    talk_value(&p->seen, &e->value);
    tw_text_addz(&p->seen, "\n");
    return (p->passes >> p->shown++ & 1u) != 0;
}

static void read_and_answer(struct talk *t)
{
    static const char *const nodes[] = {"a", "b", "c", "d"};
    static struct wire w;
    w_read(&w, 6, nodes, 4);
    talk_message(t, 0, 4, &w);
    w_response(&w, 634, 6, 0);
    w_u32(&w, 4);
    w_double(&w, 1);
    w_u8(&w, 2); /* Bad, without a value */
    w_u32(&w, 0x80310000u);
    w_u8(&w, 1); /* with dimensions, which are a detail */
    w_u8(&w, 0xc0 | 6);
    w_u32(&w, 2);
    w_u32(&w, 1);
    w_u32(&w, 2);
    w_u32(&w, 2);
    w_u32(&w, 2);
    w_u32(&w, 1);
    w_u8(&w, 1);
    w_u8(&w, 0x80 | 5);
    w_u32(&w, 2);
    w_u16(&w, 7);
    w_u16(&w, 8);
    w_u32(&w, 0);
    talk_message(t, 1, 4, &w);
}

static void values_that_are_read_are_shown_before(void **state)
{
    struct tw_text all = {0};
    (void)state;
    for (uint32_t passes = 0; passes < 8; passes++) {
        struct talk t;
        struct passer p = {.talk = &t, .passes = passes};
        talk_start(&t);
        tw_text_clear(&t.said);
        t.env.emit = (struct tw_emit){forward, &p};
        t.env.pass = pass_read;
        read_and_answer(&t);
        tw_text_add(&p.seen, "", 1);
        assert_string_equal(
            p.seen.p, "ns=2;s=a Good 1\nns=2;s=b BadNoCommunication null\nns=2;s=d Good [7,8]\n");
        if (passes == 0)
            tw_text_add_str(&all, (struct tw_str){talk_said(&t), t.said.len});
        /* Line i is of item i; the third is never asked about. */
        const char *line = all.p, *left = talk_said(&t);
        for (unsigned i = 0, bit = 0; i < 4; i++) {
            const size_t len = (size_t)(strchr(line, '\n') - line) + 1;
            if (i == 2 || (passes >> bit++ & 1u) == 0) {
                assert_memory_equal(left, line, len);
                left += len;
            }
            line += len;
        }
        assert_string_equal(left, "");
        assert_int_equal(t.counters.malformed, 0);
        assert_true(talk_close(&t, TW_END_CLOSED));
        tw_text_free(&t.said);
        tw_text_free(&p.seen);
    }
    tw_text_free(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_shown_before),
        cmocka_unit_test(the_others_stay_what_they_are),
        cmocka_unit_test(values_that_are_read_are_shown_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
