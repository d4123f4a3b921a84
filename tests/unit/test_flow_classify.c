#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "flow_rig.h"

enum { S = TW_TCP_SYN, A = TW_TCP_ACK, F = TW_TCP_FIN, R = TW_TCP_RST };

static void tcp_to(struct rig *r, unsigned d, unsigned port, unsigned flags, uint32_t seq,
    uint32_t ack, const void *data, size_t n)
{
    struct frame f = {.len = 0};
    frame_ether(&f, 0x0800);
    frame_ipv4(&f, 6, d ? 2 : 1, d ? 1 : 2, 20 + n, 1, 0x4000);
    frame_tcp(&f, 14, d ? port : CLIENT, d ? CLIENT : port, seq, ack, flags, data, n);
    rig_frame(r, &f, 1);
}

static void connect_to(struct rig *r, unsigned port)
{
    tcp_to(r, 0, port, S, 1000, 0, NULL, 0);
    tcp_to(r, 1, port, S | A, 5000, 1001, NULL, 0);
    tcp_to(r, 0, port, A, 1001, 5001, NULL, 0);
}

static void expect(struct rig *r, const char *out)
{
    assert_string_equal(r->log, out);
    r->len = 0;
    r->log[0] = '\0';
}

/* A ClientHello for `host`. */
static size_t client_hello(uint8_t *out, const char *host)
{
    const size_t n = strlen(host);
    struct frame f = {.len = 0};
    frame_put(&f, "\x16\x03\x01\0\0\x01\0\0\0\x03\x03", 11);
    for (unsigned i = 0; i < 32; i++)
        frame_u8(&f, i * 7 + 1);
    frame_u8(&f, 0);
    frame_put(&f, "\0\x04\xc0\x2f\0\x9c\x01\0", 8);
    const size_t extensions = f.len;
    frame_u16(&f, 0);
    frame_u16(&f, 0);
    frame_u16(&f, (unsigned)n + 5);
    frame_u16(&f, (unsigned)n + 3);
    frame_u8(&f, 0);
    frame_u16(&f, (unsigned)n);
    frame_put(&f, host, n);
    frame_put(&f, "\0\x0a\0\x04\0\x02\0\x17", 8);
    frame_set16(&f, extensions, (unsigned)(f.len - extensions - 2));
    frame_set16(&f, 3, (unsigned)(f.len - 5));
    frame_set16(&f, 7, (unsigned)(f.len - 9));
    memcpy(out, f.b, f.len);
    return f.len;
}

static void test_http(void **state)
{
    (void)state;
    struct rig *r = rig_new(16, true);
    static const char get[] =
        "GET /model?key=hunter2 HTTP/1.1\r\nHost: models.plant.test\r\nUser-Agent: x\r\n\r\n";
    connect_to(r, 8081);
    expect(r, "");
    tcp_to(r, 0, 8081, A, 1001, 5001, get, sizeof(get) - 1);
    expect(r, "[flow http models.plant.test /model 40000>8081]");
    rig_finish(r);
    expect(r, "[flow http models.plant.test /model 40000>8081 tcp 4/291 established]");
    assert_int_equal(rig_free(r), 0);
}

/* An address is no name, and only a piece of it less so. */
static void test_http_to_address(void **state)
{
    (void)state;
    struct rig *r = rig_new(16, true);
    static const char get[] =
        "GET /model HTTP/1.1\r\nHost: [fd00:7::1e]:8081\r\nUser-Agent: x\r\n\r\n";
    connect_to(r, 8081);
    tcp_to(r, 0, 8081, A, 1001, 5001, get, sizeof(get) - 1);
    rig_finish(r);
    assert_non_null(strstr(r->log, "[flow http /model 40000>8081 tcp 4/"));
    assert_null(strstr(r->log, "fd00"));
    assert_int_equal(rig_free(r), 0);
}

static void test_tls(void **state)
{
    (void)state;
    struct rig *r = rig_new(16, true);
    uint8_t hello[512];
    const size_t n = client_hello(hello, "api.model.test");
    connect_to(r, 9443);
    tcp_to(r, 0, 9443, A, 1001, 5001, hello, n);
    expect(r, "[flow tls api.model.test 40000>9443]");
    rig_finish(r);
    assert_non_null(strstr(r->log, "[flow tls api.model.test 40000>9443 tcp 4/"));
    assert_int_equal(rig_free(r), 0);
}

/* What a load balancer puts before it hides neither the protocol nor the host: in one segment with
 * the beginning, in its own, in both versions. */
static void test_proxied(void **state)
{
    static const char v1[] = "PROXY TCP4 203.0.113.7 10.0.0.2 56324 9443\r\n";
    static const char v2[] =
        "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\7\x0a\0\0\2\xdc\4\x24\xe3";
    static const struct {
        const char *header;
        size_t len;
    } rows[] = {{v1, sizeof(v1) - 1}, {v2, sizeof(v2) - 1}};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct rig *r = rig_new(16, true);
        uint8_t bytes[640];
        const size_t len = rows[i / 2].len;
        memcpy(bytes, rows[i / 2].header, len);
        const size_t n = client_hello(bytes + len, "api.model.test"), first = i % 2 ? len : len + n;
        connect_to(r, 9443);
        tcp_to(r, 0, 9443, A, 1001, 5001, bytes, first);
        tcp_to(r, 0, 9443, A, 1001 + (uint32_t)first, 5001, bytes + first, len + n - first);
        expect(r, "[flow tls api.model.test 40000>9443]");
        rig_finish(r);
        assert_int_equal(rig_free(r), 0);
    }
    /* Later in a stream it is content like any other. */
    struct rig *r = rig_new(16, true);
    connect_to(r, 9443);
    tcp_to(r, 0, 9443, A, 1001, 5001, "\xee\x91", 2);
    tcp_to(r, 0, 9443, A, 1003, 5001, v1, sizeof(v1) - 1);
    rig_finish(r);
    assert_null(strstr(r->log, "api.model.test"));
    assert_int_equal(rig_free(r), 0);
}

static void test_ssh(void **state)
{
    (void)state;
    struct rig *r = rig_new(16, true);
    connect_to(r, 2222);
    tcp_to(r, 1, 2222, A, 5001, 1001, "SSH-2.0-OpenSSH_9.2\r\n", 21);
    tcp_to(r, 0, 2222, A, 1001, 5022, "SSH-2.0-OpenSSH_9.2\r\n", 21);
    tcp_to(r, 0, 2222, F | A, 1022, 5022, NULL, 0);
    tcp_to(r, 1, 2222, F | A, 5022, 1023, NULL, 0);
    assert_non_null(strstr(r->log, "[flow ssh 40000>2222]"));
    assert_null(strstr(r->log, "established"));
    tcp_to(r, 0, 2222, A, 1023, 5023, NULL, 0);
    expect(r, "[flow ssh 40000>2222][flow ssh 40000>2222 tcp 8/474 established]");
    /* Stragglers of a closed connection say nothing more. */
    tcp_to(r, 1, 2222, F | A, 5022, 1023, NULL, 0);
    rig_wait(r, 60000);
    rig_finish(r);
    expect(r, "");
    assert_int_equal(rig_free(r), 0);
}

static void test_dns(void **state)
{
    (void)state;
    static const uint8_t query[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'n', 't', 'p', 5,
        'p', 'l', 'a', 'n', 't', 4, 't', 'e', 's', 't', 0, 0, 1, 0, 1};
    struct rig *r = rig_new(16, true);
    rig_udp(r, 0, 53, query, sizeof(query));
    expect(r, "[flow dns ntp.plant.test 40000>53]");
    rig_wait(r, 119000);
    expect(r, "");
    rig_wait(r, 2000);
    expect(r, "[flow dns ntp.plant.test 40000>53 udp 1/74 unanswered]");
    assert_int_equal(rig_free(r), 0);
}

/* Nothing was said: the port has to do, and the event says so. */
static void test_without_payload(void **state)
{
    (void)state;
    struct rig *r = rig_new(16, true);
    tcp_to(r, 0, 22, S, 1000, 0, NULL, 0);
    tcp_to(r, 1, 22, R | A, 0, 1001, NULL, 0);
    expect(r, "[flow ssh 40000>22 guessed tcp 2/108 refused]");
    tcp_to(r, 0, 49999, S, 1000, 0, NULL, 0);
    tcp_to(r, 0, 49999, S, 1000, 0, NULL, 0);
    rig_wait(r, 74000);
    expect(r, "");
    rig_wait(r, 2000);
    expect(r, "[flow unknown 40000>49999 tcp 2/108 unanswered]");
    /* Half-open: answered, then dropped. */
    tcp_to(r, 0, 3389, S, 1000, 0, NULL, 0);
    tcp_to(r, 1, 3389, S | A, 5000, 1001, NULL, 0);
    tcp_to(r, 0, 3389, R, 1001, 0, NULL, 0);
    expect(r, "[flow rdp 40000>3389 guessed tcp 3/162 established]");
    /* A forged refusal is none. */
    tcp_to(r, 0, 23, S, 1000, 0, NULL, 0);
    tcp_to(r, 1, 23, R | A, 0, 77777, NULL, 0);
    tcp_to(r, 1, 23, S | A, 5000, 1001, NULL, 0);
    tcp_to(r, 0, 23, A, 1001, 5001, NULL, 0);
    rig_finish(r);
    expect(r, "[flow telnet 40000>23 guessed tcp 4/216 established]");
    assert_int_equal(rig_free(r), 0);
}

/* Bytes that mean nothing to nDPI: it decides after a few packets, by port or not at all. */
static void test_unknown(void **state)
{
    (void)state;
    static const unsigned ports[] = {3306, 50505};
    static const char *const told[] = {"[flow mysql 40000>3306 guessed]", ""};
    static const char *const end[] = {
        "[flow mysql 40000>3306 guessed tcp 16/", "[flow unknown 40000>50505 tcp 16/"};
    for (int i = 0; i < 2; i++) {
        struct rig *r = rig_new(16, true);
        connect_to(r, ports[i]);
        for (uint32_t k = 0; k < 13; k++) {
            const uint8_t odd[] = {
                0xee, (uint8_t)(k * 37), 0x91, 0xff, 0x80, (uint8_t)k, 0xc3, 0xd0};
            tcp_to(r, k % 2, ports[i], A, (k % 2 ? 5001 : 1001) + k / 2 * 8,
                k % 2 ? 1001 + (k / 2 + 1) * 8 : 5001 + k / 2 * 8, odd, sizeof(odd));
        }
        assert_int_equal(tw_pool_stats(r->env.pool).in_use_bytes, 0);
        expect(r, told[i]);
        rig_finish(r);
        if (strncmp(r->log, end[i], strlen(end[i])) != 0)
            fail_msg("%s", r->log);
        assert_int_equal(rig_free(r), 0);
    }
}

static void test_icmp(void **state)
{
    (void)state;
    struct rig *r = rig_new(16, true);
    for (unsigned d = 0; d < 2; d++) {
        struct frame f = {.len = 0};
        frame_ether(&f, 0x0800);
        frame_ipv4(&f, 1, d ? 2 : 1, d ? 1 : 2, 16, 1, 0);
        frame_u16(&f, d ? 0 : 0x0800);
        frame_set16(&f, f.len, frame_sum((const uint8_t *)"\x08\0\0\0\0\x07\0\x01pingping", 16, 0));
        f.len += 2;
        frame_put(&f, "\0\x07\0\x01pingping", 12);
        rig_frame(r, &f, 1);
    }
    rig_finish(r);
    expect(r, "[flow icmp 0>0][flow icmp 0>0 icmp 2/100 established]");
    assert_int_equal(rig_free(r), 0);
}

/* A connection found in the middle: nDPI has named it, but it is told only when no dissector can
 * want it any more; and not at all if one does. */
static void test_middle(void **state)
{
    (void)state;
    static const char get[] = "GET / HTTP/1.1\r\nHost: a.plant.test\r\n\r\n";
    enum { N = sizeof(get) - 1 };
    struct rig *r = rig_new(16, true);
    uint32_t seq = 1;
    for (int i = 0; i < 23; i++, seq += N)
        tcp_to(r, 0, 8081, A, seq, 1, get, N);
    expect(r, "");
    tcp_to(r, 0, 8081, A, seq, 1, get, N);
    expect(r, "[flow http a.plant.test / 40000>8081]");
    tcp_to(r, 0, 8082, A, 1, 1, get, N);
    tcp_to(r, 0, 8082, A, 1 + N, 1, "one", 3);
    expect(r, "{one 40000>8082 mid}>one");
    rig_finish(r);
    assert_null(strstr(r->log, ">8082"));
    assert_int_equal(rig_free(r), 0);
}

/* What nDPI finds in one flow must not name another: workers see different flows. */
static void test_no_memory_of_other_flows(void **state)
{
    (void)state;
    static const char mining[] =
        "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"cgminer/4\"]}\n";
    static const uint8_t odd[] = {0xee, 0x91, 0xff, 0x80, 0xc3, 0xd0, 0x01, 0x02};
    struct rig *r = rig_new(16, true);
    connect_to(r, 50001);
    tcp_to(r, 0, 50001, A, 1001, 5001, mining, sizeof(mining) - 1);
    rig_udp(r, 0, 50002,
        "\0\x01\0\0\x21\x12\xa4\x42"
        "abcdefghijkl",
        20);
    connect_to(r, 50003);
    tcp_to(r, 0, 50003, A, 1001, 5001, odd, sizeof(odd));
    rig_udp(r, 0, 50004, odd, sizeof(odd));
    rig_finish(r);
    assert_non_null(strstr(r->log, "[flow mining 40000>50001"));
    assert_non_null(strstr(r->log, "[flow unknown 40000>50003"));
    assert_non_null(strstr(r->log, "[flow unknown 40000>50004"));
    assert_int_equal(rig_free(r), 0);
}

static void test_version(void **state)
{
    (void)state;
    assert_true(strlen(tw_ndpi_version()) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_http_to_address),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_proxied),
        cmocka_unit_test(test_ssh),
        cmocka_unit_test(test_dns),
        cmocka_unit_test(test_without_payload),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_icmp),
        cmocka_unit_test(test_middle),
        cmocka_unit_test(test_no_memory_of_other_flows),
        cmocka_unit_test(test_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
