#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "opcua_wire.h"

static struct wire w, inner;

static void connect_and_secure(void **state)
{
    struct talk t;
    (void)state;
    talk_open(&t, false);
    talk_hello(&t);
    talk_secure(&t, "None", 1, 0);
    assert_string_equal(talk_said(&t), "2<1 connect Hello [opc.tcp://plc:4840] Good\n"
                                       "4<3 secure OpenSecureChannel Good\n");
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void reads_are_answered_one_by_one(void **state)
{
    static const char *const nodes[] = {"Temp", "Gone", "Name"};
    struct talk t;
    (void)state;
    talk_start(&t);
    w_read(&w, 4, nodes, 3);
    talk_message(&t, 0, 2, &w);
    assert_string_equal(talk_said(&t), "");
    w_response(&w, 634, 4, 0);
    w_u32(&w, 3);
    w_double(&w, 93.5);
    w_u8(&w, 3); /* a value that a bad status takes back */
    w_u8(&w, 1);
    w_u8(&w, 1);
    w_u32(&w, 0x80340000);
    w_u8(&w, 1);
    w_u8(&w, 12);
    w_str(&w, "ok");
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    assert_string_equal(talk_said(&t), "6<5 read Read [ns=2;s=Temp] 93.5 Double Good\n"
                                       "6<5 read Read [ns=2;s=Gone] BadNodeIdUnknown!\n"
                                       "6<5 read Read [ns=2;s=Name] \"ok\" String Good\n");
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void a_fault_answers_every_item(void **state)
{
    static const char *const nodes[] = {"a", "b"};
    struct talk t;
    (void)state;
    talk_start(&t);
    w_read(&w, 4, nodes, 2);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 397, 4, 0x80250000);
    talk_message(&t, 1, 2, &w);
    assert_string_equal(talk_said(&t), "6<5 read Read [ns=2;s=a] BadSessionIdInvalid!\n"
                                       "6<5 read Read [ns=2;s=b] BadSessionIdInvalid!\n");
    /* The same in the normal response, with its arrays null. */
    tw_text_clear(&t.said);
    w_read(&w, 5, nodes, 1);
    talk_message(&t, 0, 3, &w);
    w_response(&w, 634, 5, 0x80130000);
    w_u32(&w, UINT32_MAX);
    w_u32(&w, UINT32_MAX);
    talk_message(&t, 1, 3, &w);
    assert_string_equal(talk_said(&t), "8<7 read Read [ns=2;s=a] BadSecurityChecksFailed!\n");
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void writes_carry_value_attribute_and_range(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    w_request(&w, 673, 9, "token");
    w_u32(&w, 2);
    w_node_str(&w, 2, "Set");
    w_u32(&w, 13);
    w_str(&w, "1:2");
    w_double(&w, 5);
    w_node(&w, 3, 5);
    w_u32(&w, 17);
    w_str(&w, NULL);
    w_u8(&w, 1);
    w_u8(&w, 3);
    w_u8(&w, 7);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 676, 9, 0);
    w_u32(&w, 2);
    w_u32(&w, 0);
    w_u32(&w, 0x803B0000);
    w_u32(&w, UINT32_MAX);
    talk_message(&t, 1, 2, &w);
    assert_string_equal(talk_said(&t),
        "6<5 write Write [ns=2;s=Set] {1:2} 5 Double Good\n"
        "6<5 write Write [ns=3;i=5] .AccessLevel 7 Byte BadNotWritable!\n");
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void calls_carry_arguments_and_results(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    w_request(&w, 712, 9, "token");
    w_u32(&w, 1);
    w_node_str(&w, 2, "HVAC");
    w_node_str(&w, 2, "HVAC.SetSchedule");
    w_u32(&w, 2);
    w_u8(&w, 12);
    w_str(&w, "night");
    w_u8(&w, 6);
    w_u32(&w, 3);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 715, 9, 0);
    w_u32(&w, 1);
    w_u32(&w, 0);
    w_u32(&w, 2); /* status of each argument */
    w_u32(&w, 0);
    w_u32(&w, 0);
    w_u32(&w, 0);
    w_u32(&w, 1);
    w_u8(&w, 1);
    w_u8(&w, 1);
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    assert_string_equal(
        talk_said(&t), "6<5 call Call [ns=2;s=HVAC.SetSchedule] [\"night\",3] -> [true] Good\n");
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void browsing_names_the_start(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    w_request(&w, 527, 4, "token");
    w_node(&w, 0, 0);
    w_time(&w);
    w_u32(&w, 0);
    w_u32(&w, 100);
    w_u32(&w, 1);
    w_node(&w, 0, 85);
    w_u32(&w, 0);
    w_node(&w, 0, 33);
    w_u8(&w, 1);
    w_u32(&w, 0);
    w_u32(&w, 63);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 530, 4, 0);
    w_u32(&w, 1);
    w_u32(&w, 0);
    w_str(&w, "more");
    w_u32(&w, 1);
    w_node(&w, 0, 35);
    w_u8(&w, 1);
    w_u8(&w, 0x41); /* a server index behind */
    w_u8(&w, 2);
    w_u16(&w, 7);
    w_u32(&w, 3);
    w_u16(&w, 1);
    w_str(&w, "Boiler");
    w_u8(&w, 2);
    w_str(&w, "Boiler");
    w_u32(&w, 1);
    w_node(&w, 0, 61);
    w_u32(&w, 1); /* one DiagnosticInfo, with everything in it */
    w_u8(&w, 0x7f);
    for (int i = 0; i < 4; i++)
        w_u32(&w, UINT32_MAX);
    w_str(&w, "info");
    w_u32(&w, 0x80010000);
    w_u8(&w, 0);
    talk_message(&t, 1, 2, &w);
    w_request(&w, 533, 5, "token");
    w_u8(&w, 0);
    w_u32(&w, 1);
    w_str(&w, "more");
    talk_message(&t, 0, 3, &w);
    w_response(&w, 536, 5, 0);
    w_u32(&w, 1);
    w_u32(&w, 0x804A0000);
    w_str(&w, NULL);
    w_u32(&w, 0);
    w_u32(&w, 0);
    talk_message(&t, 1, 3, &w);
    assert_string_equal(talk_said(&t),
        "6<5 browse Browse [i=85] Good\n"
        "8<7 browse BrowseNext [null] BadContinuationPointInvalid!\n");
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void w_application(struct wire *out, const char *uri)
{
    w_str(out, uri);
    w_str(out, "urn:product");
    w_u8(out, 2);
    w_str(out, "Name");
    w_u32(out, 1);
    w_str(out, NULL);
    w_str(out, NULL);
    w_u32(out, 0);
}

#define NONCE "0123456789abcdef0123456789abcdef"

static void w_create_session(struct wire *out)
{
    w_request(out, 461, 2, NULL);
    w_application(out, "urn:ai");
    w_str(out, "urn:server");
    w_str(out, "opc.tcp://plc:4840");
    w_str(out, "Session1");
    w_str(out, NONCE);
    w_str(out, NULL);
    w_f64(out, 60000);
    w_u32(out, 0);
}

static struct tw_opcua_info seen;
static char seen_text[4][64];

static void remember(void *user, const struct tw_event *e)
{
    (void)user;
    seen = *e->opcua;
    tw_str_copy(seen_text[0], sizeof(seen_text[0]), e->object);
    tw_str_copy(seen_text[1], sizeof(seen_text[1]), seen.application_uri.s);
    tw_str_copy(seen_text[2], sizeof(seen_text[2]), seen.session.s);
    tw_str_copy(seen_text[3], sizeof(seen_text[3]), seen.user.s);
}

static void sessions_say_who_they_are(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    t.env.emit = (struct tw_emit){remember, NULL};
    w_create_session(&w);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 464, 2, 0);
    w_node(&w, 1, 99);
    w_node_str(&w, 1, "bearer");
    w_f64(&w, 60000);
    w_str(&w, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"); /* no nonce was drawn */
    w_str(&w, NULL);
    w_u32(&w, 1); /* an endpoint */
    w_str(&w, "opc.tcp://plc:4840");
    w_application(&w, "urn:server");
    w_str(&w, NULL);
    w_u32(&w, 1);
    w_str(&w, "…#None");
    w_u32(&w, 1);
    w_str(&w, "anonymous");
    w_u32(&w, 0);
    w_str(&w, NULL);
    w_str(&w, NULL);
    w_str(&w, NULL);
    w_str(&w, "transport");
    w_u8(&w, 0);
    w_u32(&w, 0);
    w_str(&w, NULL);
    w_str(&w, NULL);
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    assert_string_equal(seen_text[0], "Session1");
    assert_string_equal(seen_text[1], "urn:ai");
    assert_string_equal(seen_text[2], "ns=1;i=99");
    assert_true(seen.auth_token != 0);
    assert_int_equal(seen.client_nonce, tw_hash_stable(NONCE, strlen(NONCE)) << 16 >> 16);
    assert_int_equal(seen.server_nonce, 0);
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void users_are_told_apart_and_passwords_are_not_kept(void **state)
{
    static const struct {
        unsigned type;
        const char *password, *algorithm, *user, *token;
        bool clear;
    } rows[] = {
        {0, NULL, NULL, "anonymous", "anonymous", false},
        {321, NULL, NULL, "anonymous", "anonymous", false},
        {324, "secret", NULL, "bob", "username", true},
        {324, "secret", "", "bob", "username", true},
        {324, "secret", "http://www.w3.org/2001/04/xmlenc#rsa-oaep", "bob", "username", false},
        {324, "\1\1\x8a\x44\1", NULL, "bob", "username", true}, /* namespace 1: no known secret */
        {324, "\2", NULL, "bob", "username", false},            /* stands for a wrapped one */
        {327, NULL, NULL, "", "certificate", false},
        {940, NULL, NULL, "", "issued", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        talk_start(&t);
        t.env.emit = (struct tw_emit){remember, NULL};
        w_request(&w, 467, 3, "token");
        w_str(&w, NULL);
        w_str(&w, NULL);
        w_u32(&w, 0);
        w_u32(&w, UINT32_MAX);
        inner.n = 0;
        w_str(&inner, "policy");
        if (rows[i].type == 324) {
            w_str(&inner, "bob");
            if (rows[i].password[0] == 2) {
                w_u32(&inner, 9); /* i=17546, then a body */
                w_raw(&inner, "\1\0\x8a\x44\1\0\0\0\0", 9);
            } else {
                w_str(&inner, rows[i].password);
            }
            w_str(&inner, rows[i].algorithm);
        } else {
            w_str(&inner, NULL);
        }
        w_node(&w, 0, rows[i].type);
        w_u8(&w, rows[i].type != 0);
        if (rows[i].type != 0)
            w_bytes(&w, &inner);
        w_str(&w, NULL);
        w_str(&w, NULL);
        talk_message(&t, 0, 2, &w);
        w_response(&w, 470, 3, 0);
        w_str(&w, NULL);
        w_u32(&w, 0);
        w_u32(&w, 0);
        talk_message(&t, 1, 2, &w);
        assert_string_equal(seen_text[3], rows[i].user);
        assert_int_equal(seen.user.is_null, rows[i].user[0] == '\0');
        assert_true(tw_str_is(seen.user_token, rows[i].token));
        assert_int_equal(seen.clear_password, rows[i].clear);
        assert_int_equal(t.counters.malformed, 0);
        assert_true(talk_close(&t, TW_END_CLOSED));
        tw_text_free(&t.said);
    }
}

static void subscriptions_publish_by_handle(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    w_request(&w, 787, 4, "token");
    w_f64(&w, 500);
    for (int i = 0; i < 3; i++)
        w_u32(&w, 10);
    w_u8(&w, 1);
    w_u8(&w, 0);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 790, 4, 0);
    w_u32(&w, 33);
    w_f64(&w, 1000);
    w_u32(&w, 10);
    w_u32(&w, 10);
    talk_message(&t, 1, 2, &w);
    w_request(&w, 751, 5, "token");
    w_u32(&w, 33);
    w_u32(&w, 2);
    w_u32(&w, 1);
    w_read_id(&w, "Temp", 13);
    w_u32(&w, 2);
    w_u32(&w, 71);
    w_f64(&w, 250);
    w_no_extension(&w);
    w_u32(&w, 1);
    w_u8(&w, 1);
    talk_message(&t, 0, 3, &w);
    w_response(&w, 754, 5, 0);
    w_u32(&w, 1);
    w_u32(&w, 0);
    w_u32(&w, 88);
    w_f64(&w, 250);
    w_u32(&w, 1);
    w_no_extension(&w);
    w_u32(&w, 0);
    talk_message(&t, 1, 3, &w);
    w_request(&w, 826, 6, "token");
    w_u32(&w, 0);
    talk_message(&t, 0, 4, &w);
    w_response(&w, 829, 6, 0);
    w_u32(&w, 33);
    w_u32(&w, 0);
    w_u8(&w, 0);
    w_u32(&w, 1);
    w_time(&w);
    w_u32(&w, 2);
    inner.n = 0;
    w_u32(&inner, 2);
    w_u32(&inner, 71);
    w_double(&inner, 20);
    w_u32(&inner, 71);
    w_double(&inner, 21);
    w_u32(&inner, 0);
    w_node(&w, 0, 811);
    w_u8(&w, 1);
    w_bytes(&w, &inner);
    inner.n = 0;
    w_u32(&inner, 1);
    w_u32(&inner, 72);
    w_u32(&inner, 1);
    w_u8(&inner, 5);
    w_u16(&inner, 500);
    w_node(&w, 0, 916);
    w_u8(&w, 1);
    w_bytes(&w, &inner);
    w_u32(&w, 0);
    w_u32(&w, 0);
    talk_message(&t, 1, 4, &w);
    assert_string_equal(talk_said(&t), "6<5 subscribe CreateSubscription Good\n"
                                       "8<7 subscribe CreateMonitoredItems [ns=2;s=Temp] Good\n"
                                       "10<9 server notify Publish [null] 20 Double Good\n"
                                       "10<9 server notify Publish [null] 21 Double Good\n"
                                       "10<9 server alarm Publish [null] [500] Good\n");
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void other_services_are_named_with_their_nodes(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    w_request(&w, 488, 4, "token"); /* AddNodes, the server choosing the id */
    w_u32(&w, 1);
    w_node(&w, 0, 85);
    w_node(&w, 0, 35);
    w_node(&w, 0, 0);
    w_u16(&w, 1);
    w_str(&w, "New");
    w_u32(&w, 2);
    w_no_extension(&w);
    w_node(&w, 0, 63);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 491, 4, 0);
    w_u32(&w, 1);
    w_u32(&w, 0);
    w_node(&w, 1, 1234);
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    w_request(&w, 664, 5, "token"); /* HistoryRead */
    w_no_extension(&w);
    w_u32(&w, 0);
    w_u8(&w, 0);
    w_u32(&w, 1);
    w_node_str(&w, 2, "Temp");
    w_str(&w, NULL);
    w_u16(&w, 0);
    w_str(&w, NULL);
    w_str(&w, NULL);
    talk_message(&t, 0, 3, &w);
    w_response(&w, 667, 5, 0);
    w_u32(&w, 1);
    w_u32(&w, 0x00A50000);
    w_str(&w, NULL);
    w_no_extension(&w);
    w_u32(&w, 0);
    talk_message(&t, 1, 3, &w);
    w_request(&w, 700, 6, "token"); /* HistoryUpdate: details begin with the node */
    inner.n = 0;
    w_node_str(&inner, 2, "Temp");
    w_u32(&inner, 1);
    w_u32(&inner, 1);
    w_double(&inner, 20.5);
    w_u32(&w, 1);
    w_node(&w, 0, 682);
    w_u8(&w, 1);
    w_bytes(&w, &inner);
    talk_message(&t, 0, 4, &w);
    w_response(&w, 397, 6, 0x800B0000);
    talk_message(&t, 1, 4, &w);
    assert_string_equal(talk_said(&t),
        "6<5 manage AddNodes [ns=1;i=1234] Good\n"
        "8<7 history_read HistoryRead [ns=2;s=Temp] GoodNoData\n"
        "10<9 history_write HistoryUpdate [ns=2;s=Temp] [20.5] Double[] BadServiceUnsupported!\n");
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void the_end_of_a_channel_is_told_when_it_is_sent(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    w_request(&w, 473, 4, "token");
    w_u8(&w, 1);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 476, 4, 0);
    talk_message(&t, 1, 2, &w);
    w_request(&w, 452, 5, NULL);
    talk_chunk(&t, 0, "CLOF", 3, w.b, w.n);
    assert_string_equal(talk_said(&t), "6<5 disconnect CloseSession Good\n"
                                       "7 disconnect CloseSecureChannel Good\n");
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void bytes_may_come_in_any_pieces(void **state)
{
    static const char *const nodes[] = {"Temp", "Level"};
    static char whole[4096];
    (void)state;
    for (size_t step = 0; step < 60; step++) {
        struct talk t;
        talk_open(&t, false);
        t.step = step;
        talk_hello(&t);
        talk_secure(&t, "None", 1, 0);
        w_read(&w, 4, nodes, 2);
        talk_message(&t, 0, 2, &w);
        w_response(&w, 634, 4, 0);
        w_u32(&w, 2);
        w_double(&w, 1);
        w_double(&w, 2);
        w_u32(&w, 0);
        talk_message(&t, 1, 2, &w);
        if (step == 0)
            snprintf(whole, sizeof(whole), "%s", talk_said(&t));
        assert_string_equal(talk_said(&t), whole);
        assert_true(talk_close(&t, TW_END_CLOSED));
        tw_text_free(&t.said);
    }
    assert_non_null(strstr(whole, "6<5 read Read [ns=2;s=Level] 2 Double Good\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect_and_secure),
        cmocka_unit_test(reads_are_answered_one_by_one),
        cmocka_unit_test(a_fault_answers_every_item),
        cmocka_unit_test(writes_carry_value_attribute_and_range),
        cmocka_unit_test(calls_carry_arguments_and_results),
        cmocka_unit_test(browsing_names_the_start),
        cmocka_unit_test(sessions_say_who_they_are),
        cmocka_unit_test(users_are_told_apart_and_passwords_are_not_kept),
        cmocka_unit_test(subscriptions_publish_by_handle),
        cmocka_unit_test(other_services_are_named_with_their_nodes),
        cmocka_unit_test(the_end_of_a_channel_is_told_when_it_is_sent),
        cmocka_unit_test(bytes_may_come_in_any_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
