#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "opcua_wire.h"

static struct wire w;

#define BYTES(literal) (literal), sizeof(literal) - 1

static void damaged_openings(void **state)
{
    static const struct {
        const char *wire;
        size_t len;
        const char *said;
    } rows[] = {
        {BYTES("HELF\xf0\xff\xff\xff\0\0\0\0"), "1 malformed bad-chunk-size\n"},
        {BYTES("HELF\4\0\0\0\0\0\0\0"), "1 malformed bad-chunk-size\n"},
        {BYTES("HELX\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xff"),
            "1 malformed bad-chunk-type\n"},
        {BYTES("XYZF\x10\0\0\0\0\0\0\0\0\0\0\0"), "1 malformed bad-message-type\n"},
        {BYTES("MSGF\x18\0\0\0\7\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0"),
            "1 malformed message-before-hello\n1 malformed message-before-open\n"
            "1 malformed decode-error\n"},
        {BYTES("HELF\x21\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\5\0\0\0u"),
            "1 malformed Hello decode-error\n1 connect Hello [null] ?\n"},
        {BYTES("HELF\x21\0\0\0\0\0\0\0\x10\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0u"),
            "1 malformed Hello bad-buffer-size\n1<1 connect Hello [u] ?\n"},
        {BYTES("HELF\x22\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\1\0\0\0uX"),
            "1 malformed Hello trailing-bytes\n1<1 connect Hello [u] ?\n"},
        {BYTES("HELF\x21\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\1\0\0\0\xff"),
            "1 malformed Hello bad-utf8\n1<1 connect Hello [\xff] ?\n"},
        {BYTES("HELF\x40\0\0\0\0\0\0\0"), "1 malformed incomplete-message\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        talk_open(&t, false);
        talk_send(&t, 0, rows[i].wire, rows[i].len);
        assert_true(talk_close(&t, TW_END_CLOSED));
        if (i == 4) /* random bytes where nothing is known: not read */
            assert_non_null(strstr(talk_said(&t), "message-before-open"));
        else if (i == 5)
            assert_non_null(strstr(talk_said(&t), "Hello decode-error"));
        else
            assert_string_equal(talk_said(&t), rows[i].said);
        tw_text_free(&t.said);
    }
}

static void long_urls(void **state)
{
    static char url[5001];
    struct talk t;
    (void)state;
    memset(url, 'a', sizeof(url) - 1);
    talk_open(&t, false);
    w_hello(&w, 65536, url);
    talk_frame(&t, 0, "HELF", &w);
    assert_string_equal(talk_said(&t), "1 malformed Hello string-too-long\n");
    tw_text_clear(&t.said);
    w.n = 0;
    w_u32(&w, 0x80830000);
    w_str(&w, "no");
    talk_frame(&t, 1, "ERRF", &w);
    const char *said = talk_said(&t);
    assert_non_null(strstr(said, "2<1 connect Hello [aaa"));
    assert_non_null(strstr(said, " BadTcpEndpointUrlInvalid! truncated\n"));
    assert_int_equal(
        strlen(said), 4096 + strlen("2<1 connect Hello [] BadTcpEndpointUrlInvalid! truncated\n"));
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
    /* As long as may be: whole. And where a server says where it is to be reached. */
    static const struct {
        size_t len;
        const char *first, *last;
    } rows[] = {{4096, "1 connect ReverseHello [a", "a] Good\n"},
        {4097, "1 malformed ReverseHello string-too-long\n1 connect ReverseHello [a",
            "a] Good truncated\n"}};
    for (size_t i = 0; i < 2; i++) {
        url[rows[i].len] = '\0';
        talk_open(&t, false);
        w.n = 0;
        w_str(&w, "urn:plc");
        w_str(&w, url);
        talk_frame(&t, 0, "RHEF", &w);
        said = talk_said(&t);
        assert_int_equal(strncmp(said, rows[i].first, strlen(rows[i].first)), 0);
        assert_string_equal(said + strlen(said) - strlen(rows[i].last), rows[i].last);
        assert_int_equal(strlen(said), strlen(rows[i].first) + strlen(rows[i].last) + 4094);
        assert_true(talk_close(&t, TW_END_CLOSED));
        tw_text_free(&t.said);
        memset(url, 'a', sizeof(url) - 1);
    }
}

/* Each row is one thing done wrong on an otherwise sound connection, which then closes. */
struct step {
    unsigned dir;
    const char *type;
    uint32_t channel, sequence_step, request_id;
    unsigned service;
};

static void talk_step(struct talk *t, const struct step *step)
{
    t->channel = step->channel;
    t->sequence[step->dir] += step->sequence_step - 1;
    if (step->dir == 0) {
        w_request(&w, step->service, 1, "token");
        if (step->service == 473)
            w_u8(&w, 1);
    } else {
        w_response(&w, step->service, 1, 0);
        if (step->service == 482)
            w_u32(&w, 0);
    }
    talk_chunk(t, step->dir, step->type, step->request_id, w.b, w.n);
}

static void out_of_state(void **state)
{
    static const struct {
        struct step steps[3];
        const char *said;
    } rows[] = {
        {{{0, "MSGF", 7, 1, 2, 473}, {1, "MSGF", 7, 1, 2, 476}},
            "6<5 disconnect CloseSession Good\n"},
        {{{0, "MSGF", 7, 501, 2, 473}},
            "5 malformed sequence-gap\n5<5 disconnect CloseSession ?\n"},
        {{{0, "MSGF", 7, 0, 2, 473}},
            "5 malformed sequence-reuse\n5<5 disconnect CloseSession ?\n"},
        /* the server would have to open the channel for the client to know it */
        {{{0, "MSGF", 8, 1, 2, 473}},
            "5 malformed unknown-channel\n5<5 disconnect CloseSession ?\n"},
        {{{0, "MSGF", 8, 1, 2, 473}, {1, "MSGF", 7, 1, 1, 397}},
            "6 malformed unknown-channel\n"
            "6 server malformed response-without-request\n"
            "6<5 disconnect CloseSession ?\n"},
        {{{1, "MSGF", 8, 1, 2, 397}}, "5 server malformed unknown-channel\n"
                                      "5 server malformed response-without-request\n"},
        {{{1, "MSGF", 7, 1, 2, 476}}, "5 disconnect CloseSession Good\n"
                                      "5 server malformed CloseSession response-without-request\n"},
        {{{1, "MSGF", 7, 1, 2, 473}}, "5 server malformed CloseSession wrong-direction\n"},
        {{{0, "MSGF", 7, 1, 2, 476}}, "5 malformed CloseSession wrong-direction\n"},
        {{{0, "MSGF", 7, 1, 2, 9999}}, "5 malformed unknown-service\n"},
        {{{0, "MSGF", 7, 1, 2, 473}, {0, "MSGF", 7, 1, 2, 473}, {1, "MSGF", 7, 1, 2, 476}},
            "6<5 disconnect CloseSession ?\n"
            "7<6 disconnect CloseSession Good\n"
            "7 malformed CloseSession request-id-reuse\n"},
        {{{0, "MSGF", 7, 1, 2, 473}, {1, "MSGF", 7, 1, 2, 482}},
            "6<5 disconnect CloseSession ?\n6 server malformed Cancel response-mismatch\n"},
        {{{0, "MSGZ", 7, 1, 2, 473}}, "5 malformed bad-chunk-type\n"},
        {{{0, "OPNC", 7, 1, 2, 473}}, "5 malformed bad-chunk-type\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        talk_start(&t);
        for (size_t s = 0; s < 3 && rows[i].steps[s].type != NULL; s++)
            talk_step(&t, &rows[i].steps[s]);
        assert_true(talk_close(&t, TW_END_CLOSED));
        assert_string_equal(talk_said(&t), rows[i].said);
        tw_text_free(&t.said);
    }
}

/* The two directions of a connection may be captured in another order than they were sent. */
static void late_requests_are_no_anomaly(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    talk_step(&t, &(struct step){1, "MSGF", 7, 1, 2, 476});
    assert_string_equal(talk_said(&t), "");
    talk_step(&t, &(struct step){0, "MSGF", 7, 1, 2, 473});
    talk_step(&t, &(struct step){1, "MSGF", 7, 1, 4, 476});
    talk_step(&t, &(struct step){0, "MSGF", 7, 1, 3, 473});
    talk_step(&t, &(struct step){0, "MSGF", 7, 1, 4, 473});
    talk_step(&t, &(struct step){1, "MSGF", 7, 1, 3, 476});
    assert_string_equal(talk_said(&t), "6<6 disconnect CloseSession Good\n"
                                       "9<9 disconnect CloseSession Good\n"
                                       "10<8 disconnect CloseSession Good\n");
    /* One that nobody asked for is told from that after a while. */
    tw_text_clear(&t.said);
    talk_step(&t, &(struct step){1, "MSGF", 7, 1, 500, 476});
    for (uint32_t id = 5; id < 14; id++)
        talk_step(&t, &(struct step){0, "MSGF", 7, 1, id, 473});
    assert_string_equal(talk_said(&t),
        "20 disconnect CloseSession Good\n"
        "20 server malformed CloseSession response-without-request\n");
    /* More than are kept. */
    for (uint32_t id = 600; id < 650; id++)
        talk_step(&t, &(struct step){1, "MSGF", 7, 1, id, 476});
    assert_int_equal(t.counters.malformed, 1);
    assert_true(talk_close(&t, TW_END_INPUT));
    assert_int_equal(t.counters.malformed, 1);
    tw_text_free(&t.said);
}

static void late_handshakes_are_no_anomaly(void **state)
{
    static struct wire body;
    struct talk t;
    (void)state;
    talk_open(&t, false);
    w_hello(&w, 65536, NULL);
    talk_frame(&t, 1, "ACKF", &w);
    w_hello(&w, 65536, "u");
    talk_frame(&t, 0, "HELF", &w);
    w_open(&w, 7, "None", NULL);
    w_u32(&w, ++t.sequence[1]);
    w_u32(&w, 1);
    w_response(&body, 449, 1, 0);
    w_u32(&body, 0);
    w_u32(&body, 7);
    w_u32(&body, 1);
    w_time(&body);
    w_u32(&body, 1000);
    w_str(&body, NULL);
    w_raw(&w, body.b, body.n);
    talk_frame(&t, 1, "OPNF", &w);
    w_open(&w, 0, "None", NULL);
    w_u32(&w, ++t.sequence[0]);
    w_u32(&w, 1);
    w_request(&body, 446, 1, NULL);
    w_u32(&body, 0);
    w_u32(&body, 0);
    w_u32(&body, 1);
    w_str(&body, NULL);
    w_u32(&body, 1000);
    w_raw(&w, body.b, body.n);
    talk_frame(&t, 0, "OPNF", &w);
    talk_step(&t, &(struct step){0, "MSGF", 7, 1, 2, 473});
    talk_step(&t, &(struct step){1, "MSGF", 7, 1, 2, 476});
    assert_true(talk_close(&t, TW_END_CLOSED));
    assert_string_equal(talk_said(&t), "2<2 connect Hello [u] Good\n"
                                       "4<4 secure OpenSecureChannel Good\n"
                                       "6<5 disconnect CloseSession Good\n");
    tw_text_free(&t.said);
}

static void nothing_is_said_where_something_was_missed(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    tw_opcua.gap(t.state, &t.env, &t.conn, 0, 100, &t.when);
    t.sequence[0] += 5;
    w_response(&w, 476, 1, 0);
    talk_message(&t, 1, 2, &w);
    t.channel = 9;
    w_request(&w, 473, 1, "token");
    w_u8(&w, 1);
    talk_message(&t, 0, 3, &w);
    assert_int_equal(t.counters.malformed, 0);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void second_handshakes(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    talk_hello(&t);
    assert_string_equal(talk_said(&t), "5 malformed Hello unexpected-hello\n"
                                       "6<5 connect Hello [opc.tcp://plc:4840] Good\n");
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
    talk_open(&t, false);
    w_hello(&w, 65536, NULL);
    talk_frame(&t, 0, "ACKF", &w);
    assert_string_equal(talk_said(&t), "1 malformed Acknowledge unexpected-acknowledge\n");
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void bodies_that_do_not_fit(void **state)
{
    static const char *const nodes[] = {"a"};
    struct talk t;
    (void)state;
    talk_start(&t);
    /* At every truncation the request is called broken, once, and is still a request. */
    w_read(&w, 4, nodes, 1);
    size_t whole = w.n;
    for (size_t cut = 4; cut < whole; cut++) {
        tw_text_clear(&t.said);
        talk_chunk(&t, 0, "MSGF", (uint32_t)(100 + cut), w.b, cut);
        assert_non_null(strstr(talk_said(&t), " malformed Read decode-error\n"));
    }
    tw_text_clear(&t.said);
    w_u8(&w, 0);
    talk_message(&t, 0, 9, &w);
    assert_non_null(strstr(talk_said(&t), " malformed Read trailing-bytes\n"));
    /* A list that is longer than its message. */
    tw_text_clear(&t.said);
    w_request(&w, 631, 4, "token");
    w_f64(&w, 0);
    w_u32(&w, 0);
    w_u32(&w, 0x7fffffff);
    w_read_id(&w, "a", 13);
    talk_message(&t, 0, 10, &w);
    assert_non_null(strstr(talk_said(&t), " malformed Read decode-error\n"));
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

/* Acknowledgements of a PublishRequest: as many as it says, and nothing else. */
static void acknowledgements_that_do_not_fit(void **state)
{
    static const struct {
        uint32_t says, pairs, more; /* more: bytes behind them */
        const char *wrong;
    } rows[] = {{0, 0, 0, NULL}, {UINT32_MAX, 0, 0, NULL}, {2, 2, 0, NULL},
        {2, 1, 0, "decode-error"}, {2, 1, 7, "decode-error"}, {1, 2, 0, "trailing-bytes"},
        {UINT32_MAX, 1, 0, "trailing-bytes"}, {0, 0, 1, "trailing-bytes"},
        {0x20000001, 1, 0, "decode-error"}};
    struct talk t;
    (void)state;
    talk_start(&t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[80];
        tw_text_clear(&t.said);
        w_request(&w, 826, 4, "token");
        w_u32(&w, rows[i].says);
        for (uint32_t n = 0; n < 2 * rows[i].pairs; n++)
            w_u32(&w, n);
        for (uint32_t n = 0; n < rows[i].more; n++)
            w_u8(&w, 0);
        talk_message(&t, 0, (uint32_t)(20 + i), &w);
        snprintf(line, sizeof(line), " malformed Publish %s\n", rows[i].wrong);
        if (rows[i].wrong == NULL)
            assert_null(strstr(talk_said(&t), "malformed"));
        else
            assert_non_null(strstr(talk_said(&t), line));
    }
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void parser_stress(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    w_request(&w, 673, 4, "token");
    w_u32(&w, 1);
    w_node_str(&w, 2, "deep");
    w_u32(&w, 13);
    w_str(&w, NULL);
    w_u8(&w, 1);
    for (int i = 0; i < 200; i++)
        w_raw(&w, "\x98\1\0\0\0", 5);
    w_u8(&w, 0);
    talk_message(&t, 0, 2, &w);
    assert_string_equal(talk_said(&t), "5 malformed Write decode-error\n"
                                       "5 malformed Write nesting-limit\n");
    tw_text_clear(&t.said);
    w_request(&w, 554, 4, "token");
    w_u32(&w, 1);
    w_node(&w, 0, 84);
    w_u32(&w, 100);
    for (int i = 0; i < 100; i++) {
        w_node(&w, 0, 33);
        w_u16(&w, 0x0100);
        w_u16(&w, 0);
        w_str(&w, "x");
    }
    talk_message(&t, 0, 3, &w);
    assert_string_equal(
        talk_said(&t), "6 malformed TranslateBrowsePathsToNodeIds relative-path-limit\n");
    tw_text_clear(&t.said);
    assert_true(talk_close(&t, TW_END_CLOSED));
    assert_string_equal(talk_said(&t), "6<5 write Write [ns=2;s=deep] ? truncated\n"
                                       "6<6 browse TranslateBrowsePathsToNodeIds [i=84] ?\n");
    tw_text_free(&t.said);
}

static void floods_of_chunks(void **state)
{
    static uint8_t part[1000];
    struct talk t;
    (void)state;
    talk_start(&t);
    for (int i = 0; i < 300; i++)
        talk_chunk(&t, 0, "MSGC", 77, part, sizeof(part));
    assert_string_equal(talk_said(&t), "69 malformed chunk-limit\n");
    /* Many unfinished messages at once keep bounded memory. */
    for (uint32_t i = 0; i < 100; i++)
        talk_chunk(&t, 0, "MSGC", 1000 + i, part, sizeof(part));
    assert_true(tw_pool_stats(t.env.pool).in_use_bytes < 20000);
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void limits_of_the_receiver(void **state)
{
    static uint8_t part[6000];
    struct talk t;
    (void)state;
    talk_open(&t, false);
    w_hello(&w, 8192, "u");
    talk_frame(&t, 0, "HELF", &w);
    w.n = 0;
    w_u32(&w, 0);
    w_u32(&w, 8192);
    w_u32(&w, 8192);
    w_u32(&w, 16000); /* message */
    w_u32(&w, 4);     /* chunks */
    talk_frame(&t, 1, "ACKF", &w);
    talk_secure(&t, "None", 1, 0);
    tw_text_clear(&t.said);
    for (int i = 0; i < 3; i++)
        talk_chunk(&t, 0, "MSGC", 2, part, sizeof(part));
    assert_string_equal(talk_said(&t), "7 malformed message-limit\n");
    for (int i = 0; i < 5; i++)
        talk_chunk(&t, 0, "MSGC", 3, part, 10);
    assert_string_equal(talk_said(&t), "7 malformed message-limit\n12 malformed chunk-limit\n");
    tw_text_clear(&t.said);
    static uint8_t big[9000];
    talk_chunk(&t, 0, "MSGC", 4, big, sizeof(big));
    assert_string_equal(talk_said(&t), "13 malformed bad-chunk-size\n");
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_openings),
        cmocka_unit_test(long_urls),
        cmocka_unit_test(out_of_state),
        cmocka_unit_test(late_requests_are_no_anomaly),
        cmocka_unit_test(late_handshakes_are_no_anomaly),
        cmocka_unit_test(nothing_is_said_where_something_was_missed),
        cmocka_unit_test(second_handshakes),
        cmocka_unit_test(bodies_that_do_not_fit),
        cmocka_unit_test(acknowledgements_that_do_not_fit),
        cmocka_unit_test(parser_stress),
        cmocka_unit_test(floods_of_chunks),
        cmocka_unit_test(limits_of_the_receiver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
