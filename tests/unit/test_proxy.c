/* The PROXY protocol: who the client is, and headers that are wrong. */
#include "mqtt_lab.h"
#include "base/proxy.h"

struct row {
    const char *header; /* as bodies are written in mqtt_lab.h */
    bool good;
    const char *client; /* address, port and TLS; "" for none */
};

#define V2 "0D0A0D0A000D0A515549540A "

static const struct row rows[] = {
    {"'PROXY TCP4 203.0.113.7 10.0.0.2 56324 1883' 0D0A", true, "203.0.113.7 56324"},
    {"'PROXY TCP6 2001:db8::7 2001:db8::2 56324 1883' 0D0A", true, "2001:db8::7 56324"},
    {"'PROXY UNKNOWN' 0D0A", true, ""},
    {"'PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535' 0D0A", true, ""},
    {"'PROXY TCP4 203.0.113.7 10.0.0.2 56324 1883' 0A", false, ""},
    {"'PROXY TCP4 203.0.113.7 10.0.0.2 56324' 0D0A", false, ""},
    {"'PROXY TCP4 203.0.113.7 10.0.0.2 65536 1883' 0D0A", false, ""},
    {"'PROXY TCP4 203.0.113.7 10.0.0.2 5632x 1883' 0D0A", false, ""},
    {"'PROXY TCP4 2001:db8::7 10.0.0.2 56324 1883' 0D0A", false, ""},
    {"'PROXY TCP5 203.0.113.7 10.0.0.2 56324 1883' 0D0A", false, ""},
    {"'PROXY' 20 0D0A", false, ""},
    {V2 "21 11 000C CB007107 0A000002 DC04 075B", true, "203.0.113.7 56324"},
    {V2 "21 21 0024 20010DB8000000000000000000000007 20010DB8000000000000000000000002 DC04 075B",
        true, "2001:db8::7 56324"},
    {V2 "21 11 0021 CB007107 0A000002 DC04 075B 20 0012 01 00000000 21 0007 'TLSv1.3' 24 0000",
        true, "203.0.113.7 56324 TLSv1.3"},
    {V2 "21 11 001C CB007107 0A000002 DC04 075B 02 0001 'b' 20 0009 01 00000000 21 0001 '3'", true,
        "203.0.113.7 56324 3"},
    {V2 "21 11 001E CB007107 0A000002 DC04 075B 20 000F 01 00000000 21 0007 'TLSv1.3'", true,
        "203.0.113.7 56324 TLSv1.3"},
    {V2 "20 00 0000", true, ""},
    {V2 "20 11 000C CB007107 0A000002 DC04 075B", true, ""},
    {V2 "21 00 0000", true, ""},
    {V2 "21 11 000B CB007107 0A000002 DC04 07", false, ""},
    {V2 "21 11 000E CB007107 0A000002 DC04 075B 0400", false, ""},
    {V2 "21 41 000C CB007107 0A000002 DC04 075B", false, ""},
    {V2 "21 13 000C CB007107 0A000002 DC04 075B", false, ""},
    {V2 "22 11 000C CB007107 0A000002 DC04 075B", false, ""},
    {V2 "11 11 000C CB007107 0A000002 DC04 075B", false, ""},
    {V2 "21 31 000C CB007107 0A000002 DC04 075B", false, ""},
};

static void client_text(const struct tw_proxy *p, char *out, size_t size)
{
    char ip[TW_IP_TEXT];
    out[0] = '\0';
    if (p->client.ip.family == 0)
        return;
    int n = (int)tw_ip_text(ip, &p->client.ip);
    snprintf(out, size, "%.*s %u%s%.*s", n, ip, p->client.port, p->tls.len > 0 ? " " : "",
        TW_STR_ARG(p->tls));
}

static void reads_headers(void **state)
{
    struct guard guard = guard_new();
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[256];
        char text[128];
        uint64_t len = 0;
        struct tw_proxy p;
        size_t n = lab_body(rows[i].header, bytes);
        struct tw_cur all = tw_cur_of(guard_put(&guard, bytes, n), n);
        assert_int_equal(tw_proxy_length(all, &len), TW_OK);
        assert_int_equal(len, n);
        if (tw_proxy_read(all, &p) != rows[i].good)
            fail_msg("%s", rows[i].header);
        client_text(&p, text, sizeof(text));
        assert_string_equal(text, rows[i].client);
        for (size_t cut = 0; cut < n; cut++) {
            struct tw_cur part = tw_cur_of(guard_put(&guard, bytes, cut), cut);
            enum tw_status st = tw_proxy_length(part, &len);
            assert_true(st == TW_NEED_MORE || (st == TW_OK && len == n));
            if (rows[i].client[0] != '\0')
                assert_false(tw_proxy_read(part, &p));
        }
    }
    guard_free(&guard);
}

static void tells_other_bytes(void **state)
{
    char line[128] = "PROXY ";
    uint64_t len;
    (void)state;
    assert_int_equal(tw_proxy_length(tw_cur_of("PRINT", 5), &len), TW_NOT_FOUND);
    assert_int_equal(tw_proxy_length(tw_cur_of("\r\n\r\n\0\r\nQUIT\r", 12), &len), TW_NOT_FOUND);
    memset(line + 6, 'x', sizeof(line) - 6);
    assert_int_equal(tw_proxy_length(tw_cur_of(line, 106), &len), TW_NEED_MORE);
    assert_int_equal(tw_proxy_length(tw_cur_of(line, 107), &len), TW_NOT_FOUND);
}

static void collect_json(void *user, const struct tw_event *e)
{
    tw_event_json(user, e);
}

/* Every event of the connection tells the client, and what is wrong with a header is named. */
static void mqtt_tells_the_client(void **state)
{
    struct tw_text json = {0};
    struct lab lab;
    uint8_t bytes[256];
    (void)state;
    lab_open(&lab, false);
    lab.env.emit = (struct tw_emit){collect_json, &json};
    size_t n = lab_body(rows[15].header, bytes);
    lab_bytes(&lab, UP, bytes, n);
    lab_send(&lab, UP, 0x10, "s'MQTT' 05 02 0000 03 21 0003 s'x'");
    lab_send(&lab, DOWN, 0x20, "00 00 00");
    lab_send(&lab, UP, 0x30, "s'a' 00 '1'");
    lab_end(&lab, TW_END_INPUT);
    tw_text_add(&json, "", 1);
    static const char client[] = "\"transport\":\"tcp\",\"proxied_client\":{\"ip\":\"203.0.113.7\","
                                 "\"port\":56324,\"tls\":\"TLSv1.3\"}";
    const char *first = strstr(json.p, client);
    assert_non_null(first);
    assert_non_null(strstr(first + 1, client));
    /* Beside what the client says of itself. */
    assert_non_null(strstr(json.p, ",\"client\":{\"receive_maximum\":3}"));
    lab_free(&lab);
    tw_text_free(&json);
}

static void a_wrong_header_is_named(void **state)
{
    struct lab lab;
    uint8_t bytes[256];
    (void)state;
    lab_open(&lab, false);
    size_t n = lab_body(rows[7].header, bytes);
    lab_bytes(&lab, UP, bytes, n);
    lab_send(&lab, UP, 0x10, "s'MQTT' 04 02 0000 s'x'");
    lab_send(&lab, DOWN, 0x20, "00 00");
    lab_end(&lab, TW_END_INPUT);
    assert_string_equal(
        lab_text(&lab), "1>malformed proxy-header\n3>connect x status=Success asked=2 reason=00\n");
    lab_free(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_headers),
        cmocka_unit_test(tells_other_bytes),
        cmocka_unit_test(mqtt_tells_the_client),
        cmocka_unit_test(a_wrong_header_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
