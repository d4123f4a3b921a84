/* MQTT over TLS whose secrets are known: handshakes, records in any segmentation, holes, and why a
 * session can not be read. */
#include "protocol/tls/hello.h"
#include "tls_lab.h"

static void send_hello(struct lab *lab, unsigned dir, const char *spec)
{
    uint8_t bytes[1100];
    size_t n = tls_hello(dir == DOWN, spec, bytes);
    lab_bytes(lab, dir, bytes, n);
}

static void send_sealed(
    struct lab *lab, unsigned dir, uint64_t sequence, uint8_t first, const char *spec)
{
    uint8_t packet[1024], bytes[1100];
    size_t n = lab_packet(first, spec, packet);
    n = tls_sealed(TLS_DATA, sequence, TLS_DATA, packet, n, bytes);
    lab_bytes(lab, dir, bytes, n);
}

static void begin(struct lab *lab, size_t step, const char *server)
{
    lab_open_as(lab, &tw_mqtt_tls, false);
    toy_lend(&lab->env);
    lab->step = step;
    send_hello(lab, UP, TLS_CLIENT);
    send_hello(lab, DOWN, server);
}

static const uint64_t *counts(const struct lab *lab)
{
    return lab->counters.messages[TW_COUNT_TLS];
}

/* TLS 1.3: a handshake that is sealed with other keys is passed over; tickets, a change of keys. */
static void reads_1_3(void **state)
{
    (void)state;
    for (size_t step = 0; step < 20; step++) {
        struct lab lab;
        uint8_t bytes[256], two[64];
        begin(&lab, step, TLS_SERVER_13);
        size_t n = tls_record(20, "\1", 1, bytes);
        n += tls_sealed(TLS_DATA, 77, TLS_HANDSHAKE, "certificate", 11, bytes + n);
        lab_bytes(&lab, DOWN, bytes, n);
        n = tls_sealed(TLS_DATA, 99, TLS_HANDSHAKE, "finished", 8, bytes);
        lab_bytes(&lab, UP, bytes, n);
        send_sealed(&lab, UP, 0, 0x10, "s'MQTT' 04 02 0000 s'x'");
        n = tls_sealed(TLS_DATA, 0, TLS_HANDSHAKE, "\4\0\0\1t\x18\0\0\1\0", 10, bytes);
        lab_bytes(&lab, DOWN, bytes, n);
        send_sealed(&lab, DOWN, 1000, 0x20, "00 00");
        n = lab_packet(0x30, "s'a' '1'", two);
        n += lab_packet(0x30, "s'b' '2'", two + n);
        size_t k = tls_sealed(TLS_DATA, 1, TLS_DATA, two, 5, bytes);
        k += tls_sealed(TLS_DATA, 2, TLS_DATA, two + 5, n - 5, bytes + k);
        lab_bytes(&lab, UP, bytes, k);
        lab_end(&lab, TW_END_INPUT);
        assert_string_equal(lab_text(&lab), "7>connect x status=Success asked=5 reason=00\n"
                                            "8>publish a value:1 number q0 number 1\n"
                                            "8>publish b value:2 number q0 number 1\n");
        assert_int_equal(counts(&lab)[TW_TLS_COUNT_OPENED], 1);
        assert_int_equal(counts(&lab)[TW_TLS_COUNT_RECORDS], 5);
        assert_int_equal(counts(&lab)[TW_TLS_COUNT_FAILED], 0);
        lab_free(&lab);
    }
}

static void collect_json(void *user, const struct tw_event *e)
{
    tw_event_json(user, e);
}

/* TLS 1.2: sealed from ChangeCipherSpec on. Events say how they came; no password was in clear. */
static void reads_1_2(void **state)
{
    struct tw_text json = {0};
    struct lab lab;
    uint8_t bytes[256];
    (void)state;
    begin(&lab, 3, TLS_SERVER_12);
    lab.env.emit = (struct tw_emit){collect_json, &json};
    for (unsigned dir = 0; dir < 2; dir++) {
        size_t n = tls_record(20, "\1", 1, bytes);
        n += tls_sealed(TLS_HANDSHAKE, 0, TLS_HANDSHAKE, "finished", 8, bytes + n);
        lab_bytes(&lab, dir, bytes, n);
    }
    send_sealed(&lab, UP, 1, 0x10, "s'MQTT' 04 C2 0000 s'x' s'u' s'pw'");
    send_sealed(&lab, DOWN, 1, 0x20, "00 00");
    lab_end(&lab, TW_END_INPUT);
    tw_text_add(&json, "", 1);
    assert_non_null(
        strstr(json.p, "\"transport\":\"tls\",\"tls\":{\"version\":\"TLSv1.2\",\"cipher\":"
                       "\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\",\"sni\":\"b\",\"alpn\":\"mqtt,"
                       "x\"},\"reason\":0"));
    assert_null(strstr(json.p, "clear_password"));
    assert_null(strstr(json.p, "pw"));
    lab_free(&lab);
    tw_text_free(&json);
}

/* Records that are missing: the number of the next one is found, the stream inside has a gap. */
static void finds_the_sequence_again(void **state)
{
    struct lab lab;
    (void)state;
    begin(&lab, 0, TLS_SERVER_13);
    send_sealed(&lab, UP, 0, 0x10, "s'MQTT' 04 02 0000 s'x'");
    send_sealed(&lab, DOWN, 0, 0x20, "00 00");
    tw_text_clear(&lab.lines);
    lab.proto->gap(lab.state, &lab.env, &lab.conn, UP, 3000, &lab.when);
    send_sealed(&lab, UP, 9, 0x30, "s'a' '1'");
    send_sealed(&lab, UP, 10, 0x30, "s'b' '2'");
    assert_string_equal(lab_text(&lab), "5>publish a value:1 number q0 number 1\n"
                                        "6>publish b value:2 number q0 number 1\n");
    send_sealed(&lab, UP, 12, 0x30, "s'c' '3'");
    send_sealed(&lab, UP, 13, 0x30, "s'd' '4'");
    assert_int_equal(counts(&lab)[TW_TLS_COUNT_FAILED], 1);
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

/* A hole in a record costs this one record, wherever it begins. */
static void a_hole_in_a_record(void **state)
{
    (void)state;
    for (size_t seen = 1; seen < 20; seen++) {
        struct lab lab;
        uint8_t packet[64], bytes[128];
        begin(&lab, 0, TLS_SERVER_13);
        send_sealed(&lab, UP, 0, 0x10, "s'MQTT' 04 02 0000 s'x'");
        send_sealed(&lab, DOWN, 0, 0x20, "00 00");
        tw_text_clear(&lab.lines);
        size_t n = lab_packet(0x30, "s'lost' '1234567890'", packet);
        n = tls_sealed(TLS_DATA, 1, TLS_DATA, packet, n, bytes);
        lab_bytes(&lab, UP, bytes, seen);
        lab.proto->gap(lab.state, &lab.env, &lab.conn, UP, n - seen - 3, &lab.when);
        lab_bytes(&lab, UP, bytes + n - 3, 3);
        send_sealed(&lab, UP, 2, 0x30, "s'a' '1'");
        send_sealed(&lab, UP, 3, 0x30, "s'b' '2'");
        assert_string_equal(lab_text(&lab), "7>publish a value:1 number q0 number 1\n"
                                            "8>publish b value:2 number q0 number 1\n");
        assert_int_equal(counts(&lab)[TW_TLS_COUNT_FAILED], 0);
        assert_int_equal(counts(&lab)[TW_TLS_COUNT_RECORDS], 4);
        lab_end(&lab, TW_END_INPUT);
        lab_free(&lab);
    }
}

struct unread {
    const char *client, *server;
    enum tw_tls_count why;
};

static void says_why_not(void **state)
{
    static const struct unread rows[] = {
        {TLS_CLIENT, "0303 " TLS_S32 " 00 1302 00 0006 002B 0002 0304", TW_TLS_COUNT_UNSUPPORTED},
        {TLS_CLIENT, "0302 " TLS_S32 " 00 C02F 00", TW_TLS_COUNT_UNSUPPORTED},
        {TLS_CLIENT, "0303 " TLS_S32 " 00 C02F", TW_TLS_COUNT_FAILED},
        {"0303 " TLS_C32 " 00 0002 1301 01 00 0005 0000 0002", TLS_SERVER_13, TW_TLS_COUNT_FAILED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lab lab;
        lab_open_as(&lab, &tw_mqtt_tls, false);
        toy_lend(&lab.env);
        send_hello(&lab, UP, rows[i].client);
        send_hello(&lab, DOWN, rows[i].server);
        send_sealed(&lab, UP, 0, 0x10, "s'MQTT' 04 02 0000 s'x'");
        assert_int_equal(counts(&lab)[rows[i].why], 1);
        assert_int_equal(counts(&lab)[TW_TLS_COUNT_OPENED], 0);
        assert_int_equal(lab.lines.len, 0);
        lab_end(&lab, TW_END_INPUT);
        lab_free(&lab);
    }
    struct lab lab;
    uint8_t bytes[64];
    begin(&lab, 0, TLS_SERVER_13);
    lab_bytes(&lab, UP, bytes, tls_sealed(TLS_DATA, 0, TLS_DATA, "SSH-2.0-x", 9, bytes));
    assert_int_equal(counts(&lab)[TW_TLS_COUNT_OTHER], 1);
    lab_bytes(&lab, UP, (const uint8_t *)"SSH-2.0", 7);
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
    begin(&lab, 0, TLS_SERVER_13);
    lab_bytes(&lab, UP, (const uint8_t *)"SSH-2.0", 7);
    assert_int_equal(counts(&lab)[TW_TLS_COUNT_FAILED], 1);
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

static void claims_what_it_has_a_secret_for(void **state)
{
    struct lab lab;
    uint8_t bytes[1100];
    size_t n = tls_hello(false, TLS_CLIENT, bytes);
    (void)state;
    lab_open_as(&lab, &tw_mqtt_tls, false);
    for (size_t i = 0; i <= n; i++)
        assert_int_equal(tw_mqtt_tls.probe(tw_cur_of(bytes, i), 0, false),
            i < 43 ? TW_PROBE_MORE : TW_PROBE_YES);
    assert_int_equal(tw_mqtt_tls.probe(tw_cur_of(bytes, n), 1, false), TW_PROBE_NO);
    assert_int_equal(
        tw_mqtt_tls.probe(tw_cur_of("\x16\x03\x01\0\x20\2", 6), 0, false), TW_PROBE_NO);
    assert_int_equal(tw_mqtt_tls.probe(tw_cur_of("\x10\x03", 2), 0, false), TW_PROBE_NO);
    assert_false(tw_mqtt_tls.wanted(&lab.env, tw_cur_of(bytes, n)));
    toy_lend(&lab.env);
    assert_true(tw_mqtt_tls.wanted(&lab.env, tw_cur_of(bytes, n)));
    bytes[11] = 'd';
    assert_false(tw_mqtt_tls.wanted(&lab.env, tw_cur_of(bytes, n)));
    assert_int_equal(counts(&lab)[TW_TLS_COUNT_NO_SECRET], 1);
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

/* A load balancer's header before the ClientHello, however cut, tells the client. */
static void reads_behind_a_proxy(void **state)
{
    static const char header[] = "PROXY TCP4 203.0.113.7 10.0.0.2 56324 8883\r\n";
    (void)state;
    for (size_t step = 0; step < 50; step++) {
        struct tw_text json = {0};
        struct lab lab;
        uint8_t bytes[1200];
        memcpy(bytes, header, sizeof(header) - 1);
        const size_t n =
            sizeof(header) - 1 + tls_hello(false, TLS_CLIENT, bytes + sizeof(header) - 1);
        lab_open_as(&lab, &tw_mqtt_tls, false);
        toy_lend(&lab.env);
        lab.env.emit = (struct tw_emit){collect_json, &json};
        lab.step = step;
        for (size_t i = 0; i <= n; i++)
            assert_int_equal(tw_mqtt_tls.probe(tw_cur_of(bytes, i), 0, false),
                i < sizeof(header) - 1 + 43 ? TW_PROBE_MORE : TW_PROBE_YES);
        assert_true(tw_mqtt_tls.wanted(&lab.env, tw_cur_of(bytes, n)));
        lab_bytes(&lab, UP, bytes, n);
        send_hello(&lab, DOWN, TLS_SERVER_13);
        send_sealed(&lab, UP, 0, 0x10, "s'MQTT' 04 02 0000 s'x'");
        send_sealed(&lab, DOWN, 0, 0x20, "00 00");
        lab_end(&lab, TW_END_INPUT);
        tw_text_add(&json, "", 1);
        assert_non_null(strstr(json.p, "\"action\":\"connect\""));
        assert_non_null(strstr(json.p, "\"transport\":\"tls\",\"proxied_client\":{\"ip\":\"203.0."
                                       "113.7\",\"port\":56324},\"tls\""));
        assert_int_equal(counts(&lab)[TW_TLS_COUNT_OPENED], 1);
        lab_free(&lab);
        tw_text_free(&json);
    }
}

/* One that began before the capture is known by its records, and can not be opened. */
static void knows_records_without_a_beginning(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum tw_probe said;
    } rows[] = {
        {"\x17\3\3\0\3abc", 8, TW_PROBE_YES},
        {"\x17\3\3\0\3abc\x17\3\3\0\7abc", 16, TW_PROBE_YES},
        {"\x14\3\3\0\1\1\x16\3\3\0\x28x", 12, TW_PROBE_YES},
        {"\x17\3\3\0\7abc", 8, TW_PROBE_WEAK},
        {"\x17\3\3\0\3abc\x17\3", 10, TW_PROBE_WEAK},
        {"\x17\3\3", 3, TW_PROBE_MORE},
        {"", 0, TW_PROBE_MORE},
        {"\x17\2\3\0\3abc", 8, TW_PROBE_NO},
        {"\x17\3\3\xff\xff", 5, TW_PROBE_NO},
        {"\x17\3\3\0\0\x17\3\3\0\0", 10, TW_PROBE_NO},
        {"\x17\3\3\0\3abcdefghij", 15, TW_PROBE_NO},
        {"\x10\3\3\0\3abc", 8, TW_PROBE_NO},
    };
    struct lab lab;
    uint8_t bytes[1100];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (unsigned dir = 0; dir < 2; dir++)
            assert_int_equal(
                tw_mqtt_tls.probe(tw_cur_of(rows[i].bytes, rows[i].len), dir, true), rows[i].said);
    }
    assert_int_equal(tw_mqtt_tls.probe(tw_cur_of(rows[0].bytes, 8), 0, false), TW_PROBE_NO);
    lab_open_as(&lab, &tw_mqtt_tls, false);
    assert_false(tw_mqtt_tls.wanted(&lab.env, tw_cur_of(rows[0].bytes, 8)));
    assert_int_equal(counts(&lab)[TW_TLS_COUNT_MIDSTREAM], 0);
    toy_lend(&lab.env);
    assert_false(tw_mqtt_tls.wanted(&lab.env, tw_cur_of(rows[0].bytes, 8)));
    assert_int_equal(counts(&lab)[TW_TLS_COUNT_MIDSTREAM], 1);
    assert_int_equal(counts(&lab)[TW_TLS_COUNT_NO_SECRET], 0);
    /* Where only what came before the ClientHello was missed, nothing is missing. */
    const size_t n = tls_hello(false, TLS_CLIENT, bytes);
    assert_int_equal(tw_mqtt_tls.probe(tw_cur_of(bytes, n), 0, true), TW_PROBE_YES);
    assert_true(tw_mqtt_tls.wanted(&lab.env, tw_cur_of(bytes, n)));
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

static void survives_every_truncation(void **state)
{
    struct guard guard = guard_new();
    uint8_t up[1400], down[1400], packet[64];
    (void)state;
    size_t n_up = tls_hello(false, TLS_CLIENT, up), n_down = tls_hello(true, TLS_SERVER_13, down);
    size_t n = lab_packet(0x10, "s'MQTT' 04 02 0000 s'x'", packet);
    n_up += tls_sealed(TLS_DATA, 0, TLS_DATA, packet, n, up + n_up);
    n = lab_packet(0x20, "0000", packet);
    n_down += tls_sealed(TLS_DATA, 0, TLS_DATA, packet, n, down + n_down);
    for (size_t i = 0; i <= n_up; i++) {
        struct lab lab;
        lab_open_as(&lab, &tw_mqtt_tls, false);
        toy_lend(&lab.env);
        lab_bytes(&lab, UP, guard_put(&guard, up, i), i);
        lab_bytes(
            &lab, DOWN, guard_put(&guard, down, i < n_down ? i : n_down), i < n_down ? i : n_down);
        lab_end(&lab, TW_END_INPUT);
        lab_free(&lab);
    }
    struct tw_tls_hello h;
    uint8_t body[512];
    static const char *const bodies[] = {TLS_CLIENT, TLS_SERVER_13, TLS_SERVER_12};
    for (unsigned b = 0; b < 3; b++) {
        n = lab_body(bodies[b], body);
        assert_true(tw_tls_hello_read(tw_cur_of(guard_put(&guard, body, n), n), b > 0, &h));
        for (size_t i = 0; i < n; i++) {
            bool good = tw_tls_hello_read(tw_cur_of(guard_put(&guard, body, i), i), b > 0, &h);
            /* Extensions may be missing as a whole. */
            assert_int_equal(good, i == (b == 0 ? 43 : 38));
        }
    }
    guard_free(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_1_3),
        cmocka_unit_test(reads_1_2),
        cmocka_unit_test(finds_the_sequence_again),
        cmocka_unit_test(a_hole_in_a_record),
        cmocka_unit_test(says_why_not),
        cmocka_unit_test(claims_what_it_has_a_secret_for),
        cmocka_unit_test(reads_behind_a_proxy),
        cmocka_unit_test(knows_records_without_a_beginning),
        cmocka_unit_test(survives_every_truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
