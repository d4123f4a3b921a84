#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "opcua_wire.h"

static struct wire w;
static const char *const nodes[] = {"Temp"};

/* A Read of one node and its answer, signed as the talk says. */
static void exchange(struct talk *t, uint32_t request_id)
{
    w_read(&w, request_id, nodes, 1);
    talk_message(t, 0, request_id, &w);
    w_response(&w, 634, request_id, 0);
    w_u32(&w, 1);
    w_double(&w, 1.5);
    w_u32(&w, 0);
    talk_message(t, 1, request_id, &w);
}

static void rsa_handshake(struct talk *t, const char *policy)
{
    static struct wire certificate;
    talk_hello(t);
    certificate.n = 0;
    w_raw(&certificate, "\x30\x82\0\4abcd", 8);
    for (unsigned dir = 0; dir < 2; dir++) {
        w_open(&w, dir == 0 ? 0 : t->channel, policy, &certificate);
        for (unsigned i = 0; i < 256; i++)
            w_u8(&w, (i * 167 + 13) & 0xff);
        talk_frame(t, dir, "OPNF", &w);
        t->sequence[dir] = 51;
    }
}

static void signed_channels_are_read(void **state)
{
    static const struct {
        const char *policy;
        unsigned signature;
    } rows[] = {{"Basic128Rsa15", 20}, {"Basic256", 20}, {"Basic256Sha256", 32},
        {"Aes128_Sha256_RsaOaep", 32}, {"Aes256_Sha256_RsaPss", 32}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        talk_open(&t, false);
        rsa_handshake(&t, rows[i].policy);
        assert_string_equal(talk_said(&t), "2<1 connect Hello [opc.tcp://plc:4840] Good\n"
                                           "4<3 secure OpenSecureChannel Good encrypted\n");
        tw_text_clear(&t.said);
        t.signature = rows[i].signature;
        exchange(&t, 2);
        assert_string_equal(talk_said(&t), "6<5 read Read [ns=2;s=Temp] 1.5 Double Good\n");
        assert_int_equal(t.counters.malformed, 0);
        assert_true(talk_close(&t, TW_END_CLOSED));
        tw_text_free(&t.said);
    }
}

static void signatures_stand_behind_every_chunk(void **state)
{
    struct talk t;
    (void)state;
    talk_open(&t, false);
    rsa_handshake(&t, "Basic256Sha256");
    tw_text_clear(&t.said);
    t.signature = 32;
    w_read(&w, 2, nodes, 1);
    talk_chunk(&t, 0, "MSGC", 2, w.b, 50);
    talk_chunk(&t, 0, "MSGC", 2, w.b + 50, 1);
    talk_chunk(&t, 0, "MSGF", 2, w.b + 51, w.n - 51);
    w_response(&w, 634, 2, 0);
    w_u32(&w, 1);
    w_double(&w, 1.5);
    w_u32(&w, 0);
    talk_chunk(&t, 1, "MSGC", 2, w.b, w.n - 3);
    talk_chunk(&t, 1, "MSGF", 2, w.b + w.n - 3, 3);
    assert_string_equal(talk_said(&t), "9<7 read Read [ns=2;s=Temp] 1.5 Double Good\n");
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static char volume[256];

static void note_volume(void *user, const struct tw_event *e)
{
    struct talk *t = user;
    talk_event(t, e);
    if (e->opcua->details == NULL)
        return;
    struct tw_text json = {0};
    talk_value(&json, e->opcua->details);
    tw_str_copy(volume, sizeof(volume), tw_text_str(&json));
    tw_text_free(&json);
}

static void encrypted_channels_are_counted(void **state)
{
    struct talk t;
    (void)state;
    talk_open(&t, false);
    rsa_handshake(&t, "Basic256Sha256");
    tw_text_clear(&t.said);
    t.env.emit = (struct tw_emit){note_volume, &t};
    uint32_t x = 1;
    for (int i = 0; i < 2000; i++) {
        w.n = 0;
        w_u32(&w, t.channel);
        w_u32(&w, t.token);
        for (int b = 0; b < 80; b++) {
            x = x * 1664525 + 1013904223;
            w_u8(&w, x >> 24);
        }
        talk_frame(&t, (unsigned)i & 1, "MSGF", &w);
    }
    talk_frame(&t, 0, "CLOF", &w);
    assert_string_equal(talk_said(&t), "2005 disconnect CloseSecureChannel Good encrypted\n");
    /* 8 bytes of header, channel, token, 80 bytes. */
    assert_string_equal(volume, "{\"encrypted_requests\":1001,\"encrypted_request_bytes\":96096,"
                                "\"encrypted_responses\":1000,\"encrypted_response_bytes\":96000}");
    assert_int_equal(t.counters.messages[TW_PROTO_OPCUA][8], 2001);
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void ecc_handshakes_show_the_mode(void **state)
{
    static const struct {
        const char *policy;
        uint32_t mode;
        unsigned signature;
        const char *said;
    } rows[] = {
        {"ECC_nistP256", 2, 32, "6<5 read Read [ns=2;s=Temp] 1.5 Double Good\n"},
        {"ECC_nistP384", 2, 48, "6<5 read Read [ns=2;s=Temp] 1.5 Double Good\n"},
        {"ECC_curve25519_ChaChaPoly", 2, 16, "6<5 read Read [ns=2;s=Temp] 1.5 Double Good\n"},
        {"ECC_nistP256_AesGcm", 3, 16, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        talk_open(&t, false);
        talk_hello(&t);
        talk_secure(&t, rows[i].policy, rows[i].mode, 64);
        assert_non_null(strstr(talk_said(&t), "4<3 secure OpenSecureChannel Good\n"));
        tw_text_clear(&t.said);
        t.signature = rows[i].signature;
        exchange(&t, 2);
        assert_string_equal(talk_said(&t), rows[i].said);
        assert_int_equal(t.counters.malformed, 0);
        assert_true(talk_close(&t, TW_END_CLOSED));
        tw_text_free(&t.said);
    }
}

static void sequence_numbers_wrap_by_the_policy(void **state)
{
    static const struct {
        const char *policy;
        unsigned signature;
        uint32_t last, first;
        const char *said;
    } rows[] = {
        {"None", 0, 4294966272u, 1, ""},
        {"None", 0, 4294966271u, 1023, ""},
        {"None", 0, 4294966272u, 1024, "7 malformed sequence-reuse\n"},
        {"None", 0, 4294966000u, 5, "7 malformed sequence-reuse\n"},
        {"ECC_nistP256", 32, 4294967295u, 0, ""},
        {"ECC_nistP256", 32, 4294967295u, 1, "7 malformed sequence-reuse\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        talk_open(&t, false);
        talk_hello(&t);
        t.sequence[0] = rows[i].last - 3;
        talk_secure(&t, rows[i].policy, rows[i].signature == 0 ? 1 : 2, rows[i].signature);
        t.signature = rows[i].signature;
        tw_text_clear(&t.said);
        static const char *const none[] = {NULL};
        for (uint32_t id = 2; id < 4; id++) {
            w_read(&w, id, none, 0);
            talk_message(&t, 0, id, &w);
        }
        t.sequence[0] = rows[i].first - 1;
        w_read(&w, 9, none, 0);
        talk_message(&t, 0, 9, &w);
        assert_string_equal(talk_said(&t), rows[i].said);
        assert_true(talk_close(&t, TW_END_CLOSED));
        tw_text_free(&t.said);
    }
}

static void renewal_goes_on_counting(void **state)
{
    struct talk t;
    (void)state;
    /* None: the numbers of the second handshake are read. */
    talk_start(&t);
    exchange(&t, 2);
    t.token = 2;
    t.renew = true;
    talk_secure(&t, "None", 1, 0);
    exchange(&t, 3);
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
    /* RSA: they are not, but count. */
    talk_open(&t, false);
    rsa_handshake(&t, "Basic256Sha256");
    t.signature = 32;
    exchange(&t, 2);
    for (unsigned dir = 0; dir < 2; dir++) {
        w_open(&w, t.channel, "Basic256Sha256", NULL);
        for (unsigned i = 0; i < 256; i++)
            w_u8(&w, (i * 131 + 7) & 0xff);
        talk_frame(&t, dir, "OPNF", &w);
        t.sequence[dir]++;
    }
    tw_text_clear(&t.said);
    exchange(&t, 3);
    assert_string_equal(talk_said(&t), "10<9 read Read [ns=2;s=Temp] 1.5 Double Good\n");
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void one_connection_may_carry_several_channels(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    exchange(&t, 2);
    uint32_t kept[2] = {t.sequence[0], t.sequence[1]};
    t.channel = 8;
    t.sequence[0] = t.sequence[1] = 900;
    talk_secure(&t, "None", 1, 0);
    exchange(&t, 2);
    t.channel = 7;
    t.sequence[0] = kept[0];
    t.sequence[1] = kept[1];
    exchange(&t, 3);
    assert_int_equal(t.counters.malformed, 0);
    /* More than are kept: the oldest goes. */
    for (t.channel = 100; t.channel < 140; t.channel++)
        talk_secure(&t, "None", 1, 0);
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void roles_follow_the_messages(void **state)
{
    struct talk t;
    (void)state;
    /* Reverse connect: the server opened the TCP connection. */
    talk_open(&t, false);
    t.conn.side[0].port = 4840;
    t.conn.side[1].port = 40000;
    w.n = 0;
    w_str(&w, "urn:server");
    w_str(&w, "opc.tcp://plc:4840");
    talk_frame(&t, 0, "RHEF", &w);
    w_hello(&w, 65536, "opc.tcp://plc:4840");
    talk_frame(&t, 1, "HELF", &w);
    w_hello(&w, 65536, NULL);
    talk_frame(&t, 0, "ACKF", &w);
    assert_string_equal(talk_said(&t), "1 server connect ReverseHello [opc.tcp://plc:4840] Good\n"
                                       "3<2 connect Hello [opc.tcp://plc:4840] Good\n");
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void the_middle_of_a_connection_is_read(void **state)
{
    static const unsigned signatures[] = {0, 16, 20, 32, 48};
    (void)state;
    for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        struct talk t;
        talk_open(&t, true);
        t.signature = signatures[i];
        t.sequence[0] = 500;
        t.sequence[1] = 90;
        /* The end of something, then a response to what was not seen. */
        talk_send(&t, 1, "the rest of a chunk", 19);
        w_response(&w, 634, 2, 0);
        w_u32(&w, 1);
        w_double(&w, 1.5);
        w_u32(&w, 0);
        talk_message(&t, 1, 2, &w);
        exchange(&t, 3);
        /* In chunks, now that the length of the signature is known. */
        w_read(&w, 4, nodes, 1);
        talk_chunk(&t, 0, "MSGC", 4, w.b, 20);
        talk_chunk(&t, 0, "MSGF", 4, w.b + 20, w.n - 20);
        w_response(&w, 397, 4, 0x80340000);
        talk_message(&t, 1, 4, &w);
        assert_string_equal(talk_said(&t), "2 read Read [null] 1.5 Double Good\n"
                                           "4<3 read Read [ns=2;s=Temp] 1.5 Double Good\n"
                                           "7<6 read Read [ns=2;s=Temp] BadNodeIdUnknown!\n");
        assert_int_equal(t.counters.malformed, 0);
        assert_true(talk_close(&t, TW_END_CLOSED));
        tw_text_free(&t.said);
    }
}

static void a_list_ends_with_its_bytes(void **state)
{
    struct talk t;
    (void)state;
    /* In chunks, on a channel whose signatures are not known: no length can be held to account. */
    talk_open(&t, true);
    w_read(&w, 3, nodes, 1);
    talk_chunk(&t, 0, "MSGC", 3, w.b, w.n - 1);
    talk_chunk(&t, 0, "MSGF", 3, w.b, 1);
    w_response(&w, 634, 2, 0);
    w_u32(&w, 0xfffffff0);
    w_double(&w, 1);
    talk_chunk(&t, 1, "MSGC", 2, w.b, w.n - 1);
    talk_chunk(&t, 1, "MSGF", 2, w.b + w.n - 1, 1);
    assert_string_equal(talk_said(&t), "4 read Read [null] 1 Double Good\n");
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void after_a_hole_the_next_chunk_is_found(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    exchange(&t, 2);
    tw_text_clear(&t.said);
    /* The first half of a request is all there is of it. */
    static struct wire whole;
    w_read(&w, 3, nodes, 1);
    talk_send(&t, 0, "MSGF\x80\0\0\0\7\0\0\0\1\0\0\0", 16);
    tw_opcua.gap(t.state, &t.env, &t.conn, 0, 4000, &t.when);
    w_frame(&whole, "zzzz", &w);
    talk_send(&t, 0, whole.b, whole.n);
    t.sequence[0] += 9;
    exchange(&t, 4);
    assert_string_equal(talk_said(&t), "10<9 read Read [ns=2;s=Temp] 1.5 Double Good\n");
    assert_int_equal(t.counters.malformed, 0);
    assert_int_equal(t.counters.resyncs, 1);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signed_channels_are_read),
        cmocka_unit_test(signatures_stand_behind_every_chunk),
        cmocka_unit_test(encrypted_channels_are_counted),
        cmocka_unit_test(ecc_handshakes_show_the_mode),
        cmocka_unit_test(sequence_numbers_wrap_by_the_policy),
        cmocka_unit_test(renewal_goes_on_counting),
        cmocka_unit_test(one_connection_may_carry_several_channels),
        cmocka_unit_test(roles_follow_the_messages),
        cmocka_unit_test(the_middle_of_a_connection_is_read),
        cmocka_unit_test(a_list_ends_with_its_bytes),
        cmocka_unit_test(after_a_hole_the_next_chunk_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
