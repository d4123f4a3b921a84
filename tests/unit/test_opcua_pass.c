#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "opcua_wire.h"
#include "protocol/opcua/ahead.h"

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
    t.env.asks.pass = asked ? pass : NULL;
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

static const char *const nodes[] = {"a", "b", "c", "d", "e", "f", "g"};
enum { NODES = sizeof(nodes) / sizeof(nodes[0]) };

/* The last one is in namespace 0. */
static void put_node(struct wire *w, uint32_t i)
{
    if (i == NODES - 1)
        w_node(w, 0, 2255);
    else
        w_node_str(w, 2, nodes[i]);
}

static uint32_t place_of(const struct tw_node_key *key)
{
    static struct wire w;
    for (uint32_t i = 0; i < NODES; i++) {
        struct tw_node_key own;
        w.n = 0;
        put_node(&w, i);
        tw_hash_wide((struct tw_seed){0}, w.b, w.n, own.h);
        if (own.h[0] == key->h[0] && own.h[1] == key->h[1])
            return i;
    }
    fail();
    return 0;
}

/* Lists of plain values are asked about together, by their places. */
static uint32_t pass_values(
    void *user, const struct tw_event *message, const struct tw_plain_values *values)
{
    struct passer *p = user;
    const bool told = message->action == TW_ACTION_NOTIFY;
    assert_int_equal(message->flow, 1);
    assert_true(tw_str_is(message->status.s, "Good") && !message->status_bad);
    assert_true(message->opcua->auth_token != 0);
    assert_true(told ? message->opcua->subscription_id == 33 : message->action == TW_ACTION_READ);
    assert_in_range(values->n, 1, TW_PLAIN_VALUES);
    uint32_t passed = 0;
    for (uint32_t i = 0; i < values->n; i++) {
        const struct tw_plain_value *v = &values->list[i];
        double number = 0;
        assert_int_equal(tw_plain_number(v, &number), v->kind != TW_VALUE_ARRAY);
        const uint32_t at = told ? values->of.handles[i] - 70 : place_of(&values->of.nodes[i]);
        tw_text_addf(&p->seen, "%s%u:%d %g %08x %lld", i > 0 ? ", " : "", (unsigned)at,
            (int)v->kind, number, (unsigned)v->status, (long long)v->server_ts_ns);
        if (passed == i && (p->passes >> at & 1u) != 0)
            passed++;
    }
    tw_text_addz(&p->seen, "\n");
    return passed;
}

static void read_and_answer(struct talk *t)
{
    static struct wire w;
    w_request(&w, 631, 6, "token");
    w_f64(&w, 0);
    w_u32(&w, 2);
    w_u32(&w, NODES);
    for (uint32_t i = 0; i < NODES; i++) {
        put_node(&w, i);
        w_u32(&w, 13);
        w_str(&w, i == 5 ? "1:2" : NULL);
        w_u16(&w, 0);
        w_str(&w, NULL);
    }
    talk_message(t, 0, 4, &w);
    w_response(&w, 634, 6, 0);
    w_u32(&w, NODES);
    w_double(&w, 1);
    w_u8(&w, 2); /* Bad, without a value */
    w_u32(&w, 0x80310000u);
    w_u8(&w, 1 | 2 | 4 | 8); /* uncertain, with both times */
    w_u8(&w, 4);
    w_u16(&w, 0xfffe);
    w_u32(&w, 0x40900000u);
    w_time(&w);
    w_time(&w);
    w_u8(&w, 1); /* with dimensions, which are a detail */
    w_u8(&w, 0xc0 | 6);
    w_u32(&w, 2);
    w_u32(&w, 1);
    w_u32(&w, 2);
    w_u32(&w, 2);
    w_u32(&w, 2);
    w_u32(&w, 1);
    for (unsigned i = 0; i < 3; i++) { /* the second of a part, the third of a node of OPC UA's */
        w_u8(&w, 1);
        w_u8(&w, 0x80 | 5);
        w_u32(&w, 2);
        w_u16(&w, 7);
        w_u16(&w, 8);
    }
    w_u32(&w, 0);
    talk_message(t, 1, 4, &w);
}

/* What the events say that do not pass, and what was asked. */
static void run_lists(
    void (*talking)(struct talk *), uint32_t passes, struct tw_text *said, struct tw_text *seen)
{
    struct talk t;
    struct passer p = {.talk = &t, .passes = passes};
    talk_start(&t);
    t.env.emit = (struct tw_emit){forward, &p};
    t.env.asks.pass_values = pass_values;
    talking(&t);
    tw_text_clear(said);
    tw_text_add_str(said, (struct tw_str){talk_said(&t), t.said.len});
    tw_text_add(&p.seen, "", 1);
    tw_text_clear(seen);
    tw_text_add_str(seen, tw_text_str(&p.seen));
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
    tw_text_free(&p.seen);
}

/* Whichever pass, the others are what they are when none does; those that are not plain are never
 * asked about. */
static void all_that_may_pass_or_not(
    void (*talking)(struct talk *), unsigned n, uint32_t plain, struct tw_text *seen)
{
    struct tw_text all = {0}, some = {0};
    run_lists(talking, 0, &all, seen);
    for (uint32_t passes = 0; passes < 1u << n; passes++) {
        run_lists(talking, passes, &some, seen);
        const char *line = all.p, *left = some.p, *end = some.p + some.len;
        for (unsigned i = 0; i < n; i++) {
            const size_t len = (size_t)(strchr(line, '\n') - line) + 1;
            if ((passes & plain & 1u << i) == 0) {
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

static void data_changes_are_asked_about_together(void **state)
{
    struct tw_text seen = {0};
    (void)state;
    all_that_may_pass_or_not(publish, ITEMS, 0x3b, &seen);
    assert_string_equal(seen.p, "0:6 0 00000000 0, 1:6 1 00000000 0\n"
                                "3:6 3 00000000 0, 4:9 0 00000000 0, 5:6 5 00000000 0\n");
    tw_text_free(&seen);
}

static void reads_are_asked_about_together(void **state)
{
    struct tw_text seen = {0};
    char want[128];
    (void)state;
    all_that_may_pass_or_not(read_and_answer, NODES, 0x15, &seen);
    snprintf(want, sizeof(want), "0:6 1 00000000 0\n2:3 -2 40900000 %lld\n4:9 0 00000000 0\n",
        (long long)W_TIME_NS);
    assert_string_equal(seen.p, want);
    tw_text_free(&seen);
}

/* Whatever it is, it passes. */
static uint32_t keep_values(
    void *user, const struct tw_event *message, const struct tw_plain_values *values)
{
    struct passer *p = user;
    (void)message;
    for (uint32_t i = 0; i < values->n; i++) {
        const struct tw_plain_value *v = &values->list[i];
        double number;
        tw_text_addf(&p->seen, "%d", (int)v->kind);
        if (tw_plain_number(v, &number))
            tw_text_addf(&p->seen, " %g", number);
        if (v->is_odd)
            tw_text_addz(&p->seen, " odd");
    }
    return values->n;
}

static uint32_t keep_counts(
    void *user, const struct tw_event *message, const struct tw_plain_values *values)
{
    struct passer *p = user;
    (void)message;
    tw_text_addf(&p->seen, "%u ", (unsigned)values->n);
    return p->passes == 0 ? 0 : values->n;
}

/* Numbers of all types are worth what they are; of what no number can be told, nothing is asked. */
static void numbers_of_all_types(void **state)
{
    static const uint8_t ones[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const struct {
        unsigned type, width;
        const char *seen;
    } rows[] = {{1, 1, "2"}, {2, 1, "3 -1"}, {3, 1, "4 255"}, {4, 2, "3 -1"}, {5, 2, "4 65535"},
        {6, 4, "3 -1"}, {7, 4, "4 4.29497e+09"}, {8, 8, "3 -1"}, {9, 8, "4 1.84467e+19"},
        {10, 4, "5 -nan odd"}, {11, 8, "6 -nan odd"}, {13, 8, NULL}, {0, 0, NULL}, {25, 0, NULL},
        {127, 0, NULL}};
    static struct wire w;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct passer p = {.passes = 0};
        struct tw_proto_env env = {.emit = {forward, &p}, .asks = {.pass_values = keep_values}};
        struct tw_opcua_walk walk = {.env = &env};
        struct tw_opcua_ahead ahead = tw_opcua_ahead_of_all();
        w.n = 0;
        w_u32(&w, 70);
        w_u8(&w, 1);
        w_u8(&w, rows[i].type);
        w_raw(&w, ones, rows[i].width);
        for (size_t n = 0; n <= w.n; n++) { /* cut anywhere */
            struct tw_cur c = tw_cur_of(w.b, n);
            tw_text_clear(&p.seen);
            assert_int_equal(
                tw_opcua_pass_changes(&walk, &c, 1, &ahead), n == w.n && rows[i].seen != NULL);
            assert_int_equal(c.left, n == w.n && rows[i].seen != NULL ? 0 : n);
        }
        tw_text_add(&p.seen, "", 1);
        assert_string_equal(p.seen.p, rows[i].seen == NULL ? "" : rows[i].seen);
        tw_text_free(&p.seen);
    }
}

/* Numbers that rules may see otherwise than others. */
static void which_numbers_are_odd(void **state)
{
    static const struct {
        double d;
        const char *wide, *narrow;
    } rows[] = {{0, "6 0", "5 0"}, {-0.0, "6 -0", "5 -0"}, {-1.5, "6 -1.5", "5 -1.5"},
        {(double)FLT_MIN, "6 1.17549e-38", "5 1.17549e-38"},
        {(double)FLT_MIN / 2, "6 5.87747e-39", "5 5.87747e-39 odd"},
        {(double)FLT_MAX, "6 3.40282e+38", "5 3.40282e+38"}, {INFINITY, "6 inf odd", "5 inf odd"},
        {-INFINITY, "6 -inf odd", "5 -inf odd"}, {DBL_MIN, "6 2.22507e-308", "5 0"},
        {DBL_MIN / 2, "6 1.11254e-308 odd", "5 0"}, {DBL_MAX, "6 1.79769e+308", "5 inf odd"}};
    static struct wire w;
    (void)state;
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        struct passer p = {.passes = 0};
        struct tw_proto_env env = {.emit = {forward, &p}, .asks = {.pass_values = keep_values}};
        struct tw_opcua_walk walk = {.env = &env};
        struct tw_opcua_ahead ahead = tw_opcua_ahead_of_all();
        const float narrow = (float)rows[i / 2].d;
        uint32_t bits;
        memcpy(&bits, &narrow, sizeof(bits));
        w.n = 0;
        w_u32(&w, 70);
        w_u8(&w, 1);
        w_u8(&w, i % 2 == 0 ? 11 : 10);
        if (i % 2 == 0)
            w_f64(&w, rows[i / 2].d);
        else
            w_u32(&w, bits);
        struct tw_cur c = tw_cur_of(w.b, w.n);
        assert_int_equal(tw_opcua_pass_changes(&walk, &c, 1, &ahead), 1);
        tw_text_add(&p.seen, "", 1);
        assert_string_equal(p.seen.p, i % 2 == 0 ? rows[i / 2].wide : rows[i / 2].narrow);
        tw_text_free(&p.seen);
    }
}

/* Where many do not pass, nobody looks far ahead in vain; where all do, as far as there is room. */
static void how_far_is_looked_ahead(void **state)
{
    static struct wire w;
    struct passer p = {.passes = 0};
    struct tw_proto_env env = {.emit = {forward, &p}, .asks = {.pass_values = keep_counts}};
    struct tw_opcua_walk walk = {.env = &env};
    struct tw_opcua_ahead ahead = tw_opcua_ahead_of_all();
    (void)state;
    w.n = 0;
    for (uint32_t i = 0; i < 100; i++) {
        w_u32(&w, 70 + i);
        w_double(&w, 1);
    }
    struct tw_cur c = tw_cur_of(w.b, w.n);
    p.passes = UINT32_MAX;
    assert_int_equal(tw_opcua_pass_changes(&walk, &c, 40, &ahead), 40);
    assert_false(ahead.asked);
    p.passes = 0;
    assert_int_equal(tw_opcua_pass_changes(&walk, &c, 60, &ahead), 0);
    assert_true(ahead.asked);
    assert_int_equal(tw_opcua_pass_changes(&walk, &c, 60, &ahead), 0);
    p.passes = UINT32_MAX;
    assert_int_equal(tw_opcua_pass_changes(&walk, &c, 60, &ahead), 60);
    assert_int_equal(c.left, 0);
    assert_int_equal(tw_opcua_pass_changes(&walk, &c, 60, &ahead), 0);
    assert_false(ahead.asked);
    tw_text_add(&p.seen, "", 1);
    assert_string_equal(p.seen.p, "32 8 32 1 1 2 4 8 16 29 ");
    tw_text_free(&p.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_shown_before),
        cmocka_unit_test(the_others_stay_what_they_are),
        cmocka_unit_test(data_changes_are_asked_about_together),
        cmocka_unit_test(reads_are_asked_about_together),
        cmocka_unit_test(numbers_of_all_types),
        cmocka_unit_test(which_numbers_are_odd),
        cmocka_unit_test(how_far_is_looked_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
