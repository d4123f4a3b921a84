#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>
#include <pcap.h>

#include "capture/shorten.h"
#include "frames.h"

/* Every packet of the table carries this segment: 10.0.0.1:4000 to 10.0.0.2:4840, "hello". */
static void body4(struct frame *f)
{
    const size_t at = f->len;
    frame_ipv4(f, 6, 1, 2, 25, 7, 0x4000);
    frame_tcp(f, at, 4000, 4840, 1000, 2000, TW_TCP_ACK | TW_TCP_PSH, "hello", 5);
}

static void body6(struct frame *f)
{
    frame_ipv6(f, 6, 1, 2, 25);
    frame_tcp(f, 0, 4000, 4840, 1000, 2000, TW_TCP_ACK | TW_TCP_PSH, "hello", 5);
}

static void plain(struct frame *f)
{
    frame_ether(f, 0x0800);
    body4(f);
}

static void plain6(struct frame *f)
{
    frame_ether(f, 0x86dd);
    body6(f);
}

static void padded(struct frame *f)
{
    plain(f);
    frame_put(f, "\0\0\0\0\0\0", 6);
}

static void vlan(struct frame *f)
{
    frame_ether(f, 0x8100);
    frame_u16(f, 0xe078);
    frame_u16(f, 0x0800);
    body4(f);
}

static void qinq(struct frame *f)
{
    frame_ether(f, 0x88a8);
    frame_u16(f, 10);
    frame_u16(f, 0x8100);
    frame_u16(f, 120);
    frame_u16(f, 0x0800);
    body4(f);
}

static void old_qinq(struct frame *f)
{
    frame_ether(f, 0x9100);
    frame_u16(f, 10);
    frame_u16(f, 0x8100);
    frame_u16(f, 120);
    frame_u16(f, 0x86dd);
    body6(f);
}

static void three_tags(struct frame *f)
{
    frame_ether(f, 0x88a8);
    frame_u16(f, 10);
    frame_u16(f, 0x8100);
    frame_u16(f, 120);
    frame_u16(f, 0x8100);
    frame_u16(f, 30);
    frame_u16(f, 0x0800);
    body4(f);
}

static void sll(struct frame *f)
{
    frame_put(f, "\0\0\0\x01\0\x06\x02\0\0\0\0\x01\0\0", 14);
    frame_u16(f, 0x0800);
    body4(f);
}

static void sll_vlan(struct frame *f)
{
    frame_put(f, "\0\0\0\x01\0\x06\x02\0\0\0\0\x01\0\0", 14);
    frame_u16(f, 0x8100);
    frame_u16(f, 120);
    frame_u16(f, 0x0800);
    body4(f);
}

static void sll_without_address(struct frame *f)
{
    frame_put(f, "\0\0\x03\x04\0\0\0\0\0\0\0\0\0\0", 14);
    frame_u16(f, 0x86dd);
    body6(f);
}

static void sll2(struct frame *f)
{
    frame_u16(f, 0x0800);
    frame_put(f, "\0\0\0\0\0\x03\0\x01\0\x06\x02\0\0\0\0\x01\0\0", 18);
    body4(f);
}

static void null_little(struct frame *f)
{
    frame_put(f, "\x02\0\0\0", 4);
    body4(f);
}

static void null_big(struct frame *f)
{
    frame_u32(f, 30);
    body6(f);
}

static void options4(struct frame *f)
{
    struct frame inner = {.len = 0};
    body4(&inner);
    frame_ether(f, 0x0800);
    const size_t at = f->len;
    frame_put(f, inner.b, 20);
    frame_put(f, "\x01\x01\x01\x00", 4);
    frame_put(f, inner.b + 20, inner.len - 20);
    f->b[at] = 0x46;
    frame_set16(f, at + 2, 49);
    frame_set16(f, at + 10, 0);
    frame_set16(f, at + 10, frame_sum(f->b + at, 24, 0));
}

static void extensions6(struct frame *f)
{
    frame_ether(f, 0x86dd);
    frame_ipv6(f, 0, 1, 2, 8 + 16 + 12 + 8 + 25);
    frame_put(f, "\x2b\0\x01\x04\0\0\0\0", 8);                /* hop by hop */
    frame_put(f, "\x33\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16); /* routing */
    frame_put(f, "\x2c\x01\0\0\0\0\0\x01\0\0\0\x02", 12);     /* AH */
    frame_put(f, "\x06\0\0\0\0\0\0\x07", 8);                  /* atomic */
    frame_tcp(f, 0, 4000, 4840, 1000, 2000, TW_TCP_ACK | TW_TCP_PSH, "hello", 5);
}

static void tso(struct frame *f)
{
    plain(f);
    frame_set16(f, 14 + 2, 0);
    frame_set16(f, 14 + 10, 0);
    frame_set16(f, 14 + 10, frame_sum(f->b + 14, 20, 0));
}

static void tcp_options(struct frame *f)
{
    frame_ether(f, 0x0800);
    frame_ipv4(f, 6, 1, 2, 37, 7, 0);
    frame_tcp(f, 14, 4000, 4840, 1000, 2000, TW_TCP_ACK | TW_TCP_PSH, NULL, 0);
    f->b[14 + 20 + 12] = 0x80;
    frame_put(f, "\x01\x01\x08\x0a\0\0\0\x01\0\0\0\x02", 12);
    frame_put(f, "hello", 5);
}

struct row {
    const char *name;
    void (*build)(struct frame *f);
    int linktype;
    unsigned n_vlan, vlan[2], family;
    bool src_mac, dst_mac;
};

static const struct row rows[] = {
    {"ethernet", plain, DLT_EN10MB, 0, {0, 0}, 4, true, true},
    {"ethernet, IPv6", plain6, DLT_EN10MB, 0, {0, 0}, 6, true, true},
    {"padding", padded, DLT_EN10MB, 0, {0, 0}, 4, true, true},
    {"VLAN", vlan, DLT_EN10MB, 1, {120, 0}, 4, true, true},
    {"QinQ", qinq, DLT_EN10MB, 2, {10, 120}, 4, true, true},
    {"QinQ 0x9100", old_qinq, DLT_EN10MB, 2, {10, 120}, 6, true, true},
    {"three tags", three_tags, DLT_EN10MB, 2, {10, 120}, 4, true, true},
    {"cooked", sll, DLT_LINUX_SLL, 0, {0, 0}, 4, true, false},
    {"cooked, VLAN", sll_vlan, DLT_LINUX_SLL, 1, {120, 0}, 4, true, false},
    {"cooked, no address", sll_without_address, DLT_LINUX_SLL, 0, {0, 0}, 6, false, false},
    {"cooked 2", sll2, DLT_LINUX_SLL2, 0, {0, 0}, 4, true, false},
    {"raw", body4, DLT_RAW, 0, {0, 0}, 4, false, false},
    {"raw, IPv6", body6, DLT_RAW, 0, {0, 0}, 6, false, false},
    {"IPv4", body4, DLT_IPV4, 0, {0, 0}, 4, false, false},
    {"IPv6", body6, DLT_IPV6, 0, {0, 0}, 6, false, false},
    {"loopback", null_little, DLT_NULL, 0, {0, 0}, 4, false, false},
    {"loopback, OpenBSD", null_big, DLT_LOOP, 0, {0, 0}, 6, false, false},
    {"IPv4 options", options4, DLT_EN10MB, 0, {0, 0}, 4, true, true},
    {"IPv6 extension headers", extensions6, DLT_EN10MB, 0, {0, 0}, 6, true, true},
    {"total length 0", tso, DLT_EN10MB, 0, {0, 0}, 4, true, true},
    {"TCP options", tcp_options, DLT_EN10MB, 0, {0, 0}, 4, true, true},
};
enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static struct tw_packet decode(const struct frame *f, int linktype, size_t caplen)
{
    /* Exactly as large as what was captured, so that a read past it is noticed. */
    uint8_t *copy = malloc(caplen ? caplen : 1);
    memcpy(copy, f->b, caplen);
    struct tw_packet p;
    tw_packet_decode(&p, linktype, tw_cur_of(copy, caplen), (uint32_t)f->len);
    if (p.payload.left > 0)
        p.payload.p = f->b + (p.payload.p - copy);
    if (p.ip.left > 0)
        p.ip.p = f->b + (p.ip.p - copy);
    free(copy);
    return p;
}

static void check(const struct row *row, const struct tw_packet *p, const struct frame *f)
{
    static const uint8_t src_mac[6] = {2, 0, 0, 0, 0, 1};
    assert_int_equal(p->kind, TW_PACKET_IP);
    assert_int_equal(p->ip_proto, 6);
    assert_int_equal(p->src.ip.family, row->family);
    assert_int_equal(p->dst.ip.family, row->family);
    assert_int_equal(p->src.ip.b[row->family == 4 ? 3 : 15], 1);
    assert_int_equal(p->dst.ip.b[row->family == 4 ? 3 : 15], 2);
    assert_int_equal(p->src.port, 4000);
    assert_int_equal(p->dst.port, 4840);
    assert_int_equal(p->tcp_seq, 1000);
    assert_int_equal(p->tcp_ack, 2000);
    assert_int_equal(p->tcp_flags, TW_TCP_ACK | TW_TCP_PSH);
    assert_int_equal(p->n_vlan, row->n_vlan);
    assert_int_equal(p->vlan[0], row->vlan[0]);
    assert_int_equal(p->vlan[1], row->vlan[1]);
    assert_int_equal(p->src.has_mac, row->src_mac);
    assert_int_equal(p->dst.has_mac, row->dst_mac);
    if (row->src_mac)
        assert_memory_equal(p->src.mac, src_mac, 6);
    assert_int_equal(p->wire_len, f->len);
    assert_false(p->bad_checksum);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        struct frame f = {.len = 0};
        rows[i].build(&f);
        const struct tw_packet p = decode(&f, rows[i].linktype, f.len);
        check(&rows[i], &p, &f);
        /* Only the trailer of the padded frame may follow the payload. */
        if (rows[i].build == tso || rows[i].build != padded)
            assert_int_equal(p.payload.left, 5);
        assert_int_equal(p.payload_len, 5);
        assert_memory_equal(p.payload.p, "hello", 5);
        assert_false(p.cut);
    }
}

/* Whatever is missing: no read past the end, and what is decoded is right. */
static void test_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        struct frame f = {.len = 0};
        rows[i].build(&f);
        for (size_t n = 0; n < f.len; n++) {
            const struct tw_packet p = decode(&f, rows[i].linktype, n);
            assert_true(p.payload.left <= 5);
            if (p.kind == TW_PACKET_IP) {
                check(&rows[i], &p, &f);
                assert_true(p.payload.left == 5 || p.cut || rows[i].build == tso);
            } else {
                assert_int_equal(p.kind, TW_PACKET_BAD);
            }
        }
    }
}

static void test_checksums(void **state)
{
    (void)state;
    struct frame f = {.len = 0};
    plain(&f);
    struct tw_packet p = decode(&f, DLT_EN10MB, f.len);
    assert_true(tw_packet_checksum_ok(&p));
    f.b[f.len - 1] ^= 1;
    p = decode(&f, DLT_EN10MB, f.len);
    assert_false(p.bad_checksum);
    assert_false(tw_packet_checksum_ok(&p));
    assert_int_equal(p.payload.left, 5);
    f.b[14 + 8] ^= 1;
    p = decode(&f, DLT_EN10MB, f.len);
    assert_int_equal(p.kind, TW_PACKET_IP);
    assert_true(p.bad_checksum);
    assert_int_equal(p.payload.left, 5);
}

static void test_udp(void **state)
{
    (void)state;
    static const struct {
        unsigned len_field;
        size_t payload;
    } lengths[] = {{14, 6}, {10, 2}, {0, 6}, {7, 6}, {500, 6}};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct frame f = {.len = 0};
        frame_ether(&f, 0x0800);
        frame_ipv4(&f, 17, 1, 2, 14, 1, 0);
        frame_udp(&f, 5000, 53, "abcdef", 6);
        frame_set16(&f, 14 + 20 + 4, lengths[i].len_field);
        const struct tw_packet p = decode(&f, DLT_EN10MB, f.len);
        assert_int_equal(p.kind, TW_PACKET_IP);
        assert_int_equal(p.src.port, 5000);
        assert_int_equal(p.dst.port, 53);
        assert_int_equal(p.payload.left, lengths[i].payload);
        assert_int_equal(p.payload_len, lengths[i].payload);
    }
}

static void test_fragments(void **state)
{
    (void)state;
    struct frame f = {.len = 0};
    frame_ether(&f, 0x0800);
    frame_ipv4(&f, 17, 1, 2, 16, 0x1234, 0x2000 | 185);
    frame_put(&f, "0123456789abcdef", 16);
    struct tw_packet p = decode(&f, DLT_EN10MB, f.len);
    assert_int_equal(p.kind, TW_PACKET_FRAGMENT);
    assert_int_equal(p.frag_id, 0x1234);
    assert_int_equal(p.frag_offset, 1480);
    assert_true(p.frag_more);
    assert_int_equal(p.payload.left, 16);
    assert_int_equal(p.payload_len, 16);

    f.len = 0;
    frame_ipv6(&f, 44, 1, 2, 8 + 16);
    frame_put(&f, "\x11\0\x05\xc8\xde\xad\xbe\xef", 8);
    frame_put(&f, "0123456789abcdef", 16);
    p = decode(&f, DLT_RAW, f.len);
    assert_int_equal(p.kind, TW_PACKET_FRAGMENT);
    assert_int_equal(p.ip_proto, 17);
    assert_int_equal(p.frag_id, 0xdeadbeef);
    assert_int_equal(p.frag_offset, 1480);
    assert_false(p.frag_more);
    assert_int_equal(p.payload_len, 16);
}

static void test_other(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        int linktype;
        enum tw_packet_kind kind;
    } cases[] = {
        {"\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\x01\x08\x06\0\x01", 16, DLT_EN10MB, TW_PACKET_OTHER},
        {"", 0, DLT_EN10MB, TW_PACKET_BAD},
        {"\x50\0\0\0", 4, DLT_RAW, TW_PACKET_BAD},
        {"\0\0\0\x07zzzz", 8, DLT_NULL, TW_PACKET_OTHER},
        {"anything", 8, 147, TW_PACKET_OTHER},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tw_packet p;
        tw_packet_decode(&p, cases[i].linktype, tw_cur_of(cases[i].bytes, cases[i].len), 60);
        assert_int_equal(p.kind, cases[i].kind);
    }
}

/* UADP without IP: addresses are those of the link, and what fills the frame up is payload. */
static void test_link(void **state)
{
    static const uint8_t src[6] = {2, 0, 0, 0, 0, 1}, dst[6] = {2, 0, 0, 0, 0, 2};
    (void)state;
    for (unsigned tags = 0; tags <= 2; tags++) {
        struct frame f = {.len = 0};
        frame_ether(&f, tags == 2 ? 0x88a8 : tags == 1 ? 0x8100 : 0xb62c);
        for (unsigned i = 1; i <= tags; i++) {
            frame_u16(&f, 0xc000 | i); /* a priority, and the VLAN */
            frame_u16(&f, i < tags ? 0x8100 : 0xb62c);
        }
        const size_t head = f.len;
        frame_put(&f, "hello\0\0", 7);
        for (size_t n = 0; n <= f.len; n++) {
            const struct tw_packet p = decode(&f, DLT_EN10MB, n);
            assert_int_equal(p.kind, n < head ? TW_PACKET_BAD : TW_PACKET_LINK);
            if (n < head)
                continue;
            assert_int_equal(p.ether_type, 0xb62c);
            assert_int_equal(p.src.ip.family, 0);
            assert_memory_equal(p.src.mac, src, 6);
            assert_memory_equal(p.dst.mac, dst, 6);
            assert_int_equal(p.n_vlan, tags);
            assert_int_equal(p.vlan[0], tags > 0);
            assert_int_equal(p.payload.left, n - head);
            assert_int_equal(p.payload_len, 7);
            assert_int_equal(p.cut, n < f.len);
        }
    }
}

static void test_flow_hash(void **state)
{
    (void)state;
    struct frame f = {.len = 0};
    plain(&f);
    struct tw_packet p = decode(&f, DLT_EN10MB, f.len), q = p;
    q.src = p.dst;
    q.dst = p.src;
    assert_true(tw_packet_flow_hash(&p) == tw_packet_flow_hash(&q));
    /* The same on every machine: printed flow ids come from it. */
    assert_true(tw_packet_flow_hash(&p) == UINT64_C(0x896d9d8ef9f43fd4));
    q.src.port++;
    assert_true(tw_packet_flow_hash(&p) != tw_packet_flow_hash(&q));
    q = p;
    q.ip_proto = 17;
    assert_true(tw_packet_flow_hash(&p) != tw_packet_flow_hash(&q));
}

/* A packet without the beginning of its payload, as if it had been sent so. */
static void test_shorten(void **state)
{
    static const char text[] = "PROXY x\r\ncontent";
    (void)state;
    for (unsigned v6 = 0; v6 < 2; v6++) {
        struct frame whole = {.len = 0}, rest = {.len = 0};
        struct frame *const frames[] = {&whole, &rest};
        for (unsigned i = 0; i < 2; i++) {
            struct frame *f = frames[i];
            const size_t skip = i * 9, n = sizeof(text) - 1 - skip;
            frame_ether(f, v6 ? 0x86dd : 0x0800);
            if (v6)
                frame_ipv6(f, 6, 1, 2, 20 + n);
            else
                frame_ipv4(f, 6, 1, 2, 20 + n, 7, 0x4000);
            frame_tcp(
                f, 14, 40000, 8883, (uint32_t)(0xfffffffc + skip), 9, TW_TCP_ACK, text + skip, n);
        }
        struct tw_packet p;
        uint8_t room[TW_SHORTEN_ROOM];
        tw_packet_decode(&p, DLT_EN10MB, tw_cur_of(whole.b, whole.len), (uint32_t)whole.len);
        assert_int_equal(tw_packet_shorten(&p, sizeof(text) - 1, room).left, 0);
        assert_int_equal(tw_packet_shorten(&p, sizeof(text), room).left, 0);
        const struct tw_cur got = tw_packet_shorten(&p, 9, room);
        assert_int_equal(got.left, rest.len - 14);
        /* But for the check sums, which nobody looks at behind here. */
        const size_t tcp = 14 + p.transport_at;
        memcpy(rest.b + tcp + 16, whole.b + tcp + 16, 2);
        if (!v6)
            memcpy(rest.b + 24, whole.b + 24, 2);
        assert_memory_equal(got.p, rest.b + 14, got.left);
        p.ip.left = p.transport_at;
        assert_int_equal(tw_packet_shorten(&p, 9, room).left, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_checksums),
        cmocka_unit_test(test_udp),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_other),
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_flow_hash),
        cmocka_unit_test(test_shorten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
