#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "opcua_wire.h"

static struct wire w;
static const char *const nodes[] = {"Temp"};

static struct {
    unsigned n;
    int64_t ts_ns;
    uint64_t packet;
    uint8_t phase;
} last;

static void note(void *user, const struct tw_event *e)
{
    (void)user;
    last.n++;
    last.ts_ns = e->ts_ns;
    last.packet = e->packet;
    last.phase = e->phase;
}

static void requests_time_out_at_their_deadline(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    assert_true(tw_opcua.next_deadline(t.state) == INT64_MAX);
    w_read(&w, 2, nodes, 1);
    talk_message(&t, 0, 2, &w);
    int64_t due = t.when.ts_ns + t.env.limits.request_timeout_ns;
    assert_true(tw_opcua.next_deadline(t.state) == due);
    talk_send(&t, 0, "", 0);
    w_read(&w, 3, nodes, 1);
    talk_message(&t, 0, 3, &w);
    t.env.emit = (struct tw_emit){note, NULL};
    last.n = 0;
    const struct tw_when now = {due, 50};
    tw_opcua.tick(t.state, &t.env, &t.conn, &now);
    assert_int_equal(last.n, 1);
    assert_true(last.ts_ns == due);
    assert_int_equal(last.packet, 50);
    assert_int_equal(last.phase, 1);
    /* However late the clock is read. */
    const struct tw_when later = {due + INT64_C(3600000000000), 60};
    tw_opcua.tick(t.state, &t.env, &t.conn, &later);
    assert_int_equal(last.n, 2);
    assert_true(last.ts_ns == due + 2000000);
    assert_true(tw_opcua.next_deadline(t.state) == INT64_MAX);
    /* An answer that comes then is late; one to what was never asked is not. */
    w_response(&w, 397, 3, 0x80010000);
    talk_message(&t, 1, 3, &w);
    assert_int_equal(t.counters.malformed, 0);
    w_response(&w, 397, 1, 0x80010000);
    talk_message(&t, 1, 1, &w);
    assert_int_equal(t.counters.malformed, 1);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

/* A mirror that shows one direction only: nothing is waited for that can not come. */
static void where_the_server_is_not_seen_requests_wait_less(void **state)
{
    struct talk t;
    (void)state;
    talk_open(&t, true);
    w_read(&w, 2, nodes, 1);
    talk_message(&t, 0, 2, &w);
    int64_t due = t.when.ts_ns + t.env.limits.one_sided_ns;
    assert_true(t.env.limits.one_sided_ns < t.env.limits.request_timeout_ns);
    assert_true(tw_opcua.next_deadline(t.state) == due);
    t.when.ts_ns = due;
    tw_opcua.tick(t.state, &t.env, &t.conn, &t.when);
    assert_non_null(strstr(talk_said(&t), " read Read [ns=2;s=Temp] ?\n"));
    w_response(&w, 397, 3, 0x80010000);
    talk_message(&t, 1, 3, &w);
    w_read(&w, 4, nodes, 1);
    talk_message(&t, 0, 4, &w);
    assert_true(tw_opcua.next_deadline(t.state) == t.when.ts_ns + t.env.limits.request_timeout_ns);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
    /* A server that only takes its time is there all the same: its SYN was seen. */
    talk_open(&t, true);
    t.conn.seen = 3;
    w_read(&w, 2, nodes, 1);
    talk_message(&t, 0, 2, &w);
    assert_true(tw_opcua.next_deadline(t.state) == t.when.ts_ns + t.env.limits.request_timeout_ns);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void a_publish_may_wait(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    w_request(&w, 826, 2, "token");
    w_u32(&w, 0);
    talk_message(&t, 0, 2, &w);
    w_read(&w, 3, nodes, 1);
    talk_message(&t, 0, 3, &w);
    int64_t due = t.when.ts_ns + t.env.limits.request_timeout_ns;
    assert_true(tw_opcua.next_deadline(t.state) == due);
    t.when.ts_ns = due;
    tw_opcua.tick(t.state, &t.env, &t.conn, &t.when);
    assert_string_equal(talk_said(&t), "6<6 read Read [ns=2;s=Temp] ?\n");
    tw_text_clear(&t.said);
    w_response(&w, 829, 2, 0);
    w_u32(&w, 33);
    w_u32(&w, 0);
    w_u8(&w, 0);
    w_u32(&w, 1);
    w_time(&w);
    static struct wire inner;
    inner.n = 0;
    w_u32(&inner, 1);
    w_u32(&inner, 71);
    w_double(&inner, 20);
    w_u32(&inner, 0);
    w_u32(&w, 1);
    w_node(&w, 0, 811);
    w_u8(&w, 1);
    w_bytes(&w, &inner);
    w_u32(&w, 0);
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    assert_string_equal(talk_said(&t), "7<5 server notify Publish [null] 20 Double Good\n");
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void the_end_of_a_flow_leaves_nothing_open(void **state)
{
    static const struct {
        enum tw_end reason;
        uint8_t phase;
    } rows[] = {{TW_END_CLOSED, 0}, {TW_END_RESET, 0}, {TW_END_INPUT, 2}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        talk_open(&t, false);
        w_hello(&w, 65536, "opc.tcp://plc:4840");
        talk_frame(&t, 0, "HELF", &w);
        w_open(&w, 0, "Basic256Sha256", NULL);
        w_str(&w, "not readable");
        talk_frame(&t, 0, "OPNF", &w);
        t.env.emit = (struct tw_emit){note, NULL};
        last.n = 0;
        assert_true(talk_close(&t, rows[i].reason));
        assert_int_equal(last.n, 2);
        assert_int_equal(last.phase, rows[i].phase);
        tw_text_free(&t.said);
    }
}

static void what_never_got_an_answer(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    w_read(&w, 2, nodes, 1);
    talk_message(&t, 0, 2, &w);
    w_request(&w, 826, 3, "token"); /* Publish waits by design */
    w_u32(&w, 0);
    talk_message(&t, 0, 3, &w);
    w_request(&w, 832, 4, "token"); /* Republish does not */
    w_u32(&w, 1);
    w_u32(&w, 1);
    talk_message(&t, 0, 4, &w);
    assert_string_equal(talk_said(&t), "");
    assert_true(talk_close(&t, TW_END_CLOSED));
    assert_string_equal(talk_said(&t), "7<5 read Read [ns=2;s=Temp] ?\n"
                                       "7<7 server notify Republish ?\n");
    tw_text_free(&t.said);
}

static void responses_may_come_in_any_order(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    for (uint32_t id = 10; id < 13; id++) {
        const char *const node[] = {id == 10 ? "a" : id == 11 ? "b" : "c"};
        w_read(&w, id, node, 1);
        talk_message(&t, 0, id, &w);
    }
    static const uint32_t order[] = {12, 10, 11};
    for (unsigned i = 0; i < 3; i++) {
        w_response(&w, 397, order[i], 0x80340000);
        talk_message(&t, 1, order[i], &w);
    }
    assert_string_equal(talk_said(&t), "8<7 read Read [ns=2;s=c] BadNodeIdUnknown!\n"
                                       "9<5 read Read [ns=2;s=a] BadNodeIdUnknown!\n"
                                       "10<6 read Read [ns=2;s=b] BadNodeIdUnknown!\n");
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void too_many_requests_push_out_the_oldest(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    w_read(&w, 1, nodes, 1);
    talk_message(&t, 0, 1, &w);
    w_request(&w, 826, 2, "token");
    w_u32(&w, 0);
    talk_message(&t, 0, 2, &w);
    for (uint32_t id = 3; id <= TW_OPCUA_MAX_PENDING; id++) {
        w_read(&w, id, nodes, 1);
        talk_message(&t, 0, id, &w);
    }
    assert_string_equal(talk_said(&t), "");
    w_read(&w, 5000, nodes, 1);
    talk_message(&t, 0, 5000, &w); /* the Publish goes first */
    assert_string_equal(talk_said(&t), "");
    talk_message(&t, 0, 5001, &w);
    assert_non_null(strstr(talk_said(&t), "<5 read Read [ns=2;s=Temp] ?\n"));
    /* Its answer is no surprise then. */
    w_response(&w, 397, 1, 0x80010000);
    talk_message(&t, 1, 1, &w);
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void a_given_up_answer_is_an_answer(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    w_read(&w, 2, nodes, 1);
    talk_message(&t, 0, 2, &w);
    talk_chunk(&t, 1, "MSGC", 2, "half of it", 10);
    w.n = 0;
    w_u32(&w, 0x80B90000);
    w_str(&w, "too large");
    talk_chunk(&t, 1, "MSGA", 2, w.b, w.n);
    assert_string_equal(talk_said(&t), "7<5 read Read [ns=2;s=Temp] BadResponseTooLarge!\n");
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void an_error_ends_what_is_open(void **state)
{
    struct talk t;
    (void)state;
    talk_open(&t, false);
    talk_hello(&t);
    w_open(&w, 0, "Basic256Sha256", NULL);
    w_str(&w, "not readable");
    talk_frame(&t, 0, "OPNF", &w);
    w.n = 0;
    w_u32(&w, 0x80130000);
    w_str(&w, "no");
    talk_frame(&t, 1, "ERRF", &w);
    assert_string_equal(talk_said(&t),
        "2<1 connect Hello [opc.tcp://plc:4840] Good\n"
        "4<3 secure OpenSecureChannel BadSecurityChecksFailed! encrypted\n"
        "4 server disconnect Error BadSecurityChecksFailed!\n");
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void a_spent_pool_loses_events_not_memory(void **state)
{
    (void)state;
    for (size_t bytes = 64; bytes <= (1 << 18); bytes *= 2) {
        struct talk t;
        talk_open(&t, false);
        tw_pool_free(t.env.pool);
        t.env.pool = tw_pool_new(bytes);
        talk_hello(&t);
        talk_secure(&t, "None", 1, 0);
        for (uint32_t id = 2; id < 40; id++) {
            w_read(&w, id, nodes, 1);
            talk_message(&t, 0, id, &w);
            talk_chunk(&t, 0, "MSGC", id + 100, w.b, w.n);
        }
        w_response(&w, 397, 2, 0x80340000);
        talk_message(&t, 1, 2, &w);
        assert_true(talk_close(&t, TW_END_CLOSED));
        tw_text_free(&t.said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_time_out_at_their_deadline),
        cmocka_unit_test(where_the_server_is_not_seen_requests_wait_less),
        cmocka_unit_test(a_publish_may_wait),
        cmocka_unit_test(the_end_of_a_flow_leaves_nothing_open),
        cmocka_unit_test(what_never_got_an_answer),
        cmocka_unit_test(responses_may_come_in_any_order),
        cmocka_unit_test(too_many_requests_push_out_the_oldest),
        cmocka_unit_test(a_given_up_answer_is_an_answer),
        cmocka_unit_test(an_error_ends_what_is_open),
        cmocka_unit_test(a_spent_pool_loses_events_not_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
