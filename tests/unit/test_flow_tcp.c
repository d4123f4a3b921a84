#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "flow_rig.h"

enum { S = TW_TCP_SYN, A = TW_TCP_ACK, F = TW_TCP_FIN, R = TW_TCP_RST };

struct step {
    unsigned d, flags;
    uint32_t seq, ack;
    const char *data;
};

#define HANDSHAKE                                                                                  \
    {0, S, 1000, 0, ""}, {1, S | A, 5000, 1001, ""},                                               \
    {                                                                                              \
        0, A, 1001, 5001, ""                                                                       \
    }
enum { MAX_STEPS = 16 };

static const struct {
    const char *name;
    struct step steps[MAX_STEPS];
    const char *out;
} rows[] = {
    {"request and response", {HANDSHAKE, {0, A, 1001, 5001, "ONE!"}, {1, A, 5001, 1005, "two!"}},
        "{one 40000>4840}>ONE!<two!{input}"},
    {"closed by both",
        {HANDSHAKE, {0, A, 1001, 5001, "ONE!"}, {0, F | A, 1005, 5001, ""},
            {1, F | A, 5001, 1006, ""}, {0, A, 1006, 5002, ""}, {0, A, 1006, 5002, ""}},
        "{one 40000>4840}>ONE!{closed}"},
    {"FIN with data, half closed",
        {HANDSHAKE, {0, A | F, 1001, 5001, "ONE!"}, {1, A, 5001, 1006, "more"},
            {1, A | F, 5005, 1006, "end"}, {0, A, 1006, 5009, ""}},
        "{one 40000>4840}>ONE!<moreend{closed}"},
    {"both FINs cross",
        {HANDSHAKE, {0, A, 1001, 5001, "ONE!"}, {0, F | A, 1005, 5001, ""},
            {1, F | A, 5001, 1005, ""}, {0, A, 1006, 5002, ""}, {1, A, 5002, 1006, ""}},
        "{one 40000>4840}>ONE!{closed}"},
    {"FIN before the data it follows",
        {HANDSHAKE, {0, A, 1001, 5001, "ONE!"}, {0, F | A, 1008, 5001, ""},
            {0, A, 1005, 5001, "abc"}, {1, F | A, 5001, 1009, ""}, {0, A, 1009, 5002, ""}},
        "{one 40000>4840}>ONE!abc{closed}"},
    {"reset",
        {HANDSHAKE, {0, A, 1001, 5001, "ONE!"}, {1, R | A, 5001, 1005, ""},
            {0, A, 1005, 5001, "x"}},
        "{one 40000>4840}>ONE!{reset}"},
    {"reset with old numbers is ignored",
        {HANDSHAKE, {0, A, 1001, 5001, "ONE!"}, {1, R, 4000, 0, ""}, {1, R, 99999, 0, ""},
            {0, A, 1005, 5001, "abc"}},
        "{one 40000>4840}>ONE!abc{input}"},
    {"reset after FIN",
        {HANDSHAKE, {0, A, 1001, 5001, "ONE!"}, {0, F | A, 1005, 5001, ""}, {0, R, 1006, 0, ""}},
        "{one 40000>4840}>ONE!{reset}"},
    {"who had reset it speaks again",
        {HANDSHAKE, {0, A, 1001, 5001, "ONE!"}, {0, R, 1005, 0, ""}, {0, A, 1005, 5001, "one?"}},
        "{one 40000>4840}>ONE!{reset}{one 40000>4840 mid}>one?{input}"},
    {"everything once more, after the end",
        {HANDSHAKE, {0, A, 1001, 5001, "ONE!"}, {1, R | A, 5001, 1005, ""}, HANDSHAKE,
            {0, A, 1001, 5001, "ONE!"}, {1, R | A, 5001, 1005, ""}},
        "{one 40000>4840}>ONE!{reset}"},
    {"port is used again after the end",
        {HANDSHAKE, {0, A, 1001, 5001, "ONE!"}, {1, R | A, 5001, 1005, ""}, {0, S, 9000, 0, ""},
            {1, S | A, 7000, 9001, ""}, {0, A, 9001, 7001, "TWO!"}},
        "{one 40000>4840}>ONE!{reset}{two 40000>4840}>TWO!{input}"},
    {"port is used again, the end was not seen",
        {HANDSHAKE, {0, A, 1001, 5001, "ONE!"}, {0, S, 9000, 0, ""}, {1, S | A, 7000, 9001, ""},
            {0, A, 9001, 7001, "TWO!"}},
        "{one 40000>4840}>ONE!{closed}{two 40000>4840}>TWO!{input}"},
    {"a forged SYN changes nothing",
        {HANDSHAKE, {0, A, 1001, 5001, "ONE!"}, {0, S, 9000, 0, ""}, {1, A, 5001, 1005, ""},
            {0, A, 1005, 5001, "abc"}},
        "{one 40000>4840}>ONE!abc{input}"},
    {"SYN again", {{0, S, 1000, 0, ""}, HANDSHAKE, {0, S, 1000, 0, ""}, {0, A, 1001, 5001, "ONE!"}},
        "{one 40000>4840}>ONE!{input}"},
    {"data in the SYN",
        {{0, S, 1000, 0, "ONE!"}, {1, S | A, 5000, 1005, ""}, {0, A, 1005, 5001, "abc"}},
        "{one 40000>4840}>ONE!abc{input}"},
    {"SYN missing", {{1, S | A, 5000, 1001, ""}, {0, A, 1001, 5001, "ONE!"}},
        "{one 40000>4840}>ONE!{input}"},
    {"SYN-ACK missing, first answer too",
        {{0, S, 1000, 0, ""}, {0, A, 1001, 5001, "ONE!"}, {1, A, 5004, 1005, "abc"},
            {0, A, 1005, 5007, ""}, {1, A, 5007, 1005, "d"}, {1, A, 5008, 1005, "e"},
            {1, A, 5009, 1005, "f"}},
        "{one 40000>4840}>ONE![gap 4840>40000 3]{gap1 3}<abcdef{input}"},
    {"middle of a stream", {{1, A, 777, 55, "xyz"}, {0, A, 55, 780, "one"}, {1, A, 780, 58, "abc"}},
        "{one 40000>4840 mid}>one<abc{input}"},
    {"server speaks first", {HANDSHAKE, {1, A, 5001, 1001, "TWO!"}, {0, A, 1001, 5005, "yes"}},
        "{two 40000>4840}<TWO!>yes{input}"},
    {"keep-alive",
        {HANDSHAKE, {0, A, 1001, 5001, "ONE!"}, {1, A, 5001, 1005, ""}, {0, A, 1004, 5001, ""},
            {0, A, 1004, 5001, "\x01"}, {1, A, 5001, 1005, ""}, {0, A, 1005, 5001, "abc"}},
        "{one 40000>4840}>ONE!abc{input}"},
    {"conflict", {HANDSHAKE, {0, A, 1001, 5001, "ONE!"}, {0, A, 1001, 5001, "TWO!"}},
        "{one 40000>4840}>ONE![conflict 40000>4840]{input}"},
    {"gap in the middle",
        {HANDSHAKE, {0, A, 1001, 5001, "ONE!"}, {1, A, 5001, 1010, "ok"}, {0, A, 1010, 5003, "a"},
            {0, A, 1011, 5003, "b"}, {0, A, 1012, 5003, "c"}},
        "{one 40000>4840}>ONE!<ok[gap 40000>4840 5]{gap0 5}>abc{input}"},
    {"gap before recognition",
        {HANDSHAKE, {1, A, 5001, 1010, ""}, {0, A, 1010, 5001, "xx"}, {0, A, 1012, 5001, "one"},
            {0, A, 1015, 5001, "yes"}},
        "[gap unknown 40000>4840 9]{one 40000>4840 mid}>oneyes{input}"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig *r = rig_new(16, false);
        for (const struct step *s = rows[i].steps; s->data != NULL; s++)
            rig_tcp(r, s->d, s->flags, s->seq, s->ack, s->data);
        rig_finish(r);
        if (strcmp(r->log, rows[i].out) != 0)
            fail_msg("%s:\n%s\n%s", rows[i].name, r->log, rows[i].out);
        assert_int_equal(rig_free(r), 0);
    }
}

/* Every byte its own segment, in any rotation: the same bytes come out. */
static void test_byte_by_byte(void **state)
{
    (void)state;
    static const char text[] = "ONE!abcdefghijklmnopqrstuvwxyz";
    enum { N = sizeof(text) - 1 };
    for (uint32_t first = 0; first < N; first++) {
        struct rig *r = rig_new(16, false);
        rig_handshake(r);
        for (uint32_t i = 0; i < N; i++) {
            const uint32_t at = (first + i) % N;
            const char one[2] = {text[at], '\0'};
            rig_tcp(r, 0, A, 1001 + at, 5001, one);
        }
        rig_finish(r);
        assert_string_equal(r->log, "{one 40000>4840}>ONE!abcdefghijklmnopqrstuvwxyz{input}");
        assert_int_equal(rig_free(r), 0);
    }
}

/* Deadlines: the time of the event is the deadline, its phase 1, its packet the last one seen. */
static void test_deadlines(void **state)
{
    (void)state;
    struct rig *r = rig_new(16, false);
    r->times = true;
    rig_handshake(r);
    rig_tcp(r, 0, A, 1001, 5001, "ONE!");
    rig_tcp(r, 0, A, 1005, 5001, "wait");
    const int64_t asked_ms = r->now_ns / TW_NS_PER_MS - 1;
    rig_wait(r, 4000);
    assert_null(strstr(r->log, "read"));
    rig_wait(r, 60000);
    char expected[64];
    snprintf(
        expected, sizeof(expected), "[read ph1 p5 t%lld 40000>4840]", (long long)asked_ms + 5000);
    assert_non_null(strstr(r->log, expected));
    /* A lost segment, acknowledged, and then silence. */
    rig_tcp(r, 0, A, 1019, 5001, "late");
    rig_tcp(r, 1, A, 5001, 1023, "");
    const int64_t acked_ms = r->now_ns / TW_NS_PER_MS - 1;
    rig_wait(r, 1000);
    snprintf(expected, sizeof(expected), "[gap ph1 p7 t%lld 40000>4840 10]{gap0 10}late",
        (long long)acked_ms + 200);
    assert_non_null(strstr(r->log, expected));
    /* An hour later it is over. */
    rig_wait(r, 3598 * 1000);
    assert_null(strstr(r->log, "{idle}"));
    rig_wait(r, 2000);
    assert_non_null(strstr(r->log, "{idle}"));
    assert_int_equal(tw_flows_stats(r->flows).active, 0);
    assert_int_equal(rig_free(r), 0);
}

/* A protocol that is patient is asked less often; its deadlines are met all the same, whenever it
 * begins to wait. */
static void test_patience(void **state)
{
    (void)state;
    struct tw_proto patient = fake_one;
    patient.is_patient = true;
    const struct tw_proto *const protocols[] = {&patient, NULL};
    struct rig *r = rig_new_of(protocols, 16, false);
    uint32_t seq = 1005;
    r->env.limits.request_timeout_ns = 5 * TW_NS_PER_S;
    r->times = true;
    rig_handshake(r);
    rig_tcp(r, 0, A, 1001, 5001, "ONE!");
    for (int64_t quiet_ms = 1; quiet_ms < 1000000; quiet_ms *= 3) {
        rig_wait(r, quiet_ms);
        r->len = 0;
        rig_tcp(r, 0, A, seq, 5001, "wait");
        seq += 4;
        char expected[64];
        snprintf(expected, sizeof(expected), "wait[read ph1 p%llu t%lld 40000>4840]",
            (unsigned long long)r->packet, (long long)(r->now_ns / TW_NS_PER_MS - 1 + 5000));
        rig_wait(r, 4998);
        assert_null(strstr(r->log, "read"));
        rig_wait(r, 1);
        assert_non_null(strstr(r->log, expected));
    }
    rig_finish(r);
    assert_int_equal(rig_free(r), 0);
}

/* 10.0.0.`src`:1 to 10.0.0.`dst`:2, also as the same of IPv6, or of IPv4 in GRE. */
static void send_udp(struct rig *r, unsigned type, unsigned src, unsigned dst, bool in_gre)
{
    struct frame f = {.len = 0};
    frame_ether(&f, type);
    if (in_gre) {
        frame_ipv4(&f, 47, 8, 9, 4 + 20 + 8, 1, 0);
        frame_u32(&f, 0x0800);
    }
    if (type == 0x86dd)
        frame_ipv6(&f, 17, src, dst, 8);
    else
        frame_ipv4(&f, 17, src, dst, 8, 1, 0);
    frame_udp(&f, src, dst, "", 0);
    rig_frame(r, &f, 1);
}

/* Both directions are one flow. Other addresses, ports, a tunnel or protocol make another. */
static void test_ends(void **state)
{
    (void)state;
    struct rig *r = rig_new(16, false);
    static const struct {
        unsigned type, src, dst;
        bool in_gre;
        unsigned flows;
    } sent[] = {
        {0x0800, 1, 2, false, 1},
        {0x0800, 2, 1, false, 1},
        {0x0800, 1, 3, false, 2},
        {0x0800, 3, 1, false, 2},
        {0x86dd, 1, 2, false, 3},
        {0x86dd, 2, 1, false, 3},
        {0x86dd, 3, 2, false, 4},
        {0x86dd, 2, 3, false, 4},
        {0x0800, 1, 2, true, 5},
        {0x0800, 2, 1, true, 5},
        {0x0800, 2, 2, false, 6},
        {0x0800, 2, 2, false, 6},
    };
    for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
        send_udp(r, sent[i].type, sent[i].src, sent[i].dst, sent[i].in_gre);
        assert_int_equal(tw_flows_stats(r->flows).flows, sent[i].flows);
    }
    rig_tcp(r, 0, S, 1000, 0, "");
    rig_udp(r, 0, SERVER, "x", 1);
    assert_int_equal(tw_flows_stats(r->flows).flows, 8);
    r->len = 0;
    rig_finish(r);
    assert_string_equal(r->log,
        "[flow unknown 1>2 udp 2/84 established][flow unknown 1>3 udp 2/84 established]"
        "[flow unknown 1>2 udp 2/124 established][flow unknown 3>2 udp 2/124 established]"
        "[flow unknown 1>2 udp 2/56 established][flow unknown 2>2 udp 2/84 unanswered]"
        "[flow unknown 40000>4840 tcp 1/54 unanswered]"
        "[flow unknown 40000>4840 udp 1/43 unanswered]");
    assert_int_equal(rig_free(r), 0);
}

/* The table grows with its flows: each is found, in both directions, and ends. */
static void test_many(void **state)
{
    (void)state;
    enum { MANY = 700, IDLE_MS = 121 * 1000 };
    struct rig *r = rig_new(MANY, false);
    for (unsigned round = 1; round <= 2; round++) {
        for (unsigned n = 1; n <= MANY; n++) {
            rig_udp(r, 0, n, "x", 1);
            rig_udp(r, 1, n / 2 + 1, "x", 1);
            assert_int_equal(tw_flows_stats(r->flows).active, n);
        }
        r->len = 0;
        rig_wait(r, IDLE_MS);
        assert_int_equal(tw_flows_stats(r->flows).active, 0);
        assert_int_equal(tw_flows_stats(r->flows).flows, MANY * round);
    }
    assert_int_equal(tw_flows_stats(r->flows).evicted, 0);
    assert_int_equal(rig_free(r), 0);
}

/* The table is full: who was quiet longest goes. */
static void test_eviction(void **state)
{
    (void)state;
    struct rig *r = rig_new(2, false);
    for (unsigned port = 1; port <= 2; port++)
        rig_udp(r, 0, port, "x", 1);
    rig_udp(r, 0, 1, "x", 1);
    rig_udp(r, 0, 3, "x", 1);
    assert_string_equal(r->log, "[flow unknown 40000>2 udp 1/43 unanswered]");
    rig_finish(r);
    assert_string_equal(r->log,
        "[flow unknown 40000>2 udp 1/43 unanswered][flow unknown 40000>1 udp 2/86 unanswered]"
        "[flow unknown 40000>3 udp 1/43 unanswered]");
    assert_int_equal(tw_flows_stats(r->flows).evicted, 1);
    assert_int_equal(rig_free(r), 0);
}

static void note_flow(void *user, const struct tw_event *e)
{
    uint64_t *id = user;
    *id = e->flow;
}

/* The id is the same for both directions and differs when the ports are used again. */
static void test_flow_id(void **state)
{
    (void)state;
    uint64_t ids[3];
    for (int i = 0; i < 3; i++) {
        struct rig *r = rig_new(4, false);
        r->now_ns += i == 2 ? 1000 : 0;
        r->env.emit = (struct tw_emit){note_flow, &ids[i]};
        rig_udp(r, i == 1, 99, "x", 1);
        rig_finish(r);
        assert_int_equal(rig_free(r), 0);
    }
    assert_true(ids[0] == ids[1]);
    assert_true(ids[0] != ids[2]);
}

/* Free while flows hold memory. */
static void test_free_in_between(void **state)
{
    (void)state;
    struct rig *r = rig_new(4, false);
    rig_handshake(r);
    rig_tcp(r, 0, A, 1001, 5001, "ON");
    rig_tcp(r, 0, A, 1010, 5001, "queued");
    assert_int_equal(rig_free(r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_eviction),
        cmocka_unit_test(test_flow_id),
        cmocka_unit_test(test_free_in_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
