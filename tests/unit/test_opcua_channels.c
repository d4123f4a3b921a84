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
static unsigned exchanges;

static void note_volume(void *user, const struct tw_event *e)
{
    struct talk *t = user;
    if (e->action == TW_ACTION_UNKNOWN) { /* test_opcua_sealed.c */
        exchanges++;
        return;
    }
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
    exchanges = 0;
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
    assert_int_equal(exchanges, 1000);
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
        {"ECC_nistP256_AesGcm", 3, 16, "6<5 unknown [null] ? encrypted\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        talk_open(&t, false);
        talk_hello(&t);
        t.sequence[0] = t.sequence[1] = UINT32_MAX; /* the first is 0 */
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

/* [UA6 6.7.2.4]: any number may be the first of the older policies, 0 is that of the newer ones. */
static void the_newer_policies_start_at_0(void **state)
{
    static const struct {
        const char *policy;
        uint32_t first[2];
        const char *said;
    } rows[] = {
        {"None", {51, 1}, "4<3 secure OpenSecureChannel Good\n"},
        {"ECC_nistP256", {0, 0}, "4<3 secure OpenSecureChannel Good\n"},
        {"ECC_curve25519_ChaChaPoly", {0, 0}, "4<3 secure OpenSecureChannel Good\n"},
        {"ECC_nistP256", {1, 0},
            "3 malformed OpenSecureChannel sequence-gap\n4<3 secure OpenSecureChannel Good\n"},
        {"RSA_DH_AesGcm", {0, 1},
            "4 server malformed OpenSecureChannel sequence-gap\n"
            "4<3 secure OpenSecureChannel Good\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        talk_open(&t, false);
        talk_hello(&t);
        tw_text_clear(&t.said);
        for (unsigned dir = 0; dir < 2; dir++)
            t.sequence[dir] = rows[i].first[dir] - 1;
        talk_secure(&t, rows[i].policy, strcmp(rows[i].policy, "None") == 0 ? 1 : 2, 0);
        assert_string_equal(talk_said(&t), rows[i].said);
        assert_true(talk_close(&t, TW_END_CLOSED));
        tw_text_free(&t.said);
    }
    /* A renewal goes on with the numbers there are. */
    struct talk t;
    talk_open(&t, false);
    talk_hello(&t);
    t.sequence[0] = t.sequence[1] = UINT32_MAX;
    talk_secure(&t, "ECC_nistP384", 2, 48);
    t.signature = 48;
    exchange(&t, 2);
    t.renew = true;
    t.token = 2;
    talk_secure(&t, "ECC_nistP384", 2, 48);
    exchange(&t, 3);
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

/* One node asked for with one token, answered with the other. */
static void exchange_with(struct talk *t, uint32_t request_id, uint32_t asked, uint32_t answered)
{
    w_read(&w, request_id, nodes, 1);
    t->token = asked;
    talk_message(t, 0, request_id, &w);
    w_response(&w, 634, request_id, 0);
    w_u32(&w, 1);
    w_double(&w, 1.5);
    w_u32(&w, 0);
    t->token = answered;
    talk_message(t, 1, request_id, &w);
}

static void renew(struct talk *t, const char *policy, uint32_t mode, uint32_t token)
{
    t->renew = true;
    t->token = token;
    talk_secure(t, policy, mode, t->signature);
    tw_text_clear(&t->said);
}

/* At a renewal either side may use either token; no other is good, not even the one before those.
 */
static void tokens_overlap_in_both_directions(void **state)
{
    static const struct {
        const char *policy;
        uint32_t mode;
        unsigned signature;
    } rows[] = {{"None", 1, 0}, {"ECC_nistP256", 2, 32}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        talk_open(&t, false);
        talk_hello(&t);
        t.sequence[0] = t.sequence[1] = UINT32_MAX;
        t.signature = rows[i].signature;
        talk_secure(&t, rows[i].policy, rows[i].mode, t.signature);
        exchange_with(&t, 2, 1, 1);
        renew(&t, rows[i].policy, rows[i].mode, 2);
        exchange_with(&t, 3, 1, 1); /* as if it had not been renewed yet */
        exchange_with(&t, 4, 2, 1);
        exchange_with(&t, 5, 1, 2);
        exchange_with(&t, 6, 2, 2);
        assert_string_equal(talk_said(&t), "10<9 read Read [ns=2;s=Temp] 1.5 Double Good\n"
                                           "12<11 read Read [ns=2;s=Temp] 1.5 Double Good\n"
                                           "14<13 read Read [ns=2;s=Temp] 1.5 Double Good\n"
                                           "16<15 read Read [ns=2;s=Temp] 1.5 Double Good\n");
        assert_int_equal(t.counters.malformed, 0);
        renew(&t, rows[i].policy, rows[i].mode, 3);
        exchange_with(&t, 7, 2, 2);
        assert_int_equal(t.counters.malformed, 0);
        tw_text_clear(&t.said);
        exchange_with(&t, 8, 1, 3); /* it holds once the server spoke without issuing it */
        exchange_with(&t, 9, 3, 9);
        exchange_with(&t, 10, 1, 9); /* said once */
        assert_string_equal(talk_said(&t), "22<21 read Read [ns=2;s=Temp] 1.5 Double Good\n"
                                           "22 malformed unknown-token\n"
                                           "24 server malformed unknown-token\n"
                                           "24<23 read Read [ns=2;s=Temp] 1.5 Double Good\n"
                                           "26<25 read Read [ns=2;s=Temp] 1.5 Double Good\n");
        assert_true(talk_close(&t, TW_END_CLOSED));
        tw_text_free(&t.said);
    }
}

/* Where the handshake can not be read, or was captured behind what it made possible, no token is
 * held against anybody. */
static void tokens_that_were_not_seen_are_not_judged(void **state)
{
    struct talk t;
    (void)state;
    talk_open(&t, false);
    rsa_handshake(&t, "Basic256Sha256");
    t.signature = 32;
    exchange_with(&t, 2, 77, 78);
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
    talk_open(&t, true);
    exchange_with(&t, 2, 4, 4);
    renew(&t, "None", 1, 5);
    exchange_with(&t, 3, 4, 4);
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
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

/* Channels of one connection with different protection: each chunk is read by its own. */
static void channels_differ_in_their_signatures(void **state)
{
    struct talk t;
    (void)state;
    talk_open(&t, false);
    rsa_handshake(&t, "Basic256Sha256");
    t.channel = 8;
    uint32_t first[2] = {t.sequence[0], t.sequence[1]};
    t.sequence[0] = t.sequence[1] = UINT32_MAX;
    talk_secure(&t, "ECC_curve448", 2, 16);
    tw_text_clear(&t.said);
    uint32_t second[2] = {t.sequence[0], t.sequence[1]};
    for (uint32_t id = 2; id < 6; id++) {
        uint32_t *sequence = id % 2 == 0 ? first : second;
        t.channel = id % 2 == 0 ? 7 : 8;
        t.signature = id % 2 == 0 ? 32 : 16;
        memcpy(t.sequence, sequence, sizeof(t.sequence));
        exchange(&t, 9); /* each has its own request ids */
        memcpy(sequence, t.sequence, sizeof(t.sequence));
    }
    assert_string_equal(talk_said(&t), "8<7 read Read [ns=2;s=Temp] 1.5 Double Good\n"
                                       "10<9 read Read [ns=2;s=Temp] 1.5 Double Good\n"
                                       "12<11 read Read [ns=2;s=Temp] 1.5 Double Good\n"
                                       "14<13 read Read [ns=2;s=Temp] 1.5 Double Good\n");
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void answer(struct wire *out, uint32_t request_id)
{
    w_response(out, 634, request_id, 0);
    w_u32(out, 1);
    w_double(out, request_id);
    w_u32(out, 0);
}

/* Chunks of several messages between each other, in both directions, each chunk signed; who gives
 * one up leaves the others as they are. */
static void chunks_are_kept_apart(void **state)
{
    static struct wire enough;
    struct talk t;
    (void)state;
    talk_open(&t, false);
    rsa_handshake(&t, "Aes128_Sha256_RsaOaep");
    tw_text_clear(&t.said);
    t.signature = 32;
    enough.n = 0;
    w_u32(&enough, 0x80B90000);
    w_str(&enough, "too large");
    for (uint32_t id = 2; id < 6; id++) {
        w_read(&w, id, nodes, 1);
        talk_chunk(&t, 0, "MSGC", id, w.b, 10 * id);
    }
    talk_chunk(&t, 0, "MSGA", 3, enough.b, enough.n); /* the client's own request */
    for (uint32_t id = 5; id >= 2; id--) {
        w_read(&w, id, nodes, 1);
        if (id != 3)
            talk_chunk(&t, 0, "MSGF", id, w.b + 10 * id, w.n - 10 * id);
    }
    assert_string_equal(talk_said(&t), "");
    for (uint32_t id = 2; id < 6; id++) {
        answer(&w, id);
        if (id != 3)
            talk_chunk(&t, 1, "MSGC", id, w.b, 7 * id);
    }
    talk_chunk(&t, 1, "MSGA", 4, enough.b, enough.n); /* the server's answer */
    for (uint32_t id = 5; id > 1; id = id == 5 ? 2 : 0) {
        answer(&w, id);
        talk_chunk(&t, 1, "MSGF", id, w.b + 7 * id, w.n - 7 * id);
    }
    assert_string_equal(talk_said(&t), "16<11 read Read [ns=2;s=Temp] BadResponseTooLarge!\n"
                                       "17<10 read Read [ns=2;s=Temp] 5 Double Good\n"
                                       "18<12 read Read [ns=2;s=Temp] 2 Double Good\n");
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    assert_null(strstr(talk_said(&t), "[ns=2;s=Temp] ?")); /* the aborted request never was one */
    tw_text_free(&t.said);
}

/* What a side takes is said in its own HEL or ACK; 0 is no limit. */
static void hello_with(struct talk *t, unsigned strict, uint32_t message, uint32_t chunks)
{
    talk_open(t, false);
    for (unsigned dir = 0; dir < 2; dir++) {
        w.n = 0;
        w_u32(&w, 0);
        w_u32(&w, dir == strict ? 8192 : 65536);
        w_u32(&w, dir == strict ? 65536 : 8192);
        w_u32(&w, dir == strict ? message : 0);
        w_u32(&w, dir == strict ? chunks : 0);
        if (dir == 0)
            w_str(&w, "u");
        talk_frame(t, dir, dir == 0 ? "HELF" : "ACKF", &w);
    }
    talk_secure(t, "None", 1, 0);
    tw_text_clear(&t->said);
}

static void limits_bind_the_other_side(void **state)
{
    static uint8_t part[9000];
    static const char *const names[] = {"bad-chunk-size", "message-limit", "chunk-limit"};
    (void)state;
    for (unsigned sender = 0; sender < 2; sender++)
        for (unsigned limit = 0; limit < 3; limit++) {
            char want[64];
            struct talk t;
            hello_with(&t, sender ^ 1, limit == 1 ? 10000 : 0, limit == 2 ? 3 : 0);
            /* As much as is allowed; then one more. */
            for (unsigned i = 0; i < (limit == 1 ? 2u : 3u); i++)
                talk_chunk(&t, sender, "MSGC", 2, part, limit == 1 ? 5000 : 8192 - 24);
            assert_string_equal(talk_said(&t), "");
            talk_chunk(&t, sender, "MSGC", 2, part, limit == 0 ? 8192 - 23 : 1);
            snprintf(want, sizeof(want), "%u%s malformed %s\n", limit == 1 ? 7 : 8,
                sender == 1 ? " server" : "", names[limit]);
            assert_string_equal(talk_said(&t), want);
            /* The other way nothing was agreed. */
            tw_text_clear(&t.said);
            for (unsigned i = 0; i < 4; i++)
                talk_chunk(&t, sender ^ 1, "MSGC", 3, part, sizeof(part));
            assert_string_equal(talk_said(&t), "");
            assert_true(talk_close(&t, TW_END_CLOSED));
            tw_text_free(&t.said);
        }
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
    tw_text_clear(&t.said);
    /* The client is the side that accepted the connection. */
    w_open(&w, 0, "None", NULL);
    w_u32(&w, ++t.sequence[1]);
    w_u32(&w, 1);
    static struct wire body;
    w_request(&body, 446, 1, NULL);
    w_u32(&body, 0);
    w_u32(&body, 0);
    w_u32(&body, 1);
    w_str(&body, NULL);
    w_u32(&body, 3600000);
    w_raw(&w, body.b, body.n);
    talk_frame(&t, 1, "OPNF", &w);
    w_open(&w, t.channel, "None", NULL);
    w_u32(&w, ++t.sequence[0]);
    w_u32(&w, 1);
    w_response(&body, 449, 1, 0);
    w_u32(&body, 0);
    w_u32(&body, t.channel);
    w_u32(&body, t.token);
    w_time(&body);
    w_u32(&body, 3600000);
    w_str(&body, NULL);
    w_raw(&w, body.b, body.n);
    talk_frame(&t, 0, "OPNF", &w);
    w_read(&w, 2, nodes, 1);
    talk_message(&t, 1, 2, &w);
    answer(&w, 2);
    talk_message(&t, 0, 2, &w);
    assert_string_equal(talk_said(&t), "5<4 secure OpenSecureChannel Good\n"
                                       "7<6 read Read [ns=2;s=Temp] 2 Double Good\n");
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

/* Bytes of one chunk of many were lost: the message is the sum of its chunks all the same. */
static void chunks_with_a_hole_count(void **state)
{
    static const uint8_t part[100] = {0};
    struct talk t;
    (void)state;
    talk_start(&t);
    tw_text_clear(&t.said);
    for (unsigned i = 0; i < 65; i++) {
        talk_chunk(&t, 0, "MSGC", 9, part, sizeof(part));
        if (i == 5)
            tw_opcua.gap(t.state, &t.env, &t.conn, 0, 500, &t.when);
    }
    assert_non_null(strstr(talk_said(&t), " malformed chunk-limit\n"));
    assert_int_equal(t.counters.malformed, 1);
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
        cmocka_unit_test(the_newer_policies_start_at_0),
        cmocka_unit_test(tokens_overlap_in_both_directions),
        cmocka_unit_test(tokens_that_were_not_seen_are_not_judged),
        cmocka_unit_test(renewal_goes_on_counting),
        cmocka_unit_test(one_connection_may_carry_several_channels),
        cmocka_unit_test(channels_differ_in_their_signatures),
        cmocka_unit_test(chunks_are_kept_apart),
        cmocka_unit_test(limits_bind_the_other_side),
        cmocka_unit_test(roles_follow_the_messages),
        cmocka_unit_test(the_middle_of_a_connection_is_read),
        cmocka_unit_test(a_list_ends_with_its_bytes),
        cmocka_unit_test(after_a_hole_the_next_chunk_is_found),
        cmocka_unit_test(chunks_with_a_hole_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
