#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pcap.h>

#include "frames.h"
#include "guard.h"

/* What is wrapped: 10.0.0.1:4000 to 10.0.0.2:4840, "hello", as a frame with a VLAN tag or as IP. */
static void inner_ip(struct frame *f)
{
    const size_t at = f->len;
    frame_ipv4(f, 6, 1, 2, 25, 7, 0x4000);
    frame_tcp(f, at, 4000, 4840, 1000, 2000, TW_TCP_ACK | TW_TCP_PSH, "hello", 5);
}

static void inner_frame(struct frame *f)
{
    frame_ether(f, 0x8100);
    frame_u16(f, 120);
    frame_u16(f, 0x0800);
    inner_ip(f);
}

enum { INNER_IP = 45, INNER_FRAME = 18 + INNER_IP, NESTED = 5 };

/* The way to a tunnel: a link header with other addresses and a tag of its own, IP from 10.0.0.8 to
 * 10.0.0.9. */
static void outer(struct frame *f, unsigned proto, size_t body)
{
    frame_put(f, "\x02\0\0\0\0\x09\x02\0\0\0\0\x08\x81\0\0\x05\x08\0", 18);
    frame_ipv4(f, proto, 8, 9, body, 1, 0);
}

static void words(struct frame *f, const uint32_t *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        frame_u32(f, list[i]);
}

static void udp_head(struct frame *f, unsigned port, size_t body)
{
    frame_u16(f, 50000);
    frame_u16(f, port);
    frame_u16(f, (unsigned)(8 + body));
    frame_u16(f, 0);
}

struct row {
    const char *name;
    unsigned proto; /* 47, or 17 with `port`; 0: MPLS straight on the link */
    unsigned port;
    uint32_t head[6];
    size_t n_head;
    bool frame; /* inside is a frame, else IP */
    const char *kind;
    bool has_id;
    uint32_t id;
};

static const struct row rows[] = {
    {"gre ip", 47, 0, {0x00000800}, 1, false, "gre", false, 0},
    {"gre frame", 47, 0, {0x00006558}, 1, true, "gre", false, 0},
    {"gre checksum key sequence", 47, 0, {0xb0006558, 0xabcd0000, 77, 5}, 4, true, "gre", true, 77},
    {"gre mpls", 47, 0, {0x00008847, 0x00100140}, 2, false, "gre", false, 0},
    {"erspan i", 47, 0, {0x000088be}, 1, true, "erspan", false, 0},
    {"erspan ii", 47, 0, {0x100088be, 9, 0x10642812, 3}, 4, true, "erspan", true, 0x12},
    {"erspan iii", 47, 0, {0x100022eb, 9, 0x20642bff, 1, 0}, 5, true, "erspan", true, 0x3ff},
    {"erspan iii, more, ip", 47, 0, {0x000022eb, 0x20000001, 1, 0x0801, 0, 0}, 6, false, "erspan",
        true, 1},
    {"vxlan", 17, 4789, {0x08000000, 0x00123400}, 2, true, "vxlan", true, 0x1234},
    {"vxlan with a policy", 17, 4789, {0x88000001, 0xffffff00}, 2, true, "vxlan", true, 0xffffff},
    {"geneve frame", 17, 6081, {0x00006558, 0x00000100}, 2, true, "geneve", true, 1},
    {"geneve options ip", 17, 6081, {0x02000800, 0x00000100, 1, 2}, 4, false, "geneve", true, 1},
    {"mpls ip", 0, 0, {0x00064040, 0x00010140}, 2, false, "mpls", true, 100},
    {"mpls frame behind a control word", 0, 0, {0x00064140, 0}, 2, true, "mpls", true, 100},
    {"mpls frame", 0, 0, {0x00064140}, 1, true, "mpls", true, 100},
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static void build(const struct row *r, struct frame *f)
{
    const size_t inside = r->frame ? INNER_FRAME : INNER_IP, body = r->n_head * 4 + inside;
    f->len = 0;
    if (r->proto == 0) {
        frame_put(f, "\x02\0\0\0\0\x09\x02\0\0\0\0\x08\x88\x47", 14);
    } else {
        outer(f, r->proto, body + (r->proto == 17 ? 8 : 0));
        if (r->proto == 17)
            udp_head(f, r->port, body);
    }
    words(f, r->head, r->n_head);
    if (r->frame)
        inner_frame(f);
    else
        inner_ip(f);
}

static struct tw_packet decode(const struct frame *f)
{
    struct tw_packet p;
    tw_packet_decode(&p, DLT_EN10MB, tw_cur_of(f->b, f->len), (uint32_t)f->len);
    return p;
}

static void is_inner(const struct tw_packet *p, bool frame)
{
    assert_int_equal(TW_PACKET_IP, p->kind);
    assert_int_equal(4, p->src.ip.family);
    assert_memory_equal("\x0a\0\0\x01", p->src.ip.b, 4);
    assert_memory_equal("\x0a\0\0\x02", p->dst.ip.b, 4);
    assert_int_equal(4000, p->src.port);
    assert_int_equal(4840, p->dst.port);
    assert_int_equal(5, p->payload.left);
    assert_memory_equal("hello", p->payload.p, 5);
    assert_int_equal(frame, p->src.has_mac);
    assert_int_equal(frame ? 1 : 0, p->n_vlan);
    if (frame)
        assert_int_equal(120, p->vlan[0]);
    assert_int_equal(frame ? INNER_FRAME : INNER_IP, p->wire_len);
    assert_int_equal(INNER_IP, p->ip.left);
    assert_false(p->cut || p->bad_checksum);
    assert_true(tw_packet_checksum_ok(p));
}

static void what_is_wrapped_comes_out(void **state)
{
    struct frame f;
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        const struct row *r = &rows[i];
        build(r, &f);
        const struct tw_packet p = decode(&f);
        is_inner(&p, r->frame);
        assert_string_equal(r->kind, p.tunnel.kind);
        assert_int_equal(r->has_id, p.tunnel.has_id);
        assert_int_equal(r->id, p.tunnel.id);
        assert_int_equal(r->proto == 47 && r->head[0] == 0x00008847 ? 2 : 1, p.tunnel.depth);
        assert_int_equal(r->proto == 0 ? 0 : 4, p.tunnel.src.family);
        if (r->proto != 0) {
            assert_memory_equal("\x0a\0\0\x08", p.tunnel.src.b, 4);
            assert_memory_equal("\x0a\0\0\x09", p.tunnel.dst.b, 4);
        }
    }
}

/* Cut anywhere it is cut short, bad, or what it is without looking inside; nothing is read beyond.
 */
static void every_truncation(void **state)
{
    struct guard g = guard_new();
    struct frame f;
    (void)state;
    for (size_t i = 0; i < N_ROWS; i++) {
        build(&rows[i], &f);
        for (size_t len = 0; len < f.len; len++) {
            const uint8_t *at = guard_put(&g, f.b, len);
            struct tw_packet p;
            tw_packet_decode(&p, DLT_EN10MB, tw_cur_of(at, len), (uint32_t)f.len);
            if (p.kind == TW_PACKET_IP)
                assert_true(p.cut && p.payload.left < p.payload_len);
            else
                assert_true(p.kind == TW_PACKET_BAD || p.kind == TW_PACKET_OTHER);
        }
    }
    guard_free(&g);
}

/* What only looks like a tunnel stays what it is. */
static void what_is_none_stays(void **state)
{
    static const struct {
        unsigned proto, port;
        uint32_t head[2];
    } others[] = {
        {17, 4788, {0x08000000, 0x00123400}}, /* another port */
        {17, 4789, {0x00000000, 0x00123400}}, /* no VNI */
        {17, 6081, {0x40006558, 0x00000100}}, /* another version */
        {17, 6081, {0x00008863, 0x00000100}}, /* PPPoE inside */
        {17, 6081, {0x3f006558, 0x00000100}}, /* more options than there is */
        {47, 0, {0x0001880b, 0}},             /* PPTP */
        {47, 0, {0x40000800, 0}},             /* source routing */
        {47, 0, {0x100088be, 7}},             /* a version of ERSPAN that is none */
        {47, 0, {0x00000800, 0x99999999}},    /* nonsense inside */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct frame f = {.len = 0};
        const size_t body = 8 + INNER_FRAME;
        outer(&f, others[i].proto, body + (others[i].proto == 17 ? 8 : 0));
        if (others[i].proto == 17)
            udp_head(&f, others[i].port, body);
        words(&f, others[i].head, 2);
        inner_frame(&f);
        const struct tw_packet p = decode(&f);
        assert_int_equal(TW_PACKET_IP, p.kind);
        assert_null(p.tunnel.kind);
        assert_int_equal(0, p.tunnel.depth);
        assert_int_equal(others[i].proto, p.ip_proto);
        assert_memory_equal("\x0a\0\0\x08", p.src.ip.b, 4);
        assert_int_equal(body, p.payload.left);
        assert_int_equal(1, p.n_vlan);
        assert_int_equal(5, p.vlan[0]);
    }
}

/* The outermost is told; too deep ones are left as they are. */
static void one_in_the_other(void **state)
{
    (void)state;
    for (unsigned depth = 1; depth <= NESTED; depth++) {
        struct frame f = {.len = 0};
        frame_ether(&f, 0x0800);
        for (unsigned i = depth; i > 0; i--) {
            frame_ipv4(&f, 47, 8 + i, 90, 24 * (i - 1) + 4 + INNER_IP, 1, 0);
            frame_u32(&f, 0x00000800);
        }
        inner_ip(&f);
        const struct tw_packet p = decode(&f);
        assert_string_equal("gre", p.tunnel.kind);
        assert_int_equal(8 + depth, p.tunnel.src.b[3]);
        assert_int_equal(depth < NESTED ? depth : NESTED - 1, p.tunnel.depth);
        if (depth < NESTED)
            is_inner(&p, false);
        else
            assert_int_equal(47, p.ip_proto);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrapped_comes_out),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(what_is_none_stays),
        cmocka_unit_test(one_in_the_other),
    };
    return cmocka_run_group_tests_name("tunnels", tests, NULL, NULL);
}
