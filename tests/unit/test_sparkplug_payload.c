#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "base/timefmt.h"
#include "event/emit_json.h"
#include "guard.h"
#include "protocol/payload.h"
#include "protocol/sparkplug/payload.h"
#include "protocol/sparkplug/report.h"
#include "sparkplug_wire.h"

/* Messages put together field by field, and what is said of them. */

#define NODE "spBv1.0/g/NDATA/e"
#define AT_MS UINT64_C(1772352000123)
#define AT "2026-03-01T08:00:00.123000Z"

/* "[Temp] = 20.5 Double {"alias":1}" for a metric; its section without what the message says. */
static void log_event(void *user, const struct tw_event *e)
{
    struct tw_text *log = user;
    struct tw_text section = {0};
    const struct tw_sparkplug_info nothing = {.kind = TW_SPARKPLUG_NONE};
    if (e->action == TW_ACTION_MALFORMED)
        tw_text_addf(log, "malformed %.*s", TW_STR_ARG(e->detail));
    if (e->field.p != NULL) {
        tw_text_addf(log, "[%.*s] = ", TW_STR_ARG(e->field));
        tw_value_json(&section, &e->value);
        tw_text_add_str(log, tw_text_str(&section));
        tw_text_clear(&section);
    }
    if (e->type != NULL)
        tw_text_addf(log, " %s", e->type);
    if (e->source_ts_ns != 0)
        tw_text_addf(log, " at %lld", (long long)(e->source_ts_ns / 1000000));
    if (e->truncated)
        tw_text_addz(log, " truncated");
    if (e->sparkplug != NULL && e->action != TW_ACTION_MALFORMED) {
        tw_json_object(&section);
        tw_sparkplug_json(&section, e->metric != NULL ? &nothing : e->sparkplug, e->metric);
        tw_text_add(&section, "", 1);
        const char *from = strchr(section.p + 1, '{');
        if (strcmp(from, "{}") != 0)
            tw_text_addf(log, " %s", from);
    }
    tw_text_free(&section);
    tw_text_addz(log, "\n");
}

static unsigned feed_cut(struct tw_text *log, const char *topic, struct tw_str bytes, bool cut)
{
    const struct tw_emit emit = {log_event, log};
    struct tw_mqtt_info mqtt = {.serial = 1};
    struct tw_payload p;
    tw_payload_read(NULL, tw_str_of(topic), &mqtt, bytes, &p);
    mqtt.payload_format = p.format;
    const struct tw_event message = {.protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_PUBLISH,
        .object = tw_str_of(topic),
        .mqtt = &mqtt,
        .truncated = cut};
    return tw_payload_give(&p, &message, true, NULL, &emit);
}

static unsigned feed(struct tw_text *log, const char *topic, struct tw_str bytes)
{
    return feed_cut(log, topic, bytes, false);
}

/* What is said of a payload; once whole, then of every beginning of it, which may be anything but
 * must stay inside. */
static void assert_said(const char *topic, const struct pb *w, const char *expected)
{
    struct guard g = guard_new();
    struct tw_text log = {0};
    feed(&log, topic, tw_str_bytes(guard_put(&g, w->b, w->n), w->n));
    tw_text_add(&log, "", 1);
    assert_string_equal(log.p, expected);
    for (size_t n = 0; n < w->n; n++) {
        tw_text_clear(&log);
        feed(&log, topic, tw_str_bytes(guard_put(&g, w->b, n), n));
        assert_true(tw_utf8_valid(tw_text_str(&log)));
    }
    tw_text_free(&log);
    guard_free(&g);
}

static void one_metric(const struct pb *metric, const char *expected)
{
    struct pb *w = calloc(1, sizeof(*w));
    char said[4096];
    pb_sub(w, P_METRICS, metric);
    snprintf(said, sizeof(said), " {\"type\":\"NDATA\",\"group\":\"g\",\"edge_node\":\"e\"}\n%s",
        expected);
    assert_said(NODE, w, said);
    free(w);
}

static void topics_are_told_apart(void **state)
{
    static const struct {
        const char *topic, *said; /* "TYPE group edge device host" */
    } rows[] = {
        {"spBv1.0/g/NBIRTH/e", "NBIRTH g e - -"},
        {"spBv1.0/g/NDEATH/e", "NDEATH g e - -"},
        {"spBv1.0/g/NDATA/e", "NDATA g e - -"},
        {"spBv1.0/g/NCMD/e", "NCMD g e - -"},
        {"spBv1.0/g/DBIRTH/e/d", "DBIRTH g e d -"},
        {"spBv1.0/g/DDEATH/e/d", "DDEATH g e d -"},
        {"spBv1.0/g/DDATA/e/d", "DDATA g e d -"},
        {"spBv1.0/g/DCMD/e/d", "DCMD g e d -"},
        {"spBv1.0/STATE/h", "STATE - - - h"},
        {"STATE/h", "STATE - - - h"},
        {"STATE/h/x", "none - - - -"},
        {"STATE/", "none - - - -"},
        {"STATE", "none - - - -"},
        {"spBv1.0", "none - - - -"},
        {"spAv1.0/g/NDATA/e", "none - - - -"},
        {"spBv1.0/STATE/", "bad - - - -"},
        {"spBv1.0/STATE/h/x", "bad - - - -"},
        {"spBv1.0/", "bad - - - -"},
        {"spBv1.0/g", "bad - - - -"},
        {"spBv1.0/g/NDATA", "bad - - - -"},
        {"spBv1.0/g/NDATA/", "bad - - - -"},
        {"spBv1.0//NDATA/e", "bad - - - -"},
        {"spBv1.0/g/NDATA/e/d", "bad - - - -"},
        {"spBv1.0/g/NDATA/e/", "bad - - - -"},
        {"spBv1.0/g/DDATA/e", "bad - - - -"},
        {"spBv1.0/g/DDATA/e/", "bad - - - -"},
        {"spBv1.0/g/DDATA/e/d/x", "bad - - - -"},
        {"spBv1.0/g/ndata/e", "bad - - - -"},
        {"spBv1.0/g/XDATA/e", "bad - - - -"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_sparkplug_place p;
        struct tw_text said = {0};
        tw_sparkplug_place(tw_str_of(rows[i].topic), &p);
        const char *type = tw_sparkplug_kind_name(p.kind);
        tw_text_addz(&said, type != NULL ? type : p.kind == TW_SPARKPLUG_BAD ? "bad" : "none");
        const struct tw_str levels[] = {p.group, p.edge_node, p.device, p.host};
        for (size_t k = 0; k < 4; k++)
            tw_text_addf(&said, " %.*s", TW_STR_ARG(levels[k].p != NULL ? levels[k] : TW_STR("-")));
        tw_text_add(&said, "", 1);
        assert_string_equal(said.p, rows[i].said);
        tw_text_free(&said);
    }
}

static void a_message_says_who_and_when(void **state)
{
    struct pb *w = calloc(1, sizeof(*w)), m = {.n = 0};
    (void)state;
    pb_number(w, P_TIMESTAMP, AT_MS);
    pb_metric(&m, "bdSeq", 8);
    pb_number(&m, M_LONG, 3);
    pb_sub(w, P_METRICS, &m);
    m.n = 0;
    pb_metric(&m, "Temp", 10);
    pb_number(&m, M_ALIAS, 7);
    pb_number(&m, M_TIMESTAMP, AT_MS);
    pb_double(&m, M_DOUBLE, 20.5);
    pb_sub(w, P_METRICS, &m);
    pb_number(w, P_SEQ, 0);
    pb_text(w, P_UUID, "u-1");
    pb_text(w, P_BODY, "abc");
    assert_said("spBv1.0/g/NBIRTH/e", w,
        " {\"type\":\"NBIRTH\",\"group\":\"g\",\"edge_node\":\"e\",\"seq\":0,\"bd_seq\":3,"
        "\"timestamp\":\"" AT "\",\"uuid\":\"u-1\",\"body_bytes\":3}\n"
        "[bdSeq] = 3 UInt64\n[Temp] = 20.5 Double at 1772352000123 {\"alias\":7}\n");
    /* seq 0 and none are not the same; an empty message is one. */
    w->n = 0;
    assert_said("spBv1.0/g/DDATA/e/d", w,
        " {\"type\":\"DDATA\",\"group\":\"g\",\"edge_node\":\"e\",\"device\":\"d\"}\n");
    free(w);
}

static void compressed_metrics_are_not_read(void **state)
{
    struct pb *w = calloc(1, sizeof(*w));
    (void)state;
    pb_text(w, P_UUID, "SPBV1.0_COMPRESSED");
    pb_bytes(w, P_BODY, "\x1f\x8b\x08", 3);
    assert_said(NODE, w,
        " truncated {\"type\":\"NDATA\",\"group\":\"g\",\"edge_node\":\"e\","
        "\"uuid\":\"SPBV1.0_COMPRESSED\",\"body_bytes\":3,\"compressed\":true}\n");
    free(w);
}

/* Numbers ride in unsigned fields, cut or extended as the stack likes. */
static void numbers_have_the_sign_of_their_type(void **state)
{
    static const struct {
        unsigned datatype, field;
        uint64_t v;
        const char *said;
    } rows[] = {
        {1, M_INT, 0xff, "-1 Int8"},
        {1, M_INT, 0xffffffff, "-1 Int8"},
        {1, M_INT, 0x80, "-128 Int8"},
        {1, M_INT, 0x7f, "127 Int8"},
        {2, M_INT, 0xfffe, "-2 Int16"},
        {2, M_INT, 0xfffffffe, "-2 Int16"},
        {3, M_INT, 0xfffffffd, "-3 Int32"},
        {3, M_INT, UINT64_C(0xfffffffffffffffd), "-3 Int32"},
        {3, M_LONG, UINT64_C(0xfffffffffffffffd), "-3 Int32"},
        {3, M_INT, 0x7fffffff, "2147483647 Int32"},
        {4, M_LONG, UINT64_MAX, "-1 Int64"},
        {4, M_LONG, UINT64_C(0x8000000000000000), "-9223372036854775808 Int64"},
        {4, M_INT, 5, "5 Int64"},
        {5, M_INT, 0xff, "255 UInt8"},
        {6, M_INT, 0xffff, "65535 UInt16"},
        {7, M_INT, 0xffffffff, "4294967295 UInt32"},
        {7, M_LONG, 0xffffffff, "4294967295 UInt32"},
        {8, M_LONG, UINT64_MAX, "18446744073709551615 UInt64"},
        {11, M_BOOLEAN, 1, "true Boolean"},
        {11, M_BOOLEAN, 0, "false Boolean"},
        {13, M_LONG, AT_MS, "\"" AT "\" DateTime"},
        {13, M_LONG, 0, "\"1970-01-01T00:00:00.000000Z\" DateTime"},
        /* Without a datatype: as sent. */
        {0, M_INT, 0xff, "255"},
        {0, M_LONG, UINT64_MAX, "18446744073709551615"},
        {0, M_BOOLEAN, 1, "true"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pb m = {.n = 0};
        char said[128];
        pb_metric(&m, "v", rows[i].datatype);
        pb_number(&m, rows[i].field, rows[i].v);
        snprintf(said, sizeof(said), "[v] = %s\n", rows[i].said);
        one_metric(&m, said);
    }
}

static void what_is_none_of_its_type_is_malformed(void **state)
{
    static const struct {
        unsigned datatype, field;
        uint64_t v;
        const char *said;
    } rows[] = {
        {1, M_INT, 0x100, "256\nmalformed bad-value"},
        {1, M_INT, 0x1ff, "511\nmalformed bad-value"},
        {2, M_INT, 0x18000, "98304\nmalformed bad-value"},
        {3, M_LONG, UINT64_C(0x100000000), "4294967296\nmalformed bad-value"},
        {5, M_INT, 256, "256\nmalformed bad-value"},
        {7, M_LONG, UINT64_C(0x100000000), "4294967296\nmalformed bad-value"},
        {10, M_INT, 1, "1\nmalformed bad-value"},
        {11, M_INT, 1, "1\nmalformed bad-value"},
        {12, M_BOOLEAN, 1, "true\nmalformed bad-value"},
        {13, M_LONG, UINT64_MAX, "18446744073709551615\nmalformed bad-value"},
        {22, M_INT, 1, "1\nmalformed bad-value"},
        {35, M_INT, 1, "1\nmalformed bad-datatype"},
        {4000000000u, M_INT, 1, "1\nmalformed bad-datatype"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pb m = {.n = 0};
        char said[128];
        pb_metric(&m, "v", rows[i].datatype);
        pb_number(&m, rows[i].field, rows[i].v);
        snprintf(said, sizeof(said), "[v] = %s\n", rows[i].said);
        one_metric(&m, said);
    }
}

static void floats_and_texts(void **state)
{
    struct pb m = {.n = 0};
    (void)state;
    pb_metric(&m, "v", 9);
    pb_float(&m, M_FLOAT, 20.14f);
    one_metric(&m, "[v] = 20.14 Float\n");
    m.n = 0;
    pb_metric(&m, "v", 10);
    pb_double(&m, M_DOUBLE, -0.0 / 0.0);
    one_metric(&m, "[v] = \"NaN\" Double\n");
    m.n = 0;
    pb_metric(&m, "v", 15);
    pb_text(&m, M_STRING, "a\"b");
    one_metric(&m, "[v] = \"a\\\"b\" UUID\n");
    m.n = 0;
    pb_metric(&m, "v", 17);
    pb_bytes(&m, M_BYTES, "\x01\x02\xff", 3);
    one_metric(&m, "[v] = \"AQL/\" Bytes\n");
    m.n = 0;
    pb_metric(&m, "v", 12);
    pb_text(&m, M_STRING, "");
    one_metric(&m, "[v] = \"\" String\n");
}

static void flags_and_nothing(void **state)
{
    struct pb m = {.n = 0};
    (void)state;
    pb_metric(&m, "v", 3);
    pb_number(&m, M_NULL, 1);
    one_metric(&m, "[v] = null {\"is_null\":true}\n");
    m.n = 0;
    pb_metric(&m, "v", 3);
    pb_number(&m, M_HISTORICAL, 1);
    pb_number(&m, M_TRANSIENT, 1);
    pb_number(&m, M_INT, 4);
    one_metric(&m, "[v] = 4 Int32 {\"is_historical\":true,\"is_transient\":true}\n");
    /* Neither a value nor is_null. */
    m.n = 0;
    pb_metric(&m, "v", 3);
    one_metric(&m, "[v] = null\n");
    /* Of two values the last one counts. */
    pb_number(&m, M_INT, 4);
    pb_number(&m, M_INT, 5);
    one_metric(&m, "[v] = 5 Int32\n");
    /* Only an alias: the name is found elsewhere. */
    m.n = 0;
    pb_number(&m, M_ALIAS, UINT64_MAX);
    pb_number(&m, M_INT, 5);
    one_metric(&m, "[18446744073709551615] = 5 "
                   "{\"alias\":18446744073709551615,\"alias_unresolved\":true}\n");
    m.n = 0;
    pb_number(&m, M_INT, 5);
    one_metric(&m, "malformed metric-without-name\n");
    m.n = 0;
    pb_metric(&m, "Users/Password", 12);
    pb_text(&m, M_STRING, "hush");
    one_metric(&m, "[Users/Password] = \"(redacted)\" String\n");
    m.n = 0;
    pb_metric(&m, "v", 3);
    pb_number(&m, M_TIMESTAMP, UINT64_MAX);
    pb_number(&m, M_INT, 1);
    one_metric(&m, "[v] = 1 Int32\nmalformed bad-timestamp\n");
}

/* [SPB 6.4.17] */
static void arrays(void **state)
{
    static const struct {
        unsigned datatype;
        const char *bytes;
        size_t n;
        const char *said;
    } rows[] = {
        {22, "\xe9\x7b", 2, "[-23,123] Int8[]"},
        {23, "\x00\x80\xff\x7f", 4, "[-32768,32767] Int16[]"},
        {24, "\xff\xff\xff\xff\x15\xcd\x5b\x07", 8, "[-1,123456789] Int32[]"},
        {25, "\xfe\xff\xff\xff\xff\xff\xff\xff", 8, "[-2] Int64[]"},
        {26, "\x17\xfa", 2, "[23,250] UInt8[]"},
        {27, "\x1e\x00\x88\xff", 4, "[30,65416] UInt16[]"},
        {28, "\xff\xff\xff\xff", 4, "[4294967295] UInt32[]"},
        {29, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "[18446744073709551615] UInt64[]"},
        {30, "\x00\x00\x48\x41\x00\x00\xc0\x7f", 8, "[12.5,\"NaN\"] Float[]"},
        {31, "\x00\x00\x00\x00\x00\x00\x29\x40", 8, "[12.5] Double[]"},
        {32, "\x0c\x00\x00\x00\x34\xd0", 6,
            "[false,false,true,true,false,true,false,false,true,true,false,true] Boolean[]"},
        {32, "\x00\x00\x00\x00", 4, "[] Boolean[]"},
        {33, "ABC\0hello\0\0", 11, "[\"ABC\",\"hello\",\"\"] String[]"},
        {34, "\x7b\x50\x69\xa8\x9c\x01\x00\x00", 8, "[\"" AT "\"] DateTime[]"},
        {22, "", 0, "[] Int8[]"},
        {33, "", 0, "[] String[]"},
        {23, "\x00", 1, "\"AA==\"\nmalformed bad-value"},
        {31, "\x00\x00\x00\x00\x00\x00\x29", 7, "\"AAAAAAAAKQ==\"\nmalformed bad-value"},
        {32, "\x00\x00", 2, "\"AAA=\"\nmalformed bad-value"},
        {32, "\x09\x00\x00\x00\xff", 5, "\"CQAAAP8=\"\nmalformed bad-value"},
        {32, "\x01\x00\x00\x00\xff\xff", 6, "\"AQAAAP//\"\nmalformed bad-value"},
        {32, "\xff\xff\xff\xff\xff", 5, "\"//////8=\"\nmalformed bad-value"},
        {33, "abc", 3, "\"YWJj\"\nmalformed bad-value"},
        {34, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "\"//////////8=\"\nmalformed bad-value"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pb m = {.n = 0};
        char said[512];
        pb_metric(&m, "v", rows[i].datatype);
        pb_bytes(&m, M_BYTES, rows[i].bytes, rows[i].n);
        snprintf(said, sizeof(said), "[v] = %s\n", rows[i].said);
        one_metric(&m, said);
    }
}

static void long_arrays_are_cut(void **state)
{
    static const unsigned types[] = {22, 25, 33, 34};
    static const char zeroes[8000];
    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct pb m = {.n = 0}, *w = calloc(1, sizeof(*w));
        struct tw_text log = {0};
        pb_metric(&m, "v", types[i]);
        pb_bytes(&m, M_BYTES, zeroes, sizeof(zeroes));
        pb_sub(w, P_METRICS, &m);
        assert_int_equal(0, feed(&log, NODE, tw_str_bytes(w->b, w->n)));
        tw_text_add(&log, "", 1);
        size_t n = 0;
        for (const char *at = log.p; (at = strchr(at, ',')) != NULL; at++)
            n++;
        assert_int_equal(2 + TW_MAX_EVENT_ITEMS - 1, n); /* two in the message's section */
        assert_non_null(strstr(log.p, "[] truncated\n"));
        tw_text_free(&log);
        free(w);
    }
}

static void a_property(struct pb *set, const char *key, unsigned type, double v)
{
    struct pb value = {.n = 0};
    pb_text(set, 1, key);
    pb_number(&value, 1, type);
    if (type == 10)
        pb_double(&value, 6, v);
    else
        pb_number(&value, 3, (uint64_t)v);
    pb_sub(set, 2, &value);
}

static void properties_are_facts(void **state)
{
    struct pb m = {.n = 0}, set = {.n = 0}, value = {.n = 0}, inner = {.n = 0}, list = {.n = 0};
    (void)state;
    a_property(&set, "engLow", 10, -5.5);
    a_property(&set, "engHigh", 10, 120);
    a_property(&set, "Quality", 3, 192);
    pb_text(&set, 1, "engUnit");
    pb_number(&value, 1, 12);
    pb_text(&value, 8, "degC");
    pb_sub(&set, 2, &value);
    a_property(&inner, "a", 3, 1);
    value.n = 0;
    pb_number(&value, 1, 20);
    pb_sub(&value, 9, &inner);
    pb_text(&set, 1, "set");
    pb_sub(&set, 2, &value);
    value.n = 0;
    pb_sub(&list, 1, &inner);
    pb_number(&value, 1, 21);
    pb_sub(&value, 10, &list);
    pb_text(&set, 1, "list");
    pb_sub(&set, 2, &value);
    value.n = 0;
    pb_number(&value, 1, 3);
    pb_number(&value, 2, 1);
    pb_text(&set, 1, "null");
    pb_sub(&set, 2, &value);
    pb_metric(&m, "v", 3);
    pb_sub(&m, M_PROPERTIES, &set);
    pb_number(&m, M_INT, 4);
    one_metric(&m, "[v] = 4 Int32 {\"quality\":192,\"properties\":{\"engLow\":-5.5,\"engHigh\":120,"
                   "\"Quality\":192,\"engUnit\":\"degC\",\"set\":{\"a\":1},\"list\":[{\"a\":1}],"
                   "\"null\":null}}\n");
    /* Keys and values belong together by their order. */
    m.n = 0;
    pb_text(&set, 1, "more");
    pb_metric(&m, "v", 3);
    pb_sub(&m, M_PROPERTIES, &set);
    one_metric(&m, "[v] = null {\"quality\":192,\"properties\":{\"engLow\":-5.5,\"engHigh\":120,"
                   "\"Quality\":192,\"engUnit\":\"degC\",\"set\":{\"a\":1},\"list\":[{\"a\":1}],"
                   "\"null\":null}}\nmalformed bad-property-set\n");
}

static void metadata_is_told(void **state)
{
    struct pb m = {.n = 0}, meta = {.n = 0};
    (void)state;
    pb_number(&meta, 1, 1);
    pb_text(&meta, 2, "application/octet-stream");
    pb_number(&meta, 3, 3);
    pb_number(&meta, 4, 0);
    pb_text(&meta, 5, "model.onnx");
    pb_text(&meta, 6, "onnx");
    pb_text(&meta, 7, "00ff");
    pb_text(&meta, 8, "d");
    pb_number(&meta, 9, 1);
    pb_metric(&m, "v", 18);
    pb_sub(&m, M_METADATA, &meta);
    pb_bytes(&m, M_BYTES, "abc", 3);
    one_metric(&m, "[v] = \"YWJj\" File {\"metadata\":{\"is_multi_part\":true,\"content_type\":"
                   "\"application/octet-stream\",\"size\":3,\"seq\":0,\"file_name\":\"model.onnx\","
                   "\"file_type\":\"onnx\",\"md5\":\"00ff\",\"description\":\"d\"}}\n");
}

static void row_of(struct pb *set, uint32_t number, const char *text)
{
    struct pb row = {.n = 0}, cell = {.n = 0};
    pb_number(&cell, 1, number);
    pb_sub(&row, 1, &cell);
    cell.n = 0;
    pb_text(&cell, 6, text);
    pb_sub(&row, 1, &cell);
    pb_sub(set, 4, &row);
}

static void data_sets(void **state)
{
    struct pb m = {.n = 0}, set = {.n = 0};
    (void)state;
    pb_number(&set, 1, 2);
    pb_text(&set, 2, "id");
    pb_text(&set, 2, "name");
    pb_bytes(&set, 3, "\x01\x0c", 2); /* packed */
    row_of(&set, 0xff, "x");
    row_of(&set, 7, "y");
    pb_metric(&m, "v", 16);
    pb_sub(&m, M_DATASET, &set);
    one_metric(&m, "[v] = {\"columns\":[\"id\",\"name\"],\"types\":[\"Int8\",\"String\"],"
                   "\"rows\":[[-1,\"x\"],[7,\"y\"]]} DataSet\n");
    /* A column more than there are types for. */
    m.n = 0;
    pb_text(&set, 2, "third");
    pb_metric(&m, "v", 16);
    pb_sub(&m, M_DATASET, &set);
    one_metric(&m, "[v] = {\"columns\":[\"id\",\"name\",\"third\"],\"types\":[\"Int8\",\"String\"],"
                   "\"rows\":[[-1,\"x\"],[7,\"y\"]]} DataSet\nmalformed bad-data-set\n");
    m.n = 0;
    set.n = 0;
    pb_number(&set, 1, UINT64_MAX);
    pb_metric(&m, "v", 16);
    pb_sub(&m, M_DATASET, &set);
    one_metric(
        &m, "[v] = {\"columns\":[],\"types\":[],\"rows\":[]} DataSet\nmalformed bad-data-set\n");
    m.n = 0;
    pb_metric(&m, "v", 3);
    pb_sub(&m, M_DATASET, &set);
    one_metric(&m, "[v] = {\"columns\":[],\"types\":[],\"rows\":[]}\nmalformed bad-data-set\n");
}

static void a_large_data_set_is_cut(void **state)
{
    struct pb *m = calloc(1, sizeof(*m)), *set = calloc(1, sizeof(*set)),
              *w = calloc(1, sizeof(*w));
    struct tw_text log = {0};
    (void)state;
    pb_number(set, 1, 2);
    pb_text(set, 2, "id");
    pb_text(set, 2, "name");
    pb_number(set, 3, 3);
    pb_number(set, 3, 12);
    for (uint32_t i = 0; i < 1000; i++)
        row_of(set, i, "text");
    pb_metric(m, "v", 16);
    pb_sub(m, M_DATASET, set);
    pb_sub(w, P_METRICS, m);
    assert_int_equal(0, feed(&log, NODE, tw_str_bytes(w->b, w->n)));
    tw_text_add(&log, "", 1);
    assert_non_null(strstr(log.p, "[0,\"text\"],[1,\"text\"]"));
    assert_non_null(strstr(log.p, " DataSet truncated\n"));
    assert_true(log.len < 8192);
    tw_text_free(&log);
    free(m);
    free(set);
    free(w);
}

static void template_of(struct pb *t, bool definition)
{
    struct pb member = {.n = 0}, parameter = {.n = 0};
    pb_text(t, 1, "1.0");
    pb_metric(&member, "Speed", 3);
    pb_number(&member, M_INT, 0xffffffff);
    pb_sub(t, 2, &member);
    member.n = 0;
    pb_metric(&member, "On", 11);
    pb_number(&member, M_BOOLEAN, 1);
    pb_sub(t, 2, &member);
    pb_text(&parameter, 1, "Poles");
    pb_number(&parameter, 2, 7);
    pb_number(&parameter, 3, 4);
    pb_sub(t, 3, &parameter);
    pb_text(t, 4, "Motor");
    pb_number(t, 5, definition);
}

static void templates_give_their_metrics(void **state)
{
    struct pb m = {.n = 0}, inner = {.n = 0}, outer = {.n = 0}, member = {.n = 0};
    (void)state;
    template_of(&inner, true);
    pb_metric(&m, "M1", 19);
    pb_sub(&m, M_TEMPLATE, &inner);
    one_metric(&m, "[M1] = {\"template_ref\":\"Motor\",\"version\":\"1.0\",\"is_definition\":true,"
                   "\"parameters\":{\"Poles\":4}} Template\n"
                   "[M1/Speed] = -1 Int32\n[M1/On] = true Boolean\n");
    m.n = inner.n = 0;
    template_of(&inner, false);
    pb_metric(&member, "Drive", 19);
    pb_sub(&member, M_TEMPLATE, &inner);
    pb_sub(&outer, 2, &member);
    member.n = 0;
    pb_metric(&member, "Level", 9);
    pb_float(&member, M_FLOAT, 0.5f);
    pb_sub(&outer, 2, &member);
    pb_metric(&m, "P", 19);
    pb_sub(&m, M_TEMPLATE, &outer);
    one_metric(&m, "[P] = {} Template\n"
                   "[P/Drive] = {\"template_ref\":\"Motor\",\"version\":\"1.0\","
                   "\"parameters\":{\"Poles\":4}} Template\n"
                   "[P/Drive/Speed] = -1 Int32\n[P/Drive/On] = true Boolean\n"
                   "[P/Level] = 0.5 Float\n");
}

/* A template in a template, 4,400 times: as deep as one value may be, and no deeper. */
static void deep_templates_are_cut(void **state)
{
    struct pb *w = calloc(1, sizeof(*w)), *next = calloc(1, sizeof(*next));
    struct tw_text log = {0};
    (void)state;
    pb_metric(w, "a", 3);
    for (unsigned i = 0; i < 4400; i++) {
        struct pb *swap = w;
        next->n = 0;
        pb_sub(next, P_METRICS, w); /* of a template */
        w = next;
        next = swap;
        next->n = 0;
        pb_text(next, M_NAME, "a");
        pb_sub(next, M_TEMPLATE, w);
        swap = w;
        w = next;
        next = swap;
    }
    next->n = 0;
    pb_sub(next, P_METRICS, w);
    assert_true(next->n > 35000 && next->n < sizeof(next->b));
    assert_int_equal(0, feed(&log, NODE, tw_str_bytes(next->b, next->n)));
    tw_text_add(&log, "", 1);
    size_t lines = 0;
    for (const char *at = log.p; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(1 + TW_MAX_EVENT_DEPTH + 1, lines);
    assert_non_null(strstr(log.p, "/a] = {} truncated\n"));
    tw_text_free(&log);
    free(w);
    free(next);
}

static void deep_property_sets_are_cut(void **state)
{
    struct pb *w = calloc(1, sizeof(*w)), *next = calloc(1, sizeof(*next));
    struct pb *m = calloc(1, sizeof(*m));
    struct tw_text log = {0};
    (void)state;
    a_property(w, "p", 3, 1);
    for (unsigned i = 0; i < 2000; i++) {
        struct pb value = {.n = 0}, *swap = w;
        pb_number(&value, 1, 20);
        pb_sub(&value, 9, w);
        next->n = 0;
        pb_text(next, 1, "p");
        pb_sub(next, 2, &value);
        w = next;
        next = swap;
    }
    pb_metric(m, "v", 3);
    pb_number(m, M_INT, 1);
    pb_sub(m, M_PROPERTIES, w);
    next->n = 0;
    pb_sub(next, P_METRICS, m);
    assert_int_equal(0, feed(&log, NODE, tw_str_bytes(next->b, next->n)));
    tw_text_add(&log, "", 1);
    assert_non_null(strstr(log.p, "[v] = 1 Int32 truncated {\"properties\":{\"p\":{\"p\":"));
    tw_text_free(&log);
    free(w);
    free(next);
    free(m);
}

static void too_many_metrics_are_cut(void **state)
{
    struct pb *w = calloc(1, sizeof(*w)), m = {.n = 0};
    struct tw_text log = {0};
    (void)state;
    pb_metric(&m, "v", 0);
    pb_number(&m, M_INT, 1);
    while (w->n + 16 < sizeof(w->b))
        pb_sub(w, P_METRICS, &m);
    assert_int_equal(0, feed(&log, NODE, tw_str_bytes(w->b, w->n)));
    tw_text_add(&log, "", 1);
    size_t lines = 0;
    for (const char *at = log.p; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(1 + TW_MAX_LEAVES, lines);
    assert_memory_equal(log.p, " truncated {", 12);
    tw_text_free(&log);
    free(w);
}

/* Wire form: what is not known is passed over, what is not well-formed is named. */
static void fields_that_nobody_knows_are_passed_over(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
        const char *said;
    } rows[] = {
        {"\x98\x06\x07", 3, ""},               /* field 99, a number */
        {"\x99\x06\1\2\3\4\5\6\7\10", 10, ""}, /* 64 bits */
        {"\x9d\x06\1\2\3\4", 6, ""},           /* 32 bits */
        {"\x9a\x06\x02\xff\xff", 5, ""},       /* bytes */
        {"\x9b\x06\x08\x01\x9c\x06", 6, ""},   /* a group */
        {"\x9b\x06\x0b\x0c\x9c\x06", 6, ""},   /* a group in it */
        {"\x0a\x01\x01", 3, ""},               /* timestamp as bytes: unknown */
        {"\x10\x05", 2, ""},                   /* metrics as a number: unknown */
        {"\x18\x05", 2, "seq"},                /* seq 5 */
        {"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "bad-sequence-number"},
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "bad-timestamp"},
        {"\x18\x80\x02", 3, "bad-sequence-number"}, /* 256 */
        {"\x18", 1, "bad-protobuf"},                /* no number */
        {"\x18\x80", 2, "bad-protobuf"},            /* half a number */
        {"\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, "bad-protobuf"}, /* 11 bytes */
        {"\x00", 1, "bad-protobuf"},                                              /* field 0 */
        {"\x07", 1, "bad-protobuf"},                 /* field 0, type 7 */
        {"\x0f", 1, "bad-protobuf"},                 /* type 7 */
        {"\x0e", 1, "bad-protobuf"},                 /* type 6 */
        {"\x0c", 1, "bad-protobuf"},                 /* the end of a group that is not open */
        {"\x9b\x06\x08\x01", 4, "bad-protobuf"},     /* a group that does not end */
        {"\x9b\x06\x9c\x05", 4, "bad-protobuf"},     /* another one's end */
        {"\x9b\x06\x0f\x9c\x06", 5, "bad-protobuf"}, /* nonsense in a group */
        {"\x12\x05\x01", 3, "bad-protobuf"},         /* longer than the message */
        {"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "bad-protobuf"}, /* 2^64 - 1 bytes */
        {"\xff\xff\xff\xff\xff\x0f\x01", 7, "bad-protobuf"}, /* a field number of 33 bits */
        {"\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", 18,
            "bad-protobuf"},                         /* groups without end */
        {"\x12\x03\x0a\x05\x61", 5, "bad-protobuf"}, /* a metric whose name is too long */
        {"{\"a\":1}", 7, "bad-protobuf"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pb *w = calloc(1, sizeof(*w));
        struct guard g = guard_new();
        struct tw_text log = {0};
        pb_raw(w, rows[i].bytes, rows[i].n);
        const unsigned wrong = feed(&log, NODE, tw_str_bytes(guard_put(&g, w->b, w->n), w->n));
        tw_text_add(&log, "", 1);
        assert_int_equal(strncmp(rows[i].said, "bad", 3) == 0, wrong);
        if (strstr(log.p, rows[i].said) == NULL)
            fail_msg("%zu: %s in %s", i, rows[i].said, log.p);
        tw_text_free(&log);
        guard_free(&g);
        free(w);
    }
}

/* Of a message that is longer than is kept, what is there is told, and nothing is wrong with it. */
static void what_was_cut_is_not_malformed(void **state)
{
    struct pb *w = calloc(1, sizeof(*w)), m = {.n = 0};
    struct tw_text log = {0};
    (void)state;
    pb_metric(&m, "v", 3);
    pb_number(&m, M_INT, 4);
    pb_sub(w, P_METRICS, &m);
    pb_sub(w, P_METRICS, &m);
    assert_int_equal(0, feed_cut(&log, NODE, tw_str_bytes(w->b, w->n - 2), true));
    assert_int_equal(1, feed_cut(&log, NODE, tw_str_bytes(w->b, w->n - 2), false));
    tw_text_free(&log);
    free(w);
}

static void log_state(void *user, const struct tw_event *e)
{
    struct tw_text *log = user;
    if (e->field.p != NULL || e->action == TW_ACTION_MALFORMED) {
        tw_text_add_str(log, e->action == TW_ACTION_MALFORMED ? e->detail : e->field);
    } else if (e->sparkplug != NULL) {
        char text[TW_TIME_TEXT];
        assert_true(tw_str_is(e->sparkplug->host, "h"));
        tw_text_addz(log, !e->sparkplug->has_online ? "- "
                          : e->sparkplug->online    ? "true "
                                                    : "false ");
        if (e->sparkplug->timestamp_ns == 0)
            tw_text_addz(log, "-");
        else
            tw_text_add(log, text, tw_time_text(text, e->sparkplug->timestamp_ns, false));
    }
    tw_text_addz(log, "\n");
}

/* [SPB 6.4.25], and version 2. */
static void state_of_a_host(void **state)
{
    static const struct {
        const char *topic, *payload, *said;
    } rows[] = {
        {"spBv1.0/STATE/h", "{\"online\":true,\"timestamp\":1772352000123}",
            "true " AT "\n/online\n/timestamp\n"},
        {"spBv1.0/STATE/h", "{\"timestamp\":1,\"x\":{\"online\":true},\"online\":false}",
            "false 1970-01-01T00:00:00.001000Z\n/timestamp\n/x/online\n/online\n"},
        {"STATE/h", "ONLINE", "true -\n"},
        {"STATE/h", "OFFLINE", "false -\n"},
        {"spBv1.0/STATE/h", "OFFLINE", "false -\n"},
        {"spBv1.0/STATE/h", "", "- -\n"},
        {"STATE/h", "", "\n"},
        {"STATE/h", "online", "\n"},
        {"STATE/h", "{\"online\":true}", "\n/online\n"},
        {"spBv1.0/STATE/h", "{\"online\":true}", "true -\n/online\nbad-state\n"},
        {"spBv1.0/STATE/h", "{\"online\":1,\"timestamp\":1}",
            "- 1970-01-01T00:00:00.001000Z\n/online\n/timestamp\nbad-state\n"},
        {"spBv1.0/STATE/h", "{\"online\":true,\"timestamp\":-1}",
            "true -\n/online\n/timestamp\nbad-state\n"},
        {"spBv1.0/STATE/h", "{\"online\":true,\"online\":false,\"timestamp\":0}",
            "false -\n/online\n/online\n/timestamp\nbad-state\n"},
        {"spBv1.0/STATE/h", "[true]", "- -\n/0\nbad-state\n"},
        {"spBv1.0/STATE/h", "true", "- -\nbad-state\n"},
        {"spBv1.0/STATE/h", "online", "- -\nbad-state\n"},
        {"spBv1.0/STATE/h", "\x08\x01", "- -\nbad-state\n"},
        {"spBv1.0/g/NFOO/e", "{\"a\":1}", "\n/a\nbad-sparkplug-topic\n"},
        {"spBv1.0/g/NFOO/e", "\x08\x01", "\nbad-sparkplug-topic\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_text log = {0};
        struct tw_mqtt_info mqtt = {.serial = 1};
        const struct tw_event message = {.action = TW_ACTION_PUBLISH, .mqtt = &mqtt};
        const struct tw_emit emit = {log_state, &log};
        struct tw_payload p;
        tw_payload_read(NULL, tw_str_of(rows[i].topic), &mqtt, tw_str_of(rows[i].payload), &p);
        (void)tw_payload_give(&p, &message, true, NULL, &emit);
        tw_text_add(&log, "", 1);
        assert_string_equal(log.p, rows[i].said);
        tw_text_free(&log);
    }
}

static void a_will_says_whose_it_is(void **state)
{
    struct pb *w = calloc(1, sizeof(*w)), m = {.n = 0};
    struct tw_sparkplug_info info;
    (void)state;
    pb_metric(&m, "bdSeq", 4);
    pb_number(&m, M_LONG, 9);
    pb_sub(w, P_METRICS, &m);
    const struct tw_str payload = tw_str_bytes(w->b, w->n);
    assert_true(tw_sparkplug_will(TW_STR("spBv1.0/g/NDEATH/e"), payload, 5, &info));
    assert_int_equal(TW_SPARKPLUG_NDEATH, info.kind);
    assert_true(info.has_bd_seq && info.bd_seq == 9 && info.serial == 5);
    assert_false(tw_sparkplug_will(TW_STR("spBv1.0/g/NDATA/e"), payload, 5, &info));
    assert_false(tw_sparkplug_will(TW_STR("a/will"), payload, 5, &info));
    assert_true(tw_sparkplug_will(TW_STR("STATE/h"), TW_STR("OFFLINE"), 5, &info));
    assert_true(info.kind == TW_SPARKPLUG_STATE && info.has_online && !info.online);
    assert_false(tw_sparkplug_will(TW_STR("STATE/h"), TW_STR("gone"), 5, &info));
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_are_told_apart),
        cmocka_unit_test(a_message_says_who_and_when),
        cmocka_unit_test(compressed_metrics_are_not_read),
        cmocka_unit_test(numbers_have_the_sign_of_their_type),
        cmocka_unit_test(what_is_none_of_its_type_is_malformed),
        cmocka_unit_test(floats_and_texts),
        cmocka_unit_test(flags_and_nothing),
        cmocka_unit_test(arrays),
        cmocka_unit_test(long_arrays_are_cut),
        cmocka_unit_test(properties_are_facts),
        cmocka_unit_test(metadata_is_told),
        cmocka_unit_test(data_sets),
        cmocka_unit_test(a_large_data_set_is_cut),
        cmocka_unit_test(templates_give_their_metrics),
        cmocka_unit_test(deep_templates_are_cut),
        cmocka_unit_test(deep_property_sets_are_cut),
        cmocka_unit_test(too_many_metrics_are_cut),
        cmocka_unit_test(fields_that_nobody_knows_are_passed_over),
        cmocka_unit_test(what_was_cut_is_not_malformed),
        cmocka_unit_test(state_of_a_host),
        cmocka_unit_test(a_will_says_whose_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
