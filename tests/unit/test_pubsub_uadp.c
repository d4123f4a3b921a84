#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"
#include "pubsub_wire.h"
#include "protocol/pubsub/pubsub.h"
#include "protocol/pubsub/report.h"

/* Datagrams put together field by field, and what is said of them. */

struct bench {
    struct tw_proto_env env;
    struct tw_proto_counters counters;
    struct tw_text log;
};

static void log_event(void *user, const struct tw_event *e)
{
    pubsub_log(&((struct bench *)user)->log, e);
}

static void feed(struct bench *b, struct tw_cur bytes)
{
    static const struct tw_conn conn = {.side = {{.port = 50000}, {.port = 4840}}};
    const struct tw_when when = {.ts_ns = W_TIME_NS, .packet = 1};
    b->env.emit = (struct tw_emit){log_event, b};
    b->env.counters = &b->counters;
    b->env.next_serial = 1;
    tw_pubsub.data(NULL, &b->env, &conn, 0, bytes, &when);
}

/* From a guard page: as it is, and cut off everywhere. A message that was cut is never said whole.
 */
static void expect(const struct wire *w, const char *lines)
{
    struct bench b = {0};
    struct guard g = guard_new();
    feed(&b, tw_cur_of(guard_put(&g, w->b, w->n), w->n));
    tw_text_add(&b.log, "", 1);
    assert_string_equal(b.log.p, lines);
    for (size_t n = 0; n < w->n; n++) {
        tw_text_clear(&b.log);
        feed(&b, tw_cur_of(guard_put(&g, w->b, n), n));
        (void)tw_uadp_judge(tw_cur_of(guard_put(&g, w->b, n), n));
    }
    tw_text_free(&b.log);
    guard_free(&g);
}

static void key_frame(void **state)
{
    struct wire w;
    (void)state;
    w_head(&w, 7, 10);
    w_u8(&w, 0x01);
    w_u16(&w, 2);
    w_variant_f64(&w, 2.5);
    w_u8(&w, TW_UA_STRING);
    w_str(&w, "on");
    expect(&w, "publish 7//10 (data keyframe variant)\n"
               "publish 7//10 [0] = 2.5 Double Good\n"
               "publish 7//10 [1] = \"on\" String Good\n");
}

static void every_header(void **state)
{
    struct wire w = {.n = 0};
    (void)state;
    w_u8(&w, 0xf1);     /* publisher, group, payload header, extended */
    w_u8(&w, 0xec);     /* String, class id, timestamp, picoseconds, extended 2 */
    w_u8(&w, 0x02);     /* promoted fields */
    w_str(&w, "press"); /* PublisherId */
    for (unsigned i = 0; i < 16; i++)
        w_u8(&w, i);
    w_u8(&w, 0x0f); /* the group's flags */
    w_u16(&w, 3);
    w_u32(&w, 99);
    w_u16(&w, 4);
    w_u16(&w, 500);
    w_u8(&w, 2); /* writers */
    w_u16(&w, 10);
    w_u16(&w, 11);
    w_time(&w);
    w_u16(&w, 1);
    w_u16(&w, 2); /* promoted: 2 bytes */
    w_u8(&w, TW_UA_BYTE);
    w_u8(&w, 9);
    struct wire one = {.n = 0}, two = {.n = 0};
    w_u8(&one, 0xf9); /* all flags, Variant */
    w_u8(&one, 0x31); /* delta, timestamp, picoseconds */
    w_u16(&one, 65535);
    w_le(&one, (uint64_t)W_TIME + 10000, 8);
    w_u16(&one, 5);
    w_u16(&one, 0x40a4); /* the upper half of a status */
    w_u32(&one, 6);
    w_u32(&one, 17);
    w_u16(&one, 1);
    w_u16(&one, 4); /* field 4 */
    w_variant_f64(&one, -1);
    w_u8(&two, 0x89); /* sequence, more flags */
    w_u8(&two, 0x03); /* keep-alive */
    w_u16(&two, 8);
    w_u16(&w, (unsigned)one.n);
    w_u16(&w, (unsigned)two.n);
    w_raw(&w, one.b, one.n);
    w_raw(&w, two.b, two.n);
    expect(&w,
        "publish press/3/10 UncertainDataSubNormal (data deltaframe variant seq 65535 group 500 "
        "number 4 version 6.17 at 1000000)\n"
        "publish press/3/10 [4] = -1 Double Good\n"
        "publish press/3/11 (data keepalive seq 8 group 500 number 4 at 0)\n");
}

static void every_publisher_id(void **state)
{
    static const struct {
        unsigned type, bytes;
        const char *object;
    } rows[] = {{0, 1, "200//10"}, {1, 2, "51400//10"}, {2, 4, "3368601800//10"},
        {3, 8, "14468034567615334600//10"}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wire w = {.n = 0};
        char lines[200];
        w_u8(&w, 0xd1);
        w_u8(&w, rows[i].type);
        w_le(&w, 0xc8c8c8c8c8c8c8c8u, rows[i].bytes);
        w_u8(&w, 1);
        w_u16(&w, 10);
        w_u8(&w, 0x01);
        w_u16(&w, 0);
        snprintf(lines, sizeof(lines), "publish %s (data keyframe variant)\n", rows[i].object);
        expect(&w, lines);
    }
}

static void data_values(void **state)
{
    struct wire w;
    (void)state;
    w_head(&w, 7, 10);
    w_u8(&w, 0x05);
    w_u16(&w, 3);
    w_u8(&w, 0x01); /* a value alone */
    w_variant_f64(&w, 1);
    w_u8(&w, 0x03); /* a value that is no good */
    w_variant_f64(&w, 2);
    w_u32(&w, 0x80000000u);
    w_u8(&w, 0x00); /* nothing at all */
    expect(&w, "publish 7//10 (data keyframe datavalue)\n"
               "publish 7//10 [0] = 1 Double Good\n"
               "publish 7//10 [1] Bad\n"
               "publish 7//10 [2] = null Good\n");
}

static void raw_fields_are_opaque(void **state)
{
    struct wire w;
    (void)state;
    w_head(&w, 7, 10);
    w_u8(&w, 0x03);
    w_f64(&w, 1);
    expect(&w, "publish 7//10 truncated (data keyframe raw bytes 8)\n");
}

static void signed_and_encrypted(void **state)
{
    struct wire w;
    (void)state;
    for (unsigned flags = 1; flags <= 3; flags += 2) {
        w.n = 0;
        w_u8(&w, 0xd1);
        w_u8(&w, 0x10);
        w_u8(&w, 7);
        w_u8(&w, 1);
        w_u16(&w, 10);
        w_u8(&w, flags);
        w_u32(&w, 1);
        w_u8(&w, 8);
        w_le(&w, 5, 8);
        w_u8(&w, 0x01);
        w_u16(&w, 1);
        w_variant_f64(&w, 3);
        for (int i = 0; i < TW_UADP_SIGNATURE; i++)
            w_u8(&w, 0xee);
        expect(&w, flags == 1 ? "publish 7//10 (data keyframe variant signed)\n"
                                "publish 7//10 [0] = 3 Double Good\n"
                              : "publish 7//10 encrypted (data encrypted bytes 12)\n");
    }
}

static void a_chunk(void **state)
{
    struct wire w = {.n = 0};
    (void)state;
    w_u8(&w, 0xd1);
    w_u8(&w, 0x80);
    w_u8(&w, 0x01);
    w_u8(&w, 7);
    w_u16(&w, 10);
    w_u16(&w, 1);
    w_u32(&w, 100);
    w_u32(&w, 1000);
    w_str(&w, "part");
    expect(&w, "publish 7//10 truncated (data seq 1 chunk 100/1000 bytes 4)\n");
    w.b[w.n - 8 - 4] = 99; /* 1000 becomes less than where the part ends */
    w.b[w.n - 8 - 3] = 0;
    expect(&w, "malformed 7 bad-chunk\n");
}

static void metadata(void **state)
{
    static const struct w_field fields[] = {{"Temp", TW_UA_DOUBLE, TW_UA_DOUBLE, 0, -1, {0}, 0},
        {"Level", TW_UA_DOUBLE, TW_UA_DOUBLE, 0, -1, {0}, 0}};
    struct wire w = {.n = 0};
    (void)state;
    w_u8(&w, 0x91);
    w_u8(&w, 0x80);
    w_u8(&w, 0x08); /* an announcement */
    w_u8(&w, 7);
    w_u8(&w, 2); /* of metadata */
    w_u16(&w, 31);
    w_u16(&w, 10);
    for (int i = 0; i < 4; i++)
        w_u32(&w, UINT32_MAX); /* namespaces, structures, enumerations, simple types */
    w_str(&w, "Boiler");
    w_u8(&w, 0);
    w_u32(&w, 2);
    for (size_t i = 0; i < 2; i++)
        w_field_metadata(&w, &fields[i]);
    for (unsigned i = 0; i < 16; i++)
        w_u8(&w, 0);
    w_u32(&w, 3);
    w_u32(&w, 4);
    w_u32(&w, 0);
    expect(&w, "publish 7//10 Good (metadata group 31 version 3.4 'Temp' 'Level')\n");
}

/* [UA14 7.2.4.5.5]; and one that is to be ignored. */
static void messages_without_fields(void **state)
{
    struct wire w;
    (void)state;
    w_head(&w, 7, 10);
    w_u8(&w, 0x09);
    w_u16(&w, 17);
    expect(&w, "publish 7//10 (data keyframe variant seq 17)\n");
    w_head(&w, 7, 10);
    w_u8(&w, 0x00);
    expect(&w, "publish 7//10 (data invalid)\n");
}

static void what_is_wrong_has_a_name(void **state)
{
    static const struct {
        uint8_t bytes[12];
        size_t n;
        const char *lines;
    } rows[] = {
        {{0x52, 7}, 2, "malformed bad-uadp-version\n"},
        {{0xd1, 0x05, 7}, 3, "malformed bad-publisher-id-type\n"},
        {{0xd1, 0x80, 0x0c, 7}, 4, "malformed bad-network-message-type\n"},
        {{0xd1, 0x80, 0x40, 7}, 4, "malformed reserved-flags\n"},
        {{0x51, 7, 0}, 3, "malformed 7 empty-payload-header\n"},
        {{0x51, 7, 1, 10}, 4, "malformed 7 truncated-message\n"},
        {{0x51, 7, 1, 10, 0, 0x07, 0, 0}, 8, "malformed 7//10 bad-field-encoding\n"},
        {{0x51, 7, 1, 10, 0, 0x81, 0x06, 0}, 8, "malformed 7//10 bad-dataset-message-type\n"},
        {{0x51, 7, 2, 10, 0, 11, 0, 9, 0, 9, 0, 1}, 12, "malformed 7 bad-message-sizes\n"},
        {{0xd1, 0x10, 7, 1, 10, 0, 0x10}, 7, "malformed 7 bad-security-header\n"},
        {{0x51, 7, 1, 10, 0, 0x01, 1, 0, 0x20}, 9,
            "publish 7//10 (data keyframe variant)\nmalformed 7//10 decode-error\n"},
        {{0x51, 7, 1, 10, 0, 0x01, 0, 0, 5}, 9,
            "publish 7//10 (data keyframe variant)\nmalformed 7//10 trailing-bytes\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wire w = {.n = 0};
        w_raw(&w, rows[i].bytes, rows[i].n);
        expect(&w, rows[i].lines);
    }
}

/* Fields that take a byte each: as many events as any message may give. */
static void more_fields_than_are_told(void **state)
{
    static const unsigned rows[] = {TW_MAX_LEAVES, TW_MAX_LEAVES + 1, 60000};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench b = {.counters = {.malformed = 0}};
        struct wire w;
        w_head(&w, 7, 10);
        w_u8(&w, 0x01);
        w_u16(&w, rows[i]);
        for (unsigned n = 0; n < rows[i]; n++)
            w_u8(&w, 0);
        feed(&b, tw_cur_of(w.b, w.n));
        const struct tw_str said = tw_text_str(&b.log);
        unsigned lines = 0;
        for (size_t at = 0; at < said.len; at++)
            lines += said.p[at] == '\n';
        const bool over = rows[i] > TW_MAX_LEAVES;
        assert_int_equal(lines, 1 + TW_MAX_LEAVES + over);
        assert_int_equal(b.counters.malformed, over);
        tw_text_add(&b.log, "", 1);
        assert_int_equal(strstr(b.log.p, "malformed 7//10 field-limit\n") != NULL, over);
        tw_text_free(&b.log);
    }
}

static enum tw_probe ask(const void *bytes, size_t n, unsigned port, bool multicast)
{
    const struct tw_datagram d = {
        .bytes = tw_cur_of(bytes, n), .ports = {50000, (uint16_t)port}, .is_multicast = multicast};
    return tw_pubsub.probe(&d);
}

/* Port or group, and a message that is one to its last byte; nothing of others. */
static void only_uadp_is_claimed(void **state)
{
    static const uint8_t dns[] = {
        0x51, 0x10, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'p', 'l', 'c', 0, 0, 1, 0, 1};
    static const uint8_t coap[] = {0x51, 0x01, 0x12, 0x34, 0xb4, 't', 'e', 'm', 'p'};
    struct wire w;
    (void)state;
    w_head(&w, 7, 10);
    w_u8(&w, 0x01);
    w_u16(&w, 1);
    w_variant_f64(&w, 2.5);
    assert_int_equal(TW_PROBE_YES, ask(w.b, w.n, 4840, false));
    assert_int_equal(TW_PROBE_YES, ask(w.b, w.n, 9000, true));
    assert_int_equal(TW_PROBE_WEAK, ask(w.b, w.n, 9000, false));
    assert_int_equal(TW_PROBE_NO, ask(w.b, w.n - 1, 9000, false));
    w_u8(&w, 1);
    assert_int_equal(TW_PROBE_NO, ask(w.b, w.n, 9000, false));
    assert_int_equal(TW_PROBE_NO, ask(dns, sizeof(dns), 53, false));
    assert_int_equal(TW_PROBE_NO, ask(coap, sizeof(coap), 5683, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_frame),
        cmocka_unit_test(every_header),
        cmocka_unit_test(every_publisher_id),
        cmocka_unit_test(data_values),
        cmocka_unit_test(raw_fields_are_opaque),
        cmocka_unit_test(signed_and_encrypted),
        cmocka_unit_test(a_chunk),
        cmocka_unit_test(metadata),
        cmocka_unit_test(messages_without_fields),
        cmocka_unit_test(what_is_wrong_has_a_name),
        cmocka_unit_test(more_fields_than_are_told),
        cmocka_unit_test(only_uadp_is_claimed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
