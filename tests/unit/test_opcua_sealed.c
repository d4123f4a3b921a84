#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/timefmt.h"
#include "opcua_wire.h"
#include "protocol/opcua/service.h"

/* Messages that can not be read: which answer is whose, where that can be said, and what is said
 * where it can not. */

static struct wire w;

static void count(struct tw_text *out, const struct tw_opcua_info *info, const char *name)
{
    for (uint32_t i = 0; info->details != NULL && i < info->details->n; i++) {
        const struct tw_value *item = &info->details->items[i];
        if (!tw_str_is(item->name, name))
            continue;
        tw_text_addf(out, " %s=", name);
        talk_value(out, item);
    }
}

/* What cannot be read in the words of a row; anything else as the other tests have it. */
static void note(void *user, const struct tw_event *e)
{
    static const char *const counts[] = {
        "request_bytes", "response_bytes", "response_ms", "waiting_requests"};
    struct talk *t = user;
    if (e->action != TW_ACTION_UNKNOWN) {
        talk_event(t, e);
        return;
    }
    assert_true(e->encrypted && e->has_encrypted && e->object_null && e->status.is_null);
    assert_true(e->opcua->service_null && e->opcua->service.p == NULL);
    assert_int_equal(e->value.kind, TW_VALUE_NONE);
    tw_text_addf(&t->said, "%llu", (unsigned long long)e->packet);
    if (e->request_packet != 0)
        tw_text_addf(&t->said, "<%llu", (unsigned long long)e->request_packet);
    if (e->src.port == 4840)
        tw_text_addz(&t->said, " server");
    if (e->opcua->channel_id != 7)
        tw_text_addf(&t->said, " channel=%u", e->opcua->channel_id);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        count(&t->said, e->opcua, counts[i]);
    if (e->opcua->chunks > 1)
        tw_text_addf(&t->said, " chunks=%u", e->opcua->chunks);
    tw_text_addz(&t->said, "\n");
}

static void handshake(struct talk *t, uint32_t channel)
{
    static struct wire certificate;
    certificate.n = 0;
    w_raw(&certificate, "\x30\x82\0\4abcd", 8);
    for (unsigned dir = 0; dir < 2; dir++) {
        w_open(&w, dir == 0 ? 0 : channel, "Basic256Sha256", &certificate);
        for (unsigned i = 0; i < 256; i++)
            w_u8(&w, (i * 167 + 13) & 0xff);
        talk_frame(t, dir, "OPNF", &w);
    }
}

static void start(struct talk *t)
{
    talk_open(t, false);
    talk_hello(t);
    handshake(t, 7);
    tw_text_clear(&t->said);
    t->env.emit = (struct tw_emit){note, t};
}

static void finish(struct talk *t)
{
    assert_true(talk_close(t, TW_END_CLOSED));
    tw_text_free(&t->said);
}

/* A chunk of `size` bytes, header included, that looks like nothing. */
static void send_noise(struct talk *t, unsigned dir, const char *type, unsigned size)
{
    static uint32_t x = 1;
    w.n = 0;
    w_u32(&w, t->channel);
    w_u32(&w, t->token);
    while (w.n + 8 < size) {
        x = x * 1664525 + 1013904223;
        w_u8(&w, x >> 24);
    }
    talk_frame(t, dir, type, &w);
}

/* Each row is a talk: in capitals what the client sends, in small letters what the server does. */
static void send_all(struct talk *t, const char *script)
{
    for (const char *p = script; *p != '\0'; p++) {
        const unsigned dir = *p >= 'a';
        const char type[5] = {'M', 'S', 'G', (char)(*p & ~0x20), 0};
        send_noise(t, dir, type, 96 + 16 * (unsigned)(p - script));
    }
}

static void pairs_are_told_where_they_are_certain(void **state)
{
    static const struct {
        const char *script, *said;
    } rows[] = {
        {"FfFf", "6<5 request_bytes=96 response_bytes=112 response_ms=1 waiting_requests=1\n"
                 "8<7 request_bytes=128 response_bytes=144 response_ms=1 waiting_requests=1\n"},
        /* In chunks: their sum, the time of the last. */
        {"CCFcf", "9<7 request_bytes=336 response_bytes=304 response_ms=2 waiting_requests=1 "
                  "chunks=2\n"},
        /* Two wait, either may be the one that is answered; then the slate is clean. */
        {"FFffFf", "6<5 request_bytes=96 waiting_requests=1\n"
                   "6<6 request_bytes=112 waiting_requests=2\n"
                   "7 response_bytes=128 waiting_requests=2\n"
                   "8 response_bytes=144 waiting_requests=1\n"
                   "10<9 request_bytes=160 response_bytes=176 response_ms=1 waiting_requests=1\n"},
        /* The one that is left over is not known to be the first or the second. */
        {"FFfFf", "6<5 request_bytes=96 waiting_requests=1\n"
                  "6<6 request_bytes=112 waiting_requests=2\n"
                  "7 response_bytes=128 waiting_requests=2\n"
                  "8<8 request_bytes=144 waiting_requests=2\n"
                  "9 response_bytes=160 waiting_requests=2\n"},
        /* The server gives up its answer; the client its request, which nobody answers. */
        {"FcaFf", "7<5 request_bytes=96 response_bytes=240 response_ms=2 waiting_requests=1 "
                  "chunks=2\n"
                  "9<8 request_bytes=144 response_bytes=160 response_ms=1 waiting_requests=1\n"},
        {"CAFf", "8<7 request_bytes=128 response_bytes=144 response_ms=1 waiting_requests=1\n"},
        /* Directions that were captured in another order. */
        {"fFFf", "5 response_bytes=96\n6<6 request_bytes=112\n"
                 "8<7 request_bytes=128 response_bytes=144 response_ms=1 waiting_requests=1\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        start(&t);
        send_all(&t, rows[i].script);
        assert_string_equal(talk_said(&t), rows[i].said);
        assert_int_equal(t.counters.malformed, 0);
        finish(&t);
    }
}

static void what_is_never_answered_is_told(void **state)
{
    struct talk t;
    (void)state;
    /* When the connection ends. */
    start(&t);
    send_all(&t, "F");
    assert_string_equal(talk_said(&t), "");
    assert_true(talk_close(&t, TW_END_CLOSED));
    assert_string_equal(talk_said(&t), "5<5 request_bytes=96 waiting_requests=1\n");
    tw_text_free(&t.said);
    /* When it waited too long; it may still be answered, so its answer is nobody's for certain. */
    start(&t);
    send_all(&t, "F");
    t.when.ts_ns += 3600 * TW_NS_PER_S;
    assert_true(tw_opcua.next_deadline(t.state) <= t.when.ts_ns);
    tw_opcua.tick(t.state, &t.env, &t.conn, &t.when);
    assert_int_equal(tw_opcua.next_deadline(t.state), INT64_MAX);
    assert_string_equal(talk_said(&t), "5<5 request_bytes=96 waiting_requests=1\n");
    tw_text_clear(&t.said);
    send_all(&t, "fFf");
    assert_string_equal(talk_said(&t),
        "6 response_bytes=96 waiting_requests=1\n"
        "8<7 request_bytes=112 response_bytes=128 response_ms=1 waiting_requests=1\n");
    finish(&t);
}

static void after_a_hole_nothing_is_certain(void **state)
{
    (void)state;
    for (unsigned dir = 0; dir < 2; dir++) {
        struct talk t;
        start(&t);
        send_all(&t, "FfF");
        tw_text_clear(&t.said);
        tw_opcua.gap(t.state, &t.env, &t.conn, dir, 100, &t.when);
        send_all(&t, "fFf");
        assert_string_equal(talk_said(&t), "8 response_bytes=96\n"
                                           "9<7 request_bytes=128 waiting_requests=1\n"
                                           "9<9 request_bytes=112\n"
                                           "10 response_bytes=128\n");
        finish(&t);
    }
}

/* Each channel has requests of its own. */
static void channels_do_not_mix(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    handshake(&t, 8);
    tw_text_clear(&t.said);
    send_all(&t, "F");
    t.channel = 8;
    send_all(&t, "F");
    t.channel = 7;
    send_all(&t, "f");
    t.channel = 8;
    send_all(&t, "f");
    assert_string_equal(talk_said(&t),
        "9<7 request_bytes=96 response_bytes=96 response_ms=2 waiting_requests=1\n"
        "10<8 channel=8 request_bytes=96 response_bytes=96 response_ms=2 waiting_requests=1\n");
    finish(&t);
}

/* A channel whose beginning was not seen: what came before it was found to be encrypted is told
 * then, none is lost. Who asks is taken from the ports until something tells. */
static void the_middle_of_a_channel(void **state)
{
    (void)state;
    for (unsigned swapped = 0; swapped < 2; swapped++) {
        struct talk t;
        talk_open(&t, true);
        if (swapped) {
            t.conn.side[0].port = 4840;
            t.conn.side[1].port = 40000;
        }
        t.env.emit = (struct tw_emit){note, &t};
        send_all(&t, swapped ? "fF" : "Ff");
        assert_string_equal(talk_said(&t), "");
        send_all(&t, swapped ? "fF" : "Ff");
        assert_string_equal(talk_said(&t), "3<1 request_bytes=96\n"
                                           "3 response_bytes=112\n"
                                           "3<3 request_bytes=96\n"
                                           "4 response_bytes=112\n");
        assert_int_equal(t.counters.messages[TW_PROTO_OPCUA][TW_OPCUA_COUNT_SEALED], 4);
        assert_int_equal(t.counters.malformed, 0);
        finish(&t);
    }
}

/* What the receiver takes binds here, too: chunks are counted, and bodies are no shorter than what
 * is left when all that may stand around them is taken away. */
static void limits_of_the_receiver(void **state)
{
    enum { AROUND = 24 + 16 + 32 };
    static const struct {
        uint32_t message, chunks;
        const char *script;
        unsigned size;
        const char *said;
    } rows[] = {
        {0, 3, "CCF", 500, ""},
        {0, 3, "CCCCF", 500, "8 malformed chunk-limit\n"},
        {3000, 0, "CCF", 1000 + AROUND, ""},
        {2999, 0, "CCF", 1000 + AROUND, "7 malformed message-limit\n"},
        {999, 0, "FF", 1000 + AROUND, "5 malformed message-limit\n6 malformed message-limit\n"},
        {0, 3, "cccc", 500, "8 server malformed chunk-limit\n"},
        {999, 0, "f", 1000 + AROUND, "5 server malformed message-limit\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        struct tw_text said = {0};
        talk_open(&t, false);
        for (unsigned dir = 0; dir < 2; dir++) {
            w_hello(&w, 65536, dir == 0 ? "opc.tcp://plc:4840" : NULL);
            size_t end = w.n;
            w.n = 12;
            w_u32(&w, rows[i].message);
            w_u32(&w, rows[i].chunks);
            w.n = end;
            talk_frame(&t, dir, dir == 0 ? "HELF" : "ACKF", &w);
        }
        handshake(&t, 7);
        tw_text_clear(&t.said);
        for (const char *p = rows[i].script; *p != '\0'; p++) {
            const char type[5] = {'M', 'S', 'G', (char)(*p & ~0x20), 0};
            send_noise(&t, *p >= 'a', type, rows[i].size);
        }
        /* All but the requests and answers themselves. */
        for (const char *p = talk_said(&t); *p != '\0'; p = strchr(p, '\n') + 1) {
            const struct tw_str line = {p, (size_t)(strchr(p, '\n') - p) + 1};
            if (memmem(line.p, line.len, "malformed", 9) != NULL)
                tw_text_add_str(&said, line);
        }
        tw_text_add(&said, "", 1);
        assert_string_equal(said.p, rows[i].said);
        tw_text_free(&said);
        finish(&t);
    }
}

/* A client that sends chunks without end. */
static void floods_of_chunks(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    for (unsigned i = 0; i < 300; i++)
        send_noise(&t, 0, "MSGC", 8192);
    assert_string_equal(talk_said(&t), "69 malformed chunk-limit\n");
    assert_true(tw_pool_stats(t.env.pool).in_use_bytes < 20000);
    finish(&t);
}

/* A CloseSecureChannel is one chunk: where it can not be read, the channel is encrypted. */
static void the_end_of_a_channel(void **state)
{
    struct talk t;
    (void)state;
    talk_open(&t, true);
    t.env.emit = (struct tw_emit){note, &t};
    send_all(&t, "F");
    send_noise(&t, 0, "CLOF", 120);
    assert_string_equal(talk_said(&t), "2<1 request_bytes=96\n"
                                       "2 disconnect CloseSecureChannel Good encrypted\n");
    assert_int_equal(t.counters.messages[TW_PROTO_OPCUA][TW_OPCUA_COUNT_SEALED], 2);
    finish(&t);
}

/* Ends of messages whose beginnings were not seen look encrypted, too. */
static void the_middle_of_a_readable_message(void **state)
{
    static const char *const nodes[] = {"Temp"};
    struct talk t;
    (void)state;
    talk_open(&t, true);
    t.env.emit = (struct tw_emit){note, &t};
    static const uint8_t values[4000] = {0xff};
    talk_chunk(&t, 1, "MSGC", 2, values, sizeof(values));
    talk_chunk(&t, 1, "MSGF", 2, values, 300);
    w_read(&w, 3, nodes, 1);
    talk_message(&t, 0, 3, &w);
    w_response(&w, 634, 3, 0);
    w_u32(&w, 1);
    w_double(&w, 1.5);
    w_u32(&w, 0);
    talk_message(&t, 1, 3, &w);
    assert_string_equal(talk_said(&t), "4<3 read Read [ns=2;s=Temp] 1.5 Double Good\n");
    assert_int_equal(t.counters.messages[TW_PROTO_OPCUA][TW_OPCUA_COUNT_SEALED], 0);
    finish(&t);
}

static struct tw_text json;

static void write_json(void *user, const struct tw_event *e)
{
    (void)user;
    tw_event_json(&json, e);
}

static void they_are_printed_as_not_known(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    t.env.emit = (struct tw_emit){write_json, NULL};
    send_all(&t, "Ff");
    const char *action = strstr(json.p, "\"action\":");
    const char *object = strstr(json.p, "\"object\":");
    assert_true(action != NULL && object != NULL);
    assert_memory_equal(action, "\"action\":null,", 14);
    tw_text_add(&json, "", 1);
    assert_string_equal(object,
        "\"object\":null,\"status\":null,\"encrypted\":true,\"opcua\":{\"service\":null,"
        "\"channel\":7,"
        "\"security_policy\":\"Basic256Sha256\",\"security_mode\":\"SignAndEncrypt\","
        "\"request_bytes\":96,\"response_bytes\":112,\"response_ms\":1,\"waiting_requests\":1}}\n");
    tw_text_free(&json);
    finish(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_told_where_they_are_certain),
        cmocka_unit_test(what_is_never_answered_is_told),
        cmocka_unit_test(after_a_hole_nothing_is_certain),
        cmocka_unit_test(channels_do_not_mix),
        cmocka_unit_test(the_middle_of_a_channel),
        cmocka_unit_test(limits_of_the_receiver),
        cmocka_unit_test(floods_of_chunks),
        cmocka_unit_test(the_end_of_a_channel),
        cmocka_unit_test(the_middle_of_a_readable_message),
        cmocka_unit_test(they_are_printed_as_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
