#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/opcua/frame.h"

#define BYTES(literal) (literal), sizeof(literal) - 1

static void openings_are_recognised(void **state)
{
    enum { NO = TW_PROBE_NO, MORE = TW_PROBE_MORE, YES = TW_PROBE_YES };
    static const struct {
        const char *wire;
        size_t len;
        int start, midstream;
    } rows[] = {
        {BYTES("HELF\x38\0\0\0\0\0\0\0"), YES, YES},
        {BYTES("ACKF\x1c\0\0\0"), YES, YES},
        {BYTES("ERRF\x40\0\0\0"), YES, YES},
        {BYTES("RHEF\x40\0\0\0"), YES, YES},
        {BYTES("OPNF\x85\0\0\0"), YES, YES},
        {BYTES("MSGF\x40\0\0\0"), YES, YES},
        {BYTES("MSGC\0\x20\0\0"), YES, YES},
        {BYTES("CLOF\x39\0\0\0"), YES, YES},
        /* damaged openings are OPC UA still, where the connection was seen from its start */
        {BYTES("HELF\xf0\xff\xff\xff"), YES, NO},
        {BYTES("HELF\4\0\0\0"), YES, NO},
        {BYTES("HELX\x40\0\0\0"), YES, NO},
        {BYTES("MSGZ\x20\0\0\0"), YES, NO},
        {BYTES("HELX\xf0\xff\xff\xff"), NO, NO},
        /* more is needed, or nothing more */
        {BYTES("H"), MORE, MORE},
        {BYTES("HELF\x38\0\0"), MORE, MORE},
        {BYTES("MS"), MORE, MORE},
        {BYTES("HTTP/1.1 200 OK"), NO, NO},
        {BYTES("HELO mail.example.org\r\n"), NO, NO},
        {BYTES("HELP\r\n\r\n"), NO, NO},
        {BYTES("MSGF text of a chat"), NO, NO},
        {BYTES("\x16\3\1\2\0\1\0\1"), NO, NO},
        {BYTES("\x10\x1a\0\4MQTT"), NO, NO},
        {BYTES("OPTIONS *"), NO, NO},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_cur c = tw_cur_of(rows[i].wire, rows[i].len);
        for (unsigned dir = 0; dir < 2; dir++) {
            assert_int_equal(tw_opcua_probe(c, dir, false), rows[i].start);
            assert_int_equal(tw_opcua_probe(c, dir, true), rows[i].midstream);
        }
    }
}

static void headers_say_what_they_are(void **state)
{
    static const struct {
        const char *wire;
        unsigned message;
        char chunk;
        uint32_t size;
    } rows[] = {
        {"HELF\x38\0\0", TW_OPCUA_HEL, 'F', 0x38},
        {"HELC\x38\0\0", TW_OPCUA_HEL, 0, 0x38},
        {"MSGC\1\2\3", TW_OPCUA_MSG, 'C', 0x30201},
        {"MSGA\1\2\3", TW_OPCUA_MSG, 'A', 0x30201},
        {"MSGZ\1\2\3", TW_OPCUA_MSG, 0, 0x30201},
        {"XYZF\1\2\3", TW_OPCUA_MESSAGES, 0, 0x30201},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_opcua_header h;
        for (size_t cut = 0; cut < 8; cut++) {
            struct tw_cur c = tw_cur_of(rows[i].wire, cut);
            assert_false(tw_opcua_header(&c, &h));
        }
        struct tw_cur c = tw_cur_of(rows[i].wire, 8);
        assert_true(tw_opcua_header(&c, &h));
        assert_int_equal(h.message, rows[i].message);
        if (h.message < TW_OPCUA_MESSAGES)
            assert_int_equal(h.chunk, rows[i].chunk);
        assert_int_equal(h.size, rows[i].size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openings_are_recognised),
        cmocka_unit_test(headers_say_what_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
