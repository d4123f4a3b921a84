/* What is taken for MQTT, on any port, and what must not be. */
#include "mqtt_lab.h"

enum { FRESH, MIDDLE };

static const struct {
    unsigned when, dir;
    const char *bytes; /* as lab_body() reads them, fixed header included */
    enum tw_probe answer;
} rows[] = {
    {FRESH, UP, "10 0D s'MQTT' 04 02 003C s'x'", TW_PROBE_YES},
    {FRESH, UP, "10 0F s'MQIsdp' 03 02 003C s'x'", TW_PROBE_YES},
    {FRESH, UP, "11 0D s'MQTT' 04 02 003C s'x'", TW_PROBE_YES},
    {FRESH, UP, "10 0D s'MQTX' 04 02 003C s'x'", TW_PROBE_YES},
    {FRESH, UP, "10 1D s'MQTT' 04", TW_PROBE_YES},
    {FRESH, UP, "10 81", TW_PROBE_MORE},
    {FRESH, UP, "10 0D 00", TW_PROBE_MORE},
    {FRESH, UP, "'PROXY TCP4 10.0.0.1 10.0.0.2 4000 1883' 0D0A", TW_PROBE_MORE},
    {FRESH, UP, "'PROXY TCP4 1.1.1.1 1.1.1.2 4 5' 0D0A 10 0D s'MQTT' 04 02 003C s'x'",
        TW_PROBE_YES},
    {FRESH, UP, "'PROXY TCP4 1.1.1.1 1.1.1.2 4 5' 0D0A 'GET / HTTP/1.1' 0D0A", TW_PROBE_NO},
    {FRESH, UP, "0D0A0D0A000D0A515549540A 21 11 0002 0000 10 0D s'MQTT' 04 02 003C s'x'",
        TW_PROBE_YES},
    {FRESH, UP, "30 08 s'early' '1'", TW_PROBE_YES},
    {FRESH, UP, "82 08 0001 s'a/b' 00", TW_PROBE_YES},
    {FRESH, UP, "C0 00", TW_PROBE_WEAK},
    {FRESH, UP, "00 00", TW_PROBE_WEAK},
    {FRESH, UP, "10 80 80 80 80 01", TW_PROBE_WEAK},
    {FRESH, UP, "10 FF FF FF FF 7F 'AAAA'", TW_PROBE_WEAK},
    {FRESH, UP, "20 80 80 80 74 01 01 01", TW_PROBE_WEAK},
    {FRESH, DOWN, "00 00", TW_PROBE_NO},
    {FRESH, DOWN, "20 02 00 00", TW_PROBE_WEAK},
    {MIDDLE, UP, "C0 00", TW_PROBE_WEAK},
    {MIDDLE, DOWN, "D0 00", TW_PROBE_WEAK},
    {MIDDLE, UP, "C0 00 C0 00", TW_PROBE_YES},
    {MIDDLE, DOWN, "40 02 0001 40 02 0002", TW_PROBE_YES},
    {MIDDLE, DOWN, "40 02 0001", TW_PROBE_WEAK},
    {MIDDLE, DOWN, "40 02 0000", TW_PROBE_NO},
    {MIDDLE, UP, "30 0A s'a/b' 'hello'", TW_PROBE_YES},
    {MIDDLE, UP, "30 C0 84 3D s'plant/line/image' FFD8FF", TW_PROBE_YES},
    {MIDDLE, UP, "30 0A s'a/#' 'hello'", TW_PROBE_NO},
    {MIDDLE, UP, "30 0A 0003 610162 'hello'", TW_PROBE_NO},
    {MIDDLE, UP, "36 0C s'a/b' 0001 'hello'", TW_PROBE_NO},
    {MIDDLE, UP, "00 00", TW_PROBE_NO},
    /* others */
    {FRESH, UP, "'GET / HTTP/1.1' 0D0A 'Host: x' 0D0A0D0A", TW_PROBE_NO},
    {FRESH, UP, "'POST /a HTTP/1.1' 0D0A", TW_PROBE_NO},
    {FRESH, UP, "'PRI * HTTP/2.0' 0D0A", TW_PROBE_NO},
    {FRESH, DOWN, "'HTTP/1.1 200 OK' 0D0A", TW_PROBE_NO},
    {FRESH, DOWN, "'SSH-2.0-OpenSSH_9.2' 0D0A", TW_PROBE_NO},
    {FRESH, DOWN, "'220 mail ready' 0D0A", TW_PROBE_NO},
    {FRESH, UP, "16 03 01 02 00 01 00 01 FC 03 03 00000000", TW_PROBE_NO},
    {MIDDLE, UP, "17 03 03 00 20 9F3C02D41B7A66E0", TW_PROBE_NO},
    {FRESH, UP, "'HELF' 20000000 00000000 00000100 00000100", TW_PROBE_NO},
    {MIDDLE, UP, "'MSGF' 20000000 01000000 01000000", TW_PROBE_NO},
    {FRESH, UP, "30 0C 02 01 01 60 07 02 01 03 04 00 80 00", TW_PROBE_WEAK}, /* LDAP bind */
    {MIDDLE, UP, "30 0C 02 01 01 60 07 02 01 03 04 00 80 00", TW_PROBE_NO},
    {FRESH, UP, "00 01 00 00 00 06 01 03 00 00 00 01", TW_PROBE_NO}, /* Modbus */
    {FRESH, UP, "03 00 00 16 11 E0 00 00 00 01 00", TW_PROBE_NO},    /* S7 */
    {FRESH, UP, "'AMQP' 00 00 09 01", TW_PROBE_NO},
    {MIDDLE, DOWN, "'0' 0D0A0D0A", TW_PROBE_NO}, /* last chunk of HTTP */
    {MIDDLE, DOWN, "'<?xml version=1.0?>'", TW_PROBE_NO},
    {MIDDLE, DOWN, "'{' 22 'a' 22 ':1}'", TW_PROBE_NO},
};

static void tells_mqtt_from_others(void **state)
{
    struct guard g = guard_new();
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t bytes[256];
        size_t n = lab_body(rows[i].bytes, bytes);
        enum tw_probe got = tw_mqtt.probe(
            tw_cur_of(guard_put(&g, bytes, n), n), rows[i].dir, rows[i].when == MIDDLE);
        if (got != rows[i].answer)
            fail_msg("row %zu (%s): %d, not %d", i, rows[i].bytes, got, rows[i].answer);
    }
    guard_free(&g);
}

/* However little of a CONNECT has come, it is not refused. */
static void waits_for_a_connect(void **state)
{
    struct guard g = guard_new();
    uint8_t bytes[64];
    size_t n = lab_packet(0x10, "s'MQTT' 05 02 003C 00 s'x'", bytes);
    (void)state;
    for (size_t keep = 0; keep <= n; keep++) {
        enum tw_probe got = tw_mqtt.probe(tw_cur_of(guard_put(&g, bytes, keep), keep), UP, false);
        assert_int_equal(got, keep < 6 ? TW_PROBE_MORE : TW_PROBE_YES);
    }
    guard_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_mqtt_from_others),
        cmocka_unit_test(waits_for_a_connect),
    };
    return cmocka_run_group_tests_name("mqtt/probe", tests, NULL, NULL);
}
