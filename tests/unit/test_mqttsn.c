/* MQTT-SN: sessions, numbers that stand for topics, forwarders, what breaks the rules. */
#include "sn_lab.h"

static void connect_as(struct sn_lab *s, const char *connect)
{
    sn_send(s, UP, connect);
    sn_send(s, DOWN, "05 00");
}

static void a_session(void **state)
{
    struct sn_lab s;
    (void)state;
    sn_open(&s);
    connect_as(&s, "04 04 01 003C 'sn1'");
    sn_send(&s, UP, "0A 0000 0001 'plant/t'");
    sn_send(&s, DOWN, "0B 0007 0001 00");
    sn_send(&s, UP, "0C 20 0007 0002 '21.5'");
    sn_send(&s, DOWN, "0D 0007 0002 00");
    sn_send(&s, UP, "12 20 0003 'cmd/#'");
    sn_send(&s, DOWN, "13 20 0000 0003 00");
    sn_send(&s, DOWN, "0A 0009 0004 'cmd/speed'");
    sn_send(&s, UP, "0B 0009 0004 00");
    sn_send(&s, DOWN, "0C 10 0009 0000 '1450'");
    sn_send(&s, UP, "14 00 0005 'cmd/#'");
    sn_send(&s, DOWN, "15 0005");
    sn_send(&s, UP, "16 'sn1'");
    sn_send(&s, DOWN, "17");
    sn_send(&s, UP, "18 0258");
    sn_send(&s, DOWN, "18");
    sn_end(&s);
    assert_string_equal(lab_text(&s.lab),
        "2>connect sn1 status=Success asked=1 reason=00\n"
        "5>publish plant/t value:21.5 number q1 number 4 id=2\n"
        "8>subscribe cmd/# status=GrantedQoS1 asked=7 id=3 asks=1 reason=00\n"
        "11<deliver cmd/speed value:1450 number q0 retain number 4\n"
        "13>unsubscribe cmd/# status=Success asked=12 id=5 reason=00\n"
        "16>disconnect DISCONNECT\n");
    assert_int_equal(s.lab.counters.malformed, 0);
    assert_int_equal(s.lab.counters.messages[TW_COUNT_MQTTSN][0x0c], 2);
    sn_free(&s);
}

struct row {
    const char *sent;
    const char *told; /* of the packet that it is, the third */
};

/* Topics by number: known, not known, agreed on beforehand, short; without a connection. */
static void numbers_and_topics(void **state)
{
    static const struct row rows[] = {
        {"0C 00 0063 0000 '1'", "publish null value:1 number q0 number 1 unresolved"},
        {"0C 01 0063 0000 '1'", "publish null value:1 number q0 number 1 unresolved"},
        {"0C 02 'ab' 0000 '1'", "publish ab value:1 number q0 number 1"},
        {"0C 62 'ab' 0000 'x'", "publish ab value:\"x\" string q-1 text 1"},
        {"0C E1 0007 0000 'x'", "publish null value:\"x\" string q-1 dup text 1 unresolved"},
        {"0C 00 0063 0000", "publish null q0 empty 0 unresolved"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sn_lab s;
        char expected[128];
        sn_open(&s);
        connect_as(&s, "04 04 01 003C 'sn1'");
        tw_text_clear(&s.lab.lines);
        sn_send(&s, UP, rows[i].sent);
        snprintf(expected, sizeof(expected), "3>%s\n", rows[i].told);
        assert_string_equal(lab_text(&s.lab), expected);
        sn_end(&s);
        sn_free(&s);
    }
}

static void refusals(void **state)
{
    struct sn_lab s;
    (void)state;
    sn_open(&s);
    sn_send(&s, UP, "04 04 01 003C 'sn1'");
    sn_send(&s, DOWN, "05 01");
    sn_send(&s, UP, "0A 0000 0001 'plant/t'");
    sn_send(&s, DOWN, "0B 0000 0001 03");
    sn_send(&s, UP, "0C 20 0007 0002 '1'");
    sn_send(&s, DOWN, "0D 0007 0002 02");
    sn_send(&s, UP, "12 02 0003 'ab'");
    sn_send(&s, DOWN, "13 00 0000 0003 09");
    sn_send(&s, UP, "12 01 0004 0005");
    sn_end(&s);
    assert_string_equal(lab_text(&s.lab),
        "2>connect sn1 status=Congestion asked=1 reason=01\n"
        "4>refused plant/t status=NotSupported asked=3 id=1 reason=03 REGACK\n"
        "5>publish null value:1 number q1 number 1 id=2 unresolved\n"
        "6>refused null status=InvalidTopicId asked=5 id=2 reason=02 PUBACK unresolved\n"
        "8>subscribe ab status=0x09 asked=7 id=3 asks=0 reason=09\n"
        "10>subscribe null status=null asked=9 id=4 asks=0\n");
    sn_free(&s);
}

static void collect_json(void *user, const struct tw_event *e)
{
    tw_event_json(user, e);
}

/* A will is told with the connection; nodes behind a forwarder are clients of their own. */
static void wills_and_forwarders(void **state)
{
    struct tw_text json = {0};
    struct sn_lab s;
    uint8_t bytes[300];
    (void)state;
    sn_open(&s);
    s.lab.env.emit = (struct tw_emit){collect_json, &json};
    static const struct {
        unsigned dir;
        const char *node, *message;
    } sent[] = {{UP, "FE 00 0A1B", "04 0C 01 003C 'a'"}, {DOWN, "FE 00 0A1B", "06"},
        {UP, "FE 00 0A1B", "07 30 'plant/a/state'"}, {DOWN, "FE 00 0A1B", "08"},
        {UP, "FE 00 0A1B", "09 'dead'"}, {DOWN, "FE 00 0A1B", "05 00"},
        {UP, "FE 00 0A1C", "04 04 01 003C 'b'"}, {DOWN, "FE 00 0A1C", "05 00"},
        {UP, "FE 00 0A1B", "0A 0000 0001 't/a'"}, {DOWN, "FE 00 0A1B", "0B 0001 0001 00"},
        {UP, "FE 00 0A1C", "0A 0000 0001 't/b'"}, {DOWN, "FE 00 0A1C", "0B 0001 0001 00"},
        {UP, "FE 00 0A1B", "0C 00 0001 0000 '1'"}, {UP, "FE 00 0A1C", "0C 00 0001 0000 '2'"}};
    for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
        size_t n = sn_message(sent[i].node, bytes);
        n += sn_message(sent[i].message, bytes + n);
        sn_datagram(&s, sent[i].dir, bytes, n);
    }
    sn_end(&s);
    tw_text_add(&json, "", 1);
    const char *at = strstr(json.p, "\"action\":\"connect\"");
    assert_non_null(at);
    assert_non_null(strstr(at, "\"object\":\"a\",\"status\":\"Success\",\"mqtt\":{\"version\":"
                               "\"SN-1.2\",\"client_id\":\"a\",\"transport\":\"udp\",\"node\":"
                               "\"0a1b\",\"reason\":0,\"keep_alive\":60,\"clean_start\":true,"
                               "\"will\":{\"topic\":\"plant/a/state\",\"qos\":1,\"retain\":true,"
                               "\"payload_bytes\":4}}"));
    assert_non_null(strstr(at, "\"object\":\"t/a\",\"value\":1,"));
    assert_non_null(
        strstr(at, "\"client_id\":\"b\",\"transport\":\"udp\",\"qos\":0,\"retain\":false,"
                   "\"dup\":false,\"topic_id\":1,\"topic_id_type\":\"normal\","
                   "\"node\":\"0a1c\""));
    assert_non_null(strstr(at, "\"object\":\"t/b\",\"value\":2,"));
    tw_text_free(&json);
    sn_free(&s);
}

/* A client that goes to sleep says for how long; what was kept for it comes when it asks, under the
 * numbers of before, and it wakes up with a CONNECT that cleans nothing. */
static void sleeps_and_wakes(void **state)
{
    struct tw_text json = {0};
    struct sn_lab s;
    (void)state;
    sn_open(&s);
    connect_as(&s, "04 04 01 003C 'sn1'");
    sn_send(&s, DOWN, "0A 0009 0004 'cmd/speed'");
    sn_send(&s, UP, "0B 0009 0004 00");
    s.lab.env.emit = (struct tw_emit){collect_json, &json};
    sn_send(&s, UP, "18 0258");
    sn_send(&s, DOWN, "18");
    sn_send(&s, UP, "16 'sn1'");
    sn_send(&s, DOWN, "0C 00 0009 0000 '1'");
    sn_send(&s, DOWN, "17");
    sn_send(&s, UP, "04 00 01 003C 'sn1'");
    sn_send(&s, DOWN, "05 00");
    sn_send(&s, UP, "0C 00 0009 0000 '2'");
    sn_send(&s, UP, "18");
    sn_end(&s);
    tw_text_add(&json, "", 1);
    static const char *const told[] = {"\"action\":\"disconnect\"",
        "\"packet\":\"DISCONNECT\",\"keep_alive\":600}}\n", "\"action\":\"deliver\"",
        "\"object\":\"cmd/speed\",\"value\":1,", "\"action\":\"connect\"",
        "\"clean_start\":false}}\n", "\"action\":\"publish\"",
        "\"object\":\"cmd/speed\",\"value\":2,", "\"action\":\"disconnect\"",
        "\"packet\":\"DISCONNECT\"}}\n"};
    const char *at = json.p;
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
        at = strstr(at, told[i]);
        assert_non_null(at);
        at += strlen(told[i]);
    }
    assert_string_equal(at, "");
    tw_text_free(&json);
    sn_free(&s);
}

/* What is said of a datagram by its bytes alone; the length is put in where `raw` is not set. */
static void names_what_is_wrong(void **state)
{
    static const struct {
        bool raw;
        const char *bytes, *told;
    } rows[] = {
        {false, "03", "malformed reserved-type"},
        {false, "20", "malformed reserved-type"},
        {false, "04 04 02 003C 'a'", "malformed bad-protocol-id CONNECT"},
        {false, "04 04 01 003C", "malformed empty-text CONNECT"},
        {false, "04 04 01 00", "malformed truncated-message CONNECT"},
        {false, "04 04 01 003C C0", "malformed bad-utf8 CONNECT"},
        {false, "0C 03 0007 0000 '1'", "malformed bad-topic-id-type PUBLISH"},
        {false, "12 03 0007 0000", "malformed bad-topic-id-type SUBSCRIBE"},
        {false, "0C 60 0007 0000 '1'", "malformed topic-id-without-connection PUBLISH"},
        {false, "0C 00 0000 0000 '1'", "malformed reserved-topic-id PUBLISH"},
        {false, "0C 00 FFFF 0000 '1'", "malformed reserved-topic-id PUBLISH"},
        {false, "0C 20 0007 0000 '1'", "malformed packet-id-0 PUBLISH"},
        {false, "12 00 0000 'a'", "malformed packet-id-0 SUBSCRIBE"},
        {false, "0E 0001 00", "malformed trailing-bytes PUBCOMP"},
        {false, "05 00", "malformed wrong-direction CONNACK"},
        {true, "05 17", "malformed bad-length PINGRESP"},
        {true, "01 00", "malformed bad-length"},
        {true, "01 0003 17", "malformed bad-length"},
        {true, "03 FE 00", "malformed bad-length"},
        {true, "02 FE", "malformed truncated-message"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sn_lab s;
        uint8_t bytes[64];
        char expected[96];
        sn_open(&s);
        sn_send(&s, UP, "04 04 01 003C 'sn1'");
        size_t n = rows[i].raw ? lab_body(rows[i].bytes, bytes) : sn_message(rows[i].bytes, bytes);
        sn_datagram(&s, UP, bytes, n);
        tw_text_add(&s.lab.lines, "", 1);
        s.lab.lines.len--;
        snprintf(expected, sizeof(expected), "2>%s\n", rows[i].told);
        if (strncmp(s.lab.lines.p, expected, strlen(expected)) != 0)
            print_error("%s\n", rows[i].bytes);
        assert_string_equal(lab_text(&s.lab), expected);
        sn_end(&s);
        sn_free(&s);
    }
}

/* A long message, and every prefix of messages of every type. */
static void survives_every_truncation(void **state)
{
    static const char *const messages[] = {"00 01 003C", "01 00", "02 01 0A0B", "04 04 01 003C 'a'",
        "07 30 'w'", "09 'm'", "0A 0000 0001 't'", "0B 0001 0001 00", "0C 20 0001 0002 'd'",
        "0D 0001 0002 00", "0E 0001", "0F 0001", "10 0001", "12 00 0003 'f'", "12 01 0003 0001",
        "14 02 0003 'ab'", "16 'a'", "18 003C", "1A 30 'w'", "1C 'm'"};
    struct sn_lab s;
    uint8_t bytes[300];
    (void)state;
    sn_open(&s);
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        size_t n = sn_message(messages[i], bytes);
        for (size_t cut = 0; cut <= n; cut++) {
            sn_datagram(&s, UP, bytes, cut);
            if (cut > 0) {
                bytes[0] = (uint8_t)cut;
                sn_datagram(&s, DOWN, bytes, cut);
                bytes[0] = (uint8_t)n;
            }
        }
    }
    uint8_t big[1300] = {1, 1300 >> 8, 1300 & 255, 0x0c, 0x02, 'a', 'b'};
    memset(big + 7, 'x', sizeof(big) - 7);
    tw_text_clear(&s.lab.lines);
    sn_datagram(&s, UP, big, sizeof(big));
    assert_non_null(strstr(lab_text(&s.lab), ">deliver ab value:\"xxxx"));
    assert_non_null(strstr(lab_text(&s.lab), "q0 text 1291"));
    sn_end(&s);
    sn_free(&s);
}

/* Tables have an end: of clients, topics and requests. */
static void tables_are_bounded(void **state)
{
    struct sn_lab s;
    char spec[64];
    uint8_t bytes[300];
    (void)state;
    sn_open(&s);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(spec, sizeof(spec), "FE 00 %04X", i);
        size_t n = sn_message(spec, bytes);
        n += sn_message("04 04 01 003C 'a'", bytes + n);
        sn_datagram(&s, UP, bytes, n);
    }
    for (unsigned i = 1; i < 1000; i++) {
        snprintf(spec, sizeof(spec), "0A %04X %04X 'topic/of/some/length'", i, i);
        sn_send(&s, DOWN, spec);
        snprintf(spec, sizeof(spec), "12 00 %04X 'f'", i);
        sn_send(&s, UP, spec);
    }
    assert_true(tw_pool_stats(s.lab.env.pool).peak_bytes < (size_t)256 << 10);
    tw_text_clear(&s.lab.lines);
    sn_send(&s, UP, "0C 00 0100 0000 '1'");
    sn_send(&s, UP, "0C 00 0101 0000 '1'");
    assert_string_equal(lab_text(&s.lab),
        "2999>publish topic/of/some/length value:1 number q0 number 1\n"
        "3000>publish null value:1 number q0 number 1 unresolved\n");
    sn_end(&s);
    sn_free(&s);
}

static void requests_time_out(void **state)
{
    struct sn_lab s;
    (void)state;
    sn_open(&s);
    sn_send(&s, UP, "04 04 01 003C 'sn1'");
    sn_send(&s, UP, "04 04 01 003C 'sn1'"); /* again, as is usual after some seconds */
    int64_t at = tw_mqttsn.next_deadline(s.lab.state);
    assert_int_equal(at, 2000 + s.lab.env.limits.request_timeout_ns);
    s.lab.when.ts_ns = at - 1;
    tw_mqttsn.tick(s.lab.state, &s.lab.env, &s.lab.conn, &s.lab.when);
    assert_int_equal(s.lab.lines.len, 0);
    s.lab.when.ts_ns = at;
    tw_mqttsn.tick(s.lab.state, &s.lab.env, &s.lab.conn, &s.lab.when);
    assert_string_equal(lab_text(&s.lab), "2>connect sn1 status=null asked=1\n");
    assert_int_equal(tw_mqttsn.next_deadline(s.lab.state), INT64_MAX);
    sn_end(&s);
    sn_free(&s);
}

static enum tw_probe probe_of(const char *spec, uint16_t port)
{
    uint8_t bytes[300];
    size_t n = sn_message(spec, bytes);
    const struct tw_datagram d = {.bytes = tw_cur_of(bytes, n), .ports = {40000, port}};
    return tw_mqttsn.probe(&d);
}

static void claims_only_its_own(void **state)
{
    (void)state;
    assert_int_equal(probe_of("04 04 01 003C 'sn1'", 9), TW_PROBE_YES);
    assert_int_equal(probe_of("04 F4 01 003C 'sn1'", 9), TW_PROBE_WEAK);
    assert_int_equal(probe_of("04 04 01 003C 01", 9), TW_PROBE_WEAK);
    assert_int_equal(probe_of("0C 62 'ab' 0000 '1'", 9), TW_PROBE_WEAK);
    assert_int_equal(probe_of("0C 62 'ab' 0000 '1'", 1884), TW_PROBE_YES);
    assert_int_equal(probe_of("17", 10000), TW_PROBE_YES);
    assert_int_equal(probe_of("03", 1884), TW_PROBE_NO);
    assert_int_equal(probe_of("04 04 02 003C 'sn1'", 1884), TW_PROBE_NO);
}

/* The gateway speaks first in the capture: its port, or what only clients send, tells the sides. */
static void sides_are_learned(void **state)
{
    struct sn_lab s;
    (void)state;
    sn_open(&s);
    sn_send(&s, UP, "0C 02 'ab' 0000 '1'");
    sn_send(&s, UP, "13 00 0001 0001 00");
    sn_send(&s, UP, "0C 02 'ab' 0000 '2'");
    assert_string_equal(lab_text(&s.lab), "1>publish ab value:1 number q0 number 1\n"
                                          "3>deliver ab value:2 number q0 number 1\n");
    sn_end(&s);
    sn_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session),
        cmocka_unit_test(numbers_and_topics),
        cmocka_unit_test(refusals),
        cmocka_unit_test(wills_and_forwarders),
        cmocka_unit_test(sleeps_and_wakes),
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(survives_every_truncation),
        cmocka_unit_test(tables_are_bounded),
        cmocka_unit_test(requests_time_out),
        cmocka_unit_test(claims_only_its_own),
        cmocka_unit_test(sides_are_learned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
