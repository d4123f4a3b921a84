/* permessage-deflate: what both sides may agree on, messages in pieces, holes, bombs. */
#include <zlib.h>

#include "ws_lab.h"

#define OFFER "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"

static const char *const deflate_get = WS_GET(OFFER);

struct agreement {
    const char *answer;
    int bits;      /* of the compressor */
    bool takeover; /* the compressor's window lives on from message to message */
};

static const struct agreement agreements[] = {
    {WS_101("Sec-WebSocket-Extensions: permessage-deflate\r\n"), 15, true},
    {WS_101("Sec-WebSocket-Extensions: foo, permessage-deflate; client_no_context_takeover; "
            "server_no_context_takeover\r\n"),
        15, false},
    {WS_101("sec-websocket-extensions: PERMESSAGE-DEFLATE; server_max_window_bits=\"9\"; "
            "client_max_window_bits=9\r\n"),
        9, true},
    {WS_101("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=8\r\n"), 9, true},
};

static void compressor(z_stream *z, int bits)
{
    *z = (z_stream){0};
    assert_int_equal(deflateInit2(z, 9, Z_DEFLATED, -bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
}

/* A message as it is sent: without the four bytes that end it. */
static size_t deflated(z_stream *z, const void *p, size_t len, uint8_t *out, size_t size)
{
    z->next_in = (Bytef *)(uintptr_t)p;
    z->avail_in = (uInt)len;
    z->next_out = out;
    z->avail_out = (uInt)size;
    assert_int_equal(deflate(z, Z_SYNC_FLUSH), Z_OK);
    size_t n = size - z->avail_out;
    assert_memory_equal(out + n - 4, "\0\0\xff\xff", 4);
    return n - 4;
}

/* One MQTT packet as a compressed message of `pieces` frames. */
static void send_deflated(
    struct lab *lab, z_stream *z, unsigned dir, uint8_t first, const char *spec, size_t pieces)
{
    uint8_t packet[4096], bytes[4096];
    size_t n = lab_packet(first, spec, packet);
    n = deflated(z, packet, n, bytes, sizeof(bytes));
    for (size_t i = 0, at = 0; i < pieces; i++) {
        size_t take = i + 1 < pieces ? n / pieces : n - at;
        unsigned head = (i == 0 ? WS_BIN_MORE | WS_RSV1 : WS_MORE) | (i + 1 == pieces ? 0x80 : 0);
        ws_send_frame(lab, dir, head, bytes + at, take);
        at += take;
    }
}

#define TELEGRAM "s'plant/line1/quality' '{\"confidence\":0.31}'"
#define TOLD(n)                                                                                    \
    n ">publish plant/line1/quality q0 json 19\n" n                                                \
      ">publish plant/line1/quality at=/confidence value:0.31 number\n"

static void reads_what_was_agreed_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(agreements) / sizeof(agreements[0]); i++) {
        for (size_t step = 0; step < 4; step++) {
            const struct agreement *a = &agreements[i];
            struct lab lab;
            z_stream z;
            compressor(&z, a->bits);
            ws_begin(&lab, step, deflate_get, a->answer);
            send_deflated(&lab, &z, UP, 0x30, TELEGRAM, 1);
            if (!a->takeover)
                assert_int_equal(deflateReset(&z), Z_OK);
            send_deflated(&lab, &z, UP, 0x30, TELEGRAM, 3);
            ws_send(&lab, UP, 0x30, "s'a' '1'"); /* not compressed, which any message may be */
            ws_send(&lab, DOWN, 0x30, "s'd' '4'");
            assert_string_equal(lab_text(&lab),
                TOLD("5") TOLD("8") "9>publish a value:1 number q0 number 1\n"
                                    "10<deliver d value:4 number q0 number 1\n");
            assert_int_equal(lab.counters.malformed, 0);
            lab_end(&lab, TW_END_INPUT);
            lab_free(&lab);
            deflateEnd(&z);
        }
    }
}

/* A stored block, and one that says it is the last but is not [RFC7692 7.2.3.4]. */
static void reads_unusual_blocks(void **state)
{
    static const uint8_t packet[] = {0x30, 4, 0, 1, 'a', '1'};
    uint8_t stored[32] = {0x00, 6, 0, 0xf9, 0xff};
    struct lab lab;
    (void)state;
    ws_begin(&lab, 0, deflate_get, agreements[0].answer);
    memcpy(stored + 5, packet, sizeof(packet));
    stored[11] = 0; /* an empty stored block, of which four bytes are left out */
    ws_send_frame(&lab, UP, WS_BIN | WS_RSV1, stored, 12);
    stored[0] = 0x01;
    ws_send_frame(&lab, UP, WS_BIN | WS_RSV1, stored, 12);
    assert_string_equal(lab_text(&lab), "5>publish a value:1 number q0 number 1\n"
                                        "6>publish a value:1 number q0 number 1\n");
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

/* With a window that lives on a hole makes the rest unreadable; without, only its message. */
static void a_hole_costs_what_depends_on_it(void **state)
{
    static const char *const expected[] = {
        "7>gap websocket-deflate-lost\n", "7>gap websocket-deflate-lost\n" TOLD("8")};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct lab lab;
        uint8_t packet[128], bytes[128], frame[160];
        z_stream z;
        compressor(&z, 15);
        ws_begin(&lab, 0, deflate_get, agreements[i].answer);
        send_deflated(&lab, &z, UP, 0x30, TELEGRAM, 1);
        assert_string_equal(lab_text(&lab), TOLD("5"));
        tw_text_clear(&lab.lines);
        size_t n = lab_packet(0x30, "s'lost/in/part' 'abcdefghijklmnopqrstuvwxyz'", packet);
        if (i == 1)
            deflateReset(&z);
        n = ws_frame(UP, WS_BIN | WS_RSV1, bytes, deflated(&z, packet, n, bytes, 128), frame);
        lab_bytes(&lab, UP, frame, 10);
        lab.when.packet++;
        lab.proto->gap(lab.state, &lab.env, &lab.conn, UP, 5, &lab.when);
        lab.when.packet--;
        lab_bytes(&lab, UP, frame + 15, n - 15);
        if (i == 1)
            deflateReset(&z);
        send_deflated(&lab, &z, UP, 0x30, TELEGRAM, 1);
        assert_string_equal(lab_text(&lab), expected[i]);
        lab_end(&lab, TW_END_INPUT);
        lab_free(&lab);
        deflateEnd(&z);
    }
}

static void names_bad_data(void **state)
{
    struct lab lab;
    (void)state;
    ws_begin(&lab, 0, deflate_get, agreements[0].answer);
    ws_send_frame(&lab, UP, WS_BIN | WS_RSV1, "\xff\xff\xff\xff", 4);
    ws_send_frame(&lab, UP, WS_BIN | WS_RSV1, "\xff\xff\xff\xff", 4);
    ws_send(&lab, UP, 0x30, "s'a' '1'");
    assert_string_equal(lab_text(&lab), "5>malformed websocket-bad-deflate\n"
                                        "5>gap websocket-deflate-lost\n"
                                        "7>publish a value:1 number q0 number 1\n");
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

/* 64 MiB of nothing in 64 kB: read up to the limit and no further, in little memory. */
static void a_bomb_is_named_and_stopped(void **state)
{
    static const size_t big = (size_t)64 << 20;
    struct lab lab;
    uint8_t *nothing = calloc(1, big), *bytes = malloc(big / 100);
    z_stream z;
    compressor(&z, 15);
    (void)state;
    assert_non_null(nothing);
    assert_non_null(bytes);
    memcpy(nothing, "\x30\xff\xff\xff\x1f\0\1a", 8);
    size_t n = deflated(&z, nothing, big, bytes, big / 100);
    assert_true(n < 70000);
    ws_begin(&lab, 1400, deflate_get, agreements[0].answer);
    ws_send_frame(&lab, UP, WS_BIN | WS_RSV1, bytes, n);
    send_deflated(&lab, &z, UP, 0x30, TELEGRAM, 1);
    assert_string_equal(
        lab_text(&lab), "5>malformed websocket-deflate-bomb\n5>gap websocket-deflate-lost\n");
    assert_true(tw_pool_stats(lab.env.pool).peak_bytes < (size_t)5 << 20);
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
    deflateEnd(&z);
    free(nothing);
    free(bytes);
}

/* Legitimate repetition compresses far better than text: it is no bomb. */
static void repetition_is_no_bomb(void **state)
{
    struct lab lab;
    z_stream z;
    compressor(&z, 15);
    (void)state;
    ws_begin(&lab, 0, deflate_get, agreements[0].answer);
    lab.env.emit = (struct tw_emit){lab_collect, &lab};
    for (unsigned i = 0; i < 60000; i++) {
        tw_text_clear(&lab.lines);
        send_deflated(&lab, &z, UP, 0x30,
            "s'plant/line1/quality' "
            "'{\"confidence\":0.31,\"model\":\"quality-net\",\"model_version\":\"2.3.1\",\"line\":"
            "1,"
            "\"inputs\":[\"camera-1\",\"camera-2\",\"camera-3\"],\"decision\":\"accept\"}'",
            1);
    }
    assert_int_equal(lab.counters.malformed, 0);
    assert_int_equal(lab.counters.messages[TW_PROTO_MQTT][3], 60000);
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
    deflateEnd(&z);
}

/* No room for a window: said, not guessed. */
static void without_memory_it_is_a_gap(void **state)
{
    struct lab lab;
    z_stream z;
    compressor(&z, 15);
    void *all[64];
    size_t n = 0;
    (void)state;
    ws_begin(&lab, 0, deflate_get, agreements[0].answer);
    for (size_t size = (size_t)8 << 20; size >= 64; size /= 2) {
        while (n < 64 && (all[n] = tw_pool_get(lab.env.pool, size, NULL)) != NULL)
            n++;
    }
    send_deflated(&lab, &z, UP, 0x30, TELEGRAM, 1);
    assert_string_equal(lab_text(&lab), "5>gap websocket-deflate-lost\n");
    tw_pool_free(lab.env.pool);
    free(lab.state);
    tw_text_free(&lab.lines);
    deflateEnd(&z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_agreed_on),
        cmocka_unit_test(reads_unusual_blocks),
        cmocka_unit_test(a_hole_costs_what_depends_on_it),
        cmocka_unit_test(names_bad_data),
        cmocka_unit_test(a_bomb_is_named_and_stopped),
        cmocka_unit_test(repetition_is_no_bomb),
        cmocka_unit_test(without_memory_it_is_a_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
