#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "opcua_wire.h"

static struct wire w;

/* More than the builder holds. */
static uint8_t big[(1 << 20) + 4096];

static struct seen {
    uint32_t items, bad, malformed;
    uint32_t unanswered, without_value;
    uint32_t shown;   /* elements, or bytes, of the last value */
    uint32_t strings; /* diagnoses of the last value that have a name */
    uint32_t told;    /* bytes of the message's diagnosis, of the last event */
    bool truncated;   /* the last event */
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
    bool bytes = e->value.kind == TW_VALUE_STRING || e->value.kind == TW_VALUE_BYTES;
    seen.shown = bytes ? (uint32_t)e->value.s.len : e->value.n;
    seen.strings = 0;
    for (uint32_t i = 0; e->value.kind == TW_VALUE_ARRAY && i < e->value.n; i++) {
        const struct tw_value *v = &e->value.items[i];
        seen.strings += v->kind == TW_VALUE_OBJECT && v->items[0].kind == TW_VALUE_STRING;
    }
    const struct tw_value *details = e->opcua->details;
    seen.told = details == NULL ? 0 : (uint32_t)details->items[0].items[0].s.len;
    seen.truncated = e->truncated;
    seen.items++;
    seen.bad += e->status_bad;
    seen.unanswered += e->status.is_null;
    seen.without_value += e->value.kind == TW_VALUE_NONE;
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
        assert_true(tw_pool_stats(t.env.pool).peak_bytes < 10 << 20);
        talk_chunk(&t, dir, "MSGF", 2, big, 100);
        if (dir == 0) {
            w_response(&w, 397, 4, 0x80B80000);
            talk_message(&t, 1, 2, &w);
        }
        /* Seven million answers to one question. */
        assert_string_equal(
            seen.anomalies, dir == 0 ? "chunk-limit " : "chunk-limit response-mismatch ");
        assert_int_equal(seen.items, dir == 0 ? TW_OPCUA_MAX_ITEMS : 1);
        assert_true(t.counters.cut > 0);
        assert_true(tw_pool_stats(t.env.pool).in_use_bytes < 4096);
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

/* A Write of one value, that `value` is the DataValue of, and its answer. */
static void write_one(struct talk *t, const void *value, size_t n)
{
    w_request(&w, 673, 4, "token");
    w_u32(&w, 1);
    w_node_str(&w, 2, "Set");
    w_u32(&w, 13);
    w_str(&w, NULL);
    memmove(big + w.n, value, n);
    memcpy(big, w.b, w.n);
    send_big(t, 0, 2, big, w.n + n);
    w_response(&w, 676, 4, 0);
    w_u32(&w, 1);
    w_u32(&w, 0);
    w_u32(&w, 0);
    talk_message(t, 1, 2, &w);
}

/* Levels: a Variant is one, a DataValue in it another, and so on. */
static void deep_values(void **state)
{
    static const struct {
        const char *head, *level, *tail;
        size_t head_len, level_len, tail_len;
        unsigned levels; /* how often */
        const char *said;
    } rows[] = {
#define DEEP(head, level, tail, levels, said)                                                      \
    {                                                                                              \
        head, level, tail, sizeof(head) - 1, sizeof(level) - 1, sizeof(tail) - 1, levels, said     \
    }
#define NAMED "nesting-limit "
#define REFUSED "decode-error nesting-limit "
        /* Variants in arrays: 11, 32, 33, 100, 101 levels */
        DEEP("\1", "\x98\1\0\0\0", "\1\1", 10, ""),
        DEEP("\1", "\x98\1\0\0\0", "\1\1", 31, ""),
        DEEP("\1", "\x98\1\0\0\0", "\1\1", 32, NAMED),
        DEEP("\1", "\x98\1\0\0\0", "\1\1", 99, NAMED),
        DEEP("\1", "\x98\1\0\0\0", "\1\1", 100, REFUSED),
        DEEP("\1", "\x98\1\0\0\0", "\1\1", 12000, REFUSED),
        /* DataValues in Variants, two levels each: 100, 101 */
        DEEP("\1", "\x17\1", "\x17\0", 49, NAMED),
        DEEP("\1", "\x17\1", "\1\1", 50, REFUSED),
        DEEP("\1", "\x17\1", "\1\1", 30000, REFUSED),
        /* a DiagnosticInfo in a DiagnosticInfo, in a Variant: 100, 101 */
        DEEP("\1\x19", "\x40", "\0", 98, NAMED),
        DEEP("\1\x19", "\x40", "\0", 99, REFUSED),
        DEEP("\1\x19", "\x40", "\0", 60000, REFUSED),
    };
    static uint8_t value[60010];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        start(&t);
        size_t n = rows[i].head_len;
        memcpy(value, rows[i].head, n);
        for (unsigned d = 0; d < rows[i].levels; d++, n += rows[i].level_len)
            memcpy(value + n, rows[i].level, rows[i].level_len);
        memcpy(value + n, rows[i].tail, rows[i].tail_len);
        write_one(&t, value, n + rows[i].tail_len);
        if (strcmp(seen.anomalies, rows[i].said) != 0)
            fail_msg("row %zu: %s", i, seen.anomalies);
        assert_int_equal(seen.items, 1); /* the node is told in any case */
        finish(&t);
    }
}

/* LiteralOperands in Variants, each in the body of the one before: bodies are not opened to judge a
 * message, and are shown as bytes where they are too deep. */
static void deep_structures(void **state)
{
    static const unsigned levels[] = {1, 5, 100, 101, 4000};
    static uint8_t value[64 << 10];
    (void)state;
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        struct talk t;
        size_t at = sizeof(value) - 2;
        memcpy(value + at, "\1\1", 2);
        for (unsigned d = 0; d < levels[i]; d++) {
            w.n = 0;
            w_u8(&w, 22);
            w_node(&w, 0, 597);
            w_u8(&w, 1);
            w_u32(&w, (uint32_t)(sizeof(value) - at));
            at -= w.n;
            memcpy(value + at, w.b, w.n);
        }
        value[--at] = 1;
        start(&t);
        write_one(&t, value + at, sizeof(value) - at);
        assert_string_equal(seen.anomalies, "");
        assert_int_equal(seen.items, 1);
        assert_int_equal(seen.without_value, 0);
        assert_int_equal(seen.truncated, levels[i] > 5);
        finish(&t);
    }
}

/* Of long values an event shows the beginning; what is no longer kept at all is not shown. */
static void long_values(void **state)
{
    static const struct {
        uint8_t type;
        uint32_t sent, size; /* elements, and bytes of each; strings have one */
        uint32_t shown;
        bool truncated, without_value;
    } rows[] = {
        {11, 256, 8, TW_MAX_EVENT_ITEMS, false, false},
        {11, 257, 8, TW_MAX_EVENT_ITEMS, true, false},
        {11, 10000, 8, TW_MAX_EVENT_ITEMS, true, false},
        {11, 100000, 8, TW_MAX_EVENT_ITEMS, true, false},
        {3, 1000000, 1, TW_MAX_EVENT_ITEMS, true, false},
        {3, 1048576, 1, 0, true, true}, /* more than is kept of a request */
        {12, 4096, 0, TW_MAX_EVENT_STRING, false, false},
        {12, 4097, 0, TW_MAX_EVENT_STRING, true, false},
        {12, 65535, 0, TW_MAX_EVENT_STRING, true, false},
        {12, 65536, 0, TW_MAX_EVENT_STRING, true, false},
        {15, 65536, 0, TW_MAX_EVENT_STRING, true, false},
        {12, 1000000, 0, TW_MAX_EVENT_STRING, true, false},
    };
    static uint8_t value[6 + (1 << 20)];
    (void)state;
    memset(value, 'a', sizeof(value));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        bool array = rows[i].size > 0;
        start(&t);
        w.n = 0;
        w_u8(&w, 1);
        w_u8(&w, array ? 0x80u | rows[i].type : rows[i].type);
        w_u32(&w, rows[i].sent);
        memcpy(value, w.b, 6);
        write_one(&t, value, 6 + (size_t)rows[i].sent * (array ? rows[i].size : 1));
        assert_string_equal(seen.anomalies, "");
        if (seen.items != 1 || seen.shown != rows[i].shown || seen.truncated != rows[i].truncated ||
            seen.without_value != rows[i].without_value)
            fail_msg("row %zu: %u events, %u shown, truncated %d, without value %u", i, seen.items,
                seen.shown, seen.truncated, seen.without_value);
        if (tw_pool_stats(t.env.pool).peak_bytes >= 5 << 20)
            fail_msg("row %zu: %zu bytes", i, tw_pool_stats(t.env.pool).peak_bytes);
        finish(&t);
    }
}

/* Counts that lie. */
static void hostile_counts(void **state)
{
    static const struct {
        const char *value;
        size_t len;
        const char *said;
    } rows[] = {
#define BYTES(z) z, sizeof(z) - 1
        /* Byte[4]: 65535 by 65535, 2^16 by 2^16, 2^31 by 2, -1, 0 by 4 */
        {BYTES("\1\xc3\4\0\0\0abcd\2\0\0\0\xff\xff\0\0\xff\xff\0\0"), "bad-dimensions "},
        {BYTES("\1\xc3\4\0\0\0abcd\2\0\0\0\0\0\1\0\0\0\1\0"), "bad-dimensions "},
        {BYTES("\1\xc3\4\0\0\0abcd\2\0\0\0\0\0\0\x80\2\0\0\0"), "bad-dimensions "},
        {BYTES("\1\xc3\4\0\0\0abcd\1\0\0\0\xff\xff\xff\xff"), "bad-dimensions "},
        {BYTES("\1\xc3\4\0\0\0abcd\2\0\0\0\0\0\0\0\4\0\0\0"), "bad-dimensions "},
        {BYTES("\1\xc3\4\0\0\0abcd\2\0\0\0\2\0\0\0\2\0\0\0"), ""},
        /* more dimensions, elements, bytes than there are */
        {BYTES("\1\xc3\4\0\0\0abcd\xff\xff\xff\x7f\2\0\0\0"), "decode-error "},
        {BYTES("\1\x83\xff\xff\xff\x7f"), "decode-error "},
        {BYTES("\1\x83\0\0\0\x80"), "decode-error "},
        {BYTES("\1\x8b\0\0\0\x20"
               "12345678"),
            "decode-error "},
        {BYTES("\1\x0c\xff\xff\xff\x7f"), "decode-error "},
        {BYTES("\1\x0c\xfe\xff\xff\xff"), "decode-error "},
        {BYTES("\1\x8c\xff\xff\xff\xff"), ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        start(&t);
        write_one(&t, rows[i].value, rows[i].len);
        if (strcmp(seen.anomalies, rows[i].said) != 0)
            fail_msg("row %zu: %s", i, seen.anomalies);
        assert_int_equal(seen.items, 1);
        finish(&t);
    }
}

/* Requests that nobody answers: all are told, as many as fit are kept. */
static void a_flood_of_requests(void **state)
{
    enum { REQUESTS = 10000 };
    static const char *const nodes[] = {"Temp"};
    struct talk t;
    (void)state;
    start(&t);
    for (uint32_t id = 2; id < REQUESTS + 2; id++) {
        w_read(&w, id, nodes, 1);
        talk_message(&t, 0, id, &w);
    }
    assert_int_equal(seen.items, REQUESTS - TW_OPCUA_MAX_PENDING);
    assert_int_equal(seen.unanswered, REQUESTS - TW_OPCUA_MAX_PENDING);
    assert_true(tw_pool_stats(t.env.pool).peak_bytes < 256 << 10);
    assert_true(talk_close(&t, TW_END_CLOSED));
    assert_int_equal(seen.items, REQUESTS);
    assert_int_equal(seen.unanswered, REQUESTS);
    assert_string_equal(seen.anomalies, "");
    tw_text_free(&t.said);
}

/* The same, of a megabyte each: what one connection may hold is less than the pool, and the later
 * ones are told without what they held. */
static void a_flood_of_large_requests(void **state)
{
    enum { REQUESTS = 300, BODY = 1000000 };
    struct talk t;
    (void)state;
    start(&t);
    for (uint32_t id = 2; id < REQUESTS + 2; id++) {
        w_request(&w, 673, id, "token");
        w_u32(&w, 1);
        w_node_str(&w, 2, "Set");
        w_u32(&w, 13);
        w_str(&w, NULL);
        w_u8(&w, 1);
        w_u8(&w, 15);
        w_u32(&w, BODY);
        memcpy(big, w.b, w.n);
        send_big(&t, 0, id, big, w.n + BODY);
    }
    assert_int_equal(seen.items, REQUESTS - TW_OPCUA_MAX_PENDING);
    assert_true(tw_pool_stats(t.env.pool).peak_bytes <= TW_OPCUA_MAX_KEPT + (4 << 20));
    assert_true(talk_close(&t, TW_END_CLOSED));
    assert_int_equal(seen.items, REQUESTS);
    assert_int_equal(seen.unanswered, REQUESTS);
    assert_true(seen.without_value > 0 && seen.without_value < REQUESTS);
    assert_true(t.counters.cut >= seen.without_value);
    assert_string_equal(seen.anomalies, "");
    tw_text_free(&t.said);
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

static void a_thousand_connections(void **state)
{
    enum { CONNECTIONS = 1000 };
    static const char *const nodes[] = {"Temp"};
    static void *states[CONNECTIONS];
    struct talk t;
    (void)state;
    talk_open(&t, false);
    t.env.emit = (struct tw_emit){count, NULL};
    seen = (struct seen){0};
    void *first = t.state;
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        t.state = states[i] = calloc(1, tw_opcua.state_size);
        t.conn.flow = t.channel = i + 1;
        t.sequence[0] = t.sequence[1] = 0;
        tw_opcua.open(t.state, &t.env, &t.conn);
        talk_hello(&t);
        talk_secure(&t, "None", 1, 0);
        w_read(&w, 4, nodes, 1);
        talk_message(&t, 0, 2, &w);
    }
    assert_int_equal(seen.items, 2 * CONNECTIONS);
    /* A channel and a request each. */
    const struct tw_pool_stats held = tw_pool_stats(t.env.pool);
    assert_true(held.in_use_bytes < CONNECTIONS * 2048);
    assert_true(held.peak_bytes < CONNECTIONS * 2048 + (128 << 10));
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        t.state = states[i];
        t.conn.flow = t.channel = i + 1;
        t.sequence[1] = 1;
        w_response(&w, 634, 4, 0);
        w_u32(&w, 1);
        w_double(&w, i);
        w_u32(&w, 0);
        talk_message(&t, 1, 2, &w);
        assert_int_equal(seen.items, 2 * CONNECTIONS + i + 1);
        assert_true(seen.last == i);
        tw_opcua.close(t.state, &t.env, &t.conn, TW_END_CLOSED, &t.when);
        free(t.state);
    }
    assert_string_equal(seen.anomalies, "");
    assert_int_equal(t.counters.cut, 0);
    t.state = first;
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

/* A DiagnosticInfo names a string by its place in a table of any length: the last of many is not
 * looked up again and again. */
static void strings_far_down_a_table(void **state)
{
    static const struct {
        uint32_t place, strings;
    } rows[] = {{0, 100}, {50, 100}, {1022, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct talk t;
        start(&t);
        w_read(&w, 4, (const char *const[]){"Temp"}, 1);
        talk_message(&t, 0, 2, &w);
        w_response(&w, 634, 4, 0);
        w.n -= 4 + 5; /* no table, no additional header */
        w_u32(&w, 1023);
        for (unsigned n = 0; n < 1023; n++)
            w_str(&w, "a");
        w_no_extension(&w);
        w_u32(&w, 1);
        w_u8(&w, 1);
        w_u8(&w, 0x80 | 25); /* DiagnosticInfo */
        w_u32(&w, 100);
        for (unsigned n = 0; n < 100; n++) {
            w_u8(&w, 1);
            w_u32(&w, rows[i].place);
        }
        w_u32(&w, 0);
        talk_message(&t, 1, 2, &w);
        assert_string_equal(seen.anomalies, "");
        assert_int_equal(seen.shown, 100);
        bool all = rows[i].strings == 100;
        if (seen.truncated == all || (all ? seen.strings != 100 : seen.strings > 10))
            fail_msg("row %zu: %u strings", i, seen.strings);
        assert_true(seen.strings > 0);
        finish(&t);
    }
}

/* What is said of the message is said with each of its items. */
static void a_long_diagnosis_of_many_items(void **state)
{
    static const uint32_t sent[] = {1000, 4096, 10000};
    (void)state;
    for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
        struct talk t;
        start(&t);
        w_read(&w, 4, (const char *const[]){"Temp", "Level", "Flow"}, 3);
        talk_message(&t, 0, 2, &w);
        w_response(&w, 634, 4, 0);
        w.n -= 1 + 4 + 5;
        w_u8(&w, 0x10);
        w_u32(&w, sent[i]);
        for (uint32_t n = 0; n < sent[i]; n++)
            w_u8(&w, 'x');
        w_u32(&w, 0);
        w_no_extension(&w);
        w_u32(&w, 3);
        for (unsigned n = 0; n < 3; n++)
            w_double(&w, n);
        w_u32(&w, 0);
        talk_message(&t, 1, 2, &w);
        assert_string_equal(seen.anomalies, "");
        assert_int_equal(seen.items, 3);
        assert_true(seen.last == 2);
        assert_true(sent[i] == 1000 ? seen.told == 1000 : seen.told > 1000 && seen.told < 2048);
        finish(&t);
    }
}

/* Messages that never end, each with another request id. Of more than a few at once the oldest is
 * given up, which is said: its receiver may go on with it. */
static void a_flood_of_beginnings(void **state)
{
    enum { MESSAGES = 5000 };
    static const char *const nodes[] = {"Temp"};
    struct talk t;
    (void)state;
    start(&t);
    w_read(&w, 4, nodes, 1);
    for (uint32_t id = 2; id < MESSAGES + 2; id++) {
        talk_chunk(&t, 0, "MSGC", id, w.b, 30);
        assert_int_equal(seen.malformed, id < 10 ? 0 : id - 9);
    }
    assert_true(strncmp(seen.anomalies, "chunk-limit chunk-limit ", 24) == 0);
    assert_int_equal(t.counters.cut, MESSAGES - 8);
    assert_true(tw_pool_stats(t.env.pool).peak_bytes < 16 << 10);
    /* The newest are whole. */
    talk_chunk(&t, 0, "MSGF", MESSAGES + 1, w.b + 30, w.n - 30);
    finish(&t);
    assert_int_equal(seen.items, 1);
    assert_int_equal(seen.malformed, MESSAGES - 8);
}

/* As much as fits of them, on many channels and both ways. */
static void beginnings_are_bounded(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    memset(big, 0, 60000);
    for (t.channel = 1000; t.channel < 1016; t.channel++) {
        talk_secure(&t, "None", 1, 0);
        for (uint32_t id = 2; id < 10; id++)
            for (unsigned i = 0; i < 32; i++)
                talk_chunk(&t, i & 1, "MSGC", id, big, 60000);
    }
    assert_int_equal(seen.malformed, 0);
    assert_true(t.counters.cut > 200);
    assert_true(tw_pool_stats(t.env.pool).peak_bytes <= TW_OPCUA_MAX_KEPT + (4 << 20));
    finish(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_writes),
        cmocka_unit_test(endless_messages),
        cmocka_unit_test(agreed_limits_are_held),
        cmocka_unit_test(deep_values),
        cmocka_unit_test(deep_structures),
        cmocka_unit_test(long_values),
        cmocka_unit_test(hostile_counts),
        cmocka_unit_test(a_flood_of_requests),
        cmocka_unit_test(a_flood_of_large_requests),
        cmocka_unit_test(a_thousand_channels),
        cmocka_unit_test(a_thousand_connections),
        cmocka_unit_test(tokens_overlap_at_a_renewal),
        cmocka_unit_test(chunks_may_be_interleaved),
        cmocka_unit_test(strings_far_down_a_table),
        cmocka_unit_test(a_long_diagnosis_of_many_items),
        cmocka_unit_test(a_flood_of_beginnings),
        cmocka_unit_test(beginnings_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
