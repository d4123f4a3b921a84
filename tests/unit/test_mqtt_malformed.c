/* Every anomaly by name: what a packet must look like to be called that, and that its neighbour,
 * which is legal, is not. */
#include "base/timefmt.h"
#include "mqtt_lab.h"
#include "protocol/mqtt/anomaly.h"

/* How the connection begins. */
enum start {
    FRESH,
    V31,
    V311,
    V5,
    V5_ALIASES,
    V5_NO_EXPIRY,
    V5_POOR,  /* the server does little */
    V5_TERSE, /* the client wants little */
    V5_AUTH,
};

static const struct {
    const char *connect, *connack;
} starts[] = {
    [V31] = {"s'MQIsdp' 03 02 0000 s'x'", "00 00"},
    [V311] = {"s'MQTT' 04 02 0000 s'x'", "00 00"},
    [V5] = {"s'MQTT' 05 02 0000 05 11 00000009 s'x'", "00 00 00"},
    [V5_ALIASES] = {"s'MQTT' 05 02 0000 03 22 0003 s'x'", "00 00 03 22 0002"},
    [V5_NO_EXPIRY] = {"s'MQTT' 05 02 0000 00 s'x'", "00 00 00"},
    [V5_POOR] = {"s'MQTT' 05 02 0000 00 s'x'",
        "00 00 12 24 01 25 00 28 00 29 00 2A 00 21 0002 27 00000020"},
    [V5_TERSE] = {"s'MQTT' 05 02 0000 0A 17 00 21 0001 27 00000020 s'x'", "00 00 00"},
    [V5_AUTH] = {"s'MQTT' 05 02 0000 06 15 s'SCR' s'x'", "00 00 06 15 s'SCR'"},
};

/* What a client sends to be answered. */
#define HELLO_5 "s'MQTT' 05 02 0000 00 s'x'"
#define HELLO_AUTH "s'MQTT' 05 02 0000 06 15 s'SCR' s'x'"

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
    {FRESH, UP, 0x10, "s'MQIsdp' 03 02 0000 s'abcdefghijklmnopqrstuvwx'", "CONNECT",
        "client-id-too-long"},
    {FRESH, UP, 0x10, "s'MQIsdp' 03 02 0000 s'abcdefghijklmnopqrstuv\xC3\xA4'", NULL, NULL},
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
    {V5, UP, 0xF0, "18 06 15 s'SCR'", "AUTH", "auth-without-method"},
    {V5, UP, 0xF0, "", "AUTH", "auth-without-method"},
    {V5_AUTH, UP, 0xF0, "19 06 15 s'SCR'", NULL, NULL},
    {V5_AUTH, UP, 0xF0, "19 06 15 s'SCX'", "AUTH", "auth-method-changed"},
    {V5_AUTH, UP, 0xF0, "19 00", "AUTH", "auth-method-changed"},
    {V5_AUTH, UP, 0xF0, "18 06 15 s'SCR'", "AUTH", "auth-out-of-order"},
    {V5_AUTH, UP, 0xF0, "", "AUTH", "bad-reason"},
    {V5_AUTH, DOWN, 0xF0, "19 06 15 s'SCR'", "AUTH", "bad-reason"},
    {V5_AUTH, DOWN, 0xF0, "18 06 15 s'SCR'", "AUTH", "auth-out-of-order"},
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
    /* what the other side said that it does not do */
    {V5_POOR, UP, 0x34, "s'a' 0001 00 'x'", "PUBLISH", "qos-over-maximum"},
    {V5_POOR, UP, 0x32, "s'a' 0001 00 'x'", NULL, NULL},
    {V5_POOR, DOWN, 0x35, "s'a' 0001 00 'x'", NULL, NULL},
    {V5_POOR, UP, 0x31, "s'a' 00 'x'", "PUBLISH", "retain-unavailable"},
    {V5_POOR, UP, 0x30, "s'a' 00 '0123456789012345678901234567'", "PUBLISH", "packet-over-maximum"},
    {V5_POOR, UP, 0x30, "s'a' 00 '01234567890123456789012345'", NULL, NULL},
    {V5_POOR, UP, 0x82, "0001 00 s'a/+' 00", "SUBSCRIBE", "wildcard-unavailable"},
    {V5_POOR, UP, 0x82, "0001 00 s'$share/g/a' 00", "SUBSCRIBE", "shared-unavailable"},
    {V5_POOR, UP, 0x82, "0001 02 0B 07 s'a' 00", "SUBSCRIBE", "subscription-id-unavailable"},
    {V5_POOR, UP, 0x82, "0001 00 s'a' 00", NULL, NULL},
    {V5, UP, 0x82, "0001 02 0B 07 s'$share/g/+' 00", NULL, NULL},
    {V5_TERSE, DOWN, 0x30, "s'a' 00 '0123456789012345678901234567'", "PUBLISH",
        "packet-over-maximum"},
    {V5_TERSE, DOWN, 0xE0, "8E 07 1F s'else'", NULL, NULL},
    {V5_TERSE, DOWN, 0x30, "s'a' 07 26 s'k' s'v' 'x'", NULL, NULL},
};

/* Several packets of a new connection; only the last one is judged by its name. */
static const struct exchange {
    struct {
        unsigned dir;
        uint8_t first;
        const char *body;
    } steps[8]; /* ended by one without a body */
    const char *lines;
} exchanges[] = {
    {{{UP, 0x10, HELLO_5}, {DOWN, 0x20, "01 00 00"}}, "CONNACK session-present\n"},
    {{{UP, 0x10, "s'MQTT' 05 00 0000 00 s'x'"}, {DOWN, 0x20, "01 00 00"}}, ""},
    {{{UP, 0x10, HELLO_5}, {DOWN, 0x20, "02 00 00"}}, "CONNACK connack-flags\n"},
    {{{UP, 0x10, HELLO_5}, {DOWN, 0x20, "00 00 04 1A s'r'"}}, "CONNACK response-information\n"},
    {{{UP, 0x10, "s'MQTT' 05 02 0000 02 19 01 s'x'"}, {DOWN, 0x20, "00 00 04 1A s'r'"}}, ""},
    {{{UP, 0x10, HELLO_5}, {DOWN, 0x20, "00 00 06 15 s'SCR'"}}, "CONNACK auth-without-method\n"},
    {{{UP, 0x10, HELLO_AUTH}, {DOWN, 0x20, "00 00 00"}}, "CONNACK auth-method-changed\n"},
    {{{UP, 0x10, HELLO_AUTH}, {DOWN, 0x20, "00 8C 00"}}, ""},
    {{{UP, 0x10, HELLO_AUTH}, {DOWN, 0xF0, "18 06 15 s'SCR'"}, {DOWN, 0x20, "00 00 06 15 s'SCR'"}},
        "CONNACK auth-out-of-order\n"},
    {{{UP, 0x10, HELLO_AUTH}, {UP, 0x30, "s'a' 00 'x'"}}, "PUBLISH packet-before-connack\n"},
    {{{UP, 0x10, HELLO_5}, {UP, 0x30, "s'a' 00 'x'"}, {DOWN, 0x20, "00 00 00"}}, ""},
    {{{UP, 0x10, HELLO_5}, {DOWN, 0x30, "s'a' 00 'x'"}}, "PUBLISH packet-before-connack\n"},
    {{{UP, 0x10, HELLO_5}, {DOWN, 0x20, "00 87 00"}, {DOWN, 0x30, "s'a' 00 'x'"}},
        "PUBLISH packet-after-refusal\n"},
    {{{UP, 0x10, HELLO_5}, {DOWN, 0x20, "00 00 00"}, {DOWN, 0x20, "00 00 00"}},
        "CONNACK second-connack\n"},
    /* an acknowledgement of nothing is named once; what follows from it is not */
    {{{UP, 0x10, HELLO_5}, {DOWN, 0x20, "00 00 00"}, {UP, 0x50, "0007"}, {DOWN, 0x62, "0007"},
         {UP, 0x70, "0007"}, {DOWN, 0xD0, ""}},
        "PUBREC ack-without-publish\n"},
    {{{UP, 0x10, HELLO_5}, {DOWN, 0x20, "00 00 00"}, {UP, 0x62, "0007"}, {DOWN, 0x70, "0007"},
         {UP, 0xC0, ""}},
        "PUBREL ack-without-publish\n"},
    /* the sender itself has still to send PUBREL */
    {{{UP, 0x10, HELLO_5}, {DOWN, 0x20, "00 00 00"}, {UP, 0x34, "s'a' 0001 00 'x'"},
         {DOWN, 0x50, "0001"}, {UP, 0x34, "s'a' 0001 00 'y'"}},
        "PUBLISH packet-id-in-use\n"},
    {{{UP, 0x10, HELLO_5}, {DOWN, 0x20, "00 00 00"}, {UP, 0x34, "s'a' 0001 00 'x'"},
         {DOWN, 0x50, "0001"}, {UP, 0x3C, "s'a' 0001 00 'x'"}, {DOWN, 0x50, "0001"},
         {UP, 0x62, "0001"}},
        ""},
    {{{UP, 0x10, "s'MQTT' 05 02 0000 0A 17 00 21 0001 27 00000020 s'x'"}, {DOWN, 0x20, "00 00 00"},
         {UP, 0x82, "0001 00 s'a' 00"}, {DOWN, 0x90, "0001 07 1F s'none' 00"}},
        "SUBACK problem-information\n"},
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

static void run_exchange(struct lab *lab, const struct exchange *x)
{
    begin(lab, FRESH);
    for (size_t i = 0; x->steps[i].body != NULL; i++)
        lab_send(lab, x->steps[i].dir, x->steps[i].first, x->steps[i].body);
    lab_end(lab, TW_END_INPUT);
}

static void names_what_is_wrong_between_packets(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
        struct lab lab;
        run_exchange(&lab, &exchanges[i]);
        if (strcmp(lab_text(&lab), exchanges[i].lines) != 0)
            fail_msg(
                "exchange %zu: got \"%s\", want \"%s\"", i, lab_text(&lab), exchanges[i].lines);
        lab_free(&lab);
    }
}

/* Acknowledgements may be seen after what their receiver did next: what they explain within a tenth
 * of a second is not held against it. */
static void waits_for_what_the_other_side_says(void **state)
{
    static const struct {
        int64_t wait_ns; /* before the acknowledgement, and before the ping after it */
        const char *lines;
    } cases[] = {{1000, ""}, {TW_NS_PER_S, "PUBLISH packet-id-in-use\n"}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct lab lab;
        begin(&lab, V311);
        lab_send(&lab, UP, 0x32, "s'a' 0001 'x'");
        lab_send(&lab, UP, 0x32, "s'a' 0001 'y'");
        lab.when.ts_ns += cases[i].wait_ns;
        lab_send(&lab, DOWN, 0x40, "0001");
        lab.when.ts_ns += TW_NS_PER_S;
        lab_send(&lab, UP, 0xC0, "");
        lab_end(&lab, TW_END_INPUT);
        assert_string_equal(lab_text(&lab), cases[i].lines);
        lab_free(&lab);
    }
}

static void one_segment_uses_an_identifier_twice(void **state)
{
    uint8_t bytes[64];
    struct lab lab;
    (void)state;
    begin(&lab, V311);
    size_t n = lab_packet(0x32, "s'a' 0001 'x'", bytes);
    n += lab_packet(0x32, "s'a' 0001 'y'", bytes + n);
    lab_bytes(&lab, UP, bytes, n);
    assert_string_equal(lab_text(&lab), "PUBLISH packet-id-in-use\n");
    tw_text_clear(&lab.lines);
    n = lab_packet(0x82, "0002 s'a' 00", bytes);
    n += lab_packet(0x32, "s'a' 0002 'y'", bytes + n);
    lab_bytes(&lab, UP, bytes, n);
    assert_string_equal(lab_text(&lab), "PUBLISH packet-id-in-use\n");
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

/* The server takes two messages at a time. */
static void more_underway_than_are_taken(void **state)
{
    static const struct {
        unsigned n, acknowledged;
        bool in_one, later;
        const char *lines;
    } cases[] = {
        {2, 0, true, true, ""},
        {3, 0, true, false, "PUBLISH receive-maximum-exceeded\n"},
        {5, 0, true, false, "PUBLISH receive-maximum-exceeded\n"},
        {3, 1, false, true, ""},
        {3, 0, false, true, "PUBLISH receive-maximum-exceeded\n"},
        {3, 0, false, false, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lab lab;
        uint8_t bytes[256];
        size_t len = 0;
        begin(&lab, V5_POOR);
        for (unsigned k = 0; k < cases[i].n; k++) {
            char body[32];
            snprintf(body, sizeof(body), "s'a' %04x 00 'x'", k + 1);
            len += lab_packet(0x32, body, bytes + len);
            if (!cases[i].in_one) {
                lab_bytes(&lab, UP, bytes, len);
                len = 0;
            }
        }
        if (cases[i].in_one)
            lab_bytes(&lab, UP, bytes, len);
        if (cases[i].acknowledged > 0)
            lab_send(&lab, DOWN, 0x40, "0001");
        if (cases[i].later) {
            lab.when.ts_ns += TW_NS_PER_S;
            lab_send(&lab, UP, 0xC0, "");
        }
        lab_end(&lab, TW_END_INPUT);
        assert_string_equal(lab_text(&lab), cases[i].lines);
        lab_free(&lab);
    }
}

/* One and a half times the Keep Alive, here of 16 s that the server sets, and a second. */
static void silence_that_lasts_too_long(void **state)
{
    static const struct {
        int64_t seconds;
        const char *lines;
    } cases[] = {{25, ""}, {26, "PINGREQ keep-alive-exceeded\n"}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct lab lab;
        begin(&lab, FRESH);
        lab_send(&lab, UP, 0x10, "s'MQTT' 05 02 FFFF 00 s'x'");
        lab_send(&lab, DOWN, 0x20, "00 00 03 13 0010");
        lab.when.ts_ns += cases[i].seconds * TW_NS_PER_S - 2000;
        lab_send(&lab, UP, 0xC0, "");
        lab_send(&lab, UP, 0xC0, "");
        lab_end(&lab, TW_END_INPUT);
        assert_string_equal(lab_text(&lab), cases[i].lines);
        lab_free(&lab);
    }
}

/* Is this name wanted by any test of this file? */
static bool is_tested(const char *name)
{
    static const char *const elsewhere[] = {"proxy-header", "truncated-packet",
        "packet-after-disconnect", "ack-count", "receive-maximum-exceeded", "keep-alive-exceeded"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].detail != NULL && strcmp(rows[i].detail, name) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
        const char *at = strchr(exchanges[i].lines, ' ');
        size_t len = strlen(name);
        if (at != NULL && strncmp(at + 1, name, len) == 0 && at[1 + len] == '\n')
            return true;
    }
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
        if (strcmp(elsewhere[i], name) == 0)
            return true;
    }
    return false;
}

static void no_name_goes_untested(void **state)
{
    (void)state;
    for (unsigned a = TW_MQTT_FINE + 1; a < TW_MQTT_ANOMALIES; a++) {
        const char *name = tw_mqtt_anomaly_name((enum tw_mqtt_anomaly)a);
        if (!is_tested(name) && strcmp(name, "bad-remaining-length") != 0)
            fail_msg("no test names %s", name);
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
        cmocka_unit_test(names_what_is_wrong_between_packets),
        cmocka_unit_test(waits_for_what_the_other_side_says),
        cmocka_unit_test(one_segment_uses_an_identifier_twice),
        cmocka_unit_test(more_underway_than_are_taken),
        cmocka_unit_test(silence_that_lasts_too_long),
        cmocka_unit_test(no_name_goes_untested),
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
