#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "opcua_wire.h"

static struct wire w;

/* More than the builder holds. */
static uint8_t big[1 << 20];

static struct seen {
    uint32_t items, bad, malformed;
    double first, last;
    char anomalies[256];
} seen;

static void count(void *user, const struct tw_event *e)
{
    (void)user;
    if (e->action == TW_ACTION_MALFORMED) {
        size_t at = strlen(seen.anomalies);
        at += tw_str_copy(seen.anomalies + at, sizeof(seen.anomalies) - at, e->detail);
        tw_str_copy(seen.anomalies + at, sizeof(seen.anomalies) - at, TW_STR(" "));
        seen.malformed++;
        return;
    }
    if (e->value.kind == TW_VALUE_DOUBLE) {
        if (seen.items == 0)
            seen.first = e->value.d;
        seen.last = e->value.d;
    }
    seen.items++;
    seen.bad += e->status_bad;
}

static void start(struct talk *t)
{
    talk_start(t);
    t->env.emit = (struct tw_emit){count, NULL};
    seen = (struct seen){0};
}

static void finish(struct talk *t)
{
    assert_true(talk_close(t, TW_END_CLOSED));
    tw_text_free(&t->said);
}

/* In chunks as large as the receiver takes. */
static void send_big(struct talk *t, unsigned dir, uint32_t request_id, const uint8_t *p, size_t n)
{
    const size_t most = 60000;
    for (; n > most; p += most, n -= most)
        talk_chunk(t, dir, "MSGC", request_id, p, most);
    talk_chunk(t, dir, "MSGF", request_id, p, n);
}

static size_t big_write(uint32_t n)
{
    w_request(&w, 673, 4, "token");
    w_u32(&w, n);
    memcpy(big, w.b, w.n);
    size_t used = w.n;
    for (uint32_t i = 0; i < n; i++) {
        w.n = 0;
        w_node(&w, 2, i & 0xffff);
        w_u32(&w, 13);
        w_str(&w, NULL);
        w_double(&w, i);
        memcpy(big + used, w.b, w.n);
        used += w.n;
    }
    return used;
}

static void big_answer(struct talk *t, uint32_t n)
{
    w_response(&w, 676, 4, 0);
    w_u32(&w, n);
    memcpy(big, w.b, w.n);
    size_t used = w.n;
    for (uint32_t i = 0; i < n; i++, used += 4)
        memcpy(big + used, i + 1 == n ? "\0\0\x3b\x80" : "\0\0\0\0", 4);
    memset(big + used, 0, 4);
    send_big(t, 1, 2, big, used + 4);
}

static void ten_thousand_writes(void **state)
{
    static const struct {
        uint32_t sent, told;
        bool cut;
    } rows[] = {{10000, 10000, false}, {20000, 10000, true}};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct talk t;
        start(&t);
        size_t n = big_write(rows[i].sent);
        send_big(&t, 0, 2, big, n);
        assert_int_equal(seen.items, 0);
        big_answer(&t, rows[i].sent);
        assert_int_equal(seen.items, rows[i].told);
        assert_int_equal(seen.bad, rows[i].cut ? 0 : 1);
        assert_true(seen.first == 0 && seen.last == 9999);
        assert_string_equal(seen.anomalies, "");
        assert_int_equal(t.counters.cut > 0, rows[i].cut);
        assert_true(tw_pool_stats(t.env.pool).peak_bytes < 4 << 20);
        finish(&t);
    }
}

/* 64 MB in 1,100 chunks: what is said about it, and how much is kept of it. */
static void endless_messages(void **state)
{
    (void)state;
    for (unsigned dir = 0; dir < 2; dir++) {
        struct talk t;
        start(&t);
        size_t n = big_write(40000);
        if (dir == 1) {
            w_read(&w, 4, (const char *const[]){"Temp"}, 1);
            talk_message(&t, 0, 2, &w);
            w_response(&w, 634, 4, 0);
            w_u32(&w, 7000000);
            memcpy(big, w.b, w.n);
            for (size_t at = w.n; at < 60000; at++)
                big[at] = 0; /* empty DataValues */
        }
        for (unsigned i = 0; i < 1100; i++) {
            size_t from = dir == 1 || i * 60000 + 60000 > n ? 0 : i * 60000;
            talk_chunk(&t, dir, "MSGC", 2, big + from, 60000);
        }
        assert_true(tw_pool_stats(t.env.pool).peak_bytes < 16 << 20);
        talk_chunk(&t, dir, "MSGF", 2, big, 100);
        if (dir == 0) {
            w_response(&w, 397, 4, 0x80B80000);
            talk_message(&t, 1, 2, &w);
        }
        /* Seven million answers to one question. */
        assert_string_equal(
            seen.anomalies, dir == 0 ? "chunk-limit " : "chunk-limit response-mismatch ");
        assert_true(seen.items > 0 && seen.items <= TW_OPCUA_MAX_ITEMS);
        assert_true(t.counters.cut > 0);
        assert_true(tw_pool_stats(t.env.pool).in_use_bytes < 8 << 20);
        finish(&t);
    }
}

static void agreed_limits_are_held(void **state)
{
    static const struct {
        uint32_t message, chunks;
        unsigned parts;
        size_t bytes;
        const char *said;
    } rows[] = {
        {0, 0, 3, 1000, ""},
        {5000, 3, 3, 1000, ""},
        {5000, 2, 3, 1000, "chunk-limit "},
        {2999, 0, 3, 1000, "message-limit "},
        {1000, 1, 1, 1000, ""},
        {999, 1, 1, 1000, "message-limit "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        talk_open(&t, false);
        t.env.emit = (struct tw_emit){count, NULL};
        for (unsigned dir = 0; dir < 2; dir++) {
            w_hello(&w, 65536, dir == 0 ? "opc.tcp://plc:4840" : NULL);
            size_t end = w.n;
            w.n = 12;
            w_u32(&w, rows[i].message);
            w_u32(&w, rows[i].chunks);
            w.n = end;
            talk_frame(&t, dir, dir == 0 ? "HELF" : "ACKF", &w);
        }
        talk_secure(&t, "None", 1, 0);
        seen = (struct seen){0};
        /* The list of nodes of a Read, one of them with a long name. */
        static char name[4096];
        size_t total = rows[i].parts * rows[i].bytes;
        memset(name, 'n', sizeof(name));
        name[0] = '\0';
        w_read(&w, 4, (const char *const[]){name}, 1);
        name[0] = 'n';
        name[total - w.n] = '\0';
        w_read(&w, 4, (const char *const[]){name}, 1);
        assert_int_equal(w.n, total);
        memcpy(big, w.b, w.n);
        for (unsigned part = 0; part < rows[i].parts; part++)
            talk_chunk(&t, 0, part + 1 == rows[i].parts ? "MSGF" : "MSGC", 2,
                big + part * rows[i].bytes, rows[i].bytes);
        assert_string_equal(seen.anomalies, rows[i].said);
        assert_true(talk_close(&t, TW_END_CLOSED));
        tw_text_free(&t.said);
    }
}

static void deep_values(void **state)
{
    static const struct {
        unsigned depth;
        const char *said;
    } rows[] = {{10, ""}, {90, "nesting-limit "}, {100, "decode-error nesting-limit "},
        {12000, "decode-error nesting-limit "}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        start(&t);
        w_request(&w, 673, 4, "token");
        w_u32(&w, 1);
        w_node_str(&w, 2, "Set");
        w_u32(&w, 13);
        w_str(&w, NULL);
        w_u8(&w, 1);
        for (unsigned d = 0; d < rows[i].depth; d++)
            w_raw(&w, "\x98\1\0\0\0", 5);
        w_u8(&w, 1);
        w_u8(&w, 1);
        talk_message(&t, 0, 2, &w);
        w_response(&w, 676, 4, 0);
        w_u32(&w, 1);
        w_u32(&w, 0);
        w_u32(&w, 0);
        talk_message(&t, 1, 2, &w);
        assert_string_equal(seen.anomalies, rows[i].said);
        assert_int_equal(seen.items, 1); /* the node is told in any case */
        finish(&t);
    }
}

static void a_thousand_channels(void **state)
{
    static const char *const nodes[] = {"Temp"};
    struct talk t;
    (void)state;
    start(&t);
    for (t.channel = 1000; t.channel < 2000; t.channel++)
        talk_secure(&t, "None", 1, 0);
    assert_int_equal(seen.items, 1000);
    assert_string_equal(seen.anomalies, "");
    assert_int_equal(t.counters.cut, 1001 - 16);
    assert_true(tw_pool_stats(t.env.pool).peak_bytes < 64 << 10);
    /* What is sent on one that was given up is read all the same. */
    t.channel = 1001;
    w_read(&w, 4, nodes, 1);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 634, 4, 0);
    w_u32(&w, 1);
    w_double(&w, 1.5);
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    assert_int_equal(seen.items, 1001);
    assert_true(seen.last == 1.5);
    assert_string_equal(seen.anomalies, "");
    finish(&t);
}

static void tokens_overlap_at_a_renewal(void **state)
{
    static const char *const nodes[] = {"Temp"};
    struct talk t;
    (void)state;
    start(&t);
    t.token = 2;
    t.renew = true;
    talk_secure(&t, "None", 1, 0);
    /* The old token is good for a while; both are used on one sequence of numbers. */
    for (uint32_t id = 2; id < 8; id++) {
        t.token = 1 + id % 2;
        w_read(&w, id, nodes, 1);
        talk_chunk(&t, 0, "MSGC", id, w.b, 20);
        t.token = 2 - id % 2;
        talk_chunk(&t, 0, "MSGF", id, w.b + 20, w.n - 20);
        w_response(&w, 634, id, 0);
        w_u32(&w, 1);
        w_double(&w, id);
        w_u32(&w, 0);
        talk_message(&t, 1, id, &w);
    }
    assert_int_equal(seen.items, 1 + 6);
    assert_true(seen.last == 7);
    assert_string_equal(seen.anomalies, "");
    finish(&t);
}

/* Chunks of two requests between each other, one of which is given up. */
static void chunks_may_be_interleaved(void **state)
{
    static const char *const nodes[] = {"Temp"};
    struct talk t;
    (void)state;
    start(&t);
    for (uint32_t id = 2; id < 5; id++) {
        w_read(&w, id, nodes, 1);
        talk_chunk(&t, 0, "MSGC", id, w.b, 30);
    }
    w.n = 0;
    w_u32(&w, 0x80010000);
    w_str(&w, "enough");
    talk_chunk(&t, 0, "MSGA", 3, w.b, w.n);
    for (uint32_t id = 4; id >= 2; id -= 2) {
        w_read(&w, id, nodes, 1);
        talk_chunk(&t, 0, "MSGF", id, w.b + 30, w.n - 30);
        w_response(&w, 634, id, 0);
        w_u32(&w, 1);
        w_double(&w, id);
        w_u32(&w, 0);
        talk_message(&t, 1, id, &w);
    }
    assert_int_equal(seen.items, 2);
    assert_true(seen.first == 4 && seen.last == 2);
    assert_string_equal(seen.anomalies, "");
    finish(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_writes),
        cmocka_unit_test(endless_messages),
        cmocka_unit_test(agreed_limits_are_held),
        cmocka_unit_test(deep_values),
        cmocka_unit_test(a_thousand_channels),
        cmocka_unit_test(tokens_overlap_at_a_renewal),
        cmocka_unit_test(chunks_may_be_interleaved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
