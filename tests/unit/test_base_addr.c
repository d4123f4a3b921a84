#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/addr.h"

static void addresses_there_and_back(void **state)
{
    static const struct {
        const char *in, *out; /* NULL: no address */
        uint8_t family;
    } rows[] = {
        {"10.10.0.32", "10.10.0.32", 4},
        {"255.255.255.255", "255.255.255.255", 4},
        {"0.0.0.0", "0.0.0.0", 4},
        {"fd00:10::1", "fd00:10::1", 6},
        {"FD00:0010:0:0:0:0:0:1", "fd00:10::1", 6},
        {"::", "::", 6},
        {"::1", "::1", 6},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", 6}, /* one zero group is written out */
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1", 6},          /* the longest run is shortened */
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 6},
        {"::ffff:10.0.0.1", "::ffff:10.0.0.1", 6},
        {"", NULL, 0},
        {"10.0.0", NULL, 0},
        {"10.0.0.256", NULL, 0},
        {"10.0.0.1/24", NULL, 0},
        {"010.0.0.1", NULL, 0},
        {"fe80::1%eth0", NULL, 0},
        {"1:2:3:4:5:6:7", NULL, 0},
        {"host", NULL, 0},
        {"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_ip ip = {0};
        assert_int_equal(tw_ip_parse(tw_str_of(rows[i].in), &ip), rows[i].out != NULL);
        assert_int_equal(ip.family, rows[i].family);
        if (rows[i].out == NULL)
            continue;
        char text[TW_IP_TEXT + 1];
        text[tw_ip_text(text, &ip)] = '\0';
        assert_string_equal(text, rows[i].out);
    }
    struct tw_ip none = {0};
    char text[TW_IP_TEXT];
    assert_int_equal(tw_ip_text(text, &none), 0);
    assert_false(tw_ip_parse(TW_STR_NONE, &none));
}

static void macs_there_and_back(void **state)
{
    static const char *const bad[] = {"", "02:00:00:00:00", "02:00:00:00:00:3", "02:00:00:00:00:3g",
        "02:00:00:00:00:32:", "020000000032", "02.00.00.00.00.32", "02:00:00:00:00 32"};
    uint8_t mac[6];
    char text[TW_MAC_TEXT + 1];
    (void)state;
    assert_true(tw_mac_parse(TW_STR("02:00:aB:Cd:eF:32"), mac));
    text[tw_mac_text(text, mac)] = '\0';
    assert_string_equal(text, "02:00:ab:cd:ef:32");
    assert_true(tw_mac_parse(TW_STR("02-00-00-00-00-33"), mac));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(tw_mac_parse(tw_str_of(bad[i]), mac));
    assert_int_equal(mac[5], 0x33);
}

static void equality_looks_at_the_used_bytes(void **state)
{
    struct tw_ip a = {4, {10, 0, 0, 1}}, b = a, c = {6, {10, 0, 0, 1}};
    (void)state;
    b.b[15] = 9;
    assert_true(tw_ip_eq(&a, &b));
    assert_false(tw_ip_eq(&a, &c));
    c.b[15] = 1;
    b = c;
    assert_true(tw_ip_eq(&b, &c));
    b.b[15] = 2;
    assert_false(tw_ip_eq(&b, &c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_there_and_back),
        cmocka_unit_test(macs_there_and_back),
        cmocka_unit_test(equality_looks_at_the_used_bytes),
    };
    return cmocka_run_group_tests_name("base/addr", tests, NULL, NULL);
}
