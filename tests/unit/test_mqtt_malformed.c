/* Every anomaly by name: what a packet must look like to be called that, and that its neighbour,
 * which is legal, is not. */
#include "mqtt_lab.h"

/* How the connection begins. */
enum start { FRESH, V31, V311, V5, V5_ALIASES, V5_NO_EXPIRY };

static const struct {
    const char *connect, *connack;
} starts[] = {
    [V31] = {"s'MQIsdp' 03 02 0000 s'x'", "00 00"},
    [V311] = {"s'MQTT' 04 02 0000 s'x'", "00 00"},
    [V5] = {"s'MQTT' 05 02 0000 05 11 00000009 s'x'", "00 00 00"},
    [V5_ALIASES] = {"s'MQTT' 05 02 0000 03 22 0003 s'x'", "00 00 03 22 0002"},
    [V5_NO_EXPIRY] = {"s'MQTT' 05 02 0000 00 s'x'", "00 00 00"},
};

static const struct row {
    enum start start;
    unsigned dir;
    uint8_t first;
    const char *body;
    const char *packet, *detail; /* NULL: legal */
} rows[] = {
    /* before CONNECT */
    {FRESH, UP, 0x30, "s'a' 'x'", "PUBLISH", "packet-before-connect"},
    {FRESH, UP, 0xC0, "", "PINGREQ", "packet-before-connect"},
    {FRESH, UP, 0x00, "", "RESERVED", "reserved-type"},
    {FRESH, UP, 0x82, "0001 s'a' 00", "SUBSCRIBE", "packet-before-connect"},
    {FRESH, UP, 0x80, "0001 s'a' 00", "SUBSCRIBE", "reserved-flags"},
    /* CONNECT */
    {FRESH, UP, 0x10, "s'MQTT' 04 02 0000 s'x'", NULL, NULL},
    {FRESH, UP, 0x10, "s'MQTX' 04 02 0000 s'x'", "CONNECT", "bad-protocol-name"},
    {FRESH, UP, 0x10, "s'MQTT' 06 02 0000 s'x'", "CONNECT", "bad-protocol-level"},
    {FRESH, UP, 0x10, "s'MQIsdp' 04 02 0000 s'x'", "CONNECT", "bad-protocol-level"},
    {FRESH, UP, 0x11, "s'MQTT' 04 02 0000 s'x'", "CONNECT", "reserved-flags"},
    {FRESH, UP, 0x10, "s'MQTT' 04 03 0000 s'x'", "CONNECT", "connect-flags"},
    {FRESH, UP, 0x10, "s'MQTT' 04 1E 0000 s'x' s'w' s''", "CONNECT", "will-flags"},
    {FRESH, UP, 0x10, "s'MQTT' 04 0A 0000 s'x'", "CONNECT", "will-flags"},
    {FRESH, UP, 0x10, "s'MQTT' 04 22 0000 s'x'", "CONNECT", "will-flags"},
    {FRESH, UP, 0x10, "s'MQTT' 04 42 0000 s'x' s'p'", "CONNECT", "password-without-user"},
    {FRESH, UP, 0x10, "s'MQTT' 05 42 0000 00 s'x' s'p'", NULL, NULL},
    {FRESH, UP, 0x10, "s'MQTT' 04 00 0000 s''", "CONNECT", "empty-client-id"},
    {FRESH, UP, 0x10, "s'MQTT' 04 02 0000 s''", NULL, NULL},
    {FRESH, UP, 0x10, "s'MQIsdp' 03 02 0000 s''", "CONNECT", "empty-client-id"},
    {FRESH, UP, 0x10, "s'MQIsdp' 03 C2 0000 s'x'", NULL, NULL},
    {FRESH, UP, 0x10, "s'MQTT' 04 C2 0000 s'x'", "CONNECT", "short-packet"},
    {FRESH, UP, 0x10, "s'MQTT' 04", "CONNECT", "short-packet"},
    {FRESH, UP, 0x10, "s'MQTT' 04 02 0000 s'x' 00", "CONNECT", "trailing-bytes"},
    {FRESH, UP, 0x10, "s'MQTT' 04 02 0000 0003 610062", "CONNECT", "bad-utf8"},
    {FRESH, UP, 0x10, "s'MQTT' 04 02 0000 0003 EDA080", "CONNECT", "bad-utf8"},
    {FRESH, UP, 0x10, "s'MQTT' 04 02 0000 0003 610162", "CONNECT", "control-characters"},
    {FRESH, UP, 0x10, "s'MQTT' 04 06 0000 s'x' s'a/#' s'w'", "CONNECT", "wildcard-in-topic"},
    {FRESH, UP, 0x10, "s'MQTT' 04 06 0000 s'x' s'' s'w'", "CONNECT", "empty-topic"},
    {FRESH, UP, 0x10, "s'MQTT' 05 02 0000 03 21 0000 s'x'", "CONNECT", "property-value"},
    {FRESH, UP, 0x10, "s'MQTT' 05 02 0000 02 17 02 s'x'", "CONNECT", "property-value"},
    {FRESH, UP, 0x10, "s'MQTT' 05 02 0000 02 7E 01 s'x'", "CONNECT", "property-unknown"},
    {FRESH, UP, 0x10, "s'MQTT' 05 02 0000 04 16 s'd' s'x'", "CONNECT", "auth-data-without-method"},
    {FRESH, UP, 0x10, "s'MQTT' 05 06 0000 00 s'x' 05 18 00000001 s'w' s''", NULL, NULL},
    {FRESH, UP, 0x10, "s'MQTT' 05 02 0000 05 18 00000001 s'x'", "CONNECT", "property-not-allowed"},
    {V311, UP, 0x10, "s'MQTT' 04 02 0000 s'x'", "CONNECT", "second-connect"},
    /* who may send what */
    {V311, UP, 0x20, "00 00", "CONNACK", "wrong-direction"},
    {V311, DOWN, 0xC0, "", "PINGREQ", "wrong-direction"},
    {V311, DOWN, 0xE0, "", "DISCONNECT", "wrong-direction"},
    {V5, DOWN, 0xE0, "", NULL, NULL},
    {V311, DOWN, 0x20, "00 00", "CONNACK", "second-connack"},
    /* types and flags */
    {V311, UP, 0x00, "", "RESERVED", "reserved-type"},
    {V311, UP, 0xF0, "00 00", "AUTH", "reserved-type"},
    {V5, UP, 0xF0, "00 00", NULL, NULL},
    {V311, UP, 0x36, "s'q' 0001 'x'", "PUBLISH", "qos-3"},
    {V311, UP, 0x38, "s'q' 'x'", "PUBLISH", "dup-on-qos-0"},
    {V31, UP, 0x38, "s'q' 'x'", NULL, NULL},
    {V311, UP, 0x3A, "s'q' 0001 'x'", NULL, NULL},
    {V311, UP, 0x80, "0001 s'a' 00", "SUBSCRIBE", "reserved-flags"},
    {V311, UP, 0xA3, "0001 s'a'", "UNSUBSCRIBE", "reserved-flags"},
    {V311, UP, 0xC0, "00", "PINGREQ", "trailing-bytes"},
    {V311, UP, 0xE0, "00", "DISCONNECT", "trailing-bytes"},
    {V5, UP, 0xE0, "00", NULL, NULL},
    /* PUBLISH */
    {V311, UP, 0x30, "s'a/#' 'x'", "PUBLISH", "wildcard-in-topic"},
    {V311, UP, 0x30, "s'a/+/b' 'x'", "PUBLISH", "wildcard-in-topic"},
    {V311, UP, 0x30, "s'' 'x'", "PUBLISH", "empty-topic"},
    {V311, UP, 0x30, "FFFF 61", "PUBLISH", "short-packet"},
    {V311, UP, 0x30, "0002 C328", "PUBLISH", "bad-utf8"},
    {V311, UP, 0x30, "0003 EDA080", "PUBLISH", "bad-utf8"},
    {V311, UP, 0x30, "0002 6100", "PUBLISH", "bad-utf8"},
    {V311, UP, 0x30, "0003 61C285 'x'", "PUBLISH", "control-characters"},
    {V311, UP, 0x30, "0003 61C2A0 'x'", NULL, NULL},
    {V311, UP, 0x32, "s'a' 0000 'x'", "PUBLISH", "packet-id-zero"},
    {V311, UP, 0x32, "s'a' 00", "PUBLISH", "short-packet"},
    {V5, UP, 0x30, "s'a' 02 7F 01 'x'", "PUBLISH", "property-unknown"},
    {V5, UP, 0x30, "s'a' 04 01 01 01 01 'x'", "PUBLISH", "property-duplicate"},
    {V5, UP, 0x30, "s'a' 7F 'x'", "PUBLISH", "property-length"},
    {V5, UP, 0x30, "s'a' 80 80 80 80 01", "PUBLISH", "property-length"},
    {V5, UP, 0x30, "s'a' 02 02 00 'x'", "PUBLISH", "property-length"},
    {V5, UP, 0x30, "s'a' 80 00 'x'", "PUBLISH", "bad-varint"},
    {V5, UP, 0x30, "s'a' 02 0B 01 'x'", "PUBLISH", "property-not-allowed"},
    {V5, DOWN, 0x30, "s'a' 04 0B 01 0B 02 'x'", NULL, NULL},
    {V5, UP, 0x30, "s'a' 06 08 s'r/#' 'x'", "PUBLISH", "wildcard-in-topic"},
    {V5, UP, 0x30, "s'a' 03 08 s'' 'x'", "PUBLISH", "empty-topic"},
    {V5, UP, 0x30, "s'a' 03 23 0001 'x'", "PUBLISH", "alias-over-maximum"},
    {V5_ALIASES, UP, 0x30, "s'a' 03 23 0002 'x'", NULL, NULL},
    {V5_ALIASES, UP, 0x30, "s'a' 03 23 0003 'x'", "PUBLISH", "alias-over-maximum"},
    {V5_ALIASES, DOWN, 0x30, "s'a' 03 23 0003 'x'", NULL, NULL},
    {V5_ALIASES, UP, 0x30, "s'' 03 23 0001 'x'", "PUBLISH", "alias-unknown"},
    {V5_ALIASES, UP, 0x30, "s'a' 03 23 0000 'x'", "PUBLISH", "property-value"},
    {V5, UP, 0x30, "s'a' 02 01 01 'x'", NULL, NULL},
    {V5, UP, 0x30, "s'a' 02 01 02 'x'", "PUBLISH", "property-value"},
    /* acknowledgements */
    {V311, DOWN, 0x40, "0001", "PUBACK", "ack-without-publish"},
    {V311, UP, 0x50, "0001", "PUBREC", "ack-without-publish"},
    {V311, UP, 0x62, "0001", "PUBREL", "ack-without-publish"},
    {V311, UP, 0x70, "0001", "PUBCOMP", "ack-without-publish"},
    {V5, UP, 0x70, "0001 92", NULL, NULL},
    {V311, DOWN, 0x90, "0001 00", "SUBACK", "ack-without-request"},
    {V311, DOWN, 0xB0, "0001", "UNSUBACK", "ack-without-request"},
    {V311, DOWN, 0x40, "0000", "PUBACK", "packet-id-zero"},
    {V311, DOWN, 0x40, "00", "PUBACK", "short-packet"},
    {V311, DOWN, 0x40, "0001 00", "PUBACK", "trailing-bytes"},
    {V5, DOWN, 0x40, "0001 01", "PUBACK", "bad-reason"},
    {V5, UP, 0xE0, "8E", "DISCONNECT", "bad-reason"},
    {V5, DOWN, 0xE0, "04", "DISCONNECT", "bad-reason"},
    {V5, DOWN, 0xE0, "8E 05 11 00000001", "DISCONNECT", "property-not-allowed"},
    {V5, UP, 0xE0, "00 05 11 00000001", NULL, NULL},
    {V5_NO_EXPIRY, UP, 0xE0, "00 05 11 00000001", "DISCONNECT", "property-value"},
    /* SUBSCRIBE and UNSUBSCRIBE */
    {V311, UP, 0x82, "0001", "SUBSCRIBE", "no-filters"},
    {V311, UP, 0x82, "0000 s'a' 00", "SUBSCRIBE", "packet-id-zero"},
    {V311, UP, 0x82, "0001 s'a'", "SUBSCRIBE", "short-packet"},
    {V311, UP, 0x82, "0001 s'' 00", "SUBSCRIBE", "empty-filter"},
    {V311, UP, 0x82, "0001 s'a/#/b' 00", "SUBSCRIBE", "bad-filter"},
    {V311, UP, 0x82, "0001 s'a+' 00", "SUBSCRIBE", "bad-filter"},
    {V311, UP, 0x82, "0001 s'a' 03", "SUBSCRIBE", "qos-3"},
    {V311, UP, 0x82, "0001 s'a' 04", "SUBSCRIBE", "subscribe-options"},
    {V5, UP, 0x82, "0001 00 s'a' 2C", NULL, NULL},
    {V5, UP, 0x82, "0001 00 s'a' 30", "SUBSCRIBE", "subscribe-options"},
    {V5, UP, 0x82, "0001 00 s'a' 40", "SUBSCRIBE", "subscribe-options"},
    {V5, UP, 0x82, "0001 00 s'$share/g/a' 04", "SUBSCRIBE", "no-local-on-shared"},
    {V5, UP, 0x82, "0001 00 s'$share/g' 00", "SUBSCRIBE", "bad-filter"},
    {V311, UP, 0x82, "0001 s'$share/g' 00", NULL, NULL},
    {V5, UP, 0x82, "0001 02 0B 00 s'a' 00", "SUBSCRIBE", "property-value"},
    {V311, UP, 0xA2, "0001", "UNSUBSCRIBE", "no-filters"},
    {V311, UP, 0xA2, "0001 s'#/a'", "UNSUBSCRIBE", "bad-filter"},
};

static void collect_malformed(void *user, const struct tw_event *e)
{
    struct lab *lab = user;
    if (e->action == TW_ACTION_MALFORMED)
        tw_text_addf(&lab->lines, "%s %.*s\n", e->mqtt->packet, TW_STR_ARG(e->detail));
}

static void begin(struct lab *lab, enum start start)
{
    lab_open(lab, false);
    lab->env.emit.fn = collect_malformed;
    if (start == FRESH)
        return;
    lab_send(lab, UP, 0x10, starts[start].connect);
    lab_send(lab, DOWN, 0x20, starts[start].connack);
    assert_int_equal(lab->lines.len, 0);
}

static void names_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lab lab;
        char want[128] = "";
        begin(&lab, rows[i].start);
        lab_send(&lab, rows[i].dir, rows[i].first, rows[i].body);
        lab_end(&lab, TW_END_INPUT);
        if (rows[i].detail != NULL)
            snprintf(want, sizeof(want), "%s %s\n", rows[i].packet, rows[i].detail);
        if (strcmp(lab_text(&lab), want) != 0)
            fail_msg("row %zu (%02x %s): got \"%s\", want \"%s\"", i, rows[i].first, rows[i].body,
                lab_text(&lab), want);
        lab_free(&lab);
    }
}

/* The same packets where the start was not seen: nothing may be said of what is not known. */
static void holds_its_tongue_in_the_middle(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lab lab;
        lab_open(&lab, true);
        lab.env.emit.fn = collect_malformed;
        lab_send(&lab, rows[i].dir, rows[i].first, rows[i].body);
        lab_end(&lab, TW_END_INPUT);
        assert_string_equal(lab_text(&lab), "");
        lab_free(&lab);
    }
}

static void holds_its_tongue_after_a_gap(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lab lab;
        if (rows[i].start == FRESH || rows[i].first == 0x10)
            continue;
        begin(&lab, rows[i].start);
        tw_mqtt.gap(lab.state, &lab.env, &lab.conn, rows[i].dir, 100, &lab.when);
        lab_send(&lab, rows[i].dir, rows[i].first, rows[i].body);
        lab_end(&lab, TW_END_INPUT);
        assert_string_equal(lab_text(&lab), "");
        lab_free(&lab);
    }
}

static void a_length_of_five_bytes(void **state)
{
    static const uint8_t start[] = {0x10, 0x80, 0x80, 0x80, 0x80, 0x01};
    static const uint8_t later[] = {0x30, 0xff, 0xff, 0xff, 0xff, 0x7f};
    static const uint8_t insane[] = {0x20, 0x80, 0x80, 0x80, 0x74, 0x01};
    struct lab lab;
    (void)state;
    begin(&lab, FRESH);
    lab_bytes(&lab, UP, start, sizeof(start));
    lab_send(&lab, UP, 0x10, starts[V311].connect); /* too late: nothing more is read */
    lab_end(&lab, TW_END_CLOSED);
    assert_string_equal(lab_text(&lab), "CONNECT bad-remaining-length\n");
    lab_free(&lab);
    begin(&lab, FRESH);
    lab_bytes(&lab, UP, insane, sizeof(insane));
    lab_end(&lab, TW_END_CLOSED);
    assert_string_equal(lab_text(&lab), "CONNACK bad-remaining-length\n");
    lab_free(&lab);
    begin(&lab, V311);
    lab_bytes(&lab, UP, later, sizeof(later));
    lab_end(&lab, TW_END_CLOSED);
    assert_string_equal(lab_text(&lab), "PUBLISH bad-remaining-length\n");
    lab_free(&lab);
}

/* A Remaining Length in more bytes than needed is an error in 5.0 only [MQTT5 1.5.5]. */
static void an_overlong_length(void **state)
{
    static const uint8_t ping[] = {0xc0, 0x80, 0x00};
    struct lab lab;
    (void)state;
    begin(&lab, V5);
    lab_bytes(&lab, UP, ping, sizeof(ping));
    lab_end(&lab, TW_END_INPUT);
    assert_string_equal(lab_text(&lab), "PINGREQ bad-remaining-length\n");
    lab_free(&lab);
    begin(&lab, V311);
    lab_bytes(&lab, UP, ping, sizeof(ping));
    lab_end(&lab, TW_END_INPUT);
    assert_string_equal(lab_text(&lab), "");
    lab_free(&lab);
}

static void a_connect_that_never_ends(void **state)
{
    uint8_t bytes[64];
    struct lab lab;
    (void)state;
    size_t n = lab_packet(0x10, starts[V311].connect, bytes);
    for (size_t keep = 1; keep < n; keep++) {
        begin(&lab, FRESH);
        lab_bytes(&lab, UP, bytes, keep);
        lab_end(&lab, TW_END_CLOSED);
        assert_string_equal(lab_text(&lab), "CONNECT truncated-packet\n");
        lab_free(&lab);
        begin(&lab, FRESH);
        lab_bytes(&lab, UP, bytes, keep);
        lab_end(&lab, TW_END_INPUT);
        assert_string_equal(lab_text(&lab), "");
        lab_free(&lab);
    }
}

static void nothing_after_disconnect(void **state)
{
    struct lab lab;
    (void)state;
    begin(&lab, V311);
    lab_send(&lab, UP, 0xE0, "");
    lab_send(&lab, UP, 0xC0, "");
    lab_end(&lab, TW_END_CLOSED);
    assert_string_equal(lab_text(&lab), "PINGREQ packet-after-disconnect\n");
    lab_free(&lab);
}

/* A capture can show the two directions out of step: an acknowledgement that is early by a packet
 * is not a stray one; one that is still unexplained when the other side has moved on is. */
static void an_acknowledgement_may_be_seen_early(void **state)
{
    struct lab lab;
    (void)state;
    begin(&lab, V311);
    lab_send(&lab, DOWN, 0x40, "0001");
    lab_send(&lab, UP, 0x32, "s'a' 0001 'x'");
    lab_send(&lab, DOWN, 0x40, "0002");
    assert_string_equal(lab_text(&lab), "");
    lab_send(&lab, UP, 0xC0, "");
    assert_string_equal(lab_text(&lab), "PUBACK ack-without-publish\n");
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

static void counts_of_codes_must_agree(void **state)
{
    struct lab lab;
    (void)state;
    begin(&lab, V311);
    lab_send(&lab, UP, 0x82, "0001 s'a' 00 s'b' 00");
    lab_send(&lab, DOWN, 0x90, "0001 00");
    lab_end(&lab, TW_END_INPUT);
    assert_string_equal(lab_text(&lab), "SUBACK ack-count\n");
    lab_free(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(holds_its_tongue_in_the_middle),
        cmocka_unit_test(holds_its_tongue_after_a_gap),
        cmocka_unit_test(a_length_of_five_bytes),
        cmocka_unit_test(an_overlong_length),
        cmocka_unit_test(a_connect_that_never_ends),
        cmocka_unit_test(nothing_after_disconnect),
        cmocka_unit_test(an_acknowledgement_may_be_seen_early),
        cmocka_unit_test(counts_of_codes_must_agree),
    };
    return cmocka_run_group_tests_name("mqtt/malformed", tests, NULL, NULL);
}
