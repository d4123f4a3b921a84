#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/timefmt.h"
#include "guard.h"
#include "protocol/payload.h"
#include "protocol/pubsub/pubsub.h"
#include "protocol/pubsub/raw.h"
#include "protocol/pubsub/report.h"
#include "pubsub_wire.h"
#include "session/session.h"

/* What only several messages make readable: raw fields by their metadata, messages out of chunks.
 * Datagrams go through the dissector into session/. */

struct plant {
    struct tw_proto_env env;
    struct tw_proto_counters counters;
    struct tw_sessions *sessions;
    struct tw_emit out;
    struct tw_text log;
    struct tw_when now;
};

static void on_event(void *user, const struct tw_event *e)
{
    pubsub_log(&((struct plant *)user)->log, e);
}

static void on_dissected(void *user, const struct tw_event *from)
{
    struct plant *p = user;
    struct tw_event e = *from;
    struct tw_pubsub_info info = *from->pubsub;
    e.pubsub = &info;
    tw_sessions_event(p->sessions, &e, &p->out);
}

static void plant_open(struct plant *p)
{
    static const struct tw_session_readers readers = {
        .leaves = tw_payload_leaves, .raw = tw_pubsub_raw, .whole = tw_pubsub_whole};
    const struct tw_limits limits = {.sessions = 64};
    *p = (struct plant){.now = {.ts_ns = W_TIME_NS, .packet = 0}};
    p->env.emit = (struct tw_emit){on_dissected, p};
    p->env.counters = &p->counters;
    p->env.next_serial = 1;
    p->out = (struct tw_emit){on_event, p};
    p->sessions = tw_sessions_new(&limits, &readers);
    assert_non_null(p->sessions);
}

static void plant_close(struct plant *p)
{
    tw_sessions_free(p->sessions);
    tw_text_free(&p->log);
}

static void feed_bytes(struct plant *p, const void *bytes, size_t n)
{
    static const struct tw_conn conn = {
        .side = {{.ip = {.family = 4, .b = {10, 7, 0, 1}}, .port = 50000}, {.port = 4840}}};
    p->now.packet++;
    tw_pubsub.data(NULL, &p->env, &conn, 0, tw_cur_of(bytes, n), &p->now);
}

static void feed(struct plant *p, const struct wire *w)
{
    feed_bytes(p, w->b, w->n);
}

static void expect(struct plant *p, const char *lines)
{
    tw_text_add(&p->log, "", 1);
    assert_string_equal(p->log.p, lines);
    tw_text_clear(&p->log);
}

/* Everything about `w` stays inside of it, wherever it is cut off. */
static void cut_everywhere(struct plant *p, const struct wire *w)
{
    struct guard g = guard_new();
    for (size_t n = 0; n <= w->n; n++)
        feed_bytes(p, guard_put(&g, w->b, n), n);
    tw_text_clear(&p->log);
    guard_free(&g);
}

enum { POINT = 3001, PLACE = 3002, MODE = 3003, LIST = 3004 };

static const struct w_field fields[] = {
    {"Temp", TW_UA_DOUBLE, TW_UA_DOUBLE, 0, -1, {0}, 0},
    {"Batch", TW_UA_STRING, TW_UA_STRING, 0, -1, {0}, 6},
    {"Counts", TW_UA_UINT16, TW_UA_UINT16, 0, 1, {4}, 0},
    {"Grid", TW_UA_BYTE, TW_UA_BYTE, 0, 2, {2, 3}, 0},
    {"Place", TW_UA_EXTENSIONOBJECT, PLACE, 1, -1, {0}, 0},
    {"Names", TW_UA_STRING, TW_UA_STRING, 0, 1, {2}, 3},
    {"Stamp", TW_UA_DATETIME, TW_UA_DATETIME, 0, -1, {0}, 0},
    {"On", TW_UA_BOOLEAN, TW_UA_BOOLEAN, 0, -1, {0}, 0},
};
enum { N_FIELDS = sizeof(fields) / sizeof(fields[0]) };

static void w_structure_field(
    struct wire *w, unsigned ns, unsigned type, uint32_t n, uint32_t max_length)
{
    w_str(w, "f");
    w_u8(w, 0);
    w_node(w, ns, type);
    w_u32(w, n == 0 ? UINT32_MAX : 1);
    w_u32(w, n == 0 ? UINT32_MAX : 1);
    if (n > 0)
        w_u32(w, n);
    w_u32(w, max_length);
    w_u8(w, 0);
}

static void w_structure(struct wire *w, unsigned type, unsigned kind, unsigned n_fields)
{
    w_node(w, 1, type);
    w_u16(w, 1);
    w_str(w, "S");
    w_node(w, 0, 0);
    w_node(w, 0, 22);
    w_u32(w, kind);
    w_u32(w, n_fields);
}

/* Point: two Floats. Place: a Point, a mode, an array of two Points, a String; 8 + 4 + (4 + 16) +
 * (4 + 5) bytes. List: a String of any length. Mode: an enumeration. */
static void w_types(struct wire *w)
{
    w_u32(w, UINT32_MAX); /* namespaces */
    w_u32(w, 3);
    w_structure(w, LIST, 0, 1);
    w_structure_field(w, 0, TW_UA_STRING, 0, 0);
    w_structure(w, PLACE, 0, 4);
    w_structure_field(w, 1, POINT, 0, 0);
    w_structure_field(w, 1, MODE, 0, 0);
    w_structure_field(w, 1, POINT, 2, 0);
    w_structure_field(w, 0, TW_UA_STRING, 0, 5);
    w_structure(w, POINT, 0, 2);
    w_structure_field(w, 0, TW_UA_FLOAT, 0, 0);
    w_structure_field(w, 0, TW_UA_FLOAT, 0, 0);
    w_u32(w, 1);
    w_node(w, 1, MODE);
    w_u16(w, 1);
    w_str(w, "Mode");
    w_u32(w, 0);
    w_u8(w, TW_UA_INT32);
    w_u32(w, 0); /* simple types */
}
enum { PLACE_BYTES = 8 + 4 + 20 + 9 };

/* The announcement behind the headers of its NetworkMessage. */
static void w_announcement(struct wire *w, const struct w_field *all, size_t n, unsigned major)
{
    w_u8(w, 2);
    w_u16(w, 1);
    w_u16(w, 10);
    w_types(w);
    w_str(w, "Boiler");
    w_u8(w, 0);
    w_u32(w, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        w_field_metadata(w, &all[i]);
    for (unsigned i = 0; i < 16; i++)
        w_u8(w, 0);
    w_u32(w, major);
    w_u32(w, 0);
    w_u32(w, 0);
}

static void announce(struct plant *p, const struct w_field *all, size_t n, unsigned major)
{
    struct wire w = {.n = 0};
    w_u8(&w, 0x91);
    w_u8(&w, 0x80);
    w_u8(&w, 0x08);
    w_u8(&w, 7);
    w_announcement(&w, all, n, major);
    cut_everywhere(p, &w);
    feed(p, &w);
    tw_text_clear(&p->log);
}

/* A raw key frame of writer 10, with its version or without. */
static void w_raw_head(struct wire *w, unsigned major)
{
    w_head(w, 7, 10);
    w_u8(w, major ? 0x63 : 0x03);
    if (major) {
        w_u32(w, major);
        w_u32(w, 0);
    }
}

static void w_padded(struct wire *w, const char *text, size_t most)
{
    w_str(w, text);
    for (size_t i = strlen(text); i < most; i++)
        w_u8(w, 0);
}

/* `counted`: the dimensions of the grid have their number in front. */
static void w_raw_fields(struct wire *w, bool counted)
{
    w_f64(w, 2.5);
    w_padded(w, "B17", 6);
    w_u32(w, 3); /* of four counts */
    for (unsigned i = 0; i < 4; i++)
        w_u16(w, i < 3 ? i + 1 : 0);
    if (counted)
        w_u32(w, 2);
    w_u32(w, 2);
    w_u32(w, 3);
    for (unsigned i = 0; i < 6; i++)
        w_u8(w, 60 + i);
    for (unsigned i = 0; i < PLACE_BYTES; i++)
        w_u8(w, i);
    w_u32(w, 2);
    w_padded(w, "ab", 3);
    w_padded(w, "", 3);
    w_time(w);
    w_u8(w, 1);
}

#define RAW_LINES                                                                                  \
    "publish 7//10 [Temp] = 2.5 Double Good\n"                                                     \
    "publish 7//10 [Batch] = \"B17\" String Good\n"                                                \
    "publish 7//10 [Counts] = [1,2,3] UInt16[] Good\n"                                             \
    "publish 7//10 [Grid] = [60,61,62,63,64,65] Byte[] Good\n"                                     \
    "publish 7//10 [Place] = "                                                                     \
    "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJyg=\" ExtensionObject Good\n"          \
    "publish 7//10 [Names] = [\"ab\",\"\"] String[] Good\n"                                        \
    "publish 7//10 [Stamp] = \"2026-03-01T08:00:00.000000Z\" DateTime Good\n"                      \
    "publish 7//10 [On] = true Boolean Good\n"

static void raw_fields_are_read_by_their_metadata(void **state)
{
    struct plant p;
    (void)state;
    plant_open(&p);
    announce(&p, fields, N_FIELDS, 3);
    for (unsigned form = 0; form < 4; form++) {
        struct wire w;
        w_raw_head(&w, form & 1 ? 3 : 0);
        w_raw_fields(&w, form & 2);
        if (form == 3)
            for (unsigned i = 0; i < 5; i++)
                w_u8(&w, 0); /* a configured size */
        cut_everywhere(&p, &w);
        feed(&p, &w);
        expect(&p, form & 1 ? "publish 7//10 (data keyframe raw version 3.0)\n" RAW_LINES
                            : "publish 7//10 (data keyframe raw)\n" RAW_LINES);
    }
    plant_close(&p);
}

/* Without the very version nothing is guessed; with it, what stands before the doubt is sure. */
static void raw_fields_that_do_not_fit_stay_bytes(void **state)
{
    static const struct w_field some[] = {
        {"Temp", TW_UA_DOUBLE, TW_UA_DOUBLE, 0, -1, {0}, 0},
        {"List", TW_UA_EXTENSIONOBJECT, LIST, 1, -1, {0}, 0},
        {"On", TW_UA_BOOLEAN, TW_UA_BOOLEAN, 0, -1, {0}, 0},
    };
    struct plant p;
    struct wire w;
    (void)state;
    plant_open(&p);
    w_raw_head(&w, 3);
    w_f64(&w, 1.5);
    feed(&p, &w);
    expect(&p, "publish 7//10 truncated (data keyframe raw version 3.0 bytes 8)\n");
    announce(&p, some, 3, 3);
    w_u32(&w, UINT32_MAX);
    w_u8(&w, 1);
    feed(&p, &w);
    expect(&p, "publish 7//10 truncated (data keyframe raw version 3.0 bytes 13)\n"
               "publish 7//10 [Temp] = 1.5 Double Good\n");
    w_raw_head(&w, 0);
    w_f64(&w, 1.5);
    w_u8(&w, 1);
    feed(&p, &w);
    expect(&p, "publish 7//10 truncated (data keyframe raw bytes 9)\n");
    announce(&p, some, 1, 3);
    feed(&p, &w);
    expect(&p, "publish 7//10 truncated (data keyframe raw bytes 9)\n");
    w_raw_head(&w, 4);
    w_f64(&w, 1.5);
    feed(&p, &w);
    expect(&p, "publish 7//10 truncated (data keyframe raw version 4.0 bytes 8)\n");
    plant_close(&p);
}

static void raw_delta_frames_have_indexes(void **state)
{
    struct plant p;
    struct wire w;
    (void)state;
    plant_open(&p);
    announce(&p, fields, N_FIELDS, 3);
    w_head(&w, 7, 10);
    w_u8(&w, 0x83);
    w_u8(&w, 1);
    w_u16(&w, 2);
    w_u16(&w, 7);
    w_u8(&w, 0);
    w_u16(&w, 0);
    w_f64(&w, 3);
    cut_everywhere(&p, &w);
    feed(&p, &w);
    expect(&p, "publish 7//10 (data deltaframe raw)\n"
               "publish 7//10 [On] = false Boolean Good\n"
               "publish 7//10 [Temp] = 3 Double Good\n");
    plant_close(&p);
}

/* A NetworkMessage with bytes [from, to) of a message; `kind` 8 is an announcement, which has no
 * payload header. */
static void w_chunk(struct wire *w, const struct wire *whole, unsigned writer, unsigned sequence,
    size_t from, size_t to)
{
    w->n = 0;
    w_u8(w, writer ? 0xd1 : 0x91);
    w_u8(w, 0x80);
    w_u8(w, writer ? 0x01 : 0x09);
    w_u8(w, 7);
    if (writer)
        w_u16(w, writer);
    w_u16(w, sequence);
    w_u32(w, (uint32_t)from);
    w_u32(w, (uint32_t)whole->n);
    w_u32(w, (uint32_t)(to - from));
    w_raw(w, whole->b + from, to - from);
}

static void chunk(struct plant *p, const struct wire *whole, unsigned writer, unsigned sequence,
    size_t from, size_t to)
{
    struct wire w;
    w_chunk(&w, whole, writer, sequence, from, to);
    feed(p, &w);
}

/* A DataSetMessage with a number and one field: 15 bytes. */
static void w_small(struct wire *w, unsigned sequence, double v)
{
    w->n = 0;
    w_u8(w, 0x09);
    w_u16(w, sequence);
    w_u16(w, 1);
    w_variant_f64(w, v);
}

static void chunks_come_in_any_order(void **state)
{
    static const struct {
        unsigned writer;
        size_t from, to;
    } rows[] = {
        {10, 8, 14}, {11, 0, 7}, {10, 0, 4}, {10, 0, 4}, {11, 7, 14}, {10, 4, 8}, {10, 8, 14}};
    struct plant p;
    struct wire a, b;
    (void)state;
    plant_open(&p);
    w_small(&a, 5, 1);
    w_small(&b, 9, 2);
    assert_int_equal(a.n, 14);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        chunk(&p, rows[i].writer == 10 ? &a : &b, rows[i].writer, rows[i].writer == 10 ? 5 : 9,
            rows[i].from, rows[i].to);
    expect(&p, "publish 7//10 truncated (data seq 5 chunk 8/14 bytes 6)\n"
               "publish 7//11 truncated (data seq 9 chunk 0/14 bytes 7)\n"
               "publish 7//10 truncated (data seq 5 chunk 0/14 bytes 4)\n"
               "publish 7//10 truncated (data seq 5 chunk 0/14 bytes 4)\n"
               "publish 7//11 truncated (data seq 9 chunk 7/14 bytes 7)\n"
               "publish 7//11 (data keyframe variant seq 9)\n"
               "publish 7//11 [0] = 2 Double Good\n"
               "publish 7//10 truncated (data seq 5 chunk 4/14 bytes 4)\n"
               "publish 7//10 (data keyframe variant seq 5)\n"
               "publish 7//10 [0] = 1 Double Good\n"
               "publish 7//10 truncated (data seq 5 chunk 8/14 bytes 6)\n");
    assert_int_equal(2, tw_sessions_stats(p.sessions).chunked_whole);
    tw_sessions_finish(p.sessions, &p.out);
    assert_int_equal(0, p.log.len);
    plant_close(&p);
}

static void what_never_comes_is_a_gap(void **state)
{
    struct plant p;
    struct wire a;
    (void)state;
    plant_open(&p);
    w_small(&a, 5, 1);
    chunk(&p, &a, 10, 5, 0, 4);
    p.now.ts_ns += 6 * TW_NS_PER_S;
    chunk(&p, &a, 10, 5, 4, 8);
    chunk(&p, &a, 11, 6, 0, 4);
    tw_text_clear(&p.log);
    tw_sessions_tick(p.sessions, p.now.ts_ns + 9 * TW_NS_PER_S, &p.out);
    assert_int_equal(0, p.log.len);
    tw_sessions_tick(p.sessions, p.now.ts_ns + 10 * TW_NS_PER_S, &p.out);
    expect(&p, "gap 7//10 chunks 6\ngap 7//11 chunks 10\n");
    chunk(&p, &a, 10, 5, 8, 14); /* begins another one */
    tw_text_clear(&p.log);
    tw_sessions_finish(p.sessions, &p.out);
    expect(&p, "gap 7//10 chunks 8\n");
    assert_int_equal(0, tw_sessions_stats(p.sessions).chunked_whole);
    assert_int_equal(3, tw_sessions_stats(p.sessions).chunked_incomplete);
    plant_close(&p);
}

/* Totals that contradict each other, more holes than are kept account of, more messages than wait,
 * one that is larger than any: a gap each, and nothing is kept. */
static void hostile_chunks_are_bounded(void **state)
{
    struct plant p;
    struct wire a, w, large = {{0}, 0};
    (void)state;
    plant_open(&p);
    w_small(&a, 5, 1);
    chunk(&p, &a, 10, 5, 0, 4);
    a.n--;
    chunk(&p, &a, 10, 5, 4, 8);
    expect(&p, "publish 7//10 truncated (data seq 5 chunk 0/14 bytes 4)\n"
               "publish 7//10 truncated (data seq 5 chunk 4/13 bytes 4)\n"
               "gap 7//10 chunks 10\n");
    large.n = 100;
    for (size_t i = 0; i < 17; i++)
        chunk(&p, &large, 12, 1, 2 * i, 2 * i + 1);
    assert_int_equal(2, tw_sessions_stats(p.sessions).chunked_incomplete);
    for (unsigned i = 0; i < 2 * TW_PUBSUB_MAX_PARTIAL; i++)
        chunk(&p, &large, 13, i, 0, 50);
    assert_int_equal(2 + TW_PUBSUB_MAX_PARTIAL, tw_sessions_stats(p.sessions).chunked_incomplete);
    tw_text_clear(&p.log);
    w_chunk(&w, &a, 14, 1, 0, 4);
    w.b[w.n - 9] = 0x7f; /* the last byte of the total */
    feed(&p, &w);
    assert_non_null(strstr(p.log.p, "gap 7//14 chunks 21"));
    plant_close(&p);
}

/* Metadata that was too long for a datagram, and raw fields: one makes the other readable. */
static void an_announcement_may_come_in_chunks(void **state)
{
    struct plant p;
    struct wire w = {.n = 0}, raw = {.n = 0};
    (void)state;
    plant_open(&p);
    w_announcement(&w, fields, N_FIELDS, 3);
    for (size_t at = 0; at < w.n; at += 100) {
        struct wire c;
        w_chunk(&c, &w, 0, 1, at, at + 100 < w.n ? at + 100 : w.n);
        cut_everywhere(&p, &c);
        feed(&p, &c);
    }
    assert_non_null(strstr(p.log.p, "publish 7//10 Good (metadata group 1 version 3.0 'Temp'"));
    tw_text_clear(&p.log);
    w_u8(&raw, 0x03);
    w_raw_fields(&raw, true);
    chunk(&p, &raw, 10, 1, 0, 50);
    tw_text_clear(&p.log);
    chunk(&p, &raw, 10, 1, 50, raw.n);
    const char *lines = strchr(tw_text_str(&p.log).p, '\n');
    assert_non_null(lines);
    tw_text_add(&p.log, "", 1);
    assert_string_equal(lines + 1, "publish 7//10 (data keyframe raw)\n" RAW_LINES);
    plant_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_fields_are_read_by_their_metadata),
        cmocka_unit_test(raw_fields_that_do_not_fit_stay_bytes),
        cmocka_unit_test(raw_delta_frames_have_indexes),
        cmocka_unit_test(chunks_come_in_any_order),
        cmocka_unit_test(what_never_comes_is_a_gap),
        cmocka_unit_test(hostile_chunks_are_bounded),
        cmocka_unit_test(an_announcement_may_come_in_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
