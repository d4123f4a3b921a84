/* MQTT over WebSocket: upgrade, frames, masks, control frames, holes, what breaks the rules. */
#include "ws_lab.h"

static const char *const plain_get = WS_GET(""), *const plain_101 = WS_101("");

/* The same exchange, cut into segments of any size: whole packets in frames, two in one, one in
 * three with a ping between. */
static void exchange(struct lab *lab)
{
    uint8_t two[64], one[64];
    size_t n, a;
    ws_send(lab, UP, 0x10, "s'MQTT' 04 02 003C s'x'");
    ws_send(lab, DOWN, 0x20, "00 00");
    n = lab_packet(0x30, "s'a' '1'", two);
    n += lab_packet(0x30, "s'b' '2'", two + n);
    ws_send_frame(lab, UP, WS_BIN, two, n);
    a = lab_packet(0x32, "s'c/long/topic' 0007 '33'", one);
    ws_send_frame(lab, UP, WS_BIN_MORE, one, 1);
    ws_send_frame(lab, UP, 0x89, "ping", 4);
    ws_send_frame(lab, UP, WS_MORE, one + 1, 6);
    ws_send_frame(lab, UP, WS_LAST, one + 7, a - 7);
    ws_send(lab, DOWN, 0x40, "0007");
    ws_send(lab, DOWN, 0x30, "s'd' '4'");
    ws_send_frame(lab, UP, WS_BIN, "", 0);
    ws_send(lab, UP, 0xe0, "");
    ws_send_frame(lab, UP, 0x88, "\x03\xe8", 2);
    ws_send_frame(lab, DOWN, 0x88, "\x03\xe8", 2);
}

static void is_the_same_however_it_is_cut(void **state)
{
    static const char expected[] = "4>connect x status=Success asked=3 reason=00\n"
                                   "5>publish a value:1 number q0 number 1\n"
                                   "5>publish b value:2 number q0 number 1\n"
                                   "9>publish c/long/topic value:33 number q1 number 2 id=7\n"
                                   "11<deliver d value:4 number q0 number 1\n"
                                   "13>disconnect status=NormalDisconnection DISCONNECT\n";
    (void)state;
    for (size_t step = 0; step < 24; step++) {
        struct lab lab;
        ws_open_lab(&lab, step, plain_get, plain_101);
        exchange(&lab);
        lab_end(&lab, TW_END_CLOSED);
        assert_string_equal(lab_text(&lab), expected);
        assert_int_equal(lab.counters.malformed, 0);
        const uint64_t *n = lab.counters.messages[TW_COUNT_WEBSOCKET];
        assert_int_equal(n[2], 8);
        assert_int_equal(n[0], 2);
        assert_int_equal(n[8], 2);
        assert_int_equal(n[9], 1);
        lab_free(&lab);
    }
}

static void collect_json(void *user, const struct tw_event *e)
{
    tw_event_json(user, e);
}

/* The facts of the upgrade and of the proxy before it; the query of the path is nobody's business.
 */
static void says_how_it_came_about(void **state)
{
    struct tw_text json = {0};
    struct lab lab;
    (void)state;
    ws_open_lab(&lab, 7, "PROXY TCP4 203.0.113.7 10.0.0.2 4000 9001\r\n" WS_GET(""), plain_101);
    lab.env.emit = (struct tw_emit){collect_json, &json};
    ws_send(&lab, UP, 0x10, "s'MQTT' 04 02 003C s'x'");
    ws_send(&lab, DOWN, 0x20, "00 00");
    ws_send(&lab, UP, 0x30, "s'a' '1'");
    tw_text_add(&json, "", 1);
    assert_non_null(strstr(json.p,
        "\"transport\":\"websocket\",\"proxied_client\":{\"ip\":\"203.0.113.7\",\"port\":4000},"
        "\"websocket\":{\"path\":\"/mqtt\",\"host\":\"broker:9001\",\"origin\":\"http://hmi\","
        "\"subprotocol\":\"mqtt\",\"deflate\":false},\"reason\":0"));
    assert_non_null(strstr(json.p,
        "\"transport\":\"websocket\",\"proxied_client\":{\"ip\":\"203.0.113.7\",\"port\":4000},"
        "\"qos\":0"));
    assert_null(strstr(json.p, "t0p"));
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
    tw_text_free(&json);
}

/* A hole in the payload of a frame: the next frame is found, and of the packet in it the beginning.
 */
static void a_hole_in_a_frame_keeps_the_boundaries(void **state)
{
    struct lab lab;
    uint8_t packet[1024], bytes[1100];
    (void)state;
    ws_begin(&lab, 0, plain_get, plain_101);
    size_t n = lab_packet(0x30, "s't' '0123456789012345678901234567890123456789'", packet);
    size_t all = ws_frame(UP, WS_BIN, packet, n, bytes);
    lab_bytes(&lab, UP, bytes, 15);
    lab.proto->gap(lab.state, &lab.env, &lab.conn, UP, 10, &lab.when);
    lab_bytes(&lab, UP, bytes + 25, all - 25);
    ws_send(&lab, UP, 0x30, "s'a' '1'");
    assert_string_equal(lab_text(&lab), "6>publish t q0 ? 40 truncated\n"
                                        "7>publish a value:1 number q0 number 1\n");
    assert_int_equal(lab.counters.malformed, 0);
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

/* A hole that swallows the end of a frame: frames are found again by their headers. */
static void finds_frames_again(void **state)
{
    struct lab lab;
    (void)state;
    ws_begin(&lab, 0, plain_get, plain_101);
    lab.proto->gap(lab.state, &lab.env, &lab.conn, UP, 100, &lab.when);
    ws_text(&lab, UP, "the rest of a frame");
    for (unsigned i = 0; i < 3; i++)
        ws_send(&lab, UP, 0x30, "s'a' '1'");
    assert_string_equal(lab_text(&lab), "6>publish a value:1 number q0 number 1\n"
                                        "7>publish a value:1 number q0 number 1\n"
                                        "8>publish a value:1 number q0 number 1\n");
    assert_int_equal(lab.counters.malformed, 0);
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

static void is_joined_in_the_middle(void **state)
{
    struct lab lab;
    uint8_t packet[64], bytes[80];
    (void)state;
    size_t n = lab_packet(0x32, "s'plant/a' 0007 '1'", packet);
    n = ws_frame(UP, WS_BIN, packet, n, bytes);
    assert_int_equal(tw_mqtt_websocket.probe(tw_cur_of(bytes, n), 0, true), TW_PROBE_YES);
    assert_int_equal(tw_mqtt_websocket.probe(tw_cur_of(bytes + 1, n - 1), 0, true), TW_PROBE_NO);
    assert_int_equal(tw_mqtt_websocket.probe(tw_cur_of(bytes, n), 0, false), TW_PROBE_NO);
    lab_open_as(&lab, &tw_mqtt_websocket, true);
    lab_bytes(&lab, UP, bytes, n);
    ws_send(&lab, DOWN, 0x40, "0007");
    ws_send(&lab, DOWN, 0x30, "s'd' '4'");
    assert_string_equal(lab_text(&lab), "1>publish plant/a value:1 number q1 number 1 id=7\n"
                                        "3<deliver d value:4 number q0 number 1\n");
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

struct broken {
    unsigned dir, first;
    bool mask_wrong;
    const char *packet; /* a PUBLISH of this payload on "a"; NULL: none */
    const char *expected;
};

static void names_what_is_wrong(void **state)
{
    static const struct broken cases[] = {
        {UP, WS_BIN, true, "1",
            "5>malformed websocket-not-masked\n5>publish a value:1 number q0 number 1\n"},
        {DOWN, WS_BIN, true, "1",
            "5<malformed websocket-masked-by-server\n5<deliver a value:1 number q0 number 1\n"},
        {UP, 0x81, false, "1",
            "5>malformed websocket-text\n5>publish a value:1 number q0 number 1\n"},
        {UP, WS_BIN | 0x20, false, "1",
            "5>malformed websocket-reserved-bits\n5>publish a value:1 number q0 number 1\n"},
        {UP, WS_BIN | WS_RSV1, false, "1",
            "5>malformed websocket-reserved-bits\n5>publish a value:1 number q0 number 1\n"},
        {UP, 0x83, false, "1", "5>malformed websocket-reserved-opcode\n"},
        {UP, 0x8b, false, "1", "5>malformed websocket-reserved-opcode\n"},
        {UP, WS_LAST, false, "1", "5>malformed websocket-stray-continuation\n"},
        {UP, 0x09, false, "1", "5>malformed websocket-long-control\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct broken *b = &cases[i];
        struct lab lab;
        uint8_t packet[64], bytes[80];
        char spec[32];
        ws_begin(&lab, 0, plain_get, plain_101);
        snprintf(spec, sizeof(spec), "s'a' '%s'", b->packet);
        size_t n = lab_packet(0x30, spec, packet);
        n = ws_frame(b->mask_wrong ? b->dir ^ 1 : b->dir, b->first, packet, n, bytes);
        lab_bytes(&lab, b->dir, bytes, n);
        assert_string_equal(lab_text(&lab), b->expected);
        assert_int_equal(lab.counters.malformed, 1);
        lab_end(&lab, TW_END_INPUT);
        lab_free(&lab);
    }
}

static void names_what_is_out_of_order(void **state)
{
    struct lab lab;
    (void)state;
    ws_begin(&lab, 0, plain_get, plain_101);
    ws_send_frame(&lab, UP, WS_BIN_MORE, "\x30", 1);
    ws_send_frame(&lab, UP, WS_BIN, "\x04\0\1a1", 5);
    ws_send_frame(&lab, UP, 0x88, "", 0);
    ws_send(&lab, UP, 0x30, "s'a' '1'");
    ws_send_frame(&lab, UP, 0x8a, "", 0);
    static const uint8_t overlong[] = {0x82, 126, 0, 2, 0xd0, 0};
    lab_bytes(&lab, DOWN, overlong, sizeof(overlong));
    static const uint8_t impossible[] = {0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0};
    lab_bytes(&lab, DOWN, impossible, sizeof(impossible));
    assert_string_equal(lab_text(&lab), "6>malformed websocket-unfinished-message\n"
                                        "6>publish a value:1 number q0 number 1\n"
                                        "8>malformed websocket-frame-after-close\n"
                                        "10<malformed websocket-overlong-length\n"
                                        "11<malformed websocket-frame-length\n");
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

/* A peer that errs all the time does not flood: the rest is counted. */
static void many_errors_are_counted(void **state)
{
    struct lab lab;
    size_t lines = 0;
    (void)state;
    ws_begin(&lab, 0, plain_get, plain_101);
    for (unsigned i = 0; i < TW_WS_MAX_ANOMALIES + 50; i++)
        ws_send_frame(&lab, UP, 0x83, "x", 1);
    for (const char *p = lab_text(&lab); (p = strchr(p, '\n')) != NULL; p++)
        lines++;
    assert_int_equal(lines, TW_WS_MAX_ANOMALIES);
    assert_int_equal(lab.counters.malformed, TW_WS_MAX_ANOMALIES + 50);
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

static void a_refusal_is_told(void **state)
{
    struct lab lab;
    (void)state;
    ws_open_lab(&lab, 1, plain_get, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n");
    ws_send(&lab, UP, 0x10, "s'MQTT' 04 02 003C s'x'");
    assert_string_equal(lab_text(&lab), "2>refused /mqtt status=Http403\n");
    lab_end(&lab, TW_END_CLOSED);
    lab_free(&lab);
}

static void what_is_no_upgrade_is_named(void **state)
{
    static const char *const answers[] = {
        "SSH-2.0-x\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nno header\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct lab lab;
        ws_open_lab(&lab, 0, plain_get, answers[i]);
        ws_send(&lab, DOWN, 0x30, "s'a' '1'");
        assert_string_equal(lab_text(&lab), "2<malformed websocket-upgrade\n");
        lab_end(&lab, TW_END_INPUT);
        lab_free(&lab);
    }
    struct lab lab; /* a 101 that lacks what makes it one, but is obeyed */
    ws_open_lab(&lab, 0, plain_get, "HTTP/1.1 101 Yes\r\n\r\n");
    ws_send(&lab, DOWN, 0x30, "s'a' '1'");
    assert_string_equal(
        lab_text(&lab), "2<malformed websocket-upgrade\n3<deliver a value:1 number q0 number 1\n");
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

/* The answer to the request was not captured: frames are found all the same. */
static void lives_without_the_answer(void **state)
{
    struct lab lab;
    (void)state;
    lab_open_as(&lab, &tw_mqtt_websocket, false);
    ws_text(&lab, UP, plain_get);
    lab.proto->gap(lab.state, &lab.env, &lab.conn, DOWN, 129, &lab.when);
    ws_send(&lab, UP, 0x10, "s'MQTT' 04 02 003C s'x'");
    ws_send(&lab, DOWN, 0x20, "00 00");
    assert_string_equal(lab_text(&lab), "3>connect x status=Success asked=2 reason=00\n");
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

static enum tw_probe probe_of(const char *text)
{
    return tw_mqtt_websocket.probe(tw_cur_of(text, strlen(text)), 0, false);
}

static void claims_only_its_own(void **state)
{
    (void)state;
    assert_int_equal(probe_of(plain_get), TW_PROBE_YES);
    for (size_t n = 0; n < strlen(plain_get); n++)
        assert_int_equal(tw_mqtt_websocket.probe(tw_cur_of(plain_get, n), 0, false), TW_PROBE_MORE);
    assert_int_equal(tw_mqtt_websocket.probe(tw_cur_of(plain_get, 9), 1, false), TW_PROBE_NO);
    assert_int_equal(probe_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), TW_PROBE_NO);
    assert_int_equal(probe_of("POST /mqtt HTTP/1.1\r\n"), TW_PROBE_NO);
    assert_int_equal(probe_of("GET /mqtt HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                              "Sec-WebSocket-Key: x\r\n\r\n"),
        TW_PROBE_YES);
    assert_int_equal(probe_of("GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                              "Sec-WebSocket-Key: x\r\n\r\n"),
        TW_PROBE_NO);
    assert_int_equal(probe_of("GET /mqtt HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                              "Sec-WebSocket-Key: x\r\nSec-WebSocket-Protocol: ocpp1.6\r\n\r\n"),
        TW_PROBE_NO);
    assert_int_equal(probe_of("PROXY TCP4 1.1.1.1 1.1.1.2 4 5\r\nGET /"), TW_PROBE_MORE);
}

/* Every prefix of every direction, against a guard page. */
static void survives_every_truncation(void **state)
{
    struct guard guard = guard_new();
    uint8_t up[1024], down[1024], packet[64];
    size_t n_up = strlen(plain_get), n_down = strlen(plain_101);
    (void)state;
    memcpy(up, plain_get, n_up);
    memcpy(down, plain_101, n_down);
    n_up += ws_frame(
        UP, WS_BIN, packet, lab_packet(0x10, "s'MQTT' 04 02 0000 s'x'", packet), up + n_up);
    n_up += ws_frame(UP, WS_BIN, packet, lab_packet(0x30, "s'a' '1'", packet), up + n_up);
    n_down += ws_frame(DOWN, WS_BIN, packet, lab_packet(0x20, "0000", packet), down + n_down);
    for (size_t i = 0; i <= n_up; i++) {
        struct lab lab;
        lab_open_as(&lab, &tw_mqtt_websocket, false);
        lab_bytes(&lab, UP, guard_put(&guard, up, i), i);
        size_t k = i < n_down ? i : n_down;
        lab_bytes(&lab, DOWN, guard_put(&guard, down, k), k);
        lab_end(&lab, TW_END_INPUT);
        if (i == n_up)
            assert_string_equal(lab_text(&lab), "1>publish a value:1 number q0 number 1\n"
                                                "2>connect x status=Success asked=1 reason=00\n");
        lab_free(&lab);
    }
    guard_free(&guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_same_however_it_is_cut),
        cmocka_unit_test(says_how_it_came_about),
        cmocka_unit_test(a_hole_in_a_frame_keeps_the_boundaries),
        cmocka_unit_test(finds_frames_again),
        cmocka_unit_test(is_joined_in_the_middle),
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(names_what_is_out_of_order),
        cmocka_unit_test(many_errors_are_counted),
        cmocka_unit_test(a_refusal_is_told),
        cmocka_unit_test(what_is_no_upgrade_is_named),
        cmocka_unit_test(lives_without_the_answer),
        cmocka_unit_test(claims_only_its_own),
        cmocka_unit_test(survives_every_truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
