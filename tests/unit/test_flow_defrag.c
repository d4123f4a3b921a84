#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>

#include "base/timefmt.h"
#include "flow/defrag.h"
#include "frames.h"

enum { RAW = 12 };

struct bench {
    struct tw_defrag *d;
    int64_t now_ns;
    uint64_t number;
    struct tw_packet p;
};

static bool give(struct bench *b, const struct frame *f)
{
    tw_packet_decode(&b->p, RAW, tw_cur_of(f->b, f->len), (uint32_t)f->len);
    b->p.ts_ns = b->now_ns;
    b->p.number = ++b->number;
    assert_int_equal(b->p.kind, TW_PACKET_FRAGMENT);
    return tw_defrag_packet(b->d, &b->p);
}

/* The datagram: a UDP header and 0, 1, 2 … */
static void datagram(uint8_t *out, size_t n)
{
    struct frame f = {.len = 0};
    frame_udp(&f, 1111, 2222, NULL, 0);
    frame_set16(&f, 4, (unsigned)n);
    memcpy(out, f.b, 8);
    for (size_t i = 8; i < n; i++)
        out[i] = (uint8_t)i;
}

static bool give4(
    struct bench *b, unsigned id, const uint8_t *whole, size_t from, size_t n, bool more)
{
    struct frame f = {.len = 0};
    frame_ipv4(&f, 17, 1, 2, n, id, (unsigned)(from / 8) | (more ? 0x2000 : 0));
    frame_put(&f, whole + from, n);
    return give(b, &f);
}

static bool give6(struct bench *b, uint32_t id, unsigned next, const uint8_t *whole, size_t from,
    size_t n, bool more)
{
    struct frame f = {.len = 0};
    frame_ipv6(&f, 44, 1, 2, n + 8);
    frame_u16(&f, next << 8);
    frame_u16(&f, (unsigned)from | more);
    frame_u32(&f, id);
    frame_put(&f, whole + from, n);
    return give(b, &f);
}

static void check(const struct bench *b, size_t n, unsigned family)
{
    assert_int_equal(b->p.kind, TW_PACKET_IP);
    assert_int_equal(b->p.ip_proto, 17);
    assert_int_equal(b->p.src.port, 1111);
    assert_int_equal(b->p.dst.port, 2222);
    assert_int_equal(b->p.payload.left, n - 8);
    assert_int_equal(b->p.payload_len, n - 8);
    assert_false(b->p.cut);
    for (size_t i = 8; i < n; i++)
        assert_int_equal(b->p.payload.p[i - 8], (uint8_t)i);
    /* For those who read whole IP packets. */
    struct tw_packet again;
    tw_packet_decode(&again, RAW, b->p.ip, (uint32_t)b->p.ip.left);
    assert_int_equal(again.kind, TW_PACKET_IP);
    assert_int_equal(again.src.ip.family, family);
    assert_memory_equal(&again.src.ip, &b->p.src.ip, sizeof(again.src.ip));
    assert_int_equal(again.payload.left, n - 8);
}

static struct bench new_bench(size_t datagrams)
{
    struct bench b = {.d = tw_defrag_new(datagrams), .now_ns = TW_NS_PER_S};
    assert_non_null(b.d);
    return b;
}

/* Three pieces in every order, each of them once or twice. */
static void test_orders(void **state)
{
    (void)state;
    static const unsigned orders[6][3] = {
        {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    uint8_t whole[61];
    datagram(whole, sizeof(whole));
    struct bench b = new_bench(8);
    for (unsigned family = 4; family <= 6; family += 2) {
        for (unsigned i = 0; i < 12; i++) {
            for (unsigned k = 0; k < 3; k++) {
                const unsigned at = orders[i / 2][k] * 24;
                const size_t n = at == 48 ? 13 : 24;
                for (unsigned twice = 0; twice <= (k < 2 && i % 2); twice++) {
                    const bool done = family == 4 ? give4(&b, i, whole, at, n, at < 48)
                                                  : give6(&b, i, 17, whole, at, n, at < 48);
                    assert_int_equal(done, k == 2);
                }
            }
            check(&b, sizeof(whole), family);
        }
    }
    const struct tw_defrag_stats s = tw_defrag_stats(b.d);
    assert_int_equal(s.reassembled, 24);
    assert_int_equal(s.conflicts, 0);
    assert_int_equal(s.refused, 0);
    tw_defrag_free(b.d);
}

static void test_overlap(void **state)
{
    (void)state;
    uint8_t whole[64], other[64];
    datagram(whole, sizeof(whole));
    memset(other, 0xee, sizeof(other));
    struct bench b = new_bench(8);
    assert_false(give4(&b, 1, whole, 16, 16, true));
    assert_false(give4(&b, 1, other, 16, 16, true));
    /* Begins before, ends behind what is there. */
    memcpy(other + 8, whole + 8, 8);
    memcpy(other + 32, whole + 32, 8);
    assert_false(give4(&b, 1, other, 8, 32, true));
    assert_false(give4(&b, 1, whole, 40, 24, false));
    assert_true(give4(&b, 1, whole, 0, 8, true));
    check(&b, 64, 4);
    assert_int_equal(tw_defrag_stats(b.d).conflicts, 2);
    tw_defrag_free(b.d);
}

/* Fragments that can not belong to any datagram. */
static void test_unsound(void **state)
{
    (void)state;
    uint8_t whole[64];
    datagram(whole, sizeof(whole));
    struct bench b = new_bench(8);
    struct frame f = {.len = 0};
    assert_false(give4(&b, 1, whole, 0, 9, true));
    frame_ipv4(&f, 17, 1, 2, 16, 2, 0x1fff);
    frame_put(&f, whole, 16);
    assert_false(give(&b, &f));
    /* The end is known: nothing may stand behind it, and there is only one. */
    assert_false(give4(&b, 3, whole, 16, 8, false));
    assert_false(give4(&b, 3, whole, 24, 8, true));
    assert_false(give4(&b, 3, whole, 24, 8, false));
    assert_int_equal(tw_defrag_stats(b.d).refused, 4);
    /* Bytes behind an end that comes later do not stand for the missing ones. */
    assert_false(give4(&b, 4, whole, 0, 8, true));
    assert_false(give4(&b, 4, whole, 32, 8, true));
    assert_false(give4(&b, 4, whole, 16, 8, false));
    assert_false(give4(&b, 4, whole, 8, 8, true));
    /* Cut by the capture. */
    f.len = 0;
    frame_ipv4(&f, 17, 1, 2, 24, 5, 0x2000);
    frame_put(&f, whole, 16);
    assert_false(give(&b, &f));
    tw_defrag_free(b.d);
}

static void test_time_and_room(void **state)
{
    (void)state;
    uint8_t whole[64];
    datagram(whole, sizeof(whole));
    struct bench b = new_bench(2);
    assert_false(give4(&b, 1, whole, 0, 32, true));
    b.now_ns += 31 * TW_NS_PER_S;
    assert_false(give4(&b, 1, whole, 32, 32, false));
    assert_int_equal(tw_defrag_stats(b.d).expired, 1);
    assert_false(give4(&b, 2, whole, 0, 32, true));
    assert_false(give4(&b, 3, whole, 0, 32, true));
    /* No room for a third: the oldest went. */
    assert_int_equal(tw_defrag_stats(b.d).expired, 2);
    assert_true(give4(&b, 2, whole, 32, 32, false));
    assert_true(give4(&b, 3, whole, 32, 32, false));
    tw_defrag_free(b.d);
}

/* IPv6: headers between the fragment header and the transport belong to the first fragment. */
static void test_headers_inside(void **state)
{
    (void)state;
    uint8_t whole[72] = {17, 0, 1, 4};
    datagram(whole + 8, 64);
    struct bench b = new_bench(2);
    assert_false(give6(&b, 9, 60, whole, 40, 32, false));
    assert_true(give6(&b, 9, 60, whole, 0, 40, true));
    assert_int_equal(b.p.kind, TW_PACKET_IP);
    assert_int_equal(b.p.ip_proto, 17);
    assert_int_equal(b.p.dst.port, 2222);
    assert_int_equal(b.p.payload.left, 56);
    tw_defrag_free(b.d);
}

/* The largest there is, and the length of what was on the wire. */
static void test_largest(void **state)
{
    (void)state;
    enum { N = 65515, STEP = 1480 };
    uint8_t *whole = malloc(N);
    datagram(whole, N);
    struct bench b = new_bench(2);
    size_t wire = 0;
    for (size_t at = 0; at < N; at += STEP) {
        const size_t n = N - at < STEP ? N - at : STEP;
        wire += n + 20;
        assert_int_equal(give4(&b, 1, whole, at, n, at + n < N), at + n == N);
    }
    check(&b, N, 4);
    assert_int_equal(b.p.wire_len, wire);
    free(whole);
    tw_defrag_free(b.d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_unsound),
        cmocka_unit_test(test_time_and_room),
        cmocka_unit_test(test_headers_inside),
        cmocka_unit_test(test_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
